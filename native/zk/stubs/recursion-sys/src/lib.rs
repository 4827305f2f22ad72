//! The interface of the recursion circuit's kernels, without the kernels: asking for a succinct
//! receipt ends the prover. Their programs cannot be had soundly from the package registry.

use std::ffi::c_char;

use risc0_core::field::baby_bear::{BabyBearElem, BabyBearExtElem};

#[repr(C)]
pub struct RawExecBuffers {
    pub ctrl: *const BabyBearElem,
    pub data: *const BabyBearElem,
    pub global: *const BabyBearElem,
}

#[repr(C)]
pub struct RawAccumBuffers {
    pub ctrl: *const BabyBearElem,
    pub global: *const BabyBearElem,
    pub data: *const BabyBearElem,
    pub mix: *const BabyBearElem,
    pub accum: *const BabyBearElem,
}

#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct RawPreflightCycle {
    pub iop_idx: u32,
    pub is_par_safe: u32,
}

#[repr(C)]
pub struct RawPreflightTrace {
    pub wom: *const BabyBearExtElem,
    pub cycles: *const RawPreflightCycle,
    pub iops: *const BabyBearExtElem,
    pub num_woms: u32,
    pub num_cycles: u32,
    pub num_iops: u32,
}

#[derive(Clone, Copy, PartialEq)]
#[repr(u32)]
pub enum StepMode {
    Parallel,
    SeqForward,
    SeqReverse,
}

/// # Safety
/// Touches no argument: it always panics.
pub unsafe fn risc0_circuit_recursion_cpu_witgen(
    _mode: StepMode,
    _buffers: *const RawExecBuffers,
    _preflight: *const RawPreflightTrace,
    _total_cycles: u32,
) -> *const c_char {
    panic!("built without the recursion circuit")
}

/// # Safety
/// Touches no argument: it always panics.
pub unsafe fn risc0_circuit_recursion_cpu_accum(
    _buffers: *const RawAccumBuffers,
    _work_cycles: u32,
    _total_cycles: u32,
) -> *const c_char {
    panic!("built without the recursion circuit")
}

/// # Safety
/// Touches no argument: it always panics.
pub unsafe fn risc0_circuit_recursion_cpu_eval_check(
    _buffers: *const RawAccumBuffers,
    _poly_mix: *const BabyBearExtElem,
    _check: *const BabyBearElem,
    _rou: BabyBearElem,
    _po2: u32,
    _steps: u32,
) -> *const c_char {
    panic!("built without the recursion circuit")
}
