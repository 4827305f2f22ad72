/** Components byte by byte: what no assembler writes. */
import { describe, expect, it } from 'vitest';
import {
  type ComponentInfo,
  decodeComponent,
  emptyComponent,
} from '../../../enclave/guardian/component.ts';
import { Stop } from '../../../enclave/guardian/reader.ts';

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const MODULE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** LEB128, two bytes. */
const length = (n: number) => [(n & 127) | 128, n >> 7];
const section = (id: number, ...content: readonly number[]) => [
  id,
  ...length(content.length),
  ...content,
];
/** A section of one item. */
const one = (id: number, ...item: readonly number[]) => section(id, 1, ...item);
const component = (...sections: readonly (readonly number[])[]) =>
  Uint8Array.from([...PREAMBLE, ...sections.flat()]);
const inner = (...sections: readonly (readonly number[])[]) =>
  section(4, ...PREAMBLE, ...sections.flat());
const module = section(1, ...MODULE);
const name = (text: string) => [text.length, ...Buffer.from(text)];
const extern = (text: string) => [0, ...name(text)];

function read(bytes: Uint8Array): ComponentInfo | string {
  const info = emptyComponent();
  try {
    decodeComponent(bytes, info);
    return info;
  } catch (error) {
    if (error instanceof Stop) return error.kind;
    throw error;
  }
}
/** @throws if it is refused */
function taken(...sections: readonly (readonly number[])[]): ComponentInfo {
  const info = read(component(...sections));
  if (typeof info === 'string') throw new Error(info);
  return info;
}
const nested = (depth: number): number[] => (depth === 0 ? [] : inner(nested(depth - 1)));

const REFUSED: readonly (readonly [string, Uint8Array, string])[] = [
  ['a section that does not exist', component(section(13)), 'MALFORMED'],
  ['values, behind a feature', component(section(12)), 'FEATURE'],
  ['a start function, behind a feature', component(section(9, 0, 0, 0)), 'FEATURE'],
  ['a section longer than its component', component([2, 9, 0]), 'MALFORMED'],
  ['more in a section than its items', component(section(2, 0, 0)), 'MALFORMED'],
  ['an inner component of another layer', component(section(4, ...MODULE)), 'MALFORMED'],
  ['an inner component cut short', component(section(4, ...PREAMBLE.slice(0, 7))), 'MALFORMED'],
  ['an instance of no known form', component(one(2, 2)), 'MALFORMED'],
  [
    'an argument that is no instance',
    component(module, one(2, 0, 0, 1, ...name('a'), 0x11, 0)),
    'MALFORMED',
  ],
  ['a component instance of no known form', component(one(5, 2)), 'MALFORMED'],
  ['an alias of no known target', component(one(6, 4, 3, 0, 0)), 'MALFORMED'],
  ['an alias further out than there is', component(one(6, 4, 2, 1, 0)), 'INVALID'],
  ['a sort that does not exist', component(one(6, 6, 0, 0, ...name('a'))), 'MALFORMED'],
  ['a name with options', component(one(10, 2, ...name('a'), 1, 0)), 'FEATURE'],
  ['a name of no known form', component(one(10, 3, ...name('a'), 1, 0)), 'MALFORMED'],
  ['an imported value', component(one(10, ...extern('a'), 2, 0, 0)), 'FEATURE'],
  [
    'an export that is neither ascribed nor not',
    component(one(11, ...extern('a'), 1, 0, 2)),
    'MALFORMED',
  ],
  ['components deeper than sixteen', component(nested(17)), 'INVALID'],
];

describe('a component in bytes', () => {
  it.each(REFUSED)('is refused with %s', (_, bytes, kind) => {
    expect(read(bytes)).toBe(kind);
  });

  it('may nest sixteen deep, and embed a thousand', () => {
    expect(read(component(nested(16)))).toBeTypeOf('object');
    const embedded = (count: number) =>
      read(component(Array.from({ length: count }, () => module).flat()));
    expect(embedded(1000)).toMatchObject({ modules: { length: 1000 } });
    expect(embedded(1001)).toBe('INVALID');
  });

  it('names what is imported and exported at its outside, and only there', () => {
    const imports = [
      one(10, ...extern('f'), 1, 0),
      one(10, ...extern('m'), 0, 0x11, 0),
      one(10, ...extern('c'), 4, 0),
      one(10, ...extern('eq'), 3, 0, 0),
      one(10, ...extern('res'), 3, 1),
    ];
    const exports = [
      one(11, ...extern('of-m'), 0, 0x11, 0, 0),
      one(11, ...extern('of-c'), 4, 0, 1, 4, 0),
    ];
    const info = taken(...imports, ...exports, inner(one(10, ...extern('hidden'), 1, 0)));
    expect(info.imports).toEqual([
      { name: 'f', kind: 'func', resource: false },
      { name: 'm', kind: 'module', resource: false },
      { name: 'c', kind: 'component', resource: false },
      { name: 'eq', kind: 'type', resource: false },
      { name: 'res', kind: 'type', resource: true },
    ]);
    expect(info.exports.map(({ name: of, kind }) => `${of} ${kind}`)).toEqual([
      'of-m module',
      'of-c component',
    ]);
    expect(taken(inner(one(11, ...extern('hidden'), 0, 0x11, 0, 0))).exports).toEqual([]);
  });

  it('knows that it does not know what an import instantiates', () => {
    const imported = one(10, ...extern('m'), 0, 0x11, 0);
    expect(taken(imported, one(2, 0, 0, 0)).opaqueInstances).toBe(true);
    expect(taken(one(10, ...extern('c'), 4, 0), one(5, 0, 0, 0)).opaqueInstances).toBe(true);
    // Of an index that stands for nothing, and of an alias out of an instance.
    expect(taken(one(2, 0, 7, 0)).opaqueInstances).toBe(true);
    const alias = one(6, 0, 0x11, 0, 0, ...name('m'));
    expect(taken(alias, one(2, 0, 0, 0)).opaqueInstances).toBe(true);
    const missing = inner(one(6, 0, 0x11, 2, 1, 9), one(2, 0, 0, 0));
    expect(taken(missing).opaqueInstances).toBe(true);
    expect(taken(module, one(2, 0, 0, 0)).opaqueInstances).toBe(false);
  });

  it('counts instances through exports and aliases, and wires made of items as none', () => {
    const again = one(11, ...extern('m'), 0, 0x11, 0, 0);
    const info = taken(module, again, one(2, 0, 0, 0), one(2, 0, 1, 0));
    expect(info.modules[0]?.instances).toBe(2);
    const out = inner(one(6, 0, 0x11, 2, 1, 0), one(2, 0, 0, 0), one(2, 0, 0, 0));
    const twice = taken(
      module,
      out,
      one(5, 0, 0, 1, ...name('x'), 1, 0),
      one(11, ...extern('c'), 4, 0, 0),
      one(5, 0, 1, 0),
    );
    expect(twice.modules[0]?.instances).toBe(4);
    const wires = taken(
      one(2, 1, 1, ...name('a'), 0, 0),
      one(5, 1, 1, ...extern('b'), 1, 0),
      module,
      one(2, 0, 0, 1, ...name('a'), 0x12, 0),
    );
    expect(wires.modules[0]?.instances).toBe(1);
  });

  it('counts its custom sections, and leaves types to the authority', () => {
    const info = taken(section(0, ...name('note'), 1, 2), section(7, 1, 0x40, 0, 1, 0));
    expect([info.customSections, info.customBytes]).toEqual([1, 7]);
    expect(info.sections).toHaveLength(10);
  });
});
