//! The JSON path of a byte offset, found by one forward walk without recursion.

/// Longest path reported; the rest is cut at a character border.
const MAX_PATH: usize = 256;
/// Containers kept on the path; deeper ones are counted only.
const MAX_LEVELS: usize = 12;

enum Level {
    Array(usize),
    Object(std::ops::Range<usize>),
}

/// `$.a.b[2]` for the value (or key) at `offset`, None if `text` is not JSON-like.
pub fn json_path(text: &[u8], offset: usize) -> Option<String> {
    let first = text.iter().position(|b| !b.is_ascii_whitespace())?;
    if !matches!(text[first], b'{' | b'[') {
        return None;
    }
    let mut stack: Vec<Level> = Vec::new();
    let mut deeper = 0usize;
    let mut i = first;
    let end = offset.min(text.len().saturating_sub(1));
    while i <= end {
        match text[i] {
            b'{' | b'[' if stack.len() >= MAX_LEVELS => deeper += 1,
            b'{' => stack.push(Level::Object(0..0)),
            b'[' => stack.push(Level::Array(0)),
            b'}' | b']' if deeper > 0 => deeper -= 1,
            b'}' | b']' => {
                stack.pop();
            }
            b',' if deeper == 0 => {
                if let Some(Level::Array(n)) = stack.last_mut() {
                    *n += 1;
                }
            }
            b'"' => {
                let start = i + 1;
                i = string_end(text, start);
                let mut next = i + 1;
                while text.get(next).is_some_and(u8::is_ascii_whitespace) {
                    next += 1;
                }
                if deeper == 0
                    && text.get(next) == Some(&b':')
                    && let Some(Level::Object(key)) = stack.last_mut()
                {
                    *key = start..i.min(text.len());
                }
            }
            _ => {}
        }
        i += 1;
    }
    let mut out = String::from("$");
    for level in &stack {
        match level {
            Level::Array(n) => out.push_str(&format!("[{n}]")),
            Level::Object(key) if !key.is_empty() => {
                out.push('.');
                out.push_str(&String::from_utf8_lossy(
                    &text[key.start..key.end.min(key.start + 48)],
                ));
            }
            Level::Object(_) => {}
        }
    }
    if deeper > 0 {
        out.push_str(&format!("[+{deeper} levels]"));
    }
    if out.len() > MAX_PATH {
        let mut cut = MAX_PATH;
        while !out.is_char_boundary(cut) {
            cut -= 1;
        }
        out.truncate(cut);
        out.push('…');
    }
    Some(out)
}

/// Index of the quote that ends the string starting at `i`, or the length of the text.
pub fn string_end(text: &[u8], mut i: usize) -> usize {
    while i < text.len() {
        match text[i] {
            b'\\' => i += 2,
            b'"' => return i,
            _ => i += 1,
        }
    }
    text.len()
}
