/**
 * Everything that reads bytes from outside, on mutations of what it accepts. `make fuzz MINUTES=n`
 * goes on for n minutes; a plain test run takes a fixed number of rounds. The seed is printed.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulatedNsm } from '../../enclave/attest/simulated.ts';
import { createSimulatedRoot } from '../../enclave/attest/simulated-root.ts';
import { loadScanner } from '../../enclave/egress/scanner.ts';
import { loadAuthority } from '../../enclave/guardian/authority.ts';
import { createGuardian } from '../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../enclave/guardian/policy.ts';
import { readCpio, writeCpio } from '../../enclave/image/cpio.ts';
import { describeEif } from '../../enclave/image/describe.ts';
import { AT, HEADER_BYTES } from '../../enclave/image/eif-format.ts';
import { createKeySigner, openEifSignature, signEif } from '../../enclave/image/eif-signature.ts';
import { eifCrc, writeEif } from '../../enclave/image/eif-write.ts';
import { measureImage } from '../../enclave/image/measure.ts';
import { packRamdisk } from '../../enclave/image/ramdisk.ts';
import { ResponseDecoder } from '../../enclave/sandbox/sandbox-wire.ts';
import { parseCertificate } from '../../shared/attestation/certificate.ts';
import { decodeAttestationDocument } from '../../shared/attestation/document.ts';
import { decodeNodeStatement, encodeNodeStatement } from '../../shared/attestation/statement.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { NmpError } from '../../shared/errors.ts';
import { systemRandom } from '../../shared/runtime.ts';
import { decodeLogicRequest, decodeLogicResponse, LogicRequest } from '../../shared/wire/codec.ts';
import { ControlLines, parseControlReport } from '../../shared/wire/control.ts';
import { decodeGuestInput, encodeGuestInput } from '../../shared/wire/guest-input.ts';
import { openNodeRecord, signNodeRecord } from '../../shared/wire/node-record.ts';
import { encodeRefusal } from '../../shared/wire/refusal.ts';
import { ManualClock, seededRandom } from '../support/clock.ts';
import { signingIdentity } from '../support/image-signer.ts';
import { constantModule } from '../support/modules.ts';

const MINUTES = Number(process.env.NMP_FUZZ_MINUTES ?? 0);
const SEED = Number(process.env.NMP_FUZZ_SEED ?? (MINUTES > 0 ? Date.now() & 0x7fffffff : 7));
const ROUNDS = 3000;
const SLICE = 500;

const random = seededRandom(SEED);
const below = (max: number) => Buffer.from(random.bytes(4)).readUInt32BE(0) % Math.max(1, max);

/** One to four edits: flips, overwrites, cuts, repeats, insertions. */
function mutate(seed: Uint8Array): Uint8Array {
  let bytes = Buffer.from(seed);
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(bytes.length);
    const length = 1 + below(16);
    switch (below(5)) {
      case 0:
        if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes.set(random.bytes(Math.min(length, bytes.length - at)), at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(length), bytes.subarray(at)]);
    }
  }
  return Uint8Array.from(bytes);
}

interface Target {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const targets: Target[] = [];
let rounds = 0;

beforeAll(async () => {
  const clock = new ManualClock();
  const components = { clock, random: systemRandom };
  const root = await createSimulatedRoot(components);
  const pcrs = new Map([[0, new Uint8Array(48).fill(1)]]);
  const document = await createSimulatedNsm(components, { root, pcrs }).attest({});
  const statement = encodeNodeStatement({
    version: 1,
    peerId: 'p',
    certificateKey: new Uint8Array(32),
    profile: 'x',
    release: 'r',
    guardianPolicy: new Uint8Array(32),
    simulated: true,
    datasets: [{ id: 'd', rows: 3, columns: ['a', 'b'], commitment: new Uint8Array(32) }],
    capabilities: [{ id: 'c@1.0.0', digest: new Uint8Array(32) }],
  });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const record = await signNodeRecord(
    {
      peerId: 'p',
      issuedAtMs: 1n,
      expiresAtMs: 2n ** 50n,
      addresses: ['/ip4/127.0.0.1/tcp/1'],
      capabilities: [],
    },
    async (message) => sign(null, message, privateKey),
  );
  const request = LogicRequest.encode({
    wasmBinary: Uint8Array.from([0, 97, 115, 109]),
    inputs: new Map([['arguments', Uint8Array.from(Buffer.from('{}'))]]),
    datasets: [{ dataset: 'd', columns: ['a'] }],
  });
  const refusal = encodeRefusal({
    stage: 'egress',
    code: 'EGRESS_BLOCKED',
    countBucket: '1',
    retryable: false,
    auditId: 'a',
    reasons: ['X'],
  });
  const input = encodeGuestInput({
    arguments: { a: 1 },
    tables: [{ name: 't', stream: new Uint8Array(24) }],
  });
  const suite = createNodeSuite();
  const guardian = createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY });
  const scanner = loadScanner();
  const archive = writeCpio([
    { kind: 'file', path: 'app/main.mjs', mode: 0o444, data: Buffer.from('x') },
    { kind: 'link', path: 'lib', mode: 0o777, target: 'usr' },
  ]);
  const parts = {
    arch: 'x86_64',
    kernel: Buffer.from('k'),
    cmdline: Buffer.from('c'),
    metadata: Buffer.from('{}'),
    ramdisks: [archive, packRamdisk([{ kind: 'folder', path: 'a', mode: 0o755 }])],
  } as const;
  const nowMs = clock.nowMs();
  const signer = createKeySigner(await signingIdentity('P-384', nowMs - 1e6, nowMs + 1e6));
  const signature = await signEif({ clock, signer }, measureImage(parts).PCR0);
  const image = writeEif({ ...parts, signature: signature.section });
  const answer = Buffer.alloc(4 + 21 + 5);
  answer.writeUInt32LE(26, 0);
  targets.push(
    { name: 'attestation document', seed: document, read: decodeAttestationDocument },
    { name: 'certificate', seed: root.certificate, read: parseCertificate },
    { name: 'node statement', seed: statement, read: decodeNodeStatement },
    {
      name: 'node record',
      seed: record,
      read: (b) => openNodeRecord(suite, b, { id: 'p', key }, 5),
    },
    { name: 'request', seed: request, read: (b) => decodeLogicRequest(b, 10_000) },
    { name: 'response', seed: refusal, read: (b) => decodeLogicResponse(b, 10_000) },
    { name: 'guest input', seed: input, read: decodeGuestInput },
    {
      name: 'module',
      seed: constantModule('{"n":1}'),
      read: (b) => guardian.judge(b, { capabilities: [] }),
    },
    {
      name: 'output',
      seed: Buffer.from('{"a":"YUBleGFtcGxlLmNvbQ==","b":[1,2,"%41"]}'),
      read: (b) => scanner.scan(b, []),
    },
    {
      name: 'enclave image',
      seed: image,
      read: (b) => {
        // Most are given their checksum, or nothing behind it would be reached.
        if (b.length > HEADER_BYTES && below(8) > 0) {
          new DataView(b.buffer, b.byteOffset).setUint32(AT.crc, eifCrc(b));
        }
        describeEif(b);
      },
    },
    { name: 'ramdisk', seed: archive, read: readCpio },
    { name: 'image signature', seed: signature.section, read: openEifSignature },
    {
      name: 'control line',
      seed: Buffer.from('{"type":"failure","code":"AGENT_ENTROPY","exit":-9}\n'),
      read: (b) => new ControlLines().push(b).map(parseControlReport),
    },
    {
      name: 'sandbox answer',
      seed: answer,
      read: (b) => {
        try {
          new ResponseDecoder().push(b);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      },
    },
  );
});
afterAll(() => process.stderr.write(`fuzz: seed ${SEED}, ${rounds} inputs\n`));

function slice(target: Target, count: number): void {
  for (let i = 0; i < count; i++, rounds++) {
    const bytes = mutate(target.seed);
    try {
      target.read(bytes);
    } catch (error) {
      if (error instanceof NmpError) continue;
      const hex = Buffer.from(bytes).toString('hex');
      throw new Error(`${target.name}: not a coded error for ${hex}`, { cause: error });
    }
  }
}

describe('readers of outside bytes fail with a code or not at all', () => {
  it('on mutations of what they accept', { timeout: (MINUTES + 1) * 60_000 }, () => {
    expect(targets).toHaveLength(14);
    const until = performance.now() + MINUTES * 60_000;
    do {
      for (const target of targets) slice(target, MINUTES > 0 ? SLICE : ROUNDS);
    } while (performance.now() < until);
  });
});
