/**
 * The schema language of capability inputs and outputs: a closed subset of JSON Schema 2020-12
 * in which every value space is finite unless free text is declared, so that an answer's
 * information content can be stated in bits.
 */
export type ValueSchema =
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | {
      readonly type: 'number';
      readonly minimum: number;
      readonly maximum: number;
      /** Step between representable values, e.g. 0.01. */
      readonly multipleOf: number;
    }
  | { readonly type: 'boolean' }
  | { readonly type: 'null' }
  | { readonly type: 'string'; readonly enum: readonly string[] }
  | { readonly type: 'string'; readonly maxLength: number; readonly 'x-nmp-free-text': true }
  | {
      readonly type: 'array';
      readonly items: ValueSchema;
      readonly maxItems: number;
      readonly minItems?: number;
    }
  | {
      readonly type: 'object';
      readonly properties: Readonly<Record<string, ValueSchema>>;
      readonly required?: readonly string[];
      readonly additionalProperties: false;
    }
  | { readonly anyOf: readonly ValueSchema[] };
