//! Types of values, by how many machine words they take.

use alloc::vec::Vec;

use wasmparser::ValType;

use crate::limits;
use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    I32,
    I64,
    F32,
    F64,
    /// Of a function: its address, or 0. Of anything else there is only null.
    Ref,
    /// The same word as `Ref`; a type of its own so that signatures differ.
    Extern,
}

impl Type {
    pub fn of(value: ValType) -> Result<Type, Refusal> {
        Ok(match value {
            ValType::I32 => Type::I32,
            ValType::I64 => Type::I64,
            ValType::F32 => Type::F32,
            ValType::F64 => Type::F64,
            ValType::FUNCREF => Type::Ref,
            ValType::EXTERNREF => Type::Extern,
            _ => return Err(Refusal::NotAModule),
        })
    }

    pub fn words(self) -> usize {
        match self {
            Type::I64 | Type::F64 => 2,
            _ => 1,
        }
    }
}

pub fn words(types: &[Type]) -> usize {
    types.iter().map(|one| one.words()).sum()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    pub params: Vec<Type>,
    pub results: Vec<Type>,
}

impl Signature {
    pub fn of(function: &wasmparser::FuncType) -> Result<Signature, Refusal> {
        let list = |types: &[ValType]| -> Result<Vec<Type>, Refusal> {
            let list: Vec<Type> = types
                .iter()
                .map(|one| Type::of(*one))
                .collect::<Result<_, _>>()?;
            if words(&list) > limits::SIGNATURE_WORDS_MAX {
                return Err(Refusal::Limit);
            }
            Ok(list)
        };
        Ok(Signature {
            params: list(function.params())?,
            results: list(function.results())?,
        })
    }
}
