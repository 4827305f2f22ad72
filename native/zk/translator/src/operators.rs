//! What each instruction becomes.

use nmp_zk_abi::Helper;
use wasmparser::{HeapType, Operator};

use crate::assembler::Item;
use crate::encode::{Load, Op, Store, Test};
use crate::float;
use crate::function::Gen;
use crate::int64::Shift;
use crate::refusal::Refusal;
use crate::stack::Loc;
use crate::types::Type;

/// Whether the instruction is a call of a helper: it is then no leaf's.
pub fn needs_helper(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryGrow { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
    ) || integer_helper(operator).is_some()
        || float::helper(operator).is_some()
}

/// Integer instructions that are helpers.
fn integer_helper(operator: &Operator<'_>) -> Option<(Helper, &'static [Type], Type)> {
    const WORD: &[Type] = &[Type::I32];
    const PAIR: &[Type] = &[Type::I64];
    const PAIRS: &[Type] = &[Type::I64, Type::I64];
    Some(match operator {
        Operator::I32Clz => (Helper::I32Clz, WORD, Type::I32),
        Operator::I32Ctz => (Helper::I32Ctz, WORD, Type::I32),
        Operator::I32Popcnt => (Helper::I32Popcnt, WORD, Type::I32),
        Operator::I64Clz => (Helper::I64Clz, PAIR, Type::I32),
        Operator::I64Ctz => (Helper::I64Ctz, PAIR, Type::I32),
        Operator::I64Popcnt => (Helper::I64Popcnt, PAIR, Type::I32),
        Operator::I64DivS => (Helper::I64DivS, PAIRS, Type::I64),
        Operator::I64DivU => (Helper::I64DivU, PAIRS, Type::I64),
        Operator::I64RemS => (Helper::I64RemS, PAIRS, Type::I64),
        Operator::I64RemU => (Helper::I64RemU, PAIRS, Type::I64),
        _ => return None,
    })
}

/// Not charged: these do nothing by themselves.
fn is_free(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::Else
            | Operator::End
            | Operator::Nop
    )
}

impl Gen<'_, '_> {
    pub fn operator(&mut self, operator: &Operator<'_>) -> Result<(), Refusal> {
        if self.dead {
            return self.skip(operator);
        }
        if !is_free(operator) {
            self.charge();
        }
        if let Some((helper, params, result)) = integer_helper(operator) {
            self.help(helper, params, &[], Some(result))?;
            if params[0] == Type::I64 && result == Type::I32 {
                // A count: its high word is zero.
                return self.extend_unsigned();
            }
            return Ok(());
        }
        if self.control_operator(operator)?
            || self.variable_operator(operator)?
            || self.word_operator(operator)?
            || self.pair_operator(operator)?
            || self.memory_operator(operator)?
            || self.bulk_operator(operator)?
            || self.float_operator(operator)?
        {
            return Ok(());
        }
        // Valid by features that the profile has not: none is left.
        Err(Refusal::NotAModule)
    }

    /// In code that is never reached only the ends of blocks matter.
    fn skip(&mut self, operator: &Operator<'_>) -> Result<(), Refusal> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.dead_blocks += 1;
                Ok(())
            }
            Operator::End if self.dead_blocks > 0 => {
                self.dead_blocks -= 1;
                Ok(())
            }
            Operator::End => self.end(),
            Operator::Else if self.dead_blocks == 0 => self.else_(),
            _ => Ok(()),
        }
    }

    fn control_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.trap();
                self.die();
            }
            Operator::Block { blockty } => self.block(*blockty)?,
            Operator::Loop { blockty } => self.loop_(*blockty)?,
            Operator::If { blockty } => {
                let condition = self.pop_condition()?;
                self.if_(*blockty, condition)?;
            }
            Operator::Else => self.else_()?,
            Operator::End => self.end()?,
            Operator::Br { relative_depth } => self.br(*relative_depth)?,
            Operator::BrIf { relative_depth } => {
                let condition = self.pop_condition()?;
                self.br_if(*relative_depth, condition)?;
            }
            Operator::BrTable { targets } => self.br_table(targets)?,
            Operator::Return => self.return_()?,
            Operator::Call { function_index } => self.call(*function_index)?,
            Operator::CallIndirect {
                type_index,
                table_index,
            } => self.call_indirect(*type_index, *table_index)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn variable_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::Drop => {
                self.pop()?;
                self.release();
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let condition = self.pop_condition()?;
                self.select(condition)?;
            }
            Operator::LocalGet { local_index } => self.push_local(*local_index as usize)?,
            Operator::LocalSet { local_index } => self.local_set(*local_index as usize)?,
            Operator::LocalTee { local_index } => {
                self.local_set(*local_index as usize)?;
                self.push_local(*local_index as usize)?;
            }
            Operator::GlobalGet { global_index } => self.global_get(*global_index)?,
            Operator::GlobalSet { global_index } => self.global_set(*global_index)?,
            Operator::I32Const { value } => {
                self.push_word(Type::I32, Loc::Const(*value as u32))?;
            }
            Operator::I64Const { value } => self.push_constant(Type::I64, *value as u64)?,
            Operator::F32Const { value } => self.push_word(Type::F32, Loc::Const(value.bits()))?,
            Operator::F64Const { value } => self.push_constant(Type::F64, value.bits())?,
            Operator::RefNull { hty } => {
                let ty = if *hty == HeapType::EXTERN {
                    Type::Extern
                } else {
                    Type::Ref
                };
                self.push_word(ty, Loc::Const(0))?;
            }
            Operator::RefIsNull => self.eqz()?,
            Operator::RefFunc { function_index } => {
                let rd = self.result(0)?;
                self.asm.items.push(Item::Address(rd, *function_index));
                self.push_result(Type::Ref, rd)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn push_constant(&mut self, ty: Type, value: u64) -> Result<(), Refusal> {
        let words = [Loc::Const(value as u32), Loc::Const((value >> 32) as u32)];
        self.push(ty, words)
    }

    fn word_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::I32Add => self.binary(Op::Add)?,
            Operator::I32Sub => self.binary(Op::Sub)?,
            Operator::I32Mul => self.binary(Op::Mul)?,
            Operator::I32And => self.binary(Op::And)?,
            Operator::I32Or => self.binary(Op::Or)?,
            Operator::I32Xor => self.binary(Op::Xor)?,
            Operator::I32Shl => self.binary(Op::Sll)?,
            Operator::I32ShrS => self.binary(Op::Sra)?,
            Operator::I32ShrU => self.binary(Op::Srl)?,
            Operator::I32DivS => self.divide(Op::Div)?,
            Operator::I32DivU => self.divide(Op::Divu)?,
            Operator::I32RemS => self.divide(Op::Rem)?,
            Operator::I32RemU => self.divide(Op::Remu)?,
            Operator::I32Rotl => self.rotate(true)?,
            Operator::I32Rotr => self.rotate(false)?,
            Operator::I32Extend8S => self.extend_word(8)?,
            Operator::I32Extend16S => self.extend_word(16)?,
            Operator::I32Eqz => self.eqz()?,
            Operator::I32Eq => self.compare(Test::Eq, false)?,
            Operator::I32Ne => self.compare(Test::Ne, false)?,
            Operator::I32LtS => self.compare(Test::Lt, false)?,
            Operator::I32LtU => self.compare(Test::Ltu, false)?,
            Operator::I32GtS => self.compare(Test::Lt, true)?,
            Operator::I32GtU => self.compare(Test::Ltu, true)?,
            Operator::I32LeS => self.compare(Test::Ge, true)?,
            Operator::I32LeU => self.compare(Test::Geu, true)?,
            Operator::I32GeS => self.compare(Test::Ge, false)?,
            Operator::I32GeU => self.compare(Test::Geu, false)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pair_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::I64Add => self.add_pair()?,
            Operator::I64Sub => self.subtract_pair()?,
            Operator::I64Mul => self.multiply_pair()?,
            Operator::I64And => self.bitwise_pair(Op::And)?,
            Operator::I64Or => self.bitwise_pair(Op::Or)?,
            Operator::I64Xor => self.bitwise_pair(Op::Xor)?,
            Operator::I64Shl => self.shift_pair(Shift::Left)?,
            Operator::I64ShrS => self.shift_pair(Shift::RightSigned)?,
            Operator::I64ShrU => self.shift_pair(Shift::RightUnsigned)?,
            Operator::I64Rotl => self.rotate_pair(true)?,
            Operator::I64Rotr => self.rotate_pair(false)?,
            Operator::I64Eqz => self.eqz_pair()?,
            Operator::I64Eq => self.equal_pair(Test::Eq)?,
            Operator::I64Ne => self.equal_pair(Test::Ne)?,
            Operator::I64LtS => self.compare_pair(Test::Lt, false)?,
            Operator::I64LtU => self.compare_pair(Test::Ltu, false)?,
            Operator::I64GtS => self.compare_pair(Test::Lt, true)?,
            Operator::I64GtU => self.compare_pair(Test::Ltu, true)?,
            Operator::I64LeS => self.compare_pair(Test::Ge, true)?,
            Operator::I64LeU => self.compare_pair(Test::Geu, true)?,
            Operator::I64GeS => self.compare_pair(Test::Ge, false)?,
            Operator::I64GeU => self.compare_pair(Test::Geu, false)?,
            Operator::I32WrapI64 => self.wrap()?,
            Operator::I64ExtendI32U => self.extend_unsigned()?,
            Operator::I64ExtendI32S | Operator::I64Extend32S => self.extend_signed(32)?,
            Operator::I64Extend8S => self.extend_signed(8)?,
            Operator::I64Extend16S => self.extend_signed(16)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    #[rustfmt::skip]
    fn memory_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::I32Load { memarg } => self.load(Type::I32, memarg.offset, 4, Load::Word)?,
            Operator::F32Load { memarg } => self.load(Type::F32, memarg.offset, 4, Load::Word)?,
            Operator::I32Load8S { memarg } => self.load(Type::I32, memarg.offset, 1, Load::Byte)?,
            Operator::I32Load8U { memarg } => self.load(Type::I32, memarg.offset, 1, Load::ByteUnsigned)?,
            Operator::I32Load16S { memarg } => self.load(Type::I32, memarg.offset, 2, Load::Half)?,
            Operator::I32Load16U { memarg } => self.load(Type::I32, memarg.offset, 2, Load::HalfUnsigned)?,
            Operator::I64Load { memarg } => self.load_pair(Type::I64, memarg.offset)?,
            Operator::F64Load { memarg } => self.load_pair(Type::F64, memarg.offset)?,
            Operator::I64Load8S { memarg } => self.load_extended(memarg.offset, 1, Load::Byte, true)?,
            Operator::I64Load8U { memarg } => self.load_extended(memarg.offset, 1, Load::ByteUnsigned, false)?,
            Operator::I64Load16S { memarg } => self.load_extended(memarg.offset, 2, Load::Half, true)?,
            Operator::I64Load16U { memarg } => self.load_extended(memarg.offset, 2, Load::HalfUnsigned, false)?,
            Operator::I64Load32S { memarg } => self.load_extended(memarg.offset, 4, Load::Word, true)?,
            Operator::I64Load32U { memarg } => self.load_extended(memarg.offset, 4, Load::Word, false)?,
            Operator::I32Store { memarg }
            | Operator::F32Store { memarg }
            | Operator::I64Store32 { memarg } => self.store(memarg.offset, 4, Store::Word)?,
            Operator::I32Store8 { memarg }
            | Operator::I64Store8 { memarg } => self.store(memarg.offset, 1, Store::Byte)?,
            Operator::I32Store16 { memarg }
            | Operator::I64Store16 { memarg } => self.store(memarg.offset, 2, Store::Half)?,
            Operator::I64Store { memarg }
            | Operator::F64Store { memarg } => self.store(memarg.offset, 8, Store::Word)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn bulk_operator(&mut self, operator: &Operator<'_>) -> Result<bool, Refusal> {
        match operator {
            Operator::MemorySize { .. } => self.memory_size()?,
            Operator::MemoryGrow { .. } => self.memory_grow()?,
            Operator::MemoryFill { .. } => self.memory_fill()?,
            Operator::MemoryCopy { .. } => self.memory_copy()?,
            Operator::MemoryInit { data_index, .. } => self.memory_init(*data_index)?,
            Operator::DataDrop { data_index } => {
                self.drop_segment(self.program.data_segment(*data_index));
            }
            Operator::ElemDrop { elem_index } => {
                self.drop_segment(self.program.element_segment(self.module, *elem_index));
            }
            Operator::TableGet { table } => self.table_get(*table)?,
            Operator::TableSet { table } => self.table_set(*table)?,
            Operator::TableSize { table } => self.table_size(*table)?,
            Operator::TableGrow { table } => self.table_grow(*table)?,
            Operator::TableFill { table } => self.table_fill(*table)?,
            Operator::TableCopy {
                dst_table,
                src_table,
            } => self.table_copy(*dst_table, *src_table)?,
            Operator::TableInit { elem_index, table } => self.table_init(*elem_index, *table)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
