//! Sixty-four bytes of a text at once: one bit a byte for each question about them.
//!
//! x86-64 always has SSE2, so that nothing is chosen by the processor; elsewhere eight bytes are
//! looked at in a word. Both give the same bits.

/// Bytes of a block.
pub const WIDTH: usize = 64;

#[cfg(target_arch = "x86_64")]
mod lanes {
    use std::arch::x86_64::*;

    /// Sixteen bytes each.
    #[derive(Clone, Copy)]
    pub struct Lanes([__m128i; 4]);

    // SAFETY of all: SSE2 is a part of x86-64, and the loads stay within the 64 bytes.
    impl Lanes {
        #[inline(always)]
        pub fn new(bytes: &[u8; 64]) -> Self {
            let lane =
                |n: usize| unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>().add(n)) };
            Lanes([lane(0), lane(1), lane(2), lane(3)])
        }

        #[inline(always)]
        fn bits(self, test: impl Fn(__m128i, usize) -> __m128i) -> u64 {
            let mask = |n: usize| unsafe { _mm_movemask_epi8(test(self.0[n], n)) as u32 };
            let half = |n: usize| u64::from(mask(n) | mask(n + 1) << 16);
            half(0) | half(2) << 32
        }

        #[inline(always)]
        pub fn equal(self, byte: u8) -> u64 {
            self.bits(|x, _| unsafe { _mm_cmpeq_epi8(x, _mm_set1_epi8(byte as i8)) })
        }

        /// Bytes from `low` to `high` once the bits of `set` are set in them.
        #[inline(always)]
        pub fn within(self, set: u8, low: u8, high: u8) -> u64 {
            self.bits(|x, _| unsafe {
                let x = _mm_or_si128(x, _mm_set1_epi8(set as i8));
                let from = _mm_sub_epi8(x, _mm_set1_epi8(low as i8));
                let most = _mm_set1_epi8((high - low) as i8);
                _mm_cmpeq_epi8(_mm_min_epu8(from, most), from)
            })
        }

        #[inline(always)]
        pub fn high(self) -> u64 {
            self.bits(|x, _| x)
        }

        /// Bytes that `self` and `other` have in the same place.
        #[inline(always)]
        pub fn same(self, other: Self) -> u64 {
            self.bits(|x, n| unsafe { _mm_cmpeq_epi8(x, other.0[n]) })
        }
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod words {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;

    /// Eight bytes each.
    #[derive(Clone, Copy)]
    pub struct Lanes([u64; 8]);

    /// The highest bit of each byte that is zero.
    fn zero(x: u64) -> u64 {
        !(((x & !HIGH) + !HIGH) | x) & HIGH
    }

    /// The highest bit of each byte of `x` that is `limit` or more.
    fn least(x: u64, limit: u8) -> u64 {
        if limit == 0 {
            return HIGH;
        }
        // Each half is compared where it cannot carry over.
        let beyond = |limit: u8| (x & !HIGH) + EACH * u64::from(128 - limit);
        if limit <= 128 {
            (beyond(limit) | x) & HIGH
        } else {
            beyond(limit - 128) & x & HIGH
        }
    }

    impl Lanes {
        pub fn new(bytes: &[u8; 64]) -> Self {
            let mut out = [0; 8];
            for (word, part) in out.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = part.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
            }
            Lanes(out)
        }

        fn bits(self, test: impl Fn(u64) -> u64) -> u64 {
            let mut bits = 0;
            for (n, word) in self.0.iter().enumerate() {
                // The eight highest bits, one beside the other.
                let mask = (test(*word) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
                bits |= mask << (8 * n);
            }
            bits
        }

        pub fn equal(self, byte: u8) -> u64 {
            self.bits(|x| zero(x ^ EACH * u64::from(byte)))
        }

        pub fn within(self, set: u8, low: u8, high: u8) -> u64 {
            self.bits(|x| {
                let x = x | EACH * u64::from(set);
                let above = if high == 255 { 0 } else { least(x, high + 1) };
                least(x, low) & !above
            })
        }

        pub fn high(self) -> u64 {
            self.bits(|x| x & HIGH)
        }

        pub fn same(self, other: Self) -> u64 {
            let mut of = self;
            of.0.iter_mut().zip(other.0).for_each(|(a, b)| *a ^= b);
            of.equal(0)
        }
    }
}

#[cfg(target_arch = "x86_64")]
use lanes::Lanes;
#[cfg(not(target_arch = "x86_64"))]
use words::Lanes;

#[derive(Clone, Copy)]
pub struct Block(Lanes);

impl Block {
    /// The bytes of `text` from `at`, zeros where it has ended.
    #[inline(always)]
    pub fn at(text: &[u8], at: usize) -> Self {
        if let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk()) {
            return Block(Lanes::new(bytes));
        }
        Block::last(text, at)
    }

    #[inline(never)]
    fn last(text: &[u8], at: usize) -> Self {
        let mut bytes = [0; WIDTH];
        let rest = text.get(at..).unwrap_or(&[]);
        bytes[..rest.len()].copy_from_slice(rest);
        Block(Lanes::new(&bytes))
    }

    #[inline(always)]
    pub fn equal(self, byte: u8) -> u64 {
        self.0.equal(byte)
    }

    /// Bytes from `low` to `high`.
    #[inline(always)]
    pub fn within(self, low: u8, high: u8) -> u64 {
        self.0.within(0, low, high)
    }

    #[inline(always)]
    pub fn any(self, bytes: &[u8]) -> u64 {
        bytes.iter().fold(0, |bits, b| bits | self.equal(*b))
    }

    /// Bytes that are no ASCII.
    #[inline(always)]
    pub fn high(self) -> u64 {
        self.0.high()
    }

    #[inline(always)]
    pub fn digit(self) -> u64 {
        self.within(b'0', b'9')
    }

    #[inline(always)]
    pub fn letter(self) -> u64 {
        self.0.within(0x20, b'a', b'z')
    }

    #[inline(always)]
    pub fn alnum(self) -> u64 {
        self.digit() | self.letter()
    }

    #[inline(always)]
    pub fn hex(self) -> u64 {
        self.digit() | self.0.within(0x20, b'a', b'f')
    }

    /// Letters, digits and what Base64 in its alphabets has besides, padding included.
    #[inline(always)]
    pub fn base(self) -> u64 {
        // `/` stands before the digits.
        self.within(b'/', b'9') | self.letter() | self.any(b"+-_=")
    }

    #[inline(always)]
    pub fn same(self, other: Self) -> u64 {
        self.0.same(other.0)
    }
}

/// First place from `at` that `wanted` marks in the blocks of `text`; its length if there is none.
///
/// `wanted` may mark places beyond the end.
#[inline(always)]
pub fn find(text: &[u8], at: usize, mut wanted: impl FnMut(usize, Block) -> u64) -> usize {
    let mut i = at;
    while i < text.len() {
        let bits = wanted(i, Block::at(text, i));
        if bits != 0 {
            return (i + bits.trailing_zeros() as usize).min(text.len());
        }
        i += WIDTH;
    }
    text.len()
}

/// Last place before `at`, and at most `most` before it, that `wanted` marks.
#[inline(always)]
pub fn find_back(
    text: &[u8],
    at: usize,
    most: usize,
    wanted: impl Fn(Block) -> u64,
) -> Option<usize> {
    let floor = at.saturating_sub(most);
    let mut to = at;
    while to > floor {
        let from = to.saturating_sub(WIDTH).max(floor);
        let bits = wanted(Block::at(text, from)) & (u64::MAX >> (WIDTH - (to - from)));
        if bits != 0 {
            return Some(from + 63 - bits.leading_zeros() as usize);
        }
        to = from;
    }
    None
}

/// Does `byte` occur in `text`?
pub fn holds(text: &[u8], byte: u8) -> bool {
    find(text, 0, |_, block| block.equal(byte)) < text.len()
}

/// Places that one question marks, asked once of each block for those who go through them in order.
pub struct Marks<'t, Q: Fn(&'t [u8], usize, Block) -> u64> {
    text: &'t [u8],
    question: Q,
    base: usize,
    bits: u64,
}

impl<'t, Q: Fn(&'t [u8], usize, Block) -> u64> Marks<'t, Q> {
    /// `question` of a text, a place and the block there; it must not mark what is beyond the end.
    #[inline(always)]
    pub fn new(text: &'t [u8], question: Q) -> Self {
        let bits = question(text, 0, Block::at(text, 0));
        Marks {
            text,
            question,
            base: 0,
            bits,
        }
    }

    /// The bits of the block of `at`.
    #[inline(always)]
    fn move_to(&mut self, at: usize) {
        let base = at & !(WIDTH - 1);
        if base != self.base {
            self.base = base;
            self.bits = (self.question)(self.text, base, Block::at(self.text, base));
        }
    }

    /// First marked place from `at`, or the length of the text.
    #[inline(always)]
    pub fn next(&mut self, at: usize) -> usize {
        let mut at = at;
        while at < self.text.len() {
            self.move_to(at);
            let bits = self.bits >> (at % WIDTH);
            if bits != 0 {
                return at + bits.trailing_zeros() as usize;
            }
            at = self.base + WIDTH;
        }
        self.text.len()
    }

    /// First place from `at` that is not marked, or the length of the text.
    #[inline(always)]
    pub fn end(&mut self, at: usize) -> usize {
        let mut at = at;
        while at < self.text.len() {
            self.move_to(at);
            let bits = !self.bits >> (at % WIDTH);
            if bits != 0 {
                return (at + bits.trailing_zeros() as usize).min(self.text.len());
            }
            at = self.base + WIDTH;
        }
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_looking_and_one_by_one_give_the_same_bits() {
        let mut state = 3u32;
        for round in 0..4000usize {
            let bytes: [u8; 64] = std::array::from_fn(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Every byte in every place, and some of them often.
                if round < 256 {
                    (round + n) as u8
                } else {
                    b"/09:@AZ[`az{ -\x00\x7f\x80\xff"[(state >> 16) as usize % 18]
                }
            });
            let mut turned = bytes;
            turned.rotate_left(round % 3);
            let block = Block(Lanes::new(&bytes));
            let word = words::Lanes::new(&bytes);
            let bits = |holds: &dyn Fn(usize) -> bool| {
                (0..64).fold(0u64, |bits, n| bits | u64::from(holds(n)) << n)
            };
            let byte = |f: fn(&u8) -> bool| bits(&|n| f(&bytes[n]));
            assert_eq!(block.digit(), byte(u8::is_ascii_digit));
            assert_eq!(block.letter(), byte(u8::is_ascii_alphabetic));
            assert_eq!(block.alnum(), byte(u8::is_ascii_alphanumeric));
            assert_eq!(block.hex(), byte(u8::is_ascii_hexdigit));
            assert_eq!(block.high(), byte(|b| !b.is_ascii()));
            let base = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(b);
            assert_eq!(block.base(), byte(base));
            assert_eq!(block.any(b"@\xff"), byte(|b| b"@\xff".contains(b)));
            let same = bits(&|n| bytes[n] == turned[n]);
            assert_eq!(block.same(Block(Lanes::new(&turned))), same);
            assert_eq!(word.same(words::Lanes::new(&turned)), same);
            assert_eq!(word.high(), block.high());
            let limits = [0, 1, b'/', b'0', b'z', 127, 128, 129, 254, 255];
            for low in limits {
                assert_eq!(word.equal(low), block.equal(low));
                for high in limits.into_iter().filter(|high| *high >= low) {
                    for set in [0, 0x20, 0x80] {
                        let expected = bits(&|n| (low..=high).contains(&(bytes[n] | set)));
                        assert_eq!(block.0.within(set, low, high), expected);
                        assert_eq!(word.within(set, low, high), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_that_ends_has_zeros_behind_it() {
        let text = b"0123";
        assert_eq!(Block::at(text, 2).digit(), 3);
        assert_eq!(Block::at(text, 2).equal(0), !3);
        assert_eq!(Block::at(text, 9).equal(0), u64::MAX);
        let third = |_, block: Block| block.equal(b'2');
        assert_eq!((find(text, 0, third), find(text, 3, third)), (2, 4));
        assert!(holds(text, b'3') && !holds(text, 0));
    }

    #[test]
    fn marks_are_found_in_order_and_again() {
        let text: Vec<u8> = (0..300u32)
            .map(|n| b"ab-1"[(n * n / 7) as usize % 4])
            .collect();
        let mut digits = Marks::new(&text, |_, _, block| block.digit());
        for at in (0..=text.len()).chain([3, 150, 64, 63, 0, 299]) {
            let first = |holds: &dyn Fn(u8) -> bool| {
                (at..text.len())
                    .find(|n| holds(text[*n]))
                    .unwrap_or(text.len())
            };
            for most in [1, 5, 64, 65, 200] {
                let before = (at.saturating_sub(most)..at).rev();
                let last = before.into_iter().find(|n| text[*n].is_ascii_digit());
                assert_eq!(find_back(&text, at, most, Block::digit), last);
            }
            assert_eq!(digits.next(at), first(&|b| b.is_ascii_digit()));
            assert_eq!(digits.end(at), first(&|b| !b.is_ascii_digit()));
        }
    }
}
