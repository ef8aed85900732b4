//! Fits against minima computed elsewhere, and the equations that a minimum solves.

use anyhow::Result;

use super::*;
use crate::simd;

/// Returns inputs from −1 to 1, row by row.
fn inputs(count: usize, width: usize) -> Vec<f64> {
    let value = |i: usize, j: usize| ((i * 7919 + j * 104729 + 13) % 2003) as f64 / 1001.5 - 1.;
    (0..count).flat_map(|i| (0..width).map(move |j| value(i, j))).collect()
}

/// Returns the class of each row by its first two inputs, of every seventh one by its number.
fn labels(inputs: &[f64], width: usize, classes: usize) -> Vec<u32> {
    let class = |(i, row): (usize, &[f64])| match row[0] + row[1] {
        _ if (i * 31) % 7 == 0 => (i % classes) as u32,
        sum if sum < -0.3 => 0,
        sum if sum < 0.4 => 1,
        _ => 2 % classes as u32,
    };
    inputs.chunks_exact(width).enumerate().map(class).collect()
}

fn assert_close(found: (&[f64], f64), expected: &[f64]) {
    let found: Vec<f64> = found.0.iter().copied().chain([found.1]).collect();
    assert_eq!(found.len(), expected.len());
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
    assert!(found.iter().zip(expected).all(close), "{found:?}, not {expected:?}");
}

fn logistic(rows: usize, inputs: &[f64], labels: &[u32], classes: usize) -> LogisticRegression {
    let rows = Rows::new(rows, inputs.len() / rows, inputs).unwrap();
    LogisticRegression::fit(&rows, labels, classes).unwrap()
}

/// Newton's method in NumPy 2.4 on the same rows, until no entry of the gradient exceeds 10⁻¹⁵:
///
/// ```python
/// X, D = np.c_[x, np.ones(n)], np.r_[np.ones(d), 0]
/// p = 1 / (1 + np.exp(-X @ w))
/// w -= np.linalg.solve(X.T @ (X * (p * (1 - p))[:, None]) + np.diag(D), X.T @ (p - y) + D * w)
/// ```
#[test]
fn two_classes_have_the_coefficients_of_newtons_method() {
    let xs = inputs(40, 3);
    let fitted = logistic(40, &xs, &labels(&xs, 3, 2), 2);
    let expected = [0.62143777355635, -0.336798760683704, 0.605836571720616, -0.422372219956441];
    assert_close(fitted.coefficients().next().unwrap(), &expected);
}

#[test]
fn separable_classes_have_finite_coefficients() {
    let xs = inputs(40, 3);
    let labels: Vec<u32> = xs.chunks_exact(3).map(|row| u32::from(row[0] > 0.)).collect();
    let fitted = logistic(40, &xs, &labels, 2);
    let expected = [2.55994014866927, -0.266038880176159, -0.922257585963538, -0.114558141844618];
    assert_close(fitted.coefficients().next().unwrap(), &expected);
}

/// The fourth column repeats the first, and the last three, the indicators of a category, sum to 1.
#[test]
fn collinear_columns_share_their_weight() {
    let three = inputs(40, 3);
    let row = |(i, row): (usize, &[f64])| {
        let category = [0, 1, 2].map(|own| if i % 3 == own { 1. } else { 0. });
        [row, &row[..1], &category].concat()
    };
    let xs: Vec<f64> = three.chunks_exact(3).enumerate().flat_map(row).collect();
    let fitted = logistic(40, &xs, &labels(&three, 3, 2), 2);
    let expected = [
        0.386474385709522,
        -0.293957182722808,
        0.682293999823533,
        0.386474385709522,
        0.174654041081574,
        0.167588299073042,
        -0.342242340154616,
        -0.438411816503201,
    ];
    assert_close(fitted.coefficients().next().unwrap(), &expected);
}

/// As for two classes, with the Hessian of the softmax.
#[test]
fn three_classes_have_the_coefficients_of_newtons_method() {
    let xs = inputs(45, 4);
    let fitted = logistic(45, &xs, &labels(&xs, 4, 3), 3);
    let expected = [
        [
            -1.72349207802279,
            -1.53797015168613,
            0.0647642658259131,
            -0.0249476991378315,
            -0.15953836101542,
        ],
        [
            0.848623351249938,
            0.234662398168668,
            0.150410225397676,
            -0.157656896887915,
            0.199324658289203,
        ],
        [
            0.87486872677285,
            1.30330775351746,
            -0.215174491223589,
            0.182604596025747,
            -0.0397862972737834,
        ],
    ];
    assert_eq!(fitted.coefficients().len(), 3);
    for (found, expected) in fitted.coefficients().zip(&expected) {
        assert_close(found, expected);
    }
}

/// More columns than rows, and more than are multiplied with each other.
#[test]
fn twelve_rows_of_three_hundred_columns_have_a_minimum() -> Result<()> {
    let xs = inputs(12, 300);
    let labels: Vec<u32> = (0..12).map(|i| i % 2).collect();
    let fitted = logistic(12, &xs, &labels, 2);
    let (weights, intercept) = fitted.coefficients().next().unwrap();
    let expected = [0.138937881616065, 0.139918822194634, -0.0186784082038618, 0.0751452587692207];
    assert_close((&weights[..3], intercept), &expected);
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    assert!((squares - 2.898776282563826).abs() < 1e-9, "{squares}");

    let targets: Vec<f64> = (0..12).map(|i| f64::from((i * 37) % 11) / 5.).collect();
    let fitted = Ridge::fit(&Rows::new(12, 300, &xs)?, &targets)?;
    let (weights, intercept) = fitted.coefficients();
    let expected = [0.0272347801645491, 0.0320990133882734, 0.0031955004861168, 0.463409440825191];
    assert_close((&weights[..3], intercept), &expected);
    assert!((weights.iter().sum::<f64>() - 0.927204098560164).abs() < 1e-9);
    Ok(())
}

/// NumPy: `w = solve(xc.T @ xc + eye(d), xc.T @ (y - y.mean()))` with centred columns `xc`, and
/// `y.mean() - x.mean(0) @ w`.
#[test]
fn ridge_has_the_coefficients_of_its_equations() -> Result<()> {
    let xs = inputs(45, 4);
    let target =
        |(i, row): (usize, &[f64])| row[0] * 3. - row[1] + ((i * 37) % 11) as f64 / 5. + 100.;
    let targets: Vec<f64> = xs.chunks_exact(4).enumerate().map(target).collect();
    let rows = Rows::new(45, 4, &xs)?;
    let fitted = Ridge::fit(&rows, &targets)?;
    let expected = [
        2.69313319175942,
        -0.877595705501551,
        0.0157444153305533,
        0.136552165039843,
        100.974636218765,
    ];
    assert_close(fitted.coefficients(), &expected);
    let first: f64 = (0..4).map(|j| expected[j] * xs[j]).sum::<f64>() + expected[4];
    assert!((fitted.predict(&rows)?[0] - first).abs() < 1e-9);
    Ok(())
}

/// Σ (p − y) x + w = 0 and Σ (p − y) = 0, in single precision: over rows in three parts, over fewer and
/// more columns than rows, and over rows that all occur twice.
#[test]
fn the_gradient_is_zero_at_the_minimum() -> Result<()> {
    for (count, copies, width, classes) in
        [(10_000, 1, 5, 2), (10_000, 1, 4, 4), (500, 1, 300, 3), (100, 1, 300, 3), (20, 2, 60, 2)]
    {
        let xs = inputs(count, width).repeat(copies);
        let count = count * copies;
        let labels = labels(&xs, width, classes);
        let xs: Vec<f32> = xs.into_iter().map(|x| x as f32).collect();
        let rows = Rows::new(count, width, &xs)?;
        let fitted = LogisticRegression::fit(&rows, &labels, classes)?;
        let logits = fitted.logits(&rows)?;
        assert_eq!(fitted.coefficients().len(), if classes == 2 { 1 } else { classes });
        for (k, (weights, _)) in fitted.coefficients().enumerate() {
            let class = if classes == 2 { 1 } else { k };
            let mut gradient: Vec<f64> = weights.iter().copied().chain([0.]).collect();
            for (row, own) in logits.chunks_exact(classes).enumerate() {
                let sum: f64 = own.iter().map(|z| (z - own[class]).exp()).sum();
                let error = 1. / sum - f64::from(u8::from(labels[row] as usize == class));
                for (g, x) in gradient.iter_mut().zip(&xs[row * width..(row + 1) * width]) {
                    *g += error * f64::from(*x);
                }
                gradient[width] += error;
            }
            let largest = gradient.iter().fold(0., |most: f64, g| most.max(g.abs()));
            assert!(largest < 1e-8 + 1e-11 * count as f64, "{width} columns: {largest}");
        }
    }
    Ok(())
}

#[test]
fn a_class_without_rows_has_no_probability() -> Result<()> {
    let none = f64::NEG_INFINITY;
    let xs = inputs(40, 3);
    let rows = Rows::new(40, 3, &xs)?;
    let two: Vec<u32> = labels(&xs, 3, 2).into_iter().map(|label| 2 * label).collect();
    let with_gap = LogisticRegression::fit(&rows, &two, 4)?;
    let without = LogisticRegression::fit(&rows, &labels(&xs, 3, 2), 2)?;
    let expected: Vec<f64> =
        without.logits(&rows)?.chunks(2).flat_map(|own| [own[0], none, own[1], none]).collect();
    assert_eq!(with_gap.logits(&rows)?, expected);
    let one = LogisticRegression::fit(&rows, &[1; 40], 3)?;
    assert_eq!(one.logits(&rows)?, [[none, 0., none]; 40].concat());
    Ok(())
}

#[test]
fn without_columns_the_simple_models_are_the_constant_ones() -> Result<()> {
    let rows = Rows::<f64>::new(4, 0, &[])?;
    let fitted = LogisticRegression::fit(&rows, &[0, 1, 1, 1], 2)?.logits(&rows)?;
    assert!((fitted[1] - 3f64.ln()).abs() < 1e-12 && fitted[0] == 0., "{fitted:?}");
    let ridge = Ridge::fit(&rows, &[1., 2., 4., 9.])?;
    assert_eq!(ridge.predict(&rows)?, [4.; 4]);
    assert_eq!(Mean::fit(&[1., 2., 4., 9.])?.predict(), 4.);
    let shares = ClassShares::fit(&[0, 2, 2, 2], 3)?.logits();
    assert_eq!(shares, [0.25f64.ln(), f64::NEG_INFINITY, 0.75f64.ln()]);
    Ok(())
}

#[test]
fn threads_and_instruction_sets_give_the_same_bits() -> Result<()> {
    let xs = inputs(20_000, 9);
    let labels = labels(&xs, 9, 3);
    let rows = Rows::new(20_000, 9, &xs)?;
    let fit = |threads| -> Result<LogisticRegression> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        pool.install(|| LogisticRegression::fit(&rows, &labels, 3))
    };
    assert_eq!(fit(1)?, fit(3)?);
    // one part, which this thread computes
    let few = Rows::new(1000, 9, &xs[..9000])?;
    let first = LogisticRegression::fit(&few, &labels[..1000], 3)?;
    for (name, arch) in simd::available() {
        let own = simd::with(arch, || LogisticRegression::fit(&few, &labels[..1000], 3))?;
        assert_eq!(own, first, "{name}");
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_named() -> Result<()> {
    let message = |result: Result<()>| result.unwrap_err().to_string();
    let xs = [0., 1., 2., f64::NAN];
    assert_eq!(
        message(Rows::new(2, 2, &xs).map(drop)),
        "expected finite inputs, received NaN in row 1, column 1"
    );
    assert_eq!(
        message(Rows::new(3, 1, &xs).map(drop)),
        "expected 3 rows of 1 inputs, received 4 values"
    );
    let rows = Rows::new(3, 1, &xs[..3])?;
    assert_eq!(
        message(LogisticRegression::fit(&rows, &[0, 1, 5], 2).map(drop)),
        "expected a class below 2, received 5 in row 2"
    );
    assert_eq!(
        message(LogisticRegression::fit(&rows, &[0], 2).map(drop)),
        "expected a class for each of 3 rows, at least one, received 1"
    );
    assert_eq!(
        message(Ridge::fit(&rows, &[0., f64::INFINITY, 0.]).map(drop)),
        "expected finite targets, received inf in row 1"
    );
    let fitted = Ridge::fit(&rows, &[0., 1., 0.])?;
    assert_eq!(
        message(fitted.predict(&Rows::new(1, 2, &xs[..2])?).map(drop)),
        "expected rows of 1 inputs, received 2"
    );
    Ok(())
}
