//! How the work of many runs is laid out on threads and in tensor programs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use rayon::ThreadPool;

use crate::experiment::trial::{Subject, Trial};
use crate::noise::NoiseSpec;
use crate::task::Axis;

/// How the work is laid out. It changes the time, never the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Number of threads, at least 1.
    pub threads: usize,
    /// The most replicas trained in one tensor program; `None` chooses by size.
    pub chunk: Option<usize>,
}

impl Default for Schedule {
    /// A thread for each core, and chunks chosen by size.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self { threads, chunk: None }
    }
}

impl Schedule {
    /// The threads.
    ///
    /// # Errors
    /// If they are none or cannot be started.
    pub(super) fn pool(&self) -> Result<ThreadPool> {
        ensure!(self.threads > 0, "threads must be at least 1, received 0");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build();
        pool.with_context(|| format!("cannot start {} threads", self.threads))
    }

    /// Cuts `total` runs like this one into chunks of nearly one size. With `even` there are as many for
    /// each thread, which is best if nothing else keeps the threads busy.
    pub(super) fn chunks(
        &self,
        total: usize,
        subject: &Subject,
        trial: &Trial,
        device: &Device,
        even: bool,
    ) -> impl Iterator<Item = Range<usize>> + use<> {
        let most = match self.chunk {
            _ if subject.task().axis() == Axis::Plain => 1,
            // Each run follows its own validation loss.
            _ if trial.hyper.recipe.lr_schedule.needs_validation() => 1,
            Some(chunk) => chunk,
            None => Self::largest_chunk(trial, device).min(stacked(subject, trial)),
        };
        let mut count = total.div_ceil(most.max(1));
        if even && self.chunk.is_none() {
            count = count.next_multiple_of(self.threads.max(1)).min(total);
        }
        (0..count).map(move |i| i * total / count..(i + 1) * total / count)
    }

    /// Replicas of a chunk, chosen: enough to spread Candle's cost for each op, as many as keep an
    /// activation in the cache, and so few that little is lost with a chunk. A GPU takes all.
    fn largest_chunk(trial: &Trial, device: &Device) -> usize {
        const CACHED: usize = 128 * 1024;
        /// Candle shares longer activations out among threads that wait for each other, which costs
        /// more than it saves if all cores have work. The fused ops of Gaussian noise do not.
        const UNSHARED: usize = 64 * 1024 - 1;
        const MOST: usize = 64;
        let is_fused =
            |noise: &NoiseSpec| !noise.has_layer() || noise.kind() == NoiseSpec::GAUSSIAN;
        let most = if trial.noise.iter().all(is_fused) { CACHED } else { UNSHARED };
        let rows = trial.hyper.batch_size.min(trial.draw.train_size);
        match device {
            Device::Cpu => (most / (rows * trial.hyper.hidden).max(1)).min(MOST),
            _ => usize::MAX,
        }
    }
}

/// Returns how many runs may train together if each has rows of its own, as folds have.
fn stacked(subject: &Subject, trial: &Trial) -> usize {
    const MOST_BYTES: usize = 256 << 20;
    let rows = subject.task().rows().all;
    let bytes = 4 * rows.saturating_mul(subject.task().row_size() + 1);
    if trial.draw.fold.is_none() { usize::MAX } else { (MOST_BYTES / bytes.max(1)).max(1) }
}

/// What the runs of a chunk have in common beside their settings: the data seed, or for folds, which are
/// stacked, the numbers of their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rows {
    Shared(u32),
    Stacked([usize; 3]),
}

impl Rows {
    /// Returns the common rows of each run.
    ///
    /// # Errors
    /// If a draw does not fit the data.
    pub fn of<'a>(
        subject: &Subject,
        trials: impl IntoIterator<Item = &'a Trial>,
    ) -> Result<Vec<Self>> {
        let mut known = HashMap::new();
        let of = |trial: &Trial| match (trial.draw.data_seed, trial.draw.fold) {
            (data_seed, None) => Ok(Self::Shared(data_seed)),
            key => Ok(match known.entry((key, trial.draw.train_size)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    *new.insert(Self::Stacked(subject.task().sizes(&trial.draw)?))
                }
            }),
        };
        trials.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan::Plan;
    use crate::task::Circles;

    #[test]
    fn chunks_hold_every_replica_once_and_share_the_work_evenly() {
        let task = Circles::default();
        let subject = Subject::new(&task, "cpu", &[]).unwrap();
        let (_, mut trial) = Plan::of(&task).trials().next().unwrap();
        let sizes_of = |trial: &Trial, threads, chunk, even| -> Vec<usize> {
            let schedule = Schedule { threads, chunk };
            let chunks: Vec<_> = schedule.chunks(30, &subject, trial, &Device::Cpu, even).collect();
            assert!(chunks.iter().cloned().flatten().eq(0..30));
            chunks.iter().map(|chunk| chunk.len()).collect()
        };
        let sizes = |threads, chunk, even| sizes_of(&trial, threads, chunk, even);
        assert_eq!(sizes(2, None, true), [7, 8, 7, 8], "fifteen for each thread");
        assert_eq!(sizes(64, None, true), [1; 30]);
        assert_eq!(sizes(64, None, false).len(), 4, "no smaller than the cache asks for");
        assert_eq!(sizes(2, Some(12), true), [10; 3], "twelve at most");
        assert_eq!(sizes(2, Some(0), true), [1; 30]);
        trial.noise = vec!["before-activation:dropout:0.5".parse().unwrap()];
        let longest = sizes_of(&trial, 2, None, true).into_iter().max().unwrap();
        assert!(longest * 30 * 500 < 64 * 1024, "{longest}");
    }
}
