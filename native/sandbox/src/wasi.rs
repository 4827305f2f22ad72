//! The part of WASI preview 1 that a command is granted: standard input and output, and what its
//! capabilities name (files: `wasi_files.rs`). Everything is deterministic; nothing reaches the system.
//!
//! Source: WASI snapshot preview 1 (witx). A function that is not linked here cannot be imported,
//! so that an ungranted import fails before the module runs.

use std::ops::Range;

use wasmtime::{Caller, Extern, Linker};

use crate::host::{Host, TICK_NS};
use crate::protocol::capability;
use crate::{wasi_files, wasi_poll};

pub const MODULE: &str = "wasi_snapshot_preview1";

pub const ERRNO_SUCCESS: i32 = 0;
pub const ERRNO_BADF: i32 = 8;
pub const ERRNO_FAULT: i32 = 21;
pub const ERRNO_INVAL: i32 = 28;
pub const ERRNO_SPIPE: i32 = 70;

pub const FILETYPE_CHARACTER_DEVICE: u8 = 2;
/// Most vectors of one scatter or gather call.
const IOVECS_MAX: u32 = 1024;

/// What a function answers: nothing, or an error number.
pub type ResultCode = Result<(), i32>;

pub fn code(result: ResultCode) -> i32 {
    result.err().unwrap_or(ERRNO_SUCCESS)
}

/// A command that ended by `proc_exit`.
#[derive(Debug)]
pub struct Exit(pub i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// The guest's memory and the state of its run.
pub fn memory<'a>(caller: &'a mut Caller<'_, Host>) -> Result<(&'a mut [u8], &'a mut Host), i32> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory.data_and_store_mut(caller)),
        _ => Err(ERRNO_FAULT),
    }
}

pub fn u32_at(bytes: &[u8], at: u32) -> Option<u32> {
    let at = at as usize;
    Some(u32::from_le_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

pub fn put(bytes: &mut [u8], at: u32, value: &[u8]) -> ResultCode {
    let at = at as usize;
    let target = at
        .checked_add(value.len())
        .and_then(|end| bytes.get_mut(at..end));
    target.ok_or(ERRNO_FAULT)?.copy_from_slice(value);
    Ok(())
}

/// Ranges of a vector of (pointer, length) pairs, each inside memory.
pub fn ranges(bytes: &[u8], vectors: u32, count: u32) -> Option<Vec<Range<usize>>> {
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

/// Copies from `source`, a part of the input, as far as it and the ranges go; the bytes count as
/// read.
pub fn read_into(
    bytes: &mut [u8],
    host: &mut Host,
    ranges: Vec<Range<usize>>,
    source: Range<usize>,
) -> usize {
    let end = source.end.min(host.input.len());
    let start = source.start.min(end);
    let mut at = start;
    for range in ranges {
        let length = (end - at).min(range.len());
        bytes[range.start..range.start + length].copy_from_slice(&host.input[at..at + length]);
        at += length;
    }
    host.reads.add(start, at);
    at - start
}

fn fd_read(
    mut caller: Caller<'_, Host>,
    fd: i32,
    vectors: i32,
    count: i32,
    out: i32,
) -> ResultCode {
    if fd != 0 {
        return wasi_files::read_file(&mut caller, fd, vectors, count, out);
    }
    let (bytes, host) = memory(&mut caller)?;
    let ranges = ranges(bytes, vectors as u32, count as u32).ok_or(ERRNO_FAULT)?;
    let read = read_into(bytes, host, ranges, host.input_at..usize::MAX);
    host.input_at += read;
    put(bytes, out as u32, &(read as u32).to_le_bytes())
}

fn fd_write(
    mut caller: Caller<'_, Host>,
    fd: i32,
    vectors: i32,
    count: i32,
    out: i32,
) -> wasmtime::Result<i32> {
    // Standard error is swallowed: what a guest prints goes nowhere. Files are read-only.
    if fd != 1 && fd != 2 {
        return Ok(ERRNO_BADF);
    }
    let (bytes, host) = match memory(&mut caller) {
        Ok(found) => found,
        Err(code) => return Ok(code),
    };
    let Some(ranges) = ranges(bytes, vectors as u32, count as u32) else {
        return Ok(ERRNO_FAULT);
    };
    let mut total: usize = 0;
    for range in ranges {
        total += range.len();
        if fd == 1 {
            host.write(&bytes[range])?;
        }
    }
    Ok(code(put(bytes, out as u32, &(total as u32).to_le_bytes())))
}

fn fd_fdstat_get(mut caller: Caller<'_, Host>, fd: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(&mut caller)?;
    let (kind, rights, inherited) = wasi_files::stat_of(&host.files, fd).ok_or(ERRNO_BADF)?;
    let mut stat = [0; 24];
    stat[0] = kind;
    stat[8..16].copy_from_slice(&rights.to_le_bytes());
    stat[16..].copy_from_slice(&inherited.to_le_bytes());
    put(bytes, out as u32, &stat)
}

fn put_u64(caller: &mut Caller<'_, Host>, out: i32, value: u64) -> ResultCode {
    let (bytes, _) = memory(caller)?;
    put(bytes, out as u32, &value.to_le_bytes())
}

/// Empty lists: a guest has no environment and no arguments.
fn link_empty_list(linker: &mut Linker<Host>, get: &str, sizes: &str) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, get, |_: i32, _: i32| ERRNO_SUCCESS)?;
    linker.func_wrap(
        MODULE,
        sizes,
        |mut caller: Caller<'_, Host>, count: i32, size: i32| {
            code(memory(&mut caller).and_then(|(bytes, _)| {
                put(bytes, count as u32, &[0; 4])?;
                put(bytes, size as u32, &[0; 4])
            }))
        },
    )?;
    Ok(())
}

fn random_get(mut caller: Caller<'_, Host>, at: i32, length: i32) -> ResultCode {
    let (bytes, host) = memory(&mut caller)?;
    let start = at as u32 as usize;
    let end = start.saturating_add(length as u32 as usize);
    host.fill_random(bytes.get_mut(start..end).ok_or(ERRNO_FAULT)?);
    Ok(())
}

/// Links exactly what `capabilities` grant.
pub fn link(linker: &mut Linker<Host>, capabilities: u8) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "fd_read",
        |caller: Caller<'_, Host>, fd: i32, vectors: i32, count: i32, out: i32| {
            code(fd_read(caller, fd, vectors, count, out))
        },
    )?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(
        MODULE,
        "fd_fdstat_get",
        |caller: Caller<'_, Host>, fd: i32, out: i32| code(fd_fdstat_get(caller, fd, out)),
    )?;
    linker.func_wrap(
        MODULE,
        "fd_close",
        |mut caller: Caller<'_, Host>, fd: i32| {
            if (0..=2).contains(&fd) || caller.data_mut().files.close(fd as u32) {
                ERRNO_SUCCESS
            } else {
                ERRNO_BADF
            }
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_seek",
        |mut caller: Caller<'_, Host>, fd: i32, delta: i64, whence: i32, out: i32| {
            code(wasi_files::seek(&mut caller, fd, delta, whence, out))
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
                let now = caller.data_mut().read_clock();
                code(put_u64(&mut caller, out, now))
            },
        )?;
        linker.func_wrap(
            MODULE,
            "clock_res_get",
            |mut caller: Caller<'_, Host>, _: i32, out: i32| {
                code(put_u64(&mut caller, out, TICK_NS))
            },
        )?;
    }
    if capabilities & capability::RANDOM != 0 {
        linker.func_wrap(
            MODULE,
            "random_get",
            |caller: Caller<'_, Host>, at: i32, length: i32| code(random_get(caller, at, length)),
        )?;
    }
    if capabilities & capability::ENV != 0 {
        link_empty_list(linker, "environ_get", "environ_sizes_get")?;
    }
    if capabilities & capability::ARGS != 0 {
        link_empty_list(linker, "args_get", "args_sizes_get")?;
    }
    if capabilities & capability::POLL != 0 {
        wasi_poll::link(linker)?;
    }
    wasi_files::link(linker, capabilities)
}
