//! Noise regularization on Candle: layers that add seeded noise in training, and experiments that
//! show whether it helps.
//!
//! Three types serve a Candle model of your own: [`GaussianNoise`], a `candle_nn::ModuleT`;
//! [`NoiseMap`], which owns a model's noise as a `VarMap` owns its weights; and
//! [`nn::seq_t`], a sequence that passes `train` on. Draws have addresses ([`rng`]): the same seed
//! gives the same bits whatever the batch size, the number of threads or the CPU.
//!
//! Modules depend on those above them only:
//!
//! | floor | modules | |
//! |---|---|---|
//! | 0 | [`rng`], [`files`], `simd` | addressed random numbers; whole files; vector instructions |
//! | 1 | [`ops`] | fused tensor ops |
//! | 2 | [`noise`], [`nn`], [`metric`], [`loss`], [`optim`] | layers, losses, Adam |
//! | 3 | [`data`], [`model`] | data sets; networks from a description |
//! | 4 | [`train`] | the fit loop and its history |
//! | 5 | [`experiment`] | settings, repeats, outcomes |
//! | 6 | [`report`] | tables, files, pictures |
//! | 7 | [`cli`] | flags, progress, exit codes |

#![warn(missing_docs)]

pub mod cli;
pub mod data;
pub mod experiment;
pub mod files;
pub mod loss;
pub mod metric;
pub mod model;
pub mod nn;
pub mod noise;
pub mod ops;
pub mod optim;
pub mod report;
pub mod rng;
mod simd;
pub mod train;

pub use noise::{GaussianNoise, NoiseBuilder, NoiseMap};

/// The README's examples, compiled and run as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
