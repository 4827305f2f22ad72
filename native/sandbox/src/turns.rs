//! Who runs when more guests are in flight than may use a processor. A run that has not had a tick
//! yet goes before those that have, so that a short call does not wait behind endless loops; among
//! either, the peer goes first whose guests have had the least processor time. What a guest computes
//! does not depend on any of it: fuel decides that.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::engine::TICK;

/// One turn in so many goes to who had the least, old or new: floods of short runs starve nobody.
const FAIR_TURN: u32 = 8;
/// Peers remembered that have nothing in flight; then those with the least used are forgotten.
const IDLE_PEERS_MAX: usize = 256;

struct Waiter {
    granted: AtomicBool,
    thread: Thread,
}

/// Runs that had no tick yet, then those that had: the first go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Age {
    New,
    Old,
}

/// What one peer has in flight here.
#[derive(Default)]
struct Peer {
    new: VecDeque<Arc<Waiter>>,
    old: VecDeque<Arc<Waiter>>,
    /// Guests that hold a turn.
    running: usize,
    /// Processor time of its guests; who comes anew starts level with the least of the busy.
    used: Duration,
}

impl Peer {
    fn waits(&self) -> bool {
        !self.new.is_empty() || !self.old.is_empty()
    }

    fn age(&self) -> Age {
        if self.new.is_empty() {
            Age::Old
        } else {
            Age::New
        }
    }

    /// The newest of the new, so that a burst does not stand before who comes after it; then the old
    /// in turn.
    fn next(&mut self) -> Option<Arc<Waiter>> {
        self.new.pop_back().or_else(|| self.old.pop_front())
    }
}

#[derive(Default)]
struct State {
    free: usize,
    peers: HashMap<u32, Peer>,
    /// Turns given so far.
    given: u32,
}

impl State {
    /// The peer that is next: what it has to run, its used time, its number.
    fn first(&self) -> Option<(Age, Duration, u32)> {
        let fair = (self.given + 1).is_multiple_of(FAIR_TURN);
        self.peers
            .iter()
            .filter(|(_, peer)| peer.waits())
            .map(|(&id, peer)| (if fair { Age::New } else { peer.age() }, peer.used, id))
            .min()
    }

    /// The peer, level with the busy if it was away: what it saved up in idle time is not owed to it.
    fn enter(&mut self, id: u32) -> &mut Peer {
        let floor = self
            .peers
            .values()
            .filter(|peer| peer.running > 0 || peer.waits())
            .map(|peer| peer.used)
            .min();
        let peer = self.peers.entry(id).or_default();
        if let Some(floor) = floor
            && peer.running == 0
            && !peer.waits()
        {
            peer.used = peer.used.max(floor);
        }
        peer
    }

    /// A turn of `id` that took so long is over.
    fn leave(&mut self, id: u32, took: Duration) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.used += took;
            peer.running -= 1;
        }
    }

    /// The next waiter of a peer, as one that runs.
    fn take(&mut self, id: u32) -> Option<Arc<Waiter>> {
        let peer = self.peers.get_mut(&id)?;
        let waiter = peer.next()?;
        peer.running += 1;
        self.given = self.given.wrapping_add(1) % FAIR_TURN;
        Some(waiter)
    }

    /// Hands a turn to who is next; keeps it if nobody waits.
    fn pass(&mut self) -> Option<Arc<Waiter>> {
        let next = self.first().and_then(|(_, _, id)| self.take(id));
        if next.is_none() {
            self.free += 1;
            self.forget();
        }
        next
    }

    /// Nobody waits: of the peers that are away, only what may still matter is kept.
    fn forget(&mut self) {
        if self.peers.values().all(|peer| peer.running == 0) {
            self.peers.clear();
        } else if self.peers.len() > IDLE_PEERS_MAX {
            let mut used: Vec<_> = self.peers.values().map(|peer| peer.used).collect();
            used.sort_unstable();
            let middle = used[used.len() / 2];
            self.peers
                .retain(|_, peer| peer.running > 0 || peer.waits() || peer.used > middle);
        }
    }
}

fn wake(waiter: &Waiter) {
    waiter.granted.store(true, Ordering::Release);
    waiter.thread.unpark();
}

pub struct Turns {
    state: Mutex<State>,
    /// Makes running guests call `tick`, now.
    nudge: Box<dyn Fn() + Send + Sync>,
}

thread_local! {
    /// Since when this thread's guest has its turn.
    static SINCE: Cell<Instant> = Cell::new(Instant::now());
    /// What the guest had before that.
    static BEFORE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A turn held; passed on when dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    peer: u32,
}

impl Turns {
    /// `parallel` guests use a processor at once; `nudge` makes them all call `tick`.
    pub fn new(parallel: usize, nudge: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State {
            free: parallel,
            ..State::default()
        };
        Turns {
            state: Mutex::new(state),
            nudge: Box::new(nudge),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under the lock; a poisoned one still holds a sound state.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits for the first turn of a run of `peer`.
    pub fn begin(&self, peer: u32) -> Turn<'_> {
        let mut state = self.lock();
        let free = state.free > 0;
        let entered = state.enter(peer);
        if free {
            entered.running += 1;
            state.free -= 1;
            drop(state);
        } else {
            let waiter = waiter();
            entered.new.push_back(waiter.clone());
            drop(state);
            // Whoever has had more than its share makes room at once.
            (self.nudge)();
            park(&waiter);
        }
        SINCE.set(Instant::now());
        BEFORE.set(Duration::ZERO);
        Turn { turns: self, peer }
    }

    /// Called by a run of `peer` that holds a turn, at every tick and nudge: whose peer has used less
    /// goes first.
    pub fn tick(&self, peer: u32) {
        let mut state = self.lock();
        let now = Instant::now();
        let took = now - SINCE.replace(now);
        state.leave(peer, took);
        let used = state.peers.get(&peer).map_or(took, |own| own.used);
        let had = BEFORE.get() + took;
        BEFORE.set(had);
        let age = if had < TICK { Age::New } else { Age::Old };
        let next = state
            .first()
            .filter(|&(first, least, id)| {
                (first, least) < (age, used) || (id == peer && age == Age::Old)
            })
            .and_then(|(_, _, id)| state.take(id));
        let own = state.peers.entry(peer).or_default();
        let Some(next) = next else {
            own.running += 1;
            return;
        };
        let waiter = waiter();
        match age {
            Age::New => own.new.push_front(waiter.clone()),
            Age::Old => own.old.push_back(waiter.clone()),
        }
        drop(state);
        wake(&next);
        park(&waiter);
        SINCE.set(Instant::now());
    }
}

fn waiter() -> Arc<Waiter> {
    Arc::new(Waiter {
        granted: AtomicBool::new(false),
        thread: thread::current(),
    })
}

fn park(waiter: &Waiter) {
    while !waiter.granted.load(Ordering::Acquire) {
        thread::park();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.leave(self.peer, SINCE.get().elapsed());
        let next = state.pass();
        drop(state);
        if let Some(next) = next {
            wake(&next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn turns(parallel: usize) -> Arc<Turns> {
        Arc::new(Turns::new(parallel, || ()))
    }

    /// Runs of `peer` that tick for ever, until `stop`.
    fn loops(
        turns: &Arc<Turns>,
        stop: &Arc<AtomicBool>,
        peer: u32,
        count: usize,
    ) -> Vec<thread::JoinHandle<()>> {
        (0..count)
            .map(|_| {
                let (turns, stop) = (turns.clone(), stop.clone());
                thread::spawn(move || {
                    let _turn = turns.begin(peer);
                    while !stop.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_micros(200));
                        turns.tick(peer);
                    }
                })
            })
            .collect()
    }

    fn old(turns: &Turns) -> usize {
        turns.lock().peers.values().map(|peer| peer.old.len()).sum()
    }

    #[test]
    fn no_more_run_at_once_than_may_and_all_end() {
        let turns = turns(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..16)
            .map(|at| {
                let (turns, running, most) = (turns.clone(), running.clone(), most.clone());
                thread::spawn(move || {
                    let _turn = turns.begin(at % 3);
                    for _ in 0..50 {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        turns.tick(at % 3);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(turns.lock().free, 2);
        assert!(turns.lock().peers.is_empty());
    }

    #[test]
    fn a_new_run_goes_before_the_old_ones_of_its_peer() {
        let (turns, stop) = (turns(1), Arc::new(AtomicBool::new(false)));
        let loops = loops(&turns, &stop, 1, 8);
        // All eight have had a tick and take turns.
        while old(&turns) < 7 {
            thread::yield_now();
        }
        let short = turns.begin(1);
        assert!(old(&turns) >= 7);
        drop(short);
        stop.store(true, Ordering::SeqCst);
        for thread in loops {
            thread.join().unwrap();
        }
    }

    #[test]
    fn who_used_least_goes_first_and_who_comes_starts_level_with_the_least() {
        let mut state = State::default();
        for (id, used) in [(1, 50), (2, 30), (3, 40)] {
            let peer = state.enter(id);
            peer.used = Duration::from_millis(used);
            peer.new.push_back(waiter());
        }
        assert_eq!(
            state.first(),
            Some((Age::New, Duration::from_millis(30), 2))
        );
        // A newcomer saved nothing up; who is indebted stays so while others are busy.
        assert_eq!(state.enter(4).used, Duration::from_millis(30));
        state.enter(5).used = Duration::from_secs(9);
        assert_eq!(state.enter(5).used, Duration::from_secs(9));
        assert!(state.take(2).is_some());
        assert_eq!(
            state.first(),
            Some((Age::New, Duration::from_millis(40), 3))
        );
        state.leave(2, Duration::from_millis(100));
        assert_eq!(state.peers[&2].used, Duration::from_millis(130));
    }

    #[test]
    fn what_had_its_tick_waits_for_what_had_none_but_not_for_ever() {
        let mut state = State::default();
        state.enter(1).old.push_back(waiter());
        let flood = state.enter(2);
        flood.used = Duration::from_secs(1);
        let mut given = Vec::new();
        for _ in 0..FAIR_TURN {
            state.enter(2).new.push_back(waiter());
            let (_, _, id) = state.first().unwrap();
            assert!(state.take(id).is_some());
            given.push(id);
        }
        assert_eq!(given.iter().filter(|&&id| id == 1).count(), 1);
        assert_eq!(given.last(), Some(&1));
    }

    #[test]
    fn peers_that_are_away_are_forgotten_within_bounds() {
        let mut state = State::default();
        state.enter(0).running = 1;
        for id in 1..2000 {
            state.enter(id).used = Duration::from_millis(u64::from(id));
            state.forget();
            assert!(state.peers.len() <= IDLE_PEERS_MAX + 1);
        }
        assert!(state.peers.contains_key(&0));
        assert!(state.peers.contains_key(&1999));
        state.leave(0, Duration::ZERO);
        state.forget();
        assert!(state.peers.is_empty());
    }
}
