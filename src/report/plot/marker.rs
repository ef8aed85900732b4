//! Colours and marks of the sets of rows, of the baseline, and of everything else. They differ under the
//! common colour-vision deficiencies; without colour the shapes or the fillings differ, too.

use std::f64::consts::TAU;

use super::ink::{Ink, WHITE, blend};
use super::scene::{Pixel, Scene, Shape};

/// Navy, magenta and orange: the colours of training, validation and test rows.
const SETS: [u32; 3] = [0x123f85, 0xb8327a, 0xe08a00];

/// Colours of classes, channels and series.
const PALETTE: [u32; 10] = [
    0x762a83, 0x4da65a, 0x56b4e9, 0x8c510a, 0xf1a6c4, 0xc2b000, 0x005f60, 0xe0604c, 0x000000,
    0x999999,
];

/// Which rows: their colour and the filling of their marks are the same in all pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Training rows: navy, filled.
    Train,
    /// Validation rows: magenta, hollow with a dot.
    Validation,
    /// Test rows: orange, hollow.
    Test,
}

impl Set {
    /// Returns the name in legends.
    pub fn name(self) -> &'static str {
        ["train", "validation", "test"][self as usize]
    }
}

/// What a line or a group shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rows with the noise off.
    Set(Set),
    /// Training rows with the noise on.
    Noisy,
    /// The baseline.
    Baseline,
    /// Anything else, by number. Colours and shapes repeat after ten.
    Series(u32),
}

/// A mark: its colour, its shape and its filling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Marker {
    pub ink: Ink,
    shape: u32,
    filling: Set,
}

/// The shapes of the marks of sets and of the baseline: no class and no series has them.
const DIAMOND: u32 = 10;
const STAR: u32 = 11;

impl Marker {
    pub fn of(kind: Kind) -> Self {
        let marker = |hex, shape, filling| Self { ink: Ink::of(hex), shape, filling };
        match kind {
            Kind::Set(set) => marker(SETS[set as usize], DIAMOND, set),
            Kind::Noisy => marker(0x889fc2, DIAMOND, Set::Train),
            Kind::Baseline => marker(0x595959, STAR, Set::Train),
            Kind::Series(n) => marker(PALETTE[n as usize % 10], n % 10, Set::Train),
        }
    }

    /// Returns the mark of a row of a class.
    pub fn of_class(class: u32, set: Set) -> Self {
        Self { filling: set, ..Self::of(Kind::Series(class)) }
    }

    /// Returns the mark of a set without a class.
    pub fn of_any_class(set: Set) -> Self {
        Self { filling: set, shape: 0, ..Self::of(Kind::Baseline) }
    }

    /// Returns the mark in a colour that is lighter by a share.
    pub fn lighter(self, share: f64) -> Self {
        Self { ink: blend(self.ink, WHITE, share), ..self }
    }

    /// Draws the mark around `at`, about as large as a circle of `radius`. A white edge separates a
    /// filled mark from what lies below it.
    pub fn draw(self, scene: &mut Scene, at: Pixel, radius: f64) {
        let shape = match self.filling {
            Set::Train => Shape::polygon(&self.corners(radius + 0.8), self.ink, Some((1.2, WHITE))),
            _ => Shape::polygon(&self.corners(radius), WHITE, Some((2.0, self.ink))),
        };
        scene.mark(&shape, at);
        if self.filling == Set::Validation {
            scene.mark(&dot(self.ink, 0.3 * radius, 0.0), at);
        }
    }

    /// Returns the corners around the origin.
    fn corners(self, radius: f64) -> Vec<Pixel> {
        // corners, the first one's part of a turn, how far they are, and how far the notches
        let (corners, turn, outer, inner) = match self.shape {
            DIAMOND => (4, 0.0, 1.3, None),
            STAR => (3, 0.25, 1.8, Some(0.6)),
            0 => (40, 0.0, 1.0, None),
            1 => (4, 0.125, 1.25, None),
            2 => (3, 0.25, 1.45, None),
            3 => (3, 0.75, 1.45, None),
            4 => (3, 0.5, 1.45, None),
            5 => (4, 0.0, 1.6, Some(0.55)),
            6 => (5, 0.25, 1.5, Some(0.62)),
            7 => (4, 0.125, 1.6, Some(0.55)),
            8 => (5, 0.25, 1.2, None),
            _ => (6, 0.0, 1.15, None),
        };
        let tips = ring(corners, turn, outer * radius);
        let Some(inner) = inner else { return tips };
        let notches = ring(corners, turn + 0.5 / corners as f64, inner * radius);
        tips.into_iter().zip(notches).flat_map(|(tip, notch)| [tip, notch]).collect()
    }
}

/// Returns a filled circle with a white edge.
pub(super) fn dot(ink: Ink, radius: f64, edge: f64) -> Shape {
    Shape::polygon(&ring(24, 0.0, radius), ink, (edge > 0.0).then_some((edge, WHITE)))
}

/// Returns corners at equal angles, with the first at `turn` of a full turn.
fn ring(corners: usize, turn: f64, radius: f64) -> Vec<Pixel> {
    let angle = |i: usize| (i as f64 / corners as f64 + turn) * TAU;
    (0..corners).map(|i| [radius * angle(i).cos(), -radius * angle(i).sin()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a colour reaches the eye with protanopia, deuteranopia and tritanopia: matrices for linear
    /// RGB at severity 1 from Machado, Oliveira and Fernandes, "A Physiologically-based Model for
    /// Simulation of Color Vision Deficiency" (2009). Grey is the luminance of sRGB.
    const VIEWS: [(&str, [[f64; 3]; 3]); 5] = [
        ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ],
        ),
        ("grey", [[0.2126, 0.7152, 0.0722]; 3]),
    ];

    /// Returns a colour in CIE 1976 L*a*b* for the white of D65, as a view shows it.
    fn lab(ink: Ink, view: &[[f64; 3]; 3]) -> [f64; 3] {
        let times = |m: &[[f64; 3]; 3], v: [f64; 3]| {
            [0, 1, 2].map(|i| (0..3).map(|k| m[i][k] * v[k]).sum::<f64>())
        };
        let linear = ink.rgb.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        let xyz = [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ];
        let seen = times(&xyz, times(view, linear).map(|v| v.clamp(0.0, 1.0)));
        let white = [0.95047, 1.0, 1.08883];
        let [x, y, z] = [0, 1, 2].map(|i| {
            let share = seen[i] / white[i];
            if share > 216.0 / 24389.0 {
                share.cbrt()
            } else {
                (24389.0 / 27.0 * share + 16.0) / 116.0
            }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Returns the CIE 1976 difference of two colours.
    fn difference(a: Ink, b: Ink, view: &[[f64; 3]; 3]) -> f64 {
        let (a, b) = (lab(a, view), lab(b, view));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    }

    fn pairs(markers: &[Marker]) -> impl Iterator<Item = (Marker, Marker)> {
        let all = move |(index, a): (usize, &Marker)| {
            let a = *a;
            markers[..index].iter().map(move |b| (a, *b)).collect::<Vec<_>>()
        };
        markers.iter().enumerate().flat_map(all)
    }

    const ALL: [Set; 3] = [Set::Train, Set::Validation, Set::Test];

    fn classes() -> Vec<Marker> {
        (0..10).map(|class| Marker::of(Kind::Series(class))).collect()
    }

    #[test]
    fn known_colours_have_their_known_differences() {
        let (normal, grey) = (&VIEWS[0].1, &VIEWS[4].1);
        assert!((difference(Ink::of(0), WHITE, normal) - 100.0).abs() < 0.01);
        // red: L* 53.24, a* 80.09, b* 67.20 (Lindbloom, "CIE Color Calculator")
        let red = lab(Ink::of(0xff0000), normal);
        assert!(
            red.iter().zip([53.24, 80.09, 67.20]).all(|(a, b)| (a - b).abs() < 0.02),
            "{red:?}"
        );
        // without red cones, red is dark: its lightness falls
        assert!(lab(Ink::of(0xff0000), &VIEWS[1].1)[0] < 45.0);
        assert!(lab(Ink::of(0xff0000), grey)[1].abs() < 0.1);
    }

    #[test]
    fn sets_differ_in_each_view_and_in_their_filling() {
        for (a, b) in pairs(&ALL.map(|set| Marker::of(Kind::Set(set)))) {
            for (name, view) in &VIEWS {
                let difference = difference(a.ink, b.ink, view);
                assert!(difference >= 15.0, "{a:?} and {b:?} in {name}: {difference}");
            }
            assert!(a.filling != b.filling && a.shape == b.shape);
        }
    }

    #[test]
    fn classes_differ_in_each_view_and_in_their_shape() {
        for (a, b) in pairs(&classes()) {
            for (name, view) in &VIEWS[..4] {
                let difference = difference(a.ink, b.ink, view);
                assert!(difference >= 10.0, "{a:?} and {b:?} in {name}: {difference}");
            }
            assert!(a.corners(5.0) != b.corners(5.0), "{a:?} and {b:?}");
        }
        assert_eq!(Marker::of(Kind::Series(13)), Marker::of(Kind::Series(3)));
        assert_eq!(Marker::of(Kind::Series(u32::MAX)).shape, 5);
    }

    #[test]
    fn classes_do_not_look_like_sets() {
        for class in classes() {
            for set in ALL.map(|set| Marker::of(Kind::Set(set))) {
                let difference = difference(class.ink, set.ink, &VIEWS[0].1);
                assert!(difference >= 25.0, "{class:?} and {set:?}: {difference}");
                assert!(class.corners(5.0) != set.corners(5.0));
            }
        }
    }

    #[test]
    fn all_kinds_differ_without_colour() {
        let sets = ALL.map(|set| Marker::of(Kind::Set(set)));
        let others = [Kind::Noisy, Kind::Baseline].map(Marker::of);
        let all = [&sets[..], &others, &classes()].concat();
        for (a, b) in pairs(&all) {
            let lighter = (lab(a.ink, &VIEWS[4].1)[0] - lab(b.ink, &VIEWS[4].1)[0]).abs();
            let same = a.corners(5.0) == b.corners(5.0) && a.filling == b.filling;
            // training rows with and without noise
            assert!(!same || lighter >= 25.0, "{a:?} and {b:?}: {lighter}");
        }
    }

    #[test]
    fn fillings_show_the_set() {
        let shapes = |set| {
            let mut scene = Scene::new("", 20.0, 20.0);
            Marker::of_class(1, set).draw(&mut scene, [10.0; 2], 5.0);
            let (_, run) = &scene.copies()[0];
            run.iter().map(|shape| (shape.fill, shape.line)).collect::<Vec<_>>()
        };
        let ink = Marker::of(Kind::Series(1)).ink;
        assert_eq!(shapes(Set::Train), [(Some(ink), Some((1.2, WHITE)))]);
        assert_eq!(shapes(Set::Test), [(Some(WHITE), Some((2.0, ink)))]);
        let [ring, dot] = shapes(Set::Validation)[..] else { panic!("expected a ring and a dot") };
        assert_eq!((ring, dot), (shapes(Set::Test)[0], (Some(ink), None)));
        assert_eq!(Marker::of_any_class(Set::Test).filling, Set::Test);
    }
}
