//! The runtime's helpers in plain Rust, by the words of native/zk/abi.

use nmp_zk_abi as abi;
use nmp_zk_abi::{trap, Helper};

use super::machine::{End, Machine};

fn pair(machine: &Machine, at: usize) -> u64 {
    u64::from(machine.regs[at + 1]) << 32 | u64::from(machine.regs[at])
}

fn set_pair(machine: &mut Machine, value: u64) {
    machine.regs[10] = value as u32;
    machine.regs[11] = (value >> 32) as u32;
}

pub fn call(machine: &mut Machine, number: u32) -> Result<(), End> {
    let helper = *Helper::ALL.get(number as usize).expect("a helper");
    let a: [u32; 5] = core::array::from_fn(|index| machine.regs[10 + index]);
    let wide = matches!(helper as u32, 16..=19 | 34..=44 | 52..=55 | 60..=63 | 68..=71 | 73);
    match helper {
        Helper::Trap => {
            return Err(if a[0] == trap::OUT_OF_FUEL {
                End::OutOfFuel
            } else {
                End::Trap
            })
        }
        Helper::RefillFuel => {
            let s9 = machine.regs[25] as i32;
            assert_eq!(s9, a[0] as i32);
            assert!(s9 < 0);
            let lacking = u64::from(s9.unsigned_abs());
            let rest = machine.rest_of_fuel();
            if rest < lacking {
                return Err(End::OutOfFuel);
            }
            let chunk = (rest - lacking).min(u64::from(abi::FUEL_CHUNK_MAX));
            machine.set_fuel(rest - lacking - chunk);
            machine.regs[10] = chunk as u32;
            machine.regs[11] = 0xbad;
            return Ok(());
        }
        Helper::MemoryGrow => {
            let maximum = machine.word(abi::HEADER + abi::HEADER_MEMORY_BYTES_MAX);
            let now = machine.memory_bytes();
            let after = u64::from(now) + u64::from(a[0]) * 65_536;
            machine.regs[10] = u32::MAX;
            if after <= u64::from(maximum) {
                machine.write_word(abi::INSTANCE + abi::INSTANCE_MEMORY_BYTES, after as u32);
                machine.regs[10] = now / 65_536;
            }
        }
        Helper::MemoryFill => {
            let memory = machine.memory();
            let to = range(a[0], a[2], memory.len())?;
            memory[to].fill(a[1] as u8);
        }
        Helper::MemoryCopy => {
            let memory = machine.memory();
            let to = range(a[0], a[2], memory.len())?;
            let from = range(a[1], a[2], memory.len())?;
            memory.copy_within(from, to.start);
        }
        Helper::MemoryInit => {
            let length = machine.word(a[3] + abi::SEGMENT_LENGTH);
            let address = machine.word(a[3] + abi::SEGMENT_ADDRESS);
            let to = range(a[0], a[2], machine.memory().len())?;
            let from = range(a[1], a[2], length as usize)?;
            for (to, from) in to.zip(from) {
                let from = address + from as u32;
                let byte = machine.word(from & !3).to_le_bytes()[from as usize % 4];
                machine.memory()[to] = byte;
            }
        }
        Helper::TableGrow => {
            let size = machine.word(a[0] + abi::TABLE_SIZE);
            let capacity = machine.word(a[0] + abi::TABLE_CAPACITY);
            machine.regs[10] = u32::MAX;
            if u64::from(size) + u64::from(a[1]) <= u64::from(capacity) {
                machine.write_word(a[0] + abi::TABLE_SIZE, size + a[1]);
                for index in size..size + a[1] {
                    machine.write_word(element(a[0], index), a[2]);
                }
                machine.regs[10] = size;
            }
        }
        Helper::TableFill => {
            let size = machine.word(a[0] + abi::TABLE_SIZE);
            for index in range(a[1], a[3], size as usize)? {
                machine.write_word(element(a[0], index as u32), a[2]);
            }
        }
        Helper::TableCopy => {
            let to_size = machine.word(a[0] + abi::TABLE_SIZE);
            let from_size = machine.word(a[1] + abi::TABLE_SIZE);
            let to = range(a[2], a[4], to_size as usize)?;
            let from = range(a[3], a[4], from_size as usize)?;
            let words: Vec<u32> = from
                .map(|index| machine.word(element(a[1], index as u32)))
                .collect();
            for (index, word) in to.zip(words) {
                machine.write_word(element(a[0], index as u32), word);
            }
        }
        Helper::TableInit => {
            let size = machine.word(a[0] + abi::TABLE_SIZE);
            let length = machine.word(a[1] + abi::SEGMENT_LENGTH);
            let address = machine.word(a[1] + abi::SEGMENT_ADDRESS);
            let to = range(a[2], a[4], size as usize)?;
            let from = range(a[3], a[4], length as usize)?;
            for (to, from) in to.zip(from) {
                let word = machine.word(address + 4 * from as u32);
                machine.write_word(element(a[0], to as u32), word);
            }
        }
        _ => {
            let value = number_of(machine, helper)?;
            set_pair(machine, value);
        }
    }
    if !wide {
        machine.regs[11] = 0xbad;
    }
    Ok(())
}

fn element(table: u32, index: u32) -> u32 {
    table + abi::TABLE_ELEMENTS + 4 * index
}

fn range(start: u32, length: u32, size: usize) -> Result<core::ops::Range<usize>, End> {
    let end = start as usize + length as usize;
    if end > size {
        return Err(End::Trap);
    }
    Ok(start as usize..end)
}

fn check(value: bool) -> Result<(), End> {
    value.then_some(()).ok_or(End::Trap)
}

macro_rules! float {
    ($name:ident, $float:ty) => {
        mod $name {
            pub fn min(a: $float, b: $float) -> $float {
                if a.is_nan() || b.is_nan() {
                    return a + b;
                }
                if a == b {
                    return if a.is_sign_negative() { a } else { b };
                }
                if a < b {
                    a
                } else {
                    b
                }
            }
            pub fn max(a: $float, b: $float) -> $float {
                if a.is_nan() || b.is_nan() {
                    return a + b;
                }
                if a == b {
                    return if a.is_sign_negative() { b } else { a };
                }
                if a > b {
                    a
                } else {
                    b
                }
            }
        }
    };
}
float!(single, f32);
float!(double, f64);

fn number_of(machine: &Machine, helper: Helper) -> Result<u64, End> {
    let (word, other) = (machine.regs[10], machine.regs[11]);
    let (wide, wide_other) = (pair(machine, 10), pair(machine, 12));
    let (f, g) = (f32::from_bits(word), f32::from_bits(other));
    let (d, e) = (f64::from_bits(wide), f64::from_bits(wide_other));
    let single = |value: f32| Ok(u64::from(value.to_bits()));
    let double = |value: f64| Ok(value.to_bits());
    let truth = |value: bool| Ok(u64::from(value));
    let within = |value: f64, low: f64, high: f64| check(value > low && value < high);
    // Exact: every f32 is an f64.
    let wide_f = f64::from(f);
    match helper {
        Helper::I32Clz => Ok(word.leading_zeros().into()),
        Helper::I32Ctz => Ok(word.trailing_zeros().into()),
        Helper::I32Popcnt => Ok(word.count_ones().into()),
        Helper::I64Clz => Ok(wide.leading_zeros().into()),
        Helper::I64Ctz => Ok(wide.trailing_zeros().into()),
        Helper::I64Popcnt => Ok(wide.count_ones().into()),
        Helper::I64DivS => (wide as i64)
            .checked_div(wide_other as i64)
            .map(|value| value as u64)
            .ok_or(End::Trap),
        Helper::I64DivU => wide.checked_div(wide_other).ok_or(End::Trap),
        Helper::I64RemS => {
            check(wide_other != 0)?;
            Ok((wide as i64).wrapping_rem(wide_other as i64) as u64)
        }
        Helper::I64RemU => wide.checked_rem(wide_other).ok_or(End::Trap),
        Helper::F32Add => single(f + g),
        Helper::F32Sub => single(f - g),
        Helper::F32Mul => single(f * g),
        Helper::F32Div => single(f / g),
        Helper::F32Min => single(single::min(f, g)),
        Helper::F32Max => single(single::max(f, g)),
        Helper::F32Sqrt => single(f.sqrt()),
        Helper::F32Ceil => single(f.ceil()),
        Helper::F32Floor => single(f.floor()),
        Helper::F32Trunc => single(f.trunc()),
        Helper::F32Nearest => single(f.round_ties_even()),
        Helper::F32Eq => truth(f == g),
        Helper::F32Lt => truth(f < g),
        Helper::F32Le => truth(f <= g),
        Helper::F64Add => double(d + e),
        Helper::F64Sub => double(d - e),
        Helper::F64Mul => double(d * e),
        Helper::F64Div => double(d / e),
        Helper::F64Min => double(double::min(d, e)),
        Helper::F64Max => double(double::max(d, e)),
        Helper::F64Sqrt => double(d.sqrt()),
        Helper::F64Ceil => double(d.ceil()),
        Helper::F64Floor => double(d.floor()),
        Helper::F64Trunc => double(d.trunc()),
        Helper::F64Nearest => double(d.round_ties_even()),
        Helper::F64Eq => truth(d == e),
        Helper::F64Lt => truth(d < e),
        Helper::F64Le => truth(d <= e),
        Helper::I32TruncF32S => to_i32(wide_f),
        Helper::I32TruncF64S => to_i32(d),
        Helper::I32TruncF32U => to_u32(wide_f),
        Helper::I32TruncF64U => to_u32(d),
        Helper::I64TruncF32S => to_i64(wide_f),
        Helper::I64TruncF64S => to_i64(d),
        Helper::I64TruncF32U => {
            within(wide_f, -1.0, 18_446_744_073_709_551_616.0)?;
            Ok(wide_f as u64)
        }
        Helper::I64TruncF64U => {
            within(d, -1.0, 18_446_744_073_709_551_616.0)?;
            Ok(d as u64)
        }
        Helper::I32TruncSatF32S => Ok(u64::from(f as i32 as u32)),
        Helper::I32TruncSatF32U => Ok(u64::from(f as u32)),
        Helper::I32TruncSatF64S => Ok(u64::from(d as i32 as u32)),
        Helper::I32TruncSatF64U => Ok(u64::from(d as u32)),
        Helper::I64TruncSatF32S => Ok(f as i64 as u64),
        Helper::I64TruncSatF32U => Ok(f as u64),
        Helper::I64TruncSatF64S => Ok(d as i64 as u64),
        Helper::I64TruncSatF64U => Ok(d as u64),
        Helper::F32ConvertI32S => single(word as i32 as f32),
        Helper::F32ConvertI32U => single(word as f32),
        Helper::F32ConvertI64S => single(wide as i64 as f32),
        Helper::F32ConvertI64U => single(wide as f32),
        Helper::F64ConvertI32S => double(f64::from(word as i32)),
        Helper::F64ConvertI32U => double(f64::from(word)),
        Helper::F64ConvertI64S => double(wide as i64 as f64),
        Helper::F64ConvertI64U => double(wide as f64),
        Helper::F32DemoteF64 => single(d as f32),
        Helper::F64PromoteF32 => double(f64::from(f)),
        _ => unreachable!("{helper:?}"),
    }
}

fn to_i32(value: f64) -> Result<u64, End> {
    check(value > -2_147_483_649.0 && value < 2_147_483_648.0)?;
    Ok(u64::from(value as i32 as u32))
}

fn to_u32(value: f64) -> Result<u64, End> {
    check(value > -1.0 && value < 4_294_967_296.0)?;
    Ok(u64::from(value as u32))
}

fn to_i64(value: f64) -> Result<u64, End> {
    let least = -9_223_372_036_854_775_808.0;
    check((least..-least).contains(&value))?;
    Ok(value as i64 as u64)
}
