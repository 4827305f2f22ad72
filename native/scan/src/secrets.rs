//! Secret rules: compiled from `rules/secrets.rules`, matched in one forward walk each.

use crate::checks;

const SOURCE: &str = include_str!("../rules/secrets.rules");
/// How far after its `near` word a value may stand, bytes.
const NEAR: usize = 64;
/// What must stand between the `near` word and the value.
const ROLES: [&[u8]; 8] = [
    b"key", b"token", b"secret", b"pass", b"api", b"auth", b"cred", b"pat",
];

enum Element {
    Literal(Vec<u8>),
    Class {
        member: Box<[bool; 256]>,
        least: usize,
        most: usize,
    },
}

pub struct Rule {
    pub name: &'static str,
    elements: Vec<Element>,
    entropy: f32,
    pub near: Option<&'static str>,
    head: usize,
}

fn class(name: u8) -> [bool; 256] {
    let mut member = [false; 256];
    for (i, m) in member.iter_mut().enumerate() {
        let b = i as u8;
        *m = match name {
            b'a' => b.is_ascii_alphanumeric(),
            b'l' => b.is_ascii_lowercase() || b.is_ascii_digit(),
            b'u' => b.is_ascii_uppercase() || b.is_ascii_digit(),
            b'h' => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
            b'H' => b.is_ascii_hexdigit(),
            b'd' => b.is_ascii_digit(),
            b'b' => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            b'B' => {
                b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.')
            }
            b'w' => b.is_ascii_alphanumeric() || b == b'_',
            _ => false,
        };
    }
    member
}

/// Parses one pattern; the rules are part of the program, so a fault is a programming error that
/// the unit test finds.
fn compile(pattern: &str) -> Vec<Element> {
    let p = pattern.as_bytes();
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut i = 0;
    while i < p.len() {
        if p[i] == b'%' && p.get(i + 2) == Some(&b'{') {
            if !literal.is_empty() {
                out.push(Element::Literal(std::mem::take(&mut literal)));
            }
            let close = i + pattern[i..].find('}').unwrap_or(0);
            let range = &pattern[i + 3..close];
            let (least, most) = range.split_once(',').unwrap_or((range, range));
            out.push(Element::Class {
                member: Box::new(class(p[i + 1])),
                least: least.parse().unwrap_or(usize::MAX),
                most: most.parse().unwrap_or(0),
            });
            i = close + 1;
        } else {
            literal.push(p[i]);
            i += 1;
        }
    }
    if !literal.is_empty() {
        out.push(Element::Literal(literal));
    }
    out
}

pub fn rules() -> Vec<Rule> {
    let mut out = Vec::new();
    for line in SOURCE
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
    {
        let Some((name, rest)) = line.split_once(' ') else {
            continue;
        };
        let mut pattern = rest;
        let (mut entropy, mut near) = (0.0, None);
        while let Some((left, option)) = pattern.rsplit_once(' ') {
            if let Some(e) = option.strip_prefix("e=") {
                entropy = e.parse().unwrap_or(0.0);
            } else if let Some(word) = option.strip_prefix("near=") {
                near = Some(word);
            } else {
                break;
            }
            pattern = left;
        }
        let elements = compile(pattern);
        let head = match elements.first() {
            Some(Element::Literal(l)) => l.len(),
            _ => 0,
        };
        out.push(Rule {
            name,
            elements,
            entropy,
            near,
            head,
        });
    }
    out
}

pub fn source() -> &'static str {
    SOURCE
}

impl Rule {
    /// The literal that the automaton looks for: the head, or the `near` word.
    pub fn anchor(&self) -> Option<Vec<u8>> {
        match (self.near, self.elements.first()) {
            (Some(word), _) => Some(word.as_bytes().to_vec()),
            (None, Some(Element::Literal(l))) => Some(l.clone()),
            (None, Some(Element::Class { .. })) => match self.elements.get(1) {
                Some(Element::Literal(l)) => Some(l.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Start of a match whose first element is a class that ends where the anchor begins.
    fn back(&self, text: &[u8], at: usize) -> usize {
        match self.elements.first() {
            Some(Element::Class { member, most, .. }) => {
                let n = text[..at]
                    .iter()
                    .rev()
                    .take(*most)
                    .take_while(|&&b| member[usize::from(b)])
                    .count();
                at - n
            }
            _ => at,
        }
    }

    /// End of the match that starts at `at`.
    fn run(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut i = at;
        for element in &self.elements {
            match element {
                Element::Literal(l) => {
                    if !text[i..].starts_with(l) {
                        return None;
                    }
                    i += l.len();
                }
                Element::Class {
                    member,
                    least,
                    most,
                } => {
                    let n = text[i..]
                        .iter()
                        .take(*most)
                        .take_while(|&&b| member[usize::from(b)])
                        .count();
                    if n < *least {
                        return None;
                    }
                    i += n;
                }
            }
        }
        // A value that goes on is another, longer thing.
        if let Some(Element::Class { member, .. }) = self.elements.last()
            && text
                .get(i)
                .is_some_and(|&b| b.is_ascii_alphanumeric() && member[usize::from(b)])
        {
            return None;
        }
        let body = &text[(at + self.head).min(i)..i];
        (body.is_empty() || checks::entropy(body) >= self.entropy).then_some(i)
    }

    /// Matches at an anchor that starts at `at` and ends at `end`: start of the value.
    pub fn matches(&self, text: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
        if self.near.is_none() {
            let at = self.back(text, at);
            let first = text[at];
            let border =
                at == 0 || !text[at - 1].is_ascii_alphanumeric() || !first.is_ascii_alphanumeric();
            // An escape such as \n or \t in front is a border too.
            let escape =
                at >= 2 && text[at - 2] == b'\\' && matches!(text[at - 1], b'n' | b't' | b'r');
            if !(border || escape) {
                return None;
            }
            return self.run(text, at).map(|e| (at, e));
        }
        let limit = (end + NEAR).min(text.len());
        let mut i = end;
        while i < limit {
            let b = text[i];
            if b == b'\n' {
                return None;
            }
            let starts = b.is_ascii_alphanumeric() && !text[i - 1].is_ascii_alphanumeric();
            if starts
                && (matches!(
                    text[i - 1],
                    b'"' | b'\'' | b'=' | b' ' | b':' | b'>' | b'\t' | b'`'
                ))
                && let Some(e) = self.run(text, i)
            {
                let from = at.saturating_sub(16);
                let between = text[from..i].to_ascii_lowercase();
                let role = ROLES
                    .iter()
                    .any(|r| between.windows(r.len()).any(|w| w == *r));
                let assigned = text[end..i].iter().any(|b| matches!(b, b'=' | b':' | b'>'))
                    || text[end..i].contains(&b' ');
                return (role && assigned).then_some((i, e));
            }
            i += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles_and_has_an_anchor() {
        let all = rules();
        assert!(all.len() >= 150);
        for rule in &all {
            assert!(rule.anchor().is_some_and(|a| a.len() >= 2), "{}", rule.name);
            for e in &rule.elements {
                if let Element::Class {
                    least,
                    most,
                    member,
                } = e
                {
                    assert!(
                        *least <= *most && *most > 0 && member.iter().any(|m| *m),
                        "{}",
                        rule.name
                    );
                }
            }
        }
    }
}
