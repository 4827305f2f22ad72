//! Columns of an Arrow IPC stream as docs/protocol.md narrows it, read so strictly that nothing a
//! reader of the format sees lies outside the columns returned: one schema, one record batch, end
//! of stream; buffers in order, without gaps, padded with zeros; no dictionaries, no compression,
//! no metadata of their own.

use alloc::vec::Vec;

use crate::reader::Reader;

const CONTINUATION: u32 = 0xffff_ffff;
/// MessageHeader of Message.fbs.
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;
/// Type of Schema.fbs.
const INT: u8 = 2;
const FLOATING_POINT: u8 = 3;
const UTF8: u8 = 5;
const BOOL: u8 = 6;
const DOUBLE: u16 = 2;

/// The type codes of the dataset commitment.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ColumnType {
    Utf8 = 0,
    Int32 = 1,
    Float64 = 2,
    Bool = 3,
}

pub struct Column<'a> {
    pub name: &'a [u8],
    pub kind: ColumnType,
    pub rows: u32,
    /// None if no cell is null.
    pub validity: Option<&'a [u8]>,
    /// Utf8 only.
    pub offsets: &'a [u8],
    pub values: &'a [u8],
}

/// A FlatBuffers table: every offset is checked.
#[derive(Clone, Copy)]
struct Flat<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: usize,
    slots: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let end = at.checked_add(2)?;
    Some(u16::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    Some(u32::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let end = at.checked_add(8)?;
    Some(u64::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

impl<'a> Flat<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        // The distance to the vtable is signed, and points backwards if positive.
        let distance = i64::from(u32_at(bytes, at)? as i32);
        let vtable = usize::try_from(i64::try_from(at).ok()? - distance).ok()?;
        let size = usize::from(u16_at(bytes, vtable)?);
        if size < 4 || size % 2 != 0 || bytes.len() < vtable.checked_add(size)? {
            return None;
        }
        Some(Flat {
            bytes,
            at,
            vtable,
            slots: (size - 4) / 2,
        })
    }

    fn root(bytes: &'a [u8]) -> Option<Self> {
        Flat::new(bytes, u32_at(bytes, 0)? as usize)
    }

    /// Position of a field, `None` if it is absent.
    fn field(&self, slot: usize) -> Option<usize> {
        if slot >= self.slots {
            return None;
        }
        match u16_at(self.bytes, self.vtable + 4 + 2 * slot)? {
            0 => None,
            offset => Some(self.at + usize::from(offset)),
        }
    }

    fn absent_from(&self, slot: usize) -> Option<()> {
        (slot..self.slots)
            .all(|slot| self.field(slot).is_none())
            .then_some(())
    }

    fn u8(&self, slot: usize) -> u8 {
        self.field(slot)
            .and_then(|at| self.bytes.get(at).copied())
            .unwrap_or(0)
    }

    fn u16(&self, slot: usize) -> u16 {
        self.field(slot)
            .and_then(|at| u16_at(self.bytes, at))
            .unwrap_or(0)
    }

    fn u64(&self, slot: usize) -> u64 {
        self.field(slot)
            .and_then(|at| u64_at(self.bytes, at))
            .unwrap_or(0)
    }

    fn target(&self, slot: usize) -> Option<usize> {
        let at = self.field(slot)?;
        at.checked_add(u32_at(self.bytes, at)? as usize)
    }

    fn table(&self, slot: usize) -> Option<Flat<'a>> {
        Flat::new(self.bytes, self.target(slot)?)
    }

    fn text(&self, slot: usize) -> Option<&'a [u8]> {
        let at = self.target(slot)?;
        let len = u32_at(self.bytes, at)? as usize;
        let start = at.checked_add(4)?;
        self.bytes.get(start..start.checked_add(len)?)
    }

    /// Length of the vector in a field, 0 if it is absent.
    fn count(&self, slot: usize) -> Option<usize> {
        if self.field(slot).is_none() {
            return Some(0);
        }
        Some(u32_at(self.bytes, self.target(slot)?)? as usize)
    }

    /// The table at `index` of a vector of tables.
    fn element(&self, slot: usize, index: usize) -> Option<Flat<'a>> {
        let at = self
            .target(slot)?
            .checked_add(4 + index.checked_mul(4)?)?;
        let offset = u32_at(self.bytes, at)? as usize;
        Flat::new(self.bytes, at.checked_add(offset)?)
    }

    /// The two u64 of the structure at `index` of a vector of 16-byte structures.
    fn pair(&self, slot: usize, index: usize) -> Option<(u64, u64)> {
        let at = self
            .target(slot)?
            .checked_add(4 + index.checked_mul(16)?)?;
        Some((u64_at(self.bytes, at)?, u64_at(self.bytes, at.checked_add(8)?)?))
    }
}

/// Header of the next message if it is of `kind`, and its body.
fn message<'a>(stream: &mut Reader<'a>, kind: u8) -> Option<(Flat<'a>, &'a [u8])> {
    if stream.u32()? != CONTINUATION {
        return None;
    }
    let size = stream.u32()? as usize;
    let message = Flat::root(stream.take(size)?)?;
    message.absent_from(4)?;
    if message.u8(1) != kind {
        return None;
    }
    let body = stream.take(usize::try_from(message.u64(3)).ok()?)?;
    Some((message.table(2)?, body))
}

fn column_type(field: &Flat) -> Option<ColumnType> {
    let details = field.table(3)?;
    match field.u8(2) {
        UTF8 => Some(ColumnType::Utf8),
        BOOL => Some(ColumnType::Bool),
        FLOATING_POINT if details.u16(0) == DOUBLE => Some(ColumnType::Float64),
        INT if details.field(0).and_then(|at| u32_at(details.bytes, at)) == Some(32)
            && details.u8(1) == 1 =>
        {
            Some(ColumnType::Int32)
        }
        _ => None,
    }
}

/// Cuts the buffers of a record batch one after another.
struct Buffers<'a> {
    batch: Flat<'a>,
    body: Reader<'a>,
    position: u64,
    index: usize,
}

impl<'a> Buffers<'a> {
    /// The next buffer, of `len` bytes (its written length may count the padding), or an empty one.
    fn next(&mut self, len: usize) -> Option<&'a [u8]> {
        let (offset, written) = self.batch.pair(2, self.index)?;
        self.index += 1;
        let whole = len.next_multiple_of(8);
        if offset != self.position || (written != len as u64 && written != whole as u64) {
            return None;
        }
        self.position += whole as u64;
        self.body.padded(len)
    }
}

fn column<'a>(
    buffers: &mut Buffers<'a>,
    field: &Flat<'a>,
    rows: usize,
    nulls: u64,
) -> Option<Column<'a>> {
    // Nullable, no dictionary, no children, no metadata.
    if field.u8(1) != 1 || field.field(4).is_some() || field.count(5)? != 0 {
        return None;
    }
    field.absent_from(6)?;
    let kind = column_type(field)?;
    let bitmap = rows.div_ceil(8);
    let validity = buffers.next(if nulls == 0 { 0 } else { bitmap })?;
    if nulls != 0 && nulls != rows as u64 - ones(validity, rows)? {
        return None;
    }
    let offsets = match kind {
        ColumnType::Utf8 => buffers.next(4 * (rows + 1))?,
        _ => &[],
    };
    let values = buffers.next(match kind {
        ColumnType::Utf8 => u32_at(offsets, 4 * rows)? as usize,
        ColumnType::Int32 => 4 * rows,
        ColumnType::Float64 => 8 * rows,
        ColumnType::Bool => bitmap,
    })?;
    Some(Column {
        name: field.text(0)?,
        kind,
        rows: u32::try_from(rows).ok()?,
        validity: (nulls != 0).then_some(validity),
        offsets,
        values,
    })
}

/// Bits that are 1; `None` if one beyond `rows` is.
fn ones(bitmap: &[u8], rows: usize) -> Option<u64> {
    if rows % 8 != 0 && bitmap.last().is_some_and(|byte| byte >> (rows % 8) != 0) {
        return None;
    }
    Some(bitmap.iter().map(|byte| u64::from(byte.count_ones())).sum())
}

/// The columns of a stream, all of the same number of rows.
pub fn columns(stream: &[u8]) -> Option<Vec<Column<'_>>> {
    let mut stream = Reader { bytes: stream };
    let (schema, empty) = message(&mut stream, SCHEMA)?;
    let (batch, body) = message(&mut stream, RECORD_BATCH)?;
    if stream.u32()? != CONTINUATION || stream.u32()? != 0 || !stream.ended() {
        return None;
    }
    // Little-endian, no metadata, no features; no compression, no variadic buffers.
    if schema.field(0).is_some() || !empty.is_empty() {
        return None;
    }
    schema.absent_from(2)?;
    batch.absent_from(3)?;
    let rows = usize::try_from(batch.u64(0)).ok()?;
    if rows > 5_000_000 {
        return None;
    }
    let fields = schema.count(1)?;
    if batch.count(1)? != fields || fields > 256 {
        return None;
    }
    let mut buffers = Buffers {
        batch,
        body: Reader { bytes: body },
        position: 0,
        index: 0,
    };
    let mut columns: Vec<Column> = Vec::with_capacity(fields);
    for index in 0..fields {
        let (length, nulls) = batch.pair(1, index)?;
        if length != rows as u64 || nulls > length {
            return None;
        }
        let next = column(&mut buffers, &schema.element(1, index)?, rows, nulls)?;
        if columns.iter().any(|known| known.name == next.name) {
            return None;
        }
        columns.push(next);
    }
    (buffers.body.ended() && buffers.index == batch.count(2)?).then_some(columns)
}
