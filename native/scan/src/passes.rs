//! What is tried on a view that reads as text: escapes, foldings, lists, pieces and mirrors.

use crate::blocks;
use crate::bytes;
use crate::codec::{escapes, fold, lists, spelled};
use crate::engine::{DEPTH_MAX, RAW_STREAM_LEAST, Scan};
use crate::pieces;
use crate::view::Segment;
use crate::words::{Mark, Words};
use crate::worth::is_control;

/// Longest text that is folded whole, and how much around a change is kept of a longer one.
const FOLD_WHOLE_MAX: usize = 16 * 1024;
const FOLD_REACH: usize = 160;
/// Lifted values up to this long keep their label.
const LABELLED_MAX: usize = 512;
/// Views beyond this are not read backwards or by ROT13: an answer that long has its schema.
const MIRROR_MAX: usize = 256 * 1024;

impl Scan<'_> {
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
        loop {
            let mut end = bytes::find_high(text, next);
            if end == text.len() {
                break;
            }
            let from = end.saturating_sub(FOLD_REACH).max(next);
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

    fn escapes(&mut self, at: usize, text: &[u8]) {
        if blocks::holds(text, b'%') {
            self.rewrite(at, "percent", escapes::percent(text));
        }
        if blocks::holds(text, b'&') {
            self.rewrite(at, "entities", escapes::entities(text));
        }
        if blocks::holds(text, b'\\') {
            self.rewrite(at, "unescape", escapes::backslash(text));
        }
        if blocks::holds(text, b'=') {
            self.rewrite(at, "quoted-printable", escapes::quoted_printable(text));
        }
        if blocks::holds(text, b'+') {
            self.rewrite(at, "utf-7", escapes::utf7(text));
        }
    }

    pub fn text(&mut self, at: usize, text: &[u8], w: &Words) {
        let depth = self.views[at].depth;
        let way = self.way(at);
        if !way.ends_with("rot47") {
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
        let joined = matches!(way, "joined" | "columns" | "reversed" | "rot13" | "rot47")
            || way.starts_with("values-");
        if blocks::holds(text, b'"') && !joined {
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
                way,
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
}
