//! Telephone numbers in international form.

use crate::numbers::{Group, Here};

/// Country calling codes (ITU-T E.164), each with the lengths that its national numbers may have,
/// each of those with a bit for every two digits that such numbers begin with.
static PLANS: &[(usize, &[(usize, u128)])] = &include!("../rules/phone-plans.in");

const NO_PLAN: u8 = u8::MAX;

/// Where the plan of each code stands.
static PLACES: [u8; 1000] = {
    let mut all = [NO_PLAN; 1000];
    let mut i = 0;
    while i < PLANS.len() {
        all[PLANS[i].0] = i as u8;
        i += 1;
    }
    assert!(i < NO_PLAN as usize);
    all
};

/// A `+` or `(+` in front of a country code: where the number starts.
pub fn plus_before(text: &[u8], at: usize) -> Option<usize> {
    let mut i = at;
    while i > 0 && at - i < 2 && matches!(text[i - 1], b' ' | b'(') {
        i -= 1;
    }
    let plus = i > 0 && text[i - 1] == b'+';
    (plus && (i < 2 || !text[i - 2].is_ascii_alphanumeric())).then(|| i - 1)
}

/// A country code and a number of its plan, with or without a 0 between them.
fn fits(d: &[u8]) -> bool {
    let mut code = 0;
    // No code is the start of another, and none starts with 0.
    for (i, digit) in d.iter().take(3).enumerate() {
        code = code * 10 + usize::from(digit - b'0');
        if code == 0 {
            return false;
        }
        let place = PLACES[code];
        if place != NO_PLAN {
            // Seven digits in all are a number of few small places, and elsewhere a plain figure.
            let long = d.len() >= 8 || i == 2;
            let lengths = PLANS[usize::from(place)].1;
            let national = &d[i + 1..];
            return long
                && (begins(lengths, national)
                    || national[0] == b'0' && begins(lengths, &national[1..]));
        }
    }
    false
}

fn begins(lengths: &[(usize, u128)], national: &[u8]) -> bool {
    let first = (national[0] - b'0') * 10 + (national[1] - b'0');
    lengths
        .iter()
        .any(|(length, firsts)| *length == national.len() && firsts >> first & 1 == 1)
}

/// Groups used by an international number: its country code stands after a plus sign, or after the
/// first `prefix` digits.
pub fn international(h: &Here<'_>, prefix: usize) -> Option<usize> {
    let mut d = [0u8; 40];
    let groups = &h.groups[h.k..];
    // ` -` before a digit is a sign: of another figure.
    let signed = |g: &Group| g.wide && h.text[g.start - 2..g.start] == *b" -";
    let most = groups.iter().position(signed).unwrap_or(groups.len());
    for n in (1..=most.min(7)).rev() {
        // A last group that is part of a word may follow after a space.
        if h.tail_glued && groups.get(n).is_none_or(|next| next.sep != b' ') {
            continue;
        }
        let len = h.join(n, &mut d);
        // E.164 ends at 15 digits; some toll-free numbers go on.
        if len >= 7 + prefix && fits(&d[prefix..len]) {
            return Some(n);
        }
    }
    None
}
