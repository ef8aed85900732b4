//! A confusion matrix.

use anyhow::{Result, ensure};

use super::{
    axis::Axis,
    table::{Content, Table},
};

/// Preferred width and height of a cell, and minimum and maximum size of the whole table, in
/// pixels.
const CELL: f64 = 64.0;
const SIDES: [f64; 2] = [320.0, 1160.0];

/// Draws a confusion matrix: one row per true class, one column per predicted class. `counts` holds
/// the first row, then the second and so on; the counts of repeats are summed. The colour of a cell
/// is its share of its row, so that rare classes are as visible as common ones. Its number is its
/// count, left out if it is 0. The row of a class without samples is hatched.
///
/// # Errors
/// If there are not classes x classes counts.
pub fn confusion(title: &str, classes: &[String], counts: &[u64]) -> Result<Vec<u8>> {
    ensure!(
        counts.len() == classes.len() * classes.len(),
        "a table of {} classes needs classes x classes counts, got {}",
        classes.len(),
        counts.len()
    );
    let side = (classes.len() as f64 * CELL).clamp(SIDES[0], SIDES[1]);
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    let table = Table {
        labels: ["predicted", "true"],
        names: [names.clone(), names],
        size: [side; 2],
        bar: Axis::linear("share of the true class", [0.0, 1.0]),
    };
    let rows = counts.chunks(classes.len().max(1));
    table.png(title, &rows.flat_map(shares).collect::<Vec<_>>())
}

/// Returns the cells of a row.
fn shares(counts: &[u64]) -> impl Iterator<Item = Content> {
    let total: f64 = counts.iter().map(|&count| count as f64).sum();
    counts.iter().map(move |&count| Content {
        value: count as f64 / total,
        texts: match count {
            0 => Vec::new(),
            _ => vec![count.to_string(), format!("{:.1e}", count as f64)],
        },
        marked: false,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            canvas::{BLACK, Pixel, WHITE, blend, tests::Picture},
            ramp::ramp,
        },
        *,
    };

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| i.to_string()).collect()
    }

    fn picture(classes: usize, counts: &[u64]) -> Picture {
        let png = confusion("a title", &names(classes), counts).unwrap();
        let again = confusion("a title", &names(classes), counts).unwrap();
        assert_eq!(png, again, "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns a pixel of a cell, at shares of its width and height, in a table of four classes.
    fn pixel(row: usize, column: usize, [across, down]: Pixel) -> Pixel {
        [68.0 + 80.0 * (column as f64 + across), 62.0 + 80.0 * (row as f64 + down)]
    }

    #[test]
    fn colours_are_shares_of_the_rows_from_the_first_true_class_down() {
        let counts = [[60, 20, 20, 0], [0, 1, 0, 0], [500, 0, 500, 0], [0, 3, 2, 5]];
        let picture = picture(4, counts.as_flattened());
        assert_eq!((picture.width, picture.height), (68 + 320 + 124, 62 + 320 + 64));
        let shares = [[0.6, 0.2, 0.2, 0.0], [0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]];
        for (row, shares) in shares.iter().chain([&[0.0, 0.3, 0.2, 0.5]]).enumerate() {
            for (column, share) in shares.iter().enumerate() {
                let at = pixel(row, column, [0.1, 0.1]);
                assert!(picture.is(at, ramp(*share)), "{row} {column}");
            }
        }
    }

    #[test]
    fn cells_show_their_counts_unless_they_are_zero() {
        let picture = picture(4, &[8, 2, 0, 0, 5, 5, 0, 0, 0, 0, 9, 1, 0, 0, 0, 7]);
        let drawn = |row, column, share| {
            let inside = (4..76).flat_map(|x| (4..76).map(move |y| [x, y].map(f64::from)));
            let mut all = inside.map(|at| pixel(row, column, at.map(|v| v / 80.0)));
            all.any(|at| !picture.is(at, ramp(share)))
        };
        assert!(drawn(0, 0, 0.8) && drawn(1, 1, 0.5) && drawn(2, 3, 0.1) && drawn(3, 3, 1.0));
        assert!(!drawn(0, 2, 0.0) && !drawn(3, 0, 0.0));
    }

    #[test]
    fn the_row_of_a_class_without_samples_is_hatched() {
        let mut counts = [1; 16];
        counts[4..8].fill(0);
        let picture = picture(4, &counts);
        let light = |row| {
            let row = (0..320).map(|x| pixel(row, 0, [f64::from(x) / 80.0, 0.2]));
            row.filter(|at| picture.is(*at, blend(WHITE, BLACK, 0.06))).count()
        };
        assert!(light(1) > 200 && light(0) + light(2) + light(3) == 0);
    }

    #[test]
    fn confusion_rejects_a_wrong_number_of_counts() {
        let message = |counts: &[u64]| confusion("", &names(3), counts).unwrap_err().to_string();
        let got = message(&[1; 8]);
        assert!(got.contains("3 classes") && got.contains("got 8"), "{got}");
        message(&[]);
    }

    #[test]
    fn confusion_accepts_degenerate_input() {
        picture(0, &[]);
        picture(1, &[0]);
        picture(2, &[u64::MAX; 4]);
        picture(200, &[7; 40_000]);
        let name = "long \u{1F600}\n".repeat(1000);
        confusion(&name, &[name.clone(), String::new()], &[3; 4]).unwrap();
    }
}
