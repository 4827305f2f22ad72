//! Who runs when more guests are in flight than may use a processor. Runs that have not had a tick
//! yet and runs that have take turns apart, each kind with as many turns: a short call never waits
//! for an endless loop to step back. Among either kind, the peer goes first whose guests have had the
//! least processor time. The old kind also leaves one core of the machine alone, so that the system
//! always has one at once for who is new and for the node. What a guest computes does not depend on
//! any of it: fuel decides that.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::cores::Cores;
use crate::engine::TICK;

/// Peers remembered that have nothing in flight; then those with the least used are forgotten.
const IDLE_PEERS_MAX: usize = 256;

struct Waiter {
    granted: AtomicBool,
    thread: Thread,
}

/// Runs that had no tick yet, and those that had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

    fn queue(&mut self, age: Age) -> &mut VecDeque<Arc<Waiter>> {
        match age {
            Age::New => &mut self.new,
            Age::Old => &mut self.old,
        }
    }

    /// The newest of the new, so that a burst does not stand before who comes after it; of the old,
    /// who waits longest.
    fn next(&mut self, age: Age) -> Option<Arc<Waiter>> {
        match age {
            Age::New => self.new.pop_back(),
            Age::Old => self.old.pop_front(),
        }
    }
}

#[derive(Default)]
struct State {
    free_new: usize,
    free_old: usize,
    peers: HashMap<u32, Peer>,
}

impl State {
    fn free(&mut self, age: Age) -> &mut usize {
        match age {
            Age::New => &mut self.free_new,
            Age::Old => &mut self.free_old,
        }
    }

    /// The peer that is next of those that wait: its used time, its number.
    fn first(&mut self, age: Age) -> Option<(Duration, u32)> {
        self.peers
            .iter_mut()
            .filter_map(|(&id, peer)| (!peer.queue(age).is_empty()).then_some((peer.used, id)))
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
    fn take(&mut self, id: u32, age: Age) -> Option<Arc<Waiter>> {
        let peer = self.peers.get_mut(&id)?;
        let waiter = peer.next(age)?;
        peer.running += 1;
        Some(waiter)
    }

    /// Hands a turn to who is next; keeps it if nobody waits.
    fn pass(&mut self, age: Age) -> Option<Arc<Waiter>> {
        let next = self.first(age).and_then(|(_, id)| self.take(id, age));
        if next.is_none() {
            *self.free(age) += 1;
            self.forget();
        }
        next
    }

    /// Takes a free turn for `id`, or queues it: `Some` must then be waited for.
    fn claim(&mut self, id: u32, age: Age) -> Option<Arc<Waiter>> {
        let free = self.free(age);
        if *free > 0 {
            *free -= 1;
            self.peers.entry(id).or_default().running += 1;
            return None;
        }
        let waiter = waiter();
        let queue = self.peers.entry(id).or_default().queue(age);
        queue.push_back(waiter.clone());
        Some(waiter)
    }

    /// Nobody waits: of the peers that are away, only what may still matter is kept.
    fn forget(&mut self) {
        let away = |peer: &Peer| peer.running == 0 && !peer.waits();
        if self.peers.values().all(away) {
            self.peers.clear();
        } else if self.peers.len() > IDLE_PEERS_MAX {
            let mut used: Vec<_> = self.peers.values().map(|peer| peer.used).collect();
            used.sort_unstable();
            let middle = used[used.len() / 2];
            self.peers
                .retain(|_, peer| !away(peer) || peer.used > middle);
        }
    }
}

fn wake(waiter: Option<Arc<Waiter>>) {
    if let Some(waiter) = waiter {
        waiter.granted.store(true, Ordering::Release);
        waiter.thread.unpark();
    }
}

pub struct Turns {
    state: Mutex<State>,
    cores: Cores,
    /// Makes running guests call `tick`, now.
    nudge: Box<dyn Fn() + Send + Sync>,
}

thread_local! {
    /// Since when this thread's guest has its turn.
    static SINCE: Cell<Instant> = Cell::new(Instant::now());
    /// What the guest had before that.
    static BEFORE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Which kind of turn it holds.
    static AGE: Cell<Age> = const { Cell::new(Age::New) };
}

/// A turn held; passed on when dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    peer: u32,
}

impl Turns {
    /// `parallel` guests of each kind use a processor at once; `nudge` makes them all call `tick`.
    pub fn new(parallel: usize, nudge: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State {
            free_new: parallel,
            free_old: parallel,
            ..State::default()
        };
        Turns {
            state: Mutex::new(state),
            cores: Cores::of_this_machine(),
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
        state.enter(peer);
        let queued = state.claim(peer, Age::New);
        drop(state);
        if let Some(waiter) = queued {
            // Whoever has had more than its share makes room at once.
            (self.nudge)();
            park(&waiter);
        }
        SINCE.set(Instant::now());
        BEFORE.set(Duration::ZERO);
        AGE.set(Age::New);
        Turn { turns: self, peer }
    }

    /// Called by a run of `peer` that holds a turn, at every tick and nudge: whose peer has used less
    /// goes first, and a run that had its tick goes on among the old.
    pub fn tick(&self, peer: u32) {
        let mut state = self.lock();
        let now = Instant::now();
        let took = now - SINCE.replace(now);
        let had = BEFORE.get() + took;
        BEFORE.set(had);
        state.leave(peer, took);
        if AGE.get() == Age::New && had >= TICK {
            let next = state.pass(Age::New);
            let queued = state.claim(peer, Age::Old);
            drop(state);
            wake(next);
            if let Some(waiter) = queued {
                park(&waiter);
            }
            AGE.set(Age::Old);
            self.cores.leave_one_alone();
            SINCE.set(Instant::now());
            return;
        }
        let age = AGE.get();
        let used = state.peers.get(&peer).map_or(took, |own| own.used);
        let next = state
            .first(age)
            .filter(|&(least, id)| least < used || (id == peer && age == Age::Old))
            .and_then(|(_, id)| state.take(id, age));
        let own = state.peers.entry(peer).or_default();
        if next.is_none() {
            own.running += 1;
            return;
        }
        let waiter = waiter();
        match age {
            Age::New => own.new.push_front(waiter.clone()),
            Age::Old => own.old.push_back(waiter.clone()),
        }
        drop(state);
        wake(next);
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
        let age = AGE.get();
        let mut state = self.turns.lock();
        state.leave(self.peer, SINCE.get().elapsed());
        let next = state.pass(age);
        drop(state);
        wake(next);
        if age == Age::Old {
            self.turns.cores.take_all();
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
        // Two that are new and two that are not.
        assert!(most.load(Ordering::SeqCst) <= 4);
        assert_eq!(turns.lock().free_new, 2);
        assert_eq!(turns.lock().free_old, 2);
        assert!(turns.lock().peers.is_empty());
    }

    #[test]
    fn a_new_run_does_not_wait_for_an_old_one_that_never_ticks_again() {
        let turns = turns(1);
        let (aged, stop) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (theirs, their_aged, their_stop) = (turns.clone(), aged.clone(), stop.clone());
        let stuck = thread::spawn(move || {
            let _turn = theirs.begin(1);
            thread::sleep(2 * TICK);
            theirs.tick(1);
            their_aged.store(true, Ordering::SeqCst);
            while !their_stop.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        });
        while !aged.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        // Would wait for ever if there were one kind of turn.
        drop(turns.begin(1));
        drop(turns.begin(2));
        stop.store(true, Ordering::SeqCst);
        stuck.join().unwrap();
    }

    #[test]
    fn loops_take_turns_and_all_get_on() {
        let (turns, stop) = (turns(1), Arc::new(AtomicBool::new(false)));
        let loops: Vec<_> = (1..=3)
            .flat_map(|peer| loops(&turns, &stop, peer, 3))
            .collect();
        // One holds the turn of the old, the others wait for it.
        while old(&turns) < 8 {
            thread::yield_now();
        }
        drop(turns.begin(1));
        stop.store(true, Ordering::SeqCst);
        for thread in loops {
            thread.join().unwrap();
        }
        assert!(turns.lock().peers.is_empty());
    }

    #[test]
    fn who_used_least_goes_first_and_who_comes_starts_level_with_the_least() {
        let mut state = State::default();
        for (id, used) in [(1, 50), (2, 30), (3, 40)] {
            let peer = state.enter(id);
            peer.used = Duration::from_millis(used);
            peer.new.push_back(waiter());
        }
        assert_eq!(state.first(Age::New), Some((Duration::from_millis(30), 2)));
        assert_eq!(state.first(Age::Old), None);
        // A newcomer saved nothing up; who is indebted stays so while others are busy.
        assert_eq!(state.enter(4).used, Duration::from_millis(30));
        state.enter(5).used = Duration::from_secs(9);
        assert_eq!(state.enter(5).used, Duration::from_secs(9));
        assert!(state.take(2, Age::New).is_some());
        assert_eq!(state.first(Age::New), Some((Duration::from_millis(40), 3)));
        state.leave(2, Duration::from_millis(100));
        assert_eq!(state.peers[&2].used, Duration::from_millis(130));
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
