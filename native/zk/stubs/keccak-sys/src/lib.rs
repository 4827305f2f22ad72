//! The interface of the keccak circuit's kernels, without the kernels: a guest that asks for the
//! keccak accelerator ends the prover. Composite receipts of the project's guest never do.

use std::ffi::c_char;

use risc0_core::field::baby_bear::{BabyBearElem, BabyBearExtElem};

#[derive(Debug)]
#[repr(C)]
pub struct ScatterInfo {
    pub offset: u32,
    pub row: u32,
    pub col: u16,
    pub count: u16,
    pub bits: u32,
}

#[repr(C)]
pub struct RawPreflightTrace {
    pub preimages: *const [u64; 25],
    pub preimages_count: u32,
    pub preimage_idxs: *const u32,
    pub run_order: *const u32,
}

#[repr(C)]
pub struct RawBuffer {
    pub buf: *const BabyBearElem,
    pub rows: usize,
    pub cols: usize,
    pub checked_reads: bool,
}

#[repr(C)]
pub struct RawExecBuffers {
    pub global: RawBuffer,
    pub data: RawBuffer,
}

/// # Safety
/// Touches no argument: it always panics.
pub unsafe fn risc0_circuit_keccak_cpu_witgen(
    _mode: u32,
    _buffers: *const RawExecBuffers,
    _preflight: *const RawPreflightTrace,
    _cycles: u32,
) -> *const c_char {
    panic!("built without the keccak circuit")
}

/// # Safety
/// Touches no argument: it always panics.
pub unsafe fn risc0_circuit_keccak_cpu_poly_fp(
    _cycle: usize,
    _steps: usize,
    _poly_mixs: *const BabyBearExtElem,
    _args: *const *const BabyBearElem,
    _result: *mut BabyBearExtElem,
) -> *const c_char {
    panic!("built without the keccak circuit")
}
