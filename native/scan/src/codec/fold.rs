//! Folding of Unicode look-alikes to ASCII, and charsets other than UTF-8.

use super::escapes::Rewrite;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// First code point of each run of ten decimal digits (Unicode 16, category Nd) outside what NFKC
/// already maps.
const DIGITS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0,
    0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0,
    0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1e140,
    0x1e2f0, 0x1e4f0, 0x1e950,
];

/// Letters that look like ASCII ones: Cyrillic, Greek, Armenian, Cherokee, Latin extensions.
const ALIKE: &str = "аaᴀaɑaαaАAΑAВBΒBЬbсcϲcСCϹCԁdժdеeєeҽeЕEΕEғfƒfԍgɡgցgһhհhНHΗHіiıiιiɩiІIΙIӀlјjЈJКKΚKкkκkʟlӏlⅼlМMΜMмmпnոnռnηnΝNоoοoσoօoОOΟOՕOрpρpРPΡPԛqզqгrʀrѕsЅSՏSꜱsтtτtТTΤTսuυuʋuцuνvѵvѴVԝwѡwωwшwԜWхxχxХXΧXуyγyүyУYΥYҮYᴢzζzΖZЗ3зз‚,‑-‐-‒-–-—-―-−-⁃-﹘-˗-٫.۔.․.‧.·.∙.•.。.｡.⸱.܁.܂.∕/⁄/⧸/∶:˸:։:ː:꞉:׃:﹫@‿_ⁿn";

fn alike(c: char) -> Option<char> {
    use std::sync::OnceLock;
    static TABLE: OnceLock<std::collections::HashMap<char, char>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let all: Vec<char> = ALIKE.chars().collect();
        all.chunks_exact(2).map(|p| (p[0], p[1])).collect()
    });
    table.get(&c).copied()
}

/// Format characters that draw nothing: zero width, bidi, variation selectors, soft hyphen.
fn invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0100..=0xe01ef
        | 0xe0001 | 0xe007f)
}

fn special(c: char) -> Option<char> {
    let n = u32::from(c);
    let ascii = |b: u32| char::from_u32(b);
    match n {
        // Tag characters mirror ASCII.
        0xe0020..=0xe007e => ascii(n - 0xe0000),
        // Regional indicators, negative circled and squared letters.
        0x1f1e6..=0x1f1ff => ascii(n - 0x1f1e6 + 97),
        0x1f150..=0x1f169 => ascii(n - 0x1f150 + 65),
        0x1f170..=0x1f189 => ascii(n - 0x1f170 + 65),
        // Dingbat digits.
        0x2776..=0x277e => ascii(n - 0x2776 + 49),
        0x2780..=0x2788 => ascii(n - 0x2780 + 49),
        0x278a..=0x2792 => ascii(n - 0x278a + 49),
        0x24f5..=0x24fd => ascii(n - 0x24f5 + 49),
        0x24ff => Some('0'),
        // Han numerals, also 〇.
        0x3007 | 0x96f6 => Some('0'),
        0x4e00 => Some('1'),
        0x4e8c => Some('2'),
        0x4e09 => Some('3'),
        0x56db => Some('4'),
        0x4e94 => Some('5'),
        0x516d => Some('6'),
        0x4e03 => Some('7'),
        0x516b => Some('8'),
        0x4e5d => Some('9'),
        _ => None,
    }
}

/// NFKC, digits of every script, look-alikes to ASCII; invisible and combining characters go.
/// Keycap sequences (1️⃣) fall out of the last rule. Reports each changed character.
pub fn fold(text: &str) -> Rewrite {
    let mut out = Rewrite::default();
    let mut buffer = [0u8; 4];
    for (i, c) in text.char_indices() {
        if c.is_ascii() {
            out.data.push(c as u8);
            continue;
        }
        out.changes.push((out.data.len(), i));
        if invisible(c) || is_combining_mark(c) {
            continue;
        }
        if let Some(f) = special(c).or_else(|| alike(c)) {
            out.data.push(f as u8);
            continue;
        }
        let n = u32::from(c);
        let run = DIGITS.partition_point(|&d| d <= n);
        if run > 0 && n < DIGITS[run - 1] + 10 {
            out.data.push(b'0' + (n - DIGITS[run - 1]) as u8);
            continue;
        }
        for k in std::iter::once(c).nfkd() {
            if is_combining_mark(k) {
                continue;
            }
            let k = alike(k).unwrap_or(k);
            out.data
                .extend_from_slice(k.encode_utf8(&mut buffer).as_bytes());
        }
    }
    out
}

/// UTF-16 or UTF-32, by mark or by the pattern of zero bytes; None if it is neither.
pub fn wide(s: &[u8]) -> Option<(String, &'static str)> {
    if s.len() < 8 {
        return None;
    }
    let sample = &s[..s.len().min(4096)];
    let zero = |phase: usize, step: usize| {
        let all = sample.iter().skip(phase).step_by(step);
        let n = all.len();
        n > 0 && all.filter(|&&b| b == 0).count() * 10 >= n * 7
    };
    if s.len().is_multiple_of(4) && (zero(1, 4) && zero(2, 4)) {
        let big = zero(0, 4);
        if big || zero(3, 4) {
            let text = s
                .chunks_exact(4)
                .map(|p| {
                    let a = [p[0], p[1], p[2], p[3]];
                    char::from_u32(if big {
                        u32::from_be_bytes(a)
                    } else {
                        u32::from_le_bytes(a)
                    })
                    .unwrap_or('\u{fffd}')
                })
                .collect();
            return Some((text, "utf-32"));
        }
    }
    let (big, little) = (
        s.starts_with(&[0xfe, 0xff]) || zero(0, 2),
        s.starts_with(&[0xff, 0xfe]) || zero(1, 2),
    );
    if big == little {
        return None;
    }
    let units = s.chunks_exact(2).map(|p| {
        if big {
            u16::from_be_bytes([p[0], p[1]])
        } else {
            u16::from_le_bytes([p[0], p[1]])
        }
    });
    Some((
        char::decode_utf16(units)
            .map(|c| c.unwrap_or('\u{fffd}'))
            .collect(),
        "utf-16",
    ))
}

pub fn rot13(b: u8) -> u8 {
    match b {
        b'a'..=b'z' => (b - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (b - b'A' + 13) % 26 + b'A',
        other => other,
    }
}

pub fn rot47(b: u8) -> u8 {
    if (33..=126).contains(&b) {
        (b - 33 + 47) % 94 + 33
    } else {
        b
    }
}
