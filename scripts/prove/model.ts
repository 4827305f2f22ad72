/** What is claimed of a ProVerif model, and what each of its protective elements carries. */

export interface Mutant {
  readonly name: string;
  readonly changes: readonly (readonly [from: RegExp, to: string])[];
  /** Starts of the results of which at least one must turn false. */
  readonly breaks: readonly string[];
}

export interface Model {
  /** Of the file in docs/formal, without `.pv`. */
  readonly name: string;
  /** Results that it has, so that none is lost unnoticed. */
  readonly results: number;
  readonly mutants: readonly Mutant[];
}
