//! The start of a stream without a magic read as its decoder would, without making anything: random
//! bytes show a fault there, and a decoder with its tables and windows is set up for the rest only.
//!
//! Each answer is exact or "may be": `false` stands only where the decoder finds that fault as well.

use super::probe::{Bits, FIXED, code_lengths, full, table};

/// Symbols of a deflate stream that are read.
const SYMBOLS: usize = 1024;

/// Canonical codes (RFC 1951 section 3.2.2): how many of each length, and the symbols in order.
struct Codes {
    count: [u16; 16],
    symbols: [u16; 320],
}

impl Codes {
    fn of(lengths: &[u8]) -> Self {
        let mut count = [0u16; 16];
        for length in lengths {
            count[usize::from(*length)] += 1;
        }
        count[0] = 0;
        let mut next = [0u16; 17];
        for length in 1..16 {
            next[length + 1] = next[length] + count[length];
        }
        let mut symbols = [0u16; 320];
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, n)| **n > 0) {
            let slot = &mut next[usize::from(*length)];
            symbols[usize::from(*slot)] = symbol as u16;
            *slot += 1;
        }
        Codes { count, symbols }
    }

    /// The next symbol; `None` where the code stands for none.
    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let window = bits.window();
        let (mut code, mut first, mut index) = (0u32, 0u32, 0u32);
        for length in 1..16 {
            code |= (window >> (length - 1) & 1) as u32;
            let count = u32::from(self.count[length]);
            if code < first + count {
                bits.at += length;
                return Some(self.symbols[(index + code - first) as usize]);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// The two alphabets of a block.
enum Alphabets {
    Fixed,
    Dynamic(Box<(Codes, Codes)>),
}

impl Alphabets {
    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u16> {
        match self {
            Alphabets::Fixed => {
                let (length, symbol) = FIXED[(bits.window() & 511) as usize];
                bits.at += usize::from(length);
                Some(symbol)
            }
            Alphabets::Dynamic(codes) => codes.0.next(bits),
        }
    }

    fn distance(&self, bits: &mut Bits<'_>) -> Option<u16> {
        match self {
            Alphabets::Fixed => Some(bits.code(5) as u16),
            Alphabets::Dynamic(codes) => codes.1.next(bits),
        }
    }
}

/// The codes of a dynamic block; `None` where they are for the decoder to judge.
fn alphabets(bits: &mut Bits<'_>) -> Option<Alphabets> {
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let (literals, distances) = (bits.take(5) as usize + 257, bits.take(5) as usize + 1);
    let count = bits.take(4) as usize + 4;
    let mut lengths = [0u32; 19];
    for slot in &ORDER[..count] {
        lengths[*slot] = bits.take(3);
    }
    let sum: u32 = lengths.iter().filter(|n| **n > 0).map(|n| 128 >> n).sum();
    if literals > 286 || distances > 30 || sum != 128 {
        return None;
    }
    let all = code_lengths(bits, &table(&lengths), literals + distances)?;
    let (left, right) = (&all[..literals], &all[literals..literals + distances]);
    let several = |part: &[u8]| part.iter().filter(|n| **n > 0).count() > 1 && full(part);
    (several(left) && several(right))
        .then(|| Alphabets::Dynamic(Box::new((Codes::of(left), Codes::of(right)))))
}

/// What the symbols of one block say of the stream.
enum Block {
    Ends,
    Fault,
    MayBe,
}

fn block(bits: &mut Bits<'_>, by: &Alphabets, made: &mut usize, most: usize) -> Block {
    for _ in 0..SYMBOLS {
        let Some(symbol) = by.symbol(bits) else {
            return Block::MayBe;
        };
        if bits.beyond() {
            return Block::Fault;
        }
        match symbol {
            0..=255 => *made += 1,
            256 => return Block::Ends,
            257..=285 => {
                let index = symbol - 257;
                let (base, extra) = match index {
                    0..=7 => (index + 3, 0),
                    28 => (258, 0),
                    _ => (((4 + index % 4) << (index / 4 - 1)) + 3, index / 4 - 1),
                };
                *made += usize::from(base) + bits.take(usize::from(extra)) as usize;
                match by.distance(bits) {
                    Some(distance @ 0..=29) => {
                        bits.at += usize::from(distance.saturating_sub(2) / 2);
                    }
                    Some(_) => return Block::Fault,
                    None => return Block::MayBe,
                }
                if bits.beyond() {
                    return Block::Fault;
                }
            }
            _ => return Block::Fault,
        }
        if *made > most {
            return Block::MayBe;
        }
    }
    Block::MayBe
}

/// Can `s` be raw deflate (RFC 1951) that ends in its last byte? Not if it ends early, has bytes
/// left over or a fault before it has made `most` bytes.
pub fn deflate(s: &[u8], most: usize) -> bool {
    let mut bits = Bits { s, at: 0 };
    let mut made = 0;
    loop {
        let last = bits.take(1) == 1;
        let by = match bits.take(2) {
            0 => {
                let at = bits.at.div_ceil(8);
                let Some([a, b, c, d]) = s.get(at..at + 4) else {
                    return false;
                };
                let length = usize::from(*a) | usize::from(*b) << 8;
                if *a != !*c || *b != !*d {
                    return false;
                }
                made += length.min(s.len() - at - 4);
                if made > most {
                    return true;
                }
                bits.at = (at + 4 + length) * 8;
                None
            }
            1 => Some(Alphabets::Fixed),
            2 => match alphabets(&mut bits) {
                Some(by) => Some(by),
                None => return true,
            },
            _ => return false,
        };
        if bits.beyond() {
            return false;
        }
        match by.map(|by| block(&mut bits, &by, &mut made, most)) {
            None | Some(Block::Ends) => {}
            Some(Block::Fault) => return false,
            Some(Block::MayBe) => return true,
        }
        if last {
            return bits.at.div_ceil(8) == s.len();
        }
        if bits.at >= s.len() * 8 {
            return false;
        }
    }
}

/// RFC 7932 section 9.2: a number from 1 to 256.
fn count(bits: &mut Bits<'_>) -> u32 {
    if bits.take(1) == 0 {
        return 1;
    }
    let n = bits.take(3) as usize;
    (1 << n) + 1 + bits.take(n)
}

/// RFC 7932 section 3.5: lengths of codes, and what they are worth of the whole.
fn complex_code(bits: &mut Bits<'_>, skip: usize, alphabet: u32) -> bool {
    const ORDER: [usize; 18] = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const WIDTH: [u8; 16] = [2, 2, 2, 3, 2, 2, 2, 4, 2, 2, 2, 3, 2, 2, 2, 4];
    const VALUE: [u8; 16] = [0, 4, 3, 2, 0, 4, 3, 1, 0, 4, 3, 2, 0, 4, 3, 5];
    let mut lengths = [0u8; 18];
    let (mut space, mut used) = (32i32, 0);
    for slot in &ORDER[skip..] {
        let next = (bits.window() & 15) as usize;
        bits.at += usize::from(WIDTH[next]);
        lengths[*slot] = VALUE[next];
        if VALUE[next] > 0 {
            space -= 32 >> VALUE[next];
            used += 1;
            if space <= 0 {
                break;
            }
        }
    }
    if used != 1 && space != 0 {
        return false;
    }
    // (bits, symbol) for each five bits that may come; one code alone takes none.
    let mut by = [(0u8, 0u8); 32];
    let mut code = 0u32;
    for length in 1..=5u8 {
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, n)| **n == length) {
            if used == 1 {
                by.fill((0, symbol as u8));
                break;
            }
            let first = code.reverse_bits() >> (32 - u32::from(length));
            for slot in by.iter_mut().skip(first as usize).step_by(1 << length) {
                *slot = (length, symbol as u8);
            }
            code += 1;
        }
        code <<= 1;
    }
    let (mut symbol, mut space) = (0u32, 32_768i64);
    let (mut previous, mut repeat, mut repeated) = (8u8, 0u32, 0u8);
    while symbol < alphabet && space > 0 {
        let (width, value) = by[(bits.window() & 31) as usize];
        bits.at += usize::from(width);
        if value < 16 {
            repeat = 0;
            if value > 0 {
                previous = value;
                space -= 32_768 >> value;
            }
            symbol += 1;
        } else {
            let (extra, length) = if value == 16 { (2, previous) } else { (3, 0) };
            if repeated != length {
                (repeat, repeated) = (0, length);
            }
            let before = repeat;
            if repeat > 0 {
                repeat = (repeat - 2) << extra;
            }
            repeat += bits.take(extra) + 3;
            let more = repeat - before;
            if symbol + more > alphabet {
                return false;
            }
            symbol += more;
            if length > 0 {
                space -= i64::from(more) << (15 - length);
            }
        }
        if bits.beyond() {
            return false;
        }
    }
    space == 0
}

/// RFC 7932 section 3.4: up to four symbols, each once.
fn simple_code(bits: &mut Bits<'_>, alphabet: u32) -> bool {
    let used = bits.take(2) as usize + 1;
    let width = (32 - (alphabet - 1).leading_zeros()) as usize;
    let mut symbols = [0; 4];
    for symbol in &mut symbols[..used] {
        *symbol = bits.take(width);
    }
    if used == 4 {
        bits.take(1);
    }
    let symbols = &symbols[..used];
    symbols.iter().all(|s| *s < alphabet)
        && (1..used).all(|n| !symbols[..n].contains(&symbols[n]))
        && !bits.beyond()
}

fn prefix_code(bits: &mut Bits<'_>, alphabet: u32) -> bool {
    match bits.take(2) as usize {
        1 => simple_code(bits, alphabet),
        skip => complex_code(bits, skip, alphabet),
    }
}

/// Behind the length of the first meta-block of brotli (RFC 7932 section 9.2): are its bytes there,
/// or can its block types and the first of its prefix codes be read?
pub fn brotli(bits: &mut Bits<'_>, last: bool, length: usize, room: usize) -> bool {
    if !last && bits.take(1) == 1 {
        let padding = bits.take(bits.at.wrapping_neg() & 7);
        // Another block must follow; what comes before its end must not be too large.
        return padding == 0 && (bits.at / 8 + length < bits.s.len() || room < bits.s.len());
    }
    for _ in 0..3 {
        let types = count(bits);
        if types > 1 {
            // Alphabets of block types and of block counts; what follows them is the decoder's.
            return prefix_code(bits, types + 2) && prefix_code(bits, 26);
        }
    }
    let postfix = bits.take(2);
    let direct = bits.take(4) << postfix;
    // The context mode of the one type of literals.
    bits.at += 2;
    for _ in 0..2 {
        let trees = count(bits);
        if trees > 1 {
            // A context map, and how long its runs of zeros may be.
            let runs = if bits.take(1) == 1 {
                bits.take(4) + 1
            } else {
                0
            };
            return prefix_code(bits, trees + runs);
        }
    }
    let distances = 16 + direct + (48 << postfix);
    prefix_code(bits, 256) && prefix_code(bits, 704) && prefix_code(bits, distances)
}

#[cfg(test)]
mod tests {
    use super::super::compress::{self, Outcome};
    use super::super::probe::{self, Bits, First};

    fn random(state: &mut u32) -> u8 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as u8
    }

    /// What was made of random bytes, and of real streams with a bit turned, with and without it.
    #[test]
    fn no_stream_is_lost_that_a_decoder_would_read() {
        use flate2::{Compress, Compression, FlushCompress};
        let mut state = 9u32;
        let (mut refused, mut read, mut no_brotli) = (0, 0, 0);
        for round in 0..40_000usize {
            let length = 3 + round % 61;
            let mut s: Vec<u8> = if round % 4 == 3 {
                let text: Vec<u8> = (0..length * 3)
                    .map(|_| b'a' + random(&mut state) % (2 + round as u8 % 20))
                    .collect();
                let mut stream = Vec::with_capacity(4 * length + 64);
                Compress::new(Compression::new(round as u32 % 10), false)
                    .compress_vec(&text, &mut stream, FlushCompress::Finish)
                    .unwrap();
                stream
            } else {
                (0..length).map(|_| random(&mut state)).collect()
            };
            if round % 8 < 5 {
                let at = usize::from(random(&mut state)) % s.len();
                s[at] ^= 1 << (random(&mut state) % 8);
            }
            if !super::deflate(&s, 4096) {
                refused += 1;
                let whole = compress::inflate(&s, false, true, 1 << 20);
                assert!(matches!(whole, Outcome::Not), "{s:?}");
            } else if matches!(compress::deflate(&s, 1 << 20), Outcome::Bytes(_)) {
                read += 1;
            }
            // Window, length, and a compressed meta-block that is the last or not.
            s[0] = s[0] & 0xf0 | [0b1011, 0b0000, 0b1100, 0b0101][round % 4];
            let mut bits = Bits { s: &s, at: 0 };
            if let Some(First::Block { last, length }) = probe::first(&mut bits)
                && !super::brotli(&mut bits, last, length, 1 << 20)
            {
                no_brotli += 1;
                let whole = compress::unbrotli(&s, 1 << 20);
                assert!(matches!(whole, Outcome::Not), "{s:?}");
            }
        }
        assert!(
            refused > 20_000 && read > 4000 && no_brotli > 5000,
            "{refused} {read} {no_brotli}"
        );
    }
}
