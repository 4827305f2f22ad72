//! What is found in one view: one pass over its words, numbers and marks.

use crate::bytes;
use crate::columns::columns;
use crate::identifiers;
use crate::keys;
use crate::numbers::Report;
use crate::path::string_end;
use crate::values;
use crate::words::{Mark, Words, vocabulary};

/// Options that the data owner's policy sets.
#[derive(Default)]
pub struct Rules {
    /// Further restricted keys, squeezed to lower-case letters and digits.
    pub keys: Vec<Vec<u8>>,
}

pub fn border(text: &[u8], at: usize) -> bool {
    at == 0 || !text[at - 1].is_ascii_alphanumeric()
}

/// The key around `at` and the value behind it: (key, value) as spans.
fn pair(text: &[u8], at: usize) -> Option<((usize, usize), (usize, usize))> {
    let word =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'.' | b'$' | b'@');
    let mut start = at
        - text[..at]
            .iter()
            .rev()
            .take(40)
            .take_while(|b| word(b))
            .count();
    let mut end = at + text[at..].iter().take(48).take_while(|b| word(b)).count();
    while start < end && !text[start].is_ascii_alphanumeric() {
        start += 1;
    }
    while end > start && !text[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let mut i = end;
    let mut separated = false;
    let mut limit = (end + 16).min(text.len());
    while i < limit {
        match text[i] {
            b':' | b'=' | b'>' | b'|' | b',' => separated = true,
            // A tag between a heading and its cell.
            b'<' if text[i..].iter().take(24).any(|b| *b == b'>') => {
                i += text[i..].iter().position(|b| *b == b'>').unwrap_or(0);
                limit = (i + 24).min(text.len());
                separated = true;
            }
            b'"' | b'\'' | b' ' | b'\t' | b'\\' | b']' | b'[' | b'`' | b'<' => {}
            // {"key":"ssn","value":"…"}
            b'v' | b'V' if text[i..].len() > 5 && text[i..i + 5].eq_ignore_ascii_case(b"value") => {
                i += 4
            }
            _ => break,
        }
        i += 1;
    }
    if !separated {
        return None;
    }
    let quoted = i > 0 && matches!(text[i - 1], b'"' | b'\'');
    let stop = if quoted && text[i - 1] == b'"' {
        string_end(text, i).min(i + 256)
    } else {
        let length = text[i..]
            .iter()
            .take(256)
            .take_while(|b| {
                !matches!(
                    b,
                    b',' | b'}' | b']' | b'\n' | b'\r' | b'<' | b'&' | b';' | b'|' | b'"' | b'\''
                )
            })
            .count();
        i + length
    };
    Some(((start, end), (i, stop.min(text.len()))))
}

fn trimmed(text: &[u8], (from, to): (usize, usize)) -> &[u8] {
    text[from..to].trim_ascii().trim_ascii_end()
}

/// `the patientId of the second patient is …`: only a value with a digit counts.
fn in_prose(text: &[u8], at: usize, rules: &Rules, report: &mut Report<'_>) {
    if !border(text, at) {
        return;
    }
    let end = token(text, at, |b| {
        b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
    });
    let Some(family) = keys::family(&text[at..end], &rules.keys) else {
        return;
    };
    let area = &text[end..(end + 48).min(text.len())];
    let verbs: [&[u8]; 4] = [b" is ", b" was ", b" equals ", b" reads "];
    let Some(from) = verbs
        .iter()
        .filter_map(|v| {
            area.windows(v.len())
                .position(|w| w == *v)
                .map(|n| end + n + v.len())
        })
        .min()
    else {
        return;
    };
    if text[end..from]
        .iter()
        .any(|b| matches!(b, b'.' | b'\n' | b';'))
    {
        return;
    }
    let stop = token(text, from, |b| {
        b.is_ascii_graphic() && !matches!(b, b',' | b'"')
    });
    let value = &text[from..stop];
    if matches!(family, crate::key_names::Family::Name) {
        let rest = token(text, from, |b| {
            b.is_ascii_alphabetic() || b" .'-".contains(&b) || b >= 0x80
        });
        let words: Vec<&[u8]> = text[from..rest].split(|b| *b == b' ').take(2).collect();
        if words.len() == 2
            && words
                .iter()
                .all(|w| w.len() > 1 && w[0].is_ascii_uppercase())
        {
            report("RESTRICTED_KEY", "name-prose", from, rest);
        }
        return;
    }
    if value.iter().any(u8::is_ascii_digit) && keys::counts(family, value) {
        report("RESTRICTED_KEY", "restricted-key-prose", from, stop);
    }
}

/// Words of a key: the longest run of them that ends at the separator may be the key.
fn restricted(text: &[u8], at: usize, rules: &Rules, report: &mut Report<'_>) {
    let Some((key, value)) = pair(text, at) else {
        return in_prose(text, at, rules, report);
    };
    let mut from = key.0;
    while from < key.1 && from <= at {
        if let Some(family) = keys::family(&text[from..key.1], &rules.keys) {
            if keys::counts(family, trimmed(text, value)) {
                let quoted = from > 0 && matches!(text[from - 1], b'"' | b'\'');
                let rule = if quoted {
                    "restricted-key-quoted"
                } else {
                    "restricted-key"
                };
                report("RESTRICTED_KEY", rule, value.0, value.1);
            }
            return;
        }
        // In prose the key is the last words of the phrase.
        match text[from..key.1].iter().position(|b| *b == b' ') {
            Some(space) => from += space + 1,
            None => return,
        }
    }
}

/// The policy's own keys are not in the automaton: every separator has its key looked at.
fn own_keys(text: &[u8], rules: &Rules, report: &mut Report<'_>) {
    for (i, b) in text.iter().enumerate() {
        if matches!(b, b':' | b'=' | b'>') {
            let gap = text[..i]
                .iter()
                .rev()
                .take(4)
                .take_while(|b| !b.is_ascii_alphanumeric())
                .count();
            if let Some(at) = i.checked_sub(gap + 1)
                && text[at].is_ascii_alphanumeric()
            {
                let start = at
                    - text[..at]
                        .iter()
                        .rev()
                        .take(40)
                        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
                        .count();
                restricted(text, start, rules, report);
            }
        }
    }
}

pub fn token(text: &[u8], at: usize, member: impl Fn(u8) -> bool) -> usize {
    at + text[at..]
        .iter()
        .take(16_384)
        .take_while(|b| member(**b))
        .count()
}

pub fn jwt(text: &[u8], at: usize) -> Option<usize> {
    let url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let head = token(text, at, url);
    (text.get(head) == Some(&b'.')).then_some(())?;
    let body = token(text, head + 1, url);
    (text.get(body) == Some(&b'.') && text[head + 1..].starts_with(b"eyJ")).then_some(())?;
    let end = token(text, body + 1, url);
    (end - body > 10 && border(text, at)).then_some(end)
}

/// scheme://user:password@host
pub fn credentials_in_url(text: &[u8], at: usize) -> Option<usize> {
    let end = token(text, at, |b| {
        b.is_ascii_graphic()
            && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'/' | b'?' | b'#' | b'\\')
    });
    let authority = &text[at..end];
    let host = authority.iter().rposition(|b| *b == b'@')?;
    let colon = authority[..host].iter().position(|b| *b == b':')?;
    let password = &authority[colon + 1..host];
    (password.len() >= 3 && !password.iter().all(|b| matches!(b, b'*' | b'x' | b'X')))
        .then_some(end)
}

/// Count of `wanted` words within `reach` bytes after `at`.
fn hits(text: &[u8], at: usize, reach: usize, wanted: &[&[u8]]) -> usize {
    let from = at.saturating_sub(reach / 4);
    let area = &text[from..(at + reach).min(text.len())];
    wanted.iter().filter(|w| bytes::holds_word(area, w)).count()
}

fn structure(
    mark: Mark,
    text: &[u8],
    start: usize,
    end: usize,
) -> Option<(&'static str, &'static str)> {
    let found = match mark {
        Mark::Hl7 => {
            let line = text[start..]
                .iter()
                .take(512)
                .take_while(|b| !matches!(b, b'\n' | b'\r'))
                .filter(|b| matches!(b, b'|' | b'^'))
                .count();
            let readable = text[start..]
                .iter()
                .take(48)
                .all(|b| *b >= 32 && *b != 127 || b.is_ascii_whitespace());
            line >= 4
                && readable
                && std::str::from_utf8(&text[start..(start + 4).min(text.len())]).is_ok()
                && border(text, start)
        }
        Mark::Fhir => {
            hits(text, end, 48, &[b"patient", b"relatedperson"]) > 0
                && hits(
                    text,
                    end,
                    2048,
                    &[
                        b"birthdate",
                        b"\"family",
                        b"\"given",
                        b"telecom",
                        b"\"identifier",
                        b"<family",
                        b"<given",
                        b"<birthdate",
                    ],
                ) >= 2
        }
        Mark::Cda => {
            hits(
                text,
                end,
                2048,
                &[
                    b"<family",
                    b"<given",
                    b"birthtime",
                    b"extension=",
                    b"<patient",
                ],
            ) >= 2
        }
        Mark::X12 => {
            text[start..]
                .iter()
                .take(256)
                .filter(|b| matches!(b, b'*' | b'|' | b'^' | b':'))
                .count()
                >= 5
                && hits(text, start, 512, &[b"nm1", b"dmg", b"n3", b"ref", b"clm"]) >= 1
                && border(text, start)
        }
        Mark::Mrz => {
            let line = token(text, start, |b| {
                b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<'
            });
            line - start >= 30 && text[start..line].windows(2).any(|w| w == b"<<")
        }
        _ => false,
    };
    let rule = match mark {
        Mark::Hl7 => "hl7-v2",
        Mark::Fhir => "fhir-patient",
        Mark::Cda => "cda-patient",
        Mark::X12 => "x12-member",
        _ => "mrz",
    };
    found.then_some(("HEALTH_RECORD", rule))
}

/// Reports (type, rule, start, end) for everything found in `text`.
pub fn detect(text: &[u8], w: &Words, rules: &Rules, report: &mut Report<'_>) {
    let v = vocabulary();
    for &(rule, start, end) in &w.secrets {
        if let Some((from, to)) = v.rules[rule].matches(text, start, end) {
            report("SECRET", v.rules[rule].name, from, to);
        }
    }
    for &(start, _) in &w.roots {
        restricted(text, start, rules, report);
    }
    columns(text, &w.roots, rules, report);
    if !rules.keys.is_empty() {
        own_keys(text, rules, report);
    }
    for &(mark, start, end) in &w.marks {
        match mark {
            Mark::PrivateKey => report("SECRET", "private-key", start, end),
            Mark::Jwt => {
                if text[start..].starts_with(b"eyJ")
                    && let Some(to) = jwt(text, start)
                {
                    report("SECRET", "jwt", start, to);
                }
            }
            Mark::Url => {
                if let Some(to) = credentials_in_url(text, end) {
                    report("SECRET", "url-credentials", start, to);
                }
            }
            Mark::Geo => {
                if let Some((from, to)) = identifiers::place(text, start) {
                    report("LOCATION", "coordinates", from, to);
                }
            }
            Mark::Hl7 | Mark::Fhir | Mark::Cda | Mark::X12 | Mark::Mrz => {
                if let Some((kind, rule)) = structure(mark, text, start, end) {
                    report(kind, rule, start, end);
                }
            }
            _ => {}
        }
    }
    values::values(text, w, report);
}
