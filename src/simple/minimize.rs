//! The minimum of a smooth convex function.

use std::collections::VecDeque;

use super::cholesky::{add, dot};

/// A smooth convex function.
pub(super) trait Convex {
    /// Returns the value at a point and writes the gradient there.
    fn value(&self, at: &[f64], gradient: &mut [f64]) -> f64;

    /// Multiplies a vector by a guess of the inverse Hessian, which must be positive definite.
    fn precondition(&self, vector: &mut [f64]);

    /// Returns whether a gradient is zero up to round-off.
    fn is_zero(&self, gradient: &[f64]) -> bool;
}

/// The number of earlier steps from which a direction follows.
const MEMORY: usize = 10;

/// The most steps. Those of standardized columns take some tens.
const STEPS: usize = 2000;

/// A point with the value and the gradient there.
#[derive(Clone)]
struct Point {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Point {
    fn new(function: &impl Convex, at: Vec<f64>) -> Self {
        let mut gradient = vec![0.; at.len()];
        let value = function.value(&at, &mut gradient);
        Self { at, value, gradient }
    }
}

/// A step between two points.
struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    /// The product of the two, which is positive.
    product: f64,
}

/// Returns the minimum, starting from a point, by L-BFGS (Nocedal and Wright 2006, Numerical
/// Optimization, algorithm 7.5) with a preconditioner. It ends where no further step helps.
pub(super) fn minimize(function: &impl Convex, start: Vec<f64>) -> Vec<f64> {
    let mut point = Point::new(function, start);
    let mut steps: VecDeque<Step> = VecDeque::new();
    for _ in 0..STEPS {
        if function.is_zero(&point.gradient) {
            break;
        }
        let direction = direction(function, &point.gradient, &steps);
        let Some(next) = search(function, &point, &direction) else { break };
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let moved: Vec<f64> = difference(&next.at, &point.at);
        let turned: Vec<f64> = difference(&next.gradient, &point.gradient);
        let product = dot(&moved, &turned);
        if product > 0. {
            steps.truncate(MEMORY - 1);
            steps.push_front(Step { moved, turned, product });
        }
        point = next;
    }
    point.at
}

/// Returns the direction of the next step; `steps` begins with the last one.
fn direction(function: &impl Convex, gradient: &[f64], steps: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(steps.len());
    for step in steps {
        let share = dot(&step.moved, &direction) / step.product;
        add(&mut direction, -share, &step.turned);
        shares.push(share);
    }
    function.precondition(&mut direction);
    if let Some(last) = steps.front() {
        let mut turned = last.turned.clone();
        function.precondition(&mut turned);
        let scale = last.product / dot(&turned, &last.turned);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (step, share) in steps.iter().zip(shares).rev() {
        let excess = share - dot(&step.turned, &direction) / step.product;
        add(&mut direction, excess, &step.moved);
    }
    direction
}

/// Returns a point along a direction that satisfies Wolfe's conditions, or their approximation by Hager
/// and Zhang (2005, SIAM Journal on Optimization 16), which stays exact where values differ by
/// round-off only. Returns `None` if there is none.
fn search(function: &impl Convex, from: &Point, direction: &[f64]) -> Option<Point> {
    let slope = dot(direction, &from.gradient);
    if slope >= 0. || !slope.is_finite() {
        return None;
    }
    let (mut low, mut high, mut length) = (0., f64::INFINITY, 1.);
    for _ in 0..60 {
        let mut at = from.at.clone();
        add(&mut at, length, direction);
        let next = Point::new(function, at);
        let slope_there = dot(direction, &next.gradient);
        let falls = next.value <= from.value + 0.1 * length * slope;
        let equal = next.value <= from.value + 1e-10 * from.value.abs();
        if !(falls || equal && slope_there <= -0.8 * slope) {
            high = length;
        } else if slope_there < 0.9 * slope {
            low = length;
        } else {
            return Some(next);
        }
        length = if high.is_finite() { (low + high) / 2. } else { 4. * length };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cosh(x) + 50 cosh(y − 3), whose minimum is (0, 3); it grows exponentially, so that the first
    /// steps are far too long.
    struct Valley;

    impl Convex for Valley {
        fn value(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
            gradient.copy_from_slice(&[at[0].sinh(), 50. * (at[1] - 3.).sinh()]);
            at[0].cosh() + 50. * (at[1] - 3.).cosh()
        }

        fn precondition(&self, _vector: &mut [f64]) {}

        fn is_zero(&self, gradient: &[f64]) -> bool {
            gradient.iter().all(|g| g.abs() < 1e-12)
        }
    }

    #[test]
    fn the_lowest_point_of_a_valley() {
        for start in [[0., 0.], [20., -10.], [-1e-3, 3.], [5., 30.]] {
            let found = minimize(&Valley, start.to_vec());
            assert!(found[0].abs() < 1e-12 && (found[1] - 3.).abs() < 1e-13, "{found:?}");
        }
    }
}
