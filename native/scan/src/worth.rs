//! Is what a decoder made worth a view? The first bytes decide for nearly everything.

use crate::blocks::{self, Block};
use crate::bytes;
use crate::codec::{fold, objects};

pub const CHANCE_MAX: usize = 24;

pub fn printable(s: &[u8]) -> bool {
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
pub fn worth(data: &[u8]) -> bool {
    possible(data) && worth_whole(data)
}

/// The first bytes decide for nearly everything that is nothing.
fn possible(data: &[u8]) -> bool {
    let head = &data[..data.len().min(16)];
    bytes::odd(data) as usize * 2 <= head.len()
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

pub fn compressed(s: &[u8]) -> bool {
    matches!(
        s,
        [0x1f, 0x8b, ..]
            | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [b'P', b'K', 3, 4, ..]
    )
}

pub fn is_control(b: u8) -> bool {
    b.is_ascii_control() && !b.is_ascii_whitespace()
}

pub fn holds_control(text: &[u8]) -> bool {
    let control = |at: usize, block: Block| {
        let bits = block.within(0, 31) & !block.any(b"\t\n\x0c\r") | block.equal(127);
        // Zeros beyond the end are none.
        let left = text.len() - at;
        if left < blocks::WIDTH {
            bits & !(u64::MAX << left)
        } else {
            bits
        }
    };
    blocks::find(text, 0, control) < text.len()
}

/// Heads of private keys in DER: PKCS #8 (RFC 5958) of Ed25519, X25519, RSA and EC, SEC 1.
pub const DER_KEYS: &[&[u8]] = &[
    b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
    b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20",
    b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82",
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x30\x77\x02\x01\x01\x04\x20",
    b"openssh-key-v1\x00",
];

pub fn contains(data: &[u8], needles: &[&[u8]]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for byte in 0..=255u8 {
            for at in [0, 5, 63, 64, 99] {
                let mut text = [b'a'; 100];
                text[at] = byte;
                assert_eq!(holds_control(&text), is_control(byte));
            }
        }
        assert!(!holds_control(b""));
    }
}
