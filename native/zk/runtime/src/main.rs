//! What every translated module runs in, under the profile `nmp-wasm-zk-v2`: ties the tables of one
//! guest input to their published roots, has the module run on it and commits the journal of
//! docs/protocol.md, section Receipt journal. The translator puts one module beside this program;
//! both together are the image that a receipt names. A request that is not whole ends the run, and
//! so has no receipt.
#![no_main]
#![no_std]

extern crate alloc;

#[path = "../../guest/src/arrow.rs"]
mod arrow;
mod bytes;
#[path = "../../guest/src/dataset.rs"]
mod dataset;
mod hash;
mod heap;
mod helpers;
mod host;
mod instance;
mod journal;
// The interpreter's guest takes more of its request from it.
#[allow(dead_code)]
#[path = "../../guest/src/reader.rs"]
mod reader;

use alloc::vec;

use journal::{Journal, Outcome};
use reader::Reader;

/// Directly below the image; see `host.rs`.
const STACK_TOP: u32 = nmp_zk_abi::HELPERS;
/// Largest request, bytes; the prover takes no larger one.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the request begins with, all of it of whole words: the length of what follows, nonce, two
/// salts, fuel, the length of a module, the length of the input.
#[repr(C)]
struct Head {
    length: u32,
    nonce: [u8; 32],
    input_salt: [u8; 32],
    output_salt: [u8; 32],
    fuel: [u32; 2],
    module: u32,
    input: u32,
}

/// Digests of the memory are public where a segment ends: these random bits keep them from telling
/// anything. Nothing reads or overwrites them.
static mut ENTROPY: [u32; 4] = [0; 4];

const HEAD_BYTES: usize = core::mem::size_of::<Head>();

fn read_head() -> Head {
    let mut head = core::mem::MaybeUninit::<Head>::uninit();
    // SAFETY: `Head` has neither padding nor values that are invalid, and `read` fills all of it.
    unsafe {
        host::read(core::slice::from_raw_parts_mut(head.as_mut_ptr().cast(), HEAD_BYTES));
        head.assume_init()
    }
}

/// What follows the input: its padding, which must be zero, and the openings of its tables. They
/// are read so that the openings begin at a multiple of 8.
fn read_openings(bytes: &mut [u64], padding: usize, length: usize) -> Reader<'_> {
    // SAFETY: any bytes are words, and as many as there are words are read.
    let bytes = unsafe {
        core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<u8>(), 8 * bytes.len())
    };
    let bytes = &mut bytes[8 - padding..8 + length];
    if !bytes.is_empty() {
        host::read(bytes);
    }
    let (zeros, openings) = bytes.split_at(padding);
    if zeros.iter().any(|byte| *byte != 0) {
        host::refuse();
    }
    Reader { bytes: openings }
}

/// Never called by name: the linker's entry point jumps to it.
extern "C" fn main() -> ! {
    // SAFETY: one thread, and nothing else refers to it.
    host::random(unsafe { &mut *core::ptr::addr_of_mut!(ENTROPY) });

    let head = read_head();
    let (length, input_bytes) = (head.length as usize, head.input as usize);
    // The module is in the image: a request brings none.
    if length > REQUEST_BYTES_MAX || input_bytes > length || head.module != 0 {
        host::refuse();
    }
    let padding = input_bytes.next_multiple_of(8) - input_bytes;
    let before = HEAD_BYTES - 4 + input_bytes + padding;
    let Some(openings_bytes) = length.checked_sub(before) else {
        host::refuse();
    };
    let fuel = u64::from(head.fuel[1]) << 32 | u64::from(head.fuel[0]);

    let mut journal = Journal::new(fuel, instance::module(), &head.nonce);

    // The input is read to where the module wants it, or aside if the module ended before.
    let place = instance::start(fuel).and_then(|()| instance::allocate(head.input));
    let mut aside;
    let (pointer, input) = match place {
        Ok((pointer, input)) => (Ok(pointer), input),
        Err(outcome) => {
            aside = vec![0u8; input_bytes];
            (Err(outcome), &mut aside[..])
        }
    };
    if !input.is_empty() {
        host::read(input);
    }
    let mut words = vec![0u64; 1 + openings_bytes.div_ceil(8)];
    let mut openings = read_openings(&mut words, padding, openings_bytes);
    let Some(opened) = dataset::open(input, &mut openings) else {
        host::refuse();
    };
    journal.input(&head.input_salt, opened.arguments, input, &opened.datasets);

    let result = pointer.and_then(|pointer| instance::run(pointer, head.input));
    let (outcome, output) = match result {
        Ok(output) => (Outcome::Ok, output),
        Err(outcome) => (outcome, &[][..]),
    };
    journal.output(outcome, &head.output_salt, output);
    host::write_journal(journal.bytes());
    host::halt(&journal.claimed())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    host::refuse()
}
