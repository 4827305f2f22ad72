//! What a sandbox can no longer do once it is hardened: in one process, since there is no way back.

#[path = "../src/hardening.rs"]
mod hardening;

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

#[test]
fn signals_its_own_threads_and_reaches_nothing_else() {
    // SAFETY: a system call without pointers.
    let parent = unsafe { libc::getppid() };
    let own = std::process::id().cast_signed();
    // SAFETY: the same.
    let root = unsafe { libc::geteuid() } == 0;

    let applied = hardening::apply();
    assert!(applied.seccomp);
    assert_eq!(applied.user, root);

    let refused = |what: &str, error: Option<Error>| {
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
    };
    refused("a file", File::open("/proc/self/status").err());
    refused("a socket", UnixStream::connect("/absent").err());
    refused("a datagram", UdpSocket::bind("127.0.0.1:0").err());
    refused("a program", Command::new("/bin/true").spawn().err());
    let signal = |process: libc::pid_t| {
        // SAFETY: a system call without pointers; signal 0 only asks.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, process, 0) };
        (sent < 0).then(Error::last_os_error)
    };
    refused("a signal to the node", signal(parent));
    assert!(signal(own).is_none());
    let cores = std::ptr::null::<libc::cpu_set_t>();
    // SAFETY: a system call that is refused before it looks at its pointer.
    let moved = unsafe { libc::syscall(libc::SYS_sched_setaffinity, parent, 0, cores) };
    refused("another's cores", (moved < 0).then(Error::last_os_error));
    assert!(thread::available_parallelism().is_ok());
}
