//! Keeps one outgoing RTP stream continuous while the track it carries changes.

use std::time::Instant;

/// Sequence number and timestamp of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub sequence: u16,
    pub timestamp: u32,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
}

/// Maps the numbering of whichever source is forwarded onto one unbroken numbering.
#[derive(Debug)]
pub struct Rewriter {
    /// In Hz.
    clock_rate: u32,
    source: Option<Source>,
    /// Newest position sent, and when.
    newest: Option<(Position, Instant)>,
}

impl Rewriter {
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, source: None, newest: None }
    }

    /// The outgoing position of a packet of the source `ssrc`.
    pub fn rewrite(&mut self, now: Instant, ssrc: u32, incoming: Position) -> Position {
        let source = match self.source {
            Some(source) if source.ssrc == ssrc => source,
            _ => self.switch(now, ssrc, incoming),
        };
        let outgoing = Position {
            sequence: incoming.sequence.wrapping_add(source.sequence_offset),
            timestamp: incoming.timestamp.wrapping_add(source.timestamp_offset),
        };
        let newer = self.newest.is_none_or(|(newest, _)| outgoing.sequence.wrapping_sub(newest.sequence) < 0x8000);
        if newer {
            self.newest = Some((outgoing, now));
        }
        outgoing
    }

    fn switch(&mut self, now: Instant, ssrc: u32, incoming: Position) -> Source {
        let source = match self.newest {
            None => Source { ssrc, sequence_offset: 0, timestamp_offset: 0 },
            Some((newest, at)) => {
                let elapsed = now.saturating_duration_since(at).as_micros() * u128::from(self.clock_rate) / 1_000_000;
                // Timestamps wrap by design; a stream must move on by at least one tick.
                let ticks = (elapsed as u32).max(1);
                Source {
                    ssrc,
                    sequence_offset: newest.sequence.wrapping_add(1).wrapping_sub(incoming.sequence),
                    timestamp_offset: newest.timestamp.wrapping_add(ticks).wrapping_sub(incoming.timestamp),
                }
            }
        };
        self.source = Some(source);
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(sequence: u16, timestamp: u32) -> Position {
        Position { sequence, timestamp }
    }

    #[test]
    fn one_source_passes_unchanged_even_out_of_order() {
        let (mut rewriter, now) = (Rewriter::new(90_000), crate::clock::now());
        for position in [at(65_534, 10), at(0, 30), at(65_535, 20), at(1, 40)] {
            assert_eq!(rewriter.rewrite(now, 7, position), position);
        }
    }

    #[test]
    fn a_new_source_continues_where_the_old_one_was() {
        let (mut rewriter, now) = (Rewriter::new(90_000), crate::clock::now());
        rewriter.rewrite(now, 7, at(65_535, u32::MAX));
        let later = now + Duration::from_millis(100);
        assert_eq!(rewriter.rewrite(later, 8, at(500, 123)), at(0, 8_999));
        assert_eq!(rewriter.rewrite(later, 8, at(499, 100)), at(65_535, 8_976));
        assert_eq!(rewriter.rewrite(later, 8, at(501, 123)), at(1, 8_999));
    }
}
