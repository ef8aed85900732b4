//! Whether tensors begin with the replica axis.

/// Whether the tensors of a model begin with the replica axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Inputs (B, …) and outputs (B, O): there is one model.
    Plain,
    /// Inputs (R, B, …) and outputs (R, B, O).
    Replicas,
}
