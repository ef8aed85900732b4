//! Noise regularization on Candle: layers that add seeded noise in training, and experiments that
//! show whether it helps.
//!
//! Three types serve your own Candle model: [`GaussianNoise`], a `candle_nn::ModuleT`;
//! [`NoiseMap`], which owns a model's noise as a `VarMap` owns its weights; and [`nn::seq_t`], a
//! sequence that passes `train` on. Draws have addresses ([`rng`]): the same seed gives the same
//! bits for any batch size, any CPU and any number of threads that share out a call. Threads that
//! each call one shared layer in training take its draws in the order of their calls, which is a
//! matter of timing; give each a layer with a path of its own ([`noise::NoiseLayer`]).
//!
//! A module depends only on those above it. Without default features the crate contains the layers
//! and the training loop, and needs no crate that Candle does not need. `experiment` adds tasks and
//! experiments. `cli`, the default, adds the programs.
//!
//! | floor | modules | feature |
//! |---|---|---|
//! | 0 | [`rng`], `simd`: addressed random numbers; vector instructions | |
//! | 1 | [`ops`]: fused tensor ops | |
//! | 2 | [`noise`], [`nn`], [`loss`], [`metric`], [`objective`], [`optim`]: layers, losses, optimizers | |
//! | 3 | [`data`], [`model`]: data sets; networks from a description | |
//! | 4 | [`train`]: the trainer and its history | |
//! | 5 | `stats`, `simple`, `files`, `task`, `checkpoint`: tests and intervals; simple models; tasks; files | `experiment` |
//! | 6 | `robust`: noise, corruptions and attacks on trained models | `experiment` |
//! | 7 | `experiment`: many runs and what they say | `experiment` |
//! | 8 | `report`: tables, files, pictures | `cli` |
//! | 9 | `cli`: flags, progress, exit codes | `cli` |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations, missing_docs)]

#[cfg(feature = "experiment")]
pub mod bundle;
#[cfg(feature = "experiment")]
pub mod checkpoint;
#[cfg(feature = "cli")]
pub mod cli;
pub mod data;
#[cfg(feature = "experiment")]
pub mod experiment;
#[cfg(feature = "experiment")]
pub mod files;
#[cfg(all(any(test, fuzzing), feature = "cli"))]
#[doc(hidden)]
pub mod fuzz;
pub mod loss;
pub mod metric;
pub mod model;
pub mod nn;
pub mod noise;
pub mod objective;
pub mod ops;
pub mod optim;
#[cfg(feature = "cli")]
pub mod report;
pub mod rng;
#[cfg(feature = "experiment")]
pub mod robust;
mod simd;
#[cfg(feature = "experiment")]
pub mod simple;
#[cfg(feature = "experiment")]
pub mod stats;
#[cfg(feature = "experiment")]
pub mod task;
pub mod train;

pub use noise::{GaussianNoise, NoiseBuilder, NoiseMap};

/// The README's examples, compiled and run as doctests.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The example of the guide to predictions, compiled as a doctest.
#[cfg(all(doctest, feature = "experiment"))]
#[doc = include_str!("../docs/predict.md")]
struct PredictGuide;

/// The examples of the answers to questions about noise, compiled and run as doctests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct NoiseGuide;

/// The examples of the guide for Candle's users, compiled and run as doctests.
#[cfg(doctest)]
#[doc = include_str!("../docs/candle.md")]
struct CandleGuide;

/// The comparison with other frameworks, whose own part is compiled and run as a doctest.
#[cfg(all(doctest, feature = "experiment"))]
#[doc = include_str!("../docs/keras_pytorch_burn.md")]
struct FrameworkGuide;
