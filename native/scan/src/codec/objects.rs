//! Binary object formats rendered as JSON text: CBOR, MessagePack, BSON, Protocol Buffers.
//!
//! Each walks its input with an explicit stack of open containers and must use all of it; a
//! format without a magic is believed only then.

/// Deepest nesting that is rendered; more is refused and the strings are still looked at.
const MAX_OPEN: usize = 4096;

fn text(out: &mut Vec<u8>, s: &[u8]) {
    out.push(b'"');
    for &b in s {
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0..=31 => out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
            _ => out.push(b),
        }
    }
    out.push(b'"');
}

/// A byte string inside an object: as text if it is one, else in hex for the next round.
fn blob(out: &mut Vec<u8>, s: &[u8]) {
    if std::str::from_utf8(s).is_ok_and(|t| t.chars().all(|c| !c.is_control() || c == '\n')) {
        text(out, s);
    } else {
        out.push(b'"');
        let digit = |n: u8| b"0123456789abcdef"[usize::from(n)];
        out.extend(s.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]));
        out.push(b'"');
    }
}

struct Reader<'a> {
    s: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(n)?;
        let part = self.s.get(self.at..end)?;
        self.at = end;
        Some(part)
    }

    fn be(&mut self, n: usize) -> Option<u64> {
        Some(self.take(n)?.iter().fold(0, |v, &b| v << 8 | u64::from(b)))
    }

    fn le(&mut self, n: usize) -> Option<u64> {
        Some(
            self.take(n)?
                .iter()
                .rev()
                .fold(0, |v, &b| v << 8 | u64::from(b)),
        )
    }

    fn varint(&mut self) -> Option<u64> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.take(1)?[0];
            v |= u64::from(b & 127) << shift;
            if b < 128 {
                return Some(v);
            }
        }
        None
    }
}

/// An open container: items left (None until a break), whether it is a map, place within.
struct Open {
    left: Option<u64>,
    map: bool,
    done: u64,
}

/// Writes the punctuation before the next item of the innermost container.
fn lead(out: &mut Vec<u8>, stack: &mut [Open]) {
    if let Some(top) = stack.last_mut() {
        if top.done > 0 {
            out.push(if top.map && top.done % 2 == 1 {
                b':'
            } else {
                b','
            });
        }
        top.done += 1;
    }
}

/// Closes the containers that are complete.
fn close(out: &mut Vec<u8>, stack: &mut Vec<Open>) {
    while let Some(top) = stack.last() {
        if top.left != Some(top.done) {
            break;
        }
        out.push(if top.map { b'}' } else { b']' });
        stack.pop();
    }
}

fn open(
    out: &mut Vec<u8>,
    stack: &mut Vec<Open>,
    count: Option<u64>,
    map: bool,
    room: usize,
) -> Option<()> {
    if stack.len() >= MAX_OPEN || count.is_some_and(|n| n > room as u64) {
        return None;
    }
    out.push(if map { b'{' } else { b'[' });
    stack.push(Open {
        left: count.map(|n| if map { n * 2 } else { n }),
        map,
        done: 0,
    });
    Some(())
}

/// RFC 8949.
pub fn cbor(s: &[u8]) -> Option<Vec<u8>> {
    let mut r = Reader { s, at: 0 };
    let mut out = Vec::with_capacity(s.len() * 2);
    let mut stack: Vec<Open> = Vec::new();
    let mut containers = 0;
    loop {
        let head = r.take(1)?[0];
        if head == 0xff {
            let top = stack.pop()?;
            if top.left.is_some() || (top.map && top.done % 2 == 1) {
                return None;
            }
            out.push(if top.map { b'}' } else { b']' });
        } else {
            let (major, info) = (head >> 5, head & 31);
            if major == 6 {
                // A tag changes nothing here; its item follows.
                match info {
                    0..=23 => {}
                    24..=27 => {
                        r.be(1 << (info - 24))?;
                    }
                    _ => return None,
                }
                continue;
            }
            let value = match info {
                0..=23 => Some(u64::from(info)),
                24..=27 => Some(r.be(1 << (info - 24))?),
                31 if (2..=5).contains(&major) => None,
                _ => return None,
            };
            lead(&mut out, &mut stack);
            match (major, value) {
                (0, Some(n)) => out.extend_from_slice(n.to_string().as_bytes()),
                (1, Some(n)) => out.extend_from_slice(format!("-{}", u128::from(n) + 1).as_bytes()),
                (2, Some(n)) => blob(&mut out, r.take(usize::try_from(n).ok()?)?),
                (3, Some(n)) => {
                    let t = r.take(usize::try_from(n).ok()?)?;
                    std::str::from_utf8(t).ok()?;
                    text(&mut out, t);
                }
                (2 | 3, None) => {
                    let mut whole = Vec::new();
                    loop {
                        let h = r.take(1)?[0];
                        if h == 0xff {
                            break;
                        }
                        let n = match h & 31 {
                            n @ 0..=23 => u64::from(n),
                            n @ 24..=27 => r.be(1 << (n - 24))?,
                            _ => return None,
                        };
                        whole.extend_from_slice(r.take(usize::try_from(n).ok()?)?);
                    }
                    blob(&mut out, &whole);
                }
                (4, n) => {
                    containers += 1;
                    open(&mut out, &mut stack, n, false, s.len())?;
                }
                (5, n) => {
                    containers += 1;
                    open(&mut out, &mut stack, n, true, s.len())?;
                }
                (7, Some(n)) => match info {
                    25 => out.push(b'0'),
                    26 => out.extend_from_slice(f32::from_bits(n as u32).to_string().as_bytes()),
                    27 => out.extend_from_slice(f64::from_bits(n).to_string().as_bytes()),
                    _ => out.extend_from_slice(b"null"),
                },
                _ => return None,
            }
        }
        close(&mut out, &mut stack);
        if stack.is_empty() {
            if r.at == s.len() {
                return (containers > 0 || matches!(s[0], 0x60..=0x7b)).then_some(out);
            }
            out.push(b'\n');
        }
    }
}

/// The MessagePack specification.
pub fn msgpack(s: &[u8]) -> Option<Vec<u8>> {
    let mut r = Reader { s, at: 0 };
    let mut out = Vec::with_capacity(s.len() * 2);
    let mut stack: Vec<Open> = Vec::new();
    if !matches!(s.first()?, 0x80..=0xbf | 0xd9..=0xdf | 0xc4..=0xc6) {
        return None;
    }
    loop {
        let h = r.take(1)?[0];
        lead(&mut out, &mut stack);
        let (string, bytes): (Option<u64>, Option<u64>) = match h {
            0xa0..=0xbf => (Some(u64::from(h & 31)), None),
            0xd9..=0xdb => (Some(r.be(1 << (h - 0xd9))?), None),
            0xc4..=0xc6 => (None, Some(r.be(1 << (h - 0xc4))?)),
            0xc7..=0xc9 => {
                let n = r.be(1 << (h - 0xc7))?;
                (None, Some(n + 1))
            }
            0xd4..=0xd8 => (None, Some((1 << (h - 0xd4)) + 1)),
            _ => (None, None),
        };
        if let Some(n) = string {
            let t = r.take(usize::try_from(n).ok()?)?;
            std::str::from_utf8(t).ok()?;
            text(&mut out, t);
        } else if let Some(n) = bytes {
            blob(&mut out, r.take(usize::try_from(n).ok()?)?);
        } else {
            match h {
                0..=0x7f => out.extend_from_slice(h.to_string().as_bytes()),
                0xe0..=0xff => out.extend_from_slice((h as i8).to_string().as_bytes()),
                0x80..=0x8f => open(&mut out, &mut stack, Some(u64::from(h & 15)), true, s.len())?,
                0x90..=0x9f => open(
                    &mut out,
                    &mut stack,
                    Some(u64::from(h & 15)),
                    false,
                    s.len(),
                )?,
                0xdc | 0xdd => {
                    let n = r.be(if h == 0xdc { 2 } else { 4 })?;
                    open(&mut out, &mut stack, Some(n), false, s.len())?;
                }
                0xde | 0xdf => {
                    let n = r.be(if h == 0xde { 2 } else { 4 })?;
                    open(&mut out, &mut stack, Some(n), true, s.len())?;
                }
                0xc0 | 0xc2 | 0xc3 => out.extend_from_slice(b"null"),
                0xca => {
                    let n = r.be(4)?;
                    out.extend_from_slice(f32::from_bits(n as u32).to_string().as_bytes());
                }
                0xcb => {
                    let n = r.be(8)?;
                    out.extend_from_slice(f64::from_bits(n).to_string().as_bytes());
                }
                0xcc..=0xcf => {
                    let n = r.be(1 << (h - 0xcc))?;
                    out.extend_from_slice(n.to_string().as_bytes());
                }
                0xd0..=0xd3 => {
                    let n = r.be(1 << (h - 0xd0))?;
                    out.extend_from_slice((n as i64).to_string().as_bytes());
                }
                _ => return None,
            }
        }
        close(&mut out, &mut stack);
        if stack.is_empty() {
            if r.at == s.len() {
                return Some(out);
            }
            out.push(b'\n');
        }
    }
}

/// bsonspec.org, version 1.1; the leading length must be the whole input's.
pub fn bson(s: &[u8]) -> Option<Vec<u8>> {
    let mut r = Reader { s, at: 0 };
    if s.len() < 5 || r.le(4)? != s.len() as u64 {
        return None;
    }
    let mut out = vec![b'{'];
    let mut depth = 1usize;
    let mut comma = false;
    while depth > 0 {
        let kind = r.take(1)?[0];
        if kind == 0 {
            out.push(b'}');
            depth -= 1;
            comma = true;
            continue;
        }
        let n = s[r.at..].iter().position(|&b| b == 0)?;
        let name = r.take(n)?;
        r.take(1)?;
        if comma {
            out.push(b',');
        }
        comma = true;
        text(&mut out, name);
        out.push(b':');
        match kind {
            1 => {
                let n = r.le(8)?;
                out.extend_from_slice(f64::from_bits(n).to_string().as_bytes());
            }
            2 | 13 | 14 => {
                let n = usize::try_from(r.le(4)?).ok()?;
                let t = r.take(n)?;
                text(&mut out, t.strip_suffix(b"\0")?);
            }
            3 | 4 => {
                r.le(4)?;
                out.push(b'{');
                depth += 1;
                comma = false;
                if depth > MAX_OPEN {
                    return None;
                }
            }
            5 => {
                let n = usize::try_from(r.le(4)?).ok()?;
                r.take(1)?;
                blob(&mut out, r.take(n)?);
            }
            6 | 10 | 127 | 255 => out.extend_from_slice(b"null"),
            7 => blob(&mut out, r.take(12)?),
            8 => {
                r.take(1)?;
                out.extend_from_slice(b"true");
            }
            9 | 17 | 18 => {
                let n = r.le(8)?;
                out.extend_from_slice((n as i64).to_string().as_bytes());
            }
            16 => {
                let n = r.le(4)?;
                out.extend_from_slice((n as u32 as i32).to_string().as_bytes());
            }
            19 => blob(&mut out, r.take(16)?),
            _ => return None,
        }
    }
    (r.at == s.len()).then_some(out)
}

/// Protocol Buffers without a schema: fields in order, length-delimited ones as text or, if they
/// are messages by themselves, opened in place.
/// Can `s` start a Protocol Buffers message: a small field number with a length or a number?
pub fn tagged(s: &[u8]) -> bool {
    match s {
        [tag, length, ..] if tag & 7 == 2 && *tag < 0x80 => usize::from(*length & 0x7f) < s.len(),
        [tag, ..] => *tag < 0x80 && tag >> 3 != 0 && tag & 7 == 0,
        [] => false,
    }
}

/// Shortest bytes field that makes a message of bytes that parse as one.
const BLOB_LEAST: usize = 12;

pub fn protobuf(s: &[u8]) -> Option<Vec<u8>> {
    if !fields(s) {
        return None;
    }
    let mut out = vec![b'['];
    let mut r = Reader { s, at: 0 };
    // Ends of the messages that are open.
    let mut ends = vec![s.len()];
    let mut strings = 0;
    while let Some(&end) = ends.last() {
        if r.at == end {
            ends.pop();
            out.push(b']');
            continue;
        }
        let tag = r.varint()?;
        if tag >> 3 == 0 || tag >> 3 > 0x1fff_ffff {
            return None;
        }
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        match tag & 7 {
            0 => {
                let n = r.varint()?;
                out.extend_from_slice(n.to_string().as_bytes());
            }
            1 => {
                let n = r.le(8)?;
                out.extend_from_slice(f64::from_bits(n).to_string().as_bytes());
            }
            5 => {
                r.le(4)?;
                out.push(b'0');
            }
            2 => {
                let n = usize::try_from(r.varint()?).ok()?;
                if r.at.checked_add(n)? > end {
                    return None;
                }
                let body = &s[r.at..r.at + n];
                let printable = std::str::from_utf8(body).is_ok_and(|t| {
                    t.chars()
                        .all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
                });
                if printable || n == 0 {
                    text(&mut out, body);
                    strings += n;
                    r.at += n;
                } else if ends.len() < 64 && fields(body) {
                    out.push(b'[');
                    ends.push(r.at + n);
                } else {
                    blob(&mut out, body);
                    strings += if n >= BLOB_LEAST { n } else { 0 };
                    r.at += n;
                }
            }
            _ => return None,
        }
        if r.at > end {
            return None;
        }
    }
    (strings >= 4).then_some(out)
}

/// True if the bytes split into whole fields at this level.
fn fields(s: &[u8]) -> bool {
    let mut r = Reader { s, at: 0 };
    let mut step = || -> Option<()> {
        while r.at < s.len() {
            let tag = r.varint()?;
            if tag >> 3 == 0 {
                return None;
            }
            match tag & 7 {
                0 => {
                    r.varint()?;
                }
                1 => {
                    r.take(8)?;
                }
                5 => {
                    r.take(4)?;
                }
                2 => {
                    let n = usize::try_from(r.varint()?).ok()?;
                    r.take(n)?;
                }
                _ => return None,
            }
        }
        Some(())
    };
    step().is_some()
}
