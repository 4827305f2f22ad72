//! Who runs when more guests are in flight than may use a processor. A new run goes before those
//! that have had their tick, so that a short call does not wait behind endless loops; those take
//! turns among themselves. What a guest computes does not depend on it: fuel decides that.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};

/// One turn in so many goes to an old run though new ones wait: floods starve nobody.
const OLD_TURN: u32 = 8;

struct Waiter {
    granted: AtomicBool,
    thread: Thread,
}

#[derive(Default)]
struct State {
    free: usize,
    new: VecDeque<Arc<Waiter>>,
    old: VecDeque<Arc<Waiter>>,
    /// Turns given so far.
    given: u32,
}

impl State {
    /// The newest of the new, so that a burst of loops does not stand before who comes after it;
    /// now and then the oldest of all.
    fn next(&mut self) -> Option<Arc<Waiter>> {
        self.given = self.given.wrapping_add(1);
        if !self.given.is_multiple_of(OLD_TURN)
            && let Some(waiter) = self.new.pop_back()
        {
            return Some(waiter);
        }
        self.old.pop_front().or_else(|| self.new.pop_front())
    }

    /// Hands a turn to who is next; keeps it if nobody waits.
    fn pass(&mut self) {
        match self.next() {
            None => self.free += 1,
            Some(waiter) => {
                waiter.granted.store(true, Ordering::Release);
                waiter.thread.unpark();
            }
        }
    }
}

pub struct Turns {
    state: Mutex<State>,
}

/// A turn held; passed on when dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
}

impl Turns {
    /// `parallel` guests use a processor at once.
    pub fn new(parallel: usize) -> Self {
        let state = State {
            free: parallel,
            ..State::default()
        };
        Turns {
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under the lock; a poisoned one still holds a sound state.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits for the first turn of a run.
    pub fn begin(&self) -> Turn<'_> {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return Turn { turns: self };
        }
        let waiter = Self::waiter();
        state.new.push_back(waiter.clone());
        drop(state);
        Self::park(&waiter);
        Turn { turns: self }
    }

    /// Called by a run that holds a turn, at every tick: lets others go first.
    pub fn tick(&self) {
        let mut state = self.lock();
        let Some(next) = state.next() else { return };
        let waiter = Self::waiter();
        state.old.push_back(waiter.clone());
        drop(state);
        next.granted.store(true, Ordering::Release);
        next.thread.unpark();
        Self::park(&waiter);
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
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().pass();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    #[test]
    fn no_more_run_at_once_than_may_and_all_end() {
        let turns = Arc::new(Turns::new(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let (turns, running, most) = (turns.clone(), running.clone(), most.clone());
                thread::spawn(move || {
                    let _turn = turns.begin();
                    for _ in 0..50 {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        turns.tick();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(turns.lock().free, 2);
    }

    #[test]
    fn a_new_run_goes_before_an_old_one() {
        let turns = Arc::new(Turns::new(1));
        let stop = Arc::new(AtomicBool::new(false));
        let loops: Vec<_> = (0..8)
            .map(|_| {
                let (turns, stop) = (turns.clone(), stop.clone());
                thread::spawn(move || {
                    let _turn = turns.begin();
                    while !stop.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_micros(200));
                        turns.tick();
                    }
                })
            })
            .collect();
        // All eight have had a tick and take turns.
        while turns.lock().old.len() < 7 {
            thread::yield_now();
        }
        let short = turns.begin();
        assert!(turns.lock().old.len() >= 7);
        drop(short);
        stop.store(true, Ordering::SeqCst);
        for thread in loops {
            thread.join().unwrap();
        }
    }
}
