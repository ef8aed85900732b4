//! Results as JSON and CSV.

use std::io::Write;

use anyhow::Result;

use crate::data::Dataset;
use crate::experiment::Outcome;
use crate::train::ReplicaHistory;

/// `result.json`: the outcome, indented.
///
/// # Errors
/// Never for an outcome of this crate.
pub fn outcome_json(outcome: &Outcome) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(outcome)?;
    json.push(b'\n');
    Ok(json)
}

/// `history.csv`: a row for each seed and epoch (from 1). Values that were not measured are empty;
/// the columns of a test set are there only if training had one beside the validation samples.
///
/// # Errors
/// When `out` cannot be written to.
pub fn history_csv(seeds: &[u64], histories: &[ReplicaHistory], out: &mut dyn Write) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let has_test = histories.iter().any(|history| !history.test_loss.is_empty());
    let columns = if has_test { 8 } else { 6 };
    let names = ReplicaHistory::default().curves().map(|(name, _)| name);
    csv.write_record(["seed", "epoch"].iter().chain(&names[..columns]))?;
    for (seed, history) in seeds.iter().zip(histories) {
        for epoch in 0..history.loss.len() {
            let values = history.curves().map(|(_, curve)| curve.get(epoch).copied());
            csv.serialize((seed, epoch + 1, &values[..columns]))?;
        }
    }
    Ok(csv.flush()?)
}

/// `dataset.csv`: `x1,x2,…,label`, every number with the digits that give it back exactly.
///
/// # Errors
/// Never for a data set.
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
    fn what_was_not_measured_is_empty() -> Result<()> {
        let history =
            ReplicaHistory { loss: vec![0.5], clean_loss: vec![0.25], ..Default::default() };
        let mut csv = Vec::new();
        history_csv(&[7], &[history], &mut csv)?;
        let csv = String::from_utf8(csv)?;
        assert_eq!(csv.lines().nth(1), Some("7,1,0.5,,0.25,,,"));
        Ok(())
    }
}
