//! The routines that translated code calls, and the table of their addresses. Signatures are those
//! of native/zk/abi: words by the C convention, floats as their bits.

use nmp_zk_abi::{trap, Helper, FUEL_CHUNK_MAX};

use nmp_zk_runtime::float::{double, single};
use crate::instance::{self, nmp_trap};

fn wasm_trap() -> ! {
    // SAFETY: only translated code calls what ends here, and its trampoline waits.
    unsafe { nmp_trap(trap::WASM) }
}

fn or_trap<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => wasm_trap(),
    }
}

extern "C" fn refill_fuel(rest: i32) -> i32 {
    let lacking = u64::from(rest.unsigned_abs());
    let left = instance::fuel();
    if left < lacking {
        // SAFETY: the same.
        unsafe { nmp_trap(trap::OUT_OF_FUEL) }
    }
    let chunk = (left - lacking).min(u64::from(FUEL_CHUNK_MAX));
    instance::set_fuel(left - lacking - chunk);
    chunk as i32
}

extern "C" fn memory_grow(pages: u32) -> i32 {
    instance::grow(pages).map_or(-1, |before| before as i32)
}

extern "C" fn memory_fill(to: u32, value: u32, length: u32) {
    let at = or_trap(instance::place(to, length));
    // SAFETY: it lies in linear memory, which nothing else refers to while the module runs.
    unsafe { at.write_bytes(value as u8, length as usize) }
}

extern "C" fn memory_copy(to: u32, from: u32, length: u32) {
    let (to, from) = (instance::place(to, length), instance::place(from, length));
    // SAFETY: the same of both.
    unsafe { or_trap(from).copy_to(or_trap(to), length as usize) }
}

/// What `memory.init` and `table.init` read.
#[repr(C)]
struct Segment {
    length: u32,
    address: u32,
}

extern "C" fn memory_init(to: u32, from: u32, length: u32, segment: &Segment) {
    let at = or_trap(instance::place(to, length));
    match from.checked_add(length) {
        Some(end) if end <= segment.length => {}
        _ => wasm_trap(),
    }
    let source = (segment.address + from) as usize as *const u8;
    // SAFETY: the segment has these bytes, and lies in the image.
    unsafe { source.copy_to(at, length as usize) }
}

#[repr(C)]
struct Table {
    size: u32,
    capacity: u32,
}

impl Table {
    /// Where `length` elements from `start` on lie, if they lie in it.
    ///
    /// # Safety
    /// The table is one of the translator's: its elements follow it, as many as its capacity.
    unsafe fn place(table: *mut Table, start: u32, length: u32) -> *mut u32 {
        match start.checked_add(length) {
            Some(end) if end <= (*table).size => table.add(1).cast::<u32>().add(start as usize),
            _ => wasm_trap(),
        }
    }
}

unsafe extern "C" fn table_grow(table: *mut Table, elements: u32, value: u32) -> i32 {
    let before = (*table).size;
    match before.checked_add(elements) {
        Some(size) if size <= (*table).capacity => {
            (*table).size = size;
            table_fill(table, before, value, elements);
            before as i32
        }
        _ => -1,
    }
}

unsafe extern "C" fn table_fill(table: *mut Table, to: u32, value: u32, length: u32) {
    let at = Table::place(table, to, length);
    for index in 0..length as usize {
        at.add(index).write(value);
    }
}

unsafe extern "C" fn table_copy(
    to_table: *mut Table,
    from_table: *mut Table,
    to: u32,
    from: u32,
    length: u32,
) {
    let from = Table::place(from_table, from, length);
    from.copy_to(Table::place(to_table, to, length), length as usize)
}

unsafe extern "C" fn table_init(
    table: *mut Table,
    segment: &Segment,
    to: u32,
    from: u32,
    length: u32,
) {
    let at = Table::place(table, to, length);
    match from.checked_add(length) {
        Some(end) if end <= segment.length => {}
        _ => wasm_trap(),
    }
    let source = (segment.address as usize as *const u32).add(from as usize);
    source.copy_to(at, length as usize)
}

/// Defines helpers: `name(operands) -> result = expression;`
macro_rules! operations {
    ($($name:ident($($operand:ident: $type:ty),*) -> $result:ty = $value:expr;)*) => {
        $(extern "C" fn $name($($operand: $type),*) -> $result { $value })*
    };
}

operations! {
    i32_clz(a: u32) -> u32 = a.leading_zeros();
    i32_ctz(a: u32) -> u32 = a.trailing_zeros();
    i32_popcnt(a: u32) -> u32 = a.count_ones();
    i64_clz(a: u64) -> u32 = a.leading_zeros();
    i64_ctz(a: u64) -> u32 = a.trailing_zeros();
    i64_popcnt(a: u64) -> u32 = a.count_ones();
    i64_div_s(a: i64, b: i64) -> i64 = or_trap(a.checked_div(b));
    i64_div_u(a: u64, b: u64) -> u64 = or_trap(a.checked_div(b));
    i64_rem_s(a: i64, b: i64) -> i64 = if b == 0 { wasm_trap() } else { a.wrapping_rem(b) };
    i64_rem_u(a: u64, b: u64) -> u64 = or_trap(a.checked_rem(b));

    f32_add(a: u32, b: u32) -> u32 = (f32::from_bits(a) + f32::from_bits(b)).to_bits();
    f32_sub(a: u32, b: u32) -> u32 = (f32::from_bits(a) - f32::from_bits(b)).to_bits();
    f32_mul(a: u32, b: u32) -> u32 = (f32::from_bits(a) * f32::from_bits(b)).to_bits();
    f32_div(a: u32, b: u32) -> u32 = (f32::from_bits(a) / f32::from_bits(b)).to_bits();
    f32_min(a: u32, b: u32) -> u32 = single::min(f32::from_bits(a), f32::from_bits(b)).to_bits();
    f32_max(a: u32, b: u32) -> u32 = single::max(f32::from_bits(a), f32::from_bits(b)).to_bits();
    f32_sqrt(a: u32) -> u32 = single::sqrt(f32::from_bits(a)).to_bits();
    f32_ceil(a: u32) -> u32 = single::ceil(f32::from_bits(a)).to_bits();
    f32_floor(a: u32) -> u32 = single::floor(f32::from_bits(a)).to_bits();
    f32_trunc(a: u32) -> u32 = single::trunc(f32::from_bits(a)).to_bits();
    f32_nearest(a: u32) -> u32 = single::nearest(f32::from_bits(a)).to_bits();
    f32_eq(a: u32, b: u32) -> u32 = u32::from(f32::from_bits(a) == f32::from_bits(b));
    f32_lt(a: u32, b: u32) -> u32 = u32::from(f32::from_bits(a) < f32::from_bits(b));
    f32_le(a: u32, b: u32) -> u32 = u32::from(f32::from_bits(a) <= f32::from_bits(b));

    f64_add(a: u64, b: u64) -> u64 = (f64::from_bits(a) + f64::from_bits(b)).to_bits();
    f64_sub(a: u64, b: u64) -> u64 = (f64::from_bits(a) - f64::from_bits(b)).to_bits();
    f64_mul(a: u64, b: u64) -> u64 = (f64::from_bits(a) * f64::from_bits(b)).to_bits();
    f64_div(a: u64, b: u64) -> u64 = (f64::from_bits(a) / f64::from_bits(b)).to_bits();
    f64_min(a: u64, b: u64) -> u64 = double::min(f64::from_bits(a), f64::from_bits(b)).to_bits();
    f64_max(a: u64, b: u64) -> u64 = double::max(f64::from_bits(a), f64::from_bits(b)).to_bits();
    f64_sqrt(a: u64) -> u64 = double::sqrt(f64::from_bits(a)).to_bits();
    f64_ceil(a: u64) -> u64 = double::ceil(f64::from_bits(a)).to_bits();
    f64_floor(a: u64) -> u64 = double::floor(f64::from_bits(a)).to_bits();
    f64_trunc(a: u64) -> u64 = double::trunc(f64::from_bits(a)).to_bits();
    f64_nearest(a: u64) -> u64 = double::nearest(f64::from_bits(a)).to_bits();
    f64_eq(a: u64, b: u64) -> u32 = u32::from(f64::from_bits(a) == f64::from_bits(b));
    f64_lt(a: u64, b: u64) -> u32 = u32::from(f64::from_bits(a) < f64::from_bits(b));
    f64_le(a: u64, b: u64) -> u32 = u32::from(f64::from_bits(a) <= f64::from_bits(b));

    i32_trunc_f32_s(a: u32) -> i32 = or_trap(single::to_i32(f32::from_bits(a)));
    i32_trunc_f32_u(a: u32) -> u32 = or_trap(single::to_u32(f32::from_bits(a)));
    i32_trunc_f64_s(a: u64) -> i32 = or_trap(double::to_i32(f64::from_bits(a)));
    i32_trunc_f64_u(a: u64) -> u32 = or_trap(double::to_u32(f64::from_bits(a)));
    i64_trunc_f32_s(a: u32) -> i64 = or_trap(single::to_i64(f32::from_bits(a)));
    i64_trunc_f32_u(a: u32) -> u64 = or_trap(single::to_u64(f32::from_bits(a)));
    i64_trunc_f64_s(a: u64) -> i64 = or_trap(double::to_i64(f64::from_bits(a)));
    i64_trunc_f64_u(a: u64) -> u64 = or_trap(double::to_u64(f64::from_bits(a)));
    // Rust's conversions saturate as WebAssembly's do, and take NaN to zero.
    i32_trunc_sat_f32_s(a: u32) -> i32 = f32::from_bits(a) as i32;
    i32_trunc_sat_f32_u(a: u32) -> u32 = f32::from_bits(a) as u32;
    i32_trunc_sat_f64_s(a: u64) -> i32 = f64::from_bits(a) as i32;
    i32_trunc_sat_f64_u(a: u64) -> u32 = f64::from_bits(a) as u32;
    i64_trunc_sat_f32_s(a: u32) -> i64 = f32::from_bits(a) as i64;
    i64_trunc_sat_f32_u(a: u32) -> u64 = f32::from_bits(a) as u64;
    i64_trunc_sat_f64_s(a: u64) -> i64 = f64::from_bits(a) as i64;
    i64_trunc_sat_f64_u(a: u64) -> u64 = f64::from_bits(a) as u64;
    f32_convert_i32_s(a: i32) -> u32 = (a as f32).to_bits();
    f32_convert_i32_u(a: u32) -> u32 = (a as f32).to_bits();
    f32_convert_i64_s(a: i64) -> u32 = (a as f32).to_bits();
    f32_convert_i64_u(a: u64) -> u32 = (a as f32).to_bits();
    f64_convert_i32_s(a: i32) -> u64 = f64::from(a).to_bits();
    f64_convert_i32_u(a: u32) -> u64 = f64::from(a).to_bits();
    f64_convert_i64_s(a: i64) -> u64 = (a as f64).to_bits();
    f64_convert_i64_u(a: u64) -> u64 = (a as f64).to_bits();
    f32_demote_f64(a: u64) -> u32 = (f64::from_bits(a) as f32).to_bits();
    f64_promote_f32(a: u32) -> u64 = f64::from(f32::from_bits(a)).to_bits();
}

/// Read by the translator alone.
struct Address(#[allow(dead_code)] *const ());

// SAFETY: an address of code, which nothing writes.
unsafe impl Sync for Address {}

macro_rules! table {
    ($($helper:ident => $function:expr,)*) => {
        /// Every helper at the place that its number says.
        const NUMBERS: &[Helper] = &[$(Helper::$helper,)*];
        const _: () = {
            let mut at = 0;
            while at < NUMBERS.len() {
                assert!(NUMBERS[at] as usize == at);
                at += 1;
            }
            assert!(at == Helper::ALL.len());
        };

        #[used]
        #[link_section = ".helpers"]
        static TABLE: [Address; NUMBERS.len()] = [$(Address($function as *const ()),)*];
    };
}

table! {
    Trap => nmp_trap,
    RefillFuel => refill_fuel,
    MemoryGrow => memory_grow,
    MemoryFill => memory_fill,
    MemoryCopy => memory_copy,
    MemoryInit => memory_init,
    TableGrow => table_grow,
    TableFill => table_fill,
    TableCopy => table_copy,
    TableInit => table_init,
    I32Clz => i32_clz,
    I32Ctz => i32_ctz,
    I32Popcnt => i32_popcnt,
    I64Clz => i64_clz,
    I64Ctz => i64_ctz,
    I64Popcnt => i64_popcnt,
    I64DivS => i64_div_s,
    I64DivU => i64_div_u,
    I64RemS => i64_rem_s,
    I64RemU => i64_rem_u,
    F32Add => f32_add,
    F32Sub => f32_sub,
    F32Mul => f32_mul,
    F32Div => f32_div,
    F32Min => f32_min,
    F32Max => f32_max,
    F32Sqrt => f32_sqrt,
    F32Ceil => f32_ceil,
    F32Floor => f32_floor,
    F32Trunc => f32_trunc,
    F32Nearest => f32_nearest,
    F32Eq => f32_eq,
    F32Lt => f32_lt,
    F32Le => f32_le,
    F64Add => f64_add,
    F64Sub => f64_sub,
    F64Mul => f64_mul,
    F64Div => f64_div,
    F64Min => f64_min,
    F64Max => f64_max,
    F64Sqrt => f64_sqrt,
    F64Ceil => f64_ceil,
    F64Floor => f64_floor,
    F64Trunc => f64_trunc,
    F64Nearest => f64_nearest,
    F64Eq => f64_eq,
    F64Lt => f64_lt,
    F64Le => f64_le,
    I32TruncF32S => i32_trunc_f32_s,
    I32TruncF32U => i32_trunc_f32_u,
    I32TruncF64S => i32_trunc_f64_s,
    I32TruncF64U => i32_trunc_f64_u,
    I64TruncF32S => i64_trunc_f32_s,
    I64TruncF32U => i64_trunc_f32_u,
    I64TruncF64S => i64_trunc_f64_s,
    I64TruncF64U => i64_trunc_f64_u,
    I32TruncSatF32S => i32_trunc_sat_f32_s,
    I32TruncSatF32U => i32_trunc_sat_f32_u,
    I32TruncSatF64S => i32_trunc_sat_f64_s,
    I32TruncSatF64U => i32_trunc_sat_f64_u,
    I64TruncSatF32S => i64_trunc_sat_f32_s,
    I64TruncSatF32U => i64_trunc_sat_f32_u,
    I64TruncSatF64S => i64_trunc_sat_f64_s,
    I64TruncSatF64U => i64_trunc_sat_f64_u,
    F32ConvertI32S => f32_convert_i32_s,
    F32ConvertI32U => f32_convert_i32_u,
    F32ConvertI64S => f32_convert_i64_s,
    F32ConvertI64U => f32_convert_i64_u,
    F64ConvertI32S => f64_convert_i32_s,
    F64ConvertI32U => f64_convert_i32_u,
    F64ConvertI64S => f64_convert_i64_s,
    F64ConvertI64U => f64_convert_i64_u,
    F32DemoteF64 => f32_demote_f64,
    F64PromoteF32 => f64_promote_f32,
}
