//! What lies in memory when the program starts: header, instance, tables, segments and linear
//! memory, as instantiation would leave them.

use alloc::vec::Vec;

use nmp_zk_abi as abi;
use sha2::{Digest, Sha256};

use crate::code::Code;
use crate::elf::{Segment, EXECUTE, READ, WRITE};
use crate::module::{Initial, Module, Place};
use crate::program::{Program, SEGMENT_BYTES};
use crate::refusal::Refusal;

/// Pages of the proven machine: what is all zero need not be in the file.
const PAGE: usize = 1024;
/// Runs of pages that are written one by one; memory with more goes as one.
const RUNS_MAX: usize = 128;

pub fn build(
    wasm: &[u8],
    module: &Module<'_>,
    program: &Program,
    mut code: Code,
) -> Result<Vec<Segment>, Refusal> {
    let instance = Instance::new(module, &code)?;
    let start = match (&instance, module.start) {
        // A segment that does not fit is a trap at the start.
        (None, _) => abi::CODE,
        (Some(_), Some(function)) => function_address(&code, function)?,
        (Some(_), None) => 0,
    };
    let header = header(wasm, module, &code, start)?;
    let mut segments = alloc::vec![segment(abi::HEADER, READ, header)];
    let instance = instance.unwrap_or_default();

    let mut words = alloc::vec![0u8; abi::INSTANCE_END as usize];
    let mut descriptors = Vec::new();
    put_word(&mut words, abi::INSTANCE_MEMORY_BYTES, module.memory_bytes);
    let passive = passive(module, program, &mut code, &mut descriptors)?;
    for (global, &address) in module.globals.iter().zip(&program.globals) {
        let (low, high) = match global.initial {
            Initial::Words(low, high) => (low, high),
            Initial::Function(function) => (function_address(&code, function)?, 0),
        };
        let (to, base) = if address >= abi::INSTANCE {
            (&mut words, abi::INSTANCE)
        } else {
            (&mut descriptors, abi::SEGMENTS)
        };
        let at = address - base;
        let end = at as usize + 4 * global.ty.words();
        to.resize(to.len().max(end), 0);
        put_word(to, at, low);
        if global.ty.words() == 2 {
            put_word(to, at + 4, high);
        }
    }
    segments.push(segment(abi::INSTANCE, READ | WRITE, words));
    segments.push(segment(abi::SEGMENTS, READ | WRITE, descriptors));
    segments.push(segment(abi::CODE, READ | EXECUTE, bytes_of(&code.words)));
    if let Some(first) = passive.first() {
        let address = first.0;
        let bytes: Vec<u8> = passive
            .iter()
            .flat_map(|(_, bytes)| bytes)
            .copied()
            .collect();
        segments.push(segment(address, READ, bytes));
    }
    for (index, table) in instance.tables.iter().enumerate() {
        let mut bytes = bytes_of(table);
        // Null up to the end: zero pages are the same whether they are here or not.
        while bytes.len() > abi::TABLE_ELEMENTS as usize && bytes.ends_with(&[0; 4]) {
            bytes.truncate(bytes.len() - 4);
        }
        segments.push(segment(program.table(index as u32), READ | WRITE, bytes));
    }
    segments.extend(runs(&instance.memory));
    segments.retain(|segment| !segment.bytes.is_empty());
    Ok(segments)
}

fn segment(address: u32, flags: u32, mut bytes: Vec<u8>) -> Segment {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Segment {
        address,
        flags,
        memory_bytes: bytes.len() as u32,
        bytes,
    }
}

fn put_word(bytes: &mut [u8], at: u32, word: u32) {
    if let Some(place) = bytes.get_mut(at as usize..at as usize + 4) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

fn bytes_of(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn function_address(code: &Code, function: u32) -> Result<u32, Refusal> {
    code.functions
        .get(function as usize)
        .copied()
        .ok_or(Refusal::NotAModule)
}

fn header(wasm: &[u8], module: &Module<'_>, code: &Code, start: u32) -> Result<Vec<u8>, Refusal> {
    let mut header = alloc::vec![0u8; abi::HEADER_BYTES as usize];
    let fields = [
        (abi::HEADER_MAGIC, abi::MAGIC),
        (abi::HEADER_VERSION, abi::VERSION),
        (abi::HEADER_START, start),
        (abi::HEADER_ALLOC, function_address(code, module.alloc)?),
        (abi::HEADER_RUN, function_address(code, module.run)?),
        (abi::HEADER_MEMORY_BYTES, module.memory_bytes),
        (abi::HEADER_MEMORY_BYTES_MAX, module.memory_bytes_max),
    ];
    for (at, word) in fields {
        put_word(&mut header, at, word);
    }
    let hash = Sha256::digest(wasm);
    let at = abi::HEADER_MODULE_HASH as usize;
    header[at..at + hash.len()].copy_from_slice(&hash);
    Ok(header)
}

/// Tables and memory after the active segments.
#[derive(Default)]
struct Instance {
    tables: Vec<Vec<u32>>,
    memory: Vec<u8>,
}

impl Instance {
    /// `None` if a segment does not fit.
    fn new(module: &Module<'_>, code: &Code) -> Result<Option<Instance>, Refusal> {
        let mut instance = Instance::default();
        let first = (abi::TABLE_ELEMENTS / 4) as usize;
        for table in &module.tables {
            let mut words = alloc::vec![0; first + table.minimum as usize];
            words[(abi::TABLE_SIZE / 4) as usize] = table.minimum;
            words[(abi::TABLE_CAPACITY / 4) as usize] = table.capacity;
            instance.tables.push(words);
        }
        for elements in &module.elements {
            let Place::Active { table, offset } = elements.place else {
                continue;
            };
            let to = instance
                .tables
                .get_mut(table as usize)
                .and_then(|words| words.get_mut(first..))
                .and_then(|words| words.get_mut(offset as usize..))
                .and_then(|words| words.get_mut(..elements.items.len()));
            let Some(to) = to else { return Ok(None) };
            for (word, item) in to.iter_mut().zip(&elements.items) {
                *word = item.map_or(Ok(0), |function| function_address(code, function))?;
            }
        }
        instance.memory = alloc::vec![0; module.memory_bytes as usize];
        for data in &module.data {
            let Some(offset) = data.active else { continue };
            let to = instance
                .memory
                .get_mut(offset as usize..)
                .and_then(|bytes| bytes.get_mut(..data.bytes.len()));
            let Some(to) = to else { return Ok(None) };
            to.copy_from_slice(data.bytes);
        }
        Ok(Some(instance))
    }
}

/// Descriptors of all segments, and the bytes of those that are not dropped, behind the code.
fn passive(
    module: &Module<'_>,
    program: &Program,
    code: &mut Code,
    descriptors: &mut Vec<u8>,
) -> Result<Vec<(u32, Vec<u8>)>, Refusal> {
    // The page after the code's last: what is not read costs nothing.
    let page = PAGE / 4;
    code.words
        .resize(code.words.len().next_multiple_of(page), 0);
    let mut at = abi::CODE + code.words.len() as u32 * 4;
    let mut pieces = Vec::new();
    let count = (module.data.len() + module.elements.len()) as u32;
    descriptors.resize((count * SEGMENT_BYTES) as usize, 0);
    let mut add = |descriptor: u32, length: usize, mut bytes: Vec<u8>| {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        put_word(
            descriptors,
            descriptor - abi::SEGMENTS + abi::SEGMENT_LENGTH,
            length as u32,
        );
        put_word(
            descriptors,
            descriptor - abi::SEGMENTS + abi::SEGMENT_ADDRESS,
            at,
        );
        let address = at;
        at += bytes.len() as u32;
        pieces.push((address, bytes));
    };
    for (data, index) in module.data.iter().zip(0..) {
        if data.active.is_none() {
            add(
                program.data_segment(index),
                data.bytes.len(),
                data.bytes.to_vec(),
            );
        }
    }
    for (elements, index) in module.elements.iter().zip(0..) {
        if elements.place == Place::Passive {
            let words: Vec<u32> = elements
                .items
                .iter()
                .map(|item| item.map_or(Ok(0), |function| function_address(code, function)))
                .collect::<Result<_, _>>()?;
            add(
                program.element_segment(module, index),
                words.len(),
                bytes_of(&words),
            );
        }
    }
    if at > abi::CODE_END {
        return Err(Refusal::Limit);
    }
    Ok(pieces)
}

/// The pages of linear memory that are not zero, in as few segments as they form.
fn runs(memory: &[u8]) -> Vec<Segment> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, page) in memory.chunks(PAGE).enumerate() {
        if page.iter().all(|byte| *byte == 0) {
            continue;
        }
        let (start, end) = (index * PAGE, index * PAGE + page.len());
        match found.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    if found.len() > RUNS_MAX {
        if let (Some(first), Some(last)) = (found.first().copied(), found.last().copied()) {
            found = alloc::vec![(first.0, last.1)];
        }
    }
    found
        .into_iter()
        .map(|(start, end)| {
            let bytes = memory[start..end].to_vec();
            segment(abi::MEMORY + start as u32, READ | WRITE, bytes)
        })
        .collect()
}
