//! Runs a module in the interpreter under the profile `nmp-wasm-zk-v1`: the features of
//! WebAssembly that the sandbox's `nmp-wasm-v1` has, but the interpreter's own fuel, its own memory
//! limit, and NaN bits that are not canonicalised. Two names, as two runs may differ in just that.

use alloc::vec::Vec;
use wasmi::{
    CompilationMode, Config, EnforcedLimits, Engine, Error, Instance, Linker, Memory, Module, Store, StoreLimits,
    StoreLimitsBuilder, TrapCode,
};

use crate::journal::Outcome;

/// Largest linear memory of a module, bytes.
const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest output, bytes.
const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

fn config() -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_reference_types(true)
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .floats(true)
        // A function is validated and translated when it is first called: most never are, and
        // every cycle is paid for. What is not valid still never runs.
        .compilation_mode(CompilationMode::Lazy)
        .ignore_custom_sections(true)
        .enforced_limits(EnforcedLimits::default());
    config
}

fn outcome(error: &Error) -> Outcome {
    match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => Outcome::OutOfFuel,
        _ => Outcome::Trap,
    }
}

struct Exports {
    memory: Memory,
    alloc: wasmi::TypedFunc<i32, i32>,
    run: wasmi::TypedFunc<(i32, i32), i64>,
}

fn exports(store: &Store<StoreLimits>, instance: &Instance) -> Option<Exports> {
    Some(Exports {
        memory: instance.get_memory(store, "memory")?,
        alloc: instance.get_typed_func(store, "nmp_alloc").ok()?,
        run: instance.get_typed_func(store, "nmp_run").ok()?,
    })
}

/// The output, or how the run ended without one.
pub fn run(bytes: &[u8], input: &[u8], fuel: u64) -> Result<Vec<u8>, Outcome> {
    let engine = Engine::new(&config());
    let module = Module::new(&engine, bytes).map_err(|_| Outcome::NotAModule)?;
    if module.imports().len() != 0 {
        return Err(Outcome::NotAModule);
    }
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES_MAX)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(fuel).map_err(|_| Outcome::NotAModule)?;

    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .map_err(|error| outcome(&error))?;
    let exports = exports(&store, &instance).ok_or(Outcome::NotAModule)?;

    let length = i32::try_from(input.len()).map_err(|_| Outcome::AbiViolation)?;
    let pointer = exports
        .alloc
        .call(&mut store, length)
        .map_err(|error| outcome(&error))?;
    exports
        .memory
        .write(&mut store, pointer as u32 as usize, input)
        .map_err(|_| Outcome::AbiViolation)?;
    let result = exports
        .run
        .call(&mut store, (pointer, length))
        .map_err(|error| outcome(&error))? as u64;

    let (start, length) = ((result >> 32) as usize, (result & 0xffff_ffff) as usize);
    if length > OUTPUT_BYTES_MAX {
        return Err(Outcome::AbiViolation);
    }
    exports
        .memory
        .data(&store)
        .get(start..)
        .and_then(|rest| rest.get(..length))
        .map(<[u8]>::to_vec)
        .ok_or(Outcome::AbiViolation)
}
