//! Calls: of helpers by the C convention, of the module's functions by the same registers, with
//! what does not fit them at the lower end of the caller's frame.

use alloc::vec::Vec;

use nmp_zk_abi as abi;
use nmp_zk_abi::Helper;

use crate::assembler::{Item, Target};
use crate::encode::{self, argument, Op, Reg, Test, RA, S10, S11, T0, T1, T2, ZERO};
use crate::function::{Gen, INSTANCE};
use crate::refusal::Refusal;
use crate::stack::{Loc, Place};
use crate::types::{words, Type};

impl Gen<'_, '_> {
    /// Words of the topmost values of these types, popped.
    fn pop_words(&mut self, types: &[Type]) -> Result<Vec<Loc>, Refusal> {
        let mut values = Vec::new();
        for _ in types {
            values.push(self.pop()?);
        }
        Ok(values
            .iter()
            .rev()
            .flat_map(|value| value.words[..value.ty.words()].iter().copied())
            .collect())
    }

    /// Calls a helper with the topmost values and then `more`.
    pub fn help(
        &mut self,
        helper: Helper,
        params: &[Type],
        more: &[u32],
        result: Option<Type>,
    ) -> Result<(), Refusal> {
        let mut arguments = self.pop_words(params)?;
        arguments.extend(more.iter().map(|word| Loc::Const(*word)));
        self.help_words(helper, &arguments, result)
    }

    /// Calls a helper with words that were popped, eight at most.
    pub fn help_words(
        &mut self,
        helper: Helper,
        arguments: &[Loc],
        result: Option<Type>,
    ) -> Result<(), Refusal> {
        self.spill_registers();
        let moves = arguments
            .iter()
            .enumerate()
            .map(|(word, loc)| (Place::Reg(argument(word)), *loc))
            .collect();
        self.put_all(moves);
        self.call_helper(helper);
        self.release();
        if let Some(ty) = result {
            let high = if ty.words() == 2 {
                Loc::Reg(argument(1))
            } else {
                Loc::Const(0)
            };
            self.push(ty, [Loc::Reg(argument(0)), high])?;
        }
        Ok(())
    }

    fn call_helper(&mut self, helper: Helper) {
        let address = self
            .program
            .helpers
            .get(helper as usize)
            .copied()
            .unwrap_or(0);
        let (upper, low) = encode::split(address);
        self.asm.word(encode::lui(T0, upper));
        self.asm.word(encode::jalr(RA, T0, low));
    }

    pub fn call(&mut self, function: u32) -> Result<(), Refusal> {
        let signature = self.module.signature(function)?;
        let arguments = self.pop_words(&signature.params)?;
        self.spill_registers();
        self.pass(arguments, None);
        self.asm
            .items
            .push(Item::Far(RA, Target::Function(function)));
        self.returned(&signature.results)
    }

    /// The table's element must be a function of the type: the word before a function's code is
    /// the number of its type, and elements are addresses of functions or 0.
    pub fn call_indirect(&mut self, ty: u32, table: u32) -> Result<(), Refusal> {
        let signature = self.module.ty(ty)?;
        let canonical = self.module.canonical.get(ty as usize).copied();
        let function = self.take(0)?;
        let element = self.element(table)?;
        self.asm.word(encode::lw(function, T1, element));
        self.trap_if(Test::Eq, function, ZERO);
        self.asm.word(encode::lw(T0, function, -4));
        self.asm.constant(T1, canonical.ok_or(Refusal::NotAModule)?);
        self.trap_if(Test::Ne, T0, T1);
        let arguments = self.pop_words(&signature.params)?;
        self.spill_registers();
        self.pass(arguments, Some(function));
        self.asm.word(encode::jalr(RA, T2, 0));
        self.returned(&signature.results)
    }

    /// Pops an index and leaves in t1 what, with the constant returned, is its element's address.
    /// Ends in a trap if the table has no such element. Clobbers t0.
    pub fn element(&mut self, table: u32) -> Result<i32, Refusal> {
        let index = self.pop_reg()?;
        let (upper, low) = encode::split(self.program.table(table));
        self.asm.word(encode::lui(T1, upper));
        self.asm
            .word(encode::lw(T0, T1, low + abi::TABLE_SIZE as i32));
        self.trap_if(Test::Geu, index, T0);
        self.asm.word(encode::slli(T0, index, 2));
        self.asm.word(encode::op(Op::Add, T1, T1, T0));
        Ok(low + abi::TABLE_ELEMENTS as i32)
    }

    /// Arguments to where the callee expects them, and the address of a function to t2.
    fn pass(&mut self, arguments: Vec<Loc>, function: Option<Reg>) {
        let mut moves: Vec<(Place, Loc)> = arguments
            .into_iter()
            .enumerate()
            .map(|(word, loc)| match word {
                0..8 => (Place::Reg(argument(word)), loc),
                _ => (Place::Outgoing(word - 8), loc),
            })
            .collect();
        if let Some(function) = function {
            moves.push((Place::Reg(T2), Loc::Reg(function)));
        }
        self.put_all(moves);
    }

    fn returned(&mut self, results: &[Type]) -> Result<(), Refusal> {
        self.release();
        let base = self.stack_words();
        for word in 8..words(results) {
            self.load_frame(T0, (word - 8) * 4);
            // t0 to the slot of its value.
            self.put(Place::Slot(base + word), Loc::Reg(T0));
        }
        let mut word = 0;
        for &ty in results {
            let mut value = [Loc::Const(0); 2];
            for half in value.iter_mut().take(ty.words()) {
                *half = match word {
                    0..8 => Loc::Reg(argument(word)),
                    _ => Loc::Slot(base + word),
                };
                word += 1;
            }
            self.push(ty, value)?;
        }
        Ok(())
    }

    /// `memory.grow`: the size in s11 is another then.
    pub fn memory_grow(&mut self) -> Result<(), Refusal> {
        self.help(Helper::MemoryGrow, &[Type::I32], &[], Some(Type::I32))?;
        self.load_bound();
        Ok(())
    }

    fn load_bound(&mut self) {
        self.asm.word(encode::lw(
            S11,
            S10,
            INSTANCE + abi::INSTANCE_MEMORY_BYTES as i32,
        ));
        self.asm
            .word(encode::addi(S11, S11, -(abi::BOUND_SLACK as i32)));
    }
}
