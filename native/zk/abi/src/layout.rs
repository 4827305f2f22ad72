//! Addresses and words. All words are 32 bits, little end first.

/// Base address of each helper, one word each by `Helper`'s number: the first thing in the runtime.
pub const HELPERS: u32 = 0x0020_0800;

/// Tables, `TABLE_STRIDE` apart: word 0 size now, word 1 capacity, then one word for each element,
/// the function's address or 0 for null. Written by `table.*`, so not part of the code.
pub const TABLES: u32 = 0x1000_0000;
pub const TABLE_STRIDE: u32 = 0x0004_0400;
/// Elements that a table can have at most; growing beyond gives -1.
pub const TABLE_ELEMENTS_MAX: u32 = 65_536;
pub const TABLES_MAX: u32 = 16;
pub const TABLE_SIZE: u32 = 0;
pub const TABLE_CAPACITY: u32 = 4;
pub const TABLE_ELEMENTS: u32 = 8;

/// Segments that `memory.init` and `table.init` read and globals that found no room in the
/// instance. A segment: word 0 bytes (of elements: how many) now, 0 once dropped; word 1 address.
pub const SEGMENTS: u32 = 0x1100_0000;
pub const SEGMENT_LENGTH: u32 = 0;
pub const SEGMENT_ADDRESS: u32 = 4;

/// Translated code, then the bytes of passive segments.
pub const CODE: u32 = 0x1800_0000;
/// The end of both, exclusive.
pub const CODE_END: u32 = 0x1f00_0000;

/// Read only, the page before the instance.
pub const HEADER: u32 = 0x1fff_f800;
pub const HEADER_MAGIC: u32 = 0;
pub const HEADER_VERSION: u32 = 4;
/// Address of the start function, or 0.
pub const HEADER_START: u32 = 8;
pub const HEADER_ALLOC: u32 = 12;
pub const HEADER_RUN: u32 = 16;
/// Bytes of linear memory at the start, and at most: the lesser of the declared maximum and
/// `MEMORY_BYTES_MAX`.
pub const HEADER_MEMORY_BYTES: u32 = 20;
pub const HEADER_MEMORY_BYTES_MAX: u32 = 24;
/// SHA-256 of the WebAssembly module, 32 bytes.
pub const HEADER_MODULE_HASH: u32 = 32;
pub const HEADER_BYTES: u32 = 64;
/// "NMPT", and the version of this layout.
pub const MAGIC: u32 = u32::from_le_bytes(*b"NMPT");
pub const VERSION: u32 = 1;

/// Mutable, the page before linear memory.
pub const INSTANCE: u32 = MEMORY - 0x400;
pub const INSTANCE_MEMORY_BYTES: u32 = 0;
/// Fuel that is not in register s9, 64 bits.
pub const INSTANCE_FUEL: u32 = 4;
/// Stack pointer that the entry trampoline saved.
pub const INSTANCE_SAVED_SP: u32 = 12;
/// Functions end in a trap that would put sp below this. `STACK_RESERVE` bytes below it must be
/// there: for helpers, for translated functions that call none, and for out-of-line routines. It
/// is 0x2_0000 at least, so that sp minus the largest frame is above 0.
pub const INSTANCE_STACK_LIMIT: u32 = 16;
pub const INSTANCE_GLOBALS: u32 = 64;
pub const INSTANCE_END: u32 = 0x400;
pub const STACK_RESERVE: u32 = 4096;
pub const STACK_LIMIT_MIN: u32 = 0x2_0000;

/// Linear memory, active data segments in place.
pub const MEMORY: u32 = 0x2000_0000;
pub const MEMORY_BYTES_MAX: u32 = 16 * 1024 * 1024;
pub const PAGE_BYTES: u32 = 65_536;

/// Register s11 holds the bytes of linear memory now less this (modulo 2^32): an access of up to
/// this many bytes above an address that is no greater than s11 lies within. An address is then
/// checked with one instruction; what is above is checked out of line.
pub const BOUND_SLACK: u32 = 2048;

/// Register s9 holds this much fuel at most. Fuel is charged by subtraction; a negative s9 calls
/// `Helper::RefillFuel`.
pub const FUEL_CHUNK_MAX: u32 = 1 << 30;
