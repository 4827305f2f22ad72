//! Joins listening sockets to others, stream by stream: bytes untouched, backpressure and
//! half-close passed on, in one thread however many streams there are.

use crate::connection::{Connection, Shared, WRITE_BYTES_MAX};
use crate::pipes::Pipes;
use crate::socket::{Address, connect_to, listen_on};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{SockFlag, SockaddrStorage, accept4, getpeername, setsockopt, sockopt};
use std::collections::HashMap;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a bridge lets through; streams beyond it are closed as they come.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    /// From one address of the outside.
    pub per_source: usize,
    /// A stream whose far end does not answer is dropped after this long.
    pub connect_timeout: Duration,
    /// A stream without a byte in either direction is dropped after this long.
    pub idle_timeout: Option<Duration>,
}

/// Between the two sides of vsock.
pub const VSOCK_LIMITS: Limits = Limits {
    connections: 4096,
    per_source: usize::MAX,
    connect_timeout: Duration::from_secs(5),
    idle_timeout: None,
};

/// Numbers of streams and bytes, nothing about their content.
#[derive(Default)]
pub struct Counters {
    pub opened: AtomicU64,
    pub closed: AtomicU64,
    pub refused: AtomicU64,
    pub unreachable: AtomicU64,
    /// Of closed streams, from the outside in and the other way.
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    /// Set from without: nothing new is accepted.
    pub draining: AtomicBool,
}

/// Reads of a bridge that may splice, bytes.
const READ_BYTES: usize = 64 * 1024;
const TICK_MS: u16 = 1_000;
const EVENTS: usize = 64;
/// Accepted from one listener before others have their turn.
const ACCEPTS: usize = 16;

/// Streams accepted on the one are joined to the other.
pub struct Route {
    pub listen: Address,
    pub to: Address,
}

/// Streams accepted on the one are joined to one of several: always the same for one source, as long
/// as it takes them.
pub struct SharedRoute {
    pub listen: Address,
    pub to: Vec<Address>,
}

impl From<Route> for SharedRoute {
    fn from(route: Route) -> Self {
        SharedRoute {
            listen: route.listen,
            to: vec![route.to],
        }
    }
}

struct Slot {
    /// Counts the connections that this slot has held, so that a late event finds none.
    generation: u32,
    connection: Option<Connection>,
    source: Option<IpAddr>,
    /// Bytes moved when last looked at, and when that was new.
    seen: (u64, Instant),
}

pub struct Bridge {
    epoll: Epoll,
    listeners: Vec<(OwnedFd, Vec<Address>)>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    shared: Shared,
    limits: Limits,
    counters: Arc<Counters>,
    by_source: HashMap<IpAddr, usize>,
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
        let shared = Shared {
            scratch: vec![0; WRITE_BYTES_MAX],
            pipes: None,
        };
        let routes = routes.into_iter().map(SharedRoute::from).collect();
        Self::with(routes, VSOCK_LIMITS, Arc::default(), shared)
    }

    /// The same for streams that come over TCP and go to a unix socket: bulk is spliced.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn spliced(
        routes: Vec<SharedRoute>,
        limits: Limits,
        counters: Arc<Counters>,
    ) -> Result<Self, Errno> {
        let shared = Shared {
            scratch: vec![0; READ_BYTES],
            pipes: Some(Pipes::default()),
        };
        Self::with(routes, limits, counters, shared)
    }

    fn with(
        routes: Vec<SharedRoute>,
        limits: Limits,
        counters: Arc<Counters>,
        shared: Shared,
    ) -> Result<Self, Errno> {
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
            shared,
            limits,
            counters,
            by_source: HashMap::new(),
        })
    }

    /// Port of the first listener, if it is a TCP one.
    pub fn port(&self) -> Option<u16> {
        let (fd, _) = self.listeners.first()?;
        let address = nix::sys::socket::getsockname::<SockaddrStorage>(fd.as_raw_fd()).ok()?;
        address
            .as_sockaddr_in()
            .map(|v4| v4.port())
            .or_else(|| address.as_sockaddr_in6().map(|v6| v6.port()))
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
                self.drop_late(last_tick);
                if self.counters.draining.load(Ordering::Relaxed) {
                    self.listeners.clear();
                }
            }
        }
    }

    fn accept(&mut self, listener: usize) {
        for _ in 0..ACCEPTS {
            let Some((fd, to)) = self.listeners.get(listener) else {
                return;
            };
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let Ok(accepted) = accept4(fd.as_raw_fd(), flags) else {
                return;
            };
            // SAFETY: accept4 has just made this descriptor, and nothing else owns it.
            let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
            let source = source_of(&accepted);
            let from_source = source.and_then(|from| self.by_source.get(&from));
            if self.slots.len() - self.free.len() >= self.limits.connections
                || from_source.is_some_and(|open| *open >= self.limits.per_source)
            {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let order = source.map_or_else(
                || (0..to.len()).collect(),
                |from| ranked(&from.to_string(), to.len()),
            );
            let reached = order.iter().find_map(|&at| {
                let connected = connect_to(&to[at]).ok()?;
                Some((connected, &to[at]))
            });
            let Some((connected, to)) = reached else {
                self.counters.unreachable.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if let Some(from) = source {
                // Short messages leave at once; a connection that is gone already shows it later.
                let _ = setsockopt(&accepted, sockopt::TcpNoDelay, &true);
                *self.by_source.entry(from).or_default() += 1;
            }
            self.counters.opened.fetch_add(1, Ordering::Relaxed);
            let now = Instant::now();
            let connection = Connection::new(accepted, connected, to, now);
            let slot = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot {
                    generation: 0,
                    connection: None,
                    source: None,
                    seen: (0, now),
                });
                self.slots.len() - 1
            });
            let held = &mut self.slots[slot];
            held.generation = held.generation.wrapping_add(1);
            held.connection = Some(connection);
            held.source = source;
            held.seen = (0, now);
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
        if connection.on_event(end, events, &mut self.shared).is_err() || connection.finished() {
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
            ..
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
        let held = &mut self.slots[slot];
        // Closing the descriptors takes them out of epoll.
        let Some(mut connection) = held.connection.take() else {
            return;
        };
        connection.release(&mut self.shared);
        let counters = &self.counters;
        if !connection.is_open() {
            counters.unreachable.fetch_add(1, Ordering::Relaxed);
        }
        let moved = |from| connection.moved(from);
        counters.bytes_in.fetch_add(moved(0), Ordering::Relaxed);
        counters.bytes_out.fetch_add(moved(1), Ordering::Relaxed);
        counters.closed.fetch_add(1, Ordering::Relaxed);
        if let Some(source) = held.source.take()
            && let Some(open) = self.by_source.get_mut(&source)
        {
            *open -= 1;
            if *open == 0 {
                self.by_source.remove(&source);
            }
        }
        self.free.push(slot);
    }

    fn drop_late(&mut self, now: Instant) {
        for slot in 0..self.slots.len() {
            let Slot {
                connection: Some(held),
                seen,
                ..
            } = &mut self.slots[slot]
            else {
                continue;
            };
            let moved = held.moved(0) + held.moved(1);
            if moved != seen.0 {
                *seen = (moved, now);
            } else {
                held.rest(&mut self.shared);
            }
            let late = if held.is_open() {
                let idle = now.saturating_duration_since(seen.1);
                self.limits.idle_timeout.is_some_and(|most| idle > most)
            } else {
                held.since.elapsed() > self.limits.connect_timeout
            };
            if late {
                self.close(slot);
            }
        }
    }
}

/// Rendezvous hashing: the order in which a source tries `count` targets. If one is lost, only its own
/// sources go elsewhere, and they come back with it.
pub fn ranked(source: &str, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| std::cmp::Reverse((weight(source, *index), *index)));
    order
}

/// FNV-1a over `source#index`, mixed as `MurmurHash3` ends: near keys, far weights.
fn weight(source: &str, index: usize) -> u32 {
    let mut hash = format!("{source}#{index}")
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Where a stream of the outside comes from; none for other sockets.
fn source_of(accepted: &OwnedFd) -> Option<IpAddr> {
    let address = getpeername::<SockaddrStorage>(accepted.as_raw_fd()).ok()?;
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(IpAddr::V4(v4.ip()));
    }
    Some(IpAddr::V6(address.as_sockaddr_in6()?.ip()))
}
