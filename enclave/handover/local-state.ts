/** A handover between the state directories of local mode. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { NmpError } from '../../shared/errors.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import { createLedger, LEDGER_LABEL, type Ledger } from '../egress/gate/ledger.ts';
import { openLocalLedger } from '../egress/gate/local-storage.ts';
import { amongPeers, type JobComponents, linkOf } from '../prove/jobs/open.ts';
import type { HandoverContents } from './contents.ts';
import { rulesDigest } from './handover.ts';
import { giveByName, takeByName } from './rendezvous.ts';

export interface LocalHandoverInit {
  readonly configText: string;
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly name: string;
}

/** What was said last is on its way out. */
const LAST_WORD_MS = 200;
/** Shorter than the parent waits for an enclave to start. */
const WAIT_MS = 50_000;

async function open(components: JobComponents, init: LocalHandoverInit) {
  const { configText, configFile, stateDirectory, name } = init;
  const { peers, identityFile } = parseNodeConfig(configText, configFile);
  const suite = createNodeSuite();
  const { key, ...kept } = openLocalLedger(stateDirectory, components.random);
  const { random } = components;
  return {
    mutual: await amongPeers(components, suite, peers),
    ledger: createLedger({ random, ...kept }, { key, label: LEDGER_LABEL }),
    identityPath: identityFile && resolve(dirname(resolve(configFile)), identityFile),
    rendezvous: { name, rules: rulesDigest(suite, configText) },
    signal: AbortSignal.timeout(WAIT_MS),
  };
}

async function readIfThere(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  try {
    return Uint8Array.from(await readFile(path));
  } catch {
    return undefined;
  }
}

/** @throws NmpError HANDOVER_REFUSED, HANDOVER_UNCONFIRMED, EGRESS_GIVEN, EGRESS_LEDGER */
export async function giveFromState(
  components: JobComponents,
  init: LocalHandoverInit,
): Promise<void> {
  const { mutual, ledger, identityPath, rendezvous, signal } = await open(components, init);
  if (ledger.given) throw new NmpError('EGRESS_GIVEN');
  const identity = await readIfThere(identityPath);
  const broker = linkOf(components);
  try {
    await giveByName({ ...mutual, ledger, broker }, { ...rendezvous, identity }, signal);
  } finally {
    await new Promise((sent) => setTimeout(sent, LAST_WORD_MS));
    broker.stop();
  }
}

/**
 * Keeps what a giver hands over. The counts come first: a process that ends in between has lost the
 * Peer ID, and would otherwise serve under it with nothing counted.
 */
export function keepIn(ledger: Ledger, identityPath: string | undefined) {
  return async (handed: HandoverContents): Promise<void> => {
    ledger.adopt(handed.ledger);
    if (handed.identity !== undefined && identityPath !== undefined) {
      await writeFile(identityPath, handed.identity, { mode: 0o600, flag: 'wx' });
    }
  };
}

/**
 * A state that has a ledger already, be it from an earlier start as an heir, is left as it is.
 * @throws NmpError HANDOVER_REFUSED, ATTESTATION_*, EGRESS_LEDGER
 */
export async function takeIntoState(
  components: JobComponents,
  init: LocalHandoverInit,
): Promise<void> {
  const { mutual, ledger, identityPath, rendezvous, signal } = await open(components, init);
  if (!ledger.fresh) return;
  // One that is there already is not replaced; said before anybody gives anything up.
  if ((await readIfThere(identityPath)) !== undefined) throw new NmpError('HANDOVER_REFUSED');
  const broker = linkOf(components);
  try {
    await takeByName({ ...mutual, broker }, rendezvous, keepIn(ledger, identityPath), signal);
    await new Promise((sent) => setTimeout(sent, LAST_WORD_MS));
  } finally {
    broker.stop();
  }
}
