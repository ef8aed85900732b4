//! Writes results, the most important first: what fails later loses nothing that is there.

use std::borrow::Borrow;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::args::PlotFormat;
use super::contents::Contents;
use super::exit::line;
use super::terminal::{print, warn};
use crate::files;
use crate::report::plot::Scene;

/// The name of the file with the figures.
pub(super) const RESULT: &str = "result.json";

/// The results of one program, while they are written.
pub(super) struct Results {
    folder: PathBuf,
    written: Vec<String>,
    failed: Vec<anyhow::Error>,
}

impl Results {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, written: Vec::new(), failed: Vec::new() }
    }

    /// Prints the result on standard output.
    pub fn print(&mut self, text: &[u8]) {
        if let Err(error) = print(text) {
            self.fail(error);
        }
    }

    /// Describes in the folder what it holds.
    pub fn describe(&mut self, contents: &Contents) {
        if let Err(error) = contents.write(&self.folder) {
            self.fail(error);
        }
    }

    /// Writes a file. A failure is a warning.
    pub fn write(&mut self, name: &str, bytes: Result<Vec<u8>>) {
        let path = self.folder.join(name);
        self.add(name, bytes.and_then(|bytes| files::write(&path, &bytes)));
    }

    /// Writes a file if there is something to write.
    pub fn write_if_any(&mut self, name: &str, bytes: Result<Option<Vec<u8>>>) {
        if let Some(bytes) = bytes.transpose() {
            self.write(name, bytes);
        }
    }

    /// Writes a picture in each wanted format. A failure is a warning.
    pub fn draw(&mut self, name: &str, format: PlotFormat, scene: Result<impl Borrow<Scene>>) {
        let scene = match scene {
            Ok(scene) => scene,
            Err(error) => return self.fail(error.context(format!("{name} is missing"))),
        };
        if format != PlotFormat::Svg {
            self.write(&format!("{name}.png"), scene.borrow().png());
        }
        if format != PlotFormat::Png {
            self.write(&format!("{name}.svg"), scene.borrow().svg(name).map(String::into_bytes));
        }
    }

    /// Notes that something has been written, or the failure.
    pub fn add(&mut self, name: &str, written: Result<()>) {
        match written {
            Ok(()) => self.written.push(name.to_string()),
            Err(error) => self.fail(error.context(format!("{name} is missing"))),
        }
    }

    /// Notes a failure and warns of it.
    pub fn fail(&mut self, error: anyhow::Error) {
        warn(&line(&error));
        self.failed.push(error);
    }

    /// Removes files of an earlier command that are not those of this one.
    pub fn remove_others(&mut self, names: &[&str]) {
        let is_old = |name: &&&str| !self.written.iter().any(|own| own == **name);
        let old: Vec<&str> = names.iter().filter(is_old).copied().collect();
        if let Err(error) = files::remove(&self.folder, &old) {
            self.fail(error);
        }
    }

    /// Returns the path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// If something could not be written. The error says what is there.
    pub fn finish(self) -> Result<()> {
        let folder = self.folder.display();
        let parts = match self.failed.len() {
            0 => return Ok(()),
            1 => "a part of the output is missing".to_string(),
            count => format!("{count} parts of the output are missing"),
        };
        match self.written.is_empty() {
            true => Err(anyhow!("{parts}; {folder} has no results")),
            false => Err(anyhow!("{parts}; {folder} has {}", self.written.join(", "))),
        }
    }
}
