/** One figure of a benchmark; `ratio` is ours ÷ peer, measured in the same run. */
export interface Row {
  readonly area:
    | 'call'
    | 'attestation'
    | 'guardian'
    | 'sandbox'
    | 'egress'
    | 'transport'
    | 'zk'
    | 'client';
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly ratio?: number;
}
