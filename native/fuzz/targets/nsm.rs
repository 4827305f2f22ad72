//! The agent's unix socket for the Nitro Secure Module: whatever a connection sends ends that
//! connection at most, and the next is served.
#![no_main]

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use nmp_agent::nsm::{Device, serve};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::LazyLock;

struct Fixed;

impl Device for Fixed {
    fn process(&mut self, _: Request) -> Response {
        Response::GetRandom {
            random: vec![7; 32],
        }
    }
}

static SOCKET: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("nmp-fuzz-nsm-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("a socket");
    std::thread::spawn(move || serve(&listener, Fixed));
    path
});

/// Everything that comes back until the other side closes; none if it answered nothing at all.
fn converse(bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(&*SOCKET).expect("a connection");
    // The other side may have closed before all is written.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    answers
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The parser of documents, which in an image sets the clock.
    let _ = nmp_agent::nsm::document_time_ms(bytes);
    let mut rest = converse(bytes);
    while !rest.is_empty() {
        // Whole frames and nothing else.
        let length = u32::from_be_bytes(rest[..4].try_into().expect("a length")) as usize;
        let body: Vec<u8> = rest.drain(..4 + length).skip(4).collect();
        serde_cbor::from_slice::<Response>(&body).expect("a response");
    }
});
