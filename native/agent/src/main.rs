//! `nmp-agent`: as the first process of an enclave, without arguments; `nmp-agent enclave` below
//! another first process; `nmp-agent parent --directory DIR (--cid N | --hybrid SOCKET)` outside.

use nmp_agent::{init, parent};
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
        Some("parent") => match parent::parse(&arguments[1..]) {
            Some(init) => match parent::run(&init) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("nmp-agent: {error}");
                    ExitCode::FAILURE
                }
            },
            None => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: nmp-agent parent --directory DIR (--cid N | --hybrid SOCKET)");
    ExitCode::from(2)
}
