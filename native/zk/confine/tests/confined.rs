//! What a confined process still can do, and what it no longer can: in one process, since there is no
//! way back.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    net::UdpSocket,
    os::unix::net::{UnixListener, UnixStream},
    process::Command,
    thread,
};

use nmp_zk_confine::confine;

fn errno_of(result: libc::c_long) -> Option<i32> {
    (result < 0).then(|| std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

#[test]
fn proves_in_memory_and_reaches_nothing_else() {
    let folder = std::env::temp_dir().join(format!("nmp-confine-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("nsm.sock");
    let listener = UnixListener::bind(&socket).expect("a socket as the node's");
    UnixStream::connect(&socket).expect("reached before");
    let mut open = File::open("/proc/self/status").expect("opened before");
    let own = std::process::id() as i32;
    // SAFETY: a system call without pointers.
    let parent = unsafe { libc::getppid() };
    // Nobody could afterwards; a call that is refused does not look for the file.
    fs::remove_dir_all(&folder).expect("removed");

    confine().expect("confined");

    // What is open stays open, and says that the filter is there.
    let mut status = String::new();
    open.read_to_string(&mut status).expect("read");
    assert!(status.contains("Seccomp:\t2"), "{status}");
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");

    let refused = |what: &str, kind: Option<ErrorKind>| {
        assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
    };
    let kind = |error: std::io::Error| error.kind();
    refused(
        "a unix socket",
        UnixStream::connect(&socket).err().map(kind),
    );
    refused("a datagram", UdpSocket::bind("127.0.0.1:0").err().map(kind));
    refused("accepting", listener.accept().err().map(kind));
    refused(
        "reading a file",
        File::open("/proc/self/maps").err().map(kind),
    );
    refused(
        "writing one",
        fs::write(folder.join("x"), "x").err().map(kind),
    );
    refused(
        "another program",
        Command::new("/bin/true").spawn().err().map(kind),
    );

    let refused = |what: &str, result: libc::c_long| {
        assert_eq!(errno_of(result), Some(libc::EPERM), "{what}");
    };
    // SAFETY: system calls whose pointers are none or to what outlives them; each is refused.
    unsafe {
        refused(
            "vsock",
            libc::syscall(libc::SYS_socket, libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        );
        refused(
            "a fork",
            libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0),
        );
        refused("a signal", libc::syscall(libc::SYS_kill, parent, 0));
        refused(
            "a signal to a thread",
            libc::syscall(libc::SYS_tgkill, parent, parent, 0),
        );
        refused(
            "a debugger",
            libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, parent, 0, 0),
        );
        let nothing = std::ptr::null::<libc::iovec>();
        refused(
            "another's memory",
            libc::syscall(
                libc::SYS_process_vm_readv,
                parent,
                nothing,
                0,
                nothing,
                0,
                0,
            ),
        );
        let limit = std::ptr::null::<libc::rlimit64>();
        refused(
            "another's limits",
            libc::syscall(
                libc::SYS_prlimit64,
                parent,
                libc::RLIMIT_NOFILE,
                limit,
                limit,
            ),
        );
        let clone3 = libc::syscall(libc::SYS_clone3, 0, 0);
        assert_eq!(
            errno_of(clone3),
            Some(libc::ENOSYS),
            "the newer way to a process"
        );
        assert_eq!(
            libc::syscall(libc::SYS_tgkill, own, own, 0),
            0,
            "its own thread"
        );
    }

    let grown: usize = thread::spawn(|| vec![1_u8; 64 << 20].iter().map(|one| *one as usize).sum())
        .join()
        .expect("a thread, and memory");
    assert_eq!(grown, 64 << 20);
    let (left, right) = rayon::join(|| 1, || 2);
    assert_eq!(left + right, 3);
    let mut random = [0_u8; 32];
    // SAFETY: the buffer is as long as is said.
    let got = unsafe { libc::syscall(libc::SYS_getrandom, random.as_mut_ptr(), random.len(), 0) };
    assert_eq!(got, 32);
}
