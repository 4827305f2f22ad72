//! Values in pieces or behind a disguise, put back beside the label that says what they are.

use crate::path::string_end;

/// Longest label kept, bytes.
const LABEL_MAX: usize = 48;
/// Longest piece that counts as a part of a value, and most pieces of one.
const PIECE_MAX: usize = 24;
const PIECES_MAX: usize = 256;
const GROUPS_MAX: usize = 64;

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b >= 0x80
}

/// `{"label":"data"}` with the words in front of `at` as the label, for decoders that lift a value
/// out of its place.
pub fn with_label(text: &[u8], at: usize, data: &[u8]) -> (usize, Vec<u8>) {
    let head = &text[at.saturating_sub(LABEL_MAX)..at];
    let mut end = head.len();
    while end > 0 && !is_word(head[end - 1]) {
        // Another value or object in between: that label is not this one's.
        if matches!(head[end - 1], b'}' | b'{' | b'\n') {
            end = 0;
            break;
        }
        end -= 1;
    }
    let start = head[..end]
        .iter()
        .rposition(|b| !(is_word(*b) || *b == b' ' || *b == b'.'))
        .map_or(0, |n| n + 1);
    let mut label = head[start..end].trim_ascii().to_vec();
    for verb in [&b" is"[..], b" was", b" are"] {
        if label.ends_with(verb) {
            label.truncate(label.len() - verb.len());
        }
    }
    if let Some(rest) = label
        .strip_prefix(b"The ")
        .or_else(|| label.strip_prefix(b"the "))
    {
        label = rest.to_vec();
    }
    if label.is_empty() {
        return (0, data.to_vec());
    }
    let mut out = Vec::with_capacity(label.len() + data.len() + 8);
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(&label);
    out.extend_from_slice(b"\":\"");
    let shift = out.len();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\"}");
    (shift, out)
}

/// A key without the number at its end: `phone_2` and `phone` are one.
fn stem(key: &[u8]) -> &[u8] {
    let mut end = key.len();
    while end > 0
        && (key[end - 1].is_ascii_digit()
            || matches!(key[end - 1], b'_' | b'-' | b'.' | b'[' | b']'))
    {
        end -= 1;
    }
    for tail in [&b"part"[..], b"chunk", b"seg", b"piece", b"Part"] {
        if let Some(rest) = key[..end].strip_suffix(tail)
            && !rest.is_empty()
        {
            return stem(rest);
        }
    }
    if end == 0 { key } else { &key[..end] }
}

struct Group<'a> {
    label: &'a [u8],
    data: Vec<u8>,
    pieces: usize,
    source: usize,
}

fn put<'a>(groups: &mut Vec<Group<'a>>, label: &'a [u8], piece: &[u8], source: usize) {
    if label.is_empty() || piece.len() > PIECE_MAX {
        return;
    }
    if let Some(group) = groups.iter_mut().find(|g| g.label == label) {
        if group.pieces < PIECES_MAX {
            group.data.extend_from_slice(piece);
            group.pieces += 1;
        }
    } else if groups.len() < GROUPS_MAX {
        groups.push(Group {
            label,
            data: piece.to_vec(),
            pieces: 1,
            source,
        });
    }
}

/// Short strings under the same key (numbers at its end left out), joined in document order:
/// (place of the first, `{"label":"joined"}`).
pub fn by_key(text: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut key: &[u8] = b"";
    let mut i = 0;
    while i < text.len() {
        if text[i] == b'"' {
            let end = string_end(text, i + 1).min(text.len());
            let content = &text[(i + 1).min(end)..end];
            let mut next = end + 1;
            while text.get(next).is_some_and(u8::is_ascii_whitespace) {
                next += 1;
            }
            if text.get(next) == Some(&b':') {
                key = stem(content);
            } else {
                put(&mut groups, key, content, i + 1);
            }
            i = end;
        } else if text[i].is_ascii_digit()
            && i > 0
            && matches!(text[i - 1], b':' | b',' | b'[' | b' ')
        {
            let start = i;
            while i < text.len() && text[i].is_ascii_digit() {
                i += 1;
            }
            if !matches!(text.get(i), Some(b'.' | b'e' | b'E')) {
                put(&mut groups, key, &text[start..i], start);
            }
            continue;
        }
        i += 1;
    }
    groups
        .into_iter()
        .filter(|g| g.pieces >= 2 && g.data.len() >= 6)
        .map(|g| {
            let mut out = b"{\"".to_vec();
            out.extend_from_slice(g.label);
            out.extend_from_slice(b"\":\"");
            out.extend_from_slice(&g.data);
            out.extend_from_slice(b"\"}");
            (g.source, out)
        })
        .collect()
}

/// How values are mirrored while their keys stay.
#[derive(Clone, Copy)]
pub enum Mirror {
    Reverse,
    Each(fn(u8) -> u8),
}

/// The text with every string that is no key (or the rest of a line behind `: `) mirrored.
pub fn mirrored(text: &[u8], mirror: Mirror) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    let mut any = false;
    while i < text.len() {
        if text[i] != b'"' {
            out.push(text[i]);
            i += 1;
            continue;
        }
        let end = string_end(text, i + 1).min(text.len());
        let content = &text[(i + 1).min(end)..end];
        let key = text[(end + 1).min(text.len())..]
            .iter()
            .find(|b| !b.is_ascii_whitespace())
            == Some(&b':');
        out.push(b'"');
        if key {
            out.extend_from_slice(content);
        } else {
            any = true;
            let mut plain = Vec::with_capacity(content.len());
            let mut k = 0;
            while k < content.len() {
                if content[k] == b'\\' && matches!(content.get(k + 1), Some(b'"' | b'\\' | b'/')) {
                    k += 1;
                }
                plain.push(content[k]);
                k += 1;
            }
            match mirror {
                Mirror::Reverse => plain.reverse(),
                Mirror::Each(f) => plain.iter_mut().for_each(|b| *b = f(*b)),
            }
            out.extend(
                plain
                    .iter()
                    .map(|b| if matches!(b, b'"' | b'\\') { b'\'' } else { *b }),
            );
        }
        out.push(b'"');
        i = end + 1;
    }
    any.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_under_their_label() {
        let joined = by_key(br#"[{"i":0,"nif":"X827"},{"i":1,"nif":"6018"},{"i":2,"nif":"C"}]"#);
        assert!(joined.iter().any(|(_, t)| t == br#"{"nif":"X8276018C"}"#));
        let joined = by_key(br#"{"tel_0":"3035","tel_1":"6913","tel_2":"98"}"#);
        assert_eq!(joined[0].1, br#"{"tel":"3035691398"}"#);
        assert_eq!(
            mirrored(br#"{"a":"bc"}"#, Mirror::Reverse).unwrap(),
            br#"{"a":"cb"}"#
        );
        assert_eq!(
            with_label(b"{\"phone\":[67", 10, b"415").1,
            br#"{"phone":"415"}"#
        );
    }
}
