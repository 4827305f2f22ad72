//! `wasi:filesystem` 0.2 over the same one directory as in preview 1 (`files.rs`): read-only, in
//! memory, the guest's input and nothing else.
//!
//! Source: the WIT package wasi:filesystem 0.2.

use wasmtime::component::{
    ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType, Val, flags,
};
use wasmtime::{Result, StoreContextMut};

use crate::files::{Files, Node, Open, PathError};
use crate::host::Host;
use crate::wasi_p2::{Datetime, InputStream, PIECE_BYTES_MAX};

struct Descriptor;
struct DirectoryEntryStream;

/// `error-code`, whole: the order is its numbering.
#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(
    dead_code,
    reason = "a type of WASI, of which a read-only directory needs some cases"
)]
enum ErrorCode {
    #[component(name = "access")]
    Access,
    #[component(name = "would-block")]
    WouldBlock,
    #[component(name = "already")]
    Already,
    #[component(name = "bad-descriptor")]
    BadDescriptor,
    #[component(name = "busy")]
    Busy,
    #[component(name = "deadlock")]
    Deadlock,
    #[component(name = "quota")]
    Quota,
    #[component(name = "exist")]
    Exist,
    #[component(name = "file-too-large")]
    FileTooLarge,
    #[component(name = "illegal-byte-sequence")]
    IllegalByteSequence,
    #[component(name = "in-progress")]
    InProgress,
    #[component(name = "interrupted")]
    Interrupted,
    #[component(name = "invalid")]
    Invalid,
    #[component(name = "io")]
    Io,
    #[component(name = "is-directory")]
    IsDirectory,
    #[component(name = "loop")]
    Loop,
    #[component(name = "too-many-links")]
    TooManyLinks,
    #[component(name = "message-size")]
    MessageSize,
    #[component(name = "name-too-long")]
    NameTooLong,
    #[component(name = "no-device")]
    NoDevice,
    #[component(name = "no-entry")]
    NoEntry,
    #[component(name = "no-lock")]
    NoLock,
    #[component(name = "insufficient-memory")]
    InsufficientMemory,
    #[component(name = "insufficient-space")]
    InsufficientSpace,
    #[component(name = "not-directory")]
    NotDirectory,
    #[component(name = "not-empty")]
    NotEmpty,
    #[component(name = "not-recoverable")]
    NotRecoverable,
    #[component(name = "unsupported")]
    Unsupported,
    #[component(name = "no-tty")]
    NoTty,
    #[component(name = "no-such-device")]
    NoSuchDevice,
    #[component(name = "overflow")]
    Overflow,
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "pipe")]
    Pipe,
    #[component(name = "read-only")]
    ReadOnly,
    #[component(name = "invalid-seek")]
    InvalidSeek,
    #[component(name = "text-file-busy")]
    TextFileBusy,
    #[component(name = "cross-device")]
    CrossDevice,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(
    dead_code,
    reason = "a type of WASI, of which two cases are found here"
)]
enum DescriptorType {
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "block-device")]
    BlockDevice,
    #[component(name = "character-device")]
    CharacterDevice,
    #[component(name = "directory")]
    Directory,
    #[component(name = "fifo")]
    Fifo,
    #[component(name = "symbolic-link")]
    SymbolicLink,
    #[component(name = "regular-file")]
    RegularFile,
    #[component(name = "socket")]
    Socket,
}

flags!(
    DescriptorFlags {
        #[component(name = "read")]
        const READ;
        #[component(name = "write")]
        const WRITE;
        #[component(name = "file-integrity-sync")]
        const FILE_INTEGRITY_SYNC;
        #[component(name = "data-integrity-sync")]
        const DATA_INTEGRITY_SYNC;
        #[component(name = "requested-write-sync")]
        const REQUESTED_WRITE_SYNC;
        #[component(name = "mutate-directory")]
        const MUTATE_DIRECTORY;
    }
);

flags!(
    PathFlags {
        #[component(name = "symlink-follow")]
        const SYMLINK_FOLLOW;
    }
);

flags!(
    OpenFlags {
        #[component(name = "create")]
        const CREATE;
        #[component(name = "directory")]
        const DIRECTORY;
        #[component(name = "exclusive")]
        const EXCLUSIVE;
        #[component(name = "truncate")]
        const TRUNCATE;
    }
);

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct DescriptorStat {
    #[component(name = "type")]
    kind: DescriptorType,
    #[component(name = "link-count")]
    link_count: u64,
    size: u64,
    #[component(name = "data-access-timestamp")]
    accessed: Option<Datetime>,
    #[component(name = "data-modification-timestamp")]
    modified: Option<Datetime>,
    #[component(name = "status-change-timestamp")]
    changed: Option<Datetime>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct DirectoryEntry {
    #[component(name = "type")]
    kind: DescriptorType,
    name: String,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct MetadataHash {
    lower: u64,
    upper: u64,
}

type Guest<'a> = StoreContextMut<'a, Host>;
type Found<T> = std::result::Result<T, ErrorCode>;

fn node(files: &Files, descriptor: &Resource<Descriptor>) -> Found<Node> {
    match files.get(descriptor.rep()) {
        Some(Open::Directory) => Ok(Node::Directory),
        Some(Open::File { index, .. }) => Ok(Node::File(index)),
        None => Err(ErrorCode::BadDescriptor),
    }
}

/// What a path below an open directory names.
fn below(files: &Files, descriptor: &Resource<Descriptor>, path: &str) -> Found<Node> {
    if node(files, descriptor)? != Node::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    files.lookup(path.as_bytes()).map_err(|error| match error {
        PathError::Outside => ErrorCode::NotPermitted,
        PathError::TooLong => ErrorCode::NameTooLong,
        PathError::Missing => ErrorCode::NoEntry,
        PathError::NotDirectory => ErrorCode::NotDirectory,
    })
}

fn kind(node: Node) -> DescriptorType {
    match node {
        Node::Directory => DescriptorType::Directory,
        Node::File(_) => DescriptorType::RegularFile,
    }
}

fn stat(files: &Files, node: Node) -> DescriptorStat {
    let size = match node {
        Node::Directory => 0,
        Node::File(index) => files.entries()[index].range.len() as u64,
    };
    DescriptorStat {
        kind: kind(node),
        link_count: 1,
        size,
        accessed: None,
        modified: None,
        changed: None,
    }
}

/// The position in the directory stands for what is there; nothing changes.
fn hash(node: Node) -> MetadataHash {
    let lower = match node {
        Node::Directory => 1,
        Node::File(index) => index as u64 + 2,
    };
    MetadataHash { lower, upper: 0 }
}

fn file(files: &Files, descriptor: &Resource<Descriptor>) -> Found<std::ops::Range<usize>> {
    match node(files, descriptor)? {
        Node::Directory => Err(ErrorCode::IsDirectory),
        Node::File(index) => Ok(files.entries()[index].range.clone()),
    }
}

fn open(files: &mut Files, node: Node) -> Found<Resource<Descriptor>> {
    files
        .open(node)
        .map(Resource::new_own)
        .ok_or(ErrorCode::InsufficientMemory)
}

fn open_at(
    host: &mut Host,
    directory: &Resource<Descriptor>,
    path: &str,
    how: OpenFlags,
    rights: DescriptorFlags,
) -> Found<Resource<Descriptor>> {
    let changing = how.intersects(OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE)
        || rights.intersects(DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY);
    let node = match below(&host.files, directory, path) {
        Err(ErrorCode::NoEntry) if changing => return Err(ErrorCode::ReadOnly),
        other => other?,
    };
    if changing {
        return Err(ErrorCode::ReadOnly);
    }
    if node != Node::Directory && how.intersects(OpenFlags::DIRECTORY) {
        return Err(ErrorCode::NotDirectory);
    }
    open(&mut host.files, node)
}

fn link_reading(types: &mut LinkerInstance<'_, Host>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.read-via-stream",
        |mut guest: Guest<'_>, (descriptor, offset): (Resource<Descriptor>, u64)| {
            let host = guest.data_mut();
            Ok((file(&host.files, &descriptor).map(|range| {
                let start = range.start.saturating_add(offset as usize).min(range.end);
                Resource::<InputStream>::new_own(host.streams.add(start..range.end))
            }),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read",
        |mut guest: Guest<'_>, (descriptor, length, offset): (Resource<Descriptor>, u64, u64)| {
            let host = guest.data_mut();
            Ok((file(&host.files, &descriptor).map(|range| {
                let start = range.start.saturating_add(offset as usize).min(range.end);
                let length = length.min(PIECE_BYTES_MAX) as usize;
                let end = (start + length).min(range.end);
                host.reads.add(start, end);
                (host.input[start..end].to_vec(), end == range.end)
            }),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read-directory",
        |mut guest: Guest<'_>, (descriptor,): (Resource<Descriptor>,)| {
            let host = guest.data_mut();
            Ok((match node(&host.files, &descriptor) {
                Ok(Node::Directory) => Ok(Resource::<DirectoryEntryStream>::new_own(
                    host.listings.add(0),
                )),
                Ok(Node::File(_)) => Err(ErrorCode::NotDirectory),
                Err(error) => Err(error),
            },))
        },
    )?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        |mut guest: Guest<'_>, (listing,): (Resource<DirectoryEntryStream>,)| {
            let host = guest.data_mut();
            let Some(at) = host.listings.get_mut(listing.rep()) else {
                return Ok((Err(ErrorCode::BadDescriptor),));
            };
            let entry = host.files.entries().get(*at).map(|file| DirectoryEntry {
                kind: DescriptorType::RegularFile,
                name: String::from_utf8_lossy(&file.name).into_owned(),
            });
            *at += usize::from(entry.is_some());
            Ok((Ok(entry),))
        },
    )
}

fn link_asking(types: &mut LinkerInstance<'_, Host>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.get-flags",
        |guest: Guest<'_>, (descriptor,): (Resource<Descriptor>,)| {
            Ok((node(&guest.data().files, &descriptor).map(|_| DescriptorFlags::READ),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.get-type",
        |guest: Guest<'_>, (descriptor,): (Resource<Descriptor>,)| {
            Ok((node(&guest.data().files, &descriptor).map(kind),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.stat",
        |guest: Guest<'_>, (descriptor,): (Resource<Descriptor>,)| {
            let files = &guest.data().files;
            Ok((node(files, &descriptor).map(|node| stat(files, node)),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.stat-at",
        |guest: Guest<'_>, (directory, _, path): (Resource<Descriptor>, PathFlags, String)| {
            let files = &guest.data().files;
            Ok((below(files, &directory, &path).map(|node| stat(files, node)),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash",
        |guest: Guest<'_>, (descriptor,): (Resource<Descriptor>,)| {
            Ok((node(&guest.data().files, &descriptor).map(hash),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash-at",
        |guest: Guest<'_>, (directory, _, path): (Resource<Descriptor>, PathFlags, String)| {
            Ok((below(&guest.data().files, &directory, &path).map(hash),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.is-same-object",
        |guest: Guest<'_>, (one, other): (Resource<Descriptor>, Resource<Descriptor>)| {
            let files = &guest.data().files;
            Ok((matches!((node(files, &one), node(files, &other)), (Ok(a), Ok(b)) if a == b),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.open-at",
        |mut guest: Guest<'_>,
         (directory, _, path, how, rights): (
            Resource<Descriptor>,
            PathFlags,
            String,
            OpenFlags,
            DescriptorFlags,
        )| Ok((open_at(guest.data_mut(), &directory, &path, how, rights),)),
    )
}

/// Links the directory.
pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    linker
        .instance("wasi:filesystem/preopens@0.2.0")?
        .func_wrap("get-directories", |mut guest: Guest<'_>, (): ()| {
            let opened = open(&mut guest.data_mut().files, Node::Directory).ok();
            let list: Vec<(Resource<Descriptor>, String)> = opened
                .map(|root| (root, "/".to_owned()))
                .into_iter()
                .collect();
            Ok((list,))
        })?;
    let mut types = linker.instance("wasi:filesystem/types@0.2.0")?;
    types.resource(
        "descriptor",
        ResourceType::host::<Descriptor>(),
        |mut guest, fd| {
            guest.data_mut().files.close(fd);
            Ok(())
        },
    )?;
    types.resource(
        "directory-entry-stream",
        ResourceType::host::<DirectoryEntryStream>(),
        |mut guest, number| {
            guest.data_mut().listings.remove(number);
            Ok(())
        },
    )?;
    link_reading(&mut types)?;
    link_asking(&mut types)?;
    // Each of these answers a result whose error is an `error-code`; there is nothing to change.
    let read_only = || {
        let error = Val::Enum("read-only".to_owned());
        Val::Result(Err(Some(Box::new(error))))
    };
    for name in [
        "write-via-stream",
        "append-via-stream",
        "set-size",
        "set-times",
        "write",
        "create-directory-at",
        "set-times-at",
        "link-at",
        "readlink-at",
        "remove-directory-at",
        "rename-at",
        "symlink-at",
        "unlink-file-at",
    ] {
        answers(&mut types, &format!("[method]descriptor.{name}"), read_only)?;
    }
    for name in ["advise", "sync", "sync-data"] {
        let nothing = || Val::Result(Ok(None));
        answers(&mut types, &format!("[method]descriptor.{name}"), nothing)?;
    }
    // Streams here never fail, so that no error is one of a file.
    answers(&mut types, "filesystem-error-code", || Val::Option(None))
}

/// A function of whatever parameters that answers one and the same.
fn answers(
    types: &mut LinkerInstance<'_, Host>,
    name: &str,
    value: impl Fn() -> Val + Send + Sync + 'static,
) -> Result<()> {
    types.func_new(name, move |mut guest, _, given, answered| {
        // What was lent has to be given back.
        for item in given {
            if let Val::Resource(lent) = item {
                lent.resource_drop(&mut guest)?;
            }
        }
        if let Some(only) = answered.first_mut() {
            *only = value();
        }
        Ok(())
    })
}
