//! Escapes inside text: percent, HTML entities, backslashes, quoted-printable, UTF-7.
//!
//! Each walks the text once and reports every place where it changed something, so that the
//! caller keeps only windows around the changes.

use super::base::value64;
use crate::blocks::{Block, Marks};

/// Output of a rewriting decoder; empty where nothing was changed.
#[derive(Default)]
pub struct Rewrite {
    pub data: Vec<u8>,
    /// (offset in `data`, offset in the source) of each change.
    pub changes: Vec<(usize, usize)>,
}

/// A rewrite under way: the source up to `kept` is in it.
struct Writer<'s> {
    s: &'s [u8],
    out: Rewrite,
    kept: usize,
}

impl<'s> Writer<'s> {
    fn new(s: &'s [u8]) -> Self {
        Writer {
            s,
            out: Rewrite::default(),
            kept: 0,
        }
    }

    /// `bytes` instead of what stands in the source from `source` to `next`.
    fn put(&mut self, source: usize, bytes: &[u8], next: usize) {
        let data = &mut self.out.data;
        data.extend_from_slice(&self.s[self.kept..source]);
        self.out.changes.push((data.len(), source));
        data.extend_from_slice(bytes);
        self.kept = next;
    }

    fn put_char(&mut self, source: usize, c: u32, next: usize) {
        match char::from_u32(c) {
            Some(c) => {
                let mut buffer = [0; 4];
                self.put(source, c.encode_utf8(&mut buffer).as_bytes(), next);
            }
            None => self.put(source, b"?", next),
        }
    }

    fn end(mut self) -> Rewrite {
        if !self.out.changes.is_empty() {
            self.out.data.extend_from_slice(&self.s[self.kept..]);
        }
        self.out
    }
}

fn hex(s: Option<&[u8]>) -> Option<u32> {
    s?.iter()
        .try_fold(0u32, |n, &b| Some(n << 4 | (b as char).to_digit(16)?))
}

/// RFC 3986 percent-encoding, also `%uXXXX`; `+` is a space only where an escape is in the token.
pub fn percent(s: &[u8]) -> Rewrite {
    let mut out = Writer::new(s);
    let mut signs = Marks::new(s, |_, _, block: Block| block.equal(b'%'));
    let mut i = signs.next(0);
    while i < s.len() {
        let mut next = i + 1;
        if let Some(n) = hex(s.get(i + 1..i + 3)) {
            next = i + 3;
            out.put(i, &[n as u8], next);
        } else if matches!(s.get(i + 1), Some(b'u' | b'U'))
            && let Some(n) = hex(s.get(i + 2..i + 6))
        {
            next = i + 6;
            out.put_char(i, n, next);
        }
        i = signs.next(next);
    }
    out.end()
}

/// Quoted-printable (RFC 2045 section 6.7) with soft line breaks.
pub fn quoted_printable(s: &[u8]) -> Rewrite {
    let mut out = Writer::new(s);
    let mut signs = Marks::new(s, |_, _, block: Block| block.equal(b'='));
    let mut i = signs.next(0);
    while i < s.len() {
        let mut next = i + 1;
        if let Some(n) = hex(s.get(i + 1..i + 3)) {
            next = i + 3;
            out.put(i, &[n as u8], next);
        } else if s.get(i + 1) == Some(&b'\n') {
            next = i + 2;
            out.put(i, b"", next);
        } else if s.get(i + 1..i + 3) == Some(b"\r\n") {
            next = i + 3;
            out.put(i, b"", next);
        }
        i = signs.next(next);
    }
    out.end()
}

const NAMED: &[(&[u8], u8)] = &[
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"nbsp", b' '),
    (b"commat", b'@'),
    (b"period", b'.'),
    (b"hyphen", b'-'),
    (b"dash", b'-'),
    (b"lowbar", b'_'),
    (b"num", b'#'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"equals", b'='),
    (b"sol", b'/'),
    (b"lbrace", b'{'),
    (b"lcub", b'{'),
    (b"rbrace", b'}'),
    (b"rcub", b'}'),
    (b"lsqb", b'['),
    (b"rsqb", b']'),
    (b"plus", b'+'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"shy", 0),
    (b"zwj", 0),
    (b"zwnj", 0),
    (b"excl", b'!'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"ast", b'*'),
    (b"semi", b';'),
    (b"minus", b'-'),
    (b"bsol", b'\\'),
    (b"verbar", b'|'),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
];

/// HTML and XML character references.
pub fn entities(s: &[u8]) -> Rewrite {
    let mut out = Writer::new(s);
    let mut signs = Marks::new(s, |_, _, block: Block| block.equal(b'&'));
    let mut i = signs.next(0);
    while i < s.len() {
        let rest = &s[i + 1..];
        let mut next = i + 1;
        if rest.first() == Some(&b'#') {
            let is_hex = matches!(rest.get(1), Some(b'x' | b'X'));
            let from = if is_hex { 2 } else { 1 };
            let radix = if is_hex { 16 } else { 10 };
            let digits = rest[from.min(rest.len())..]
                .iter()
                .take(10)
                .take_while(|&&b| (b as char).is_digit(radix))
                .count();
            if digits > 0 {
                let n = rest[from..from + digits].iter().fold(0u32, |n, &b| {
                    n.saturating_mul(radix)
                        .saturating_add((b as char).to_digit(radix).unwrap_or(0))
                });
                let end = i + 1 + from + digits;
                next = end + usize::from(s.get(end) == Some(&b';'));
                out.put_char(i, n, next);
            }
        } else if let Some((name, b)) = NAMED
            .iter()
            .find(|(n, _)| rest.starts_with(n) && rest.get(n.len()) == Some(&b';'))
        {
            next = i + name.len() + 2;
            let by = std::slice::from_ref(b);
            out.put(i, if *b == 0 { b"" } else { by }, next);
        }
        i = signs.next(next);
    }
    out.end()
}

/// Backslash escapes of JSON, JavaScript, Python and C: \uXXXX (with surrogates), \u{X}, \UXXXXXXXX,
/// \xXX, \ooo, \" and the usual letters; also `U+XXXX`.
pub fn backslash(s: &[u8]) -> Rewrite {
    let mut out = Writer::new(s);
    let mut signs = Marks::new(s, |_, _, block: Block| {
        block.equal(b'\\') | block.equal(b'U')
    });
    let mut i = signs.next(0);
    while i < s.len() {
        i = signs.next(escape(s, i, &mut out));
    }
    out.end()
}

/// The escape at `i`, if it is one; returns where the next may start.
fn escape(s: &[u8], i: usize, out: &mut Writer<'_>) -> usize {
    if s[i] == b'U' {
        let Some(n) = hex(s.get(i + 2..i + 6)).filter(|_| s[i + 1] == b'+') else {
            return i + 1;
        };
        let mut next = i + 6;
        // Separators between code points written this way belong to the notation.
        while matches!(s.get(next), Some(b' ' | b',')) && s.get(next + 1) == Some(&b'U') {
            next += 1;
        }
        out.put_char(i, n, next);
        return next;
    }
    let Some(&kind) = s.get(i + 1) else {
        return i + 1;
    };
    let (code, next) = match kind {
        b'u' if s.get(i + 2) == Some(&b'{') => {
            let close = s[i + 3..].iter().take(8).position(|&b| b == b'}');
            let end = close.map_or(i + 3, |n| i + 3 + n);
            match hex(Some(&s[i + 3..end])).filter(|_| close.is_some()) {
                Some(n) => (n, end + 1),
                None => return i + 1,
            }
        }
        b'u' => match hex(s.get(i + 2..i + 6)) {
            Some(high @ 0xd800..=0xdbff) if s.get(i + 6..i + 8) == Some(b"\\u") => {
                let low = hex(s.get(i + 8..i + 12)).unwrap_or(0);
                if (0xdc00..=0xdfff).contains(&low) {
                    (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), i + 12)
                } else {
                    (u32::from(b'?'), i + 6)
                }
            }
            Some(n) => (n, i + 6),
            None => return i + 1,
        },
        b'U' if let Some(n) = hex(s.get(i + 2..i + 10)) => (n, i + 10),
        b'x' if let Some(n) = hex(s.get(i + 2..i + 4)) => {
            out.put(i, &[n as u8], i + 4);
            return i + 4;
        }
        b'0'..=b'7' => {
            let octal = s[i + 1..].iter().take(3);
            let octal = octal.take_while(|b| (b'0'..=b'7').contains(b));
            let (n, v) = octal.fold((0, 0u32), |(n, v), b| (n + 1, v * 8 + u32::from(b - b'0')));
            out.put(i, &[v as u8], i + 1 + n);
            return i + 1 + n;
        }
        other => {
            let b = match other {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' | b'f' | b'v' | b'\n' => b' ',
                other => other,
            };
            out.put(i, &[b], i + 2);
            return i + 2;
        }
    };
    out.put_char(i, code, next);
    next
}

/// Longest run of UTF-7 that is decoded, characters.
const UTF7_MOST: usize = 65_536;

/// UTF-7 (RFC 2152): `+` Base64 of UTF-16BE `-`.
pub fn utf7(s: &[u8]) -> Rewrite {
    let mut out = Writer::new(s);
    let mut signs = Marks::new(s, |_, _, block: Block| block.equal(b'+'));
    let mut members = Marks::new(s, |_, _, block: Block| block.alnum() | block.any(b"+/"));
    let mut text = String::new();
    // Where the run of Base64 around `i` ends, and up to where starts of each phase fail in it.
    let (mut end, mut failing) = (0, [0; 8]);
    let mut i = signs.next(0);
    while i < s.len() {
        let start = i + 1;
        if start > end {
            end = members.end(start);
            failing = [0; 8];
        }
        let mut next = start;
        let length = end - start;
        if (3..UTF7_MOST).contains(&length) && length % 4 != 1 && start > failing[start % 8] {
            match utf16(&s[start..end], &mut text) {
                Ok(()) => {
                    next = end + usize::from(s.get(end) == Some(&b'-'));
                    out.put(i, text.as_bytes(), next);
                }
                // Three units are eight characters: a later start meets the same unit.
                Err(unit) => failing[start % 8] = start + unit / 3 * 8,
            }
        }
        i = signs.next(next);
    }
    out.end()
}

/// Base64 of UTF-16BE without control characters into `text`; else the number of the unit that is
/// no character.
fn utf16(run: &[u8], text: &mut String) -> Result<(), usize> {
    text.clear();
    let (mut bits, mut held, mut unit) = (0u64, 0, 0);
    let mut high = None;
    for &b in run {
        bits = bits << 6 | u64::from(value64(b));
        held += 6;
        if held < 16 {
            continue;
        }
        held -= 16;
        let code = (bits >> held) as u16;
        let wide = match (high.take(), code) {
            (None, 0xd800..=0xdbff) => {
                high = Some(code);
                unit += 1;
                continue;
            }
            (None, _) => u32::from(code),
            (Some(high), 0xdc00..=0xdfff) => {
                0x10000 + (u32::from(high & 0x3ff) << 10) + u32::from(code & 0x3ff)
            }
            (Some(_), _) => return Err(unit - 1),
        };
        match char::from_u32(wide).filter(|c| *c != '\u{fffd}' && !c.is_control()) {
            Some(c) => text.push(c),
            None => return Err(unit),
        }
        unit += 1;
    }
    match high {
        Some(_) => Err(unit - 1),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{entities, utf7};

    #[test]
    fn a_number_beyond_all_characters_is_none_of_them() {
        // Found by native/fuzz: its last digit wrapped it around to a control character.
        assert_eq!(entities(b"a&#9999999999;b").data, b"a?b");
        assert_eq!(entities(b"&#65;&#x42;").data, b"AB");
    }

    /// As it was first written: every run decoded whole from every `+`.
    fn utf7_plainly(s: &[u8]) -> Vec<u8> {
        let (mut out, mut i) = (Vec::new(), 0);
        while i < s.len() {
            if s[i] == b'+' {
                let member = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
                let n = s[i + 1..].iter().take_while(member).count();
                let closed = s.get(i + 1 + n) == Some(&b'-');
                let bytes = super::super::base::base64(&s[i + 1..i + 1 + n]);
                if let Some(bytes) = bytes.filter(|_| n >= 3) {
                    let units = bytes.chunks_exact(2);
                    let units = units.map(|p| u16::from_be_bytes([p[0], p[1]]));
                    let text: Result<String, _> = char::decode_utf16(units).collect();
                    let plain = |c: char| c != '\u{fffd}' && !c.is_control();
                    if let Ok(text) = text
                        && text.chars().all(plain)
                    {
                        out.extend_from_slice(text.as_bytes());
                        i += 1 + n + usize::from(closed);
                        continue;
                    }
                }
            }
            out.push(s[i]);
            i += 1;
        }
        out
    }

    #[test]
    fn runs_of_utf7_are_decoded_from_where_they_can_be() {
        let text = b"x +AHMAcwBu- y+//9+AGEAYg";
        assert_eq!(utf7(text).data, utf7_plainly(text));
        assert_eq!(utf7(b"+AHMAcwBu-").data, b"ssn");
        let mut state = 11u32;
        for round in 0..20_000 {
            // Few letters: controls, surrogates in pairs and alone, long runs and short ones.
            let letters: &[u8] = [&b"+A"[..], b"+AB2-", b"+A2D/QYg 3", b"+2NwAY/-"][round % 4];
            let s: Vec<u8> = (0..round % 90)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    letters[(state >> 16) as usize % letters.len()]
                })
                .collect();
            let made = utf7(&s);
            let data = if made.changes.is_empty() {
                &s
            } else {
                &made.data
            };
            assert_eq!(*data, utf7_plainly(&s), "{}", String::from_utf8_lossy(&s));
        }
    }
}
