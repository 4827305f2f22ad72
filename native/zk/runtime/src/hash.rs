//! SHA-256 through the zkVM's accelerator. Whole blocks that lie at a multiple of four bytes are
//! hashed where they are; everything else goes through one buffer.

use crate::host::compress;

pub type Digest = [u8; 32];

const BLOCK: usize = 64;
/// As many blocks as the kernel takes at once.
const BUFFER: usize = 10 * BLOCK;
/// FIPS 180-4, section 5.3.3, as bytes.
const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

#[repr(C, align(4))]
struct Buffer([u8; BUFFER]);

static mut SHARED: Buffer = Buffer([0; BUFFER]);

struct Hasher {
    state: [u32; 8],
    buffer: &'static mut [u8; BUFFER],
    filled: usize,
}

impl Hasher {
    fn flush(&mut self) {
        // SAFETY: the buffer holds `filled` bytes, whole blocks, and is aligned.
        unsafe { compress(&mut self.state, self.buffer.as_ptr(), self.filled / BLOCK) };
        self.filled = 0;
    }

    fn update(&mut self, mut part: &[u8]) {
        while !part.is_empty() {
            let open = self.filled % BLOCK;
            let aligned = part.as_ptr() as usize % 4 == 0;
            if open == 0 && aligned && part.len() >= BLOCK {
                if self.filled != 0 {
                    self.flush();
                }
                let blocks = part.len() / BLOCK;
                // SAFETY: `part` has that many whole blocks, and is aligned.
                unsafe { compress(&mut self.state, part.as_ptr(), blocks) };
                part = &part[blocks * BLOCK..];
                continue;
            }
            // Up to the end of the block if what follows can be hashed in place.
            let rest = BLOCK - open;
            let in_place = (part.as_ptr() as usize + rest) % 4 == 0 && part.len() >= rest + BLOCK;
            let room = if in_place { rest } else { BUFFER - self.filled };
            let taken = room.min(part.len());
            self.buffer[self.filled..self.filled + taken].copy_from_slice(&part[..taken]);
            self.filled += taken;
            part = &part[taken..];
            if self.filled == BUFFER {
                self.flush();
            }
        }
    }

    fn finish(mut self, length: usize) -> Digest {
        self.buffer[self.filled] = 0x80;
        self.filled += 1;
        let end = (self.filled + 8).next_multiple_of(BLOCK);
        if end > BUFFER {
            // A block of the padding does not fit behind what is there.
            self.buffer[self.filled..].fill(0);
            self.filled = BUFFER;
            self.flush();
            return self.close(BLOCK, length);
        }
        self.close(end, length)
    }

    fn close(mut self, end: usize, length: usize) -> Digest {
        self.buffer[self.filled..end - 8].fill(0);
        self.buffer[end - 8..end].copy_from_slice(&(8 * length as u64).to_be_bytes());
        self.filled = end;
        self.flush();
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        digest
    }
}

/// SHA-256 of the parts one after another.
pub fn sha256_of(parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher {
        state: INITIAL.map(u32::to_be),
        // SAFETY: one thread, and no part comes from the buffer: nobody else refers to it.
        buffer: unsafe { &mut (*core::ptr::addr_of_mut!(SHARED)).0 },
        filled: 0,
    };
    let mut length = 0;
    for part in parts {
        hasher.update(part);
        length += part.len();
    }
    hasher.finish(length)
}

pub fn sha256(bytes: &[u8]) -> Digest {
    sha256_of(&[bytes])
}
