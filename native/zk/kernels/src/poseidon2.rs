//! Poseidon2 over BabyBear, width 24, one state a lane: rows of a matrix and pairs of digests.

use crate::lanes::{Field, Lanes};

pub(crate) const CELLS: usize = 24;
const RATE: usize = 16;
pub(crate) const DIGEST: usize = 8;
const ROUNDS_HALF_FULL: usize = 4;
const ROUNDS_PARTIAL: usize = 21;

/// The constants of the prover's own crate, in Montgomery form.
#[derive(Clone, Copy)]
pub struct Poseidon2<'a> {
    /// 24 for each of 29 rounds.
    pub rounds: &'a [u32],
    /// 24: the internal matrix less the one of all ones.
    pub diagonal: &'a [u32],
}

impl Poseidon2<'_> {
    pub(crate) fn check(&self) {
        let rounds = 2 * ROUNDS_HALF_FULL + ROUNDS_PARTIAL;
        assert_eq!(self.rounds.len(), rounds * CELLS);
        assert_eq!(self.diagonal.len(), CELLS);
    }
}

type State<V> = [Field<V>; CELLS];

#[inline(always)]
unsafe fn sbox<V: Lanes>(x: Field<V>) -> Field<V> {
    // Three products deep: in partial rounds nothing else can be done meanwhile.
    let x2 = x.mul(x);
    x2.mul(x).mul(x2.mul(x2))
}

/// The external matrix: the 4x4 circulant of the paper's appendix B on each four cells, then sums.
#[inline(always)]
unsafe fn external<V: Lanes>(cells: &mut State<V>) {
    let mut sums = [Field::<V>::all(0); 4];
    for four in cells.chunks_exact_mut(4) {
        let (t0, t1) = (four[0].add(four[1]), four[2].add(four[3]));
        let t2 = four[1].double().add(t1);
        let t3 = four[3].double().add(t0);
        let t4 = t1.double().double().add(t3);
        let t5 = t0.double().double().add(t2);
        let out = [t3.add(t5), t5, t2.add(t4), t4];
        for i in 0..4 {
            four[i] = out[i];
            sums[i] = sums[i].add(out[i]);
        }
    }
    for (i, cell) in cells.iter_mut().enumerate() {
        *cell = cell.add(sums[i % 4]);
    }
}

#[inline(always)]
unsafe fn full<V: Lanes>(cells: &mut State<V>, constants: &[u32]) {
    for (cell, constant) in cells.iter_mut().zip(constants) {
        *cell = sbox(cell.add(Field::all(*constant)));
    }
    external(cells);
}

#[inline(always)]
unsafe fn partial<V: Lanes>(cells: &mut State<V>, constants: &[u32], diagonal: &[u32]) {
    // The other cells are summed beside the only one that is raised, four chains at a time.
    let mut sums = [cells[1], cells[2], cells[3], cells[4]];
    for (i, cell) in cells[5..].iter().enumerate() {
        sums[i % 4] = sums[i % 4].add(*cell);
    }
    let others = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
    cells[0] = sbox(cells[0].add(Field::all(constants[0])));
    let sum = cells[0].add(others);
    for (cell, factor) in cells.iter_mut().zip(diagonal) {
        *cell = sum.add(cell.mul_by(*factor));
    }
}

#[inline(always)]
unsafe fn permute<V: Lanes>(cells: &mut State<V>, with: &Poseidon2) {
    let mut rounds = with.rounds.chunks_exact(CELLS);
    external(cells);
    for constants in rounds.by_ref().take(ROUNDS_HALF_FULL) {
        full(cells, constants);
    }
    for constants in rounds.by_ref().take(ROUNDS_PARTIAL) {
        partial(cells, constants, with.diagonal);
    }
    for constants in rounds {
        full(cells, constants);
    }
}

#[inline(always)]
unsafe fn write_digests<V: Lanes>(cells: &State<V>, out: *mut u32) {
    let mut words = [0; 16];
    for (i, cell) in cells[..DIGEST].iter().enumerate() {
        cell.0.store(words.as_mut_ptr());
        for (lane, word) in words[..V::LANES].iter().enumerate() {
            *out.add(lane * DIGEST + i) = *word;
        }
    }
}

/// Digests of `LANES` neighbouring rows of a matrix that is stored by columns.
///
/// # Safety
/// `matrix` reaches over `columns * stride` words from the first of these rows on, `out` over
/// `LANES` digests.
#[inline(always)]
pub(crate) unsafe fn hash_rows<V: Lanes>(
    with: &Poseidon2,
    matrix: *const u32,
    stride: usize,
    columns: usize,
    out: *mut u32,
) {
    let mut cells = [Field::<V>::all(0); CELLS];
    for first in (0..columns).step_by(RATE) {
        for i in 0..RATE {
            cells[i] = match first + i < columns {
                true => Field::load(matrix.add((first + i) * stride)),
                false => Field::all(0),
            };
        }
        permute(&mut cells, with);
    }
    write_digests(&cells, out);
}

/// Digests of `LANES` pairs of digests.
///
/// # Safety
/// `pairs` reaches over `2 * LANES` digests, `out` over `LANES`.
#[inline(always)]
pub(crate) unsafe fn hash_pairs<V: Lanes>(with: &Poseidon2, pairs: *const u32, out: *mut u32) {
    let mut cells = [Field::<V>::all(0); CELLS];
    for (i, cell) in cells[..2 * DIGEST].iter_mut().enumerate() {
        let mut words = [0; 16];
        for (lane, word) in words[..V::LANES].iter_mut().enumerate() {
            *word = *pairs.add(lane * 2 * DIGEST + i);
        }
        *cell = Field::load(words.as_ptr());
    }
    permute(&mut cells, with);
    write_digests(&cells, out);
}
