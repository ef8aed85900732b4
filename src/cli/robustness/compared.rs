//! Models side by side, from what was found of each.

use super::jobs::{Found, Job};
use super::models::Model;
use super::work::Done;
use crate::robust::{
    Average, Certificates, Certified, ComparedCurve, Contender, Curve, Geometry, Named, Norm,
    Repeats, Robustness, SHARES, Scan, Smoothing, curve_warnings,
};

/// The name of the share of predictions that change.
const FLIPS: &str = "flips";

/// The name of the metric of certificates.
const ACCURACY: &str = "accuracy";

/// Compares the models.
pub(super) fn compared(
    models: &[Model],
    jobs: &[Job],
    done: &Done,
    (rows, average): (usize, Option<u32>),
) -> Robustness {
    let first = done.contenders.first().map(Contender::seeds).unwrap_or_default();
    let named = |(own, model): (&Contender, &Model)| {
        let seeds = own.seeds();
        let pairs = seeds.iter().filter(|seed| first.contains(seed)).count();
        Named::new(&own.name, &model.folder.display().to_string(), [seeds.len(), pairs])
    };
    let named = done.contenders.iter().zip(models).map(named).collect();
    let primary = &done.metrics[0];
    let mut all = Robustness::new(named, primary.name(), primary.better(), rows);
    all.average = average;
    let side = Side::of(done);
    for (job, found) in jobs.iter().zip(&done.found) {
        match job {
            Job::Scan(scan, _) => {
                let found: Vec<&[Curve]> = found.iter().filter_map(curves).collect();
                side.add_scan(&mut all, scan, &found, done);
            }
            Job::Certify(options, radii) => {
                let found: Vec<&Certified> = found.iter().filter_map(certified).collect();
                let curves: Vec<&Curve> = found.iter().map(|own| &own.curve).collect();
                let what = (Robustness::CERTIFIED, Some(Norm::L2), ACCURACY);
                let curve = side.curve(what, radii, &curves, 0);
                all.curves.extend(curve.map(|own| own.in_units("radius")));
                all.certificates = Some(side.certificates(*options, &found));
            }
            Job::Geometry => {
                let found: Vec<&[Geometry]> = found.iter().filter_map(geometry).collect();
                all.geometry = side.geometry(&found);
            }
        }
    }
    let undefined = all.clean().into_iter().flat_map(|own| &own.models);
    let undefined = undefined.filter(|own| own.mean[0].is_none()).map(|own| {
        format!(
            "the {} of {} is undefined on the rows as they are: its outputs may not be finite",
            all.metric.replace('_', " "),
            own.name
        )
    });
    all.warnings = undefined.collect();
    all.warnings.extend(done.warnings.iter().cloned().chain(curve_warnings(&all.curves)));
    all
}

fn curves(found: &Found) -> Option<&[Curve]> {
    if let Found::Curves(own) = found { Some(own) } else { None }
}

fn certified(found: &Found) -> Option<&Certified> {
    if let Found::Certified(own) = found { Some(own) } else { None }
}

fn geometry(found: &Found) -> Option<&[Geometry]> {
    if let Found::Geometry(own) = found { Some(own) } else { None }
}

/// Models side by side.
struct Side<'a> {
    names: Vec<&'a str>,
    seeds: Vec<Vec<u64>>,
}

impl<'a> Side<'a> {
    fn of(done: &'a Done) -> Self {
        Self {
            names: done.contenders.iter().map(|own| own.name.as_str()).collect(),
            seeds: done.contenders.iter().map(|own| own.seeds()).collect(),
        }
    }

    /// Adds the curves of a scan, and the averages of the primary metric.
    fn add_scan(&self, all: &mut Robustness, scan: &Scan, found: &[&[Curve]], done: &Done) {
        for (place, (kind, norm)) in scan.kinds().into_iter().enumerate() {
            let curves: Vec<&Curve> = found.iter().filter_map(|own| own.get(place)).collect();
            let names = done.metrics.iter().map(|own| own.name()).chain([FLIPS]);
            for (column, name) in names.enumerate() {
                let what = (kind, norm, name);
                let curve = self.curve(what, &scan.strengths, &curves, column);
                all.curves.extend(curve.map(|own| own.in_units(scan.unit)));
                if column == 0 {
                    let repeats: Vec<_> = curves.iter().map(|own| own.of_each(0)).collect();
                    let models = self.repeats(&repeats);
                    all.averages.extend(Average::new(what, &scan.strengths, &models, 0.));
                }
            }
        }
    }

    /// Compares a metric; `None` if there is none, as flips of numbers.
    fn curve(
        &self,
        what: (&str, Option<Norm>, &str),
        strengths: &[f64],
        curves: &[&Curve],
        column: usize,
    ) -> Option<ComparedCurve> {
        let repeats: Vec<_> = curves.iter().map(|own| own.of_each(column)).collect();
        let is_whole = !repeats.iter().any(Vec::is_empty);
        is_whole.then(|| ComparedCurve::new(what, strengths, &self.repeats(&repeats), 0.))
    }

    fn repeats<'b>(&'b self, scores: &'b [Vec<Vec<Option<f64>>>]) -> Vec<Repeats<'b>> {
        let models = self.names.iter().zip(&self.seeds).zip(scores);
        let repeats = |((name, seeds), scores): ((&&'b str, &'b Vec<u64>), &'b Vec<Vec<_>>)| {
            Repeats { name, keys: seeds, scores: scores.iter().map(|own| &own[..]).collect() }
        };
        models.map(repeats).collect()
    }

    fn figures(&self, kind: &str, figures: &[Vec<Option<f64>>]) -> Average {
        Average::of_figures(kind, &self.names, &self.seeds, figures)
    }

    fn certificates(&self, options: Smoothing, found: &[&Certified]) -> Certificates {
        let abstention: Vec<Vec<Option<f64>>> =
            found.iter().map(|own| own.abstention.iter().copied().map(Some).collect()).collect();
        let mean = |own: &&Certified| {
            let of = |place: usize| own.p_low.iter().map(move |own| own[place]);
            let count = own.p_low.len().max(1) as f64;
            (0..SHARES.len()).map(|place| of(place).sum::<f64>() / count).collect()
        };
        let abstention = self.figures("abstention", &abstention);
        Certificates::new(options, abstention, found.iter().map(mean).collect())
    }

    fn geometry(&self, found: &[&[Geometry]]) -> Vec<Average> {
        type Figure = fn(&Geometry) -> Option<f64>;
        let figures: [(&str, Figure); 4] = [
            ("margin", |own| own.margin),
            ("distance", |own| own.distance),
            ("jacobian", |own| Some(own.jacobian)),
            ("curvature", |own| Some(own.curvature)),
        ];
        let of = |(kind, figure): (&str, Figure)| {
            let each: Vec<Vec<Option<f64>>> =
                found.iter().map(|own| own.iter().map(figure).collect()).collect();
            let is_defined = each.iter().flatten().any(Option::is_some);
            is_defined.then(|| self.figures(kind, &each))
        };
        figures.into_iter().filter_map(of).collect()
    }
}
