//! Phrases of several digit groups: what their grouping, check digits and context make of them.

use crate::checks;
use crate::numbers::{Here, LIGHT, key_of};
use crate::vocab::ctx;
use crate::words::{Words, near};

/// Grouped national ids and national phone forms.
pub fn grouped(h: &Here<'_>, w: &Words) -> Option<(&'static str, &'static str, usize)> {
    let mut d = [0u8; 40];
    let at = h.groups[h.k].start;
    let bits = |n: usize| near(h.text, w, at, h.end(n));
    let first = h.groups[h.k].len;
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
    if h.shape(&[1, 2, 2, 2, 3, 3, 2], b" -.") {
        let len = h.join(7, &mut d);
        if checks::nir(&d[..len]) {
            return Some(("NATIONAL_ID", "fr-nir", 7));
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
    let trunk = h.k == 0
        && (2..=5).contains(&first)
        && h.text[at] == b'0'
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
            if h.shape(lens, b" -/") {
                return Some(("PHONE", "phone-trunk", lens.len()));
            }
        }
    }
    if h.shape(&[2, 5, 4], b"- )") && h.groups[h.k + 1].wide {
        return Some(("PHONE", "phone-br", 3));
    }
    // Whatever grouping a word such as "phone" introduces.
    if !w.says(ctx::PHONE) {
        return None;
    }
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
    // No year starts with 0, and many national numbers of 4, 2, 2 and 2 digits do.
    let year = h.text[h.groups[h.k].start] != b'0';
    let lens: Vec<usize> = h.groups[h.k..h.k + n.min(3)]
        .iter()
        .map(|g| g.len)
        .collect();
    matches!(lens.as_slice(), [1..=2, 1..=2, 4])
        || year && matches!(lens.as_slice(), [4, 1..=2, 1..=2])
}
