//! Against the floats of the machine that runs the tests: at the edges, and on random bits.

use crate::float::{double, single};

const RANDOM: usize = 200_000;

/// xorshift64*: the same bits on every run.
fn random(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..count).map(move |_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    })
}

macro_rules! suite {
    ($name:ident, $module:ident, $float:ty, $bits:ty, $mantissa:expr) => {
        mod $name {
            use super::*;

            const QUIET: $bits = 1 << ($mantissa - 1);

            /// Every power of two and half steps about it, what lies next to them, and NaNs.
            fn edges() -> Vec<$float> {
                let mut bits: Vec<$bits> = vec![0, 1, 2, <$float>::NAN.to_bits()];
                bits.extend([<$float>::INFINITY.to_bits(), <$float>::INFINITY.to_bits() + 1]);
                bits.extend([<$float>::INFINITY.to_bits() | QUIET | 5, <$bits>::MAX >> 1]);
                for exponent in -70i32..70 {
                    for step in [1.0, 1.5, 1.25, 1.75] {
                        let near = ((2.0 as $float).powi(exponent) * step).to_bits();
                        bits.extend([near - 1, near, near + 1]);
                    }
                }
                for whole in 0..40u8 {
                    bits.push((<$float>::from(whole) + 0.5).to_bits());
                }
                let sign: $bits = 1 << (<$bits>::BITS - 1);
                let all = bits.iter().flat_map(|bits| [*bits, *bits | sign]);
                all.map(<$float>::from_bits).collect()
            }

            /// Those, whole random bits, and random mantissas near one.
            fn values() -> Vec<$float> {
                let mut values = edges();
                values.extend(random(RANDOM).map(|bits| <$float>::from_bits(bits as $bits)));
                values.extend(random(RANDOM).map(|bits| {
                    let exponent = (bits >> 58) as i32 - 32;
                    (bits as $bits as $float) * (2.0 as $float).powi(exponent - <$bits>::BITS as i32)
                }));
                values
            }

            fn same(found: $float, expected: $float, of: &[$float]) {
                if expected.is_nan() {
                    assert!(found.is_nan() && found.to_bits() & QUIET != 0, "{of:?}: {found:?}");
                } else {
                    assert_eq!(found.to_bits(), expected.to_bits(), "{of:?}");
                }
            }

            #[test]
            fn rounds_and_takes_roots() {
                for value in values() {
                    same($module::ceil(value), value.ceil(), &[value]);
                    same($module::floor(value), value.floor(), &[value]);
                    same($module::trunc(value), value.trunc(), &[value]);
                    same($module::nearest(value), value.round_ties_even(), &[value]);
                    same($module::sqrt(value), value.sqrt(), &[value]);
                }
            }

            #[test]
            fn finds_the_lesser_and_the_greater() {
                let edges = edges();
                for a in edges.iter().copied() {
                    for b in edges.iter().copied() {
                        if a.is_nan() || b.is_nan() {
                            same($module::min(a, b), <$float>::NAN, &[a, b]);
                            same($module::max(a, b), <$float>::NAN, &[a, b]);
                        } else if a != b || a != 0.0 {
                            same($module::min(a, b), a.min(b), &[a, b]);
                            same($module::max(a, b), a.max(b), &[a, b]);
                        }
                    }
                }
                for (a, b, lesser, greater) in [
                    (0.0, 0.0, 0.0, 0.0),
                    (-0.0, 0.0, -0.0, 0.0),
                    (0.0, -0.0, -0.0, 0.0),
                    (-0.0, -0.0, -0.0, -0.0),
                ] {
                    same($module::min(a, b), lesser, &[a, b]);
                    same($module::max(a, b), greater, &[a, b]);
                }
            }

            #[test]
            fn converts_what_fits_and_nothing_else() {
                for value in values() {
                    // Every integer of 64 bits fits, and what is beyond i128 fits none of them.
                    let whole = (!value.is_nan()).then_some(value.trunc() as i128);
                    let fitting = |low: i128, high: i128| {
                        whole.filter(|whole| (low..=high).contains(whole))
                    };
                    let i32s = fitting(i32::MIN.into(), i32::MAX.into());
                    let i64s = fitting(i64::MIN.into(), i64::MAX.into());
                    assert_eq!($module::to_i32(value).map(i128::from), i32s, "{value:?}");
                    assert_eq!($module::to_i64(value).map(i128::from), i64s, "{value:?}");
                    let u32s = fitting(0, u32::MAX.into());
                    let u64s = fitting(0, u64::MAX.into());
                    assert_eq!($module::to_u32(value).map(i128::from), u32s, "{value:?}");
                    assert_eq!($module::to_u64(value).map(i128::from), u64s, "{value:?}");
                }
            }
        }
    };
}

suite!(of_single, single, f32, u32, 23);
suite!(of_double, double, f64, u64, 52);
