//! Noise layers, and the map that owns their strengths and steps.
//!
//! Every layer is a [`NoiseLayer`] of one kind: a `candle_nn::ModuleT` that adds noise in training
//! and is the identity in evaluation and at strength 0. Draws have addresses (seed, path, step,
//! row, element). A [`NoiseMap`] counts the steps, saves them, and sets the strengths of a
//! schedule. z is a standard normal, v uniform in (−1, 1), l of density exp(−|l|) / 2.
//!
//! | layer | in training | strength | source |
//! |---|---|---|---|
//! | [`GaussianNoise`] | x + stddev · z | stddev | Bishop 1995, An 1996 |
//! | [`UniformNoise`] | x + half_width · v | half-width | Ballé et al. 2017 |
//! | [`LaplaceNoise`] | x + scale · l | scale | Dwork et al. 2006 |
//! | [`DistributionNoise`] | x + scale · d, d of any distribution | scale | `rand_distr` |
//! | [`NeftuneNoise`] | x + alpha / √(L·d) · v | alpha | Jain et al. 2023 |
//! | [`SpeckleNoise`] | x (1 + stddev · z) | stddev | Hendrycks & Dietterich 2019 |
//! | [`GaussianDropout`] | x (1 + √(rate / (1 − rate)) · z) | rate | Srivastava et al. 2014 |
//! | [`Dropout`], [`Dropout::spatial`] | 0, or x / (1 − rate) | rate | Srivastava et al. 2014, Tompson et al. 2015 |
//! | [`AlphaDropout`] | a · q + b, or a · x + b | rate | Klambauer et al. 2017 |
//! | [`SaltAndPepper`] | low, high, or x | rate | Vincent et al. 2010 |
//!
//! | [`SwapNoise`] | x, or that of another row | rate | Wright 2017 |
//! | [`RandomCrop`] | an image, moved | pixels | He et al. 2016 |
//! | [`ContrastNoise`] | m + (1 + strength · v)(x − m), m the row's mean | strength | torchvision |
//!
//! All but the last three support [`shared_axes`](NoiseLayer::shared_axes) (Keras' `noise_shape`) and masks
//! ([`forward_masked`](NoiseLayer::forward_masked)). A new kind is a [`Kind`] of a few lines, or a
//! [`Lawful`] table of fewer, which CUDA devices draw, too.
//! [`Noisy`] adds noise to a layer in a field of your own struct.
//!
//! Elsewhere in a model:
//!
//! | noise on | | strength | source |
//! |---|---|---|---|
//! | weights | [`WeightNoise`] | stddev | Murray & Edwards 1994, An 1996 |
//! | gradients | [`GradientNoise`](crate::optim::GradientNoise) | variance eta | Neelakantan et al. 2015 |
//! | labels | [`LabelNoise`], or its mean, [`smooth_targets`](crate::loss::smooth_targets) | rate | Xie et al. 2016, Szegedy et al. 2016 |

mod any;
mod batch;
mod controls;
mod family;
mod kind;
pub mod kinds;
mod labels;
mod lawful;
mod layer;
mod learned;
mod map;
mod noisy;
mod noisy_model;
mod options;
mod parse;
mod passes;
mod perturb;
mod placing;
mod probe;
mod range;
mod row;
mod saved;
mod scale;
mod schedule;
mod shipped;
mod site;
mod slots;
mod spec;
mod strength;
mod testing;
mod var_sites;
mod weights;

pub use any::{AnyKind, AnyLayer};
pub use batch::{BatchDraws, BatchKind, BatchNoise};
pub use controls::strength_of_snr;
pub use family::{
    AlphaDropout, ContrastNoise, DistributionNoise, Dropout, GaussianDropout, GaussianNoise,
    LaplaceNoise, NeftuneNoise, RandomCrop, SaltAndPepper, SpeckleNoise, SwapNoise, UniformNoise,
};
pub use kind::{Change, Kind};
pub use labels::LabelNoise;
pub use lawful::Lawful;
pub use layer::{Channels, NoiseLayer};
pub use learned::LearnedStrength;
pub use map::NoiseMap;
pub use noisy::Noisy;
pub use noisy_model::{CleanOptimizer, NoisyModel};
pub use placing::Placing;
pub use range::Range;
pub use row::NoiseRow;
pub use schedule::{Curve, Schedule};
pub use site::NoiseBuilder;
pub use slots::{Slot, Slots};
pub use spec::NoiseSpec;
pub use strength::Strength;
pub use testing::Per;
pub(crate) use var_sites::VarSites;
pub use weights::WeightNoise;

pub use crate::ops::{Band, Effect, Law, Standard};
