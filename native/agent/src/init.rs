//! The enclave's side: from power-on to the node, and from the node's end to power-off.

use crate::bridge::{Bridge, Route};
use crate::heartbeat;
use crate::mounts::{self, RUN};
use crate::nsm::{self, NsmDevice};
use crate::report::{self, Reason};
use crate::socket::{
    Address, CID_ANY, CID_PARENT, PORT_CONTROL, PORT_DATAGRAMS, PORT_DIAL, PORT_MESH,
};
use crate::supervise::{NODE, run_node};
use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot};
use nix::unistd::chown;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

/// Random bytes of the device that go into the kernel's pool before anything else runs.
const ENTROPY_BYTES: usize = 512;

nix::ioctl_write_ptr_bad!(add_entropy, 0x4008_5203, PoolInfo);

/// `struct rand_pool_info` of linux/random.h, with room for one answer of the device.
#[repr(C)]
struct PoolInfo {
    /// Bits that are credited.
    entropy_count: libc::c_int,
    /// Bytes that follow.
    buf_size: libc::c_int,
    buf: [u8; 256],
}

fn seed_kernel(device: &mut NsmDevice) -> Option<()> {
    let pool = OpenOptions::new().write(true).open("/dev/random").ok()?;
    let mut seeded = 0;
    while seeded < ENTROPY_BYTES {
        let random = device.random()?;
        let length = random.len().min(256);
        let mut info = PoolInfo {
            entropy_count: libc::c_int::try_from(8 * length).ok()?,
            buf_size: libc::c_int::try_from(length).ok()?,
            buf: [0; 256],
        };
        info.buf[..length].copy_from_slice(&random[..length]);
        // SAFETY: the kernel reads the structure, whose buffer holds `buf_size` bytes.
        unsafe { add_entropy(pool.as_raw_fd(), &raw const info) }.ok()?;
        seeded += length;
    }
    Some(())
}

/// The kernel's clock starts at whatever the host says, or at 1970; validity of TLS certificates and
/// dates of signed requests are judged by it.
fn set_clock(device: &mut NsmDevice) -> Option<()> {
    let ms = device.time_ms()?;
    let time = libc::timespec {
        tv_sec: libc::time_t::try_from(ms / 1_000).ok()?,
        tv_nsec: libc::c_long::try_from(ms % 1_000 * 1_000_000).ok()?,
    };
    // SAFETY: the kernel reads the structure, which lives until the call returns.
    Errno::result(unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &raw const time) })
        .map(drop)
        .ok()
}

/// Node expects its own loopback; there is no other network.
fn loopback_up() -> Result<(), Errno> {
    let fd = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Inet,
        nix::sys::socket::SockType::Datagram,
        nix::sys::socket::SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: all zeros is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo\0") {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    set_flags(fd.as_raw_fd(), &request)
}

fn set_flags(fd: RawFd, request: &libc::ifreq) -> Result<(), Errno> {
    // SAFETY: the kernel reads the request, which lives until the call returns.
    Errno::result(unsafe { libc::ioctl(fd, libc::SIOCSIFFLAGS, request) }).map(drop)
}

fn for_node(path: &Path) -> Result<(), Errno> {
    chown(path, Some(NODE.0), Some(NODE.1))
}

fn start_nsm(device: NsmDevice) -> Option<()> {
    let path = PathBuf::from(RUN).join("nsm.sock");
    let listener = UnixListener::bind(&path).ok()?;
    for_node(&path).ok()?;
    thread::Builder::new()
        .spawn(move || nsm::serve(&listener, device))
        .ok()?;
    Some(())
}

fn start_bridge(parent: u32) -> Option<()> {
    let unix = |name: &str| PathBuf::from(RUN).join(name);
    let out = |name: &str, port| Route {
        listen: Address::Unix(unix(name)),
        to: Address::Vsock { cid: parent, port },
    };
    let into = |port, name: &str| Route {
        listen: Address::Vsock { cid: CID_ANY, port },
        to: Address::Unix(unix(name)),
    };
    let bridge = Bridge::new(vec![
        into(PORT_MESH, "mesh.sock"),
        // Nobody is behind it unless the node answers over QUIC.
        into(PORT_DATAGRAMS, "quic.sock"),
        out("dial.sock", PORT_DIAL),
        out("control.sock", PORT_CONTROL),
    ])
    .ok()?;
    for name in ["dial.sock", "control.sock"] {
        for_node(&unix(name)).ok()?;
    }
    thread::Builder::new().spawn(move || bridge.run()).ok()?;
    Some(())
}

fn boot(first_process: bool) -> (Reason, Option<u32>) {
    if mounts::set_up(first_process, NODE).is_err() || loopback_up().is_err() {
        return (Reason::Mount, None);
    }
    let Some(mut device) = NsmDevice::open() else {
        return (Reason::Entropy, None);
    };
    if seed_kernel(&mut device).is_none() {
        return (Reason::Entropy, None);
    }
    if set_clock(&mut device).is_none() {
        return (Reason::Clock, None);
    }
    // Another first process has sent the heartbeat, and its listener is gone.
    let parent = if first_process {
        heartbeat::find_parent()
    } else {
        Some(CID_PARENT)
    };
    let Some(cid) = parent else {
        return (Reason::Heartbeat, None);
    };
    if start_nsm(device).is_none() || start_bridge(cid).is_none() {
        return (Reason::Bridge, parent);
    }
    (run_node(), parent)
}

/// Boots, supervises, and returns when the enclave must end.
pub fn run(first_process: bool) -> Reason {
    let (reason, parent) = boot(first_process);
    report::send(reason, parent);
    if first_process {
        // A Nitro enclave ends when its machine resets.
        let _ = reboot(RebootMode::RB_AUTOBOOT);
    }
    reason
}
