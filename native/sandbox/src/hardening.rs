//! What this process gives up before it sees a guest's byte: its user, new privileges, and every
//! system call that running compiled code and answering on open streams does not need.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// What could be applied; reported to the node and, through it, to clients.
#[derive(Default)]
pub struct Applied {
    pub user: bool,
    pub seccomp: bool,
}

/// An unprivileged user without a name.
const NOBODY: libc::uid_t = 65_534;

fn drop_user() -> bool {
    // SAFETY: plain system calls without pointers but an empty list.
    unsafe {
        if libc::geteuid() != 0 {
            return false;
        }
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(NOBODY, NOBODY, NOBODY) == 0
            && libc::setresuid(NOBODY, NOBODY, NOBODY) == 0
    }
}

/// No file, socket, process or signal to others: reads and writes on open descriptors, memory,
/// threads' locks, time and exit.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_poll,
    libc::SYS_ppoll,
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
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Any other call fails as not permitted. Killing instead would let libc's own probes (malloc looks
/// at a file in /proc before it trims a heap) end an honest run; the guest gains nothing by it.
const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let arch: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(seccompiler::Error::Backend)?;
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, vec![])).collect();
    // A thread may say which cores it uses itself, and of no other; signals go to own threads, which
    // is how an abort ends: in an image the node has the same user.
    let own = u64::from(std::process::id());
    for (call, value) in [(libc::SYS_sched_setaffinity, 0), (libc::SYS_tgkill, own)] {
        let first = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
        rules.insert(call, vec![SeccompRule::new(vec![first])?]);
    }
    SeccompFilter::new(rules, REFUSED, SeccompAction::Allow, arch)
        .map_err(seccompiler::Error::Backend)?
        .try_into()
        .map_err(seccompiler::Error::Backend)
}

/// Applies all of it to every thread; call when all threads run.
pub fn apply() -> Applied {
    let user = drop_user();
    // SAFETY: plain system calls; no core file, no debugger.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
    let seccomp =
        filter().is_ok_and(|program| seccompiler::apply_filter_all_threads(&program).is_ok());
    Applied { user, seccomp }
}
