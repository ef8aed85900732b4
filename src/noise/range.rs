//! What becomes of values that noise moves out of a range.

use candle_core::{Result, Tensor, bail};

/// What becomes of values that noise moves out of a range, such as the pixels of images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range(Option<(Policy, f64, f64)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Clip,
    Reflect,
    Wrap,
}

impl Range {
    /// Leaves values as they are: the mean of additive noise stays 0.
    pub const NONE: Self = Self(None);

    /// Moves values to the nearer bound: no gradient passes there.
    ///
    /// # Errors
    /// If the bounds are not finite, or `low` is not below `high`.
    pub fn clip(low: f64, high: f64) -> Result<Self> {
        Self::new(Policy::Clip, low, high)
    }

    /// Reflects values at the bounds, as often as it takes; the gradient changes its sign each time.
    ///
    /// # Errors
    /// If the bounds are not finite, or `low` is not below `high`.
    pub fn reflect(low: f64, high: f64) -> Result<Self> {
        Self::new(Policy::Reflect, low, high)
    }

    /// Lets values enter again at the other bound, as angles do; the gradient passes.
    ///
    /// # Errors
    /// If the bounds are not finite, or `low` is not below `high`.
    pub fn wrap(low: f64, high: f64) -> Result<Self> {
        Self::new(Policy::Wrap, low, high)
    }

    fn new(policy: Policy, low: f64, high: f64) -> Result<Self> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            bail!("expected finite bounds with low < high, received low {low} and high {high}")
        }
        Ok(Self(Some((policy, low, high))))
    }

    /// Returns values in the range.
    pub(super) fn apply(self, xs: &Tensor) -> Result<Tensor> {
        let Some((policy, low, high)) = self.0 else { return Ok(xs.clone()) };
        let width = high - low;
        // How often a value has passed through the range is a constant for the gradient.
        let turns = |period: f64| ((xs.detach() - low)? / period)?.floor()? * period;
        let inside = match policy {
            Policy::Clip => xs.clone(),
            Policy::Wrap => (xs - turns(width)?)?,
            Policy::Reflect => {
                let from_the_middle = ((xs - turns(2. * width)?)? - high)?;
                (high - from_the_middle.abs()?)?
            }
        };
        inside.clamp(low, high)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// Values and gradients of 0.3 below, in, and beyond the range from −1 to 1.
    fn applied(range: Range) -> (Vec<f32>, Vec<f32>) {
        let xs = Var::new(&[-1.3f32, -1., 0.25, 1.3, 5.5], &Device::Cpu).unwrap();
        let ys = range.apply(&xs).unwrap();
        let grads = ys.sum_all().unwrap().backward().unwrap();
        let values = |t: &Tensor| -> Vec<f32> {
            t.to_vec1::<f32>().unwrap().iter().map(|x| (x * 1e4).round() / 1e4).collect()
        };
        (values(&ys), values(grads.get(&xs).unwrap()))
    }

    #[test]
    fn values_come_back_into_the_range() {
        let ys = |range| applied(range).0;
        assert_eq!(ys(Range::NONE), [-1.3, -1., 0.25, 1.3, 5.5]);
        assert_eq!(ys(Range::clip(-1., 1.).unwrap()), [-1., -1., 0.25, 1., 1.]);
        assert_eq!(ys(Range::reflect(-1., 1.).unwrap()), [-0.7, -1., 0.25, 0.7, 0.5]);
        assert_eq!(ys(Range::wrap(-1., 1.).unwrap()), [0.7, -1., 0.25, -0.7, -0.5]);
    }

    #[test]
    fn gradients_stop_turn_or_pass() {
        let inner = |range: Range| {
            let grads = applied(range).1;
            [grads[0], grads[2], grads[3], grads[4]]
        };
        assert_eq!(inner(Range::clip(-1., 1.).unwrap()), [0., 1., 0., 0.]);
        assert_eq!(inner(Range::reflect(-1., 1.).unwrap()), [-1., 1., -1., -1.]);
        assert_eq!(inner(Range::wrap(-1., 1.).unwrap()), [1.; 4]);
    }

    #[test]
    fn bounds_must_be_apart_and_finite() {
        for (low, high) in [(1., 1.), (2., 1.), (0., f64::INFINITY), (f64::NAN, 1.)] {
            let error = Range::clip(low, high).unwrap_err().to_string();
            assert!(error.contains("low < high"), "{error}");
        }
    }
}
