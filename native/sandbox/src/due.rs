//! Times that a guest waits for, by number; a number is used again when its pollable is dropped.

/// 0 stands for what is ready at once; number n is at n - 1.
#[derive(Default)]
pub struct Due {
    times_ns: Vec<u64>,
    free: Vec<u32>,
}

impl Due {
    pub fn add(&mut self, due_ns: u64) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.times_ns[number as usize - 1] = due_ns;
                number
            }
            None => {
                self.times_ns.push(due_ns);
                self.times_ns.len() as u32
            }
        }
    }

    pub fn get(&self, number: u32) -> u64 {
        let at = (number as usize).checked_sub(1);
        at.and_then(|at| self.times_ns.get(at).copied())
            .unwrap_or(0)
    }

    pub fn remove(&mut self, number: u32) {
        if number != 0 {
            self.free.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again() {
        let mut due = Due::default();
        let (first, second) = (due.add(5), due.add(7));
        assert_eq!((due.get(first), due.get(second), due.get(0)), (5, 7, 0));
        due.remove(first);
        due.remove(0);
        assert_eq!(due.add(9), first);
        assert_eq!((due.get(first), due.get(second)), (9, 7));
        assert_ne!(due.add(1), 0);
    }
}
