//! Generated valid modules of the allowed features, reproducible by seed.
use crate::record;
use std::io::Write;
use wasm_smith::{Config, Module};

/// The guest ABI `pure`, so that every module can be run.
const PURE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "nmp_alloc") (param i32) (result i32) unreachable)
    (func (export "nmp_run") (param i32 i32) (result i64) unreachable))"#;

/// xorshift64*: bytes for the generator, the same on every machine.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes
}

fn config(seed: u64) -> Config {
    // Every fourth module may import, so that refusals are tested too.
    let pure = seed % 4 != 0;
    Config {
        exports: pure.then(|| wat::parse_str(PURE).expect("valid text")),
        max_imports: if pure { 0 } else { 8 },
        max_funcs: 12,
        max_instructions: 60 + (seed % 7) as usize * 40,
        // The exported memory comes on top.
        max_memories: usize::from(!pure),
        max_tables: 2,
        max_memory32_bytes: 64 * 65_536,
        max_table_elements: 1000,
        max_data_segments: 4,
        max_element_segments: 4,
        allow_start_export: seed % 3 == 0,
        generate_custom_sections: seed % 5 == 0,
        min_funcs: 2,
        min_types: 2,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        // So that V8, which leaves NaN bits open, can be compared with the deterministic profile.
        canonicalize_nans: true,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

pub fn write(out: &mut impl Write, first: u64, count: u64) -> std::io::Result<()> {
    for seed in first..first + count {
        let bytes = noise(seed, 512 + (seed % 11) as usize * 512);
        let mut input = arbitrary::Unstructured::new(&bytes);
        let module = Module::new(config(seed), &mut input).expect("enough noise");
        record(out, &format!(r#"{{"seed":{seed}}}"#), &module.to_bytes())?;
    }
    out.flush()
}
