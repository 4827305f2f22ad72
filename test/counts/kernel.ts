/**
 * Runs one kernel so many times, for the counter of instructions: node kernel.mjs NAME TIMES.
 * Bundled first, since the counter runs it without compilers, and Node strips types with one.
 */
import { readFileSync } from 'node:fs';
import { loadScanner } from '../../enclave/egress/scanner.ts';
import { loadAuthority } from '../../enclave/guardian/authority.ts';
import { createGuardian } from '../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../enclave/guardian/policy.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { verifyAttestation } from '../../shared/attestation/verify.ts';
import { handshake } from '../support/bare-handshake.ts';

/** A document and a module, made by run.ts: alike for all runs of one kernel. */
interface Inputs {
  readonly document: string;
  readonly root: string;
  readonly atMs: number;
  readonly module: string;
  readonly output: string;
}

const [, , name = '', times = '0', file = ''] = process.argv;
const inputs: Inputs = JSON.parse(readFileSync(file, 'utf8'));
const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

function kernel(): () => unknown {
  switch (name) {
    case 'guardian-verdict': {
      const authority = loadAuthority();
      const wasm = bytes(inputs.module);
      return () =>
        createGuardian({ authority }, { policy: DEFAULT_POLICY }).judge(wasm, { capabilities: [] });
    }
    case 'egress-scan': {
      const scanner = loadScanner();
      const output = bytes(inputs.output);
      return () => scanner.scan(output, []);
    }
    case 'document': {
      const crypto = createNodeVerifierCrypto();
      const [document, der] = [bytes(inputs.document), bytes(inputs.root)];
      const anchors = [{ id: 'root', kind: 'aws', der } as const];
      return async () => {
        const report = await verifyAttestation({ crypto }, document, {
          anchors,
          atMs: inputs.atMs,
        });
        if (report.verdict !== 'pass') throw new Error('refused');
      };
    }
    case 'handshake':
      return handshake;
    default:
      throw new Error(`no kernel ${name}`);
  }
}

const run = kernel();
for (let round = 0; round < Number(times); round++) await run();
