//! Bytes of programs and of other agreed records: the only place that knows the wire encoding.
//!
//! A header (magic, version, kind) stands before a `bincode` body. Decoding is strict: another version or kind, a body
//! over the limit or bytes left over are errors. Encoding is canonical (fixed-width
//! choices of the configuration, tables in order), so that equal programs have equal bytes and parties can compare hashes.

use crate::program::Program;
use bincode::config::{Config, standard};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// Most bytes of an encoded program; far above what compiling yields, as programs do not grow with their data.
pub const MAX_PROGRAM_BYTES: usize = 1 << 28;

/// Most bytes that what is read may claim. Numbers are written in as little as a sixteenth of their width (a `u128` of one
/// byte) and claim their width; what a text claims is reserved, untouched, before it is compared with the bytes that are there.
const MAX_CLAIM: usize = MAX_PROGRAM_BYTES.saturating_mul(16);

const MAGIC: [u8; 5] = *b"smpcc";
const VERSION: u16 = 4;
const HEADER_BYTES: usize = MAGIC.len() + 2 + 1;

/// Whether a file that begins so holds an encoded record of some version and kind.
pub fn is_encoded(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A [`Program`].
    Program = 1,
    /// A message of the agreement before a run.
    Agreement = 2,
    /// What a party of a run tells the process that started it.
    Report = 3,
}

/// Why bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The header is not that of the wanted kind and version.
    Header(String),
    /// More bytes than the limit.
    TooLong {
        /// Their number.
        len: usize,
        /// Most that are allowed.
        limit: usize,
    },
    /// The body is malformed, cut short, or followed by more.
    Body(String),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(what) => f.write_str(what),
            Self::TooLong { len, limit } => {
                write!(f, "{len} bytes, where at most {limit} are allowed")
            }
            Self::Body(what) => write!(f, "malformed: {what}"),
        }
    }
}

impl std::error::Error for CodecError {}

// The record's own limit is checked on its length. A sequence that claims more elements than there are bytes fails as it is
// read, and serde caps what it reserves beforehand; a text is reserved whole, so that its claim needs a limit.
fn config() -> impl Config {
    standard()
        .with_little_endian()
        .with_variable_int_encoding()
        .with_limit::<MAX_CLAIM>()
}

/// The bytes of a program.
///
/// # Errors
/// [`CodecError::TooLong`] above [`MAX_PROGRAM_BYTES`].
pub fn encode_program(program: &Program) -> Result<Vec<u8>, CodecError> {
    encode(Kind::Program, program, MAX_PROGRAM_BYTES)
}

/// The program that `bytes` are; [`verify`](crate::verify::verify) says whether it may be run.
///
/// # Errors
/// [`CodecError::TooLong`], [`CodecError::Header`], [`CodecError::Body`].
pub fn decode_program(bytes: &[u8]) -> Result<Program, CodecError> {
    decode(Kind::Program, bytes, MAX_PROGRAM_BYTES)
}

/// The bytes of a record of `kind`, of at most `limit` bytes.
///
/// # Errors
/// [`CodecError::TooLong`] above the limit, [`CodecError::Body`] when the value's own serialisation fails.
pub fn encode<T: Serialize>(kind: Kind, value: &T, limit: usize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.push(kind as u8);
    bincode::serde::encode_into_std_write(value, &mut bytes, config())
        .map_err(|e| CodecError::Body(e.to_string()))?;
    check_len(bytes.len(), limit)?;
    Ok(bytes)
}

/// The value that `bytes` are as a record of `kind`; its meaning is the caller's to check.
///
/// # Errors
/// [`CodecError::TooLong`], [`CodecError::Header`], [`CodecError::Body`].
pub fn decode<T: DeserializeOwned>(
    kind: Kind,
    bytes: &[u8],
    limit: usize,
) -> Result<T, CodecError> {
    check_len(bytes.len(), limit)?;
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(CodecError::Header("cut short".into()));
    };
    let Some(rest) = header.strip_prefix(&MAGIC) else {
        return Err(CodecError::Header("not a file of smpcc".into()));
    };
    let [lo, hi, found] = rest else {
        return Err(CodecError::Header("cut short".into()));
    };
    let version = u16::from_le_bytes([*lo, *hi]);
    if version != VERSION {
        return Err(CodecError::Header(format!(
            "written in format {version}, while this smpcc reads format {VERSION}"
        )));
    }
    if *found != kind as u8 {
        return Err(CodecError::Header(format!(
            "holds another kind of record ({found}, not {})",
            kind as u8
        )));
    }
    let (value, used) = bincode::serde::decode_from_slice(body, config())
        .map_err(|e| CodecError::Body(e.to_string()))?;
    if used != body.len() {
        return Err(CodecError::Body(format!(
            "{} bytes too many",
            body.len() - used
        )));
    }
    Ok(value)
}

fn check_len(len: usize, limit: usize) -> Result<(), CodecError> {
    if len > limit {
        return Err(CodecError::TooLong { len, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_about_length_and_kind() {
        let bytes = encode(Kind::Report, &vec![1u64, 2, 300], 100).unwrap();
        assert_eq!(
            decode::<Vec<u64>>(Kind::Report, &bytes, 100),
            Ok(vec![1, 2, 300])
        );
        assert!(matches!(
            decode::<Vec<u64>>(Kind::Agreement, &bytes, 100),
            Err(CodecError::Header(_))
        ));
        assert!(matches!(
            decode::<Vec<u64>>(Kind::Report, &bytes, bytes.len() - 1),
            Err(CodecError::TooLong { .. })
        ));
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(
            decode::<Vec<u64>>(Kind::Report, &longer, 100),
            Err(CodecError::Body(_))
        ));
        for cut in 0..bytes.len() {
            assert!(decode::<Vec<u64>>(Kind::Report, &bytes[..cut], 100).is_err());
        }
    }

    #[test]
    fn a_length_that_lies_is_an_error_not_an_allocation() {
        for len in [1 << 20, MAX_CLAIM as u64, 1 << 45, u64::MAX >> 1, u64::MAX] {
            let mut bytes = encode(Kind::Report, &Vec::<u64>::new(), 100).unwrap();
            bytes.pop();
            bytes.push(253);
            bytes.extend_from_slice(&len.to_le_bytes());
            for refused in [
                decode::<Vec<u64>>(Kind::Report, &bytes, 100).map(drop),
                decode::<String>(Kind::Report, &bytes, 100).map(drop),
                decode::<Vec<String>>(Kind::Report, &bytes, 100).map(drop),
                decode::<Vec<u128>>(Kind::Report, &bytes, 100).map(drop),
            ] {
                assert!(matches!(refused, Err(CodecError::Body(_))), "{len}");
            }
        }
    }
}
