//! What one network scores under a scan, as plain data that is kept with its run.

use std::sync::Arc;

use candle_core::Result;
use serde::{Deserialize, Serialize};

use super::{Norm, Scan, Victim, curves};
use crate::data::Samples;
use crate::metric::{Metric, Units};

/// What one network scores in one metric on rows that an attack changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanScores {
    /// What changes the rows: `gaussian`, `pgd`, ….
    pub kind: String,
    /// How its strength is measured, if it bounds the change.
    pub norm: Option<Norm>,
    /// The name of the metric.
    pub metric: String,
    /// What the strengths are measured in.
    pub unit: String,
    /// The strengths.
    pub strengths: Vec<f64>,
    /// The score at each strength; none where it is undefined.
    pub scores: Vec<Option<f64>>,
}

impl ScanScores {
    /// Returns whether two differ in scores alone.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.kind, self.norm) == (&other.kind, other.norm)
            && (&self.metric, &self.strengths) == (&other.metric, &other.strengths)
    }
}

/// Scores each network of a model under some scans: for each network the scores by scan, attack and metric; in
/// `units`, if there are any.
///
/// # Errors
/// As [`curves`].
pub fn scan_scores(
    on: &Victim,
    samples: &Samples,
    scans: &[Scan],
    metrics: &[Arc<dyn Metric>],
    units: Option<&Units>,
) -> Result<Vec<Vec<ScanScores>>> {
    let mut all = vec![Vec::new(); on.seeds().len()];
    for scan in scans {
        let attacks: Vec<_> = scan.attacks.iter().map(|own| &**own).collect();
        let found = curves(on, samples, &attacks, &scan.strengths, metrics, units)?;
        for ((kind, norm), curve) in scan.kinds().into_iter().zip(found) {
            for (own, network) in all.iter_mut().zip(curve.scores) {
                own.extend(metrics.iter().zip(network).map(|(metric, scores)| ScanScores {
                    kind: kind.to_string(),
                    norm,
                    metric: metric.name().to_string(),
                    unit: scan.unit.to_string(),
                    strengths: scan.strengths.clone(),
                    scores,
                }));
            }
        }
    }
    Ok(all)
}
