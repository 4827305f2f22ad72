//! Waiting, in WASI preview 1: nothing waits. Streams and files are ready at once, and a guest that
//! sleeps finds the counter in place of a clock moved to the end of its sleep.
//!
//! Layouts: WASI snapshot preview 1 (witx): subscription 48 bytes, event 32 bytes.

use wasmtime::{Caller, Linker};

use crate::host::Host;
use crate::wasi::{
    ERRNO_BADF, ERRNO_FAULT, ERRNO_INVAL, ERRNO_SUCCESS, MODULE, ResultCode, code, memory, put,
};
use crate::wasi_files::stat_of;

/// Most subscriptions of one call.
const SUBSCRIPTIONS_MAX: u32 = 1024;
const SUBSCRIPTION_BYTES: usize = 48;
const EVENT_BYTES: u32 = 32;

const KIND_CLOCK: u8 = 0;
const KIND_WRITE: u8 = 2;
const ABSOLUTE: u16 = 1;

struct Subscription {
    user: [u8; 8],
    kind: u8,
    /// Of a stream: its descriptor.
    fd: i32,
    /// Of a clock: when it is due.
    due_ns: u64,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

fn subscription(bytes: &[u8], now_ns: u64) -> Option<Subscription> {
    let kind = bytes[8];
    let timeout = u64::from_le_bytes(array(bytes, 24));
    let due_ns = if u16::from_le_bytes(array(bytes, 40)) & ABSOLUTE != 0 {
        timeout
    } else {
        now_ns.saturating_add(timeout)
    };
    (kind <= KIND_WRITE).then(|| Subscription {
        user: array(bytes, 0),
        kind,
        fd: i32::from_le_bytes(array(bytes, 16)),
        due_ns,
    })
}

fn poll(mut caller: Caller<'_, Host>, from: i32, to: i32, count: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(&mut caller)?;
    let count = count as u32;
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Err(ERRNO_INVAL);
    }
    let start = from as u32 as usize;
    let end = start + count as usize * SUBSCRIPTION_BYTES;
    let wanted: Vec<Subscription> = bytes
        .get(start..end)
        .ok_or(ERRNO_FAULT)?
        .chunks(SUBSCRIPTION_BYTES)
        .map(|item| subscription(item, host.now_ns()))
        .collect::<Option<_>>()
        .ok_or(ERRNO_INVAL)?;
    let soonest = wanted
        .iter()
        .filter(|item| item.kind == KIND_CLOCK)
        .map(|item| item.due_ns)
        .min();
    if wanted.iter().all(|item| item.kind == KIND_CLOCK)
        && let Some(then) = soonest
    {
        host.wait_until(then);
    }
    let mut events: u32 = 0;
    for item in &wanted {
        let mut event = [0; EVENT_BYTES as usize];
        if item.kind == KIND_CLOCK {
            if item.due_ns > host.now_ns() {
                continue;
            }
        } else if stat_of(&host.files, item.fd).is_some() {
            event[16..24].copy_from_slice(&1u64.to_le_bytes());
        } else {
            event[8..10].copy_from_slice(&(ERRNO_BADF as u16).to_le_bytes());
        }
        event[..8].copy_from_slice(&item.user);
        event[10] = item.kind;
        let at = (to as u32)
            .checked_add(events * EVENT_BYTES)
            .ok_or(ERRNO_FAULT)?;
        put(bytes, at, &event)?;
        events += 1;
    }
    put(bytes, out as u32, &events.to_le_bytes())
}

/// Links what the capability `poll` grants.
pub fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "poll_oneoff",
        |caller: Caller<'_, Host>, from: i32, to: i32, count: i32, out: i32| {
            code(poll(caller, from, to, count, out))
        },
    )?;
    linker.func_wrap(MODULE, "sched_yield", || ERRNO_SUCCESS)?;
    Ok(())
}
