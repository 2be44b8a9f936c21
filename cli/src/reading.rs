//! Reading whole files, and no more of them than what they are for takes: a path may name a device that has no end.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// The most bytes of a file that people write by hand: a configuration, a key, a table.
pub const BY_HAND: u64 = 16 << 20;

/// All bytes of a file of at most so many.
///
/// # Errors
/// A file that cannot be read, or has more.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path)?;
    // At once, so that no copies of a key are left behind.
    let len = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    let read = file.take(most + 1).read_to_end(&mut bytes)?;
    match read as u64 <= most {
        true => Ok(bytes),
        false => Err(Error::new(
            ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes"),
        )),
    }
}

/// The text of a file of at most so many bytes.
///
/// # Errors
/// A file that cannot be read, has more, or is not UTF-8.
pub fn text(path: &Path, most: u64) -> Result<String, Error> {
    String::from_utf8(bytes(path, most)?).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Error::new(
            ErrorKind::InvalidData,
            format!("it is not UTF-8 text: byte {at} is wrong"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_may_be() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"12345").unwrap();
        assert_eq!(bytes(file.path(), 5).unwrap(), b"12345");
        let more = bytes(file.path(), 4).unwrap_err();
        assert_eq!(more.to_string(), "it has more than 4 bytes");
        std::fs::write(file.path(), b"12\xff").unwrap();
        let wrong = text(file.path(), 5).unwrap_err();
        assert_eq!(wrong.to_string(), "it is not UTF-8 text: byte 2 is wrong");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_is_refused() {
        assert!(bytes(Path::new("/dev/zero"), 1 << 20).is_err());
    }
}
