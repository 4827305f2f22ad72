//! What a guest finds where a file system is granted: one read-only directory, in memory, that
//! holds its input and nothing else. `arguments.json`, and `<dataset>.arrow` for each table.

use std::ops::Range;

/// Bytes of the guest input's header and of each table's (docs/protocol.md, Guest input).
const HEADER_BYTES: usize = 16;
/// Files and directories that a guest may hold open at once.
const OPEN_MAX: usize = 64;
/// Longest path looked at, bytes.
const PATH_BYTES_MAX: usize = 4096;
/// The directory itself; open from the start.
pub const ROOT_FD: u32 = 3;

pub struct File {
    pub name: Vec<u8>,
    /// Where its bytes stand in the input.
    pub range: Range<usize>,
}

#[derive(Clone, Copy)]
pub enum Open {
    Directory,
    File { index: usize, at: usize },
}

/// What a path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    Directory,
    File(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathError {
    /// Absolute, or out of the directory by `..`.
    Outside,
    TooLong,
    Missing,
    /// Goes on behind a file.
    NotDirectory,
}

/// The directory of one run and what is open of it.
#[derive(Default)]
pub struct Files {
    entries: Vec<File>,
    /// By descriptor, from `ROOT_FD` on; empty if nothing is granted.
    open: Vec<Option<Open>>,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_le_bytes(four) as usize)
}

fn padded(length: usize) -> Option<usize> {
    Some(length.checked_add(7)? & !7)
}

/// Takes the input apart; `None` if it is not one.
fn entries(input: &[u8]) -> Option<Vec<File>> {
    if input.get(..4)? != b"NMPI" || u32_at(input, 4)? != 1 {
        return None;
    }
    let (arguments, tables) = (u32_at(input, 8)?, u32_at(input, 12)?);
    let mut files = vec![File {
        name: b"arguments.json".to_vec(),
        range: HEADER_BYTES..HEADER_BYTES.checked_add(arguments)?,
    }];
    let mut at = HEADER_BYTES.checked_add(padded(arguments)?)?;
    for _ in 0..tables {
        let name_length = u32_at(input, at)?;
        let length = u32_at(input, at.checked_add(8)?)?;
        if u32_at(input, at.checked_add(12)?)? != 0 {
            return None;
        }
        let name_at = at.checked_add(HEADER_BYTES)?;
        let mut name = input
            .get(name_at..name_at.checked_add(name_length)?)?
            .to_vec();
        name.extend_from_slice(b".arrow");
        let start = name_at.checked_add(padded(name_length)?)?;
        files.push(File {
            name,
            range: start..start.checked_add(length)?,
        });
        at = start.checked_add(padded(length)?)?;
    }
    (at == input.len()).then_some(files)
}

impl Files {
    /// A directory of `input`; empty if that is not a guest input.
    pub fn of(input: &[u8]) -> Self {
        Files {
            entries: entries(input).unwrap_or_default(),
            open: vec![Some(Open::Directory)],
        }
    }

    pub fn entries(&self) -> &[File] {
        &self.entries
    }

    pub fn get(&self, fd: u32) -> Option<Open> {
        let at = fd.checked_sub(ROOT_FD)? as usize;
        *self.open.get(at)?
    }

    pub fn get_mut(&mut self, fd: u32) -> Option<&mut Open> {
        let at = fd.checked_sub(ROOT_FD)? as usize;
        self.open.get_mut(at)?.as_mut()
    }

    /// Opens under the lowest free number; `None` if too many are open.
    pub fn open(&mut self, node: Node) -> Option<u32> {
        let open = match node {
            Node::Directory => Open::Directory,
            Node::File(index) => Open::File { index, at: 0 },
        };
        let at = match self.open.iter().position(Option::is_none) {
            Some(at) => at,
            None if self.open.len() < OPEN_MAX => {
                self.open.push(None);
                self.open.len() - 1
            }
            None => return None,
        };
        self.open[at] = Some(open);
        Some(ROOT_FD + at as u32)
    }

    /// False if it is not open.
    pub fn close(&mut self, fd: u32) -> bool {
        fd.checked_sub(ROOT_FD)
            .and_then(|at| self.open.get_mut(at as usize))
            .is_some_and(|slot| slot.take().is_some())
    }

    /// Looks up a path relative to the directory.
    pub fn lookup(&self, path: &[u8]) -> Result<Node, PathError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        if path.first() == Some(&b'/') {
            return Err(PathError::Outside);
        }
        let mut node = Node::Directory;
        let mut rest = path;
        loop {
            let end = rest.iter().position(|byte| *byte == b'/');
            let part = &rest[..end.unwrap_or(rest.len())];
            node = match (part, node) {
                (b"..", _) => return Err(PathError::Outside),
                (_, Node::File(_)) => return Err(PathError::NotDirectory),
                (b"" | b".", Node::Directory) => Node::Directory,
                (name, Node::Directory) => Node::File(
                    self.entries
                        .iter()
                        .position(|file| file.name == name)
                        .ok_or(PathError::Missing)?,
                ),
            };
            match end {
                Some(end) => rest = &rest[end + 1..],
                None => return Ok(node),
            }
        }
    }
}

/// Which bytes of the input a guest read.
#[derive(Default)]
pub struct Reads(Vec<Range<u32>>);

/// Ranges told apart; more become one that spans them all.
pub const READS_MAX: usize = 1024;

impl Reads {
    pub fn add(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        let (start, end) = (start as u32, end as u32);
        if let Some(last) = self.0.last_mut()
            && (last.start..=last.end).contains(&start)
        {
            last.end = last.end.max(end);
            return;
        }
        self.0.push(start..end);
        if self.0.len() > READS_MAX {
            self.merge();
            if self.0.len() > READS_MAX / 2 {
                let span = self.0[0].start..self.0[self.0.len() - 1].end;
                self.0 = vec![span];
            }
        }
    }

    fn merge(&mut self) {
        self.0.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(self.0.len());
        for range in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        self.0 = merged;
    }

    /// Ascending, apart from each other; at most `READS_MAX`.
    pub fn take(&mut self) -> Vec<Range<u32>> {
        self.merge();
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> Vec<u8> {
        let mut bytes = b"NMPI\x01\0\0\0\x02\0\0\0\x01\0\0\0{}\0\0\0\0\0\0".to_vec();
        bytes.extend_from_slice(b"\x03\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0abc\0\0\0\0\0");
        bytes.extend_from_slice(b"123456789\0\0\0\0\0\0\0");
        bytes
    }

    #[test]
    fn an_input_becomes_files() {
        let bytes = input();
        let files = Files::of(&bytes);
        let found: Vec<_> = files
            .entries()
            .iter()
            .map(|file| (file.name.as_slice(), &bytes[file.range.clone()]))
            .collect();
        assert_eq!(
            found,
            [
                (&b"arguments.json"[..], &b"{}"[..]),
                (b"abc.arrow", b"123456789")
            ]
        );
        for cut in 0..bytes.len() {
            assert!(Files::of(&bytes[..cut]).entries().is_empty());
        }
    }

    #[test]
    fn paths_stay_inside() {
        let files = Files::of(&input());
        assert_eq!(files.lookup(b""), Ok(Node::Directory));
        assert_eq!(files.lookup(b"./"), Ok(Node::Directory));
        assert_eq!(files.lookup(b".//abc.arrow"), Ok(Node::File(1)));
        assert_eq!(files.lookup(b"/abc.arrow"), Err(PathError::Outside));
        assert_eq!(files.lookup(b"./../etc/passwd"), Err(PathError::Outside));
        assert_eq!(files.lookup(b"abc.arrow/.."), Err(PathError::Outside));
        assert_eq!(files.lookup(b"abc.arrow/"), Err(PathError::NotDirectory));
        assert_eq!(files.lookup(b"etc/passwd"), Err(PathError::Missing));
        assert_eq!(files.lookup(&[b'a'; 4097]), Err(PathError::TooLong));
    }

    #[test]
    fn descriptors_are_few_and_used_again() {
        let mut files = Files::of(&input());
        let first = files.open(Node::File(0)).unwrap();
        for _ in 2..OPEN_MAX {
            assert!(files.open(Node::Directory).is_some());
        }
        assert_eq!(files.open(Node::Directory), None);
        assert!(files.close(first));
        assert!(!files.close(first));
        assert!(!files.close(2));
        assert_eq!(files.open(Node::Directory), Some(first));
    }

    #[test]
    fn reads_are_merged_and_never_fewer_than_were() {
        let mut reads = Reads::default();
        reads.add(10, 20);
        reads.add(20, 30);
        reads.add(0, 5);
        reads.add(4, 4);
        reads.add(3, 12);
        let merged = reads.take();
        assert_eq!((merged.len(), merged[0].clone()), (1, 0..30));
        for at in 0..3 * READS_MAX {
            reads.add(at * 10, at * 10 + 1);
        }
        let taken = reads.take();
        assert!(taken.len() <= READS_MAX);
        assert!((0..3 * READS_MAX as u32).all(|at| taken.iter().any(|r| r.contains(&(at * 10)))));
    }
}
