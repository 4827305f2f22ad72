//! Bounded reading of little-endian bytes from the host; `None` is a broken form.

#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(len)?;
        self.bytes = tail;
        Some(head)
    }

    pub fn digest(&mut self) -> Option<[u8; 32]> {
        self.take(32)?.try_into().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// `len` bytes and their zero padding to a multiple of 8.
    pub fn padded(&mut self, len: usize) -> Option<&'a [u8]> {
        let bytes = self.take(len)?;
        let padding = self.take((len.next_multiple_of(8)) - len)?;
        padding.iter().all(|byte| *byte == 0).then_some(bytes)
    }

    pub fn ended(&self) -> bool {
        self.bytes.is_empty()
    }
}
