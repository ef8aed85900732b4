//! Finds this program's shard of a grid from the flags and the variables of schedulers.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::experiment::Shard;

/// The task of a Slurm job array, and the first task, the last one, the step and the number of tasks.
const ARRAY: [&str; 5] = [
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_MAX",
    "SLURM_ARRAY_TASK_STEP",
    "SLURM_ARRAY_TASK_COUNT",
];

/// Variables of launchers inside a job: the number of this program, and the number of programs.
const MPI: [[&str; 2]; 2] =
    [["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"], ["PMI_RANK", "PMI_SIZE"]];

/// The same for a step that `srun` starts. A batch script has the first one, too.
const STEP: [&str; 2] = ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS"];

/// Kubernetes provides only the number of this program.
const KUBERNETES: &str = "JOB_COMPLETION_INDEX";

/// The tasks `first`, `first + step` and so on of a Slurm job array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Array {
    first: usize,
    last: usize,
    step: usize,
    count: usize,
}

impl Array {
    /// Returns whether the tasks are all numbers from the first to the last by the step. An array
    /// may also be a list, which no variable contains, and a damaged record may have any numbers.
    fn is_range(&self) -> bool {
        let steps = self.count.checked_sub(1).and_then(|steps| steps.checked_mul(self.step));
        self.step > 0 && steps.and_then(|steps| steps.checked_add(self.first)) == Some(self.last)
    }

    /// Returns the number of tasks.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the place of a task among the tasks of a range.
    fn index(&self, task: usize) -> Option<usize> {
        let ahead = task.checked_sub(self.first)?;
        let index = ahead.is_multiple_of(self.step).then_some(ahead / self.step);
        index.filter(|index| *index < self.count)
    }
}

/// A program among others, as a scheduler's variables describe it.
struct Member {
    variable: &'static str,
    index: usize,
    count: usize,
}

/// The programs that share a grid, and this one among them.
pub(crate) struct Launch {
    /// The job array with the number of its task.
    array: Option<(usize, Array)>,
    inside: Vec<Member>,
}

impl Launch {
    /// Reads the variables of schedulers with `variable`; `count` is the total for Kubernetes' index.
    ///
    /// # Errors
    /// If a number has no count, is out of range or cannot be parsed.
    pub fn new(count: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let read = |name: &str| -> Result<Option<usize>> {
            let Some(text) = variable(name).filter(|text| !text.trim().is_empty()) else {
                return Ok(None);
            };
            // Numbers of a scheduler have at most ten digits, so that sums and products are in range.
            let number = text.trim().parse::<u32>();
            let number =
                number.with_context(|| format!("{name}: expected a number, received '{text}'"));
            Ok(Some(number? as usize))
        };
        let member = |[index_name, count_name]: [&'static str; 2]| -> Result<Option<Member>> {
            let Some(index) = read(index_name)? else { return Ok(None) };
            let Some(count) = read(count_name)? else {
                bail!("{index_name} is set and {count_name} is not: expected both, or --shard I/N")
            };
            Ok(Some(Member { variable: index_name, index, count }))
        };
        // Some launchers set the variables of several; one of them is enough.
        let mut inside = MPI.into_iter().find_map(|names| member(names).transpose()).transpose()?;
        if inside.is_none() && read(STEP[1])?.is_some() {
            inside = member(STEP)?;
        }
        let array = array(&read)?;
        let mut inside: Vec<Member> = inside.into_iter().collect();
        match (read(KUBERNETES)?, count) {
            (Some(index), Some(count)) => {
                inside.push(Member { variable: KUBERNETES, index, count });
            }
            (None, Some(_)) => bail!("--shards: expected {KUBERNETES} to be set, or --shard I/N"),
            (Some(_), None) if inside.is_empty() && array.is_none() => {
                bail!("{KUBERNETES} is set without a count: expected --shards N, or --shard I/N")
            }
            _ => {}
        }
        for Member { variable, index, count } in &inside {
            ensure!(*count > 0, "{variable}: expected at least 1 program, received a count of 0");
            ensure!(index < count, "{variable}: expected a number below {count}, received {index}");
        }
        Ok(Self { array, inside })
    }

    /// Returns whether this program is the only one.
    pub fn is_alone(&self) -> bool {
        self.array.as_ref().is_none_or(|(_, array)| array.count == 1)
            && self.inside.iter().all(|member| member.count == 1)
    }

    /// Returns the shard of this program and the array to record in the folder. A task of an array
    /// that belongs to the recorded one keeps its share. Programs inside a task divide its share.
    ///
    /// # Errors
    /// If the tasks of the array are a list and none is recorded.
    pub fn shard(&self, recorded: Option<Array>) -> Result<(Shard, Option<Array>)> {
        let (mut whole, mut total) = (0, 1);
        let mut array = None;
        if let Some((task, own)) = &self.array {
            let recorded = recorded.filter(|old| {
                old.is_range() && old.index(own.first).is_some() && old.index(own.last).is_some()
            });
            let range = recorded.or(own.is_range().then(|| own.clone()));
            let index = range.as_ref().and_then(|range| range.index(*task));
            let (Some(range), Some(index)) = (range, index) else {
                bail!(
                    "{} is {task} in a list of {} tasks that no variable contains: expected \
                     --shard I/N, or a folder that an array of all tasks has begun",
                    ARRAY[0],
                    own.count
                )
            };
            (whole, total) = (index, range.count);
            array = Some(range);
        }
        for Member { variable, index, count } in &self.inside {
            total = total
                .checked_mul(*count)
                .with_context(|| format!("{variable}: there are too many programs"))?;
            whole = whole * count + index;
        }
        Ok((Shard::new(whole, total)?, array))
    }

    /// Returns whether this program is a task of exactly this array.
    pub fn is_of(&self, array: &Array) -> bool {
        self.array.as_ref().is_some_and(|(_, own)| own == array)
    }

    /// Returns the variables that number this program.
    pub fn variables(&self) -> Vec<&'static str> {
        let array = self.array.is_some().then_some(ARRAY[0]);
        array.into_iter().chain(self.inside.iter().map(|member| member.variable)).collect()
    }
}

/// Reads the variables of a Slurm job array.
fn array(read: &impl Fn(&str) -> Result<Option<usize>>) -> Result<Option<(usize, Array)>> {
    let [task_name, first, last, step, count_name] = ARRAY;
    let Some(task) = read(task_name)? else { return Ok(None) };
    let Some(count) = read(count_name)? else {
        bail!("{task_name} is set and {count_name} is not: expected both, or --shard I/N")
    };
    let (first, step) = (read(first)?.unwrap_or(0), read(step)?.unwrap_or(1).max(1));
    ensure!(count > 0, "{count_name}: expected a number of at least 1, received 0");
    let last = read(last)?.unwrap_or(first + step * (count - 1));
    ensure!(
        (first..=last).contains(&task),
        "{task_name}: expected a number from {first} to {last}, received {task}"
    );
    Ok(Some((task, Array { first, last, step, count })))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn of(count: Option<usize>, variables: Variables) -> Result<String> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
        let launch = Launch::new(count, |name| find(name).map(|(_, value)| value.to_string()))?;
        Ok(launch.shard(None)?.0.to_string())
    }

    #[test]
    fn every_scheduler_gives_the_shard() -> Result<()> {
        assert_eq!(of(None, &[])?, "0/1");
        let open_mpi = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(of(None, &open_mpi)?, "1/2");
        assert_eq!(of(None, &[("PMI_RANK", "3"), ("PMI_SIZE", "4")])?, "3/4");
        assert_eq!(of(Some(5), &[("JOB_COMPLETION_INDEX", "4")])?, "4/5");
        let array = [("SLURM_ARRAY_TASK_ID", "7"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        let from_one = [("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_STEP", "2")];
        assert_eq!(of(None, &[array, from_one].concat())?, "3/4");
        // Two MPI programs in each of four jobs.
        assert_eq!(of(None, &[array, from_one, open_mpi].concat())?, "7/8");
        Ok(())
    }

    /// Open MPI starts its programs through `srun`; a batch script is no step.
    #[test]
    fn programs_of_one_srun_have_shards_of_their_own() -> Result<()> {
        let step = [("SLURM_PROCID", "2"), ("SLURM_STEP_NUM_TASKS", "4")];
        assert_eq!(of(None, &step)?, "2/4");
        assert_eq!(of(None, &[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")])?, "0/1");
        let open_mpi = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(of(None, &[step, open_mpi].concat())?, "1/2");
        let array = [("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "2")];
        assert_eq!(of(None, &[step, array].concat())?, "6/8");
        Ok(())
    }

    /// `--array=FIRST-LAST:STEP`, or a list of as many tasks.
    fn launch(task: usize, [first, last, step, count]: [usize; 4]) -> Launch {
        Launch { array: Some((task, Array { first, last, step, count })), inside: Vec::new() }
    }

    #[test]
    fn a_task_that_runs_again_keeps_its_share() -> Result<()> {
        let share = |launch: Launch, recorded: Option<Array>| -> Result<(String, Option<Array>)> {
            launch.shard(recorded).map(|(shard, array)| (shard.to_string(), array))
        };
        let (shard, all) = share(launch(3, [0, 7, 1, 8]), None)?;
        assert_eq!(shard, "3/8");
        // --array=3,7, --array=3, --array=4-6 and --array=2-6:4.
        for (task, own) in
            [(3, [3, 7, 1, 2]), (3, [3, 3, 1, 1]), (5, [4, 6, 1, 3]), (6, [2, 6, 4, 2])]
        {
            let (shard, array) = share(launch(task, own), all.clone())?;
            assert_eq!((shard, &array), (format!("{task}/8"), &all));
        }
        // An array with other tasks is a new one, whether they come before or after.
        let later = Some(Array { first: 4, last: 7, step: 1, count: 4 });
        assert_eq!(share(launch(3, [3, 3, 1, 1]), later)?.0, "0/1");
        let (shard, array) = share(launch(8, [0, 9, 1, 10]), all.clone())?;
        assert_eq!(shard, "8/10");
        assert_ne!(array, all);
        let error = share(launch(7, [3, 7, 1, 2]), None).unwrap_err().to_string();
        assert!(error.contains("SLURM_ARRAY_TASK_ID is 7 in a list of 2 tasks"), "{error}");
        assert!(error.contains("--shard I/N"), "{error}");
        Ok(())
    }

    #[test]
    fn errors_name_the_missing_or_invalid_variable() {
        let cases: [(Option<usize>, Variables, &str); 8] = [
            (None, &[("OMPI_COMM_WORLD_RANK", "0")], "OMPI_COMM_WORLD_SIZE is not"),
            (None, &[("SLURM_ARRAY_TASK_ID", "0")], "SLURM_ARRAY_TASK_COUNT is not"),
            (None, &[("JOB_COMPLETION_INDEX", "0")], "expected --shards N"),
            (Some(2), &[], "expected JOB_COMPLETION_INDEX to be set"),
            (None, &[("PMI_RANK", "2"), ("PMI_SIZE", "2")], "PMI_RANK: expected a number below 2"),
            (None, &[("PMI_RANK", "-1"), ("PMI_SIZE", "2")], "received '-1'"),
            (
                None,
                &[("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_COUNT", "0")],
                "at least 1, received 0",
            ),
            (
                None,
                &[("SLURM_ARRAY_TASK_ID", "9"), ("SLURM_ARRAY_TASK_COUNT", "4")],
                "expected a number from 0 to 3, received 9",
            ),
        ];
        for (count, variables, expected) in cases {
            let error = format!("{:#}", of(count, variables).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
