//! The data of a task, read once, and their parts in a run.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use candle_core::Device;

use super::fingerprint::Fingerprint;
use super::settings::Settings;
use super::task::Task;
use crate::data::{
    DIGIT_CLASSES, DIGIT_SHAPE, Dataset, Samples, Sequences, digits, japanese_vowels, read_digits,
    read_sequences,
};
use crate::rng::{Address, Stream};

/// The data of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Circles are drawn anew for each data seed.
    Circles,
    /// Images, a row each.
    Images(Dataset),
    /// Sequences.
    Sequences {
        /// Those to train on.
        train: Sequences,
        /// Those to test on.
        test: Sequences,
    },
}

/// The parts of the data in one run.
#[derive(Clone, Debug)]
pub struct Split {
    /// The training rows.
    pub train: Samples,
    /// The validation rows, where there are any.
    pub validation: Option<Samples>,
    /// The test rows.
    pub test: Samples,
    /// Their classes.
    pub test_labels: Vec<u32>,
}

impl Source {
    /// The first digits are those to train on; the others are the test set.
    const DIGITS_TO_TRAIN: usize = 797;

    /// The data that come with this crate, or those of files: one of digits, or one of sequences to
    /// train on and one to test on.
    ///
    /// # Errors
    /// When a file cannot be read or is no such file: the error names it and the line.
    pub fn open(task: Task, files: &[PathBuf]) -> Result<Self> {
        let source = match (task, files) {
            (Task::Circles, []) => Self::Circles,
            (Task::Digits, []) => Self::Images(digits()?),
            (Task::Digits, [file]) => Self::Images(read(file, read_digits)?),
            (Task::Vowels, []) => {
                let (train, test) = japanese_vowels()?;
                Self::Sequences { train, test }
            }
            (Task::Vowels, [train, test]) => {
                let [train, test] = [read(train, read_sequences)?, read(test, read_sequences)?];
                Self::Sequences { train, test }
            }
            _ => bail!("the {task} take {} files, received {}", task.files(), files.len()),
        };
        // The shipped data fit; of others the last file is the one to test on.
        let name = || files.last().map_or(task.to_string(), |file| file.display().to_string());
        match &source {
            Self::Images(images) => ensure!(
                images.len() > Self::DIGITS_TO_TRAIN,
                "{}: expected more than {} images, the others being the test set, received {}",
                name(),
                Self::DIGITS_TO_TRAIN,
                images.len()
            ),
            Self::Sequences { train, test } => ensure!(
                train.channels() == test.channels(),
                "{}: expected sequences of {} channels, as those to train on, received {}",
                name(),
                train.channels(),
                test.channels()
            ),
            Self::Circles => {}
        }
        Ok(source)
    }

    /// The task whose data these are.
    pub fn task(&self) -> Task {
        match self {
            Self::Circles => Task::Circles,
            Self::Images(_) => Task::Digits,
            Self::Sequences { .. } => Task::Vowels,
        }
    }

    /// The content of the data; `None` where the settings determine them.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Circles => None,
            Self::Images(images) => Some(Fingerprint::new([(images.width(), images.rows())])),
            Self::Sequences { train, test } => {
                let sets = [train, test].map(|set| (set.channels(), set.rows()));
                Some(Fingerprint::new(sets))
            }
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Circles => 2,
            Self::Images(_) => DIGIT_CLASSES,
            Self::Sequences { train, test } => {
                let labels = train.rows().chain(test.rows()).map(|(_, label)| label);
                labels.max().map_or(2, |label| label.max(1) as usize + 1)
            }
        }
    }

    /// Number of rows and of those that are the test set, where the data say so.
    pub fn sizes(&self) -> Option<[usize; 2]> {
        match self {
            Self::Circles => None,
            Self::Images(images) => Some([images.len(), images.len() - Self::DIGITS_TO_TRAIN]),
            Self::Sequences { train, test } => Some([train.len() + test.len(), test.len()]),
        }
    }

    /// The rows of a run: of circles those behind each other; of real data training and validation
    /// rows among those to train on, in the order of the file for data seed 0, else shuffled.
    ///
    /// # Errors
    /// When the settings are those of other data, or the device cannot hold the rows.
    pub fn split(&self, settings: &Settings, device: &Device) -> Result<Split> {
        if let Some(sizes) = self.sizes() {
            let expected = [settings.samples, settings.test_size()];
            ensure!(
                sizes == expected,
                "expected data of {} rows, {} of them to test on, received {} and {}",
                expected[0],
                expected[1],
                sizes[0],
                sizes[1]
            );
        }
        let (trained, validated) = (settings.train_size, settings.validation_size);
        let order = order(settings);
        let (train, others) = order.split_at(trained);
        let (validation, _) = others.split_at(validated);
        match self {
            Self::Circles => {
                let data = settings.circles()?;
                let part = |rows: &[usize]| -> Result<Samples> {
                    let (xs, ys) = data.select(rows)?.to_tensors(device)?;
                    Ok(Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)?)
                };
                let test: Vec<usize> = (trained + validated..data.len()).collect();
                Split::new(train, validation, part, (part(&test)?, labels(data.rows(), &test)))
            }
            Self::Images(images) => {
                let part =
                    |rows: &[usize]| Ok(images.select(rows)?.to_samples(&DIGIT_SHAPE, device)?);
                let test: Vec<usize> = (Self::DIGITS_TO_TRAIN..images.len()).collect();
                Split::new(train, validation, part, (part(&test)?, labels(images.rows(), &test)))
            }
            Self::Sequences { train: all, test } => {
                let longest = all.lengths().chain(test.lengths()).max();
                let part = |rows: &[usize]| Ok(all.select(rows)?.to_samples(longest, device)?);
                let test_labels = test.rows().map(|(_, label)| label).collect();
                let test = (test.to_samples(longest, device)?, test_labels);
                Split::new(train, validation, part, test)
            }
        }
    }
}

impl Split {
    fn new(
        train: &[usize],
        validation: &[usize],
        part: impl Fn(&[usize]) -> Result<Samples>,
        (test, test_labels): (Samples, Vec<u32>),
    ) -> Result<Self> {
        let validation = (!validation.is_empty()).then(|| part(validation)).transpose()?;
        Ok(Self { train: part(train)?, validation, test, test_labels })
    }
}

fn read<T>(file: &PathBuf, parse: impl Fn(&[u8], &str) -> candle_core::Result<T>) -> Result<T> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    Ok(parse(&bytes, &name)?)
}

/// The rows that training and validation rows are taken from, in order.
fn order(settings: &Settings) -> Vec<usize> {
    let rows = settings.samples - settings.test_size();
    if settings.task == Task::Circles || settings.data_seed == 0 {
        return (0..rows).collect();
    }
    let address = Address::new(settings.data_seed.into(), "rows", Stream::Split, 0);
    address.permutation(0, rows).into_iter().map(|row| row as usize).collect()
}

fn labels<'a>(rows: impl Iterator<Item = (&'a [f64], u32)>, chosen: &[usize]) -> Vec<u32> {
    let labels: Vec<u32> = rows.map(|(_, label)| label).collect();
    chosen.iter().map(|&row| labels[row]).collect()
}
