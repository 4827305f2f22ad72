/** Reads an expression of the FHIRPath subset (HL7 FHIRPath 2.0, grammar of appendix B). */
import { NmpError } from '../../../shared/errors.ts';
import type { CompareOperator, Expression, Step } from './ast.ts';

/** Longest expression, characters; the configuration's schema has the same bound. */
const EXPRESSION_CHARS_MAX = 1024;
const DEPTH_MAX = 32;

type Token =
  | { readonly kind: 'name' | 'string' | 'symbol'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly text: string; readonly at: number };

const TOKEN =
  /\s*(?:(?<name>\$?[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?)|(?<string>'(?:[^'\\]|\\['"`\\/])*')|(?<symbol><=|>=|!=|[=<>().,[\]]))/y;

function fail(source: string, at: number, what: string): never {
  throw new NmpError('FHIRPATH_INVALID', `${what} at character ${at + 1} of ${source}`);
}

function tokenize(source: string): readonly Token[] {
  if (source.length > EXPRESSION_CHARS_MAX) fail(source.slice(0, 32), 0, 'expression too long');
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = source.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) return fail(source, at, 'unexpected text');
    if (groups.name !== undefined) tokens.push({ kind: 'name', text: groups.name, at });
    else if (groups.number !== undefined) tokens.push({ kind: 'number', text: groups.number, at });
    else if (groups.symbol !== undefined) tokens.push({ kind: 'symbol', text: groups.symbol, at });
    else if (groups.string !== undefined) {
      const text = groups.string.slice(1, -1).replaceAll(/\\(.)/g, '$1');
      tokens.push({ kind: 'string', text, at });
    }
  }
  return tokens;
}

const COMPARE: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);
const isCompare = (text: string): text is CompareOperator => COMPARE.has(text);

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  #fail(what: string): never {
    return fail(this.#source, this.#tokens[this.#at]?.at ?? this.#source.length, what);
  }

  #peek(kind: Token['kind'], text?: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === kind && (text === undefined || token.text === text);
  }

  #accept(kind: Token['kind'], text?: string): string | undefined {
    if (!this.#peek(kind, text)) return undefined;
    return this.#tokens[this.#at++]?.text;
  }

  #expect(kind: Token['kind'], text?: string): string {
    return this.#accept(kind, text) ?? this.#fail(`expected ${text ?? kind}`);
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#at < this.#tokens.length) this.#fail('unexpected text');
    return expression;
  }

  #or(): Expression {
    if (++this.#depth > DEPTH_MAX) this.#fail('nested too deeply');
    let left = this.#and();
    while (this.#accept('name', 'or') !== undefined) {
      left = { kind: 'or', left, right: this.#and() };
    }
    this.#depth--;
    return left;
  }

  #and(): Expression {
    let left = this.#comparison();
    while (this.#accept('name', 'and') !== undefined) {
      left = { kind: 'and', left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): Expression {
    const left = this.#term();
    const operator = this.#tokens[this.#at];
    if (operator?.kind !== 'symbol' || !isCompare(operator.text)) return left;
    this.#at++;
    return { kind: 'compare', operator: operator.text, left, right: this.#term() };
  }

  #term(): Expression {
    const text = this.#accept('string');
    if (text !== undefined) return { kind: 'literal', value: text };
    const number = this.#accept('number');
    if (number !== undefined) return { kind: 'literal', value: Number(number) };
    for (const value of [true, false]) {
      if (this.#accept('name', String(value)) !== undefined) return { kind: 'literal', value };
    }
    if (this.#accept('symbol', '(') !== undefined) {
      const base = this.#or();
      this.#expect('symbol', ')');
      return this.#steps([], base);
    }
    return this.#steps([this.#step()]);
  }

  #steps(steps: Step[], base?: Expression): Expression {
    for (;;) {
      if (this.#accept('symbol', '[') !== undefined) {
        const index = this.#expect('number');
        if (!/^\d{1,9}$/.test(index)) this.#fail('expected an index');
        this.#expect('symbol', ']');
        steps.push({ kind: 'index', index: Number(index) });
      } else if (this.#accept('symbol', '.') !== undefined) {
        this.#afterDot(steps);
      } else break;
    }
    return { kind: 'path', ...(base === undefined ? {} : { base }), steps };
  }

  /** `value.ofType(Quantity)` is the member `valueQuantity` of the JSON form (FHIR R4, 2.6.1.3). */
  #afterDot(steps: Step[]): void {
    if (!this.#peek('name', 'ofType')) {
      steps.push(this.#step());
      return;
    }
    const choice = steps.pop();
    if (choice?.kind !== 'member') this.#fail('ofType() must follow a choice element');
    this.#at++;
    this.#expect('symbol', '(');
    const type = this.#expect('name');
    this.#expect('symbol', ')');
    steps.push({
      kind: 'member',
      name: choice.name + type.charAt(0).toUpperCase() + type.slice(1),
    });
  }

  #step(): Step {
    const name = this.#expect('name');
    if (name === '$this') return { kind: 'this' };
    if (name.startsWith('$')) return this.#fail('only $this is supported');
    if (this.#accept('symbol', '(') === undefined) return { kind: 'member', name };
    const step = this.#call(name);
    this.#expect('symbol', ')');
    return step;
  }

  #call(name: string): Step {
    switch (name) {
      case 'first':
        return { kind: 'index', index: 0 };
      case 'where':
        return { kind: 'where', criteria: this.#or() };
      case 'exists':
        if (this.#peek('symbol', ')')) return { kind: 'exists' };
        return { kind: 'exists', criteria: this.#or() };
      case 'empty':
      case 'not':
        return { kind: name };
      case 'extension':
        return { kind: 'extension', url: this.#expect('string') };
      case 'getResourceKey':
        return { kind: 'resourceKey' };
      case 'getReferenceKey': {
        const type = this.#accept('name');
        return { kind: 'referenceKey', ...(type === undefined ? {} : { type }) };
      }
      default:
        return this.#fail('this function is not in the subset, before');
    }
  }
}

/**
 * @param source at most 1024 characters
 * @throws NmpError FHIRPATH_INVALID naming the place
 */
export function parseFhirPath(source: string): Expression {
  return new Parser(source).whole();
}
