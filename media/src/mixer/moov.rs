//! Moving an MP4's index in front of its media. Pure.
//!
//! Chunk offsets count from the start of the file (ISO/IEC 14496-12 §8.7.5), so they grow by the size of what is put
//! before the media: the index itself. Where they outgrow 32 bits their table becomes a 64-bit one, which makes the
//! index larger still.

/// The index is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the muxer wrote a malformed index")]
pub struct MalformedIndex;

enum Box4<'a> {
    Parent { kind: [u8; 4], children: Vec<Box4<'a>> },
    Offsets { wide: bool, offsets: Vec<u64> },
    Other(&'a [u8]),
}

/// Whether `bytes` are exactly one index.
pub fn is_index(bytes: &[u8]) -> bool {
    matches!(split(bytes), Ok((b"moov", _, [])))
}

/// The index as it must be when it stands before the media, directly.
pub fn in_front(index: &[u8]) -> Result<Vec<u8>, MalformedIndex> {
    let mut boxes = parse(index)?;
    loop {
        let shift = boxes.iter().map(Box4::bytes).sum();
        if !widen(&mut boxes, shift) {
            return write(boxes, shift);
        }
    }
}

/// The index as it must be when `room` bytes before the media are kept for it, filled up by an empty box. An index that
/// does not fit stands as [`in_front`] has it.
pub fn in_room(index: &[u8], room: usize) -> Result<Vec<u8>, MalformedIndex> {
    let mut boxes = parse(index)?;
    while widen(&mut boxes, room as u64) {}
    let mut output = write(boxes, room as u64)?;
    match room.checked_sub(output.len()) {
        Some(0) => Ok(output),
        Some(spare @ 8..) => {
            output.extend(u32::try_from(spare).map_err(|_| MalformedIndex)?.to_be_bytes());
            output.extend(b"free");
            output.resize(room, 0);
            Ok(output)
        }
        _ => in_front(index),
    }
}

fn widen(boxes: &mut [Box4<'_>], shift: u64) -> bool {
    boxes.iter_mut().fold(false, |any, part| part.widen(shift) | any)
}

fn write(boxes: Vec<Box4<'_>>, shift: u64) -> Result<Vec<u8>, MalformedIndex> {
    let mut output = Vec::new();
    for part in boxes {
        part.write(shift, &mut output)?;
    }
    Ok(output)
}

type Split<'a> = (&'a [u8; 4], &'a [u8], &'a [u8]);

/// Kind and body of the first box, and what follows it.
fn split(bytes: &[u8]) -> Result<Split<'_>, MalformedIndex> {
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or(MalformedIndex)?;
    let (kind, rest) = rest.split_first_chunk::<4>().ok_or(MalformedIndex)?;
    let body =
        usize::try_from(u32::from_be_bytes(*size)).ok().and_then(|size| size.checked_sub(8)).ok_or(MalformedIndex)?;
    let (body, rest) = rest.split_at_checked(body).ok_or(MalformedIndex)?;
    Ok((kind, body, rest))
}

fn parse(mut bytes: &[u8]) -> Result<Vec<Box4<'_>>, MalformedIndex> {
    let mut boxes = Vec::new();
    while !bytes.is_empty() {
        let (kind, body, rest) = split(bytes)?;
        boxes.push(match kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" => Box4::Parent { kind: *kind, children: parse(body)? },
            b"stco" => Box4::Offsets {
                wide: false,
                offsets: offsets(body, |entry: &[u8; 4]| u32::from_be_bytes(*entry).into())?,
            },
            b"co64" => {
                Box4::Offsets { wide: true, offsets: offsets(body, |entry: &[u8; 8]| u64::from_be_bytes(*entry))? }
            }
            _ => Box4::Other(&bytes[..bytes.len() - rest.len()]),
        });
        bytes = rest;
    }
    Ok(boxes)
}

fn offsets<const N: usize>(body: &[u8], number: impl Fn(&[u8; N]) -> u64) -> Result<Vec<u64>, MalformedIndex> {
    let (_version, body) = body.split_first_chunk::<4>().ok_or(MalformedIndex)?;
    let (count, body) = body.split_first_chunk::<4>().ok_or(MalformedIndex)?;
    let (entries, []) = body.as_chunks::<N>() else { return Err(MalformedIndex) };
    if u32::try_from(entries.len()) != Ok(u32::from_be_bytes(*count)) {
        return Err(MalformedIndex);
    }
    Ok(entries.iter().map(number).collect())
}

impl Box4<'_> {
    fn bytes(&self) -> u64 {
        match self {
            Self::Parent { children, .. } => 8 + children.iter().map(Self::bytes).sum::<u64>(),
            Self::Offsets { wide, offsets } => 16 + offsets.len() as u64 * if *wide { 8 } else { 4 },
            Self::Other(bytes) => bytes.len() as u64,
        }
    }

    /// Makes room for offsets that outgrow 32 bits when shifted; whether there were any.
    fn widen(&mut self, shift: u64) -> bool {
        match self {
            Self::Parent { children, .. } => widen(children, shift),
            Self::Offsets { wide, offsets } => {
                let outgrown = !*wide && offsets.iter().any(|offset| offset + shift > u64::from(u32::MAX));
                *wide |= outgrown;
                outgrown
            }
            Self::Other(_) => false,
        }
    }

    fn write(&self, shift: u64, output: &mut Vec<u8>) -> Result<(), MalformedIndex> {
        let size = u32::try_from(self.bytes()).map_err(|_| MalformedIndex)?.to_be_bytes();
        match self {
            Self::Parent { kind, children } => {
                output.extend(size);
                output.extend(kind);
                for child in children {
                    child.write(shift, output)?;
                }
            }
            Self::Offsets { wide, offsets } => {
                output.extend(size);
                output.extend(if *wide { b"co64" } else { b"stco" });
                output.extend([0; 4]);
                output.extend(u32::try_from(offsets.len()).map_err(|_| MalformedIndex)?.to_be_bytes());
                for offset in offsets {
                    let shifted = (offset + shift).to_be_bytes();
                    output.extend(if *wide { &shifted[..] } else { &shifted[4..] });
                }
            }
            Self::Other(bytes) => output.extend(*bytes),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn table(offsets: &[u32]) -> Vec<u8> {
        let entries: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_be_bytes()).collect();
        boxed(b"stco", &[&[0; 4], (offsets.len() as u32).to_be_bytes().as_slice(), &entries].concat())
    }

    fn index(tables: &[&[u32]]) -> Vec<u8> {
        let mut body = boxed(b"mvhd", b"stco....");
        for offsets in tables {
            let inner = [boxed(b"stsz", &[1, 2, 3]), table(offsets)].concat();
            body.extend(boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &boxed(b"stbl", &inner)))));
        }
        boxed(b"moov", &body)
    }

    fn tables(boxes: &[Box4<'_>]) -> Vec<(bool, Vec<u64>)> {
        let table = |part: &Box4<'_>| match part {
            Box4::Parent { children, .. } => tables(children),
            Box4::Offsets { wide, offsets } => vec![(*wide, offsets.clone())],
            Box4::Other(_) => Vec::new(),
        };
        boxes.iter().flat_map(table).collect()
    }

    #[test]
    fn offsets_grow_by_the_size_of_the_index() {
        let before = index(&[&[40, 1000], &[500]]);
        assert!(is_index(&before));
        let after = in_front(&before).unwrap();
        let shift = after.len() as u64;
        assert_eq!(shift, before.len() as u64);
        assert_eq!(
            tables(&parse(&after).unwrap()),
            [(false, vec![40 + shift, 1000 + shift]), (false, vec![500 + shift])]
        );
    }

    #[test]
    fn offsets_beyond_32_bits_get_a_wider_table() {
        let before = index(&[&[40, u32::MAX - 10], &[500]]);
        let after = in_front(&before).unwrap();
        let shift = after.len() as u64;
        assert_eq!(shift, before.len() as u64 + 8);
        let expected = [(true, vec![40 + shift, u64::from(u32::MAX) - 10 + shift]), (false, vec![500 + shift])];
        assert_eq!(tables(&parse(&after).unwrap()), expected);
    }

    #[test]
    fn a_growing_table_can_push_another_over_the_edge() {
        let plain = index(&[&[u32::MAX; 4], &[0]]).len() as u32;
        let after = in_front(&index(&[&[u32::MAX; 4], &[u32::MAX - plain]])).unwrap();
        assert!(tables(&parse(&after).unwrap()).iter().all(|table| table.0));
    }

    #[test]
    fn media_is_not_an_index() {
        let whole = index(&[&[1]]);
        assert!(!is_index(&whole[..whole.len() - 1]));
        assert!(!is_index(&[whole.clone(), vec![0]].concat()));
        assert!(!is_index(&boxed(b"mdat", &[])));
        assert!(!is_index(b"moov"));
    }

    #[test]
    fn an_index_in_a_room_has_its_media_behind_the_room() {
        let before = index(&[&[40, u32::MAX - 10], &[500]]);
        let wider = before.len() + 8;
        for room in [wider, wider + 8, wider + 500] {
            let after = in_room(&before, room).unwrap();
            assert_eq!(after.len(), room);
            let shift = room as u64;
            let expected = [(true, vec![40 + shift, u64::from(u32::MAX) - 10 + shift]), (false, vec![500 + shift])];
            assert_eq!(tables(&parse(&after).unwrap()), expected);
            assert!(room == wider || &after[wider + 4..wider + 8] == b"free");
        }
        for too_little in [wider - 1, wider + 7] {
            assert_eq!(in_room(&before, too_little).unwrap(), in_front(&before).unwrap());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, room in 0usize..1000) {
            let _ = in_room(&bytes, room);
            let _ = in_front(&boxed(b"moov", &boxed(b"stco", &bytes)));
            let _ = in_front(&bytes);
        }
    }
}
