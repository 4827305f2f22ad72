//! What each byte is, looked up: the passes over a text ask this of every byte of it.

pub const DIGIT: u16 = 1;
pub const ALNUM: u16 = 1 << 1;
pub const HEX: u16 = 1 << 2;
/// Letters, digits and what Base64 in its alphabets has besides, padding included.
pub const BASE: u16 = 1 << 3;
/// Small letters and dashes: words.
pub const PLAIN: u16 = 1 << 4;
/// Letters, digits and padding; capitals or small letters alone.
pub const WORD: u16 = 1 << 5;
pub const UPPER: u16 = 1 << 6;
pub const LOWER: u16 = 1 << 7;
/// What may stand between chunks of one value.
pub const JOIN: u16 = 1 << 8;
/// Between the numbers of a list, quotes around its members included.
pub const LIST: u16 = 1 << 9;
/// Between pairs of hex digits.
pub const PAIR_GAP: u16 = 1 << 10;

/// Letters, digits and points: a number with what is glued to it.
pub const NUMBER: u16 = 1 << 11;

const fn class(b: u8) -> u16 {
    let padding = b == b'=';
    let mut c = 0;
    if b.is_ascii_digit() {
        c |= DIGIT;
    }
    if b.is_ascii_alphanumeric() {
        c |= ALNUM;
    }
    if b.is_ascii_alphanumeric() || b == b'.' {
        c |= NUMBER;
    }
    if b.is_ascii_hexdigit() {
        c |= HEX;
    }
    if b.is_ascii_alphanumeric() || padding || matches!(b, b'+' | b'/' | b'-' | b'_') {
        c |= BASE;
    }
    if b.is_ascii_lowercase() || matches!(b, b'-' | b'_') {
        c |= PLAIN;
    }
    if b.is_ascii_alphanumeric() || padding {
        c |= WORD;
    }
    if b.is_ascii_uppercase() || b.is_ascii_digit() || padding {
        c |= UPPER;
    }
    if b.is_ascii_lowercase() || b.is_ascii_digit() || padding {
        c |= LOWER;
    }
    if b.is_ascii_whitespace() || matches!(b, b'"' | b',' | b'\\' | b'\'' | b':' | b'.' | b'|') {
        c |= JOIN;
    }
    if matches!(
        b,
        b' ' | b','
            | b';'
            | b'\n'
            | b'\r'
            | b'\t'
            | b'"'
            | b'\''
            | b'|'
            | b'/'
            | b'-'
            | b'+'
            | b':'
    ) {
        c |= LIST;
    }
    if matches!(b, b' ' | b',' | b':' | b'-' | b'\n' | b'"' | b';') {
        c |= PAIR_GAP;
    }
    c
}

static CLASSES: [u16; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = class(b as u8);
        b += 1;
    }
    table
};

/// The classes of a byte.
#[inline(always)]
pub fn of(b: u8) -> u16 {
    CLASSES[b as usize]
}

#[inline(always)]
pub fn is(b: u8, class: u16) -> bool {
    of(b) & class != 0
}

/// Eight bytes at `at`, the first in the lowest place; zeros beyond the end.
#[inline(always)]
fn eight(text: &[u8], at: usize) -> u64 {
    if let Some(Ok(bytes)) = text.get(at..at + 8).map(<[u8; 8]>::try_from) {
        return u64::from_le_bytes(bytes);
    }
    let mut bytes = [0; 8];
    let rest = text.get(at..).unwrap_or(&[]);
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

const EACH: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = EACH << 7;

/// The highest bit of each byte that is from `low` to `high`, both below 128.
#[inline(always)]
fn within(bytes: u64, low: u8, high: u8) -> u64 {
    let seven = bytes & !HIGH;
    let from = seven + EACH * u64::from(128 - low);
    let beyond = seven + EACH * u64::from(127 - high);
    from & !beyond & !bytes & HIGH
}

/// How many of the `n` bytes from `at` are digits.
#[inline(always)]
pub fn digits(text: &[u8], at: usize, n: usize) -> u32 {
    let mut count = 0;
    let mut i = 0;
    while i + 8 <= n {
        count += within(eight(text, at + i), b'0', b'9').count_ones();
        i += 8;
    }
    let rest = within(eight(text, at + i), b'0', b'9') & !(u64::MAX << (8 * (n - i)));
    count + rest.count_ones()
}

/// How many of the first 16 bytes are neither visible ASCII nor white space.
#[inline(always)]
pub fn odd(text: &[u8]) -> u32 {
    let n = text.len().min(16);
    let text_of = |bytes| {
        let space = within(bytes, b'\t', b'\n') | within(bytes, 0x0c, b'\r');
        (within(bytes, b' ', b'~') | space).count_ones()
    };
    n as u32 - text_of(eight(text, 0)) - text_of(eight(text, 8))
}

/// First place from `at` whose byte is no ASCII.
pub fn find_high(text: &[u8], at: usize) -> usize {
    let mut i = at;
    while i < text.len() {
        let high = eight(text, i) & HIGH;
        if high != 0 {
            return i + high.trailing_zeros() as usize / 8;
        }
        i += 8;
    }
    text.len()
}

/// First place from `at` whose byte is neither letter nor digit.
#[inline(always)]
pub fn word_end(text: &[u8], at: usize) -> usize {
    let mut i = at;
    while i < text.len() {
        let bytes = eight(text, i);
        let alnum = within(bytes, b'0', b'9') | within(bytes | EACH << 5, b'a', b'z');
        let other = !alnum & HIGH;
        if other != 0 {
            return (i + other.trailing_zeros() as usize / 8).min(text.len());
        }
        i += 8;
    }
    text.len()
}

/// First place from `at` of those `wanted` among digits and letters, with neither before it.
#[inline(always)]
fn find_start(text: &[u8], at: usize, wanted: impl Fn(u64, u64) -> u64) -> usize {
    let mut i = at;
    let mut before = at > 0 && is(text[at - 1], ALNUM);
    while i < text.len() {
        let bytes = eight(text, i);
        let digit = within(bytes, b'0', b'9');
        let letter = within(bytes | EACH << 5, b'a', b'z');
        let alnum = digit | letter;
        let first = wanted(digit, letter) & !(alnum << 8 | u64::from(before) << 7);
        if first != 0 {
            return i + first.trailing_zeros() as usize / 8;
        }
        before = alnum >> 63 != 0;
        i += 8;
    }
    text.len()
}

/// First place from `at` with a digit that neither letter nor digit stands before.
pub fn find_number(text: &[u8], at: usize) -> usize {
    find_start(text, at, |digit, _| digit)
}

/// First place from `at` where a word of letters and digits starts.
pub fn find_word(text: &[u8], at: usize) -> usize {
    find_start(text, at, |digit, letter| digit | letter)
}

/// First place from `at` whose byte stands two, four and six places further as well.
pub fn find_every_second(text: &[u8], at: usize) -> usize {
    let mut i = at;
    while i + 6 < text.len() {
        let (a, b) = (eight(text, i), eight(text, i + 2));
        let (c, d) = (eight(text, i + 4), eight(text, i + 6));
        let other = (a ^ b) | (b ^ c) | (c ^ d);
        let equal = other.wrapping_sub(EACH) & !other & HIGH;
        if equal != 0 {
            return (i + equal.trailing_zeros() as usize / 8).min(text.len());
        }
        i += 8;
    }
    text.len()
}

/// First place from `at` whose byte is of none of the classes; the length of `text` if none is.
#[inline(always)]
pub fn span(text: &[u8], at: usize, class: u16) -> usize {
    let mut i = at;
    while i < text.len() && is(text[i], class) {
        i += 1;
    }
    i
}

/// First place from `at` whose byte is of one of the classes.
#[inline(always)]
pub fn find(text: &[u8], at: usize, class: u16) -> usize {
    let mut i = at;
    while i < text.len() && !is(text[i], class) {
        i += 1;
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte from a small alphabet that has the borders of each range, in all places of eight.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let alphabet = b"/09:@AZ[`az{ -\x00\x7f\x80\xb0\xc1\xe1\xff..\"\"";
        let mut state = 1u32;
        (0..2000).map(move |n| {
            // Of few letters there are repetitions.
            let size = if n % 2 == 0 { alphabet.len() } else { 2 };
            (0..n % 41)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    alphabet[(state >> 16) as usize % size]
                })
                .collect()
        })
    }

    #[test]
    fn eight_at_once_find_what_one_by_one_does() {
        for text in texts() {
            let alnum = |i: usize| text[i].is_ascii_alphanumeric();
            let starts = |i: usize| i == 0 || !alnum(i - 1);
            for at in 0..=text.len() {
                let first = |holds: &dyn Fn(usize) -> bool| {
                    (at..text.len()).find(|i| holds(*i)).unwrap_or(text.len())
                };
                let number = first(&|i| text[i].is_ascii_digit() && starts(i));
                assert_eq!(find_number(&text, at), number);
                assert_eq!(find_word(&text, at), first(&|i| alnum(i) && starts(i)));
                assert_eq!(find_high(&text, at), first(&|i| text[i] >= 0x80));
                assert_eq!(word_end(&text, at), first(&|i| !alnum(i)));
                let head = text[at..].iter().take(16);
                let visible = |b: &&u8| !(b.is_ascii_graphic() || b.is_ascii_whitespace());
                assert_eq!(odd(&text[at..]) as usize, head.filter(visible).count());
                for n in [1, 7, 8, 9, 26] {
                    let area = &text[at..(at + n).min(text.len())];
                    let count = area.iter().filter(|b| b.is_ascii_digit()).count();
                    assert_eq!(digits(&text, at, n) as usize, count);
                }
                let second =
                    first(&|i| [2, 4, 6].iter().all(|k| text.get(i + k) == Some(&text[i])));
                let found = find_every_second(&text, at);
                // Beyond the end there are zeros to it: what looks there finds nothing.
                assert!(found == second || found < second && text[found] == 0);
            }
        }
    }
}
