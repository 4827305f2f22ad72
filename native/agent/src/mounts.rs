//! The file systems of the enclave: a root that cannot be written, and a little memory that can.

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::unistd::{Gid, Uid, chown};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

/// Sockets of the node and the agent; nobody but the node may enter.
pub const RUN: &str = "/run/nmp";

struct Mount {
    source: &'static str,
    at: &'static str,
    kind: &'static str,
    flags: MsFlags,
    options: &'static str,
}

const QUIET: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

/// What another first process (nitro-cli's) has mounted already.
const KERNEL: &[Mount] = &[
    Mount {
        source: "dev",
        at: "/dev",
        kind: "devtmpfs",
        flags: MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC),
        options: "mode=0755",
    },
    // A process sees itself and its like only.
    Mount {
        source: "proc",
        at: "/proc",
        kind: "proc",
        flags: QUIET,
        options: "hidepid=invisible",
    },
];

const OWN: &[Mount] = &[
    Mount {
        source: "run",
        at: "/run",
        kind: "tmpfs",
        flags: QUIET,
        options: "mode=0755,size=4m",
    },
    Mount {
        source: "tmp",
        at: "/tmp",
        kind: "tmpfs",
        flags: QUIET,
        options: "mode=1777,size=64m",
    },
];

fn mount_all(mounts: &[Mount]) -> Result<(), Errno> {
    for Mount {
        source,
        at,
        kind,
        flags,
        options,
    } in mounts
    {
        mount(Some(*source), *at, Some(*kind), *flags, Some(*options))?;
    }
    Ok(())
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

/// Mounts everything and makes the root read-only.
///
/// # Errors
/// What the kernel says; `EROFS` missing from a write to the root counts as `EIO`.
pub fn set_up(first_process: bool, node: (Uid, Gid)) -> Result<(), Errno> {
    if first_process {
        mount_all(KERNEL)?;
    }
    mount_all(OWN)?;
    DirBuilder::new()
        .mode(0o700)
        .create(RUN)
        .map_err(|error| errno(&error))?;
    chown(RUN, Some(node.0), Some(node.1))?;
    if first_process {
        let flags =
            MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)?;
        // Said to be read-only is not enough: it must refuse.
        match fs::write("/written", b"") {
            Err(error) if error.raw_os_error() == Some(libc::EROFS) => {}
            _ => return Err(Errno::EIO),
        }
    }
    Ok(())
}
