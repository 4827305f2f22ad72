/** `nmp call`: calls a capability whose module is installed at the node. */

import { printAnswer, printRefusal } from '../answer.ts';
import { createCliClient, readPolicy } from '../connect.ts';
import { readJson } from '../files.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly node: string;
  readonly capability: string;
  readonly input?: string;
  readonly policy: string;
  readonly timeout: string;
  readonly json?: boolean;
}

async function call(options: Options): Promise<void> {
  const policy = await readPolicy(options.policy);
  const args = options.input === undefined ? {} : await readJson(options.input);
  await using client = createCliClient({ policy });
  const timeoutMs = Number(options.timeout) * 1000;
  const peer = await client.connect(options.node, { timeoutMs });
  try {
    const answer = await client.callTool(peer, options.capability, args, { timeoutMs });
    printAnswer(answer, options.json);
  } catch (error) {
    printRefusal(error, options.json);
  }
}

export const registerCall: Register = (program) => {
  program
    .command('call')
    .description('Call a capability of a node, and release the answer only with its evidence.')
    .requiredOption('--node <address>', 'multiaddr of the node, with /p2p/… if known')
    .requiredOption('--capability <name>', 'name or name@version')
    .option('--input <file>', 'arguments, JSON; default: {}')
    .requiredOption('--policy <file>', 'what you trust')
    .option('--timeout <seconds>', 'for the whole call', '30')
    .option('--json', 'one JSON object')
    .action(call);
};
