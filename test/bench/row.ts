export type Area =
  | 'call'
  | 'attestation'
  | 'guardian'
  | 'sandbox'
  | 'egress'
  | 'transport'
  | 'zk'
  | 'client';

/** One figure of a benchmark; `ratio` is ours ÷ peer, measured in the same run. */
export interface Row {
  readonly area: Area;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly ratio?: number;
}

/** How a figure grows with one quantity; medians, drawn as a plot of docs/benchmarks.md. */
export interface Curve {
  readonly area: Area;
  /** Name of the plot's file. */
  readonly id: string;
  readonly title: string;
  /** What grows, with its unit. */
  readonly x: string;
  readonly y: string;
  /** Ascending in x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}
