//! Values that say by themselves, or by the words around them, what they are: one walk over the places
//! where one may start.

use crate::blocks::{Block, Marks, WIDTH};
use crate::bytes;
use crate::detect::{border, token};
use crate::identifiers;
use crate::numbers::{self, Report};
use crate::vocab::ctx;
use crate::words::{Words, collect, near};

/// So many characters of Base64 on end are Base64, not a path or a list.
const BASE64_LEAST: usize = 48;

/// ICD-10 code beside a patient or a person.
fn diagnosis(text: &[u8], at: usize, w: &Words) -> Option<usize> {
    let code = text.get(at..at + 3)?;
    if !(code[0].is_ascii_uppercase()
        && code[1].is_ascii_digit()
        && code[2].is_ascii_alphanumeric()
        && border(text, at))
    {
        return None;
    }
    let mut end = at + 3;
    if text.get(end) == Some(&b'.') {
        end = token(text, end + 1, |b| b.is_ascii_alphanumeric());
    }
    if text.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // Three characters of Base64 are no code.
    let base = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let before = text[..at].iter().rev().take(BASE64_LEAST).take_while(base);
    let behind = text[end..].iter().take(BASE64_LEAST).take_while(base);
    if before.count() + behind.count() >= BASE64_LEAST {
        return None;
    }
    let from = at.saturating_sub(160);
    let around = collect(w, from, (end + 160).min(text.len()));
    (around & ctx::DIAGNOSIS != 0 && around & (ctx::PATIENT | ctx::MRN) != 0).then_some(end)
}

/// A calendar date behind a birth word.
fn birth(text: &[u8], at: usize, w: &Words) -> Option<usize> {
    let end = token(text, at, |b| {
        b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.')
    });
    let value = &text[at..end];
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    // `5 January 1980`
    if digits == value.len() && digits <= 2 && text.get(end) == Some(&b' ') {
        let month = token(text, end + 1, |b| b.is_ascii_alphabetic());
        let name = text[end + 1..month].to_ascii_lowercase();
        const MONTHS: [&[u8]; 12] = [
            b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
            b"dec",
        ];
        let year = text.get(month + 1..month + 5).unwrap_or(b"");
        if MONTHS.iter().any(|m| name.starts_with(m))
            && year.len() == 4
            && year.iter().all(u8::is_ascii_digit)
            && near(text, w, at, month + 5) & ctx::BIRTH != 0
        {
            return Some(month + 5);
        }
    }
    ((6..=8).contains(&digits) && value.len() >= 8 && near(text, w, at, end) & ctx::BIRTH != 0)
        .then_some(end)
}

/// House number, street and postal code: `42 Oak Street, Springfield, IL 62704`.
fn address(text: &[u8], at: usize, w: &Words) -> Option<usize> {
    let number = token(text, at, |b| b.is_ascii_digit());
    if number - at > 5
        || text.get(number) != Some(&b' ')
        || !text.get(number + 1)?.is_ascii_uppercase()
    {
        return None;
    }
    let reach = (number + 40).min(text.len());
    if collect(w, number, reach) & ctx::ADDRESS == 0 {
        return None;
    }
    let area = &text[number..(number + 96).min(text.len())];
    let state = area.windows(9).position(|s| {
        s[0] == b' '
            && s[1].is_ascii_uppercase()
            && s[2].is_ascii_uppercase()
            && s[3] == b' '
            && s[4..].iter().all(u8::is_ascii_digit)
    })?;
    Some(number + state + 9)
}

/// Places where a value may start: an `@`, a digit with neither letter nor digit before it, and a
/// letter so where what follows has a digit as near as an id of letters needs it, or the separators
/// of a hardware address.
#[inline(always)]
fn may_start(text: &[u8], at: usize, block: Block) -> u64 {
    let alnum = block.alnum();
    let starts = bytes::starts(text, at, alnum);
    let next = Block::at(text, at + WIDTH);
    let digits = u128::from(block.digit()) | u128::from(next.digit()) << WIDTH;
    // A digit among the 8, the 16, the 26, and the 52 characters from here.
    let two = digits | digits >> 1;
    let four = two | two >> 2;
    let eight = four | four >> 4;
    let sixteen = eight | eight >> 8;
    let fixed = sixteen | sixteen >> (bytes::FIXED_REACH - 16);
    let long = fixed | fixed >> (identifiers::LONG_MOST - bytes::FIXED_REACH);
    // Of all that is longer, the word alone counts.
    let run = u128::from(alnum) | u128::from(next.alnum()) << WIDTH;
    let run = run & run >> 1;
    let run = run & run >> 2;
    let run = run & run >> 4;
    let run = run & run >> 8;
    let run = run & run >> (identifiers::LONG_LEAST - 16);
    let mut may = (fixed | run & long) as u64;
    let separated = |n: usize| Block::at(text, at + n).any(b":-");
    let pairs = starts & !may & separated(2);
    if pairs != 0 {
        may |= pairs & separated(5) & separated(8);
    }
    block.equal(b'@') | starts & may
}

/// E-mail addresses, numbers and ids of letters and digits.
pub fn values(text: &[u8], w: &Words, report: &mut Report<'_>) {
    let mut places = Marks::new(text, may_start);
    let mut groups = Vec::new();
    let diagnoses = w.says(ctx::DIAGNOSIS) && w.says(ctx::PATIENT | ctx::MRN);
    let mut i = places.next(0);
    while i < text.len() {
        let b = text[i];
        if b == b'@' {
            if let Some((start, end)) = identifiers::email(text, i) {
                report("EMAIL", "email", start, end);
            }
            i += 1;
        } else if b.is_ascii_digit() {
            if w.says(ctx::BIRTH)
                && let Some(end) = birth(text, i, w)
            {
                report("BIRTH_DATE", "birth-date", i, end);
            }
            if w.says(ctx::ADDRESS)
                && let Some(end) = address(text, i, w)
            {
                report("ADDRESS", "street-address", i, end);
            }
            let next = numbers::phrase(text, i, w, &mut groups, report);
            let word = identifiers::word(text, i, w, report);
            i = if text.get(next).is_some_and(u8::is_ascii_alphabetic) {
                word
            } else {
                next
            }
            .max(i + 1);
        } else {
            if diagnoses && let Some(end) = diagnosis(text, i, w) {
                report("HEALTH_RECORD", "diagnosis-row", i, end);
            }
            i = identifiers::word(text, i, w, report);
        }
        i = places.next(i);
    }
}
