//! Globals, tables, and the operations on many bytes or elements, which are helpers' work and
//! charged by length.

use nmp_zk_abi as abi;
use nmp_zk_abi::Helper;

use crate::encode::{self, S10, T0, T1, ZERO};
use crate::function::{Gen, INSTANCE};
use crate::refusal::Refusal;
use crate::stack::Loc;
use crate::types::Type;

const THREE: [Type; 3] = [Type::I32; 3];

impl Gen<'_, '_> {
    /// A base register and a constant for the global's first word. t0 may be the register.
    fn global(&mut self, global: u32) -> Result<(encode::Reg, i32, Type), Refusal> {
        let address = *self
            .program
            .globals
            .get(global as usize)
            .ok_or(Refusal::NotAModule)?;
        let ty = self
            .module
            .globals
            .get(global as usize)
            .ok_or(Refusal::NotAModule)?
            .ty;
        let distance = address.wrapping_sub(abi::MEMORY) as i32;
        if encode::fits(distance) && encode::fits(distance + 4) {
            return Ok((S10, distance, ty));
        }
        self.asm.constant(T0, address);
        Ok((T0, 0, ty))
    }

    pub fn global_get(&mut self, global: u32) -> Result<(), Refusal> {
        let ty = self
            .module
            .globals
            .get(global as usize)
            .ok_or(Refusal::NotAModule)?
            .ty;
        if ty.words() == 2 {
            let pair = self.result_pair([0, 0])?;
            let (base, at, _) = self.global(global)?;
            self.asm.word(encode::lw(pair[0], base, at));
            self.asm.word(encode::lw(pair[1], base, at + 4));
            return self.push_pair(ty, pair);
        }
        let rd = self.result(0)?;
        let (base, at, _) = self.global(global)?;
        self.asm.word(encode::lw(rd, base, at));
        self.push_result(ty, rd)
    }

    pub fn global_set(&mut self, global: u32) -> Result<(), Refusal> {
        let value = self.pop()?;
        let low = self.reg(value.words[0])?;
        let high = self.reg(value.words[1])?;
        let (base, at, ty) = self.global(global)?;
        self.asm.word(encode::sw(low, base, at));
        if ty.words() == 2 {
            self.asm.word(encode::sw(high, base, at + 4));
        }
        self.release();
        Ok(())
    }

    pub fn memory_size(&mut self) -> Result<(), Refusal> {
        let rd = self.result(0)?;
        let at = INSTANCE + abi::INSTANCE_MEMORY_BYTES as i32;
        self.asm.word(encode::lw(rd, S10, at));
        self.asm.word(encode::srli(rd, rd, 16));
        self.push_result(Type::I32, rd)
    }

    /// Charges for the length on top of the stack.
    fn charge_top(&mut self) -> Result<(), Refusal> {
        let length = self.pop()?;
        let reg = self.reg(length.words[0])?;
        self.charge_length(reg);
        self.release();
        self.push(length.ty, length.words)
    }

    pub fn memory_fill(&mut self) -> Result<(), Refusal> {
        self.charge_top()?;
        self.help(Helper::MemoryFill, &THREE, &[], None)
    }

    pub fn memory_copy(&mut self) -> Result<(), Refusal> {
        self.charge_top()?;
        self.help(Helper::MemoryCopy, &THREE, &[], None)
    }

    pub fn memory_init(&mut self, segment: u32) -> Result<(), Refusal> {
        self.charge_top()?;
        let segment = self.program.data_segment(segment);
        self.help(Helper::MemoryInit, &THREE, &[segment], None)
    }

    pub fn table_fill(&mut self, table: u32) -> Result<(), Refusal> {
        self.charge_top()?;
        let (length, value, to) = (self.pop()?, self.pop()?, self.pop()?);
        let words = [
            Loc::Const(self.program.table(table)),
            to.words[0],
            value.words[0],
            length.words[0],
        ];
        self.help_words(Helper::TableFill, &words, None)
    }

    pub fn table_grow(&mut self, table: u32) -> Result<(), Refusal> {
        self.charge_top()?;
        let (elements, value) = (self.pop()?, self.pop()?);
        let words = [
            Loc::Const(self.program.table(table)),
            elements.words[0],
            value.words[0],
        ];
        self.help_words(Helper::TableGrow, &words, Some(Type::I32))
    }

    pub fn table_copy(&mut self, to: u32, from: u32) -> Result<(), Refusal> {
        self.charge_top()?;
        let tables = [
            Loc::Const(self.program.table(to)),
            Loc::Const(self.program.table(from)),
        ];
        self.help_places(Helper::TableCopy, tables)
    }

    pub fn table_init(&mut self, segment: u32, table: u32) -> Result<(), Refusal> {
        self.charge_top()?;
        let places = [
            Loc::Const(self.program.table(table)),
            Loc::Const(self.program.element_segment(self.module, segment)),
        ];
        self.help_places(Helper::TableInit, places)
    }

    fn help_places(&mut self, helper: Helper, places: [Loc; 2]) -> Result<(), Refusal> {
        let (length, from, to) = (self.pop()?, self.pop()?, self.pop()?);
        let words = [
            places[0],
            places[1],
            to.words[0],
            from.words[0],
            length.words[0],
        ];
        self.help_words(helper, &words, None)
    }

    pub fn table_size(&mut self, table: u32) -> Result<(), Refusal> {
        let rd = self.result(0)?;
        let (upper, low) = encode::split(self.program.table(table) + abi::TABLE_SIZE);
        self.asm.word(encode::lui(T0, upper));
        self.asm.word(encode::lw(rd, T0, low));
        self.push_result(Type::I32, rd)
    }

    pub fn table_get(&mut self, table: u32) -> Result<(), Refusal> {
        // First, as t1 must outlive the way to the element; and not a local's register.
        let rd = self.take(0)?;
        let element = self.element(table)?;
        self.asm.word(encode::lw(rd, T1, element));
        self.release();
        self.push_word(Type::Ref, Loc::Reg(rd))
    }

    pub fn table_set(&mut self, table: u32) -> Result<(), Refusal> {
        let value = self.pop_reg()?;
        let element = self.element(table)?;
        self.asm.word(encode::sw(value, T1, element));
        self.release();
        Ok(())
    }

    pub fn drop_segment(&mut self, address: u32) {
        self.asm.constant(T0, address + abi::SEGMENT_LENGTH);
        self.asm.word(encode::sw(ZERO, T0, 0));
    }
}
