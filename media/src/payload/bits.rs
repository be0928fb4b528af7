//! Reading fields that do not end with a byte.

/// What is left to read, from the most significant bit of each byte.
#[derive(Debug)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits as a number, 32 at most; none when there are fewer.
    pub fn take(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    pub fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.flag().map(|_| ()))
    }

    /// A number written as so many zeros, a one and as many bits more (AV1 §4.10.3).
    pub fn variable(&mut self) -> Option<u32> {
        let zeros = (0..32).take_while(|_| self.flag() == Some(false)).count();
        if zeros == 32 { None } else { Some((1u32 << zeros) - 1 + self.take(zeros)?) }
    }
}
