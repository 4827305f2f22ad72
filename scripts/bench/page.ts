/** docs/benchmarks.md as text, from measured figures alone. */
import type { Area, Curve, Row } from '../../test/bench/row.ts';
import { goalOf, holds, REMARKS, reasonOf, slower } from './goals.ts';
import { figure } from './plot.ts';

export const AREAS: readonly (readonly [Area, string])[] = [
  ['call', 'Calls'],
  ['attestation', 'Attestation documents'],
  ['guardian', 'Verdicts on modules'],
  ['sandbox', 'Runs of modules'],
  ['egress', 'Scans of answers'],
  ['transport', 'Transport'],
  ['zk', 'ZK receipts'],
  ['client', 'Client'],
];

export interface Measured {
  /** Day, processor and Node of each area's last run. */
  readonly runs: Readonly<Partial<Record<Area, string>>>;
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
}

/** A limit is a goal and no peer. */
const peerOf = (row: Row) => (row.peer?.startsWith('limit ') ? undefined : row.peer);
const isSlower = (row: Row) => peerOf(row) !== undefined && slower(row);
const fails = (row: Row) => {
  const goal = goalOf(row);
  return goal !== undefined && !holds(row, goal);
};

/** Rows that are slower than their peer, or miss their goal, and say not why. */
export const unexplained = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => (isSlower(row) || fails(row)) && reasonOf(row) === undefined);

function line(row: Row): string {
  const peer = peerOf(row);
  const goal = goalOf(row);
  const sign = goal?.is === 'at most' ? '≤' : '≥';
  const times = goal?.of === 'ratio' ? ' ×' : '';
  const cells = [
    row.name,
    `${figure(row.value)} ${row.unit}`,
    peer ?? '',
    peer === undefined || row.ratio === undefined ? '' : `${figure(row.ratio)} ×`,
    goal === undefined ? '' : `${sign} ${goal.limit}${times}`,
    goal === undefined ? '' : holds(row, goal) ? 'yes' : '**no**',
    isSlower(row) || fails(row) ? (reasonOf(row) ?? 'not known yet') : '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

export function page({ runs, rows, curves }: Measured): string {
  const missed = new Set(rows.filter(fails).map((row) => row.name));
  const behind = rows.filter(isSlower).length;
  const withPeer = rows.filter((row) => peerOf(row) !== undefined).length;
  const parts = AREAS.flatMap(([area, title]) => {
    const own = rows.filter((row) => row.area === area);
    if (own.length === 0) return [];
    return [
      `## ${title}`,
      '',
      `${runs[area] ?? 'Day not known'}; \`make bench ONLY=${area}\`.`,
      '',
      '| figure | ours | peer | ratio | goal | holds | why slower |',
      '|---|---|---|---|---|---|---|',
      ...own.map(line),
      '',
      ...curves
        .filter((curve) => curve.area === area)
        .flatMap(({ id, title: caption }) => [
          `![${caption}](benchmarks-${id}.svg)`,
          '',
          ...(REMARKS[id] === undefined ? [] : [REMARKS[id], '']),
        ]),
    ];
  });
  return [
    '# Benchmarks',
    '',
    'Written by `make bench` from `benchmarks.json`; not by hand. Figures are medians. Absolute times are of that machine in that hour, with other work beside; a ratio is ours ÷ peer in the same run, and is what to quote. Above 1 × ours takes longer, of rates (MB/s, 1/s) below 1 ×.',
    '',
    `Of ${withPeer} comparisons ours is slower in ${behind}. Goals missed: ${[...missed].join('; ') || 'none'}.`,
    '',
    ...parts,
  ].join('\n');
}
