//! Robustness: what noise, corruptions and attacks do to trained models.
//!
//! An [`Attack`] changes rows up to a strength; a [`Victim`] is the model that it is tried on. [`curve`] measures the
//! metrics of changed rows by strength. [`noise`] and [`corruption`] change rows without asking the model: what
//! depends on a row's [`Form`]. [`certify`] bounds what any small change can do, and [`geometry`] says how far the
//! boundary is and how steep the outputs are.

mod attack;
mod certificate;
mod certified;
mod change;
mod compared;
mod contender;
pub mod corruption;
mod curve;
mod figures;
mod form;
mod geometry;
mod limits;
mod measured;
pub mod noise;
mod norm;
mod robustness;
mod row;
mod rows;
mod scan;
mod scores;
mod sentences;
#[cfg(test)]
mod testing;
mod victim;
mod warnings;
mod worst;

/// The largest strength: squares of changes stay within single precision.
pub(crate) const LARGEST: f64 = 1e15;

pub use attack::{Apgd, Attack, Fgsm, Pgd, WorstOf};
pub use certificate::{Certificate, Smoothing, certify};
pub use certified::{abstention, certified_accuracy, p_low_quantiles};
pub use change::Change;
pub use compared::{Band, ComparedCurve, Repeats};
pub use contender::Contender;
pub use curve::{Curve, check_strengths, curve, curves};
pub use figures::{Certified, SHARES};
pub use form::{Cell, Form};
pub use geometry::{Geometry, geometry};
pub use limits::Limits;
pub use measured::{Measured, Spread};
pub use norm::Norm;
pub use robustness::{Average, Certificates, Named, Robustness};
pub use row::Row;
pub use rows::Rows;
pub use scan::{Effort, Scan, brief_scans, scans};
pub use scores::{ScanScores, scan_scores};
pub use victim::{Answers, Victim};
pub use warnings::{curve_warnings, gradient_warnings};
pub use worst::Worst;
