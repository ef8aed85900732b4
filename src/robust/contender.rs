//! A trained model in a comparison: its networks, and the rows that they are tried on.

use std::sync::Arc;

use candle_core::Result;
use rayon::prelude::*;

use super::{Attack, Curve, Victim, curves};
use crate::data::Samples;
use crate::metric::{Metric, Units};

/// A trained model in a comparison: its networks, in one or more victims, and the rows that they are tried on.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its name.
    pub name: String,
    /// Its networks. Those of different victims run at the same time.
    pub victims: Vec<Victim>,
    /// The rows, prepared for it.
    pub rows: Samples,
    /// The units of its predictions, if they are standard scores.
    pub units: Option<Units>,
}

impl Contender {
    /// Returns the seed of each network.
    pub fn seeds(&self) -> Vec<u64> {
        self.victims.iter().flat_map(|own| own.seeds().iter().copied()).collect()
    }

    /// Scores all networks on rows that attacks of one norm change, as [`curves`].
    ///
    /// # Errors
    /// As [`curves`].
    pub fn curves(
        &self,
        attacks: &[Arc<dyn Attack>],
        strengths: &[f64],
        metrics: &[Arc<dyn Metric>],
    ) -> Result<Vec<Curve>> {
        let units = self.units.as_ref();
        let attacks: Vec<&dyn Attack> = attacks.iter().map(|own| &**own).collect();
        let of = |own: &Victim| curves(own, &self.rows, &attacks, strengths, metrics, units);
        let each: Vec<Vec<Curve>> = self.victims.par_iter().map(of).collect::<Result<_>>()?;
        let both = |own: Vec<Curve>, others: Vec<Curve>| {
            own.into_iter().zip(others).map(|(own, others)| own.followed_by(others)).collect()
        };
        Ok(each.into_iter().reduce(both).unwrap_or_default())
    }
}
