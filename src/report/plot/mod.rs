//! Pictures of data sets, learning curves, decision boundaries and comparisons of many runs.
//! Functions take slices of numbers and return PNG bytes; they use no tensors and write no files.
//! The same input always gives the same bytes. No number causes a panic: values that cannot be
//! drawn are left out.
//!
//! | file | content |
//! |---|---|
//! | `dataset`, `curves`, `boundary` | one plot each |
//! | `spread`, `distribution`, `heatmap` | likewise: means by noise, all values, a table |
//! | `confusion`, `images`, `sequences` | likewise: classes taken for others, example data |
//! | `columns`, `field` | the reduction of long curves; interpolation and the line at 0.5 |
//! | `stddev`, `summary`, `swarm` | the axis of the noise; quartiles; places for equal values |
//! | `line`, `bar`, `table` | lines with bands and gaps; the colour bar; tables of coloured cells |
//! | `frame`, `axis`, `labels`, `legend` | what surrounds the data |
//! | `panels` | several areas of data with the same axes |
//! | `canvas` | a plotters bitmap drawn four times too large, text, PNG |
//! | `marker`, `ramp` | colours and shapes of kinds; colours of values |

mod axis;
mod bar;
mod boundary;
mod canvas;
mod columns;
mod confusion;
mod curves;
mod dataset;
mod distribution;
mod field;
mod frame;
mod heatmap;
mod images;
mod labels;
mod legend;
mod line;
mod marker;
mod panels;
mod ramp;
mod sequences;
mod spread;
mod stddev;
mod summary;
mod swarm;
mod table;

pub use boundary::boundary;
pub use confusion::confusion;
pub use curves::{Curve, Scale, curves};
pub use dataset::{LabelledPoint, dataset};
pub use distribution::{Group, distribution};
pub use heatmap::heatmap;
pub use images::{Image, ImageRow, images};
pub use sequences::{Sequence, sequences};
pub use spread::{SpreadLine, SpreadPoint, spreads};
