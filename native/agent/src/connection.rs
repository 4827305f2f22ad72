//! One bridged stream: two ends, and what is under way between them in either direction.

use crate::pipes::{Pipe, Pipes};
use crate::socket::Address;
use nix::errno::Errno;
use nix::sys::epoll::EpollFlags;
use nix::sys::socket::{MsgFlags, Shutdown, getsockopt, recv, send, setsockopt, shutdown, sockopt};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Instant;

/// Longest single write: longer ones fail over vsock on some platforms.
pub const WRITE_BYTES_MAX: usize = 32_000;
/// Writes in one direction before other connections have their turn.
const TURN: usize = 8;
/// Moves shorter than this through a pipe show that bulk is over, bytes.
const BULK_BYTES: usize = 16 * 1024;
/// So many of them on end do: among long moves there are short ones, ends of what was written at once.
const SHORT_MOVES: u8 = 16;
/// Asked of the socket into the node while bulk passes to it, bytes; the kernel may grant less. With
/// its usual room for three reads, relay and node wait for each other by turns: a third of the
/// throughput.
const BULK_ROOM_BYTES: usize = 2 * 1024 * 1024;
/// Longest line that a hybrid socket answers with: "OK 4294967295\n".
const ANSWER_BYTES_MAX: usize = 32;

/// What connections of one bridge share.
pub struct Shared {
    /// As long as the longest read.
    pub scratch: Vec<u8>,
    /// None where bytes are always copied: over vsock, in writes of bounded length.
    pub pipes: Option<Pipes>,
}

/// From one end to the other. At most one read of bytes is held: no more is taken before it is out.
#[derive(Default)]
struct Flow {
    held: Vec<u8>,
    /// Lent while bulk passes.
    pipe: Option<Pipe>,
    /// The room of the sink before it was widened for bulk.
    room: Option<usize>,
    /// Short moves that are left until bulk is over; 0 when it is.
    bulk: u8,
    /// Passed on so far, bytes.
    moved: u64,
    /// The end was passed on, or nobody is left to take it.
    closed: bool,
}

impl Flow {
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.pipe.as_ref().is_none_or(|pipe| pipe.held == 0)
    }

    fn widen(&mut self, sink: &OwnedFd) {
        // The kernel counts its own overhead, and tells twice what it was asked.
        let room = getsockopt(sink, sockopt::SndBuf).unwrap_or(0) / 2;
        if room > 0 && room < BULK_ROOM_BYTES {
            self.room = Some(room);
            let _ = setsockopt(sink, sockopt::SndBuf, &BULK_ROOM_BYTES);
        }
    }

    fn narrow(&mut self, sink: &OwnedFd) {
        if let Some(room) = self.room.take() {
            let _ = setsockopt(sink, sockopt::SndBuf, &room);
        }
    }

    /// Passes on that the source has ended, in the move that saw it: none is waited for afterwards.
    /// Returns that nothing more is to do. Called with nothing held, since more is read only then.
    fn end(&mut self, sink: RawFd) -> bool {
        self.closed = true;
        // The other side may have gone meanwhile; then there is nobody to tell.
        let _ = shutdown(sink, Shutdown::Write);
        false
    }
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
                if !from.closed && from.is_empty() {
                    flags |= EpollFlags::EPOLLIN;
                }
                if !to.is_empty() {
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
        shared: &mut Shared,
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
            if let (Some(pipe), Some(pipes)) = (towards.pipe.take(), &mut shared.pipes) {
                pipes.give_back(pipe);
            }
            towards.closed = true;
        }
        self.pump(0, shared)?;
        self.pump(1, shared)
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

    /// Bytes passed on from an end so far.
    pub fn moved(&self, from: usize) -> u64 {
        self.flows[from].moved
    }

    /// Hands back what was lent to it; to be called once, when it is over.
    pub fn release(&mut self, shared: &mut Shared) {
        for flow in &mut self.flows {
            if let (Some(pipe), Some(pipes)) = (flow.pipe.take(), &mut shared.pipes) {
                pipes.give_back(pipe);
            }
        }
    }

    /// To be called when nothing has moved for a while: what bulk was lent is for others.
    pub fn rest(&mut self, shared: &mut Shared) {
        for from in 0..2 {
            self.calm(from, shared);
        }
    }

    /// Pipe and room are kept for as long as bulk is under way, and no longer.
    fn calm(&mut self, from: usize, shared: &mut Shared) {
        let flow = &mut self.flows[from];
        if flow.pipe.as_ref().is_some_and(|pipe| pipe.held == 0)
            && let (Some(pipe), Some(pipes)) = (flow.pipe.take(), &mut shared.pipes)
        {
            pipes.give_back(pipe);
            flow.narrow(&self.ends[1 - from]);
        }
    }

    /// Moves bytes in one direction until it would block or has had its turn.
    fn pump(&mut self, from: usize, shared: &mut Shared) -> Result<(), Broken> {
        for _ in 0..TURN {
            if !self.step(from, shared)? {
                break;
            }
        }
        if self.flows[from].bulk == 0 {
            self.calm(from, shared);
        }
        Ok(())
    }

    /// One move; false if there is nothing more to do now.
    fn step(&mut self, from: usize, shared: &mut Shared) -> Result<bool, Broken> {
        let (source, sink) = (self.ends[from].as_raw_fd(), self.ends[1 - from].as_raw_fd());
        let flow = &mut self.flows[from];
        if flow.closed {
            return Ok(false);
        }
        if !flow.held.is_empty() {
            let Some(sent) = unless_full(send(sink, &flow.held, MsgFlags::MSG_NOSIGNAL))? else {
                return Ok(false);
            };
            flow.moved += sent as u64;
            flow.held.drain(..sent);
            if flow.held.is_empty() {
                flow.held = Vec::new();
            }
            return Ok(true);
        }
        if let Some(pipe) = flow.pipe.as_mut().filter(|pipe| pipe.held > 0) {
            let Some(given) = unless_full(pipe.drain(sink))? else {
                return Ok(false);
            };
            flow.moved += given as u64;
            return Ok(true);
        }
        if let Some(pipe) = flow.pipe.as_mut() {
            let Some(taken) = unless_full(pipe.fill(source))? else {
                return Ok(false);
            };
            flow.bulk = if taken >= BULK_BYTES {
                SHORT_MOVES
            } else {
                flow.bulk.saturating_sub(1)
            };
            return Ok(taken > 0 || flow.end(sink));
        }
        let scratch = &mut shared.scratch;
        let Some(read) = unless_full(recv(source, scratch, MsgFlags::empty()))? else {
            return Ok(false);
        };
        if read == 0 {
            return Ok(flow.end(sink));
        }
        if read == scratch.len() {
            // A full read: more of it is likely on its way.
            flow.pipe = shared.pipes.as_mut().and_then(Pipes::lend);
            if flow.pipe.is_some() {
                flow.bulk = SHORT_MOVES;
                // The way in only: TCP, on the way out, grows by itself unless it is told a size.
                if from == 0 {
                    flow.widen(&self.ends[1]);
                }
            }
        }
        let sent = unless_full(send(sink, &scratch[..read], MsgFlags::MSG_NOSIGNAL))?.unwrap_or(0);
        flow.moved += sent as u64;
        flow.held.extend_from_slice(&scratch[sent..read]);
        Ok(true)
    }
}

/// None if it would block.
fn unless_full(moved: Result<usize, Errno>) -> Result<Option<usize>, Broken> {
    match moved {
        Ok(moved) => Ok(Some(moved)),
        Err(error) if again(error) => Ok(None),
        Err(_) => Err(Broken),
    }
}
