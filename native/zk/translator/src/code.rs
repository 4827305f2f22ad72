//! The module's code as one piece: shared routines, then every function in the module's order, each
//! behind the word that numbers its type.

use alloc::vec::Vec;

use nmp_zk_abi as abi;

use crate::assembler::{Assembled, Patch, Reach, Target};
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
    let mut functions = Vec::new();
    let mut pieces = Vec::new();
    let mut at = routines.words.len();
    for function in items {
        let assembled = function.assemble(reach)?;
        at += 1;
        functions.push(abi::CODE + at as u32 * 4);
        at += assembled.words.len();
        pieces.push(assembled);
    }
    let mut words = routines.words.clone();
    for (index, piece) in pieces.into_iter().enumerate() {
        let ty = module.functions.get(index).copied().unwrap_or(0);
        words.push(module.canonical.get(ty as usize).copied().unwrap_or(0));
        place(&mut words, piece, reach, &functions, &routines)?;
    }
    Ok(Code { words, functions })
}

/// Appends one function, with what it waits for filled in.
fn place(
    words: &mut Vec<u32>,
    piece: Assembled,
    reach: Reach,
    functions: &[u32],
    routines: &Routines,
) -> Result<(), Refusal> {
    let first = words.len();
    words.extend(piece.words);
    for (index, patch) in piece.patches {
        let index = first + index;
        let here = abi::CODE + index as u32 * 4;
        let function = |index: u32| {
            functions
                .get(index as usize)
                .copied()
                .ok_or(Refusal::NotAModule)
        };
        match patch {
            Patch::Address(rd, index_of) => {
                let (upper, low) = encode::split(function(index_of)?);
                words[index] = encode::lui(rd, upper);
                words[index + 1] = encode::addi(rd, rd, low);
            }
            Patch::Far(link, target) => {
                let address = match target {
                    Target::Function(index) => function(index)?,
                    Target::Routine(routine) => abi::CODE + routines.offset(routine) as u32,
                };
                let distance = address.wrapping_sub(here);
                if reach == Reach::Near {
                    words[index] = encode::jal(link, distance as i32);
                } else {
                    // t1 is what no routine is passed anything in without a link of its own.
                    let (upper, low) = encode::split(distance);
                    let through = if link == ZERO { T1 } else { link };
                    words[index] = encode::auipc(through, upper);
                    words[index + 1] = encode::jalr(link, through, low);
                }
            }
        }
    }
    Ok(())
}
