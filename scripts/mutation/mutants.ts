/**
 * Small changes of meaning in TypeScript, each of which a test ought to notice. After the usual set
 * (Stryker's), without texts and empty arrays; numbers are shifted by one besides. Types are not touched.
 */
import { parseAst } from 'vitest/node';

export interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly kind: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const BINARY: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&': '|',
  '|': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};
const LOGICAL: Readonly<Record<string, string>> = { '&&': '||', '||': '&&', '??': '&&' };
const ASSIGNED: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '|=': '&=',
  '&=': '|=',
};
/** Nodes of types that hold an expression all the same. */
const THROUGH = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression']);

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string';

/** The operator between two operands, replaced; comments between them may hold the same sign. */
function operator(source: string, node: Node, to: string | undefined): Mutant[] {
  const { left, right } = node;
  const sign = String(node.operator);
  if (to === undefined || !isNode(left) || !isNode(right)) return [];
  const at = source.indexOf(sign, left.end);
  if (at < 0 || at >= right.start) return [];
  return [{ start: at, end: at + sign.length, replacement: to, kind: `${sign} to ${to}` }];
}

/** A condition that always holds, and one that never does. */
function condition(test: unknown, loop = false): Mutant[] {
  if (!isNode(test)) return [];
  const { start, end } = test;
  const never = { start, end, replacement: 'false', kind: 'condition never' };
  // A loop without end only tests the clock.
  return loop ? [never] : [never, { start, end, replacement: 'true', kind: 'condition always' }];
}

function of(source: string, node: Node): Mutant[] {
  const { start, end } = node;
  switch (node.type) {
    case 'BinaryExpression':
      return operator(source, node, BINARY[String(node.operator)]);
    case 'LogicalExpression':
      return operator(source, node, LOGICAL[String(node.operator)]);
    case 'AssignmentExpression':
      return operator(source, node, ASSIGNED[String(node.operator)]);
    case 'IfStatement':
    case 'ConditionalExpression':
      return condition(node.test);
    case 'WhileStatement':
    case 'ForStatement':
      return condition(node.test, true);
    case 'UnaryExpression':
      if (node.operator !== '!') return [];
      return [{ start, end: start + 1, replacement: '', kind: 'no negation' }];
    case 'Literal':
      if (typeof node.value === 'boolean')
        return [{ start, end, replacement: String(!node.value), kind: 'flipped' }];
      if (typeof node.value === 'number')
        return [{ start, end, replacement: String(node.value + 1), kind: 'one more' }];
      return [];
    case 'ThrowStatement':
      return [{ start, end, replacement: ';', kind: 'not thrown' }];
    case 'ExpressionStatement':
      if (!isNode(node.expression) || node.expression.type !== 'CallExpression') return [];
      return [{ start, end, replacement: ';', kind: 'not called' }];
    default:
      return [];
  }
}

/** All mutants of a file, in order of place. */
export function mutants(source: string): Mutant[] {
  const out: Mutant[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one);
    if (!isNode(value)) return;
    if (value.type.startsWith('TS') && !THROUGH.has(value.type)) return;
    if (value.type === 'ImportDeclaration') return;
    out.push(...of(source, value));
    for (const [field, child] of Object.entries(value)) if (field !== 'type') visit(child);
  };
  visit(parseAst(source, { lang: 'ts' }));
  return out.sort((a, b) => a.start - b.start || a.end - b.end);
}

export const apply = (source: string, { start, end, replacement }: Mutant): string =>
  source.slice(0, start) + replacement + source.slice(end);

/** Wilson's interval of a share at 95 %, in per cent. */
export function interval(hits: number, of: number): readonly [low: number, high: number] {
  const z = 1.96;
  const share = hits / of;
  const middle = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return [(100 * (middle - half)) / whole, (100 * (middle + half)) / whole];
}
