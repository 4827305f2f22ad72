//! Every word of a vocabulary in a text, by one automaton that reads four places at once: each step
//! waits for a table, and the waits of four overlap.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

/// Most and fewest bytes of a text that each reader takes in one round.
const SHARE: usize = 4096;
const SHARE_LEAST: usize = 128;
const READERS: usize = 4;

pub struct Words {
    automaton: DFA,
    lengths: Vec<usize>,
    /// Longest word, bytes.
    longest: usize,
}

/// Number of the word and where it ends.
type Hit = (usize, usize);

impl Words {
    /// `words`: in any case, few and fixed.
    pub fn new(words: &[Vec<u8>]) -> Self {
        let automaton = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .prefilter(false)
            .build(words)
            .unwrap_or_else(|_| unreachable!("the vocabulary is fixed and small"));
        Words {
            automaton,
            lengths: words.iter().map(Vec::len).collect(),
            longest: words.iter().map(Vec::len).max().unwrap_or(1),
        }
    }

    fn note(&self, state: StateID, end: usize, hits: &mut Vec<Hit>) {
        if self.automaton.is_match(state) {
            let count = self.automaton.match_len(state);
            hits.extend((0..count).map(|n| {
                let pattern = self.automaton.match_pattern(state, n);
                (pattern.as_usize(), end)
            }));
        }
    }

    /// Reads `text` to `to` from a place where the automaton is in `state`.
    fn read(
        &self,
        text: &[u8],
        (from, to): (usize, usize),
        mut state: StateID,
        hits: &mut Vec<Hit>,
    ) -> StateID {
        for (n, byte) in text[from..to].iter().enumerate() {
            state = self.automaton.next_state(Anchored::No, state, *byte);
            if self.automaton.is_special(state) {
                self.note(state, from + n + 1, hits);
            }
        }
        state
    }

    /// Every word at every place, by where it ends: (number, start, end).
    pub fn find(&self, text: &[u8], mut report: impl FnMut(usize, usize, usize)) {
        let automaton = &self.automaton;
        let Ok(start) = automaton.start_state(Anchored::No) else {
            unreachable!("built for searches without an anchor");
        };
        let mut hits: [Vec<Hit>; READERS] = Default::default();
        let mut tell = |hits: &mut Vec<Hit>| {
            for (word, end) in hits.drain(..) {
                report(word, end - self.lengths[word], end);
            }
        };
        let mut state = start;
        let mut from = 0;
        loop {
            let share = ((text.len() - from) / READERS).min(SHARE);
            if share < SHARE_LEAST {
                break;
            }
            let mut states = [state; READERS];
            for (n, state) in states.iter_mut().enumerate().skip(1) {
                // What came before this is within no word that ends further on.
                let own = from + n * share;
                let lead = (own + 1).saturating_sub(self.longest);
                *state = self.read(text, (lead, own), start, &mut Vec::new());
            }
            for n in 0..share {
                for (reader, state) in states.iter_mut().enumerate() {
                    let at = from + reader * share + n;
                    *state = automaton.next_state(Anchored::No, *state, text[at]);
                    if automaton.is_special(*state) {
                        self.note(*state, at + 1, &mut hits[reader]);
                    }
                }
            }
            hits.iter_mut().for_each(&mut tell);
            state = states[READERS - 1];
            from += READERS * share;
        }
        self.read(text, (from, text.len()), state, &mut hits[0]);
        tell(&mut hits[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_readers_find_what_one_does_in_the_same_order() {
        let words: Vec<Vec<u8>> = ["ab", "bab", "aba", "c", "abcabcabc", "CA"]
            .map(|word| word.as_bytes().to_vec())
            .to_vec();
        let automaton = Words::new(&words);
        let mut state = 5u32;
        let text: Vec<u8> = (0..6 * READERS * SHARE / 5)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b"abcABC-"[(state >> 16) as usize % 7]
            })
            .collect();
        for length in [
            0,
            1,
            7,
            511,
            512,
            700,
            READERS * SHARE - 1,
            READERS * SHARE,
            text.len(),
        ] {
            let text = &text[..length];
            let mut found = Vec::new();
            automaton.find(text, |word, start, end| found.push((end, start, word)));
            let ends = found.iter().map(|hit| hit.0);
            assert!(ends.is_sorted());
            let mut expected = Vec::new();
            for (n, word) in words.iter().enumerate() {
                for (start, part) in text.windows(word.len()).enumerate() {
                    if part.eq_ignore_ascii_case(word) {
                        expected.push((start + word.len(), start, n));
                    }
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }
}
