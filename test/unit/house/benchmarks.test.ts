import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goalOf, holds, slower } from '../../../scripts/bench/goals.ts';
import { AREAS, type Measured, page, unexplained } from '../../../scripts/bench/page.ts';
import { plot } from '../../../scripts/bench/plot.ts';
import type { Row } from '../../bench/row.ts';

const docs = join(import.meta.dirname, '../../../docs');
const read = (name: string) => readFileSync(join(docs, name), 'utf8');
const measured: Measured = JSON.parse(read('benchmarks.json'));

it('docs/benchmarks.md and its plots say what was measured, and nothing else', () => {
  expect(page(measured)).toBe(read('benchmarks.md'));
  for (const curve of measured.curves) expect(plot(curve)).toBe(read(`benchmarks-${curve.id}.svg`));
  expect(measured.curves.map(({ id }) => id).sort()).toEqual([
    'module-size',
    'output-size',
    'rows',
    'sessions',
  ]);
});

it('has figures of every area', () => {
  for (const [area] of AREAS) expect(measured.rows.some((row) => row.area === area)).toBe(true);
});

it('says why wherever ours is slower or misses its goal', () => {
  expect(unexplained(measured.rows)).toEqual([]);
});

it('tells slower from faster by the unit, and a missed goal from one that holds', () => {
  const row: Row = { area: 'call', name: 'small call', value: 4, unit: 'ms', peer: 'p', ratio: 2 };
  expect(slower(row)).toBe(true);
  expect(slower({ ...row, unit: 'MB/s' })).toBe(false);
  expect(slower({ ...row, unit: 'MB/s', ratio: 0.5 })).toBe(true);
  const goal = goalOf(row);
  expect(goal && holds(row, goal)).toBe(false);
  expect(goal && holds({ ...row, value: 3 }, goal)).toBe(true);
  const odd: Row = { ...row, name: 'something new' };
  expect(unexplained([odd])).toEqual([odd]);
  expect(page({ runs: {}, rows: [odd], curves: [] })).toContain('not known yet');
  expect(page({ runs: {}, rows: [row], curves: [] })).toContain('**no**');
});
