/**
 * The seam to the validity authority: the same wasmparser (=0.254.2) that the engine compiles with.
 * The guardian's own decoder and this one must see the same sections, or the module is refused.
 */

/** What the authority says about one binary. */
export interface AuthorityReport {
  /**
   * True if the whole binary (nested modules and components included) validates with exactly:
   * mutable-global, sign-extension, saturating-float-to-int, multi-value, bulk-memory,
   * reference-types; and, for a component, the component model without async, threads or values.
   */
  readonly valid: boolean;
  /** Byte offset of the first error, or 0. */
  readonly offset: number;
  /**
   * Every section met, in the order of the bytes, five numbers each: depth
   * (0 for the outermost binary), section id, offset of the first content byte (after id and
   * size), offset past the last, and the item count (the leading u32 of a vector section; 1 for
   * start; 0 for custom sections, embedded modules and embedded components). An embedded module
   * or component has its own record, followed by its inner sections at depth + 1.
   * Complete if `valid`; else as far as parsing came.
   */
  readonly sections: Uint32Array;
}

/** Validates bytes fully; never throws for hostile bytes. Synchronous, linear in the length. */
export interface ValidityAuthority {
  check(binary: Uint8Array): AuthorityReport;
}
