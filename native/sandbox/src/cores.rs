//! Which cores the calling thread may use. Where there are several, long runs do without the first.

use std::mem;

/// The cores of this machine, and those that are left to long runs.
pub struct Cores {
    /// `None` where there is one core only, or where the system does not say: then nothing changes.
    sets: Option<(libc::cpu_set_t, libc::cpu_set_t)>,
}

impl Cores {
    /// Those that this process may use when it starts.
    pub fn of_this_machine() -> Self {
        // SAFETY: a set of cores is plain bits; the call writes at most its size.
        let all = unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            (libc::sched_getaffinity(0, mem::size_of_val(&set), &mut set) == 0).then_some(set)
        };
        let sets = all.and_then(|all| Some((all, without_first(all)?)));
        Cores { sets }
    }

    /// The calling thread does without one core from now on.
    pub fn leave_one_alone(&self) {
        if let Some((_, some)) = &self.sets {
            restrict(some);
        }
    }

    /// The calling thread may use every core again.
    pub fn take_all(&self) {
        if let Some((all, _)) = &self.sets {
            restrict(all);
        }
    }
}

/// What is left without the first core of the set, if anything is.
fn without_first(mut set: libc::cpu_set_t) -> Option<libc::cpu_set_t> {
    // SAFETY: plain bit operations within the set's own size.
    unsafe {
        let first = (0..libc::CPU_SETSIZE as usize).find(|&core| libc::CPU_ISSET(core, &set))?;
        libc::CPU_CLR(first, &mut set);
        (libc::CPU_COUNT(&set) > 0).then_some(set)
    }
}

/// A refusal changes nothing but how soon others are served.
fn restrict(set: &libc::cpu_set_t) {
    // SAFETY: 0 is the calling thread; the set is read within its size.
    unsafe {
        libc::sched_setaffinity(0, mem::size_of_val(set), set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cores: &[usize]) -> libc::cpu_set_t {
        // SAFETY: plain bits.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            for &core in cores {
                libc::CPU_SET(core, &mut set);
            }
            set
        }
    }

    #[test]
    fn one_core_is_left_alone_where_there_are_several() {
        // SAFETY: compares two sets.
        let equal = |a: &_, b: &_| unsafe { libc::CPU_EQUAL(a, b) };
        assert!(equal(
            &without_first(set(&[2, 3, 9])).unwrap(),
            &set(&[3, 9])
        ));
        assert!(without_first(set(&[5])).is_none());
        assert!(without_first(set(&[])).is_none());
    }

    #[test]
    fn a_thread_gives_the_core_up_and_takes_it_again() {
        let cores = Cores::of_this_machine();
        let Some((all, some)) = cores.sets else {
            return;
        };
        let now = || Cores::of_this_machine().sets.map(|(now, _)| now);
        // SAFETY: compares two sets.
        let equal = |a: &_, b: &_| unsafe { libc::CPU_EQUAL(a, b) };
        // SAFETY: counts a set.
        let alone = unsafe { libc::CPU_COUNT(&some) } == 1;
        cores.leave_one_alone();
        assert!(alone && now().is_none() || now().is_some_and(|now| equal(&now, &some)));
        cores.take_all();
        assert!(now().is_some_and(|now| equal(&now, &all)));
    }
}
