//! `result.json`; `docs/result.md` describes every key.

use anyhow::Result;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::data::table::Reading;
use crate::experiment::{
    CellOutcome, Conclusion, Outcome, Plan, Reference, Run, Seconds, Summary, TestNoise,
    conclusion_sentences,
};
use crate::metric::Better;
use crate::noise::NoiseSpec;

/// Returns `result.json` of an experiment with one cell: its runs and their summary, indented.
///
/// # Errors
/// If the outcome cannot be written as JSON.
pub fn outcome_json(outcome: &Outcome) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Json<'a> {
        #[serde(flatten)]
        head: Head<'a>,
        runs: Vec<&'a Run>,
        summary: Option<&'a Summary>,
    }
    pretty(&Json {
        head: Head::new(outcome, one_cell(outcome)),
        runs: outcome.runs().collect(),
        summary: outcome.cells.first().map(|own| &own.summary),
    })
}

/// Returns `result.json` of a grid: its cells, its conclusion and the conclusion in sentences,
/// indented.
///
/// # Errors
/// If the outcome cannot be written as JSON.
pub fn grid_json(outcome: &Outcome) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Json<'a> {
        #[serde(flatten)]
        head: Head<'a>,
        cells: &'a [CellOutcome],
        conclusion: Option<&'a Conclusion>,
        sentences: Vec<String>,
    }
    pretty(&Json {
        head: Head::new(outcome, many_cells(outcome)),
        cells: &outcome.cells,
        conclusion: outcome.conclusion.as_ref(),
        sentences: conclusion_sentences(outcome),
    })
}

pub(super) fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(value)?;
    json.push(b'\n');
    Ok(json)
}

/// The first entries of both files.
#[derive(Serialize)]
struct Head<'a> {
    experiment: &'a str,
    version: &'static str,
    command: &'a str,
    device: &'a str,
    metric: &'a str,
    better: Better,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Reading>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<References<'a>>,
    settings: Entries,
    seconds: Seconds,
}

impl<'a> Head<'a> {
    fn new(outcome: &'a Outcome, settings: Entries) -> Self {
        Self {
            experiment: &outcome.experiment,
            version: env!("CARGO_PKG_VERSION"),
            command: &outcome.command,
            device: &outcome.device,
            metric: &outcome.metric,
            better: outcome.better,
            data: outcome.reading.as_ref(),
            reference: References::of(outcome),
            settings,
            seconds: outcome.seconds,
        }
    }
}

/// What is reached without a network.
#[derive(Serialize)]
struct References<'a> {
    no_model: &'a Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    simple_model: Option<&'a Reference>,
}

impl<'a> References<'a> {
    fn of(outcome: &'a Outcome) -> Option<Self> {
        match &outcome.references[..] {
            [no_model] => Some(Self { no_model, simple_model: None }),
            [no_model, simple_model] => Some(Self { no_model, simple_model: Some(simple_model) }),
            _ => None,
        }
    }
}

/// An object that keeps the order of its keys. Keys without a value are left out.
struct Entries(Vec<(String, Value)>);

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.0.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, v)))
    }
}

/// Returns the settings of the data, followed by the others.
fn settings<const N: usize>(outcome: &Outcome, others: [(&str, Value); N]) -> Entries {
    let Plan { task, files, .. } = &outcome.plan;
    let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let files = if files.is_empty() { Value::Null } else { json!(files) };
    let sizes = outcome.sizes.map(|[train, validation, test]| {
        ("split_sizes", json!({ "train": train, "validation": validation, "test": test }))
    });
    let first = [("task", json!(task)), ("files", files)].into_iter().chain(sizes);
    let named = first.map(|(name, value)| (name.to_string(), value));
    let others = others.map(|(name, value)| (name.to_string(), value));
    Entries(named.chain(outcome.data.clone()).chain(others).collect())
}

fn one_cell(outcome: &Outcome) -> Entries {
    let plan = &outcome.plan;
    let noise: Vec<Value> = plan.noise[0].iter().map(noise).collect();
    settings(
        outcome,
        [
            ("data_seed", json!(plan.data_seeds[0])),
            ("train_size", json!(plan.train_sizes[0])),
            ("validation_size", json!(plan.validation_size)),
            ("hidden", json!(plan.hidden[0])),
            ("epochs", json!(plan.epochs)),
            ("batch_size", json!(plan.batch_size)),
            ("learning_rate", json!(plan.learning_rates[0])),
            ("seed", json!(plan.seed)),
            ("repeats", json!(plan.repeats)),
            ("folds", json!(plan.folds)),
            ("noise", json!(noise)),
            ("early_stopping", json!(plan.early_stopping)),
            ("recipe", recipe(plan)),
            ("numbers", numbers(plan)),
            ("test_noise", test_noise(outcome)),
        ],
    )
}

/// Returns the noise of a further test.
fn test_noise(outcome: &Outcome) -> Value {
    let Some(TestNoise { noise: own, draws, per }) = &outcome.test_noise else {
        return Value::Null;
    };
    let per = format!("{per:?}").to_lowercase();
    json!({ "noise": own.iter().map(noise).collect::<Vec<_>>(), "draws": draws, "per": per })
}

/// Returns the description of a noise; Gaussian noise also has a standard deviation.
fn noise(spec: &NoiseSpec) -> Value {
    let mut value = json!({
        "placement": spec.place(),
        "kind": spec.kind(),
        "strength": spec.strength(),
    });
    if spec.kind() == NoiseSpec::GAUSSIAN {
        value["stddev"] = json!(spec.strength());
    }
    if let Some(last) = spec.last_strength() {
        value["last_strength"] = json!(last);
    }
    let options = spec.options();
    if !options.is_empty() {
        value["options"] = json!(options);
    }
    value
}

fn many_cells(outcome: &Outcome) -> Entries {
    let plan = &outcome.plan;
    let (mut places, mut strengths) = (Vec::new(), vec![0.]);
    for spec in plan.noise.iter().flatten() {
        if !places.contains(&spec.place()) {
            places.push(spec.place());
        }
        if !strengths.contains(&spec.strength()) {
            strengths.push(spec.strength());
        }
    }
    settings(
        outcome,
        [
            ("data_seeds", json!(plan.data_seeds)),
            ("train_sizes", json!(plan.train_sizes)),
            ("validation_size", json!(plan.validation_size)),
            ("hidden", json!(plan.hidden)),
            ("epochs", json!(plan.epochs)),
            ("batch_size", json!(plan.batch_size)),
            ("learning_rates", json!(plan.learning_rates)),
            ("placements", json!(places)),
            ("stddevs", json!(strengths)),
            ("noise", json!(plan.noise)),
            ("rivals", rivals(plan)),
            ("margin", json!(plan.margin)),
            ("until_decided", if plan.until_decided { json!(true) } else { Value::Null }),
            ("seed", json!(plan.seed)),
            ("repeats", json!(plan.repeats)),
            ("folds", json!(plan.folds)),
            ("early_stopping", json!(plan.early_stopping)),
            ("recipe", recipe(plan)),
            ("numbers", numbers(plan)),
        ],
    )
}

/// Returns what is used of the recipe, if anything.
fn recipe(plan: &Plan) -> Value {
    if plan.recipe.is_default() { Value::Null } else { json!(plan.recipe) }
}

/// Returns the rivals of the noise, if there are any.
fn rivals(plan: &Plan) -> Value {
    if plan.rivals.is_empty() { Value::Null } else { json!(plan.rivals) }
}

/// Returns the further numbers of a task, if there are any.
fn numbers(plan: &Plan) -> Value {
    if plan.numbers.is_empty() { Value::Null } else { json!(plan.numbers) }
}
