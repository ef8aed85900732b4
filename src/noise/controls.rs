//! What a layer heeds beside its strength: to what it is relative, what is learned, when it acts, and where
//! its values may lie.

use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;

use super::kind::Kind;
use super::layer::{Channels, NoiseLayer};
use super::learned::{Learned, LearnedStrength};
use super::range::Range;
use super::scale::{Relative, Scale};
use super::schedule::Schedule;
use crate::ops::Axis;

/// What a layer heeds beside its strength.
#[derive(Clone, Debug, Default)]
pub(super) struct Controls {
    pub scale: Scale,
    pub range: Range,
    /// Whether evaluations are noisy.
    pub always: bool,
    /// Whether the second half of the rows has the noise of the first with the other sign.
    pub paired: bool,
}

impl Controls {
    /// Returns whether the strength is all there is.
    pub fn is_plain(&self) -> bool {
        let Self { scale, range, always, paired } = self;
        scale.is_plain() && *range == Range::NONE && !always && !paired
    }
}

impl<K: Kind> NoiseLayer<K> {
    /// Makes the strength relative to the input: it is multiplied by the population standard deviation of
    /// the batch, over its rows and real elements, for each replica. No gradient flows through it, and a
    /// constant input gets no noise.
    ///
    /// A [signal-to-noise ratio](strength_of_snr) in dB becomes a strength for this.
    ///
    /// ```
    /// use candle_core::{DType, Device, Result, Tensor};
    /// use candle_nn::ModuleT;
    /// use candle_noise::{GaussianNoise, noise::strength_of_snr};
    ///
    /// # fn main() -> Result<()> {
    /// let noise = GaussianNoise::seeded(strength_of_snr(20.), 42)?.relative()?; // a tenth
    /// let constant = Tensor::ones((4, 8), DType::F32, &Device::Cpu)?;
    /// let ys = noise.forward_t(&constant, true)?;
    /// assert_eq!(ys.to_vec2::<f32>()?, constant.to_vec2::<f32>()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the kind is not additive.
    pub fn relative(self) -> Result<Self> {
        self.scaled("relative", |scale| scale.relative = Relative::Batch)
    }

    /// Makes the strength relative to given standard deviations, such as those of the columns of the
    /// training rows: each row then has the noise that it has in any batch.
    ///
    /// # Shapes
    /// That of a row, or, in a replicated map, (R, …) followed by a row's axes.
    ///
    /// # Errors
    /// If the kind is not additive. A forward pass rejects rows of another shape.
    pub fn relative_to(self, stds: &Tensor) -> Result<Self> {
        self.scaled("relative", |scale| scale.relative = Relative::To(stds.detach()))
    }

    /// Multiplies the strength by a factor for each channel.
    ///
    /// # Errors
    /// If the kind is not additive, or a factor is negative or not finite. A forward pass rejects rows with
    /// another number of channels.
    pub fn per_channel(self, factors: &[f64], channels: Channels) -> Result<Self> {
        if let Some(factor) = factors.iter().find(|own| !(0.0..f64::INFINITY).contains(*own)) {
            bail!("expected factors that are finite and at least 0, received {factor}")
        }
        let factors = (factors.to_vec(), channels);
        self.scaled("per channel", |scale| scale.factors = Some(factors))
    }

    /// Learns the strength: a variable of the builder, named `strength`, takes its place. See
    /// [`LearnedStrength`]. [`NoiseMap::set_strengths`](super::NoiseMap::set_strengths) still has an effect: twice
    /// the strength that the layer began with doubles the learned one.
    ///
    /// # Errors
    /// If the kind is not additive, the strength is 0, the floor is out of range, or the builder fails.
    pub fn learned(self, options: LearnedStrength, vb: VarBuilder) -> Result<Self> {
        let first = self.site.strengths();
        let learned = Learned::new(options, &first, self.site.axis() == Axis::Replicas, &vb)?;
        self.site.set_learned(learned.clone());
        self.scaled("learned", |scale| scale.learned = Some(learned))
    }

    /// Sets what becomes of values that the noise moves out of a range.
    #[must_use]
    pub fn range(mut self, range: Range) -> Self {
        self.controls.range = range;
        self
    }

    /// Adds noise in evaluation, too: draws of their own, the same in each evaluation, so that training
    /// neither uses nor sees them.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.controls.always = true;
        self
    }

    /// Adds noise in antithetic pairs: the second half of a training batch has the noise of the first half with
    /// the other sign. The rows of the second half are those of the first again, as
    /// [`TrainOptions::paired`](crate::train::TrainOptions::paired) makes them; the mean over a pair of a
    /// linear model is then that of the clean row.
    ///
    /// # Errors
    /// If the kind is not additive. A training pass rejects an odd number of rows.
    pub fn paired(mut self) -> Result<Self> {
        self.controls.paired = true;
        self.scaled("paired", |_| ())
    }

    /// Lets the strength, which is that of the first epoch, follow a schedule; see
    /// [`NoiseMap::begin_epoch`](super::NoiseMap::begin_epoch).
    ///
    /// # Errors
    /// If the strength has no such schedule.
    pub fn scheduled(self, schedule: Schedule) -> Result<Self> {
        self.site.set_schedule(schedule)?;
        Ok(self)
    }

    fn scaled(mut self, what: &str, change: impl FnOnce(&mut Scale)) -> Result<Self> {
        if !K::IS_ADDITIVE {
            bail!("only noise that is added to the input can be {what}")
        }
        change(&mut self.controls.scale);
        Ok(self)
    }
}

/// Returns the strength relative to the input that has a signal-to-noise ratio in dB: 10^(−dB / 20).
pub fn strength_of_snr(decibels: f64) -> f64 {
    libm::pow(10., -decibels / 20.)
}
