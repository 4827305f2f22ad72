//! The proven machine without its proof: translated programs run here as they would there, but
//! strictly, with helpers in Rust and every access against the map.
#![allow(dead_code)]

pub mod helpers;
pub mod machine;
pub mod oracle;
pub mod values;

use nmp_zk_abi as abi;

/// Where helper `n` would be: a word in the test's runtime that is never executed.
pub const HELPER_CODE: u32 = abi::HELPERS + 0x400;

/// A runtime of nothing but the table of helpers.
pub fn runtime() -> Vec<u8> {
    let mut words = vec![0u32; 0x200];
    for (index, word) in words.iter_mut().take(abi::Helper::ALL.len()).enumerate() {
        *word = HELPER_CODE + index as u32 * 4;
    }
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut elf = vec![0x7f, b'E', b'L', b'F', 1, 1, 1];
    elf.resize(16, 0);
    for word in [2u32 | 243 << 16, 1, HELPER_CODE, 52, 0, 0] {
        elf.extend(word.to_le_bytes());
    }
    for half in [52u16, 32, 1, 0, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    let length = bytes.len() as u32;
    for word in [1, 84, abi::HELPERS, abi::HELPERS, length, length, 5, 4] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(bytes);
    elf
}

pub fn translate(wasm: &[u8]) -> Result<Vec<u8>, nmp_zk_translator::Refusal> {
    nmp_zk_translator::translate(wasm, &runtime())
}

/// `wat` as a module, which must be one of the profile.
pub fn module(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// The exports around fields: memory of one page, an allocator that says 1024, and `run` as the
/// body of `nmp_run`, where $p and $n are the input.
pub fn pure(fields: &str, run: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1)
        {fields}
        (func (export "nmp_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "nmp_run") (param $p i32) (param $n i32) (result i64) {run}))"#
    )
}
