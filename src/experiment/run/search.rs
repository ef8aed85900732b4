//! Training what a store lacks of a plan: its missing runs, in chunks of replicas, each stored when finished.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use rayon::prelude::*;

use super::chunk::train_chunk;
use super::memory::{explained, within_memory};
use super::robust::{attack_epochs, check_form, under_attack};
use super::schedule::Rows;
use super::{Event, Schedule, Shard, Watch};
use crate::experiment::plan::Plan;
use crate::experiment::record::Record;
use crate::experiment::store::Store;
use crate::experiment::trial::{Subject, Trial};

/// Runs that are trained together, each with the number of its cell: those of one data set, or folds of
/// equally many rows, that differ in seed and strengths only.
type Chunk = Vec<(usize, Trial)>;

/// Trains the runs of a shard of a plan that the store lacks, as many chunks at a time as there are
/// threads, each thread on one of the devices. A chunk that a device's memory is too small for is
/// halved. If the plan asks for it, the networks of a chunk are attacked when they are trained.
///
/// Ends early, without an error, when the watch says so.
///
/// # Errors
/// If a chunk cannot be stored, the device fails or the plan asks for attacks that the rows cannot take; the chunks
/// that are finished by then are in the store.
pub fn search(
    subject: &Subject,
    plan: &Plan,
    store: &Store,
    shard: Shard,
    devices: &[Device],
    schedule: Schedule,
    watch: Watch,
) -> Result<()> {
    ensure!(!devices.is_empty(), "expected at least one device, received none");
    let missing = missing(plan, store, shard)?;
    if let Some((_, trial)) = missing.first().filter(|_| plan.robustness) {
        check_form(subject, trial)?;
    }
    let attack_epochs = attack_epochs(subject, plan)?;
    let mut left = vec![0; plan.cells().len()];
    missing.iter().for_each(|(cell, _)| left[*cell] += 1);
    let chunks = chunks(subject, missing, devices, schedule)?;
    (watch.hear)(Event::Cells(left.iter().filter(|left| **left == 0).count()));
    let left: Vec<AtomicUsize> = left.into_iter().map(AtomicUsize::new).collect();
    let train = |chunk: Chunk| -> Result<()> {
        if !(watch.goes_on)() {
            return Ok(());
        }
        let device = device_of_thread(devices);
        let (cells, trials): (Vec<usize>, Vec<Trial>) = chunk.into_iter().unzip();
        let train = &mut |trials: &[Trial]| {
            let records = train(subject, plan, trials, device, watch)?;
            if attack_epochs > 0 {
                (watch.hear)(Event::Attacked(attack_epochs * trials.len()));
            }
            Ok(records)
        };
        store.put(within_memory(&trials, train)?)?;
        let was_last = |cell: &&usize| left[**cell].fetch_sub(1, Ordering::Relaxed) == 1;
        (watch.hear)(Event::Cells(cells.iter().filter(was_last).count()));
        Ok(())
    };
    // `par_bridge` hands out the chunks in order, so that cells become complete early.
    schedule.pool()?.install(|| chunks.into_iter().par_bridge().try_for_each(train))
}

/// Each thread of a pool keeps to one of the devices.
pub(super) fn device_of_thread(devices: &[Device]) -> &Device {
    &devices[rayon::current_thread_index().unwrap_or(0) % devices.len()]
}

/// The shard's runs that the store lacks, cell by cell, each with the number of its cell; also those without scores
/// under attack if the plan asks for them.
///
/// # Errors
/// If the store is for other widths.
pub fn missing(plan: &Plan, store: &Store, shard: Shard) -> Result<Vec<(usize, Trial)>> {
    let own = plan.trials().enumerate().filter(|(run, _)| shard.has(*run)).map(|(_, run)| run);
    let missing = own.filter_map(|(cell, trial)| match store.has_all(plan, &trial) {
        Ok(true) => None,
        Ok(false) => Some(Ok((cell, trial))),
        Err(error) => Some(Err(error)),
    });
    missing.collect()
}

/// Puts runs together that one tensor program can train.
pub(super) fn chunks(
    subject: &Subject,
    runs: Vec<(usize, Trial)>,
    devices: &[Device],
    schedule: Schedule,
) -> Result<Vec<Chunk>> {
    let rows = Rows::of(subject, runs.iter().map(|(_, trial)| trial))?;
    let alike = |(_, a): &(usize, Trial), (_, b): &(usize, Trial)| a.is_like(b);
    let lengths: Vec<usize> = runs.chunk_by(alike).map(<[_]>::len).collect();
    let (mut groups, mut runs): (Vec<Chunk>, _) = (Vec::new(), runs.into_iter().zip(rows));
    for length in lengths {
        // Those of the same rows together, each in the order of the cells.
        let (first, mut places) = (groups.len(), HashMap::new());
        for (run, rows) in runs.by_ref().take(length) {
            let next = first + places.len();
            let place = *places.entry(rows).or_insert(next);
            if place == groups.len() {
                groups.push(Chunk::new());
            }
            groups[place].push(run);
        }
    }
    let even = devices.len() > 1 || groups.len() < schedule.threads;
    let cut = |own: Chunk| {
        let pieces = schedule.chunks(own.len(), subject, &own[0].1, &devices[0], even);
        pieces.map(move |piece| own[piece].to_vec())
    };
    Ok(groups.into_iter().flat_map(cut).collect())
}

fn train(
    subject: &Subject,
    plan: &Plan,
    trials: &[Trial],
    device: &Device,
    watch: Watch,
) -> Result<Vec<Record>> {
    let trained = train_chunk(subject, trials, device, None, watch.hear, &mut |_| Ok(true))
        .map_err(|error| explained(error, trials.len()))?;
    let trained = trained.context("expected a finished chunk, received one that ended early")?;
    let robust = match plan.robustness {
        true => under_attack(subject, trials, &trained, device)
            .map_err(|error| explained(error, trials.len()))?,
        false => vec![Vec::new(); trials.len()],
    };
    let runs = trained.runs.into_iter().zip(trained.test_hits).zip(&trained.histories);
    let record = |((trial, ((run, hits), history)), robust): ((&Trial, _), _)| {
        let repeat = (trial.seed - plan.seed) as usize;
        Record { robust, ..Record::new(trial, repeat, run, hits, history) }
    };
    Ok(trials.iter().zip(runs).zip(robust).map(record).collect())
}
