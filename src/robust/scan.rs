//! What is tried on a model by default, and how strongly.

use std::sync::Arc;

use candle_core::Result;

use super::corruption::corruptions;
use super::noise::noises;
use super::{Apgd, Attack, Fgsm, Form, Measured, Norm, Pgd};

/// An attack with increasing strengths, or several of one norm.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scan {
    /// What changes the rows.
    pub attacks: Vec<Arc<dyn Attack>>,
    /// How strongly, from 0 on.
    pub strengths: Vec<f64>,
    /// What the strengths are measured in.
    pub unit: &'static str,
}

/// How long attacks search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The number of steps of PGD and APGD.
    pub steps: usize,
    /// The number of starts: the row itself, then random points.
    pub starts: u32,
}

impl Effort {
    /// The effort of [`brief_scans`]: 20 steps from the row itself.
    pub const BRIEF: Self = Self { steps: 20, starts: 1 };

    /// Returns 40 steps, from 5 starts for tables and points, whose gradients often lead astray, and from the row
    /// itself for others.
    pub fn of(form: &Form) -> Self {
        Self { steps: 40, starts: if matches!(form, Form::Table { .. }) { 5 } else { 1 } }
    }
}

/// Standard deviations of noise on tables, points and sequences; pixels have less.
const NOISE: [f64; 5] = [0., 0.1, 0.25, 0.5, 1.];
const NOISE_OF_PIXELS: [f64; 5] = [0., 0.05, 0.1, 0.2, 0.4];
/// Shares of inputs that are replaced.
const SHARES: [f64; 5] = [0., 0.05, 0.1, 0.2, 0.4];
/// Sizes of attacks on each input.
const LINF: [f64; 5] = [0., 0.05, 0.1, 0.2, 0.4];
const LINF_OF_PIXELS: [f64; 5] = [0., 0.02, 0.05, 0.1, 0.2];
/// Sizes of attacks on all inputs together.
const L2: [f64; 5] = [0., 0.1, 0.2, 0.4, 0.8];
const L2_OF_MANY: [f64; 5] = [0., 0.25, 0.5, 1., 2.];
/// Units of strengths.
const PIXELS: &str = "pixels, from 0 to 1";
const DEVIATIONS: &str = "standard deviations";
const PREPARED: &str = "units of the prepared inputs";
const SEVERITIES: [f64; 6] = [0., 1., 2., 3., 4., 5.];

/// Returns what is tried on models of rows: noise, corruptions and attacks, each with its default strengths.
///
/// # Errors
/// If the rows have a form that no corruption takes.
pub fn scans(rows: &Measured, effort: Effort) -> Result<Vec<Scan>> {
    let (noise, noise_unit, unit) = match rows.form() {
        Form::Image { .. } => (NOISE_OF_PIXELS, PIXELS, PIXELS),
        Form::Table { .. } => (NOISE, DEVIATIONS, PREPARED),
        Form::Steps { .. } => (NOISE, DEVIATIONS, "units of the channels"),
    };
    let mut all = Vec::new();
    let has_numbers = rows.form().has_numbers();
    for own in noises(rows).into_iter().filter(|own| has_numbers || own.name() == "missing") {
        let is_share = ["missing", "salt-and-pepper"].contains(&own.name());
        let (strengths, unit) = if is_share { (SHARES, Scan::SHARE) } else { (noise, noise_unit) };
        all.push(Scan::new(Arc::new(own), &strengths, unit));
    }
    for own in corruptions(rows)? {
        all.push(Scan::new(Arc::new(own), &SEVERITIES, Scan::SEVERITY));
    }
    for norm in [Norm::Linf, Norm::L2].into_iter().filter(|_| has_numbers) {
        let strengths = match (norm, rows.form()) {
            (Norm::Linf, Form::Image { .. }) => LINF_OF_PIXELS,
            (Norm::Linf, _) => LINF,
            (_, Form::Table { .. }) => L2,
            _ => L2_OF_MANY,
        };
        let Effort { steps, starts } = effort;
        let pgd: Arc<dyn Attack> = Arc::new(Pgd::new(norm).steps(steps).starts(starts));
        let apgd: Arc<dyn Attack> = Arc::new(Apgd::new(norm).steps(steps).starts(starts));
        let fgsm: Arc<dyn Attack> = Arc::new(Fgsm::new(norm));
        all.push(Scan::of(vec![fgsm, pgd, apgd], &strengths, unit));
    }
    Ok(all)
}

/// Returns the few scans that are tried on each of many networks: Gaussian noise, missing values, FGSM and PGD, each
/// alone and with [`Effort::BRIEF`].
///
/// # Errors
/// As [`scans`].
pub fn brief_scans(rows: &Measured) -> Result<Vec<Scan>> {
    const NAMES: [&str; 5] = ["gaussian", "missing", "fgsm-linf", "pgd-linf", "pgd-l2"];
    let alone = |Scan { attacks, strengths, unit }: Scan| {
        attacks.into_iter().map(move |attack| Scan::new(attack, &strengths, unit))
    };
    let all = scans(rows, Effort::BRIEF)?.into_iter().flat_map(alone);
    Ok(all.filter(|own| own.names().iter().any(|name| NAMES.contains(&&name[..]))).collect())
}

impl Scan {
    /// The name of the worst of several attacks.
    pub const WORST: &str = "worst";

    /// The unit of shares of the inputs, which are at most 1.
    pub const SHARE: &str = "share of the inputs";

    /// The unit of severities from 0 to 5.
    pub const SEVERITY: &str = "severity";

    /// Creates the scan of one attack.
    pub fn new(attack: Arc<dyn Attack>, strengths: &[f64], unit: &'static str) -> Self {
        Self::of(vec![attack], strengths, unit)
    }

    /// Creates the scan of attacks of one norm.
    pub fn of(attacks: Vec<Arc<dyn Attack>>, strengths: &[f64], unit: &'static str) -> Self {
        Self { attacks, strengths: strengths.to_vec(), unit }
    }

    /// Returns the kind and norm of each curve: those of the attacks, and of the worst of several.
    pub fn kinds(&self) -> Vec<(&str, Option<Norm>)> {
        let own = self.attacks.iter().map(|own| (own.name(), own.norm()));
        let worst = self.attacks.first().filter(|_| self.attacks.len() > 1);
        own.chain(worst.map(|own| (Self::WORST, own.norm()))).collect()
    }

    /// Returns the names of the curves: `gaussian`, `pgd-linf`.
    pub fn names(&self) -> Vec<String> {
        let name = |(kind, norm): (&str, Option<Norm>)| match norm {
            Some(norm) => format!("{kind}-{}", norm.name()),
            None => kind.to_string(),
        };
        self.kinds().into_iter().map(name).collect()
    }

    /// Returns about how many passes through a model it takes.
    pub fn passes(&self) -> usize {
        let passes = |own: &Arc<dyn Attack>| own.draws() as usize * (own.passes() + 1);
        self.strengths.len() * self.attacks.iter().map(passes).sum::<usize>()
    }
}
