//! Pictures: functions take numbers and return a [`Scene`], which writes itself as PNG or SVG. No number
//! causes a panic: values that cannot be drawn are left out. A chart draws in a `frame` (title, legend,
//! axes) or in several (`panels`), with the colours and shapes of `marker` and `bar`.

mod attacks;
mod axis;
mod bar;
mod boundary;
mod columns;
mod curves;
mod dataset;
mod distribution;
mod font;
mod frame;
#[cfg(test)]
mod gallery;
mod images;
mod ink;
mod labels;
mod legend;
mod line;
mod marker;
mod panels;
mod plane;
mod png;
mod scene;
mod sequences;
mod spread;
mod stddev;
mod strengths;
mod svg;
mod swarm;
mod table;

pub use attacks::{AttackedPoint, PlaneOfAttack, attacks};
pub use boundary::boundary;
pub use curves::{Curve, Scale, curves};
pub use dataset::{LabelledPoint, dataset};
pub use distribution::{Group, distribution};
pub use images::{Image, images};
pub use marker::{Kind, Set};
pub use plane::{Forecast, ShareLine, forecasts, reliability, roc};
pub use scene::Scene;
pub use sequences::{Sequence, sequences};
pub use spread::{SpreadLine, SpreadPoint, spreads};
pub use strengths::{Range, StrengthPanel, strengths};
pub use table::{confusion, heatmap};
