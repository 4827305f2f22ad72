//! Where everything lies that the code has to know before it is laid out.

use alloc::vec::Vec;

use nmp_zk_abi as abi;

use crate::module::Module;

pub struct Program {
    /// Address of each helper.
    pub helpers: Vec<u32>,
    /// Address of each global's first word.
    pub globals: Vec<u32>,
}

pub const SEGMENT_BYTES: u32 = 8;

impl Program {
    pub fn new(module: &Module<'_>, helpers: Vec<u32>) -> Program {
        let mut globals = Vec::new();
        let mut near = abi::INSTANCE + abi::INSTANCE_GLOBALS;
        let segments = module.data.len() + module.elements.len();
        let mut far = abi::SEGMENTS + segments as u32 * SEGMENT_BYTES;
        for global in &module.globals {
            let bytes = 4 * global.ty.words() as u32;
            // Near ones are reached with one instruction; only a few modules have more.
            let next = if near + bytes <= abi::INSTANCE + abi::INSTANCE_END {
                &mut near
            } else {
                &mut far
            };
            globals.push(*next);
            *next += bytes;
        }
        Program { helpers, globals }
    }

    pub fn table(&self, table: u32) -> u32 {
        abi::TABLES + table * abi::TABLE_STRIDE
    }

    pub fn data_segment(&self, segment: u32) -> u32 {
        abi::SEGMENTS + segment * SEGMENT_BYTES
    }

    pub fn element_segment(&self, module: &Module<'_>, segment: u32) -> u32 {
        self.data_segment(module.data.len() as u32 + segment)
    }
}
