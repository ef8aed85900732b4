//! Corruptions of the rows that a trained model sees, in five severities.
//!
//! Those of images are Hendrycks and Dietterich's for CIFAR-10 (2019, arXiv:1903.12261, their code's constants),
//! except `pixelate`, whose blocks are means of whole pixels, and `shift`, which is not theirs.
//!
//! | of tables | what it does | severities 1 to 5 |
//! |---|---|---|
//! | `additive` | [`Gaussian`] noise on numbers, in standard deviations | 0.1, 0.2, 0.3, 0.5, 1 |
//! | `shifted` | numbers [`Shifted`] by standard deviations | 0.1, 0.25, 0.5, 1, 2 |
//! | `scaled` | distances of numbers from the mean [`Scaled`] by a factor | 1.1, 1.25, 1.5, 2, 3 |
//! | `missing-cells` | a share of the cells [`Missing`] | 0.05, 0.1, 0.2, 0.3, 0.5 |
//! | `swapped-cells` | a share of the cells [`Swapped`] with other rows | 0.05, 0.1, 0.2, 0.3, 0.5 |
//! | `wrong-category` | a share of the categories becomes another one ([`WrongCategory`]) | 0.05, 0.1, 0.2, 0.3, 0.5 |
//!
//! | of images | what it does | severities 1 to 5 |
//! |---|---|---|
//! | `gaussian-noise` | [`Gaussian`] noise of this standard deviation | 0.04, 0.06, 0.08, 0.09, 0.1 |
//! | `speckle-noise` | [`Speckle`]: noise in proportion to the pixel | 0.06, 0.1, 0.12, 0.16, 0.2 |
//! | `impulse-noise` | this share of [`SaltAndPepper`] | 0.01, 0.02, 0.03, 0.05, 0.07 |
//! | `shot-noise` | [`Shot`]: Poisson noise of this number of photons at white | 500, 250, 100, 75, 50 |
//! | `blur` | Gaussian [`Blur`] of this standard deviation in pixels | 0.4, 0.6, 0.7, 0.8, 1 |
//! | `contrast` | distances from the image's mean times this ([`Contrast`]) | 0.75, 0.5, 0.4, 0.3, 0.15 |
//! | `brightness` | pixels [`Shifted`] by this | 0.05, 0.1, 0.15, 0.2, 0.3 |
//! | `pixelate` | [`Pixelate`] to this share of height and width | 0.95, 0.9, 0.85, 0.75, 0.65 |
//! | `shift` | the image [`Moved`] by this number of pixels in one of four directions | 0.5, 1, 1.5, 2, 2.5 |
//!
//! | of sequences | what it does | severities 1 to 5 |
//! |---|---|---|
//! | `noise` | [`Gaussian`] noise in standard deviations of the channel | 0.1, 0.2, 0.3, 0.5, 1 |
//! | `dropped-steps` | a share of the steps is left out ([`DroppedSteps`]) | 0.05, 0.1, 0.2, 0.3, 0.5 |
//! | `time-warp` | the tempo varies by this share ([`TimeWarp`]) | 0.1, 0.2, 0.4, 0.6, 0.8 |

mod blur;
mod contrast;
mod dropped_steps;
mod moved;
mod pixelate;
mod scaled;
mod shifted;
mod shot;
mod speckle;
mod swapped;
mod time_warp;
mod wrong_category;

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

pub use blur::Blur;
pub use contrast::Contrast;
pub use dropped_steps::DroppedSteps;
pub use moved::Moved;
pub use pixelate::Pixelate;
pub use scaled::Scaled;
pub use shifted::Shifted;
pub use shot::Shot;
pub use speckle::Speckle;
pub use swapped::Swapped;
pub use time_warp::TimeWarp;
pub use wrong_category::WrongCategory;

use super::change::check;
use super::noise::{Gaussian, Missing, SaltAndPepper};
use super::row::each_row;
use super::{Attack, Cell, Change, Form, Measured, Row, Rows, Victim};

/// A corruption: a change in five severities, 0 being none. The strength of the attack is the severity.
#[derive(Clone, Debug)]
pub struct Corruption {
    name: String,
    change: Arc<dyn Change>,
    amounts: [f64; 5],
    of: Measured,
}

impl Corruption {
    /// Creates a corruption that changes rows by one of five amounts. The name is also the site of its draws.
    ///
    /// # Errors
    /// If an amount is negative, not finite, or a share above 1.
    pub fn new(
        name: &str,
        change: impl Change + 'static,
        amounts: [f64; 5],
        of: &Measured,
    ) -> Result<Self> {
        amounts.iter().try_for_each(|amount| check(&change, *amount))?;
        Ok(Self { name: name.to_string(), change: Arc::new(change), amounts, of: of.clone() })
    }

    /// Returns the amount of each severity from 1 on.
    pub fn amounts(&self) -> [f64; 5] {
        self.amounts
    }
}

impl Attack for Corruption {
    fn name(&self) -> &str {
        &self.name
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, draw: u32) -> Result<Tensor> {
        if strength == 0. {
            return Ok(rows.xs.clone());
        }
        let severities = (1..).map(f64::from).zip(self.amounts);
        let Some((_, amount)) = severities.into_iter().find(|(own, _)| *own == strength) else {
            bail!("expected a severity of 0, 1, 2, 3, 4 or 5, received {strength}")
        };
        let change = |row: &mut Row| self.change.change(row, amount);
        each_row(&self.of, rows, on.seeds(), (&self.name, draw), change)
    }
}

/// The shares of what tables and sequences lose.
const SHARES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

/// The standard deviations of noise on tables and sequences.
const STDDEVS: [f64; 5] = [0.1, 0.2, 0.3, 0.5, 1.];

/// Returns all corruptions that fit a form. Cells are swapped only if rows were measured.
///
/// # Errors
/// If the means of the inputs cannot be made tensors.
pub fn corruptions(of: &Measured) -> Result<Vec<Corruption>> {
    match of.form() {
        Form::Table { cells, .. } => of_tables(of, cells),
        Form::Image { .. } => of_images(of),
        Form::Steps { .. } => of_sequences(of),
    }
}

fn of_tables(of: &Measured, cells: &[Cell]) -> Result<Vec<Corruption>> {
    let mut all = Vec::new();
    if cells.iter().any(|cell| matches!(cell, Cell::Number { .. })) {
        all.push(Corruption::new("additive", Gaussian, STDDEVS, of)?);
        all.push(Corruption::new("shifted", Shifted, [0.1, 0.25, 0.5, 1., 2.], of)?);
        all.push(Corruption::new("scaled", Scaled, [1.1, 1.25, 1.5, 2., 3.], of)?);
    }
    all.push(Corruption::new("missing-cells", Missing, SHARES, of)?);
    if of.has_donors() {
        all.push(Corruption::new("swapped-cells", Swapped, SHARES, of)?);
    }
    if cells.iter().any(|cell| matches!(cell, Cell::Category { .. })) {
        all.push(Corruption::new("wrong-category", WrongCategory, SHARES, of)?);
    }
    Ok(all)
}

fn of_images(of: &Measured) -> Result<Vec<Corruption>> {
    Ok(vec![
        Corruption::new("gaussian-noise", Gaussian, [0.04, 0.06, 0.08, 0.09, 0.1], of)?,
        Corruption::new("speckle-noise", Speckle, [0.06, 0.1, 0.12, 0.16, 0.2], of)?,
        Corruption::new("impulse-noise", SaltAndPepper, [0.01, 0.02, 0.03, 0.05, 0.07], of)?,
        Corruption::new("shot-noise", Shot, [500., 250., 100., 75., 50.], of)?,
        Corruption::new("blur", Blur, [0.4, 0.6, 0.7, 0.8, 1.], of)?,
        Corruption::new("contrast", Contrast, [0.75, 0.5, 0.4, 0.3, 0.15], of)?,
        Corruption::new("brightness", Shifted, [0.05, 0.1, 0.15, 0.2, 0.3], of)?,
        Corruption::new("pixelate", Pixelate, [0.95, 0.9, 0.85, 0.75, 0.65], of)?,
        Corruption::new("shift", Moved, [0.5, 1., 1.5, 2., 2.5], of)?,
    ])
}

fn of_sequences(of: &Measured) -> Result<Vec<Corruption>> {
    Ok(vec![
        Corruption::new("noise", Gaussian, STDDEVS, of)?,
        Corruption::new("dropped-steps", DroppedSteps, SHARES, of)?,
        Corruption::new("time-warp", TimeWarp, [0.1, 0.2, 0.4, 0.6, 0.8], of)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::super::noise::noises;
    use super::super::testing::{applied, image, sequence, table, unmeasured_points, values};
    use super::*;

    fn bits(xs: &Tensor) -> Result<Vec<u32>> {
        Ok(values(xs)?.into_iter().map(f32::to_bits).collect())
    }

    fn all(of: &Measured) -> Result<Vec<Arc<dyn Attack>>> {
        let noise = noises(of).into_iter().map(|own| Arc::new(own) as Arc<dyn Attack>);
        let corruption = corruptions(of)?.into_iter().map(|own| Arc::new(own) as Arc<dyn Attack>);
        Ok(noise.chain(corruption).collect())
    }

    /// Law 61, and what all of them keep: bits at 0, shapes, the indicators' sums, pixels within 0 and 1.
    #[test]
    fn strength_0_is_the_identity_and_5_changes_rows() -> Result<()> {
        for (of, xs) in [table(30)?, image(8, 8)?, sequence()?, unmeasured_points()?] {
            let mut names = Vec::new();
            for attack in all(&of)? {
                let name = attack.name().to_string();
                assert_eq!(bits(&applied(&*attack, &xs, 0, 0.)?)?, bits(&xs)?, "{name} of 0");
                let most = if attack.draws() > 1 { 1. } else { 5. };
                let found = applied(&*attack, &xs, 0, most)?;
                assert_eq!(found.dims(), xs.dims(), "{name}");
                assert_ne!(values(&found)?, values(&xs)?, "{name} of {most}");
                assert_eq!(bits(&found)?, bits(&applied(&*attack, &xs, 0, most)?)?, "{name} again");
                if let Form::Image { .. } = of.form() {
                    assert!(values(&found)?.iter().all(|x| (0.0..=1.).contains(x)), "{name}");
                }
                names.push(name);
            }
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "names are unique");
        }
        Ok(())
    }

    /// A row has the same draws in any batch.
    #[test]
    fn halves_are_changed_as_the_whole() -> Result<()> {
        let (of, xs) = table(10)?;
        for attack in all(&of)? {
            let most = if attack.draws() > 1 { 0.5 } else { 4. };
            let whole = applied(&*attack, &xs, 0, most)?;
            let halves: Result<Vec<Tensor>> = [0u32, 5]
                .iter()
                .map(|first| applied(&*attack, &xs.narrow(1, *first as usize, 5)?, *first, most))
                .collect();
            assert_eq!(bits(&whole)?, bits(&Tensor::cat(&halves?, 1)?)?, "{}", attack.name());
        }
        Ok(())
    }

    /// Replicas with the same rows draw by their own seeds, the first one as alone.
    #[test]
    fn a_replica_is_changed_as_alone() -> Result<()> {
        let (of, xs) = table(10)?;
        let both = Tensor::cat(&[&xs, &xs], 0)?;
        for attack in all(&of)? {
            let most = if attack.draws() > 1 { 0.5 } else { 4. };
            let found = applied(&*attack, &both, 0, most)?;
            let [first, second] = [0, 1].map(|replica| bits(&found.narrow(0, replica, 1)?));
            let (name, alone) = (attack.name(), bits(&applied(&*attack, &xs, 0, most)?)?);
            assert_eq!(first?, alone, "{name}");
            let draws = !["shifted", "scaled"].contains(&name);
            assert_eq!(second? != alone, draws, "{name}");
        }
        Ok(())
    }

    /// Padding after a sequence changes none of its steps and stays unchanged.
    #[test]
    fn padding_changes_nothing() -> Result<()> {
        let (of, xs) = sequence()?;
        let padded = xs.pad_with_zeros(2, 0, 3)?;
        for attack in all(&of)? {
            let most = if attack.draws() > 1 { 0.5 } else { 5. };
            let (alone, found) =
                (applied(&*attack, &xs, 0, most)?, applied(&*attack, &padded, 0, most)?);
            assert_eq!(values(&found.narrow(2, 0, 4)?)?, values(&alone)?, "{}", attack.name());
            assert_eq!(values(&found.narrow(2, 4, 3)?)?, [0.; 6], "{}", attack.name());
        }
        Ok(())
    }

    #[test]
    fn other_severities_and_forms_are_refused() -> Result<()> {
        let (of, xs) = table(4)?;
        let all = corruptions(&of)?;
        for wrong in [2.5, 6., -1., f64::NAN] {
            let refused = applied(&all[0], &xs, 0, wrong).unwrap_err().to_string();
            assert!(refused.contains("expected a severity of 0, 1, 2, 3, 4 or 5"), "{refused}");
        }
        let blur = Corruption::new("blur", Blur, [1.; 5], &of)?;
        let refused = applied(&blur, &xs, 0, 1.).unwrap_err().to_string();
        assert!(refused.starts_with("expected images, received Table"), "{refused}");
        let refused = applied(&all[0], &image(2, 2)?.1, 0, 1.).unwrap_err().to_string();
        assert!(refused.starts_with("expected rows (6,), received [1, 2, 2]"), "{refused}");
        assert!(Corruption::new("missing", Missing, [0.5, 1., 2., 3., 4.], &of).is_err());
        Ok(())
    }
}
