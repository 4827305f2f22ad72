//! Vectors of elements, one a 32-bit lane, behind one trait: sixteen with AVX-512, eight with AVX2.
//!
//! All methods are inlined into a function that enables the instruction set; calling one on a
//! processor without it is undefined, so that everything here is for `dispatch!` alone.

use core::arch::x86_64::*;

/// p = 15 * 2^27 + 1.
pub(crate) const P: u32 = 15 * (1 << 27) + 1;
/// The inverse of p modulo 2^32.
const P_INVERSE: u32 = 0x8800_0001;
/// A u64 below p * 2^32 can be reduced; the sum of four products of elements is below 2^64.
const LIMIT: u64 = (P as u64) << 32;

/// # Safety
/// Methods need the instruction set of the implementation; pointers reach over `LANES` words.
pub(crate) trait Lanes: Copy {
    const LANES: usize;
    unsafe fn load(from: *const u32) -> Self;
    unsafe fn store(self, to: *mut u32);
    unsafe fn all32(x: u32) -> Self;
    unsafe fn all64(x: u64) -> Self;
    unsafe fn add32(self, b: Self) -> Self;
    unsafe fn sub32(self, b: Self) -> Self;
    unsafe fn min32(self, b: Self) -> Self;
    unsafe fn add64(self, b: Self) -> Self;
    unsafe fn sub64(self, b: Self) -> Self;
    /// The product of the even lanes, as 64-bit lanes.
    unsafe fn mul64(self, b: Self) -> Self;
    /// The odd lanes, moved to the even ones.
    unsafe fn odd(self) -> Self;
    /// The high halves of `self` and `odds`, those of `odds` in the odd lanes.
    unsafe fn high(self, odds: Self) -> Self;
    /// `self - limit` where that is not negative; `self` is below `limit + 2^63`.
    unsafe fn below(self, limit: Self) -> Self;
    /// Words at `pick` of `self` (below `LANES`) and `b` (from `LANES`).
    unsafe fn pick(self, b: Self, pick: Self) -> Self;
}

impl Lanes for __m512i {
    const LANES: usize = 16;
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Self {
        _mm512_loadu_si512(from.cast())
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u32) {
        _mm512_storeu_si512(to.cast(), self)
    }
    #[inline(always)]
    unsafe fn all32(x: u32) -> Self {
        _mm512_set1_epi32(x as i32)
    }
    #[inline(always)]
    unsafe fn all64(x: u64) -> Self {
        _mm512_set1_epi64(x as i64)
    }
    #[inline(always)]
    unsafe fn add32(self, b: Self) -> Self {
        _mm512_add_epi32(self, b)
    }
    #[inline(always)]
    unsafe fn sub32(self, b: Self) -> Self {
        _mm512_sub_epi32(self, b)
    }
    #[inline(always)]
    unsafe fn min32(self, b: Self) -> Self {
        _mm512_min_epu32(self, b)
    }
    #[inline(always)]
    unsafe fn add64(self, b: Self) -> Self {
        _mm512_add_epi64(self, b)
    }
    #[inline(always)]
    unsafe fn sub64(self, b: Self) -> Self {
        _mm512_sub_epi64(self, b)
    }
    #[inline(always)]
    unsafe fn mul64(self, b: Self) -> Self {
        _mm512_mul_epu32(self, b)
    }
    #[inline(always)]
    unsafe fn odd(self) -> Self {
        _mm512_srli_epi64::<32>(self)
    }
    #[inline(always)]
    unsafe fn high(self, odds: Self) -> Self {
        _mm512_mask_mov_epi32(_mm512_srli_epi64::<32>(self), 0xaaaa, odds)
    }
    #[inline(always)]
    unsafe fn below(self, limit: Self) -> Self {
        _mm512_min_epu64(self, _mm512_sub_epi64(self, limit))
    }
    #[inline(always)]
    unsafe fn pick(self, b: Self, pick: Self) -> Self {
        _mm512_permutex2var_epi32(self, pick, b)
    }
}

impl Lanes for __m256i {
    const LANES: usize = 8;
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Self {
        _mm256_loadu_si256(from.cast())
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u32) {
        _mm256_storeu_si256(to.cast(), self)
    }
    #[inline(always)]
    unsafe fn all32(x: u32) -> Self {
        _mm256_set1_epi32(x as i32)
    }
    #[inline(always)]
    unsafe fn all64(x: u64) -> Self {
        _mm256_set1_epi64x(x as i64)
    }
    #[inline(always)]
    unsafe fn add32(self, b: Self) -> Self {
        _mm256_add_epi32(self, b)
    }
    #[inline(always)]
    unsafe fn sub32(self, b: Self) -> Self {
        _mm256_sub_epi32(self, b)
    }
    #[inline(always)]
    unsafe fn min32(self, b: Self) -> Self {
        _mm256_min_epu32(self, b)
    }
    #[inline(always)]
    unsafe fn add64(self, b: Self) -> Self {
        _mm256_add_epi64(self, b)
    }
    #[inline(always)]
    unsafe fn sub64(self, b: Self) -> Self {
        _mm256_sub_epi64(self, b)
    }
    #[inline(always)]
    unsafe fn mul64(self, b: Self) -> Self {
        _mm256_mul_epu32(self, b)
    }
    #[inline(always)]
    unsafe fn odd(self) -> Self {
        _mm256_srli_epi64::<32>(self)
    }
    #[inline(always)]
    unsafe fn high(self, odds: Self) -> Self {
        _mm256_blend_epi32::<0xaa>(_mm256_srli_epi64::<32>(self), odds)
    }
    #[inline(always)]
    unsafe fn below(self, limit: Self) -> Self {
        let less = _mm256_sub_epi64(self, limit);
        let [a, b] = [self, less].map(|v| _mm256_castsi256_pd(v));
        _mm256_castpd_si256(_mm256_blendv_pd(b, a, b))
    }
    #[inline(always)]
    unsafe fn pick(self, b: Self, pick: Self) -> Self {
        // The shift brings bit 3, which says "of b", to the sign that the blend looks at.
        let of_b = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(pick));
        let [x, y] = [self, b].map(|v| _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(v, pick)));
        _mm256_castps_si256(_mm256_blendv_ps(x, y, of_b))
    }
}

/// Elements in Montgomery form (R = 2^32), each below p.
#[derive(Clone, Copy)]
pub(crate) struct Field<V>(pub V);

impl<V: Lanes> Field<V> {
    #[inline(always)]
    pub unsafe fn load(from: *const u32) -> Self {
        Self(V::load(from))
    }

    #[inline(always)]
    pub unsafe fn all(x: u32) -> Self {
        Self(V::all32(x))
    }

    #[inline(always)]
    pub unsafe fn add(self, b: Self) -> Self {
        let sum = self.0.add32(b.0);
        Self(sum.min32(sum.sub32(V::all32(P))))
    }

    #[inline(always)]
    pub unsafe fn sub(self, b: Self) -> Self {
        let difference = self.0.sub32(b.0);
        Self(difference.min32(difference.add32(V::all32(P))))
    }

    #[inline(always)]
    pub unsafe fn double(self) -> Self {
        self.add(self)
    }

    #[inline(always)]
    pub unsafe fn mul(self, b: Self) -> Self {
        Self(reduce(self.0.mul64(b.0), self.0.odd().mul64(b.0.odd())))
    }

    /// Times an element that is the same in all lanes.
    #[inline(always)]
    pub unsafe fn mul_by(self, b: u32) -> Self {
        let b = V::all32(b);
        Self(reduce(self.0.mul64(b), self.0.odd().mul64(b)))
    }
}

/// Both below `LIMIT`; the result is congruent to them divided by 2^32.
#[inline(always)]
unsafe fn reduce<V: Lanes>(evens: V, odds: V) -> V {
    let (p, inverse) = (V::all32(P), V::all32(P_INVERSE));
    // Both are congruent modulo 2^32: the low halves of the differences are zero.
    let e = evens.sub64(evens.mul64(inverse).mul64(p));
    let o = odds.sub64(odds.mul64(inverse).mul64(p));
    let difference = e.high(o);
    difference.min32(difference.add32(p))
}

/// A sum of products that is reduced when it is read.
#[derive(Clone, Copy)]
pub(crate) struct Sum<V> {
    even: V,
    odd: V,
}

impl<V: Lanes> Sum<V> {
    #[inline(always)]
    pub unsafe fn zero() -> Self {
        let zero = V::all32(0);
        Self {
            even: zero,
            odd: zero,
        }
    }

    #[inline(always)]
    pub unsafe fn add_product(&mut self, a: Field<V>, b: Field<V>) {
        let limit = V::all64(LIMIT);
        self.even = self.even.add64(a.0.mul64(b.0)).below(limit);
        self.odd = self.odd.add64(a.0.odd().mul64(b.0.odd())).below(limit);
    }

    #[inline(always)]
    pub unsafe fn value(self) -> Field<V> {
        Field(reduce(self.even, self.odd))
    }
}
