/** What each figure is to hold, and why ours is slower where it is. Kept by hand, printed by docs.ts. */
import type { Area, Row } from '../../test/bench/row.ts';

interface About {
  readonly area: Area;
  /** Start of the figure's name. */
  readonly name: string;
  /** Start of the peer's name; absent: of any. */
  readonly peer?: string;
}

export interface Goal extends About {
  readonly of: 'value' | 'ratio';
  readonly is: 'at most' | 'at least';
  readonly limit: number;
}

export interface Reason extends About {
  readonly why: string;
}

const most = (area: Area, name: string, limit: number): Goal => ({
  area,
  name,
  of: 'value',
  is: 'at most',
  limit,
});

/** Of the first that fits; a goal on a ratio names its peer. */
export const GOALS: readonly Goal[] = [
  most('call', 'small call', 3),
  { ...most('call', 'calls a second', 300), is: 'at least' },
  most('call', 'first verified call', 800),
  most('call', 'resident', 250),
  { ...most('attestation', 'document, cold', 0.5), of: 'ratio', peer: '@peculiar' },
  { ...most('attestation', 'document, cold', 1), of: 'ratio', peer: 'Go hf/nitrite' },
  most('attestation', 'document, chain cached', 1),
  most('guardian', '25 kB: verdict', 1),
  most('guardian', '25 kB: cached, hashing', 20),
  most('guardian', 'quickjs 637 kB: verdict', 20),
  most('guardian', 'sqlite 688 kB: verdict', 20),
  most('sandbox', 'run inside the sandbox process', 20),
  most('sandbox', 'run from the node', 150),
  { ...most('sandbox', 'p99 of an honest run', 3), of: 'ratio' },
  { ...most('egress', '10 MB JSON', 60), is: 'at least' },
  most('egress', '100 kB response, p99', 6),
  most('egress', 'slowest of', 250),
  most('egress', 'peak memory', 134),
  most('transport', 'cold start to first attested answer (QUIC)', 3),
  most('transport', 'cold start to first attested answer', 5),
  most('transport', 'attested session, open', 1.05),
  { ...most('transport', 'handshake, CPU', 1), of: 'ratio' },
  { ...most('transport', 'stream of sealed', 0.7), of: 'ratio', is: 'at least' },
  { ...most('transport', 'relay, one connection', 0.8), of: 'ratio', is: 'at least' },
  most('transport', 'relay, what it adds', 0.1),
  { ...most('zk', 'proof of compact group-by, 100 rows', 15) },
  most('client', 'nmp mcp: start', 500),
];

export const REASONS: readonly Reason[] = [
  {
    area: 'call',
    name: 'small call',
    peer: 'TCP',
    why: 'the floor of any call: no module, no answer, no protection',
  },
  {
    area: 'call',
    name: 'small call',
    peer: 'node:tls',
    why: 'the price of safety: sealing, verdict, metered process, egress filter, certificate signed and verified',
  },
  {
    area: 'call',
    name: 'resident',
    why: 'after some thousand calls, most of it the process of the node; each is counted whole, shared pages too',
  },
  {
    area: 'attestation',
    name: 'document, cold',
    why: 'four fifths are five P-384 signatures checked by OpenSSL, 0.46 ms each; 0.33 × @peculiar and 0.83 × Go on the day before',
  },
  {
    area: 'guardian',
    name: '',
    peer: 'WebAssembly.validate',
    why: 'V8 validates only; ours decodes twice, by two decoders that must agree, and bounds stack and cost',
  },
  {
    area: 'guardian',
    name: '',
    peer: 'native wasmparser',
    why: 'wasmparser is one of our two decoders; policy, names, secrets and bounds come on top',
  },
  {
    area: 'guardian',
    name: '',
    peer: 'npm wasmparser',
    why: 'it parses without validating a body',
  },
  {
    area: 'guardian',
    name: '',
    peer: 'wabt',
    why: 'it validates only, once',
  },
  {
    area: 'sandbox',
    name: 'run of a JavaScript text',
    why: 'the same engine in wasm, but metered by fuel and in another process',
  },
  {
    area: 'sandbox',
    name: 'run of a component',
    why: 'in another process, metered and capped; jco runs in the caller’s own',
  },
  {
    area: 'sandbox',
    name: 'run from the node',
    peer: 'V8',
    why: 'V8 runs it in the same process as keys would be; ours crosses a pipe, both ways',
  },
  {
    area: 'sandbox',
    name: 'run from the node',
    peer: 'jco',
    why: 'jco runs it in the same process, unmetered; ours crosses a pipe, both ways',
  },
  {
    area: 'sandbox',
    name: 'run from the node',
    peer: 'node:wasi',
    why: 'the peer is set up and not run; ours runs, and crosses a pipe, both ways',
  },
  {
    area: 'egress',
    name: '10 MB JSON',
    why: 'every string is decoded and folded into views, each searched by all detectors',
  },
  {
    area: 'transport',
    name: 'cold start',
    peer: 'HTTPS',
    why: 'HTTPS attests nothing; Noise, multiplexing and proof take the rest of a round trip',
  },
  {
    area: 'transport',
    name: 'stream of sealed',
    why: 'each byte is sealed twice: by Noise, and in records under attested keys',
  },
  {
    area: 'transport',
    name: 'relay, one connection',
    why: 'clients come over TCP, which costs the kernel more than a unix socket (docs/transport.md)',
  },
  {
    area: 'transport',
    name: 'relay, what it adds',
    why: 'a process more on the way, woken once each way',
  },
  {
    area: 'zk',
    name: 'verify one segment, Chromium',
    why: 'the same wasm in another build of V8, in a worker of a page',
  },
  {
    area: 'client',
    name: 'nmp mcp: start',
    why: 'policy, keys and tools are read before the list; the peer has one empty tool',
  },
];

/** What a curve shows, by its id. */
export const REMARKS: Readonly<Record<string, string>> = {
  'output-size':
    'Answers of up to 16 KiB are also searched mirrored and in ROT13 and ROT47, piece by piece: at 16 kB that takes five times as long as 64 kB do without it.',
};

const fits = (about: About, row: Row) =>
  about.area === row.area &&
  row.name.startsWith(about.name) &&
  (about.peer === undefined || (row.peer ?? '').startsWith(about.peer));

export function goalOf(row: Row): Goal | undefined {
  return GOALS.find((goal) => fits(goal, row) && (goal.of === 'value' || row.ratio !== undefined));
}

export const holds = (row: Row, { of, is, limit }: Goal): boolean => {
  const figure = (of === 'value' ? row.value : row.ratio) ?? Number.NaN;
  return is === 'at most' ? figure <= limit : figure >= limit;
};

/** Units of which more is better; of all others less is. */
const RATES = new Set(['1/s', 'MB/s', 'MB per CPU second']);

export function slower({ ratio, unit }: Row): boolean {
  if (ratio === undefined) return false;
  return RATES.has(unit) ? ratio < 1 : ratio > 1;
}

export const reasonOf = (row: Row): string | undefined =>
  REASONS.find((reason) => fits(reason, row))?.why;
