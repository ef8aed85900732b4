//! Finds this program's shard of a grid from the flags and the variables of schedulers.

use anyhow::{Context, Result, bail, ensure};

use crate::experiment::Shard;

/// Variables of each scheduler: the number of this program, and the number of programs.
const VARIABLES: [[&str; 2]; 3] = [
    ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"],
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI_RANK", "PMI_SIZE"],
];

/// A job array may start at a number other than 0 and count in other steps than 1.
const SLURM_FIRST: [&str; 2] = ["SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"];

/// Kubernetes provides only the number of this program.
const KUBERNETES: &str = "JOB_COMPLETION_INDEX";

/// Returns the shard that the variables name, or the whole grid if none is set. `variable` reads a
/// variable; `count` is the total for Kubernetes' index. MPI programs in a job array divide the
/// share of their job.
///
/// # Errors
/// If a number has no count, is out of range or cannot be parsed.
pub(super) fn shard(
    count: Option<usize>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Shard> {
    let read = |name: &str| -> Result<Option<usize>> {
        let Some(text) = variable(name) else { return Ok(None) };
        let number = text.trim().parse();
        let number =
            number.with_context(|| format!("{name}: expected a number, received '{text}'"));
        number.map(Some)
    };
    let mut shards = Vec::new();
    for [index_name, count_name] in VARIABLES {
        let Some(index) = read(index_name)? else { continue };
        let Some(count) = read(count_name)? else {
            bail!("{index_name} is set and {count_name} is not: expected both, or --shard I/N")
        };
        let [first, step] = match index_name {
            "SLURM_ARRAY_TASK_ID" => {
                [read(SLURM_FIRST[0])?.unwrap_or(0), read(SLURM_FIRST[1])?.unwrap_or(1)]
            }
            _ => [0, 1],
        };
        ensure!(
            index >= first && step > 0,
            "{index_name}: expected a number from {first} on, received {index}"
        );
        shards.push((index_name, (index - first) / step, count));
    }
    match (read(KUBERNETES)?, count) {
        (Some(index), Some(count)) => shards.push((KUBERNETES, index, count)),
        (None, Some(_)) => bail!("--shards: expected {KUBERNETES} to be set, or --shard I/N"),
        (Some(_), None) if shards.is_empty() => {
            bail!("{KUBERNETES} is set without a count: expected --shards N, or --shard I/N")
        }
        _ => {}
    }
    // Some MPI launchers set both pairs of variables; one of them is enough.
    if shards.iter().any(|(name, ..)| *name == "OMPI_COMM_WORLD_RANK") {
        shards.retain(|(name, ..)| *name != "PMI_RANK");
    }
    let (mut whole, mut total) = (0, 1);
    for (name, index, count) in shards {
        ensure!(index < count, "{name}: expected a number below {count}, received {index}");
        (whole, total) = (whole * count + index, total * count);
    }
    Shard::new(whole, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn of(count: Option<usize>, variables: Variables) -> Result<String> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
        shard(count, |name| find(name).map(|(_, value)| value.to_string())).map(|s| s.to_string())
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

    #[test]
    fn errors_name_the_missing_or_invalid_variable() {
        let cases: [(Option<usize>, Variables, &str); 6] = [
            (None, &[("OMPI_COMM_WORLD_RANK", "0")], "OMPI_COMM_WORLD_SIZE is not"),
            (None, &[("SLURM_ARRAY_TASK_ID", "0")], "SLURM_ARRAY_TASK_COUNT is not"),
            (None, &[("JOB_COMPLETION_INDEX", "0")], "expected --shards N"),
            (Some(2), &[], "expected JOB_COMPLETION_INDEX to be set"),
            (None, &[("PMI_RANK", "2"), ("PMI_SIZE", "2")], "PMI_RANK: expected a number below 2"),
            (None, &[("PMI_RANK", "-1"), ("PMI_SIZE", "2")], "received '-1'"),
        ];
        for (count, variables, expected) in cases {
            let error = format!("{:#}", of(count, variables).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
