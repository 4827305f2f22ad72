//! System calls of the zkVM's kernel (v1compat), as few as a run needs. What the host gives is what
//! the prover chose: it counts for nothing until the journal commits to it.

use core::arch::{asm, global_asm};

const ECALL_HALT: u32 = 0;
const ECALL_SOFTWARE: u32 = 2;
const ECALL_SHA: u32 = 3;

const SYS_RANDOM: u32 = 11;
const SYS_READ: u32 = 12;
const SYS_WRITE: u32 = 16;

const STDIN: u32 = 0;
const JOURNAL: u32 = 3;

macro_rules! name {
    ($name:literal) => {
        concat!("risc0_zkvm_platform::syscall::nr::", $name, "\0").as_ptr()
    };
}

/// Ends the run without a receipt: for requests that are not whole, and hosts that lie.
#[cold]
pub fn refuse() -> ! {
    // SAFETY: an instruction that no circuit has a row for; nothing runs after it.
    unsafe { asm!("unimp", options(noreturn, nostack)) }
}

/// Fills `into` with the next bytes of the request.
pub fn read(into: &mut [u8]) {
    let read: u32;
    // SAFETY: the kernel writes at most `len` bytes from `into`, and a0 and a1.
    unsafe {
        asm!(
            "ecall",
            in("t0") ECALL_SOFTWARE,
            in("t6") SYS_READ,
            inlateout("a0") into.as_mut_ptr() => read,
            inlateout("a1") into.len() => _,
            in("a2") name!("SYS_READ"),
            in("a3") STDIN,
            in("a4") into.len(),
            options(nostack),
        );
    }
    if read as usize != into.len() {
        refuse();
    }
}

/// Random words of the host.
pub fn random(into: &mut [u32; 4]) {
    // SAFETY: the kernel writes four words from `into`, and a0 and a1.
    unsafe {
        asm!(
            "ecall",
            in("t0") ECALL_SOFTWARE,
            in("t6") SYS_RANDOM,
            inlateout("a0") into.as_mut_ptr() => _,
            inlateout("a1") into.len() => _,
            in("a2") name!("SYS_RANDOM"),
            options(nostack),
        );
    }
}

/// Hands the journal to the host; what counts is the digest that `halt` is given.
pub fn write_journal(bytes: &[u8]) {
    // SAFETY: the host reads `bytes`; the kernel writes a0 and a1.
    unsafe {
        asm!(
            "ecall",
            in("t0") ECALL_SOFTWARE,
            in("t6") SYS_WRITE,
            inlateout("a0") 0 => _,
            inlateout("a1") 0 => _,
            in("a2") name!("SYS_WRITE"),
            in("a3") JOURNAL,
            in("a4") bytes.as_ptr(),
            in("a5") bytes.len(),
            options(nostack),
        );
    }
}

/// SHA-256 of `blocks` blocks from `data` on, from `state` and into it.
///
/// # Safety
/// `data` points to 64 bytes for each block, at a multiple of 4.
pub unsafe fn compress(state: &mut [u32; 8], data: *const u8, blocks: usize) {
    asm!(
        "ecall",
        in("t0") ECALL_SHA,
        in("a0") state.as_mut_ptr(),
        in("a1") state.as_mut_ptr(),
        in("a2") data,
        in("a3") data.add(32),
        in("a4") blocks,
        options(nostack),
    );
}

/// The one place where a run ends well, so that the last program counter tells nothing.
#[inline(never)]
pub fn halt(output: &[u32; 8]) -> ! {
    // SAFETY: the kernel reads eight words from `output`; nothing runs after it.
    unsafe {
        asm!(
            "ecall",
            "unimp",
            in("t0") ECALL_HALT,
            in("a0") 0,
            in("a1") output.as_ptr(),
            options(noreturn, nostack),
        )
    }
}

// The stack lies directly below the image, where its pages share most of the Merkle tree with it.
global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "lui sp, %hi({top})",
    "addi sp, sp, %lo({top})",
    "j {main}",
    top = const crate::STACK_TOP,
    main = sym crate::main,
);
