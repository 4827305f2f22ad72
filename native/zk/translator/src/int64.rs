//! Integers of 64 bits: two registers, the low word first.

use crate::control::Condition;
use crate::encode::{self, Op, Reg, Test, T0, T1, ZERO};
use crate::function::Gen;
use crate::refusal::Refusal;
use crate::stack::Loc;
use crate::types::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Left,
    RightSigned,
    RightUnsigned,
}

impl Gen<'_, '_> {
    fn pop_two_pairs(&mut self) -> Result<([Reg; 2], [Reg; 2]), Refusal> {
        let (b, a) = (self.pop()?, self.pop()?);
        let left = [self.reg(a.words[0])?, self.reg(a.words[1])?];
        let right = [self.reg(b.words[0])?, self.reg(b.words[1])?];
        Ok((left, right))
    }

    /// And, or, xor: word by word.
    pub fn bitwise_pair(&mut self, op: Op) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?, self.pop()?);
        let (a, b) = match a.words {
            [Loc::Const(_), Loc::Const(_)] => (b, a),
            _ => (a, b),
        };
        let left = [self.reg(a.words[0])?, self.reg(a.words[1])?];
        let mut right = [ZERO; 2];
        for (reg, loc) in right.iter_mut().zip(b.words) {
            let immediate = match loc {
                Loc::Const(value) => op.immediate(ZERO, ZERO, value as i32).is_some(),
                _ => false,
            };
            if !immediate {
                *reg = self.reg(loc)?;
            }
        }
        let pair = self.result_pair([left[1].bit() | right[1].bit(), 0])?;
        for half in 0..2 {
            let immediate = match b.words[half] {
                Loc::Const(value) => op.immediate(pair[half], left[half], value as i32),
                _ => None,
            };
            let word = encode::op(op, pair[half], left[half], right[half]);
            self.asm.word(immediate.unwrap_or(word));
        }
        self.push_pair(Type::I64, pair)
    }

    pub fn add_pair(&mut self) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?, self.pop()?);
        let (a, b) = match a.words {
            [Loc::Const(_), Loc::Const(_)] => (b, a),
            _ => (a, b),
        };
        let left = [self.reg(a.words[0])?, self.reg(a.words[1])?];
        let small = match b.words {
            [Loc::Const(low), Loc::Const(high)] if encode::fits(low as i32) => {
                Some((low as i32, high))
            }
            _ => None,
        };
        if let Some((low, high)) = small {
            let high = self.reg(Loc::Const(high))?;
            let pair = self.result_pair([left[1].bit() | high.bit(), 0])?;
            self.asm.word(encode::addi(pair[0], left[0], low));
            if low == 0 {
                self.asm.word(encode::op(Op::Add, pair[1], left[1], high));
            } else {
                // A carry if the sum is below what was added.
                self.asm.word(encode::sltiu(T0, pair[0], low));
                if high != ZERO {
                    self.asm.word(encode::op(Op::Add, T0, T0, high));
                }
                self.asm.word(encode::op(Op::Add, pair[1], left[1], T0));
            }
            return self.push_pair(Type::I64, pair);
        }
        let right = [self.reg(b.words[0])?, self.reg(b.words[1])?];
        let later = left[1].bit() | right[1].bit();
        // The carry is the sum below one of its terms: one must still be there.
        let avoid = if left[0] == right[0] {
            left[0].bit()
        } else {
            0
        };
        let pair = self.result_pair([later | avoid, 0])?;
        let term = if pair[0] == right[0] {
            left[0]
        } else {
            right[0]
        };
        self.asm
            .word(encode::op(Op::Add, pair[0], left[0], right[0]));
        self.asm.word(encode::op(Op::Sltu, T0, pair[0], term));
        self.asm.word(encode::op(Op::Add, T1, left[1], right[1]));
        self.asm.word(encode::op(Op::Add, pair[1], T0, T1));
        self.push_pair(Type::I64, pair)
    }

    pub fn subtract_pair(&mut self) -> Result<(), Refusal> {
        let (left, right) = self.pop_two_pairs()?;
        let pair = self.result_pair([left[1].bit() | right[1].bit(), 0])?;
        self.asm.word(encode::op(Op::Sltu, T0, left[0], right[0]));
        self.asm
            .word(encode::op(Op::Sub, pair[0], left[0], right[0]));
        self.asm.word(encode::op(Op::Sub, T1, left[1], right[1]));
        self.asm.word(encode::op(Op::Sub, pair[1], T1, T0));
        self.push_pair(Type::I64, pair)
    }

    pub fn multiply_pair(&mut self) -> Result<(), Refusal> {
        let (left, right) = self.pop_two_pairs()?;
        let pair = self.result_pair([0, 0])?;
        // The high word in t0 until nothing reads the operands any more.
        self.asm.word(encode::op(Op::Mulhu, T0, left[0], right[0]));
        for (a, b) in [(left[0], right[1]), (left[1], right[0])] {
            if a != ZERO && b != ZERO {
                self.asm.word(encode::op(Op::Mul, T1, a, b));
                self.asm.word(encode::op(Op::Add, T0, T0, T1));
            }
        }
        self.asm
            .word(encode::op(Op::Mul, pair[0], left[0], right[0]));
        self.asm.copy(pair[1], T0);
        self.push_pair(Type::I64, pair)
    }

    pub fn shift_pair(&mut self, shift: Shift) -> Result<(), Refusal> {
        let amount = self.pop()?.words[0];
        if let Loc::Const(amount) = amount {
            return self.shift_by_constant(shift, amount & 63);
        }
        let amount = self.reg(amount)?;
        let value = self.pop_pair()?;
        // `near` loses bits to `far`, which gets them.
        let (near, far) = match shift {
            Shift::Left => (0, 1),
            _ => (1, 0),
        };
        let (main, other) = match shift {
            Shift::Left => (Op::Sll, Op::Srl),
            Shift::RightSigned => (Op::Sra, Op::Sll),
            Shift::RightUnsigned => (Op::Srl, Op::Sll),
        };
        let all = value[0].bit() | value[1].bit() | amount.bit();
        let pair = self.result_pair([all, all])?;
        let (long, done) = (self.asm.label(), self.asm.label());
        self.asm.word(encode::andi(T0, amount, 32));
        self.asm.branch(Test::Ne, T0, ZERO, long);
        // By 31 - amount after one: an amount of 0 would be 32 at once.
        self.asm.word(encode::xori(T0, amount, -1));
        self.asm.word(if other == Op::Srl {
            encode::srli(T1, value[near], 1)
        } else {
            encode::slli(T1, value[near], 1)
        });
        self.asm.word(encode::op(other, T1, T1, T0));
        let far_shift = if shift == Shift::Left {
            Op::Sll
        } else {
            Op::Srl
        };
        self.asm.word(encode::op(far_shift, T0, value[far], amount));
        self.asm.word(encode::op(Op::Or, pair[far], T0, T1));
        self.asm
            .word(encode::op(main, pair[near], value[near], amount));
        self.asm.jump(done);
        self.asm.bind(long);
        self.asm
            .word(encode::op(main, pair[far], value[near], amount));
        if shift == Shift::RightSigned {
            self.asm.word(encode::srai(pair[near], value[near], 31));
        } else {
            self.asm.copy(pair[near], ZERO);
        }
        self.asm.bind(done);
        self.push_pair(Type::I64, pair)
    }

    fn shift_by_constant(&mut self, shift: Shift, amount: u32) -> Result<(), Refusal> {
        if amount == 0 {
            let value = self.pop()?;
            self.release();
            return self.push(Type::I64, value.words);
        }
        if amount >= 32 {
            return self.shift_by_words(shift, amount - 32);
        }
        let value = self.pop_pair()?;
        let pair = self.result_pair([0, 0])?;
        match shift {
            Shift::Left => {
                self.asm.word(encode::srli(T0, value[0], 32 - amount));
                self.asm.word(encode::slli(T1, value[1], amount));
                self.asm.word(encode::slli(pair[0], value[0], amount));
                self.asm.word(encode::op(Op::Or, pair[1], T0, T1));
            }
            Shift::RightSigned | Shift::RightUnsigned => {
                self.asm.word(encode::slli(T0, value[1], 32 - amount));
                self.asm.word(encode::srli(T1, value[0], amount));
                self.asm.word(if shift == Shift::RightSigned {
                    encode::srai(pair[1], value[1], amount)
                } else {
                    encode::srli(pair[1], value[1], amount)
                });
                self.asm.word(encode::op(Op::Or, pair[0], T0, T1));
            }
        }
        self.push_pair(Type::I64, pair)
    }

    /// By 32 and `more`: one word moves, the other is filled.
    fn shift_by_words(&mut self, shift: Shift, more: u32) -> Result<(), Refusal> {
        let value = self.pop()?;
        if shift == Shift::RightSigned {
            let high = self.reg(value.words[1])?;
            let pair = self.result_pair([high.bit(), 0])?;
            self.asm.word(encode::srai(pair[0], high, more));
            self.asm.word(encode::srai(pair[1], high, 31));
            return self.push_pair(Type::I64, pair);
        }
        let kept = value.words[usize::from(shift != Shift::Left)];
        let moved = if more == 0 {
            self.release();
            kept
        } else {
            let from = self.reg(kept)?;
            // No local: a word that is 0 comes with it.
            let rd = self.take(0)?;
            self.asm.word(if shift == Shift::Left {
                encode::slli(rd, from, more)
            } else {
                encode::srli(rd, from, more)
            });
            self.release();
            Loc::Reg(rd)
        };
        let zero = Loc::Const(0);
        self.push(
            Type::I64,
            if shift == Shift::Left {
                [zero, moved]
            } else {
                [moved, zero]
            },
        )
    }

    pub fn rotate_pair(&mut self, left: bool) -> Result<(), Refusal> {
        let amount = self.pop()?.words[0];
        if let Loc::Const(amount) = amount {
            let amount = if left { amount } else { amount.wrapping_neg() };
            return self.rotate_by_constant(amount & 63);
        }
        let amount = self.reg(amount)?;
        let value = self.pop_pair()?;
        let by = self.take(0)?;
        if left {
            self.asm.copy(by, amount);
        } else {
            self.asm.word(encode::op(Op::Sub, by, ZERO, amount));
        }
        let all = value[0].bit() | value[1].bit() | by.bit();
        let pair = self.result_pair([all, all])?;
        let turned = self.asm.label();
        let swapped = self.asm.label();
        self.asm.word(encode::andi(T0, by, 32));
        self.asm.branch(Test::Ne, T0, ZERO, swapped);
        self.asm.copy(pair[0], value[0]);
        self.asm.copy(pair[1], value[1]);
        self.asm.jump(turned);
        self.asm.bind(swapped);
        self.asm.copy(pair[0], value[1]);
        self.asm.copy(pair[1], value[0]);
        self.asm.bind(turned);
        // By 31 - amount after one: an amount of 0 would be 32 at once.
        self.asm.word(encode::xori(T1, by, -1));
        self.asm.word(encode::srli(T0, pair[1], 1));
        self.asm.word(encode::op(Op::Srl, T0, T0, T1));
        self.asm.word(encode::op(Op::Sll, pair[1], pair[1], by));
        self.asm.word(encode::op(Op::Sll, by, pair[0], by));
        self.asm.word(encode::srli(pair[0], pair[0], 1));
        self.asm.word(encode::op(Op::Srl, pair[0], pair[0], T1));
        self.asm.word(encode::op(Op::Or, pair[1], pair[1], pair[0]));
        self.asm.word(encode::op(Op::Or, pair[0], by, T0));
        self.push_pair(Type::I64, pair)
    }

    fn rotate_by_constant(&mut self, amount: u32) -> Result<(), Refusal> {
        let mut value = self.pop()?.words;
        if amount >= 32 {
            value.swap(0, 1);
        }
        let amount = amount & 31;
        if amount == 0 {
            self.release();
            return self.push(Type::I64, value);
        }
        let value = [self.reg(value[0])?, self.reg(value[1])?];
        let pair = self.result_pair([value[1].bit(), 0])?;
        self.asm.word(encode::srli(T0, value[1], 32 - amount));
        self.asm.word(encode::srli(T1, value[0], 32 - amount));
        self.asm.word(encode::slli(pair[0], value[0], amount));
        self.asm.word(encode::op(Op::Or, pair[0], pair[0], T0));
        self.asm.word(encode::slli(pair[1], value[1], amount));
        self.asm.word(encode::op(Op::Or, pair[1], pair[1], T1));
        self.push_pair(Type::I64, pair)
    }

    /// Ends the operands of a comparison, of which only `a` is still read.
    fn conclude_pair(&mut self, test: Test, a: Reg) -> Result<(), Refusal> {
        self.release();
        self.in_use |= a.bit();
        self.held = a.bit();
        self.conclude(Condition { test, a, b: ZERO })
    }

    pub fn eqz_pair(&mut self) -> Result<(), Refusal> {
        let value = self.pop_pair()?;
        let a = self.take(0)?;
        self.asm.word(encode::op(Op::Or, a, value[0], value[1]));
        self.conclude_pair(Test::Eq, a)
    }

    /// Equal, or not.
    pub fn equal_pair(&mut self, test: Test) -> Result<(), Refusal> {
        let (left, right) = self.pop_two_pairs()?;
        let a = self.take(0)?;
        self.asm.word(encode::op(Op::Xor, T0, left[0], right[0]));
        self.asm.word(encode::op(Op::Xor, T1, left[1], right[1]));
        self.asm.word(encode::op(Op::Or, a, T0, T1));
        self.conclude_pair(test, a)
    }

    /// Less, or less or equal of the operands in the other order.
    pub fn compare_pair(&mut self, test: Test, swapped: bool) -> Result<(), Refusal> {
        let (left, right) = self.pop_two_pairs()?;
        let (left, right) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let a = self.take(0)?;
        let done = self.asm.label();
        let high = match test {
            Test::Lt | Test::Ge => Op::Slt,
            _ => Op::Sltu,
        };
        self.asm.word(encode::op(high, a, left[1], right[1]));
        self.asm.branch(Test::Ne, left[1], right[1], done);
        self.asm.word(encode::op(Op::Sltu, a, left[0], right[0]));
        self.asm.bind(done);
        let test = match test {
            Test::Lt | Test::Ltu => Test::Ne,
            _ => Test::Eq,
        };
        self.conclude_pair(test, a)
    }

    pub fn wrap(&mut self) -> Result<(), Refusal> {
        let value = self.pop()?;
        self.release();
        self.push_word(Type::I32, value.words[0])
    }

    pub fn extend_unsigned(&mut self) -> Result<(), Refusal> {
        let value = self.pop()?;
        self.release();
        self.push_word(Type::I64, value.words[0])
    }

    /// The low `bits` with their sign.
    pub fn extend_signed(&mut self, bits: u32) -> Result<(), Refusal> {
        let low = self.pop_reg()?;
        let pair = self.result_pair([0, 0])?;
        if bits < 32 {
            self.asm.word(encode::slli(T0, low, 32 - bits));
            self.asm.word(encode::srai(pair[0], T0, 32 - bits));
        } else {
            self.asm.copy(pair[0], low);
        }
        self.asm.word(encode::srai(pair[1], pair[0], 31));
        self.push_pair(Type::I64, pair)
    }
}
