//! Robustness: what noise, corruptions and attacks do to trained models.
//!
//! An [`Attack`] changes rows up to a strength; a [`Victim`] is the model that it is tried on. [`curve`] measures the
//! metrics of changed rows by strength.

mod attack;
mod compared;
mod curve;
mod limits;
mod norm;
mod rows;
mod victim;
mod worst;

pub use attack::{Apgd, Attack, Fgsm, Pgd, WorstOf};
pub use compared::{Band, ComparedCurve, Repeats};
pub use curve::{Curve, check_strengths, curve};
pub use limits::Limits;
pub use norm::Norm;
pub use rows::Rows;
pub use victim::{Answers, Victim};
pub use worst::Worst;
