//! The worst of several attacks.

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::{Attack, Norm, Rows, Victim};
use crate::robust::Worst;

/// The worst of several attacks, row by row, as in AutoAttack (Croce and Hein 2020, arXiv:2003.01690).
#[derive(Clone, Debug)]
pub struct WorstOf {
    attacks: Vec<Arc<dyn Attack>>,
    norm: Norm,
}

impl WorstOf {
    /// Creates the worst of some attacks of one norm.
    ///
    /// # Errors
    /// If there are none, or their norms differ.
    pub fn new(attacks: Vec<Arc<dyn Attack>>) -> Result<Self> {
        let norms: Vec<Option<Norm>> = attacks.iter().map(|own| own.norm()).collect();
        match norms[..] {
            [Some(norm), ..] if norms.iter().all(|own| *own == Some(norm)) => {
                Ok(Self { attacks, norm })
            }
            _ => bail!("expected attacks of one norm, received {norms:?}"),
        }
    }
}

impl Attack for WorstOf {
    fn name(&self) -> &str {
        "worst"
    }

    fn norm(&self) -> Option<Norm> {
        Some(self.norm)
    }

    fn keeps_worst(&self) -> bool {
        true
    }

    fn passes(&self) -> usize {
        self.attacks.iter().map(|own| own.passes()).sum()
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, draw: u32) -> Result<Tensor> {
        if strength == 0. {
            return Ok(rows.xs.clone());
        }
        let mut worst = Worst::clean(on, rows)?;
        for attack in &self.attacks {
            let xs = attack.apply(on, rows, strength, draw)?;
            worst.keep(&xs, &on.answers(&xs, rows)?)?;
        }
        Ok(worst.rows().clone())
    }
}
