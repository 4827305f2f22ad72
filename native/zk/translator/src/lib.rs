//! Translates a WebAssembly module to a program for the proven machine: RV32IM code and the memory
//! that it starts with, put beside a runtime that is the same for all modules. The image id of the
//! program then stands for the module, and everybody who has the module can compute it.
//!
//! Deterministic and total: the same bytes from the same bytes on every machine, and an answer for
//! whatever bytes. docs/receipts.md says what is proven with it, README.md how the code is laid out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod assembler;
mod bulk;
mod calls;
mod code;
mod control;
mod elf;
mod encode;
mod float;
mod function;
mod image;
mod int32;
mod int64;
pub mod limits;
mod memory;
mod module;
mod operators;
mod program;
mod refusal;
mod registers;
mod routines;
mod stack;
mod types;

use alloc::vec::Vec;

pub use refusal::Refusal;

/// The user program, an ELF file, for `wasm` and the runtime's ELF file.
pub fn translate(wasm: &[u8], runtime: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut runtime = elf::Runtime::parse(runtime)?;
    let helpers = runtime.helpers()?;
    let module = module::Module::parse(wasm)?;
    let program = program::Program::new(&module, helpers);
    let code = code::generate(&module, &program)?;
    let mut segments = image::build(wasm, &module, &program, code)?;
    segments.append(&mut runtime.segments);
    Ok(elf::write(runtime.entry, &mut segments))
}
