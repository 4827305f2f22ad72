/**
 * A typed client in an application of its own.
 * Usage: node ask.mts ADDRESS POLICY.json CAPABILITY ARGUMENTS.json
 */
import { readFileSync } from 'node:fs';
import { type Answer, ErrorCode, NmpClient, NmpError, parseClientPolicy } from 'nmp-enclave/client';

const [address = '', policyFile = '', capability = '', argumentsJson = '{}'] =
  process.argv.slice(2);

await using client = new NmpClient(
  { name: 'ask', version: '1.0.0' },
  {
    policy: parseClientPolicy(readFileSync(policyFile, 'utf8'), policyFile),
    capabilities: { quantumResistant: true },
  },
);

try {
  const peer = await client.connect(address);
  const tools = await client.discoverTools(peer);
  console.error(`${peer} offers ${tools.map(({ name }) => name).join(', ')}`);
  const answer: Answer = await client.callTool(peer, capability, JSON.parse(argumentsJson), {
    signal: AbortSignal.timeout(20_000),
  });
  const { simulated, verdict } = answer.report;
  console.log(JSON.stringify({ output: answer.output, verdict, simulated }));
} catch (error) {
  if (!(error instanceof NmpError)) throw error;
  if (error.code === ErrorCode.CapabilityViolation) console.error('asks for more than is granted');
  console.error(`${error.code}: ${error.remedy}`);
  process.exitCode = error.exit;
}
