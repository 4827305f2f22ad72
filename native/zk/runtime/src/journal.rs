//! The journal of the profile `nmp-wasm-zk-v2`: docs/protocol.md, Receipt journal. What is about
//! the input is taken before the module runs, for it may overwrite the input.

use crate::hash::{sha256, sha256_of, Digest};

const JOURNAL_BYTES: usize = 248;
const VERSION: u32 = 2;
/// Zero-padded to 32 bytes.
const PROFILE: &[u8] = b"nmp-wasm-zk-v2";
const ARGUMENTS_LABEL: &[u8] = b"nmp-arguments/v1";
const INPUT_LABEL: &[u8] = b"nmp-input/v1";
const OUTPUT_LABEL: &[u8] = b"nmp-output/v1";
/// SHA-256("risc0.Output").
const OUTPUT_TAG: Digest = [
    0x77, 0xea, 0xfe, 0xb3, 0x66, 0xa7, 0x8b, 0x47, 0x74, 0x7d, 0xe0, 0xd7, 0xbb, 0x17, 0x62, 0x84,
    0x08, 0x5f, 0xf5, 0x56, 0x48, 0x87, 0x00, 0x9a, 0x5b, 0xe6, 0x3d, 0xa3, 0x2d, 0x35, 0x59, 0xd4,
];

#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Outcome {
    Ok = 0,
    Trap = 1,
    OutOfFuel = 2,
    AbiViolation = 4,
}

#[repr(C, align(4))]
pub struct Journal([u8; JOURNAL_BYTES]);

impl Journal {
    pub fn new(fuel: u64, module: &Digest, nonce: &Digest) -> Self {
        let mut out = [0; JOURNAL_BYTES];
        out[..4].copy_from_slice(b"NMPJ");
        out[4..8].copy_from_slice(&VERSION.to_le_bytes());
        out[8..8 + PROFILE.len()].copy_from_slice(PROFILE);
        out[48..56].copy_from_slice(&fuel.to_le_bytes());
        out[56..88].copy_from_slice(module);
        out[216..248].copy_from_slice(nonce);
        Journal(out)
    }

    pub fn input(&mut self, salt: &Digest, arguments: &[u8], input: &[u8], datasets: &Digest) {
        let out = &mut self.0;
        out[88..120].copy_from_slice(&sha256_of(&[ARGUMENTS_LABEL, salt, arguments]));
        out[120..152].copy_from_slice(&sha256_of(&[INPUT_LABEL, salt, input]));
        out[152..184].copy_from_slice(datasets);
    }

    pub fn output(&mut self, outcome: Outcome, salt: &Digest, output: &[u8]) {
        let out = &mut self.0;
        out[40..44].copy_from_slice(&(outcome as u32).to_le_bytes());
        out[184..216].copy_from_slice(&sha256_of(&[OUTPUT_LABEL, salt, output]));
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the claim of the zkVM holds of a run with this journal and no assumptions.
    pub fn claimed(&self) -> [u32; 8] {
        let digest = sha256_of(&[&OUTPUT_TAG, &sha256(&self.0), &[0; 32], &2u16.to_le_bytes()]);
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(digest.as_chunks().0) {
            *word = u32::from_ne_bytes(*bytes);
        }
        words
    }
}
