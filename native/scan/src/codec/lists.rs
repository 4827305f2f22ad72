//! Text written as lists of character codes: decimal, hex, octal or binary, and text with one
//! separator between all characters.

use crate::bytes::{self, LIST, NUMBER, PAIR_GAP};

/// Fewest codes that count as text.
const LEAST: usize = 6;

/// A decoded run with the place where it started.
pub struct Found {
    pub source: usize,
    pub data: Vec<u8>,
    pub codec: &'static str,
}

fn push_code(out: &mut Vec<u8>, n: u32) -> bool {
    if n < 256 {
        if n >= 128 {
            return push_char(out, n);
        }
        out.push(n as u8);
        return n >= 9;
    }
    push_char(out, n)
}

fn push_char(out: &mut Vec<u8>, n: u32) -> bool {
    match char::from_u32(n) {
        Some(c) if n < 0x3_0000 => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            true
        }
        _ => false,
    }
}

/// Runs of integers between separators, read as character codes (also with one constant added
/// to or multiplied into all of them).
pub fn codes(s: &[u8]) -> Vec<Found> {
    let mut out = Vec::new();
    let mut numbers: Vec<u32> = Vec::new();
    let mut octets: Vec<u32> = Vec::new();
    let mut source = 0;
    let mut i = 0;
    let mut binary = true;
    let mut hexed = true;
    let mut flush = |numbers: &mut Vec<u32>,
                     octets: &mut Vec<u32>,
                     source: usize,
                     binary: bool,
                     hexed: bool| {
        if numbers.len() >= LEAST || (binary && octets.len() >= 4) {
            decode(numbers, octets, source, binary, hexed, &mut out);
        }
        numbers.clear();
        octets.clear();
    };
    while i < s.len() {
        // Between lists only a number by itself matters.
        if numbers.is_empty() {
            i = bytes::find_number(s, i);
            if i == s.len() {
                break;
            }
        }
        let b = s[i];
        if b.is_ascii_digit() {
            let start = i;
            let mut n = 0u32;
            while i < s.len() && s[i].is_ascii_digit() && i - start < 9 {
                n = n * 10 + u32::from(s[i] - b'0');
                i += 1;
            }
            let whole = !s
                .get(i)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
                && !(start > 0
                    && (s[start - 1].is_ascii_alphanumeric()
                        || matches!(s[start - 1], b'.' | b'_' | b'-')));
            if !whole || (s.get(i) == Some(&b'.') && s.get(i + 1).is_some_and(u8::is_ascii_digit)) {
                flush(&mut numbers, &mut octets, source, binary, hexed);
                i = bytes::span(s, i, NUMBER);
                continue;
            }
            if numbers.is_empty() {
                (source, binary, hexed) = (start, true, true);
            }
            binary &= i - start == 8 && s[start..i].iter().all(|b| matches!(b, b'0' | b'1'));
            hexed &= i - start == 2;
            if i - start == 8 && binary {
                octets.push(
                    s[start..i]
                        .iter()
                        .fold(0, |n, b| n * 2 + u32::from(b - b'0')),
                );
            }
            numbers.push(n);
            continue;
        }
        if !bytes::is(b, LIST) {
            flush(&mut numbers, &mut octets, source, binary, hexed);
        }
        i += 1;
    }
    flush(&mut numbers, &mut octets, source, binary, hexed);
    out
}

fn decode(
    numbers: &[u32],
    octets: &[u32],
    source: usize,
    binary: bool,
    hexed: bool,
    out: &mut Vec<Found>,
) {
    let mut put = |codes: &mut dyn Iterator<Item = u32>, codec: &'static str| {
        let mut data = Vec::new();
        let mut bytes = Vec::new();
        let mut whole = true;
        for n in codes {
            whole &= push_code(&mut data, n);
            bytes.extend(u8::try_from(n));
        }
        // Not characters: bytes of something else.
        if !whole || std::str::from_utf8(&bytes).is_err() && bytes.len() == numbers.len() {
            (data, whole) = (bytes, true);
        }
        if whole {
            out.push(Found {
                source,
                data,
                codec,
            });
        }
    };
    if binary && octets.len() == numbers.len() {
        put(&mut octets.iter().copied(), "binary");
        return;
    }
    let (Some(&low), Some(&high)) = (numbers.iter().min(), numbers.iter().max()) else {
        return;
    };
    if low >= 9 && high < 0x3_0000 || high < 256 {
        put(&mut numbers.iter().copied(), "codes");
    }
    // Octal digits without a prefix.
    if numbers
        .iter()
        .all(|n| (40..=177).contains(n) && n % 10 < 8 && n / 10 % 10 < 8)
    {
        put(
            &mut numbers
                .iter()
                .map(|n| n / 100 * 64 + n / 10 % 10 * 8 + n % 10),
            "octal",
        );
    }
    if hexed && numbers.len() >= LEAST {
        put(&mut numbers.iter().map(|n| n / 10 * 16 + n % 10), "hex");
    }
    if numbers.len() > 4096 {
        return;
    }
    let gcd = numbers.iter().fold(0, |a, &b| gcd(a, b));
    if gcd > 1 && (32..=126).contains(&(high / gcd)) && low / gcd >= 9 {
        put(&mut numbers.iter().map(|n| n / gcd), "codes");
    }
    // A constant added: 94 printable codes wide at most, so few shifts fit.
    if high - low <= 94 && high - low >= 8 {
        let first = low.saturating_sub(126 - (high - low).min(94)).max(1);
        for shift in first..=low.saturating_sub(32) {
            if high - shift <= 126 && shift > 0 {
                put(&mut numbers.iter().map(|n| n - shift), "codes");
            }
        }
        for shift in 1..=32u32.saturating_sub(low) {
            put(&mut numbers.iter().map(|n| n + shift), "codes");
        }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `6a 6f`, `6a:6f`, `0x6a,0x6f`, `\x6a` is an escape and not here.
pub fn hex_pairs(s: &[u8]) -> Vec<Found> {
    let mut out = Vec::new();
    let mut i = 0;
    loop {
        // A pair, something between, and another: else nothing starts here.
        i = bytes::find_pair(s, i);
        if i == s.len() {
            break;
        }
        let start = i;
        let mut data = Vec::new();
        let mut letters = false;
        loop {
            let prefix = if s.get(i) == Some(&b'0') && matches!(s.get(i + 1), Some(b'x' | b'X')) {
                2
            } else {
                0
            };
            let (Some(a), Some(b)) = (s.get(i + prefix), s.get(i + prefix + 1)) else {
                break;
            };
            let (Some(h), Some(l)) = ((*a as char).to_digit(16), (*b as char).to_digit(16)) else {
                break;
            };
            if s.get(i + prefix + 2).is_some_and(u8::is_ascii_alphanumeric) {
                break;
            }
            letters |= prefix > 0 || a.is_ascii_alphabetic() || b.is_ascii_alphabetic();
            data.push((h << 4 | l) as u8);
            i += prefix + 2;
            let gap = s[i..]
                .iter()
                .take(4)
                .take_while(|b| bytes::is(**b, PAIR_GAP))
                .count();
            if gap == 0 {
                break;
            }
            i += gap;
        }
        if data.len() >= LEAST && letters {
            out.push(Found {
                source: start,
                data,
                codec: "hex",
            });
        }
        if i == start {
            i += 1;
        }
    }
    out
}

/// Characters with the same separator between all of them: `j-o-h-n`, `4 1 1 1`.
pub fn spaced(s: &[u8]) -> Vec<Found> {
    let mut out = Vec::new();
    let mut i = 0;
    loop {
        // Eight or more of them: four in a row are looked for.
        let first = bytes::find_every_second(s, i + 1);
        if first + 3 >= s.len() {
            break;
        }
        i = first - 1;
        let sep = s[i + 1];
        let mut n = 0;
        while i + 2 * n + 1 < s.len() && s[i + 2 * n + 1] == sep {
            n += 1;
        }
        let last = i + 2 * n;
        let has_last = s
            .get(last)
            .is_some_and(|&b| b != sep && b > 32 && b != b'"');
        if n + usize::from(has_last) >= 8 {
            let data: Vec<u8> = (0..n + usize::from(has_last))
                .map(|k| s[i + 2 * k])
                .collect();
            if data.iter().filter(|b| **b == sep).count() * 4 > data.len() {
                i = last;
                continue;
            }
            out.push(Found {
                source: i,
                data,
                codec: "spaced",
            });
            i = last;
        } else {
            i += 2 * n.max(1) - 1;
        }
    }
    out
}

/// Fewest bits that count as text.
pub const BITS_LEAST: usize = 48;

/// A long run of 0 and 1 without separators, eight bits a character.
pub fn bits(s: &[u8]) -> Option<Vec<u8>> {
    if s.len() < BITS_LEAST || !s.len().is_multiple_of(8) {
        return None;
    }
    s.chunks_exact(8)
        .map(|c| {
            c.iter().try_fold(0u8, |n, &b| {
                matches!(b, b'0' | b'1').then(|| n << 1 | (b - b'0'))
            })
        })
        .collect()
}
