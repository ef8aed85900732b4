//! Simple models, to judge networks by: a network that is no better need not be trained.
//!
//! | targets | model | without inputs |
//! |---|---|---|
//! | classes | [`LogisticRegression`] | [`ClassShares`] |
//! | numbers | [`Ridge`] | [`Mean`] |
//!
//! Both penalize weights as scikit-learn does by default. A fit is the minimum itself to about twelve
//! digits, and has the same bits on every CPU and for any number of threads.

mod cholesky;
mod constant;
mod linear;
mod logistic;
mod minimize;
mod objective;
mod ridge;
mod rows;
#[cfg(test)]
mod tests;

pub use constant::{ClassShares, Mean};
pub use logistic::LogisticRegression;
pub use ridge::Ridge;
pub use rows::Rows;
