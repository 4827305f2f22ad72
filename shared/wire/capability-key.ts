/** Where a capability is found in the Kademlia table. */
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import { toHex, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { CapabilityDescription } from '../policy/capability.ts';
import { canonicalJson } from './canonical-json.ts';

/** Multihash code of SHA2-256. */
const SHA2_256 = 0x12;

/** SHA-256 (hex) over the canonical JSON of input and output schema. */
export function schemaDigest(
  suite: CryptoSuite,
  capability: Pick<CapabilityDescription, 'input' | 'output'>,
): string {
  const { input, output } = capability;
  return toHex(suite.sha256(utf8(canonicalJson({ input, output }))));
}

/** CIDv1 (raw, SHA2-256) of `nmp-cap/v1|name|major|schema digest`. */
export function capabilityKey(
  suite: CryptoSuite,
  capability: Pick<CapabilityDescription, 'name' | 'version' | 'input' | 'output'>,
): CID {
  const major = capability.version.split('.')[0] ?? '0';
  const text = `nmp-cap/v1|${capability.name}|${major}|${schemaDigest(suite, capability)}`;
  return CID.createV1(raw.code, createDigest(SHA2_256, suite.sha256(utf8(text))));
}
