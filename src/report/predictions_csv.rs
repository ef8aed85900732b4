//! `predictions.csv`: what each run predicts for its test rows.

use anyhow::Result;

use crate::metric::Predicted;

/// A table with a line for each test row of each run: row, repeat, fold, target, prediction and, for
/// classes, the probability of each.
#[derive(Debug)]
pub struct Predictions<'a> {
    classes: Option<&'a [String]>,
    csv: csv::Writer<Vec<u8>>,
    begun: bool,
}

impl<'a> Predictions<'a> {
    /// Creates the table, for classes with their names.
    pub fn new(classes: Option<&'a [String]>) -> Self {
        Self { classes, csv: csv::Writer::from_writer(Vec::new()), begun: false }
    }

    /// Adds a run: the numbers of its test rows in the data file, and its predictions.
    ///
    /// # Errors
    /// If there are not as many rows as predictions.
    pub fn add(
        &mut self,
        numbers: &[usize],
        repeat: u64,
        fold: Option<usize>,
        rows: &Predicted,
    ) -> Result<()> {
        anyhow::ensure!(
            numbers.len() == rows.len(),
            "expected {} predictions, received {}",
            numbers.len(),
            rows.len()
        );
        if !self.begun {
            let heads = ["row", "repeat", "fold", "target", "prediction"].map(str::to_string);
            let classes = self.classes.into_iter().flatten();
            let heads = heads.into_iter().chain(classes.map(|name| format!("p({name})")));
            self.csv.write_record(heads)?;
            self.begun = true;
        }
        let mut probabilities = self.classes.map(|_| rows.probabilities());
        let classes: Vec<u32> = rows.classes().collect();
        for (i, ((outputs, targets), number)) in rows.iter().zip(numbers).enumerate() {
            let [target, prediction] = match self.classes {
                Some(names) => [targets[0] as usize, classes[i] as usize]
                    .map(|class| names.get(class).cloned().unwrap_or_default()),
                None => [targets[0], outputs[0]].map(|value| value.to_string()),
            };
            let fold = fold.map(|fold| fold.to_string()).unwrap_or_default();
            let shares = probabilities.iter_mut().filter_map(Iterator::next).flatten();
            let own = [number.to_string(), repeat.to_string(), fold, target, prediction];
            let shares = shares.map(|share| (share as f32).to_string());
            self.csv.write_record(own.into_iter().chain(shares))?;
        }
        Ok(())
    }

    /// Returns the bytes of the file.
    ///
    /// # Errors
    /// None in memory.
    pub fn finish(self) -> Result<Vec<u8>> {
        Ok(self.csv.into_inner()?)
    }
}
