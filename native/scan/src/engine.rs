//! The worklist: views of the input, each looked at once, each decoded by whatever fits it, under
//! budgets in bytes and views. Nothing depends on time, and nothing recurses.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::codec::compress::{self, Outcome};
use crate::codec::{fold, objects};
use crate::columns;
use crate::detect::{Rules, detect};
use crate::seen::Seen;
use crate::table::Table;
use crate::view::{Segment, View, provenance};
use crate::words::words;
use crate::worth::{CHANCE_MAX, DER_KEYS, compressed, contains, holds_control, printable, worth};

pub struct Finding {
    pub kind: &'static str,
    pub rule: &'static str,
    pub path: String,
}

#[derive(Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// A budget ran out or a container could not be opened: the output must not leave.
    pub undecodable: bool,
}

pub const DEPTH_MAX: u8 = 8;
const VIEWS_MAX: usize = 10_000;
const EXPANDED_MAX: usize = 64 * 1024 * 1024;
const EXPANDED_RATIO: usize = 32;
const EXPANDED_LEAST: usize = 4 * 1024 * 1024;
const FINDINGS_MAX: usize = 64;
/// Shortest token that is tried as an encoding.
pub const TOKEN_LEAST: usize = 12;
/// Shortest decoded token that can hold anything: nine digits of an SSN without its dashes.
const DECODED_LEAST: usize = 8;
pub const RAW_STREAM_LEAST: usize = 10;

/// Guesses in a row: a decoder that fits almost anything proves nothing about what it made.
const GUESSES_MAX: u8 = 3;

fn is_guess(codec: &str) -> bool {
    !matches!(
        codec,
        "base64"
            | "hex"
            | "base32"
            | "gzip"
            | "zlib"
            | "zstd"
            | "zip"
            | "tar"
            | "percent"
            | "entities"
            | "unescape"
            | "fold"
            | "utf-16"
            | "utf-32"
            | "columns"
            | "bson"
            | "binary"
    )
}

pub struct Scan<'a> {
    pub views: Vec<View<'a>>,
    /// Guesses on the way to each view.
    pub guesses: Vec<u8>,
    seen: Seen,
    pub tokens_seen: Seen,
    room: usize,
    verdict: Verdict,
    reported: HashSet<(&'static str, String)>,
}

impl<'a> Scan<'a> {
    pub fn push(&mut self, parent: usize, codec: &'static str, data: Vec<u8>, source: usize) {
        self.push_segments(parent, codec, data, vec![Segment { start: 0, source }]);
    }

    pub fn push_segments(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: Vec<u8>,
        segments: Vec<Segment>,
    ) {
        if data.len() < 4 {
            return;
        }
        if !self.seen.insert(&data) {
            return;
        }
        let depth = self.views[parent].depth + 1;
        let guesses = self.guesses[parent] + u8::from(is_guess(codec));
        if depth > DEPTH_MAX || self.views.len() >= VIEWS_MAX || data.len() > self.room {
            // What is certainly encoded and cannot be looked into must not leave; a guess may be.
            self.verdict.undecodable |= guesses == 0;
            return;
        }
        if guesses > GUESSES_MAX {
            return;
        }
        self.guesses.push(guesses);
        self.room -= data.len();
        self.views.push(View {
            data: Cow::Owned(data),
            parent: Some(parent),
            codec,
            depth,
            segments,
        });
    }

    fn outcome(
        &mut self,
        parent: usize,
        codec: &'static str,
        outcome: Outcome,
        source: usize,
    ) -> bool {
        match outcome {
            Outcome::Bytes(data) => {
                self.push(parent, codec, data, source);
                true
            }
            Outcome::TooLarge => {
                self.verdict.undecodable |= self.guesses[parent] == 0;
                true
            }
            Outcome::Not => false,
        }
    }

    /// What made a view; of a folded one, what made the view that was folded.
    pub fn way(&self, at: usize) -> &'static str {
        let mut view = &self.views[at];
        while let ("fold", Some(parent)) = (view.codec, view.parent) {
            view = &self.views[parent];
        }
        view.codec
    }

    /// A decoded token is worth a view if it reads as text or is a known container.
    pub fn token(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: Option<Vec<u8>>,
        source: usize,
    ) -> bool {
        data.is_some_and(|data| self.token_of(parent, codec, &data, source))
    }

    pub fn token_of(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: &[u8],
        source: usize,
    ) -> bool {
        if data.len() >= DECODED_LEAST && worth(data) {
            self.push(parent, codec, data.to_vec(), source);
            true
        } else {
            data.len() >= RAW_STREAM_LEAST && self.raw_streams(parent, codec, data, source)
        }
    }

    /// Can anything come of `data` as a decoded token?
    pub fn is_something(&self, data: &[u8]) -> bool {
        data.len() >= DECODED_LEAST && worth(data)
            || data.len() >= RAW_STREAM_LEAST && compress::may_be_raw(data, self.room)
    }

    /// Streams without a magic inside decoded bytes.
    fn raw_streams(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: &[u8],
        source: usize,
    ) -> bool {
        for (name, outcome) in [
            ("deflate", compress::deflate(data, self.room)),
            ("brotli", compress::brotli(data, self.room)),
        ] {
            if matches!(outcome, Outcome::TooLarge) {
                self.verdict.undecodable |= self.guesses[parent] == 0;
            }
            if let Outcome::Bytes(out) = outcome
                && out.len() >= 8
                && (printable(&out) || out.len() >= CHANCE_MAX && worth(&out))
            {
                self.push(parent, codec, data.to_vec(), source);
                let at = self.views.len() - 1;
                self.push(at, name, out, 0);
                return true;
            }
        }
        false
    }

    fn binary(&mut self, at: usize, data: &[u8]) {
        if data.starts_with(&[0x1f, 0x8b]) {
            let out = compress::gzip(data, self.room);
            self.outcome(at, "gzip", out, 0);
        } else if data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let out = compress::zstd(data, self.room);
            self.outcome(at, "zstd", out, 0);
        } else if data.starts_with(b"PK\x03\x04") {
            match compress::zip(data, self.room) {
                Ok(members) => members
                    .into_iter()
                    .for_each(|(source, bytes)| self.push(at, "zip", bytes, source)),
                Err(()) => self.verdict.undecodable |= self.guesses[at] == 0,
            }
        } else if compressed(data) {
            let out = compress::zlib(data, self.room);
            self.outcome(at, "zlib", out, 0);
        }
        if data.get(257..262) == Some(b"ustar") {
            for (source, bytes) in compress::tar(data) {
                self.push(at, "tar", bytes, source);
            }
        }
        if let Some((text, codec)) = fold::wide(data) {
            self.push(at, codec, text.into_bytes(), 0);
        }
        if contains(data, DER_KEYS) {
            let marker = b"\n-----BEGIN PRIVATE KEY-----\n".to_vec();
            self.push(at, "der", marker, 0);
        }
        if printable(data) && !holds_control(data) {
            return;
        }
        for (codec, out) in [
            ("cbor", objects::cbor(data)),
            ("msgpack", objects::msgpack(data)),
            ("bson", objects::bson(data)),
            ("protobuf", objects::protobuf(data)),
        ] {
            if let Some(out) = out {
                self.push(at, codec, out, 0);
            }
        }
        for (name, outcome) in [
            ("deflate", compress::deflate(data, self.room)),
            ("brotli", compress::brotli(data, self.room)),
        ] {
            if matches!(outcome, Outcome::TooLarge) {
                self.verdict.undecodable |= self.guesses[at] == 0;
            }
            if let Outcome::Bytes(out) = outcome
                && out.len() >= 8
                && (printable(&out) || out.len() >= CHANCE_MAX && worth(&out))
            {
                self.push(at, name, out, 0);
            }
        }
    }

    fn look(&mut self, at: usize, rules: &Rules, tables: &[(&'static str, &Table)]) {
        let data = std::mem::take(&mut self.views[at].data);
        if printable(&data) {
            if data.len() >= DECODED_LEAST && holds_control(&data) {
                self.binary(at, &data);
            }
            let w = words(&data);
            let mut found: Vec<(&'static str, &'static str, usize)> = Vec::new();
            let codec = self.way(at);
            let mirrored = matches!(codec, "reversed" | "rot13" | "rot47" | "joined")
                || codec.starts_with("values-");
            detect(&data, &w, rules, &mut |kind, rule, start, end| {
                // Chance matches grow with every transformed copy: there only strong rules count.
                let counts = !mirrored
                    || strong(codec, kind, rule)
                        && (codec != "values-rot47"
                            || kind != "NATIONAL_ID"
                            || whole(&data, start, end));
                if counts && found.len() < FINDINGS_MAX {
                    found.push((kind, rule, start));
                }
            });
            for (kind, table) in tables {
                if let Some(rule) = table.matches(&data) {
                    found.push((kind, rule, 0));
                }
            }
            self.text(at, &data, &w);
            if codec != "columns" && !mirrored {
                let (lines, places) = columns::labelled(&data, &w, rules);
                if !places.is_empty() {
                    let segments = places
                        .iter()
                        .map(|&(start, source)| Segment { start, source })
                        .collect();
                    self.push_segments(at, "columns", lines, segments);
                }
            }
            self.views[at].data = data;
            for (kind, rule, start) in found {
                let path = provenance(&self.views, at, start);
                if self.verdict.findings.len() < FINDINGS_MAX
                    && self.reported.insert((rule, path.clone()))
                {
                    self.verdict.findings.push(Finding { kind, rule, path });
                }
            }
        } else {
            self.binary(at, &data);
            self.views[at].data = data;
        }
        if compressed(&self.views[at].data) && printable(&self.views[at].data) {
            let data = std::mem::take(&mut self.views[at].data);
            self.binary(at, &data);
            self.views[at].data = data;
        }
    }
}

/// ROT47 makes a UUID into letters and digits in any order: only all of a value is an id there.
fn whole(text: &[u8], start: usize, end: usize) -> bool {
    let quote = |b: Option<&u8>| matches!(b, None | Some(b'"' | b'\''));
    quote(start.checked_sub(1).and_then(|at| text.get(at))) && quote(text.get(end))
}

/// Rules that hold by themselves: an address, a check digit of many, a token format, a key.
fn strong(codec: &str, kind: &str, rule: &str) -> bool {
    // Beside its own label, a value put together or turned round says what it is.
    if (codec == "joined" || codec.starts_with("values-"))
        && !matches!(
            rule,
            "restricted-key"
                | "restricted-column"
                | "phone-trunk"
                | "us-ssn-reversed"
                | "phone-nanp-reversed"
                | "card-luhn-reversed"
        )
    {
        return true;
    }
    // ROT47 turns a megabyte of Base64 into a megabyte of punctuation and short keys.
    if codec == "rot47" && kind == "RESTRICTED_KEY" || rule == "diagnosis-row" {
        return false;
    }
    matches!(kind, "EMAIL" | "IBAN" | "SECRET" | "HEALTH_RECORD" | "SSN")
        || matches!(
            rule,
            "restricted-key-quoted"
                | "card-luhn"
                | "it-codice-fiscale"
                | "phone-international"
                | "us-ssn"
        )
}

/// Looks into `input`; deterministic, bounded, never panics on any bytes.
pub fn scan(input: &[u8], rules: &Rules, tables: &[(&'static str, &Table)]) -> Verdict {
    let mut scan = Scan {
        views: vec![View {
            data: Cow::Borrowed(input),
            parent: None,
            codec: "",
            depth: 0,
            segments: vec![Segment {
                start: 0,
                source: 0,
            }],
        }],
        guesses: vec![0],
        seen: Seen::default(),
        tokens_seen: Seen::default(),
        room: EXPANDED_MAX.min(
            input
                .len()
                .saturating_mul(EXPANDED_RATIO)
                .max(EXPANDED_LEAST),
        ),
        verdict: Verdict::default(),
        reported: HashSet::new(),
    };
    let mut at = 0;
    while at < scan.views.len() {
        scan.look(at, rules, tables);
        at += 1;
        // Blocked for sure: what else there is changes nothing.
        if scan.verdict.undecodable || scan.verdict.findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    scan.verdict
}
