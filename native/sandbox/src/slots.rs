//! What lies behind numbers that a guest holds as resources; a number is used again when its
//! resource is dropped. Wasmtime bounds how many resources there are.

/// Number n stands for the value at n - 1; 0 is left to what needs no value.
pub struct Slots<T> {
    values: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots {
            values: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    pub fn add(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.values[number as usize - 1] = value;
                number
            }
            None => {
                self.values.push(value);
                self.values.len() as u32
            }
        }
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.values.get_mut((number as usize).checked_sub(1)?)
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        self.values.get((number as usize).checked_sub(1)?)
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
        let mut slots = Slots::default();
        let (first, second) = (slots.add(5), slots.add(7));
        assert_eq!(
            (slots.get(first), slots.get(second), slots.get(0)),
            (Some(&5), Some(&7), None)
        );
        slots.remove(first);
        slots.remove(0);
        assert_eq!(slots.add(9), first);
        assert_eq!((slots.get(first), slots.get(second)), (Some(&9), Some(&7)));
        assert_ne!(slots.add(1), 0);
    }
}
