//! Floating point: helpers, but for what only moves or changes the sign's bit.

use nmp_zk_abi::Helper;
use wasmparser::Operator;

use crate::encode::{self, Op, Reg, T0, T1};
use crate::function::Gen;
use crate::refusal::Refusal;
use crate::types::Type;

/// How a comparison is made of the helpers that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    AsGiven,
    /// `a > b` is `b < a`.
    Swapped,
    /// `a != b` is not `a == b`.
    Not,
}

type Call = (Helper, &'static [Type], Type, Order);

const F32: &[Type] = &[Type::F32];
const F32S: &[Type] = &[Type::F32, Type::F32];
const F64: &[Type] = &[Type::F64];
const F64S: &[Type] = &[Type::F64, Type::F64];
const I32: &[Type] = &[Type::I32];
const I64: &[Type] = &[Type::I64];

/// The helper that the instruction is.
pub fn helper(operator: &Operator<'_>) -> Option<Call> {
    arithmetic(operator)
        .or_else(|| comparison(operator))
        .or_else(|| conversion(operator))
}

fn arithmetic(operator: &Operator<'_>) -> Option<Call> {
    let (helper, params, result) = match operator {
        Operator::F32Add => (Helper::F32Add, F32S, Type::F32),
        Operator::F32Sub => (Helper::F32Sub, F32S, Type::F32),
        Operator::F32Mul => (Helper::F32Mul, F32S, Type::F32),
        Operator::F32Div => (Helper::F32Div, F32S, Type::F32),
        Operator::F32Min => (Helper::F32Min, F32S, Type::F32),
        Operator::F32Max => (Helper::F32Max, F32S, Type::F32),
        Operator::F32Sqrt => (Helper::F32Sqrt, F32, Type::F32),
        Operator::F32Ceil => (Helper::F32Ceil, F32, Type::F32),
        Operator::F32Floor => (Helper::F32Floor, F32, Type::F32),
        Operator::F32Trunc => (Helper::F32Trunc, F32, Type::F32),
        Operator::F32Nearest => (Helper::F32Nearest, F32, Type::F32),
        Operator::F64Add => (Helper::F64Add, F64S, Type::F64),
        Operator::F64Sub => (Helper::F64Sub, F64S, Type::F64),
        Operator::F64Mul => (Helper::F64Mul, F64S, Type::F64),
        Operator::F64Div => (Helper::F64Div, F64S, Type::F64),
        Operator::F64Min => (Helper::F64Min, F64S, Type::F64),
        Operator::F64Max => (Helper::F64Max, F64S, Type::F64),
        Operator::F64Sqrt => (Helper::F64Sqrt, F64, Type::F64),
        Operator::F64Ceil => (Helper::F64Ceil, F64, Type::F64),
        Operator::F64Floor => (Helper::F64Floor, F64, Type::F64),
        Operator::F64Trunc => (Helper::F64Trunc, F64, Type::F64),
        Operator::F64Nearest => (Helper::F64Nearest, F64, Type::F64),
        _ => return None,
    };
    Some((helper, params, result, Order::AsGiven))
}

fn comparison(operator: &Operator<'_>) -> Option<Call> {
    let (helper, params, order) = match operator {
        Operator::F32Eq => (Helper::F32Eq, F32S, Order::AsGiven),
        Operator::F32Ne => (Helper::F32Eq, F32S, Order::Not),
        Operator::F32Lt => (Helper::F32Lt, F32S, Order::AsGiven),
        Operator::F32Le => (Helper::F32Le, F32S, Order::AsGiven),
        Operator::F32Gt => (Helper::F32Lt, F32S, Order::Swapped),
        Operator::F32Ge => (Helper::F32Le, F32S, Order::Swapped),
        Operator::F64Eq => (Helper::F64Eq, F64S, Order::AsGiven),
        Operator::F64Ne => (Helper::F64Eq, F64S, Order::Not),
        Operator::F64Lt => (Helper::F64Lt, F64S, Order::AsGiven),
        Operator::F64Le => (Helper::F64Le, F64S, Order::AsGiven),
        Operator::F64Gt => (Helper::F64Lt, F64S, Order::Swapped),
        Operator::F64Ge => (Helper::F64Le, F64S, Order::Swapped),
        _ => return None,
    };
    Some((helper, params, Type::I32, order))
}

fn conversion(operator: &Operator<'_>) -> Option<Call> {
    let (helper, params, result) = match operator {
        Operator::I32TruncF32S => (Helper::I32TruncF32S, F32, Type::I32),
        Operator::I32TruncF32U => (Helper::I32TruncF32U, F32, Type::I32),
        Operator::I32TruncF64S => (Helper::I32TruncF64S, F64, Type::I32),
        Operator::I32TruncF64U => (Helper::I32TruncF64U, F64, Type::I32),
        Operator::I64TruncF32S => (Helper::I64TruncF32S, F32, Type::I64),
        Operator::I64TruncF32U => (Helper::I64TruncF32U, F32, Type::I64),
        Operator::I64TruncF64S => (Helper::I64TruncF64S, F64, Type::I64),
        Operator::I64TruncF64U => (Helper::I64TruncF64U, F64, Type::I64),
        Operator::I32TruncSatF32S => (Helper::I32TruncSatF32S, F32, Type::I32),
        Operator::I32TruncSatF32U => (Helper::I32TruncSatF32U, F32, Type::I32),
        Operator::I32TruncSatF64S => (Helper::I32TruncSatF64S, F64, Type::I32),
        Operator::I32TruncSatF64U => (Helper::I32TruncSatF64U, F64, Type::I32),
        Operator::I64TruncSatF32S => (Helper::I64TruncSatF32S, F32, Type::I64),
        Operator::I64TruncSatF32U => (Helper::I64TruncSatF32U, F32, Type::I64),
        Operator::I64TruncSatF64S => (Helper::I64TruncSatF64S, F64, Type::I64),
        Operator::I64TruncSatF64U => (Helper::I64TruncSatF64U, F64, Type::I64),
        Operator::F32ConvertI32S => (Helper::F32ConvertI32S, I32, Type::F32),
        Operator::F32ConvertI32U => (Helper::F32ConvertI32U, I32, Type::F32),
        Operator::F32ConvertI64S => (Helper::F32ConvertI64S, I64, Type::F32),
        Operator::F32ConvertI64U => (Helper::F32ConvertI64U, I64, Type::F32),
        Operator::F64ConvertI32S => (Helper::F64ConvertI32S, I32, Type::F64),
        Operator::F64ConvertI32U => (Helper::F64ConvertI32U, I32, Type::F64),
        Operator::F64ConvertI64S => (Helper::F64ConvertI64S, I64, Type::F64),
        Operator::F64ConvertI64U => (Helper::F64ConvertI64U, I64, Type::F64),
        Operator::F32DemoteF64 => (Helper::F32DemoteF64, F64, Type::F32),
        Operator::F64PromoteF32 => (Helper::F64PromoteF32, F32, Type::F64),
        _ => return None,
    };
    Some((helper, params, result, Order::AsGiven))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Clear,
    Flip,
}

impl Gen<'_, '_> {
    pub fn float_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        if let Some((helper, params, result, order)) = helper(operator) {
            if order == Order::Swapped {
                self.swap()?;
            }
            self.help(helper, params, &[], Some(result))?;
            if order == Order::Not {
                self.eqz()?;
            }
            return Ok(true);
        }
        match operator {
            Operator::F32Abs => self.sign(Type::F32, Sign::Clear)?,
            Operator::F32Neg => self.sign(Type::F32, Sign::Flip)?,
            Operator::F64Abs => self.sign(Type::F64, Sign::Clear)?,
            Operator::F64Neg => self.sign(Type::F64, Sign::Flip)?,
            Operator::F32Copysign => self.copysign(Type::F32)?,
            Operator::F64Copysign => self.copysign(Type::F64)?,
            Operator::I32ReinterpretF32 => self.reinterpret(Type::I32)?,
            Operator::I64ReinterpretF64 => self.reinterpret(Type::I64)?,
            Operator::F32ReinterpretI32 => self.reinterpret(Type::F32)?,
            Operator::F64ReinterpretI64 => self.reinterpret(Type::F64)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The two topmost values, in the other order.
    fn swap(&mut self) -> Result<(), Refusal> {
        let (b, a) = (self.pop()?, self.pop()?);
        self.release();
        self.push(b.ty, b.words)?;
        self.push(a.ty, a.words)
    }

    fn reinterpret(&mut self, ty: Type) -> Result<(), Refusal> {
        let value = self.pop()?;
        self.release();
        self.push(ty, value.words)
    }

    fn sign(&mut self, ty: Type, sign: Sign) -> Result<(), Refusal> {
        let value = self.pop()?;
        let words = [self.reg(value.words[0])?, self.reg(value.words[1])?];
        if ty.words() == 1 {
            let rd = self.result(0)?;
            self.change_sign(rd, words[0], sign);
            return self.push_result(ty, rd);
        }
        let pair = self.result_pair([words[1].bit(), 0])?;
        self.asm.copy(pair[0], words[0]);
        self.change_sign(pair[1], words[1], sign);
        self.push_pair(ty, pair)
    }

    fn change_sign(&mut self, rd: Reg, word: Reg, sign: Sign) {
        match sign {
            Sign::Clear => {
                self.asm.word(encode::slli(T0, word, 1));
                self.asm.word(encode::srli(rd, T0, 1));
            }
            Sign::Flip => {
                self.asm.word(encode::lui(T0, 0x8_0000));
                self.asm.word(encode::op(Op::Xor, rd, word, T0));
            }
        }
    }

    fn copysign(&mut self, ty: Type) -> Result<(), Refusal> {
        let (from, value) = (self.pop()?, self.pop()?);
        let sign = self.reg(from.words[ty.words() - 1])?;
        let words = [self.reg(value.words[0])?, self.reg(value.words[1])?];
        if ty.words() == 2 {
            let pair = self.result_pair([words[1].bit() | sign.bit(), 0])?;
            self.asm.copy(pair[0], words[0]);
            self.copy_sign(pair[1], words[1], sign);
            return self.push_pair(ty, pair);
        }
        let rd = self.result(0)?;
        self.copy_sign(rd, words[0], sign);
        self.push_result(ty, rd)
    }

    fn copy_sign(&mut self, rd: Reg, word: Reg, sign: Reg) {
        self.asm.word(encode::slli(T0, word, 1));
        self.asm.word(encode::srli(T0, T0, 1));
        self.asm.word(encode::lui(T1, 0x8_0000));
        self.asm.word(encode::op(Op::And, T1, T1, sign));
        self.asm.word(encode::op(Op::Or, rd, T0, T1));
    }
}
