//! The worklist: views of the input, each looked at once, each decoded by whatever fits it, under
//! budgets in bytes and views. Nothing depends on time, and nothing recurses.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::codec::compress::{self, Outcome};
use crate::codec::{escapes, fold, lists, objects, spelled};
use crate::columns;
use crate::detect::{Rules, detect};
use crate::pieces;
use crate::table::Table;
use crate::view::{Segment, View, provenance};
use crate::words::{Mark, Words, words};

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

const DEPTH_MAX: u8 = 8;
const VIEWS_MAX: usize = 10_000;
const EXPANDED_MAX: usize = 64 * 1024 * 1024;
const EXPANDED_RATIO: usize = 32;
const EXPANDED_LEAST: usize = 4 * 1024 * 1024;
const FINDINGS_MAX: usize = 64;
/// Shortest token that is tried as an encoding.
pub const TOKEN_LEAST: usize = 12;
/// Shortest decoded token that can hold anything: nine digits of an SSN without its dashes.
const DECODED_LEAST: usize = 8;
const CHANCE_MAX: usize = 24;
const RAW_STREAM_LEAST: usize = 10;
/// Longest text that is folded whole, and how much around a change is kept of a longer one.
const FOLD_WHOLE_MAX: usize = 16 * 1024;
const FOLD_REACH: usize = 160;
/// Lifted values up to this long keep their label.
const LABELLED_MAX: usize = 512;
/// Views beyond this are not read backwards or by ROT13: an answer that long has its schema.
const MIRROR_MAX: usize = 256 * 1024;

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
    guesses: Vec<u8>,
    seen: HashSet<u64>,
    pub tokens_seen: HashSet<u64>,
    room: usize,
    verdict: Verdict,
    reported: HashSet<(&'static str, String)>,
}

fn printable(s: &[u8]) -> bool {
    let sample = &s[..s.len().min(4096)];
    let text = match std::str::from_utf8(sample) {
        Ok(_) => sample.len(),
        Err(e) if e.valid_up_to() + 4 > sample.len() => e.valid_up_to(),
        Err(_) => {
            return sample
                .iter()
                .filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
                .count()
                * 100
                >= sample.len() * 85;
        }
    };
    let control = sample[..text]
        .iter()
        .filter(|b| b.is_ascii_control() && !b.is_ascii_whitespace())
        .count();
    control * 100 <= text * 15
}

/// Bytes of a token that read as text by chance are short: those must read as text whole.
fn worth(data: &[u8]) -> bool {
    possible(data) && worth_whole(data)
}

/// The first bytes decide for nearly everything that is nothing.
fn possible(data: &[u8]) -> bool {
    let head = &data[..data.len().min(16)];
    let odd = head
        .iter()
        .filter(|b| !(b.is_ascii_graphic() || b.is_ascii_whitespace()))
        .count();
    odd * 2 <= head.len()
        || compressed(data)
        || matches!(head[0], 0x30 | 0x80..=0xbf | 0xd8..=0xdf | 0xfe | 0xff)
        || head.contains(&0)
        || objects::tagged(data)
        || std::str::from_utf8(&data[..data.len().min(64)]).is_ok()
}

fn worth_whole(data: &[u8]) -> bool {
    let marked = data.starts_with(&[0x1f, 0x8b, 8]) || data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    // A message of one string: tag, length and text that fills it.
    let message = matches!(data, [tag, length, rest @ ..] if tag & 7 == 2 && usize::from(*length) == rest.len() && rest.iter().all(|b| b.is_ascii_graphic() || *b == b' '));
    let message = message || data.len() < CHANCE_MAX && objects::protobuf(data).is_some();
    if data.len() < CHANCE_MAX && !marked && !message {
        return std::str::from_utf8(data).is_ok_and(|text| {
            text.chars()
                .all(|c| !c.is_control() || c == '\n' || c == '\t')
        });
    }
    message
        || contains(data, DER_KEYS)
        || compressed(data)
        || printable(data)
        || fold::wide(data).is_some()
        || looks_structured(data)
}

fn compressed(s: &[u8]) -> bool {
    matches!(
        s,
        [0x1f, 0x8b, ..]
            | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [b'P', b'K', 3, 4, ..]
    )
}

impl<'a> Scan<'a> {
    pub fn push(&mut self, parent: usize, codec: &'static str, data: Vec<u8>, source: usize) {
        self.push_segments(parent, codec, data, vec![Segment { start: 0, source }]);
    }

    fn push_segments(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: Vec<u8>,
        segments: Vec<Segment>,
    ) {
        if data.len() < 4 {
            return;
        }
        let mut hasher = DefaultHasher::new();
        data.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
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

    fn rewrite(&mut self, parent: usize, codec: &'static str, rewrite: escapes::Rewrite) {
        if rewrite.changes.is_empty() {
            return;
        }
        if codec != "fold" {
            self.bodies(parent, codec, &rewrite);
        }
        let segments = std::iter::once(Segment {
            start: 0,
            source: 0,
        })
        .chain(
            rewrite
                .changes
                .iter()
                .map(|&(start, source)| Segment { start, source }),
        )
        .collect();
        self.push_segments(parent, codec, rewrite.data, segments);
    }

    /// Look-alikes folded: the whole of a short text, the surroundings of the changes of a long one.
    fn folded(&mut self, at: usize, text: &[u8]) {
        if text.len() <= FOLD_WHOLE_MAX {
            self.rewrite(at, "fold", fold::fold(&String::from_utf8_lossy(text)));
            return;
        }
        let mut next = 0;
        while let Some(n) = text[next..].iter().position(|b| *b >= 0x80) {
            let from = (next + n).saturating_sub(FOLD_REACH).max(next);
            let mut end = next + n;
            let mut quiet = 0;
            while end < text.len() && quiet < FOLD_REACH {
                quiet = if text[end] >= 0x80 { 0 } else { quiet + 1 };
                end += 1;
            }
            let mut rewrite = fold::fold(&String::from_utf8_lossy(&text[from..end]));
            rewrite.changes.iter_mut().for_each(|c| c.1 += from);
            self.rewrite(at, "fold", rewrite);
            next = end;
        }
    }

    /// Bytes between quotes or spaces that escapes stood for, where they are no text.
    fn bodies(&mut self, parent: usize, codec: &'static str, rewrite: &escapes::Rewrite) {
        let (data, changes) = (&rewrite.data, &rewrite.changes);
        let mut k = 0;
        let mut from = 0;
        while k < changes.len() {
            // Up to the change at `k`: the last border that was in the source as it is.
            let place = changes[k].0;
            if let Some(n) = data[from..place]
                .iter()
                .rposition(|b| matches!(b, b'"' | b' ' | b'\n' | b'\'' | b'<' | b'>'))
            {
                from += n + 1;
            }
            let first = k;
            let mut end = place;
            while end < data.len() {
                let literal = k >= changes.len() || changes[k].0 > end;
                while k < changes.len() && changes[k].0 <= end {
                    k += 1;
                }
                if literal && matches!(data[end], b'"' | b' ' | b'\n' | b'\'' | b'<' | b'>') {
                    break;
                }
                end += 1;
            }
            let body = &data[from..end];
            if k - first >= 4
                && body.len() >= RAW_STREAM_LEAST
                && body.iter().any(|b| is_control(*b) || *b >= 0xf8)
            {
                self.token(parent, codec, Some(body.to_vec()), changes[first].1);
            }
            from = end;
            k = k.max(first + 1);
        }
    }

    /// A value lifted out of its place, with the label that stood before it.
    fn labelled(
        &mut self,
        at: usize,
        text: &[u8],
        codec: &'static str,
        data: &[u8],
        source: usize,
    ) {
        let (shift, out) = pieces::with_label(text, source, data);
        let segments = vec![
            Segment { start: 0, source },
            Segment {
                start: shift,
                source,
            },
        ];
        self.push_segments(at, codec, out, segments);
        if shift > 0 {
            self.push(at, codec, data.to_vec(), source);
        }
    }

    /// A decoded token is worth a view if it reads as text or is a known container.
    pub fn token(
        &mut self,
        parent: usize,
        codec: &'static str,
        data: Option<Vec<u8>>,
        source: usize,
    ) -> bool {
        match data {
            Some(data) if data.len() >= DECODED_LEAST && worth(&data) => {
                self.push(parent, codec, data, source);
                true
            }
            Some(data) if data.len() >= RAW_STREAM_LEAST => {
                self.raw_streams(parent, codec, &data, source)
            }
            _ => false,
        }
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
        if printable(data) && !data.iter().any(|b| is_control(*b)) {
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

    fn escapes(&mut self, at: usize, text: &[u8]) {
        if memchr(text, b'%') {
            self.rewrite(at, "percent", escapes::percent(text));
        }
        if memchr(text, b'&') {
            self.rewrite(at, "entities", escapes::entities(text));
        }
        if memchr(text, b'\\') {
            self.rewrite(at, "unescape", escapes::backslash(text));
        }
        if memchr(text, b'=') {
            self.rewrite(at, "quoted-printable", escapes::quoted_printable(text));
        }
        if memchr(text, b'+') {
            self.rewrite(at, "utf-7", escapes::utf7(text));
        }
    }

    fn text(&mut self, at: usize, text: &[u8], w: &Words) {
        let depth = self.views[at].depth;
        let turned = self.views[at].codec.ends_with("rot47");
        if !turned {
            self.escapes(at, text);
        }
        if !text.is_ascii() {
            self.folded(at, text);
        }
        for found in lists::codes(text)
            .into_iter()
            .chain(lists::hex_pairs(text))
            .chain(lists::spaced(text))
        {
            if !std::str::from_utf8(&found.data)
                .is_ok_and(|t| t.chars().all(|c| !c.is_control() || c.is_whitespace()))
            {
                self.token(at, found.codec, Some(found.data), found.source);
            } else {
                if found.data.len() <= LABELLED_MAX {
                    self.labelled(at, text, found.codec, &found.data, found.source);
                } else {
                    self.push(at, found.codec, found.data, found.source);
                }
            }
        }
        if w.marks
            .iter()
            .filter(|(m, ..)| *m == Mark::SpelledDigit)
            .count()
            >= 3
        {
            for (source, data) in spelled::digits(text) {
                self.labelled(at, text, "spelled", &data, source);
            }
        }
        let mut last = usize::MAX;
        for &(mark, start, _) in &w.marks {
            if matches!(mark, Mark::Dot | Mark::At) && (last == usize::MAX || start > last + 48) {
                last = start;
                let (source, data) = spelled::address(text, start);
                self.push(at, "spelled", data, source);
            }
        }
        self.tokens(at, text, w.marks.iter().any(|(m, ..)| *m == Mark::Ascii85));
        // Neither what was put together nor what was turned round is put together again.
        let joined = matches!(
            self.views[at].codec,
            "joined" | "columns" | "reversed" | "rot13" | "rot47"
        ) || self.views[at].codec.starts_with("values-");
        if memchr(text, b'"') && !joined {
            self.joins(at, text);
            if text.len() <= MIRROR_MAX {
                for (source, data) in pieces::by_key(text) {
                    self.push(at, "joined", data, source);
                }
            }
        }
        if depth < DEPTH_MAX
            && text.len() <= MIRROR_MAX
            && !matches!(
                self.views[at].codec,
                "reversed"
                    | "rot13"
                    | "rot47"
                    | "joined"
                    | "columns"
                    | "values-reversed"
                    | "values-rot13"
                    | "values-rot47"
            )
        {
            let small = text.len() <= 16 * 1024 && self.guesses[at] == 0;
            if small && depth <= 3 {
                let ways = [
                    ("values-reversed", pieces::Mirror::Reverse),
                    ("values-rot13", pieces::Mirror::Each(fold::rot13)),
                    ("values-rot47", pieces::Mirror::Each(fold::rot47)),
                ];
                for (codec, way) in ways {
                    if let Some(data) = pieces::mirrored(text, way) {
                        self.push(at, codec, data, 0);
                    }
                }
            }
            if small || !w.hidden.is_empty() {
                self.push(at, "reversed", text.iter().rev().copied().collect(), 0);
                self.push(
                    at,
                    "rot13",
                    text.iter().map(|b| fold::rot13(*b)).collect(),
                    0,
                );
                if small && depth <= 2 {
                    self.push(
                        at,
                        "rot47",
                        text.iter().map(|b| fold::rot47(*b)).collect(),
                        0,
                    );
                }
            }
        }
    }

    fn look(&mut self, at: usize, rules: &Rules, tables: &[(&'static str, &Table)]) {
        let data = std::mem::take(&mut self.views[at].data);
        if printable(&data) {
            if data.len() >= DECODED_LEAST && data.iter().any(|b| is_control(*b)) {
                self.binary(at, &data);
            }
            let w = words(&data);
            let mut found: Vec<(&'static str, &'static str, usize)> = Vec::new();
            let codec = self.views[at].codec;
            let mirrored = matches!(codec, "reversed" | "rot13" | "rot47" | "joined")
                || codec.starts_with("values-");
            detect(&data, &w, rules, &mut |kind, rule, start, _end| {
                // Chance matches grow with every transformed copy: there only strong rules count.
                if (!mirrored || strong(codec, kind, rule)) && found.len() < FINDINGS_MAX {
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

fn is_control(b: u8) -> bool {
    b.is_ascii_control() && !b.is_ascii_whitespace()
}

/// Heads of private keys in DER: PKCS #8 (RFC 5958) of Ed25519, X25519, RSA and EC, SEC 1.
const DER_KEYS: &[&[u8]] = &[
    b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
    b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20",
    b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82",
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x30\x77\x02\x01\x01\x04\x20",
    b"openssh-key-v1\x00",
];

fn contains(data: &[u8], needles: &[&[u8]]) -> bool {
    if !matches!(data.first(), Some(0x30 | b'o')) {
        return false;
    }
    let head = &data[..data.len().min(64)];
    needles
        .iter()
        .any(|n| head.windows(n.len()).any(|w| w == *n))
}

fn looks_structured(s: &[u8]) -> bool {
    // Maps and lists only: a lead byte says so.
    if !matches!(s.first(), Some(0x80..=0xbf | 0xd8..=0xdf)) {
        return objects::bson(s).is_some();
    }
    objects::cbor(s).is_some_and(|t| t.len() > 8 && matches!(t.first(), Some(b'{' | b'[')))
        || objects::msgpack(s)
            .is_some_and(|t| t.len() > 8 && matches!(t.first(), Some(b'{' | b'[')))
        || objects::bson(s).is_some()
}

fn memchr(text: &[u8], byte: u8) -> bool {
    text.contains(&byte)
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
        seen: HashSet::new(),
        tokens_seen: HashSet::new(),
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
