//! Checks before training that the network of a task accepts its training rows with noise or mixup.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use candle_nn::ModuleT;

use super::Subject;
use crate::noise::NoiseSpec;
use crate::task::Hyper;
use crate::train::Mixup;

impl Subject<'_> {
    /// Checks that each noise fits the inputs of its place by a pass of two training rows. A crop, for example,
    /// fits only images.
    pub(crate) fn check_noise<'n>(
        &self,
        hyper: &Hyper,
        noise: impl Iterator<Item = &'n NoiseSpec>,
    ) -> Result<()> {
        const ROWS: usize = 2;
        let mut noise = noise.filter(|spec| spec.has_layer()).peekable();
        if noise.peek().is_none() {
            return Ok(());
        }
        let ([xs, _], has_replicas) = self.first_rows(hyper, ROWS)?;
        // Pairs and swaps take at least two.
        if xs.dim(usize::from(has_replicas))? < ROWS {
            return Ok(());
        }
        // Finds errors that are not due to the noise first, such as initial weights of another network.
        self.build(hyper, &[0], Vec::new(), None, &Device::Cpu)?;
        for spec in noise {
            let placed = vec![(spec.clone(), vec![spec.strength()])];
            self.asked(hyper, placed, &xs).with_context(|| format!("noise {spec}"))?;
        }
        Ok(())
    }

    /// Checks that the network accepts mixed rows; it rejects those of sequences of different lengths.
    pub(crate) fn check_mixup(&self, hyper: &Hyper) -> Result<()> {
        const ROWS: usize = 256;
        let ([xs, ys], has_replicas) = self.first_rows(hyper, ROWS)?;
        let mixed = Mixup::new(1.).apply(&xs, &ys, has_replicas, &[0], 0)?;
        ensure!(
            self.asked(hyper, Vec::new(), &mixed.xs).is_ok(),
            "--mixup: expected rows that the network takes when they are mixed, received those of {}, such as \
             sequences of different lengths",
            self.task().name()
        );
        Ok(())
    }

    /// Returns the first training rows of the task, at most `count`, with their targets, and whether they have a replica axis.
    fn first_rows(&self, hyper: &Hyper, count: usize) -> Result<([Tensor; 2], bool)> {
        let train = self.parts(hyper, &self.task().draw(), &Device::Cpu)?.train;
        Ok((train.range(0, count.min(train.rows()))?.into(), train.replica_axis()))
    }

    /// Asks a network with noise for its outputs in training.
    fn asked(&self, hyper: &Hyper, noise: Vec<(NoiseSpec, Vec<f64>)>, xs: &Tensor) -> Result<()> {
        let built = self.build(hyper, &[0], noise, None, &Device::Cpu)?;
        built.model.forward_t(xs, true)?;
        Ok(())
    }
}
