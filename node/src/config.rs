//! The file of a node: where it listens, where its keys and its data are, and which studies it takes part in.

use crate::Error;
use serde::Deserialize;
use smpcc_runtime::keys::{self, Identity};
use smpcc_study::seal::SealingKey;
use smpcc_study::signature::SigningKey;
use smpcc_study::store;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The most bytes of a file that people write by hand.
pub const BY_HAND: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: String,
    data: PathBuf,
    key: PathBuf,
    cert: PathBuf,
    sign: PathBuf,
    seal: PathBuf,
    studies: Vec<PathBuf>,
    #[serde(default)]
    smpcc: Option<PathBuf>,
    #[serde(default)]
    max_connections: Option<usize>,
    #[serde(default)]
    tick_s: Option<u64>,
    #[serde(default)]
    party_listen: Option<String>,
}

/// A node's configuration, with its keys.
pub struct Config {
    /// What it listens at.
    pub listen: String,
    /// Its folder.
    pub data: PathBuf,
    /// Its certificate and key.
    pub identity: Identity,
    /// What it signs with.
    pub sign: SigningKey,
    /// What is sealed to it.
    pub seal: SealingKey,
    /// Files of studies.
    pub studies: Vec<PathBuf>,
    /// The program that computes.
    pub smpcc: PathBuf,
    /// Connections at once; more wait.
    pub max_connections: usize,
    /// Where runs listen, if not at the address that the study says.
    pub party_listen: Option<String>,
    /// The files of the certificate, of its key, and of the key that opens what is sealed to the node.
    pub files: (PathBuf, PathBuf, PathBuf),
    /// Seconds between two looks at the clock and at the other nodes.
    pub tick_s: u64,
}

impl Config {
    /// Reads a configuration and the files that it names; paths in it are relative to its folder.
    ///
    /// # Errors
    /// What cannot be read or is wrong.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        let text = read(path)?;
        let file: File = toml::from_str(&text)
            .map_err(|e| Error::Refused(format!("{shown}: {}", e.message())))?;
        let at = |p: &Path| path.parent().unwrap_or(Path::new("")).join(p);
        let identity = Identity::from_pem(&read(&at(&file.cert))?, &secret(&at(&file.key))?)
            .map_err(|e| Error::Refused(format!("{shown}: {e}")))?;
        let wrong =
            |p: &Path, e: smpcc_study::Error| Error::Refused(format!("{}: {e}", p.display()));
        let sign =
            SigningKey::from_text(&secret(&at(&file.sign))?).map_err(|e| wrong(&file.sign, e))?;
        let seal =
            SealingKey::from_text(&secret(&at(&file.seal))?).map_err(|e| wrong(&file.seal, e))?;
        Ok(Self {
            listen: file.listen,
            data: at(&file.data),
            identity,
            sign,
            seal,
            studies: file.studies.iter().map(|p| at(p)).collect(),
            smpcc: file.smpcc.map_or_else(beside, |p| at(&p)),
            max_connections: file.max_connections.unwrap_or(1000).clamp(1, 100_000),
            party_listen: file.party_listen,
            files: (at(&file.cert), at(&file.key), at(&file.seal)),
            tick_s: file.tick_s.unwrap_or(10).clamp(1, 20),
        })
    }
}

/// The compiler's binary beside this one, else wherever the system finds it.
fn beside() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let there = own.with_file_name("smpcc");
    match there.is_file() {
        true => there,
        false => PathBuf::from("smpcc"),
    }
}

/// The text of a file that people write by hand.
///
/// # Errors
/// A file that cannot be read, is too long or is no text.
pub fn read(path: &Path) -> Result<String, Error> {
    let bytes = store::read(path, BY_HAND)?;
    String::from_utf8(bytes)
        .map_err(|e| Error::Refused(format!("cannot read {}: {e}", path.display())))
}

fn secret(path: &Path) -> Result<Zeroizing<String>, Error> {
    let text = Zeroizing::new(read(path)?);
    match keys::loose_mode(path) {
        Some(mode) => Err(Error::Refused(format!(
            "{0} has the mode {mode:03o}, so that others on this machine can read or change it: chmod 600 {0}",
            path.display()
        ))),
        None => Ok(text),
    }
}
