//! `nmp-agent`: as the first process of an enclave, without arguments; `nmp-agent enclave` below
//! another first process; `nmp-agent parent --directory DIR (--cid N | --hybrid SOCKET)` and
//! `nmp-agent relay …` outside.

use nmp_agent::{init, parent, relay};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if std::process::id() == 1 {
        let reason = init::run(true);
        // A first process that returns would make the kernel panic, which ends the enclave, too.
        eprintln!("nmp-agent: {}", reason.code());
        return ExitCode::FAILURE;
    }
    match arguments.first().map(String::as_str) {
        Some("enclave") => {
            let reason = init::run(false);
            eprintln!("nmp-agent: {}", reason.code());
            ExitCode::FAILURE
        }
        Some("parent") => {
            parent::parse(&arguments[1..]).map_or_else(usage, |init| ended(parent::run(&init)))
        }
        Some("relay") => {
            relay::parse(&arguments[1..]).map_or_else(usage, |init| ended(relay::run(&init)))
        }
        _ => usage(),
    }
}

fn ended(result: Result<(), nix::errno::Errno>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nmp-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: nmp-agent parent --directory DIR (--cid N | --hybrid SOCKET)");
    eprintln!(
        "       nmp-agent relay --listen IP:PORT --connections N --per-source N --connect-ms N \
         --idle-ms N --to SOCKET…"
    );
    ExitCode::from(2)
}
