//! Logistic regression.

use anyhow::{Result, ensure};

use super::linear::Linear;
use super::objective::{Loss, fit};
use super::rows::{Rows, class_counts};

/// Logistic regression with the least −Σ ln p + ½ Σ w², as scikit-learn's `LogisticRegression` with its
/// default `C=1`, but minimized to the end: for two classes a single linear function is the logit of the
/// second one beside 0, for more each class has its own. Intercepts are not penalized.
///
/// Classes without training rows have the probability 0.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    function: Linear,
    /// The number of classes, and those with training rows.
    classes: usize,
    present: Vec<u32>,
}

impl LogisticRegression {
    /// Fits rows with their classes, which are numbers below `classes`.
    ///
    /// # Errors
    /// If there are no rows or another number of labels, or a label is no class.
    pub fn fit<T>(rows: &Rows<T>, labels: &[u32], classes: usize) -> Result<Self>
    where
        T: Copy + Into<f64> + Sync,
    {
        ensure!(
            rows.len() == labels.len() && !rows.is_empty(),
            "expected a class for each of {} rows, at least one, received {}",
            rows.len(),
            labels.len()
        );
        let counts = (0..).zip(class_counts(labels, classes)?);
        let present: Vec<u32> =
            counts.filter(|(_, rows)| *rows > 0).map(|(class, _)| class).collect();
        let place = |label: &u32| present.partition_point(|class| class < label);
        let labels: Vec<usize> = labels.iter().map(place).collect();
        let function = match present.len() {
            1 => Linear::new(rows.width(), Vec::new()),
            2 => fit(*rows, &Logistic { labels }),
            classes => fit(*rows, &Softmax { labels, classes }),
        };
        Ok(Self { function, classes, present })
    }

    /// Returns the weights and the intercept of each linear function: one if two classes have rows,
    /// otherwise one for each class with rows, and none if that is a single one.
    pub fn coefficients(&self) -> impl ExactSizeIterator<Item = (&[f64], f64)> {
        self.function.outputs()
    }

    /// Returns the logits of all classes, row by row. Those of a class without training rows are −∞.
    ///
    /// # Errors
    /// If the rows have another number of inputs.
    pub fn logits<T: Copy + Into<f64>>(&self, rows: &Rows<T>) -> Result<Vec<f64>> {
        let mut logits = vec![f64::NEG_INFINITY; rows.len() * self.classes];
        for (own, outputs) in logits.chunks_exact_mut(self.classes).zip(self.function.of(rows)?) {
            let outputs = match &outputs[..] {
                [] => &[0.],
                [second] => &[0., *second][..],
                each => each,
            };
            for (class, output) in self.present.iter().zip(outputs) {
                own[*class as usize] = *output;
            }
        }
        Ok(logits)
    }
}

/// −ln of the logistic function of one output, for two classes.
struct Logistic {
    labels: Vec<usize>,
}

impl Loss for Logistic {
    const CURVATURE: f64 = 0.25;

    fn outputs(&self) -> usize {
        1
    }

    #[inline]
    fn derive(&self, row: usize, outputs: &mut [f64]) -> f64 {
        let (z, y) = (outputs[0], self.labels[row] as f64);
        let power = libm::exp(-z.abs());
        let p = if z > 0. { 1. } else { power } / (1. + power);
        outputs[0] = p - y;
        libm::log1p(power) + z.max(0.) - y * z
    }
}

/// −ln of the softmax of one output for each class.
struct Softmax {
    labels: Vec<usize>,
    classes: usize,
}

impl Loss for Softmax {
    const CURVATURE: f64 = 0.5;

    fn outputs(&self) -> usize {
        self.classes
    }

    #[inline]
    fn derive(&self, row: usize, outputs: &mut [f64]) -> f64 {
        let label = self.labels[row];
        let most = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let own = outputs[label] - most;
        outputs.iter_mut().for_each(|z| *z = libm::exp(*z - most));
        let sum: f64 = outputs.iter().sum();
        outputs.iter_mut().for_each(|power| *power /= sum);
        outputs[label] -= 1.;
        libm::log(sum) - own
    }
}
