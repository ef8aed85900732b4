//! Positions for dots in a column, so that equal values lie side by side.

/// The fractional part of the golden ratio: its multiples never come close to each other.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Returns the distances from the middle of a column `room` wide for dots at ascending heights, so
/// that dots of the given diameter do not touch. Each dot takes the nearest free position; equal
/// heights form a row around the middle. Without a free position dots overlap: evenly in a longer
/// row, else by their index.
pub(super) fn swarm(heights: &[f64], diameter: f64, room: f64) -> Vec<f64> {
    let half = ((room - diameter) / 2.0).max(0.0);
    let mut placed: Vec<[f64; 2]> = Vec::with_capacity(heights.len());
    for row in heights.chunk_by(|a, b| a == b) {
        let count = row.len();
        for (index, &height) in row.iter().enumerate() {
            let squeezed = (count - 1) as f64 * diameter > 2.0 * half;
            let place = match squeezed {
                true if count > 1 => half * (2.0 * index as f64 / (count - 1) as f64 - 1.0),
                _ => free(&placed, height, count, diameter, half)
                    .unwrap_or(half * (2.0 * (placed.len() as f64 * GOLDEN).fract() - 1.0)),
            };
            placed.push([place, height]);
        }
    }
    placed.into_iter().map(|[place, _]| place).collect()
}

/// Returns the position nearest to the middle that touches no dot below. A row with an even count
/// leaves the middle free.
fn free(placed: &[[f64; 2]], height: f64, count: usize, diameter: f64, half: f64) -> Option<f64> {
    let near = placed.iter().rev().take_while(|dot| height - dot[1] < diameter);
    let near: Vec<[f64; 2]> = near.copied().collect();
    let steps = (2.0 * half / diameter) as i32;
    let both = (0..=steps).flat_map(|step| [step, -step]).skip(1);
    let mut places = both.filter(|&step| step != 0 || count % 2 == 1);
    let touches = |place: f64| {
        near.iter().any(|dot| (place - dot[0]).hypot(height - dot[1]) < diameter * (1.0 - 1e-9))
    };
    places.find_map(|step| {
        let place = f64::from(step) * diameter / 2.0;
        (!touches(place)).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_heights_are_a_row_around_the_middle() {
        assert_eq!(swarm(&[5.0; 3], 4.0, 100.0), [0.0, 4.0, -4.0]);
        assert_eq!(swarm(&[5.0; 4], 4.0, 100.0), [2.0, -2.0, 6.0, -6.0]);
        assert_eq!(swarm(&[1.0, 9.0], 4.0, 100.0), [0.0, 0.0]);
        assert_eq!(swarm(&[], 4.0, 100.0), [0.0; 0]);
    }

    #[test]
    fn no_two_dots_touch_while_there_is_room() {
        let heights: Vec<f64> = (0..60).map(|i| f64::from(i * i % 7 + i) / 3.0 * 2.0).collect();
        let mut heights = [heights, vec![7.0; 9]].concat();
        heights.sort_by(f64::total_cmp);
        let places = swarm(&heights, 4.0, 200.0);
        for i in 0..heights.len() {
            for j in 0..i {
                let apart = (places[i] - places[j]).hypot(heights[i] - heights[j]);
                assert!(apart > 3.999, "{i} and {j}: {apart}");
            }
        }
    }

    #[test]
    fn a_long_row_is_squeezed_into_the_room() {
        assert_eq!(swarm(&[5.0; 5], 4.0, 12.0), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        let heights: Vec<f64> = (0..500).map(|i| f64::from(i) / 50.0).collect();
        for room in [0.0, 1.0, 4.0, 5.0, 30.0] {
            let places = swarm(&heights, 4.0, room);
            assert!(places.iter().all(|place| 2.0 * place.abs() <= (room - 4.0).max(0.0)));
        }
    }
}
