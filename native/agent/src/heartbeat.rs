//! Tells the parent that the enclave has booted: one byte to port 9000, echoed.
//!
//! A Nitro enclave's parent is CID 3. Emulators answer at CID 2 only and drop what goes elsewhere,
//! so that the first try must not wait long.

use crate::socket::{CID_HOST, CID_PARENT, PORT_HEARTBEAT};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, VsockAddr, connect, socket};
use std::io::{Read, Write};
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const BEAT: u8 = 0xb7;
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// linux/vm_sockets.h; takes a `struct timeval`.
const SO_VM_SOCKETS_CONNECT_TIMEOUT: libc::c_int = 6;
/// A parent on a busy machine may miss the first tries.
const ROUNDS: usize = 5;
const ECHO_TIMEOUT: Duration = Duration::from_secs(2);

/// Connects and blocks for at most `CONNECT_TIMEOUT`.
///
/// # Errors
/// What the kernel says.
pub fn connect_within(cid: u32, port: u32) -> Result<OwnedFd, Errno> {
    let fd = socket(
        AddressFamily::Vsock,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let timeout = libc::timeval {
        tv_sec: 0,
        tv_usec: i64::from(CONNECT_TIMEOUT.subsec_micros()),
    };
    let size = mem::size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: the option takes a timeval, which lives until the call returns.
    let set = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::AF_VSOCK,
            SO_VM_SOCKETS_CONNECT_TIMEOUT,
            (&raw const timeout).cast(),
            size,
        )
    };
    Errno::result(set)?;
    connect(fd.as_raw_fd(), &VsockAddr::new(cid, port))?;
    Ok(fd)
}

fn beat(cid: u32) -> Option<()> {
    let fd = connect_within(cid, PORT_HEARTBEAT).ok()?;
    // Reads and writes of a stream are the same on every family of socket.
    let mut stream = UnixStream::from(fd);
    stream.set_read_timeout(Some(ECHO_TIMEOUT)).ok()?;
    stream.write_all(&[BEAT]).ok()?;
    let mut echo = [0u8; 1];
    stream.read_exact(&mut echo).ok()?;
    (echo[0] == BEAT).then_some(())
}

/// The parent's CID, if it answered.
pub fn find_parent() -> Option<u32> {
    [CID_PARENT, CID_HOST]
        .repeat(ROUNDS)
        .into_iter()
        .find(|cid| beat(*cid).is_some())
}
