//! Joins listening sockets to others, stream by stream: bytes untouched, backpressure and
//! half-close passed on, in one thread however many streams there are.

use crate::connection::{Connection, WRITE_BYTES_MAX};
use crate::socket::{Address, connect_to, listen_on};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{SockFlag, accept4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Streams at once; more are closed as they come.
pub const CONNECTIONS_MAX: usize = 4096;
/// A stream whose far end does not answer is dropped after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TICK_MS: u16 = 1_000;
const EVENTS: usize = 64;
/// Accepted from one listener before others have their turn.
const ACCEPTS: usize = 16;

/// Streams accepted on the one are joined to the other.
pub struct Route {
    pub listen: Address,
    pub to: Address,
}

struct Slot {
    /// Counts the connections that this slot has held, so that a late event finds none.
    generation: u32,
    connection: Option<Connection>,
}

pub struct Bridge {
    epoll: Epoll,
    listeners: Vec<(OwnedFd, Address)>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    scratch: Vec<u8>,
}

const LISTENER: u64 = 1 << 63;

fn token(slot: usize, generation: u32, end: usize) -> u64 {
    // Slots are fewer than 4096 and 31 bits of generation are enough not to meet again in one
    // round of events.
    (u64::from(generation & 0x7fff_ffff) << 32) | ((slot as u64) << 1) | end as u64
}

impl Bridge {
    /// Listens on every route, so that a caller knows that all are there.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn new(routes: Vec<Route>) -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut listeners = Vec::new();
        for (index, route) in routes.into_iter().enumerate() {
            let fd = listen_on(&route.listen)?;
            epoll.add(
                &fd,
                EpollEvent::new(EpollFlags::EPOLLIN, LISTENER | index as u64),
            )?;
            listeners.push((fd, route.to));
        }
        Ok(Bridge {
            epoll,
            listeners,
            slots: Vec::new(),
            free: Vec::new(),
            scratch: vec![0; WRITE_BYTES_MAX],
        })
    }

    /// Bridges until the process ends.
    ///
    /// # Errors
    /// If the kernel no longer lets it wait.
    pub fn run(mut self) -> Errno {
        let mut last_tick = Instant::now();
        loop {
            let mut events = [EpollEvent::empty(); EVENTS];
            let count = match self.epoll.wait(&mut events, EpollTimeout::from(TICK_MS)) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(error) => return error,
            };
            for event in &events[..count] {
                if event.data() & LISTENER != 0 {
                    self.accept((event.data() & !LISTENER) as usize);
                } else {
                    self.on_event(event.data(), event.events());
                }
            }
            if last_tick.elapsed() >= Duration::from_millis(u64::from(TICK_MS)) {
                last_tick = Instant::now();
                self.drop_late();
            }
        }
    }

    fn accept(&mut self, listener: usize) {
        for _ in 0..ACCEPTS {
            let (fd, to) = &self.listeners[listener];
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let Ok(accepted) = accept4(fd.as_raw_fd(), flags) else {
                return;
            };
            // SAFETY: accept4 has just made this descriptor, and nothing else owns it.
            let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
            if self.slots.len() - self.free.len() >= CONNECTIONS_MAX {
                continue;
            }
            let Ok(connected) = connect_to(to) else {
                continue;
            };
            let connection = Connection::new(accepted, connected, to, Instant::now());
            let slot = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot {
                    generation: 0,
                    connection: None,
                });
                self.slots.len() - 1
            });
            self.slots[slot].generation = self.slots[slot].generation.wrapping_add(1);
            self.slots[slot].connection = Some(connection);
            self.watch(slot);
        }
    }

    fn on_event(&mut self, data: u64, events: EpollFlags) {
        let (slot, end) = (((data & 0xffff_ffff) >> 1) as usize, (data & 1) as usize);
        let Some(held) = self.slots.get_mut(slot) else {
            return;
        };
        if token(slot, held.generation, end) != data {
            return;
        }
        let Some(connection) = held.connection.as_mut() else {
            return;
        };
        if connection.on_event(end, events, &mut self.scratch).is_err() || connection.finished() {
            self.close(slot);
        } else {
            self.watch(slot);
        }
    }

    /// Tells epoll what each end is waited for now.
    fn watch(&mut self, slot: usize) {
        let Slot {
            generation,
            connection,
        } = &mut self.slots[slot];
        let Some(connection) = connection.as_mut() else {
            return;
        };
        let mut broken = false;
        for end in 0..2 {
            let wanted = connection.interest(end);
            let mut event = EpollEvent::new(wanted, token(slot, *generation, end));
            let fd = &connection.ends[end];
            // An end that hung up wakes us for ever: it is watched only while it is read from.
            let watch = !(connection.hung[end] && wanted.is_empty());
            let told = match connection.watched[end] {
                Some(_) if !watch => self.epoll.delete(fd),
                Some(flags) if flags != wanted => self.epoll.modify(fd, &mut event),
                None if watch => self.epoll.add(fd, event),
                _ => Ok(()),
            };
            connection.watched[end] = watch.then_some(wanted);
            broken |= told.is_err();
        }
        if broken {
            self.close(slot);
        }
    }

    fn close(&mut self, slot: usize) {
        // Closing the descriptors takes them out of epoll.
        if self.slots[slot].connection.take().is_some() {
            self.free.push(slot);
        }
    }

    fn drop_late(&mut self) {
        for slot in 0..self.slots.len() {
            let late = self.slots[slot]
                .connection
                .as_ref()
                .is_some_and(|held| !held.is_open() && held.since.elapsed() > CONNECT_TIMEOUT);
            if late {
                self.close(slot);
            }
        }
    }
}
