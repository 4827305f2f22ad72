//! The Nitro Secure Module on a unix socket: the device takes one ioctl at a time from a process
//! that may open it, which the node may not.
//!
//! A frame is a length (u32, big-endian) and that many bytes. A request holds the CBOR that the
//! device itself takes, at most 4096 bytes; a response holds the CBOR that it gives. Requests of one
//! connection are answered in order. A frame of another size ends the connection.

use aws_nitro_enclaves_nsm_api::api::{ErrorCode, Request, Response};
use aws_nitro_enclaves_nsm_api::driver::{nsm_init, nsm_process_request};
use serde_cbor::Value;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The device's own limits (linux, drivers/misc/nsm.c).
pub const REQUEST_BYTES_MAX: usize = 4096;
const RESPONSE_BYTES_MAX: usize = 12_288;
const CONNECTIONS_MAX: usize = 8;
/// Within a frame; between frames a connection may idle.
const FRAME_TIMEOUT: Duration = Duration::from_secs(5);

/// What answers requests: the device, or another in tests.
pub trait Device: Send {
    fn process(&mut self, request: Request) -> Response;
}

/// /dev/nsm, kept open.
pub struct NsmDevice {
    fd: i32,
}

impl NsmDevice {
    /// Opens the device; none where there is none.
    pub fn open() -> Option<Self> {
        let fd = nsm_init();
        (fd >= 0).then_some(NsmDevice { fd })
    }

    /// The device's own time, in milliseconds since 1970.
    pub fn time_ms(&mut self) -> Option<u64> {
        let request = Request::Attestation {
            user_data: None,
            nonce: None,
            public_key: None,
        };
        match self.process(request) {
            Response::Attestation { document } => document_time_ms(&document),
            _ => None,
        }
    }

    /// Up to 256 random bytes of the device.
    pub fn random(&mut self) -> Option<Vec<u8>> {
        match self.process(Request::GetRandom) {
            Response::GetRandom { random } if !random.is_empty() => Some(random),
            _ => None,
        }
    }
}

/// The time in an attestation document, in milliseconds since 1970: `timestamp` of the payload of
/// an untagged COSE_Sign1.
pub fn document_time_ms(document: &[u8]) -> Option<u64> {
    let Value::Array(parts) = serde_cbor::from_slice(document).ok()? else {
        return None;
    };
    let Value::Bytes(payload) = parts.get(2)? else {
        return None;
    };
    let Value::Map(fields) = serde_cbor::from_slice(payload).ok()? else {
        return None;
    };
    match fields.get(&Value::Text("timestamp".into()))? {
        Value::Integer(ms) => u64::try_from(*ms).ok().filter(|ms| *ms > 0),
        _ => None,
    }
}

impl Device for NsmDevice {
    fn process(&mut self, request: Request) -> Response {
        nsm_process_request(self.fd, request)
    }
}

/// Answers requests until the process ends.
pub fn serve<D: Device + 'static>(listener: &UnixListener, device: D) {
    let device = Arc::new(Mutex::new(device));
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors or memory: try again when some may be back.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (device, count) = (Arc::clone(&device), Arc::clone(&open));
        let started = thread::Builder::new().spawn(move || {
            // The peer's leaving and its mistakes end its connection and nothing else.
            let _ = converse(stream, &device);
            count.fetch_sub(1, Ordering::SeqCst);
        });
        if started.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn converse<D: Device>(mut stream: UnixStream, device: &Mutex<D>) -> io::Result<()> {
    stream.set_write_timeout(Some(FRAME_TIMEOUT))?;
    loop {
        let mut head = [0u8; 4];
        stream.set_read_timeout(None)?;
        stream.read_exact(&mut head[..1])?;
        stream.set_read_timeout(Some(FRAME_TIMEOUT))?;
        stream.read_exact(&mut head[1..])?;
        let length = u32::from_be_bytes(head) as usize;
        if length == 0 || length > REQUEST_BYTES_MAX {
            return answer(&mut stream, &Response::Error(ErrorCode::InputTooLarge));
        }
        let mut request = vec![0u8; length];
        stream.read_exact(&mut request)?;
        let response = match serde_cbor::from_slice::<Request>(&request) {
            Ok(request) => device
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .process(request),
            Err(_) => Response::Error(ErrorCode::InvalidArgument),
        };
        answer(&mut stream, &response)?;
    }
}

fn answer(stream: &mut UnixStream, response: &Response) -> io::Result<()> {
    let mut body = serde_cbor::to_vec(response).map_err(io::Error::other)?;
    if body.len() > RESPONSE_BYTES_MAX {
        body = serde_cbor::to_vec(&Response::Error(ErrorCode::BufferTooSmall))
            .map_err(io::Error::other)?;
    }
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.append(&mut body);
    stream.write_all(&frame)
}
