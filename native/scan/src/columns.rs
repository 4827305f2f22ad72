//! Restricted keys whose values stand elsewhere: under a header line, or at the same place of a
//! later list (`(id, ssn) VALUES (1, …)`, `"columns": […], "rows": [[…]]`).

use crate::blocks;
use crate::detect::Rules;
use crate::key_names::Family;
use crate::keys;
use crate::numbers::Report;
use crate::words::{Words, collect};

/// Lines or lists behind a header that are looked at.
const ROWS_MAX: usize = 64;
const LINE_MAX: usize = 4096;
const CELLS_MAX: usize = 64;

type Span = (usize, usize);

/// The line around `at`, cut where it is longer than a header can be.
fn line_at(text: &[u8], at: usize) -> Span {
    let floor = at.saturating_sub(LINE_MAX);
    let start = text[floor..at]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(floor, |n| floor + n + 1);
    let roof = (at + LINE_MAX + 1).min(text.len());
    let end = text[at..roof]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(roof, |n| at + n);
    (start, end)
}

fn cells(text: &[u8], (start, end): Span, separator: u8) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = start;
    for i in start..=end {
        if i == end || text[i] == separator {
            out.push(trim(text, (from, i)));
            from = i + 1;
        }
        if out.len() >= CELLS_MAX {
            break;
        }
    }
    out
}

fn trim(text: &[u8], (mut start, mut end): Span) -> Span {
    let shell = |b: u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'\\');
    while start < end && shell(text[start]) {
        start += 1;
    }
    while end > start && shell(text[end - 1]) {
        end -= 1;
    }
    (start, end)
}

/// Restricted columns among the cells of a header: (index, family).
fn headers(text: &[u8], cells: &[Span], rules: &Rules) -> Vec<(usize, Family)> {
    let named = cells.iter().enumerate();
    named
        .filter_map(|(i, c)| keys::family(&text[c.0..c.1], &rules.keys).map(|f| (i, f)))
        .collect()
}

fn judge(text: &[u8], wanted: &[(usize, Family)], row: &[Span], report: &mut Report<'_>) {
    for (index, family) in wanted {
        if let Some(cell) = row.get(*index)
            && keys::counts(*family, &text[cell.0..cell.1])
        {
            report("RESTRICTED_KEY", "restricted-column", cell.0, cell.1);
        }
    }
}

fn below(text: &[u8], at: usize, rules: &Rules, report: &mut Report<'_>) {
    let header = line_at(text, at);
    if header.1 - header.0 > LINE_MAX || header.1 == text.len() {
        return;
    }
    for separator in [b',', b'\t', b'|', b';'] {
        let names = cells(text, header, separator);
        if names.len() < 2 {
            continue;
        }
        let wanted = headers(text, &names, rules);
        if wanted.is_empty() {
            continue;
        }
        // The line above has the same cells: this one is a row among others.
        if header.0 > 0 {
            let above = line_at(text, header.0 - 1);
            if above.1 > above.0 && cells(text, above, separator).len() == names.len() {
                return;
            }
        }
        let mut next = header.1 + 1;
        for _ in 0..ROWS_MAX {
            if next >= text.len() {
                break;
            }
            let line = line_at(text, next);
            let row = cells(text, line, separator);
            if row.len() == names.len() {
                judge(text, &wanted, &row, report);
            }
            next = line.1 + 1;
        }
        return;
    }
}

/// The flat list around or behind `at`: its content between brackets.
fn list_around(text: &[u8], at: usize) -> Option<(u8, Span)> {
    let start = blocks::find_back(text, at, LINE_MAX, |block| block.any(b"()[]{}"))? + 1;
    let kind = text[start - 1];
    list_from(text, kind, start).map(|end| (kind, (start, end)))
}

fn list_from(text: &[u8], kind: u8, start: usize) -> Option<usize> {
    let close = match kind {
        b'(' => b')',
        b'[' => b']',
        _ => return None,
    };
    let end = start
        + text[start..]
            .iter()
            .take(LINE_MAX)
            .position(|b| *b == close || *b == kind)?;
    (text[end] == close).then_some(end)
}

/// Returns where the list around `at` ends.
fn later_lists(text: &[u8], at: usize, rules: &Rules, report: &mut Report<'_>) -> usize {
    let Some((kind, span)) = list_around(text, at) else {
        return at;
    };
    let names = cells(text, span, b',');
    if names.len() < 2 {
        return span.1;
    }
    let wanted = headers(text, &names, rules);
    if wanted.is_empty() {
        return span.1;
    }
    let mut from = span.1;
    for _ in 0..ROWS_MAX {
        let Some(open) = text[from..].iter().take(LINE_MAX).position(|b| *b == kind) else {
            return span.1;
        };
        from += open + 1;
        if let Some(end) = list_from(text, kind, from) {
            let row = cells(text, (from, end), b',');
            if row.len() == names.len() {
                judge(text, &wanted, &row, report);
            }
            from = end;
        }
    }
    span.1
}

/// Cells of a line of CSV (RFC 4180), quotes kept together.
fn fields(text: &[u8], (start, end): Span, separator: u8) -> Vec<Span> {
    let mut out = Vec::new();
    let (mut from, mut quoted) = (start, false);
    for i in start..=end {
        if i < end && text[i] == b'"' {
            quoted = !quoted;
        }
        if i == end || text[i] == separator && !quoted {
            out.push(trim(text, (from, i)));
            from = i + 1;
        }
        if out.len() >= CELLS_MAX {
            break;
        }
    }
    out
}

/// Most lines that are labelled.
const LABELLED_MAX: usize = 20_000;

/// Cells of the columns whose header says something, each with that header in front: what CSV
/// keeps apart stands together. (data, (offset in data, offset in text) of each cell)
pub fn labelled(text: &[u8], w: &Words, rules: &Rules) -> (Vec<u8>, Vec<(usize, usize)>) {
    let mut out = (Vec::new(), Vec::new());
    let mut header = line_at(text, 0);
    if header.1 == text.len() || header.1 > LINE_MAX {
        return out;
    }
    // A table inside a string or a message starts behind what is not its own.
    let line = &text[..header.1];
    if line.iter().filter(|b| **b == b'"').count() % 2 == 1 {
        header.0 = line.iter().rposition(|b| *b == b'"').map_or(0, |n| n + 1);
    } else if let Some(n) = line
        .iter()
        .rposition(|b| *b < 32 && *b != b'\t' && *b != b'\r')
    {
        header.0 = n + 1;
    }
    for separator in [b',', b'\t', b'|', b';'] {
        let names = fields(text, header, separator);
        if names.len() < 2 {
            continue;
        }
        let says = |span: &Span| {
            span.1 - span.0 <= 48
                && (collect(w, span.0, span.1) != 0
                    || keys::family(&text[span.0..span.1], &rules.keys).is_some())
        };
        let wanted: Vec<usize> = (0..names.len()).filter(|i| says(&names[*i])).collect();
        if wanted.is_empty() {
            return out;
        }
        let mut next = header.1 + 1;
        for _ in 0..LABELLED_MAX {
            if next >= text.len() {
                break;
            }
            let line = line_at(text, next);
            let row = fields(text, line, separator);
            if row.len() == names.len() {
                for index in &wanted {
                    let (name, cell) = (names[*index], row[*index]);
                    if cell.0 == cell.1 {
                        continue;
                    }
                    out.0.extend_from_slice(&text[name.0..name.1]);
                    out.0.extend_from_slice(b": ");
                    out.1.push((out.0.len(), cell.0));
                    out.0.extend_from_slice(&text[cell.0..cell.1]);
                    out.0.push(b'\n');
                }
            }
            next = line.1 + 1;
        }
        return out;
    }
    out
}

/// Looks at the key roots at `places`; each header line or list once.
pub fn columns(text: &[u8], places: &[Span], rules: &Rules, report: &mut Report<'_>) {
    // What was looked at already: the end of the last line and of the last list.
    let (mut line_end, mut list_end) = (0, 0);
    let lines = blocks::holds(text, b'\n');
    let lists = blocks::holds(text, b'(') || blocks::holds(text, b'[');
    for &(at, _) in places {
        if lines && at >= line_end {
            line_end = line_at(text, at).1.max(at + 1);
            below(text, at, rules, report);
        }
        if lists && at >= list_end {
            list_end = later_lists(text, at, rules, report).max(at + 1);
        }
    }
}
