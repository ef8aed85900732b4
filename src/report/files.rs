//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};

/// Held while a file is written, so that an interrupt can wait for it.
static WRITING: Mutex<()> = Mutex::new(());

fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the file that is being written, and lets none begin while the guard lives.
pub fn wait_for_files() -> impl Drop {
    writing()
}

/// Makes a folder for results and checks that files can be written to it.
///
/// # Errors
/// When the path is a file, or the folder cannot be made or written to.
pub fn create_folder(folder: &Path) -> Result<()> {
    let name = folder.display();
    ensure!(
        !folder.exists() || folder.is_dir(),
        "cannot write results to {name}: expected a folder, received a file"
    );
    fs::create_dir_all(folder).with_context(|| format!("cannot make the result folder {name}"))?;
    let _writing = writing();
    tempfile::tempfile_in(folder)
        .with_context(|| format!("cannot write to the result folder {name}"))?;
    Ok(())
}

/// Writes a file: to a temporary one, which is flushed to the disk and then takes its name.
///
/// # Errors
/// When the folder cannot be written to or the disk is full; an older file of the name is kept.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let _writing = writing();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = temporary_file(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        // The name is in the folder, which has to reach the disk as well; Windows has no such call.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A temporary file with the permissions that a new file has; the default would be private.
fn temporary_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("result.json");
        write_file(&path, b"first, and longer")?;
        write_file(&path, b"second")?;
        assert_eq!(fs::read(&path)?, b"second");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_names_the_path() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("taken");
        fs::create_dir(&path)?;
        fs::write(path.join("inside"), "kept")?;
        let error = format!("{:#}", write_file(&path, b"x").unwrap_err());
        assert!(error.contains("taken"), "{error}");
        assert_eq!(fs::read(path.join("inside"))?, b"kept");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        fs::write(&path, "kept")?;
        let error = create_folder(&path).unwrap_err().to_string();
        assert!(error.contains("expected a folder, received a file"), "{error}");
        assert_eq!(fs::read(&path)?, b"kept");
        Ok(())
    }
}
