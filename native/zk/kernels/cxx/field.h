// The field of the circuit, one element a lane, for the generated constraint code.
//
// BabyBear, p = 15 * 2^27 + 1, in Montgomery form with R = 2^32, always below p; its extension
// F_p[X] / (X^4 + 11). The generated code folds some 6,200 constraints into a sum, each as
// `sum + constraint * power of the mixing challenge`: such sums stay 64-bit products here and are
// reduced when they are read, not once for every term.
#pragma once

#include "lanes.h"

#define NMP_FIELD inline __attribute__((always_inline))

namespace NMP_NAMESPACE {

constexpr uint32_t P = 15 * (uint32_t(1) << 27) + 1;
/// The inverse of p modulo 2^32.
constexpr uint32_t P_INVERSE = 0x88000001;
/// p * 2^32. A product of two elements is below p^2 < 0.47 of it; any u64 below it can be reduced.
constexpr uint64_t LIMIT = uint64_t(P) << 32;

/// x * 2^32 modulo p.
constexpr uint32_t encode(uint32_t x) { return uint32_t((uint64_t(x) << 32) % P); }

/// Both halves below LIMIT; the result below p and congruent to them divided by 2^32.
NMP_INLINE V reduce(V evens, V odds) {
  const V p = all32(P), inverse = all32(P_INVERSE);
  // Both are congruent modulo 2^32: the low halves of the differences are zero.
  const V e = sub64(evens, mul64(mul64(evens, inverse), p));
  const V o = sub64(odds, mul64(mul64(odds, inverse), p));
  const V d = high(e, o);
  return min32(d, add32(d, p));
}

struct Fp {
  V v;
  Fp() = default;
  NMP_FIELD explicit Fp(V v) : v(v) {}
  NMP_FIELD Fp(uint32_t x) : v(all32(encode(x))) {}
  NMP_FIELD Fp operator+(Fp b) const {
    const V s = add32(v, b.v);
    return Fp(min32(s, sub32(s, all32(P))));
  }
  NMP_FIELD Fp operator-(Fp b) const {
    const V d = sub32(v, b.v);
    return Fp(min32(d, add32(d, all32(P))));
  }
  NMP_FIELD Fp operator*(Fp b) const {
    return Fp(reduce(mul64(v, b.v), mul64(odd(v), odd(b.v))));
  }
};

/// A power of the mixing challenge: the same in all lanes, its multiples by -11 beside it.
struct Mix {
  uint32_t c[4];
  /// c[1], c[2], c[3] times -11.
  uint32_t folded[3];
};

/// A constraint times a power: four products, added to a sum before anything is reduced.
struct Product {
  Fp by;
  const Mix* mix;
};

NMP_INLINE Product operator*(Fp by, const Mix& mix) { return {by, &mix}; }

struct FpExt {
  V c[4];
  FpExt() = default;
  NMP_FIELD FpExt(V a, V b, V x, V d) : c{a, b, x, d} {}
  NMP_FIELD explicit FpExt(uint32_t x) : c{all32(encode(x)), all32(0), all32(0), all32(0)} {}
  NMP_FIELD FpExt(uint32_t a, uint32_t b, uint32_t x, uint32_t d)
      : c{all32(encode(a)), all32(encode(b)), all32(encode(x)), all32(encode(d))} {}
};

struct ExtProduct {
  FpExt by;
  const Mix* mix;
};

/// A sum in F_p^4, times 2^32, unreduced. With `Slack` 0 each part is below LIMIT, with 1 below
/// LIMIT + p^2: one more product then still fits 64 bits.
template <int Slack> struct Sum {
  V even[4], odd[4];
  NMP_FIELD operator FpExt() const {
    FpExt result;
    for (int i = 0; i < 4; i++) {
      if constexpr (Slack == 0) {
        result.c[i] = reduce(even[i], odd[i]);
      } else {
        result.c[i] = reduce(below(even[i], all64(LIMIT)), below(odd[i], all64(LIMIT)));
      }
    }
    return result;
  }
};

NMP_INLINE Sum<0> sum_of(const FpExt& x) {
  Sum<0> sum;
  for (int i = 0; i < 4; i++) {
    sum.even[i] = even_up(x.c[i]);
    sum.odd[i] = odd_up(x.c[i]);
  }
  return sum;
}

NMP_INLINE Sum<1> operator+(const Sum<0>& sum, Product p) {
  Sum<1> result;
  const V even = p.by.v, odds = odd(p.by.v);
  for (int i = 0; i < 4; i++) {
    const V c = all32(p.mix->c[i]);
    result.even[i] = add64(sum.even[i], mul64(even, c));
    result.odd[i] = add64(sum.odd[i], mul64(odds, c));
  }
  return result;
}

NMP_INLINE Sum<0> operator+(const Sum<1>& sum, Product p) {
  Sum<0> result;
  const V even = p.by.v, odds = odd(p.by.v), limit = all64(LIMIT);
  for (int i = 0; i < 4; i++) {
    const V c = all32(p.mix->c[i]);
    result.even[i] = below(add64(sum.even[i], mul64(even, c)), limit);
    result.odd[i] = below(add64(sum.odd[i], mul64(odds, c)), limit);
  }
  return result;
}

NMP_INLINE Sum<1> operator+(const FpExt& x, Product p) { return sum_of(x) + p; }

NMP_INLINE Sum<0> operator+(const Sum<0>& sum, const ExtProduct& p) {
  Sum<0> result;
  const V limit = all64(LIMIT);
  for (int i = 0; i < 4; i++) {
    // Four products are below 4 p^2 < 2^64, and what `below` leaves of them below LIMIT.
    V even = all64(0), odds = all64(0);
    for (int j = 0; j < 4; j++) {
      const V c = all32(j <= i ? p.mix->c[i - j] : p.mix->folded[4 + i - j - 1]);
      even = add64(even, mul64(p.by.c[j], c));
      odds = add64(odds, mul64(odd(p.by.c[j]), c));
    }
    result.even[i] = below(add64(sum.even[i], below(even, limit)), limit);
    result.odd[i] = below(add64(sum.odd[i], below(odds, limit)), limit);
  }
  return result;
}

NMP_INLINE Sum<0> operator+(const Sum<1>& sum, const ExtProduct& p) {
  Sum<0> tight;
  const V limit = all64(LIMIT);
  for (int i = 0; i < 4; i++) {
    tight.even[i] = below(sum.even[i], limit);
    tight.odd[i] = below(sum.odd[i], limit);
  }
  return tight + p;
}

NMP_INLINE Sum<0> operator+(const FpExt& x, const ExtProduct& p) { return sum_of(x) + p; }

NMP_INLINE ExtProduct operator*(const FpExt& by, const Mix& mix) { return {by, &mix}; }

NMP_INLINE FpExt operator*(Fp a, const FpExt& b) {
  return {(a * Fp(b.c[0])).v, (a * Fp(b.c[1])).v, (a * Fp(b.c[2])).v, (a * Fp(b.c[3])).v};
}
NMP_INLINE FpExt operator*(const FpExt& a, Fp b) { return b * a; }

NMP_INLINE FpExt operator+(const FpExt& a, const FpExt& b) {
  FpExt result;
  for (int i = 0; i < 4; i++) result.c[i] = (Fp(a.c[i]) + Fp(b.c[i])).v;
  return result;
}
NMP_INLINE FpExt operator-(const FpExt& a, const FpExt& b) {
  FpExt result;
  for (int i = 0; i < 4; i++) result.c[i] = (Fp(a.c[i]) - Fp(b.c[i])).v;
  return result;
}
NMP_INLINE FpExt operator+(const FpExt& a, Fp b) {
  return {(Fp(a.c[0]) + b).v, a.c[1], a.c[2], a.c[3]};
}
NMP_INLINE FpExt operator+(Fp a, const FpExt& b) { return b + a; }
NMP_INLINE FpExt operator-(const FpExt& a, Fp b) {
  return {(Fp(a.c[0]) - b).v, a.c[1], a.c[2], a.c[3]};
}
NMP_INLINE FpExt operator-(Fp a, const FpExt& b) {
  const FpExt zero(0u);
  return (zero - b) + a;
}

NMP_INLINE FpExt operator*(const FpExt& a, const FpExt& b) {
  const V limit = all64(LIMIT), fold = all32(encode(P - 11));
  V folded[3];
  for (int i = 0; i < 3; i++) folded[i] = (Fp(b.c[i + 1]) * Fp(fold)).v;
  FpExt result;
  for (int i = 0; i < 4; i++) {
    V even = all64(0), odds = all64(0);
    for (int j = 0; j < 4; j++) {
      const V c = j <= i ? b.c[i - j] : folded[4 + i - j - 1];
      even = add64(even, mul64(a.c[j], c));
      odds = add64(odds, mul64(odd(a.c[j]), odd(c)));
    }
    result.c[i] = reduce(below(even, limit), below(odds, limit));
  }
  return result;
}

/// NMP_LANES rows of a column, from the matrix that a pointer of the generated code stands for.
NMP_INLINE Fp rows(const Fp* matrix, size_t at) {
  return Fp(load(reinterpret_cast<const uint32_t*>(matrix) + at));
}

} // namespace NMP_NAMESPACE
