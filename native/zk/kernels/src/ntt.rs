//! Number-theoretic transforms of one column: the same butterflies as the prover's own, whose order
//! of elements they keep (forward from bit-reversed to natural, reverse back).

use std::sync::OnceLock;

use crate::{
    field,
    lanes::{Field, Lanes},
};

/// Powers of the root of each level, for one direction: made once, read by all columns.
pub(crate) struct Twiddles {
    roots: [OnceLock<Vec<u32>>; 28],
}

static FORWARD: Twiddles = Twiddles::new();
static REVERSE: Twiddles = Twiddles::new();

impl Twiddles {
    const fn new() -> Self {
        Self {
            roots: [const { OnceLock::new() }; 28],
        }
    }

    /// The first half of the powers of `root`, of order 2^level; sixteen at least, repeated.
    fn of(&self, level: usize, root: u32) -> &[u32] {
        self.roots[level].get_or_init(|| {
            let half = 1 << (level - 1);
            let mut powers = Vec::with_capacity(half.max(16));
            let mut power = field::ONE;
            for _ in 0..half {
                powers.push(power);
                power = field::mul(power, root);
            }
            while powers.len() < 16 {
                powers.extend_from_within(..half);
            }
            powers
        })
    }
}

/// Levels that a transform needs, lowest first: index n - 1 for the butterflies of size 2^n.
pub(crate) struct Plan<'a>(Vec<&'a [u32]>);

impl Plan<'static> {
    /// `roots[n]` has order 2^n.
    pub(crate) fn new(roots: &[u32], size: usize, reverse: bool) -> Self {
        let tables = if reverse { &REVERSE } else { &FORWARD };
        let levels = size.ilog2() as usize;
        Self(
            (1..=levels)
                .map(|level| tables.of(level, roots[level]))
                .collect(),
        )
    }
}

/// How one of the lowest levels is taken out of two vectors and put back.
struct Shuffle<V> {
    lower: V,
    upper: V,
    first: V,
    second: V,
}

impl<V: Lanes> Shuffle<V> {
    #[inline(always)]
    unsafe fn new(half: usize) -> Self {
        let n = V::LANES;
        let words = |at: &dyn Fn(usize) -> usize| {
            let mut words = [0; 16];
            for (i, word) in words[..n].iter_mut().enumerate() {
                *word = at(i) as u32;
            }
            words
        };
        let lower = |i: usize| i / half * 2 * half + i % half;
        // Where element `i` of the two vectors stands among the sums, or behind them, the differences.
        let from = |i: usize| i / (2 * half) * half + i % half + (i / half % 2) * n;
        let load = |words: [u32; 16]| V::load(words.as_ptr());
        Self {
            lower: load(words(&lower)),
            upper: load(words(&|i| lower(i) + half)),
            first: load(words(&from)),
            second: load(words(&|i| from(i + n))),
        }
    }
}

#[inline(always)]
unsafe fn low_level<V: Lanes, const REVERSED: bool>(io: &mut [u32], half: usize, powers: &[u32]) {
    let shuffle = Shuffle::<V>::new(half);
    let power = Field::load(powers.as_ptr());
    for two in io.chunks_exact_mut(2 * V::LANES) {
        let at = two.as_mut_ptr();
        let (x, y) = (V::load(at), V::load(at.add(V::LANES)));
        let a = Field(x.pick(y, shuffle.lower));
        let b = Field(x.pick(y, shuffle.upper));
        let (sum, difference) = butterfly::<V, REVERSED>(a, b, power);
        sum.0.pick(difference.0, shuffle.first).store(at);
        sum.0
            .pick(difference.0, shuffle.second)
            .store(at.add(V::LANES));
    }
}

#[inline(always)]
unsafe fn butterfly<V: Lanes, const REVERSED: bool>(
    a: Field<V>,
    b: Field<V>,
    power: Field<V>,
) -> (Field<V>, Field<V>) {
    if REVERSED {
        (a.add(b), a.sub(b).mul(power))
    } else {
        let b = b.mul(power);
        (a.add(b), a.sub(b))
    }
}

#[inline(always)]
unsafe fn level<V: Lanes, const REVERSED: bool>(io: &mut [u32], powers: &[u32]) {
    let half = io.len() / 2;
    let (low, high) = io.split_at_mut(half);
    for i in (0..half).step_by(V::LANES) {
        let (a, b) = (low.as_mut_ptr().add(i), high.as_mut_ptr().add(i));
        let power = Field::load(powers.as_ptr().add(i));
        let (x, y) = butterfly::<V, REVERSED>(Field::load(a), Field::load(b), power);
        x.0.store(a);
        y.0.store(b);
    }
}

/// Two levels in one pass over memory: `outer` is the larger one.
#[inline(always)]
unsafe fn two_levels<V: Lanes, const REVERSED: bool>(io: &mut [u32], outer: &[u32], inner: &[u32]) {
    let quarter = io.len() / 4;
    let at = io.as_mut_ptr();
    for i in (0..quarter).step_by(V::LANES) {
        let place = |n: usize| at.add(n * quarter + i);
        let w = Field::load(inner.as_ptr().add(i));
        let w0 = Field::load(outer.as_ptr().add(i));
        let w1 = Field::load(outer.as_ptr().add(quarter + i));
        let x: [Field<V>; 4] = [0, 1, 2, 3].map(|n| Field::load(place(n)));
        let out = if REVERSED {
            let (a0, a2) = butterfly::<V, true>(x[0], x[2], w0);
            let (a1, a3) = butterfly::<V, true>(x[1], x[3], w1);
            let (b0, b1) = butterfly::<V, true>(a0, a1, w);
            let (b2, b3) = butterfly::<V, true>(a2, a3, w);
            [b0, b1, b2, b3]
        } else {
            let (a0, a1) = butterfly::<V, false>(x[0], x[1], w);
            let (a2, a3) = butterfly::<V, false>(x[2], x[3], w);
            let (b0, b2) = butterfly::<V, false>(a0, a2, w0);
            let (b1, b3) = butterfly::<V, false>(a1, a3, w1);
            [b0, b1, b2, b3]
        };
        for (n, value) in out.into_iter().enumerate() {
            value.0.store(place(n));
        }
    }
}

/// Elements whose transform stays in the first-level cache.
const BLOCK: usize = 1 << 12;

/// All levels of a block, one after another.
#[inline(always)]
unsafe fn block<V: Lanes, const REVERSED: bool>(io: &mut [u32], skip: usize, plan: &Plan) {
    let levels = io.len().ilog2() as usize;
    for step in skip..levels {
        let n = if REVERSED {
            levels - 1 + skip - step
        } else {
            step
        };
        let (half, powers) = (1usize << n, plan.0[n]);
        if half < V::LANES {
            low_level::<V, REVERSED>(io, half, powers);
        } else {
            for part in io.chunks_exact_mut(2 * half) {
                level::<V, REVERSED>(part, powers);
            }
        }
    }
}

/// Levels above a block two at a time, each a pass over memory; those below within the cache.
///
/// # Safety
/// See `Lanes`; the length is a power of two from `2 * LANES` on, and `plan` was made for it.
#[inline(always)]
pub(crate) unsafe fn transform<V: Lanes, const REVERSED: bool>(
    io: &mut [u32],
    skip: usize,
    plan: &Plan,
) {
    let size = io.len();
    let levels = size.ilog2() as usize;
    // The levels above a block, two at a time; an odd one is done alone, on the outside.
    let above = levels.saturating_sub(BLOCK.ilog2() as usize);
    let outer = |io: &mut [u32]| {
        if above % 2 == 1 {
            level::<V, REVERSED>(io, plan.0[levels - 1]);
        }
    };
    let even = size >> (above % 2);
    if REVERSED {
        outer(io);
    }
    for part in io.chunks_exact_mut(even) {
        if REVERSED {
            let mut width = even;
            while width > BLOCK {
                let n = width.ilog2() as usize;
                for piece in part.chunks_exact_mut(width) {
                    two_levels::<V, true>(piece, plan.0[n - 1], plan.0[n - 2]);
                }
                width /= 4;
            }
            for piece in part.chunks_exact_mut(width) {
                block::<V, true>(piece, skip, plan);
            }
        } else {
            let mut width = size >> above;
            for piece in part.chunks_exact_mut(width) {
                block::<V, false>(piece, skip, plan);
            }
            while width < even {
                width *= 4;
                let n = width.ilog2() as usize;
                for piece in part.chunks_exact_mut(width) {
                    two_levels::<V, false>(piece, plan.0[n - 1], plan.0[n - 2]);
                }
            }
        }
    }
    if !REVERSED {
        outer(io);
    }
}

/// Every element times one factor.
///
/// # Safety
/// See `Lanes`; the length is a multiple of the lanes.
#[inline(always)]
pub(crate) unsafe fn scale<V: Lanes>(io: &mut [u32], by: u32) {
    let by = Field::<V>::all(by);
    for part in io.chunks_exact_mut(V::LANES) {
        Field::load(part.as_ptr())
            .mul(by)
            .0
            .store(part.as_mut_ptr());
    }
}

/// Element by element, times `by`.
///
/// # Safety
/// See `Lanes`; the lengths are equal and multiples of the lanes.
#[inline(always)]
pub(crate) unsafe fn multiply<V: Lanes>(io: &mut [u32], by: &[u32]) {
    for (part, factor) in io.chunks_exact_mut(V::LANES).zip(by.chunks_exact(V::LANES)) {
        let product = Field::<V>::load(part.as_ptr()).mul(Field::load(factor.as_ptr()));
        product.0.store(part.as_mut_ptr());
    }
}
