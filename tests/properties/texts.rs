//! Texts and JSON are the inverse of their parsers.

use candle_noise::experiment::{Plan, Shard};
use candle_noise::noise::{NoiseRow, NoiseSpec};
use candle_noise::task::Circles;
use proptest::prelude::*;
use proptest::sample::select;

use super::config;

const RATES: [&str; 5] =
    ["gaussian-dropout", "dropout", "spatial-dropout", "alpha-dropout", "salt-and-pepper"];
const AMOUNTS: [&str; 5] = ["gaussian", "uniform", "laplace", "speckle", "neftune"];

/// Numbers of every magnitude up to 1e30, and 0.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        9 => (1f64..10., -320i32..30).prop_map(|(digits, power)| digits * 10f64.powi(power)),
        1 => Just(0.),
    ]
}

/// The parts of a noise: place, kind, strength.
fn noise() -> impl Strategy<Value = (String, &'static str, f64)> {
    let place = "[a-z0-9-]{1,64}"
        .prop_filter("a place of layers", |name| !NoiseSpec::WITHOUT_LAYER.contains(&&name[..]));
    let everywhere = select(vec![NoiseSpec::WEIGHTS, NoiseSpec::GRADIENTS]);
    prop_oneof![
        (place.clone(), select(AMOUNTS.to_vec()), amount()),
        (place, select(RATES.to_vec()), 0f64..1.),
        (everywhere.prop_map(str::to_string), Just(NoiseSpec::GAUSSIAN), amount()),
        (Just(NoiseSpec::LABELS.to_string()), Just(NoiseSpec::FLIP), 0f64..1.),
    ]
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_noise_and_its_text_are_inverse((place, kind, strength) in noise(), blank in " {0,2}") {
        let text = format!("{blank}{place}{blank}:{blank}{kind}{blank}:{blank}{strength:e}{blank}");
        let spec: NoiseSpec = text.parse().unwrap();
        prop_assert_eq!((spec.place(), spec.kind()), (&place[..], kind));
        prop_assert_eq!(spec.strength().to_bits(), strength.to_bits());
        prop_assert_eq!(spec.to_string(), format!("{place}:{kind}:{strength}"));
        let again: NoiseSpec = spec.to_string().parse().unwrap();
        prop_assert_eq!(again.strength().to_bits(), strength.to_bits());
        let json = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<NoiseSpec>(&json).unwrap(), spec);
    }

    #[test]
    fn a_row_has_every_combination_in_order(
        parts in prop::collection::vec((noise(), prop::collection::vec(0f64..1., 1..4)), 1..4)
    ) {
        let mut expected: Vec<Vec<String>> = vec![Vec::new()];
        let mut texts = Vec::new();
        for ((place, kind, _), strengths) in &parts {
            let list: Vec<String> = strengths.iter().map(f64::to_string).collect();
            texts.push(format!("{place}:{kind}:{}", list.join(",")));
            let with = |row: Vec<String>| {
                let one = |strength| [&row[..], &[format!("{place}:{kind}:{strength}")]].concat();
                list.iter().map(one).collect::<Vec<_>>()
            };
            expected = expected.into_iter().flat_map(with).collect();
        }
        let row: NoiseRow = texts.join(" & ").parse().unwrap();
        let text = |specs: &Vec<NoiseSpec>| specs.iter().map(NoiseSpec::to_string).collect();
        prop_assert_eq!(row.0.iter().map(text).collect::<Vec<Vec<String>>>(), expected);
    }

    #[test]
    fn a_shard_and_its_text_are_inverse(count in 1usize.., index in any::<usize>()) {
        let shard = Shard::new(index % count, count).unwrap();
        prop_assert_eq!(shard.to_string(), format!("{}/{count}", index % count));
        prop_assert_eq!(shard.to_string().parse::<Shard>(), Ok(shard));
        prop_assert!(Shard::new(count, count).is_err());
    }

    #[test]
    fn a_plan_and_its_json_are_inverse(
        noise in prop::collection::vec(prop::collection::vec(noise(), 0..3), 1..4),
        learning_rates in prop::collection::vec(amount(), 1..4),
        (data_seeds, seed) in (prop::collection::vec(any::<u32>(), 1..4), any::<u64>()),
    ) {
        let spec = |(place, kind, strength): (String, &str, f64)| {
            format!("{place}:{kind}:{strength}").parse::<NoiseSpec>().unwrap()
        };
        let noise = noise.into_iter().map(|specs| specs.into_iter().map(spec).collect()).collect();
        let plan = Plan { noise, learning_rates, data_seeds, seed, ..Plan::of(&Circles::default()) };
        let json = serde_json::to_string(&plan).unwrap();
        let again: Plan = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), json);
        prop_assert_eq!(again, plan);
    }
}
