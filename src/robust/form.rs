//! What the rows of a network's inputs are made of.

use candle_core::{Result, Tensor, bail};

use super::{Limits, Measured};
use crate::bundle::Inputs;
use crate::data::Samples;
use crate::data::prepared::{Fitted, MISSING, Number, Preparation};

/// What the rows of a network's inputs are made of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Form {
    /// Cells of a table. Inputs that belong to no cell never change.
    Table {
        /// The cells.
        cells: Vec<Cell>,
        /// The number of inputs.
        width: usize,
    },
    /// Pixels from 0, black, to 1, white.
    Image {
        /// The number of lines.
        height: usize,
        /// The number of pixels of a line.
        width: usize,
    },
    /// Steps of a sequence, after whose channels is the mask: 1 at a step and 0 after the steps.
    Steps {
        /// The number of channels without the mask.
        channels: usize,
    },
}

/// A cell of a table as a network takes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// A number.
    Number {
        /// The input that has its standard score, or the number itself if the preparation has no range.
        input: usize,
        /// The input that is 1 if the number is missing.
        missing: Option<usize>,
        /// What a missing number becomes: the score of the median.
        empty: f32,
        /// The scores of the lowest and the highest number of the training rows, if the preparation knows them.
        range: Option<[f32; 2]>,
    },
    /// A category.
    Category {
        /// The inputs of all categories, one of which is 1, or none for an unknown category.
        inputs: Vec<usize>,
        /// The one of them that is 1 if the category is missing.
        missing: Option<usize>,
    },
}

impl Form {
    /// Returns what the inputs of a trained network are made of. Points are tables of numbers.
    pub fn of(inputs: &Inputs) -> Self {
        match inputs {
            Inputs::Table { preparation } => {
                let width = preparation.names().len();
                let places: Vec<usize> = (0..width).collect();
                Self::Table { cells: cells(preparation, &places), width }
            }
            Inputs::Images(format) => {
                let [height, width] = format.shape;
                Self::Image { height, width }
            }
            Inputs::Sequences(format) => Self::Steps { channels: format.channels },
        }
    }

    /// Returns what rows with inputs of some names are made of if a preparation fills some of them, in the same
    /// order, and the others are always 0: a fold of a table whose other rows have further categories.
    ///
    /// # Errors
    /// If the preparation has an input that is not among the names. The error names it.
    pub fn of_columns(preparation: &Preparation, names: &[String]) -> Result<Self> {
        let mut all = names.iter().enumerate();
        let place = |name: &String| match all.by_ref().find(|(_, own)| *own == name) {
            Some((place, _)) => Ok(place),
            None => bail!(
                "expected the inputs of the preparation among those of the network, received none named '{name}'"
            ),
        };
        let places: Vec<usize> = preparation.names().iter().map(place).collect::<Result<_>>()?;
        Ok(Self::Table { cells: cells(preparation, &places), width: names.len() })
    }

    /// Returns whether rows have anything but categories.
    pub fn has_numbers(&self) -> bool {
        match self {
            Self::Table { cells, .. } => {
                cells.iter().any(|cell| matches!(cell, Cell::Number { .. }))
            }
            Self::Image { .. } | Self::Steps { .. } => true,
        }
    }

    /// Returns what may change of rows: numbers of a table within the range of the training rows, unless they are
    /// missing; pixels within 0 and 1; the steps of sequences. Categories, indicators, masks and padding stay.
    /// Points and the channels of sequences have the range of training rows if they are given.
    ///
    /// # Errors
    /// If the training rows are not made of this.
    pub fn limits(&self, train: Option<&Samples>) -> Result<Limits> {
        self.measured(train)?.limits()
    }

    /// Returns the standard deviation that a strength of 1 means for each input; see [`Measured`].
    ///
    /// # Shapes
    /// Those of a table are (S, 1, I) and those of sequences (S, 1, 1, C + 1), S being 1 if all replicas share the
    /// samples, else R; those of images are (1,).
    ///
    /// # Errors
    /// If the samples are not made of this.
    pub fn scales(&self, samples: &Samples) -> Result<Tensor> {
        self.measured(Some(samples))?.scales()
    }

    /// Measures the means, scales and ranges of inputs over training rows.
    ///
    /// # Errors
    /// If the rows are not made of this.
    pub fn measured(&self, train: Option<&Samples>) -> Result<Measured> {
        Measured::new(self, train)
    }

    /// Refuses tensors (R, N, …) whose rows are made of something else.
    pub(super) fn check(&self, dims: &[usize]) -> Result<()> {
        let row = &dims[2.min(dims.len())..];
        let (fits, expected) = match self {
            Self::Table { width, .. } => (row == [*width], format!("({width},)")),
            Self::Image { height, width } => {
                (row == [1, *height, *width], format!("(1, {height}, {width})"))
            }
            Self::Steps { channels } => (
                matches!(row, [_, last] if *last == channels + 1),
                format!("(T, {}), a mask after the channels", channels + 1),
            ),
        };
        if !fits {
            bail!("expected rows {expected}, received {row:?}")
        }
        Ok(())
    }
}

/// Returns the cells of a preparation whose inputs have some places.
fn cells(preparation: &Preparation, places: &[usize]) -> Vec<Cell> {
    let (mut cells, mut rest) = (Vec::new(), places);
    for column in &preparation.columns {
        let width = match &column.fitted {
            Fitted::Number(number) => 1 + usize::from(number.missing > 0),
            Fitted::Category { categories } => categories.len(),
            Fitted::Empty => 0,
        };
        let (own, others) = rest.split_at(width.min(rest.len()));
        rest = others;
        match (&column.fitted, own) {
            (Fitted::Number(number), [input, missing @ ..]) => {
                cells.push(number_cell(number, *input, missing.first().copied()));
            }
            (Fitted::Category { categories }, inputs) => {
                let missing = categories.iter().position(|name| name == MISSING);
                let missing = missing.and_then(|place| inputs.get(place).copied());
                cells.push(Cell::Category { inputs: inputs.to_vec(), missing });
            }
            _ => {}
        }
    }
    cells
}

fn number_cell(number: &Number, input: usize, missing: Option<usize>) -> Cell {
    let [empty, low, high] =
        [number.median, number.min, number.max].map(|x| number.score(x) as f32);
    let is_known = number.min > f64::MIN && number.max < f64::MAX;
    Cell::Number { input, missing, empty, range: is_known.then_some([low, high]) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::mixed;
    use super::*;
    use crate::data::split::Split;
    use crate::data::table::{Cells, Column, Table, Target, TargetValues};
    use crate::task::{Draw, Tabular, Task};

    #[test]
    fn a_table_is_made_of_numbers_and_categories() -> Result<()> {
        let form = Form::of(&Inputs::Table { preparation: mixed() });
        let age = Cell::Number { input: 0, missing: Some(1), empty: 0.5, range: Some([-2., 3.]) };
        let sex = Cell::Category { inputs: vec![2, 3, 4], missing: Some(2) };
        let size = Cell::Number { input: 5, missing: None, empty: 0., range: Some([-1., 1.]) };
        assert_eq!(form, Form::Table { cells: vec![age, sex, size], width: 6 });
        Ok(())
    }

    #[test]
    fn a_fold_has_its_inputs_among_those_of_all() -> Result<()> {
        let mut names = mixed().names();
        names.insert(3, "sex=x".into());
        let Form::Table { cells, width } = Form::of_columns(&mixed(), &names)? else {
            bail!("expected a table")
        };
        assert_eq!(width, 7);
        assert_eq!(cells[1], Cell::Category { inputs: vec![2, 4, 5], missing: Some(2) });
        names.remove(0);
        let refused = Form::of_columns(&mixed(), &names).unwrap_err().to_string();
        assert!(refused.contains("received none named 'age'"), "{refused}");
        Ok(())
    }

    /// Row 0 alone has the category `x`, so that a fold that tests it does not train with it.
    #[test]
    fn folds_of_a_table_have_forms_of_one_width() -> Result<()> {
        let codes = (0..6).map(|row| Some(u32::from(row > 0))).collect();
        let category = Cells::Categories { names: vec!["x".into(), "y".into()], codes };
        let numbers: Vec<f64> = (0..6).map(f64::from).collect();
        let column = |name: &str, cells| Column { name: name.into(), cells };
        let table = Table {
            columns: vec![column("c", category), column("n", Cells::Numbers(numbers.clone()))],
            target: Some(Target { name: "y".into(), values: TargetValues::Numbers(numbers) }),
            rows: (1..=6).collect(),
        };
        let task = Tabular::new(table, Split::Folds(3))?;
        let mut known = Vec::new();
        for fold in 0..3 {
            let draw = Draw { fold: Some(fold), ..task.draw() };
            let form = Form::of_columns(&task.preparation(&draw)?, task.input_names())?;
            let Form::Table { cells, width } = form else { bail!("expected a table") };
            assert_eq!((width, cells.len()), (3, 2));
            assert!(matches!(cells[1], Cell::Number { input: 2, .. }), "{cells:?}");
            let Cell::Category { inputs, .. } = &cells[0] else { bail!("expected a category") };
            known.push(inputs.clone());
        }
        known.sort();
        assert_eq!(known, [vec![0, 1], vec![0, 1], vec![1]]);
        Ok(())
    }

    #[test]
    fn points_have_no_range() {
        let Form::Table { cells, .. } = Form::of(&Inputs::points(2)) else { panic!("a table") };
        let point = |input| Cell::Number { input, missing: None, empty: 0., range: None };
        assert_eq!(cells, [point(0), point(1)]);
    }

    #[test]
    fn rows_of_another_form_are_refused() {
        let refused =
            Form::Image { height: 8, width: 8 }.check(&[1, 5, 64]).unwrap_err().to_string();
        assert!(refused.starts_with("expected rows (1, 8, 8), received [64]"), "{refused}");
        assert!(Form::Steps { channels: 3 }.check(&[1, 5, 9, 3]).is_err());
        assert!(Form::Steps { channels: 3 }.check(&[1, 5, 9, 4]).is_ok());
    }
}
