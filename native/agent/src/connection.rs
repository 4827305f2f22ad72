//! One bridged stream: two ends, and what is under way between them in either direction.

use crate::socket::Address;
use nix::errno::Errno;
use nix::sys::epoll::EpollFlags;
use nix::sys::socket::{MsgFlags, Shutdown, getsockopt, recv, send, shutdown, sockopt};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

/// Longest single write: longer ones fail over vsock on some platforms.
pub const WRITE_BYTES_MAX: usize = 32_000;
/// Writes in one direction before other connections have their turn.
const TURN: usize = 8;
/// Longest line that a hybrid socket answers with: "OK 4294967295\n".
const ANSWER_BYTES_MAX: usize = 32;

/// From one end to the other. At most one read of bytes is held: no more is taken before it is out.
#[derive(Default)]
struct Flow {
    held: Vec<u8>,
    /// The source has ended; what is held still goes out.
    ended: bool,
    /// The end was passed on, or nobody is left to take it.
    closed: bool,
}

#[derive(PartialEq)]
enum State {
    Connecting,
    /// The hybrid socket was asked and has not answered.
    Asking,
    Open,
}

/// A failure that ends the connection at once.
#[derive(Debug)]
pub struct Broken;

impl From<Errno> for Broken {
    fn from(_: Errno) -> Self {
        Broken
    }
}

pub struct Connection {
    /// The accepted end and the connected end.
    pub ends: [OwnedFd; 2],
    /// `flows[i]` is from end `i` to the other one.
    flows: [Flow; 2],
    state: State,
    hybrid_port: Option<u32>,
    /// Both directions of this end are gone: the kernel reports it without being asked, forever.
    pub hung: [bool; 2],
    /// What epoll was last told about each end; none if it was never told.
    pub watched: [Option<EpollFlags>; 2],
    pub since: Instant,
}

fn again(error: Errno) -> bool {
    error == Errno::EAGAIN || error == Errno::EINTR
}

impl Connection {
    pub fn new(accepted: OwnedFd, connected: OwnedFd, to: &Address, now: Instant) -> Self {
        let hybrid_port = match to {
            Address::Hybrid { port, .. } => Some(*port),
            _ => None,
        };
        Connection {
            ends: [accepted, connected],
            flows: [Flow::default(), Flow::default()],
            state: State::Connecting,
            hybrid_port,
            hung: [false, false],
            watched: [None, None],
            since: now,
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// True when both directions are closed, and nothing is left to do.
    pub fn finished(&self) -> bool {
        self.flows.iter().all(|flow| flow.closed)
    }

    /// What to wait for at an end.
    pub fn interest(&self, end: usize) -> EpollFlags {
        let mut flags = EpollFlags::empty();
        match self.state {
            State::Connecting if end == 1 => flags |= EpollFlags::EPOLLOUT,
            State::Asking if end == 1 => flags |= EpollFlags::EPOLLIN,
            State::Open => {
                let (from, to) = (&self.flows[end], &self.flows[1 - end]);
                if !from.ended && !from.closed && from.held.is_empty() {
                    flags |= EpollFlags::EPOLLIN;
                }
                if !to.held.is_empty() {
                    flags |= EpollFlags::EPOLLOUT;
                }
            }
            _ => {}
        }
        flags
    }

    /// Acts on what epoll said of an end.
    ///
    /// # Errors
    /// `Broken` if the connection is to be dropped.
    pub fn on_event(
        &mut self,
        end: usize,
        events: EpollFlags,
        scratch: &mut [u8],
    ) -> Result<(), Broken> {
        if self.state == State::Connecting && end == 1 {
            self.on_connected()?;
        }
        if self.state == State::Asking && end == 1 && !self.on_answer()? {
            return Ok(());
        }
        if events.contains(EpollFlags::EPOLLERR) {
            return Err(Broken);
        }
        if self.state != State::Open {
            // The accepted end is gone before the other was there.
            return if events.contains(EpollFlags::EPOLLHUP) {
                Err(Broken)
            } else {
                Ok(())
            };
        }
        if events.contains(EpollFlags::EPOLLHUP) {
            self.hung[end] = true;
            let towards = &mut self.flows[1 - end];
            towards.held = Vec::new();
            towards.ended = true;
            towards.closed = true;
        }
        self.pump(0, scratch)?;
        self.pump(1, scratch)
    }

    fn on_connected(&mut self) -> Result<(), Broken> {
        if getsockopt(&self.ends[1], sockopt::SocketError)? != 0 {
            return Err(Broken);
        }
        self.state = State::Open;
        if let Some(port) = self.hybrid_port {
            let line = format!("CONNECT {port}\n");
            let sent = send(
                self.ends[1].as_raw_fd(),
                line.as_bytes(),
                MsgFlags::MSG_NOSIGNAL,
            )?;
            if sent != line.len() {
                return Err(Broken);
            }
            self.state = State::Asking;
        }
        Ok(())
    }

    /// Takes exactly the line that answers; what follows it belongs to the stream.
    fn on_answer(&mut self) -> Result<bool, Broken> {
        let fd = self.ends[1].as_raw_fd();
        let mut line = [0u8; ANSWER_BYTES_MAX];
        let seen = match recv(fd, &mut line, MsgFlags::MSG_PEEK) {
            Ok(0) => return Err(Broken),
            Ok(seen) => seen,
            Err(error) if again(error) => return Ok(false),
            Err(_) => return Err(Broken),
        };
        let Some(end) = line[..seen].iter().position(|byte| *byte == b'\n') else {
            return if seen == ANSWER_BYTES_MAX {
                Err(Broken)
            } else {
                Ok(false)
            };
        };
        if recv(fd, &mut line[..=end], MsgFlags::empty())? != end + 1 || !line.starts_with(b"OK ") {
            return Err(Broken);
        }
        self.state = State::Open;
        Ok(true)
    }

    /// Moves bytes in one direction until it would block or has had its turn.
    fn pump(&mut self, from: usize, scratch: &mut [u8]) -> Result<(), Broken> {
        let (source, sink) = (self.ends[from].as_raw_fd(), self.ends[1 - from].as_raw_fd());
        let flow = &mut self.flows[from];
        for _ in 0..TURN {
            if flow.closed {
                return Ok(());
            }
            if !flow.held.is_empty() {
                match send(sink, &flow.held, MsgFlags::MSG_NOSIGNAL) {
                    Ok(sent) => drop(flow.held.drain(..sent)),
                    Err(error) if again(error) => return Ok(()),
                    Err(_) => return Err(Broken),
                }
                if flow.held.is_empty() {
                    flow.held = Vec::new();
                }
                continue;
            }
            if flow.ended {
                flow.closed = true;
                // The other side may have gone meanwhile; then there is nobody to tell.
                let _ = shutdown(sink, Shutdown::Write);
                return Ok(());
            }
            match recv(source, &mut scratch[..WRITE_BYTES_MAX], MsgFlags::empty()) {
                Ok(0) => flow.ended = true,
                Ok(read) => match send(sink, &scratch[..read], MsgFlags::MSG_NOSIGNAL) {
                    Ok(sent) => flow.held.extend_from_slice(&scratch[sent..read]),
                    Err(error) if again(error) => flow.held.extend_from_slice(&scratch[..read]),
                    Err(_) => return Err(Broken),
                },
                Err(error) if again(error) => return Ok(()),
                Err(_) => return Err(Broken),
            }
        }
        Ok(())
    }
}
