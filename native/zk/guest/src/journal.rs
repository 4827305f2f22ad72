//! The journal: a fixed layout of 248 bytes, little-endian; docs/protocol.md, Receipt journal.

use crate::hash::{sha256, sha256_of, Digest};

pub const JOURNAL_BYTES: usize = 248;
const VERSION: u32 = 2;
/// Zero-padded to 32 bytes.
const PROFILE: &[u8] = b"nmp-wasm-zk-v1";
const ARGUMENTS_LABEL: &[u8] = b"nmp-arguments/v1";
const INPUT_LABEL: &[u8] = b"nmp-input/v1";
const OUTPUT_LABEL: &[u8] = b"nmp-output/v1";

/// How the run ended. The codes are part of the format.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Outcome {
    Ok = 0,
    Trap = 1,
    OutOfFuel = 2,
    /// Not a module of the profile, or not one with the exports of the pure ABI.
    NotAModule = 3,
    /// The module broke the ABI while it ran: a pointer or an output length out of range.
    AbiViolation = 4,
}

pub struct Journal<'a> {
    pub outcome: Outcome,
    pub fuel: u64,
    pub module: &'a [u8],
    pub input_salt: &'a Digest,
    pub arguments: &'a [u8],
    pub input: &'a [u8],
    pub datasets: Digest,
    pub output_salt: &'a Digest,
    /// Empty unless the outcome is `Ok`.
    pub output: &'a [u8],
    pub nonce: &'a Digest,
}

impl Journal<'_> {
    pub fn encode(&self) -> [u8; JOURNAL_BYTES] {
        let mut out = [0u8; JOURNAL_BYTES];
        out[..4].copy_from_slice(b"NMPJ");
        out[4..8].copy_from_slice(&VERSION.to_le_bytes());
        out[8..8 + PROFILE.len()].copy_from_slice(PROFILE);
        out[40..44].copy_from_slice(&(self.outcome as u32).to_le_bytes());
        // 44..48 stays zero: reserved.
        out[48..56].copy_from_slice(&self.fuel.to_le_bytes());
        out[56..88].copy_from_slice(&sha256(self.module));
        out[88..120].copy_from_slice(&sha256_of(&[
            ARGUMENTS_LABEL,
            self.input_salt,
            self.arguments,
        ]));
        out[120..152].copy_from_slice(&sha256_of(&[INPUT_LABEL, self.input_salt, self.input]));
        out[152..184].copy_from_slice(&self.datasets);
        out[184..216].copy_from_slice(&sha256_of(&[OUTPUT_LABEL, self.output_salt, self.output]));
        out[216..248].copy_from_slice(self.nonce);
        out
    }
}
