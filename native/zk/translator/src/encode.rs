//! Words of RV32IM instructions. Immediates that do not fit are a fault of the caller, and are
//! masked: `fits` is asked before.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg(pub u8);

pub const ZERO: Reg = Reg(0);
pub const RA: Reg = Reg(1);
pub const SP: Reg = Reg(2);
pub const T0: Reg = Reg(5);
pub const T1: Reg = Reg(6);
pub const T2: Reg = Reg(7);
pub const S0: Reg = Reg(8);
pub const S1: Reg = Reg(9);
pub const A0: Reg = Reg(10);
pub const S2: Reg = Reg(18);
pub const S8: Reg = Reg(24);
pub const S9: Reg = Reg(25);
pub const S10: Reg = Reg(26);
pub const S11: Reg = Reg(27);
pub const T3: Reg = Reg(28);
pub const T6: Reg = Reg(31);

/// Register a0 + `index`; callers keep `index` below 8.
pub fn argument(index: usize) -> Reg {
    Reg(A0.0 + (index & 7) as u8)
}

impl Reg {
    pub fn bit(self) -> u32 {
        1 << (self.0 & 31)
    }
}

/// Conditions of branches, by their `funct3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Test {
    Eq = 0,
    Ne = 1,
    Lt = 4,
    Ge = 5,
    Ltu = 6,
    Geu = 7,
}

impl Test {
    pub fn inverted(self) -> Test {
        match self {
            Test::Eq => Test::Ne,
            Test::Ne => Test::Eq,
            Test::Lt => Test::Ge,
            Test::Ge => Test::Lt,
            Test::Ltu => Test::Geu,
            Test::Geu => Test::Ltu,
        }
    }
}

/// Whether `value` is a signed number of 12 bits.
pub fn fits(value: i32) -> bool {
    (-2048..=2047).contains(&value)
}

/// `value` as the upper 20 bits of `lui` and the signed 12 bits that are added to them.
pub fn split(value: u32) -> (u32, i32) {
    let low = ((value & 0xfff) as i32) << 20 >> 20;
    (value.wrapping_sub(low as u32) >> 12, low)
}

fn r(funct7: u32, rs2: Reg, rs1: Reg, funct3: u32, rd: Reg) -> u32 {
    funct7 << 25
        | u32::from(rs2.0) << 20
        | u32::from(rs1.0) << 15
        | funct3 << 12
        | u32::from(rd.0) << 7
        | 0x33
}

fn i(immediate: i32, rs1: Reg, funct3: u32, rd: Reg, opcode: u32) -> u32 {
    (immediate as u32 & 0xfff) << 20
        | u32::from(rs1.0) << 15
        | funct3 << 12
        | u32::from(rd.0) << 7
        | opcode
}

fn s(immediate: i32, rs2: Reg, rs1: Reg, funct3: u32) -> u32 {
    let immediate = immediate as u32;
    (immediate >> 5 & 0x7f) << 25
        | u32::from(rs2.0) << 20
        | u32::from(rs1.0) << 15
        | funct3 << 12
        | (immediate & 0x1f) << 7
        | 0x23
}

/// Operations of two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Mul,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
}

impl Op {
    fn functs(self) -> (u32, u32) {
        match self {
            Op::Add => (0x00, 0),
            Op::Sub => (0x20, 0),
            Op::Sll => (0x00, 1),
            Op::Slt => (0x00, 2),
            Op::Sltu => (0x00, 3),
            Op::Xor => (0x00, 4),
            Op::Srl => (0x00, 5),
            Op::Sra => (0x20, 5),
            Op::Or => (0x00, 6),
            Op::And => (0x00, 7),
            Op::Mul => (0x01, 0),
            Op::Mulhu => (0x01, 3),
            Op::Div => (0x01, 4),
            Op::Divu => (0x01, 5),
            Op::Rem => (0x01, 6),
            Op::Remu => (0x01, 7),
        }
    }

    /// With the constant `value` in place of the second register, if one instruction can.
    pub fn immediate(self, rd: Reg, rs1: Reg, value: i32) -> Option<u32> {
        let shift = |funct3, high: i32| Some(i(high | (value & 31), rs1, funct3, rd, 0x13));
        match self {
            Op::Sll => return shift(1, 0),
            Op::Srl => return shift(5, 0),
            Op::Sra => return shift(5, 0x400),
            _ => {}
        }
        let value = if self == Op::Sub {
            value.wrapping_neg()
        } else {
            value
        };
        let funct3 = match self {
            Op::Add | Op::Sub => 0,
            Op::Slt => 2,
            Op::Sltu => 3,
            Op::Xor => 4,
            Op::Or => 6,
            Op::And => 7,
            _ => return None,
        };
        fits(value).then(|| i(value, rs1, funct3, rd, 0x13))
    }

    pub fn commutes(self) -> bool {
        matches!(
            self,
            Op::Add | Op::Xor | Op::Or | Op::And | Op::Mul | Op::Mulhu
        )
    }
}

pub fn op(op: Op, rd: Reg, rs1: Reg, rs2: Reg) -> u32 {
    let (funct7, funct3) = op.functs();
    r(funct7, rs2, rs1, funct3, rd)
}

pub fn addi(rd: Reg, rs1: Reg, value: i32) -> u32 {
    i(value, rs1, 0, rd, 0x13)
}
pub fn sltiu(rd: Reg, rs1: Reg, value: i32) -> u32 {
    i(value, rs1, 3, rd, 0x13)
}
pub fn xori(rd: Reg, rs1: Reg, value: i32) -> u32 {
    i(value, rs1, 4, rd, 0x13)
}
pub fn andi(rd: Reg, rs1: Reg, value: i32) -> u32 {
    i(value, rs1, 7, rd, 0x13)
}
pub fn slli(rd: Reg, rs1: Reg, amount: u32) -> u32 {
    i((amount & 31) as i32, rs1, 1, rd, 0x13)
}
pub fn srli(rd: Reg, rs1: Reg, amount: u32) -> u32 {
    i((amount & 31) as i32, rs1, 5, rd, 0x13)
}
pub fn srai(rd: Reg, rs1: Reg, amount: u32) -> u32 {
    i(0x400 | (amount & 31) as i32, rs1, 5, rd, 0x13)
}
pub fn lui(rd: Reg, upper: u32) -> u32 {
    (upper & 0xf_ffff) << 12 | u32::from(rd.0) << 7 | 0x37
}
pub fn auipc(rd: Reg, upper: u32) -> u32 {
    (upper & 0xf_ffff) << 12 | u32::from(rd.0) << 7 | 0x17
}
pub fn jalr(rd: Reg, rs1: Reg, value: i32) -> u32 {
    i(value, rs1, 0, rd, 0x67)
}

/// `distance` is even and within ±1 MiB.
pub fn jal(rd: Reg, distance: i32) -> u32 {
    let d = distance as u32;
    (d >> 20 & 1) << 31
        | (d >> 1 & 0x3ff) << 21
        | (d >> 11 & 1) << 20
        | (d >> 12 & 0xff) << 12
        | u32::from(rd.0) << 7
        | 0x6f
}

/// `distance` is even and within ±4 KiB.
pub fn branch(test: Test, rs1: Reg, rs2: Reg, distance: i32) -> u32 {
    let d = distance as u32;
    (d >> 12 & 1) << 31
        | (d >> 5 & 0x3f) << 25
        | u32::from(rs2.0) << 20
        | u32::from(rs1.0) << 15
        | (test as u32) << 12
        | (d >> 1 & 0xf) << 8
        | (d >> 11 & 1) << 7
        | 0x63
}

/// Widths of loads, by their `funct3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Load {
    Byte = 0,
    Half = 1,
    Word = 2,
    ByteUnsigned = 4,
    HalfUnsigned = 5,
}

/// Widths of stores, by their `funct3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Store {
    Byte = 0,
    Half = 1,
    Word = 2,
}

pub fn load(width: Load, rd: Reg, base: Reg, offset: i32) -> u32 {
    i(offset, base, width as u32, rd, 0x03)
}
pub fn store(width: Store, value: Reg, base: Reg, offset: i32) -> u32 {
    s(offset, value, base, width as u32)
}
pub fn lw(rd: Reg, base: Reg, offset: i32) -> u32 {
    load(Load::Word, rd, base, offset)
}
pub fn sw(value: Reg, base: Reg, offset: i32) -> u32 {
    store(Store::Word, value, base, offset)
}
pub fn ret() -> u32 {
    jalr(ZERO, RA, 0)
}
