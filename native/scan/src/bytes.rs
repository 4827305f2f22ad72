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

const fn class(b: u8) -> u16 {
    let padding = b == b'=';
    let mut c = 0;
    if b.is_ascii_digit() {
        c |= DIGIT;
    }
    if b.is_ascii_alphanumeric() {
        c |= ALNUM;
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
