import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Control } from '../../../enclave/boot/control.ts';
import { ControlServer } from '../../../parent/supervisor/control-server.ts';
import { utf8 } from '../../../shared/bytes.ts';
import {
  CONTROL_LINE_BYTES_MAX,
  ControlLines,
  type ControlReport,
  encodeControlLine,
  parseControlHello,
  parseControlReport,
  type RoleCredentials,
} from '../../../shared/wire/control.ts';
import { codeOf } from '../../support/code-of.ts';

const pcr = 'ab'.repeat(48);
const ready = {
  type: 'ready',
  ready: { peerId: '12D3', mode: 'qemu', pcrs: { pcr0: pcr, pcr1: pcr, pcr2: pcr } },
} satisfies ControlReport;
const failure: ControlReport = { type: 'failure', code: 'AGENT_ENTROPY', exit: -9 };

describe('the lines of the control channel', () => {
  it('come back as they went out, however they are cut', () => {
    const sent = encodeControlLine(ready) + encodeControlLine(failure);
    const lines = new ControlLines();
    const got = [...utf8(sent)].flatMap((byte) => lines.push(Uint8Array.of(byte)));
    expect(got.map(parseControlReport)).toEqual([ready, failure]);
  });

  it('come whole where a chunk ends within a character', () => {
    const lines = new ControlLines();
    const bytes = utf8('{"a":"é€"}\n');
    expect([...bytes].flatMap((byte) => lines.push(Uint8Array.of(byte)))).toEqual(['{"a":"é€"}']);
  });

  it('are those of the vectors, and written as they are read', () => {
    const vectors: { hello: readonly string[]; report: readonly string[] } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'control.json'), 'utf8'),
    );
    for (const line of vectors.hello) {
      expect(encodeControlLine(parseControlHello(line))).toBe(`${line}\n`);
    }
    for (const line of vectors.report) {
      expect(encodeControlLine(parseControlReport(line))).toBe(`${line}\n`);
    }
  });

  it('are what native/agent writes', () => {
    const line = '{"type":"failure","code":"AGENT_NODE_ENDED","exit":-9}';
    expect(parseControlReport(line)).toEqual({
      type: 'failure',
      code: 'AGENT_NODE_ENDED',
      exit: -9,
    });
  });

  it.each([
    'x',
    '{}',
    '[]',
    '{"type":"ready"}',
    '{"type":"ready","ready":{"peerId":"p","mode":"aws","pcrs":{}}}',
    `{"type":"failure","code":"lower","exit":1}`,
    `{"type":"failure","code":"A","exit":1.5}`,
    `{"type":"failure","code":"A","exit":1,"more":2}`,
  ])('are refused as a report: %s', (line) => {
    expect(codeOf(() => parseControlReport(line))).toBe('CONTROL_MALFORMED');
  });

  it.each([
    '{"version":2,"announce":[]}',
    '{"version":1}',
    '{"version":1,"announce":[""]}',
    `{"version":1,"announce":["${'x'.repeat(300)}"]}`,
    '{"version":1,"announce":[],"credentials":{}}',
    '{"version":1,"announce":[],"credentials":{"accessKeyId":"AK/A","secretAccessKey":"abcd"}}',
    '{"version":1,"announce":[],"credentials":{"accessKeyId":"AKIA","secretAccessKey":"abcd","more":1}}',
    `{"version":1,"announce":[],"credentials":{"accessKeyId":"AKIA","secretAccessKey":"${'x'.repeat(129)}"}}`,
    '{"version":1,"announce":[],"role":"giver"}',
    '{"version":1,"announce":[],"role":["prover"]}',
    `{"version":1,"announce":[${Array.from({ length: 17 }, () => '"a"').join()}]}`,
  ])('are refused as a greeting: %s', (line) => {
    expect(codeOf(() => parseControlHello(line))).toBe('CONTROL_MALFORMED');
  });

  it('may have every field as long as it gets, and none longer', () => {
    const hello = (over: 0 | 1, field: string) => {
      const length = (most: number, name: string) => 'x'.repeat(most + (name === field ? over : 0));
      const credentials = {
        accessKeyId: length(128, 'accessKeyId'),
        secretAccessKey: length(128, 'secretAccessKey'),
        sessionToken: length(8192, 'sessionToken'),
      };
      return JSON.stringify({ version: 1, announce: [length(256, 'announce')], credentials });
    };
    for (const field of ['accessKeyId', 'secretAccessKey', 'sessionToken', 'announce']) {
      expect(parseControlHello(hello(0, field)).announce[0]).toHaveLength(256);
      expect(codeOf(() => parseControlHello(hello(1, field)))).toBe('CONTROL_MALFORMED');
    }
    const sixteen = Array.from({ length: 16 }, () => 'a');
    expect(parseControlHello(JSON.stringify({ version: 1, announce: sixteen })).announce).toEqual(
      sixteen,
    );
    for (const short of [
      { accessKeyId: 'abc', secretAccessKey: 'abcd' },
      { accessKeyId: 'abcd', secretAccessKey: 'abc' },
      { accessKeyId: 'abcd', secretAccessKey: 'abcd', sessionToken: '' },
    ]) {
      const line = JSON.stringify({ version: 1, announce: [], credentials: short });
      expect(codeOf(() => parseControlHello(line))).toBe('CONTROL_MALFORMED');
    }
    const peer = (length: number) =>
      JSON.stringify({ ...ready, ready: { ...ready.ready, peerId: 'p'.repeat(length) } });
    expect(parseControlReport(peer(128)).type).toBe('ready');
    for (const length of [0, 129]) {
      expect(codeOf(() => parseControlReport(peer(length)))).toBe('CONTROL_MALFORMED');
    }
    const code = (length: number) => `{"type":"failure","code":"${'A'.repeat(length)}","exit":0}`;
    expect(parseControlReport(code(64)).type).toBe('failure');
    expect(codeOf(() => parseControlReport(code(65)))).toBe('CONTROL_MALFORMED');
  });

  it('have 16,384 bytes at most, with their end', () => {
    const hello = (bytes: number) => {
      const parts = Array.from({ length: 15 }, () => 'x'.repeat(256));
      const line = (token: string) =>
        encodeControlLine({
          version: 1,
          announce: parts,
          credentials: { accessKeyId: 'abcd', secretAccessKey: 'abcd', sessionToken: token },
        });
      return line('x'.repeat(bytes - line('').length));
    };
    expect(hello(16_384)).toHaveLength(16_384);
    expect(codeOf(() => hello(16_385))).toBe('CONTROL_MALFORMED');
    const text = (bytes: number) => utf8(`${'y'.repeat(bytes - 1)}\n`);
    expect(new ControlLines().push(text(16_384))[0]).toHaveLength(16_383);
    expect(codeOf(() => new ControlLines().push(text(16_385)))).toBe('CONTROL_MALFORMED');
    const rest = new ControlLines();
    expect(rest.push(text(16_384).subarray(0, 16_383))).toEqual([]);
    expect(rest.push(Uint8Array.of(0x0a))[0]).toHaveLength(16_383);
  });

  it('are refused without end, as no UTF-8, and too long to write', () => {
    const endless = new ControlLines();
    const part = new Uint8Array(CONTROL_LINE_BYTES_MAX / 2).fill(0x61);
    endless.push(part);
    expect(codeOf(() => endless.push(part))).toBe('CONTROL_MALFORMED');
    expect(codeOf(() => new ControlLines().push(Uint8Array.of(0xff, 0x0a)))).toBe(
      'CONTROL_MALFORMED',
    );
    const announce = Array.from({ length: 80 }, () => 'x'.repeat(250));
    expect(codeOf(() => encodeControlLine({ version: 1, announce }))).toBe('CONTROL_MALFORMED');
  });
});

const folder = mkdtempSync(join(tmpdir(), 'nmp-control-'));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function server(
  name: string,
  announce: readonly string[],
  credentials?: () => Promise<RoleCredentials>,
) {
  const reports: ControlReport[] = [];
  const heard = Promise.withResolvers<void>();
  const path = join(folder, name);
  const made = new ControlServer({
    path,
    announce: () => announce,
    credentials,
    onReport: (report) => {
      reports.push(report);
      heard.resolve();
    },
  });
  await made.listen();
  closing.push(() => made.close().catch(() => undefined));
  return { made, path, reports, heard: heard.promise };
}

describe('enclave and parent', () => {
  it('greet, and the enclave reports', async () => {
    const { path, reports, heard } = await server('a', ['/ip4/10.0.0.1/tcp/1']);
    const control = new Control({ path, retryMs: 10 });
    closing.push(() => control.close());
    expect((await control.hello).announce).toEqual(['/ip4/10.0.0.1/tcp/1']);
    control.report(ready);
    await heard;
    expect(reports).toEqual([ready]);
  });

  it('pass on fresh credentials of a role, and greet without any when there are none', async () => {
    let asked = 0;
    const { path } = await server('credentials', [], async () => {
      if (asked++ > 0) throw new Error('the metadata service is away');
      return { accessKeyId: 'EXAMPLE1', secretAccessKey: 'secret' };
    });
    const hellos = [];
    for (let i = 0; i < 2; i++) {
      const control = new Control({ path, retryMs: 10 });
      closing.push(() => control.close());
      hellos.push(await control.hello);
    }
    expect(hellos).toEqual([
      {
        version: 1,
        announce: [],
        credentials: { accessKeyId: 'EXAMPLE1', secretAccessKey: 'secret' },
      },
      { version: 1, announce: [] },
    ]);
  });

  it('find each other again after either was gone, and the report is said again', async () => {
    const control = new Control({ path: join(folder, 'b'), retryMs: 10 });
    closing.push(() => control.close());
    // Before there is a parent, and before anything was asked.
    control.report(ready);
    const first = await server('b', []);
    await first.heard;
    await first.made.close();
    const second = await server('b', []);
    await second.heard;
    expect([...first.reports, ...second.reports]).toEqual([ready, ready]);
  });

  it('say the last word before they part', async () => {
    const { path, reports } = await server('c', []);
    const control = new Control({ path, retryMs: 10 });
    await control.hello;
    control.report(failure);
    await control.close();
    await expect.poll(() => reports).toEqual([failure]);
  });

  it('leave a peer that does not speak the protocol', async () => {
    const { path, reports } = await server('d', []);
    const stranger = connect(path);
    stranger.on('error', () => undefined);
    const gone = new Promise((resolve) => stranger.once('close', resolve));
    stranger.resume();
    stranger.write('GET / HTTP/1.1\n');
    await gone;
    expect(reports).toEqual([]);

    let greeted = 0;
    const liar = createServer((socket) => {
      greeted++;
      socket.on('error', () => undefined);
      socket.write('{"version":9}\n');
    });
    await new Promise<void>((resolve) => liar.listen(join(folder, 'e'), resolve));
    const control = new Control({ path: join(folder, 'e'), retryMs: 5 });
    await expect.poll(() => greeted).toBeGreaterThan(1);
    await control.close();
    await new Promise((resolve) => liar.close(resolve));
  });

  it('take no more than eight connections', async () => {
    const { path } = await server('f', []);
    const sockets = Array.from({ length: 12 }, () => connect(path));
    let open = 0;
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.once('data', () => open++);
      socket.once('close', () => undefined);
    }
    await expect.poll(() => sockets.filter((socket) => socket.destroyed).length).toBe(4);
    await expect.poll(() => open).toBe(8);
    for (const socket of sockets) socket.destroy();
  });
});
