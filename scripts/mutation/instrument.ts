/**
 * All mutants of a file in one text, each behind a question by its number: one transformed module
 * serves every mutant, and the one that is active is chosen while tests run.
 */
import type { Mutant, Whole } from './mutants.ts';

export interface Numbered {
  /** From 1. */
  readonly id: number;
  readonly mutant: Mutant;
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly form: Whole['form'];
  readonly variants: readonly { readonly id: number; readonly variant: string }[];
}

/** Those that can be chosen while running; the others change the text itself. */
function placesOf(all: readonly Numbered[]): Place[] {
  const places = new Map<string, Place>();
  for (const { id, mutant } of all) {
    if (mutant.whole === undefined) continue;
    const { form, start, end, variant } = mutant.whole;
    const key = `${form} ${start} ${end}`;
    const before = places.get(key)?.variants ?? [];
    places.set(key, { start, end, form, variants: [...before, { id, variant }] });
  }
  // Outer ones first; of the same range the statement holds the expression.
  return [...places.values()].sort(
    (a, b) => a.start - b.start || b.end - a.end || (a.form === 'statement' ? -1 : 1),
  );
}

const asked = (id: number) => `globalThis.__nmpMutant(${id})`;

function wrapped({ form, variants }: Place, inner: string): string {
  if (form === 'statement') {
    return variants.reduce((text, { id }) => `{if(!${asked(id)}){${text}}}`, inner);
  }
  const chosen = variants.map(({ id, variant }) => `${asked(id)}?(${variant}):`).join('');
  return `(${chosen}(${inner}))`;
}

/** @throws Error if two places overlap without one holding the other */
export function instrument(source: string, all: readonly Numbered[]): string {
  const places = placesOf(all);
  let next = 0;
  const text = (start: number, end: number): string => {
    let out = '';
    let at = start;
    for (let place = places[next]; place !== undefined && place.start < end; place = places[next]) {
      if (place.end > end) throw new Error('mutants overlap');
      next++;
      out += source.slice(at, place.start) + wrapped(place, text(place.start, place.end));
      at = place.end;
    }
    return out + source.slice(at, end);
  };
  return text(0, source.length);
}
