//! One function's instructions with labels, and how they become words: branches reach 4 KiB and
//! are turned into an inverted branch over a jump where that is not enough.

use alloc::vec::Vec;

use crate::encode::{self, Reg, Test};
use crate::limits;
use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// What lies outside of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Function(u32),
    Routine(Routine),
}

/// Out-of-line code that all functions share; see `routines`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    Trap,
    Refill,
    Load16,
    Load32,
    Store16,
    Store32,
}

#[derive(Clone, Copy, Debug)]
pub enum Item {
    Nothing,
    Word(u32),
    Label(Label),
    Branch(Test, Reg, Reg, Label),
    Jump(Label),
    /// A jump out of the function with this link register; `reach` says how long it is.
    Far(Reg, Target),
    /// A function's address into a register: two words.
    Address(Reg, u32),
}

/// Whether all code lies within a jump's reach: decided once for the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Near,
    Far,
}

/// Where words of a function wait for the address of something outside.
#[derive(Clone, Copy, Debug)]
pub enum Patch {
    Far(Reg, Target),
    Address(Reg, u32),
}

#[derive(Default)]
pub struct Assembler {
    pub items: Vec<Item>,
    labels: usize,
}

pub struct Assembled {
    pub words: Vec<u32>,
    /// Index of a word, and what it waits for.
    pub patches: Vec<(usize, Patch)>,
}

impl Assembler {
    pub fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }

    pub fn word(&mut self, word: u32) {
        self.items.push(Item::Word(word));
    }

    pub fn bind(&mut self, label: Label) {
        self.items.push(Item::Label(label));
    }

    pub fn branch(&mut self, test: Test, a: Reg, b: Reg, label: Label) {
        self.items.push(Item::Branch(test, a, b, label));
    }

    pub fn jump(&mut self, label: Label) {
        self.items.push(Item::Jump(label));
    }

    /// `value` into `rd`, by one instruction or two.
    pub fn constant(&mut self, rd: Reg, value: u32) {
        let (upper, low) = encode::split(value);
        if upper == 0 {
            self.word(encode::addi(rd, encode::ZERO, low));
        } else {
            self.word(encode::lui(rd, upper));
            if low != 0 {
                self.word(encode::addi(rd, rd, low));
            }
        }
    }

    pub fn copy(&mut self, rd: Reg, from: Reg) {
        if rd != from {
            self.word(encode::addi(rd, from, 0));
        }
    }

    /// Bytes at most, whatever `Reach` will be.
    pub fn bytes_max(&self) -> usize {
        self.items
            .iter()
            .map(|item| match item {
                Item::Nothing | Item::Label(_) => 0,
                Item::Word(_) | Item::Jump(_) => 4,
                Item::Branch(..) | Item::Far(..) | Item::Address(..) => 8,
            })
            .sum()
    }

    pub fn assemble(&self, reach: Reach) -> Result<Assembled, Refusal> {
        let long = self.long_branches(reach);
        let at = self.label_offsets(reach, &long);
        let mut words = Vec::new();
        let mut patches = Vec::new();
        let distance = |label: Label, words: &Vec<u32>| -> Result<i32, Refusal> {
            let target = *at.get(label.0).ok_or(Refusal::Limit)?;
            Ok(target as i32 - (words.len() * 4) as i32)
        };
        for (index, item) in self.items.iter().enumerate() {
            match *item {
                Item::Nothing | Item::Label(_) => {}
                Item::Word(word) => words.push(word),
                Item::Jump(label) => {
                    let distance = distance(label, &words)?;
                    words.push(encode::jal(encode::ZERO, distance));
                }
                Item::Branch(test, a, b, label) => {
                    if long.get(index) == Some(&true) {
                        words.push(encode::branch(test.inverted(), a, b, 8));
                        let distance = distance(label, &words)?;
                        words.push(encode::jal(encode::ZERO, distance));
                    } else {
                        let distance = distance(label, &words)?;
                        words.push(encode::branch(test, a, b, distance));
                    }
                }
                Item::Far(link, target) => {
                    patches.push((words.len(), Patch::Far(link, target)));
                    words.push(0);
                    if reach == Reach::Far {
                        words.push(0);
                    }
                }
                Item::Address(rd, function) => {
                    patches.push((words.len(), Patch::Address(rd, function)));
                    words.extend([0, 0]);
                }
            }
        }
        if words.len() * 4 > limits::FUNCTION_CODE_MAX {
            return Err(Refusal::Limit);
        }
        Ok(Assembled { words, patches })
    }

    /// Grows branches until all reach. A few rounds do; what would need more gets only long ones,
    /// so that no module can make this slow.
    fn long_branches(&self, reach: Reach) -> Vec<bool> {
        const ROUNDS: usize = 8;
        let mut long: Vec<bool> = alloc::vec![false; self.items.len()];
        for _ in 0..ROUNDS {
            let at = self.label_offsets(reach, &long);
            let mut offset = 0usize;
            let mut grown = false;
            for (index, item) in self.items.iter().enumerate() {
                if let Item::Branch(_, _, _, label) = item {
                    let target = at.get(label.0).copied().unwrap_or(0) as i64;
                    if !long[index] && !(-4096..=4094).contains(&(target - offset as i64)) {
                        long[index] = true;
                        grown = true;
                    }
                }
                offset += size(item, reach, long[index]);
            }
            if !grown {
                return long;
            }
        }
        alloc::vec![true; self.items.len()]
    }

    fn label_offsets(&self, reach: Reach, long: &[bool]) -> Vec<usize> {
        let mut at = alloc::vec![0; self.labels];
        let mut offset = 0;
        for (index, item) in self.items.iter().enumerate() {
            if let Item::Label(label) = item {
                at[label.0] = offset;
            }
            offset += size(item, reach, long[index]);
        }
        at
    }
}

fn size(item: &Item, reach: Reach, long: bool) -> usize {
    match item {
        Item::Nothing | Item::Label(_) => 0,
        Item::Word(_) | Item::Jump(_) => 4,
        Item::Branch(..) => 4 + 4 * usize::from(long),
        Item::Far(..) => 4 + 4 * usize::from(reach == Reach::Far),
        Item::Address(..) => 8,
    }
}
