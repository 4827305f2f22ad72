//! wasm-smith's modules, by seed: NMP_ZK_SMITH=n runs n of them.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

use crate::support::oracle::{execute, interpret};
use crate::support::{machine::End, module, pure, translate};

const DEFAULT_MODULES: u64 = 300;

/// xorshift64*: bytes for the generator, the same on every machine.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
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
    Config {
        exports: Some(module(&pure("", "(i64.const 0)"))),
        max_imports: 0,
        max_funcs: 10,
        max_instructions: 60 + (seed % 7) as usize * 40,
        max_memories: 0,
        max_tables: 2,
        max_table_elements: 1000,
        max_data_segments: 4,
        max_element_segments: 4,
        max_globals: 6,
        allow_start_export: seed.is_multiple_of(3),
        allow_invalid_funcs: false,
        // Every other one runs on to where it returns.
        disallow_traps: seed.is_multiple_of(2),
        generate_custom_sections: false,
        min_funcs: 2,
        min_types: 2,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
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

pub fn generated(seed: u64) -> Vec<u8> {
    let bytes = noise(seed, 512 + (seed % 11) as usize * 512);
    Module::new(config(seed), &mut Unstructured::new(&bytes))
        .expect("enough noise")
        .to_bytes()
}

#[test]
fn generated_modules_see_the_same() {
    const FUEL: u64 = 200_000;
    let count = std::env::var("NMP_ZK_SMITH")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(DEFAULT_MODULES);
    let first = std::env::var("NMP_ZK_SMITH_FIRST")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0u64);
    let inputs: Vec<Vec<u8>> = vec![noise(1, 64), noise(2, 100), vec![]];
    let (mut returned, mut trapped, mut ended) = (0, 0, 0);
    for seed in first..first + count {
        let wasm = generated(seed);
        let elf = translate(&wasm).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
        assert!(elf == translate(&wasm).unwrap(), "seed {seed}: other bytes");
        let (seen, _) = execute(&elf, &inputs, FUEL);
        let expected = interpret(&wasm, &inputs, 10 * FUEL);
        for (one, other) in seen.iter().zip(&expected) {
            if one.end == End::OutOfFuel || other.end == End::OutOfFuel {
                // Fuel is another unit there.
                ended += 1;
                break;
            }
            assert_eq!(
                (one.end, one.value),
                (other.end, other.value),
                "seed {seed}"
            );
            assert!(one.memory == other.memory, "seed {seed}: memory");
            match one.end {
                End::Returned => returned += 1,
                _ => trapped += 1,
            }
        }
    }
    eprintln!("wasm-smith: {count} modules, {returned} runs returned, {trapped} trapped, {ended} ran out of fuel");
    assert!(returned > 0 && trapped > 0);
}
