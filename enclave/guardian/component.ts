/**
 * Decodes a component (component-model Binary.md, layer 1, version 0x0d) as far as the policy needs:
 * its sections, embedded modules, how often each is instantiated, imports and exports.
 * Embedded components are walked with a list of open frames, not with the call stack.
 */
import { decodeModule } from './decode-module.ts';
import { emptyModule, type ModuleInfo } from './module-info.ts';
import { Reader } from './reader.ts';

const COMPONENT_PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00] as const;

/** Components within components; wasmparser's own limit is higher. */
const MAX_DEPTH = 16;
/** Embedded modules and components; each costs an allocation. */
const MAX_EMBEDDED = 1000;

type ComponentExternKind = 'module' | 'func' | 'value' | 'type' | 'component' | 'instance';

interface ComponentExtern {
  readonly name: string;
  readonly kind: ComponentExternKind;
  /** A type import that makes a new resource, which the host would have to own. */
  readonly resource: boolean;
}

interface EmbeddedModule {
  readonly info: ModuleInfo;
  /** Instances of it that one instance of the whole component has; may be Infinity. */
  instances: number;
}

export interface ComponentInfo {
  /** Flat section records as in {@link ModuleInfo.sections}. */
  readonly sections: number[];
  readonly modules: EmbeddedModule[];
  /** Imports and exports of the outermost component. */
  readonly imports: ComponentExtern[];
  readonly exports: ComponentExtern[];
  /** Custom sections of the components themselves: number and content bytes. */
  customSections: number;
  customBytes: number;
  /** An instance of something that only the host, or another instance, could tell us. */
  opaqueInstances: boolean;
}

/** One component's definitions while it is open. */
interface Scope {
  readonly parent: Scope | undefined;
  readonly end: number;
  readonly depth: number;
  /** Index spaces: position in `modules` or `components`; -1 if not known here. */
  readonly modules: number[];
  readonly components: number[];
  /** What one instance of this component instantiates. */
  readonly moduleInstances: Map<number, number>;
  readonly componentInstances: Map<number, number>;
}

export function isComponent(bytes: Uint8Array): boolean {
  return COMPONENT_PREAMBLE.every((byte, index) => bytes[index] === byte);
}

/** @throws Stop as `decodeModule` does */
export function decodeComponent(bytes: Uint8Array, info: ComponentInfo): void {
  const reader = new Reader(bytes);
  const closed: Scope[] = [];
  let embedded = 0;
  let scope = openScope(undefined, bytes.length, 0);
  reader.pos = COMPONENT_PREAMBLE.length;
  for (;;) {
    if (reader.pos === scope.end) {
      const position = closed.push(scope) - 1;
      if (scope.parent === undefined) break;
      scope = scope.parent;
      reader.end = scope.end;
      scope.components.push(position);
      continue;
    }
    reader.end = scope.end;
    const id = reader.u8();
    const size = reader.u32();
    const start = reader.pos;
    if (size > scope.end - start) reader.fail();
    const end = start + size;
    reader.end = end;
    if (id === 1 || id === 4) {
      if (++embedded > MAX_EMBEDDED || scope.depth >= MAX_DEPTH) reader.fail('INVALID');
      info.sections.push(scope.depth, id, start, end, 0);
      if (id === 4) {
        for (const expected of COMPONENT_PREAMBLE) if (reader.u8() !== expected) reader.fail();
        scope = openScope(scope, end, scope.depth + 1);
        continue;
      }
      const module = emptyModule();
      scope.modules.push(info.modules.push({ info: module, instances: 0 }) - 1);
      try {
        decodeModule(bytes, module, start, end, scope.depth + 1);
      } finally {
        for (const number of module.sections) info.sections.push(number);
      }
      reader.pos = end;
      continue;
    }
    if (id === 0) {
      reader.name();
      info.customSections++;
      info.customBytes += size;
      info.sections.push(scope.depth, 0, start, end, 0);
      reader.pos = end;
      continue;
    }
    if (id > 11) reader.fail(id === 12 ? 'FEATURE' : 'MALFORMED');
    if (id === 9) reader.fail('FEATURE');
    const count = reader.count(1);
    info.sections.push(scope.depth, id, start, end, count);
    if (!section(reader, info, scope, id, count)) reader.pos = end;
    if (reader.pos !== end) reader.fail();
  }
  countInstances(info, closed);
}

function openScope(parent: Scope | undefined, end: number, depth: number): Scope {
  return {
    parent,
    end,
    depth,
    modules: [],
    components: [],
    moduleInstances: new Map(),
    componentInstances: new Map(),
  };
}

/** Reads the sections that define, instantiate, import or export; false for those left to the authority. */
function section(
  reader: Reader,
  info: ComponentInfo,
  scope: Scope,
  id: number,
  count: number,
): boolean {
  switch (id) {
    case 2:
      for (let index = 0; index < count; index++) coreInstance(reader, info, scope);
      return true;
    case 5:
      for (let index = 0; index < count; index++) componentInstance(reader, info, scope);
      return true;
    case 6:
      for (let index = 0; index < count; index++) alias(reader, scope);
      return true;
    case 10:
      for (let index = 0; index < count; index++) {
        const name = externName(reader);
        const { kind, resource } = externType(reader);
        if (kind === 'module') scope.modules.push(-1);
        if (kind === 'component') scope.components.push(-1);
        if (scope.parent === undefined) info.imports.push({ name, kind, resource });
      }
      return true;
    case 11:
      for (let index = 0; index < count; index++) {
        const name = externName(reader);
        const kind = sort(reader);
        const item = reader.u32();
        const ascribed = reader.u8();
        if (ascribed > 1) reader.fail();
        if (ascribed === 1) externType(reader);
        // An export is a new index for the same thing.
        if (kind === 'module') scope.modules.push(scope.modules[item] ?? -1);
        if (kind === 'component') scope.components.push(scope.components[item] ?? -1);
        if (scope.parent === undefined) info.exports.push({ name, kind, resource: false });
      }
      return true;
    default:
      return false;
  }
}

function addInstance(
  info: ComponentInfo,
  counts: Map<number, number>,
  position: number | undefined,
): void {
  if (position === undefined || position < 0) info.opaqueInstances = true;
  else counts.set(position, (counts.get(position) ?? 0) + 1);
}

function coreInstance(reader: Reader, info: ComponentInfo, scope: Scope): void {
  const form = reader.u8();
  if (form === 0) {
    addInstance(info, scope.moduleInstances, scope.modules[reader.u32()]);
    for (let count = reader.count(3); count > 0; count--) {
      reader.name();
      if (reader.u8() !== 0x12) reader.fail();
      reader.u32();
    }
  } else if (form === 1) {
    for (let count = reader.count(3); count > 0; count--) {
      reader.name();
      reader.u8();
      reader.u32();
    }
  } else reader.fail();
}

function componentInstance(reader: Reader, info: ComponentInfo, scope: Scope): void {
  const form = reader.u8();
  if (form === 0) {
    addInstance(info, scope.componentInstances, scope.components[reader.u32()]);
    for (let count = reader.count(3); count > 0; count--) {
      reader.name();
      sort(reader);
      reader.u32();
    }
  } else if (form === 1) {
    for (let count = reader.count(4); count > 0; count--) {
      externName(reader);
      sort(reader);
      reader.u32();
    }
  } else reader.fail();
}

function alias(reader: Reader, scope: Scope): void {
  const kind = sort(reader);
  const target = reader.u8();
  let position = -1;
  if (target === 0 || target === 1) {
    reader.u32();
    reader.name();
  } else if (target === 2) {
    let outer: Scope | undefined = scope;
    for (let up = reader.u32(); up > 0; up--) outer = outer?.parent ?? reader.fail('INVALID');
    const index = reader.u32();
    position = (kind === 'module' ? outer?.modules : outer?.components)?.[index] ?? -1;
  } else reader.fail();
  if (kind === 'module') scope.modules.push(position);
  if (kind === 'component') scope.components.push(position);
}

/** `sort`; core sorts other than module are given as values: they define nothing we count. */
function sort(reader: Reader): ComponentExternKind {
  const code = reader.u8();
  switch (code) {
    case 0:
      return reader.u8() === 0x11 ? 'module' : 'value';
    case 1:
      return 'func';
    case 2:
      return 'value';
    case 3:
      return 'type';
    case 4:
      return 'component';
    case 5:
      return 'instance';
    default:
      return reader.fail();
  }
}

function externName(reader: Reader): string {
  const form = reader.u8();
  // 2 carries options (version suffix, implements) behind a feature.
  if (form > 1) reader.fail(form === 2 ? 'FEATURE' : 'MALFORMED');
  return reader.name();
}

function externType(reader: Reader): { kind: ComponentExternKind; resource: boolean } {
  const kind = sort(reader);
  let resource = false;
  if (kind === 'type') {
    resource = reader.u8() === 1;
    if (!resource) reader.u32();
  } else if (kind === 'value') reader.fail('FEATURE');
  else reader.u32();
  return { kind, resource };
}

/**
 * Multiplies instance counts down from the outermost component. A component can only instantiate
 * one that was complete before, so the order of completion, backwards, visits users first.
 */
function countInstances(info: ComponentInfo, closed: readonly Scope[]): void {
  const instances = new Float64Array(closed.length);
  instances[closed.length - 1] = 1;
  for (let position = closed.length - 1; position >= 0; position--) {
    const scope = closed[position] as Scope;
    const times = instances[position] as number;
    if (times === 0) continue;
    for (const [component, count] of scope.componentInstances) {
      instances[component] = (instances[component] as number) + times * count;
    }
    for (const [module, count] of scope.moduleInstances) {
      (info.modules[module] as EmbeddedModule).instances += times * count;
    }
  }
}

export function emptyComponent(): ComponentInfo {
  return {
    sections: [],
    modules: [],
    imports: [],
    exports: [],
    customSections: 0,
    customBytes: 0,
    opaqueInstances: false,
  };
}
