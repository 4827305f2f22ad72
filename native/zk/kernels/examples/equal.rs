//! Every kernel, at each level that this processor has, against the prover's own scalar code: the
//! same words, on random elements and on those at the edges of the field.
//!
//! An example and not a test: tests unwind, and would compile the whole prover a second time.

use nmp_zk_kernels::{level, limit, Constraints, Level, Poseidon2};
use risc0_circuit_rv32im_sys::risc0_circuit_rv32im_cpu_poly_fp;
use risc0_core::field::{
    baby_bear::{BabyBearElem as Elem, BabyBearExtElem as Ext},
    Elem as _, ExtElem as _, RootsOfUnity as _,
};
use risc0_zkp::core::{
    hash::poseidon2::{unpadded_hash, M_INT_DIAG_HZN, ROUND_CONSTANTS},
    ntt::{bit_rev_32, evaluate_ntt, expand, interpolate_ntt},
};

const P: u32 = 15 * (1 << 27) + 1;

/// A fixed sequence (xorshift64*), every fourth element at an edge of the field.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn word(&mut self) -> u32 {
        const EDGES: [u32; 6] = [0, 1, 2, P - 2, P - 1, P / 2];
        match self.next() % 4 {
            0 => EDGES[self.next() as usize % EDGES.len()],
            _ => (self.next() % P as u64) as u32,
        }
    }

    fn words(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.word()).collect()
    }
}

fn elems(words: &[u32]) -> Vec<Elem> {
    words.iter().map(|word| Elem::new_raw(*word)).collect()
}

fn raw(elems: &[Elem]) -> Vec<u32> {
    elems.iter().map(Elem::as_u32_montgomery).collect()
}

fn exts(words: &[u32]) -> Vec<Ext> {
    words
        .chunks_exact(4)
        .map(|four| Ext::from_subelems(elems(four)))
        .collect()
}

fn raw_exts(exts: &[Ext]) -> Vec<u32> {
    exts.iter().flat_map(|ext| raw(ext.subelems())).collect()
}

/// Runs `test` with the instruction sets that are there; AVX2 is the least that says anything.
fn at_each_level(test: impl Fn(&mut Random)) {
    let mut tested = 0;
    for wanted in [Level::Avx2, Level::Avx512] {
        limit(wanted);
        if level() == wanted {
            test(&mut Random(0x9e37_79b9_7f4a_7c15));
            tested += 1;
        }
    }
    limit(Level::Avx512);
    assert!(tested > 0, "this processor has no vectors to test");
}

fn poseidon2(with: impl Fn(&Poseidon2)) {
    let (rounds, diagonal) = (raw(&ROUND_CONSTANTS[..]), raw(&M_INT_DIAG_HZN[..]));
    with(&Poseidon2 {
        rounds: &rounds,
        diagonal: &diagonal,
    });
}

fn digests_of_rows() {
    at_each_level(|random| {
        for (rows, columns) in [(64, 1), (64, 16), (128, 17), (256, 103), (64, 211)] {
            let words = random.words(rows * columns);
            let matrix = elems(&words);
            let expected: Vec<u32> = (0..rows)
                .flat_map(|row| {
                    let row: Vec<Elem> = (0..columns).map(|i| matrix[i * rows + row]).collect();
                    raw(&unpadded_hash(row.iter()))
                })
                .collect();
            poseidon2(|with| {
                let mut out = vec![0; rows * 8];
                assert!(nmp_zk_kernels::hash_rows(with, &words, &mut out));
                assert_eq!(out, expected, "{rows} rows of {columns}");
            });
        }
    });
}

fn digests_of_pairs() {
    at_each_level(|random| {
        for pairs in [64, 1024] {
            let words = random.words(pairs * 16);
            let expected: Vec<u32> = words
                .chunks_exact(16)
                .flat_map(|pair| raw(&unpadded_hash(elems(pair).iter())))
                .collect();
            poseidon2(|with| {
                let mut out = vec![0; pairs * 8];
                assert!(nmp_zk_kernels::hash_pairs(with, &words, &mut out));
                assert_eq!(out, expected);
            });
        }
    });
}

fn transforms() {
    at_each_level(|random| {
        for bits in 6..16 {
            let (size, count) = (1 << bits, 3);
            let words = random.words(size * count);
            let mut expected = elems(&words);
            for column in expected.chunks_exact_mut(size) {
                interpolate_ntt::<Elem, Elem>(column);
            }
            let mut io = words.clone();
            assert!(nmp_zk_kernels::interpolate(
                &mut io,
                count,
                &raw(Elem::ROU_REV)
            ));
            assert_eq!(io, raw(&expected), "reverse, 2^{bits}");

            let input = elems(&words);
            let mut expected = vec![Elem::ZERO; 4 * size * count];
            for (output, input) in expected
                .chunks_exact_mut(4 * size)
                .zip(input.chunks_exact(size))
            {
                expand(output, input, 2);
                evaluate_ntt::<Elem, Elem>(output, 2);
            }
            let mut output = vec![0; 4 * size * count];
            let roots = raw(Elem::ROU_FWD);
            assert!(nmp_zk_kernels::expand_and_evaluate(
                &mut output,
                &words,
                count,
                &roots
            ));
            assert_eq!(output, raw(&expected), "forward, 2^{bits}");
        }
    });
}

fn shifts() {
    at_each_level(|random| {
        let (bits, count) = (9, 5);
        let words = random.words(count << bits);
        let expected: Vec<u32> = words
            .iter()
            .enumerate()
            .map(|(i, word)| {
                let at = bit_rev_32(i as u32 & ((1 << bits) - 1)) >> (32 - bits);
                (Elem::new_raw(*word) * Elem::new(3).pow(at as usize)).as_u32_montgomery()
            })
            .collect();
        let mut io = words;
        assert!(nmp_zk_kernels::zk_shift(&mut io, count));
        assert_eq!(io, expected);
    });
}

fn values_at_points() {
    at_each_level(|random| {
        for (bits, count) in [(6, 3), (14, 7)] {
            let size = 1 << bits;
            let words = random.words(size * count);
            let points = random.words(4 * 3);
            // Seven evaluations at three points, one of them of a polynomial twice.
            let which: Vec<u32> = (0..7).map(|i| (i * 5 % count) as u32).collect();
            let xs: Vec<u32> = (0..7)
                .flat_map(|i| points[i % 3 * 4..][..4].to_vec())
                .collect();
            let (coefficients, at) = (elems(&words), exts(&xs));
            let expected: Vec<Ext> = which
                .iter()
                .zip(&at)
                .map(|(poly, x)| {
                    let poly = &coefficients[*poly as usize * size..][..size];
                    poly.iter()
                        .rev()
                        .fold(Ext::ZERO, |sum, c| sum * *x + Ext::from_subfield(c))
                })
                .collect();
            let mut out = vec![0; 4 * which.len()];
            assert!(nmp_zk_kernels::evaluate_any(
                &words, count, &which, &xs, &mut out
            ));
            assert_eq!(out, raw_exts(&expected));
        }
    });
}

fn mixed_columns() {
    at_each_level(|random| {
        for size in [64, 1024, 1 << 14] {
            let combos = [0, 2, 2, 0, 2, 3, 2, 2];
            let words = random.words(size * combos.len());
            let (start, mix) = (random.words(4), random.words(4));
            let before = random.words(4 * 4 * size);
            let input = elems(&words);
            let mut expected = exts(&before);
            let (mut factor, by) = (exts(&start)[0], exts(&mix)[0]);
            for (i, combo) in combos.iter().enumerate() {
                for j in 0..size {
                    expected[*combo as usize * size + j] += factor * input[i * size + j];
                }
                factor *= by;
            }
            let mut out = before;
            let four = |words: &[u32]| [words[0], words[1], words[2], words[3]];
            let (start, mix) = (four(&start), four(&mix));
            assert!(nmp_zk_kernels::mix_columns(
                &mut out, &words, &combos, start, mix, size
            ));
            assert_eq!(out, raw_exts(&expected));
        }
    });
}

fn constraints() {
    at_each_level(|random| {
        let domain = 1024;
        let (accum, data) = (random.words(103 * domain), random.words(211 * domain));
        let (globals, challenges) = (random.words(90), random.words(36));
        let (powers, inverses) = (random.words(4 * 458), random.words(4));
        let columns = [&accum, &data, &globals, &challenges].map(|words| elems(words));
        let args = columns.each_ref().map(|elems| elems.as_ptr());
        let mix = exts(&powers);
        let mut expected = vec![0; 4 * domain];
        for row in 0..domain {
            let mut sum = Ext::ZERO;
            // SAFETY: the matrices have as many words as the circuit reads.
            let error = unsafe {
                risc0_circuit_rv32im_cpu_poly_fp(row, domain, mix.as_ptr(), args.as_ptr(), &mut sum)
            };
            assert!(error.is_null());
            let value = sum * Ext::from_subfield(&Elem::new_raw(inverses[row % 4]));
            for (i, word) in raw(value.subelems()).into_iter().enumerate() {
                expected[i * domain + row] = word;
            }
        }
        let mut check = vec![0; 4 * domain];
        let all = Constraints {
            accum: &accum,
            data: &data,
            globals: &globals,
            challenges: &challenges,
            powers: &powers,
            inverses: [inverses[0], inverses[1], inverses[2], inverses[3]],
            domain,
        };
        assert!(all.evaluate(2, &mut check));
        assert_eq!(check, expected);
    });
}

fn what_is_too_small_is_left_to_the_caller() {
    at_each_level(|random| {
        let mut io = random.words(32);
        let before = io.clone();
        assert!(!nmp_zk_kernels::interpolate(
            &mut io,
            1,
            &raw(Elem::ROU_REV)
        ));
        assert_eq!(io, before);
    });
    limit(Level::Scalar);
    let mut io = vec![1; 1024];
    assert!(!nmp_zk_kernels::interpolate(
        &mut io,
        1,
        &raw(Elem::ROU_REV)
    ));
    assert_eq!(io, vec![1; 1024]);
    limit(Level::Avx512);
}

fn main() {
    let all: [(&str, fn()); 8] = [
        ("digests of rows", digests_of_rows),
        ("digests of pairs", digests_of_pairs),
        ("transforms", transforms),
        ("shifts", shifts),
        ("values at points", values_at_points),
        ("mixed columns", mixed_columns),
        ("constraints", constraints),
        (
            "what is too small is left to the caller",
            what_is_too_small_is_left_to_the_caller,
        ),
    ];
    for (name, check) in all {
        check();
        println!("equal: {name}");
    }
    println!("{} passed, 0 failed", all.len());
}
