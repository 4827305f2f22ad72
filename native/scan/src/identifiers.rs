//! Identifiers of letters and digits: e-mail, IBAN, national and health ids, wallets, places.

use crate::bytes;
use crate::checks;
use crate::codec::base::{BASE58, radix};
use crate::numbers::Report;
use crate::vocab::ctx;
use crate::words::{Words, near};
use sha2::{Digest, Sha256};

fn email_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b".!#$&'*+/=?^_`|~-%".contains(&b) || b >= 0x80
}

/// Endings of files and of code that stand behind an `@` without being a domain.
const NO_DOMAIN: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"ts", b"html", b"json", b"md",
];

/// The address around the `@` at `at`: its span, if there is one.
pub fn email(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let local = text[..at]
        .iter()
        .rev()
        .take(64)
        .take_while(|b| email_local(**b))
        .count();
    if local == 0 {
        return None;
    }
    let start = at - local;
    let rest = &text[at + 1..];
    let length = rest
        .iter()
        .take(253)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-') || **b >= 0x80)
        .count();
    let mut domain = &rest[..length];
    while let [head @ .., b'.' | b'-'] = domain {
        domain = head;
    }
    let last = domain.iter().rposition(|b| *b == b'.')?;
    let tld = &domain[last + 1..];
    let lower = tld.to_ascii_lowercase();
    if last == 0
        || tld.len() < 2
        || !tld.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80)
        || NO_DOMAIN.contains(&&lower[..])
    {
        return None;
    }
    // The address of a code host in a clone URL names nobody.
    if &text[start..at] == b"git" {
        return None;
    }
    Some((start, at + 1 + domain.len()))
}

/// Letters and digits with single separators taken out, in capitals, and where each ends.
struct Compact {
    value: [u8; 34],
    /// Counted from the first: at most a separator each.
    ends: [u8; 34],
    len: usize,
}

/// At most `most` (34 or fewer) of them from `at`.
fn compact(text: &[u8], at: usize, most: usize) -> Compact {
    let mut out = Compact {
        value: [0; 34],
        ends: [0; 34],
        len: 0,
    };
    let mut i = at;
    while i < text.len() && out.len < most {
        if text[i].is_ascii_alphanumeric() {
            out.value[out.len] = text[i].to_ascii_uppercase();
            out.ends[out.len] = (i + 1 - at) as u8;
            out.len += 1;
        } else if !(matches!(text[i], b' ' | b'-' | b'.')
            && i > at
            && text[i - 1].is_ascii_alphanumeric())
        {
            break;
        }
        i += 1;
    }
    out
}

/// No letter, digit or further dashed group behind: a part of a UUID is no id.
fn ends_word(text: &[u8], end: usize) -> bool {
    let alphanumeric = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    !(alphanumeric(end) || text.get(end) == Some(&b'-') && alphanumeric(end + 1))
}

fn starts_word(text: &[u8], at: usize) -> bool {
    !(at >= 2 && text[at - 1] == b'-' && text[at - 2].is_ascii_alphanumeric())
}

/// Written solid, or in groups of four with a shorter last one.
fn grouped_by_four(text: &[u8], at: usize, end: usize) -> bool {
    let mut groups = text[at..end].split(|b| matches!(b, b' ' | b'-' | b'.'));
    let Some(last) = groups.next_back() else {
        return false;
    };
    groups.clone().next().is_none() || last.len() <= 4 && groups.all(|g| g.len() == 4)
}

const IBAN_LEAST: usize = 15;
const IBAN_MOST: usize = 34;

fn iban(text: &[u8], at: usize) -> Option<usize> {
    let head = text.get(at..at + 2)?;
    if !head.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    if !text.get(at + 2..at + 4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let c = compact(text, at, IBAN_MOST);
    let value = &c.value[..c.len];
    let end = |n: usize| at + usize::from(c.ends[n - 1]);
    if value.len() < IBAN_LEAST || !value[2].is_ascii_digit() || !value[3].is_ascii_digit() {
        return None;
    }
    (IBAN_LEAST..=value.len())
        .find(|n| {
            ends_word(text, end(*n))
                && grouped_by_four(text, at, end(*n))
                && checks::iban(&value[..*n])
        })
        .map(end)
}

type Check = fn(&[u8]) -> bool;

/// Ids of a fixed length: name, characters, context that must be near (0: none), check.
const FIXED: &[(&str, &str, usize, u32, Check)] = &[
    (
        "NATIONAL_ID",
        "it-codice-fiscale",
        16,
        0,
        checks::codice_fiscale,
    ),
    ("NATIONAL_ID", "us-mbi", 11, 0, checks::mbi),
    ("NATIONAL_ID", "uk-nino", 9, 0, checks::nino),
    ("NATIONAL_ID", "sg-nric", 9, 0, checks::nric),
    (
        "NATIONAL_ID",
        "es-nif",
        9,
        ctx::NATIONAL | ctx::PERSON | ctx::PATIENT,
        checks::nif,
    ),
    ("NATIONAL_ID", "us-dea", 9, ctx::DEA, checks::dea),
    (
        "NATIONAL_ID",
        "in-pan",
        10,
        ctx::NATIONAL | ctx::PERSON,
        pan,
    ),
    ("DEVICE_ID", "vin", 17, ctx::VIN, checks::vin),
    ("NATIONAL_ID", "passport", 9, ctx::PASSPORT, document),
    ("NATIONAL_ID", "driver-licence", 8, ctx::LICENCE, document),
];

fn pan(s: &[u8]) -> bool {
    s.len() == 10
        && s[..5].iter().all(u8::is_ascii_alphabetic)
        && s[5..9].iter().all(u8::is_ascii_digit)
        && s[9].is_ascii_alphabetic()
}

fn document(s: &[u8]) -> bool {
    s.iter().filter(|b| b.is_ascii_digit()).count() >= 6
}

/// The longest of them, characters.
const FIXED_MOST: usize = 17;

/// `length`: of the word at `at`.
fn starts_fixed(text: &[u8], at: usize, length: usize, w: &Words, report: &mut Report<'_>) {
    // None ends within a word; only separators let one go on.
    let goes_on = matches!(text.get(at + length), Some(b' ' | b'-' | b'.'));
    let fits = matches!(length, 8..=11 | 16 | 17);
    if length > FIXED_MOST || !(goes_on || fits) {
        return;
    }
    // Every one of them has four digits or more.
    if bytes::digits(text, at, bytes::FIXED_REACH) < 4 {
        return;
    }
    let c = compact(text, at, FIXED_MOST);
    let value = &c.value[..c.len];
    let end = |n: usize| at + usize::from(c.ends[n - 1]);
    for (kind, rule, length, context, check) in FIXED {
        if value.len() < *length || !ends_word(text, end(*length)) || !check(&value[..*length]) {
            continue;
        }
        // Prose in capitals is no id: at least two digits.
        if value[..*length]
            .iter()
            .filter(|b| b.is_ascii_digit())
            .count()
            < 2
        {
            continue;
        }
        if *context != 0 && near(text, w, at, end(*length)) & context == 0 {
            continue;
        }
        report(kind, rule, at, end(*length));
        return;
    }
}

const BECH32: &[u8] = b"023456789acdefghjklmnpqrstuvwxyz";

/// Shortest of them: Bech32.
const WALLET_LEAST: usize = 39;

fn wallet(token: &[u8]) -> Option<&'static str> {
    if token.len() < WALLET_LEAST {
        return None;
    }
    const HEADS: [&[u8]; 6] = [b"bc1", b"tb1", b"ltc1", b"BC1", b"addr1", b"cosmos1"];
    let bech32 = HEADS.iter().find(|head| token.starts_with(head));
    if let Some(head) = bech32
        && (39..=110).contains(&token.len())
        && token[head.len()..]
            .iter()
            .all(|b| BECH32.contains(&b.to_ascii_lowercase()))
    {
        return Some("btc-bech32");
    }
    // EIP-55 mixes the case of letters by a hash; lower case alone needs its context.
    if token.len() == 95
        && matches!(token[0], b'4' | b'8')
        && token.iter().all(|b| BASE58.contains(b))
    {
        return Some("monero-address");
    }
    let hex = token.strip_prefix(b"0x").unwrap_or(b"");
    let count = |f: fn(&u8) -> bool| hex.iter().filter(|b| f(b)).count();
    if hex.len() == 40
        && hex.iter().all(u8::is_ascii_hexdigit)
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
    {
        return Some("eth-checksummed");
    }
    if token.len() == 42 && token.starts_with(b"0x") && token[2..].iter().all(u8::is_ascii_hexdigit)
    {
        return Some("eth-address");
    }
    None
}

/// Shortest and longest text of Base58Check; the other long ids have a digit within the longest.
pub const LONG_LEAST: usize = 26;
pub const LONG_MOST: usize = 52;

/// Base58Check of an address (25 bytes) or of a private key in WIF (37 or 38): the last four bytes
/// are a double SHA-256 of the others, so that the version says only which.
fn base58check(token: &[u8]) -> Option<(&'static str, &'static str)> {
    let address = (LONG_LEAST..=36).contains(&token.len());
    let key = matches!(token.len(), 51 | LONG_MOST) && b"5KL9cTQ6".contains(&token[0]);
    let mixed = || token.iter().any(u8::is_ascii_digit) && token.iter().any(u8::is_ascii_uppercase);
    if !(address || key) || !mixed() {
        return None;
    }
    let mut data = radix(token, BASE58, true)?;
    let least = if address { 25 } else { 37 };
    while data.len() < least {
        data.insert(0, 0);
    }
    let body = data.len().checked_sub(4)?;
    let fits = data.len() <= least + 1
        && Sha256::digest(Sha256::digest(&data[..body]))[..4] == data[body..];
    fits.then_some(if address {
        ("CRYPTO", "base58check-address")
    } else {
        ("SECRET", "wallet-key")
    })
}

/// Six pairs of hex digits with one separator, beside a device word.
fn mac(text: &[u8], at: usize, w: &Words) -> Option<usize> {
    let address = text.get(at..at + 17)?;
    let separator = address[2];
    let shape = matches!(separator, b':' | b'-')
        && address.iter().enumerate().all(|(i, b)| {
            if i % 3 == 2 {
                *b == separator
            } else {
                b.is_ascii_hexdigit()
            }
        });
    (shape && ends_word(text, at + 17) && near(text, w, at, at + 17) & ctx::DEVICE != 0)
        .then_some(at + 17)
}

/// Looks at the word that starts at `at`. Returns where the next word can start.
pub fn word(text: &[u8], at: usize, w: &Words, report: &mut Report<'_>) -> usize {
    let length = bytes::word_end(text, at) - at;
    let token = &text[at..at + length];
    if !starts_word(text, at) {
        return at + length.max(1);
    }
    if length == 2
        && let Some(end) = mac(text, at, w)
    {
        report("DEVICE_ID", "mac-address", at, end);
        return end;
    }
    if length >= LONG_LEAST
        && let Some((kind, rule)) = base58check(token)
    {
        report(kind, rule, at, at + length);
        return at + length;
    }
    if token[0].is_ascii_alphabetic() || length >= 9 {
        if let Some(end) = iban(text, at) {
            report("IBAN", "iban", at, end);
            return end;
        }
        starts_fixed(text, at, length, w, report);
        if let Some(rule) = wallet(token)
            && (rule != "eth-address" || near(text, w, at, at + length) & ctx::CRYPTO != 0)
        {
            report("CRYPTO", rule, at, at + length);
        }
    } else if token.iter().any(u8::is_ascii_alphabetic) {
        starts_fixed(text, at, length, w, report);
    }
    at + length.max(1)
}

/// `40°42'46"N`: degrees, minutes and a point of the compass around the sign at `at`.
fn sexagesimal(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let digits = text[..at]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let after = text.get(at + "°".len()..)?;
    let area = &after[..after.len().min(24)];
    let minutes = area
        .iter()
        .skip_while(|b| **b == b' ')
        .take_while(|b| b.is_ascii_digit())
        .count();
    let compass = area.iter().any(|b| matches!(b, b'N' | b'S' | b'E' | b'W'));
    ((1..=3).contains(&digits) && (1..=2).contains(&minutes) && compass)
        .then_some((at - digits, at + area.len()))
}

/// A decimal degree with at least four places at `at`: its end.
fn degree(text: &[u8], at: usize) -> Option<(f64, usize)> {
    let length = text[at..]
        .iter()
        .take(14)
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        .count();
    let number = std::str::from_utf8(&text[at..at + length]).ok()?;
    let places = number.split_once('.')?.1.len();
    (places >= 4).then_some(())?;
    Some((number.parse().ok()?, at + length))
}

/// A pair of coordinates within 48 bytes behind a place word.
pub fn place(text: &[u8], from: usize) -> Option<(usize, usize)> {
    if text[from..].starts_with("°".as_bytes())
        && let Some(found) = sexagesimal(text, from)
    {
        return Some(found);
    }
    // A GeoJSON geometry of public places is harmless; one of a person has its words around.
    let head = &text[from.saturating_sub(64)..from];
    let geometry = [
        &b"\"Point\""[..],
        b"\"geometry\"",
        b"Polygon\"",
        b"LineString\"",
        b"\"MultiPoint\"",
    ]
    .iter()
    .any(|name| head.windows(name.len()).any(|w| w == *name));
    if geometry {
        let around = &text[from.saturating_sub(320)..(from + 320).min(text.len())];
        let personal = [
            &b"patient"[..],
            b"home",
            b"person",
            b"user",
            b"device",
            b"mrn",
            b"residence",
        ]
        .iter()
        .any(|word| bytes::holds_word(around, word));
        if !personal {
            return None;
        }
    }
    let limit = (from + 96).min(text.len());
    let mut found: Option<(f64, usize)> = None;
    let mut i = from;
    while i < limit {
        if (text[i].is_ascii_digit() || text[i] == b'-')
            && let Some((value, end)) = degree(text, i)
        {
            match found {
                Some((lat, start)) if lat.abs() <= 90.0 && value.abs() <= 180.0 => {
                    return Some((start, end));
                }
                _ => found = Some((value, i)),
            }
            i = end;
        }
        i += 1;
    }
    None
}
