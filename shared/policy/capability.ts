/** What a node says about a capability; its digest stands in the attested node statement. */
import { z } from 'zod';
import { utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { canonicalJson } from '../wire/canonical-json.ts';
import { valueSchema } from './node-config-value.ts';

const text = (max: number) => z.string().max(max);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

/** Judges a description that came from a node. */
export const capabilityDescription = z.strictObject({
  name: text(64).min(1),
  version: text(32).min(1),
  description: text(1024),
  /** `client`: the call ships the module; else SHA-256 of the module installed for it. */
  logic: z.union([
    z.literal('client'),
    z.strictObject({ moduleHash: hash, abi: text(32).exactOptional() }),
  ]),
  datasets: z.array(z.strictObject({ id: text(64), columns: z.array(text(64)).max(256) })).max(16),
  input: valueSchema,
  output: valueSchema,
  limits: z.strictObject({
    fuel: count,
    memoryBytes: count,
    deadlineMs: count,
    outputBytes: count,
    moduleBytes: count,
  }),
  /** What a module may import of WASI beyond its standard streams; absent: nothing. */
  wasi: z.array(text(32)).min(1).max(16).exactOptional(),
  /** SHA-256 of the egress policy, rules included. */
  egressPolicy: hash,
  proofModes: z.array(text(32)).max(8),
});

export type CapabilityDescription = z.output<typeof capabilityDescription>;

export function capabilityId(capability: {
  readonly name: string;
  readonly version: string;
}): string {
  return `${capability.name}@${capability.version}`;
}

/** SHA-256 of the canonical JSON, 32 bytes. */
export function capabilityDigest(
  suite: Pick<CryptoSuite, 'sha256'>,
  capability: CapabilityDescription,
): Uint8Array {
  return suite.sha256(utf8(canonicalJson(capability)));
}
