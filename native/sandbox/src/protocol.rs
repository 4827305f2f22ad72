//! Frames between the node and this process: u32 little-endian length, then a body of fixed
//! layout. The node is trusted here, the guest's bytes inside the frames are not.

use std::io::{self, Read, Write};
use std::ops::Range;

/// Longest frame accepted: a guest input of 50 MiB and its header.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

pub const KIND_PREPARE: u8 = 1;
pub const KIND_RUN: u8 = 2;
pub const KIND_CANCEL: u8 = 3;

/// How a module is started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Abi {
    Pure,
    WasiP1,
    /// A component that exports `wasi:cli/run`.
    WasiP2,
    /// A component that exports `nmp-run`.
    Component,
}

/// WASI preview 1 capabilities that a run may be granted, as bits.
pub mod capability {
    pub const CLOCK: u8 = 1;
    pub const RANDOM: u8 = 2;
    pub const ENV: u8 = 4;
    pub const ARGS: u8 = 8;
    pub const FS: u8 = 16;
    pub const POLL: u8 = 32;
    pub const FD: u8 = 64;
}

pub struct Prepare {
    pub id: u32,
    pub abi: Abi,
    pub capabilities: u8,
    pub module: Vec<u8>,
}

pub struct Run {
    pub id: u32,
    pub key: Key,
    /// Whose run it is: runs with one number share their turns.
    pub peer: u32,
    pub fuel: u64,
    pub memory_bytes: u64,
    pub deadline_ms: u32,
    pub output_bytes: u32,
    pub input: Vec<u8>,
}

/// SHA-256 of the module, and how it was prepared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub hash: [u8; 32],
    pub abi: u8,
    pub capabilities: u8,
}

pub enum Request {
    Prepare(Prepare),
    Run(Run),
    Cancel(u32),
}

/// How a request ended; the numbers are the wire form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Outcome {
    Ok = 0,
    Trap = 1,
    OutOfFuel = 2,
    OutOfMemory = 3,
    Deadline = 4,
    AbiViolation = 5,
    /// The module is not in this process's cache: prepare it again.
    Unknown = 6,
    Cancelled = 7,
}

pub struct Response {
    pub id: u32,
    pub outcome: Outcome,
    pub fuel_used: u64,
    pub peak_memory: u64,
    /// Which bytes of the input the guest read; ascending.
    pub reads: Vec<Range<u32>>,
    pub payload: Vec<u8>,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        if self.0.len() < length {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "short frame"));
        }
        let (head, tail) = self.0.split_at(length);
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u8(&mut self) -> io::Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }
}

pub fn abi_of(code: u8) -> io::Result<Abi> {
    match code {
        0 => Ok(Abi::Pure),
        1 => Ok(Abi::WasiP1),
        2 => Ok(Abi::WasiP2),
        3 => Ok(Abi::Component),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "unknown ABI")),
    }
}

fn decode(body: &[u8]) -> io::Result<Request> {
    let mut fields = Fields(body);
    let kind = fields.u8()?;
    let id = fields.u32()?;
    match kind {
        KIND_PREPARE => {
            let abi = abi_of(fields.u8()?)?;
            let capabilities = fields.u8()?;
            Ok(Request::Prepare(Prepare {
                id,
                abi,
                capabilities,
                module: fields.0.to_vec(),
            }))
        }
        KIND_RUN => {
            let hash = fields.array()?;
            let key = Key {
                hash,
                abi: fields.u8()?,
                capabilities: fields.u8()?,
            };
            Ok(Request::Run(Run {
                id,
                key,
                peer: fields.u32()?,
                fuel: fields.u64()?,
                memory_bytes: fields.u64()?,
                deadline_ms: fields.u32()?,
                output_bytes: fields.u32()?,
                input: fields.0.to_vec(),
            }))
        }
        KIND_CANCEL => Ok(Request::Cancel(id)),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "unknown request",
        )),
    }
}

/// Reads one request; `None` at the end of the stream.
pub fn read_request(reader: &mut impl Read) -> io::Result<Option<Request>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    decode(&body).map(Some)
}

/// Writes id, outcome, fuel, peak memory, what was read and payload as one frame.
pub fn write_response(writer: &mut impl Write, response: &Response) -> io::Result<()> {
    let length = 4 + 1 + 8 + 8 + 4 + 8 * response.reads.len() + response.payload.len();
    let mut frame = Vec::with_capacity(4 + length);
    frame.extend_from_slice(&(length as u32).to_le_bytes());
    frame.extend_from_slice(&response.id.to_le_bytes());
    frame.push(response.outcome as u8);
    frame.extend_from_slice(&response.fuel_used.to_le_bytes());
    frame.extend_from_slice(&response.peak_memory.to_le_bytes());
    frame.extend_from_slice(&(response.reads.len() as u32).to_le_bytes());
    for range in &response.reads {
        frame.extend_from_slice(&range.start.to_le_bytes());
        frame.extend_from_slice(&range.end.to_le_bytes());
    }
    frame.extend_from_slice(&response.payload);
    writer.write_all(&frame)?;
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        let mut out = (body.len() as u32).to_le_bytes().to_vec();
        out.extend_from_slice(body);
        out
    }

    #[test]
    fn short_and_unknown_frames_are_errors() {
        for body in [
            &[][..],
            &[1],
            &[9, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0, 7, 0],
            &[2, 1, 0, 0, 0, 5],
        ] {
            assert!(read_request(&mut framed(body).as_slice()).is_err());
        }
        assert!(read_request(&mut &b"\xff\xff\xff\xff"[..]).is_err());
        assert!(matches!(read_request(&mut &b""[..]), Ok(None)));
    }

    #[test]
    fn a_prepare_frame_comes_through() {
        let body = [KIND_PREPARE, 7, 0, 0, 0, 1, 3, 0, 97];
        match read_request(&mut framed(&body).as_slice()) {
            Ok(Some(Request::Prepare(prepare))) => {
                assert_eq!(prepare.id, 7);
                assert_eq!(prepare.abi, Abi::WasiP1);
                assert_eq!(prepare.capabilities, 3);
                assert_eq!(prepare.module, [0, 97]);
            }
            _ => panic!("not a prepare request"),
        }
    }
}
