/**
 * Labelled outputs from one seed: what must be blocked, by tier, and what must pass. Written from
 * published formats, without looking at how the filter finds them.
 */
import { BENIGN } from './benign.ts';
import { type Draw, drawOf } from './draw.ts';
import { LAYERS, TEXT_LAYERS } from './layers.ts';
import { DISGUISES, spelledDigits, spelledSigns } from './obfuscations.ts';
import { COPIES, FIGURES, type Row, tableOf } from './table.ts';
import { FINANCE, type Kind, NATIONAL, PEOPLE } from './values-people.ts';
import { ASSIGNED, HEALTH, KEYED, TOKENS } from './values-records.ts';

export type Tier = 'plain' | 'one' | 'chain' | 'disguised' | 'copy' | 'benign' | 'figure';

export interface Sample {
  readonly tier: Tier;
  readonly type: string;
  readonly way: string;
  readonly body: Buffer;
}

const KINDS: Readonly<Record<string, Kind>> = { ...PEOPLE, ...NATIONAL, ...FINANCE };
const DOCUMENTS = { ...HEALTH, ...ASSIGNED, ...KEYED };

const CARRIERS: Readonly<Record<string, (label: string, value: string) => string>> = {
  json: (l, v) => JSON.stringify({ [l]: v, n: 3 }),
  nested: (l, v) => JSON.stringify({ result: { items: [{ [l]: v }] } }),
  prose: (l, v) => `The ${l} is ${v} as of today.`,
  colon: (l, v) => `${l}: ${v}\nstatus: ok\n`,
  csv: (l, v) => `id,${l},n\n1,"${v}",4\n`,
  xml: (l, v) => `<row><${l.replace(/\W/g, '_')}>${v}</${l.replace(/\W/g, '_')}></row>`,
  'name and value': (l, v) => JSON.stringify({ name: l, value: v }),
};

function plainOf(type: string, d: Draw): { body: string; way: string } {
  const kind = KINDS[type];
  if (kind !== undefined) {
    const way = d.pick(Object.keys(CARRIERS));
    return { body: CARRIERS[way]?.(d.pick(kind.labels), kind.make(d)) ?? '', way };
  }
  const token = TOKENS[type];
  if (token === undefined) return { body: DOCUMENTS[type]?.(d) ?? '', way: 'document' };
  const value = token(d);
  const forms = [`{"v":${JSON.stringify(value)}}`, `config ${value} end`, `KEY=${value}\n`, value];
  return { body: d.pick(forms), way: 'token' };
}

export const TYPES = [...Object.keys(KINDS), ...Object.keys(TOKENS), ...Object.keys(DOCUMENTS)];

const carry = (data: Buffer) => Buffer.from(JSON.stringify({ result: data.toString() }));

function encoded(d: Draw, body: string, count: number): { body: Buffer; way: string } {
  let data: Buffer = Buffer.from(body);
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const last = i === count - 1;
    // Bytes may end the chain as they are, or go on inside a text layer.
    const choice = !last || d.int(3) === 0 ? Object.entries(LAYERS) : TEXT_LAYERS;
    const previous = LAYERS[names.at(-1) ?? ''];
    const binary = previous !== undefined && !previous.text;
    const fit = choice.filter(
      ([name, layer]) =>
        (layer.most ?? Infinity) >= data.length &&
        !(
          binary &&
          /percent-usual|unicode|utf|json-string|cbor|entities|bson|msgpack|quoted/.test(name)
        ),
    );
    const [name, layer] = d.pick(fit);
    data = layer.encode(data, d);
    names.push(name);
  }
  const raw = LAYERS[names.at(-1) ?? '']?.text === false;
  return { body: raw ? data : carry(data), way: names.join(' > ') };
}

function* attacks(
  d: Draw,
  per: { plain: number; one: number; chain: number; disguised: number },
): Generator<Sample> {
  for (const type of TYPES) {
    for (let i = 0; i < per.plain; i++) {
      const { body, way } = plainOf(type, d);
      yield { tier: 'plain', type, way, body: Buffer.from(body) };
    }
    for (let i = 0; i < per.one; i++) {
      yield { tier: 'one', type, ...encoded(d, plainOf(type, d).body, 1) };
    }
    for (let i = 0; i < per.chain; i++) {
      yield { tier: 'chain', type, ...encoded(d, plainOf(type, d).body, 2 + d.int(2)) };
    }
  }
  for (const [type, kind] of Object.entries(KINDS)) {
    for (let i = 0; i < per.disguised; i++) {
      const value = kind.make(d);
      const label = d.pick(kind.labels);
      const way = d.pick([
        ...Object.keys(DISGUISES),
        ...(/^[\d\s().+-]+$/.test(value) && value.replace(/\D/g, '').length >= 9
          ? ['spelled digits']
          : []),
        ...(value.includes('@') ? ['spelled signs'] : []),
      ]);
      // A disguise that leaves the value as it is says nothing.
      const make =
        way === 'spelled digits'
          ? spelledDigits
          : way === 'spelled signs'
            ? spelledSigns
            : DISGUISES[way];
      yield { tier: 'disguised', type, way, body: Buffer.from(make?.(value, label, d) ?? '') };
    }
  }
}

export interface Corpus {
  readonly samples: readonly Sample[];
  readonly table: readonly Row[];
}

/** @param scale 1: about 4,600 attacks, 700 copies and 3,200 harmless outputs */
export function corpus(seed: number, scale = 1): Corpus {
  const d = drawOf(seed);
  const times = (n: number) => Math.max(1, Math.round(n * scale));
  const samples: Sample[] = [
    ...attacks(d, { plain: times(10), one: times(12), chain: times(12), disguised: times(20) }),
  ];
  const table = tableOf(d, 400);
  for (const [way, make] of Object.entries(COPIES)) {
    for (let i = 0; i < times(40); i++) {
      samples.push({ tier: 'copy', type: 'table', way, body: Buffer.from(make(d, table)) });
    }
  }
  for (const [type, make] of Object.entries(BENIGN)) {
    for (let i = 0; i < times(40); i++) {
      samples.push({ tier: 'benign', type, way: 'plain', body: Buffer.from(make(d)) });
    }
  }
  for (const [type, make] of Object.entries(FIGURES)) {
    for (let i = 0; i < times(40); i++) {
      samples.push({ tier: 'figure', type, way: 'plain', body: Buffer.from(make(d, table)) });
    }
  }
  return { samples, table };
}
