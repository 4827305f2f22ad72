//! `nmp-zk-prover`: pairs programs with their kernel, quotes the cycles of a request, proves it.
//! The request comes by standard input, so that nothing private needs a file; results go to
//! standard output, progress as lines of JSON to standard error. Before it reads a request the
//! process gives up all but memory and these streams (`nmp-zk-confine`).

mod program;

use std::{
    env, fs,
    io::{self, Write},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use nmp_zk_kernels::Level;
use program::Program;
use risc0_binfmt::ProgramBinary;
use risc0_zkos_v1compat::V1COMPAT_ELF;
use risc0_zkvm::{
    compute_image_id, get_prover_server, ExecutorEnv, ExecutorImpl, ExitCode as GuestExit,
    InnerReceipt, ProverOpts, Segment, Session, SessionEvents, SimpleSegmentRef, VerifierContext,
};

/// Cycles of one segment, as a power of two: 18 takes 2.4 GB of memory, each step doubles it.
const SEGMENT_PO2: u32 = 18;
/// A run of more segments is refused before any proving starts; the verifier's cap.
const SEGMENTS_MAX: u64 = 16;
/// A quote still tells what a run of four times as many would take.
const QUOTE_CYCLES_MAX: u64 = 4 * SEGMENTS_MAX << SEGMENT_PO2;
/// Guest and image files, bytes.
const IMAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

type Failure = Box<dyn std::error::Error>;

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    if fs::metadata(path)?.len() > IMAGE_BYTES_MAX {
        return Err("file too large".into());
    }
    Ok(fs::read(path)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn image(guest: &str, image: &str) -> Result<(), Failure> {
    let blob = ProgramBinary::new(&read(guest)?, V1COMPAT_ELF).encode();
    fs::write(image, &blob)?;
    image_id(image)
}

fn image_id(image: &str) -> Result<(), Failure> {
    println!("{}", hex(compute_image_id(&read(image)?)?.as_bytes()));
    Ok(())
}

/// Segments stay in memory: they hold the private input.
fn execute(Program { image, input, .. }: &Program) -> Result<Session, Failure> {
    let env = ExecutorEnv::builder()
        .segment_limit_po2(SEGMENT_PO2)
        .session_limit(Some(QUOTE_CYCLES_MAX))
        .write_slice(input)
        .build()?;
    let session = ExecutorImpl::from_elf(env, image)?
        .run_with_callback(|segment| Ok(Box::new(SimpleSegmentRef::new(segment))))?;
    if session.exit_code != GuestExit::Halted(0) {
        return Err("the guest did not halt with 0".into());
    }
    Ok(session)
}

fn summary(program: &Program, session: &Session) -> Result<String, Failure> {
    Ok(format!(
        "{},\"imageId\":\"{}\",\"journal\":\"{}\",\"userCycles\":{},\"pagingCycles\":{},\"totalCycles\":{},\"segments\":{}",
        program.description,
        hex(compute_image_id(&program.image)?.as_bytes()),
        hex(session.journal.as_ref().map_or(&[][..], |journal| &journal.bytes)),
        session.user_cycles,
        session.paging_cycles,
        session.total_cycles,
        session.segments.len(),
    ))
}

/// The program of the request on standard input, read when nothing else can be reached any more.
fn requested(interpreter: &str) -> Result<Program, Failure> {
    let interpreter = read(interpreter)?;
    nmp_zk_confine::confine()?;
    program::of_request(interpreter)
}

fn quote(interpreter: &str) -> Result<(), Failure> {
    let program = requested(interpreter)?;
    println!("{{{}}}", summary(&program, &execute(&program)?)?);
    Ok(())
}

struct Progress {
    done: AtomicUsize,
    all: usize,
}

impl SessionEvents for Progress {
    fn on_post_prove_segment(&self, _: &Segment) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        eprintln!("{{\"proven\":{done},\"segments\":{}}}", self.all);
    }
}

/// Proves with the fastest kernels that this processor has, or with those named: to compare them.
fn prove(interpreter: &str, kernels: Option<&str>) -> Result<(), Failure> {
    if let Some(name) = kernels {
        let level = Level::ALL.into_iter().find(|level| level.name() == name);
        nmp_zk_kernels::limit(level.ok_or("kernels are scalar, avx2 or avx512")?);
    }
    let program = requested(interpreter)?;
    let id = compute_image_id(&program.image)?;
    let mut session = execute(&program)?;
    if session.segments.len() as u64 > SEGMENTS_MAX {
        return Err("too many segments".into());
    }
    eprintln!(
        "{{{},\"kernels\":\"{}\"}}",
        summary(&program, &session)?,
        nmp_zk_kernels::level().name()
    );
    let all = session.segments.len();
    session.add_hook(Progress {
        done: AtomicUsize::new(0),
        all,
    });
    let started = Instant::now();
    let receipt = get_prover_server(&ProverOpts::composite())?
        .prove_session(&VerifierContext::default(), &session)?
        .receipt;
    if !matches!(receipt.inner, InnerReceipt::Composite(_)) {
        return Err("not a composite receipt".into());
    }
    receipt.verify(id)?;
    eprintln!("{{\"seconds\":{:.1}}}", started.elapsed().as_secs_f64());
    io::stdout().write_all(&borsh::to_vec(&receipt)?)?;
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["image", guest, out] => image(guest, out),
        ["image-id", file] => image_id(file),
        ["translate", module, out] => program::write_translated(module, out),
        ["quote", file] => quote(file),
        ["prove", file] => prove(file, None),
        ["prove", file, kernels] => prove(file, Some(kernels)),
        _ => {
            eprintln!("usage: nmp-zk-prover image GUEST OUT | image-id IMAGE | translate MODULE OUT | quote INTERPRETER < REQUEST | prove INTERPRETER [KERNELS] < REQUEST > RECEIPT");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{{\"error\":{:?}}}", error.to_string());
            ExitCode::FAILURE
        }
    }
}
