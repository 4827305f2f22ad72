/**
 * Patterns of digits as libphonenumber writes them, (?:…|…), [3-57], \d, {2,5} and ?: strings that
 * match one, and how all that match one begin.
 */
import type { Draw } from './draw.ts';

interface Repeated {
  readonly node: Node;
  readonly least: number;
  readonly most: number;
}

/** One digit of some, or one of some sequences. */
type Node = string | readonly (readonly Repeated[])[];

/** @throws SyntaxError for any other part of the language */
export function readPattern(pattern: string): Node {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`place ${at} of ${pattern}`);
  };
  const take = (form: RegExp): readonly string[] => {
    const found = form.exec(pattern.slice(at)) ?? [];
    at += found[0]?.length ?? 0;
    return found;
  };

  function choice(): Node {
    const branches = [sequence()];
    while (take(/^\|/).length > 0) branches.push(sequence());
    return branches;
  }

  function sequence(): readonly Repeated[] {
    const parts: Repeated[] = [];
    while (at < pattern.length && !/^[|)]/.test(pattern.slice(at))) {
      const node = atom();
      const [times, least = '0', , most = least] = take(/^(?:\{(\d+)(,(\d+))?\}|\?)/);
      parts.push(
        times === undefined
          ? { node, least: 1, most: 1 }
          : { node, least: Number(least), most: times === '?' ? 1 : Number(most) },
      );
    }
    return parts;
  }

  function atom(): Node {
    const [token = fail()] = take(/^(?:\(\?:|\[[\d-]+\]|\\d|\d)/);
    if (token === '(?:') {
      const inner = choice();
      return take(/^\)/).length > 0 ? inner : fail();
    }
    const digit = new RegExp(token);
    return [...'0123456789'].filter((one) => digit.test(one)).join('');
  }

  const whole = choice();
  return at === pattern.length ? whole : fail();
}

export function drawMatch(node: Node, draw: Draw): string {
  if (typeof node === 'string') return draw.from(node, 1);
  return draw
    .pick(node)
    .flatMap(({ node: part, least, most }) =>
      Array.from({ length: least + draw.int(most - least + 1) }, () => drawMatch(part, draw)),
    )
    .join('');
}

/** First digits and length of a match, as `46:9`. */
type Beginning = `${string}:${number}`;

function joined(a: ReadonlySet<Beginning>, b: ReadonlySet<Beginning>, keep: number) {
  const all = new Set<Beginning>();
  for (const left of a) {
    const [digits = '', length] = left.split(':');
    for (const right of b) {
      const [more = '', further] = right.split(':');
      all.add(`${`${digits}${more}`.slice(0, keep)}:${Number(length) + Number(further)}`);
    }
  }
  return all;
}

/** The first `keep` digits and the lengths of all that match. */
export function beginnings(node: Node, keep: number): ReadonlySet<Beginning> {
  if (typeof node === 'string') return new Set([...node].map((digit): Beginning => `${digit}:1`));
  const all = new Set<Beginning>();
  for (const sequence of node) {
    let so: ReadonlySet<Beginning> = new Set<Beginning>([':0']);
    for (const { node: part, least, most } of sequence) {
      const one = beginnings(part, keep);
      const repeated = new Set<Beginning>();
      let times: ReadonlySet<Beginning> = new Set<Beginning>([':0']);
      for (let n = 0; n <= most; n++) {
        if (n >= least) for (const each of times) repeated.add(each);
        times = joined(times, one, keep);
      }
      so = joined(so, repeated, keep);
    }
    for (const each of so) all.add(each);
  }
  return all;
}
