//! What a translated module and the runtime around it agree on: where things lie in the machine's
//! memory, which registers have a fixed meaning, and the routines that the runtime offers.
//!
//! Translated code reaches linear memory and what is just below it with one base register: the
//! instance ends where linear memory begins, so that a global costs one instruction.
#![no_std]
#![forbid(unsafe_code)]

mod helper;
mod layout;

pub use helper::Helper;
pub use layout::*;

/// Argument of `Helper::Trap`: how a run ends that gives no output.
pub mod trap {
    /// Any trap of WebAssembly, an exhausted stack included.
    pub const WASM: u32 = 1;
    pub const OUT_OF_FUEL: u32 = 2;
}
