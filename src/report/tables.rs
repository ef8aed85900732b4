//! Curves and data as CSV.

use std::io::Write;

use anyhow::Result;

use crate::data::Dataset;
use crate::train::{Curves, ReplicaHistory};

/// Writes `history.csv`: one row per seed and epoch (from 1). It has the loss and the score of the
/// primary metric on the training rows with the noise on and off (`clean_`), on the validation rows
/// (`val_`) and on the test rows (`test_`). Figures that were not measured are empty.
///
/// # Errors
/// If `out` cannot be written to.
pub fn history_csv(
    metric: &str,
    seeds: impl Iterator<Item = u64>,
    histories: &[ReplicaHistory],
    out: &mut dyn Write,
) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let names = |prefix: &str| [format!("{prefix}loss"), format!("{prefix}{metric}")];
    let first = ["seed", "epoch"].map(str::to_string).into_iter();
    csv.write_record(first.chain(ReplicaHistory::PREFIXES.iter().flat_map(|p| names(p))))?;
    for (seed, history) in seeds.zip(histories) {
        for epoch in 0..history.epochs() {
            let score = |curves: &Curves| curves.score.get(epoch).map(|score| *score as f32);
            let values = history.curves().map(|curves| {
                (curves.loss.get(epoch).copied(), score(curves).filter(|score| !score.is_nan()))
            });
            csv.serialize((seed, epoch + 1, values))?;
        }
    }
    Ok(csv.flush()?)
}

/// Returns `dataset.csv`: `x1,x2,…,label`, with enough digits to restore every number exactly.
///
/// # Errors
/// If the table cannot be written as CSV.
pub fn dataset_csv(data: &Dataset) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let names = (1..=data.width()).map(|i| format!("x{i}")).chain(["label".to_string()]);
    csv.write_record(names)?;
    for (row, label) in data.rows() {
        csv.serialize((row, label))?;
    }
    Ok(csv.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_data_set_survive_the_round_trip() -> Result<()> {
        let values = vec![0.1 + 0.2, -1.0 / 3.0, 1e-300, 5.0];
        let data = Dataset::new(2, values.clone(), vec![0, 1])?;
        let csv = String::from_utf8(dataset_csv(&data)?)?;
        let mut lines = csv.lines();
        assert_eq!(lines.next(), Some("x1,x2,label"));
        let read: Vec<f64> = lines
            .flat_map(|line| {
                line.split(',').take(2).map(|x| x.parse().unwrap()).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(read, values);
        Ok(())
    }

    #[test]
    fn figures_that_were_not_measured_are_empty() -> Result<()> {
        let mut history = ReplicaHistory::default();
        history.noisy.loss.push(0.5);
        history.clean.loss.push(0.25);
        history.clean.score.push(f64::NAN);
        let mut csv = Vec::new();
        history_csv("r_squared", [7].into_iter(), &[history], &mut csv)?;
        let csv = String::from_utf8(csv)?;
        let head = "seed,epoch,loss,r_squared,clean_loss,clean_r_squared,val_loss,val_r_squared,\
                    test_loss,test_r_squared";
        assert_eq!(csv.lines().next(), Some(head));
        assert_eq!(csv.lines().nth(1), Some("7,1,0.5,,0.25,,,,,"));
        Ok(())
    }
}
