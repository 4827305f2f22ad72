//! Restricted keys in every spelling, and which values under them count.

use crate::key_names::{Family, KEYS};
use crate::names;
use crate::vocab::AFFIXES;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Longest key that is looked at, bytes.
const KEY_MAX: usize = 64;
/// Affixes that may stand around a key on one side.
const AFFIX_ROUNDS: usize = 2;

/// Endings that make a credential of whatever stands before them.
const CREDENTIALS: [&[u8]; 9] = [
    b"apikey",
    b"secretkey",
    b"accesstoken",
    b"authtoken",
    b"clientsecret",
    b"password",
    b"passwd",
    b"privatekey",
    b"apitoken",
];

fn table() -> &'static HashMap<&'static [u8], Family> {
    static CELL: OnceLock<HashMap<&'static [u8], Family>> = OnceLock::new();
    CELL.get_or_init(|| {
        KEYS.iter()
            .map(|(key, family)| (key.as_bytes(), *family))
            .collect()
    })
}

/// Family of a key, affixes taken off; `extra` holds the policy's own keys, squeezed.
pub fn family(key: &[u8], extra: &[Vec<u8>]) -> Option<Family> {
    if key.len() > KEY_MAX {
        return None;
    }
    // Prose is no key: nothing is as long in words.
    if key.iter().filter(|b| **b == b' ').count() > 6 {
        return None;
    }
    let mut room = [0; KEY_MAX];
    let mut length = 0;
    for b in key.iter().filter(|b| b.is_ascii_alphanumeric()) {
        room[length] = b.to_ascii_lowercase();
        length += 1;
    }
    let whole = &room[..length];
    if extra.iter().any(|own| own == whole) {
        return Some(Family::Id);
    }
    if CREDENTIALS.iter().any(|end| whole.ends_with(end)) {
        return Some(Family::Secret);
    }
    if let Some(family) = table().get(whole) {
        return Some(*family);
    }
    let mut candidates = stripped(&[whole]);
    for round in 1..=AFFIX_ROUNDS {
        let known = candidates.iter().find_map(|key| table().get(key));
        if known.is_some() || round == AFFIX_ROUNDS {
            return known.copied();
        }
        candidates = stripped(&candidates);
    }
    None
}

/// What is left of each key without one affix.
fn stripped<'k>(keys: &[&'k [u8]]) -> Vec<&'k [u8]> {
    let mut out = Vec::new();
    for key in keys {
        for affix in AFFIXES {
            let affix = affix.as_bytes();
            if key.first() == affix.first() {
                out.extend(key.strip_prefix(affix));
            }
            if key.last() == affix.last() {
                out.extend(key.strip_suffix(affix));
            }
        }
    }
    out
}

/// Does `value` (unquoted) say something under a key of this family?
pub fn counts(family: Family, value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let masked = value
        .iter()
        .filter(|b| matches!(b, b'*' | b'X' | b'x' | b'#'))
        .count()
        * 2
        > value.len();
    let lower = value.to_ascii_lowercase();
    let empty = matches!(
        &lower[..],
        b"" | b"null"
            | b"none"
            | b"true"
            | b"false"
            | b"n/a"
            | b"redacted"
            | b"[redacted]"
            | b"undefined"
            | b"string"
            | b"required"
            | b"optional"
    );
    if masked || empty {
        return false;
    }
    match family {
        Family::Id => digits >= 1 && value.len() >= 3 || letters >= 6 && digits + letters >= 6,
        Family::Number => digits >= 5,
        Family::Birth => digits >= 1 && value.len() >= 4,
        Family::Mail => {
            value.contains(&b'@') || letters >= 5 && lower.windows(3).any(|w| w == b"dot")
        }
        Family::Secret => value.len() >= 6 && letters + digits >= 5,
        Family::Phone => digits >= 6,
        Family::Account => digits >= 8,
        Family::Name => digits == 0 && letters >= 2 && !names::is_word(&lower) && people(value),
        Family::AnyName => names::person(value),
        Family::Token => {
            value.len() >= 20
                && digits >= 2
                && letters >= 4
                && !value.contains(&b' ')
                && crate::checks::entropy(value) >= 3.0
        }
        Family::Street => {
            let words = value.split(|b| *b == b' ').filter(|w| w.len() > 1).count();
            (1..=12).contains(&digits) && letters >= 6 && words >= 2 && value.len() <= 160
        }
    }
}

/// One to five words of letters as names are written, none of them code.
fn people(value: &[u8]) -> bool {
    const PARTICLES: [&[u8]; 12] = [
        b"de", b"da", b"di", b"la", b"le", b"van", b"von", b"der", b"den", b"bin", b"al", b"y",
    ];
    let words: Vec<&[u8]> = value
        .split(|b| matches!(b, b' ' | b',' | b'^'))
        .filter(|w| !w.is_empty())
        .collect();
    let written = words
        .iter()
        .all(|w| !w[0].is_ascii_lowercase() || PARTICLES.contains(w));
    value.len() <= 80
        && (1..=5).contains(&words.len())
        && (written || names::given(words[0]))
        && words.iter().all(|w| {
            let inner = w.strip_suffix(b".").unwrap_or(w);
            inner
                .iter()
                .all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || b"'-".contains(b))
        })
        && !names::thing(words[words.len() - 1])
}
