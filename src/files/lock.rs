//! Locks between programs that use one folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The file of a folder that is locked. It is empty and stays in the folder.
const NAME: &str = ".lock";

/// How a folder is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Together with others that have shared access.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock on a folder. It is released when the value is dropped, and by the system when the program
/// ends in any way.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    /// `None` if the file system has no locks.
    file: Option<File>,
}

impl Lock {
    /// Locks a folder, or returns `None` if another program has locked it.
    ///
    /// On a file system without locks, one line to `warn` says so, and the folder counts as locked.
    ///
    /// # Errors
    /// If the lock file cannot be created.
    pub fn try_new(
        folder: &Path,
        access: Access,
        warn: &mut dyn FnMut(String),
    ) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        loop {
            let file = open(&path)?;
            let locked = match access {
                Access::Shared => file.try_lock_shared(),
                Access::Exclusive => file.try_lock(),
            };
            match locked {
                Ok(()) if is_at(&file, &path) => return Ok(Some(Self { file: Some(file) })),
                // The folder was renamed or removed in the meantime: this lock is on another one.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Ok(Some(Self::none(folder, &error, warn)));
                }
            }
        }
    }

    /// Locks a folder, after other programs if need be: `wait` is called once before the wait.
    ///
    /// # Errors
    /// If the lock file cannot be created.
    pub fn wait(
        folder: &Path,
        access: Access,
        warn: &mut dyn FnMut(String),
        wait: impl FnOnce(),
    ) -> Result<Self> {
        if let Some(lock) = Self::try_new(folder, access, warn)? {
            return Ok(lock);
        }
        wait();
        let path = folder.join(NAME);
        loop {
            let file = open(&path)?;
            let locked = match access {
                Access::Shared => file.lock_shared(),
                Access::Exclusive => file.lock(),
            };
            match locked {
                Ok(()) if is_at(&file, &path) => return Ok(Self { file: Some(file) }),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Self::none(folder, &error, warn)),
            }
        }
    }

    /// Removes the file that is locked. Call it with an exclusive lock on the folder, which others cannot
    /// hold on a file of the same name.
    pub fn remove(folder: &Path) {
        // It stays if it cannot be removed: it does no harm.
        let _ = std::fs::remove_file(folder.join(NAME));
    }

    fn none(folder: &Path, error: &io::Error, warn: &mut dyn FnMut(String)) -> Self {
        warn(format!(
            "cannot lock {} ({error}): run one program at a time in this folder",
            folder.display()
        ));
        Self { file: None }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file releases the lock, too.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

fn open(path: &PathBuf) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
    file.with_context(|| format!("cannot create {}", path.display()))
}

/// Returns whether the path still names the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: io::Result<std::fs::Metadata>| metadata.map(|own| (own.dev(), own.ino()));
    match (id(file.metadata()), id(path.metadata())) {
        (Ok(own), Ok(there)) => own == there,
        _ => false,
    }
}

/// An open file cannot be renamed or removed here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(folder: &Path, access: Access) -> Option<Lock> {
        Lock::try_new(folder, access, &mut |line| panic!("{line}")).unwrap()
    }

    #[test]
    fn shared_locks_go_together_and_an_exclusive_one_is_alone() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let [first, second] = [(); 2].map(|()| lock(folder.path(), Access::Shared));
        assert!(first.is_some() && second.is_some());
        assert!(lock(folder.path(), Access::Exclusive).is_none());
        drop((first, second));
        let alone = lock(folder.path(), Access::Exclusive);
        assert!(alone.is_some() && lock(folder.path(), Access::Shared).is_none());
        Ok(())
    }

    #[test]
    fn a_lock_is_on_the_folder_of_that_name() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let [old, new] = ["old", "new"].map(|name| parent.path().join(name));
        std::fs::create_dir(&old)?;
        let first = lock(&old, Access::Exclusive);
        std::fs::rename(&old, &new)?;
        std::fs::create_dir(&old)?;
        assert!(first.is_some() && lock(&old, Access::Exclusive).is_some());
        assert!(lock(&new, Access::Exclusive).is_none());
        Ok(())
    }

    #[test]
    fn waiting_ends_when_the_other_lock_is_dropped() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let first = lock(folder.path(), Access::Exclusive);
        let (send, receive) = std::sync::mpsc::channel();
        let second = std::thread::spawn({
            let path = folder.path().to_path_buf();
            let tell = move || send.send(()).unwrap();
            move || Lock::wait(&path, Access::Exclusive, &mut |line| panic!("{line}"), tell)
        });
        receive.recv()?;
        drop(first);
        assert!(second.join().unwrap().is_ok());
        Ok(())
    }
}
