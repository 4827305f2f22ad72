//! Check digits. Every function takes ASCII digits (or upper-case letters where stated) and
//! answers false for anything else; none allocates.

fn digit(b: u8) -> Option<u32> {
    b.is_ascii_digit().then(|| u32::from(b - b'0'))
}

fn digits(s: &[u8]) -> Option<[u32; 24]> {
    let mut out = [0; 24];
    if s.len() > 24 {
        return None;
    }
    for (slot, &b) in out.iter_mut().zip(s) {
        *slot = digit(b)?;
    }
    Some(out)
}

/// ISO/IEC 7812-1 annex B.
pub fn luhn(s: &[u8]) -> bool {
    let mut sum = 0;
    for (i, &b) in s.iter().rev().enumerate() {
        let Some(d) = digit(b) else { return false };
        sum += match (i % 2, d) {
            (0, d) => d,
            (_, d) if d > 4 => 2 * d - 9,
            (_, d) => 2 * d,
        };
    }
    !s.is_empty() && sum % 10 == 0 && s.iter().any(|&b| b != s[0])
}

/// Issuer ranges of the card networks with the lengths they issue.
pub fn card_issuer(s: &[u8]) -> bool {
    if s.len() < 13 || s.len() > 19 {
        return false;
    }
    let head = |n: usize| {
        s[..n]
            .iter()
            .fold(0u32, |a, &b| a * 10 + u32::from(b - b'0'))
    };
    let (h2, h3, h4) = (head(2), head(3), head(4));
    match s.len() {
        15 => h2 == 34 || h2 == 37,
        14 => h2 == 36 || h2 == 38 || h2 == 39 || (300..=305).contains(&h3),
        16 => {
            s[0] == b'4'
                || (51..=55).contains(&h2)
                || (2221..=2720).contains(&h4)
                || h4 == 6011
                || (644..=659).contains(&h3)
                || (3528..=3589).contains(&h4)
                || h2 == 62
                || h2 == 36
                || (2200..=2204).contains(&h4)
        }
        13 => s[0] == b'4',
        17..=19 => s[0] == b'4' || h2 == 62 || h4 == 6011 || h4 == 6304 || h4 == 6759,
        _ => false,
    }
}

/// ISO 7064 MOD 97-10 over the IBAN moved four places, length by country (SWIFT registry).
pub fn iban(s: &[u8]) -> bool {
    const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28\
EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20\
LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29\
RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";
    if s.len() < 15 || s.len() > 34 {
        return false;
    }
    let known = LENGTHS.as_bytes().chunks_exact(4).any(|c| {
        c[0] == s[0].to_ascii_uppercase()
            && c[1] == s[1].to_ascii_uppercase()
            && usize::from((c[2] - b'0') * 10 + c[3] - b'0') == s.len()
    });
    known && mod97(s[4..].iter().chain(&s[..4])) == Some(1)
}

/// Remainder by 97 of a string whose letters stand for 10–35.
pub fn mod97<'a>(s: impl Iterator<Item = &'a u8>) -> Option<u32> {
    let mut m = 0;
    for &b in s {
        m = match b {
            b'0'..=b'9' => (m * 10 + u32::from(b - b'0')) % 97,
            b'A'..=b'Z' => (m * 100 + u32::from(b - b'A') + 10) % 97,
            b'a'..=b'z' => (m * 100 + u32::from(b - b'a') + 10) % 97,
            _ => return None,
        };
    }
    Some(m)
}

fn weighted(s: &[u8], weights: &[u32]) -> Option<u32> {
    let d = digits(s)?;
    Some(d.iter().zip(weights).map(|(a, b)| a * b).sum())
}

/// US Social Security number: areas 000, 666 and 9xx, group 00 and serial 0000 are never issued.
/// ITINs (9xx with group 50–65, 70–88, 90–92, 94–99) count too.
pub fn ssn(s: &[u8]) -> bool {
    if s.len() != 9 || digits(s).is_none() {
        return false;
    }
    let group = (s[3] - b'0') * 10 + s[4] - b'0';
    if s[0] == b'9' {
        return matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    }
    &s[..3] != b"000" && &s[..3] != b"666" && group != 0 && &s[5..] != b"0000"
}

/// ABA routing number: weights 3-7-1, first two digits in an issued range.
pub fn aba(s: &[u8]) -> bool {
    s.len() == 9
        && weighted(s, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_some_and(|x| x % 10 == 0 && x > 0)
        && matches!((s[0] - b'0') * 10 + s[1] - b'0', 0..=12 | 21..=32 | 61..=72 | 80)
}

/// UK NHS number: modulus 11, weights 10 to 2.
pub fn nhs(s: &[u8]) -> bool {
    s.len() == 10
        && s.iter().any(|&b| b != s[0])
        && weighted(&s[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2])
            .is_some_and(|x| (11 - x % 11) % 11 == digit(s[9]).unwrap_or(99))
}

/// US National Provider Identifier: Luhn over 80840 and the ten digits.
pub fn npi(s: &[u8]) -> bool {
    let mut t = *b"808400000000000";
    s.len() == 10 && matches!(s[0], b'1' | b'2') && {
        t[5..].copy_from_slice(s);
        luhn(&t)
    }
}

/// DEA registration: two letters (or letter and 9), then d1+d3+d5 + 2(d2+d4+d6) ends in d7.
pub fn dea(s: &[u8]) -> bool {
    s.len() == 9
        && b"ABCDEFGHJKLMPRSTUX".contains(&s[0].to_ascii_uppercase())
        && (s[1].is_ascii_alphabetic() || s[1] == b'9')
        && weighted(&s[2..8], &[1, 2, 1, 2, 1, 2])
            .is_some_and(|x| x % 10 == digit(s[8]).unwrap_or(99))
}

/// French NIR: 13 characters (2A/2B count as 19/18) and the key 97 − n mod 97.
pub fn nir(s: &[u8]) -> bool {
    if s.len() != 15 || !matches!(s[0], b'1' | b'2') {
        return false;
    }
    let mut t = [0u8; 15];
    t.copy_from_slice(s);
    if t[5] == b'2' && matches!(t[6], b'A' | b'a' | b'B' | b'b') {
        let a = matches!(t[6], b'A' | b'a');
        (t[5], t[6]) = (b'1', if a { b'9' } else { b'8' });
    }
    let Some(d) = digits(&t) else { return false };
    let n = t[..13]
        .iter()
        .fold(0u64, |a, &b| a * 10 + u64::from(b - b'0'));
    let month = d[3] * 10 + d[4];
    let key = u64::from(d[13] * 10 + d[14]);
    (matches!(month, 1..=12 | 20..=42 | 50..=99)) && 97 - n % 97 == key
}

/// Spanish NIF (8 digits + letter) and NIE (X/Y/Z + 7 digits + letter).
pub fn nif(s: &[u8]) -> bool {
    if s.len() != 9 {
        return false;
    }
    let mut t = [0u8; 8];
    t.copy_from_slice(&s[..8]);
    t[0] = match t[0].to_ascii_uppercase() {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        other => other,
    };
    if digits(&t).is_none() {
        return false;
    }
    let n = t
        .iter()
        .fold(0usize, |a, &b| a * 10 + usize::from(b - b'0'));
    b"TRWAGMYFPDXBNJZSQVHLCKE"[n % 23] == s[8].to_ascii_uppercase()
}

/// Italian codice fiscale, 16 characters with its check letter (omocodia allowed).
pub fn codice_fiscale(s: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    if s.len() != 16 {
        return false;
    }
    let mut sum = 0;
    for (i, &b) in s[..15].iter().enumerate() {
        let b = b.to_ascii_uppercase();
        let letter_place = matches!(i, 0..=5 | 8 | 11);
        let ok = if letter_place {
            b.is_ascii_uppercase()
        } else {
            b.is_ascii_digit() || b"LMNPQRSTUV".contains(&b)
        };
        if !ok || (i == 8 && !b"ABCDEHLMPRST".contains(&b)) {
            return false;
        }
        let v = usize::from(if b.is_ascii_digit() {
            b - b'0'
        } else {
            b - b'A'
        });
        sum += if i % 2 == 0 { ODD[v] } else { v as u32 };
    }
    u32::from(s[15].to_ascii_uppercase().wrapping_sub(b'A')) == sum % 26
}

/// Polish PESEL: weights 1-3-7-9, and a possible date of birth.
pub fn pesel(s: &[u8]) -> bool {
    if s.len() != 11 {
        return false;
    }
    let Some(d) = digits(s) else { return false };
    let month = (d[2] * 10 + d[3]) % 20;
    let day = d[4] * 10 + d[5];
    (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && weighted(&s[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3])
            .is_some_and(|x| (10 - x % 10) % 10 == d[10])
}

/// Brazilian CPF: two modulus-11 digits.
pub fn cpf(s: &[u8]) -> bool {
    let check = |n: usize, weights: &[u32]| {
        weighted(&s[..n], weights).map(|x| match x % 11 {
            0 | 1 => 0,
            r => 11 - r,
        })
    };
    s.len() == 11
        && digits(s).is_some()
        && s.iter().any(|&b| b != s[0])
        && check(9, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(s[9])
        && check(10, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(s[10])
}

/// Aadhaar: twelve digits, first 2–9, Verhoeff check.
pub fn aadhaar(s: &[u8]) -> bool {
    const D: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const P: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    if s.len() != 12 || digits(s).is_none() || s[0] < b'2' {
        return false;
    }
    let c = s.iter().rev().enumerate().fold(0u8, |c, (i, &b)| {
        D[usize::from(c)][usize::from(P[i % 8][usize::from(b - b'0')])]
    });
    c == 0
}

/// Singapore NRIC/FIN: prefix S, T, F, G or M, seven digits, check letter.
pub fn nric(s: &[u8]) -> bool {
    if s.len() != 9 {
        return false;
    }
    let (offset, table): (u32, &[u8; 11]) = match s[0].to_ascii_uppercase() {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    weighted(&s[1..8], &[2, 7, 6, 5, 4, 3, 2])
        .is_some_and(|x| table[((x + offset) % 11) as usize] == s[8].to_ascii_uppercase())
}

/// Australian tax file number, nine digits.
pub fn tfn(s: &[u8]) -> bool {
    s.len() == 9 && weighted(s, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_some_and(|x| x % 11 == 0 && x > 0)
}

/// Australian Medicare card, ten digits (the eleventh is the person's number on the card).
pub fn medicare_au(s: &[u8]) -> bool {
    matches!(s.len(), 10 | 11)
        && matches!(s[0], b'2'..=b'6')
        && digits(s).is_some()
        && weighted(&s[..8], &[1, 3, 7, 9, 1, 3, 7, 9])
            .is_some_and(|x| x % 10 == u32::from(s[8] - b'0'))
}

/// US Medicare Beneficiary Identifier, eleven characters without dashes (CMS format).
pub fn mbi(s: &[u8]) -> bool {
    let letter = |b: u8| {
        let b = b.to_ascii_uppercase();
        b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b)
    };
    let either = |b: u8| b.is_ascii_digit() || letter(b);
    s.len() == 11
        && matches!(s[0], b'1'..=b'9')
        && letter(s[1])
        && either(s[2])
        && s[3].is_ascii_digit()
        && letter(s[4])
        && either(s[5])
        && s[6].is_ascii_digit()
        && letter(s[7])
        && letter(s[8])
        && s[9].is_ascii_digit()
        && s[10].is_ascii_digit()
}

/// Vehicle identification number with its check digit (49 CFR 565).
pub fn vin(s: &[u8]) -> bool {
    const W: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if s.len() != 17 {
        return false;
    }
    let mut sum = 0;
    for (&b, w) in s.iter().zip(W) {
        let v = match b.to_ascii_uppercase() {
            b @ b'0'..=b'9' => u32::from(b - b'0'),
            b @ b'A'..=b'H' => u32::from(b - b'A') + 1,
            b @ b'J'..=b'N' => u32::from(b - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b @ b'S'..=b'Z' => u32::from(b - b'S') + 2,
            _ => return false,
        };
        sum += v * w;
    }
    let check = s[8].to_ascii_uppercase();
    match sum % 11 {
        10 => check == b'X',
        r => check == b'0' + r as u8,
    }
}

/// UK National Insurance number: prefix rules of HMRC; the sample prefix QQ counts as real.
pub fn nino(s: &[u8]) -> bool {
    if s.len() != 9 {
        return false;
    }
    let (a, b) = (s[0].to_ascii_uppercase(), s[1].to_ascii_uppercase());
    let pair = [a, b];
    let prefix = &pair == b"QQ"
        || (a.is_ascii_uppercase()
            && b.is_ascii_uppercase()
            && !b"DFIQUV".contains(&a)
            && !b"DFIQUVO".contains(&b)
            && ![*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"].contains(&pair));
    prefix
        && s[2..8].iter().all(u8::is_ascii_digit)
        && matches!(s[8].to_ascii_uppercase(), b'A'..=b'D')
}

/// Shannon entropy in bits per byte.
pub fn entropy(s: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &b in s {
        counts[usize::from(b)] += 1;
    }
    let n = s.len() as f32;
    counts
        .iter()
        .filter(|&&c| c > 0)
        .map(|&c| (c as f32 / n) * -(c as f32 / n).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_a_changed_digit_fails() {
        assert!(luhn(b"4111111111111111") && !luhn(b"4111111111111112"));
        assert!(card_issuer(b"378282246310005") && !card_issuer(b"1234567812345670"));
        assert!(iban(b"GB29NWBK60161331926819") && !iban(b"GB29NWBK60161331926818"));
        assert!(ssn(b"078051120") && !ssn(b"666051120"));
        assert!(aba(b"021000021") && !aba(b"021000022"));
        assert!(nhs(b"9434765919") && !nhs(b"9434765918"));
        assert!(npi(b"1234567893") && !npi(b"1234567892"));
        assert!(dea(b"AB1234563") && !dea(b"AB1234564"));
        assert!(nif(b"12345678Z") && nif(b"X1234567L") && !nif(b"12345678A"));
        assert!(codice_fiscale(b"RSSMRA85T10A562S") && !codice_fiscale(b"RSSMRA85T10A562T"));
        assert!(pesel(b"44051401359") && !pesel(b"44051401358"));
        assert!(cpf(b"52998224725") && !cpf(b"52998224724"));
        assert!(aadhaar(b"999941057058") && !aadhaar(b"999941057059"));
        assert!(nric(b"S1234567D") && !nric(b"S1234567E"));
        assert!(tfn(b"123456782") && !tfn(b"123456781"));
        assert!(mbi(b"1EG4TE5MK73") && !mbi(b"1SG4TE5MK73"));
        assert!(vin(b"1M8GDM9AXKP042788") && !vin(b"1M8GDM9A1KP042788"));
        assert!(nino(b"QQ123456C") && !nino(b"QQ123456E") && !nino(b"DA123456C"));
        assert!(nir(b"255081416802538") && !nir(b"255081416802539"));
        assert!(medicare_au(b"2123456701") && !medicare_au(b"2123456711"));
    }
}
