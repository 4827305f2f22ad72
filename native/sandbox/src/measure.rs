//! `nmp-sandbox measure MODULE RUNS`: what one run costs inside this process, without the pipe.
//! For benchmarks; the node starts the program without arguments.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::engine::Sandbox;
use crate::protocol::{Abi, Key, Outcome, Prepare, Run};

const MODULE_BYTES_MAX: u64 = 10 * 1024 * 1024;
const RUNS_MAX: usize = 1_000_000;

/// Prepares the module of the pure ABI and runs it; the median of one run, nanoseconds.
pub fn median_ns(sandbox: &Sandbox, module: Vec<u8>, runs: usize) -> Option<u128> {
    let prepared = sandbox.prepare(Prepare {
        id: 1,
        abi: Abi::Pure,
        capabilities: 0,
        module,
    });
    let hash: [u8; 32] = prepared.payload.try_into().ok()?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let request = Run {
            id: 2,
            key: Key {
                hash,
                abi: Abi::Pure as u8,
                capabilities: 0,
            },
            fuel: 1_000_000,
            memory_bytes: 1024 * 1024,
            peer: 0,
            deadline_ms: 1_000,
            output_bytes: 1024,
            input: Vec::new(),
        };
        let cancelled = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let response = sandbox.run(request, cancelled);
        times.push(started.elapsed().as_nanos());
        if response.outcome != Outcome::Ok {
            return None;
        }
    }
    times.sort_unstable();
    times.get(runs / 2).copied()
}

/// The line to print; `None` for arguments or a module that do not fit.
pub fn measure(sandbox: &Sandbox, path: &str, runs: &str) -> Option<String> {
    let runs = runs.parse().ok().filter(|n| (1..=RUNS_MAX).contains(n))?;
    if std::fs::metadata(path).ok()?.len() > MODULE_BYTES_MAX {
        return None;
    }
    let module = std::fs::read(path).ok()?;
    let median = median_ns(sandbox, module, runs)?;
    Some(format!(r#"{{"medianNs":{median}}}"#))
}
