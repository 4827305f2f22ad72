/**
 * Decimal text to the nearest f64, ties to even. AssemblyScript's own parseFloat can be wrong by
 * a factor of ten for long numbers with large exponents, so numbers are read with exact arithmetic.
 */
import { check } from './span';

/** Significant digits and exponents beyond what the shortest text of an f64 can have. */
const DIGITS_MAX: i32 = 40;
const EXPONENT_MAX: i32 = 400;
/** 50 limbs below the units: more bits than 10^440 has. */
const FRACTION_LIMBS: i32 = 50;
/** 40 digits × 10^400 take 46 limbs above them. */
const LIMBS: i32 = 96;
const BILLION: u32 = 1_000_000_000;

/** A natural number of 32-bit limbs, least significant first. */
class Natural {
  private limbs: StaticArray<u32> = new StaticArray<u32>(LIMBS);

  /** this × factor + addend, on the limbs from `low` on. */
  scale(factor: u32, addend: u32, low: i32): void {
    let carry: u64 = addend;
    for (let i = low; i < LIMBS; i++) {
      carry += <u64>this.limbs[i] * factor;
      this.limbs[i] = <u32>carry;
      carry >>= 32;
    }
    check(carry == 0);
  }

  /** this ÷ divisor; true if something was lost. */
  divide(divisor: u32): bool {
    let rest: u64 = 0;
    for (let i = LIMBS - 1; i >= 0; i--) {
      rest = (rest << 32) | this.limbs[i];
      this.limbs[i] = <u32>(rest / divisor);
      rest %= divisor;
    }
    return rest != 0;
  }

  /** Number of bits. */
  get bits(): i32 {
    for (let i = LIMBS - 1; i >= 0; i--) {
      if (this.limbs[i] != 0) return 32 * i + 32 - <i32>clz(this.limbs[i]);
    }
    return 0;
  }

  bit(at: i32): u64 {
    return at < 0 ? 0 : (this.limbs[at >> 5] >> (at & 31)) & 1;
  }

  /** True if a bit below `at` is set. */
  anyBelow(at: i32): bool {
    for (let i = 0; i < at; i++) if (this.bit(i) != 0) return true;
    return false;
  }
}

/** this number × 2^-`point`, with `lost` saying that it is a little more than that. */
function nearest(value: Natural, point: i32, lost: bool): f64 {
  const top = value.bits - 1;
  let exponent = top - point;
  // Below 2^-1022 there are fewer bits (IEEE 754, subnormal numbers).
  const precision = exponent >= -1022 ? 53 : 53 + 1022 + exponent;
  if (precision < 0) return 0;
  let mantissa: u64 = 0;
  for (let i = 0; i < precision; i++) mantissa = (mantissa << 1) | value.bit(top - i);
  const half = top - precision;
  if (value.bit(half) == 1 && ((mantissa & 1) == 1 || lost || value.anyBelow(half))) mantissa++;
  if (exponent < -1022) return reinterpret<f64>(mantissa);
  if (mantissa >> 53 == 1) {
    mantissa >>= 1;
    exponent++;
  }
  check(exponent <= 1023);
  return reinterpret<f64>((<u64>(exponent + 1023) << 52) | (mantissa & 0xfffffffffffff));
}

/** The number of a JSON number text (RFC 8259, section 6); a trap for any other text. */
export function decimal(text: string): f64 {
  let at = 0;
  const negative = text.charCodeAt(0) == 0x2d;
  if (negative) at++;
  const value = new Natural();
  let small: u64 = 0;
  let digits = 0;
  let fraction = 0;
  let dot = false;
  const first = at;
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c == 0x2e && !dot && at > first) {
      dot = true;
      continue;
    }
    const digit = <u32>(c - 0x30);
    if (digit > 9) break;
    // No digit may follow a leading zero but after the dot.
    check(dot || at == first || text.charCodeAt(first) != 0x30);
    if (dot) fraction++;
    if (digits > 0 || digit > 0) digits++;
    check(digits <= DIGITS_MAX);
    value.scale(10, digit, FRACTION_LIMBS);
    if (digits <= 15) small = small * 10 + digit;
  }
  check(at > first && (!dot || fraction > 0));
  let exponent = 0;
  if (at < text.length) {
    check((text.charCodeAt(at++) | 0x20) == 0x65);
    const sign = text.charCodeAt(at);
    if (sign == 0x2d || sign == 0x2b) at++;
    check(at < text.length);
    for (; at < text.length; at++) {
      const digit = <u32>(text.charCodeAt(at) - 0x30);
      check(digit <= 9);
      exponent = exponent * 10 + digit;
      check(exponent <= EXPONENT_MAX);
    }
    if (sign == 0x2d) exponent = -exponent;
  }
  exponent -= fraction;
  let result: f64 = 0;
  if (digits <= 15 && abs(exponent) <= 22) {
    // Both sides are exact, so the one operation rounds once.
    let power: f64 = 1;
    for (let i = abs(exponent); i > 0; i--) power *= 10;
    result = exponent < 0 ? <f64>small / power : <f64>small * power;
  } else if (digits > 0) {
    check(abs(exponent) <= EXPONENT_MAX + DIGITS_MAX);
    let lost = false;
    for (; exponent >= 9; exponent -= 9) value.scale(BILLION, 0, FRACTION_LIMBS);
    for (; exponent > 0; exponent--) value.scale(10, 0, FRACTION_LIMBS);
    for (; exponent <= -9; exponent += 9) lost = value.divide(BILLION) || lost;
    for (; exponent < 0; exponent++) lost = value.divide(10) || lost;
    result = nearest(value, 32 * FRACTION_LIMBS, lost);
  }
  return negative ? -result : result;
}
