//! Networks that predict one class alone.

use crate::metric::Predicted;

/// Whether all rows of a classification are predicted as one class although they are of several.
pub(super) fn is_one_class(rows: &Predicted) -> bool {
    rows.are_classified() && is_one(rows.classes()) && !is_one(rows.labels())
}

fn is_one(mut classes: impl Iterator<Item = u32>) -> bool {
    let first = classes.next();
    classes.all(|class| Some(class) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outputs: usize, values: &[f32], targets: &[f32]) -> bool {
        is_one_class(&Predicted::new(outputs, values.to_vec(), targets.to_vec()).unwrap())
    }

    #[test]
    fn a_single_logit_predicts_one_class_if_it_keeps_its_side_of_zero() {
        assert!(of(1, &[0.5, 2., 0.1], &[0., 1., 1.]));
        assert!(of(1, &[-0.5, 0., -9.], &[0., 1., 1.]));
        assert!(!of(1, &[-0.5, 2., 0.1], &[0., 1., 1.]));
    }

    #[test]
    fn several_logits_predict_one_class_if_the_largest_is_in_one_place() {
        assert!(of(3, &[0., 2., 1., -5., -3., -4.], &[1., 2.]));
        assert!(!of(3, &[0., 2., 1., -5., -3., -2.], &[1., 2.]));
    }

    #[test]
    fn rows_of_one_class_and_rows_without_one_say_nothing() {
        assert!(!of(1, &[0.5, 2.], &[1., 1.]), "as it should be");
        assert!(!of(1, &[-0.5, -2.], &[1., 1.]), "a wrong one");
        assert!(!of(1, &[0.5], &[0.]));
        assert!(!of(1, &[], &[]));
        assert!(!of(1, &[f32::NAN, f32::NAN], &[0., 1.]));
        assert!(!of(2, &[0., 1., 0., 1.], &[0., 7.]), "there is no class 7");
    }
}
