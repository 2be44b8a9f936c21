//! What a party is to run: a program as text, compiled when all lengths are known, or one that `smpcc build` has compiled.
//!
//! A built program has its parties, suite, lengths and arguments in it; whatever is asked for must be what it was built for.

use crate::arguments::Arguments;
use crate::choices::{self, Asked, Choices};
use crate::exit::{Failure, Outcome};
use crate::given::Given;
use crate::lens::Lens;
use crate::seats::Seats;
use crate::source::Source;
use smpcc_circuit::codec;
use smpcc_circuit::verify::{Verified, verify};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{LocalChoice, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_runtime::hash::{Digest, sha256};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Something to run.
pub enum Work {
    /// A program as text.
    Text {
        /// The text.
        source: Source,
        /// The checked program.
        hir: Box<Hir>,
    },
    /// A program that is compiled.
    Built(Box<Built>),
}

/// A compiled program: from a file, or for the parties of one command.
#[derive(Clone)]
pub struct Built {
    /// The program.
    pub program: Verified,
    /// Its file, or what would be in it.
    pub bytes: Arc<Vec<u8>>,
    /// What messages on this machine call the files of its text, where that is at hand.
    pub paths: Option<Vec<String>>,
}

impl Built {
    /// A program that was just compiled from text.
    ///
    /// # Errors
    /// One that is too long to be encoded.
    pub fn of(program: Verified, source: &Source) -> Outcome<Self> {
        let bytes = codec::encode_program(&program)
            .map_err(|e| Failure::bug(format!("the plan cannot be encoded: {e}")))?;
        Ok(Self {
            program,
            bytes: Arc::new(bytes),
            paths: Some(source.paths()),
        })
    }

    /// Reads a file of `smpcc build`; `None` if it is something else.
    ///
    /// # Errors
    /// A file that cannot be read, or that is damaged or of another version.
    pub fn read(path: &Path) -> Outcome<Option<Self>> {
        let failed = |e| Failure::usage(format!("cannot read {}: {e}", path.display()));
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let most = codec::MAX_PROGRAM_BYTES as u64 + 1;
        // The text of a program is read by others, and may be no file that can be read twice.
        (&mut file)
            .take(8)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if !codec::is_encoded(&bytes) {
            return Ok(None);
        }
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        Self::from_bytes(bytes, None)
            .map(Some)
            .map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
    }

    /// What such a file holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_bytes(bytes: Vec<u8>, paths: Option<Vec<String>>) -> Result<Self, String> {
        let program = codec::decode_program(&bytes).map_err(|e| e.to_string())?;
        let program = verify(program).map_err(|e| format!("not a valid program: {e}"))?;
        Ok(Self {
            program,
            bytes: Arc::new(bytes),
            paths,
        })
    }

    /// What it was built for, in the words of options.
    fn choices(&self, asked: Asked, n_parties: u32) -> Outcome<Choices> {
        let program = &self.program;
        let usual = Asked::default();
        let Asked {
            suite,
            threat,
            threshold,
            args,
            protocol,
            local,
            objective,
            network,
            costs,
            opt,
        } = asked;
        let wrong = |what: String| {
            Err(Failure::usage(format!(
                "`{}` is built for {} among {} parties, of which {} may be corrupt ({}); {what}",
                program.name,
                program.suite.name(),
                program.n_parties,
                program.threshold,
                program.threat.name()
            )))
        };
        if n_parties != program.n_parties {
            return wrong(format!("{n_parties} parties cannot run it"));
        }
        if suite != usual.suite && suite != program.suite.name() {
            return wrong("build it again for another suite".into());
        }
        if threat != program.threat.name() {
            return wrong("build it again for another threat".into());
        }
        if threshold.is_some_and(|t| t != program.threshold) {
            return wrong("build it again for another threshold".into());
        }
        if let Some(name) = args.keys().next() {
            return wrong(format!("the argument `{name}` is fixed in it"));
        }
        if (protocol, local) != (usual.protocol, usual.local)
            || (objective, opt) != (usual.objective, usual.opt)
            || costs != usual.costs
        {
            return wrong("how it is compiled is fixed in it".into());
        }
        Ok(Choices {
            n_parties,
            args,
            options: Options {
                suite: program.suite,
                threat: program.threat,
                threshold: program.threshold,
                protocol: ProtocolChoice::Auto,
                local: LocalChoice::Auto,
                objective: ObjectiveChoice::Auto,
                network,
                costs,
                opt,
            },
            stored: None,
        })
    }
}

impl Work {
    /// The program's name in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Text { source, .. } => source.name(),
            Self::Built(built) => built.program.name.clone(),
        }
    }

    /// The text, if there is one, to show what the compiler says about it.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Text { source, .. } => Some(source),
            Self::Built(_) => None,
        }
    }

    /// What messages on this machine call the program's files, where they are called otherwise than all agree on.
    pub fn paths(&self) -> Option<Vec<String>> {
        match self {
            Self::Text { source, .. } => Some(source.paths()),
            Self::Built(built) => built.paths.clone(),
        }
    }

    /// How many parties take part.
    ///
    /// # Errors
    /// Nothing that says so.
    pub fn n_parties(&self, asked: Option<u32>, given: Option<&Given>) -> Outcome<u32> {
        match self {
            Self::Text { hir, .. } => crate::given::n_parties(hir, asked, given),
            Self::Built(built) => Ok(asked.unwrap_or(built.program.n_parties)),
        }
    }

    /// The public arguments beside the inputs. Those of a built program are fixed in it.
    ///
    /// # Errors
    /// An entry that does not hold any.
    pub fn take_arguments(&self, given: Option<&mut Given>) -> Outcome<Arguments> {
        let Some(given) = given else {
            return Ok(Arguments::new());
        };
        match self {
            Self::Text { hir, .. } => {
                given.take_arguments(|key| hir.roles.iter().any(|role| role.name == key))
            }
            Self::Built(built) => {
                let names = &built.program.party_names;
                given.take_arguments(|key| names.iter().any(|name| name == key))?;
                Ok(Arguments::new())
            }
        }
    }

    /// What is asked for, among so many parties.
    ///
    /// # Errors
    /// What no suite does, and what a built program was not built for.
    pub fn choices(&self, asked: Asked, n_parties: u32) -> Outcome<Choices> {
        match self {
            Self::Text { .. } => Choices::new(asked, n_parties),
            Self::Built(built) => built.choices(asked, n_parties),
        }
    }

    /// Whether the public arguments are those that it asks for, by name.
    ///
    /// # Errors
    /// One that is missing, or that there is not.
    pub fn check_arguments(&self, choices: &Choices) -> Result<(), String> {
        match self {
            Self::Text { hir, .. } => {
                choices::check_arguments(&smpcc_compiler::schema::schema(hir), &choices.args)
            }
            Self::Built(_) => Ok(()),
        }
    }

    /// Who takes part and gives what.
    ///
    /// # Errors
    /// Parties that the program's roles have no room for.
    pub fn seats(&self, choices: &Choices) -> Outcome<Seats> {
        match (self, &choices.stored) {
            (Self::Text { hir, .. }, Some(stored)) => {
                Ok(Seats::of(hir, &stored.role_counts).seated(&stored.seating))
            }
            (Self::Text { hir, .. }, None) => {
                Ok(Seats::of(hir, &choices::roles(hir, choices.n_parties)?))
            }
            (Self::Built(built), _) => Ok(Seats::compiled(&built.program)),
        }
    }

    /// The hash by which parties know that they run the same thing, whatever their paths are.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Text { source, .. } => source.digest(),
            Self::Built(built) => sha256(&built.bytes),
        }
    }

    /// The compiled program for these lengths.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn compile(&self, choices: &Choices, lens: Lens) -> Outcome<Verified> {
        match self {
            Self::Text { source, hir } => {
                let session = choices.session(hir, lens)?;
                let name = source.name();
                let options = &choices.options;
                let files = &source.files;
                pipeline::compile(hir, files, &name, &session, options, &mut |_, _| {})
                    .map(|compiled| compiled.program)
                    .map_err(Failure::compiler)
            }
            Self::Built(built) => Ok(built.program.clone()),
        }
    }
}
