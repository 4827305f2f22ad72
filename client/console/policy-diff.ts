/** What an edit of the client's policy changes: line by line, and in what it lets in. */
import type { ClientPolicy, ReleasePolicy } from '../../shared/policy/client-policy.ts';

export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Cells of the table below; a longer middle is shown as removed and added whole. */
const CELLS_MAX = 1_000_000;

/** Line diff by longest common subsequence. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail++;
  }
  const as = (kind: DiffLine['kind'], lines: readonly string[]) =>
    lines.map((text): DiffLine => ({ kind, text }));
  return [
    ...as('same', a.slice(0, head)),
    ...diffMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...as('same', a.slice(a.length - tail)),
  ];
}

function diffMiddle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  const whole = [
    ...a.map((text): DiffLine => ({ kind: 'removed', text })),
    ...b.map((text): DiffLine => ({ kind: 'added', text })),
  ];
  if (a.length === 0 || b.length === 0 || a.length * b.length > CELLS_MAX) return whole;
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'removed', text: a[i++] ?? '' });
    } else lines.push({ kind: 'added', text: b[j++] ?? '' });
  }
  return lines;
}

export interface PolicyEffect {
  /** `wider` lets in what was refused before. */
  readonly effect: 'wider' | 'narrower';
  readonly text: string;
}

const nameOf = ({ name, pcr0 }: ReleasePolicy) => `${name ?? 'release'} (${pcr0.slice(0, 12)}…)`;

/** @returns wider first: that is what a reviewer has to answer for */
export function policyEffects(before: ClientPolicy, after: ClientPolicy): readonly PolicyEffect[] {
  const wider: string[] = [];
  const narrower: string[] = [];
  const differ = (was: readonly string[], is: readonly string[], what: string) => {
    for (const entry of is)
      if (!was.includes(entry)) wider.push(`${what} ${entry.slice(0, 12)}… added`);
    for (const entry of was)
      if (!is.includes(entry)) narrower.push(`${what} ${entry.slice(0, 12)}… removed`);
  };
  const key = (release: ReleasePolicy) => JSON.stringify(release);
  const was = new Set(before.releases.map(key));
  const is = new Set(after.releases.map(key));
  for (const release of after.releases) {
    if (!was.has(key(release))) wider.push(`${nameOf(release)} is trusted`);
  }
  for (const release of before.releases) {
    if (!is.has(key(release)))
      narrower.push(`${nameOf(release)} is trusted no longer in this form`);
  }
  differ(before.simulatedRoots, after.simulatedRoots, 'simulated root');
  // Without `anchors` it is AWS's root alone.
  differ(before.anchors ?? ['the root of AWS'], after.anchors ?? ['the root of AWS'], 'root');
  if (after.maxAgeMs !== before.maxAgeMs) {
    (after.maxAgeMs > before.maxAgeMs ? wider : narrower).push(
      `documents may be ${after.maxAgeMs / 1000} s old instead of ${before.maxAgeMs / 1000} s`,
    );
  }
  if (after.allowDebug !== before.allowDebug) {
    (after.allowDebug ? wider : narrower).push(
      after.allowDebug
        ? 'enclaves whose memory can be read are accepted'
        : 'enclaves whose memory can be read are refused',
    );
  }
  if (JSON.stringify(after.log) !== JSON.stringify(before.log)) {
    if (after.log === undefined) wider.push('releases need not stand in a transparency log');
    else if (before.log === undefined) narrower.push('releases must stand in a transparency log');
    else wider.push('another transparency log or signer is trusted');
  }
  return [
    ...wider.map((text): PolicyEffect => ({ effect: 'wider', text })),
    ...narrower.map((text): PolicyEffect => ({ effect: 'narrower', text })),
  ];
}
