//! What a site adds, measured while it is tested.

use candle_core::{DType, Result, Tensor};

/// What a site was given and added in its probed calls, over all replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Probe {
    elements: f64,
    mean: f64,
    /// Sum of the squared deviations of the input from its mean.
    deviations: f64,
    /// Sum of the squares of what was added.
    added: f64,
}

impl Probe {
    fn of(xs: &Tensor, ys: &Tensor) -> Result<Self> {
        let sum = |values: Tensor| values.sum_all()?.to_scalar::<f64>();
        let (xs, ys) = (xs.detach().to_dtype(DType::F64)?, ys.detach().to_dtype(DType::F64)?);
        let elements = xs.elem_count() as f64;
        let mean = sum(xs.clone())? / elements;
        let deviations = sum((&xs - mean)?.sqr()?)?;
        Ok(Self { elements, mean, deviations, added: sum((ys - xs)?.sqr()?)? })
    }

    /// Includes a further call. Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for
    /// Computing Sample Variances".
    pub fn include(self, xs: &Tensor, ys: &Tensor) -> Result<Self> {
        let other = Self::of(xs, ys)?;
        let elements = self.elements + other.elements;
        let apart = other.mean - self.mean;
        let between = apart * apart * self.elements * other.elements / elements;
        Ok(Self {
            elements,
            mean: self.mean + apart * other.elements / elements,
            deviations: self.deviations + other.deviations + between,
            added: self.added + other.added,
        })
    }

    /// Returns the population standard deviation of the input.
    pub fn input(&self) -> f64 {
        (self.deviations / self.elements).sqrt()
    }

    /// Returns the root mean square of what was added.
    pub fn noise(&self) -> f64 {
        (self.added / self.elements).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// All of 1 to 6: mean 3.5, variance 35 / 12. The noise is 1 twice and 2 four times.
    #[test]
    fn calls_are_measured_as_one() -> Result<()> {
        let xs = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        let first = Probe::default().include(&xs(&[1., 2.])?, &xs(&[2., 3.])?)?;
        let both = first.include(&xs(&[3., 4., 5., 6.])?, &xs(&[5., 6., 7., 4.])?)?;
        assert!((both.input() - (35f64 / 12.).sqrt()).abs() < 1e-12, "{both:?}");
        assert!((both.noise() - 3f64.sqrt()).abs() < 1e-12, "{both:?}");
        Ok(())
    }
}
