//! A file that is written with seeks but leaves in parts. Pure.
//!
//! Only the beginning and a window behind the end stay in memory; what lies between leaves as the window fills. The
//! muxer's last acts are to write the index and to patch the size of the media near the beginning, so the beginning
//! leaves last, with the index moved into it.
//!
//! Some stores, Cloudflare's R2 among them, take an upload only when all parts but the last are equally long. So room
//! for the index is set aside before its length is known, and what it does not fill is a box that players skip.

use super::moov::{self, MalformedIndex};
use protocol::limits::{MAX_PARTS, PART_BYTES};

/// What stays at least of the beginning of what the muxer writes: the file's type and the header of the media.
const START_BYTES: usize = 64 * 1024;

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
    /// Bytes set aside for the index.
    index_room: usize,
    position: u64,
    head: Vec<u8>,
    /// How much of what the muxer writes stays until the end: with the index it makes whole parts.
    head_bytes: usize,
    /// Where the window begins.
    window_start: u64,
    window: Vec<u8>,
    /// The first part behind the head.
    first_behind: u16,
    next_number: u16,
    index: Option<Vec<u8>>,
}

impl PartWriter {
    /// A writer of a file whose index is expected to have at most `index_room` bytes. With a longer one the file is as
    /// good, but its first part is longer than the others.
    pub fn new(index_room: usize) -> Self {
        Self::with_parts_of(PART_BYTES, START_BYTES, index_room)
    }

    fn with_parts_of(part_bytes: usize, start_bytes: usize, index_room: usize) -> Self {
        let head_parts = (index_room + start_bytes).div_ceil(part_bytes);
        let head_bytes = head_parts * part_bytes - index_room;
        let first_behind = u16::try_from(head_parts).unwrap_or(MAX_PARTS).saturating_add(1);
        Self {
            part_bytes,
            index_room,
            position: 0,
            head: Vec::new(),
            head_bytes,
            window_start: head_bytes as u64,
            window: Vec::new(),
            first_behind,
            next_number: first_behind,
            index: None,
        }
    }

    /// Continues writing at `position`.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    fn end(&self) -> u64 {
        if self.window.is_empty() && self.next_number == self.first_behind {
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
        if self.position < self.head_bytes as u64 {
            let offset = usize::try_from(self.position).map_err(|_| PartError::LateWrite(self.position))?;
            let (front, behind) = rest.split_at(rest.len().min(self.head_bytes - offset));
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
        let index = self.index.take().ok_or(PartError::NoIndex)?;
        if self.next_number == self.first_behind {
            let whole = [&*self.head, &*self.window].concat();
            return Ok(cut(&with_index(&whole, &moov::in_front(&index)?)?, self.part_bytes, self.part_bytes));
        }
        let mut parts = Vec::new();
        while !self.window.is_empty() {
            parts.push(self.take_part()?);
        }
        let index = moov::in_room(&index, self.index_room)?;
        let head = with_index(&self.head, &index)?;
        let longer = index.len().saturating_sub(self.index_room);
        parts.extend(cut(&head, self.part_bytes + longer, self.part_bytes));
        Ok(parts)
    }
}

/// The beginning of the file with the index where it belongs: before the media.
fn with_index(head: &[u8], index: &[u8]) -> Result<Vec<u8>, PartError> {
    let first_box = head.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
    let (file_type, media) = usize::try_from(first_box)
        .ok()
        .and_then(|size| head.split_at_checked(size))
        .ok_or(PartError::MalformedIndex(MalformedIndex))?;
    Ok([file_type, index, media].concat())
}

/// The parts of a beginning, whose first one has `first` bytes; part 1 last.
fn cut(bytes: &[u8], first: usize, others: usize) -> Vec<Part> {
    let (first, rest) = bytes.split_at(first.min(bytes.len()));
    let behind = rest.chunks(others).zip(2..).map(|(bytes, number)| Part { number, bytes: bytes.to_vec() });
    behind.chain([Part { number: 1, bytes: first.to_vec() }]).collect()
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

    fn assemble(mut parts: Vec<Part>) -> Vec<u8> {
        assert_eq!(parts.last().unwrap().number, 1);
        parts.sort_by_key(|part| part.number);
        assert_eq!(
            parts.iter().map(|part| part.number).collect::<Vec<_>>(),
            (1..=parts.len() as u16).collect::<Vec<_>>()
        );
        parts.into_iter().flat_map(|part| part.bytes).collect()
    }

    const PART: usize = 100;

    fn boxed(bytes: usize, kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(bytes as u32).to_be_bytes(), kind.as_slice(), body].concat()
    }

    /// An index of 16 bytes or more.
    fn index(bytes: usize) -> Vec<u8> {
        boxed(bytes, b"moov", &boxed(bytes - 8, b"mvhd", &vec![0; bytes - 16]))
    }

    /// What fills the room that the index leaves.
    fn padding(bytes: usize) -> Vec<u8> {
        if bytes == 0 { Vec::new() } else { boxed(bytes, b"free", &vec![0; bytes - 8]) }
    }

    /// Writes a file of this media in steps and patches it near its beginning. Answers its parts as they left, whether
    /// some did before the end, and what the muxer has written.
    fn written(index: &[u8], room: usize, media: &[u8], step: usize, patch: usize) -> (Vec<Part>, bool, Vec<u8>) {
        let mut writer = PartWriter::with_parts_of(PART, 90, room);
        let mut parts = Vec::new();
        let mut expected = [FILE_TYPE, media].concat();
        for bytes in [FILE_TYPE].into_iter().chain(media.chunks(step)) {
            parts.extend(writer.write(bytes).unwrap());
        }
        writer.write(index).unwrap();
        let patch = patch.min(expected.len() - 4).max(8);
        if patch + 4 <= expected.len() {
            writer.seek(patch as u64);
            writer.write(b"size").unwrap();
            expected[patch..patch + 4].copy_from_slice(b"size");
        }
        let early = !parts.is_empty();
        parts.extend(writer.finish().unwrap());
        (parts, early, expected)
    }

    /// Whether all parts but the last are of one size, and the last is no larger.
    fn are_equal(parts: &[Part]) -> bool {
        let last = parts.iter().map(|part| part.number).max();
        parts.iter().all(|part| part.bytes.len() == PART || Some(part.number) == last && part.bytes.len() <= PART)
    }

    proptest! {
        #[test]
        fn parts_make_the_file_with_its_index_in_front(
            media in prop::collection::vec(any::<u8>(), 0..2000),
            length in 16usize..300,
            spare in prop_oneof![Just(0usize), 8usize..200],
            step in 1usize..150,
            patch in 0usize..80,
        ) {
            let index = index(length);
            let (parts, early, mut expected) = written(&index, length + spare, &media, step, patch);
            prop_assert!(are_equal(&parts));
            // While nothing has left, there is no need for room.
            let spare = if early { spare } else { 0 };
            expected.splice(12..12, [index, padding(spare)].concat());
            prop_assert_eq!(assemble(parts), expected);
        }

        #[test]
        fn an_index_that_outgrows_its_room_makes_the_first_part_longer(
            media in prop::collection::vec(any::<u8>(), 1000..2000),
            room in 0usize..300,
            longer in 1usize..200,
        ) {
            let index = index((room + longer).max(16));
            let (parts, _, mut expected) = written(&index, room, &media, 70, 20);
            let first = parts.iter().find(|part| part.number == 1).map(|part| part.bytes.len());
            prop_assert_eq!(first, Some(PART + index.len() - room));
            expected.splice(12..12, index);
            prop_assert_eq!(assemble(parts), expected);
        }
    }

    #[test]
    fn writing_to_a_part_that_has_left_fails() {
        let mut writer = PartWriter::with_parts_of(10, 10, 0);
        writer.write(FILE_TYPE).unwrap();
        assert_eq!(writer.write(&[0; 30]).unwrap().len(), 2);
        writer.seek(15);
        assert_eq!(writer.write(&[1]), Err(PartError::LateWrite(15)));
        writer.seek(5);
        assert_eq!(writer.write(&[1; 20]), Err(PartError::LateWrite(10)));
    }

    #[test]
    fn a_file_without_index_or_with_something_behind_it_fails() {
        let mut writer = PartWriter::with_parts_of(10, 10, 0);
        writer.write(FILE_TYPE).unwrap();
        assert_eq!(writer.finish().unwrap_err(), PartError::NoIndex);
        let mut writer = PartWriter::with_parts_of(PART, 90, 0);
        writer.write(FILE_TYPE).unwrap();
        writer.write(&index(16)).unwrap();
        assert_eq!(writer.write(&[0]), Err(PartError::Hole(12)));
    }
}
