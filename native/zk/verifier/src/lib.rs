//! Verifies one composite receipt: kind, image, seal, journal. Nothing is imported, so that Node
//! and browsers run the same bytes; a trap is a refusal.
//!
//! Exports: `nmp_alloc(len) -> pointer` for receipt and image id, `nmp_verify(receipt, len, image)
//! -> status`, then `nmp_journal() -> pointer`, `nmp_journal_len()`, `nmp_segments()`,
//! `nmp_image() -> pointer` to 32 bytes, which hold after any status but `Malformed`. Besides,
//! `nmp_image_id(program, len) -> pointer` to the image id of a guest program, null if it is none;
//! `nmp_translated_image_id(module, len) -> pointer` to that of a translated WebAssembly module, null
//! if the translator does not take it.

use risc0_binfmt::ProgramBinary;
use risc0_zkos_v1compat::V1COMPAT_ELF;
use risc0_zkvm::sha::{Digest, Digestible};
use risc0_zkvm::{
    CompositeReceipt, CompositeReceiptVerifierParameters, ExitCode, InnerReceipt, MaybePruned,
    Receipt, ReceiptClaim, SegmentReceiptVerifierParameters,
};

/// What every translated module runs in; native/zk/runtime.
const RUNTIME: &[u8] = include_bytes!("../../runtime.elf");

/// One segment takes about 250 KB; the cap bounds memory and time of a check.
pub const RECEIPT_BYTES_MAX: usize = 8 * 1024 * 1024;
pub const SEGMENTS_MAX: usize = 16;
pub const JOURNAL_BYTES_MAX: usize = 4096;

/// What a check came to, in the order of the checks. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    Ok = 0,
    Malformed = 1,
    Kind = 2,
    Image = 3,
    Seal = 4,
    Journal = 5,
}

/// What a receipt says of itself, true only after `Status::Ok`.
#[derive(Default)]
pub struct Report {
    pub journal: Vec<u8>,
    pub image: [u8; 32],
    pub segments: u32,
}

/// Also refuses what the seal does not cover: another encoding of the same receipt, segments out of
/// order, parameters of another verifier.
fn well_formed(receipt: &Receipt, composite: &CompositeReceipt, bytes: &[u8]) -> bool {
    let parameters = CompositeReceiptVerifierParameters::default().digest();
    let segment_parameters = SegmentReceiptVerifierParameters::default().digest();
    receipt.metadata.verifier_parameters == parameters
        && composite.verifier_parameters == parameters
        && receipt.journal.bytes.len() <= JOURNAL_BYTES_MAX
        && (1..=SEGMENTS_MAX).contains(&composite.segments.len())
        && composite.segments.iter().zip(0u32..).all(|(segment, at)| {
            segment.index == at && segment.verifier_parameters == segment_parameters
        })
        && borsh::to_vec(receipt).is_ok_and(|encoded| encoded == bytes)
}

pub fn verify(bytes: &[u8], image: Digest, report: &mut Report) -> Status {
    if bytes.len() > RECEIPT_BYTES_MAX {
        return Status::Malformed;
    }
    let Ok(receipt) = borsh::from_slice::<Receipt>(bytes) else {
        return Status::Malformed;
    };
    // Fake, succinct and Groth16 receipts, and those that rest on others, are not offered.
    let InnerReceipt::Composite(composite) = &receipt.inner else {
        return Status::Kind;
    };
    if !composite.assumption_receipts.is_empty() {
        return Status::Kind;
    }
    if !well_formed(&receipt, composite, bytes) {
        return Status::Malformed;
    }
    let (Some(first), Ok(claim)) = (composite.segments.first(), composite.claim()) else {
        return Status::Malformed;
    };
    report.journal = receipt.journal.bytes.clone();
    report.image = first.claim.pre.digest().into();
    report.segments = composite.segments.len() as u32;
    if first.claim.pre.digest() != image {
        return Status::Image;
    }
    // The library's own verdict; what follows only finds a name for a refusal.
    if receipt.verify(image).is_ok() {
        return Status::Ok;
    }
    let claimed = claim.exit_code == ExitCode::Halted(0)
        && receipt
            .inner
            .verify_integrity_with_context(&Default::default())
            .is_ok();
    let expected = ReceiptClaim::ok(image, MaybePruned::Pruned(receipt.journal.digest()));
    if claimed && claim.digest() != expected.digest() {
        return Status::Journal;
    }
    Status::Seal
}

/// Image id of a module as the prover translates it: translator and runtime are deterministic, and the
/// same on both sides. `None` if the translator does not take it.
pub fn translated_image_id(module: &[u8]) -> Option<[u8; 32]> {
    let elf = nmp_zk_translator::translate(module, RUNTIME).ok()?;
    let id = ProgramBinary::new(&elf, V1COMPAT_ELF).compute_image_id().ok()?;
    Some(id.into())
}

#[cfg(target_family = "wasm")]
mod exports {
    use super::{translated_image_id, verify, Digest, Report, RECEIPT_BYTES_MAX};
    use std::cell::RefCell;

    thread_local! {
        static REPORT: RefCell<Report> = RefCell::default();
    }

    /// Memory that is never given back: an instance serves one receipt.
    #[no_mangle]
    pub extern "C" fn nmp_alloc(len: u32) -> *mut u8 {
        if len as usize > RECEIPT_BYTES_MAX {
            return core::ptr::null_mut();
        }
        Box::leak(vec![0u8; len as usize].into_boxed_slice()).as_mut_ptr()
    }

    /// # Safety
    /// `receipt` points to `len` bytes and `image` to 32, both from `nmp_alloc`.
    #[no_mangle]
    pub unsafe extern "C" fn nmp_verify(receipt: *const u8, len: u32, image: *const u8) -> u32 {
        let receipt = core::slice::from_raw_parts(receipt, len as usize);
        let mut id = [0u8; 32];
        id.copy_from_slice(core::slice::from_raw_parts(image, 32));
        REPORT.with_borrow_mut(|report| verify(receipt, Digest::from(id), report) as u32)
    }

    #[no_mangle]
    pub extern "C" fn nmp_journal() -> *const u8 {
        REPORT.with_borrow(|report| report.journal.as_ptr())
    }

    #[no_mangle]
    pub extern "C" fn nmp_journal_len() -> u32 {
        REPORT.with_borrow(|report| report.journal.len() as u32)
    }

    #[no_mangle]
    pub extern "C" fn nmp_image() -> *const u8 {
        REPORT.with_borrow(|report| report.image.as_ptr())
    }

    /// # Safety
    /// `program` points to `len` bytes from `nmp_alloc`.
    #[no_mangle]
    pub unsafe extern "C" fn nmp_image_id(program: *const u8, len: u32) -> *const u8 {
        let program = core::slice::from_raw_parts(program, len as usize);
        let Ok(id) = risc0_binfmt::compute_image_id(program) else {
            return core::ptr::null();
        };
        Box::leak(Box::new(<[u8; 32]>::from(id))).as_ptr()
    }

    /// # Safety
    /// `module` points to `len` bytes from `nmp_alloc`.
    #[no_mangle]
    pub unsafe extern "C" fn nmp_translated_image_id(module: *const u8, len: u32) -> *const u8 {
        let module = core::slice::from_raw_parts(module, len as usize);
        match translated_image_id(module) {
            Some(id) => Box::leak(Box::new(id)).as_ptr(),
            None => core::ptr::null(),
        }
    }

    #[no_mangle]
    pub extern "C" fn nmp_segments() -> u32 {
        REPORT.with_borrow(|report| report.segments)
    }
}
