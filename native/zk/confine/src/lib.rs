//! What the prover gives up before it reads a request: files, sockets, other processes, and every
//! system call that proving in memory and answering on open streams does not need. Beside a node it
//! has the node's own user, so that the way to the node's sockets is closed here or nowhere.

use std::{collections::BTreeMap, error::Error, fs, thread};

use seccompiler::{
    apply_filter_all_threads, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

pub type Failure = Box<dyn Error>;

/// Reads and writes on open descriptors, memory, locks, time, randomness and exit.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_membarrier,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// As in the sandbox: libc's own probes of files must not end an honest proof.
const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

fn compiled(
    rules: BTreeMap<libc::c_long, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, Failure> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(rules, otherwise, matched, arch)?.try_into()?)
}

fn filters() -> Result<[BpfProgram; 2], Failure> {
    let when = |argument, operator, value| -> Result<Vec<SeccompRule>, Failure> {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
        Ok(vec![SeccompRule::new(vec![condition])?])
    };
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, vec![])).collect();
    // New threads, but no new process; signals to its own threads, which is how it aborts.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(
        libc::SYS_clone,
        when(0, SeccompCmpOp::MaskedEq(thread), thread)?,
    );
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, when(0, SeccompCmpOp::Eq, own)?);
    // A filter cannot see the flags of the newer call: libc takes the older one if there is no such.
    rules.insert(libc::SYS_clone3, vec![]);
    let absent = BTreeMap::from([(libc::SYS_clone3, vec![])]);
    let no_such = SeccompAction::Errno(libc::ENOSYS as u32);
    Ok([
        compiled(absent, SeccompAction::Allow, no_such)?,
        compiled(rules, REFUSED, SeccompAction::Allow)?,
    ])
}

/// Applies all of it to every thread. The threads that prove are started first, as many as the
/// machine lets this process use, which only files tell.
///
/// # Errors
/// What could not be given up: then nothing is proven.
pub fn confine() -> Result<(), Failure> {
    // Short of memory, the kernel ends this process and not the node. Where it cannot be said,
    // the node's own limits stand.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let threads = thread::available_parallelism()?.get();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    // SAFETY: plain system calls without pointers; no core file, no debugger, no new privileges.
    let kept = unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    };
    if !kept {
        return Err("privileges cannot be given up".into());
    }
    for filter in filters()? {
        apply_filter_all_threads(&filter)?;
    }
    Ok(())
}
