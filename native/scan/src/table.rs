//! The input-aware match: cells of the tables that a run read, looked for in every view: whole, in
//! part, as a hash, and two short ones of a row together.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::collections::{HashMap, HashSet};

/// Shortest cell with a digit, of several words, and of one word, in letters and digits.
const CELL_LEAST: usize = 8;
const WORD_LEAST: usize = 12;
/// A number is a copy only if it is long enough not to be a coincidence.
const DIGITS_LEAST: usize = 10;
/// A value of many rows is a category, not a person.
const ROWS_MOST: usize = 3;
const CELL_MOST: usize = 256;
/// Part of a long cell: grams of 16 characters, one of each six kept on both sides (winnowing), so
/// that every copy of 21 characters is found.
const GRAM: usize = 16;
const WINDOW: usize = 6;
const GRAM_CELL_LEAST: usize = GRAM + WINDOW - 1;
/// Shortest cell that counts together with another of its row, and that is looked for as a hash.
const PAIR_LEAST: usize = 6;
const HASHED_LEAST: usize = 4;
const HASHED_MOST: usize = 4096;
const PRIME: u64 = 0x0000_0100_0000_01b3;

pub struct Table {
    automaton: Option<AhoCorasick>,
    grams: HashSet<u64>,
    /// First eight bytes of digests of cells.
    digests: HashSet<[u8; 8]>,
    /// Hash of a short cell to the rows it stands in.
    pairs: HashMap<u64, Vec<u32>>,
}

fn squeeze(text: &[u8]) -> Vec<u8> {
    text.iter()
        .filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80)
        .map(u8::to_ascii_lowercase)
        .collect()
}

fn hash(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(PRIME)
    })
}

fn identifies(cell: &[u8], words: usize) -> bool {
    let digits = cell.iter().filter(|b| b.is_ascii_digit()).count();
    match digits {
        0 => cell.len() >= if words >= 2 { CELL_LEAST } else { WORD_LEAST },
        n if n == cell.len() => n >= DIGITS_LEAST,
        _ => cell.len() >= CELL_LEAST,
    }
}

/// A decimal is a figure: a mean may equal it by chance.
fn figure(cell: &str) -> bool {
    cell.len() <= 24 && cell.contains('.') && cell.parse::<f64>().is_ok()
}

/// The least hash of each window of grams.
fn winnow(text: &[u8], mut keep: impl FnMut(u64)) {
    if text.len() < GRAM {
        return;
    }
    let top = (0..GRAM - 1).fold(1u64, |p, _| p.wrapping_mul(PRIME));
    let mut rolling = 0u64;
    let mut recent = [u64::MAX; WINDOW];
    let (mut last, mut n) = (None, 0usize);
    for (i, b) in text.iter().enumerate() {
        if i >= GRAM {
            rolling = rolling.wrapping_sub((u64::from(text[i - GRAM]) + 1).wrapping_mul(top));
        }
        rolling = rolling.wrapping_mul(PRIME).wrapping_add(u64::from(*b) + 1);
        if i + 1 < GRAM {
            continue;
        }
        let mixed = (rolling ^ rolling >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        recent[n % WINDOW] = mixed ^ mixed >> 32;
        n += 1;
        if n >= WINDOW {
            let least = recent.iter().copied().min();
            if least != last {
                last = least;
                keep(least.unwrap_or(0));
            }
        }
    }
}

fn digests(text: &[u8], mut keep: impl FnMut([u8; 8])) {
    let mut head = |digest: &[u8]| {
        let mut out = [0; 8];
        out.copy_from_slice(&digest[..8]);
        keep(out);
    };
    head(&Md5::digest(text));
    head(&Sha1::digest(text));
    head(&Sha256::digest(text));
    head(&Sha512::digest(text));
}

impl Table {
    /// Cells with the number of the row of each; `None` if no cell identifies anybody.
    pub fn new<'a>(cells: impl Iterator<Item = (&'a str, u32)> + Clone) -> Option<Self> {
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for (cell, _) in cells.clone() {
            let cell = squeeze(cell.as_bytes());
            if (HASHED_LEAST..=HASHED_MOST).contains(&cell.len()) {
                *counts.entry(cell).or_default() += 1;
            }
        }
        let (mut needles, mut grams) = (HashSet::new(), HashMap::<u64, usize>::new());
        let mut found = HashSet::new();
        let mut pairs: HashMap<u64, Vec<u32>> = HashMap::new();
        for (raw, row) in cells {
            let cell = squeeze(raw.as_bytes());
            if counts.get(&cell).is_none_or(|rows| *rows > ROWS_MOST) {
                continue;
            }
            let trimmed = raw.trim();
            digests(trimmed.as_bytes(), |d| {
                found.insert(d);
            });
            digests(trimmed.to_lowercase().as_bytes(), |d| {
                found.insert(d);
            });
            digests(trimmed.to_uppercase().as_bytes(), |d| {
                found.insert(d);
            });
            if cell.len() >= PAIR_LEAST && !figure(trimmed) {
                let rows = pairs.entry(hash(&cell)).or_default();
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
            if cell.len() >= GRAM_CELL_LEAST {
                let mut own = HashSet::new();
                winnow(&cell, |gram| {
                    own.insert(gram);
                });
                own.into_iter()
                    .for_each(|gram| *grams.entry(gram).or_default() += 1);
            }
            let words = trimmed.split_ascii_whitespace().count();
            if cell.len() <= CELL_MOST && !figure(trimmed) && identifies(&cell, words) {
                needles.insert(cell);
            }
        }
        if found.is_empty() {
            return None;
        }
        let mut needles: Vec<Vec<u8>> = needles.into_iter().collect();
        needles.sort_unstable();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&needles)
            .ok()
            .filter(|_| !needles.is_empty());
        Some(Table {
            automaton,
            grams: grams
                .into_iter()
                .filter(|(_, rows)| *rows <= ROWS_MOST)
                .map(|(gram, _)| gram)
                .collect(),
            digests: found,
            pairs,
        })
    }

    /// Is a cell in `view`, whatever its case and separators? The rule that says how.
    pub fn matches(&self, view: &[u8]) -> Option<&'static str> {
        if self.hashed(view) {
            return Some("cell-hash");
        }
        let squeezed = squeeze(view);
        if self
            .automaton
            .as_ref()
            .is_some_and(|a| a.is_match(&squeezed))
        {
            return Some("cell-copy");
        }
        let mut part = false;
        winnow(&squeezed, |gram| part |= self.grams.contains(&gram));
        if part {
            return Some("cell-part");
        }
        self.paired(view).then_some("row-cells")
    }

    /// A run of hex or Base64 that starts as the digest of a cell.
    fn hashed(&self, view: &[u8]) -> bool {
        let member = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        view.split(|b| !member(*b))
            .filter(|run| (22..=128).contains(&run.len()))
            .any(|run| {
                let head = if run.len() >= 32 && run.iter().all(u8::is_ascii_hexdigit) {
                    crate::codec::base::base16(&run[..16])
                } else {
                    crate::codec::base::base64(&run[..12])
                };
                head.and_then(|h| h.get(..8).and_then(|h| <[u8; 8]>::try_from(h).ok()))
                    .is_some_and(|h| self.digests.contains(&h))
            })
    }

    /// Two different cells of one row as whole fields of the view.
    fn paired(&self, view: &[u8]) -> bool {
        let mut seen: HashMap<u32, u64> = HashMap::new();
        let border = |b: u8| {
            matches!(
                b,
                b'"' | b','
                    | b'\n'
                    | b'\t'
                    | b'|'
                    | b';'
                    | b'<'
                    | b'>'
                    | b'='
                    | b':'
                    | b'{'
                    | b'}'
                    | b'['
                    | b']'
            )
        };
        for field in view.split(|b| border(*b)) {
            if !(PAIR_LEAST..=CELL_MOST).contains(&field.len()) {
                continue;
            }
            let mut h = 0xcbf2_9ce4_8422_2325u64;
            for b in field
                .iter()
                .filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80)
            {
                h = (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(PRIME);
            }
            for row in self.pairs.get(&h).into_iter().flatten() {
                if seen.insert(*row, h).is_some_and(|other| other != h) {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_copies_in_any_case_and_grouping_but_no_categories() {
        let cells = [
            ("A1B2-C3D4-E5F6", 0),
            ("female", 0),
            ("female", 1),
            ("4155552671", 0),
            ("19800214", 0),
            ("Jo Bloggs", 0),
            ("hypertension stage two, since the spring of that year", 1),
        ];
        let table = Table::new(cells.into_iter()).unwrap();
        assert_eq!(table.matches(b"id a1b2c3d4e5f6"), Some("cell-copy"));
        assert_eq!(table.matches(b"415-555-2671"), Some("cell-copy"));
        assert_eq!(
            table.matches(b"stage TWO, since the spring of"),
            Some("cell-part")
        );
        // md5("4155552671")
        let md5 =
            format!("{:x?}", &Md5::digest(b"4155552671")[..]).replace(['[', ']', ',', ' '], "");
        assert!(md5.len() < 32 || table.matches(md5.as_bytes()) == Some("cell-hash"));
        assert_eq!(table.matches(b"{\"a\":\"jo bloggs\"}"), Some("cell-copy"));
        assert_eq!(table.matches(b"aggregate of 52 with 1980-02-14"), None);
        assert!(Table::new([("no", 0); 9].into_iter()).is_none());
    }
}
