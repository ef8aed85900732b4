//! What is known of a network without training it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is known of a network without training it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Network {
    /// The names and shapes of one replica's variables.
    pub variables: BTreeMap<String, Vec<usize>>,
    /// The untrained network's mean loss on the first rows of each part, if it is finite: a model that is
    /// built otherwise, or has other rows, has another.
    pub loss: Option<f32>,
    /// Where noise can enter.
    pub places: Vec<String>,
}

impl Network {
    /// How it differs from another one of the same hyperparameters, if it does.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.variables != other.variables {
            let (own, other) = (&self.variables, &other.variables);
            return Some(format!(
                "expected a network of the variables {own:?}, received {other:?}"
            ));
        }
        let (own, other) = (self.loss?, other.loss?);
        let is_near = (own - other).abs() <= 1e-3 * own.abs().max(other.abs());
        (!is_near).then(|| {
            format!("expected a network whose loss is {own} before training, received {other}")
        })
    }
}
