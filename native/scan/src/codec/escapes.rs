//! Escapes inside text: percent, HTML entities, backslashes, quoted-printable, UTF-7.
//!
//! Each walks the text once and reports every place where it changed something, so that the
//! caller keeps only windows around the changes.

/// Output of a rewriting decoder.
#[derive(Default)]
pub struct Rewrite {
    pub data: Vec<u8>,
    /// (offset in `data`, offset in the source) of each change.
    pub changes: Vec<(usize, usize)>,
}

impl Rewrite {
    fn put(&mut self, source: usize, bytes: &[u8]) {
        self.changes.push((self.data.len(), source));
        self.data.extend_from_slice(bytes);
    }

    fn put_char(&mut self, source: usize, c: u32) {
        // Below 256 without a character: keep the byte, it may be one of a binary body.
        match char::from_u32(c) {
            Some(c) => {
                let mut buffer = [0; 4];
                self.put(source, c.encode_utf8(&mut buffer).as_bytes());
            }
            None => self.put(source, b"?"),
        }
    }
}

fn hex(s: Option<&[u8]>) -> Option<u32> {
    s?.iter()
        .try_fold(0u32, |n, &b| Some(n << 4 | (b as char).to_digit(16)?))
}

/// RFC 3986 percent-encoding, also `%uXXXX`; `+` is a space only where an escape is in the token.
pub fn percent(s: &[u8]) -> Rewrite {
    let mut out = Rewrite::default();
    let mut i = 0;
    while i < s.len() {
        if s[i] == b'%' {
            if let Some(n) = hex(s.get(i + 1..i + 3)) {
                out.put(i, &[n as u8]);
                i += 3;
                continue;
            }
            if matches!(s.get(i + 1), Some(b'u' | b'U'))
                && let Some(n) = hex(s.get(i + 2..i + 6))
            {
                out.put_char(i, n);
                i += 6;
                continue;
            }
        }
        out.data.push(s[i]);
        i += 1;
    }
    out
}

/// Quoted-printable (RFC 2045 section 6.7) with soft line breaks.
pub fn quoted_printable(s: &[u8]) -> Rewrite {
    let mut out = Rewrite::default();
    let mut i = 0;
    while i < s.len() {
        if s[i] == b'=' {
            if let Some(n) = hex(s.get(i + 1..i + 3)) {
                out.put(i, &[n as u8]);
                i += 3;
                continue;
            }
            let soft = if s.get(i + 1) == Some(&b'\n') {
                2
            } else if s.get(i + 1..i + 3) == Some(b"\r\n") {
                3
            } else {
                0
            };
            if soft > 0 {
                out.put(i, b"");
                i += soft;
                continue;
            }
        }
        out.data.push(s[i]);
        i += 1;
    }
    out
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
    let mut out = Rewrite::default();
    let mut i = 0;
    while i < s.len() {
        let plain = s[i..].iter().position(|b| *b == b'&');
        let end = plain.map_or(s.len(), |n| i + n);
        out.data.extend_from_slice(&s[i..end]);
        i = end;
        if i < s.len() {
            let rest = &s[i + 1..];
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
                    out.put_char(i, n);
                    let end = i + 1 + from + digits;
                    i = end + usize::from(s.get(end) == Some(&b';'));
                    continue;
                }
            } else if let Some((name, b)) = NAMED
                .iter()
                .find(|(n, _)| rest.starts_with(n) && rest.get(n.len()) == Some(&b';'))
            {
                out.put(
                    i,
                    if *b == 0 {
                        b""
                    } else {
                        std::slice::from_ref(b)
                    },
                );
                i += name.len() + 2;
                continue;
            }
        }
        out.data.extend(s.get(i));
        i += 1;
    }
    out
}

/// Backslash escapes of JSON, JavaScript, Python and C: \uXXXX (with surrogates), \u{X}, \UXXXXXXXX,
/// \xXX, \ooo, \" and the usual letters; also `U+XXXX`.
pub fn backslash(s: &[u8]) -> Rewrite {
    let mut out = Rewrite::default();
    let mut i = 0;
    while i < s.len() {
        if s[i] == b'U'
            && s.get(i + 1) == Some(&b'+')
            && let Some(n) = hex(s.get(i + 2..i + 6))
        {
            out.put_char(i, n);
            i += 6;
            // Separators between code points written this way belong to the notation.
            while matches!(s.get(i), Some(b' ' | b',')) && s.get(i + 1) == Some(&b'U') {
                i += 1;
            }
            continue;
        }
        if s[i] != b'\\' || i + 1 >= s.len() {
            out.data.push(s[i]);
            i += 1;
            continue;
        }
        match s[i + 1] {
            b'u' if s.get(i + 2) == Some(&b'{') => {
                let end = s[i + 3..]
                    .iter()
                    .take(8)
                    .position(|&b| b == b'}')
                    .map(|n| i + 3 + n);
                match end.and_then(|e| hex(Some(&s[i + 3..e])).map(|n| (e, n))) {
                    Some((e, n)) => {
                        out.put_char(i, n);
                        i = e + 1;
                    }
                    None => {
                        out.data.push(b'\\');
                        i += 1;
                    }
                }
            }
            b'u' => match hex(s.get(i + 2..i + 6)) {
                Some(high @ 0xd800..=0xdbff) if s.get(i + 6..i + 8) == Some(b"\\u") => {
                    let low = hex(s.get(i + 8..i + 12)).unwrap_or(0);
                    if (0xdc00..=0xdfff).contains(&low) {
                        out.put_char(i, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                        i += 12;
                    } else {
                        out.put(i, b"?");
                        i += 6;
                    }
                }
                Some(n) => {
                    out.put_char(i, n);
                    i += 6;
                }
                None => {
                    out.data.push(b'\\');
                    i += 1;
                }
            },
            b'U' if let Some(n) = hex(s.get(i + 2..i + 10)) => {
                out.put_char(i, n);
                i += 10;
            }
            b'x' if let Some(n) = hex(s.get(i + 2..i + 4)) => {
                out.put(i, &[n as u8]);
                i += 4;
            }
            b'0'..=b'7' => {
                let n = s[i + 1..]
                    .iter()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                let v = s[i + 1..i + 1 + n]
                    .iter()
                    .fold(0u32, |v, &b| v * 8 + u32::from(b - b'0'));
                out.put(i, &[v as u8]);
                i += 1 + n;
            }
            c => {
                let b = match c {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' | b'f' | b'v' | b'\n' => b' ',
                    other => other,
                };
                out.put(i, &[b]);
                i += 2;
            }
        }
    }
    out
}

/// UTF-7 (RFC 2152): `+` Base64 of UTF-16BE `-`.
pub fn utf7(s: &[u8]) -> Rewrite {
    let mut out = Rewrite::default();
    let mut i = 0;
    while i < s.len() {
        if s[i] == b'+' {
            let n = s[i + 1..]
                .iter()
                .take_while(|&&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                .count();
            let closed = s.get(i + 1 + n) == Some(&b'-');
            if (3..65_536).contains(&n)
                && (closed || n % 4 != 1)
                && let Some(bytes) = super::base::base64(&s[i + 1..i + 1 + n])
            {
                let units: Vec<u16> = bytes
                    .chunks_exact(2)
                    .map(|p| u16::from_be_bytes([p[0], p[1]]))
                    .collect();
                let text: String = char::decode_utf16(units)
                    .map(|c| c.unwrap_or('\u{fffd}'))
                    .collect();
                let odd = text
                    .chars()
                    .filter(|c| *c == '\u{fffd}' || c.is_control())
                    .count();
                if !text.is_empty() && odd == 0 {
                    out.put(i, text.as_bytes());
                    i += 1 + n + usize::from(closed);
                    continue;
                }
            }
        }
        out.data.push(s[i]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::entities;

    #[test]
    fn a_number_beyond_all_characters_is_none_of_them() {
        // Found by native/fuzz: its last digit wrapped it around to a control character.
        assert_eq!(entities(b"a&#9999999999;b").data, b"a?b");
        assert_eq!(entities(b"&#65;&#x42;").data, b"AB");
    }
}
