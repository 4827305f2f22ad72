//! What was looked at already, by a hash whose key nobody knows: with a known one, two texts that
//! collide could be made in a minute, and the second would pass unseen.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Takes the hash as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only hashes are kept")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Default)]
pub struct Seen {
    key: RandomState,
    hashes: HashSet<u64, BuildHasherDefault<AsItIs>>,
}

impl Seen {
    /// Whether `bytes` are new; they are not from now on.
    pub fn insert(&mut self, bytes: &[u8]) -> bool {
        let mut hasher = self.key.build_hasher();
        hasher.write(bytes);
        self.hashes.insert(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_it_saw_under_a_key_of_its_own() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        assert!(one.insert(b"a token of some length"));
        assert!(!one.insert(b"a token of some length"));
        assert!(one.insert(b"a token of some lengtH"));
        assert!(one.insert(b""));
        assert!(other.insert(b"a token of some length"));
        assert!(one.hashes.intersection(&other.hashes).next().is_none());
    }
}
