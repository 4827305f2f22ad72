//! Cheap answers to "can this be a stream without a magic?", before a decoder with its tables is
//! set up: nearly every candidate is not.

use super::compress::MAX_RATIO;

pub(super) struct Bits<'a> {
    pub s: &'a [u8],
    pub at: usize,
}

impl Bits<'_> {
    /// The next 57 bits or more, least significant first; zeros beyond the end.
    pub fn window(&self) -> u64 {
        let from = self.at >> 3;
        if let Some(Ok(bytes)) = self.s.get(from..from + 8).map(<[u8; 8]>::try_from) {
            return u64::from_le_bytes(bytes) >> (self.at & 7);
        }
        let left = self.s.len().saturating_sub(from);
        let word = match self.s.last_chunk::<8>() {
            _ if left == 0 => 0,
            Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - left)),
            None => {
                let bytes = self.s[from..].iter().rev();
                bytes.fold(0, |word, b| word << 8 | u64::from(*b))
            }
        };
        word >> (self.at & 7)
    }

    /// `n` bits, at most 32, least significant first.
    pub fn take(&mut self, n: usize) -> u32 {
        let bits = self.window() & ((1 << n) - 1);
        self.at += n;
        bits as u32
    }

    /// A Huffman code of `n` bits, from 1 to 32, most significant first.
    pub fn code(&mut self, n: usize) -> u32 {
        self.take(n).reverse_bits() >> (32 - n)
    }

    /// Was more taken than there is?
    pub fn beyond(&self) -> bool {
        self.at > self.s.len() * 8
    }
}

/// Symbols of the first block that are looked at.
const SYMBOLS: usize = 24;

/// RFC 1951 section 3.2.6: length and symbol of the fixed code for each nine bits that may come.
pub(super) static FIXED: [(u8, u16); 512] = {
    let mut by = [(0, 0); 512];
    let mut bits = 0;
    while bits < 512 {
        // Codes come with their highest bit first.
        let nine = (bits as u16).reverse_bits() >> 7;
        by[bits] = match nine >> 1 {
            eight @ 0..=0b0010_1111 => (7, 256 + (eight >> 1)),
            eight @ 0b0011_0000..=0b1011_1111 => (8, eight - 0b0011_0000),
            eight @ 0b1100_0000..=0b1100_0111 => (8, 280 + eight - 0b1100_0000),
            _ => (9, 144 + nine - 0b1_1001_0000),
        };
        bits += 1;
    }
    by
};

/// Literals and matches of the first fixed block.
fn fixed(bits: &mut Bits<'_>) -> bool {
    let (mut produced, mut odd, mut literals) = (0u32, 0, 0);
    for _ in 0..SYMBOLS {
        let (length, symbol) = FIXED[(bits.window() & 511) as usize];
        bits.at += usize::from(length);
        match symbol {
            0..=255 => {
                produced += 1;
                literals += 1;
                let text = (32..127).contains(&symbol) || matches!(symbol, 9 | 10 | 13);
                odd += u32::from(!text);
            }
            // The last block ends in the last byte, or what stands behind it is left over.
            256 if bits.s.first().is_some_and(|b| b & 1 == 1) => {
                return bits.at.div_ceil(8) == bits.s.len() && literals > 0;
            }
            256 => break,
            257..=285 => {
                let index = symbol - 257;
                let extra = if index < 8 || index == 28 {
                    0
                } else {
                    index / 4 - 1
                };
                bits.at += usize::from(extra);
                let distance = bits.code(5);
                if distance > 29 {
                    return false;
                }
                let more = if distance < 4 { 0 } else { distance / 2 - 1 };
                let base = if distance < 4 {
                    distance + 1
                } else {
                    ((2 + distance % 2) << more) + 1
                };
                // Nothing stands before the start.
                if base + bits.take(more as usize) > produced {
                    return false;
                }
                produced += 3;
            }
            _ => return false,
        }
    }
    literals > 0 && odd * 2 <= literals + 2
}

/// Lengths of codes that leave nothing over and nothing out, or one code alone.
pub(super) fn full(lengths: &[u8]) -> bool {
    let (mut sum, mut used) = (0u32, 0);
    for length in lengths.iter().filter(|n| **n > 0) {
        sum += 1 << (15 - length);
        used += 1;
    }
    sum == 1 << 15 || used <= 1
}

/// The lengths of a dynamic block's codes, themselves coded by `by`: (length, symbol) for each seven
/// bits that may come.
pub(super) fn code_lengths(
    bits: &mut Bits<'_>,
    by: &[(u8, u8); 128],
    count: usize,
) -> Option<[u8; 320]> {
    let mut out = [0u8; 320];
    let mut n = 0;
    while n < count {
        let (length, symbol) = by[(bits.window() & 127) as usize];
        bits.at += usize::from(length);
        let (value, times) = match symbol {
            0..=15 => (symbol, 1),
            16 => (*out[..n].last()?, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            _ => (0, 11 + bits.take(7)),
        };
        out.get_mut(n..n + times as usize)?.fill(value);
        n += times as usize;
    }
    (n == count).then_some(out)
}

/// Canonical codes of the code lengths, looked up by the next seven bits.
pub(super) fn table(lengths: &[u32; 19]) -> [(u8, u8); 128] {
    let mut by = [(0, 0); 128];
    let mut code = 0u32;
    for length in 1..=7u32 {
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, n)| **n == length) {
            let first = code.reverse_bits() >> (32 - length);
            for slot in by.iter_mut().skip(first as usize).step_by(1 << length) {
                *slot = (length as u8, symbol as u8);
            }
            code += 1;
        }
        code <<= 1;
    }
    by
}

/// RFC 1951 section 3.2.7: the code lengths of the first dynamic block must make full codes, and one
/// of them end it.
fn dynamic(bits: &mut Bits<'_>) -> bool {
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let (literals, distances, count) = (bits.take(5), bits.take(5), bits.take(4) as usize + 4);
    if literals > 29 || distances > 29 {
        return false;
    }
    let mut lengths = [0u32; 19];
    for slot in &ORDER[..count] {
        lengths[*slot] = bits.take(3);
    }
    let sum: u32 = lengths.iter().filter(|n| **n > 0).map(|n| 128 >> n).sum();
    if sum != 128 {
        return false;
    }
    let literals = literals as usize + 257;
    let all = literals + distances as usize + 1;
    code_lengths(bits, &table(&lengths), all).is_some_and(|lengths| {
        lengths[256] > 0 && full(&lengths[..literals]) && full(&lengths[literals..all])
    })
}

/// Can `s` start a raw deflate stream that makes something of use?
pub fn deflate(s: &[u8]) -> bool {
    let mut bits = Bits { s, at: 1 };
    match bits.take(2) {
        0 => matches!(s, [_, a, b, c, d, ..] if *a == !*c && *b == !*d),
        1 => fixed(&mut bits),
        2 => dynamic(&mut bits),
        _ => false,
    }
}

/// Longest bytes that are no bomb whatever they claim: a SHA-512.
const BOMB_LEAST: usize = 64;

/// What the first meta-block of a brotli stream says of itself.
pub(super) enum First {
    /// Nothing is in it, but something may follow.
    Metadata,
    Block {
        last: bool,
        length: usize,
    },
}

/// RFC 7932 section 9: window, last block and a length that the input can have made.
pub(super) fn first(bits: &mut Bits<'_>) -> Option<First> {
    if bits.take(1) == 1 && bits.take(3) == 0 {
        let window = bits.take(3);
        if window == 1 {
            return None;
        }
    }
    let last = bits.take(1) == 1;
    if last && bits.take(1) == 1 {
        return None;
    }
    let nibbles = bits.take(2);
    if nibbles == 3 {
        return (!last && bits.take(1) == 0).then_some(First::Metadata);
    }
    let count = nibbles as usize + 4;
    let length = bits.take(count * 4) as usize + 1;
    if count > 4 && length >> ((count - 1) * 4) == 0 {
        return None;
    }
    // A longer one than its bytes can hold is a bomb: worth a try only where there is room for it.
    let bytes = bits.s.len();
    (length >= 4 && (length <= bytes.saturating_mul(MAX_RATIO) || bytes > BOMB_LEAST))
        .then_some(First::Block { last, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts_brotli(s: &[u8]) -> bool {
        first(&mut Bits { s, at: 0 }).is_some()
    }

    /// Of every length, level and alphabet: stored, fixed and dynamic blocks, one or several.
    #[test]
    fn whatever_deflate_makes_passes() {
        use flate2::{Compress, Compression, FlushCompress};
        let mut state = 7u32;
        let mut kinds = [0; 3];
        for round in 0..3000usize {
            let letters = 2 + round % 90;
            let length = 8 + round * round % 3001;
            let text: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b' ' + ((state >> 16) as usize % letters) as u8
                })
                .collect();
            let mut stream = Vec::with_capacity(2 * length + 64);
            Compress::new(Compression::new(round as u32 % 10), false)
                .compress_vec(&text, &mut stream, FlushCompress::Finish)
                .unwrap();
            kinds[usize::from(stream[0] >> 1 & 3)] += 1;
            assert!(deflate(&stream), "{round}");
        }
        assert!(kinds.iter().all(|n| *n > 20), "{kinds:?}");
    }

    #[test]
    fn streams_pass_and_other_bytes_mostly_do_not() {
        // deflateRaw("hello hello hello"), brotli("hello hello hello") as made by zlib and brotli.
        assert!(deflate(&[
            0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x00
        ]));
        assert!(starts_brotli(&[
            0x1b, 0x10, 0x00, 0x00, 0x24, 0x30, 0xc2, 0xb2, 0x68
        ]));
        let mut state = 1u32;
        let mut passed = 0;
        for _ in 0..1000 {
            let bytes: Vec<u8> = (0..32)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            passed += u32::from(deflate(&bytes)) + u32::from(starts_brotli(&bytes));
        }
        assert!(passed < 150, "{passed}");
    }
}
