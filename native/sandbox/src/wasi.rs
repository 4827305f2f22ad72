//! The part of WASI preview 1 that a command is granted: standard input and output, and what its
//! capabilities name. Everything is deterministic; nothing reaches the system.
//!
//! Source: WASI snapshot preview 1 (witx). A function that is not linked here cannot be imported,
//! so that an ungranted import fails before the module runs.

use wasmtime::{Caller, Extern, Linker, Memory};

use crate::host::Host;
use crate::protocol::capability;

const MODULE: &str = "wasi_snapshot_preview1";

const ERRNO_SUCCESS: i32 = 0;
const ERRNO_BADF: i32 = 8;
const ERRNO_FAULT: i32 = 21;
const ERRNO_INVAL: i32 = 28;
const ERRNO_SPIPE: i32 = 70;

const FILETYPE_CHARACTER_DEVICE: u8 = 2;
const RIGHT_FD_READ: u64 = 1 << 1;
const RIGHT_FD_WRITE: u64 = 1 << 6;
/// Most vectors of one scatter or gather call.
const IOVECS_MAX: u32 = 1024;
/// Nanoseconds that the counter in place of a clock moves a reading.
const TICK_NS: u64 = 1_000_000;

/// A command that ended by `proc_exit`.
#[derive(Debug)]
pub struct Exit(pub i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}", self.0)
    }
}

impl std::error::Error for Exit {}

fn memory(caller: &mut Caller<'_, Host>) -> Option<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    }
}

fn u32_at(bytes: &[u8], at: u32) -> Option<u32> {
    let at = at as usize;
    Some(u32::from_le_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn put(bytes: &mut [u8], at: u32, value: &[u8]) -> Option<()> {
    let at = at as usize;
    bytes
        .get_mut(at..at.checked_add(value.len())?)?
        .copy_from_slice(value);
    Some(())
}

/// Ranges of a vector of (pointer, length) pairs, each inside memory.
fn ranges(bytes: &[u8], vectors: u32, count: u32) -> Option<Vec<std::ops::Range<usize>>> {
    if count > IOVECS_MAX {
        return None;
    }
    (0..count)
        .map(|i| {
            let at = vectors.checked_add(i.checked_mul(8)?)?;
            let start = u32_at(bytes, at)? as usize;
            let end = start.checked_add(u32_at(bytes, at.checked_add(4)?)? as usize)?;
            (end <= bytes.len()).then_some(start..end)
        })
        .collect()
}

fn fd_read(mut caller: Caller<'_, Host>, fd: i32, vectors: i32, count: i32, out: i32) -> i32 {
    if fd != 0 {
        return ERRNO_BADF;
    }
    let Some(memory) = memory(&mut caller) else {
        return ERRNO_FAULT;
    };
    let (bytes, host) = memory.data_and_store_mut(&mut caller);
    let Some(ranges) = ranges(bytes, vectors as u32, count as u32) else {
        return ERRNO_FAULT;
    };
    let mut total = 0;
    for range in ranges {
        let left = &host.input[host.input_at..];
        let length = left.len().min(range.len());
        bytes[range.start..range.start + length].copy_from_slice(&left[..length]);
        host.input_at += length;
        total += length;
    }
    match put(bytes, out as u32, &(total as u32).to_le_bytes()) {
        Some(()) => ERRNO_SUCCESS,
        None => ERRNO_FAULT,
    }
}

fn fd_write(
    mut caller: Caller<'_, Host>,
    fd: i32,
    vectors: i32,
    count: i32,
    out: i32,
) -> wasmtime::Result<i32> {
    // Standard error is swallowed: what a guest prints goes nowhere.
    if fd != 1 && fd != 2 {
        return Ok(ERRNO_BADF);
    }
    let Some(memory) = memory(&mut caller) else {
        return Ok(ERRNO_FAULT);
    };
    let (bytes, host) = memory.data_and_store_mut(&mut caller);
    let Some(ranges) = ranges(bytes, vectors as u32, count as u32) else {
        return Ok(ERRNO_FAULT);
    };
    let mut total: usize = 0;
    for range in ranges {
        total += range.len();
        if fd == 2 {
            continue;
        }
        if host.output.len() + range.len() > host.output_max {
            host.overflowed = true;
            return Err(wasmtime::Error::msg("output beyond its limit"));
        }
        host.output.extend_from_slice(&bytes[range]);
    }
    Ok(
        match put(bytes, out as u32, &(total as u32).to_le_bytes()) {
            Some(()) => ERRNO_SUCCESS,
            None => ERRNO_FAULT,
        },
    )
}

fn fd_fdstat_get(mut caller: Caller<'_, Host>, fd: i32, out: i32) -> i32 {
    let rights = match fd {
        0 => RIGHT_FD_READ,
        1 | 2 => RIGHT_FD_WRITE,
        _ => return ERRNO_BADF,
    };
    let mut stat = [0; 24];
    stat[0] = FILETYPE_CHARACTER_DEVICE;
    stat[8..16].copy_from_slice(&rights.to_le_bytes());
    let Some(memory) = memory(&mut caller) else {
        return ERRNO_FAULT;
    };
    match put(memory.data_mut(&mut caller), out as u32, &stat) {
        Some(()) => ERRNO_SUCCESS,
        None => ERRNO_FAULT,
    }
}

fn put_u64(mut caller: Caller<'_, Host>, out: i32, value: u64) -> i32 {
    let Some(memory) = memory(&mut caller) else {
        return ERRNO_FAULT;
    };
    match put(
        memory.data_mut(&mut caller),
        out as u32,
        &value.to_le_bytes(),
    ) {
        Some(()) => ERRNO_SUCCESS,
        None => ERRNO_FAULT,
    }
}

/// Empty lists: a guest has no environment and no arguments.
fn link_empty_list(linker: &mut Linker<Host>, get: &str, sizes: &str) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, get, |_: i32, _: i32| ERRNO_SUCCESS)?;
    linker.func_wrap(
        MODULE,
        sizes,
        |mut caller: Caller<'_, Host>, count: i32, size: i32| {
            let Some(memory) = memory(&mut caller) else {
                return ERRNO_FAULT;
            };
            let bytes = memory.data_mut(&mut caller);
            match put(bytes, count as u32, &[0; 4]).and_then(|()| put(bytes, size as u32, &[0; 4]))
            {
                Some(()) => ERRNO_SUCCESS,
                None => ERRNO_FAULT,
            }
        },
    )?;
    Ok(())
}

/// SplitMix64: a fixed stream, so that a run is repeatable; no guest is given real randomness.
fn random_get(mut caller: Caller<'_, Host>, at: i32, length: i32) -> i32 {
    let Some(memory) = memory(&mut caller) else {
        return ERRNO_FAULT;
    };
    let (bytes, host) = memory.data_and_store_mut(&mut caller);
    let start = at as u32 as usize;
    let Some(target) = bytes.get_mut(start..start.saturating_add(length as u32 as usize)) else {
        return ERRNO_FAULT;
    };
    for chunk in target.chunks_mut(8) {
        host.random_state = host.random_state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = host.random_state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
    }
    ERRNO_SUCCESS
}

/// Links exactly what `capabilities` grant.
pub fn link(linker: &mut Linker<Host>, capabilities: u8) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(MODULE, "fd_close", |fd: i32| match fd {
        0..=2 => ERRNO_SUCCESS,
        _ => ERRNO_BADF,
    })?;
    linker.func_wrap(
        MODULE,
        "fd_seek",
        |fd: i32, _: i64, _: i32, _: i32| match fd {
            0..=2 => ERRNO_SPIPE,
            _ => ERRNO_BADF,
        },
    )?;
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Exit(code)))
    })?;
    if capabilities & capability::CLOCK != 0 {
        linker.func_wrap(
            MODULE,
            "clock_time_get",
            |mut caller: Caller<'_, Host>, clock: i32, _: i64, out: i32| {
                if !(0..=3).contains(&clock) {
                    return ERRNO_INVAL;
                }
                caller.data_mut().ticks += 1;
                let now = caller.data().ticks * TICK_NS;
                put_u64(caller, out, now)
            },
        )?;
        linker.func_wrap(
            MODULE,
            "clock_res_get",
            |caller: Caller<'_, Host>, _: i32, out: i32| put_u64(caller, out, TICK_NS),
        )?;
    }
    if capabilities & capability::RANDOM != 0 {
        linker.func_wrap(MODULE, "random_get", random_get)?;
    }
    if capabilities & capability::ENV != 0 {
        link_empty_list(linker, "environ_get", "environ_sizes_get")?;
    }
    if capabilities & capability::ARGS != 0 {
        link_empty_list(linker, "args_get", "args_sizes_get")?;
    }
    Ok(())
}
