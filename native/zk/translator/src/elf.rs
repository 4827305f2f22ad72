//! The runtime's ELF file read, and one written that has its segments and ours.

use alloc::vec::Vec;

use nmp_zk_abi as abi;

use crate::refusal::Refusal;

pub struct Segment {
    pub address: u32,
    pub flags: u32,
    pub bytes: Vec<u8>,
    /// As large in memory, what the bytes leave being zero.
    pub memory_bytes: u32,
}

pub const READ: u32 = 4;
pub const WRITE: u32 = 2;
pub const EXECUTE: u32 = 1;

pub struct Runtime {
    pub entry: u32,
    pub segments: Vec<Segment>,
}

const HEADER_BYTES: usize = 52;
const PROGRAM_HEADER_BYTES: usize = 32;
const PT_LOAD: u32 = 1;
/// ELF32, little end first, version 1; executable, RISC-V, version 1.
const IDENT: [u8; 7] = [0x7f, b'E', b'L', b'F', 1, 1, 1];
const EXECUTABLE: u32 = 2 | 243 << 16;
const SEGMENTS_MAX: usize = 32;

fn word(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    let word = bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .ok_or(Refusal::Runtime)?;
    Ok(u32::from_le_bytes(*word))
}

fn half(bytes: &[u8], at: usize) -> Result<usize, Refusal> {
    let half = bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<2>())
        .ok_or(Refusal::Runtime)?;
    Ok(usize::from(u16::from_le_bytes(*half)))
}

impl Runtime {
    pub fn parse(elf: &[u8]) -> Result<Runtime, Refusal> {
        if !elf.starts_with(&IDENT) || word(elf, 16)? != EXECUTABLE {
            return Err(Refusal::Runtime);
        }
        let (table, size, count) = (word(elf, 28)? as usize, half(elf, 42)?, half(elf, 44)?);
        if size != PROGRAM_HEADER_BYTES || count > SEGMENTS_MAX {
            return Err(Refusal::Runtime);
        }
        let mut segments = Vec::new();
        for index in 0..count {
            let at = table
                .checked_add(index * PROGRAM_HEADER_BYTES)
                .ok_or(Refusal::Runtime)?;
            if word(elf, at)? != PT_LOAD {
                continue;
            }
            let (offset, file) = (word(elf, at + 4)? as usize, word(elf, at + 16)? as usize);
            let address = word(elf, at + 8)?;
            let memory_bytes = word(elf, at + 20)?;
            let end = address.checked_add(memory_bytes).ok_or(Refusal::Runtime)?;
            // Nothing of the runtime may lie where the module's parts do.
            if end > abi::TABLES || file > memory_bytes as usize {
                return Err(Refusal::Runtime);
            }
            let bytes = elf
                .get(offset..)
                .and_then(|rest| rest.get(..file))
                .ok_or(Refusal::Runtime)?;
            segments.push(Segment {
                address,
                flags: word(elf, at + 24)?,
                bytes: bytes.to_vec(),
                memory_bytes,
            });
        }
        Ok(Runtime {
            entry: word(elf, 24)?,
            segments,
        })
    }

    /// Addresses of the helpers: words of code in the runtime itself.
    pub fn helpers(&self) -> Result<Vec<u32>, Refusal> {
        let mut helpers = Vec::new();
        for helper in abi::Helper::ALL {
            let address = self.word_at(abi::HELPERS + *helper as u32 * 4)?;
            if address % 4 != 0 || self.word_at(address).is_err() {
                return Err(Refusal::Runtime);
            }
            helpers.push(address);
        }
        Ok(helpers)
    }

    fn word_at(&self, address: u32) -> Result<u32, Refusal> {
        self.segments
            .iter()
            .find_map(|segment| {
                let offset = address.checked_sub(segment.address)?;
                word(&segment.bytes, offset as usize).ok()
            })
            .ok_or(Refusal::Runtime)
    }
}

/// An executable of these segments, in order of address.
pub fn write(entry: u32, segments: &mut [Segment]) -> Vec<u8> {
    segments.sort_by_key(|segment| segment.address);
    let mut elf = Vec::new();
    elf.extend(IDENT);
    elf.resize(16, 0);
    let table = HEADER_BYTES as u32;
    for word in [EXECUTABLE, 1, entry, table, 0, 0] {
        elf.extend(word.to_le_bytes());
    }
    let sizes = [HEADER_BYTES, PROGRAM_HEADER_BYTES, segments.len(), 0, 0, 0];
    for half in sizes {
        elf.extend((half as u16).to_le_bytes());
    }
    let mut offset = HEADER_BYTES + segments.len() * PROGRAM_HEADER_BYTES;
    for segment in segments.iter() {
        let fields = [
            PT_LOAD,
            offset as u32,
            segment.address,
            segment.address,
            segment.bytes.len() as u32,
            segment.memory_bytes,
            segment.flags,
            4,
        ];
        for word in fields {
            elf.extend(word.to_le_bytes());
        }
        offset += segment.bytes.len().next_multiple_of(4);
    }
    for segment in segments.iter() {
        elf.extend(&segment.bytes);
        elf.resize(elf.len().next_multiple_of(4), 0);
    }
    elf
}
