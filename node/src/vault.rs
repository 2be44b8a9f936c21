//! Shares on disk, each file sealed under a data key of its own, and the one file of a study that holds these keys.
//!
//! The key file is a head line, a key-encryption key that is sealed to the node's key, and records of fixed length: contribution,
//! salt, the data key sealed under a key derived from both. Records are appended and made durable before the database says that a
//! contribution is there; a torn one at the end belongs to none. To delete is to write the file anew without a record, under another
//! key-encryption key, and to overwrite the old file's bytes: after that the node neither uses nor lists the key. What the disk or a
//! backup kept of it is beyond this program.

use crate::Error;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_runtime::hash::{Transcript, derive};
use smpcc_runtime::prg::OsEntropy;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::open::Held;
use smpcc_study::seal::{DataKey, SealingKey, TAG_LEN, WRAPPED_LEN};
use smpcc_study::share_file::{self, Header, Key, SealTo};
use smpcc_study::store;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a key file begins with.
const HEAD: &[u8] = b"smpcc data keys v1\n";

/// Contribution, salt, sealed key.
const RECORD: usize = 16 + 16 + 32 + TAG_LEN;

/// The keys of a study's contributions, and the folder of their shares.
pub struct Vault {
    study: StudyId,
    folder: PathBuf,
    file: File,
    wrapping: Zeroizing<[u8; 32]>,
    keys: SortedMap<ContributionId, DataKey>,
    len: u64,
}

/// Shares that are written and sealed, and that nobody knows of yet. Dropped without being kept they are removed.
pub struct Draft {
    path: PathBuf,
    key: DataKey,
    kept: bool,
}

impl Vault {
    /// Opens the keys of a study, or begins them.
    ///
    /// # Errors
    /// Files that cannot be read or written, or that are another node's.
    pub fn open(folder: &Path, study: StudyId, seal: &SealingKey) -> Result<Self, Error> {
        let failed = |e: std::io::Error| Error::machine("the file of data keys", e);
        fs::create_dir_all(folder.join("parts")).map_err(failed)?;
        let path = folder.join("keys");
        if !path.exists() {
            let (bytes, _) = sealed_keys(study, seal, std::iter::empty())?;
            replace(&path, &bytes).map_err(failed)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let damaged = || Error::Machine("the file of data keys is damaged".into());
        let rest = bytes.strip_prefix(HEAD).ok_or_else(damaged)?;
        let (wrapped, records) = rest
            .split_first_chunk::<WRAPPED_LEN>()
            .ok_or_else(damaged)?;
        let wrapping = seal
            .unwrap(wrapped, &context(&study))
            .map_err(|e| Error::Machine(format!("the file of data keys: {e}")))?;
        let wrapping = Zeroizing::new(*wrapping.expose());
        let mut keys = SortedMap::new();
        for record in records.chunks_exact(RECORD) {
            let (id, key) = opened(&study, &wrapping, record).ok_or_else(damaged)?;
            keys.insert(id, key);
        }
        // A record that was being written when the node stopped.
        let torn = records.len() % RECORD;
        let len = (bytes.len() - torn) as u64;
        file.set_len(len).map_err(failed)?;
        Ok(Self {
            study,
            folder: folder.to_owned(),
            file,
            wrapping,
            keys,
            len,
        })
    }

    /// The contributions that have a key.
    pub fn ids(&self) -> impl Iterator<Item = &ContributionId> {
        self.keys.keys()
    }

    /// Whether a contribution has a key.
    pub fn has(&self, id: &ContributionId) -> bool {
        self.keys.contains_key(id)
    }

    /// Takes drafts: their keys are durable when this returns, and their files have their names. Until the database has them too,
    /// nobody reads them.
    ///
    /// # Errors
    /// A disk that is full or broken; then none of them is here.
    pub fn keep(&mut self, drafts: &mut [(ContributionId, &mut Draft)]) -> Result<(), Error> {
        let before = self.len;
        let written = self.write(drafts);
        if written.is_err() {
            for (id, draft) in drafts.iter() {
                self.keys.remove(id);
                if draft.kept {
                    let _ = fs::remove_file(self.path(id));
                }
            }
            self.len = before;
            let _ = self.file.set_len(before);
        }
        written.map_err(|e| Error::machine("the shares cannot be stored", e))
    }

    fn write(&mut self, drafts: &mut [(ContributionId, &mut Draft)]) -> std::io::Result<()> {
        let mut records = Vec::new();
        for (id, draft) in drafts.iter() {
            let record = record(&self.study, &self.wrapping, id, &draft.key);
            records.extend(record.map_err(|e| std::io::Error::other(e.to_string()))?);
        }
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(&records)?;
        self.file.sync_data()?;
        for (id, draft) in drafts.iter_mut() {
            fs::rename(&draft.path, self.path(id))?;
            draft.kept = true;
            self.keys.insert(
                *id,
                DataKey::from_bytes(Zeroizing::new(*draft.key.expose())),
            );
        }
        File::open(self.folder.join("parts"))?.sync_all()?;
        self.len += records.len() as u64;
        Ok(())
    }

    /// Destroys the keys of contributions, then removes their files. What is not here is no error.
    ///
    /// # Errors
    /// A disk that is full or broken; then the keys may still be here.
    pub fn destroy(&mut self, ids: &[ContributionId], seal: &SealingKey) -> Result<(), Error> {
        let failed = |e: std::io::Error| Error::machine("keys cannot be deleted", e);
        if ids.iter().any(|id| self.keys.contains_key(id)) {
            let gone: SortedSet<&ContributionId> = ids.iter().collect();
            let rest = self.keys.iter().filter(|(id, _)| !gone.contains(id));
            let (bytes, wrapping) = sealed_keys(self.study, seal, rest)?;
            let path = self.folder.join("keys");
            // Before the file is another one the keys are here: a disk that is full now may not be when this is tried again.
            replace(&path, &bytes).map_err(failed)?;
            for id in ids {
                self.keys.remove(id);
            }
            let new = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .map_err(failed)?;
            let mut old = std::mem::replace(&mut self.file, new);
            self.wrapping = wrapping;
            let zeros = vec![0; self.len as usize];
            self.len = bytes.len() as u64;
            old.seek(SeekFrom::Start(0))
                .and_then(|_| old.write_all(&zeros))
                .and_then(|()| old.sync_all())
                .map_err(failed)?;
        }
        for id in ids {
            match fs::remove_file(self.path(id)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Removes files of shares that have no key: what was being written when the node stopped.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn sweep(&self, known: &dyn Fn(&ContributionId) -> bool) -> Result<usize, Error> {
        let failed = |e: std::io::Error| Error::machine("the folder of shares", e);
        let mut removed = 0;
        for entry in fs::read_dir(self.folder.join("parts")).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !name.parse().is_ok_and(|id| known(&id)) {
                fs::remove_file(&path).map_err(failed)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// What this node holds of a contribution.
    ///
    /// # Errors
    /// There is none, or its file is damaged.
    pub fn read(&self, id: &ContributionId) -> Result<Held, Error> {
        let absent = || Error::Absent(format!("there is no contribution {id}"));
        let key = self.keys.get(id).ok_or_else(absent)?;
        let bytes =
            fs::read(self.path(id)).map_err(|e| Error::machine("shares cannot be read", e))?;
        let damaged = |e| Error::Machine(format!("the shares of contribution {id}: {e}"));
        let held = share_file::open(&bytes, &Key::Data(key)).map_err(damaged)?;
        match held.0.study == self.study && held.0.id == *id {
            true => Ok(held),
            false => Err(damaged(smpcc_study::Error::new("they are another one's"))),
        }
    }

    /// What everybody may know of a contribution that is here.
    ///
    /// # Errors
    /// There is none, or its file is damaged.
    pub fn header(&self, id: &ContributionId) -> Result<Header, Error> {
        let bytes = store::beginning(&self.path(id), share_file::MAX_BEGIN)
            .map_err(|e| Error::Machine(e.to_string()))?;
        share_file::unchecked_header(&bytes)
            .map_err(|e| Error::Machine(format!("the shares of contribution {id}: {e}")))
    }

    fn path(&self, id: &ContributionId) -> PathBuf {
        self.folder.join("parts").join(id.to_string())
    }
}

impl Draft {
    /// Seals what a node holds under a fresh key and writes it, durably, under a name that nobody reads.
    ///
    /// # Errors
    /// A disk that is full or broken.
    pub fn write(folder: &Path, (header, parts): &Held) -> Result<Self, Error> {
        let key = DataKey::fresh()?;
        let bytes = share_file::write(header, parts, &SealTo::Data(&key))?;
        let random: u64 = u64::from_be_bytes(*entropy::<8>()?);
        let name = format!("{}.{random:016x}.new", header.id);
        let draft = Self {
            path: folder.join("parts").join(name),
            key,
            kept: false,
        };
        let written = create(&draft.path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|e| Error::machine("the shares cannot be stored", e))?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn context(study: &StudyId) -> Vec<u8> {
    [b"smpcc node data keys v1\0".as_slice(), &study.0].concat()
}

fn entropy<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    OsEntropy
        .bytes()
        .map_err(|e| Error::machine("randomness", e))
}

/// A key file with these keys, and its key-encryption key.
fn sealed_keys<'k>(
    study: StudyId,
    seal: &SealingKey,
    keys: impl Iterator<Item = (&'k ContributionId, &'k DataKey)>,
) -> Result<(Vec<u8>, Zeroizing<[u8; 32]>), Error> {
    let wrapping = entropy::<32>()?;
    let key = DataKey::from_bytes(wrapping.clone());
    let mut bytes = HEAD.to_vec();
    bytes.extend(seal.public().wrap(&key, &context(&study))?);
    for (id, data) in keys {
        bytes.extend(record(&study, &wrapping, id, data)?);
    }
    Ok((bytes, wrapping))
}

fn record(
    study: &StudyId,
    wrapping: &[u8; 32],
    id: &ContributionId,
    data: &DataKey,
) -> Result<Vec<u8>, Error> {
    let salt = *entropy::<16>()?;
    let mut sealed = data.expose().to_vec();
    record_key(study, wrapping, id, &salt)
        .cipher()
        .seal(0, &id.0, &mut sealed)?;
    Ok([&id.0[..], &salt, &sealed].concat())
}

fn opened(
    study: &StudyId,
    wrapping: &[u8; 32],
    record: &[u8],
) -> Option<(ContributionId, DataKey)> {
    let (id, rest) = record.split_first_chunk()?;
    let (salt, sealed) = rest.split_first_chunk()?;
    let id = ContributionId(*id);
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let cipher = record_key(study, wrapping, &id, salt).cipher();
    let plain: &[u8] = cipher.open(0, &id.0, &mut sealed).ok()?;
    Some((
        id,
        DataKey::from_bytes(Zeroizing::new(plain.try_into().ok()?)),
    ))
}

fn record_key(
    study: &StudyId,
    wrapping: &[u8; 32],
    id: &ContributionId,
    salt: &[u8; 16],
) -> DataKey {
    let mut context = Transcript::new("smpcc/node/data-key");
    context.bytes(&study.0).bytes(&id.0).bytes(salt);
    DataKey::from_bytes(derive(wrapping, context))
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts a file in the place of another, whole and durably.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::program::{Suite, Threat};
    use smpcc_runtime::protocols::stored::Scheme;
    use smpcc_study::manifest::{Blinder, Commitment};
    use smpcc_study::secret::SecretBytes;
    use smpcc_study::share_file::{Header, Kind, Part};

    const STUDY: StudyId = StudyId([5; 32]);

    fn held(id: ContributionId) -> Held {
        let scheme = Scheme {
            suite: Suite::Rep3,
            n_parties: 3,
            threshold: 1,
        };
        let parts = [0u16, 1].map(|number| {
            let mut bytes = SecretBytes::zeros(50);
            bytes.fill(id.0[0]);
            Part {
                number,
                blinder: Some(Blinder(Zeroizing::new([id.0[0]; 32]))),
                bytes,
            }
        });
        let commit = |number: u16| {
            let part = &parts[usize::from(number % 2)];
            let blinder = part.blinder.as_ref().unwrap();
            Commitment::to(&STUDY, &id, number, blinder, &part.bytes)
        };
        let header = Header {
            kind: Kind::Contribution,
            scheme,
            threat: Threat::SemiHonest,
            node: 0,
            study: STUDY,
            id,
            whose: "person".into(),
            session: String::new(),
            made: 0,
            values: Vec::new(),
            manifest: (0..3).map(commit).collect(),
        };
        (header, parts.into())
    }

    fn keep(vault: &mut Vault, folder: &Path, id: ContributionId) {
        let mut draft = Draft::write(folder, &held(id)).unwrap();
        vault.keep(&mut [(id, &mut draft)]).unwrap();
    }

    fn files(folder: &Path) -> Vec<Vec<u8>> {
        let parts = fs::read_dir(folder.join("parts")).unwrap();
        let mut all: Vec<Vec<u8>> = parts
            .map(|e| fs::read(e.unwrap().path()).unwrap())
            .collect();
        all.push(fs::read(folder.join("keys")).unwrap());
        all
    }

    #[test]
    fn what_is_kept_comes_back_sealed_and_what_is_destroyed_never() {
        let folder = tempfile::tempdir().unwrap();
        let (at, seal) = (folder.path(), SealingKey::fresh().unwrap());
        let ids = [ContributionId([1; 16]), ContributionId([2; 16])];
        let mut vault = Vault::open(at, STUDY, &seal).unwrap();
        for id in ids {
            keep(&mut vault, at, id);
        }
        let piece = |vault: &Vault, id| vault.read(id).map(|h| h.1[0].bytes.to_vec());
        assert_eq!(piece(&vault, &ids[0]), Ok(vec![1; 50]));
        for file in files(at) {
            assert!(!file.windows(20).any(|w| w == [1; 20] || w == [2; 20]));
        }
        let sealed = fs::read(vault.path(&ids[0])).unwrap();
        let key = Zeroizing::new(*vault.keys[&ids[0]].expose());
        let mut vault = Vault::open(at, STUDY, &seal).unwrap();
        assert_eq!(piece(&vault, &ids[1]), Ok(vec![2; 50]));
        vault.destroy(&ids[..1], &seal).unwrap();
        assert!(vault.read(&ids[0]).is_err());
        assert_eq!(piece(&vault, &ids[1]), Ok(vec![2; 50]));
        // Even with its shares back the key is gone, and it stands in no file.
        fs::write(vault.path(&ids[0]), &sealed).unwrap();
        let vault = Vault::open(at, STUDY, &seal).unwrap();
        assert!(vault.read(&ids[0]).is_err());
        assert_eq!(piece(&vault, &ids[1]), Ok(vec![2; 50]));
        for file in files(at) {
            assert!(!file.windows(32).any(|w| w == &key[..]));
        }
        assert_eq!(vault.sweep(&|id| *id == ids[1]).unwrap(), 1);
        assert!(Vault::open(at, STUDY, &SealingKey::fresh().unwrap()).is_err());
        assert!(Vault::open(at, StudyId([6; 32]), &seal).is_err());
    }

    /// Wherever the key file was cut, what was durable before is there.
    #[test]
    fn a_torn_record_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (at, seal) = (folder.path(), SealingKey::fresh().unwrap());
        let (first, second) = (ContributionId([1; 16]), ContributionId([2; 16]));
        let mut vault = Vault::open(at, STUDY, &seal).unwrap();
        keep(&mut vault, at, first);
        let whole = vault.len as usize;
        keep(&mut vault, at, second);
        let bytes = fs::read(at.join("keys")).unwrap();
        for len in whole..bytes.len() {
            fs::write(at.join("keys"), &bytes[..len]).unwrap();
            let mut vault = Vault::open(at, STUDY, &seal).unwrap();
            assert!(vault.ids().eq([&first]), "{len}");
            if len % 20 == 0 {
                keep(&mut vault, at, second);
                assert!(Vault::open(at, STUDY, &seal).unwrap().read(&second).is_ok());
            }
        }
        for at_byte in 0..whole {
            let mut changed = bytes[..whole].to_vec();
            changed[at_byte] ^= 1;
            fs::write(at.join("keys"), &changed).unwrap();
            assert!(Vault::open(at, STUDY, &seal).is_err(), "{at_byte}");
        }
    }

    /// A key that could not be deleted is not told to be gone when that is tried again.
    #[test]
    fn a_key_that_could_not_be_deleted_is_deleted_later() {
        let folder = tempfile::tempdir().unwrap();
        let (at, seal) = (folder.path(), SealingKey::fresh().unwrap());
        let mut vault = Vault::open(at, STUDY, &seal).unwrap();
        let ids = [ContributionId([1; 16]), ContributionId([2; 16])];
        for id in ids {
            keep(&mut vault, at, id);
        }
        // What replaces the file of keys cannot be written: a folder has its name.
        let there = at.join("keys.new");
        fs::create_dir(&there).unwrap();
        assert!(vault.destroy(&ids[..1], &seal).is_err());
        assert!(vault.read(&ids[0]).is_ok());
        fs::remove_dir(&there).unwrap();
        vault.destroy(&ids[..1], &seal).unwrap();
        let vault = Vault::open(at, STUDY, &seal).unwrap();
        assert!(vault.ids().eq([&ids[1]]));
        assert!(vault.read(&ids[1]).is_ok());
    }

    #[test]
    fn drafts_that_are_not_kept_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (at, seal) = (folder.path(), SealingKey::fresh().unwrap());
        let mut vault = Vault::open(at, STUDY, &seal).unwrap();
        let id = ContributionId([1; 16]);
        drop(Draft::write(at, &held(id)).unwrap());
        assert_eq!(files(at).len(), 1);
        // A disk that takes nothing: the key file is one that is always full.
        if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
            let good = std::mem::replace(&mut vault.file, full);
            let mut draft = Draft::write(at, &held(id)).unwrap();
            let error = vault.keep(&mut [(id, &mut draft)]).unwrap_err();
            assert_eq!(error.status(), 503);
            drop(draft);
            assert!(vault.read(&id).is_err() && files(at).len() == 1);
            vault.file = good;
            keep(&mut vault, at, id);
            assert!(Vault::open(at, STUDY, &seal).unwrap().read(&id).is_ok());
        }
    }
}
