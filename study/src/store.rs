//! Files that are written whole or not at all: the only place of this crate that touches a disk.

use crate::Error;
use crate::id::ContributionId;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

/// Writes a file that nobody else may read, under a name of its own first, and gives it its name when all of it is on the disk.
/// What was there before is replaced.
///
/// # Errors
/// What the system says; then nothing of the file is left, and what was there before still is.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let shown = path.display();
    let failed = |e: std::io::Error| Error::new(format!("{shown} cannot be written: {e}"));
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Error::new(format!("{shown} is no name of a file")))?;
    let temporary = path.with_file_name(format!(".{name}.{}.part", ContributionId::fresh()?));
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&temporary, path)?;
        // The name is on the disk when its folder is.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    });
    if written.is_err() {
        // It may not have come into being.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The first bytes of a file, so many at most.
///
/// # Errors
/// A file that cannot be read.
pub fn beginning(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|e| Error::new(format!("cannot read {}: {e}", path.display())))?;
    Ok(bytes)
}

/// All bytes of a file of at most so many.
///
/// # Errors
/// A file that cannot be read, or is longer.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let failed = |e: std::io::Error| Error::new(format!("cannot read {}: {e}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    if len > most {
        let shown = path.display();
        return Err(Error::new(format!(
            "{shown} has {len} bytes, more than {most}"
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    // A device may say that it is empty, and a file may grow.
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    match read.map_err(failed)? as u64 > most {
        true => Err(Error::new(format!(
            "{} has more than {most} bytes",
            path.display()
        ))),
        false => Ok(bytes),
    }
}
