//! A study that this node takes part in: read with all its signatures, compared with the node's own keys and programs.

use crate::Error;
use crate::config::{BY_HAND, Config};
use smpcc_circuit::sorted::SortedMap;
use smpcc_runtime::hash::sha256;
use smpcc_study::id::StudyId;
use smpcc_study::signature;
use smpcc_study::store;
use smpcc_study::study::Study;
use std::path::{Path, PathBuf};

/// A study, and which of its nodes this is.
pub struct Hosted {
    /// The study.
    pub study: Study,
    /// The number of this node.
    pub me: usize,
    /// Where its file is.
    pub file: PathBuf,
}

impl Hosted {
    /// This node's name.
    pub fn name(&self) -> &str {
        let nodes = &self.study.terms().nodes;
        nodes.get(self.me).map_or("", |n| n.name.as_str())
    }
}

/// Reads the studies of a configuration.
///
/// # Errors
/// A signature that is missing or false, a program that is not the one that was agreed on, or keys that are not those of any node of
/// the study: the node takes part in nothing then.
pub fn read(config: &Config) -> Result<SortedMap<StudyId, Hosted>, Error> {
    let mut all = SortedMap::new();
    for file in &config.studies {
        let hosted =
            one(config, file).map_err(|e| Error::Refused(format!("{}: {e}", file.display())))?;
        all.insert(hosted.study.id(), hosted);
    }
    Ok(all)
}

fn one(config: &Config, file: &Path) -> Result<Hosted, Error> {
    let read = |path: &Path| store::read(path, BY_HAND);
    let study = Study::read(&read(file)?)?;
    let terms = study.terms();
    let sign = config.sign.public();
    let me = terms.nodes.iter().position(|n| n.sign == sign);
    let me =
        me.ok_or_else(|| Error::Refused("no node of the study signs with this node's key".into()))?;
    let node = &terms.nodes[me];
    if node.certificate != config.identity.certificate().fingerprint().0 {
        return Err(Error::Refused(format!(
            "node `{}` has another certificate in the study",
            node.name
        )));
    }
    if node.seal != config.seal.public() {
        return Err(Error::Refused(format!(
            "node `{}` has another sealing key in the study",
            node.name
        )));
    }
    for (signer, key) in study.signers() {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{signer}.sig"));
        let path = file.with_file_name(name);
        if !path.exists() {
            return Err(Error::Refused(format!(
                "{signer} has not signed it: there is no {}",
                path.display()
            )));
        }
        let text = String::from_utf8_lossy(&read(&path)?).into_owned();
        signature::check_study_file(&text, &study.id(), signer, key)
            .map_err(|e| Error::Refused(format!("{}: {e}", path.display())))?;
    }
    let program = &terms.program;
    for (name, hash) in [(&program.root.0, &program.root.1)]
        .into_iter()
        .chain(&program.modules)
    {
        let path = file.parent().unwrap_or(Path::new("")).join(name);
        if sha256(&read(&path)?).0 != *hash {
            return Err(Error::Refused(format!(
                "{} is not the program of the study",
                path.display()
            )));
        }
    }
    Ok(Hosted {
        me,
        file: file.to_owned(),
        study,
    })
}
