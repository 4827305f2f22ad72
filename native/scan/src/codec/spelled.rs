//! Digits and punctuation written as words: `four one one`, `john at example dot com`.

/// Digits in English and the other languages of the policy's national ids.
const DIGITS: &[(&str, u8)] = &[
    ("zero", b'0'),
    ("oh", b'0'),
    ("null", b'0'),
    ("nil", b'0'),
    ("nought", b'0'),
    ("one", b'1'),
    ("two", b'2'),
    ("three", b'3'),
    ("four", b'4'),
    ("five", b'5'),
    ("six", b'6'),
    ("seven", b'7'),
    ("eight", b'8'),
    ("nine", b'9'),
    ("niner", b'9'),
    ("cero", b'0'),
    ("uno", b'1'),
    ("dos", b'2'),
    ("tres", b'3'),
    ("cuatro", b'4'),
    ("cinco", b'5'),
    ("seis", b'6'),
    ("siete", b'7'),
    ("ocho", b'8'),
    ("nueve", b'9'),
    ("eins", b'1'),
    ("zwei", b'2'),
    ("drei", b'3'),
    ("vier", b'4'),
    ("funf", b'5'),
    ("sechs", b'6'),
    ("sieben", b'7'),
    ("acht", b'8'),
    ("neun", b'9'),
    ("un", b'1'),
    ("deux", b'2'),
    ("trois", b'3'),
    ("quatre", b'4'),
    ("cinq", b'5'),
    ("sept", b'7'),
    ("huit", b'8'),
    ("neuf", b'9'),
    ("dash", b'-'),
    ("hyphen", b'-'),
    ("minus", b'-'),
    ("plus", b'+'),
    ("dot", b'.'),
    ("point", b'.'),
    ("period", b'.'),
    ("space", b' '),
    ("slash", b'/'),
];

/// Fewest digits that make a spelled number worth a view.
const LEAST: usize = 8;

/// Runs of spelled digits: (start, digits with separators).
pub fn digits(s: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut out = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let (mut start, mut count, mut repeat) = (0, 0, 1);
    let mut i = 0;
    let end_run =
        |run: &mut Vec<u8>, count: &mut usize, start: usize, out: &mut Vec<(usize, Vec<u8>)>| {
            if *count >= LEAST {
                out.push((start, std::mem::take(run)));
            }
            run.clear();
            *count = 0;
        };
    while i < s.len() {
        if !s[i].is_ascii_alphanumeric() {
            // Anything but light punctuation ends the run.
            if !matches!(
                s[i],
                b' ' | b',' | b'-' | b'.' | b'_' | b'\t' | b'\n' | b'"' | b'/'
            ) {
                end_run(&mut run, &mut count, start, &mut out);
            }
            i += 1;
            continue;
        }
        let from = i;
        while i < s.len() && s[i].is_ascii_alphanumeric() {
            i += 1;
        }
        let word = &s[from..i];
        // Camel-case or solid runs ("FourOneOne", "fouroneone") are taken apart greedily.
        let mut rest = word;
        let mut symbols = Vec::new();
        while !rest.is_empty() {
            if rest[0].is_ascii_digit() && word.len() == 1 {
                symbols.push(rest[0]);
                rest = &rest[1..];
                continue;
            }
            let hit = DIGITS
                .iter()
                .filter(|(w, _)| {
                    w.as_bytes()[0] == rest[0] | 0x20
                        && rest.len() >= w.len()
                        && rest[..w.len()].eq_ignore_ascii_case(w.as_bytes())
                })
                .max_by_key(|(w, _)| w.len());
            match hit {
                Some((w, d)) => {
                    symbols.push(*d);
                    rest = &rest[w.len()..];
                }
                None => {
                    symbols.clear();
                    break;
                }
            }
        }
        if symbols.is_empty() {
            match word.to_ascii_lowercase().as_slice() {
                b"double" if count > 0 || run.is_empty() => repeat = 2,
                b"triple" => repeat = 3,
                b"and" => {}
                _ => end_run(&mut run, &mut count, start, &mut out),
            }
            continue;
        }
        if run.is_empty() {
            start = from;
        }
        for d in symbols {
            let times = if d.is_ascii_digit() { repeat } else { 1 };
            for _ in 0..times {
                run.push(d);
            }
            count += if d.is_ascii_digit() { times } else { 0 };
        }
        repeat = 1;
    }
    end_run(&mut run, &mut count, start, &mut out);
    out
}

/// One word or bracketed word that stands for `@` or `.` at `i`: (symbol, length).
fn symbol(s: &[u8], i: usize) -> Option<(u8, usize)> {
    let b = s[i];
    if matches!(
        b,
        b' ' | b'(' | b'[' | b'{' | b'<' | b'_' | b'-' | b'|' | b'*' | b'.'
    ) {
        let open = s[i..]
            .iter()
            .take(4)
            .take_while(|b| {
                matches!(
                    b,
                    b' ' | b'(' | b'[' | b'{' | b'<' | b'_' | b'-' | b'|' | b'*' | b'.'
                )
            })
            .count();
        let w = &s[i + open..];
        for (word, sym) in [
            (&b"at"[..], b'@'),
            (b"dot", b'.'),
            (b"@", b'@'),
            (b".", b'.'),
            (b"punkt", b'.'),
            (b"point", b'.'),
            (b"arroba", b'@'),
            (b"punto", b'.'),
            (b"period", b'.'),
            (b"dash", b'-'),
            (b"underscore", b'_'),
        ] {
            if w.len() >= word.len() && w[..word.len()].eq_ignore_ascii_case(word) {
                let after = &w[word.len()..];
                let close = after
                    .iter()
                    .take(4)
                    .take_while(|b| {
                        matches!(
                            b,
                            b' ' | b')' | b']' | b'}' | b'>' | b'_' | b'-' | b'|' | b'*' | b'.'
                        )
                    })
                    .count();
                if close > 0 || (word == b"@" && open > 0) {
                    return Some((sym, open + word.len() + close));
                }
            }
        }
    } else if b == b'@' {
        let close = s[i + 1..]
            .iter()
            .take(3)
            .take_while(|b| matches!(b, b' ' | b')' | b']' | b'}'))
            .count();
        if close > 0 {
            return Some((b'@', 1 + close));
        }
    }
    None
}

/// Text around `at` (a "dot"/"at" word) with the spelled symbols replaced; (start, text).
pub fn address(s: &[u8], at: usize) -> (usize, Vec<u8>) {
    let from = at.saturating_sub(96);
    let end = (at + 96).min(s.len());
    let mut out = Vec::with_capacity(end - from);
    let mut i = from;
    while i < end {
        match symbol(&s[..end], i) {
            Some((sym, n)) => {
                out.push(sym);
                i += n;
            }
            None => {
                out.push(s[i]);
                i += 1;
            }
        }
    }
    (from, out)
}
