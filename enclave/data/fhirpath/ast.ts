/** The syntax tree of the FHIRPath subset; docs/write-logic.md lists what it covers. */

export type CompareOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'path'; readonly base?: Expression; readonly steps: readonly Step[] }
  | {
      readonly kind: 'compare';
      readonly operator: CompareOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'and' | 'or';
      readonly left: Expression;
      readonly right: Expression;
    };

export type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'where'; readonly criteria: Expression }
  | { readonly kind: 'exists'; readonly criteria?: Expression }
  | { readonly kind: 'empty' | 'not' | 'resourceKey' | 'this' }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'referenceKey'; readonly type?: string };
