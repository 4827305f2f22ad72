import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../shared/bytes.ts';
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAM_OPENER,
  DatagramReader,
  encodeDatagram,
} from '../../../shared/wire/datagrams.ts';
import { codeOf } from '../../support/code-of.ts';

const file = join(import.meta.dirname, '..', '..', 'vectors', 'datagrams.json');
const vectors: { opener: string; frames: { datagram: string; frame: string }[] } = JSON.parse(
  readFileSync(file, 'utf8'),
);
const hex = (text: string) => fromHex(text) ?? new Uint8Array(0);

describe('datagrams on a stream', () => {
  it('are the vectors', () => {
    expect(toHex(DATAGRAM_OPENER)).toBe(vectors.opener);
    for (const { datagram, frame } of vectors.frames) {
      expect(toHex(encodeDatagram(hex(datagram)))).toBe(frame);
      expect(new DatagramReader(true).push(hex(frame)).map(toHex)).toEqual([datagram]);
    }
  });

  it('come out whole however the stream is cut', () => {
    const datagrams = [1, 2, 255, 256, DATAGRAM_BYTES_MAX].map((length) =>
      new Uint8Array(length).fill(length & 0xff),
    );
    const stream = concat(DATAGRAM_OPENER, ...datagrams.map(encodeDatagram));
    for (const step of [1, 2, 3, 7, 500, 1_501, stream.length]) {
      const reader = new DatagramReader(false);
      const out: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += step) {
        out.push(...reader.push(stream.subarray(at, at + step)));
      }
      expect(out).toEqual(datagrams);
    }
  });

  it('are refused when they are empty or too long, before they are whole', () => {
    expect(codeOf(() => encodeDatagram(new Uint8Array(0)))).toBe('FRAME_SIZE');
    expect(codeOf(() => encodeDatagram(new Uint8Array(DATAGRAM_BYTES_MAX + 1)))).toBe('FRAME_SIZE');
    for (const length of ['0000', '05dd', 'ffff']) {
      expect(codeOf(() => new DatagramReader(true).push(hex(length)))).toBe('FRAME_SIZE');
    }
  });

  it('need their opener', () => {
    const reader = () => new DatagramReader(false);
    expect(codeOf(() => reader().push(hex('4e4d505102')))).toBe('FRAME_MALFORMED');
    expect(codeOf(() => reader().push(hex('0001')))).toBe('FRAME_MALFORMED');
    expect(reader().push(hex('4e4d'))).toEqual([]);
  });
});
