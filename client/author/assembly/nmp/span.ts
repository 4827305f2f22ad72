/** A stretch of memory that is read with bounds: a read outside ends the run with a trap. */

/** Ends the run; the host sees a trap and releases nothing. */
// @ts-ignore: decorator
@inline
export function check(holds: bool): void {
  if (!holds) unreachable();
}

export class Span {
  constructor(
    readonly start: usize,
    readonly length: u32,
  ) {}

  /** Address of `size` bytes at `at`. */
  // @ts-ignore: decorator
  @inline
  address(at: u32, size: u32): usize {
    check(at <= this.length && size <= this.length - at);
    return this.start + at;
  }

  u8(at: u32): u32 {
    return load<u8>(this.address(at, 1));
  }

  u16(at: u32): u32 {
    return load<u16>(this.address(at, 2));
  }

  u32(at: u32): u32 {
    return load<u32>(this.address(at, 4));
  }

  /** A 64-bit length, which no span can exceed. */
  length64(at: u32): u32 {
    const value = load<u64>(this.address(at, 8));
    check(value <= <u64>this.length);
    return <u32>value;
  }

  cut(at: u32, size: u32): Span {
    return new Span(this.address(at, size), size);
  }

  text(at: u32, size: u32): string {
    return String.UTF8.decodeUnsafe(this.address(at, size), size);
  }
}
