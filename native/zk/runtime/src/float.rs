//! WebAssembly's operations on floats where Rust's differ from them or are none, on bits. Which bits
//! of a NaN come out is WebAssembly's to leave open; here they follow from the operands, so that
//! they are the same on every run. Plain arithmetic is the compiler's own soft float.

macro_rules! float {
    ($module:ident, $float:ty, $bits:ty, $quiet:expr, $ceil:path, $floor:path, $trunc:path, $nearest:path, $sqrt:path) => {
        pub mod $module {
            /// The bit that makes a NaN a quiet one: results are never signalling.
            const QUIET: $bits = $quiet;

            fn quieted(value: $float) -> $float {
                <$float>::from_bits(value.to_bits() | QUIET)
            }

            pub fn min(a: $float, b: $float) -> $float {
                match () {
                    _ if a != a => quieted(a),
                    _ if b != b => quieted(b),
                    _ if a < b => a,
                    _ if b < a => b,
                    // Equal: of two zeros the negative one.
                    _ => <$float>::from_bits(a.to_bits() | b.to_bits()),
                }
            }

            pub fn max(a: $float, b: $float) -> $float {
                match () {
                    _ if a != a => quieted(a),
                    _ if b != b => quieted(b),
                    _ if a > b => a,
                    _ if b > a => b,
                    _ => <$float>::from_bits(a.to_bits() & b.to_bits()),
                }
            }

            fn of_number(value: $float, operation: fn($float) -> $float) -> $float {
                if value != value {
                    return quieted(value);
                }
                operation(value)
            }

            pub fn ceil(value: $float) -> $float {
                of_number(value, $ceil)
            }

            pub fn floor(value: $float) -> $float {
                of_number(value, $floor)
            }

            pub fn trunc(value: $float) -> $float {
                of_number(value, $trunc)
            }

            pub fn nearest(value: $float) -> $float {
                of_number(value, $nearest)
            }

            pub fn sqrt(value: $float) -> $float {
                of_number(value, $sqrt)
            }

            /// `None` where WebAssembly traps: for NaN and what does not fit.
            pub fn to_i32(value: $float) -> Option<i32> {
                let whole = trunc(value);
                (whole >= -2147483648.0 && whole < 2147483648.0).then_some(value as i32)
            }

            pub fn to_u32(value: $float) -> Option<u32> {
                let whole = trunc(value);
                (whole >= 0.0 && whole < 4294967296.0).then_some(value as u32)
            }

            pub fn to_i64(value: $float) -> Option<i64> {
                let whole = trunc(value);
                (whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)
                    .then_some(value as i64)
            }

            pub fn to_u64(value: $float) -> Option<u64> {
                let whole = trunc(value);
                (whole >= 0.0 && whole < 18446744073709551616.0).then_some(value as u64)
            }
        }
    };
}

float!(
    single, f32, u32, 0x0040_0000, libm::ceilf, libm::floorf, libm::truncf, libm::rintf, libm::sqrtf
);
float!(
    double, f64, u64, 0x0008_0000_0000_0000, libm::ceil, libm::floor, libm::trunc, libm::rint, libm::sqrt
);
