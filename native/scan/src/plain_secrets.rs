//! The filter's secret detectors on bytes as they lie: no decoding, no views. For data that a program
//! carries, where a full scan would cost more than the judgement it serves.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::detect;
use crate::secrets::{self, Rule};

/// What an anchor announces.
enum Anchor {
    Rule(usize),
    PrivateKey,
    Jwt,
    Url,
}

struct Anchors {
    automaton: AhoCorasick,
    /// By number of the pattern; several rules may begin alike.
    meaning: Vec<Anchor>,
    rules: Vec<Rule>,
}

fn anchors() -> &'static Anchors {
    static ANCHORS: OnceLock<Anchors> = OnceLock::new();
    ANCHORS.get_or_init(|| {
        let rules = secrets::rules();
        let mut patterns = vec![
            b"PRIVATE KEY-----".to_vec(),
            b"PRIVATE KEY BLOCK-----".to_vec(),
            b"eyJ".to_vec(),
            b"://".to_vec(),
        ];
        let mut meaning = vec![
            Anchor::PrivateKey,
            Anchor::PrivateKey,
            Anchor::Jwt,
            Anchor::Url,
        ];
        for (index, rule) in rules.iter().enumerate() {
            if let Some(anchor) = rule.anchor() {
                patterns.push(anchor);
                meaning.push(Anchor::Rule(index));
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&patterns)
            .unwrap_or_else(|_| unreachable!("the rules are fixed and few"));
        Anchors {
            automaton,
            meaning,
            rules,
        }
    })
}

/// A PEM or PGP header (RFC 7468, RFC 9580) whose last words start at `at`.
fn begins_key(bytes: &[u8], at: usize) -> bool {
    bytes[at.saturating_sub(48)..at]
        .windows(11)
        .any(|window| window == b"-----BEGIN ")
}

/// Whether a secret in a published format stands in `bytes`; linear in their length.
pub fn holds(bytes: &[u8]) -> bool {
    let anchors = anchors();
    anchors.automaton.find_overlapping_iter(bytes).any(|hit| {
        let (start, end) = (hit.start(), hit.end());
        match anchors.meaning[hit.pattern().as_usize()] {
            Anchor::Rule(index) => anchors.rules[index].matches(bytes, start, end).is_some(),
            Anchor::PrivateKey => begins_key(bytes, start),
            Anchor::Jwt => {
                bytes[start..].starts_with(b"eyJ") && detect::jwt(bytes, start).is_some()
            }
            Anchor::Url => detect::credentials_in_url(bytes, end).is_some(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among_bytes(secret: &str) -> Vec<u8> {
        let mut bytes = vec![0, 0xff, 0x80, b'"'];
        bytes.extend_from_slice(secret.as_bytes());
        bytes.extend_from_slice(&[b'"', 0, 0xfe]);
        bytes
    }

    #[test]
    fn finds_what_the_filter_finds_in_plain_text() {
        for secret in [
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "postgres://app:hunter2hunter2@db.internal/x",
            "-----BEGIN RSA PRIVATE KEY-----",
        ] {
            assert!(holds(&among_bytes(secret)), "{secret}");
        }
    }

    #[test]
    fn passes_what_carries_none() {
        for harmless in [
            "https://example.org/a:b",
            "eyJ",
            "a PRIVATE KEY is needed",
            "ghp_short",
            "",
        ] {
            assert!(!holds(&among_bytes(harmless)), "{harmless}");
        }
        assert!(!holds(&[]));
    }
}
