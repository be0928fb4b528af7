//! A file that is written with seeks but leaves in parts. Pure.
//!
//! Only part 1 and a window behind the end stay in memory; parts 2 and on leave as the window fills. The muxer's last
//! acts are to write the index and to patch the size of the media near the beginning, so part 1 leaves last, with
//! the index moved into it.

use super::moov::{self, MalformedIndex};
use protocol::limits::{MAX_PARTS, PART_BYTES};

/// A piece of the file, to be put at its number's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: u16,
    pub bytes: Vec<u8>,
}

/// Why the file cannot be written in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    #[error("the muxer wrote to a part that had left already, at byte {0}")]
    LateWrite(u64),
    #[error("the muxer wrote a hole at byte {0}")]
    Hole(u64),
    #[error("the file needs more than {MAX_PARTS} parts")]
    TooManyParts,
    #[error("the muxer wrote no index")]
    NoIndex,
    #[error(transparent)]
    MalformedIndex(#[from] MalformedIndex),
}

/// See the module.
#[derive(Debug)]
pub struct PartWriter {
    part_bytes: usize,
    position: u64,
    head: Vec<u8>,
    /// Where the window begins.
    window_start: u64,
    window: Vec<u8>,
    next_number: u16,
    index: Option<Vec<u8>>,
}

impl Default for PartWriter {
    fn default() -> Self {
        Self::new(PART_BYTES)
    }
}

impl PartWriter {
    fn new(part_bytes: usize) -> Self {
        Self {
            part_bytes,
            position: 0,
            head: Vec::new(),
            window_start: part_bytes as u64,
            window: Vec::new(),
            next_number: 2,
            index: None,
        }
    }

    /// Continues writing at `position`.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    fn end(&self) -> u64 {
        if self.window.is_empty() && self.next_number == 2 {
            self.head.len() as u64
        } else {
            self.window_start + self.window.len() as u64
        }
    }

    /// Writes at the current position; answers the parts that are complete now.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Vec<Part>, PartError> {
        if self.position > self.end() || (self.index.is_some() && self.position == self.end()) {
            return Err(PartError::Hole(self.position));
        }
        if self.position == self.end() && moov::is_index(bytes) {
            self.index = Some(bytes.to_vec());
            return Ok(Vec::new());
        }
        let mut rest = bytes;
        if self.position < self.part_bytes as u64 {
            let offset = usize::try_from(self.position).map_err(|_| PartError::LateWrite(self.position))?;
            let (front, behind) = rest.split_at(rest.len().min(self.part_bytes - offset));
            overwrite(&mut self.head, offset, front);
            self.position += front.len() as u64;
            rest = behind;
        }
        if !rest.is_empty() {
            let offset = self.position.checked_sub(self.window_start).and_then(|offset| usize::try_from(offset).ok());
            overwrite(&mut self.window, offset.ok_or(PartError::LateWrite(self.position))?, rest);
            self.position += rest.len() as u64;
        }
        let mut parts = Vec::new();
        while self.window.len() >= 2 * self.part_bytes {
            parts.push(self.take_part()?);
        }
        Ok(parts)
    }

    fn take_part(&mut self) -> Result<Part, PartError> {
        if self.next_number > MAX_PARTS {
            return Err(PartError::TooManyParts);
        }
        let rest = self.window.split_off(self.window.len().min(self.part_bytes));
        let bytes = std::mem::replace(&mut self.window, rest);
        self.window_start += bytes.len() as u64;
        let number = self.next_number;
        self.next_number += 1;
        Ok(Part { number, bytes })
    }

    /// The parts still here, part 1 last.
    pub fn finish(mut self) -> Result<Vec<Part>, PartError> {
        let mut parts = Vec::new();
        while !self.window.is_empty() {
            parts.push(self.take_part()?);
        }
        let index = moov::in_front(&self.index.ok_or(PartError::NoIndex)?)?;
        let first_box = self.head.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
        let (file_type, media) = usize::try_from(first_box)
            .ok()
            .and_then(|size| self.head.split_at_checked(size))
            .ok_or(PartError::MalformedIndex(MalformedIndex))?;
        parts.push(Part { number: 1, bytes: [file_type, &index, media].concat() });
        Ok(parts)
    }
}

fn overwrite(buffer: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let kept = bytes.len().min(buffer.len().saturating_sub(offset));
    let (over, beyond) = bytes.split_at(kept);
    if let Some(place) = buffer.get_mut(offset..offset + kept) {
        place.copy_from_slice(over);
    }
    buffer.extend_from_slice(beyond);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE_TYPE: &[u8] = b"\0\0\0\x0cftypisom";
    const INDEX: &[u8] = b"\0\0\0\x08moov";

    fn assemble(mut parts: Vec<Part>) -> Vec<u8> {
        assert_eq!(parts.last().unwrap().number, 1);
        parts.sort_by_key(|part| part.number);
        assert_eq!(
            parts.iter().map(|part| part.number).collect::<Vec<_>>(),
            (1..=parts.len() as u16).collect::<Vec<_>>()
        );
        parts.into_iter().flat_map(|part| part.bytes).collect()
    }

    proptest! {
        #[test]
        fn parts_make_the_file_with_its_index_in_front(
            media in prop::collection::vec(any::<u8>(), 0..2000),
            step in 1usize..150,
            patch in 0usize..80,
        ) {
            let mut writer = PartWriter::new(100);
            let mut parts = Vec::new();
            let mut expected = [FILE_TYPE, &media].concat();
            for bytes in [FILE_TYPE].into_iter().chain(media.chunks(step)) {
                parts.extend(writer.write(bytes).unwrap());
            }
            writer.write(INDEX).unwrap();
            let patch = patch.min(expected.len() - 4).max(8);
            if patch + 4 <= expected.len() {
                writer.seek(patch as u64);
                writer.write(b"size").unwrap();
                expected[patch..patch + 4].copy_from_slice(b"size");
            }
            expected.splice(12..12, INDEX.iter().copied());
            parts.extend(writer.finish().unwrap());
            prop_assert!(parts.iter().rev().skip(2).all(|part| part.bytes.len() == 100));
            prop_assert_eq!(assemble(parts), expected);
        }
    }

    #[test]
    fn writing_to_a_part_that_has_left_fails() {
        let mut writer = PartWriter::new(10);
        writer.write(FILE_TYPE).unwrap();
        assert_eq!(writer.write(&[0; 30]).unwrap().len(), 2);
        writer.seek(15);
        assert_eq!(writer.write(&[1]), Err(PartError::LateWrite(15)));
        writer.seek(5);
        assert_eq!(writer.write(&[1; 20]), Err(PartError::LateWrite(10)));
    }

    #[test]
    fn a_file_without_index_or_with_something_behind_it_fails() {
        let mut writer = PartWriter::new(10);
        writer.write(FILE_TYPE).unwrap();
        assert_eq!(writer.finish().unwrap_err(), PartError::NoIndex);
        let mut writer = PartWriter::new(100);
        writer.write(FILE_TYPE).unwrap();
        writer.write(INDEX).unwrap();
        assert_eq!(writer.write(&[0]), Err(PartError::Hole(12)));
    }
}
