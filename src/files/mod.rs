//! Files that are written whole or not at all.

mod lock;

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

pub use lock::{Access, Lock};

/// How the names of temporary files begin, before six letters and digits.
const TEMPORARY: &str = ".candle-noise-";

/// Held while a file is written, so that an interrupt can wait for it.
static WRITING: Mutex<()> = Mutex::new(());

fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the file that is being written, at most for a time, and lets none begin while the guard
/// lives. Returns `None` if the file takes longer.
pub fn wait(most: Duration) -> Option<impl Drop> {
    const POLL: Duration = Duration::from_millis(1);
    let begin = Instant::now();
    loop {
        match WRITING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if begin.elapsed() >= most => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
}

/// Makes a folder for results and checks that files of these names can be written to it.
///
/// # Errors
/// When the path is a file, a name is taken by a folder, or the folder cannot be made or written
/// to.
pub fn create_folder(folder: &Path, files: &[&str]) -> Result<()> {
    let name = folder.display();
    ensure!(
        fs::symlink_metadata(folder).is_err() || folder.is_dir(),
        "cannot write results to {name}: expected a folder, received a file or a broken link"
    );
    if let Some(file) = files.iter().find(|file| folder.join(file).is_dir()) {
        bail!("cannot write results to {name}: expected a file {file}, received a folder")
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make the result folder {name}"))?;
    let _writing = writing();
    tempfile::tempfile_in(folder)
        .map_err(without_path)
        .with_context(|| format!("cannot write to the result folder {name}"))?;
    Ok(())
}

/// Removes temporary files of [`write()`] that killed programs have left. One of a program that still
/// runs is younger.
///
/// # Errors
/// If the folder cannot be read.
pub fn remove_abandoned(folder: &Path) -> Result<()> {
    const OLD: Duration = Duration::from_secs(3600);
    let is_temporary = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(TEMPORARY));
        let is_random =
            |rest: &str| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric());
        rest.is_some_and(is_random) && fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
    };
    let age = |path: &Path| path.metadata().ok()?.modified().ok()?.elapsed().ok();
    for path in entries(folder)?.iter().filter(|path| is_temporary(path)) {
        if age(path).is_some_and(|age| age > OLD) {
            // It stays if it cannot be removed: it does no harm.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

/// Writes a file: to a temporary one, which is flushed to the disk and then takes its name.
///
/// # Errors
/// When the folder cannot be written to or the disk is full; an older file of the name is kept.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| Ok(file.write_all(bytes)?))
}

/// [`write()`] for what need not be in memory whole: `write` is given the temporary file.
///
/// # Errors
/// As [`write()`], and those of `write`.
pub fn write_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let _writing = writing();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write_whole = || -> Result<()> {
        let mut file = BufWriter::new(temporary_file(folder)?);
        write(&mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        // The name is in the folder, which has to reach the disk as well; Windows has no such call.
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write_whole().with_context(|| format!("cannot write {}", path.display()))
}

/// Checks that a file can be written, before the work for it is done.
///
/// # Errors
/// If its folder is not there or cannot be written to.
pub fn check_writable(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    ensure!(folder.is_dir(), "{}: there is no folder {}", cannot(), folder.display());
    ensure!(!path.is_dir(), "{}: it is a folder", cannot());
    temporary_file(folder).map(drop).with_context(cannot)
}

/// Returns the paths in a folder; none if there is no folder.
///
/// # Errors
/// If the folder cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    ensure!(folder.is_dir(), "{}: expected a folder, received a file", folder.display());
    let paths = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let paths: io::Result<Vec<PathBuf>> = paths();
    paths.with_context(|| format!("cannot read the folder {}", folder.display()))
}

/// Removes results of an earlier run, so that none stand beside those of another.
///
/// # Errors
/// When one cannot be removed.
pub fn remove(folder: &Path, names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| remove_file(&folder.join(name)))
}

/// Removes a file, if it is there.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Whether two paths name one file or folder, however they are written.
pub fn is_same(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// SHA-256 in hexadecimal digits, the checksum of files that are read again.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes as two hexadecimal digits each.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Says by which version a file was written whose format is not the expected one.
pub fn other_version(expected: u64, received: u64) -> String {
    let age = if received > expected { "a newer version" } else { "an earlier version" };
    format!("{age}: expected format {expected}, received {received}")
}

/// A temporary file with the permissions that a new file has; the default would be private.
fn temporary_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).rand_bytes(6);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(without_path)
}

/// Removes the name of a temporary file from an error, because it tells a user nothing.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((cause, _)) => io::Error::new(error.kind(), cause.to_string()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("result.json");
        write(&path, b"first, and longer")?;
        write(&path, b"second")?;
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
        let error = format!("{:#}", write(&path, b"x").unwrap_err());
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
        let error = create_folder(&path, &[]).unwrap_err().to_string();
        assert!(error.contains("expected a folder, received a file"), "{error}");
        assert_eq!(fs::read(&path)?, b"kept");
        let error = create_folder(folder.path().parent().unwrap(), &["."]).unwrap_err();
        assert!(error.to_string().contains("received a folder"), "{error}");
        Ok(())
    }

    #[test]
    fn a_write_that_fails_in_the_middle_leaves_nothing() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("history.csv");
        let result = write_with(&path, |file| {
            file.write_all(&[0; 100_000])?;
            bail!("the disk is full")
        });
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("history.csv: the disk is full"), "{error}");
        assert_eq!(fs::read_dir(folder.path())?.count(), 0);
        Ok(())
    }

    #[test]
    fn temporary_files_of_killed_programs_are_removed_in_the_end() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let hour = Duration::from_secs(3600);
        let now = std::time::SystemTime::now();
        // The clock may have been set back since, and other programs have temporary files, too.
        let old = now - 2 * hour;
        let files =
            [("new123", now), ("old123", old), ("soon12", now + 9 * hour), ("longer-name", old)];
        for (name, modified) in files {
            let path = folder.path().join(format!("{TEMPORARY}{name}"));
            File::create(path)?.set_modified(modified)?;
        }
        File::create(folder.path().join(".tmp123456"))?.set_modified(old)?;
        remove_abandoned(folder.path())?;
        let removed = folder.path().join(format!("{TEMPORARY}old123"));
        assert!(!removed.exists() && entries(folder.path())?.len() == 4);
        Ok(())
    }

    #[test]
    fn removing_skips_what_is_not_there() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("loss.png"), "old")?;
        fs::write(folder.path().join("notes.txt"), "mine")?;
        remove(folder.path(), &["loss.png", "accuracy.png"])?;
        assert!(
            !folder.path().join("loss.png").exists() && folder.path().join("notes.txt").exists()
        );
        Ok(())
    }
}
