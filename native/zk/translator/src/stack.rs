//! The operand stack, lazily: a constant or a local on it costs nothing until it is used.
//!
//! Registers t0 and t1 are never on it: every instruction may use them as it likes. The others of
//! `Locals::temporaries` are taken and given back here.

use alloc::vec::Vec;

use crate::encode::{self, Reg, T0, T1, ZERO};
use crate::function::Gen;
use crate::limits;
use crate::refusal::Refusal;
use crate::registers::Home;
use crate::types::Type;
use wasmparser::Operator;

/// Where a word of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loc {
    Const(u32),
    /// A temporary that belongs to this word alone.
    Reg(Reg),
    /// The local's word, as long as the local is not written.
    Local(usize),
    /// A word of the frame's operands.
    Slot(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Value {
    pub ty: Type,
    /// The high word of a value of one word is `Const(0)` and has no meaning.
    pub words: [Loc; 2],
    /// Words below it on the stack: its own slots in the frame.
    pub depth: usize,
}

/// Where a word is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Reg(Reg),
    Slot(usize),
    /// This word of the frame's locals.
    Home(usize),
    /// Argument or result of a call that does not fit registers.
    Outgoing(usize),
}

impl Gen<'_, '_> {
    pub fn push(&mut self, ty: Type, words: [Loc; 2]) -> Result<(), Refusal> {
        let depth = self.stack_words();
        if depth + 2 > limits::OPERAND_WORDS_MAX {
            return Err(Refusal::Limit);
        }
        for loc in words {
            if let Loc::Reg(reg) = loc {
                self.in_use |= reg.bit();
            }
        }
        self.stack.push(Value { ty, words, depth });
        Ok(())
    }

    pub fn push_word(&mut self, ty: Type, loc: Loc) -> Result<(), Refusal> {
        self.push(ty, [loc, Loc::Const(0)])
    }

    pub fn stack_words(&self) -> usize {
        self.stack
            .last()
            .map_or(0, |top| top.depth + top.ty.words())
    }

    /// Its registers stay taken until `release`.
    pub fn pop(&mut self) -> Result<Value, Refusal> {
        let value = self.stack.pop().ok_or(Refusal::NotAModule)?;
        for loc in value.words {
            if let Loc::Reg(reg) = loc {
                self.held |= reg.bit();
            }
        }
        Ok(value)
    }

    /// Gives back what the operands of an instruction held.
    pub fn release(&mut self) {
        self.in_use &= !self.held;
        self.held = 0;
        self.operands = 0;
    }

    pub fn truncate(&mut self, height: usize) {
        while self.stack.len() > height {
            let _ = self.pop();
        }
        self.release();
    }

    /// A register outside of `avoid`, held until `release`, or longer if it is pushed after that.
    pub fn take(&mut self, avoid: u32) -> Result<Reg, Refusal> {
        let reg = self.take_free(avoid)?;
        self.held |= reg.bit();
        Ok(reg)
    }

    /// A free register, taken for what will be pushed.
    fn take_free(&mut self, avoid: u32) -> Result<Reg, Refusal> {
        loop {
            let free = self
                .locals
                .temporaries
                .iter()
                .find(|reg| (self.in_use | avoid) & reg.bit() == 0);
            if let Some(&reg) = free {
                self.in_use |= reg.bit();
                return Ok(reg);
            }
            self.spill_one()?;
        }
    }

    /// The deepest word that is in a register goes to its slot.
    fn spill_one(&mut self) -> Result<(), Refusal> {
        for index in 0..self.stack.len() {
            for half in 0..2 {
                if let Loc::Reg(reg) = self.stack[index].words[half] {
                    self.settle(index, half);
                    debug_assert!(self.in_use & reg.bit() == 0);
                    return Ok(());
                }
            }
        }
        // No instruction takes that many operands.
        Err(Refusal::Limit)
    }

    /// One word of a value on the stack into its slot.
    fn settle(&mut self, index: usize, half: usize) {
        let value = self.stack[index];
        let slot = value.depth + half;
        let loc = value.words[half];
        if half >= value.ty.words() || loc == Loc::Slot(slot) {
            return;
        }
        self.put(Place::Slot(slot), loc);
        if let Loc::Reg(reg) = loc {
            self.in_use &= !reg.bit();
        }
        self.stack[index].words[half] = Loc::Slot(slot);
    }

    /// Everything that a call would clobber goes to its slot.
    pub fn spill_registers(&mut self) {
        for index in 0..self.stack.len() {
            for half in 0..2 {
                if matches!(self.stack[index].words[half], Loc::Reg(_)) {
                    self.settle(index, half);
                }
            }
        }
    }

    /// Everything but constants goes to its slot; from `params` on constants, too. What is below a
    /// block is then the same on every way to its end.
    pub fn flush(&mut self, params: usize) {
        for index in 0..self.stack.len() {
            for half in 0..2 {
                let constant = matches!(self.stack[index].words[half], Loc::Const(_));
                if !constant || index >= params {
                    self.settle(index, half);
                }
            }
        }
    }

    /// Values of the local on the stack are copied, for it will be written.
    pub fn detach(&mut self, word: usize) -> Result<(), Refusal> {
        for index in 0..self.stack.len() {
            for half in 0..2 {
                if self.stack[index].words[half] == Loc::Local(word) {
                    let reg = self.take_free(0)?;
                    self.put(Place::Reg(reg), Loc::Local(word));
                    self.stack[index].words[half] = Loc::Reg(reg);
                }
            }
        }
        Ok(())
    }

    /// The word in a register: its own, or one that is held until `release`.
    pub fn reg(&mut self, loc: Loc) -> Result<Reg, Refusal> {
        let reg = match loc {
            Loc::Const(0) => ZERO,
            Loc::Reg(reg) => reg,
            Loc::Local(word) => match self.locals.homes.get(word) {
                Some(Home::Reg(reg)) => *reg,
                _ => self.loaded(loc)?,
            },
            _ => self.loaded(loc)?,
        };
        self.operands |= reg.bit();
        Ok(reg)
    }

    fn loaded(&mut self, loc: Loc) -> Result<Reg, Refusal> {
        let reg = self.take(self.operands)?;
        self.put(Place::Reg(reg), loc);
        Ok(reg)
    }

    /// Pops a value of one word into a register.
    pub fn pop_reg(&mut self) -> Result<Reg, Refusal> {
        let value = self.pop()?;
        self.reg(value.words[0])
    }

    /// Where the result of one word goes: into the register of the local that the next instruction
    /// sets, unless it is in `avoid`, or into a temporary. Operands that are not in `avoid` must be
    /// read before it is written.
    pub fn result(&mut self, avoid: u32) -> Result<Reg, Refusal> {
        if let Some((local, word)) = self.next_set() {
            if let (1, Some(Home::Reg(home))) = (
                self.locals.types[local].words(),
                self.locals.homes.get(word).copied(),
            ) {
                if avoid & home.bit() == 0 {
                    self.detach(word)?;
                    self.sink = Some(local);
                    self.release();
                    return Ok(home);
                }
            }
        }
        let held = core::mem::take(&mut self.held);
        self.operands = 0;
        self.in_use &= !held | avoid;
        let reg = self.take_free(avoid);
        self.in_use &= !(held & avoid);
        reg
    }

    /// As `result` for a value of two words; the first is not in `avoid[0]`, the second not in
    /// `avoid[1]`.
    pub fn result_pair(&mut self, avoid: [u32; 2]) -> Result<[Reg; 2], Refusal> {
        if let Some((local, word)) = self.next_set() {
            let home = |word: usize| self.locals.homes.get(word).copied();
            if let (2, Some(Home::Reg(low)), Some(Home::Reg(high))) =
                (self.locals.types[local].words(), home(word), home(word + 1))
            {
                if avoid[0] & low.bit() == 0 && avoid[1] & high.bit() == 0 {
                    self.detach(word)?;
                    self.detach(word + 1)?;
                    self.sink = Some(local);
                    self.release();
                    return Ok([low, high]);
                }
            }
        }
        let held = core::mem::take(&mut self.held);
        self.operands = 0;
        let avoided = avoid[0] | avoid[1];
        self.in_use &= !held | avoided;
        let low = self.take_free(avoid[0]);
        let high = self.take_free(avoid[1]);
        self.in_use &= !(held & avoided);
        // What was avoided and held is free again, but never one of these two.
        let pair = [low?, high?];
        self.in_use |= pair[0].bit() | pair[1].bit();
        Ok(pair)
    }

    fn next_set(&self) -> Option<(usize, usize)> {
        match self.operators.get(self.pc) {
            Some(Operator::LocalSet { local_index } | Operator::LocalTee { local_index }) => {
                let local = *local_index as usize;
                Some((local, *self.locals.first_word.get(local)?))
            }
            _ => None,
        }
    }

    /// Pushes what `result` gave, or ends the `local.set` that it was given for.
    pub fn push_result(&mut self, ty: Type, reg: Reg) -> Result<(), Refusal> {
        self.push_results(ty, [Loc::Reg(reg), Loc::Const(0)])
    }

    pub fn push_pair(&mut self, ty: Type, pair: [Reg; 2]) -> Result<(), Refusal> {
        self.push_results(ty, pair.map(Loc::Reg))
    }

    fn push_results(&mut self, ty: Type, words: [Loc; 2]) -> Result<(), Refusal> {
        let Some(local) = self.sink.take() else {
            return self.push(ty, words);
        };
        self.forget_local(local);
        let tee = matches!(self.operators.get(self.pc), Some(Operator::LocalTee { .. }));
        self.pc += 1;
        self.charge();
        if tee {
            self.push_local(local)?;
        }
        Ok(())
    }

    pub fn push_local(&mut self, local: usize) -> Result<(), Refusal> {
        let ty = *self.locals.types.get(local).ok_or(Refusal::NotAModule)?;
        let word = self.locals.first_word[local];
        let high = if ty.words() == 2 {
            Loc::Local(word + 1)
        } else {
            Loc::Const(0)
        };
        self.push(ty, [Loc::Local(word), high])
    }

    /// Pops a value into the local.
    pub fn local_set(&mut self, local: usize) -> Result<(), Refusal> {
        let value = self.pop()?;
        let word = *self
            .locals
            .first_word
            .get(local)
            .ok_or(Refusal::NotAModule)?;
        let count = value.ty.words();
        let mut moves = Vec::new();
        for half in 0..count {
            self.detach(word + half)?;
            match self.locals.homes.get(word + half).copied() {
                Some(Home::Reg(reg)) => moves.push((Place::Reg(reg), value.words[half])),
                Some(Home::Frame(home)) => {
                    // Through registers: the words may come from one another's places.
                    let reg = self.reg(value.words[half])?;
                    moves.push((Place::Home(home), Loc::Reg(reg)));
                }
                _ => {}
            }
        }
        self.put_all(moves);
        self.forget_local(local);
        self.release();
        Ok(())
    }

    pub fn place_of(&self, loc: Loc) -> Option<Place> {
        match loc {
            Loc::Reg(reg) => Some(Place::Reg(reg)),
            Loc::Slot(slot) => Some(Place::Slot(slot)),
            Loc::Local(word) => match self.locals.homes.get(word) {
                Some(Home::Reg(reg)) => Some(Place::Reg(*reg)),
                Some(Home::Frame(word)) => Some(Place::Home(*word)),
                _ => None,
            },
            Loc::Const(_) => None,
        }
    }

    /// One word to its place. t0 and t1 may be clobbered.
    pub fn put(&mut self, place: Place, loc: Loc) {
        match (place, loc) {
            (Place::Reg(rd), Loc::Const(value)) => self.asm.constant(rd, value),
            (Place::Reg(rd), Loc::Reg(reg)) => self.asm.copy(rd, reg),
            (Place::Reg(rd), Loc::Slot(slot)) => self.load_frame(rd, self.slot_offset(slot)),
            (Place::Reg(rd), Loc::Local(word)) => match self.locals.homes.get(word).copied() {
                Some(Home::Reg(reg)) => self.asm.copy(rd, reg),
                Some(Home::Frame(word)) => self.load_frame(rd, self.local_offset(word)),
                _ => self.asm.constant(rd, 0),
            },
            (Place::Slot(_) | Place::Home(_) | Place::Outgoing(_), _) => {
                if self.place_of(loc) == Some(place) {
                    return;
                }
                let from = match (loc, self.place_of(loc)) {
                    (_, Some(Place::Reg(reg))) => reg,
                    (Loc::Const(0), _) => ZERO,
                    _ => {
                        self.put(Place::Reg(T0), loc);
                        T0
                    }
                };
                let offset = match place {
                    Place::Slot(slot) => {
                        self.slots = self.slots.max(slot + 1);
                        self.slot_offset(slot)
                    }
                    Place::Home(word) => self.local_offset(word),
                    Place::Outgoing(word) => word * 4,
                    Place::Reg(_) => return,
                };
                self.store_frame(from, offset);
            }
        }
    }

    /// All words at once: each source is read before its place is written. Slots may only move
    /// down the stack, in order.
    pub fn put_all(&mut self, mut moves: Vec<(Place, Loc)>) {
        for &(place, loc) in &moves {
            if !matches!(place, Place::Reg(_)) {
                self.put(place, loc);
            }
        }
        moves.retain(|(place, loc)| {
            matches!(place, Place::Reg(_)) && self.place_of(*loc) != Some(*place)
        });
        while !moves.is_empty() {
            let free = moves.iter().position(|(place, _)| {
                moves
                    .iter()
                    .all(|(_, other)| self.place_of(*other) != Some(*place))
            });
            if let Some(index) = free {
                let (place, loc) = moves.swap_remove(index);
                self.put(place, loc);
                continue;
            }
            // Only circles of registers are left: one of them steps aside.
            let (_, loc) = moves[0];
            let aside = self.place_of(loc);
            self.put(Place::Reg(T0), loc);
            for (_, other) in &mut moves {
                if self.place_of(*other) == aside {
                    *other = Loc::Reg(T0);
                }
            }
        }
    }

    pub fn slot_offset(&self, slot: usize) -> usize {
        (self.locals.outgoing_words + self.locals.frame_words + slot) * 4
    }

    pub fn local_offset(&self, word: usize) -> usize {
        (self.locals.outgoing_words + word) * 4
    }

    pub fn load_frame(&mut self, rd: Reg, offset: usize) {
        if offset <= 2047 {
            self.asm.word(encode::lw(rd, encode::SP, offset as i32));
        } else {
            self.asm.constant(rd, offset as u32);
            self.asm
                .word(encode::op(encode::Op::Add, rd, rd, encode::SP));
            self.asm.word(encode::lw(rd, rd, 0));
        }
    }

    pub fn store_frame(&mut self, value: Reg, offset: usize) {
        if offset <= 2047 {
            self.asm.word(encode::sw(value, encode::SP, offset as i32));
        } else {
            self.asm.constant(T1, offset as u32);
            self.asm
                .word(encode::op(encode::Op::Add, T1, T1, encode::SP));
            self.asm.word(encode::sw(value, T1, 0));
        }
    }
}
