//! The module beside this program: what the translator wrote of it, its memory, and calls into it.
//! Addresses and registers are those of native/zk/abi.

use core::arch::global_asm;

use nmp_zk_abi as abi;

use crate::journal::Outcome;

/// Largest output, bytes.
const OUTPUT_BYTES_MAX: u32 = 1024 * 1024;
/// Translated code may use the stack down to here.
const STACK_LIMIT: u32 = crate::STACK_TOP - STACK_BYTES;
const STACK_BYTES: u32 = 512 * 1024;

extern "C" {
    /// Calls translated code; 0 and the result, or the code of a trap.
    fn nmp_invoke(function: u32, first: u32, second: u32, result: *mut [u32; 2]) -> u32;
    /// Ends the translated code with a code of a trap.
    pub fn nmp_trap(code: u32) -> !;
}

// One frame: ra, s0 to s11, and where the result goes. A trap takes the stack back to it. Fuel is
// taken when the first block asks, and what is left of the chunk in s9 given back at the end.
global_asm!(
    ".section .text.invoke, \"ax\"",
    ".globl nmp_invoke",
    "nmp_invoke:",
    "addi sp, sp, -64",
    "sw ra, 0(sp)",
    "sw s0, 4(sp)",
    "sw s1, 8(sp)",
    "sw s2, 12(sp)",
    "sw s3, 16(sp)",
    "sw s4, 20(sp)",
    "sw s5, 24(sp)",
    "sw s6, 28(sp)",
    "sw s7, 32(sp)",
    "sw s8, 36(sp)",
    "sw s9, 40(sp)",
    "sw s10, 44(sp)",
    "sw s11, 48(sp)",
    "sw a3, 52(sp)",
    "lui s10, %hi({memory})",
    "sw sp, {saved}(s10)",
    "lw s11, {bytes}(s10)",
    "addi s11, s11, -{slack}",
    "li s9, 0",
    "mv t0, a0",
    "mv a0, a1",
    "mv a1, a2",
    "jalr t0",
    "lui t0, %hi({memory})",
    "lw t1, {fuel}(t0)",
    "lw t2, {fuel} + 4(t0)",
    "add t1, t1, s9",
    "sltu t3, t1, s9",
    "add t2, t2, t3",
    "sw t1, {fuel}(t0)",
    "sw t2, {fuel} + 4(t0)",
    "lw t1, 52(sp)",
    "sw a0, 0(t1)",
    "sw a1, 4(t1)",
    "li a0, 0",
    "1:",
    "lw ra, 0(sp)",
    "lw s0, 4(sp)",
    "lw s1, 8(sp)",
    "lw s2, 12(sp)",
    "lw s3, 16(sp)",
    "lw s4, 20(sp)",
    "lw s5, 24(sp)",
    "lw s6, 28(sp)",
    "lw s7, 32(sp)",
    "lw s8, 36(sp)",
    "lw s9, 40(sp)",
    "lw s10, 44(sp)",
    "lw s11, 48(sp)",
    "addi sp, sp, 64",
    "ret",
    ".globl nmp_trap",
    "nmp_trap:",
    "lui t0, %hi({memory})",
    "lw sp, {saved}(t0)",
    "j 1b",
    memory = const abi::MEMORY,
    bytes = const near(abi::INSTANCE_MEMORY_BYTES),
    saved = const near(abi::INSTANCE_SAVED_SP),
    fuel = const near(abi::INSTANCE_FUEL),
    slack = const abi::BOUND_SLACK,
);

/// Distance of a word of the instance from linear memory, as instructions take it.
const fn near(offset: u32) -> i32 {
    (abi::INSTANCE + offset).wrapping_sub(abi::MEMORY) as i32
}

const _: () = assert!(abi::MEMORY % 4096 == 0 && STACK_LIMIT >= abi::STACK_LIMIT_MIN);

/// A word of header or instance.
fn word(base: u32, offset: u32) -> *mut u32 {
    (base + offset) as usize as *mut u32
}

fn load(base: u32, offset: u32) -> u32 {
    // SAFETY: words of header and instance are mapped and aligned.
    unsafe { word(base, offset).read_volatile() }
}

fn store(base: u32, offset: u32, value: u32) {
    // SAFETY: the same, and the runtime alone calls this, with words that are its own.
    unsafe { word(base, offset).write_volatile(value) }
}

/// Bytes of linear memory now.
pub fn memory_bytes() -> u32 {
    load(abi::INSTANCE, abi::INSTANCE_MEMORY_BYTES)
}

/// Where `length` bytes from `start` of linear memory lie, if they lie in it.
pub fn place(start: u32, length: u32) -> Option<*mut u8> {
    let end = start.checked_add(length)?;
    (end <= memory_bytes()).then(|| (abi::MEMORY + start) as usize as *mut u8)
}

pub fn fuel() -> u64 {
    let high = load(abi::INSTANCE, abi::INSTANCE_FUEL + 4);
    u64::from(high) << 32 | u64::from(load(abi::INSTANCE, abi::INSTANCE_FUEL))
}

pub fn set_fuel(fuel: u64) {
    store(abi::INSTANCE, abi::INSTANCE_FUEL, fuel as u32);
    store(abi::INSTANCE, abi::INSTANCE_FUEL + 4, (fuel >> 32) as u32);
}

/// More pages of linear memory, which are zero; how many there were, if there is room.
pub fn grow(pages: u32) -> Option<u32> {
    let before = memory_bytes();
    let bytes = before.checked_add(pages.checked_mul(abi::PAGE_BYTES)?)?;
    if bytes > load(abi::HEADER, abi::HEADER_MEMORY_BYTES_MAX) {
        return None;
    }
    store(abi::INSTANCE, abi::INSTANCE_MEMORY_BYTES, bytes);
    Some(before / abi::PAGE_BYTES)
}

fn outcome(trap: u32) -> Outcome {
    match trap {
        abi::trap::OUT_OF_FUEL => Outcome::OutOfFuel,
        _ => Outcome::Trap,
    }
}

/// Calls a function of the module.
fn invoke(function: u32, first: u32, second: u32) -> Result<u64, Outcome> {
    let mut result = [0; 2];
    // SAFETY: the header holds addresses of translated functions, which touch nothing but linear
    // memory, the instance and the stack below this frame.
    match unsafe { nmp_invoke(function, first, second, &mut result) } {
        0 => Ok(u64::from(result[1]) << 32 | u64::from(result[0])),
        trap => Err(outcome(trap)),
    }
}

/// SHA-256 of the module, which the translator has hashed.
pub fn module() -> &'static [u8; 32] {
    // SAFETY: 32 bytes of the header, which nothing writes.
    unsafe { &*((abi::HEADER + abi::HEADER_MODULE_HASH) as usize as *const [u8; 32]) }
}

/// Gives the module its fuel, and runs its start function if it has one.
pub fn start(fuel: u64) -> Result<(), Outcome> {
    set_fuel(fuel);
    store(abi::INSTANCE, abi::INSTANCE_STACK_LIMIT, STACK_LIMIT);
    match load(abi::HEADER, abi::HEADER_START) {
        0 => Ok(()),
        function => invoke(function, 0, 0).map(|_| ()),
    }
}

/// Where the module wants its input.
pub fn allocate(length: u32) -> Result<(u32, &'static mut [u8]), Outcome> {
    let wanted = i32::try_from(length).map_err(|_| Outcome::AbiViolation)?;
    let pointer = invoke(load(abi::HEADER, abi::HEADER_ALLOC), wanted as u32, 0)? as u32;
    let at = place(pointer, length).ok_or(Outcome::AbiViolation)?;
    // SAFETY: it lies in linear memory, which no other reference points into.
    Ok((pointer, unsafe { core::slice::from_raw_parts_mut(at, length as usize) }))
}

/// Runs the module on the input at `pointer`; the output lies in its memory.
pub fn run(pointer: u32, length: u32) -> Result<&'static [u8], Outcome> {
    let result = invoke(load(abi::HEADER, abi::HEADER_RUN), pointer, length)?;
    let (start, length) = ((result >> 32) as u32, result as u32);
    if length > OUTPUT_BYTES_MAX {
        return Err(Outcome::AbiViolation);
    }
    let at = place(start, length).ok_or(Outcome::AbiViolation)?;
    // SAFETY: it lies in linear memory, and the module runs no more.
    Ok(unsafe { core::slice::from_raw_parts(at, length as usize) })
}
