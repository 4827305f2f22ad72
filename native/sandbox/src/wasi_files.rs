//! The functions of WASI preview 1 on descriptors and paths, over the one directory of `files.rs`.
//! Whatever would change something is refused: the directory is read-only.
//!
//! Layouts and error numbers: WASI snapshot preview 1 (witx).

use wasmtime::{Caller, Linker};

use crate::files::{Files, Node, Open, PathError, ROOT_FD};
use crate::host::Host;
use crate::protocol::capability;
use crate::wasi::{
    ERRNO_BADF, ERRNO_FAULT, ERRNO_INVAL, ERRNO_SPIPE, ERRNO_SUCCESS, FILETYPE_CHARACTER_DEVICE,
    MODULE, ResultCode, code, memory, put, ranges, read_into,
};

const ERRNO_ISDIR: i32 = 31;
const ERRNO_MFILE: i32 = 33;
const ERRNO_NAMETOOLONG: i32 = 37;
const ERRNO_NOENT: i32 = 44;
const ERRNO_NOTDIR: i32 = 54;
const ERRNO_NOTSUP: i32 = 58;
const ERRNO_ROFS: i32 = 69;
const ERRNO_NOTCAPABLE: i32 = 76;

const FILETYPE_DIRECTORY: u8 = 3;
const FILETYPE_REGULAR_FILE: u8 = 4;

pub const RIGHT_FD_READ: u64 = 1 << 1;
const RIGHT_FD_SEEK: u64 = 1 << 2;
const RIGHT_FD_TELL: u64 = 1 << 5;
pub const RIGHT_FD_WRITE: u64 = 1 << 6;
const RIGHT_PATH_OPEN: u64 = 1 << 13;
const RIGHT_FD_READDIR: u64 = 1 << 14;
const RIGHT_PATH_FILESTAT_GET: u64 = 1 << 18;
const RIGHT_FD_FILESTAT_GET: u64 = 1 << 21;
const FILE_RIGHTS: u64 = RIGHT_FD_READ | RIGHT_FD_SEEK | RIGHT_FD_TELL | RIGHT_FD_FILESTAT_GET;
const DIRECTORY_RIGHTS: u64 =
    RIGHT_PATH_OPEN | RIGHT_FD_READDIR | RIGHT_PATH_FILESTAT_GET | RIGHT_FD_FILESTAT_GET;

const OFLAG_CREATE: i32 = 1;
const OFLAG_DIRECTORY: i32 = 2;
const OFLAG_EXCLUSIVE: i32 = 4;
const OFLAG_TRUNCATE: i32 = 8;

/// Writing is among them so that C's library asks for it, and is refused, and does not quietly open
/// for reading alone.
const INHERITED_RIGHTS: u64 = FILE_RIGHTS | DIRECTORY_RIGHTS | RIGHT_FD_WRITE;

/// Name under which the directory is announced.
const ROOT: &[u8] = b"/";

type Guest<'a> = Caller<'a, Host>;

fn is_stream(fd: i32) -> bool {
    (0..=2).contains(&fd)
}

/// A directory among the open ones.
fn directory(files: &Files, fd: i32) -> Result<(), i32> {
    match files.get(fd as u32) {
        Some(Open::Directory) => Ok(()),
        Some(Open::File { .. }) => Err(ERRNO_NOTDIR),
        None => Err(ERRNO_BADF),
    }
}

fn lookup(bytes: &[u8], files: &Files, path: i32, length: i32) -> Result<Node, i32> {
    let start = path as u32 as usize;
    let path = bytes
        .get(start..start.saturating_add(length as u32 as usize))
        .ok_or(ERRNO_FAULT)?;
    files.lookup(path).map_err(|error| match error {
        PathError::Outside => ERRNO_NOTCAPABLE,
        PathError::TooLong => ERRNO_NAMETOOLONG,
        PathError::Missing => ERRNO_NOENT,
        PathError::NotDirectory => ERRNO_NOTDIR,
    })
}

/// `fdstat` of what is open: type and rights.
pub fn stat_of(files: &Files, fd: i32) -> Option<(u8, u64, u64)> {
    match fd {
        0 => Some((FILETYPE_CHARACTER_DEVICE, RIGHT_FD_READ, 0)),
        1 | 2 => Some((FILETYPE_CHARACTER_DEVICE, RIGHT_FD_WRITE, 0)),
        _ => files.get(fd as u32).map(|open| match open {
            Open::Directory => (FILETYPE_DIRECTORY, DIRECTORY_RIGHTS, INHERITED_RIGHTS),
            Open::File { .. } => (FILETYPE_REGULAR_FILE, FILE_RIGHTS, 0),
        }),
    }
}

/// `filestat`: no times, no device; the inode is the position in the directory.
fn file_stat(files: &Files, node: Node) -> [u8; 64] {
    let (kind, inode, size) = match node {
        Node::Directory => (FILETYPE_DIRECTORY, 1, 0),
        Node::File(index) => (
            FILETYPE_REGULAR_FILE,
            index as u64 + 2,
            files.entries()[index].range.len() as u64,
        ),
    };
    let mut stat = [0; 64];
    stat[8..16].copy_from_slice(&u64::to_le_bytes(inode));
    stat[16] = kind;
    stat[24..32].copy_from_slice(&u64::to_le_bytes(1));
    stat[32..40].copy_from_slice(&size.to_le_bytes());
    stat
}

fn prestat_get(mut guest: Guest<'_>, fd: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    // Only the directory that was open at the start is announced; the rest were opened.
    if fd != ROOT_FD as i32 || directory(&host.files, fd).is_err() {
        return Err(ERRNO_BADF);
    }
    let mut stat = [0; 8];
    stat[4..].copy_from_slice(&(ROOT.len() as u32).to_le_bytes());
    put(bytes, out as u32, &stat)
}

fn prestat_name(mut guest: Guest<'_>, fd: i32, out: i32, length: i32) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    if fd != ROOT_FD as i32 || directory(&host.files, fd).is_err() {
        return Err(ERRNO_BADF);
    }
    if (length as u32 as usize) < ROOT.len() {
        return Err(ERRNO_NAMETOOLONG);
    }
    put(bytes, out as u32, ROOT)
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_open(
    mut guest: Guest<'_>,
    fd: i32,
    _follow: i32,
    path: i32,
    length: i32,
    flags: i32,
    rights: i64,
    _inherited: i64,
    _fd_flags: i32,
    out: i32,
) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    directory(&host.files, fd)?;
    let found = lookup(bytes, &host.files, path, length);
    let changing = flags & (OFLAG_CREATE | OFLAG_EXCLUSIVE | OFLAG_TRUNCATE) != 0
        || rights as u64 & RIGHT_FD_WRITE != 0;
    let node = match found {
        Err(ERRNO_NOENT) if changing => return Err(ERRNO_ROFS),
        other => other?,
    };
    match node {
        Node::File(_) if flags & OFLAG_DIRECTORY != 0 => return Err(ERRNO_NOTDIR),
        Node::Directory if rights as u64 & RIGHT_FD_WRITE != 0 => return Err(ERRNO_ISDIR),
        _ if changing => return Err(ERRNO_ROFS),
        _ => {}
    }
    let opened = host.files.open(node).ok_or(ERRNO_MFILE)?;
    put(bytes, out as u32, &opened.to_le_bytes())
}

fn path_stat(
    mut guest: Guest<'_>,
    fd: i32,
    _follow: i32,
    path: i32,
    length: i32,
    out: i32,
) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    directory(&host.files, fd)?;
    let node = lookup(bytes, &host.files, path, length)?;
    let stat = file_stat(&host.files, node);
    put(bytes, out as u32, &stat)
}

fn fd_stat(mut guest: Guest<'_>, fd: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    let stat = if is_stream(fd) {
        let mut stat = [0; 64];
        stat[16] = FILETYPE_CHARACTER_DEVICE;
        stat
    } else {
        match host.files.get(fd as u32).ok_or(ERRNO_BADF)? {
            Open::Directory => file_stat(&host.files, Node::Directory),
            Open::File { index, .. } => file_stat(&host.files, Node::File(index)),
        }
    };
    put(bytes, out as u32, &stat)
}

/// Entries from `cookie` on, cut off where the buffer ends; `.` and `..` are the directory.
fn readdir(
    mut guest: Guest<'_>,
    fd: i32,
    buffer: i32,
    length: i32,
    cookie: i64,
    out: i32,
) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    directory(&host.files, fd)?;
    let start = buffer as u32 as usize;
    let end = start.saturating_add(length as u32 as usize);
    let target = bytes.get_mut(start..end).ok_or(ERRNO_FAULT)?;
    let entries = host.files.entries();
    let first = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut used = 0;
    for at in first..entries.len().saturating_add(2) {
        let (name, kind, inode) = match at {
            0 => (&b"."[..], FILETYPE_DIRECTORY, 1),
            1 => (&b".."[..], FILETYPE_DIRECTORY, 1),
            _ => (
                entries[at - 2].name.as_slice(),
                FILETYPE_REGULAR_FILE,
                at as u64,
            ),
        };
        let mut entry = Vec::with_capacity(24 + name.len());
        entry.extend_from_slice(&(at as u64 + 1).to_le_bytes());
        entry.extend_from_slice(&inode.to_le_bytes());
        entry.extend_from_slice(&(name.len() as u32).to_le_bytes());
        entry.extend_from_slice(&u32::from(kind).to_le_bytes());
        entry.extend_from_slice(name);
        let fits = entry.len().min(target.len() - used);
        target[used..used + fits].copy_from_slice(&entry[..fits]);
        used += fits;
        if used == target.len() {
            break;
        }
    }
    put(bytes, out as u32, &(used as u32).to_le_bytes())
}

/// Reads an open file at its position, and moves that.
pub fn read_file(guest: &mut Guest<'_>, fd: i32, vectors: i32, count: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(guest)?;
    let (index, at) = match host.files.get(fd as u32).ok_or(ERRNO_BADF)? {
        Open::Directory => return Err(ERRNO_ISDIR),
        Open::File { index, at } => (index, at),
    };
    let ranges = ranges(bytes, vectors as u32, count as u32).ok_or(ERRNO_FAULT)?;
    let file = host.files.entries()[index].range.clone();
    let read = read_into(bytes, host, ranges, file.start.saturating_add(at)..file.end);
    if let Some(Open::File { at, .. }) = host.files.get_mut(fd as u32) {
        *at += read;
    }
    put(bytes, out as u32, &(read as u32).to_le_bytes())
}

fn pread(
    mut guest: Guest<'_>,
    fd: i32,
    vectors: i32,
    count: i32,
    offset: i64,
    out: i32,
) -> ResultCode {
    let (bytes, host) = memory(&mut guest)?;
    if is_stream(fd) {
        return Err(ERRNO_SPIPE);
    }
    let index = match host.files.get(fd as u32).ok_or(ERRNO_BADF)? {
        Open::Directory => return Err(ERRNO_ISDIR),
        Open::File { index, .. } => index,
    };
    let ranges = ranges(bytes, vectors as u32, count as u32).ok_or(ERRNO_FAULT)?;
    let file = host.files.entries()[index].range.clone();
    let offset = usize::try_from(offset).map_err(|_| ERRNO_INVAL)?;
    let read = read_into(
        bytes,
        host,
        ranges,
        file.start.saturating_add(offset)..file.end,
    );
    put(bytes, out as u32, &(read as u32).to_le_bytes())
}

/// Moves the position of an open file; behind its end is allowed, before its start is not.
pub fn seek(guest: &mut Guest<'_>, fd: i32, delta: i64, whence: i32, out: i32) -> ResultCode {
    let (bytes, host) = memory(guest)?;
    if is_stream(fd) {
        return Err(ERRNO_SPIPE);
    }
    let (index, at) = match host.files.get(fd as u32).ok_or(ERRNO_BADF)? {
        Open::Directory => return Err(ERRNO_ISDIR),
        Open::File { index, at } => (index, at),
    };
    let from = match whence {
        0 => 0,
        1 => at,
        2 => host.files.entries()[index].range.len(),
        _ => return Err(ERRNO_INVAL),
    };
    let moved = i64::try_from(from)
        .ok()
        .and_then(|from| from.checked_add(delta))
        .and_then(|moved| usize::try_from(moved).ok())
        .ok_or(ERRNO_INVAL)?;
    if let Some(Open::File { at, .. }) = host.files.get_mut(fd as u32) {
        *at = moved;
    }
    put(bytes, out as u32, &(moved as u64).to_le_bytes())
}

/// An open descriptor; what is asked of it changes nothing here.
fn known(guest: &Guest<'_>, fd: i32) -> i32 {
    match stat_of(&guest.data().files, fd) {
        Some(_) => ERRNO_SUCCESS,
        None => ERRNO_BADF,
    }
}

/// An open descriptor that would be changed.
fn unchanged(guest: &Guest<'_>, fd: i32) -> i32 {
    match known(guest, fd) {
        ERRNO_SUCCESS if is_stream(fd) => ERRNO_INVAL,
        ERRNO_SUCCESS => ERRNO_ROFS,
        other => other,
    }
}

/// Links what the capabilities `fd` and `fs` grant.
pub fn link(linker: &mut Linker<Host>, capabilities: u8) -> wasmtime::Result<()> {
    if capabilities & capability::FD != 0 {
        linker.func_wrap(
            MODULE,
            "fd_advise",
            |g: Guest<'_>, fd: i32, _: i64, _: i64, _: i32| known(&g, fd),
        )?;
        linker.func_wrap(MODULE, "fd_datasync", |g: Guest<'_>, fd: i32| known(&g, fd))?;
        linker.func_wrap(MODULE, "fd_sync", |g: Guest<'_>, fd: i32| known(&g, fd))?;
        linker.func_wrap(
            MODULE,
            "fd_fdstat_set_flags",
            |g: Guest<'_>, fd: i32, _: i32| known(&g, fd),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_fdstat_set_rights",
            |g: Guest<'_>, fd: i32, _: i64, _: i64| known(&g, fd),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_filestat_get",
            |g: Guest<'_>, fd: i32, out: i32| code(fd_stat(g, fd, out)),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_pread",
            |g: Guest<'_>, fd: i32, vectors: i32, count: i32, offset: i64, out: i32| {
                code(pread(g, fd, vectors, count, offset, out))
            },
        )?;
        linker.func_wrap(MODULE, "fd_tell", |mut g: Guest<'_>, fd: i32, out: i32| {
            code(seek(&mut g, fd, 0, 1, out))
        })?;
        linker.func_wrap(
            MODULE,
            "fd_allocate",
            |g: Guest<'_>, fd: i32, _: i64, _: i64| unchanged(&g, fd),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_filestat_set_size",
            |g: Guest<'_>, fd: i32, _: i64| unchanged(&g, fd),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_filestat_set_times",
            |g: Guest<'_>, fd: i32, _: i64, _: i64, _: i32| unchanged(&g, fd),
        )?;
        linker.func_wrap(
            MODULE,
            "fd_pwrite",
            |g: Guest<'_>, fd: i32, _: i32, _: i32, _: i64, _: i32| unchanged(&g, fd),
        )?;
        linker.func_wrap(MODULE, "fd_renumber", |_: i32, _: i32| ERRNO_NOTSUP)?;
    }
    if capabilities & capability::FS == 0 {
        return Ok(());
    }
    linker.func_wrap(
        MODULE,
        "fd_prestat_get",
        |g: Guest<'_>, fd: i32, out: i32| code(prestat_get(g, fd, out)),
    )?;
    linker.func_wrap(
        MODULE,
        "fd_prestat_dir_name",
        |g: Guest<'_>, fd: i32, out: i32, length: i32| code(prestat_name(g, fd, out, length)),
    )?;
    linker.func_wrap(
        MODULE,
        "fd_readdir",
        |g: Guest<'_>, fd: i32, buffer: i32, length: i32, cookie: i64, out: i32| {
            code(readdir(g, fd, buffer, length, cookie, out))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "path_open",
        |g: Guest<'_>,
         fd: i32,
         follow: i32,
         path: i32,
         length: i32,
         flags: i32,
         rights: i64,
         inherited: i64,
         fd_flags: i32,
         out: i32| {
            code(path_open(
                g, fd, follow, path, length, flags, rights, inherited, fd_flags, out,
            ))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "path_filestat_get",
        |g: Guest<'_>, fd: i32, follow: i32, path: i32, length: i32, out: i32| {
            code(path_stat(g, fd, follow, path, length, out))
        },
    )?;
    // No symbolic link is there to be read.
    linker.func_wrap(
        MODULE,
        "path_readlink",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32| ERRNO_INVAL,
    )?;
    for name in [
        "path_create_directory",
        "path_remove_directory",
        "path_unlink_file",
    ] {
        linker.func_wrap(MODULE, name, |_: i32, _: i32, _: i32| ERRNO_ROFS)?;
    }
    linker.func_wrap(
        MODULE,
        "path_symlink",
        |_: i32, _: i32, _: i32, _: i32, _: i32| ERRNO_ROFS,
    )?;
    linker.func_wrap(
        MODULE,
        "path_rename",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32| ERRNO_ROFS,
    )?;
    linker.func_wrap(
        MODULE,
        "path_link",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| ERRNO_ROFS,
    )?;
    linker.func_wrap(
        MODULE,
        "path_filestat_set_times",
        |_: i32, _: i32, _: i32, _: i32, _: i64, _: i64, _: i32| ERRNO_ROFS,
    )?;
    Ok(())
}
