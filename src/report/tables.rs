//! Results as JSON, CSV and safetensors bytes.

use anyhow::Result;
use candle_core::Tensor;

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

/// `history.csv`: a row for each seed and epoch (from 1). Values that were not measured are empty.
///
/// # Errors
/// Never for histories of this crate.
pub fn history_csv(seeds: &[u64], histories: &[ReplicaHistory]) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([
        "seed",
        "epoch",
        "loss",
        "accuracy",
        "clean_loss",
        "clean_accuracy",
        "val_loss",
        "val_accuracy",
    ])?;
    for (seed, history) in seeds.iter().zip(histories) {
        for epoch in 0..history.loss.len() {
            let value = |curve: &[f32]| curve.get(epoch).copied();
            csv.serialize((
                seed,
                epoch + 1,
                value(&history.loss),
                value(&history.accuracy),
                value(&history.clean_loss),
                value(&history.clean_accuracy),
                value(&history.val_loss),
                value(&history.val_accuracy),
            ))?;
        }
    }
    Ok(csv.into_inner()?)
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

/// `model.safetensors`: the weights by name, each with the replica axis first.
///
/// # Errors
/// When a tensor cannot be read from its device.
pub fn weights_safetensors(weights: &[(String, Tensor)]) -> Result<Vec<u8>> {
    Ok(safetensors::serialize(weights.iter().map(|(name, tensor)| (name, tensor)), None)?)
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
        let csv = String::from_utf8(history_csv(&[7], &[history])?)?;
        assert_eq!(csv.lines().nth(1), Some("7,1,0.5,,0.25,,,"));
        Ok(())
    }
}
