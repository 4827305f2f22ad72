//! The circuit's constraints, by the C++ of `cxx/` and the generated code that the build script reads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Address, Level};

type Kernel = unsafe extern "C" fn(
    accum: *const u32,
    data: *const u32,
    globals: *const u32,
    challenges: *const u32,
    powers: *const u32,
    inverses: *const u32,
    window: *mut u32,
    check: *mut u32,
    domain: usize,
    begin: usize,
);

extern "C" {
    fn nmp_zk_constraints_avx512(
        accum: *const u32,
        data: *const u32,
        globals: *const u32,
        challenges: *const u32,
        powers: *const u32,
        inverses: *const u32,
        window: *mut u32,
        check: *mut u32,
        domain: usize,
        begin: usize,
    );
    fn nmp_zk_constraints_avx2(
        accum: *const u32,
        data: *const u32,
        globals: *const u32,
        challenges: *const u32,
        powers: *const u32,
        inverses: *const u32,
        window: *mut u32,
        check: *mut u32,
        domain: usize,
        begin: usize,
    );
}

const ACCUM: usize = 103;
const DATA: usize = 211;
const GLOBALS: usize = 90;
const CHALLENGES: usize = 36;
const MIX_POWERS: usize = 458;
/// Rows of one call, and rows that it copies to a thread's window; see constraints.cpp.
const PIECE: usize = 256;
const WINDOW: usize = 272 + PIECE;
/// The generated code keeps its vectors on the stack: some megabytes of it.
const STACK_BYTES: usize = 64 << 20;

/// What all rows share. Words are elements in Montgomery form.
pub struct Constraints<'a> {
    /// 103 columns of `domain` rows.
    pub accum: &'a [u32],
    /// 211 columns of `domain` rows.
    pub data: &'a [u32],
    pub globals: &'a [u32],
    pub challenges: &'a [u32],
    /// 458 powers of the mixing challenge, four words each.
    pub powers: &'a [u32],
    /// What a row's sum is multiplied by: the divisor's inverse, which only row modulo 4 changes.
    pub inverses: [u32; 4],
    /// A power of two, 1,024 at least.
    pub domain: usize,
}

impl Constraints<'_> {
    /// Writes `check`, four columns. False if this processor has no vectors.
    pub fn evaluate(&self, threads: usize, check: &mut [u32]) -> bool {
        let domain = self.domain;
        let kernel: Kernel = match crate::level() {
            Level::Avx512 => nmp_zk_constraints_avx512,
            Level::Avx2 => nmp_zk_constraints_avx2,
            Level::Scalar => return false,
        };
        assert!(domain.is_power_of_two() && domain >= 1024);
        assert_eq!(self.accum.len(), ACCUM * domain);
        assert_eq!(self.data.len(), DATA * domain);
        assert_eq!(self.globals.len(), GLOBALS);
        assert_eq!(self.challenges.len(), CHALLENGES);
        assert_eq!(self.powers.len(), 4 * MIX_POWERS);
        assert_eq!(check.len(), 4 * domain);
        let next = AtomicUsize::new(0);
        let check = Address(check.as_mut_ptr());
        let work = || {
            let mut window = vec![0; (ACCUM + DATA) * WINDOW];
            loop {
                let begin = next.fetch_add(PIECE, Ordering::Relaxed);
                if begin >= domain {
                    return;
                }
                // SAFETY: the lengths were checked above and the level's instructions are there;
                // each piece of `check` is written by the thread that took it.
                unsafe {
                    kernel(
                        self.accum.as_ptr(),
                        self.data.as_ptr(),
                        self.globals.as_ptr(),
                        self.challenges.as_ptr(),
                        self.powers.as_ptr(),
                        self.inverses.as_ptr(),
                        window.as_mut_ptr(),
                        check.at(0).cast_mut(),
                        domain,
                        begin,
                    );
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                std::thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, work)
                    .expect("a thread for the constraints");
            }
        });
        true
    }
}
