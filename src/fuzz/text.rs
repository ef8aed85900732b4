//! Parsers of flags and variables.

use crate::cli::grid_args::{Seeds, listed};
use crate::cli::scheduler::Launch;
use crate::experiment::{Plan, Shard};
use crate::noise::{NoiseRow, NoiseSpec};
use crate::task::{Circles, Task};

/// One noise. Its text is read as the same noise.
pub fn noise_spec(bytes: &[u8]) -> bool {
    let Some(spec) = parsed::<NoiseSpec>(bytes) else { return false };
    let text = spec.to_string();
    let again: NoiseSpec = text.parse().unwrap();
    assert_eq!((again.to_string(), again), (text, spec));
    true
}

/// A row of noises. The text of each of its alternatives is read as this alternative.
pub fn noise_row(bytes: &[u8]) -> bool {
    let Some(row) = parsed::<NoiseRow>(bytes) else { return false };
    for specs in row.0 {
        let texts: Vec<String> = specs.iter().map(NoiseSpec::to_string).collect();
        let again: NoiseRow = texts.join(" & ").parse().unwrap();
        assert_eq!(again, NoiseRow(vec![specs]));
    }
    true
}

fn parsed<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The value of `--data-seeds`, and the check of a plan with these seeds.
pub fn seeds(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(list) = text.split(',').map(str::parse::<Seeds>).collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let Ok(data_seeds) = listed(&list) else { return false };
    let task = Circles::default();
    Plan { data_seeds, ..Plan::of(&task) }.check_values(task.rows()).is_ok()
}

/// The variables of schedulers, a line `NAME=VALUE` each, `--shards=N`, and the recorded array as
/// `array.json=JSON`. The text of the shard is read as the same shard, and the array that is to be
/// recorded leads to it again.
pub fn scheduler(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let variable = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value.to_string())
    };
    let count = variable("--shards").and_then(|count| count.parse().ok());
    let recorded = variable("array.json").and_then(|json| serde_json::from_str(&json).ok());
    let Ok(launch) = Launch::new(count, variable) else { return false };
    let Ok((shard, array)) = launch.shard(recorded) else { return false };
    assert_eq!(shard.to_string().parse::<Shard>().unwrap(), shard);
    assert_eq!(launch.shard(array.clone()).unwrap(), (shard, array));
    true
}
