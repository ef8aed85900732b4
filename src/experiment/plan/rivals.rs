//! The rivals of a plan: which are worth comparing, and which can be trained.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};

use super::Plan;
use super::check::{check_distinct, check_has_classes, resolved};
use crate::experiment::trial::{Rival, Subject};
use crate::noise::NoiseSpec;
use crate::task::Hyper;

/// The strengths of the rivals.
const DROPOUT: [f64; 2] = [0.2, 0.5];
const WEIGHT_DECAY: [f64; 3] = [0.01, 0.1, 1.];
const LABEL_SMOOTHING: f64 = 0.1;

impl Plan {
    /// Returns the checked plan with the usual remedies against overfitting as further cells: early
    /// stopping with a patience of a tenth of the epochs (at least 10), dropout of 0.2 and 0.5 in a hidden
    /// layer, weight decay of 0.01, 0.1 and 1 and, for classes, label smoothing of 0.1. What the plan has
    /// already is left out.
    ///
    /// # Errors
    /// As [`checked`](Self::checked), and if there are no validation rows, which early stopping needs.
    pub fn with_rivals(self, subject: &Subject) -> Result<Self> {
        let plan = self.checked(subject)?;
        let patience = (plan.epochs / 10).max(10).min(plan.epochs);
        let mut rivals = vec![Rival::EarlyStopping { patience }];
        if let Some(place) = plan.dropout_place(subject)? {
            for rate in DROPOUT {
                rivals.push(Rival::Dropout(format!("{place}:dropout:{rate}").parse()?));
            }
        }
        rivals.extend(WEIGHT_DECAY.map(Rival::WeightDecay));
        if subject.objective().classes().is_some() {
            rivals.push(Rival::LabelSmoothing(LABEL_SMOOTHING));
        }
        let has_rival = plan.has_rival();
        rivals.retain(|rival| !has_rival(rival));
        Self { rivals, ..plan }.checked(subject)
    }

    /// Returns where dropout acts in all networks of the plan: after the activation, or else at the last
    /// place after the input; `None` if there is no hidden place.
    fn dropout_place(&self, subject: &Subject) -> Result<Option<String>> {
        let mut common: Option<Vec<String>> = None;
        for variant in self.variants() {
            let mut places = subject.places(&self.hyper_of(variant))?;
            places
                .retain(|own| own != "input" && !NoiseSpec::WITHOUT_LAYER.contains(&own.as_str()));
            match &mut common {
                Some(common) => common.retain(|own| places.contains(own)),
                None => common = Some(places),
            }
        }
        let mut places = common.unwrap_or_default();
        let usual = places.iter().position(|place| place == "after-activation");
        Ok(usual.map(|place| places.swap_remove(place)).or_else(|| places.pop()))
    }

    /// Returns the settings that all cells share and a rival may change.
    fn shared(&self) -> Hyper {
        let Self { early_stopping, recipe, .. } = *self;
        Hyper { early_stopping, recipe, ..Hyper::default() }
    }

    /// Returns a predicate for rivals that are already noises of the plan, or change nothing. Its cost does not
    /// depend on the number of noises.
    fn has_rival(&self) -> impl Fn(&Rival) -> bool + use<> {
        let single = |noise: &Vec<NoiseSpec>| match &noise[..] {
            [only] => Some(only.to_string()),
            _ => None,
        };
        let noises: HashSet<String> = self.noise.iter().filter_map(single).collect();
        let shared = self.shared();
        move |rival| match rival.noise() {
            Some(noise) => noises.contains(&noise.to_string()),
            None => rival.applied_to(shared.clone()) == shared,
        }
    }

    /// Checks the rivals without a network. Time grows with the lengths of the lists only.
    pub(super) fn check_rivals(&self) -> Result<()> {
        check_distinct("rival", &self.rivals, |rival| format!("{rival:?}"))?;
        let (has_rival, shared) = (self.has_rival(), self.shared());
        for rival in &self.rivals {
            ensure!(
                !has_rival(rival),
                "rivals: expected what no other cell has, received {rival}, which all cells or one with \
                 noise have"
            );
            if let Some(noise) = rival.noise() {
                ensure!(
                    noise.kind() == "dropout" && noise.strength() > 0.,
                    "rivals: expected dropout of a rate above 0, received {noise}"
                );
            }
            let Hyper { early_stopping, recipe, .. } = rival.applied_to(shared.clone());
            recipe.check().context("rivals")?;
            self.check_rule(early_stopping.as_ref()).context("rivals")?;
        }
        Ok(())
    }

    /// Checks the rivals of a network with these places, and gives them the places that their names
    /// stand for.
    pub(super) fn resolve_rivals(&mut self, subject: &Subject, places: &[String]) -> Result<()> {
        for rival in &mut self.rivals {
            match rival {
                Rival::Dropout(noise) => *noise = resolved(noise.clone(), places)?,
                Rival::LabelSmoothing(_) => check_has_classes(subject)?,
                _ => {}
            }
        }
        self.check_rivals()
    }
}
