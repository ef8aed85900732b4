//! What all runs of a plan have in common, as plain data: it names them, and is kept beside them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::{Plan, Variant};
use super::trial::{Network, Subject, Trial, TrialId, Varying};
use crate::checkpoint::settings_difference;
use crate::metric::{Better, Margin};
use crate::task::Rows;

/// What all runs of a plan have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// Everything that determines a run's bits and does not vary in a folder, by name.
    pub(super) common: Value,
    /// The networks by width.
    pub(super) networks: BTreeMap<usize, Network>,
    /// The name of the primary metric.
    pub metric: String,
    /// Which of its scores are better.
    pub better: Better,
    /// The smallest difference in it that matters; `None` in files of versions that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    margin: Option<Margin>,
    /// How many rows the task has.
    pub rows: Rows,
    /// The numbers of training, validation and test rows of the first split of a table by the training size
    /// that is asked for; none in files of versions that did not write them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sizes: BTreeMap<usize, [usize; 3]>,
    /// Details of the data for the results, by name.
    pub data: Vec<(String, Value)>,
}

impl Basis {
    /// Returns the basis of a plan for a subject.
    ///
    /// # Errors
    /// If a network cannot be built.
    pub fn new(subject: &Subject, plan: &Plan) -> Result<Self> {
        let network = |variant: Variant| {
            let network = subject.network(&plan.hyper_of(variant))?;
            Ok((variant.hidden, Network::clone(&network)))
        };
        let sizes = |variant: Variant| {
            let draw = plan.draw_of(variant, plan.data_seeds[0]);
            Ok((variant.train_size, subject.task().sizes(&draw)?))
        };
        let of_table = plan.variants().filter(|_| plan.is_of_table());
        let sizes = of_table.map(sizes).collect::<Result<_>>()?;
        let first = plan.variants().next().context("expected at least one variant")?;
        Ok(Self {
            sizes,
            common: subject.common(&plan.hyper_of(first), &plan.draw_of(first, 0)),
            networks: plan.variants().map(network).collect::<Result<_>>()?,
            metric: subject.primary().name().to_string(),
            better: subject.primary().better(),
            margin: Some(subject.primary().margin()),
            rows: subject.task().rows(),
            data: subject.details(),
        })
    }

    /// Everything that determines a run's bits and does not vary in a folder, by name.
    pub fn settings(&self) -> &Value {
        &self.common
    }

    /// The name of a run of the plan.
    ///
    /// # Errors
    /// If the run is of no width of the plan.
    pub fn id(&self, trial: &Trial) -> Result<TrialId> {
        let network = self.networks.get(&trial.hyper.hidden);
        let network =
            network.with_context(|| format!("no network of width {}", trial.hyper.hidden))?;
        Varying::of(trial).id(&self.common, network)
    }

    /// The smallest difference in the primary metric that matters.
    pub fn margin(&self) -> Margin {
        self.margin.unwrap_or_else(|| Margin::named(&self.metric))
    }

    /// The numbers of training, validation and test rows of the first split of a table.
    pub(super) fn sizes_of(&self, variant: Variant) -> Option<[usize; 3]> {
        self.sizes.get(&variant.train_size).copied()
    }

    /// The figure that noise is judged by.
    pub fn test_figure(&self) -> String {
        format!("test_{}", self.metric)
    }

    /// Returns why runs with these settings and networks belong to another experiment; `None` if they do not.
    pub(super) fn other_experiment(
        &self,
        common: &Value,
        networks: &BTreeMap<usize, Network>,
    ) -> Option<String> {
        if let Some([setting, own, other]) = settings_difference(&self.common, common) {
            return Some(format!("expected {setting} {own}, received {other}"));
        }
        self.networks.iter().find_map(|(hidden, own)| own.difference(networks.get(hidden)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::NoiseSpec;
    use crate::task::{Circles, Task};
    use crate::train::EarlyStopping;

    fn plan(task: &dyn Task, noise: &str) -> Plan {
        let noise = noise.split_whitespace().map(|text| text.parse().unwrap());
        let noise: Vec<NoiseSpec> = noise.collect();
        Plan { noise: vec![noise], seed: 7, ..Plan::of(task) }
    }

    fn id_on(device: &str, task: &dyn Task, plan: &Plan) -> TrialId {
        let basis = Basis::new(&Subject::new(task, device, &[]).unwrap(), plan).unwrap();
        basis.id(&plan.trials().next().unwrap().1).unwrap()
    }

    fn id(plan: &Plan) -> TrialId {
        id_on("cpu", &Circles::default(), plan)
    }

    /// The names are frozen: finished runs would not be found under others.
    #[test]
    fn the_json_and_its_hash_are_frozen() {
        let task = Circles::default();
        let plan = plan(&task, "input:0.1");
        let basis = Basis::new(&Subject::new(&task, "cpu", &[]).unwrap(), &plan).unwrap();
        let varying = Varying::of(&plan.trials().next().unwrap().1);
        let content = [
            serde_json::to_string(&basis.common).unwrap(),
            serde_json::to_string(&basis.networks[&500].variables).unwrap(),
            serde_json::to_string(&varying).unwrap(),
        ];
        let data = "8153c8655824b38ef1540b8b2f8e3af6127f8d41e9c9a1b483531e7f4877cd71";
        let common = format!(
            "{{\"batch_size\":32,\"content_of_the_data\":\"{data}\",\
             \"data\":{{\"data_noise\":0.1,\"samples\":100}},\"device\":\"cpu\",\"early_stopping\":null,\"epochs\":4000,\"metrics\":[\"accuracy\",\"nll\",\"brier\",\"ece\"],\
             \"numbers\":{{}},\"objective\":\"binary-cross-entropy\",\"revision\":3,\
             \"task\":\"circles\",\"task_revision\":0,\"validation_size\":0}}"
        );
        assert_eq!(content[0], common);
        let variables = "{\"fc1.bias\":[1,500],\"fc1.weight\":[2,500],\"fc2.bias\":[1,1],\
                         \"fc2.weight\":[500,1]}";
        assert_eq!(content[1], variables);
        let varying = "{\"hidden\":500,\"learning_rate\":0.001,\"train_size\":30,\"data_seed\":1,\
                       \"noise\":[\"input:gaussian:0.1\"],\"seed\":7}";
        assert_eq!(content[2], varying);
        // From `sha256sum` of the three in a list.
        let frozen = "982d663483b64b1dc58d258b08e966ddd92e9eff3d9a91aced75689ff6653ae7";
        assert_eq!(id(&plan).to_string(), frozen);
    }

    #[test]
    fn what_changes_no_bit_changes_no_name() {
        let task = Circles::default();
        let own = plan(&task, "input:0.1");
        let files = vec!["somewhere/else.csv".into()];
        assert_eq!(id(&Plan { repeats: 9, files, ..own.clone() }), id(&own));
        assert_eq!(id(&plan(&task, "input:0 weights:0")), id(&plan(&task, "")), "the baseline");
        let zeros = [0., -0.].map(|zero| {
            let task = Circles::new(100, zero).unwrap();
            id_on("cpu", &task, &Plan { learning_rates: vec![zero], ..plan(&task, "") })
        });
        assert_eq!(zeros[0], zeros[1]);
    }

    #[test]
    fn whatever_changes_bits_changes_the_name() {
        let task = Circles::default();
        let own = plan(&task, "input:0.1");
        let of = |change: fn(&mut Plan)| {
            let mut plan = own.clone();
            change(&mut plan);
            id(&plan)
        };
        let other = Circles::new(101, 0.1).unwrap();
        let noisier = Circles::new(100, 0.2).unwrap();
        let mut ids = vec![
            id(&own),
            id_on("cuda", &task, &own),
            id_on("cpu", &other, &own),
            id_on("cpu", &noisier, &own),
            id(&plan(&task, "")),
            id(&plan(&task, "input:0.2")),
            id(&plan(&task, "input:dropout:0.1")),
            id(&plan(&task, "before-activation:0.1")),
            id(&plan(&task, "input:0.1 weights:0.1")),
            of(|plan| plan.data_seeds = vec![2]),
            of(|plan| plan.train_sizes = vec![31]),
            of(|plan| plan.validation_size = 1),
            of(|plan| plan.hidden = vec![501]),
            of(|plan| plan.epochs = 4001),
            of(|plan| plan.batch_size = 33),
            of(|plan| plan.learning_rates = vec![0.002]),
            of(|plan| plan.early_stopping = Some(EarlyStopping::new(5))),
            of(|plan| plan.early_stopping = Some(EarlyStopping::new(5).restore_best())),
            of(|plan| plan.recipe.weight_decay = 0.1),
            of(|plan| plan.recipe.label_smoothing = 0.1),
            of(|plan| plan.recipe.clip_norm = Some(1.)),
            of(|plan| plan.recipe.lr_schedule = "cosine".parse().unwrap()),
            of(|plan| plan.seed = 8),
        ];
        ids.push(of(|plan| {
            plan.numbers.insert("depth".to_string(), 2.);
        }));
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
