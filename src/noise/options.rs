//! What may follow the strength of a noise in its text: `input:gaussian:0.3..0.03:linear:relative`.

use std::fmt;

use candle_core::{Error, Result};

use super::schedule::{Curve, Schedule};
use super::spec::{NoiseSpec, refused};

/// The options of a noise.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NoiseOptions {
    pub schedule: Option<Schedule>,
    /// The strength is multiplied by the standard deviation of the input.
    pub relative: bool,
    /// The strength is only the first one of a variable.
    pub learned: bool,
    /// Evaluations are noisy, too.
    pub always: bool,
    /// The noise comes with both signs.
    pub paired: bool,
    /// The noise of the last step is taken back.
    pub anticorrelated: bool,
}

/// An option that is on or off.
type Flag = (&'static str, fn(&mut NoiseOptions) -> &mut bool);

impl NoiseOptions {
    const FLAGS: [Flag; 5] = [
        ("relative", |own| &mut own.relative),
        ("learned", |own| &mut own.learned),
        ("always", |own| &mut own.always),
        ("paired", |own| &mut own.paired),
        ("anticorrelated", |own| &mut own.anticorrelated),
    ];
    const DECAY: &str = "decay=";

    /// Returns whether more is asked for than a strength and its scale, which is all that a test has.
    pub fn is_of_training(&self) -> bool {
        *self != Self { relative: self.relative, ..Self::default() }
    }

    /// Returns the options of a text, after a strength that may have an end.
    pub fn parse(end: Option<f64>, options: &[&str]) -> Result<Self> {
        let schedule = end.map(|end| Schedule::to(end, Curve::Linear));
        let mut own = Self { schedule, ..Self::default() };
        let mut has_curve = false;
        for (place, option) in options.iter().enumerate() {
            if option.is_empty() {
                let is_last = place + 1 == options.len();
                let between = if is_last { "after the last colon" } else { "between the colons" };
                let names = Self::names();
                return refused(format!("expected an option {between}, received none ({names})"));
            }
            if let Some((_, flag)) = Self::FLAGS.into_iter().find(|(name, _)| name == option) {
                once(!std::mem::replace(flag(&mut own), true), option)?;
            } else if let Some(power) = option.strip_prefix(Self::DECAY) {
                once(own.schedule.is_none(), "schedule")?;
                let power = power.parse().map_err(|_| {
                    message(format!("expected decay=POWER, as decay=0.5, received '{option}'"))
                })?;
                own.schedule = Some(Schedule::Decay(power));
            } else if let Ok(curve) = option.parse::<Curve>() {
                once(!std::mem::replace(&mut has_curve, true), "curve")?;
                match &mut own.schedule {
                    Some(Schedule::To { curve: own, .. }) => *own = curve,
                    _ => refused(format!("{curve} goes with two strengths, as 0.3..0.03:{curve}"))?,
                }
            } else {
                refused(format!("there is no option '{option}' ({})", Self::names()))?;
            }
        }
        Ok(own)
    }

    /// Returns the names of all options.
    fn names() -> String {
        let flags = Self::FLAGS.map(|(name, _)| name).join(", ");
        format!("{flags}, decay=POWER, and after two strengths linear, cosine, exponential")
    }

    /// Returns the strength of the last epoch, if the schedule has one.
    pub fn end(&self) -> Option<f64> {
        match self.schedule {
            Some(Schedule::To { end, .. }) => Some(end),
            _ => None,
        }
    }

    /// Returns the options in words, in the order of the text: `linear`, `relative`.
    pub fn words(&self) -> Vec<String> {
        let schedule = match &self.schedule {
            Some(Schedule::To { curve, .. }) => Some(curve.to_string()),
            Some(Schedule::Decay(power)) => Some(format!("{}{power}", Self::DECAY)),
            _ => None,
        };
        let mut own = self.clone();
        let flags = Self::FLAGS.into_iter().filter(|(_, flag)| *flag(&mut own));
        let flags: Vec<String> = flags.map(|(name, _)| name.to_string()).collect();
        schedule.into_iter().chain(flags).collect()
    }

    /// Checks that the options fit the place and the kind of a noise.
    pub fn check(&self, spec: &NoiseSpec) -> Result<()> {
        let Self { schedule, relative, learned, always, paired, anticorrelated } = self;
        let (place, kind) = (spec.place(), spec.kind());
        let is_layer = spec.has_layer();
        let only_layers = [("relative", *relative), ("learned", *learned), ("always", *always)];
        if let Some((name, _)) = only_layers.iter().find(|(_, is_set)| *is_set && !is_layer) {
            return refused(format!("{place} take no option {name}"));
        }
        if *anticorrelated && place != NoiseSpec::GRADIENTS {
            return refused(format!("gradients take the option anticorrelated, received {place}"));
        }
        if *paired && !is_layer && place != NoiseSpec::WEIGHTS {
            return refused(format!("{place} take no option paired"));
        }
        let additive = [("relative", *relative), ("learned", *learned), ("paired", *paired)];
        if let Some((name, _)) = additive.iter().find(|(_, is_set)| *is_set)
            && is_layer
            && !spec.is_additive()
        {
            return refused(format!("only noise that is added can be {name}, received {kind}"));
        }
        if *learned && schedule.is_some() {
            return refused("a learned strength has no schedule".to_string());
        }
        /// Below it softplus and its inverse have no digits.
        const LEAST: f64 = 1e-5;
        if *learned && spec.strength() < LEAST {
            return refused(format!(
                "expected a learned strength that begins at {LEAST} or more, received {}",
                spec.strength()
            ));
        }
        schedule.as_ref().map_or(Ok(()), |own| own.check(spec.strength()))
    }
}

fn once(is_first: bool, option: &str) -> Result<()> {
    if is_first { Ok(()) } else { refused(format!("expected one {option}, received two")) }
}

/// Returns an error on one line, without a backtrace, because the text caused it.
fn message(what: String) -> Error {
    Error::Msg(what)
}

impl fmt::Display for NoiseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().iter().try_for_each(|word| write!(f, ":{word}"))
    }
}
