//! State of one run: its limits, its standard streams and why it was stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use wasmtime::ResourceLimiter;

/// Elements of all tables together.
const TABLE_ELEMENTS_MAX: usize = 100_000;

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
    /// The command wrote more than it may.
    pub overflowed: bool,
    /// Deterministic stand-ins for what was granted: a counter in place of a clock, a fixed stream
    /// in place of randomness.
    pub ticks: u64,
    pub random_state: u64,
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
            ticks: 0,
            random_state: 0x9e37_79b9_7f4a_7c15,
        }
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
