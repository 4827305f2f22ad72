//! What each byte is, looked up: the passes over a text ask this of every byte of it.

use crate::blocks::{self, Block};

pub const DIGIT: u16 = 1;
pub const ALNUM: u16 = 1 << 1;
pub const HEX: u16 = 1 << 2;
/// Hex digits and dashes: a UUID, and whatever is written as one.
pub const DASHED_HEX: u16 = 1 << 3;
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
    if b.is_ascii_hexdigit() || b == b'-' {
        c |= DASHED_HEX;
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

/// How far the digits of an id of fixed length are counted, its separators included.
pub const FIXED_REACH: usize = 26;

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
    blocks::find(text, at, |_, block| block.high())
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

/// Places of a block where a letter or digit has neither before it.
#[inline(always)]
pub fn starts(text: &[u8], at: usize, alnum: u64) -> u64 {
    let before = at > 0 && text.get(at - 1).is_some_and(u8::is_ascii_alphanumeric);
    alnum & !(alnum << 1 | u64::from(before))
}

/// First place from `at` where a number by itself may start: no letter, digit, point or dash before.
pub fn find_number(text: &[u8], at: usize) -> usize {
    let glue = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let mut before = at > 0 && glue(text[at - 1]);
    blocks::find(text, at, |_, block| {
        let glued = block.alnum() | block.any(b"._-");
        let first = block.digit() & !(glued << 1 | u64::from(before));
        before = glued >> 63 != 0;
        first
    })
}

/// First place from `at` where a word starts with two hex digits and a gap of pairs, or with `0x`
/// or the like.
pub fn find_pair(text: &[u8], at: usize) -> usize {
    blocks::find(text, at, |i, block| {
        let (hex, alnum) = (block.hex(), block.alnum());
        // Two of them and no third letter or digit, as far as this block shows.
        let short = hex >> 1 & !(alnum >> 2) | block.any(b"xX") >> 1 | 3 << 62;
        let first = starts(text, i, alnum) & hex & short;
        if first == 0 {
            return 0;
        }
        let (second, third) = (Block::at(text, i + 1), Block::at(text, i + 2));
        let pair = second.hex() & third.any(b" ,:-\n\";") | second.any(b"xX");
        first & pair
    })
}

/// First place from `at` of a sign that stands two, four and six places further as well, with
/// something else right before it.
pub fn find_every_second(text: &[u8], at: usize) -> usize {
    blocks::find(text, at, |i, block| {
        let second = Block::at(text, i + 2);
        let mut equal = block.same(second);
        if equal == 0 {
            return 0;
        }
        let third = Block::at(text, i + 4);
        equal &= second.same(third) & !block.alnum();
        if equal == 0 {
            return 0;
        }
        let again = i > 0 && text[i - 1] == text[i];
        let again = block.same(Block::at(text, i + 1)) << 1 | u64::from(again);
        equal & third.same(Block::at(text, i + 6)) & !again
    })
}

/// Does `text` hold `word` (two small letters or signs at least), in any case of its letters?
pub fn holds_word(text: &[u8], word: &[u8]) -> bool {
    let [first, second, ..] = *word else {
        return false;
    };
    let either = |block: Block, b: u8| block.equal(b) | block.equal(b.to_ascii_uppercase());
    let mut at = 0;
    while at + word.len() <= text.len() {
        at = blocks::find(text, at, |i, block| {
            let bits = either(block, first);
            if bits == 0 {
                return 0;
            }
            bits & either(Block::at(text, i + 1), second)
        });
        let found = text.get(at..at + word.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(word)) {
            return true;
        }
        at += 1;
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte from a small alphabet that has the borders of each range, in all places of eight.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let alphabet = b"/09:@AZ[`azfxg{ -\x00\x7f\x80\xb0\xc1\xe1\xff..\"\"";
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
    fn a_word_is_found_in_any_case_and_nowhere_else() {
        for text in texts() {
            for word in [&b"az"[..], b"\"a", b"a{a", b"-z", b"zzz", b"[a"] {
                let lower = text.to_ascii_lowercase();
                let expected = lower.windows(word.len()).any(|w| w == word);
                assert_eq!(holds_word(&text, word), expected);
            }
        }
        let long = [&[b'x'; 70][..], b"PatienT"].concat();
        assert!(holds_word(&long, b"patient") && !holds_word(&long[..76], b"patient"));
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
                let glue = |i: usize| alnum(i) || b"._-".contains(&text[i]);
                let number = first(&|i| text[i].is_ascii_digit() && (i == 0 || !glue(i - 1)));
                assert_eq!(find_number(&text, at), number);
                let hex = |i: usize| text.get(i).is_some_and(u8::is_ascii_hexdigit);
                let gap = |i: usize| text.get(i).is_some_and(|b| is(*b, PAIR_GAP));
                let x = |i: usize| matches!(text.get(i), Some(b'x' | b'X'));
                let pair =
                    first(&|i| starts(i) && hex(i) && (hex(i + 1) && gap(i + 2) || x(i + 1)));
                assert_eq!(find_pair(&text, at), pair);
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
                let second = first(&|i| {
                    let more = [2, 4, 6].iter().all(|k| text.get(i + k) == Some(&text[i]));
                    more && !alnum(i) && (i == 0 || text[i - 1] != text[i])
                });
                let found = find_every_second(&text, at);
                // Beyond the end there are zeros to it: what looks there finds nothing.
                assert!(found == second || found < second && text[found] == 0);
            }
        }
    }
}
