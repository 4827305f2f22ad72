//! Components: compiled and run under the same fuel, memory cap and deadline as modules. The cap
//! counts all their memories together (`host.rs`).

use wasmtime::component::{Component, InstancePre, Linker, WasmList};
use wasmtime::{Engine, PoolingAllocationConfig, Result, Store};

use crate::host::Host;
use crate::wasi::Exit;
use crate::wasi_p2;

/// Core instances, memories and tables that one component may have.
const CORE_INSTANCES_MAX: u32 = 16;
const MEMORIES_MAX: u32 = 4;
const TABLES_MAX: u32 = 16;
/// Resource handles that one run may hold; they live in this process's memory, not in the guest's.
const HANDLES_MAX: usize = 10_000;
/// Bytes that one call may copy out of the guest into this process.
const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The interface of a command, and the function of a component without imports.
const COMMAND: &str = "wasi:cli/run@0.2.0";
const LOGIC: &str = "nmp-run";

/// Room for `workers` runs at once, be they components or not.
pub fn reserve(pool: &mut PoolingAllocationConfig, workers: u32) {
    pool.total_core_instances(workers * CORE_INSTANCES_MAX)
        .total_component_instances(workers)
        .total_memories(workers * MEMORIES_MAX)
        .total_tables(workers * TABLES_MAX)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX);
}

/// What a component is started by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `wasi:cli/run`, on standard streams and what its capabilities grant.
    Command,
    /// `nmp-run: func(input: list<u8>) -> list<u8>`, without imports.
    Logic,
}

/// Compiled, with how many bytes of code.
pub fn compile(
    engine: &Engine,
    bytes: &[u8],
    kind: Kind,
    capabilities: u8,
) -> Result<(InstancePre<Host>, usize)> {
    let component = Component::new(engine, bytes)?;
    let mut linker = Linker::new(engine);
    if kind == Kind::Command {
        wasi_p2::link(&mut linker, capabilities)?;
    }
    let image = component.image_range();
    let instance = linker.instantiate_pre(&component)?;
    Ok((instance, image.end as usize - image.start as usize))
}

/// Instantiates and calls; `None` if the component lacks its entry or answers too much.
pub fn run(
    pre: &InstancePre<Host>,
    store: &mut Store<Host>,
    kind: Kind,
) -> Result<Option<Vec<u8>>> {
    store.set_max_component_handles(HANDLES_MAX);
    store.set_hostcall_fuel(CALL_BYTES_MAX);
    let instance = pre.instantiate(&mut *store)?;
    if kind == Kind::Logic {
        let Ok(run) = instance.get_typed_func::<(&[u8],), (WasmList<u8>,)>(&mut *store, LOGIC)
        else {
            return Ok(None);
        };
        let input = std::mem::take(&mut store.data_mut().input);
        store.data_mut().reads.add(0, input.len());
        let (output,) = run.call(&mut *store, (&input,))?;
        if output.len() > store.data().output_max {
            return Ok(None);
        }
        return Ok(Some(output.as_le_slice(&*store).to_vec()));
    }
    let run = instance
        .get_export_index(&mut *store, None, COMMAND)
        .and_then(|interface| instance.get_export_index(&mut *store, Some(&interface), "run"));
    let Some(run) = run else { return Ok(None) };
    let Ok(run) = instance.get_typed_func::<(), (std::result::Result<(), ()>,)>(&mut *store, run)
    else {
        return Ok(None);
    };
    match run.call(&mut *store, ()) {
        Ok((Ok(()),)) => {}
        Ok((Err(()),)) => return Err(wasmtime::Error::new(Exit(1))),
        Err(error) if error.downcast_ref::<Exit>().is_some_and(|exit| exit.0 == 0) => {}
        Err(error) => return Err(error),
    }
    Ok(Some(std::mem::take(&mut store.data_mut().output)))
}
