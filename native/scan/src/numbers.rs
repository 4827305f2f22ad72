//! Numbers: phrases of digit groups and what they are, by grouping, check digit and context.

use crate::bytes;
use crate::checks;
use crate::groups::grouped;
use crate::phones::{international, plus_before};
use crate::vocab::ctx;
use crate::words::{Words, near};

#[derive(Clone, Copy)]
pub struct Group {
    pub start: usize,
    pub len: usize,
    /// Separator before it: 0 for the first, else the last separator byte.
    pub sep: u8,
    /// More than one separator byte, such as `) ` or ` - `.
    pub wide: bool,
}

pub type Report<'r> = dyn FnMut(&'static str, &'static str, usize, usize) + 'r;

/// Most groups of one phrase that are looked at together; a longer phrase is continued.
const MAX_GROUPS: usize = 32;

/// What may stand between the groups of a phrase.
const SEPARATORS: &[u8] = b" -.()/";

fn digits_end(text: &[u8], at: usize) -> usize {
    let mut i = at;
    while i < text.len() && text[i].is_ascii_digit() {
        i += 1;
    }
    i
}

/// So few digits by themselves are nothing; seven are a telephone number after a plus sign.
fn is_short(text: &[u8], at: usize, digits: usize) -> bool {
    digits < 7 || digits == 7 && plus_before(text, at).is_none()
}

/// Reads the phrase of digit groups at `at` (a digit). Returns where it ends.
///
/// `groups` is room to work in.
pub fn phrase(
    text: &[u8],
    at: usize,
    w: &Words,
    groups: &mut Vec<Group>,
    report: &mut Report<'_>,
) -> usize {
    let end = digits_end(text, at);
    let tail = text.get(end).copied().unwrap_or(0);
    // Most are one group that is too short, or within a word: nothing is made of it.
    let glued_behind = tail.is_ascii_alphabetic() || tail == b'_';
    if !SEPARATORS.contains(&tail) && (is_short(text, at, end - at) || glued_behind) {
        return end;
    }
    groups.clear();
    let mut i = at;
    let (mut sep, mut wide) = (0, false);
    let mut resume = usize::MAX;
    while groups.len() < MAX_GROUPS {
        let start = i;
        i = digits_end(text, i);
        groups.push(Group {
            start,
            len: i - start,
            sep,
            wide,
        });
        let mut j = i;
        while j < text.len() && j - i < 3 && SEPARATORS.contains(&text[j]) {
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
        if groups.len() == MAX_GROUPS / 2 {
            resume = j;
        }
    }
    let n = groups.len();
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

pub struct Here<'a> {
    pub text: &'a [u8],
    pub groups: &'a [Group],
    pub k: usize,
    pub tail_glued: bool,
}

impl Here<'_> {
    /// The lengths of the next groups are exactly `lens`, all separated by one of `seps`, with
    /// borders on both sides.
    #[inline(always)]
    pub fn shape(&self, lens: &[usize], seps: &[u8]) -> bool {
        let g = &self.groups[self.k..];
        if g[0].len != lens[0]
            || g.len() < lens.len()
            || !g.iter().zip(lens).all(|(g, l)| g.len == *l)
        {
            return false;
        }
        let inner = &g[1..lens.len()];
        inner.iter().all(|g| seps.contains(&g.sep)) && self.borders(lens.len())
    }

    /// Same separator between all of the next `n` groups.
    pub fn uniform(&self, n: usize) -> bool {
        let g = &self.groups[self.k + 1..self.k + n];
        g.iter().all(|x| x.sep == g[0].sep && !x.wide)
    }

    pub fn borders(&self, n: usize) -> bool {
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
    pub fn dash_word(&self, n: usize) -> bool {
        let last = &self.groups[self.k + n - 1];
        let end = last.start + last.len;
        self.text.get(end) == Some(&b'-')
            && self
                .text
                .get(end + 1)
                .is_some_and(u8::is_ascii_alphanumeric)
    }

    pub fn previous(&self, at: usize) -> u8 {
        if at == 0 { 0 } else { self.text[at - 1] }
    }

    /// A separator with a letter or digit before it continues a dashed word or a decimal.
    pub fn digit_before(&self, at: usize) -> bool {
        at >= 2 && self.text[at - 2].is_ascii_alphanumeric()
    }

    pub fn join(&self, n: usize, out: &mut [u8; 40]) -> usize {
        let mut len = 0;
        for g in &self.groups[self.k..self.k + n] {
            if len + g.len > 40 {
                return 0;
            }
            let digits = &self.text[g.start..g.start + g.len];
            out[len..]
                .iter_mut()
                .zip(digits)
                .for_each(|(slot, b)| *slot = *b);
            len += g.len;
        }
        len
    }

    pub fn end(&self, n: usize) -> usize {
        let g = &self.groups[self.k + n - 1];
        g.start + g.len
    }

    pub fn whole(&self, n: usize) -> bool {
        self.k == 0 && self.groups.len() == n
    }
}

const DASHES: &[u8] = b"-";
pub const LIGHT: &[u8] = b"- .";
pub const ANY: &[u8] = b"- ./()";

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
    // The last group, too short or within a word: nothing is made of it.
    if k + 1 == groups.len() && (is_short(text, at, first.len) || tail_glued || h.dash_word(1)) {
        return 1;
    }
    let mut d = [0u8; 40];
    let plus = plus_before(text, at);
    if let Some(n) = card(&h, w, report) {
        return n;
    }
    if let Some(start) = plus
        && (k == 0 || first.sep == b' ')
        && let Some(n) = international(&h, 0)
    {
        report("PHONE", "phone-international", start, h.end(n));
        return n;
    }
    if text[at..].starts_with(b"00")
        && k == 0
        && near(text, w, at, h.end(1)) & ctx::PHONE != 0
        && let Some(n) = international(&h, 2)
    {
        report("PHONE", "phone-context", at, h.end(n));
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
        18..=20 if has(ctx::DEVICE) && d.starts_with(b"89") => ("DEVICE", "iccid"),
        8..=15
            if has(ctx::PHONE)
                && !has(ctx::DEVICE)
                && !key_of(text, at, &[b"count", b"total", b"rate"])
                && plausible_phone(d, text, at) =>
        {
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
pub fn key_of(text: &[u8], at: usize, names: &[&[u8]]) -> bool {
    let before = &text[at.saturating_sub(40)..at];
    names.iter().any(|name| match name {
        [sign] => before.contains(sign),
        _ => bytes::holds_word(before, name),
    })
}
