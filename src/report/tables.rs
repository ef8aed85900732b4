//! Curves and data as CSV.

use std::collections::HashSet;
use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};

use crate::data::Dataset;
use crate::train::{Curves, ReplicaHistory};

/// Writes `history.csv`: one row per seed and epoch (from 1). It has the loss and the score of the
/// primary metric on the training rows with the noise on and off (`clean_`), on the validation rows
/// (`val_`) and on the test rows (`test_`). Figures that were not measured are empty. `runs` are the seed
/// and the fold of each history; with folds the last column is `fold`.
///
/// # Errors
/// If `out` cannot be written to.
pub fn history_csv(
    metric: &str,
    runs: impl Iterator<Item = (u64, Option<usize>)>,
    histories: &[ReplicaHistory],
    out: &mut dyn Write,
) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut runs = runs.peekable();
    let has_folds = runs.peek().is_some_and(|(_, fold)| fold.is_some());
    csv.write_record(head(metric).chain(has_folds.then(|| FOLD.to_string())))?;
    for ((seed, fold), history) in runs.zip(histories) {
        for epoch in 0..history.epochs() {
            let score = |curves: &Curves| curves.score.get(epoch).map(|score| *score as f32);
            let values = history.curves().map(|curves| {
                (curves.loss.get(epoch).copied(), score(curves).filter(|score| !score.is_nan()))
            });
            match fold {
                Some(fold) => csv.serialize((seed, epoch + 1, values, fold))?,
                None => csv.serialize((seed, epoch + 1, values))?,
            }
        }
    }
    Ok(csv.flush()?)
}

/// The name of the last column, if there are folds.
const FOLD: &str = "fold";

/// Returns the names of the columns of `history.csv` without that of the folds.
fn head(metric: &str) -> impl Iterator<Item = String> {
    let names = move |prefix: &str| [format!("{prefix}loss"), format!("{prefix}{metric}")];
    let first = ["seed", "epoch"].map(str::to_string).into_iter();
    first.chain(ReplicaHistory::PREFIXES.into_iter().flat_map(names))
}

/// Reads `history.csv`: the name of the metric, and the curves by seed and fold in the order of the file. Why and
/// whether a run ended early is not in it, nor is a run without a finished epoch.
///
/// # Errors
/// If it is not such a table. The error names the line.
pub fn read_history(input: impl Read) -> Result<(String, Vec<ReplicaHistory>)> {
    let mut csv = csv::Reader::from_reader(input);
    let names = csv.headers()?.clone();
    let metric = names.get(3).unwrap_or("SCORE").to_string();
    let has_folds = names.iter().next_back() == Some(FOLD);
    let expected: Vec<String> = head(&metric).chain(has_folds.then(|| FOLD.to_string())).collect();
    ensure!(
        names.iter().eq(&expected),
        "line 1: expected {}, received {}",
        expected.join(","),
        names.iter().collect::<Vec<_>>().join(",")
    );
    let (mut runs, mut known) = (Vec::new(), HashSet::new());
    for row in csv.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let (seed, epoch, values) = row.deserialize::<Row>(None)?;
        let fold = if has_folds { row.get(expected.len() - 1).map(str::to_string) } else { None };
        let own = (seed, fold);
        if epoch == 1 && known.insert(own.clone()) {
            runs.push((own.clone(), ReplicaHistory::default()));
        }
        let is_next = |(run, history): &&mut ((u64, Option<String>), ReplicaHistory)| {
            *run == own && history.epochs() + 1 == epoch
        };
        let run = runs.last_mut().filter(is_next).with_context(|| {
            format!(
                "line {line}: expected the next epoch of a seed, or epoch 1 of another, received \
                 epoch {epoch} of seed {seed}"
            )
        })?;
        append(&mut run.1, values).with_context(|| format!("line {line}"))?;
    }
    Ok((metric, runs.into_iter().map(|(_, history)| history).collect()))
}

/// A seed, an epoch, and the figures of each set of rows.
type Row = (u64, usize, [Measured; 4]);

/// A loss and a score.
type Measured = (Option<f32>, Option<f32>);

/// Appends the figures of an epoch.
fn append(history: &mut ReplicaHistory, values: [Measured; 4]) -> Result<()> {
    ensure!(values[0].0.is_some(), "expected a loss, received none");
    let is_first = history.epochs() == 0;
    for (curves, (loss, score)) in history.curves_mut().into_iter().zip(values) {
        let is_measured = if is_first { loss.is_some() } else { !curves.loss.is_empty() };
        ensure!(
            loss.is_some() == is_measured && (is_measured || score.is_none()),
            "expected figures of the same sets of rows in each epoch, with their losses"
        );
        curves.loss.extend(loss);
        // An undefined score is empty, too.
        curves.score.extend(loss.map(|_| score.map_or(f64::NAN, f64::from)));
    }
    Ok(())
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
        history_csv("r_squared", [(7, None)].into_iter(), &[history], &mut csv)?;
        let csv = String::from_utf8(csv)?;
        let head = "seed,epoch,loss,r_squared,clean_loss,clean_r_squared,val_loss,val_r_squared,\
                    test_loss,test_r_squared";
        assert_eq!(csv.lines().next(), Some(head));
        assert_eq!(csv.lines().nth(1), Some("7,1,0.5,,0.25,,,,,"));
        Ok(())
    }

    /// Returns curves of a number of epochs with the figures of some of the sets.
    fn history(epochs: usize, sets: [bool; 4]) -> ReplicaHistory {
        let mut history = ReplicaHistory::default();
        for (set, curves) in history.curves_mut().into_iter().enumerate().filter(|(i, _)| sets[*i])
        {
            let value = |epoch: usize| 0.1 + (set * 100 + epoch) as f32 / 7.;
            curves.loss = (0..epochs).map(value).collect();
            curves.score = (0..epochs).map(|epoch| f64::from(1. / value(epoch))).collect();
        }
        history
    }

    fn written(seeds: &[u64], histories: &[ReplicaHistory]) -> String {
        let mut csv = Vec::new();
        history_csv("accuracy", seeds.iter().map(|seed| (*seed, None)), histories, &mut csv)
            .unwrap();
        String::from_utf8(csv).unwrap()
    }

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let validated = history(3, [true; 4]);
        let longer = history(5, [true, true, false, true]);
        let bare = history(1, [true, false, false, false]);
        let extreme = ReplicaHistory {
            noisy: Curves {
                loss: vec![1e-45, 3.4e38, 1. / 3.],
                score: vec![f64::from(-1e30f32), 0., 1.],
            },
            ..ReplicaHistory::default()
        };
        let all = [validated, longer, bare, extreme];
        let csv = written(&[7, u64::MAX, 0, 8], &all);
        assert_eq!(csv.lines().count(), 1 + 3 + 5 + 1 + 3);
        assert_eq!(read_history(csv.as_bytes())?, ("accuracy".to_string(), all.to_vec()));
        // runs that diverged at once
        let none = written(&[1, 2], &[ReplicaHistory::default(), ReplicaHistory::default()]);
        assert_eq!(read_history(none.as_bytes())?, ("accuracy".to_string(), vec![]));

        let mut undefined = history(3, [true, true, false, true]);
        undefined.test.score[1] = f64::NAN;
        undefined.noisy.score = vec![f64::NAN; 3];
        let read = read_history(written(&[1], std::slice::from_ref(&undefined)).as_bytes())?.1;
        let bits = |history: &ReplicaHistory| -> Vec<u64> {
            history.curves().iter().flat_map(|own| &own.score).map(|x| x.to_bits()).collect()
        };
        assert_eq!(bits(&read[0]), bits(&undefined));
        Ok(())
    }

    #[test]
    fn a_table_that_is_no_history_is_refused_by_its_line() {
        let good =
            written(&[1, 2], &[history(2, [true, true, false, true]), history(1, [true; 4])]);
        let lines: Vec<&str> = good.lines().collect();
        let fails = |lines: &[&str], what: &str| {
            let error = format!("{:#}", read_history(lines.join("\n").as_bytes()).unwrap_err());
            assert!(error.contains(what), "{what}: {error}");
        };
        fails(&[], "line 1: expected seed,epoch,loss,SCORE,clean_loss,clean_SCORE,");
        fails(&["seed,epoch", "1,2"], "received seed,epoch");
        fails(&[&lines[0].replace("val_loss", "loss"), lines[1]], "line 1: expected seed,epoch,");
        fails(&[&format!("{},more", lines[0]), lines[1]], "line 1: expected seed,epoch,");
        // epoch 2 first, epoch 1 twice, a seed twice
        fails(&[lines[0], lines[2]], "line 2: expected the next epoch of a seed");
        fails(&[lines[0], lines[1], lines[1]], "line 3: expected the next epoch of a seed");
        fails(
            &[lines[0], lines[1], lines[3], lines[1]],
            "line 4: expected the next epoch of a seed, or epoch 1 of another, received epoch 1 of \
             seed 1",
        );
        fails(&[lines[0], lines[1], "1,2,.5,,,,,,,"], "line 3: expected figures of the same sets");
        fails(&[lines[0], lines[1], "1,2,.5,,.5,,.5,,.5,"], "line 3: expected figures of the same");
        fails(&[lines[0], "1,1,,,.5,,,,,"], "line 2: expected a loss");
        fails(&[lines[0], "1,1,.5,,,.5,,,,"], "line 2: expected figures of the same sets");
        fails(&[lines[0], lines[1], "1,2,half,,,,,,,"], "line: 3");
        fails(&[lines[0], "-1,1,.5,,,,,,,"], "line: 2");
        fails(&[lines[0], lines[1], &lines[2][..9]], "line: 3");
        let binary = [lines[0].as_bytes(), b"\n1,1,\xff,,,,,,,\n"].concat();
        let error = format!("{:#}", read_history(&binary[..]).unwrap_err());
        assert!(error.contains("line 2"), "{error}");
    }
}
