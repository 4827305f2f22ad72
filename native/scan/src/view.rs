//! Views: what one decoder made of another view, and where each part came from.

use crate::path;

/// One segment of a view: it starts at `start` and came from `source` in the parent view.
#[derive(Clone, Copy)]
pub struct Segment {
    pub start: usize,
    pub source: usize,
}

pub struct View<'a> {
    pub data: std::borrow::Cow<'a, [u8]>,
    pub parent: Option<usize>,
    /// Name of the decoder in the provenance, e.g. `base64`.
    pub codec: &'static str,
    pub depth: u8,
    pub segments: Vec<Segment>,
}

impl View<'_> {
    /// Place in the parent that `offset` of this view came from.
    pub fn source_of(&self, offset: usize) -> usize {
        let at = self.segments.partition_point(|s| s.start <= offset);
        if at == 0 {
            0
        } else {
            self.segments[at - 1].source
        }
    }

    /// Start of the segment that holds `offset`.
    fn segment_start(&self, offset: usize) -> usize {
        let at = self.segments.partition_point(|s| s.start <= offset);
        if at == 0 {
            0
        } else {
            self.segments[at - 1].start
        }
    }
}

/// Provenance of a place, e.g. `$.a.b > base64 > gzip > json $.patientId`.
pub fn provenance(views: &[View<'_>], mut view: usize, mut offset: usize) -> String {
    let mut parts = Vec::new();
    loop {
        let v = &views[view];
        let from = v.segment_start(offset);
        let inner = path::json_path(&v.data[from..], offset.saturating_sub(from));
        match v.parent {
            None => {
                parts.push(inner.unwrap_or_else(|| "$".to_owned()));
                break;
            }
            Some(parent) => {
                parts.push(match inner {
                    Some(p) if p != "$" => format!("{} > json {p}", v.codec),
                    _ => v.codec.to_owned(),
                });
                offset = v.source_of(offset);
                view = parent;
            }
        }
    }
    parts.reverse();
    parts.join(" > ")
}
