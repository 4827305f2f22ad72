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
  /** The smallest whole expression or statement that holds the change; none in the name of a property. */
  readonly whole?: Whole;
}

export interface Whole {
  readonly form: 'expression' | 'statement';
  readonly start: number;
  readonly end: number;
  /** What stands in its place; nothing for a statement that is left out. */
  readonly variant: string;
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

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly kind: string;
}

/** A change inside an expression. */
function inside(source: string, whole: Node, edit: Edit, variant?: string): Mutant {
  const { start, end } = whole;
  const text =
    variant ?? source.slice(start, edit.start) + edit.replacement + source.slice(edit.end, end);
  return { ...edit, whole: { form: 'expression', start, end, variant: text } };
}

/** The operator between two operands, replaced; comments between them may hold the same sign. */
function operator(source: string, node: Node, to: string | undefined): Mutant[] {
  const { left, right } = node;
  const sign = String(node.operator);
  if (to === undefined || !isNode(left) || !isNode(right)) return [];
  const at = source.indexOf(sign, left.end);
  if (at < 0 || at >= right.start) return [];
  const edit = { start: at, end: at + sign.length, replacement: to, kind: `${sign} to ${to}` };
  if (node.type === 'AssignmentExpression') return [inside(source, node, edit)];
  // In brackets: signs differ in how strongly they bind, and && beside ?? is no program at all.
  const text = (side: Node) => `(${source.slice(side.start, side.end)})`;
  return [inside(source, node, edit, `${text(left)} ${to} ${text(right)}`)];
}

/** A condition that always holds, and one that never does. */
function condition(source: string, test: unknown, loop = false): Mutant[] {
  if (!isNode(test)) return [];
  const { start, end } = test;
  const never = { start, end, replacement: 'false', kind: 'condition never' };
  const always = { start, end, replacement: 'true', kind: 'condition always' };
  // A loop without end only tests the clock.
  return (loop ? [never] : [never, always]).map((edit) => inside(source, test, edit));
}

function leftOut({ start, end }: Node, kind: string): Mutant[] {
  const whole = { form: 'statement', start, end, variant: '' } as const;
  return [{ start, end, replacement: ';', kind, whole }];
}

function of(source: string, node: Node, isName: boolean): Mutant[] {
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
      return condition(source, node.test);
    case 'WhileStatement':
    case 'ForStatement':
      return condition(source, node.test, true);
    case 'UnaryExpression':
      if (node.operator !== '!') return [];
      return [
        inside(source, node, { start, end: start + 1, replacement: '', kind: 'no negation' }),
      ];
    case 'Literal': {
      const { value } = node;
      if (typeof value !== 'boolean' && typeof value !== 'number') return [];
      const edit =
        typeof value === 'boolean'
          ? { start, end, replacement: String(!value), kind: 'flipped' }
          : { start, end, replacement: String(value + 1), kind: 'one more' };
      return [isName ? edit : inside(source, node, edit)];
    }
    case 'ThrowStatement':
      return leftOut(node, 'not thrown');
    case 'ExpressionStatement':
      if (!isNode(node.expression) || node.expression.type !== 'CallExpression') return [];
      return leftOut(node, 'not called');
    default:
      return [];
  }
}

/** All mutants of a file, in order of place. */
export function mutants(source: string): Mutant[] {
  const out: Mutant[] = [];
  const visit = (value: unknown, isName = false): void => {
    if (Array.isArray(value)) for (const one of value) visit(one);
    if (!isNode(value)) return;
    if (value.type.startsWith('TS') && !THROUGH.has(value.type)) return;
    if (value.type === 'ImportDeclaration') return;
    out.push(...of(source, value, isName));
    const named = 'key' in value && value.computed !== true;
    for (const [field, child] of Object.entries(value)) {
      if (field !== 'type') visit(child, named && field === 'key');
    }
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
