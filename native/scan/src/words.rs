//! One pass of the automaton over a view: where the vocabulary stands, and what stands near.

use crate::automaton;
use crate::codec::fold::rot13;
use crate::secrets::{self, Rule};
use crate::vocab::{CONTEXT, KEY_ROOTS};
use std::sync::OnceLock;

#[derive(Clone, Copy)]
enum Entry {
    Context(u32),
    Root,
    /// Root of a restricted key written backwards or in ROT13.
    Hidden,
    Secret(usize),
    /// The head of a secret rule in capitals or small letters must match as written.
    Mark(Mark),
}

/// Markers of structures and of spelled addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Hl7,
    Fhir,
    Cda,
    X12,
    Mrz,
    PrivateKey,
    Jwt,
    Url,
    Dot,
    At,
    SpelledDigit,
    Geo,
    Ascii85,
}

const MARKS: &[(&str, Mark)] = &[
    ("pid|", Mark::Hl7),
    ("msh|^", Mark::Hl7),
    ("pid^", Mark::Hl7),
    ("nk1|", Mark::Hl7),
    ("in1|", Mark::Hl7),
    ("gt1|", Mark::Hl7),
    ("dg1|", Mark::Hl7),
    ("resourcetype", Mark::Fhir),
    ("<patient xmlns", Mark::Fhir),
    ("hl7.org/fhir", Mark::Fhir),
    ("clinicaldocument", Mark::Cda),
    ("recordtarget", Mark::Cda),
    ("patientrole", Mark::Cda),
    ("nm1*", Mark::X12),
    ("isa*", Mark::X12),
    ("st*837", Mark::X12),
    ("dmg*d8", Mark::X12),
    ("nm1|", Mark::X12),
    ("nm1^", Mark::X12),
    ("nm1:", Mark::X12),
    ("p<", Mark::Mrz),
    ("i<", Mark::Mrz),
    ("private key-----", Mark::PrivateKey),
    ("putty-user-key-file", Mark::PrivateKey),
    ("private key block", Mark::PrivateKey),
    ("pkcs8", Mark::PrivateKey),
    ("eyj", Mark::Jwt),
    ("://", Mark::Url),
    ("dot", Mark::Dot),
    ("(at)", Mark::At),
    ("[at]", Mark::At),
    ("{at}", Mark::At),
    (" at ", Mark::At),
    ("<at>", Mark::At),
    ("_at_", Mark::At),
    ("-at-", Mark::At),
    ("arroba", Mark::At),
    (" @ ", Mark::At),
    ("(@)", Mark::At),
    ("[@]", Mark::At),
    ("[.]", Mark::At),
    ("(.)", Mark::At),
    ("{.}", Mark::At),
    ("@ ", Mark::At),
    (" @", Mark::At),
    ("punkt", Mark::At),
    ("seven", Mark::SpelledDigit),
    ("three", Mark::SpelledDigit),
    ("four", Mark::SpelledDigit),
    ("five", Mark::SpelledDigit),
    ("six", Mark::SpelledDigit),
    ("eight", Mark::SpelledDigit),
    ("nine", Mark::SpelledDigit),
    ("zero", Mark::SpelledDigit),
    ("cuatro", Mark::SpelledDigit),
    ("cinco", Mark::SpelledDigit),
    ("siete", Mark::SpelledDigit),
    ("ocho", Mark::SpelledDigit),
    ("drei", Mark::SpelledDigit),
    ("vier", Mark::SpelledDigit),
    ("acht", Mark::SpelledDigit),
    ("quatre", Mark::SpelledDigit),
    ("cinq", Mark::SpelledDigit),
    ("huit", Mark::SpelledDigit),
    ("trois", Mark::SpelledDigit),
    ("geo:", Mark::Geo),
    ("°", Mark::Geo),
    ("\"coordinates\"", Mark::Geo),
    ("latitude", Mark::Geo),
    ("\"lat\"", Mark::Geo),
    ("lat=", Mark::Geo),
    ("lat:", Mark::Geo),
    ("lat/", Mark::Geo),
    ("gps", Mark::Geo),
    ("coords", Mark::Geo),
    ("location", Mark::Geo),
    ("position", Mark::Geo),
    ("latlng", Mark::Geo),
    ("coordinates", Mark::Geo),
    ("<lat>", Mark::Geo),
    ("lat,", Mark::Geo),
    ("maps?q=", Mark::Geo),
    ("/@", Mark::Geo),
    ("<~", Mark::Ascii85),
];

pub struct Vocabulary {
    automaton: automaton::Words,
    entries: Vec<Vec<Entry>>,
    pub rules: Vec<Rule>,
}

pub fn vocabulary() -> &'static Vocabulary {
    static CELL: OnceLock<Vocabulary> = OnceLock::new();
    CELL.get_or_init(build)
}

fn build() -> Vocabulary {
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    let mut entries: Vec<Vec<Entry>> = Vec::new();
    let mut add = |pattern: Vec<u8>, entry: Entry| {
        let pattern = pattern.to_ascii_lowercase();
        match patterns.iter().position(|p| *p == pattern) {
            Some(i) => entries[i].push(entry),
            None => {
                patterns.push(pattern);
                entries.push(vec![entry]);
            }
        }
    };
    for (word, bits) in CONTEXT {
        add(word.as_bytes().to_vec(), Entry::Context(*bits));
    }
    for root in KEY_ROOTS {
        add(root.as_bytes().to_vec(), Entry::Root);
        if root.len() >= 5 {
            add(root.bytes().rev().collect(), Entry::Hidden);
            add(root.bytes().map(rot13).collect(), Entry::Hidden);
        }
    }
    for short in ["ssn", "mrn", "dob", "pwd"] {
        for s in [format!("\"{short}\""), format!(" {short}:")] {
            add(s.bytes().rev().collect(), Entry::Hidden);
            add(s.bytes().map(rot13).collect(), Entry::Hidden);
        }
    }
    let rules = secrets::rules();
    for (i, rule) in rules.iter().enumerate() {
        if let Some(anchor) = rule.anchor() {
            add(anchor, Entry::Secret(i));
        }
    }
    for (word, mark) in MARKS {
        add(word.as_bytes().to_vec(), Entry::Mark(*mark));
    }
    let automaton = automaton::Words::new(&patterns);
    Vocabulary {
        automaton,
        entries,
        rules,
    }
}

/// Hits of the vocabulary in one view, in order.
#[derive(Default)]
pub struct Words {
    /// (start, end, bits)
    pub context: Vec<(usize, usize, u32)>,
    pub roots: Vec<(usize, usize)>,
    pub hidden: Vec<(usize, usize)>,
    pub secrets: Vec<(usize, usize, usize)>,
    pub marks: Vec<(Mark, usize, usize)>,
    /// All of `context` together.
    all: u32,
}

impl Words {
    /// Does a word of the whole view say one of `bits`? If not, none near a value does.
    pub fn says(&self, bits: u32) -> bool {
        self.all & bits != 0
    }
}

fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let before = start == 0
        || !text[start - 1].is_ascii_alphabetic()
        || (text[start].is_ascii_uppercase() && text[start - 1].is_ascii_lowercase());
    let after = text.get(end).is_none_or(|b| {
        !b.is_ascii_lowercase()
            || (*b == b's' && !text.get(end + 1).is_some_and(u8::is_ascii_lowercase))
    }) && !(text.get(end).is_some_and(u8::is_ascii_uppercase)
        && text[end - 1].is_ascii_uppercase());
    before && after
}

pub fn words(text: &[u8]) -> Words {
    let v = vocabulary();
    let mut out = Words::default();
    v.automaton.find(text, |word, start, end| {
        for entry in &v.entries[word] {
            match *entry {
                Entry::Context(bits) => {
                    if is_word(text, start, end) {
                        out.context.push((start, end, bits));
                    }
                }
                Entry::Root => out.roots.push((start, end)),
                Entry::Hidden => out.hidden.push((start, end)),
                Entry::Secret(rule) => out.secrets.push((rule, start, end)),
                Entry::Mark(mark) => out.marks.push((mark, start, end)),
            }
        }
    });
    out.all = out.context.iter().fold(0, |bits, c| bits | c.2);
    // Overlapping matches come ordered by end; look-ups search by start.
    out.context.sort_unstable();
    out
}

/// How far before a value its context may stand, bytes.
const BEFORE: usize = 56;
const AFTER: usize = 24;

/// What the words near a value at `start..end` say. The key of the value itself wins; a comma,
/// brace or line end separates the value from the words of others.
pub fn near(text: &[u8], w: &Words, start: usize, end: usize) -> u32 {
    if w.all == 0 {
        return 0;
    }
    let (from, keyed) = reach(text, start);
    let mut bits = collect(w, from, start);
    if !keyed {
        let stop = (end + AFTER).min(text.len());
        let until = text[end..stop]
            .iter()
            .position(|b| matches!(b, b'\n' | b',' | b';' | b'|' | b'"' | b'{' | b'}'))
            .map_or(stop, |n| end + n);
        bits |= collect(w, end, until);
    }
    bits
}

pub fn collect(w: &Words, from: usize, to: usize) -> u32 {
    let first = w.context.partition_point(|c| c.0 < from);
    w.context[first..]
        .iter()
        .take_while(|c| c.0 < to)
        .filter(|c| c.1 <= to)
        .fold(0, |bits, c| bits | c.2)
}

/// Start of the text that describes the value at `start`, and whether it is a key.
fn reach(text: &[u8], start: usize) -> (usize, bool) {
    let floor = start.saturating_sub(BEFORE);
    let mut i = start;
    let mut keyed = false;
    let mut generic = false;
    while i > floor {
        match text[i - 1] {
            b':' | b'=' | b'>' => keyed = true,
            b'\n' | b'{' | b'}' | b'|' => break,
            b',' | b';' | b'[' if keyed => {
                // {"type":"ssn","value":"…"}: a key that says nothing lets its sibling speak.
                if !generic && is_generic(&text[i..start]) {
                    generic = true;
                } else {
                    break;
                }
            }
            b',' | b';'
                if !text.get(i).is_some_and(u8::is_ascii_whitespace)
                    && text.get(i) != Some(&b'"') =>
            {
                break;
            }
            _ => {}
        }
        i -= 1;
    }
    (i, keyed)
}

fn is_generic(between: &[u8]) -> bool {
    let key: Vec<u8> = between
        .iter()
        .take_while(|b| !matches!(b, b':' | b'='))
        .filter(|b| b.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    [
        &b"value"[..],
        b"val",
        b"v",
        b"data",
        b"content",
        b"text",
        b"number",
        b"num",
        b"id",
        b"no",
        b"answer",
        b"raw",
    ]
    .contains(&key.as_slice())
}
