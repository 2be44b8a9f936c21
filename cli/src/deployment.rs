//! The configuration of one party in a real deployment: read, checked, and turned into what a run needs.
//!
//! Paths in it are relative to its own folder. Whatever can be wrong is said before anybody is connected to.

use crate::arguments;
use crate::choices::{Asked, Choices};
use crate::exit::{Failure, Outcome};
use crate::given::{self, PartyInputs};
use crate::limits::{Limits, Memory};
use crate::reading;
use crate::seating::Portion;
use crate::seats::Seats;
use crate::stored::Attempt;
use crate::stored::portion::{self, HERE};
use crate::stored::shelf::Own;
use crate::work::Work;
use crate::{costs, play, stored, studies, toml_file};
use serde::Deserialize;
use smpcc_circuit::sorted::SortedMap;
use smpcc_runtime::keys::{self, Certificate, Identity};
use smpcc_runtime::net::tls::Peer;
use smpcc_runtime::party::PartyId;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Seconds to wait where the file does not say.
const DEADLINE_S: u64 = 60;

/// A certificate that ends within this is mentioned.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// The file of a deployment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    program: PathBuf,
    party: PartyKey,
    listen: String,
    key: PathBuf,
    cert: PathBuf,
    #[serde(default)]
    inputs: Option<PathBuf>,
    #[serde(default)]
    suite: Option<String>,
    #[serde(default)]
    threat: Option<String>,
    #[serde(default)]
    threshold: Option<u32>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    local: Option<String>,
    #[serde(default)]
    objective: Option<String>,
    #[serde(default)]
    network: Option<String>,
    #[serde(default)]
    costs: Option<PathBuf>,
    #[serde(default)]
    connect_s: Option<u64>,
    #[serde(default)]
    deadline_s: Option<u64>,
    #[serde(default)]
    run_s: Option<u64>,
    #[serde(default)]
    memory: Option<String>,
    #[serde(default)]
    max_rows: Option<u64>,
    #[serde(default)]
    args: SortedMap<String, toml::Value>,
    #[serde(default)]
    peer: Vec<PeerConfig>,
    #[serde(default)]
    study: Option<PathBuf>,
    #[serde(default)]
    seal: Option<PathBuf>,
    #[serde(default)]
    shares: Option<SharesConfig>,
}

/// Where a node of a study has its share files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharesConfig {
    inputs: PathBuf,
    #[serde(default)]
    outputs: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerConfig {
    party: PartyKey,
    address: String,
    cert: PathBuf,
}

/// A party's number or role.
#[derive(Deserialize, Clone)]
#[serde(untagged, expecting = "expected a party's number or role")]
enum PartyKey {
    Number(u32),
    Role(String),
}

impl PartyKey {
    fn number(&self, names: &[String]) -> Option<u32> {
        match self {
            Self::Number(n) => Some(*n).filter(|n| (*n as usize) < names.len()),
            Self::Role(role) => names
                .iter()
                .position(|n| n == role)
                .or_else(|| role.parse().ok().filter(|n| *n < names.len()))
                .map(|n| n as u32),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Role(role) => format!("\"{role}\""),
        }
    }
}

/// A configuration with where it stands.
pub struct Deployment {
    /// Its path, for messages.
    shown: String,
    folder: PathBuf,
    config: Config,
    portion: Portion,
}

impl Deployment {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong and in which line; the file is not quoted, since it may be another one by mistake.
    pub fn read(path: &Path) -> Outcome<Self> {
        let shown = path.display().to_string();
        let text = reading::text(path, reading::BY_HAND)
            .map_err(|e| Failure::usage(format!("cannot read {shown}: {e}")))?;
        Self::from_text(path, &text)
    }

    /// The configuration that a file at `path` holds.
    ///
    /// # Errors
    /// As [`Deployment::read`].
    pub fn from_text(path: &Path, text: &str) -> Outcome<Self> {
        let shown = path.display().to_string();
        let config: Config =
            toml_file::parse(text).map_err(|what| Failure::usage(format!("{shown}: {what}")))?;
        let Config {
            connect_s,
            deadline_s,
            run_s,
            ..
        } = &config;
        for (name, value) in [
            ("connect_s", connect_s),
            ("deadline_s", deadline_s),
            ("run_s", run_s),
        ] {
            if *value == Some(0) {
                return Err(Failure::usage(format!(
                    "{shown}: {name} is a number of seconds, at least 1"
                )));
            }
        }
        Ok(Self {
            shown,
            folder: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            config,
            portion: Portion::Whole,
        })
    }

    /// The same for a portion of a study's data. A shard meets the others at addresses of its own ([`portion::address`]), and `{shard}` in a
    /// path is its number.
    ///
    /// # Errors
    /// A portion where there is no study, and an address that no shard can have.
    pub fn of(mut self, portion: Portion) -> Outcome<Self> {
        if portion != Portion::Whole && self.config.study.is_none() {
            return Err(self.wrong("shards are of a study, and this file names none"));
        }
        self.portion = portion;
        let shard = portion.shard();
        let moved = |text: &str| portion::address(text, shard);
        let listen = moved(&self.config.listen).map_err(|e| self.wrong(e))?;
        let addresses = self.config.peer.iter().map(|peer| moved(&peer.address));
        let addresses: Vec<String> = addresses
            .collect::<Result<_, _>>()
            .map_err(|e| self.wrong(e))?;
        self.config.listen = listen;
        for (peer, address) in self.config.peer.iter_mut().zip(addresses) {
            peer.address = address;
        }
        Ok(self)
    }

    fn at(&self, path: &Path) -> PathBuf {
        match (self.portion.shard(), path.to_str()) {
            (Some(shard), Some(text)) => self.folder.join(text.replace(HERE, &shard.to_string())),
            _ => self.folder.join(path),
        }
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{}: {what}", self.shown))
    }

    /// The program's path.
    pub fn program(&self) -> PathBuf {
        self.at(&self.config.program)
    }

    /// Every file that the configuration names, and its own: what a report must not overwrite.
    pub fn files(&self) -> Vec<PathBuf> {
        let config = &self.config;
        let named = [&config.program, &config.key, &config.cert];
        named
            .into_iter()
            .chain(&config.inputs)
            .chain(&config.costs)
            .chain(&config.study)
            .chain(&config.seal)
            .chain(config.peer.iter().map(|peer| &peer.cert))
            .map(|path| self.at(path))
            .chain([PathBuf::from(&self.shown)])
            .collect()
    }

    /// What this party listens at.
    pub fn listen(&self) -> &str {
        &self.config.listen
    }

    /// How long the others may take to connect; as long as a deadline unless the file says otherwise.
    pub fn connect(&self) -> Duration {
        self.config
            .connect_s
            .map_or(self.deadline(), Duration::from_secs)
    }

    /// How long a party that is connected may give no sign of life.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.config.deadline_s.unwrap_or(DEADLINE_S))
    }

    /// What this party is ready to spend.
    ///
    /// # Errors
    /// An amount of memory that cannot be read.
    pub fn limits(&self) -> Outcome<Limits> {
        let usual = Limits::default();
        let memory = match &self.config.memory {
            Some(text) => {
                let Memory(bytes) = text
                    .parse()
                    .map_err(|e| self.wrong(format_args!("memory: {e}")))?;
                Some(bytes)
            }
            None => usual.memory,
        };
        Ok(Limits {
            memory,
            rows: self.config.max_rows.unwrap_or(usual.rows),
            run: self.config.run_s.map(Duration::from_secs),
            ..usual
        })
    }

    /// Whether the configuration gives the public arguments that the program asks for.
    ///
    /// # Errors
    /// One that is missing, or that the program does not have.
    pub fn check_arguments(&self, work: &Work, choices: &Choices) -> Outcome {
        work.check_arguments(choices)
            .map_err(|what| self.wrong(format_args!("[args]: {what}")))
    }

    /// What is in order today and deserves a look: a key that others can read, certificates that are about to end.
    pub fn cautions(&self, own: &Identity, peers: &[Peer]) -> Vec<String> {
        let mut cautions = Vec::new();
        let key = self.at(&self.config.key);
        if let Some(mode) = keys::loose_mode(&key) {
            let key = key.display();
            cautions.push(format!(
                "{key} has the mode {mode:03o}, so that others on this machine can read or change it: chmod 600 {key}"
            ));
        }
        let now = SystemTime::now();
        let certificates = peers
            .iter()
            .map(|peer| (format!("{}'s", peer.party), &peer.certificate))
            .chain([("this party's".to_owned(), own.certificate())]);
        for (whose, certificate) in certificates {
            if let Some(left) = certificate.ends_within(SOON, now) {
                let days = left.as_secs() / 86_400;
                cautions.push(format!(
                    "{whose} certificate ends in {days} day{}: make a new one in time (`smpcc keygen`)",
                    if days == 1 { "" } else { "s" }
                ));
            }
        }
        cautions
    }

    /// What this party holds as a node of a study, if it is one.
    ///
    /// # Errors
    /// A study that is not this program's, and share files that are not this node's.
    pub fn own(&self, work: &Work, attempt: u32, without: &[String]) -> Outcome<Option<Own>> {
        let config = &self.config;
        let (study, seal, shares) = match (&config.study, &config.seal, &config.shares) {
            (None, None, None) if attempt == 1 && without.is_empty() => return Ok(None),
            (Some(study), Some(seal), Some(shares)) => (study, seal, shares),
            _ => {
                return Err(self.wrong(
                    "a node of a study needs study, seal (its NAME.seal.key) and [shares] with inputs",
                ));
            }
        };
        let study = studies::read(&self.at(study))?;
        let Work::Text { source, hir } = work else {
            return Err(self.wrong("program: name its text, by which the study knows it"));
        };
        stored::is_program_of(source, &study)?;
        let names = stored::node_names(study.terms());
        let node = self.number(&config.party, &names)?;
        let lost = without
            .iter()
            .map(|name| self.number(&PartyKey::Role(name.clone()), &names))
            .collect::<Outcome<Vec<u32>>>()?;
        let attempt = Attempt {
            number: attempt,
            portion: self.portion,
            ..Attempt::first(study.terms()).without(&lost)
        };
        let inputs = self.at(&shares.inputs);
        let outputs = shares.outputs.as_ref().map(|path| self.at(path));
        let folders = (inputs.as_path(), outputs.as_deref().unwrap_or(&inputs));
        Own::read(study, hir, node, &self.at(seal), folders, &attempt).map(Some)
    }

    /// What this party wants all to agree on.
    ///
    /// # Errors
    /// Words that name nothing, and what no suite does.
    pub fn choices(&self, work: &Work, own: Option<&Own>) -> Outcome<Choices> {
        let config = &self.config;
        let n_parties = match own {
            Some(own) => own.stored.members.len(),
            None => config.peer.len() + 1,
        };
        let n_parties = u32::try_from(n_parties).map_err(|_| self.wrong("too many peers"))?;
        let mut asked = Asked {
            threshold: config.threshold,
            args: config
                .args
                .iter()
                .map(|(name, value)| (name.clone(), arguments::of_toml(value)))
                .collect(),
            ..Asked::default()
        };
        if let Some(suite) = &config.suite {
            asked.suite.clone_from(suite);
        }
        if let Some(threat) = &config.threat {
            asked.threat.clone_from(threat);
        }
        if let Some(protocol) = &config.protocol {
            asked.protocol = protocol.parse().map_err(|e: String| self.wrong(e))?;
        }
        if let Some(local) = &config.local {
            asked.local = local.parse().map_err(|e: String| self.wrong(e))?;
        }
        if let Some(objective) = &config.objective {
            asked.objective = objective.parse().map_err(|e: String| self.wrong(e))?;
        }
        if let Some(network) = &config.network {
            asked.network = network.parse().map_err(|e: String| self.wrong(e))?;
        }
        if let Some(costs) = &config.costs {
            asked.costs = costs::read(&self.at(costs))?;
        }
        if let Some(own) = own {
            let nodes = own.study.terms().nodes.len();
            // Those that are lost need not stand here.
            if !(own.stored.members.len()..=nodes).contains(&(config.peer.len() + 1)) {
                return Err(self.wrong(format_args!(
                    "the study has {nodes} nodes, and this file {} parties",
                    config.peer.len() + 1
                )));
            }
            stored::as_agreed(&own.study, &mut asked).map_err(|f| self.wrong(f.message))?;
        }
        let mut choices = work
            .choices(asked, n_parties)
            .map_err(|f| self.wrong(f.message))?;
        choices.stored = own.map(|own| own.stored.clone());
        Ok(choices)
    }

    /// This party's number; `names` are those of all parties.
    ///
    /// # Errors
    /// A party that is not in the run.
    pub fn me(&self, names: &[String]) -> Outcome<u32> {
        self.number(&self.config.party, names)
    }

    fn number(&self, key: &PartyKey, names: &[String]) -> Outcome<u32> {
        key.number(names).ok_or_else(|| {
            self.wrong(format_args!(
                "there is no party {} in a run of {}",
                key.shown(),
                names.len()
            ))
        })
    }

    /// What this party gives.
    ///
    /// # Errors
    /// A missing file, or one that does not hold what the program asks this party for.
    pub fn inputs(&self, seats: &Seats, me: u32) -> Outcome<PartyInputs> {
        match &self.config.inputs {
            Some(path) => {
                let path = self.at(path);
                let source = given::read_party(&path)?;
                given::one_party(seats, me, &source, &path.display().to_string())
            }
            None if seats.gifts(me).is_empty() => Ok(PartyInputs::default()),
            None => Err(self.wrong(format_args!(
                "party {me} gives {}: say in which file, inputs = \"…\"",
                seats.listed(me)
            ))),
        }
    }

    /// This party's key and certificate.
    ///
    /// # Errors
    /// Files that cannot be read or do not belong together.
    pub fn identity(&self) -> Outcome<Identity> {
        let certificate = read(&self.at(&self.config.cert))?;
        let key = read(&self.at(&self.config.key))?;
        Identity::from_pem(&certificate, &key).map_err(play::failure)
    }

    /// The other parties, without those that are lost; in an attempt without somebody all are called by name.
    ///
    /// # Errors
    /// A party that is not in the run or stands twice, and certificates that cannot be read.
    pub fn peers(&self, names: &[String], me: u32, without: &[String]) -> Outcome<Vec<Peer>> {
        let mut peers = Vec::new();
        let mut seen = vec![me];
        let is_lost =
            |key: &PartyKey| matches!(key, PartyKey::Role(name) if without.contains(name));
        for peer in self.config.peer.iter().filter(|peer| !is_lost(&peer.party)) {
            let party = self.number(&peer.party, names)?;
            if seen.contains(&party) {
                return Err(self.wrong(format_args!("party {party} stands twice")));
            }
            seen.push(party);
            let path = self.at(&peer.cert);
            let certificate = Certificate::from_pem(read(&path)?.as_bytes())
                .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
            peers.push(Peer {
                party: party_id(party),
                certificate,
                address: peer.address.clone(),
            });
        }
        if peers.len() + 1 != names.len() {
            return Err(self.wrong(format_args!(
                "there are {} parties in this run, and this file has {} of them",
                names.len(),
                peers.len() + 1
            )));
        }
        Ok(peers)
    }
}

/// A party's number as the runtime has it.
pub fn party_id(number: u32) -> PartyId {
    PartyId::new(u16::try_from(number).unwrap_or(u16::MAX))
}

fn read(path: &Path) -> Outcome<String> {
    reading::text(path, reading::BY_HAND)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))
}
