//! SHA-256 through the zkVM's accelerator.

use alloc::vec::Vec;
use risc0_zkvm::sha::{Impl, Sha256};

pub type Digest = [u8; 32];

pub fn sha256(bytes: &[u8]) -> Digest {
    (*Impl::hash_bytes(bytes)).into()
}

/// SHA-256 of the parts one after another.
pub fn sha256_of(parts: &[&[u8]]) -> Digest {
    let mut message = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        message.extend_from_slice(part);
    }
    sha256(&message)
}
