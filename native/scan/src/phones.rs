//! Telephone numbers in international form.

use crate::numbers::{ANY, Here};

/// A `+`, `(+`, or `00` in front of a country code: where the number starts.
pub fn plus_before(text: &[u8], at: usize) -> Option<usize> {
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
pub fn international(h: &Here<'_>) -> Option<usize> {
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
