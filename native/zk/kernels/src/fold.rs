//! Polynomials with coefficients in the base field, taken to the extension: evaluated at points of
//! it, and mixed with powers of a challenge.

use crate::{
    field::{self, Ext},
    lanes::{Field, Lanes, Sum},
};

/// Coefficients whose powers of one point stay in the first-level cache: 16 KB.
const PIECE: usize = 1024;

#[inline(always)]
unsafe fn load4<V: Lanes>(from: &[Vec<u32>; 4], at: usize) -> [Field<V>; 4] {
    [0, 1, 2, 3].map(|i| Field::load(from[i].as_ptr().add(at)))
}

#[inline(always)]
unsafe fn horizontal<V: Lanes>(x: Field<V>) -> u32 {
    let mut words = [0; 16];
    x.0.store(words.as_mut_ptr());
    words[..V::LANES]
        .iter()
        .fold(0, |sum, word| field::add(sum, *word))
}

/// For each polynomial of `polys` (first word of its coefficients `range`): its part of the value at
/// `point`, that is the sum of coefficient times point^index over `range`.
///
/// # Safety
/// See `Lanes`; each pointer reaches over `range.len()` words, a multiple of the lanes.
#[inline(always)]
pub(crate) unsafe fn evaluate<V: Lanes>(
    point: &Ext,
    range: std::ops::Range<usize>,
    polys: &[*const u32],
    out: &mut [Ext],
) {
    let mut powers = [0, 1, 2, 3].map(|_| vec![0; PIECE]);
    // The first powers one by one, all others from those a vector's length before.
    let mut power = field::ext_pow(point, range.start);
    for lane in 0..V::LANES {
        for (table, word) in powers.iter_mut().zip(power) {
            table[lane] = word;
        }
        power = field::ext_mul(&power, point);
    }
    let step = field::ext_pow(point, V::LANES);
    let folded = field::folded(&step);
    let mut next = load4::<V>(&powers, 0);
    let mut totals = vec![[Field::<V>::all(0); 4]; polys.len()];
    for first in (0..range.len()).step_by(PIECE) {
        let length = PIECE.min(range.len() - first);
        for at in (0..length).step_by(V::LANES) {
            let now = next;
            for i in 0..4 {
                now[i].0.store(powers[i].as_mut_ptr().add(at));
                let mut sum = Sum::zero();
                for (j, x) in now.iter().enumerate() {
                    let y = if j <= i {
                        step[i - j]
                    } else {
                        folded[3 + i - j]
                    };
                    sum.add_product(*x, Field::all(y));
                }
                next[i] = sum.value();
            }
        }
        for (poly, total) in polys.iter().zip(&mut totals) {
            let mut sums = [Sum::<V>::zero(); 4];
            for at in (0..length).step_by(V::LANES) {
                let coefficient = Field::load(poly.add(first + at));
                for (sum, power) in sums.iter_mut().zip(load4(&powers, at)) {
                    sum.add_product(coefficient, power);
                }
            }
            for (total, sum) in total.iter_mut().zip(sums) {
                *total = total.add(sum.value());
            }
        }
    }
    for (out, total) in out.iter_mut().zip(totals) {
        for i in 0..4 {
            out[i] = field::add(out[i], horizontal(total[i]));
        }
    }
}

/// Vectors whose sums are kept at a time: their columns are then read a few cache lines at once.
const TILE: usize = 8;

/// Adds to `out` (elements of the extension, one after another) for each of its places the sum of
/// the columns' words there times their factors.
///
/// # Safety
/// See `Lanes`; each column reaches over `out.len()` words, a multiple of the lanes.
#[inline(always)]
pub(crate) unsafe fn mix<V: Lanes>(columns: &[(*const u32, Ext)], out: &mut [Ext]) {
    for (tile, places) in out.chunks_mut(TILE * V::LANES).enumerate() {
        let mut sums = [[Sum::<V>::zero(); 4]; TILE];
        let vectors = places.len() / V::LANES;
        for (column, factor) in columns {
            let factor = factor.map(|word| Field::all(word));
            for (at, sums) in sums[..vectors].iter_mut().enumerate() {
                let x = Field::load(column.add((tile * TILE + at) * V::LANES));
                for (sum, factor) in sums.iter_mut().zip(factor) {
                    sum.add_product(x, factor);
                }
            }
        }
        for (places, sums) in places.chunks_exact_mut(V::LANES).zip(sums) {
            for (i, sum) in sums.into_iter().enumerate() {
                let mut words = [0; 16];
                sum.value().0.store(words.as_mut_ptr());
                for (place, word) in places.iter_mut().zip(words) {
                    place[i] = field::add(place[i], word);
                }
            }
        }
    }
}
