//! The sandbox process. It holds no key, opens no file and no socket: requests come in on standard
//! input, answers leave on standard output, and guests run on a few worker threads in between.
//!
//! Its first frame (id 0) says what it is: JSON with the engine's version and what was hardened.

mod components;
mod cores;
mod engine;
mod files;
mod hardening;
mod host;
mod measure;
mod protocol;
mod slots;
mod turns;
mod wasi;
mod wasi_files;
mod wasi_p2;
mod wasi_p2_files;
mod wasi_poll;

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use engine::{Sandbox, TICK};
use protocol::{Outcome, Prepare, Request, Response, Run, read_request, write_response};

/// Runs in flight at once; the node never sends more.
const WORKERS: u32 = 64;
/// How long to look away while nothing runs.
const IDLE: Duration = Duration::from_millis(5);
/// Most guests at work at once that can be asked for.
const PARALLEL_MAX: usize = 64;
const ENGINE_VERSION: &str = "48.0.8";

enum Work {
    Prepare(Prepare),
    Run(Run, Arc<AtomicBool>),
}

type Running = Arc<Mutex<HashMap<u32, Arc<AtomicBool>>>>;

fn respond(response: &Response) {
    // The node is gone when this fails; the reader sees the end of its stream and ends us.
    let _ = write_response(&mut io::stdout().lock(), response);
}

fn work(sandbox: &Sandbox, queue: &Mutex<Receiver<Work>>, running: &Running) {
    loop {
        let Ok(work) = queue.lock().map(|queue| queue.recv()) else {
            return;
        };
        match work {
            Ok(Work::Prepare(request)) => respond(&sandbox.prepare(request)),
            Ok(Work::Run(request, cancelled)) => {
                let id = request.id;
                let response = sandbox.run(request, cancelled);
                if let Ok(mut running) = running.lock() {
                    running.remove(&id);
                }
                respond(&response);
            }
            Err(_) => return,
        }
    }
}

fn serve(queue: &Sender<Work>, running: &Running) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, io::stdin().lock());
    while let Some(request) = read_request(&mut reader)? {
        let work = match request {
            Request::Prepare(prepare) => Work::Prepare(prepare),
            Request::Run(run) => {
                let cancelled = Arc::new(AtomicBool::new(false));
                if let Ok(mut running) = running.lock() {
                    running.insert(run.id, cancelled.clone());
                }
                Work::Run(run, cancelled)
            }
            Request::Cancel(id) => {
                if let Ok(running) = running.lock()
                    && let Some(flag) = running.get(&id)
                {
                    flag.store(true, Ordering::Relaxed);
                }
                continue;
            }
        };
        if queue.send(work).is_err() {
            break;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parallel = match arguments.as_slice() {
        [mode, count] if mode == "serve" => count.parse().unwrap_or(0),
        _ => 1,
    };
    if !(1..=PARALLEL_MAX).contains(&parallel) {
        eprintln!("usage: nmp-sandbox [serve PARALLEL | measure MODULE RUNS]");
        return ExitCode::from(2);
    }
    let Ok(sandbox) = Sandbox::new(WORKERS, parallel).map(Arc::new) else {
        eprintln!("the engine does not start on this machine");
        return ExitCode::FAILURE;
    };
    if let [mode, module, runs] = arguments.as_slice()
        && mode == "measure"
    {
        return match measure::measure(&sandbox, module, runs) {
            Some(line) => {
                println!("{line}");
                ExitCode::SUCCESS
            }
            None => ExitCode::FAILURE,
        };
    }
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let running = Running::default();
    for _ in 0..WORKERS {
        let (sandbox, receiver, running) = (sandbox.clone(), receiver.clone(), running.clone());
        // Cranelift recurses: give it the stack it needs.
        let worker = thread::Builder::new().stack_size(16 * 1024 * 1024);
        if worker
            .spawn(move || work(&sandbox, &receiver, &running))
            .is_err()
        {
            return ExitCode::FAILURE;
        }
    }
    let ticking = sandbox.clone();
    thread::spawn(move || {
        loop {
            thread::sleep(if ticking.tick() { TICK } else { IDLE });
        }
    });
    let applied = hardening::apply();
    let hello = format!(
        r#"{{"engine":"wasmtime","version":"{ENGINE_VERSION}","workers":{WORKERS},"user":{},"seccomp":{}}}"#,
        applied.user, applied.seccomp
    );
    respond(&Response {
        id: 0,
        outcome: Outcome::Ok,
        fuel_used: 0,
        peak_memory: 0,
        reads: Vec::new(),
        payload: hello.into_bytes(),
    });
    match serve(&sender, &running) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
