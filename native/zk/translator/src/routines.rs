//! Code that all functions of a module share, out of their line. Reached with the link in t0; the
//! function's own ra, and every register but t0, stay as they are unless it says otherwise.

use alloc::vec::Vec;

use nmp_zk_abi::{trap, Helper};

use crate::assembler::Routine;
use crate::encode::{self, argument, Load, Op, Store, A0, RA, S9, SP, T0, T1, T2, ZERO};
use crate::memory::UNALIGNED;

/// All, in this order, and their words.
pub struct Routines {
    pub words: Vec<u32>,
    starts: [(Routine, usize); 6],
}

impl Routines {
    /// Bytes from the start of the routines.
    pub fn offset(&self, routine: Routine) -> usize {
        self.starts
            .iter()
            .find(|(one, _)| *one == routine)
            .map_or(0, |(_, start)| *start)
    }

    pub fn new(helpers: &[u32]) -> Routines {
        let address = |helper: Helper| helpers.get(helper as usize).copied().unwrap_or(0);
        let mut words = Vec::new();
        let starts = [
            Routine::Trap,
            Routine::Refill,
            Routine::Load16,
            Routine::Load32,
            Routine::Store16,
            Routine::Store32,
        ]
        .map(|routine| {
            let start = words.len() * 4;
            match routine {
                Routine::Trap => words.extend(trap_routine(address(Helper::Trap))),
                Routine::Refill => words.extend(refill(address(Helper::RefillFuel))),
                Routine::Load16 => words.extend(load(2)),
                Routine::Load32 => words.extend(load(4)),
                Routine::Store16 => words.extend(store(2)),
                Routine::Store32 => words.extend(store(4)),
            }
            (routine, start)
        });
        Routines { words, starts }
    }
}

fn trap_routine(helper: u32) -> [u32; 3] {
    let (upper, low) = encode::split(helper);
    [
        encode::addi(A0, ZERO, trap::WASM as i32),
        encode::lui(T0, upper),
        encode::jalr(ZERO, T0, low),
    ]
}

/// s9 is below zero: the helper's answer is the new one. Everything that it may clobber is saved;
/// t1 need not be.
fn refill(helper: u32) -> Vec<u32> {
    let mut kept: Vec<_> = (0..8).map(argument).collect();
    kept.extend([RA, T0, T2]);
    kept.extend((28..32).map(encode::Reg));
    let frame = (kept.len() * 4).next_multiple_of(16) as i32;
    let (upper, low) = encode::split(helper);
    let mut words = Vec::new();
    words.push(encode::addi(SP, SP, -frame));
    for (reg, at) in kept.iter().zip((0..).step_by(4)) {
        words.push(encode::sw(*reg, SP, at));
    }
    words.push(encode::addi(A0, S9, 0));
    words.push(encode::lui(T0, upper));
    words.push(encode::jalr(RA, T0, low));
    words.push(encode::addi(S9, A0, 0));
    for (reg, at) in kept.iter().zip((0..).step_by(4)) {
        words.push(encode::lw(*reg, SP, at));
    }
    words.push(encode::addi(SP, SP, frame));
    words.push(encode::jalr(ZERO, T0, 0));
    words
}

/// Where a routine keeps a register, below the word that is passed.
const KEPT: [i32; 2] = [UNALIGNED - 4, UNALIGNED - 8];

/// The word at the address in t1, byte by byte, to the word that is passed below the stack.
fn load(width: u32) -> Vec<u32> {
    let (sum, byte) = (T2, A0);
    let mut words = Vec::new();
    words.push(encode::sw(sum, SP, KEPT[0]));
    words.push(encode::sw(byte, SP, KEPT[1]));
    words.push(encode::load(Load::ByteUnsigned, sum, T1, 0));
    for index in 1..width {
        words.push(encode::load(Load::ByteUnsigned, byte, T1, index as i32));
        words.push(encode::slli(byte, byte, 8 * index));
        words.push(encode::op(Op::Or, sum, sum, byte));
    }
    words.push(encode::sw(sum, SP, UNALIGNED));
    words.push(encode::lw(sum, SP, KEPT[0]));
    words.push(encode::lw(byte, SP, KEPT[1]));
    words.push(encode::jalr(ZERO, T0, 0));
    words
}

/// The word that is passed below the stack, byte by byte, to the address in t1.
fn store(width: u32) -> Vec<u32> {
    let value = T2;
    let mut words = Vec::new();
    words.push(encode::sw(value, SP, KEPT[0]));
    words.push(encode::lw(value, SP, UNALIGNED));
    for index in 0..width {
        words.push(encode::store(Store::Byte, value, T1, index as i32));
        if index + 1 < width {
            words.push(encode::srli(value, value, 8));
        }
    }
    words.push(encode::lw(value, SP, KEPT[0]));
    words.push(encode::jalr(ZERO, T0, 0));
    words
}
