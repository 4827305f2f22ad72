//! The field one element at a time: tables, starting powers, and what the vectors are tested against.
//!
//! Elements are in Montgomery form (R = 2^32) and below p; see `lanes`.

use crate::lanes::P;

/// 1, that is 2^32 modulo p.
pub(crate) const ONE: u32 = ((1u64 << 32) % P as u64) as u32;

pub(crate) fn encode(x: u32) -> u32 {
    (((x as u64) << 32) % P as u64) as u32
}

pub(crate) fn add(a: u32, b: u32) -> u32 {
    ((a as u64 + b as u64) % P as u64) as u32
}

/// a * b / 2^32. The inverse of 2^32 modulo p is 943,718,400.
pub(crate) fn mul(a: u32, b: u32) -> u32 {
    let product = a as u64 * b as u64 % P as u64;
    (product * 943_718_400 % P as u64) as u32
}

/// An element of F_p[X] / (X^4 + 11).
pub(crate) type Ext = [u32; 4];

pub(crate) const EXT_ONE: Ext = [ONE, 0, 0, 0];

/// X^4 is -11.
const FOLD: u32 = P - 11;

/// The multiples of c[1], c[2], c[3] by X^4.
pub(crate) fn folded(b: &Ext) -> [u32; 3] {
    let fold = encode(FOLD);
    [mul(b[1], fold), mul(b[2], fold), mul(b[3], fold)]
}

pub(crate) fn ext_mul(a: &Ext, b: &Ext) -> Ext {
    let folded = folded(b);
    let mut out = [0; 4];
    for (i, part) in out.iter_mut().enumerate() {
        for (j, x) in a.iter().enumerate() {
            let y = if j <= i { b[i - j] } else { folded[3 + i - j] };
            *part = add(*part, mul(*x, y));
        }
    }
    out
}

pub(crate) fn ext_pow(base: &Ext, mut exponent: usize) -> Ext {
    let (mut power, mut result) = (*base, EXT_ONE);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = ext_mul(&result, &power);
        }
        power = ext_mul(&power, &power);
        exponent >>= 1;
    }
    result
}
