//! Tokens that may be encoded, alone or split over lines, items and strings.

use crate::blocks::{self, Block, Marks};
use crate::bytes::{self, DASHED_HEX, DIGIT, HEX, JOIN, LOWER, PLAIN, UPPER, WORD};
use crate::codec::{base, lists};
use crate::engine::{Scan, TOKEN_LEAST};

/// Most separators between two chunks, and the shortest chunk.
const GAP_MAX: usize = 6;
const CHUNK_LEAST: usize = 3;

/// Fewest bytes of a broken value.
const WRAPPED_LEAST: usize = 16;

/// Longest word of prose.
const PROSE_MAX: usize = 15;

/// Hex and decimal digits from which on a text is no Base64: one of sixteen characters, or of ten,
/// each time.
const HEX_LEAST: usize = 24;
const DIGITS_LEAST: usize = 16;

/// A word as prose and keys have them: small letters, the first of them perhaps a capital.
fn prose(word: &[u8]) -> bool {
    word.len() <= PROSE_MAX
        && word[0].is_ascii_alphabetic()
        && bytes::span(word, 1, PLAIN) == word.len()
}

/// Chunks that may be one value, run after run.
#[derive(Default)]
struct Runs {
    chunks: Vec<(usize, usize)>,
    /// Where each run ends among the chunks.
    ends: Vec<usize>,
}

impl Runs {
    /// Ends the run that began at chunk `first`, and forgets it if it is too little to be a value.
    fn close(&mut self, first: usize) -> usize {
        let run = &self.chunks[first..];
        let total: usize = run.iter().map(|(start, end)| end - start).sum();
        if run.len() < 2 || total < WRAPPED_LEAST {
            self.chunks.truncate(first);
        } else {
            self.ends.push(self.chunks.len());
        }
        self.chunks.len()
    }
}

impl Scan<'_> {
    pub fn tokens(&mut self, at: usize, text: &[u8], ascii85: bool) {
        let wrapped = self.each_token(at, text);
        let mut from = 0;
        let (mut joined, mut room) = (Vec::new(), Vec::new());
        for end in wrapped.ends {
            let run = &wrapped.chunks[from..end];
            from = end;
            let chunks = run.iter().map(|&(start, end)| &text[start..end]);
            let hexed = |chunk: &[u8]| bytes::span(chunk, 0, HEX) == chunk.len();
            if chunks.clone().all(prose) && !chunks.clone().all(hexed) {
                continue;
            }
            joined.clear();
            chunks.for_each(|chunk| joined.extend_from_slice(chunk));
            self.whole(at, &joined, run[0].0, &mut room);
        }
        if blocks::holds(text, b'\n') {
            self.lines(at, text);
        }
        if ascii85 || text.len() < 4096 {
            self.base85(at, text);
        }
    }

    /// Tries each token by itself, and gathers chunks of one length and a shorter last one: Base64
    /// or hex that was broken into pieces.
    fn each_token(&mut self, at: usize, text: &[u8]) -> Runs {
        let mut room = Vec::new();
        let mut runs = Runs::default();
        let mut first = 0;
        let mut members = Marks::new(text, |_, _, block: Block| block.base());
        let mut i = members.next(0);
        while i < text.len() {
            let start = i;
            i = members.end(start);
            if i - start >= TOKEN_LEAST {
                self.one_token(at, text, (start, i), &mut room);
            }
            let run = &runs.chunks[first..];
            let near = run.last().is_some_and(|last| {
                start - last.1 <= GAP_MAX && bytes::span(text, last.1, JOIN) >= start
            });
            let width = run.first().map_or(0, |first| first.1 - first.0);
            if near && i - start <= width {
                runs.chunks.push((start, i));
                if i - start < width {
                    first = runs.close(first);
                }
            } else {
                first = runs.close(first);
                if i - start >= CHUNK_LEAST {
                    runs.chunks.push((start, i));
                }
            }
            i = members.next(i);
        }
        runs.close(first);
        runs
    }

    /// `room`: to decode into.
    fn one_token(
        &mut self,
        at: usize,
        text: &[u8],
        (start, end): (usize, usize),
        room: &mut Vec<u8>,
    ) {
        let token = &text[start..end];
        // The classes that every byte of the token has.
        let all = token.iter().fold(u16::MAX, |all, b| all & bytes::of(*b));
        let hexed = token
            .strip_prefix(b"0x")
            .or_else(|| token.strip_prefix(b"0X"))
            .unwrap_or(token);
        let all_hex = if hexed.len() == token.len() {
            all & HEX != 0
        } else {
            bytes::span(hexed, 0, HEX) == hexed.len()
        };
        // Words of small letters without a digit are text, not an encoding, unless they are long.
        if all & PLAIN != 0 && token.len() < 16 && !all_hex {
            return;
        }
        // Digits too few for bits, and no pairs of hex.
        if all & DIGIT != 0 && token.len() < lists::BITS_LEAST && token.len() % 2 == 1 {
            return;
        }
        let all_hex = all_hex || all & DASHED_HEX != 0;
        // Hex is tried as nothing else: where it is nothing it need not be remembered.
        if all_hex
            && all & DIGIT == 0
            && hexed.len() >= HEX_LEAST
            && base::dashed16_into(hexed, room)
            && !self.is_something(room)
        {
            return;
        }
        // The same token again says nothing new.
        if (self.views[at].depth > 0 || token.len() < 4096) && !self.tokens_seen.insert(token) {
            return;
        }
        if all_hex && base::dashed16_into(hexed, room) && self.token_of(at, "hex", room, start) {
            return;
        }
        if all & DIGIT != 0 {
            self.token(at, "bits", lists::bits(token), start);
            return;
        }
        if all & PLAIN != 0 && token.len() < 16 {
            return;
        }
        if hexed.len() >= HEX_LEAST && all_hex {
            return;
        }
        // After `=` or `/` an encoding may start in the middle: data URIs, query strings, paths.
        let mut from = 0;
        for _ in 0..4 {
            let part = &token[from..];
            if part.len() < TOKEN_LEAST {
                break;
            }
            if base::base64_into(part, room) && self.token_of(at, "base64", room, start + from) {
                break;
            }
            match part
                .iter()
                .position(|b| matches!(b, b'=' | b'/' | b'-' | b'_'))
            {
                Some(cut) if cut + 1 < part.len() => from += cut + 1,
                _ => break,
            }
        }
        if all & WORD == 0 {
            return;
        }
        let (upper, lower) = (all & UPPER != 0, all & LOWER != 0);
        if upper || lower {
            let folded = token.to_ascii_uppercase();
            if self.token(at, "base32", base::base32(&folded, false), start)
                || self.token(at, "base32hex", base::base32(&folded, true), start)
            {
                return;
            }
        }
        if upper && self.token(at, "base45", base::base45(token), start) {
            return;
        }
        if token.len() <= 1024 && token.iter().any(u8::is_ascii_digit) {
            let radixes = [
                ("base58", base::BASE58, true),
                ("base58-flickr", base::FLICKR58, true),
                ("base62", base::BASE62, false),
                ("base62", base::BASE62_LOWER, false),
                ("base36", base::BASE36, false),
            ];
            for (codec, alphabet, zeros) in radixes {
                let Some(data) = base::radix(token, alphabet, zeros) else {
                    continue;
                };
                let text = std::str::from_utf8(&data)
                    .is_ok_and(|t| t.chars().all(|c| !c.is_control() || c == '\n'));
                if text && data.len() >= 8 {
                    self.push(at, codec, data, start);
                    return;
                }
                // Bytes of something packed: only in the alphabet that is used for bytes.
                if zeros && token.len() >= 24 && self.token(at, codec, Some(data), start) {
                    return;
                }
            }
        }
    }

    /// Chunks that were put together: hex or Base64.
    fn whole(&mut self, at: usize, joined: &[u8], source: usize, room: &mut Vec<u8>) {
        let hexed = bytes::span(joined, 0, HEX);
        if hexed == joined.len()
            && base::base16_into(joined, room)
            && self.token_of(at, "hex", room, source)
        {
            return;
        }
        if bytes::span(joined, hexed, DASHED_HEX) >= HEX_LEAST
            || bytes::span(&joined[..hexed], 0, DIGIT) >= DIGITS_LEAST
        {
            return;
        }
        if base::base64_into(joined, room) {
            self.token_of(at, "base64", room, source);
        }
    }

    /// Lines of one length and a shorter last one: the form of PEM and MIME, headers before it.
    fn lines(&mut self, at: usize, text: &[u8]) {
        let base =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
        let (mut joined, mut width, mut parts, mut first) = (Vec::new(), 0, 0, 0);
        let mut room = Vec::new();
        let mut from = 0;
        while from <= text.len() {
            let end = text[from..]
                .iter()
                .position(|b| *b == b'\n')
                .map_or(text.len(), |n| from + n);
            let line = text[from..end].trim_ascii();
            // The first line may stand behind a key and a quote, the last before them.
            let tail = line.iter().rev().take_while(|b| base(**b)).count();
            let head = line.iter().take_while(|b| base(**b)).count();
            let whole = tail == line.len() && tail > 0;
            if parts > 0 && whole && tail == width {
                joined.extend_from_slice(line);
                parts += 1;
            } else {
                if parts > 0 && head > 0 && head < width {
                    joined.extend_from_slice(&line[..head]);
                    parts += 1;
                }
                if parts >= 2 {
                    self.whole(at, &joined, first, &mut room);
                }
                joined.clear();
                parts = 0;
                if (16..=1024).contains(&tail) {
                    joined.extend_from_slice(&line[line.len() - tail..]);
                    (width, parts, first) = (tail, 1, end - tail);
                }
            }
            from = end + 1;
        }
        if parts >= 2 {
            self.token(at, "base64", base::base64(&joined), first);
        }
    }

    fn base85(&mut self, at: usize, text: &[u8]) {
        let mut from = 0;
        while let Some(found) = text[from..].windows(2).position(|w| w == b"<~") {
            let start = from + found + 2;
            let end = text[start..]
                .windows(2)
                .position(|w| w == b"~>")
                .map_or(text.len(), |n| start + n);
            let body: Vec<u8> = text[start..end]
                .iter()
                .copied()
                .filter(|b| !b.is_ascii_whitespace())
                .collect();
            self.token(
                at,
                "ascii85",
                base::base85(&body, base::Base85::Ascii85),
                start,
            );
            from = end;
        }
        let whole = text.trim_ascii();
        if !whole.is_empty() && whole.iter().all(u8::is_ascii_graphic) {
            self.run85(at, whole, 0);
        }
        let mut i = 0;
        while i < text.len() {
            if text[i] != b'"' {
                i += 1;
                continue;
            }
            let end = crate::path::string_end(text, i + 1).min(text.len());
            let content = &text[(i + 1).min(end)..end];
            if content.len() >= 10 && content.iter().all(u8::is_ascii_graphic) {
                let mut plain = Vec::with_capacity(content.len());
                let mut k = 0;
                while k < content.len() {
                    k += usize::from(content[k] == b'\\' && k + 1 < content.len());
                    plain.push(content[k]);
                    k += 1;
                }
                self.run85(at, &plain, i + 1);
            }
            i = end + 1;
        }
    }

    /// One run without white space, in the three alphabets.
    fn run85(&mut self, at: usize, run: &[u8], source: usize) {
        if run.len() < 10 || run.iter().all(u8::is_ascii_alphanumeric) {
            return;
        }
        let kinds = [
            ("ascii85", base::Base85::Ascii85),
            ("z85", base::Base85::Z85),
            ("base85", base::Base85::Rfc1924),
        ];
        for (codec, kind) in kinds {
            if let Some(data) = base::base85(run, kind) {
                self.token(at, codec, Some(data), source);
            }
        }
    }

    /// Strings of a JSON text one after the other, for what was split between them.
    pub fn joins(&mut self, at: usize, text: &[u8]) {
        let mut values: Vec<u8> = Vec::new();
        let mut count = 0;
        let mut signs = Marks::new(text, |_, _, block: Block| block.any(b"\"[{"));
        let mut ends = Marks::new(text, |_, _, block: Block| block.any(b"\"\\"));
        let mut i = signs.next(0);
        while i < text.len() {
            if text[i] == b'"' {
                // Ends as `string_end` says.
                let mut end = ends.next(i + 1);
                while end < text.len() && text[end] == b'\\' {
                    end = ends.next(end + 2);
                }
                let after = text[(end + 1).min(text.len())..]
                    .iter()
                    .find(|b| !b.is_ascii_whitespace());
                if after != Some(&b':') {
                    values.extend_from_slice(&text[i + 1..end]);
                    count += 1;
                }
                i = end;
            } else {
                // A new container starts a new phrase.
                self.flush_join(at, &mut values, &mut count);
            }
            i = signs.next(i + 1);
        }
        self.flush_join(at, &mut values, &mut count);
    }

    fn flush_join(&mut self, at: usize, values: &mut Vec<u8>, count: &mut usize) {
        if *count >= 2 && values.len() >= 8 && values.len() <= count.saturating_mul(24) {
            self.push(at, "joined", values.clone(), 0);
        }
        values.clear();
        *count = 0;
    }
}
