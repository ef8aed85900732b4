//! The layers by name. Each is a [`NoiseLayer`] with one kind of noise.

use candle_core::Result;
use rand_distr::Distribution;

use super::batch::BatchNoise;
use super::kinds::{
    Alpha, Contrast, Crop, Drawn, Drop, Gaussian, GaussianFactor, Impulse, Laplace, Neftune,
    Speckle, Swap, Uniform,
};
use super::layer::NoiseLayer;
use super::site::NoiseBuilder;

/// Additive Gaussian noise: y = x + stddev · z with z ~ N(0, 1).
///
/// stddev is in the units of the input; dy/dx = 1. Without shared axes it is one pass over memory,
/// or part of the op of its neighbours in a [`SequentialT`](crate::nn::SequentialT).
///
/// Bishop 1995, "Training with Noise is Equivalent to Tikhonov Regularization", Neural Computation
/// 7; An 1996, "The Effects of Adding Noise During Backpropagation Training on a Generalization
/// Performance", Neural Computation 8.
///
/// ```
/// use candle_core::{Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::GaussianNoise;
///
/// # fn main() -> Result<()> {
/// let noise = GaussianNoise::seeded(0.1, 42)?;
/// let xs = Tensor::zeros((30, 500), candle_core::DType::F32, &Device::Cpu)?;
/// let noisy = noise.forward_t(&xs, true)?; // training: x + 0.1 z
/// let clean = noise.forward_t(&xs, false)?; // evaluation: x
/// assert_eq!(clean.to_vec2::<f32>()?, xs.to_vec2::<f32>()?);
/// assert_ne!(noisy.to_vec2::<f32>()?, xs.to_vec2::<f32>()?);
/// # Ok(()) }
/// ```
pub type GaussianNoise = NoiseLayer<Gaussian>;

/// Additive uniform noise: y = x + half_width · v with v uniform in (−1, 1).
///
/// Its variance is half_width² / 3; dy/dx = 1. Like any small noise, it acts as Bishop's penalty
/// (see [`GaussianNoise`]) of that variance, but no element moves further than half_width. With 1/2
/// it replaces rounding: Ballé, Laparra & Simoncelli 2017, "End-to-end Optimized Image Compression"
/// (arXiv 1611.01704).
pub type UniformNoise = NoiseLayer<Uniform>;

/// Additive Laplace noise: y = x + scale · l with l of density exp(−|l|) / 2.
///
/// Its variance is 2 scale²; dy/dx = 1. It is the noise of the Laplace mechanism: Dwork, McSherry,
/// Nissim & Smith 2006, "Calibrating Noise to Sensitivity in Private Data Analysis".
pub type LaplaceNoise = NoiseLayer<Laplace>;

/// Additive noise of any distribution: y = x + scale · d with d drawn from it; dy/dx = 1.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::noise::{DistributionNoise, NoiseMap};
/// use rand_distr::StudentT;
///
/// # fn main() -> Result<()> {
/// let heavy_tails = StudentT::new(3f32).map_err(candle_core::Error::wrap)?;
/// let map = NoiseMap::new(42);
/// let noise = DistributionNoise::drawn_from(heavy_tails, 0.1, map.builder().pp("input"))?;
/// let xs = Tensor::zeros((30, 2), DType::F32, &Device::Cpu)?;
/// assert_eq!(noise.forward_t(&xs, true)?.dims(), [30, 2]);
/// # Ok(()) }
/// ```
pub type DistributionNoise<D> = NoiseLayer<Drawn<D>>;

impl<D: Distribution<f32> + Clone + Send + Sync + 'static> NoiseLayer<Drawn<D>> {
    /// Creates noise drawn from a distribution, with one scale for all replicas, at the builder's
    /// path.
    ///
    /// # Errors
    /// If the scale is negative or not finite, or the path is empty or taken.
    pub fn drawn_from(distribution: D, scale: f64, nb: NoiseBuilder) -> Result<Self> {
        Self::of_kind(Drawn(distribution), &vec![scale; nb.replicas()], nb)
    }
}

/// NEFTune's noise on embeddings: y = x + alpha / √(L·d) · v with v uniform in (−1, 1).
///
/// A row (L, d) has L tokens of d numbers. With [`forward_masked`](NoiseLayer::forward_masked) L
/// counts the row's real tokens, so that padding does not weaken the noise. The mean of the noise's
/// squared norm is alpha² / 3 for any L and d; dy/dx = 1.
///
/// Jain et al. 2023, "NEFTune: Noisy Embeddings Improve Instruction Finetuning" (arXiv 2310.05914).
pub type NeftuneNoise = NoiseLayer<Neftune>;

/// Multiplicative Gaussian noise, speckle: y = x (1 + stddev · z) with z ~ N(0, 1).
///
/// Mean x, variance x² stddev²; dy/dx = 1 + stddev · z. It does not clip to [0, 1], as Hendrycks &
/// Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and
/// Perturbations" (arXiv 1903.12261), do for images.
pub type SpeckleNoise = NoiseLayer<Speckle>;

/// Gaussian dropout: y = x (1 + s · z) with z ~ N(0, 1) and s = √(rate / (1 − rate)).
///
/// Mean and variance are those of [`Dropout`] at the same rate, as in Keras' `GaussianDropout`;
/// dy/dx = 1 + s · z. The rate lies in [0, 1).
///
/// Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
/// JMLR 15, section 10.
pub type GaussianDropout = NoiseLayer<GaussianFactor>;

/// Inverted dropout: y = 0 with probability rate, else x / (1 − rate).
///
/// Mean x, variance x² rate / (1 − rate); dy/dx = y/x. The rate lies in [0, 1).
///
/// Srivastava et al. 2014 (see [`GaussianDropout`]).
pub type Dropout = NoiseLayer<Drop>;

impl NoiseLayer<Drop> {
    /// Creates dropout of whole feature maps, with one draw per channel, for rows (C, …) with
    /// `dims` axes after C: 2 for (B, C, H, W).
    ///
    /// It is the same as [`Dropout`] with those axes shared. Tompson et al. 2015, "Efficient Object
    /// Localization Using Convolutional Networks" (arXiv 1411.4280).
    ///
    /// # Errors
    /// If [`NoiseLayer::new`] would fail.
    pub fn spatial(rate: f64, dims: usize, nb: NoiseBuilder) -> Result<Self> {
        let axes: Vec<usize> = (1..=dims).collect();
        Ok(Self::new(rate, nb)?.shared_axes(&axes))
    }
}

/// Dropout for networks of SELUs: y = a · x' + b, where x' is q with probability rate, else x.
///
/// q = −λα = −1.7580993 is SELU's limit at −∞. a = ((1 − rate)(1 + rate q²))^−½ and b = −a q rate
/// give an input of mean 0 and variance 1 the same mean and variance again. dy/dx is a if x is
/// kept, else 0. The rate lies in [0, 1).
///
/// Klambauer et al. 2017, "Self-Normalizing Neural Networks" (arXiv 1706.02515).
pub type AlphaDropout = NoiseLayer<Alpha>;

/// Salt and pepper: y = low with probability rate / 2, high with probability rate / 2, else x.
///
/// dy/dx is 1 if x is kept, else 0. The values are 0 and 1 unless [`values`](NoiseLayer::values)
/// sets others; the rate lies in [0, 1).
///
/// Vincent et al. 2010, "Stacked Denoising Autoencoders", JMLR 11.
pub type SaltAndPepper = NoiseLayer<Impulse>;

impl NoiseLayer<Impulse> {
    /// Sets the values that replace 0 and 1.
    ///
    /// # Errors
    /// If a value is not finite or `low` is above `high`.
    pub fn values(mut self, low: f64, high: f64) -> Result<Self> {
        self.kind = Impulse::new(low, high)?;
        Ok(self)
    }
}

/// Swap noise: y = x of the same column in another row of the batch with probability rate, else x.
///
/// It is the noise for categories: a column's values keep their frequencies, which added noise would blur, and
/// [`Swap::of_columns`](super::kinds::Swap::of_columns) keeps the indicators of one together. The
/// gradient goes to the row that the value came from. The rate lies in [0, 1); in a batch of one row nothing
/// changes. With a mask, as of sequences of different lengths, values come from real elements only; one that no other
/// row has stays.
///
/// Wright 2017, the noise of the winning denoising autoencoder of Porto Seguro's Safe Driver Prediction; Yoon et
/// al. 2020, "VIME: Extending the Success of Self- and Semi-supervised Learning to Tabular Domain".
pub type SwapNoise = BatchNoise<Swap>;

/// Random crop: an image is padded with zeros on each side, and cut to its size again at a random place: it moves by
/// up to `padding` pixels each way. The padding is a whole number.
///
/// # Shapes
/// Images (B, H, W), (B, C, H, W), or (B, H, W, C) with [`Channels::Last`](super::Channels::Last), behind the replicas
/// if there are some. Other rows are refused, also sequences, which have a mask of their steps.
///
/// He et al. 2016, "Deep Residual Learning for Image Recognition", with a padding of 4.
pub type RandomCrop = BatchNoise<Crop>;

/// Contrast noise: y = m + f (x − m) with the mean m of a row and one factor f for each row, uniform in 1 ± strength.
///
/// As the contrast of torchvision's `ColorJitter` on grey images, without its clipping to [0, 1]. The strength lies
/// in [0, 1).
///
/// # Shapes
/// Images, as of [`RandomCrop`].
pub type ContrastNoise = BatchNoise<Contrast>;
