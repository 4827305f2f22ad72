//! Which locals live in registers: those that are used most, a use in a loop counting as eight.

use alloc::vec::Vec;

use wasmparser::{FunctionBody, Operator};

use crate::encode::{argument, Reg, S0, S1, S2, S8, T2, T3, T6};
use crate::limits;
use crate::module::Module;
use crate::refusal::Refusal;
use crate::types::{words, Type};

/// Where a word of a local lies throughout the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    Reg(Reg),
    /// This word of the frame's locals.
    Frame(usize),
    /// Never mentioned.
    None,
}

pub struct Locals {
    pub types: Vec<Type>,
    /// First word of each local.
    pub first_word: Vec<usize>,
    /// Of each word.
    pub homes: Vec<Home>,
    /// Words that the frame keeps.
    pub frame_words: usize,
    /// Saved by the prologue, in this order.
    pub saved: Vec<Reg>,
    pub param_words: usize,
    /// Registers that hold operands, in the order in which they are taken.
    pub temporaries: Vec<Reg>,
    /// Calls nothing, neither a function nor a helper: registers that a call would clobber can hold
    /// locals.
    pub leaf: bool,
    /// Calls a function of the module, so that it could recurse.
    pub calls: bool,
    /// Words of arguments or results that do not fit registers, at most over all calls.
    pub outgoing_words: usize,
}

/// What one pass over the instructions tells.
struct Survey {
    weights: Vec<u64>,
    leaf: bool,
    calls: bool,
    outgoing_words: usize,
}

/// Saving and restoring a register costs two instructions.
const WORTH_SAVING: u64 = 3;

pub fn assign(
    module: &Module<'_>,
    params: &[Type],
    body: &FunctionBody<'_>,
    operators: &[Operator<'_>],
) -> Result<Locals, Refusal> {
    let mut types: Vec<Type> = params.to_vec();
    let mut reader = body.get_locals_reader().map_err(|_| Refusal::NotAModule)?;
    for _ in 0..reader.get_count() {
        let (count, ty) = reader.read().map_err(|_| Refusal::NotAModule)?;
        if count as usize > limits::LOCAL_WORDS_MAX || types.len() > limits::LOCAL_WORDS_MAX {
            return Err(Refusal::Limit);
        }
        types.extend(core::iter::repeat_n(Type::of(ty)?, count as usize));
    }
    if words(&types) > limits::LOCAL_WORDS_MAX {
        return Err(Refusal::Limit);
    }
    let survey = survey(module, types.len(), operators)?;
    Ok(place(types, words(params), survey))
}

fn survey(
    module: &Module<'_>,
    locals: usize,
    operators: &[Operator<'_>],
) -> Result<Survey, Refusal> {
    let mut survey = Survey {
        weights: alloc::vec![0; locals],
        leaf: true,
        calls: false,
        outgoing_words: 0,
    };
    let mut blocks = Vec::new();
    let mut loops = 0u32;
    for operator in operators {
        match operator {
            Operator::Loop { .. } => {
                blocks.push(true);
                loops += 1;
            }
            Operator::Block { .. } | Operator::If { .. } => blocks.push(false),
            Operator::End => {
                if blocks.pop() == Some(true) {
                    loops -= 1;
                }
            }
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => {
                if let Some(weight) = survey.weights.get_mut(*local_index as usize) {
                    *weight = weight.saturating_add(1 << (3 * loops.min(6)));
                }
            }
            Operator::Call { function_index } => {
                let signature = module.signature(*function_index)?;
                survey.call(&signature.params, &signature.results);
            }
            Operator::CallIndirect { type_index, .. } => {
                let signature = module.ty(*type_index)?;
                survey.call(&signature.params, &signature.results);
            }
            other => survey.leaf &= !crate::operators::needs_helper(other),
        }
        if blocks.len() > limits::NESTING_MAX {
            return Err(Refusal::Limit);
        }
    }
    Ok(survey)
}

impl Survey {
    fn call(&mut self, params: &[Type], results: &[Type]) {
        self.leaf = false;
        self.calls = true;
        let beyond = words(params).max(words(results)).saturating_sub(8);
        self.outgoing_words = self.outgoing_words.max(beyond);
    }
}

fn place(types: Vec<Type>, param_words: usize, survey: Survey) -> Locals {
    let mut first_word = Vec::with_capacity(types.len());
    let mut count = 0;
    for ty in &types {
        first_word.push(count);
        count += ty.words();
    }
    // Registers that a call clobbers: in a leaf the arguments stay where they come in, and two of
    // the eight always stay free for operands.
    let mut clobbered: Vec<Reg> = Vec::new();
    if survey.leaf {
        clobbered.extend((0..6).rev().map(argument));
    }
    let mut kept: Vec<Reg> = (S2.0..=S8.0).rev().map(Reg).collect();
    kept.extend([S1, S0]);

    let mut homes = alloc::vec![Home::None; count];
    let mut saved = Vec::new();
    let mut frame_words = 0;
    let mut order: Vec<usize> = (0..types.len())
        .filter(|&one| survey.weights[one] > 0)
        .collect();
    order.sort_by_key(|&one| (core::cmp::Reverse(survey.weights[one]), one));

    // Parameters of a leaf first: their registers are theirs for nothing.
    if survey.leaf {
        for &local in &order {
            let words = first_word[local]..first_word[local] + types[local].words();
            if words.end <= param_words.min(6) {
                for word in words {
                    homes[word] = Home::Reg(argument(word));
                    clobbered.retain(|&reg| reg != argument(word));
                }
            }
        }
        // An argument register of a parameter that is moved away must not be written before.
        clobbered.retain(|reg| usize::from(reg.0 - argument(0).0) >= param_words.min(8));
    }
    for &local in &order {
        let words = first_word[local]..first_word[local] + types[local].words();
        if homes[words.start] != Home::None {
            continue;
        }
        let from = if clobbered.len() >= words.len() {
            Some(&mut clobbered)
        } else if kept.len() >= words.len() && survey.weights[local] >= WORTH_SAVING {
            Some(&mut kept)
        } else {
            None
        };
        if let Some(pool) = from {
            for word in words {
                if let Some(reg) = pool.pop() {
                    homes[word] = Home::Reg(reg);
                    if !(argument(0).0..=argument(7).0).contains(&reg.0) {
                        saved.push(reg);
                    }
                }
            }
        } else {
            for word in words {
                homes[word] = Home::Frame(frame_words);
                frame_words += 1;
            }
        }
    }
    let mut temporaries: Vec<Reg> = Vec::new();
    temporaries.extend((0..8).map(argument));
    temporaries.push(T2);
    temporaries.extend((T3.0..=T6.0).map(Reg));
    temporaries.retain(|reg| !homes.contains(&Home::Reg(*reg)));
    Locals {
        types,
        first_word,
        homes,
        frame_words,
        saved,
        param_words,
        temporaries,
        leaf: survey.leaf,
        calls: survey.calls,
        outgoing_words: survey.outgoing_words,
    }
}
