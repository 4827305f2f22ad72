/** `nmp trust`: what a person approved beyond the policy, and what waits for it. */
import type { Command } from 'commander';
import { NmpError } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { createFileKeeper } from '../../trust/trust-file.ts';
import { TrustStore } from '../../trust/trust-store.ts';
import { remark } from '../output.ts';
import type { Register } from '../register.ts';
import { TRUST_FILE } from '../trust-path.ts';

interface Options {
  readonly trust: string;
  readonly json?: boolean;
}

const PCR = /^[0-9a-f]{96}$/;

function storeOf({ trust }: Options): TrustStore {
  return new TrustStore(createFileKeeper(trust), () => new Date(systemClock.nowMs()).toISOString());
}

async function list(options: Options): Promise<void> {
  const trust = await storeOf(options).read();
  if (options.json) {
    process.stdout.write(`${JSON.stringify(trust)}\n`);
    return;
  }
  for (const { pcr0, approvedAt } of trust.measurements) {
    process.stdout.write(`measurement  ${pcr0}  approved ${approvedAt}\n`);
  }
  for (const { peer, capability, digest, changedTo } of trust.capabilities) {
    const state = changedTo === undefined ? 'pinned' : `CHANGED to ${changedTo}: waits`;
    process.stdout.write(`capability   ${peer} ${capability}  ${digest}  ${state}\n`);
  }
  if (trust.measurements.length + trust.capabilities.length === 0) remark('nothing approved yet');
}

/** Three PCRs approve an image; a Peer ID and a capability approve a changed description. */
async function approve(what: readonly string[], options: Options): Promise<void> {
  const store = storeOf(options);
  const [first = '', second = '', third] = what;
  let approved: object;
  if (third !== undefined) {
    if (what.length !== 3 || !what.every((value) => PCR.test(value))) {
      throw new NmpError('USAGE', 'a measurement is PCR0 PCR1 PCR2, 96 hex digits each');
    }
    approved = { pcr0: first, pcr1: second, pcr2: third };
    await store.approveMeasurement({ pcr0: first, pcr1: second, pcr2: third });
  } else {
    approved = { peer: first, capability: second };
    if (!(await store.approveCapability(first, second))) {
      throw new NmpError('USAGE', 'no changed description of this capability waits for approval');
    }
  }
  remark('approved');
  if (options.json) process.stdout.write(`${JSON.stringify({ approved })}\n`);
}

async function revoke(what: string, options: Options): Promise<void> {
  const revoked = await storeOf(options).revoke(what);
  if (revoked === 0) throw new NmpError('USAGE', 'nothing of this name was approved or pinned');
  remark(`${revoked} ${revoked === 1 ? 'entry' : 'entries'} revoked`);
  if (options.json) process.stdout.write(`${JSON.stringify({ revoked })}\n`);
}

const common = (command: Command) =>
  command
    .option('--trust <file>', 'where approvals and pins are kept', TRUST_FILE)
    .option('--json', 'one JSON object');

export const registerTrust: Register = (program) => {
  const trust = program
    .command('trust')
    .description('List, approve or revoke measurements and descriptions of capabilities.');
  common(trust.command('list').description('What is approved, pinned, and waits.')).action(list);
  common(
    trust
      .command('approve')
      .description('Trust an image (PCR0 PCR1 PCR2), or a changed description (PEER CAPABILITY).')
      .argument('<what...>', 'three PCRs, or a Peer ID and name@version'),
  ).action(approve);
  common(
    trust
      .command('revoke')
      .description('Forget an image, or all that is pinned of a node.')
      .argument('<what>', 'PCR0 or Peer ID'),
  ).action(revoke);
};
