//! Where tiles go. Pure.

/// Size of the mixed picture.
pub const WIDTH: u32 = 1280;
pub const HEIGHT: u32 = 720;

/// Place of a tile in the picture, in pixels; all even, as chroma is subsampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Tiles for `count` pictures: a grid of 16:9 tiles as large as they fit, filled by rows, centred in the picture.
pub fn grid(count: usize) -> Vec<Tile> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let columns = (1..).find(|columns| columns * columns >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let (width, height) = (even(WIDTH / columns), even(HEIGHT / columns));
    let top = even((HEIGHT - rows * height) / 2);
    (0..count)
        .map(|index| {
            let (row, column) = (index / columns, index % columns);
            let in_row = columns.min(count - row * columns);
            let left = even((WIDTH - in_row * width) / 2);
            Tile { x: left + column * width, y: top + row * height, width, height }
        })
        .collect()
}

fn even(pixels: u32) -> u32 {
    pixels & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(x: u32, y: u32, width: u32, height: u32) -> Tile {
        Tile { x, y, width, height }
    }

    #[test]
    fn small_rooms_look_as_expected() {
        assert_eq!(grid(0), []);
        assert_eq!(grid(1), [tile(0, 0, 1280, 720)]);
        assert_eq!(grid(2), [tile(0, 180, 640, 360), tile(640, 180, 640, 360)]);
        assert_eq!(grid(3), [tile(0, 0, 640, 360), tile(640, 0, 640, 360), tile(320, 360, 640, 360)]);
        assert_eq!(grid(4)[3], tile(640, 360, 640, 360));
        assert_eq!(grid(9)[8], tile(852, 480, 426, 240));
        assert_eq!(grid(16)[15], tile(960, 540, 320, 180));
    }

    #[test]
    fn tiles_are_even_inside_and_apart() {
        for count in 0..=64 {
            let tiles = grid(count);
            assert_eq!(tiles.len(), count);
            for (index, a) in tiles.iter().enumerate() {
                assert!([a.x, a.y, a.width, a.height].iter().all(|pixels| pixels % 2 == 0));
                assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{count} {a:?}");
                assert!(a.width * 9 >= a.height * 15 && a.width * 9 <= a.height * 17, "{count} {a:?}");
                for b in &tiles[..index] {
                    let apart =
                        a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height;
                    assert!(apart, "{count} {a:?} {b:?}");
                }
            }
        }
    }
}
