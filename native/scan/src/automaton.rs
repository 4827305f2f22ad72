//! Every word of a vocabulary in a text, by one automaton that reads four places at once: each step
//! waits for a table, and the waits of four overlap.

use std::collections::HashMap;

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

/// Most and fewest bytes of a text that each reader takes in one round.
const SHARE: usize = 4096;
const SHARE_LEAST: usize = 128;
const READERS: usize = 4;

/// A state by its number; the highest bit says that words end there.
type State = u16;
const ENDS: State = 1 << 15;

pub struct Words {
    /// Bytes that no word tells apart are of one class.
    classes: [u8; 256],
    /// Next states by state and class; those near the start, where most of a text is read, first.
    next: Vec<State>,
    shift: u32,
    /// Words that end in each state.
    endings: Vec<Box<[u16]>>,
    lengths: Vec<usize>,
    /// Longest word, bytes.
    longest: usize,
}

/// Number of the word and where it ends.
type Hit = (usize, usize);

impl Words {
    /// `words`: in any case, few and fixed. The library's automaton, packed: its table is half as
    /// large and read without questions.
    pub fn new(words: &[Vec<u8>]) -> Self {
        let built = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .prefilter(false)
            .build(words)
            .unwrap_or_else(|_| unreachable!("the vocabulary is fixed and small"));
        let Ok(start) = built.start_state(Anchored::No) else {
            unreachable!("built for searches without an anchor");
        };
        let mut classes = [0u8; 256];
        let mut told: Vec<u8> = words.concat();
        told.make_ascii_lowercase();
        told.sort_unstable();
        told.dedup();
        for (n, byte) in told.iter().enumerate() {
            classes[usize::from(*byte)] = n as u8 + 1;
            classes[usize::from(byte.to_ascii_uppercase())] = n as u8 + 1;
        }
        // One of each class; that of all others first.
        let other = (0..=255u8).find(|byte| classes[usize::from(*byte)] == 0);
        let of_class: Vec<Option<u8>> = std::iter::once(other)
            .chain(told.into_iter().map(Some))
            .collect();
        let shift = of_class.len().next_power_of_two().trailing_zeros();

        let mut numbers = HashMap::from([(start, 0 as State)]);
        let mut states = vec![start];
        let mut next = Vec::new();
        let mut endings: Vec<Box<[u16]>> = Vec::new();
        while let Some(&state) = states.get(endings.len()) {
            next.resize(next.len() + (1 << shift), 0);
            let row = endings.len() << shift;
            for (class, byte) in of_class.iter().enumerate() {
                let Some(byte) = *byte else { continue };
                let to = built.next_state(Anchored::No, state, byte);
                let number = *numbers.entry(to).or_insert_with(|| {
                    states.push(to);
                    (states.len() - 1) as State
                });
                next[row + class] = if built.is_match(to) {
                    number | ENDS
                } else {
                    number
                };
            }
            let count = if built.is_match(state) {
                built.match_len(state)
            } else {
                0
            };
            endings.push(
                (0..count)
                    .map(|n| built.match_pattern(state, n).as_u32() as u16)
                    .collect(),
            );
        }
        assert!(
            states.len() < usize::from(ENDS) && words.len() < 1 << 16,
            "a vocabulary too large"
        );
        Words {
            classes,
            next,
            shift,
            endings,
            lengths: words.iter().map(Vec::len).collect(),
            longest: words.iter().map(Vec::len).max().unwrap_or(1),
        }
    }

    #[inline(always)]
    fn step(&self, state: State, byte: u8) -> State {
        let class = usize::from(self.classes[usize::from(byte)]);
        self.next[usize::from(state & !ENDS) << self.shift | class]
    }

    #[inline(never)]
    fn note(&self, state: State, end: usize, hits: &mut Vec<Hit>) {
        let endings = &self.endings[usize::from(state & !ENDS)];
        hits.extend(endings.iter().map(|word| (usize::from(*word), end)));
    }

    /// Reads `text` to `to` from a place where the automaton is in `state`.
    fn read(
        &self,
        text: &[u8],
        (from, to): (usize, usize),
        mut state: State,
        hits: &mut Vec<Hit>,
    ) -> State {
        for (n, byte) in text[from..to].iter().enumerate() {
            state = self.step(state, *byte);
            if state & ENDS != 0 {
                self.note(state, from + n + 1, hits);
            }
        }
        state
    }

    /// Every word at every place, by where it ends: (number, start, end).
    pub fn find(&self, text: &[u8], mut report: impl FnMut(usize, usize, usize)) {
        let mut hits: [Vec<Hit>; READERS] = Default::default();
        let mut tell = |hits: &mut Vec<Hit>| {
            for (word, end) in hits.drain(..) {
                report(word, end - self.lengths[word], end);
            }
        };
        let mut state = 0;
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
                *state = self.read(text, (lead, own), 0, &mut Vec::new());
            }
            let part = |reader: usize| &text[from + reader * share..][..share];
            let parts = part(0).iter().zip(part(1)).zip(part(2)).zip(part(3));
            for (n, (((a, b), c), d)) in parts.enumerate() {
                let [w, x, y, z] = states;
                states = [
                    self.step(w, *a),
                    self.step(x, *b),
                    self.step(y, *c),
                    self.step(z, *d),
                ];
                if (states[0] | states[1] | states[2] | states[3]) & ENDS != 0 {
                    for (reader, state) in states.into_iter().enumerate() {
                        if state & ENDS != 0 {
                            self.note(state, from + reader * share + n + 1, &mut hits[reader]);
                        }
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
