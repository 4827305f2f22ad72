//! Routines of the runtime that translated code calls.
//!
//! All by the C convention of ilp32: words in a0 to a7, a 64-bit value in two registers that follow
//! one another, low word first; result in a0, or a0 and a1. They may clobber ra, t0 to t6 and a0
//! to a7, and keep s0 to s11, gp, tp and sp. Floating point goes as its bits (`u32`, `u64`). NaN
//! bits need not be canonical, but must be the same on every run. What WebAssembly says traps ends
//! in `Trap` with `trap::WASM`, and never returns.

macro_rules! helpers {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// Number of a helper: its word in the table at `HELPERS`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Helper { $($(#[$doc])* $name = $number,)* }

        impl Helper {
            pub const ALL: &'static [Helper] = &[$(Helper::$name,)*];
        }
    };
}

helpers! {
    /// `(code: u32) -> !`: unwinds to the trampoline.
    Trap = 0,
    /// `(s9: i32) -> i32`: s9 is below zero, and what it lacks is taken from the rest in the
    /// instance, then up to `FUEL_CHUNK_MAX` more; the new s9. Ends in `trap::OUT_OF_FUEL` if the
    /// rest is less than what lacks.
    RefillFuel = 1,
    /// `(pages: u32) -> i32`: pages before, or -1; writes `INSTANCE_MEMORY_BYTES`.
    MemoryGrow = 2,
    /// `(to: u32, value: u32, length: u32)`: addresses of WebAssembly; checks them itself. So do
    /// the others below.
    MemoryFill = 3,
    /// `(to: u32, from: u32, length: u32)`: as memmove.
    MemoryCopy = 4,
    /// `(to: u32, from: u32, length: u32, segment: *const Segment)`.
    MemoryInit = 5,
    /// `(table: *mut Table, elements: u32, value: u32) -> i32`: size before, or -1.
    TableGrow = 6,
    /// `(table: *mut Table, to: u32, value: u32, length: u32)`.
    TableFill = 7,
    /// `(to_table: *mut Table, from_table: *mut Table, to: u32, from: u32, length: u32)`.
    TableCopy = 8,
    /// `(table: *mut Table, segment: *const Segment, to: u32, from: u32, length: u32)`.
    TableInit = 9,

    /// `(u32) -> u32`.
    I32Clz = 10,
    I32Ctz = 11,
    I32Popcnt = 12,
    /// `(u64) -> u32`: the high word of the result is zero and not returned.
    I64Clz = 13,
    I64Ctz = 14,
    I64Popcnt = 15,
    /// `(u64, u64) -> u64`: traps on a divisor of zero and on an overflow.
    I64DivS = 16,
    I64DivU = 17,
    I64RemS = 18,
    I64RemU = 19,

    /// `(u32, u32) -> u32`.
    F32Add = 20,
    F32Sub = 21,
    F32Mul = 22,
    F32Div = 23,
    F32Min = 24,
    F32Max = 25,
    /// `(u32) -> u32`.
    F32Sqrt = 26,
    F32Ceil = 27,
    F32Floor = 28,
    F32Trunc = 29,
    F32Nearest = 30,
    /// `(u32, u32) -> u32`: 0 or 1.
    F32Eq = 31,
    F32Lt = 32,
    F32Le = 33,

    /// `(u64, u64) -> u64`.
    F64Add = 34,
    F64Sub = 35,
    F64Mul = 36,
    F64Div = 37,
    F64Min = 38,
    F64Max = 39,
    /// `(u64) -> u64`.
    F64Sqrt = 40,
    F64Ceil = 41,
    F64Floor = 42,
    F64Trunc = 43,
    F64Nearest = 44,
    /// `(u64, u64) -> u32`: 0 or 1.
    F64Eq = 45,
    F64Lt = 46,
    F64Le = 47,

    /// From the type of the last word to that of the first; traps where WebAssembly's do.
    I32TruncF32S = 48,
    I32TruncF32U = 49,
    I32TruncF64S = 50,
    I32TruncF64U = 51,
    I64TruncF32S = 52,
    I64TruncF32U = 53,
    I64TruncF64S = 54,
    I64TruncF64U = 55,
    I32TruncSatF32S = 56,
    I32TruncSatF32U = 57,
    I32TruncSatF64S = 58,
    I32TruncSatF64U = 59,
    I64TruncSatF32S = 60,
    I64TruncSatF32U = 61,
    I64TruncSatF64S = 62,
    I64TruncSatF64U = 63,
    F32ConvertI32S = 64,
    F32ConvertI32U = 65,
    F32ConvertI64S = 66,
    F32ConvertI64U = 67,
    F64ConvertI32S = 68,
    F64ConvertI32U = 69,
    F64ConvertI64S = 70,
    F64ConvertI64U = 71,
    F32DemoteF64 = 72,
    F64PromoteF32 = 73,
}
