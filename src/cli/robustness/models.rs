//! The models of a comparison of robustness, and the rows that they are tried on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use candle_core::{DType, Device};

use crate::bundle::{Bundle, Networks, Rows, row_hashes};
use crate::cli::described::parts_of;
use crate::cli::exit::Failure;
use crate::data::Samples;
use crate::data::table::Format;
use crate::experiment::noise_name;
use crate::files::{self, sha256};
use crate::robust::{Contender, Form, Measured, Victim};

/// A trained model and where it is.
pub(super) struct Model {
    pub name: String,
    pub folder: PathBuf,
    pub bundle: Bundle,
}

/// The rows that all models are tried on.
pub(super) struct Tried {
    pub samples: Samples,
    /// What the rows are made of, measured on training rows if they are known.
    pub measured: Measured,
    /// What was decided about them.
    pub notes: Vec<String>,
    /// What makes scores on them doubtful.
    pub warnings: Vec<String>,
    /// What identifies their inputs and targets.
    pub hash: String,
    /// Where they are from, in words.
    pub source: String,
}

impl Model {
    /// Reads trained models that fit each other, with names that differ.
    ///
    /// # Errors
    /// If a folder is named twice or has no model, or the models take other inputs or have other metrics.
    pub fn read(folders: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        let files: Vec<PathBuf> = folders.iter().map(|own| Bundle::path(own)).collect();
        for (place, own) in files.iter().enumerate() {
            if files[..place].iter().any(|other| files::is_same(own, other)) {
                return Err(Failure::Usage(anyhow!(
                    "--model: expected each model once, received {} twice",
                    folders[place].display()
                )));
            }
        }
        let read = |folder: &PathBuf| -> Result<Self> {
            let bundle = Bundle::read(folder).context("--model")?;
            let name = noise_name(&bundle.about().training.noise);
            Ok(Self { name, folder: folder.clone(), bundle })
        };
        let mut models = folders.iter().map(read).collect::<Result<Vec<_>>>()?;
        models.iter().try_for_each(|own| own.check(&models[0]))?;
        let names: Vec<String> = models.iter().map(|own| own.name.clone()).collect();
        for own in &mut models {
            if names.iter().filter(|name| **name == own.name).count() > 1 {
                own.name = format!("{} ({})", own.name, own.folder.display());
            }
            // A folder's name may contain control characters.
            own.name = own.name.replace(char::is_control, " ");
        }
        Ok(models)
    }

    /// Checks that a model takes the rows of another one.
    fn check(&self, first: &Self) -> Result<()> {
        let [own, other] = [self, first].map(|model| &model.bundle.about().training);
        let [here, there] = [self, first].map(|model| model.folder.display());
        ensure!(
            own.task == other.task,
            "--model: expected models of one task, received {} in {there} and {} in {here}",
            other.task,
            own.task
        );
        ensure!(
            own.inputs == other.inputs,
            "--model: expected models with the same inputs and preparation, received others in {here} than in \
             {there}: train them on the same rows"
        );
        ensure!(
            own.metric == other.metric,
            "--model: expected models of one metric, received {} in {there} and {} in {here}",
            other.metric,
            own.metric
        );
        Ok(())
    }

    /// Returns the model's networks with the rows that they are tried on: at least as many victims as threads
    /// if there are as many networks. `draws` of the training noise are averaged, if there is noise.
    ///
    /// # Errors
    /// If all networks diverged.
    pub fn contender(
        &self,
        tried: &Tried,
        threads: usize,
        draws: Option<u32>,
        device: &Device,
    ) -> Result<Contender> {
        const MOST: usize = 32;
        let training = &self.bundle.about().training;
        let draws = draws.filter(|_| self.is_noisy());
        let most = training.seeds.len().div_ceil(threads.max(1)).min(MOST);
        let limits = tried.measured.limits()?.on(device)?;
        let victim = |own: Networks| -> Result<Victim> {
            let axis = training.network.axis();
            let victim = Victim::new(own.model, training.objective(), axis, &own.seeds)?;
            let victim = victim.with_limits(limits.clone());
            Ok(match draws {
                Some(draws) => victim.averaged(&own.noise, draws),
                None => victim,
            })
        };
        let networks = self.bundle.networks(most, draws.is_some(), device);
        let networks = networks.with_context(|| format!("--model: {}", self.folder.display()))?;
        Ok(Contender {
            name: self.name.clone(),
            victims: networks.into_iter().map(victim).collect::<Result<_>>()?,
            rows: tried.samples.on(device)?,
            units: training.inputs.units(),
        })
    }

    /// Returns a warning if some of its networks diverged.
    pub fn diverged(&self, finished: usize) -> Option<String> {
        let all = self.bundle.about().training.seeds.len();
        (finished < all).then(|| {
            format!(
                "of {all} networks of {} {} diverged and are left out",
                self.name,
                all - finished
            )
        })
    }

    /// Returns whether it has noise that predictions pass through.
    pub fn is_noisy(&self) -> bool {
        self.bundle.about().training.noise.iter().any(|own| own.is_in_model())
    }

    /// Returns what identifies the model.
    pub fn hash(&self) -> Result<String> {
        Ok(sha256(&self.bundle.to_safetensors()?))
    }
}

impl Tried {
    fn new(samples: Samples, measured: Measured, source: String) -> Result<Self> {
        let hashes = row_hashes(&samples).context("rows")?;
        let (_, targets) = samples.range(0, samples.rows())?;
        let targets = targets.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let inputs = hashes.iter().flat_map(|hash| hash.to_le_bytes());
        let bytes: Vec<u8> = inputs.chain(targets.iter().flat_map(|y| y.to_le_bytes())).collect();
        let (notes, warnings) = (Vec::new(), Vec::new());
        Ok(Self { samples, measured, notes, warnings, hash: sha256(&bytes), source })
    }

    /// Returns how many rows have an input outside the range of the training rows.
    ///
    /// # Errors
    /// If the rows have other inputs than the training rows.
    pub fn outside(&self) -> Result<usize> {
        let (xs, _) = self.samples.range(0, self.samples.rows())?;
        Ok(self.measured.limits()?.outside(&self.samples.with_replica_axis(xs)?)?)
    }

    /// Returns the rows of a file, or else the test rows of the models' task.
    ///
    /// # Errors
    /// If the file does not fit the models or has no targets, there is none and the models do not draw their data,
    /// or they have different test rows.
    pub fn read(models: &[Model], file: Option<&Path>, format: &Format) -> Result<Self, Failure> {
        let first = &models[0].bundle.about().training;
        let form = Form::of(&first.inputs);
        let parts = parts_of(&first.settings)?;
        let measured =
            form.measured(parts.as_ref().map(|own| &own.train)).context("training rows")?;
        let Some(file) = file else {
            let Some(parts) = parts else {
                let message = "expected --data FILE, rows with targets, because the data of these models do not \
                               come with the program; received none";
                return Err(Failure::Usage(anyhow!(message)));
            };
            let hashes = row_hashes(&parts.test).context("test rows")?;
            for own in &models[1..] {
                let other = parts_of(&own.bundle.about().training.settings)?;
                let is_same = match other {
                    Some(other) => row_hashes(&other.test).context("test rows")? == hashes,
                    None => false,
                };
                if !is_same {
                    return Err(Failure::Failed(anyhow!(
                        "--model: expected models with the same test rows, received others in {} than in {}",
                        own.folder.display(),
                        models[0].folder.display()
                    )));
                }
            }
            let source = format!("test rows of {}", first.task);
            return Ok(Self::new(parts.test, measured, source)?);
        };
        let rows = first.inputs.read_labelled(file, format)?;
        let mut warnings = rows.filled.clone();
        for own in models {
            warnings.extend(known(own, &rows)?);
        }
        let measured = match &first.inputs {
            // Cells are swapped with those of the rows themselves.
            _ if parts.is_none() => form.measured(Some(&rows.samples)).context("rows")?,
            _ => measured,
        };
        let own = Self::new(rows.samples, measured, file.display().to_string())?;
        let is_note = |own: &String| !rows.filled.contains(own);
        Ok(Self { notes: rows.notes.into_iter().filter(is_note).collect(), warnings, ..own })
    }
}

/// Returns a note if a model was trained on some of the rows.
fn known(model: &Model, rows: &Rows) -> Result<Option<String>> {
    let (known, all) = (model.bundle.trained_on(rows)?, rows.numbers.len());
    Ok((known > 0).then(|| {
        format!(
            "{} was trained on the inputs of {known} of the {all} rows: its scores on them are optimistic",
            model.name
        )
    }))
}
