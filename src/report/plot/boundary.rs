//! A decision boundary: the probability of class 1 as colour over the plane.

use anyhow::{Result, ensure};

use super::{
    axis::{Axis, drawable},
    bar::{BESIDE, colour_bar},
    canvas::{BLACK, Ink, WHITE, blend},
    dataset::{LabelledPoint, draw_points, equal_scales, legend},
    field::contour,
    frame::Frame,
    legend::Key,
    marker::PALETTE,
};
use crate::experiment::Field;

/// How strongly the class colours tint the field. The points must stand out from it.
const TINT: f64 = 0.6;

/// Draws the field in the colours of class 0 (probability 0) and class 1 (probability 1), with
/// white between them, and the line of probability 0.5. The first `train` points of the data set
/// are filled, the others hollow. The field is interpolated between grid points; points outside it
/// are not shown. Scales are equal under the same condition as in [`dataset`](super::dataset()).
///
/// # Errors
/// If the field does not have `rows` x `columns` values, or a range is not finite or runs
/// downwards.
pub fn boundary(
    title: &str,
    field: &Field,
    points: &[LabelledPoint],
    train: usize,
) -> Result<Vec<u8>> {
    let (columns, rows, values) = (field.columns, field.rows, field.probabilities.len());
    ensure!(
        columns.checked_mul(rows) == Some(values),
        "a field of {rows} rows and {columns} columns needs rows x columns values, got {values}"
    );
    for [low, high] in [field.x, field.y] {
        ensure!(
            drawable(low) && drawable(high) && low <= high,
            "a range of the field must be finite, low before high, got {low} to {high}"
        );
    }
    let axes = [Axis::linear("x1", field.x), Axis::linear("x2", field.y)];
    let mut entries = legend(points, train);
    entries.push((Key::Stroke(BLACK), "p = 0.5".into()));
    let mut frame = Frame::new(title, &entries, axes, equal_scales(&axes), BESIDE)?;
    paint(&mut frame, field)?;
    for segment in contour(field) {
        let ends = segment.map(|[x, y]| frame.on(x, y));
        frame.canvas.line(&ends, 2.0, BLACK)?;
    }
    draw_points(&mut frame, points, train)?;
    frame.border()?;
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share: f64| (share, share.to_string()));
    let bar = Axis::named("probability of class 1", [0.0, 1.0], &ticks);
    colour_bar(&mut frame, &bar, colour)?;
    frame.canvas.png()
}

/// Returns the colour of a probability.
fn colour(probability: f64) -> Ink {
    let distance = (2.0 * probability.clamp(0.0, 1.0) - 1.0).abs();
    let class = usize::from(probability > 0.5);
    blend(WHITE, PALETTE[class], TINT * distance)
}

fn paint(frame: &mut Frame, field: &Field) -> Result<()> {
    let [left, top, right, bottom] = frame.area;
    let (width, height) = ((right - left) as usize, (bottom - top) as usize);
    for row in 0..height {
        for column in 0..width {
            let at = [left + column as f64, top + row as f64];
            let across = (column as f64 + 0.5) / width as f64;
            let up = 1.0 - (row as f64 + 0.5) / height as f64;
            if let Some(probability) = field.at(across, up) {
                let end = [at[0] + 1.0, at[1] + 1.0];
                frame.canvas.rectangle(at, end, colour(probability))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    fn field<const N: usize>(rows: &[[f64; N]]) -> Field {
        let probabilities = rows.as_flattened().to_vec();
        Field { x: [-1.0, 1.0], y: [-1.0, 1.0], columns: N, rows: rows.len(), probabilities }
    }

    fn picture(field: &Field, points: &[LabelledPoint], train: usize) -> Picture {
        let png = boundary("a title", field, points, train).unwrap();
        assert_eq!(
            png,
            boundary("a title", field, points, train).unwrap(),
            "same input, same bytes"
        );
        Picture::decode(&png)
    }

    /// Returns the pixel of a point. With one row of legend the area is 580 x 580 from (92, 88).
    fn pixel(x: f64, y: f64) -> [f64; 2] {
        [92.0 + 290.0 * (1.0 + x), 88.0 + 290.0 * (1.0 - y)]
    }

    #[test]
    fn each_side_has_the_colour_of_its_class_and_a_line_between() {
        let picture = picture(&field(&[[0.0, 0.0, 1.0, 1.0]; 2]), &[], 0);
        assert_eq!((picture.width, picture.height), (796, 732));
        for y in [-0.9, 0.0, 0.9] {
            assert!(picture.is(pixel(-0.8, y), blend(WHITE, PALETTE[0], TINT)));
            assert!(picture.is(pixel(0.8, y), blend(WHITE, PALETTE[1], TINT)));
            assert!(picture.is(pixel(0.0, y), BLACK));
            // halfway between the middle and probability 1
            assert!(picture.is(pixel(1.0 / 6.0, y), blend(WHITE, PALETTE[1], TINT / 2.0)));
        }
    }

    #[test]
    fn the_first_row_is_the_lowest() {
        let picture = picture(&field(&[[0.0], [1.0]]), &[], 0);
        assert!(picture.is(pixel(0.0, -0.98), colour(0.01)));
        assert!(picture.is(pixel(0.0, 0.98), colour(0.99)));
    }

    #[test]
    fn points_lie_on_the_field_and_those_outside_are_left_out() {
        let point = |x, label| LabelledPoint { x, label };
        let points = [point([0.5, 0.5], 0), point([0.5, -0.5], 1), point([-3.0, 0.0], 2)];
        let picture = picture(&field(&[[1.0; 2]; 2]), &points, 1);
        assert!(picture.is(pixel(0.5, 0.5), PALETTE[0]));
        assert!(picture.is(pixel(0.5, -0.5), WHITE));
        assert!(picture.is(pixel(-0.98, 0.0), colour(1.0)));
    }

    #[test]
    fn boundary_rejects_an_inconsistent_field() {
        let good = field(&[[0.5; 3]; 2]);
        let message = |field: Field| boundary("", &field, &[], 0).unwrap_err().to_string();
        let got = message(Field { columns: 4, ..good.clone() });
        assert!(got.contains("2 rows and 4 columns") && got.contains("got 6"), "{got}");
        message(Field { columns: usize::MAX, rows: 3, ..good.clone() });
        message(Field { x: [0.0, f64::NAN], ..good.clone() });
        assert!(message(Field { y: [1.0, -1.0], ..good }).contains("got 1 to -1"));
    }

    #[test]
    fn boundary_accepts_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, -5.0, f64::MIN, 0.5];
        let points = bad.map(|v| LabelledPoint { x: [v, 0.0], label: 1 });
        picture(&field(&[bad, bad]), &points, 2);
        picture(&field::<0>(&[]), &points, 9);
        picture(&Field { x: [3.0, 3.0], y: [1e9, 1e9], ..field(&[[0.5; 2]; 2]) }, &points, 0);
        picture(&Field { x: [-9e299, 9e299], ..field(&[[0.2, 0.9]]) }, &points, 0);
        picture(&field(&[[f64::NAN; 3]; 3]), &[], 0);
    }
}
