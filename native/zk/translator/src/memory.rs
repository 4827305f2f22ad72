//! Loads and stores of linear memory: the only code that reaches it, and the proof that each access
//! lies within.
//!
//! Let `bytes` be the size of linear memory now, a multiple of 65,536 and at most 2^24; `address`
//! the operand, any 32-bit number; `offset` the instruction's constant, `width` the bytes accessed.
//! An access is allowed if `address + end <= bytes` over the integers, where `end = offset + width`
//! (up to 2^32 + 7, so it is a `u64` here).
//!
//! 1. Register s11 holds `bytes - 2048`, modulo 2^32; s10 holds `MEMORY`. Linear memory only grows,
//!    so what was within stays within, across calls, too. The declared minimum is never undercut.
//! 2. `end <= 2048 <= minimum`: s11 is not negative, so `address <= s11` (unsigned) gives
//!    `address + end <= bytes - 2048 + end <= bytes`. Otherwise, out of line: `address <= s11 +
//!    (2048 - end)`, where the right side is `bytes - end`, without wrapping as `end <= bytes`.
//! 3. `end <= minimum`: `address <= bytes - end` as before, in line.
//! 4. `end` up to `MEMORY_BYTES_MAX`: first `end <= bytes`, then the same.
//! 5. `end` beyond: no memory is that large; a trap.
//!
//! After that `MEMORY + address + offset` does not wrap (it is below 2^30), and neither does any
//! sum on the way to it. An address that is known when translating is compared with the minimum.
//!
//! The machine loads and stores words at multiples of four only. What is not aligned goes byte by
//! byte, out of line, at the same, already checked address.

use nmp_zk_abi as abi;

use crate::assembler::{Label, Routine};
use crate::encode::{self, Load, Op, Reg, Store, Test, S10, S11, SP, T0, T1, ZERO};
use crate::function::Gen;
use crate::refusal::Refusal;
use crate::stack::Loc;
use crate::types::Type;

/// The local `base`, as it now is, plus `end` lies within linear memory.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    pub base: Loc,
    end: u32,
}

/// What is to be done before an access.
#[derive(Clone, Copy)]
enum Access {
    /// Within the declared minimum, at this address.
    Known(u32),
    Checked(Reg),
    /// Beyond what any memory has.
    Never,
}

/// A checked place: a register and a constant that an instruction can add. So can it add four more.
#[derive(Clone, Copy)]
struct Spot {
    base: Reg,
    offset: i32,
    /// What is known when translating of the address modulo four.
    alignment: Option<u32>,
}

const SLACK: u32 = abi::BOUND_SLACK;

/// Where the routines of unaligned access pass the word, below the stack.
pub const UNALIGNED: i32 = -4;

impl Gen<'_, '_> {
    /// How `offset .. + width` above the operand is to be reached; holds its register.
    fn access(&mut self, loc: Loc, offset: u64, width: u32) -> Result<Access, Refusal> {
        let end = offset + u64::from(width);
        if let Loc::Const(address) = loc {
            let address = u64::from(address);
            if address + end <= u64::from(self.module.memory_bytes) {
                return Ok(Access::Known((address + offset) as u32));
            }
        }
        let address = self.reg(loc)?;
        if end > u64::from(abi::MEMORY_BYTES_MAX) {
            return Ok(Access::Never);
        }
        Ok(Access::Checked(address))
    }

    /// Emits the check, and gives the place. From here to the access only t0 and t1 are written.
    fn spot(&mut self, access: Access, loc: Loc, offset: u64, width: u32) -> Option<Spot> {
        let address = match access {
            Access::Known(address) => return Some(self.known_spot(address)),
            Access::Never => {
                self.trap();
                return None;
            }
            Access::Checked(address) => address,
        };
        // No greater than `MEMORY_BYTES_MAX`, as `access` has seen.
        let offset = offset as u32;
        let end = offset + width;
        if !self.is_checked(loc, end) {
            self.check(address, end);
            self.remember(loc, end);
        }
        if offset + 4 <= 2047 {
            self.asm.word(encode::op(Op::Add, T1, address, S10));
            return Some(Spot {
                base: T1,
                offset: offset as i32,
                alignment: None,
            });
        }
        let spot = self.constant_spot(T0, abi::MEMORY + offset);
        self.asm.word(encode::op(Op::Add, T1, address, T0));
        Some(Spot {
            base: T1,
            alignment: None,
            ..spot
        })
    }

    fn known_spot(&mut self, address: u32) -> Spot {
        let alignment = Some(address % 4);
        if address + 4 <= 2047 {
            return Spot {
                base: S10,
                offset: address as i32,
                alignment,
            };
        }
        Spot {
            alignment,
            ..self.constant_spot(T1, abi::MEMORY + address)
        }
    }

    /// An address as a register and a constant, the register as few instructions as may be.
    fn constant_spot(&mut self, reg: Reg, address: u32) -> Spot {
        let (upper, low) = encode::split(address);
        self.asm.word(encode::lui(reg, upper));
        let near = low + 4 <= 2047;
        if !near {
            self.asm.word(encode::addi(reg, reg, low));
        }
        Spot {
            base: reg,
            offset: if near { low } else { 0 },
            alignment: None,
        }
    }

    /// Cases 2 to 4 of the proof: ends in a trap unless `address + end <= bytes`.
    fn check(&mut self, address: Reg, end: u32) {
        let minimum = self.module.memory_bytes;
        if end <= SLACK && minimum >= SLACK {
            let (near_end, within) = (self.asm.label(), self.asm.label());
            self.asm.branch(Test::Ltu, S11, address, near_end);
            self.asm.bind(within);
            self.out_of_line(|gen| {
                gen.asm.bind(near_end);
                // 0 to 2047, as `end` is 1 at least.
                gen.asm.word(encode::addi(T0, S11, (SLACK - end) as i32));
                gen.asm.branch(Test::Geu, T0, address, within);
                gen.trap();
            });
            return;
        }
        self.asm.constant(T0, SLACK);
        self.asm.word(encode::op(Op::Add, T0, T0, S11));
        // t0 is `bytes`.
        self.asm.constant(T1, end);
        if end > minimum {
            self.trap_if(Test::Ltu, T0, T1);
        }
        self.asm.word(encode::op(Op::Sub, T0, T0, T1));
        self.trap_if(Test::Ltu, T0, address);
    }

    fn is_checked(&self, loc: Loc, end: u32) -> bool {
        self.checked
            .iter()
            .any(|one| one.base == loc && one.end >= end)
    }

    /// Only of locals: they have a name until they are written (`forget_local`).
    fn remember(&mut self, loc: Loc, end: u32) {
        const MOST: usize = 16;
        if !matches!(loc, Loc::Local(_)) {
            return;
        }
        self.checked.retain(|one| one.base != loc);
        if self.checked.len() < MOST {
            self.checked.push(Checked { base: loc, end });
        }
    }

    /// Goes out of line if the place is not aligned to `width`: the label there, where t1 is the
    /// address, and the one behind the aligned access.
    fn unless_aligned(&mut self, spot: &mut Spot, width: u32) -> Option<(Label, Label)> {
        let mask = width.min(4) - 1;
        if mask == 0 || spot.alignment.is_some_and(|rest| rest & mask == 0) {
            return None;
        }
        let (away, back) = (self.asm.label(), self.asm.label());
        if spot.base != T1 || spot.offset as u32 & mask != 0 {
            self.asm.word(encode::addi(T1, spot.base, spot.offset));
            spot.base = T1;
            spot.offset = 0;
        }
        self.asm.word(encode::andi(T0, T1, mask as i32));
        self.asm.branch(Test::Ne, T0, ZERO, away);
        Some((away, back))
    }

    fn load_words(&mut self, spot: Option<Spot>, load: Load, to: &[Reg]) {
        let Some(mut spot) = spot else { return };
        let width = match load {
            Load::Byte | Load::ByteUnsigned => 1,
            Load::Half | Load::HalfUnsigned => 2,
            Load::Word => 4,
        };
        let unaligned = self.unless_aligned(&mut spot, width);
        for (reg, at) in to.iter().zip([0, 4]) {
            self.asm
                .word(encode::load(load, *reg, spot.base, spot.offset + at));
        }
        let Some((away, back)) = unaligned else {
            return;
        };
        self.asm.bind(back);
        self.out_of_line(|gen| {
            gen.asm.bind(away);
            for (reg, at) in to.iter().zip([spot.offset, 4]) {
                if at != 0 {
                    gen.asm.word(encode::addi(T1, T1, at));
                }
                gen.routine(if width == 2 {
                    Routine::Load16
                } else {
                    Routine::Load32
                });
                gen.asm.word(encode::load(load, *reg, SP, UNALIGNED));
            }
            gen.asm.jump(back);
        });
    }

    fn store_words(&mut self, spot: Option<Spot>, store: Store, from: &[Reg]) {
        let Some(mut spot) = spot else { return };
        let width = match store {
            Store::Byte => 1,
            Store::Half => 2,
            Store::Word => 4,
        };
        let unaligned = self.unless_aligned(&mut spot, width);
        for (reg, at) in from.iter().zip([0, 4]) {
            self.asm
                .word(encode::store(store, *reg, spot.base, spot.offset + at));
        }
        let Some((away, back)) = unaligned else {
            return;
        };
        self.asm.bind(back);
        self.out_of_line(|gen| {
            gen.asm.bind(away);
            for (reg, at) in from.iter().zip([spot.offset, 4]) {
                if at != 0 {
                    gen.asm.word(encode::addi(T1, T1, at));
                }
                gen.asm.word(encode::sw(*reg, SP, UNALIGNED));
                gen.routine(if width == 2 {
                    Routine::Store16
                } else {
                    Routine::Store32
                });
            }
            gen.asm.jump(back);
        });
    }

    /// Loads of one word.
    pub fn load(&mut self, ty: Type, offset: u64, width: u32, load: Load) -> Result<(), Refusal> {
        let loc = self.pop()?.words[0];
        let access = self.access(loc, offset, width)?;
        let rd = self.result(0)?;
        let spot = self.spot(access, loc, offset, width);
        self.load_words(spot, load, &[rd]);
        self.push_result(ty, rd)
    }

    /// Loads of eight bytes.
    pub fn load_pair(&mut self, ty: Type, offset: u64) -> Result<(), Refusal> {
        let loc = self.pop()?.words[0];
        let access = self.access(loc, offset, 8)?;
        let pair = self.result_pair([0, 0])?;
        let spot = self.spot(access, loc, offset, 8);
        self.load_words(spot, Load::Word, &pair);
        self.push_pair(ty, pair)
    }

    /// Loads of up to four bytes into a value of two words.
    pub fn load_extended(
        &mut self,
        offset: u64,
        width: u32,
        load: Load,
        signed: bool,
    ) -> Result<(), Refusal> {
        let loc = self.pop()?.words[0];
        let access = self.access(loc, offset, width)?;
        let pair = self.result_pair([0, 0])?;
        let spot = self.spot(access, loc, offset, width);
        self.load_words(spot, load, &pair[..1]);
        if signed {
            self.asm.word(encode::srai(pair[1], pair[0], 31));
        } else {
            self.asm.copy(pair[1], ZERO);
        }
        self.push_pair(Type::I64, pair)
    }

    /// Stores the low bytes of the value, or all of them.
    pub fn store(&mut self, offset: u64, width: u32, store: Store) -> Result<(), Refusal> {
        let value = self.pop()?;
        let loc = self.pop()?.words[0];
        let low = self.reg(value.words[0])?;
        let high = if width == 8 {
            self.reg(value.words[1])?
        } else {
            ZERO
        };
        let access = self.access(loc, offset, width)?;
        let spot = self.spot(access, loc, offset, width);
        let words = [low, high];
        self.store_words(spot, store, &words[..if width == 8 { 2 } else { 1 }]);
        self.release();
        Ok(())
    }
}
