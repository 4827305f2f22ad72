//! Integers of 32 bits, and the conditions that branches and comparisons share.

use wasmparser::Operator;

use crate::control::Condition;
use crate::encode::{self, Op, Reg, Test, T0, T1, ZERO};
use crate::function::Gen;
use crate::refusal::Refusal;
use crate::stack::{Loc, Place};
use crate::types::Type;

impl Gen<'_, '_> {
    /// An operation that is one instruction.
    pub fn binary(&mut self, op: Op) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?.words[0], self.pop()?.words[0]);
        let (a, b) = match (a, b) {
            (Loc::Const(_), Loc::Const(_)) => (a, b),
            (Loc::Const(_), _) if op.commutes() => (b, a),
            _ => (a, b),
        };
        let left = self.reg(a)?;
        if let Loc::Const(value) = b {
            if op.immediate(ZERO, ZERO, value as i32).is_some() {
                let rd = self.result(0)?;
                if let Some(word) = op.immediate(rd, left, value as i32) {
                    self.asm.word(word);
                }
                return self.push_result(Type::I32, rd);
            }
        }
        let right = self.reg(b)?;
        let rd = self.result(0)?;
        self.asm.word(encode::op(op, rd, left, right));
        self.push_result(Type::I32, rd)
    }

    /// Division and remainder: what WebAssembly traps on, the machine gives numbers for.
    pub fn divide(&mut self, op: Op) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?.words[0], self.pop()?.words[0]);
        let (left, right) = (self.reg(a)?, self.reg(b)?);
        let rd = self.result(0)?;
        let constant = match b {
            Loc::Const(value) => Some(value),
            _ => None,
        };
        if constant.is_none_or(|value| value == 0) {
            self.trap_if(Test::Eq, right, ZERO);
        }
        if op == Op::Div && constant.is_none_or(|value| value == u32::MAX) {
            let fine = self.asm.label();
            self.asm.word(encode::addi(T0, right, 1));
            self.asm.branch(Test::Ne, T0, ZERO, fine);
            self.asm.constant(T1, 0x8000_0000);
            self.trap_if(Test::Eq, left, T1);
            self.asm.bind(fine);
        }
        self.asm.word(encode::op(op, rd, left, right));
        self.push_result(Type::I32, rd)
    }

    pub fn rotate(&mut self, left: bool) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?.words[0], self.pop()?.words[0]);
        let value = self.reg(a)?;
        if let Loc::Const(amount) = b {
            let amount = (if left { amount } else { amount.wrapping_neg() }) & 31;
            let rd = self.result(0)?;
            if amount == 0 {
                self.asm.copy(rd, value);
            } else {
                self.asm.word(encode::slli(T0, value, amount));
                self.asm.word(encode::srli(T1, value, 32 - amount));
                self.asm.word(encode::op(Op::Or, rd, T0, T1));
            }
            return self.push_result(Type::I32, rd);
        }
        let amount = self.reg(b)?;
        let rd = self.result(0)?;
        let (there, back) = if left {
            (Op::Sll, Op::Srl)
        } else {
            (Op::Srl, Op::Sll)
        };
        self.asm.word(encode::op(Op::Sub, T0, ZERO, amount));
        self.asm.word(encode::op(back, T0, value, T0));
        self.asm.word(encode::op(there, T1, value, amount));
        self.asm.word(encode::op(Op::Or, rd, T0, T1));
        self.push_result(Type::I32, rd)
    }

    /// The low `bits` with their sign.
    pub fn extend_word(&mut self, bits: u32) -> Result<(), Refusal> {
        let value = self.pop_reg()?;
        let rd = self.result(0)?;
        self.asm.word(encode::slli(T0, value, 32 - bits));
        self.asm.word(encode::srai(rd, T0, 32 - bits));
        self.push_result(Type::I32, rd)
    }

    pub fn eqz(&mut self) -> Result<(), Refusal> {
        let a = self.pop_reg()?;
        self.conclude(Condition {
            test: Test::Eq,
            a,
            b: ZERO,
        })
    }

    /// `swapped` tests `b` against `a`: the machine has no test for greater.
    pub fn compare(&mut self, test: Test, swapped: bool) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?.words[0], self.pop()?.words[0]);
        if let (Loc::Const(value), false) = (b, self.is_consumed_by_branch()) {
            if let Some(op) = compare_immediate(test, swapped, value as i32) {
                return self.compare_constant(a, op);
            }
        }
        if let (Loc::Const(value), Test::Eq | Test::Ne) = (b, test) {
            if value != 0
                && encode::fits((value as i32).wrapping_neg())
                && !self.is_consumed_by_branch()
            {
                return self.equals_constant(a, test, value as i32);
            }
        }
        let (a, b) = (self.reg(a)?, self.reg(b)?);
        let (a, b) = if swapped { (b, a) } else { (a, b) };
        self.conclude(Condition { test, a, b })
    }

    fn equals_constant(&mut self, a: Loc, test: Test, value: i32) -> Result<(), Refusal> {
        let left = self.reg(a)?;
        let rd = self.result(0)?;
        self.asm.word(encode::addi(T0, left, value.wrapping_neg()));
        self.asm.word(match test {
            Test::Eq => encode::sltiu(rd, T0, 1),
            _ => encode::op(Op::Sltu, rd, ZERO, T0),
        });
        self.push_result(Type::I32, rd)
    }

    fn compare_constant(&mut self, a: Loc, (value, inverted): (Slt, bool)) -> Result<(), Refusal> {
        let left = self.reg(a)?;
        let rd = self.result(0)?;
        let (op, value) = match value {
            Slt::Signed(value) => (Op::Slt, value),
            Slt::Unsigned(value) => (Op::Sltu, value),
        };
        if let Some(word) = op.immediate(rd, left, value) {
            self.asm.word(word);
        }
        if inverted {
            self.asm.word(encode::xori(rd, rd, 1));
        }
        self.push_result(Type::I32, rd)
    }

    /// Whether the condition at hand goes to a branch and is never a number.
    fn is_consumed_by_branch(&self) -> bool {
        let mut next = self.pc;
        while let Some(Operator::I32Eqz) = self.operators.get(next) {
            next += 1;
        }
        matches!(
            self.operators.get(next),
            Some(Operator::BrIf { .. } | Operator::If { .. } | Operator::Select)
        )
    }

    /// A condition goes to the branch or `select` that follows, or becomes 0 or 1.
    pub fn conclude(&mut self, mut condition: Condition) -> Result<(), Refusal> {
        if !self.is_consumed_by_branch() {
            return self.number(condition);
        }
        while let Some(Operator::I32Eqz) = self.operators.get(self.pc) {
            condition = condition.inverted();
            self.pc += 1;
            self.charge();
        }
        let operator = self.operators.get(self.pc);
        self.pc += 1;
        self.charge();
        match operator {
            Some(Operator::BrIf { relative_depth }) => self.br_if(*relative_depth, condition),
            Some(Operator::If { blockty }) => self.if_(*blockty, condition),
            Some(Operator::Select) => self.select(condition),
            _ => Err(Refusal::NotAModule),
        }
    }

    fn number(&mut self, Condition { test, a, b }: Condition) -> Result<(), Refusal> {
        let rd = self.result(0)?;
        match test {
            Test::Eq | Test::Ne => {
                let difference = if b == ZERO {
                    a
                } else {
                    self.asm.word(encode::op(Op::Xor, T0, a, b));
                    T0
                };
                self.asm.word(match test {
                    Test::Eq => encode::sltiu(rd, difference, 1),
                    _ => encode::op(Op::Sltu, rd, ZERO, difference),
                });
            }
            Test::Lt | Test::Ge => self.asm.word(encode::op(Op::Slt, rd, a, b)),
            Test::Ltu | Test::Geu => self.asm.word(encode::op(Op::Sltu, rd, a, b)),
        }
        if matches!(test, Test::Ge | Test::Geu) {
            self.asm.word(encode::xori(rd, rd, 1));
        }
        self.push_result(Type::I32, rd)
    }

    /// The first value if the condition holds, otherwise the second.
    pub fn select(&mut self, condition: Condition) -> Result<(), Refusal> {
        let (second, first) = (self.pop()?, self.pop()?);
        let words = first.ty.words();
        // Read after the first word of the result is written.
        let mut later = condition.a.bit() | condition.b.bit();
        for loc in second.words.iter().chain(&first.words).take(2 + words) {
            later |= self.reg_if_any(*loc);
        }
        let over = self.asm.label();
        if words == 1 {
            let rd = self.result(later)?;
            self.put(Place::Reg(rd), first.words[0]);
            self.asm
                .branch(condition.test, condition.a, condition.b, over);
            self.put(Place::Reg(rd), second.words[0]);
            self.asm.bind(over);
            return self.push_result(first.ty, rd);
        }
        let pair = match first.words {
            // A temporary of its own can be the result.
            [Loc::Reg(low), Loc::Reg(high)] => {
                self.release();
                [low, high]
            }
            _ => self.result_pair([later, later])?,
        };
        for (rd, loc) in pair.iter().zip(first.words) {
            self.put(Place::Reg(*rd), loc);
        }
        self.asm
            .branch(condition.test, condition.a, condition.b, over);
        for (rd, loc) in pair.iter().zip(second.words) {
            self.put(Place::Reg(*rd), loc);
        }
        self.asm.bind(over);
        self.push_pair(first.ty, pair)
    }

    /// `select` and branches on a number.
    pub fn pop_condition(&mut self) -> Result<Condition, Refusal> {
        let a = self.pop_reg()?;
        Ok(Condition {
            test: Test::Ne,
            a,
            b: ZERO,
        })
    }

    /// The register that the word is in, as a bit, if it is in one.
    fn reg_if_any(&self, loc: Loc) -> u32 {
        match self.place_of(loc) {
            Some(Place::Reg(reg)) => reg.bit(),
            _ => 0,
        }
    }

    /// A value of two words in registers.
    pub fn pop_pair(&mut self) -> Result<[Reg; 2], Refusal> {
        let value = self.pop()?;
        Ok([self.reg(value.words[0])?, self.reg(value.words[1])?])
    }
}

/// A `slti` or `sltiu` with its constant.
enum Slt {
    Signed(i32),
    Unsigned(i32),
}

/// A test against a constant as one such instruction, and whether its result is turned around.
fn compare_immediate(test: Test, swapped: bool, value: i32) -> Option<(Slt, bool)> {
    // `a > c` is not `a < c + 1`, and so on; not if c + 1 wraps.
    let signed = |value: i32| encode::fits(value).then_some(Slt::Signed(value));
    let unsigned = |value: i32| encode::fits(value).then_some(Slt::Unsigned(value));
    match (test, swapped) {
        (Test::Lt, false) => Some((signed(value)?, false)),
        (Test::Ge, false) => Some((signed(value)?, true)),
        (Test::Ltu, false) => Some((unsigned(value)?, false)),
        (Test::Geu, false) => Some((unsigned(value)?, true)),
        (Test::Lt, true) => Some((signed(value.checked_add(1)?)?, true)),
        (Test::Ge, true) => Some((signed(value.checked_add(1)?)?, false)),
        (Test::Ltu, true) => Some((unsigned(above(value)?)?, true)),
        (Test::Geu, true) => Some((unsigned(above(value)?)?, false)),
        _ => None,
    }
}

/// One more, of unsigned numbers.
fn above(value: i32) -> Option<i32> {
    (value as u32).checked_add(1).map(|value| value as i32)
}
