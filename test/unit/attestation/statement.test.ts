import { describe, expect, it } from 'vitest';
import {
  decodeNodeStatement,
  encodeNodeStatement,
  type NodeStatement,
} from '../../../shared/attestation/statement.ts';
import { codeOf } from '../../support/code-of.ts';

const fill = (length: number) => new Uint8Array(length).fill(7);
const statement: NodeStatement = {
  version: 1,
  peerId: '12D3KooW',
  certificateKey: fill(32),
  profile: 'nmp-wasm-v1',
  release: '1.0.0',
  guardianPolicy: fill(32),
  simulated: false,
  datasets: [{ id: 'd', rows: 3, columns: ['a', 'b'], commitment: fill(32) }],
  capabilities: [{ id: 'c@1.0.0', digest: fill(32) }],
};
const x = (length: number) => 'x'.repeat(length);
const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
const dataset = { id: 'd', rows: 0, columns: [], commitment: fill(32) };
const capability = { id: 'c', digest: fill(32) };
const code = (change: object) =>
  codeOf(() => decodeNodeStatement(encodeNodeStatement({ ...statement, ...change })));

describe('the statement of a node', () => {
  it('comes back as it was written', () => {
    expect(decodeNodeStatement(encodeNodeStatement(statement))).toEqual(statement);
    const simulated = { ...statement, simulated: true, datasets: [], capabilities: [] };
    expect(decodeNodeStatement(encodeNodeStatement(simulated))).toEqual(simulated);
  });

  it.each<[string, readonly object[], readonly object[]]>([
    ['version', [{ version: 1 }], [{ version: 0 }, { version: 2 }]],
    ['peerId', [{ peerId: x(128) }], [{ peerId: x(129) }]],
    ['certificateKey', [{ certificateKey: fill(32) }], [{ certificateKey: fill(31) }]],
    ['certificateKey', [], [{ certificateKey: fill(33) }]],
    ['profile', [{ profile: x(64) }], [{ profile: x(65) }]],
    ['release', [{ release: x(64) }], [{ release: x(65) }]],
    ['guardianPolicy', [{ guardianPolicy: fill(32) }], [{ guardianPolicy: fill(31) }]],
    ['guardianPolicy', [], [{ guardianPolicy: fill(33) }]],
    ['simulated', [], [{ simulated: 1 }]],
    ['datasets', [{ datasets: many(256, dataset) }], [{ datasets: many(257, dataset) }]],
    [
      'a dataset',
      [
        { datasets: [{ ...dataset, id: x(128) }] },
        { datasets: [{ ...dataset, columns: many(1024, 'a') }] },
        { datasets: [{ ...dataset, columns: [x(256)] }] },
      ],
      [
        { datasets: [{ ...dataset, id: x(129) }] },
        { datasets: [{ ...dataset, columns: many(1025, 'a') }] },
        { datasets: [{ ...dataset, columns: [x(257)] }] },
        { datasets: [{ ...dataset, columns: [7] }] },
        { datasets: [{ ...dataset, commitment: fill(31) }] },
        { datasets: [{ ...dataset, commitment: fill(33) }] },
        { datasets: [{ ...dataset, rows: -1 }] },
      ],
    ],
    [
      'capabilities',
      [{ capabilities: many(256, capability) }, { capabilities: [{ ...capability, id: x(192) }] }],
      [
        { capabilities: many(257, capability) },
        { capabilities: [{ ...capability, id: x(193) }] },
        { capabilities: [{ ...capability, digest: fill(31) }] },
        { capabilities: [{ ...capability, digest: fill(33) }] },
      ],
    ],
  ])('%s', (_, good, bad) => {
    expect(good.map(code)).toEqual(good.map(() => undefined));
    expect(bad.map(code)).toEqual(bad.map(() => 'FRAME_MALFORMED'));
  });

  it('is no longer than a statement gets', () => {
    const long = many(200, { ...dataset, id: x(128), commitment: fill(32) });
    expect(code({ datasets: long })).toBe('FRAME_SIZE');
  });
});
