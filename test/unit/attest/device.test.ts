import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createDeviceNsm } from '../../../enclave/attest/device.ts';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { PcrBank } from '../../../enclave/attest/pcr-bank.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../shared/wire/cbor.ts';
import { codeOfAsync } from '../../support/code-of.ts';

type Answer = (name: string, fields: ReadonlyMap<unknown, unknown>) => CborValue;

const folder = mkdtempSync(join(tmpdir(), 'nmp-nsm-'));
const servers: Server[] = [];
const sockets: Socket[] = [];
const devices: Nsm[] = [];
let count = 0;

afterEach(async () => {
  for (const nsm of devices.splice(0)) await nsm.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An agent whose connections are handled by `onFrame`. */
async function agent(
  onFrame: (body: Uint8Array, socket: Socket) => void,
  timeoutMs?: number,
): Promise<Nsm> {
  const path = join(folder, `${++count}.sock`);
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const length = received.readUInt32BE(0);
        onFrame(Uint8Array.from(received.subarray(4, 4 + length)), socket);
        received = received.subarray(4 + length);
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const nsm = createDeviceNsm({ path, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  devices.push(nsm);
  return nsm;
}

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** An agent that answers each request by its name. */
function answering(answer: Answer): Promise<Nsm> {
  return agent((body, socket) => {
    const request = decodeCbor(body, 4096);
    const entry: unknown[] =
      request instanceof Map ? ([...request][0] ?? []) : [request, new Map()];
    const [name, fields] = entry;
    if (typeof name !== 'string' || !(fields instanceof Map)) throw new Error('bad request');
    socket.write(framed(encodeCbor(answer(name, fields))));
  });
}

const map = (entries: readonly (readonly [string, CborValue])[]) => new Map(entries);
const error = (name: string) => map([['Error', name]]);

/** A device with a real bank of PCRs behind the wire. */
function device(): Promise<Nsm> {
  const bank = new PcrBank(new Map([[0, new Uint8Array(48).fill(7)]]));
  const asError = (act: () => CborValue): CborValue => {
    try {
      return act();
    } catch (cause) {
      if (isNmpError(cause, 'NSM_READ_ONLY_INDEX')) return error('ReadOnlyIndex');
      if (isNmpError(cause, 'NSM_INVALID_INDEX')) return error('InvalidIndex');
      throw cause;
    }
  };
  return answering((name, fields) =>
    asError(() => {
      const index = Number(fields.get('index') ?? fields.get('range') ?? 0);
      const data = fields.get('data');
      switch (name) {
        case 'DescribePCR': {
          const { locked, value } = bank.describe(index);
          return map([
            [
              name,
              map([
                ['lock', locked],
                ['data', value],
              ]),
            ],
          ]);
        }
        case 'ExtendPCR':
          if (!(data instanceof Uint8Array)) throw new Error('no bytes');
          return map([[name, map([['data', bank.extend(index, Uint8Array.from(data))]])]]);
        case 'LockPCR':
          bank.lock(index);
          return name;
        case 'LockPCRs':
          for (let at = 0; at < index; at++) bank.lock(at);
          return name;
        case 'GetRandom':
          return map([[name, map([['random', new Uint8Array(100).fill(9)]])]]);
        case 'DescribeNSM':
          return map([
            [
              name,
              map([
                ['version_major', 1],
                ['version_minor', 2],
                ['version_patch', 3],
                ['module_id', 'i-0-enc0'],
                ['max_pcrs', 32],
                ['locked_pcrs', [0, 1, 2]],
                ['digest', 'SHA384'],
              ]),
            ],
          ]);
        default: {
          const echo = encodeCbor([...fields.keys()].map(String));
          return map([[name, map([['document', echo]])]]);
        }
      }
    }),
  );
}

describe('the device behind the agent', () => {
  it('describes itself, as real', async () => {
    const nsm = await device();
    expect(await nsm.describe()).toEqual({
      moduleId: 'i-0-enc0',
      versionMajor: 1,
      versionMinor: 2,
      versionPatch: 3,
      maxPcrs: 32,
      lockedPcrs: [0, 1, 2],
      digest: 'SHA384',
      simulated: false,
    });
  });

  it('reads, extends and locks PCRs', async () => {
    const nsm = await device();
    expect(await nsm.describePcr(0)).toEqual({ locked: true, value: new Uint8Array(48).fill(7) });
    const value = await nsm.extendPcr(16, utf8('x'));
    expect((await nsm.describePcr(16)).value).toEqual(value);
    await nsm.lockPcr(16);
    expect(await codeOfAsync(nsm.extendPcr(16, utf8('x')))).toBe('NSM_READ_ONLY_INDEX');
    await nsm.lockPcrs(20);
    expect((await nsm.describePcr(19)).locked).toBe(true);
    expect(await codeOfAsync(nsm.describePcr(32))).toBe('NSM_INVALID_INDEX');
  });

  it('asks for a document with its three fields in the device’s order', async () => {
    const nsm = await device();
    const keys = decodeCbor(await nsm.attest({ nonce: utf8('n') }), 100);
    expect(keys).toEqual(['user_data', 'nonce', 'public_key']);
  });

  it('writes the frames of the vectors', async () => {
    const { device: vectors }: { device: readonly { request: string }[] } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'control.json'), 'utf8'),
    );
    const sent: string[] = [];
    const nsm = await agent((body, socket) => {
      sent.push(framed(body).toString('hex'));
      socket.write(framed(encodeCbor(error('InternalError'))));
    });
    await codeOfAsync(nsm.describe());
    await codeOfAsync(nsm.describePcr(5));
    await codeOfAsync(nsm.attest({ nonce: utf8('abc') }));
    expect(sent).toEqual(vectors.map(({ request }) => request));
  });

  it('gathers random bytes over as many answers as it takes', async () => {
    const nsm = await device();
    expect(await nsm.random(256)).toEqual(new Uint8Array(256).fill(9));
  });

  it('answers requests made at once, each with its own answer', async () => {
    const nsm = await answering((name, fields) =>
      map([
        [
          name,
          map([
            ['lock', false],
            ['data', new Uint8Array(48).fill(Number(fields.get('index')))],
          ]),
        ],
      ]),
    );
    const values = await Promise.all([1, 2, 3, 4, 5].map((index) => nsm.describePcr(index)));
    expect(values.map(({ value }) => value[0])).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what is wrong with the arguments never reaches the device', () => {
  it.each<[string, (nsm: Nsm) => Promise<unknown>]>([
    ['NSM_INPUT_TOO_LARGE', (nsm) => nsm.attest({ nonce: new Uint8Array(1025) })],
    ['NSM_INPUT_TOO_LARGE', (nsm) => nsm.extendPcr(16, new Uint8Array(4096))],
    ['NSM_INVALID_ARGUMENT', (nsm) => nsm.extendPcr(16, new Uint8Array(0))],
    ['NSM_INVALID_ARGUMENT', (nsm) => nsm.random(0)],
    ['NSM_INVALID_ARGUMENT', (nsm) => nsm.random(257)],
    ['NSM_INVALID_INDEX', (nsm) => nsm.describePcr(-1)],
    ['NSM_INVALID_INDEX', (nsm) => nsm.lockPcr(0x10000)],
    ['NSM_INVALID_INDEX', (nsm) => nsm.lockPcrs(0)],
  ])('%s', async (code, act) => {
    let asked = 0;
    const nsm = await agent(() => asked++);
    expect(await codeOfAsync(act(nsm))).toBe(code);
    expect(asked).toBe(0);
  });
});

describe('the device’s own errors keep their names', () => {
  it.each([
    ['InvalidArgument', 'NSM_INVALID_ARGUMENT'],
    ['InvalidIndex', 'NSM_INVALID_INDEX'],
    ['InvalidResponse', 'NSM_INVALID_RESPONSE'],
    ['ReadOnlyIndex', 'NSM_READ_ONLY_INDEX'],
    ['InvalidOperation', 'NSM_INVALID_OPERATION'],
    ['BufferTooSmall', 'NSM_BUFFER_TOO_SMALL'],
    ['InputTooLarge', 'NSM_INPUT_TOO_LARGE'],
    ['InternalError', 'NSM_INTERNAL'],
  ])('%s', async (name, code) => {
    const nsm = await answering(() => error(name));
    expect(await codeOfAsync(nsm.describe())).toBe(code);
  });
});

describe('an answer is refused', () => {
  const pcr = (lock: CborValue, data: CborValue) =>
    map([
      [
        'DescribePCR',
        map([
          ['lock', lock],
          ['data', data],
        ]),
      ],
    ]);
  it.each<[string, CborValue]>([
    ['of another request', map([['ExtendPCR', map([['data', new Uint8Array(48)]])]])],
    ['with a short PCR', pcr(true, new Uint8Array(47))],
    ['with text for bytes', pcr(true, 'x'.repeat(48))],
    ['with a number for a truth', pcr(1, new Uint8Array(48))],
    ['with an unknown error', error('Nope')],
    ['with an error of the object’s own', error('constructor')],
    ['as a list', []],
    ['without fields', 'DescribePCR'],
  ])('%s', async (_, answer) => {
    const nsm = await answering(() => answer);
    expect(await codeOfAsync(nsm.describePcr(0))).toBe('NSM_INVALID_RESPONSE');
  });

  it.each<[string, Uint8Array]>([
    ['that is no CBOR', framed(Uint8Array.of(0xff))],
    ['of no length', Buffer.alloc(4)],
    ['longer than the device may give', Buffer.from('00003001', 'hex')],
    [
      'to nothing that was asked',
      Buffer.concat([framed(encodeCbor(error('Nope'))), framed(encodeCbor('x'))]),
    ],
  ])('%s', async (_, bytes) => {
    const nsm = await agent((_body, socket) => socket.write(bytes));
    expect(await codeOfAsync(nsm.describePcr(0))).toBe('NSM_INVALID_RESPONSE');
  });
});

describe('without an agent', () => {
  it('fails at once, and works again when there is one', async () => {
    const path = join(folder, 'later.sock');
    const nsm = createDeviceNsm({ path });
    devices.push(nsm);
    expect(await codeOfAsync(nsm.describe())).toBe('NSM_UNREACHABLE');
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write(framed(encodeCbor(error('InternalError')))));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await codeOfAsync(nsm.describe())).toBe('NSM_INTERNAL');
  });

  it('fails everything under way when it goes or does not answer', async () => {
    const gone = await agent((_body, socket) => socket.destroy());
    const both = await Promise.all([codeOfAsync(gone.describe()), codeOfAsync(gone.random(1))]);
    expect(both).toEqual(['NSM_UNREACHABLE', 'NSM_UNREACHABLE']);
    const silent = await agent(() => undefined, 50);
    expect(await codeOfAsync(silent.describe())).toBe('NSM_UNREACHABLE');
    const closed = await agent(() => undefined);
    const asked = codeOfAsync(closed.describe());
    await closed.close();
    expect(await asked).toBe('NSM_UNREACHABLE');
  });
});
