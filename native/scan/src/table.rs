//! The input-aware match: cells of the tables that a run read, looked for in every view.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::HashMap;

/// Shortest cell with a digit, and without one, in letters and digits.
const CELL_LEAST: usize = 8;
const WORDS_LEAST: usize = 12;
/// A number is a copy only if it is long enough not to be a coincidence.
const DIGITS_LEAST: usize = 10;
/// A value of many rows is a category, not a person.
const ROWS_MOST: usize = 3;
const CELL_MOST: usize = 256;

pub struct Table {
    automaton: AhoCorasick,
}

fn squeeze(text: &[u8]) -> Vec<u8> {
    text.iter()
        .filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80)
        .map(u8::to_ascii_lowercase)
        .collect()
}

fn identifies(cell: &[u8]) -> bool {
    let digits = cell.iter().filter(|b| b.is_ascii_digit()).count();
    match digits {
        0 => cell.len() >= WORDS_LEAST,
        n if n == cell.len() => n >= DIGITS_LEAST,
        _ => cell.len() >= CELL_LEAST,
    }
}

impl Table {
    /// `None` if no cell identifies anybody.
    pub fn new<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for cell in cells {
            let cell = squeeze(cell.as_bytes());
            if cell.len() <= CELL_MOST && identifies(&cell) {
                *counts.entry(cell).or_default() += 1;
            }
        }
        let mut needles: Vec<Vec<u8>> = counts
            .into_iter()
            .filter(|(_, rows)| *rows <= ROWS_MOST)
            .map(|(cell, _)| cell)
            .collect();
        needles.sort_unstable();
        if needles.is_empty() {
            return None;
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&needles)
            .ok()?;
        Some(Table { automaton })
    }

    /// Is any identifying cell in `view`, whatever its case and separators?
    pub fn matches(&self, view: &[u8]) -> bool {
        self.automaton.is_match(&squeeze(view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_copies_in_any_case_and_grouping_but_no_categories() {
        let cells = [
            "A1B2-C3D4-E5F6",
            "female",
            "female",
            "4155552671",
            "19800214",
            "hypertension stage two",
        ];
        let table = Table::new(cells.into_iter()).unwrap();
        assert!(table.matches(b"id a1b2c3d4e5f6"));
        assert!(table.matches(b"415-555-2671"));
        assert!(table.matches(b"Hypertension Stage Two"));
        assert!(!table.matches(b"female 1980-02-14 aggregate of 52"));
        assert!(Table::new(["female"; 9].into_iter()).is_none());
    }
}
