//! Pictures of data sets, learning curves and decision boundaries: slices of numbers in, PNG bytes
//! out. Knows no tensors and writes no files; the same input always gives the same bytes, and no
//! number makes it panic: what cannot be drawn is left out.
//!
//! | file | what it knows |
//! |---|---|
//! | `dataset`, `curves`, `boundary` | one plot each |
//! | `columns`, `line` | the reduction of long curves; lines with bands and gaps |
//! | `field` | interpolation and the line at 0.5 |
//! | `frame`, `axis`, `legend` | what surrounds the data |
//! | `canvas`, `marker` | a plotters bitmap drawn four times too large, text, PNG; colours and shapes |

mod axis;
mod boundary;
mod canvas;
mod columns;
mod curves;
mod dataset;
mod field;
mod frame;
mod legend;
mod line;
mod marker;

pub use boundary::boundary;
pub use curves::{Curve, Scale, curves};
pub use dataset::{LabelledPoint, dataset};
