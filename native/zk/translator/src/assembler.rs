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
    /// A jump between the two parts of the function.
    Across(Spot),
}

#[derive(Default)]
pub struct Assembler {
    pub items: Vec<Item>,
    /// The first item of what is rare. It is placed behind the rare parts of the functions before, far
    /// from what is usual: a page of code that is not read costs nothing.
    pub rare: usize,
    labels: usize,
}

/// Where in a function's code: in its rare part or not, and bytes from that part's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    pub rare: bool,
    pub at: usize,
}

/// One part of a function.
#[derive(Default)]
pub struct Part {
    pub words: Vec<u32>,
    /// Index of a word, and what it waits for.
    pub patches: Vec<(usize, Patch)>,
}

#[derive(Default)]
pub struct Assembled {
    pub usual: Part,
    pub rare: Part,
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
        let labels = self.label_spots(reach, &long);
        let mut assembled = Assembled::default();
        for (index, item) in self.items.iter().enumerate() {
            let rare = self.is_rare(index, reach);
            let part = if rare {
                &mut assembled.rare
            } else {
                &mut assembled.usual
            };
            let here = Spot {
                rare,
                at: part.words.len() * 4,
            };
            let target = |label: Label| labels.get(label.0).copied().ok_or(Refusal::Limit);
            match *item {
                Item::Nothing | Item::Label(_) => {}
                Item::Word(word) => part.words.push(word),
                Item::Jump(label) => part.jump(here, target(label)?),
                Item::Branch(test, a, b, label) if long.get(index) == Some(&true) => {
                    part.words.push(encode::branch(test.inverted(), a, b, 8));
                    let at = here.at + 4;
                    part.jump(Spot { rare, at }, target(label)?);
                }
                Item::Branch(test, a, b, label) => {
                    let distance = target(label)?.at as i32 - here.at as i32;
                    part.words.push(encode::branch(test, a, b, distance));
                }
                Item::Far(link, target) => {
                    let words = if reach == Reach::Far { 2 } else { 1 };
                    part.wait(Patch::Far(link, target), words);
                }
                Item::Address(rd, function) => part.wait(Patch::Address(rd, function), 2),
            }
        }
        let words = assembled.usual.words.len() + assembled.rare.words.len();
        if words * 4 > limits::FUNCTION_CODE_MAX {
            return Err(Refusal::Limit);
        }
        Ok(assembled)
    }

    /// Parts are apart only where every jump between them reaches.
    fn is_rare(&self, index: usize, reach: Reach) -> bool {
        reach == Reach::Near && index >= self.rare
    }

    /// Grows branches until all reach. A few rounds do; what would need more gets only long ones,
    /// so that no module can make this slow.
    fn long_branches(&self, reach: Reach) -> Vec<bool> {
        const ROUNDS: usize = 8;
        let mut long: Vec<bool> = alloc::vec![false; self.items.len()];
        for _ in 0..ROUNDS {
            let labels = self.label_spots(reach, &long);
            let mut grown = false;
            self.each_spot(reach, &long.clone(), |index, item, here| {
                let Item::Branch(_, _, _, label) = item else {
                    return;
                };
                let target = labels.get(label.0).copied().unwrap_or_default();
                let distance = target.at as i64 - here.at as i64;
                let reaches = target.rare == here.rare && (-4096..=4094).contains(&distance);
                if !long[index] && !reaches {
                    long[index] = true;
                    grown = true;
                }
            });
            if !grown {
                return long;
            }
        }
        alloc::vec![true; self.items.len()]
    }

    fn label_spots(&self, reach: Reach, long: &[bool]) -> Vec<Spot> {
        let mut labels = alloc::vec![Spot::default(); self.labels];
        self.each_spot(reach, long, |_, item, here| {
            if let Item::Label(label) = item {
                labels[label.0] = here;
            }
        });
        labels
    }

    fn each_spot(&self, reach: Reach, long: &[bool], mut visit: impl FnMut(usize, &Item, Spot)) {
        let mut at = [0; 2];
        for (index, item) in self.items.iter().enumerate() {
            let rare = self.is_rare(index, reach);
            let at = &mut at[usize::from(rare)];
            visit(index, item, Spot { rare, at: *at });
            *at += size(item, reach, long[index]);
        }
    }
}

impl Part {
    fn wait(&mut self, patch: Patch, words: usize) {
        self.patches.push((self.words.len(), patch));
        self.words.resize(self.words.len() + words, 0);
    }

    fn jump(&mut self, here: Spot, target: Spot) {
        if here.rare == target.rare {
            let distance = target.at as i32 - here.at as i32;
            self.words.push(encode::jal(encode::ZERO, distance));
        } else {
            self.wait(Patch::Across(target), 1);
        }
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
