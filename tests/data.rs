//! The toy data sets against scikit-learn's, whose output is in `fixtures/` with full precision.

use candle_noise::data::{Dataset, Toy, circles, moons};

/// Rows of `x1,x2,label` written by scikit-learn.
fn check(data: &Dataset, fixture: &str) {
    let lines: Vec<&str> = fixture.lines().skip(1).collect();
    assert_eq!(data.len(), lines.len());
    for (i, ((row, label), line)) in data.rows().zip(lines).enumerate() {
        let expected: Vec<f64> = line.split(',').map(|x| x.parse().unwrap()).collect();
        assert_eq!(f64::from(label), expected[2], "label of row {i}");
        for (x, expected) in row.iter().zip(&expected) {
            assert!((x - expected).abs() <= 1e-15, "row {i}: {x} is not {expected}");
        }
    }
}

#[test]
fn the_tutorials_circles() {
    let data = circles(100, Some(0.1), 0.8, 1).unwrap();
    check(&data, include_str!("fixtures/circles_n100_noise0.1_seed1.csv"));
}

#[test]
fn an_odd_number_of_circle_points_with_another_factor() {
    let data = circles(101, Some(0.05), 0.5, 7).unwrap();
    check(&data, include_str!("fixtures/circles_n101_noise0.05_factor0.5_seed7.csv"));
}

#[test]
fn circles_without_noise_and_unshuffled() {
    let plain = Toy { samples: 40, noise: None, shuffle: false, seed: 0 };
    let fixture = include_str!("fixtures/circles_n40_noise0_noshuffle.csv");
    check(&plain.circles(0.8).unwrap(), fixture);
    check(&Toy { noise: Some(0.), seed: 9, ..plain }.circles(0.8).unwrap(), fixture);
}

#[test]
fn moons_of_scikit_learn() {
    let data = moons(200, Some(0.2), 3).unwrap();
    check(&data, include_str!("fixtures/moons_n200_noise0.2_seed3.csv"));
}

#[test]
fn small_moons_by_hand() {
    // Angles 0 and π above, 0, π/2 and π below: linspace includes its end.
    let data = Toy { samples: 5, noise: None, shuffle: false, seed: 0 }.moons().unwrap();
    let expected = [[1., 0.], [-1., 0.], [0., 0.5], [1., -0.5], [2., 0.5]];
    for ((row, _), expected) in data.rows().zip(expected) {
        assert!((row[0] - expected[0]).abs() < 1e-15 && (row[1] - expected[1]).abs() < 1e-15);
    }
    assert_eq!(data.rows().map(|(_, label)| label).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
}

#[test]
fn arguments_out_of_range_are_named() {
    let error = |data: candle_core::Result<Dataset>| data.unwrap_err().to_string();
    assert!(error(circles(1, None, 0.8, 0)).contains("at least 2, received 1"));
    assert!(error(circles(9, None, 1.0, 0)).contains("factor must lie in [0, 1), received 1"));
    assert!(error(circles(9, None, f64::NAN, 0)).contains("received NaN"));
    assert!(error(circles(9, Some(-0.5), 0.8, 0)).contains("at least 0, received -0.5"));
    assert!(error(moons(9, Some(f64::INFINITY), 0)).contains("finite"));
}

#[test]
fn a_split_keeps_the_order_and_leaves_rows_on_both_sides() {
    let data = circles(100, Some(0.1), 0.8, 1).unwrap();
    let (train, test) = data.split_at(30).unwrap();
    assert!(train.rows().chain(test.rows()).eq(data.rows()));
    for count in [0, 100, 101] {
        let error = data.split_at(count).unwrap_err().to_string();
        assert!(error.contains(&format!("1 to 99 training rows, received {count}")), "{error}");
    }
}
