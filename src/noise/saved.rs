//! The file of a [`NoiseMap`].

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{Device, Result, Tensor, bail};

use super::map::NoiseMap;
use crate::ops::read_tensors;

impl NoiseMap {
    /// Writes seeds, steps and strengths as a safetensors file. Each site has a u32 tensor (R,) of
    /// steps under its path, and an f64 tensor (R,) of strengths as `@strengths.PATH`. The seeds
    /// are `@seeds` (R, 2), low half first. The steps of a path whose layer is gone are
    /// `@gone.PATH`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        candle_core::safetensors::save(&self.tensors()?, file)
    }

    /// Returns the content of a file.
    pub(crate) fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        for (path, steps) in self.steps() {
            tensors.insert(path, Tensor::new(steps, &Device::Cpu)?);
        }
        for (path, steps) in self.gone() {
            tensors.insert(format!("{}{path}", Self::GONE), Tensor::new(steps, &Device::Cpu)?);
        }
        for (path, strengths) in self.strengths() {
            let name = format!("{}{path}", Self::STRENGTHS);
            tensors.insert(name, Tensor::new(strengths, &Device::Cpu)?);
        }
        tensors.insert(Self::SEEDS.to_string(), Tensor::new(self.seed_halves(), &Device::Cpu)?);
        Ok(tensors)
    }

    /// Continues from the steps and strengths of a file written by [`NoiseMap::save`]. The paths whose
    /// layers are gone are then those of the file. A file of an earlier version has no strengths;
    /// they then stay as they are. Memory is proportional to the length of the file.
    ///
    /// # Errors
    /// If the file cannot be read or was written with other seeds, or [`NoiseMap::set_state`]
    /// fails.
    pub fn load<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        self.set_tensors(read_tensors(&fs::read(file)?)?)
    }

    /// Continues from the content of a file.
    pub(crate) fn set_tensors(&self, mut tensors: HashMap<String, Tensor>) -> Result<()> {
        let seeds = tensors.remove(Self::SEEDS).map(|seeds| seeds.to_vec2::<u32>()).transpose()?;
        if seeds != Some(self.seed_halves()) {
            bail!(
                "expected the steps of a noise map with the seeds {:?}, received those of others",
                self.seeds()
            )
        }
        let (mut steps, mut gone) = (BTreeMap::new(), BTreeMap::new());
        let mut strengths = BTreeMap::new();
        for (name, tensor) in tensors {
            if let Some(path) = name.strip_prefix(Self::STRENGTHS) {
                strengths.insert(path.to_string(), tensor.to_vec1()?);
            } else if let Some(path) = name.strip_prefix(Self::GONE) {
                gone.insert(path.to_string(), tensor.to_vec1()?);
            } else {
                steps.insert(name, tensor.to_vec1()?);
            }
        }
        self.check_replicas(&gone)?;
        self.set_state(&steps, &strengths)?;
        self.set_gone(gone);
        Ok(())
    }

    const SEEDS: &str = "@seeds";
    const STRENGTHS: &str = "@strengths.";
    const GONE: &str = "@gone.";

    /// Returns whether a path would be mistaken for another entry of a file.
    pub(super) fn is_reserved(path: &str) -> bool {
        path == Self::SEEDS || path.starts_with(Self::STRENGTHS) || path.starts_with(Self::GONE)
    }

    fn seed_halves(&self) -> Vec<Vec<u32>> {
        self.seeds().iter().map(|&seed| vec![seed as u32, (seed >> 32) as u32]).collect()
    }
}
