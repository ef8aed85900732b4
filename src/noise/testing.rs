//! Noise in evaluation: which draws it takes.

use candle_core::{Result, bail};

use super::map::NoiseMap;
use super::perturb::Rows;
use super::probe::Probe;

/// What has one draw of noise in evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Per {
    /// Each row, as in training.
    #[default]
    Row,
    /// Each batch: its rows have the same noise.
    Batch,
    /// Each device: the same perturbed model for all rows, as on analog hardware.
    Device,
}

/// The draws that evaluation takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TestDraw {
    /// The number of the draw.
    pub draw: u32,
    pub per: Per,
    /// The first row of the batch among all rows.
    pub first_row: u32,
    /// The only site that has noise, and is measured; `None` for all sites.
    pub only: Option<String>,
}

impl TestDraw {
    /// Returns the draws of the rows of the batch.
    pub fn rows(&self) -> Rows {
        match self.per {
            Per::Row => Rows::From(self.first_row),
            Per::Batch => Rows::All(self.first_row),
            Per::Device => Rows::All(0),
        }
    }

    /// Returns the draws of the first axis of a variable, of which all rows of the batch see the same values.
    pub fn rows_of_variable(&self) -> Result<Rows> {
        match self.per {
            Per::Row if self.only.is_none() => bail!(
                "noise on weights has one draw for a batch or a device, received one for each row"
            ),
            // Far apart, so that batches share no rows.
            Per::Batch => Ok(Rows::From(self.first_row.wrapping_mul(0x9E37_79B1))),
            Per::Row | Per::Device => Ok(Rows::From(0)),
        }
    }
}

impl NoiseMap {
    /// Evaluates with noise: in `evaluate` every layer adds the noise of draw `draw` where it otherwise
    /// does nothing, and takes no step. The batch begins with row `first_row` of all rows.
    ///
    /// Other threads that evaluate a model of this map at the same time have the noise, too.
    pub fn with_test_noise<T>(
        &self,
        draw: u32,
        per: Per,
        first_row: u32,
        evaluate: impl FnOnce() -> T,
    ) -> T {
        self.with_draw(TestDraw { draw, per, first_row, only: None }, evaluate)
    }

    /// Evaluates with the noise of one site alone, and measures it.
    pub(crate) fn with_noise_at<T>(
        &self,
        path: &str,
        draw: u32,
        first_row: u32,
        evaluate: impl FnOnce() -> T,
    ) -> T {
        let only = Some(path.to_string());
        self.with_draw(TestDraw { draw, per: Per::Row, first_row, only }, evaluate)
    }

    fn with_draw<T>(&self, draw: TestDraw, evaluate: impl FnOnce() -> T) -> T {
        struct Reset<'a>(&'a NoiseMap, Option<TestDraw>);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                *self.0.testing() = self.1.take();
            }
        }
        let before = self.testing().replace(draw);
        let _reset = Reset(self, before);
        evaluate()
    }

    /// Returns what a site did while it was tested alone, and forgets it.
    pub(crate) fn probed(&self, path: &str) -> Option<Probe> {
        self.site(path).ok()?.state().probe.take()
    }

    pub(super) fn test_draw(&self) -> Option<TestDraw> {
        self.testing().clone()
    }
}
