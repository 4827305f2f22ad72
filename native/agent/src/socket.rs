//! Unix and vsock sockets, all of them non-blocking and closed on exec.

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, VsockAddr,
    bind, connect, listen, setsockopt, socket, sockopt,
};
use std::fs;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

/// Any context identifier, to listen on: linux/vm_sockets.h.
pub const CID_ANY: u32 = libc::VMADDR_CID_ANY;
/// The parent as a Nitro enclave sees it.
pub const CID_PARENT: u32 = 3;
/// The host as any other virtual machine sees it; emulators of Nitro answer here.
pub const CID_HOST: u32 = 2;

/// Ports, the same on both sides (docs/image.md).
pub const PORT_MESH: u32 = 5005;
pub const PORT_DIAL: u32 = 5006;
pub const PORT_CONTROL: u32 = 5007;
pub const PORT_DATAGRAMS: u32 = 5008;
pub const PORT_HEARTBEAT: u32 = 9000;

const BACKLOG: i32 = 511;

/// Where a stream comes from or goes to.
#[derive(Clone, Debug)]
pub enum Address {
    Unix(PathBuf),
    Vsock {
        cid: u32,
        port: u32,
    },
    /// Of the outside; only to listen on.
    Tcp(SocketAddr),
    /// A port of a guest whose vsock a program serves on a unix socket: one line asks for the
    /// port, one line answers (Firecracker's and vhost-device-vsock's convention).
    Hybrid {
        socket: PathBuf,
        port: u32,
    },
}

fn open(family: AddressFamily) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(family, SockType::Stream, flags, None)
}

/// Listens; a unix socket that an earlier process left behind is replaced.
///
/// # Errors
/// What the kernel says; `EINVAL` for a hybrid address, on which nothing can listen.
pub fn listen_on(address: &Address) -> Result<OwnedFd, Errno> {
    let fd = match address {
        Address::Unix(path) => {
            // A missing file is the usual case; any other trouble shows in bind.
            let _ = fs::remove_file(path);
            let fd = open(AddressFamily::Unix)?;
            bind(fd.as_raw_fd(), &UnixAddr::new(path.as_path())?)?;
            fd
        }
        Address::Vsock { cid, port } => {
            let fd = open(AddressFamily::Vsock)?;
            bind(fd.as_raw_fd(), &VsockAddr::new(*cid, *port))?;
            fd
        }
        Address::Tcp(address) => {
            let family = if address.is_ipv4() {
                AddressFamily::Inet
            } else {
                AddressFamily::Inet6
            };
            let fd = open(family)?;
            setsockopt(&fd, sockopt::ReuseAddr, &true)?;
            bind(fd.as_raw_fd(), &SockaddrStorage::from(*address))?;
            fd
        }
        Address::Hybrid { .. } => return Err(Errno::EINVAL),
    };
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(fd)
}

fn begin(fd: RawFd, address: &dyn SockaddrLike) -> Result<(), Errno> {
    match connect(fd, address) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(()),
        Err(error) => Err(error),
    }
}

fn connect_unix(path: &Path) -> Result<OwnedFd, Errno> {
    let fd = open(AddressFamily::Unix)?;
    begin(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(fd)
}

/// Begins to connect; the socket is writable when that has ended, one way or the other.
///
/// # Errors
/// What the kernel says at once.
pub fn connect_to(address: &Address) -> Result<OwnedFd, Errno> {
    match address {
        Address::Unix(path) => connect_unix(path),
        Address::Tcp(_) => Err(Errno::EINVAL),
        Address::Hybrid { socket, .. } => connect_unix(socket),
        Address::Vsock { cid, port } => {
            let fd = open(AddressFamily::Vsock)?;
            begin(fd.as_raw_fd(), &VsockAddr::new(*cid, *port))?;
            Ok(fd)
        }
    }
}
