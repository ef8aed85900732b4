//! Mixup: training on points between two rows.

use candle_core::{DType, Device, Result, Tensor, bail};
use rand_distr::{Beta, Distribution};

use crate::rng::{Address, Stream};

/// Mixup: each training row becomes λ times itself plus 1 − λ times a partner of its batch, and so does its
/// loss. λ ~ Beta(α, α) is drawn for each batch and replica.
///
/// Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization" (arXiv 1710.09412). With a bandwidth σ it is
/// C-Mixup: a partner j of row i is drawn in proportion to exp(−|yᵢ − yⱼ|² / 2σ²), so that targets that are
/// numbers are mixed with near ones. Yao et al. 2022, "C-Mixup: Improving Generalization in Regression" (arXiv
/// 2210.05775).
///
/// The draws follow from the seed and the number of the step. λ uses the platform's functions, whose last
/// bits may differ between platforms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mixup {
    /// α of the Beta distribution, finite and above 0: large values mix halves, small ones hardly mix.
    pub alpha: f64,
    /// The bandwidth of C-Mixup in the units of the targets; `None` for partners of any target.
    pub bandwidth: Option<f64>,
}

/// A batch whose loss is share · loss of the targets + (1 − share) · loss of the partners'.
pub(crate) struct Mixed {
    pub xs: Tensor,
    /// The targets of the partners, (R, B, …).
    pub partners: Tensor,
    /// λ of each replica, (R,).
    pub shares: Tensor,
}

impl Mixup {
    /// Creates mixup with partners of any target.
    pub fn new(alpha: f64) -> Self {
        Self { alpha, bandwidth: None }
    }

    /// Draws near partners, with this standard deviation in the units of the targets.
    #[must_use]
    pub fn bandwidth(self, bandwidth: f64) -> Self {
        Self { bandwidth: Some(bandwidth), ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        let is_size = |x: f64| x > 0. && x.is_finite();
        if !is_size(self.alpha) || !self.bandwidth.is_none_or(is_size) {
            bail!(
                "mixup: expected an alpha and a bandwidth that are finite and above 0, received {self:?}"
            )
        }
        Ok(())
    }

    /// Mixes the rows of a batch. Targets have a replica axis in any case.
    pub(crate) fn apply(
        &self,
        xs: &Tensor,
        ys: &Tensor,
        has_replicas: bool,
        seeds: &[u64],
        step: u32,
    ) -> Result<Mixed> {
        let (replicas, rows) = (seeds.len(), ys.dim(1)?);
        if !xs.dtype().is_float() {
            bail!("mixup: expected inputs that are numbers, received {:?}", xs.dtype())
        }
        let addresses =
            seeds.iter().map(|seed| Address::new(*seed, "mixup", Stream::Shuffle, step));
        let addresses: Vec<Address> = addresses.collect();
        let mut partners = Vec::with_capacity(replicas * rows);
        for (r, address) in addresses.iter().enumerate() {
            let own = match self.bandwidth {
                None => address.permutation(1, rows),
                Some(bandwidth) => near_partners(address, &ys.get(r)?, bandwidth)?,
            };
            partners.extend(own.into_iter().map(|row| (r * rows) as u32 + row));
        }
        let partners = Tensor::from_vec(partners, replicas * rows, ys.device())?;
        let partners_of = |all: &Tensor, axes: usize| -> Result<Tensor> {
            let row = &all.dims()[axes..];
            let flat = all.reshape([&[replicas * rows], row].concat())?;
            flat.index_select(&partners, 0)?.reshape(all.shape())
        };
        let shares: Vec<f64> =
            addresses.iter().map(|address| self.share(address)).collect::<Result<_>>()?;
        let shares = Tensor::from_vec(shares, replicas, &Device::Cpu)?;
        let shares = shares.to_dtype(DType::F32)?.to_device(ys.device())?;
        let mut of_each = vec![1; xs.rank()];
        of_each[0] = replicas;
        let of_rows = shares.reshape(of_each)?.to_dtype(xs.dtype())?;
        let others = partners_of(xs, 1 + usize::from(has_replicas))?;
        let mixed = (xs.broadcast_mul(&of_rows)? + others.broadcast_mul(&(1. - of_rows)?)?)?;
        Ok(Mixed { xs: mixed, partners: partners_of(ys, 2)?, shares })
    }

    fn share(&self, address: &Address) -> Result<f64> {
        let beta = Beta::new(self.alpha, self.alpha).map_err(candle_core::Error::wrap)?;
        Ok(beta.sample(&mut address.rng(0)))
    }
}

/// Draws a partner for each row of one replica, the nearer its target the more probable.
fn near_partners(address: &Address, ys: &Tensor, bandwidth: f64) -> Result<Vec<u32>> {
    let rows = ys.dim(0)?;
    let ys = ys.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.reshape((rows, ()))?;
    let ys: Vec<Vec<f64>> = ys.to_vec2()?;
    let mut uniforms = vec![0f32; rows];
    address.fill_uniform(1, rows, &mut uniforms);
    let drawn = |(own, uniform): (&Vec<f64>, f32)| {
        let weights = weights(own, &ys, bandwidth);
        let mut left = f64::from(uniform) * weights.iter().sum::<f64>();
        let passed = |weight: &f64| {
            left -= weight;
            left <= 0.
        };
        weights.iter().position(passed).unwrap_or(rows - 1) as u32
    };
    Ok(ys.iter().zip(uniforms).map(drawn).collect())
}

/// Returns exp(−|y − yⱼ|² / 2σ²) for each target.
fn weights(own: &[f64], ys: &[Vec<f64>], bandwidth: f64) -> Vec<f64> {
    let weight = |other: &Vec<f64>| {
        let squares: f64 = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        libm::exp(-squares / (2. * bandwidth * bandwidth))
    };
    ys.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    /// Law 54: mean 1/2, variance 1 / (4 (2α + 1)) = 0.1786 for α = 0.2.
    #[test]
    fn shares_have_the_moments_of_their_distribution() -> Result<()> {
        let mixup = Mixup::new(0.2);
        let share = |step| mixup.share(&Address::new(7, "mixup", Stream::Shuffle, step));
        let shares: Vec<f64> = (0..4000).map(share).collect::<Result<_>>()?;
        let mean = shares.iter().sum::<f64>() / 4000.;
        let variance = shares.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / 3999.;
        let expected = 1. / (4. * (2. * 0.2 + 1.));
        assert!((mean - 0.5).abs() < 5. * (expected / 4000f64).sqrt(), "{mean}");
        assert!((variance - expected).abs() < 0.02, "{variance}");
        Ok(())
    }

    /// exp(−d² / 2σ²) with σ = 1: 1 and exp(−2) of distances 0 and 2, so that the own target is chosen in
    /// 1 / (1 + 0.1353) = 88.1 % of the draws.
    #[test]
    fn near_partners_are_drawn_in_proportion() -> Result<()> {
        let ys = [vec![0.], vec![2.]];
        let own = weights(&ys[0], &ys, 1.);
        assert!((own[0] - 1.).abs() < 1e-15 && (own[1] - 0.135_335_283_236_612_7).abs() < 1e-15);
        let ys = Tensor::new(&[[0f32], [2.]], &Device::Cpu)?;
        let partner = |step| {
            let address = Address::new(7, "mixup", Stream::Shuffle, step);
            near_partners(&address, &ys, 1.).map(|partners| f64::from(partners[0]))
        };
        let far: f64 = (0..4000).map(partner).sum::<Result<f64>>()?;
        assert!((far / 4000. - 0.1192).abs() < 5. * (0.1192f64 * 0.8808 / 4000.).sqrt(), "{far}");
        Ok(())
    }

    /// Rows and targets stay together, and those of a replica among themselves.
    #[test]
    fn a_row_is_mixed_with_the_row_of_its_partners_target() -> Result<()> {
        let xs = Tensor::new(&[[[1f32], [2.], [3.]], [[10.], [20.], [30.]]], &Device::Cpu)?;
        let mixed = Mixup::new(1.).apply(&xs, &xs, true, &[3, 4], 0)?;
        let share = mixed.shares.reshape((2, 1, 1))?;
        let expected =
            (xs.broadcast_mul(&share)? + mixed.partners.broadcast_mul(&(1. - share)?)?)?;
        assert_eq!(mixed.xs.to_vec3::<f32>()?, expected.to_vec3::<f32>()?);
        let mut partners: Vec<f32> = mixed.partners.get(1)?.flatten_all()?.to_vec1()?;
        partners.sort_by(f32::total_cmp);
        assert_eq!(partners, [10., 20., 30.]);
        let plain = Mixup::new(1.).apply(&xs.get(0)?, &xs.narrow(0, 0, 1)?, false, &[3], 0)?;
        assert_eq!(plain.xs.to_vec2::<f32>()?, mixed.xs.get(0)?.to_vec2::<f32>()?);
        Ok(())
    }

    #[test]
    fn sizes_are_above_zero() {
        for mixup in [Mixup::new(0.), Mixup::new(f64::NAN), Mixup::new(1.).bandwidth(-1.)] {
            assert!(mixup.check().unwrap_err().to_string().contains("above 0"));
        }
    }
}
