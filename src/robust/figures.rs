//! Figures of a model's networks that do not depend on a strength: certificates and geometry.

use candle_core::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Certificate, Contender, Curve, Geometry, Smoothing, Victim, abstention, certified_accuracy,
    certify, geometry, p_low_quantiles,
};

/// The number of rows of a piece.
const PIECE: usize = 1024;

/// The shares of rows at which quantiles of p_A are reported.
pub const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// What is certain of the networks of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Certified {
    /// The certified accuracy of each network by radius, as its only score.
    pub curve: Curve,
    /// The share of rows without a smoothed class, for each network.
    pub abstention: Vec<f64>,
    /// For each network the quantiles of the rows' lower bounds of p_A at [`SHARES`].
    pub p_low: Vec<Vec<f64>>,
}

impl Contender {
    /// Certifies the rows for each network.
    ///
    /// # Errors
    /// As [`certify`].
    pub fn certified(&self, options: Smoothing, radii: &[f64]) -> Result<Certified> {
        let of = |on: &Victim| -> Result<Certified> {
            let (mut all, mut labels) = (vec![Vec::new(); on.seeds().len()], Vec::new());
            for start in (0..self.rows.rows()).step_by(PIECE) {
                let rows = on.rows(&self.rows, start, PIECE.min(self.rows.rows() - start))?;
                let own: Vec<Vec<Certificate>> = certify(on, &rows, None, options)?;
                all.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
                let own: Vec<f32> = on.classes(&rows)?.get(0)?.to_vec1()?;
                labels.extend(own.into_iter().map(|label| label as u32));
            }
            let mut found = Certified::default();
            for own in &all {
                let accuracies = certified_accuracy(own, &labels, radii)?;
                found.curve.scores.push(vec![accuracies.into_iter().map(Some).collect()]);
                found.abstention.extend(abstention(own));
                found.p_low.extend(p_low_quantiles(own, &SHARES));
            }
            Ok(found)
        };
        let each: Vec<Certified> = self.victims.par_iter().map(of).collect::<Result<_>>()?;
        let both = |own: Certified, others: Certified| Certified {
            curve: own.curve.followed_by(others.curve),
            abstention: [own.abstention, others.abstention].concat(),
            p_low: [own.p_low, others.p_low].concat(),
        };
        Ok(each.into_iter().reduce(both).unwrap_or_default())
    }

    /// Returns the geometry of each network around the first rows.
    ///
    /// # Errors
    /// As [`geometry`].
    pub fn geometry(&self) -> Result<Vec<Geometry>> {
        const DRAWS: u32 = 20;
        let of = |on: &Victim| {
            geometry(on, &on.rows(&self.rows, 0, PIECE.min(self.rows.rows()))?, DRAWS)
        };
        let each: Vec<Vec<Geometry>> = self.victims.par_iter().map(of).collect::<Result<_>>()?;
        Ok(each.concat())
    }
}
