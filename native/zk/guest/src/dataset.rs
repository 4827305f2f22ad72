//! Ties the tables of an input to the published roots: docs/protocol.md, Dataset commitment.

use alloc::vec::Vec;

use crate::arrow::{columns, Column, ColumnType};
use crate::hash::{sha256, sha256_of, Digest};
use crate::reader::Reader;

const DATASETS_LABEL: &[u8] = b"nmp-datasets/v1";
const TABLES_MAX: u32 = 16;

/// The two parts of an input that the journal names one by one.
pub struct Input<'a> {
    pub arguments: &'a [u8],
    pub datasets: Digest,
}

fn leaf(column: &Column, salt: &[u8]) -> Digest {
    let rows = column.rows as usize;
    let mut full: Vec<u8>;
    let validity = match column.validity {
        Some(bitmap) => bitmap,
        None => {
            full = alloc::vec![0xff; rows.div_ceil(8)];
            if rows % 8 != 0 {
                if let Some(last) = full.last_mut() {
                    *last = (1 << (rows % 8)) - 1;
                }
            }
            &full
        }
    };
    // Offsets are part of the leaf for text alone, and empty for all others.
    debug_assert!(column.kind == ColumnType::Utf8 || column.offsets.is_empty());
    sha256_of(&[
        &[0],
        salt,
        &(column.name.len() as u32).to_le_bytes(),
        column.name,
        &[column.kind as u8],
        &column.rows.to_le_bytes(),
        validity,
        column.offsets,
        column.values,
    ])
}

/// Root that a leaf leads to, RFC 9162, section 2.1.3.2; `None` if the path does not fit.
fn root_of_path(leaf: Digest, index: u32, size: u32, path: &[u8]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut position, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path.chunks_exact(32) {
        if last == 0 {
            return None;
        }
        if position % 2 == 1 || position == last {
            hash = sha256_of(&[&[1], sibling, &hash]);
            while position % 2 == 0 && position != 0 {
                position /= 2;
                last /= 2;
            }
        } else {
            hash = sha256_of(&[&[1], &hash, sibling]);
        }
        position /= 2;
        last /= 2;
    }
    (last == 0).then_some(hash)
}

/// Adds to `message` id, root and column names of one table whose opening comes next in `proof`.
fn table(message: &mut Vec<u8>, name: &[u8], stream: &[u8], proof: &mut Reader) -> Option<()> {
    let columns = columns(stream)?;
    let size = proof.u32()?;
    let mut root: Option<Digest> = None;
    for column in &columns {
        let index = proof.u32()?;
        let salt = proof.take(32)?;
        let steps = proof.u32()? as usize;
        let path = proof.take(steps.checked_mul(32)?)?;
        let found = root_of_path(leaf(column, salt), index, size, path)?;
        if root.is_some_and(|known| known != found) {
            return None;
        }
        root = Some(found);
    }
    let mut text = |bytes: &[u8]| {
        message.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        message.extend_from_slice(bytes);
    };
    text(name);
    text(&root?);
    message.extend_from_slice(&(columns.len() as u32).to_le_bytes());
    for column in &columns {
        message.extend_from_slice(&(column.name.len() as u32).to_le_bytes());
        message.extend_from_slice(column.name);
    }
    Some(())
}

/// Reads a guest input (docs/protocol.md, Guest input) and opens its tables with `proof`, which
/// must hold that and nothing more.
pub fn open<'a>(input: &'a [u8], proof: &mut Reader) -> Option<Input<'a>> {
    let mut reader = Reader { bytes: input };
    if reader.take(4)? != b"NMPI" || reader.u32()? != 1 {
        return None;
    }
    let arguments = reader.u32()? as usize;
    let tables = reader.u32()?;
    if tables > TABLES_MAX {
        return None;
    }
    let arguments = reader.padded(arguments)?;
    let mut message = Vec::from(DATASETS_LABEL);
    message.extend_from_slice(&tables.to_le_bytes());
    for _ in 0..tables {
        let name = reader.u32()? as usize;
        if reader.u32()? != 0 {
            return None;
        }
        let stream = usize::try_from(reader.u64()?).ok()?;
        let name = reader.padded(name)?;
        let stream = reader.padded(stream)?;
        table(&mut message, name, stream, proof)?;
    }
    (reader.ended() && proof.ended()).then(|| Input {
        arguments,
        datasets: sha256(&message),
    })
}
