//! gzip, zlib, raw deflate, brotli, zstd, zip and tar, each under a bound on its output.

use super::dry_run;
use super::probe::{self, Bits, First};
use flate2::{Decompress, FlushDecompress, Status};
use std::io::Read;

/// Largest ratio of output to input that is still decoded.
pub const MAX_RATIO: usize = 200;

pub enum Outcome {
    Bytes(Vec<u8>),
    /// The output is over its bound: the caller fails closed.
    TooLarge,
    Not,
}

fn bound(input: usize, room: usize) -> usize {
    room.min(input.saturating_mul(MAX_RATIO).max(4096))
}

/// Inflates `s`; `whole` demands that the input is used up (for streams without a magic).
pub(super) fn inflate(s: &[u8], zlib: bool, whole: bool, room: usize) -> Outcome {
    let limit = bound(s.len(), room);
    let mut d = Decompress::new(zlib);
    let mut out = Vec::with_capacity((s.len() * 4).clamp(256, limit.max(256)));
    loop {
        let before = (d.total_in(), d.total_out());
        let used = d.total_in() as usize;
        let status = d.decompress_vec(&s[used..], &mut out, FlushDecompress::None);
        match status {
            Ok(Status::StreamEnd) => {
                let rest = s.len() - d.total_in() as usize;
                return if whole && rest > 0 {
                    Outcome::Not
                } else {
                    Outcome::Bytes(out)
                };
            }
            Err(_) if out.is_empty() || whole => return Outcome::Not,
            Err(_) => return Outcome::Bytes(out),
            Ok(_) => {}
        }
        if out.len() > limit {
            return Outcome::TooLarge;
        }
        if out.len() == out.capacity() {
            out.reserve(out.len().max(256));
        } else if before == (d.total_in(), d.total_out()) {
            // A truncated stream still shows what it held.
            return if out.is_empty() || whole {
                Outcome::Not
            } else {
                Outcome::Bytes(out)
            };
        }
    }
}

pub fn deflate(s: &[u8], room: usize) -> Outcome {
    if !probe::deflate(s) || !dry_run::deflate(s, bound(s.len(), room)) {
        return Outcome::Not;
    }
    inflate(s, false, true, room)
}

pub fn zlib(s: &[u8], room: usize) -> Outcome {
    inflate(s, true, false, room)
}

/// RFC 1952: header with its optional fields, then deflate; further members are ignored here.
pub fn gzip(s: &[u8], room: usize) -> Outcome {
    if s.len() < 12 || s[2] != 8 {
        return Outcome::Not;
    }
    let flags = s[3];
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(s[at]) + (usize::from(s[at + 1]) << 8);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            match s.get(at..).and_then(|r| r.iter().position(|&b| b == 0)) {
                Some(n) => at += n + 1,
                None => return Outcome::Not,
            }
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    match s.get(at..) {
        Some(body) => inflate(body, false, false, room),
        None => Outcome::Not,
    }
}

fn read_bounded(mut reader: impl Read, input: usize, room: usize) -> Outcome {
    let limit = bound(input, room);
    let mut out = Vec::new();
    let mut chunk = [0u8; 1024];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Outcome::Bytes(out),
            Ok(n) => out.extend_from_slice(&chunk[..n]),
            Err(_) => return Outcome::Not,
        }
        if out.len() > limit {
            return Outcome::TooLarge;
        }
    }
}

pub fn brotli(s: &[u8], room: usize) -> Outcome {
    let mut bits = Bits { s, at: 0 };
    match probe::first(&mut bits) {
        None => Outcome::Not,
        Some(First::Block { last, length }) if !dry_run::brotli(&mut bits, last, length, room) => {
            Outcome::Not
        }
        Some(_) => unbrotli(s, room),
    }
}

/// Can `s` be a stream without a magic? What cannot is told without a decoder.
pub fn may_be_raw(s: &[u8], room: usize) -> bool {
    if probe::deflate(s) && dry_run::deflate(s, bound(s.len(), room)) {
        return true;
    }
    let mut bits = Bits { s, at: 0 };
    match probe::first(&mut bits) {
        None => false,
        Some(First::Block { last, length }) => dry_run::brotli(&mut bits, last, length, room),
        Some(First::Metadata) => true,
    }
}

pub(super) fn unbrotli(s: &[u8], room: usize) -> Outcome {
    // Small buffers: most candidates are not brotli and fail within bytes.
    let outcome = read_bounded(
        brotli_decompressor::Decompressor::new(s, 512),
        s.len(),
        room,
    );
    match outcome {
        Outcome::Bytes(b) if b.is_empty() => Outcome::Not,
        other => other,
    }
}

/// Windows above 8 MiB are not accepted (RFC 8878 recommends it as a limit for decoders).
pub fn zstd(s: &[u8], room: usize) -> Outcome {
    match ruzstd::decoding::StreamingDecoder::new(s) {
        Ok(decoder) => read_bounded(decoder, s.len(), room),
        Err(_) => Outcome::Not,
    }
}

/// Members of a zip, found by their local headers (a missing directory hides nothing).
pub fn zip(s: &[u8], room: usize) -> Result<Vec<(usize, Vec<u8>)>, ()> {
    let mut out = Vec::new();
    let mut left = room;
    let mut at = 0;
    let u16le = |i: usize| usize::from(s[i]) | usize::from(s[i + 1]) << 8;
    while let Some(found) = s
        .get(at..)
        .and_then(|r| r.windows(4).position(|w| w == b"PK\x03\x04"))
    {
        let h = at + found;
        if h + 30 > s.len() {
            break;
        }
        let method = u16le(h + 8);
        let size = u16le(h + 18) | u16le(h + 20) << 16;
        let body = h + 30 + u16le(h + 26) + u16le(h + 28);
        let name_end = (h + 30 + u16le(h + 26)).min(s.len());
        out.push((h, s[h + 30..name_end].to_vec()));
        let Some(rest) = s.get(body..) else { break };
        let data = if size > 0 && size <= rest.len() {
            &rest[..size]
        } else {
            rest
        };
        match method {
            0 => out.push((body, data.to_vec())),
            8 => match inflate(data, false, false, left) {
                Outcome::Bytes(b) => {
                    left = left.saturating_sub(b.len());
                    out.push((body, b));
                }
                Outcome::TooLarge => return Err(()),
                Outcome::Not => {}
            },
            // Encrypted or exotic methods cannot be looked into.
            _ => return Err(()),
        }
        if out.len() > 4096 {
            return Err(());
        }
        at = if size > 0 {
            body + size.min(rest.len())
        } else {
            body
        };
    }
    Ok(out)
}

/// Members of a POSIX tar (ustar).
pub fn tar(s: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at + 512 <= s.len() && s[at] != 0 {
        let size = s[at + 124..at + 136]
            .iter()
            .filter(|b| (b'0'..=b'7').contains(b))
            .fold(0usize, |n, &b| n.saturating_mul(8) + usize::from(b - b'0'));
        let end = (at + 512).saturating_add(size).min(s.len());
        out.push((at + 512, s[at + 512..end].to_vec()));
        at = at.saturating_add(512 + size.div_ceil(512) * 512);
    }
    out
}
