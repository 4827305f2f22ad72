//! Numbers: phrases of digit groups and what they are, by grouping, check digit and context.

use crate::checks;
use crate::vocab::ctx;
use crate::words::{Words, near};

#[derive(Clone, Copy)]
struct Group {
    start: usize,
    len: usize,
    /// Separator before it: 0 for the first, else the last separator byte.
    sep: u8,
    /// More than one separator byte, such as `) ` or ` - `.
    wide: bool,
}

pub type Report<'r> = dyn FnMut(&'static str, &'static str, usize, usize) + 'r;

/// Most groups of one phrase that are looked at together; a longer phrase is continued.
const MAX_GROUPS: usize = 32;

/// Reads the phrase of digit groups at `at` (a digit). Returns where it ends.
pub fn phrase(text: &[u8], at: usize, w: &Words, report: &mut Report<'_>) -> usize {
    let mut groups = [Group {
        start: 0,
        len: 0,
        sep: 0,
        wide: false,
    }; MAX_GROUPS];
    let mut n = 0;
    let mut i = at;
    let (mut sep, mut wide) = (0, false);
    let mut resume = usize::MAX;
    while n < MAX_GROUPS {
        let start = i;
        while i < text.len() && text[i].is_ascii_digit() {
            i += 1;
        }
        groups[n] = Group {
            start,
            len: i - start,
            sep,
            wide,
        };
        n += 1;
        let mut j = i;
        while j < text.len()
            && j - i < 3
            && matches!(text[j], b' ' | b'-' | b'.' | b'(' | b')' | b'/')
        {
            j += 1;
        }
        if j == i || !text.get(j).is_some_and(u8::is_ascii_digit) {
            break;
        }
        wide = j - i > 1;
        sep = text[j - 1];
        if wide {
            sep = *text[i..j].iter().find(|b| **b != b' ').unwrap_or(&b' ');
        }
        i = j;
        if n == MAX_GROUPS / 2 {
            resume = j;
        }
    }
    let groups = &groups[..n];
    let before = if at == 0 { 0 } else { text[at - 1] };
    // A digit run glued to a letter is part of a word; `.5` or `1e-9` is part of a number.
    let glued = before.is_ascii_alphabetic() || before >= 128;
    let after = text.get(i).copied().unwrap_or(0);
    let tail_glued = after.is_ascii_alphabetic() || after == b'_';
    let mut k = 0;
    while k < n {
        if !(k == 0 && glued) {
            k += judge(text, groups, k, tail_glued, w, report).max(1);
        } else {
            k += 1;
        }
    }
    if n == MAX_GROUPS && resume != usize::MAX {
        resume
    } else {
        i.max(at + 1)
    }
}

struct Here<'a> {
    text: &'a [u8],
    groups: &'a [Group],
    k: usize,
    tail_glued: bool,
}

impl Here<'_> {
    /// The lengths of the next groups are exactly `lens`, all separated by one of `seps`, with
    /// borders on both sides.
    fn shape(&self, lens: &[usize], seps: &[u8]) -> bool {
        let g = &self.groups[self.k..];
        if g.len() < lens.len() || !g.iter().zip(lens).all(|(g, l)| g.len == *l) {
            return false;
        }
        let inner = &g[1..lens.len()];
        inner.iter().all(|g| seps.contains(&g.sep)) && self.borders(lens.len())
    }

    /// Same separator between all of the next `n` groups.
    fn uniform(&self, n: usize) -> bool {
        let g = &self.groups[self.k + 1..self.k + n];
        g.iter().all(|x| x.sep == g[0].sep && !x.wide)
    }

    fn borders(&self, n: usize) -> bool {
        let first = &self.groups[self.k];
        let left = self.k == 0
            && !matches!(self.previous(first.start), b'.' | b'-' if self.digit_before(first.start))
            || self.k > 0 && matches!(first.sep, b' ' | b'/' | b'(' | b')');
        let right = match self.groups.get(self.k + n) {
            Some(next) => matches!(next.sep, b' ' | b'/' | b'(' | b')') || next.wide,
            None => !self.tail_glued && !self.dash_word(n),
        };
        left && right
    }

    /// Part of a UUID or another dashed word: `-` and a letter or digit follow.
    fn dash_word(&self, n: usize) -> bool {
        let last = &self.groups[self.k + n - 1];
        let end = last.start + last.len;
        self.text.get(end) == Some(&b'-')
            && self
                .text
                .get(end + 1)
                .is_some_and(u8::is_ascii_alphanumeric)
    }

    fn previous(&self, at: usize) -> u8 {
        if at == 0 { 0 } else { self.text[at - 1] }
    }

    /// A separator with a letter or digit before it continues a dashed word or a decimal.
    fn digit_before(&self, at: usize) -> bool {
        at >= 2 && self.text[at - 2].is_ascii_alphanumeric()
    }

    fn join(&self, n: usize, out: &mut [u8; 40]) -> usize {
        let mut len = 0;
        for g in &self.groups[self.k..self.k + n] {
            if len + g.len > 40 {
                return 0;
            }
            out[len..len + g.len].copy_from_slice(&self.text[g.start..g.start + g.len]);
            len += g.len;
        }
        len
    }

    fn end(&self, n: usize) -> usize {
        let g = &self.groups[self.k + n - 1];
        g.start + g.len
    }

    fn whole(&self, n: usize) -> bool {
        self.k == 0 && self.groups.len() == n
    }
}

const DASHES: &[u8] = b"-";
const LIGHT: &[u8] = b"- .";
const ANY: &[u8] = b"- ./()";

/// Reports what the groups from `k` on are; returns how many groups were used.
fn judge(
    text: &[u8],
    groups: &[Group],
    k: usize,
    tail_glued: bool,
    w: &Words,
    report: &mut Report<'_>,
) -> usize {
    let h = Here {
        text,
        groups,
        k,
        tail_glued,
    };
    let first = groups[k];
    let at = first.start;
    let mut d = [0u8; 40];
    let plus = plus_before(text, at);
    if let Some(n) = card(&h, w, report) {
        return n;
    }
    if let Some(start) = plus
        && (k == 0 || first.sep == b' ')
        && let Some(n) = international(&h)
    {
        report("PHONE", "phone-international", start, h.end(n));
        return n;
    }
    // One group alone: only context makes it more than a number, with few exceptions.
    if first.len >= 8 && h.borders(1) {
        h.join(1, &mut d);
        if let Some((kind, rule)) = single(&d[..first.len.min(40)], text, w, at, h.end(1)) {
            report(kind, rule, at, h.end(1));
            return 1;
        }
        return 1;
    }
    if h.shape(&[3, 2, 4], LIGHT) && h.uniform(3) {
        let len = h.join(3, &mut d);
        let spaced = groups[k + 1].sep == b' ';
        if checks::ssn(&d[..len])
            && (!spaced || h.whole(3) || near(text, w, at, h.end(3)) & ctx::SSN != 0)
        {
            report("SSN", "us-ssn", at, h.end(3));
            return 3;
        }
    }
    if h.shape(&[4, 2, 3], DASHES) {
        let len = h.join(3, &mut d);
        d[..len].reverse();
        if checks::ssn(&d[..len]) {
            report("SSN", "us-ssn-reversed", at, h.end(3));
            return 3;
        }
    }
    for (lens, rule) in [
        (&[3usize, 3, 4][..], "phone-nanp"),
        (&[1, 3, 3, 4], "phone-nanp"),
    ] {
        if !h.shape(lens, ANY) {
            continue;
        }
        let n = lens.len();
        let len = h.join(n, &mut d);
        let local = &d[len - 10..len];
        let bits = near(text, w, at, h.end(n));
        if n == 3 && groups[k + 1].sep == b' ' && groups[k + 2].sep == b' ' && checks::nhs(local) {
            report("NATIONAL_ID", "uk-nhs", at, h.end(n));
            return n;
        }
        if n == 3
            && groups[k + 1].sep == b'-'
            && groups[k + 2].sep == b'-'
            && checks::nhs(local)
            && bits & ctx::NHS != 0
        {
            report("NATIONAL_ID", "uk-nhs", at, h.end(n));
            return n;
        }
        let nanp = matches!(local[0], b'2'..=b'9')
            && matches!(local[3], b'2'..=b'9')
            && !(local[1] == b'1' && local[2] == b'1');
        let trusted = nanp && (n == 3 || d[0] == b'1');
        let spaced = groups[k + n - 1].sep == b' ' && groups[k + n - 2].sep == b' ';
        if (trusted && (!spaced || h.whole(n) || k == 0)) || bits & ctx::PHONE != 0 {
            report("PHONE", rule, at, h.end(n));
            return n;
        }
    }
    if h.shape(&[4, 3, 3], b"-.") && h.uniform(3) {
        let len = h.join(3, &mut d);
        d[..len].reverse();
        if matches!(d[0], b'2'..=b'9') && matches!(d[3], b'2'..=b'9') {
            report("PHONE", "phone-nanp-reversed", at, h.end(3));
            return 3;
        }
    }
    if let Some((kind, rule, n)) = grouped(&h, w) {
        report(kind, rule, at, h.end(n));
        return n;
    }
    1
}

/// A `+`, `(+`, or `00` in front of a country code: where the number starts.
fn plus_before(text: &[u8], at: usize) -> Option<usize> {
    let mut i = at;
    while i > 0 && at - i < 2 && matches!(text[i - 1], b' ' | b'(') {
        i -= 1;
    }
    let plus = i > 0 && text[i - 1] == b'+';
    (plus && (i < 2 || !text[i - 2].is_ascii_alphanumeric())).then(|| i - 1)
}

/// Country calling codes (ITU-T E.164) with the range of national number lengths.
const COUNTRIES: &[(&str, usize, usize)] = &[
    ("1", 10, 10),
    ("7", 10, 10),
    ("20", 8, 10),
    ("27", 9, 9),
    ("30", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("36", 8, 9),
    ("39", 6, 11),
    ("40", 9, 9),
    ("41", 9, 9),
    ("43", 6, 13),
    ("44", 9, 10),
    ("45", 8, 8),
    ("46", 7, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 6, 11),
    ("51", 8, 9),
    ("52", 10, 11),
    ("53", 8, 8),
    ("54", 10, 11),
    ("55", 10, 11),
    ("56", 9, 9),
    ("57", 8, 10),
    ("58", 10, 10),
    ("60", 8, 10),
    ("61", 9, 9),
    ("62", 8, 12),
    ("63", 9, 10),
    ("64", 8, 10),
    ("65", 8, 8),
    ("66", 8, 9),
    ("81", 9, 10),
    ("82", 8, 10),
    ("84", 9, 10),
    ("86", 10, 11),
    ("90", 10, 10),
    ("91", 10, 10),
    ("92", 9, 10),
    ("93", 9, 9),
    ("94", 9, 9),
    ("95", 7, 10),
    ("98", 10, 10),
    ("211", 9, 9),
    ("212", 9, 9),
    ("213", 8, 9),
    ("216", 8, 8),
    ("218", 9, 9),
    ("22", 7, 10),
    ("23", 7, 11),
    ("24", 6, 9),
    ("25", 7, 10),
    ("26", 7, 9),
    ("29", 4, 8),
    ("35", 6, 11),
    ("37", 6, 10),
    ("38", 7, 10),
    ("42", 7, 9),
    ("50", 7, 9),
    ("59", 6, 10),
    ("67", 5, 9),
    ("68", 5, 8),
    ("69", 4, 7),
    ("80", 8, 8),
    ("85", 7, 10),
    ("87", 9, 12),
    ("88", 8, 10),
    ("96", 7, 10),
    ("97", 7, 10),
    ("99", 8, 10),
];

/// Groups used by an international number after a plus sign.
fn international(h: &Here<'_>) -> Option<usize> {
    let mut d = [0u8; 40];
    let rest = h.groups.len() - h.k;
    for n in (1..=rest.min(7)).rev() {
        let len = h.join(n, &mut d);
        if !(8..=15).contains(&len)
            || (n > 1
                && !h.groups[h.k + 1..h.k + n]
                    .iter()
                    .all(|g| ANY.contains(&g.sep)))
        {
            continue;
        }
        let fits = COUNTRIES.iter().any(|(code, least, most)| {
            d[..len].starts_with(code.as_bytes()) && {
                let wide = if code.len() == 2 && !known_two(code) {
                    1
                } else {
                    0
                };
                let national = len - code.len() - wide;
                let trunk = usize::from(d[code.len()] == b'0');
                (*least..=*most).contains(&national)
                    || (*least..=*most).contains(&(national - trunk))
            }
        });
        if fits && !h.tail_glued {
            return Some(n);
        }
    }
    None
}

/// Two-digit entries that stand for a family of three-digit codes.
fn known_two(code: &str) -> bool {
    !matches!(
        code,
        "22" | "23"
            | "24"
            | "25"
            | "26"
            | "29"
            | "35"
            | "37"
            | "38"
            | "42"
            | "50"
            | "59"
            | "67"
            | "68"
            | "69"
            | "80"
            | "85"
            | "87"
            | "88"
            | "96"
            | "97"
            | "99"
    )
}

fn card(h: &Here<'_>, w: &Words, report: &mut Report<'_>) -> Option<usize> {
    let first = h.groups[h.k];
    if first.len > 19 || (first.len == 1 && h.groups.len() < 13) {
        return None;
    }
    let mut d = [0u8; 40];
    let mut len = 0;
    let mut most = 0;
    for n in 1..=(h.groups.len() - h.k) {
        let g = h.groups[h.k + n - 1];
        len += g.len;
        if len > 19 {
            break;
        }
        if n > 1 && !LIGHT.contains(&g.sep) && g.sep != b'/' {
            break;
        }
        if len >= 13 {
            most = n;
            if !h.borders(n) || !decimal_free(h) {
                continue;
            }
            h.join(n, &mut d);
            let s = &mut d[..len];
            let at = first.start;
            let lens: Vec<usize> = h.groups[h.k..h.k + n].iter().map(|g| g.len).collect();
            let canonical = matches!(
                lens.as_slice(),
                [_] | [4, 4, 4, 4]
                    | [4, 6, 5]
                    | [4, 6, 4]
                    | [4, 4, 4, 4, 1..=3]
                    | [4, 4, 4, 1..=3]
                    | [8, 8]
                    | [6, 10]
            );
            let even = n > 1 && lens[..n - 1].iter().all(|l| *l == lens[0]) && h.uniform(n);
            let odd_ok = h.whole(n) && (even || lens.iter().all(|l| *l >= 3) || n >= 8);
            if !(canonical || odd_ok) {
                continue;
            }
            let lone13 = len == 13 || len == 14 && n == 1 || len >= 17;
            let wants_context = (lone13 && n == 1) || (!canonical && n < 4);
            if checks::card_issuer(s)
                && checks::luhn(s)
                && (!wants_context || near(h.text, w, at, h.end(n)) & ctx::CARD != 0)
            {
                report("CARD", "card-luhn", at, h.end(n));
                return Some(n);
            }
            // Written backwards: only in the usual lengths.
            s.reverse();
            if matches!(len, 15 | 16)
                && canonical
                && checks::card_issuer(s)
                && checks::luhn(s)
                && (n > 1 || lone_string(h))
            {
                report("CARD", "card-luhn-reversed", at, h.end(n));
                return Some(n);
            }
        }
    }
    let _ = most;
    None
}

/// The number is the whole of a quoted string or of the view.
fn lone_string(h: &Here<'_>) -> bool {
    let g = h.groups[h.k];
    let before = h.previous(g.start);
    let after = h.text.get(g.start + g.len).copied().unwrap_or(0);
    matches!(before, 0 | b'"' | b'\'' | b'\n') && matches!(after, 0 | b'"' | b'\'' | b'\n')
}

/// Not the digits after a decimal point.
fn decimal_free(h: &Here<'_>) -> bool {
    let g = h.groups[h.k];
    !(h.previous(g.start) == b'.' && h.digit_before(g.start) || h.k > 0 && g.sep == b'.' && !g.wide)
}

/// A digit run without separators; most need a word nearby that says what it is.
fn single(
    d: &[u8],
    text: &[u8],
    w: &Words,
    at: usize,
    end: usize,
) -> Option<(&'static str, &'static str)> {
    if d.len() > 20 {
        return None;
    }
    // These are strong alone: two check digits over a date and place.
    if d.len() == 15 && checks::nir(d) {
        return Some(("NATIONAL_ID", "fr-nir"));
    }
    let bits = near(text, w, at, end);
    if bits == 0 {
        return None;
    }
    let has = |b: u32| bits & b != 0;
    Some(match d.len() {
        9 if has(ctx::SSN) && checks::ssn(d) => ("SSN", "us-ssn-context"),
        9 if has(ctx::ABA) && checks::aba(d) => ("BANK", "us-aba"),
        8 | 9 if has(ctx::NATIONAL) && (checks::tfn(d) || (d.len() == 9 && checks::luhn(d))) => {
            ("NATIONAL_ID", "tfn-or-sin")
        }
        10 if has(ctx::NHS) && checks::nhs(d) => ("NATIONAL_ID", "uk-nhs"),
        10 if has(ctx::NPI) && checks::npi(d) => ("NATIONAL_ID", "us-npi"),
        10 | 11
            if has(ctx::NATIONAL)
                && (checks::medicare_au(d) || (d.len() == 10 && checks::nhs(d))) =>
        {
            ("NATIONAL_ID", "medicare-or-nhs")
        }
        11 if has(ctx::NATIONAL) && (checks::pesel(d) || checks::cpf(d)) => {
            ("NATIONAL_ID", "pesel-or-cpf")
        }
        12 if has(ctx::NATIONAL) && checks::aadhaar(d) => ("NATIONAL_ID", "in-aadhaar"),
        15 if has(ctx::DEVICE) && checks::luhn(d) => ("DEVICE", "imei"),
        8..=15 if has(ctx::PHONE) && !has(ctx::DEVICE) && plausible_phone(d, text, at) => {
            ("PHONE", "phone-context")
        }
        8..=9 if has(ctx::PASSPORT) => ("NATIONAL_ID", "passport"),
        8..=12 if has(ctx::LICENCE) => ("NATIONAL_ID", "driver-licence"),
        8..=17 if has(ctx::BANK) && account_word(text, at) => ("BANK", "bank-account"),
        8..=10 if has(ctx::MRN) => ("HEALTH", "mrn"),
        8 if has(ctx::BIRTH) && matches!(&d[..2], b"19" | b"20") => ("BIRTH_DATE", "birth-compact"),
        _ => return None,
    })
}

/// Not an epoch time or a money amount: those stand near "call" or "contact" too.
fn plausible_phone(d: &[u8], text: &[u8], at: usize) -> bool {
    if d.len() == 13 && d.starts_with(b"1") {
        return false;
    }
    if d.len() == 10 && matches!(&d[..2], b"15" | b"16" | b"17" | b"18") {
        return key_of(
            text,
            at,
            &[b"phone", b"mobile", b"tel", b"cell", b"fax", b"whatsapp"],
        );
    }
    true
}

fn account_word(text: &[u8], at: usize) -> bool {
    key_of(text, at, &[b"account", b"acct", b"konto", b"iban", b"a/c"])
        && key_of(
            text,
            at,
            &[
                b"number",
                b"no",
                b"num",
                b"#",
                b"account:",
                b"acct",
                b"account\"",
                b"account ",
                b"bank",
                b"checking",
                b"saving",
            ],
        )
}

/// One of `names` stands in the 40 bytes before `at`.
fn key_of(text: &[u8], at: usize, names: &[&[u8]]) -> bool {
    let before = text[at.saturating_sub(40)..at].to_ascii_lowercase();
    names
        .iter()
        .any(|n| before.windows(n.len()).any(|x| x == *n))
}

/// Grouped national ids and national phone forms.
fn grouped(h: &Here<'_>, w: &Words) -> Option<(&'static str, &'static str, usize)> {
    let mut d = [0u8; 40];
    let at = h.groups[h.k].start;
    let bits = |n: usize| near(h.text, w, at, h.end(n));
    if h.shape(&[3, 3, 3, 2], b".-") && h.groups[h.k + 3].sep == b'-' {
        let len = h.join(4, &mut d);
        if checks::cpf(&d[..len]) {
            return Some(("NATIONAL_ID", "br-cpf", 4));
        }
    }
    if h.shape(&[4, 4, 4], b" -") && h.uniform(3) {
        let len = h.join(3, &mut d);
        if checks::aadhaar(&d[..len])
            && (h.whole(3) || h.groups[h.k + 1].sep == b' ' || bits(3) & ctx::NATIONAL != 0)
        {
            return Some(("NATIONAL_ID", "in-aadhaar", 3));
        }
    }
    if h.shape(&[3, 3, 3], b" -") && h.uniform(3) {
        let len = h.join(3, &mut d);
        let dashed = h.groups[h.k + 1].sep == b'-';
        if checks::luhn(&d[..len]) && (dashed || bits(3) & ctx::NATIONAL != 0) {
            return Some(("NATIONAL_ID", "ca-sin", 3));
        }
        if checks::tfn(&d[..len]) && bits(3) & ctx::NATIONAL != 0 {
            return Some(("NATIONAL_ID", "au-tfn", 3));
        }
        if bits(3) & ctx::PHONE != 0 {
            return Some(("PHONE", "phone-context", 3));
        }
    }
    if h.shape(&[4, 5, 1], b" -") {
        let len = h.join(3, &mut d);
        if checks::medicare_au(&d[..len]) {
            return Some(("NATIONAL_ID", "au-medicare", 3));
        }
    }
    for lens in [&[1usize, 2, 2, 2, 3, 3, 2][..], &[1, 2, 2, 2, 3, 3]] {
        if lens.len() == 7 && h.shape(lens, b" -.") {
            let len = h.join(7, &mut d);
            if checks::nir(&d[..len]) {
                return Some(("NATIONAL_ID", "fr-nir", 7));
            }
        }
    }
    if h.shape(&[13, 2], b" ") {
        let len = h.join(2, &mut d);
        if checks::nir(&d[..len]) {
            return Some(("NATIONAL_ID", "fr-nir", 2));
        }
    }
    // French numbers: five pairs with a leading zero; UK and others with a trunk zero.
    if h.shape(&[2, 2, 2, 2, 2], LIGHT)
        && h.uniform(5)
        && h.text[at] == b'0'
        && h.text[at + 1] >= b'1'
        && h.whole(5)
    {
        return Some(("PHONE", "phone-fr", 5));
    }
    let trunk = h.text[at] == b'0'
        && h.text
            .get(at + 1)
            .is_some_and(|b| (b'1'..=b'9').contains(b));
    if trunk {
        for lens in [
            &[5usize, 6][..],
            &[4, 3, 4],
            &[3, 4, 4],
            &[5, 3, 3],
            &[4, 7],
            &[4, 3, 3],
            &[4, 6],
            &[4, 7],
            &[2, 4, 4],
            &[4, 8],
            &[3, 3, 4],
            &[3, 3, 2, 2],
        ] {
            if h.shape(lens, b" -/") && h.k == 0 {
                return Some(("PHONE", "phone-trunk", lens.len()));
            }
        }
    }
    if h.shape(&[2, 5, 4], b"- )") && h.groups[h.k + 1].wide {
        return Some(("PHONE", "phone-br", 3));
    }
    // Whatever grouping a word such as "phone" introduces.
    let rest = h.groups.len() - h.k;
    for n in (2..=rest.min(6)).rev() {
        let len = h.join(n, &mut d);
        if (7..=15).contains(&len) && h.borders(n) && bits(n) & ctx::PHONE != 0 && !date_like(h, n)
        {
            let nearest = key_of(
                h.text,
                at,
                &[
                    b"phone",
                    b"mobile",
                    b"tel",
                    b"cell",
                    b"fax",
                    b"whatsapp",
                    b"call",
                    b"reach",
                    b"dial",
                    b"contact",
                    b"sms",
                    b"handy",
                ],
            );
            if nearest
                && h.groups[h.k..h.k + n].iter().all(|g| g.len >= 2)
                && h.groups[h.k + 1..h.k + n]
                    .iter()
                    .all(|g| g.sep != b'.' || n > 2)
            {
                return Some(("PHONE", "phone-context", n));
            }
        }
    }
    None
}

fn date_like(h: &Here<'_>, n: usize) -> bool {
    let lens: Vec<usize> = h.groups[h.k..h.k + n.min(3)]
        .iter()
        .map(|g| g.len)
        .collect();
    matches!(
        lens.as_slice(),
        [4, 2, 2] | [2, 2, 4] | [1..=2, 1..=2, 4] | [4, 1..=2, 1..=2]
    )
}
