//! Pipes through which bulk passes from socket to socket without being copied (splice(2)).

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Asked of one pipe at once, bytes; also what one direction of a connection may hold.
pub const PIPE_BYTES: usize = 256 * 1024;
/// Pipes at once: a reader that takes nothing keeps the pipe of its stream.
const PIPES_MAX: usize = 128;
/// Kept for later while nobody needs them.
const IDLE_MAX: usize = 16;

pub struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    /// Bytes in it.
    pub held: usize,
}

fn splice(from: RawFd, to: RawFd, length: usize) -> Result<usize, Errno> {
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    let none = std::ptr::null_mut();
    // SAFETY: both descriptors are open for as long as their owners are borrowed by our callers,
    // and no offset is passed.
    Errno::result(unsafe { libc::splice(from, none, to, none, length, flags) })
        .map(|moved| moved as usize)
}

impl Pipe {
    fn new() -> Result<Self, Errno> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        // Smaller ones serve, too, if the user has had as much as is granted.
        // SAFETY: an open descriptor and a number.
        let _ = unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES) };
        Ok(Pipe {
            read,
            write,
            held: 0,
        })
    }

    /// Takes what a socket has; 0 at its end.
    pub fn fill(&mut self, source: RawFd) -> Result<usize, Errno> {
        let taken = splice(source, self.write.as_raw_fd(), PIPE_BYTES)?;
        self.held += taken;
        Ok(taken)
    }

    /// Gives what it holds to a socket, as much as goes.
    pub fn drain(&mut self, sink: RawFd) -> Result<usize, Errno> {
        let given = splice(self.read.as_raw_fd(), sink, self.held)?;
        self.held -= given;
        Ok(given)
    }
}

/// Pipes are few and wander from stream to stream.
#[derive(Default)]
pub struct Pipes {
    idle: Vec<Pipe>,
    lent: usize,
}

impl Pipes {
    /// None if all are lent or no more can be made: then bytes are copied.
    pub fn lend(&mut self) -> Option<Pipe> {
        if self.lent >= PIPES_MAX {
            return None;
        }
        let pipe = self.idle.pop().or_else(|| Pipe::new().ok())?;
        self.lent += 1;
        Some(pipe)
    }

    /// Takes a pipe back; one that still holds bytes is closed, since they are of a stream that ended.
    pub fn give_back(&mut self, pipe: Pipe) {
        self.lent -= 1;
        if pipe.held == 0 && self.idle.len() < IDLE_MAX {
            self.idle.push(pipe);
        }
    }
}
