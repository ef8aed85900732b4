//! What was gained and what it cost, in sentences.

use super::{Average, Band, ComparedCurve, Robustness, Scan};
use crate::data::words::count;
use crate::metric::Better;
use crate::stats::Digits;

impl Robustness {
    /// The kind of the curve of certified accuracies.
    pub const CERTIFIED: &str = "certified";

    /// Returns sentences about the gains and losses of each model compared with the first one, or only of the model
    /// that [`told`](Self::told) selects.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let clean = self.clean();
        let is_told = |place: &usize| self.told.is_none_or(|told| told == *place);
        for place in (1..self.models.len()).filter(is_told) {
            if let Some(clean) = clean {
                sentences.push(self.cost(clean, place));
            }
            sentences.extend(self.gains(place));
        }
        if sentences.is_empty() {
            sentences.extend(clean.map(|own| self.alone(own)));
        }
        sentences.extend(self.certain());
        sentences
    }

    /// Returns a curve of the metric that has the rows as they are first.
    pub(crate) fn clean(&self) -> Option<&ComparedCurve> {
        let is_clean = |own: &&ComparedCurve| {
            own.metric == self.metric && own.strengths[0] == 0. && own.kind != Self::CERTIFIED
        };
        self.curves.iter().find(is_clean)
    }

    /// Returns the curve of certified accuracies.
    pub(crate) fn certified(&self) -> Option<&ComparedCurve> {
        self.curves.iter().find(|own| own.kind == Self::CERTIFIED)
    }

    /// Returns the index of the radius whose certified accuracies are reported: the middle one of those at which a
    /// row of some model is certified.
    pub(crate) fn told_radius(curve: &ComparedCurve) -> usize {
        let is_certain = |place: &usize| {
            curve.models.iter().any(|own| own.mean[*place].is_some_and(|share| share > 0.))
        };
        (0..curve.strengths.len()).filter(is_certain).count() / 2
    }

    /// Returns how much is certain of each model.
    fn certain(&self) -> Option<String> {
        let own = self.certificates.as_ref()?;
        let curve = self.certified()?;
        let place = Self::told_radius(curve);
        let of = |(model, band): (&Band, &Band)| {
            let share = |band: &Band, place: usize| {
                band.mean.get(place).copied().flatten().map_or("-".into(), text)
            };
            format!("{} of {} (no answer: {})", share(model, place), model.name, share(band, 0))
        };
        let models: Vec<String> = curve.models.iter().zip(&own.abstention.models).map(of).collect();
        if own.largest_radius <= 0. {
            return Some(format!(
                "With {} and alpha {} nothing can be certified, for any model.",
                count(own.options.draws as usize, "draw"),
                own.options.alpha
            ));
        }
        let is_beyond = |radius: &f64| *radius >= own.largest_radius;
        let beyond = match curve.strengths.iter().any(is_beyond) {
            true => format!(
                " With {} and alpha {} no radius from {} on can be certified: the share there is 0 for any \
                 model.",
                count(own.options.draws as usize, "draw"),
                own.options.alpha,
                text(own.largest_radius)
            ),
            false => String::new(),
        };
        Some(format!(
            "Smoothed by noise of {}, the share of rows that are right and certainly stay so within a radius of {} \
             is {}.{beyond}",
            own.options.sigma,
            text(curve.strengths[place]),
            models.join(", ")
        ))
    }

    /// Returns how a single model falls.
    fn alone(&self, clean: &ComparedCurve) -> String {
        let metric = self.metric.replace('_', " ");
        let score = |band: &Band, place: usize| {
            band.mean.get(place).copied().flatten().map_or("-".into(), text)
        };
        let lowest = self.averages.iter().filter(|own| own.models[0].mean[0].is_some());
        let worst = lowest.max_by(|a, b| self.harm(a).total_cmp(&self.harm(b)));
        let is_harmed = |own: &&Average| {
            let (changed, clean) = (own.models[0].mean[0], clean.models[0].mean[0]);
            changed.zip(clean).is_some_and(|(changed, clean)| self.better.is_better(clean, changed))
        };
        let worst = worst.filter(is_harmed).map_or("; no change lowers it".to_string(), |own| {
            format!(
                "; the most harm does {}, under which it is {} in the mean over the strengths",
                own.title(),
                score(&own.models[0], 0)
            )
        });
        let worst = if self.averages.is_empty() { String::new() } else { worst };
        format!("On the rows as they are the {metric} is {}{worst}.", score(&clean.models[0], 0))
    }

    /// Returns whether an attack is part of a reported worst of several attacks.
    fn is_in_worst(&self, own: &Average) -> bool {
        let is_worst = |other: &&Average| other.kind == Scan::WORST && other.norm == own.norm;
        own.norm.is_some()
            && own.kind != Scan::WORST
            && self.averages.iter().any(|other| is_worst(&other))
    }

    fn harm(&self, own: &Average) -> f64 {
        let mean = own.models[0].mean[0].unwrap_or(f64::NAN);
        if self.better == Better::Higher { -mean } else { mean }
    }

    /// Returns what a model costs on the rows as they are.
    fn cost(&self, clean: &ComparedCurve, place: usize) -> String {
        let (metric, name) = (self.metric.replace('_', " "), &self.models[place].name);
        let of = |band: &Band| {
            let end = |ends: &[Option<f64>]| ends.first().copied().flatten();
            (end(&band.mean), end(&band.low).zip(end(&band.high)))
        };
        let difference = clean.differences.get(place - 1).map(of).unwrap_or_default();
        let means = [place, 0].map(|place| of(&clean.models[place]).0);
        let [own, first] = means.map(|mean| mean.map_or("-".into(), text));
        let [own_model, first_model] = [place, 0].map(|place| &self.models[place]);
        let pairs = own_model.pairs;
        let mut words = difference_words(difference, pairs).unwrap_or_else(|| match pairs {
            0 => "no networks have a seed in common".to_string(),
            _ => "their difference is undefined".to_string(),
        });
        if let ([Some(a), Some(b)], Some(mean)) = (means, difference.0)
            && (a - b - mean).abs() > 1e-9
        {
            let [own, first] = [own_model.networks, first_model.networks];
            words.push_str(&format!("; the means are those of all {own} and {first} networks"));
        }
        format!(
            "On the rows as they are the {metric} of {name} is {own}, that of {} {first}: {words}.",
            first_model.name
        )
    }

    /// Returns under which changes a model is better and worse, as far as the intervals tell.
    fn gains(&self, place: usize) -> Vec<String> {
        if self.models[place].pairs < 2 {
            return Vec::new();
        }
        let (mut better, mut worse, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let mut equal = Vec::new();
        for own in self.averages.iter().filter(|own| !self.is_in_worst(own)) {
            let Some(band) = own.differences.get(place - 1) else { continue };
            let Some(mean) = band.mean[0] else { continue };
            let difference = (own.title(), mean);
            let higher = self.better == Better::Higher;
            match band.low[0].zip(band.high[0]) {
                Some((low, _)) if low > 0. => {
                    if higher { &mut better } else { &mut worse }.push(difference)
                }
                Some((_, high)) if high < 0. => {
                    if higher { &mut worse } else { &mut better }.push(difference)
                }
                // The same in each pair, which has no interval.
                None if mean != 0. => equal.push(difference),
                _ => open.push(own.title()),
            }
        }
        let name = &self.models[place].name;
        let list = |all: &[(String, f64)]| {
            let digits = Digits::of_all(all.iter().map(|(_, mean)| *mean));
            let words =
                all.iter().map(|(title, mean)| format!("{title} ({})", digits.signed(*mean)));
            words.collect::<Vec<_>>().join(", ")
        };
        let mut sentences = Vec::new();
        if !better.is_empty() {
            sentences.push(format!(
                "In the mean over the strengths {name} is better under {}.",
                list(&better)
            ));
        }
        if !worse.is_empty() {
            sentences.push(format!(
                "In the mean over the strengths {name} is worse under {}.",
                list(&worse)
            ));
        }
        if !equal.is_empty() {
            sentences.push(format!(
                "In the mean over the strengths {name} differs by the same in each pair under {}.",
                list(&equal)
            ));
        }
        if !open.is_empty() {
            sentences.push(format!("No difference of {name} was found under {}.", open.join(", ")));
        }
        sentences
    }
}

/// Returns a mean difference over pairs in words; `None` if there are no pairs.
fn difference_words(
    (mean, ends): (Option<f64>, Option<(f64, f64)>),
    pairs: usize,
) -> Option<String> {
    let mean = mean?;
    let digits = Digits::of(mean);
    let signed = digits.signed(mean);
    Some(match ends {
        Some((low, high)) => format!(
            "a difference of {signed} over {pairs} pairs (95 % interval {} to {})",
            digits.signed(low),
            digits.signed(high)
        ),
        None if pairs == 1 => {
            format!("a difference of {signed} in one pair, too few for an interval")
        }
        None => format!("a difference of {signed} in each of {pairs} pairs"),
    })
}

fn text(figure: f64) -> String {
    Digits::of(figure).text(figure)
}
