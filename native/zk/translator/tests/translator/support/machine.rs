//! An interpreter of RV32IM that knows the map of memory: an access outside of it is an escape, and
//! fails the test. So does an instruction that is not of RV32IM.

use nmp_zk_abi as abi;

use super::{helpers, HELPER_CODE};

const STACK_LIMIT: u32 = 0x0030_0000;
const STACK_TOP: u32 = 0x0034_0000;
/// What a trampoline would have the function return to.
const RETURN: u32 = 0x0040_0000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Returned,
    Trap,
    OutOfFuel,
}

pub struct Region {
    pub start: u32,
    pub bytes: Vec<u8>,
    pub writable: bool,
}

pub struct Machine {
    pub regs: [u32; 32],
    pc: u32,
    pub cycles: u64,
    regions: Vec<Region>,
    code: Vec<u32>,
}

pub struct Outcome {
    pub end: End,
    pub value: u64,
}

impl Machine {
    /// Loads the program and gives it fuel.
    pub fn new(elf: &[u8], fuel: u64) -> Machine {
        let mut machine = Machine {
            regs: [0; 32],
            pc: 0,
            cycles: 0,
            regions: vec![
                region(abi::MEMORY, abi::MEMORY_BYTES_MAX as usize, true),
                region(
                    STACK_LIMIT - abi::STACK_RESERVE,
                    (STACK_TOP - STACK_LIMIT + abi::STACK_RESERVE) as usize,
                    true,
                ),
                region(abi::INSTANCE, 0x400, true),
                region(abi::HEADER, 0x400, false),
                region(
                    abi::TABLES,
                    (abi::TABLES_MAX * abi::TABLE_STRIDE) as usize,
                    true,
                ),
                region(abi::SEGMENTS, 1 << 18, true),
            ],
            code: Vec::new(),
        };
        machine.load(elf);
        machine.write_word(abi::INSTANCE + abi::INSTANCE_STACK_LIMIT, STACK_LIMIT);
        machine.write_word(abi::INSTANCE + abi::INSTANCE_FUEL, fuel as u32);
        machine.write_word(abi::INSTANCE + abi::INSTANCE_FUEL + 4, (fuel >> 32) as u32);
        machine.regs[25] = 0;
        machine
    }

    fn load(&mut self, elf: &[u8]) {
        let word = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().unwrap());
        let count = u16::from_le_bytes(elf[44..46].try_into().unwrap()) as usize;
        let mut before = 0;
        for index in 0..count {
            let at = 52 + 32 * index;
            let (offset, address, size) = (word(at + 4) as usize, word(at + 8), word(at + 16));
            assert!(address >= before, "segments overlap");
            assert_eq!(size, word(at + 20));
            before = address + size;
            let bytes = &elf[offset..offset + size as usize];
            if address < abi::TABLES {
                continue;
            }
            if address == abi::CODE {
                self.code = bytes
                    .chunks_exact(4)
                    .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
                    .collect();
                self.regions.push(Region {
                    start: address,
                    bytes: bytes.to_vec(),
                    writable: false,
                });
            } else if (abi::CODE..abi::CODE_END).contains(&address) {
                self.regions.push(Region {
                    start: address,
                    bytes: bytes.to_vec(),
                    writable: false,
                });
            } else {
                let region = self
                    .region(address, size)
                    .expect("a segment outside of the map");
                let at = (address - region.start) as usize;
                region.bytes[at..at + size as usize].copy_from_slice(bytes);
            }
        }
    }

    fn region(&mut self, address: u32, size: u32) -> Option<&mut Region> {
        self.regions.iter_mut().find(|region| {
            address >= region.start
                && u64::from(address - region.start) + u64::from(size) <= region.bytes.len() as u64
        })
    }

    pub fn memory_bytes(&mut self) -> u32 {
        self.word(abi::INSTANCE + abi::INSTANCE_MEMORY_BYTES)
    }

    /// Linear memory as it is now.
    pub fn memory(&mut self) -> &mut [u8] {
        let bytes = self.memory_bytes() as usize;
        &mut self.regions[0].bytes[..bytes]
    }

    pub fn fuel(&mut self) -> u64 {
        let low = self.word(abi::INSTANCE + abi::INSTANCE_FUEL);
        let high = self.word(abi::INSTANCE + abi::INSTANCE_FUEL + 4);
        let rest = u64::from(high) << 32 | u64::from(low);
        rest.wrapping_add_signed(i64::from(self.regs[25] as i32))
    }

    pub fn set_fuel(&mut self, rest: u64) {
        self.write_word(abi::INSTANCE + abi::INSTANCE_FUEL, rest as u32);
        self.write_word(abi::INSTANCE + abi::INSTANCE_FUEL + 4, (rest >> 32) as u32);
    }

    pub fn rest_of_fuel(&mut self) -> u64 {
        let low = self.word(abi::INSTANCE + abi::INSTANCE_FUEL);
        u64::from(self.word(abi::INSTANCE + abi::INSTANCE_FUEL + 4)) << 32 | u64::from(low)
    }

    /// A word anywhere, for helpers and tests.
    pub fn word(&mut self, address: u32) -> u32 {
        let region = self
            .region(address, 4)
            .unwrap_or_else(|| panic!("no word at {address:#x}"));
        let at = (address - region.start) as usize;
        u32::from_le_bytes(region.bytes[at..at + 4].try_into().unwrap())
    }

    pub fn write_word(&mut self, address: u32, word: u32) {
        let region = self
            .region(address, 4)
            .unwrap_or_else(|| panic!("no word at {address:#x}"));
        assert!(region.writable, "{address:#x} is read only");
        let at = (address - region.start) as usize;
        region.bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }

    /// As the runtime's trampoline would: the start function first, with `None`.
    pub fn invoke(&mut self, header_word: u32, arguments: [u32; 2]) -> Outcome {
        let function = self.word(abi::HEADER + header_word);
        if function == 0 {
            return Outcome {
                end: End::Returned,
                value: 0,
            };
        }
        let fuel = self.regs[25];
        for (index, reg) in self.regs.iter_mut().enumerate() {
            *reg = 0x1111_1111u32.wrapping_mul(index as u32) ^ 0xdead_0001;
        }
        self.regs[0] = 0;
        self.regs[1] = RETURN;
        self.regs[2] = STACK_TOP;
        self.regs[10] = arguments[0];
        self.regs[11] = arguments[1];
        self.regs[25] = fuel;
        self.regs[26] = abi::MEMORY;
        self.regs[27] = self.memory_bytes().wrapping_sub(abi::BOUND_SLACK);
        let kept: Vec<u32> = KEPT.iter().map(|reg| self.regs[*reg]).collect();
        self.pc = function;
        let end = self.run();
        if end == End::Returned {
            let after: Vec<u32> = KEPT.iter().map(|reg| self.regs[*reg]).collect();
            assert_eq!(after, kept, "a register that a callee keeps was not kept");
            let bound = self.memory_bytes().wrapping_sub(abi::BOUND_SLACK);
            assert_eq!(self.regs[27], bound);
        }
        Outcome {
            end,
            value: u64::from(self.regs[11]) << 32 | u64::from(self.regs[10]),
        }
    }

    fn run(&mut self) -> End {
        loop {
            if self.pc == RETURN {
                return End::Returned;
            }
            if self.pc >= HELPER_CODE && self.pc < HELPER_CODE + 0x400 {
                assert_eq!(self.regs[2] % 16, 0, "the C convention aligns the stack");
                match helpers::call(self, (self.pc - HELPER_CODE) / 4) {
                    Ok(()) => self.returned(),
                    Err(end) => return end,
                }
                continue;
            }
            self.step();
        }
    }

    /// What a helper of C may have clobbered is garbage now.
    fn returned(&mut self) {
        self.pc = self.regs[1];
        for reg in [1, 5, 6, 7, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31] {
            self.regs[reg] = 0xc10b_be4d ^ reg as u32;
        }
    }

    fn load_checked(&mut self, address: u32, size: u32) -> u32 {
        assert!(
            address.is_multiple_of(size),
            "unaligned load at {address:#x}"
        );
        if address >= abi::MEMORY {
            let bytes = self.memory_bytes();
            assert!(
                address - abi::MEMORY <= bytes - size,
                "escape: load at {address:#x}"
            );
        }
        let pc = self.pc;
        let region = self
            .region(address, size)
            .unwrap_or_else(|| panic!("escape: load at {address:#x}, pc {pc:#x}"));
        let at = (address - region.start) as usize;
        let mut word = [0; 4];
        word[..size as usize].copy_from_slice(&region.bytes[at..at + size as usize]);
        u32::from_le_bytes(word)
    }

    fn store_checked(&mut self, address: u32, size: u32, value: u32) {
        assert!(
            address.is_multiple_of(size),
            "unaligned store at {address:#x}"
        );
        if address >= abi::MEMORY {
            let bytes = self.memory_bytes();
            assert!(
                address - abi::MEMORY <= bytes - size,
                "escape: store at {address:#x}"
            );
        }
        let pc = self.pc;
        let region = self
            .region(address, size)
            .unwrap_or_else(|| panic!("escape: store at {address:#x}, pc {pc:#x}"));
        assert!(region.writable, "escape: store at {address:#x}");
        let at = (address - region.start) as usize;
        region.bytes[at..at + size as usize].copy_from_slice(&value.to_le_bytes()[..size as usize]);
    }

    fn step(&mut self) {
        let offset = self.pc.wrapping_sub(abi::CODE);
        assert!(
            offset.is_multiple_of(4),
            "unaligned fetch at {:#x}",
            self.pc
        );
        let word = *self
            .code
            .get(offset as usize / 4)
            .unwrap_or_else(|| panic!("escape: fetch at {:#x}", self.pc));
        self.cycles += 1;
        let (rd, rs1, rs2) = (word >> 7 & 31, word >> 15 & 31, word >> 20 & 31);
        let (a, b) = (self.regs[rs1 as usize], self.regs[rs2 as usize]);
        let (funct3, funct7) = (word >> 12 & 7, word >> 25);
        let i = word as i32 >> 20;
        let mut next = self.pc.wrapping_add(4);
        let result = match word & 0x7f {
            0x37 => word & 0xffff_f000,
            0x17 => self.pc.wrapping_add(word & 0xffff_f000),
            0x6f => {
                let jump = (word as i32 >> 31) << 20
                    | (word & 0xf_f000) as i32
                    | (word >> 9 & 0x800) as i32
                    | (word >> 20 & 0x7fe) as i32;
                let link = next;
                next = self.pc.wrapping_add_signed(jump);
                link
            }
            0x67 if funct3 == 0 => {
                let link = next;
                next = a.wrapping_add_signed(i) & !1;
                link
            }
            0x63 => {
                let jump = (word as i32 >> 31) << 12
                    | (word << 4 & 0x800) as i32
                    | (word >> 20 & 0x7e0) as i32
                    | (word >> 7 & 0x1e) as i32;
                let taken = match funct3 {
                    0 => a == b,
                    1 => a != b,
                    4 => (a as i32) < (b as i32),
                    5 => (a as i32) >= (b as i32),
                    6 => a < b,
                    7 => a >= b,
                    _ => panic!("no branch: {word:#x}"),
                };
                if taken {
                    next = self.pc.wrapping_add_signed(jump);
                }
                self.pc = next;
                return;
            }
            0x03 => {
                let address = a.wrapping_add_signed(i);
                match funct3 {
                    0 => self.load_checked(address, 1) as i8 as u32,
                    1 => self.load_checked(address, 2) as i16 as u32,
                    2 => self.load_checked(address, 4),
                    4 => self.load_checked(address, 1),
                    5 => self.load_checked(address, 2),
                    _ => panic!("no load: {word:#x}"),
                }
            }
            0x23 => {
                let i = (word as i32 >> 25) << 5 | (word >> 7 & 31) as i32;
                let size = match funct3 {
                    0 => 1,
                    1 => 2,
                    2 => 4,
                    _ => panic!("no store: {word:#x}"),
                };
                self.store_checked(a.wrapping_add_signed(i), size, b);
                self.pc = next;
                return;
            }
            0x13 => match (funct3, funct7) {
                (0, _) => a.wrapping_add_signed(i),
                (1, 0) => a << rs2,
                (2, _) => u32::from((a as i32) < i),
                (3, _) => u32::from(a < i as u32),
                (4, _) => a ^ i as u32,
                (5, 0) => a >> rs2,
                (5, 0x20) => (a as i32 >> rs2) as u32,
                (6, _) => a | i as u32,
                (7, _) => a & i as u32,
                _ => panic!("no operation: {word:#x}"),
            },
            0x33 => match (funct7, funct3) {
                (0, 0) => a.wrapping_add(b),
                (0x20, 0) => a.wrapping_sub(b),
                (0, 1) => a.wrapping_shl(b),
                (0, 2) => u32::from((a as i32) < (b as i32)),
                (0, 3) => u32::from(a < b),
                (0, 4) => a ^ b,
                (0, 5) => a.wrapping_shr(b),
                (0x20, 5) => (a as i32).wrapping_shr(b) as u32,
                (0, 6) => a | b,
                (0, 7) => a & b,
                (1, 0) => a.wrapping_mul(b),
                (1, 3) => ((u64::from(a) * u64::from(b)) >> 32) as u32,
                (1, 4) if b == 0 => u32::MAX,
                (1, 4) => (a as i32).wrapping_div(b as i32) as u32,
                (1, 5) => a.checked_div(b).unwrap_or(u32::MAX),
                (1, 6) if b == 0 => a,
                (1, 6) => (a as i32).wrapping_rem(b as i32) as u32,
                (1, 7) => a.checked_rem(b).unwrap_or(a),
                _ => panic!("no operation: {word:#x}"),
            },
            _ => panic!("not RV32IM: {word:#x} at {:#x}", self.pc),
        };
        if rd != 0 {
            self.regs[rd as usize] = result;
        }
        self.pc = next;
    }
}

/// sp, gp, tp, s0 to s8, s10.
const KEPT: [usize; 13] = [2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 26];

fn region(start: u32, size: usize, writable: bool) -> Region {
    Region {
        start,
        bytes: vec![0; size],
        writable,
    }
}
