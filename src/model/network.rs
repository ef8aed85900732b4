//! A network of this crate as plain data.

use candle_core::Result;
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::{Cnn, Lstm, Mlp};
use crate::nn::Model;
use crate::noise::Slots;
use crate::ops::Axis;

/// The description of a network, of which it can be built again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Network {
    /// A multilayer perceptron.
    Mlp(Mlp),
    /// A convolutional network.
    Cnn(Cnn),
    /// A recurrent network.
    Lstm(Lstm),
}

impl Network {
    /// Builds the network.
    ///
    /// # Errors
    /// If variables exist with other shapes, or a slot cannot be filled.
    pub fn build(&self, vb: &VarBuilder, slots: &Slots) -> Result<Model> {
        Ok(Model::new(match self {
            Self::Mlp(own) => own.build(vb, slots),
            Self::Cnn(own) => own.build(vb, slots),
            Self::Lstm(own) => own.build(vb, slots),
        }?))
    }

    /// Returns the number of outputs of a row.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Mlp(own) => own.outputs,
            Self::Cnn(own) => own.outputs,
            Self::Lstm(own) => own.outputs,
        }
    }

    /// Returns whether its tensors have a leading replica axis.
    pub fn axis(&self) -> Axis {
        match self {
            Self::Mlp(_) => Axis::Replicas,
            Self::Cnn(_) | Self::Lstm(_) => Axis::Plain,
        }
    }
}
