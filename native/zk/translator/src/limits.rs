//! What a module may have at most. A module beyond is refused, never cut.

/// Bytes of the module.
pub const MODULE_BYTES_MAX: usize = 1024 * 1024;
pub const FUNCTIONS_MAX: usize = 10_000;
pub const TYPES_MAX: usize = 10_000;
pub const GLOBALS_MAX: usize = 1_000;
/// Segments of data, and of elements.
pub const SEGMENTS_MAX: usize = 10_000;
/// Function references in all element segments together.
pub const ELEMENTS_MAX: usize = 65_536;
/// 32-bit words of the parameters, and of the results, of one type.
pub const SIGNATURE_WORDS_MAX: usize = 128;
/// 32-bit words of all locals of a function, parameters among them.
pub const LOCAL_WORDS_MAX: usize = 4_000;
/// Blocks that enclose one another.
pub const NESTING_MAX: usize = 1_000;
/// Words on the operand stack.
pub const OPERAND_WORDS_MAX: usize = 1_000;
/// Bytes of a function's machine code: a jump reaches 1 MiB.
pub const FUNCTION_CODE_MAX: usize = 1_000_000;
/// Instructions and labels of a function, before they are placed.
pub const FUNCTION_ITEMS_MAX: usize = 1_000_000;
/// Bytes of all machine code together.
pub const CODE_MAX: usize = 16 * 1024 * 1024;
/// Labels of one `br_table`.
pub const BRANCH_TABLE_MAX: usize = 10_000;
/// Instructions that are charged at once; the rest of a longer block is charged when it is reached.
pub const FUEL_BLOCK_MAX: u32 = 2_000;
