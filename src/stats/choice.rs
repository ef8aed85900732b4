//! A choice that is judged by data that it has not seen.

use super::estimate::are_equal;
use crate::metric::Better;

/// Chooses an arm for each unit by the units before it.
///
/// `scores` has the score of each arm on each unit, `None` if it is missing. For every unit after the first
/// `only_choosing`, at least one, returns the arm with the best mean score over all units before it, the first of those
/// that are equal up to round-off. An arm with a missing score there is not chosen. If no arm can be chosen, there is `None`.
///
/// The choice for a unit depends on earlier units alone, so that the scores of what it chose are as honest
/// as those of an arm that was fixed beforehand. To choose by all other units instead would tie the units
/// to each other: a unit that is good for an arm keeps the others from it.
pub fn chosen_by_earlier(
    scores: &[Vec<Option<f64>>],
    only_choosing: usize,
    better: Better,
) -> Vec<Option<usize>> {
    let mut sums = Sums::default();
    let mut chosen = Vec::new();
    for (seen, unit) in scores.iter().enumerate() {
        if seen >= only_choosing.max(1) {
            chosen.push(sums.best(better));
        }
        sums.add(unit);
    }
    chosen
}

/// Returns the arm with the best mean score over units, the first of those that are equal up to round-off,
/// among those whose scores are all there.
pub fn best_arm(scores: &[Vec<Option<f64>>], better: Better) -> Option<usize> {
    let mut sums = Sums::default();
    scores.iter().for_each(|unit| sums.add(unit));
    sums.best(better)
}

/// The sum of each arm's scores over equally many units; `None` if one is missing.
#[derive(Default)]
struct Sums(Option<Vec<Option<f64>>>);

impl Sums {
    fn add(&mut self, unit: &[Option<f64>]) {
        match &mut self.0 {
            None => self.0 = Some(unit.to_vec()),
            Some(sums) => {
                for (sum, score) in sums.iter_mut().zip(unit) {
                    *sum = sum.zip(*score).map(|(sum, score)| sum + score);
                }
            }
        }
    }

    fn best(&self, better: Better) -> Option<usize> {
        let sums = self.0.iter().flatten().enumerate();
        let sums = sums.filter_map(|(arm, sum)| Some((arm, (*sum)?)));
        let is_better = |a: f64, b: f64| better.is_better(a, b) && !are_equal(&[a, b]);
        sums.reduce(|a, b| if is_better(b.1, a.1) { b } else { a }).map(|(arm, _)| arm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(rows: &[&[f64]]) -> Vec<Vec<Option<f64>>> {
        let score = |score: &f64| Some(*score).filter(|score| !score.is_nan());
        rows.iter().map(|row| row.iter().map(score).collect()).collect()
    }

    #[test]
    fn each_unit_is_judged_by_what_the_earlier_ones_chose() {
        let scores = scores(&[&[0.5, 0.6, 0.4], &[0.5, 0.1, 0.5], &[0.5, 0.9, 0.7], &[0., 0., 1.]]);
        // Means after one unit: .5 .6 .4; after two: .5 .35 .45; after three: .5 .533 .533.
        let chosen = chosen_by_earlier(&scores, 1, Better::Higher);
        assert_eq!(chosen, [Some(1), Some(0), Some(1)]);
        assert_eq!(chosen_by_earlier(&scores, 2, Better::Higher), [Some(0), Some(1)]);
        assert_eq!(chosen_by_earlier(&scores, 2, Better::Lower), [Some(1), Some(0)]);
    }

    /// 30/60 + 32/60 and 31/60 + 31/60 differ in the last bit.
    #[test]
    fn equal_scores_are_equal_however_they_are_added() {
        let [a, b, c] = [30., 32., 31.].map(|hits: f64| hits / 60.);
        assert!(a + b != c + c, "round-off tells them apart");
        let [one, two] = [scores(&[&[a, c], &[b, c]]), scores(&[&[c, a], &[c, b]])];
        for better in [Better::Higher, Better::Lower] {
            assert_eq!([best_arm(&one, better), best_arm(&two, better)], [Some(0); 2]);
        }
    }

    #[test]
    fn later_units_change_no_earlier_choice() {
        let all = scores(&[&[0.5, 0.6], &[0.7, 0.2], &[0.1, 0.9], &[0.3, 0.4]]);
        let chosen = chosen_by_earlier(&all, 1, Better::Higher);
        assert_eq!(chosen[..2], chosen_by_earlier(&all[..3], 1, Better::Higher));
    }

    #[test]
    fn arms_that_lack_a_score_are_not_chosen() {
        let missing = f64::NAN;
        let some = scores(&[&[0.5, missing], &[0.5, 0.9], &[0.5, 0.9]]);
        assert_eq!(chosen_by_earlier(&some, 1, Better::Higher), [Some(0), Some(0)]);
        assert_eq!(best_arm(&scores(&[&[missing]]), Better::Higher), None);
        assert_eq!(best_arm(&[], Better::Higher), None);
    }
}
