//! Wasmtime under the project's deterministic profile: prepares modules and runs them once each.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, Trap, UpdateDeadline, component,
};

use crate::components::{self, Kind};
use crate::files::Files;
use crate::host::Host;
use crate::protocol::{Abi, Key, Outcome, Prepare, Response, Run, capability};
use crate::turns::Turns;
use crate::wasi::{self, Exit};

/// Ceiling of a guest's memory, bytes: 800 pages.
pub const MEMORY_BYTES_MAX: usize = 50 * 1024 * 1024;
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Native stack of a guest; a deeper call traps.
const STACK_BYTES: usize = 512 * 1024;
/// Prepared modules kept; the one not used for longest is dropped first.
const CACHE_ENTRIES: usize = 64;
const CACHE_MODULE_BYTES: usize = 32 * 1024 * 1024;
/// How often a run looks whether it was stopped, and lets others take a turn.
pub const TICK: Duration = Duration::from_millis(1);

/// The features of WebAssembly and the settings that make a run repeatable; the profile id that
/// certificates carry stands for exactly these.
fn config(instances: u32) -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true);
    config
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_reference_types(true);
    config.wasm_relaxed_simd(false).wasm_simd(false);
    config
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false);
    config
        .wasm_extended_const(false)
        .wasm_function_references(false)
        .wasm_gc(false);
    config
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    // Copy-on-write images need memory files, which the process may not make.
    config.memory_init_cow(false);
    config.max_wasm_stack(STACK_BYTES);
    let mut pool = PoolingAllocationConfig::default();
    components::reserve(&mut pool, instances);
    pool.max_memories_per_module(1)
        .max_tables_per_module(4)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        // Memory a guest touched is given back to the system but for this much.
        .linear_memory_keep_resident(256 * 1024);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// What stands ready to be instantiated.
enum Ready {
    Module(InstancePre<Host>),
    Component(component::InstancePre<Host>, Kind),
}

struct Prepared {
    ready: Ready,
    bytes: usize,
}

#[derive(Default)]
struct Cache {
    entries: HashMap<Key, Arc<Prepared>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Cache {
    fn insert(&mut self, key: Key, prepared: Arc<Prepared>) {
        self.bytes += prepared.bytes;
        if let Some(old) = self.entries.insert(key, prepared) {
            self.bytes -= old.bytes;
            self.order.retain(|k| *k != key);
        }
        self.order.push_back(key);
        while self.entries.len() > CACHE_ENTRIES || self.bytes > CACHE_MODULE_BYTES {
            if self.order.len() <= 1 {
                break;
            }
            if let Some(old) = self.order.pop_front().and_then(|k| self.entries.remove(&k)) {
                self.bytes -= old.bytes;
            }
        }
    }
}

pub struct Sandbox {
    engine: Engine,
    cache: Mutex<Cache>,
    turns: Arc<Turns>,
    /// One compilation at a time: it cannot be made to take turns.
    compiling: Mutex<()>,
    /// Runs in flight; nothing ticks without one.
    running: AtomicUsize,
}

impl Sandbox {
    /// `workers` runs can be in flight at once, `parallel` of them at work.
    pub fn new(workers: u32, parallel: usize) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(workers + 1))?;
        let nudged = engine.clone();
        let turns = Turns::new(parallel, move || nudged.increment_epoch());
        Ok(Sandbox {
            engine,
            cache: Mutex::default(),
            turns: Arc::new(turns),
            compiling: Mutex::default(),
            running: AtomicUsize::new(0),
        })
    }

    /// Makes running guests look whether they were stopped. False if there are none.
    pub fn tick(&self) -> bool {
        if self.running.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.engine.increment_epoch();
        true
    }

    fn lookup(&self, key: &Key) -> Option<Arc<Prepared>> {
        let mut cache = self.cache.lock().ok()?;
        let found = cache.entries.get(key).cloned()?;
        // What is used is kept: nobody drives out what others run by sending modules of their own.
        if cache.order.back() != Some(key) {
            cache.order.retain(|k| k != key);
            cache.order.push_back(*key);
        }
        Some(found)
    }

    /// Compiles a module that the guardian accepted; an error means a broken ABI.
    pub fn prepare(&self, request: Prepare) -> Response {
        let hash: [u8; 32] = Sha256::digest(&request.module).into();
        let key = Key {
            hash,
            abi: request.abi as u8,
            capabilities: request.capabilities,
        };
        let outcome = if self.lookup(&key).is_some() {
            // What is compiled does not wait for who is compiling.
            Outcome::Ok
        } else {
            let _one = self.compiling.lock();
            match self.compile(&request) {
                Ok(prepared) => {
                    if let Ok(mut cache) = self.cache.lock() {
                        cache.insert(key, Arc::new(prepared));
                    }
                    Outcome::Ok
                }
                Err(_) => Outcome::AbiViolation,
            }
        };
        Response {
            id: request.id,
            outcome,
            fuel_used: 0,
            peak_memory: 0,
            reads: Vec::new(),
            payload: hash.to_vec(),
        }
    }

    fn compile(&self, request: &Prepare) -> wasmtime::Result<Prepared> {
        if let Some(kind) = component_kind(request.abi) {
            let (instance, bytes) =
                components::compile(&self.engine, &request.module, kind, request.capabilities)?;
            return Ok(Prepared {
                ready: Ready::Component(instance, kind),
                bytes,
            });
        }
        let module = Module::new(&self.engine, &request.module)?;
        let mut linker = Linker::new(&self.engine);
        if request.abi == Abi::WasiP1 {
            wasi::link(&mut linker, request.capabilities)?;
        }
        let bytes = module.image_range();
        let bytes = bytes.end as usize - bytes.start as usize;
        Ok(Prepared {
            ready: Ready::Module(linker.instantiate_pre(&module)?),
            bytes,
        })
    }

    /// Instantiates, runs and drops.
    pub fn run(&self, request: Run, cancelled: Arc<std::sync::atomic::AtomicBool>) -> Response {
        let mut response = Response {
            id: request.id,
            outcome: Outcome::Unknown,
            fuel_used: 0,
            peak_memory: 0,
            reads: Vec::new(),
            payload: Vec::new(),
        };
        let Some(prepared) = self.lookup(&request.key) else {
            return response;
        };
        self.running.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now() + Duration::from_millis(u64::from(request.deadline_ms));
        let memory = usize::try_from(request.memory_bytes).unwrap_or(usize::MAX);
        let mut store = Store::new(
            &self.engine,
            Host::new(
                memory.min(MEMORY_BYTES_MAX),
                request.output_bytes as usize,
                request.input,
                deadline,
                cancelled,
            ),
        );
        if request.key.capabilities & capability::FS != 0 {
            let files = Files::of(&store.data().input);
            store.data_mut().files = files;
        }
        store.limiter(|host| host);
        let (turns, peer) = (self.turns.clone(), request.peer);
        store.epoch_deadline_callback(move |context| {
            if !context.data().stopped() {
                turns.tick(peer);
            }
            if context.data().stopped() {
                return Err(Trap::Interrupt.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        let turn = self.turns.begin(peer);
        // Only now: the wait for the turn is not the run's own time.
        store.set_epoch_deadline(2);
        let result = store
            .set_fuel(request.fuel)
            .and_then(|()| match &prepared.ready {
                Ready::Component(instance, kind) => components::run(instance, &mut store, *kind),
                Ready::Module(instance) if request.key.abi == Abi::WasiP1 as u8 => {
                    run_command(instance, &mut store)
                }
                Ready::Module(instance) => run_pure(instance, &mut store),
            });
        drop(turn);
        self.running.fetch_sub(1, Ordering::Relaxed);
        response.fuel_used = request.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        response.peak_memory = store.data().peak_memory();
        response.reads = store.data_mut().reads.take();
        match result {
            Ok(Some(output)) => {
                response.outcome = Outcome::Ok;
                response.payload = output;
            }
            Ok(None) => response.outcome = Outcome::AbiViolation,
            Err(error) => response.outcome = outcome_of(&error, store.data()),
        }
        response
    }
}

fn component_kind(abi: Abi) -> Option<Kind> {
    match abi {
        Abi::Pure | Abi::WasiP1 => None,
        Abi::WasiP2 => Some(Kind::Command),
        Abi::Component => Some(Kind::Logic),
    }
}

fn outcome_of(error: &wasmtime::Error, host: &Host) -> Outcome {
    if host.overflowed {
        return Outcome::AbiViolation;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Outcome::OutOfFuel,
        Some(Trap::Interrupt) => {
            if host.cancelled.load(Ordering::Relaxed) {
                Outcome::Cancelled
            } else {
                Outcome::Deadline
            }
        }
        // A guest that was denied memory and then gave up ran out of it.
        _ if host.memory_denied() => Outcome::OutOfMemory,
        _ => Outcome::Trap,
    }
}

/// The `pure` ABI of docs/protocol.md; `None` if the guest broke it.
fn run_pure(pre: &InstancePre<Host>, store: &mut Store<Host>) -> wasmtime::Result<Option<Vec<u8>>> {
    let instance = pre.instantiate(&mut *store)?;
    let Some(memory) = instance.get_memory(&mut *store, "memory") else {
        return Ok(None);
    };
    let (Ok(alloc), Ok(run)) = (
        instance.get_typed_func::<i32, i32>(&mut *store, "nmp_alloc"),
        instance.get_typed_func::<(i32, i32), i64>(&mut *store, "nmp_run"),
    ) else {
        return Ok(None);
    };
    let input = std::mem::take(&mut store.data_mut().input);
    let Ok(length) = i32::try_from(input.len()) else {
        return Ok(None);
    };
    let pointer = alloc.call(&mut *store, length)?;
    if memory
        .write(&mut *store, pointer as u32 as usize, &input)
        .is_err()
    {
        return Ok(None);
    }
    // It holds all of it; what it looks at there is not seen from here.
    store.data_mut().reads.add(0, input.len());
    drop(input);
    let result = run.call(&mut *store, (pointer, length))? as u64;
    let (start, length) = ((result >> 32) as usize, (result & 0xffff_ffff) as usize);
    if length > store.data().output_max {
        return Ok(None);
    }
    Ok(memory
        .data(&store)
        .get(start..start + length)
        .map(<[u8]>::to_vec))
}

/// A WASI preview 1 command: `_start`, then what it wrote to standard output.
fn run_command(
    pre: &InstancePre<Host>,
    store: &mut Store<Host>,
) -> wasmtime::Result<Option<Vec<u8>>> {
    let instance = pre.instantiate(&mut *store)?;
    let Ok(start) = instance.get_typed_func::<(), ()>(&mut *store, "_start") else {
        return Ok(None);
    };
    match start.call(&mut *store, ()) {
        Err(error) if error.downcast_ref::<Exit>().is_some_and(|exit| exit.0 == 0) => {}
        other => other?,
    }
    Ok(Some(std::mem::take(&mut store.data_mut().output)))
}
