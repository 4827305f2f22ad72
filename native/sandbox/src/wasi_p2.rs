//! The part of WASI 0.2 that a component is granted. As in preview 1 everything is deterministic
//! and nothing reaches the system: standard input is the guest's input, standard error goes
//! nowhere, waiting moves a counter, and files are parts of the input (`wasi_p2_files.rs`).
//!
//! Source: the WIT packages wasi:io, wasi:cli, wasi:clocks, wasi:random, wasi:filesystem 0.2.

use wasmtime::component::{ComponentType, Lift, Linker, Lower, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};

use crate::host::{Host, TICK_NS};
use crate::protocol::capability;
use crate::wasi::Exit;
use crate::wasi_p2_files;

/// Most bytes that one read hands over or one write takes.
pub const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// Most bytes of one call for randomness.
const RANDOM_BYTES_MAX: u64 = 1024 * 1024;

pub struct InputStream;
struct OutputStream;
struct Failure;
pub struct Pollable;
struct TerminalInput;
struct TerminalOutput;

/// Numbers behind output streams.
const STDOUT: u32 = 1;
const STDERR: u32 = 2;

/// The number behind a pollable that is always ready; others are a time to wait for.
const READY: u32 = 0;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(
        dead_code,
        reason = "streams here never fail; the case is part of the type"
    )]
    LastOperationFailed(Resource<Failure>),
    #[component(name = "closed")]
    Closed,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

type Guest<'a> = StoreContextMut<'a, Host>;
type Streamed<T> = std::result::Result<T, StreamError>;

/// The next bytes of standard input (0) or of a file; `closed` behind its end.
fn read(host: &mut Host, stream: &Resource<InputStream>, length: u64) -> Streamed<Vec<u8>> {
    let range = match host.streams.get(stream.rep()) {
        Some(range) => range.clone(),
        None => host.input_at..host.input.len(),
    };
    if range.is_empty() {
        return Err(StreamError::Closed);
    }
    let length = length.min(PIECE_BYTES_MAX).min(range.len() as u64) as usize;
    let end = range.start + length;
    match host.streams.get_mut(stream.rep()) {
        Some(range) => range.start = end,
        None => host.input_at = end,
    }
    host.reads.add(range.start, end);
    Ok(host.input[range.start..end].to_vec())
}

fn write(host: &mut Host, stream: &Resource<OutputStream>, bytes: &[u8]) -> Result<()> {
    if stream.rep() == STDOUT {
        host.write(bytes)?;
    }
    Ok(())
}

/// One that is due at a time; the numbers are handed out anew when none is left.
fn pollable(host: &mut Host, due_ns: u64) -> Resource<Pollable> {
    Resource::new_own(host.due.add(due_ns))
}

/// When it is ready; 0 for what is at once.
fn due(host: &Host, item: &Resource<Pollable>) -> u64 {
    host.due.get(item.rep()).copied().unwrap_or(0)
}

fn is_ready(host: &Host, item: &Resource<Pollable>) -> bool {
    due(host, item) <= host.now_ns()
}

fn link_io(linker: &mut Linker<Host>, poll: bool) -> Result<()> {
    let mut error = linker.instance("wasi:io/error@0.2.0")?;
    error.resource("error", ResourceType::host::<Failure>(), |_, _| Ok(()))?;
    error.func_wrap(
        "[method]error.to-debug-string",
        |_: Guest<'_>, (_,): (Resource<Failure>,)| Ok((String::new(),)),
    )?;
    if poll {
        link_poll(linker)?;
    }
    let mut streams = linker.instance("wasi:io/streams@0.2.0")?;
    streams.resource(
        "input-stream",
        ResourceType::host::<InputStream>(),
        |mut guest, number| {
            guest.data_mut().streams.remove(number);
            Ok(())
        },
    )?;
    streams.resource(
        "output-stream",
        ResourceType::host::<OutputStream>(),
        |_, _| Ok(()),
    )?;
    for name in ["read", "blocking-read"] {
        streams.func_wrap(
            &format!("[method]input-stream.{name}"),
            |mut guest: Guest<'_>, (stream, length): (Resource<InputStream>, u64)| {
                Ok((read(guest.data_mut(), &stream, length),))
            },
        )?;
    }
    for name in ["skip", "blocking-skip"] {
        streams.func_wrap(
            &format!("[method]input-stream.{name}"),
            |mut guest: Guest<'_>, (stream, length): (Resource<InputStream>, u64)| {
                Ok((read(guest.data_mut(), &stream, length).map(|bytes| bytes.len() as u64),))
            },
        )?;
    }
    streams.func_wrap(
        "[method]output-stream.check-write",
        |_: Guest<'_>, (_,): (Resource<OutputStream>,)| Ok((Streamed::Ok(PIECE_BYTES_MAX),)),
    )?;
    for name in ["write", "blocking-write-and-flush"] {
        streams.func_wrap(
            &format!("[method]output-stream.{name}"),
            |mut guest: Guest<'_>, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| {
                write(guest.data_mut(), &stream, &bytes)?;
                Ok((Streamed::Ok(()),))
            },
        )?;
    }
    for name in ["flush", "blocking-flush"] {
        streams.func_wrap(
            &format!("[method]output-stream.{name}"),
            |_: Guest<'_>, (_,): (Resource<OutputStream>,)| Ok((Streamed::Ok(()),)),
        )?;
    }
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        streams.func_wrap(
            &format!("[method]output-stream.{name}"),
            |mut guest: Guest<'_>, (stream, length): (Resource<OutputStream>, u64)| {
                let zeroes = vec![0; length.min(PIECE_BYTES_MAX) as usize];
                if zeroes.len() as u64 != length {
                    return Err(wasmtime::Error::msg("more than check-write allowed"));
                }
                write(guest.data_mut(), &stream, &zeroes)?;
                Ok((Streamed::Ok(()),))
            },
        )?;
    }
    for name in ["splice", "blocking-splice"] {
        streams.func_wrap(
            &format!("[method]output-stream.{name}"),
            |mut guest: Guest<'_>,
             (to, from, length): (Resource<OutputStream>, Resource<InputStream>, u64)| {
                let bytes = match read(guest.data_mut(), &from, length) {
                    Ok(bytes) => bytes,
                    Err(closed) => return Ok((Err(closed),)),
                };
                write(guest.data_mut(), &to, &bytes)?;
                Ok((Streamed::Ok(bytes.len() as u64),))
            },
        )?;
    }
    if poll {
        streams.func_wrap(
            "[method]input-stream.subscribe",
            |_: Guest<'_>, (_,): (Resource<InputStream>,)| {
                Ok((Resource::<Pollable>::new_own(READY),))
            },
        )?;
        streams.func_wrap(
            "[method]output-stream.subscribe",
            |_: Guest<'_>, (_,): (Resource<OutputStream>,)| {
                Ok((Resource::<Pollable>::new_own(READY),))
            },
        )?;
    }
    Ok(())
}

fn link_poll(linker: &mut Linker<Host>) -> Result<()> {
    let mut poll = linker.instance("wasi:io/poll@0.2.0")?;
    poll.resource(
        "pollable",
        ResourceType::host::<Pollable>(),
        |mut guest, rep| {
            guest.data_mut().due.remove(rep);
            Ok(())
        },
    )?;
    poll.func_wrap(
        "[method]pollable.ready",
        |guest: Guest<'_>, (item,): (Resource<Pollable>,)| Ok((is_ready(guest.data(), &item),)),
    )?;
    poll.func_wrap(
        "[method]pollable.block",
        |mut guest: Guest<'_>, (item,): (Resource<Pollable>,)| {
            let then = due(guest.data(), &item);
            guest.data_mut().wait_until(then);
            Ok(())
        },
    )?;
    poll.func_wrap(
        "poll",
        |mut guest: Guest<'_>, (items,): (Vec<Resource<Pollable>>,)| {
            let host = guest.data_mut();
            let Some(soonest) = items.iter().map(|item| due(host, item)).min() else {
                return Err(wasmtime::Error::msg("poll of nothing"));
            };
            host.wait_until(soonest);
            let ready: Vec<u32> = (0..)
                .zip(&items)
                .filter(|(_, item)| is_ready(host, item))
                .map(|(at, _)| at)
                .collect();
            Ok((ready,))
        },
    )
}

fn link_cli(linker: &mut Linker<Host>) -> Result<()> {
    linker
        .instance("wasi:cli/stdin@0.2.0")?
        .func_wrap("get-stdin", |_: Guest<'_>, (): ()| {
            Ok((Resource::<InputStream>::new_own(0),))
        })?;
    linker
        .instance("wasi:cli/stdout@0.2.0")?
        .func_wrap("get-stdout", |_: Guest<'_>, (): ()| {
            Ok((Resource::<OutputStream>::new_own(STDOUT),))
        })?;
    linker.instance("wasi:cli/exit@0.2.0")?.func_wrap(
        "exit",
        |_: Guest<'_>, (status,): (std::result::Result<(), ()>,)| -> Result<()> {
            Err(wasmtime::Error::new(Exit(i32::from(status.is_err()))))
        },
    )
}

/// Standard error, which goes nowhere, and terminals, of which there is none.
fn link_descriptors(linker: &mut Linker<Host>) -> Result<()> {
    linker
        .instance("wasi:cli/stderr@0.2.0")?
        .func_wrap("get-stderr", |_: Guest<'_>, (): ()| {
            Ok((Resource::<OutputStream>::new_own(STDERR),))
        })?;
    linker.instance("wasi:cli/terminal-input@0.2.0")?.resource(
        "terminal-input",
        ResourceType::host::<TerminalInput>(),
        |_, _| Ok(()),
    )?;
    linker
        .instance("wasi:cli/terminal-output@0.2.0")?
        .resource(
            "terminal-output",
            ResourceType::host::<TerminalOutput>(),
            |_, _| Ok(()),
        )?;
    linker
        .instance("wasi:cli/terminal-stdin@0.2.0")?
        .func_wrap("get-terminal-stdin", |_: Guest<'_>, (): ()| {
            Ok((None::<Resource<TerminalInput>>,))
        })?;
    for name in ["stdout", "stderr"] {
        linker
            .instance(&format!("wasi:cli/terminal-{name}@0.2.0"))?
            .func_wrap(&format!("get-terminal-{name}"), |_: Guest<'_>, (): ()| {
                Ok((None::<Resource<TerminalOutput>>,))
            })?;
    }
    Ok(())
}

fn link_environment(linker: &mut Linker<Host>) -> Result<()> {
    let mut environment = linker.instance("wasi:cli/environment@0.2.0")?;
    environment.func_wrap("get-environment", |_: Guest<'_>, (): ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    environment.func_wrap("get-arguments", |_: Guest<'_>, (): ()| {
        Ok((Vec::<String>::new(),))
    })?;
    environment.func_wrap("initial-cwd", |_: Guest<'_>, (): ()| Ok((None::<String>,)))
}

/// The counter in place of a clock; subscriptions need `poll` besides.
fn link_clocks(linker: &mut Linker<Host>, poll: bool) -> Result<()> {
    let mut monotonic = linker.instance("wasi:clocks/monotonic-clock@0.2.0")?;
    monotonic.func_wrap("now", |mut guest: Guest<'_>, (): ()| {
        Ok((guest.data_mut().read_clock(),))
    })?;
    monotonic.func_wrap("resolution", |_: Guest<'_>, (): ()| Ok((TICK_NS,)))?;
    if poll {
        monotonic.func_wrap(
            "subscribe-instant",
            |mut guest: Guest<'_>, (then,): (u64,)| Ok((pollable(guest.data_mut(), then),)),
        )?;
        monotonic.func_wrap(
            "subscribe-duration",
            |mut guest: Guest<'_>, (duration,): (u64,)| {
                let then = guest.data().now_ns().saturating_add(duration);
                Ok((pollable(guest.data_mut(), then),))
            },
        )?;
    }
    let mut wall = linker.instance("wasi:clocks/wall-clock@0.2.0")?;
    let datetime = |now_ns: u64| Datetime {
        seconds: now_ns / 1_000_000_000,
        nanoseconds: (now_ns % 1_000_000_000) as u32,
    };
    wall.func_wrap("now", move |mut guest: Guest<'_>, (): ()| {
        Ok((datetime(guest.data_mut().read_clock()),))
    })?;
    wall.func_wrap("resolution", move |_: Guest<'_>, (): ()| {
        Ok((datetime(TICK_NS),))
    })
}

/// The fixed stream in place of randomness, under each of its names.
fn link_random(linker: &mut Linker<Host>) -> Result<()> {
    let number = |host: &mut Host| {
        let mut bytes = [0; 8];
        host.fill_random(&mut bytes);
        u64::from_le_bytes(bytes)
    };
    for (interface, prefix) in [("random", ""), ("insecure", "insecure-")] {
        let mut random = linker.instance(&format!("wasi:random/{interface}@0.2.0"))?;
        random.func_wrap(
            &format!("get-{prefix}random-bytes"),
            |mut guest: Guest<'_>, (length,): (u64,)| {
                if length > RANDOM_BYTES_MAX {
                    return Err(wasmtime::Error::msg("too much randomness in one call"));
                }
                let mut bytes = vec![0; length as usize];
                guest.data_mut().fill_random(&mut bytes);
                Ok((bytes,))
            },
        )?;
        random.func_wrap(
            &format!("get-{prefix}random-u64"),
            move |mut guest: Guest<'_>, (): ()| Ok((number(guest.data_mut()),)),
        )?;
    }
    linker
        .instance("wasi:random/insecure-seed@0.2.0")?
        .func_wrap("insecure-seed", move |mut guest: Guest<'_>, (): ()| {
            let host = guest.data_mut();
            Ok(((number(host), number(host)),))
        })
}

/// Links exactly what `capabilities` grant.
pub fn link(linker: &mut Linker<Host>, capabilities: u8) -> Result<()> {
    let granted = |bit: u8| capabilities & bit != 0;
    let poll = granted(capability::POLL);
    link_io(linker, poll)?;
    link_cli(linker)?;
    if granted(capability::FD) {
        link_descriptors(linker)?;
    }
    if granted(capability::ENV | capability::ARGS) {
        link_environment(linker)?;
    }
    if granted(capability::CLOCK) {
        link_clocks(linker, poll)?;
    }
    if granted(capability::RANDOM) {
        link_random(linker)?;
    }
    if granted(capability::FS) {
        wasi_p2_files::link(linker)?;
    }
    Ok(())
}
