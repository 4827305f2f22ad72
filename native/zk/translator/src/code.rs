//! The module's code as one piece: shared routines, then every function in the module's order, each
//! behind the word that numbers its type; then the rare parts of all.

use alloc::vec::Vec;

use nmp_zk_abi as abi;

use crate::assembler::{Part, Patch, Reach, Target};
use crate::encode::{self, T1, ZERO};
use crate::function;
use crate::limits;
use crate::module::Module;
use crate::program::Program;
use crate::refusal::Refusal;
use crate::routines::Routines;

pub struct Code {
    pub words: Vec<u32>,
    /// Address of each function.
    pub functions: Vec<u32>,
}

/// Leaves room so that every jump within the code is shorter than 1 MiB.
const NEAR_BYTES: usize = 1_000_000;

pub fn generate(module: &Module<'_>, program: &Program) -> Result<Code, Refusal> {
    let routines = Routines::new(&program.helpers);
    let mut bytes_max = routines.words.len() * 4;
    let mut items = Vec::new();
    for index in 0..module.bodies.len() {
        let function = function::translate(module, program, index)?;
        bytes_max += 4 + function.bytes_max();
        if bytes_max > limits::CODE_MAX {
            return Err(Refusal::Limit);
        }
        items.push(function);
    }
    let reach = if bytes_max < NEAR_BYTES {
        Reach::Near
    } else {
        Reach::Far
    };
    let mut starts = Vec::new();
    let mut pieces = Vec::new();
    let mut at = routines.words.len();
    for function in items {
        let assembled = function.assemble(reach)?;
        at += 1;
        starts.push(address(at));
        at += assembled.usual.words.len();
        pieces.push(assembled);
    }
    let mut rare = Vec::new();
    for piece in &pieces {
        rare.push(address(at));
        at += piece.rare.words.len();
    }
    let mut words = routines.words.clone();
    let mut layout = Layout {
        functions: starts,
        rare,
        routines,
        reach,
    };
    for (index, piece) in pieces.iter().enumerate() {
        let ty = module.functions.get(index).copied().unwrap_or(0);
        words.push(module.canonical.get(ty as usize).copied().unwrap_or(0));
        layout.place(&mut words, index, &piece.usual)?;
    }
    for (index, piece) in pieces.iter().enumerate() {
        layout.place(&mut words, index, &piece.rare)?;
    }
    let functions = core::mem::take(&mut layout.functions);
    Ok(Code { words, functions })
}

fn address(word: usize) -> u32 {
    abi::CODE + word as u32 * 4
}

/// Where each part begins.
struct Layout {
    functions: Vec<u32>,
    rare: Vec<u32>,
    routines: Routines,
    reach: Reach,
}

impl Layout {
    fn function(&self, index: u32) -> Result<u32, Refusal> {
        let address = self.functions.get(index as usize).copied();
        address.ok_or(Refusal::NotAModule)
    }

    /// Appends one part of the function `owner`, with what it waits for filled in.
    fn place(&self, words: &mut Vec<u32>, owner: usize, part: &Part) -> Result<(), Refusal> {
        let first = words.len();
        words.extend(&part.words);
        for &(index, patch) in &part.patches {
            let index = first + index;
            let here = address(index);
            match patch {
                Patch::Address(rd, function) => {
                    let (upper, low) = encode::split(self.function(function)?);
                    words[index] = encode::lui(rd, upper);
                    words[index + 1] = encode::addi(rd, rd, low);
                }
                Patch::Across(spot) => {
                    let parts = if spot.rare {
                        &self.rare
                    } else {
                        &self.functions
                    };
                    let start = parts.get(owner).copied().ok_or(Refusal::NotAModule)?;
                    let distance = (start + spot.at as u32).wrapping_sub(here);
                    words[index] = encode::jal(ZERO, distance as i32);
                }
                Patch::Far(link, target) => {
                    let target = match target {
                        Target::Function(function) => self.function(function)?,
                        Target::Routine(routine) => {
                            abi::CODE + self.routines.offset(routine) as u32
                        }
                    };
                    let distance = target.wrapping_sub(here);
                    if self.reach == Reach::Near {
                        words[index] = encode::jal(link, distance as i32);
                        continue;
                    }
                    // Nothing is passed to the trap in t1, which has no link of its own.
                    let (upper, low) = encode::split(distance);
                    let through = if link == ZERO { T1 } else { link };
                    words[index] = encode::auipc(through, upper);
                    words[index + 1] = encode::jalr(link, through, low);
                }
            }
        }
        Ok(())
    }
}
