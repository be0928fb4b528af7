//! As much of EBML (RFC 8794) as it takes to write a file whose sizes are all known.

/// An element's identifier, with its length marker, as the specifications print it.
pub type Id = u32;

/// Bytes of a size that is written without being known to be small.
const LONG_SIZE_BYTES: usize = 8;

/// Elements one after the other.
#[derive(Debug, Default)]
pub struct Elements(Vec<u8>);

impl Elements {
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The beginning of an element with so many bytes of content.
    pub fn begin(&mut self, id: Id, bytes: u64) {
        self.id(id);
        let length = (1..LONG_SIZE_BYTES).find(|&length| bytes < (1 << (7 * length)) - 1);
        self.size(bytes, length.unwrap_or(LONG_SIZE_BYTES));
    }

    /// The same, always twelve bytes long for an identifier of four.
    pub fn begin_long(&mut self, id: Id, bytes: u64) {
        self.id(id);
        self.size(bytes, LONG_SIZE_BYTES);
    }

    fn id(&mut self, id: Id) {
        let unused = (id.leading_zeros() / 8) as usize;
        self.0.extend_from_slice(&id.to_be_bytes()[unused..]);
    }

    /// A number with its length marked by its first bit that is set.
    fn size(&mut self, bytes: u64, length: usize) {
        let marked = bytes | 1 << (7 * length);
        self.0.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
    }

    pub fn binary(&mut self, id: Id, content: &[u8]) {
        self.begin(id, content.len() as u64);
        self.0.extend_from_slice(content);
    }

    pub fn text(&mut self, id: Id, content: &str) {
        self.binary(id, content.as_bytes());
    }

    pub fn unsigned(&mut self, id: Id, value: u64) {
        let unused = (value.leading_zeros() / 8).min(7) as usize;
        self.binary(id, &value.to_be_bytes()[unused..]);
    }

    /// A number that takes eight bytes whatever its value.
    pub fn unsigned_long(&mut self, id: Id, value: u64) {
        self.binary(id, &value.to_be_bytes());
    }

    pub fn signed_long(&mut self, id: Id, value: i64) {
        self.binary(id, &value.to_be_bytes());
    }

    pub fn float(&mut self, id: Id, value: f64) {
        self.binary(id, &value.to_be_bytes());
    }

    /// An element that holds others.
    pub fn master(&mut self, id: Id, fill: impl FnOnce(&mut Self)) {
        let mut content = Self::default();
        fill(&mut content);
        self.binary(id, &content.0);
    }

    /// Content of an element that was begun.
    pub fn raw(&mut self, content: &[u8]) {
        self.0.extend_from_slice(content);
    }
}

#[cfg(test)]
pub mod reading {
    //! The other way round, for tests.

    use super::Id;

    /// The first element of `bytes`: its identifier, its content, and what comes after it.
    pub fn element(bytes: &[u8]) -> (Id, &[u8], &[u8]) {
        let length = bytes[0].leading_zeros() as usize + 1;
        let id = bytes[..length].iter().fold(0, |id, &byte| id << 8 | Id::from(byte));
        let bytes = &bytes[length..];
        let length = bytes[0].leading_zeros() as usize + 1;
        let marked = bytes[..length].iter().fold(0, |size, &byte| size << 8 | u128::from(byte));
        let size = usize::try_from(marked & ((1 << (7 * length)) - 1)).unwrap();
        let (content, rest) = bytes[length..].split_at(size);
        (id, content, rest)
    }

    /// All elements of a content.
    pub fn elements(mut bytes: &[u8]) -> Vec<(Id, &[u8])> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (id, content, rest) = element(bytes);
            found.push((id, content));
            bytes = rest;
        }
        found
    }

    pub fn unsigned(content: &[u8]) -> u64 {
        content.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_as_short_as_the_reserved_one_allows() {
        for (bytes, expected) in [(0, &[0xae, 0x80][..]), (126, &[0xae, 0xfe]), (127, &[0xae, 0x40, 0x7f])] {
            let mut elements = Elements::default();
            elements.begin(0xae, bytes);
            assert_eq!(elements.0, expected);
        }
        let mut elements = Elements::default();
        elements.begin(0xae, (1 << 14) - 1);
        assert_eq!(elements.0, [0xae, 0x20, 0x3f, 0xff], "all ones would mean an unknown size");
        let mut elements = Elements::default();
        elements.begin_long(0x1853_8067, 1 << 40);
        assert_eq!(elements.0, [0x18, 0x53, 0x80, 0x67, 1, 0, 1, 0, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(
            ids in prop::sample::subsequence(vec![0xae, 0x4282, 0x0022_b59c, 0x1654_ae6b_u32], 1..4),
            content in prop::collection::vec(any::<u8>(), 0..20_000),
            number: u64,
        ) {
            let mut written = Elements::default();
            for &id in &ids {
                written.master(id, |inner| {
                    inner.binary(id, &content);
                    inner.unsigned(id, number);
                    inner.unsigned_long(id, number);
                });
            }
            let outer = reading::elements(&written.0);
            prop_assert_eq!(outer.iter().map(|element| element.0).collect::<Vec<_>>(), &ids[..]);
            for (id, inner) in outer {
                let inner = reading::elements(inner);
                prop_assert_eq!(inner[0], (id, &content[..]));
                prop_assert_eq!(reading::unsigned(inner[1].1), number);
                prop_assert_eq!((reading::unsigned(inner[2].1), inner[2].1.len()), (number, 8));
            }
        }
    }
}
