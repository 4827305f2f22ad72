//! State of one run: its limits, its standard streams and why it was stopped.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use wasmtime::ResourceLimiter;

use crate::files::{Files, Reads};
use crate::slots::Slots;

/// Elements of all tables together.
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Nanoseconds that the counter in place of a clock moves a reading.
pub const TICK_NS: u64 = 1_000_000;

pub struct Host {
    memory_bytes_max: usize,
    memory_bytes: usize,
    memory_denied: bool,
    table_elements: usize,
    pub deadline: Instant,
    pub cancelled: Arc<AtomicBool>,
    pub input: Vec<u8>,
    pub input_at: usize,
    pub output: Vec<u8>,
    pub output_max: usize,
    /// The guest wrote more than it may.
    pub overflowed: bool,
    /// The directory of a guest that was granted one.
    pub files: Files,
    pub reads: Reads,
    /// What pollables wait for.
    pub due: Slots<u64>,
    /// What is left of files that are read as streams.
    pub streams: Slots<Range<usize>>,
    /// How far directories were listed.
    pub listings: Slots<usize>,
    /// Deterministic stand-ins for what was granted: a counter in place of a clock, a fixed stream
    /// in place of randomness.
    now_ns: u64,
    random_state: u64,
}

impl Host {
    pub fn new(
        memory_bytes_max: usize,
        output_max: usize,
        input: Vec<u8>,
        deadline: Instant,
        cancelled: Arc<AtomicBool>,
    ) -> Self {
        Host {
            memory_bytes_max,
            memory_bytes: 0,
            memory_denied: false,
            table_elements: 0,
            deadline,
            cancelled,
            input,
            input_at: 0,
            output: Vec::new(),
            output_max,
            overflowed: false,
            files: Files::default(),
            reads: Reads::default(),
            due: Slots::default(),
            streams: Slots::default(),
            listings: Slots::default(),
            now_ns: 0,
            random_state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// A reading of the counter in place of a clock; each is later than the one before.
    pub fn read_clock(&mut self) -> u64 {
        self.now_ns = self.now_ns.saturating_add(TICK_NS);
        self.now_ns
    }

    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// What waiting does: the counter moves there at once, and never back.
    pub fn wait_until(&mut self, then_ns: u64) {
        self.now_ns = self.now_ns.max(then_ns);
    }

    /// SplitMix64: a fixed stream, so that a run is repeatable; no guest is given real randomness.
    pub fn fill_random(&mut self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            self.random_state = self.random_state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.random_state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }

    /// Appends to the output; an error, which ends the run, beyond its limit.
    pub fn write(&mut self, bytes: &[u8]) -> wasmtime::Result<()> {
        if self.output.len() + bytes.len() > self.output_max {
            self.overflowed = true;
            return Err(wasmtime::Error::msg("output beyond its limit"));
        }
        self.output.extend_from_slice(bytes);
        Ok(())
    }

    pub fn peak_memory(&self) -> u64 {
        self.memory_bytes as u64
    }

    pub fn memory_denied(&self) -> bool {
        self.memory_denied
    }

    pub fn stopped(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

impl ResourceLimiter for Host {
    // Memories never shrink, so the sum is also the peak.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory_bytes - current.min(self.memory_bytes) + desired;
        if total > self.memory_bytes_max {
            self.memory_denied = true;
            return Ok(false);
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.table_elements - current.min(self.table_elements) + desired;
        if total > TABLE_ELEMENTS_MAX {
            self.memory_denied = true;
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_capped_exactly_and_summed() {
        let mut host = Host::new(100, 0, vec![], Instant::now(), Arc::default());
        assert!(host.memory_growing(0, 60, None).unwrap());
        assert!(host.memory_growing(0, 40, None).unwrap());
        assert!(!host.memory_growing(40, 41, None).unwrap());
        assert!(host.memory_denied());
        assert_eq!(host.peak_memory(), 100);
    }
}
