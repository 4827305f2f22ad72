//! The same module in wasmi, the interpreter of the first lane, and the comparison with it.

use nmp_zk_abi as abi;
use wasmi::{Config, Engine, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, TrapCode};

use super::machine::{End, Machine};

/// What can be seen of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub end: End,
    /// Of `nmp_run`, if it returned.
    pub value: u64,
    /// All of it after the last run, the start of it after the others.
    pub memory: Vec<u8>,
}

/// So much of memory is compared after each run.
const GLANCE: usize = 4096;

fn last(index: usize, inputs: &[Vec<u8>], end: End) -> bool {
    end != End::Returned || index + 1 == inputs.len()
}

fn glance(memory: &[u8], last: bool) -> Vec<u8> {
    memory[..if last {
        memory.len()
    } else {
        memory.len().min(GLANCE)
    }]
        .to_vec()
}

fn end(error: &wasmi::Error) -> End {
    match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => End::OutOfFuel,
        _ => End::Trap,
    }
}

/// Instantiates, and then for each input allocates, writes and runs; ends at the first trap.
pub fn interpret(wasm: &[u8], inputs: &[Vec<u8>], fuel: u64) -> Vec<Seen> {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_multi_memory(false);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm).expect("a module for wasmi");
    let limits: StoreLimits = StoreLimitsBuilder::new()
        .memory_size(abi::MEMORY_BYTES_MAX as usize)
        .table_elements(abi::TABLE_ELEMENTS_MAX as usize)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(fuel).expect("fuel");
    let instance = match Linker::new(&engine).instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            return vec![Seen {
                end: end(&error),
                value: 0,
                memory: Vec::new(),
            }]
        }
    };
    let memory = instance.get_memory(&store, "memory").expect("a memory");
    let alloc = instance
        .get_typed_func::<i32, i32>(&store, "nmp_alloc")
        .expect("nmp_alloc");
    let run = instance
        .get_typed_func::<(i32, i32), i64>(&store, "nmp_run")
        .expect("nmp_run");
    let mut seen = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let length = input.len() as i32;
        let pointer = alloc.call(&mut store, length);
        let result = pointer.and_then(|pointer| {
            let _ = memory.write(&mut store, pointer as u32 as usize, input);
            run.call(&mut store, (pointer, length))
        });
        let (end, value) = match result {
            Ok(value) => (End::Returned, value as u64),
            Err(error) => (end(&error), 0),
        };
        seen.push(Seen {
            end,
            value,
            memory: glance(memory.data(&store), last(index, inputs, end)),
        });
        if end != End::Returned {
            break;
        }
    }
    seen
}

/// The same in the machine.
pub fn execute(elf: &[u8], inputs: &[Vec<u8>], fuel: u64) -> (Vec<Seen>, Machine) {
    let mut machine = Machine::new(elf, fuel);
    let started = machine.invoke(abi::HEADER_START, [0, 0]);
    if started.end != End::Returned {
        return (
            vec![Seen {
                end: started.end,
                value: 0,
                memory: Vec::new(),
            }],
            machine,
        );
    }
    let mut seen = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let length = input.len() as u32;
        let mut outcome = machine.invoke(abi::HEADER_ALLOC, [length, 0]);
        if outcome.end == End::Returned {
            let pointer = outcome.value as u32;
            let to = pointer as usize..pointer as usize + input.len();
            if let Some(place) = machine.memory().get_mut(to) {
                place.copy_from_slice(input);
            }
            outcome = machine.invoke(abi::HEADER_RUN, [pointer, length]);
        }
        let value = if outcome.end == End::Returned {
            outcome.value
        } else {
            0
        };
        seen.push(Seen {
            end: outcome.end,
            value,
            memory: glance(machine.memory(), last(index, inputs, outcome.end)),
        });
        if outcome.end != End::Returned {
            break;
        }
    }
    (seen, machine)
}

/// Both must see the same; returns it, and the machine as it ended.
pub fn compare(wasm: &[u8], inputs: &[Vec<u8>]) -> (Vec<Seen>, Machine) {
    const FUEL: u64 = 1 << 40;
    let expected = interpret(wasm, inputs, FUEL);
    let elf = super::translate(wasm).expect("a module of the profile");
    let (seen, machine) = execute(&elf, inputs, FUEL);
    assert_eq!(seen.len(), expected.len());
    for (index, (one, other)) in seen.iter().zip(&expected).enumerate() {
        assert_eq!(
            (one.end, one.value),
            (other.end, other.value),
            "run {index}"
        );
        assert!(one.memory == other.memory, "memory after run {index}");
    }
    (seen, machine)
}

pub fn compare_wat(wat: &str, inputs: &[Vec<u8>]) -> (Vec<Seen>, Machine) {
    compare(&super::module(wat), inputs)
}
