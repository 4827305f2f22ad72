import { describe, expect, it } from 'vitest';
import { concat } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { RECORD_BYTES_MAX } from '../../../shared/wire/constants.ts';
import { RECORD, RecordReader, RecordWriter, refusedFrame } from '../../../shared/wire/records.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { framePair, type Tamper } from '../../support/frames.ts';

const suite = createNodeSuite();
const fresh = () => ({
  key: new Uint8Array(32).fill(1),
  iv: new Uint8Array(12).fill(2),
  next: new Uint8Array(48).fill(3),
});

function pair(tamper?: Tamper, readerStream = 5n) {
  const [a, b] = framePair(tamper === undefined ? {} : { toB: tamper });
  return {
    raw: a,
    writer: new RecordWriter({ suite, frames: a }, { key: fresh(), stream: 5n }),
    reader: new RecordReader({ suite, frames: b }, { key: fresh(), stream: readerStream }),
  };
}

describe('records', () => {
  it.each([0, 1, RECORD_BYTES_MAX, RECORD_BYTES_MAX + 1, 200_000])(
    'carry a message of %d bytes',
    async (length) => {
      const { writer, reader } = pair();
      const message = Uint8Array.from({ length }, (_, i) => i & 0xff);
      await writer.writeMessage(message);
      expect(await reader.readMessage(300_000)).toEqual(message);
    },
  );

  it('refuse a flipped bit anywhere in a frame', async () => {
    for (const at of [0, 1, 5, 20]) {
      const { writer, reader } = pair((frame) => {
        frame[at] = (frame[at] ?? 0) ^ 0x40;
        return [frame];
      });
      await writer.writeMessage(new Uint8Array(16));
      expect(await codeOfAsync(reader.readMessage(100))).toBe(
        at === 0 ? 'RECORD_TYPE' : 'RECORD_TAG',
      );
    }
  });

  it('refuse a record that changed its type', async () => {
    const { writer, reader } = pair((frame) => {
      frame[0] = RECORD.end;
      return [frame];
    });
    await writer.writeMessage(new Uint8Array(RECORD_BYTES_MAX + 5));
    expect(await codeOfAsync(reader.readMessage(100_000))).toBe('RECORD_TAG');
  });

  it.each<[string, Tamper]>([
    ['dropped', (frame, index) => (index === 0 ? [] : [frame])],
    ['repeated', (frame) => [frame, frame]],
  ])('refuse a record that was %s', async (_name, tamper) => {
    const { writer, reader } = pair(tamper);
    await writer.writeMessage(new Uint8Array(RECORD_BYTES_MAX + 5));
    expect(await codeOfAsync(reader.readMessage(100_000))).toBe('RECORD_TAG');
  });

  it('refuse records in another order', async () => {
    const held: Uint8Array[] = [];
    const { writer, reader } = pair((frame, index) => {
      if (index === 0) {
        held.push(frame);
        return [];
      }
      return [frame, ...held];
    });
    await writer.writeMessage(new Uint8Array(RECORD_BYTES_MAX + 5));
    expect(await codeOfAsync(reader.readMessage(100_000))).toBe('RECORD_TAG');
  });

  it('refuse a record of another stream', async () => {
    const { writer, reader } = pair(undefined, 6n);
    await writer.writeMessage(new Uint8Array(3));
    expect(await codeOfAsync(reader.readMessage(100))).toBe('RECORD_TAG');
  });

  it('stop a message beyond its limit and one that is cut', async () => {
    const long = pair();
    await long.writer.writeMessage(new Uint8Array(101));
    expect(await codeOfAsync(long.reader.readMessage(100))).toBe('FRAME_SIZE');
    const cut = pair();
    await cut.writer.write(RECORD.data, new Uint8Array(10));
    await cut.raw.close();
    expect(await codeOfAsync(cut.reader.readMessage(100))).toBe('STREAM_TRUNCATED');
  });

  it('report progress only to those who expect it', async () => {
    const { writer, reader } = pair();
    await writer.write(RECORD.progress, Uint8Array.of(3));
    await writer.writeMessage(new Uint8Array(1));
    const stages: number[] = [];
    await reader.readMessage(10, { onProgress: (stage) => stages.push(stage) });
    expect(stages).toEqual([3]);
    const strict = pair();
    await strict.writer.write(RECORD.progress, Uint8Array.of(3));
    expect(await codeOfAsync(strict.reader.readMessage(10))).toBe('RECORD_TYPE');
  });

  it('pass on a refusal, but only with a code of ours', async () => {
    const known = pair();
    await known.raw.write(refusedFrame('SESSION_UNKNOWN'));
    expect(await codeOfAsync(known.reader.readMessage(10))).toBe('SESSION_UNKNOWN');
    const foreign = pair();
    await foreign.raw.write(Uint8Array.of(0, 0x41, 0x42));
    expect(await codeOfAsync(foreign.reader.readMessage(10))).toBe('HANDSHAKE_REFUSED');
  });

  describe('rekey', () => {
    const limits = { records: 4, bytes: 1_000, ms: 60_000 };
    const rekeying = (tamper?: Tamper, reading = limits) => {
      const [a, b] = framePair(tamper === undefined ? {} : { toB: tamper });
      const clock = new ManualClock();
      return {
        clock,
        frames: a,
        writer: new RecordWriter({ suite, frames: a, clock }, { key: fresh(), stream: 5n, limits }),
        reader: new RecordReader(
          { suite, frames: b },
          { key: fresh(), stream: 5n, limits: reading },
        ),
      };
    };

    it('replaces the key after so many records, so many bytes and so long', async () => {
      const types: (number | undefined)[] = [];
      const { writer, reader, clock } = rekeying((frame) => {
        types.push(frame[0]);
        return [frame];
      });
      const send = async (length: number) => {
        await writer.write(RECORD.end, new Uint8Array(length).fill(9));
        expect(await reader.readMessage(2_000)).toEqual(new Uint8Array(length).fill(9));
      };
      for (let i = 0; i < 5; i++) await send(1);
      expect(types.filter((type) => type === RECORD.rekey)).toHaveLength(1);
      await send(999);
      await send(2);
      expect(types.filter((type) => type === RECORD.rekey)).toHaveLength(2);
      clock.advance(60_000);
      await send(3);
      expect(types.filter((type) => type === RECORD.rekey)).toHaveLength(3);
    });

    it('carries a body of many keys', async () => {
      const { writer, reader } = rekeying();
      const body = Array.from({ length: 40 }, (_, i) => new Uint8Array(700).fill(i));
      const [, received] = await Promise.all([writer.writeBody(body), reader.readMessage(30_000)]);
      expect(received).toEqual(concat(...body));
    });

    it('refuses a key that is used beyond its time', async () => {
      const { writer, reader } = rekeying(undefined, { ...limits, records: 3 });
      for (let i = 0; i < 4; i++) await writer.write(RECORD.data, Uint8Array.of(1));
      for (let i = 0; i < 3; i++) await reader.read();
      expect(await codeOfAsync(reader.read())).toBe('RECORD_REKEY');
    });

    it('refuses a record of the old key, a dropped announcement and a repeated one', async () => {
      for (const tamper of [
        (frame: Uint8Array, index: number) => (index === 5 ? [] : [frame]),
        (frame: Uint8Array, index: number) => (index === 4 ? [] : [frame]),
        (frame: Uint8Array, index: number) => (index === 4 ? [frame, frame] : [frame]),
      ]) {
        const { writer, reader } = rekeying(tamper);
        for (let i = 0; i < 7; i++) await writer.write(RECORD.data, Uint8Array.of(i));
        for (let i = 0; i < 4; i++) await reader.read();
        expect(['RECORD_TAG', 'RECORD_REKEY']).toContain(await codeOfAsync(reader.read()));
      }
    });

    it('refuses an announcement that says more, or of a key that served nothing', async () => {
      const talking = rekeying();
      await talking.writer.write(RECORD.data, Uint8Array.of(1));
      await talking.writer.write(RECORD.rekey, Uint8Array.of(1));
      await talking.reader.read();
      expect(await codeOfAsync(talking.reader.read())).toBe('RECORD_TYPE');
      const idle = rekeying();
      await idle.writer.write(RECORD.rekey, new Uint8Array(0));
      expect(await codeOfAsync(idle.reader.read())).toBe('RECORD_TYPE');
    });
  });

  it('seal and open nothing once the keys are wiped', async () => {
    const key = fresh();
    const [a, b] = framePair();
    const writer = new RecordWriter({ suite, frames: a }, { key, stream: 5n });
    const reader = new RecordReader({ suite, frames: b }, { key: fresh(), stream: 5n });
    await writer.writeMessage(Uint8Array.of(1));
    writer.wipe();
    reader.wipe();
    expect([...key.key, ...key.iv, ...key.next].every((byte) => byte === 0)).toBe(true);
    expect(await codeOfAsync(writer.writeMessage(Uint8Array.of(1)))).toBe('SESSION_UNKNOWN');
    expect(await codeOfAsync(reader.readMessage(10))).toBe('SESSION_UNKNOWN');
  });
});
