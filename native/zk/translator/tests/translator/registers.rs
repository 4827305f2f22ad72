//! What all translated code keeps to, read from its words: registers of fixed meaning are written
//! only where they must be, and stores have one of four registers as their base.

use nmp_zk_abi as abi;

use crate::smith::generated;
use crate::support::{module, pure, translate};

const ZERO: u32 = 0;
const SP: u32 = 2;
const GP: u32 = 3;
const TP: u32 = 4;
const T0: u32 = 5;
const T1: u32 = 6;
const S9: u32 = 25;
const S10: u32 = 26;
const S11: u32 = 27;

/// Words of the code segment.
fn code(elf: &[u8]) -> Vec<u32> {
    let word = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().expect("four bytes"));
    let count = usize::from(u16::from_le_bytes([elf[44], elf[45]]));
    let header = (0..count)
        .map(|index| 52 + 32 * index)
        .find(|at| word(at + 8) == abi::CODE)
        .expect("a segment of code");
    let (offset, length) = (word(header + 4) as usize, word(header + 16) as usize);
    (0..length / 4)
        .map(|index| word(offset + 4 * index))
        .collect()
}

fn check(word: u32) -> Result<(), &'static str> {
    let (rd, rs1) = (word >> 7 & 31, word >> 15 & 31);
    let immediate = word as i32 >> 20;
    // Numbers of types, and the rest of the last page.
    if word < 1000 {
        return Ok(());
    }
    match word & 0x7f {
        0x23 if ![SP, T0, T1, S10].contains(&rs1) => return Err("a store with another base"),
        0x23 | 0x63 => return Ok(()),
        0x03 | 0x13 | 0x17 | 0x33 | 0x37 | 0x67 | 0x6f => {}
        _ => return Err("not of RV32IM"),
    }
    let adds = word & 0x707f == 0x13 && rs1 == rd;
    match rd {
        S10 | GP | TP => Err("a register that none may write"),
        // From the instance, then less the slack.
        S11 if word & 0x707f == 0x2003 && rs1 == S10 => Ok(()),
        S11 if adds && immediate == -(abi::BOUND_SLACK as i32) => Ok(()),
        S11 => Err("another bound of memory"),
        // Less; what a refill gave; less by a length.
        S9 if adds && immediate < 0 => Ok(()),
        S9 if word & 0x707f == 0x13 && rs1 == 10 && immediate == 0 => Ok(()),
        S9 if word & 0xfe00_707f == 0x4000_0033 && rs1 == S9 => Ok(()),
        S9 => Err("fuel out of nothing"),
        // By a constant, or by one in t0 for large frames.
        SP if adds || (word & 0xfe00_707f == 0x33 && rs1 == SP) => Ok(()),
        SP => Err("another stack"),
        ZERO if word & 0x7f == 0x03 => Err("a load to nowhere"),
        _ => Ok(()),
    }
}

#[test]
fn fixed_registers_are_kept() {
    let large = pure(
        "(func $f (param i64) (result i64) (local i64) (local.get 0))",
        &format!(
            "{} (drop (memory.grow (i32.const 1))) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)) {}",
            "(call $f (i64.const 1))".repeat(400),
            "(i64.add)".repeat(399)
        ),
    );
    let mut checked = 0;
    let all = (0..200).map(generated).chain([module(&large)]);
    for (index, wasm) in all.enumerate() {
        for word in code(&translate(&wasm).expect("a module of the profile")) {
            if let Err(why) = check(word) {
                panic!("module {index}: {word:#010x}: {why}");
            }
            checked += 1;
        }
    }
    assert!(checked > 100_000);
}
