//! Starts the node without any privilege and waits for its end.

use crate::report::Reason;
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// The node's program and its arguments, one a line; measured like everything in the image.
const COMMAND_FILE: &str = "/app/command";
const COMMAND_BYTES_MAX: u64 = 4096;
/// The node's user, without a name or any file but its sockets.
pub const NODE: (Uid, Gid) = (Uid::from_raw(1000), Gid::from_raw(1000));
const OPEN_FILES_MAX: u64 = 65_536;
/// Highest capability that Linux may know (linux/capability.h); unknown ones are refused.
const CAPABILITIES: std::ops::Range<libc::c_ulong> = 0..64;

fn command() -> Option<Vec<String>> {
    if fs::metadata(COMMAND_FILE).ok()?.len() > COMMAND_BYTES_MAX {
        return None;
    }
    let words: Vec<String> = fs::read_to_string(COMMAND_FILE)
        .ok()?
        .lines()
        .map(String::from)
        .collect();
    (!words.is_empty()).then_some(words)
}

/// Runs in the child between fork and exec: only plain system calls.
fn give_up_privileges() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES_MAX, OPEN_FILES_MAX)?;
    for capability in CAPABILITIES {
        // SAFETY: a system call without pointers.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    setgroups(&[])?;
    setresgid(NODE.1, NODE.1, NODE.1)?;
    setresuid(NODE.0, NODE.0, NODE.0)?;
    // SAFETY: a system call without pointers.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    Ok(())
}

/// Starts the node and returns why the enclave must end.
///
/// There is no second try: the node has extended and locked a PCR with what it is, and only a boot
/// gives it a clean one.
pub fn run_node() -> Reason {
    let Some(words) = command() else {
        return Reason::Start;
    };
    let mut node = Command::new(&words[0]);
    node.args(&words[1..])
        .env_clear()
        // There is no user database; libraries that look for settings at home find nothing there.
        .env("HOME", "/")
        // PROCESS_ENVIRONMENT of shared/runtime.ts says why.
        .env("MALLOC_ARENA_MAX", "1")
        .current_dir("/")
        .stdin(Stdio::null());
    // SAFETY: the closure makes only system calls that are safe after fork.
    unsafe { node.pre_exec(give_up_privileges) };
    let Ok(child) = node.spawn() else {
        return Reason::Start;
    };
    let Ok(child) = i32::try_from(child.id()) else {
        return Reason::Start;
    };
    wait_for(Pid::from_raw(child))
}

/// As the first process we are every orphan's parent: all are waited for, one decides.
fn wait_for(node: Pid) -> Reason {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == node => return Reason::Ended(code),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == node => {
                return Reason::Ended(-(signal as i32));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return Reason::Ended(i32::MIN),
        }
    }
}
