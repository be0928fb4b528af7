//! Who is seen when, and where. Pure.

use super::layout::{Tile, grid};
use crate::timing::Nanoseconds;

/// While a picture is shown: from its start to before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub start: Nanoseconds,
    pub end: Nanoseconds,
}

/// From this time on, a picture's tile; none while it is not shown.
pub type Step = (Nanoseconds, Option<Tile>);

/// The tiles of each picture over time. Pictures keep the order they are given in; a picture that comes or goes
/// re-arranges the others.
pub fn scenes(shown: &[Interval]) -> Vec<Vec<Step>> {
    let mut changes: Vec<Nanoseconds> = shown.iter().flat_map(|interval| [interval.start, interval.end]).collect();
    changes.push(0);
    changes.sort_unstable();
    changes.dedup();
    let mut steps: Vec<Vec<Step>> = vec![Vec::new(); shown.len()];
    for at in changes {
        let visible = |interval: &Interval| interval.start <= at && at < interval.end;
        let mut tiles = grid(shown.iter().filter(|interval| visible(interval)).count()).into_iter();
        for (interval, steps) in shown.iter().zip(&mut steps) {
            let tile = if visible(interval) { tiles.next() } else { None };
            if steps.last().is_none_or(|&(_, last)| last != tile) {
                steps.push((at, tile));
            }
        }
    }
    steps
}

/// The tile in force at `at`, or the next one to come.
pub fn tile_at(steps: &[Step], at: Nanoseconds) -> Option<Tile> {
    let begun = steps.partition_point(|&(start, _)| start <= at);
    let current = begun.checked_sub(1).and_then(|index| steps[index].1);
    current.or_else(|| steps[begun..].iter().find_map(|&(_, tile)| tile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn joining_and_leaving_rearranges_the_others() {
        let both = grid(2);
        let alone = grid(1)[0];
        let steps = scenes(&[Interval { start: 0, end: 10 }, Interval { start: 4, end: 7 }]);
        assert_eq!(steps[0], [(0, Some(alone)), (4, Some(both[0])), (7, Some(alone)), (10, None)]);
        assert_eq!(steps[1], [(0, None), (4, Some(both[1])), (7, None)]);
        assert_eq!(tile_at(&steps[1], 0), Some(both[1]));
        assert_eq!(tile_at(&steps[1], 5), Some(both[1]));
        assert_eq!(tile_at(&steps[1], 8), None);
    }

    proptest! {
        #[test]
        fn every_moment_shows_exactly_who_is_there(times in prop::collection::vec((0i64..100, 0i64..100), 0..12), at in 0i64..110) {
            let shown: Vec<_> = times.iter().map(|&(a, b)| Interval { start: a.min(b), end: a.max(b) }).collect();
            let tiles: Vec<_> = scenes(&shown)
                .iter()
                .map(|steps| steps[..steps.partition_point(|step| step.0 <= at)].last().and_then(|step| step.1))
                .collect();
            let there: Vec<_> = shown.iter().map(|interval| interval.start <= at && at < interval.end).collect();
            prop_assert_eq!(tiles.iter().map(Option::is_some).collect::<Vec<_>>(), there.clone());
            let seen: Vec<_> = tiles.into_iter().flatten().collect();
            prop_assert_eq!(seen, grid(there.iter().filter(|&&there| there).count()));
        }
    }
}
