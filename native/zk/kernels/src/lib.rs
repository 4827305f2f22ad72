//! Vector kernels for the RISC Zero prover: the same values as its own, sixteen (AVX-512) or eight
//! (AVX2) at a time, chosen when the program runs. A wrong value here makes a proof that does not
//! verify; the verifier is built without this crate.
//!
//! Words are elements of BabyBear in Montgomery form, below p. Each function answers false, and has
//! done nothing, where the processor or the size of its input leaves the work to the caller.

#[cfg(not(target_arch = "x86_64"))]
compile_error!("x86-64 only: build the prover for other processors without these patches");

mod constraints;
mod field;
mod fold;
mod lanes;
mod ntt;
mod poseidon2;

use std::{
    arch::x86_64::{__m256i, __m512i},
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU8, Ordering},
        OnceLock,
    },
};

pub use constraints::Constraints;
pub use poseidon2::Poseidon2;
use rayon::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Scalar,
    Avx2,
    Avx512,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

static LIMIT: AtomicU8 = AtomicU8::new(Level::Avx512 as u8);

/// Uses no more than this from now on: to compare kernels.
pub fn limit(level: Level) {
    LIMIT.store(level as u8, Ordering::Relaxed);
}

/// What this processor has, within the limit.
pub fn level() -> Level {
    static DETECTED: OnceLock<Level> = OnceLock::new();
    let detected = *DETECTED.get_or_init(|| {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        match (avx512, is_x86_feature_detected!("avx2")) {
            (true, _) => Level::Avx512,
            (false, true) => Level::Avx2,
            (false, false) => Level::Scalar,
        }
    });
    match LIMIT.load(Ordering::Relaxed) {
        0 => Level::Scalar,
        1 => detected.min(Level::Avx2),
        _ => detected,
    }
}

/// Compiles a generic kernel for both instruction sets, and calls the one of the level.
macro_rules! kernel {
    ($name:ident($($argument:ident: $type:ty),*) = $($generic:ident)::+ $(, $reversed:literal)?) => {
        /// # Safety
        /// That of the generic kernel; the level is not scalar.
        unsafe fn $name($($argument: $type),*) {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn avx512($($argument: $type),*) {
                $($generic)::+::<__m512i $(, $reversed)?>($($argument),*)
            }
            #[target_feature(enable = "avx2")]
            unsafe fn avx2($($argument: $type),*) {
                $($generic)::+::<__m256i $(, $reversed)?>($($argument),*)
            }
            match level() {
                Level::Avx512 => avx512($($argument),*),
                Level::Avx2 => avx2($($argument),*),
                Level::Scalar => unreachable!("callers ask for the level first"),
            }
        }
    };
}

kernel!(hash_rows_of(with: &Poseidon2, matrix: *const u32, stride: usize, columns: usize, out: *mut u32)
    = poseidon2::hash_rows);
kernel!(hash_pairs_of(with: &Poseidon2, pairs: *const u32, out: *mut u32) = poseidon2::hash_pairs);
kernel!(forward(io: &mut [u32], skip: usize, plan: &ntt::Plan) = ntt::transform, false);
kernel!(reverse(io: &mut [u32], skip: usize, plan: &ntt::Plan) = ntt::transform, true);
kernel!(scale(io: &mut [u32], by: u32) = ntt::scale);
kernel!(multiply(io: &mut [u32], by: &[u32]) = ntt::multiply);
kernel!(evaluate_part(point: &field::Ext, range: std::ops::Range<usize>, polys: &[*const u32], out: &mut [field::Ext])
    = fold::evaluate);
kernel!(mix_part(columns: &[(*const u32, field::Ext)], out: &mut [field::Ext]) = fold::mix);

fn lanes() -> usize {
    match level() {
        Level::Avx512 => 16,
        Level::Avx2 => 8,
        Level::Scalar => 0,
    }
}

/// A size from which on vectors are worth their while: smaller inputs are left to the caller.
const SIZE_MIN: usize = 64;

fn vectors_for(size: usize) -> bool {
    level() != Level::Scalar && size >= SIZE_MIN && size.is_power_of_two()
}

/// A column's address, for closures that run on other threads.
#[derive(Clone, Copy)]
struct Address(*const u32);
// SAFETY: only read through, and only while the slice that it was taken from is borrowed.
unsafe impl Send for Address {}
unsafe impl Sync for Address {}

impl Address {
    fn at(self, word: usize) -> *const u32 {
        self.0.wrapping_add(word)
    }
}

/// Digests (eight words each) of the rows of a matrix that is stored by columns.
pub fn hash_rows(with: &Poseidon2, matrix: &[u32], out: &mut [u32]) -> bool {
    let rows = out.len() / 8;
    if !vectors_for(rows) {
        return false;
    }
    with.check();
    let columns = matrix.len() / rows;
    assert_eq!((rows * 8, columns * rows), (out.len(), matrix.len()));
    let (matrix, lanes) = (Address(matrix.as_ptr()), lanes());
    out.par_chunks_exact_mut(lanes * 8)
        .enumerate()
        .for_each(|(at, out)| {
            // SAFETY: rows is a multiple of the lanes, and the matrix has `columns` times `rows` words.
            unsafe { hash_rows_of(with, matrix.at(at * lanes), rows, columns, out.as_mut_ptr()) };
        });
    true
}

/// Digests of pairs of digests.
pub fn hash_pairs(with: &Poseidon2, pairs: &[u32], out: &mut [u32]) -> bool {
    if !vectors_for(out.len() / 8) {
        return false;
    }
    with.check();
    assert_eq!(pairs.len(), 2 * out.len());
    let digests = lanes() * 8;
    out.par_chunks_exact_mut(digests)
        .zip(pairs.par_chunks_exact(2 * digests))
        // SAFETY: chunks of `lanes` digests and of as many pairs.
        .for_each(|(out, pairs)| unsafe { hash_pairs_of(with, pairs.as_ptr(), out.as_mut_ptr()) });
    true
}

/// Each column of `input` repeated element by element to the length of its column of `output`, and
/// transformed forward. `roots[n]` has order 2^n.
pub fn expand_and_evaluate(output: &mut [u32], input: &[u32], count: usize, roots: &[u32]) -> bool {
    let (size, from) = (output.len() / count, input.len() / count);
    if !vectors_for(size) || !vectors_for(from) {
        return false;
    }
    assert_eq!((size * count, from * count), (output.len(), input.len()));
    let skip = (size / from).ilog2() as usize;
    let plan = ntt::Plan::new(roots, size, false);
    output
        .par_chunks_exact_mut(size)
        .zip(input.par_chunks_exact(from))
        .for_each(|(output, input)| {
            for (repeated, word) in output.chunks_exact_mut(1 << skip).zip(input) {
                repeated.fill(*word);
            }
            // SAFETY: the size is a power of two from 64 on.
            unsafe { forward(output, skip, &plan) };
        });
    true
}

/// Each column transformed in reverse, and divided by its length. `roots[n]` has order 2^n.
pub fn interpolate(io: &mut [u32], count: usize, roots: &[u32]) -> bool {
    let size = io.len() / count;
    if !vectors_for(size) {
        return false;
    }
    assert_eq!(size * count, io.len());
    let plan = ntt::Plan::new(roots, size, true);
    // (p - 1) / size is an integer, and minus it the inverse of size.
    let inverse = field::encode(lanes::P - (lanes::P - 1) / size as u32);
    io.par_chunks_exact_mut(size).for_each(|column| {
        // SAFETY: the size is a power of two from 64 on.
        unsafe {
            reverse(column, 0, &plan);
            scale(column, inverse);
        }
    });
    true
}

/// Multiplies element i of each column, in bit-reversed order, by 3^i.
pub fn zk_shift(io: &mut [u32], count: usize) -> bool {
    let size = io.len() / count;
    if !vectors_for(size) {
        return false;
    }
    assert_eq!(size * count, io.len());
    let mut powers = vec![0; size];
    let (bits, three) = (size.ilog2(), field::encode(3));
    let mut power = field::ONE;
    for i in 0..size {
        powers[i.reverse_bits() >> (usize::BITS - bits)] = power;
        power = field::mul(power, three);
    }
    // SAFETY: columns and table have the same length, a power of two from 64 on.
    io.par_chunks_exact_mut(size)
        .for_each(|column| unsafe { multiply(column, &powers) });
    true
}

/// Coefficients of one piece of work.
const EVALUATE_PIECE: usize = 1 << 13;

/// out[i] (four words each) is the polynomial `which[i]` of `coefficients` at `points[i]`.
pub fn evaluate_any(
    coefficients: &[u32],
    count: usize,
    which: &[u32],
    points: &[u32],
    out: &mut [u32],
) -> bool {
    let size = coefficients.len() / count;
    if !vectors_for(size) {
        return false;
    }
    assert_eq!(size * count, coefficients.len());
    assert_eq!(
        (points.len(), out.len()),
        (4 * which.len(), 4 * which.len())
    );
    assert!(which.iter().all(|poly| (*poly as usize) < count));
    // Few points serve many polynomials: the powers of each are made once.
    let mut by_point: BTreeMap<[u32; 4], Vec<usize>> = BTreeMap::new();
    for (at, point) in points.chunks_exact(4).enumerate() {
        let point = [point[0], point[1], point[2], point[3]];
        by_point.entry(point).or_default().push(at);
    }
    let start = Address(coefficients.as_ptr());
    let piece = EVALUATE_PIECE.min(size);
    for (point, places) in by_point {
        let values = (0..size / piece)
            .into_par_iter()
            .map(|at| {
                let first = at * piece;
                let polys: Vec<*const u32> = places
                    .iter()
                    .map(|place| start.at(which[*place] as usize * size + first))
                    .collect();
                let mut values = vec![[0; 4]; polys.len()];
                // SAFETY: each polynomial has `piece` coefficients from `first` on, a power of two.
                unsafe { evaluate_part(&point, first..first + piece, &polys, &mut values) };
                values
            })
            .reduce(
                || vec![[0; 4]; places.len()],
                |mut sum, part| {
                    for (sum, part) in sum.iter_mut().flatten().zip(part.iter().flatten()) {
                        *sum = field::add(*sum, *part);
                    }
                    sum
                },
            );
        for (place, value) in places.iter().zip(values) {
            out[4 * place..4 * place + 4].copy_from_slice(&value);
        }
    }
    true
}

/// Adds to element j of polynomial c of `out` (four words each) the j-th words of all columns i of
/// `input` with `combos[i] == c`, each times start * mix^i.
pub fn mix_columns(
    out: &mut [u32],
    input: &[u32],
    combos: &[u32],
    start: [u32; 4],
    mix: [u32; 4],
    size: usize,
) -> bool {
    if !vectors_for(size) {
        return false;
    }
    assert!(out.len() % (4 * size) == 0 && input.len() >= combos.len() * size);
    let mut factor = start;
    let mut by_combo: BTreeMap<u32, Vec<(usize, field::Ext)>> = BTreeMap::new();
    for (column, combo) in combos.iter().enumerate() {
        by_combo
            .entry(*combo)
            .or_default()
            .push((column * size, factor));
        factor = field::ext_mul(&factor, &mix);
    }
    let start = Address(input.as_ptr());
    let piece = EVALUATE_PIECE.min(size);
    let (out, rest) = out.as_chunks_mut::<4>();
    assert!(rest.is_empty());
    out.chunks_exact_mut(size)
        .enumerate()
        .for_each(|(combo, out)| {
            let Some(columns) = by_combo.get(&(combo as u32)) else {
                return;
            };
            out.par_chunks_exact_mut(piece)
                .enumerate()
                .for_each(|(at, out)| {
                    let columns: Vec<(*const u32, field::Ext)> = columns
                        .iter()
                        .map(|(column, factor)| (start.at(column + at * piece), *factor))
                        .collect();
                    // SAFETY: each column has `piece` words from there on, a power of two from 64 on.
                    unsafe { mix_part(&columns, out) };
                });
        });
    true
}
