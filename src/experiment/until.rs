//! More repeats until the answer is found.

use super::conclude::Conclusion;
use super::plan::Plan;
use super::units::Unit;
use crate::stats::Answer;

impl Plan {
    /// Returns the plan with a quarter more repeats, or data seeds if there are several, but at most `most`
    /// of them; `None` if a conclusion has decided, or there are as many already.
    ///
    /// The choice of noise for a data seed depends on those before it alone, so that the differences of new
    /// ones are independent of all before, and the plan's intervals hold at every look
    /// ([`until_decided`](Self::until_decided)).
    pub fn extended(&self, conclusion: Option<&Conclusion>, most: usize) -> Option<Self> {
        let is_open =
            conclusion.is_none_or(|own| own.answer == Answer::Undecided && !own.is_lost());
        let more = |count: usize| (count + count.div_ceil(4)).min(most);
        let mut plan = self.clone();
        match Unit::of(self) {
            Unit::DataSeed => {
                let last = self.data_seeds.iter().copied().max()?;
                let added = more(self.data_seeds.len()).checked_sub(self.data_seeds.len())? as u32;
                plan.data_seeds.extend((1..=added).map_while(|k| last.checked_add(k)));
            }
            Unit::Repeat => plan.repeats = more(self.repeats).max(self.repeats),
            Unit::Split | Unit::Fold => return None,
        }
        (is_open && plan != *self).then_some(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Circles;

    #[test]
    fn a_quarter_is_added_up_to_the_most() {
        let mut plan = Plan { repeats: 10, ..Plan::of(&Circles::default()) };
        let mut counts = Vec::new();
        while let Some(next) = plan.extended(None, 20) {
            counts.push(next.repeats);
            plan = next;
        }
        assert_eq!(counts, [13, 17, 20]);
        let seeds = Plan { data_seeds: vec![7, 3], ..plan.clone() };
        assert_eq!(seeds.extended(None, 20).unwrap().data_seeds, [7, 3, 8]);
        let last = Plan { data_seeds: vec![0, u32::MAX], ..plan.clone() };
        assert_eq!(last.extended(None, 20), None, "no seed is left");
        assert_eq!(Plan { folds: Some(5), ..plan }.extended(None, 100), None);
    }
}
