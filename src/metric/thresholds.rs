//! Rows in the order of their scores.

/// Returns how many negatives and positives have at least a score: first `[0, 0]`, then the counts for
/// each different score from the highest on. Returns `None` if a score is NaN.
pub(crate) fn counts_by_threshold(scored: &[(f64, bool)]) -> Option<Vec<[usize; 2]>> {
    if scored.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut counts = [0, 0];
    let mut all = vec![counts];
    for equal in sorted.chunk_by(|(a, _), (b, _)| a == b) {
        for (_, positive) in equal {
            counts[usize::from(*positive)] += 1;
        }
        all.push(counts);
    }
    Some(all)
}
