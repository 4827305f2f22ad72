// Vectors of 32-bit lanes under one set of names, for the instruction set that NMP_LANES chooses.
//
// Everything is inline in a namespace of its own: a function compiled for AVX-512 must never be
// merged by the linker with one of the same name that serves a smaller processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#define NMP_INLINE static inline __attribute__((always_inline))

namespace NMP_NAMESPACE {

#if NMP_LANES == 16
using V = __m512i;
NMP_INLINE V load(const uint32_t* from) { return _mm512_loadu_si512(from); }
NMP_INLINE void store(uint32_t* to, V v) { _mm512_storeu_si512(to, v); }
NMP_INLINE V all32(uint32_t x) { return _mm512_set1_epi32(int(x)); }
NMP_INLINE V all64(uint64_t x) { return _mm512_set1_epi64((long long)x); }
NMP_INLINE V add32(V a, V b) { return _mm512_add_epi32(a, b); }
NMP_INLINE V sub32(V a, V b) { return _mm512_sub_epi32(a, b); }
NMP_INLINE V min32(V a, V b) { return _mm512_min_epu32(a, b); }
NMP_INLINE V add64(V a, V b) { return _mm512_add_epi64(a, b); }
NMP_INLINE V sub64(V a, V b) { return _mm512_sub_epi64(a, b); }
NMP_INLINE V mul64(V a, V b) { return _mm512_mul_epu32(a, b); }
NMP_INLINE V odd(V a) { return _mm512_srli_epi64(a, 32); }
NMP_INLINE V even_up(V a) { return _mm512_slli_epi64(a, 32); }
NMP_INLINE V odd_up(V a) { return _mm512_maskz_mov_epi32(0xAAAA, a); }
// High halves of both, those of `odds` in the odd lanes.
NMP_INLINE V high(V evens, V odds) {
  return _mm512_mask_mov_epi32(_mm512_srli_epi64(evens, 32), 0xAAAA, odds);
}
// a - limit where that is not negative; a < limit + 2^63.
NMP_INLINE V below(V a, V limit) { return _mm512_min_epu64(a, _mm512_sub_epi64(a, limit)); }
#elif NMP_LANES == 8
using V = __m256i;
NMP_INLINE V load(const uint32_t* from) { return _mm256_loadu_si256((const __m256i*)from); }
NMP_INLINE void store(uint32_t* to, V v) { _mm256_storeu_si256((__m256i*)to, v); }
NMP_INLINE V all32(uint32_t x) { return _mm256_set1_epi32(int(x)); }
NMP_INLINE V all64(uint64_t x) { return _mm256_set1_epi64x((long long)x); }
NMP_INLINE V add32(V a, V b) { return _mm256_add_epi32(a, b); }
NMP_INLINE V sub32(V a, V b) { return _mm256_sub_epi32(a, b); }
NMP_INLINE V min32(V a, V b) { return _mm256_min_epu32(a, b); }
NMP_INLINE V add64(V a, V b) { return _mm256_add_epi64(a, b); }
NMP_INLINE V sub64(V a, V b) { return _mm256_sub_epi64(a, b); }
NMP_INLINE V mul64(V a, V b) { return _mm256_mul_epu32(a, b); }
NMP_INLINE V odd(V a) { return _mm256_srli_epi64(a, 32); }
NMP_INLINE V even_up(V a) { return _mm256_slli_epi64(a, 32); }
NMP_INLINE V odd_up(V a) { return _mm256_blend_epi32(_mm256_setzero_si256(), a, 0xAA); }
NMP_INLINE V high(V evens, V odds) {
  return _mm256_blend_epi32(_mm256_srli_epi64(evens, 32), odds, 0xAA);
}
NMP_INLINE V below(V a, V limit) {
  // The sign of the difference chooses: as doubles, only the top bit is looked at.
  const V less = _mm256_sub_epi64(a, limit);
  return _mm256_castpd_si256(_mm256_blendv_pd(
      _mm256_castsi256_pd(less), _mm256_castsi256_pd(a), _mm256_castsi256_pd(less)));
}
#else
#error "NMP_LANES is 16 (AVX-512) or 8 (AVX2)"
#endif

} // namespace NMP_NAMESPACE
