//! A study with nodes in this process: real HTTPS on loopback, real files, and clocks that a test turns.

use smpcc_circuit::program::ShapeNode;
use smpcc_circuit::value::Scalar;
use smpcc_node::arrival;
use smpcc_node::config::Config;
use smpcc_node::hosted;
use smpcc_node::metrics::Metrics;
use smpcc_node::office::Office;
use smpcc_node::peers::{Peers, Waits};
use smpcc_node::routes::{self, Desk};
use smpcc_node::run::Tools;
use smpcc_node::server;
use smpcc_node::steward::{Phase, Steward};
use smpcc_runtime::hash::sha256;
use smpcc_runtime::keys::{Identity, write_secret};
use smpcc_runtime::ring::Elements;
use smpcc_study::contribution;
use smpcc_study::deal::{ForNode, Giver, deal};
use smpcc_study::https::{self, Answer, Patience};
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::schema::Value;
use smpcc_study::seal::SealingKey;
use smpcc_study::share_file::{self, SealTo};
use smpcc_study::signature::{SigningKey, study_file};
use smpcc_study::study::{Study, Time};
use smpcc_study::types;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

pub const PROGRAM: &str = "party analyst;\nparty person[2..];\n\nfn main(salary: secret u32 from each person) -> u64 to analyst {\n    salary.sum()\n}\n";

/// A folder with nodes' configurations and a signed study.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub study: Study,
    pub names: Vec<&'static str>,
    pub people: Vec<SigningKey>,
    /// The receiver's keys.
    pub analyst: (SigningKey, SealingKey),
    /// What must stand in no file: the random bytes that hide each part, sealed with it.
    planted: std::sync::Mutex<Vec<[u8; 32]>>,
}

/// A node that answers.
pub struct Running {
    pub office: Office,
    pub steward: Steward,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Site {
    /// With so many invitations and three nodes; contributions are taken until a time.
    pub fn new(people: usize, closes: Time) -> Self {
        Self::of(people, closes, &["a", "b", "c"], "rep3")
    }

    /// With these nodes and this suite, of whose nodes one may be corrupt.
    pub fn of(people: usize, closes: Time, names: &[&'static str], suite: &str) -> Self {
        Self::typed(people, closes, names, suite, "u32")
    }

    /// With another type of what people give.
    pub fn typed(
        people: usize,
        closes: Time,
        names: &[&'static str],
        suite: &str,
        ty: &str,
    ) -> Self {
        Self::with_more(people, closes, names, suite, ty, |_| String::new())
    }

    /// With more tables in the study, which may name the people's keys; the last of them has no invitation then.
    pub fn with_more(
        people: usize,
        closes: Time,
        names: &[&'static str],
        suite: &str,
        ty: &str,
        more: impl Fn(&SigningKey) -> String,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let people: Vec<SigningKey> = (0..people)
            .map(|_| SigningKey::fresh().expect("a key"))
            .collect();
        let more = people.last().map(more).unwrap_or_default();
        let invited = people.len() - usize::from(!more.is_empty());
        let invitations: Vec<String> = (people[..invited].iter())
            .map(|p| format!("\"{}\"", p.public()))
            .collect();
        let analyst = (
            SigningKey::fresh().expect("a key"),
            SealingKey::fresh().expect("a key"),
        );
        let mut text = format!(
            "format = \"smpcc study 1\"\nname = \"pay\"\npurpose = \"What people earn together.\"\nsuite = \"{suite}\"\nthreat = \"semi-honest\"\nthreshold = 1\n\
             opens = 2026-01-01T00:00:00Z\ncloses = {closes}\n\n[program]\nfile = \"pay.smpc\"\nsha256 = \"{}\"\n\n\
             [[contributors]]\nrole = \"person\"\nleast = 2\nmost = 1000\nmax_bytes = 4096\ninvitations = [{}]\n\n\
             [[contributors.input]]\nname = \"salary\"\ntype = \"{ty}\"\nlabel = \"Salary\"\n\n{more}\
             [runs]\nmost = 1\nstart = \"by command\"\n\n[retention]\ncontributions_days = 1\nresults_days = 1\n\n\
             [[receiver]]\nname = \"institute\"\nrole = \"analyst\"\nsign = \"{}\"\nseal = \"{}\"\n",
            &sha256(PROGRAM.as_bytes()).to_string()["sha256:".len()..],
            invitations.join(", "),
            analyst.0.public(),
            analyst.1.public()
        );
        std::fs::write(at("pay.smpc"), PROGRAM).expect("written");
        // Ports that nobody has now; each is bound again at once.
        let ports: Vec<u16> = free_ports(2 * names.len());
        let mut keys = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let identity = Identity::generate(name, Duration::from_secs(86_400)).expect("a key");
            identity.write(folder.path(), name).expect("written");
            let (sign, seal) = (
                SigningKey::fresh().expect("a key"),
                SealingKey::fresh().expect("a key"),
            );
            write_secret(&at(&format!("{name}.sign.key")), sign.to_text().as_bytes())
                .expect("written");
            write_secret(&at(&format!("{name}.seal.key")), seal.to_text().as_bytes())
                .expect("written");
            text += &format!(
                "\n[[node]]\nname = \"{name}\"\naddress = \"127.0.0.1:{}\"\nparty_address = \"127.0.0.1:{}\"\ncertificate = \"{}\"\nsign = \"{}\"\nseal = \"{}\"\n",
                ports[2 * i],
                ports[2 * i + 1],
                identity.certificate().fingerprint(),
                sign.public(),
                seal.public()
            );
            let config = format!(
                "listen = \"127.0.0.1:{}\"\ndata = \"data-{name}\"\nkey = \"{name}.key\"\ncert = \"{name}.crt\"\nsign = \"{name}.sign.key\"\nseal = \"{name}.seal.key\"\nstudies = [\"study.toml\"]\ntick_s = 1\nsmpcc = \"smpcc-{name}\"\n",
                ports[2 * i]
            );
            std::fs::write(at(&format!("{name}.toml")), config).expect("written");
            keys.push(sign);
        }
        let study = Study::read(text.as_bytes()).expect("a study");
        std::fs::write(at("study.toml"), &text).expect("written");
        for (name, key) in names.iter().zip(&keys) {
            let signature = study_file(&study.id(), name, key);
            std::fs::write(at(&format!("study.toml.{name}.sig")), signature).expect("written");
        }
        Self {
            folder,
            study,
            names: names.to_vec(),
            people,
            analyst,
            planted: std::sync::Mutex::default(),
        }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self, name: &str) -> Config {
        Config::read(&self.at(&format!("{name}.toml"))).expect("a configuration")
    }

    /// Starts a node in this process.
    pub fn start(&self, name: &str) -> Running {
        let config = self.config(name);
        let hosted = hosted::read(&config).expect("studies");
        let metrics = Arc::new(Metrics::default());
        let again = |key: &SigningKey| SigningKey::from_text(&key.to_text()).expect("a key");
        let seal = SealingKey::from_text(&config.seal.to_text()).expect("a key");
        let tools = Tools::of(&config);
        let opened = Office::open(
            &config.data,
            hosted,
            again(&config.sign),
            config.seal,
            metrics.clone(),
        );
        let (office, keeper) = opened.expect("an office");
        let steward = Steward {
            peers: Peers {
                office: office.clone(),
                sign: config.sign,
                waits: Waits::default(),
            },
            tools,
            stopped: Box::new(|| false),
        };
        let desk = Arc::new(Desk {
            office: office.clone(),
            seal,
            metrics: metrics.clone(),
            hands: Semaphore::new(4),
        });
        let listener = TcpListener::bind(&config.listen).expect("the port");
        listener.set_nonblocking(true).expect("a listener");
        let (stop, told) = watch::channel(false);
        let identity = config.identity;
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build();
            runtime.expect("threads").block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let served =
                    server::serve(listener, &identity, routes::router(desk), metrics, 60, told);
                served.await.expect("served");
            });
        });
        Running {
            office,
            steward,
            stop,
            server,
            keeper,
        }
    }

    pub fn start_all(&self) -> Vec<Running> {
        self.names.iter().map(|name| self.start(name)).collect()
    }

    /// Asks a node.
    pub fn ask(&self, node: usize, method: &str, path: &str, body: &[u8]) -> Answer {
        self.try_ask(node, method, path, body).expect("an answer")
    }

    pub fn try_ask(
        &self,
        node: usize,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Answer, smpcc_study::Error> {
        let node = &self.study.terms().nodes[node];
        let path = path.replace("STUDY", &self.study.id().to_string());
        https::request(
            (node.address.as_str(), &node.certificate),
            (method, &path),
            body,
            Patience::default(),
        )
    }

    /// Sends a node its part.
    pub fn send(&self, node: usize, id: &ContributionId, bodies: &[Vec<u8>]) -> Answer {
        self.ask(
            node,
            "POST",
            &format!("/v1/studies/STUDY/contributions/{id}"),
            &bodies[node],
        )
    }
}

impl Running {
    /// Looks as if it were that time, until nobody is waited for.
    pub fn look(&self, study: &StudyId, now: Time) -> Result<Phase, smpcc_node::Error> {
        self.steward.look(study, now)
    }

    /// Stops it, in order.
    pub fn stop(self) {
        self.stop.send(true).expect("the server listens");
        self.server.join().expect("the server ends");
        drop((self.office, self.steward));
        self.keeper.join().expect("the keeper ends");
    }
}

fn free_ports(n: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..n)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
        .collect();
    held.iter()
        .map(|l| l.local_addr().expect("an address").port())
        .collect()
}

impl Site {
    /// A contribution of a value by one of the people: its name, and what goes to each node.
    pub fn contribution(&self, person: usize, salary: u64) -> (ContributionId, Vec<Vec<u8>>) {
        self.contribution_by(&self.people[person], salary)
    }

    /// The same under a key.
    pub fn contribution_by(&self, key: &SigningKey, salary: u64) -> (ContributionId, Vec<Vec<u8>>) {
        let (id, dealt) = self.dealt(salary);
        (id, self.signed(key, &dealt))
    }

    /// What goes to each node of what was dealt, signed with a key.
    pub fn signed(&self, key: &SigningKey, dealt: &[ForNode]) -> Vec<Vec<u8>> {
        let manifest = contribution::sign(&dealt[0].header.manifest(), key);
        let blinders = dealt
            .iter()
            .flat_map(|d| &d.parts)
            .filter_map(|p| p.blinder.as_ref());
        self.planted
            .lock()
            .expect("secrets")
            .extend(blinders.map(|b| *b.0));
        let nodes = dealt.iter().zip(&self.study.terms().nodes);
        let bodies = nodes.map(|(of_node, node)| {
            let to = SealTo::Node(&node.seal);
            let file = share_file::write(&of_node.header, &of_node.parts, &to).expect("sealed");
            contribution::join(&manifest, &file).expect("joined")
        });
        bodies.collect()
    }

    /// Looks for what must stand in no file through all that a node has written.
    pub fn assert_nothing_leaked(&self, name: &str) {
        let planted = self.planted.lock().expect("secrets");
        let mut folders = vec![self.at(&format!("data-{name}"))];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let bytes = std::fs::read(&path).expect("a file");
                let found = planted.iter().any(|p| bytes.windows(32).any(|w| w == p));
                assert!(!found, "{} holds a secret", path.display());
            }
        }
        assert!(files > 3 && !planted.is_empty());
    }

    /// A value, dealt.
    pub fn dealt(&self, salary: u64) -> (ContributionId, Vec<ForNode>) {
        self.dealt_words("u32", &[vec![u128::from(salary)]])
    }

    /// Words of a type, dealt: of each of its scalars those of all lanes. Open lengths are as many as the first has.
    pub fn dealt_words(&self, ty: &str, words: &[Vec<u128>]) -> (ContributionId, Vec<ForNode>) {
        self.dealt_as("person", "salary", ty, words)
    }

    /// The same, as a role's value of a name.
    pub fn dealt_as(
        &self,
        whose: &str,
        name: &str,
        ty: &str,
        words: &[Vec<u128>],
    ) -> (ContributionId, Vec<ForNode>) {
        let terms = self.study.terms();
        let giver = Giver {
            study: self.study.id(),
            scheme: arrival::scheme(terms),
            threat: terms.threat,
            whose,
            made: 0,
        };
        let mut shape = types::read(ty).expect("a type");
        for node in &mut shape.0 {
            if let ShapeNode::Array(len @ None) = node {
                *len = Some(words[0].len() as u64);
            }
        }
        let scalars = shape.0.iter().filter_map(|node| match node {
            ShapeNode::Scalar { scalar, .. } => Some(*scalar),
            _ => None,
        });
        let scalars: Vec<Scalar> = scalars.collect();
        let lanes = words.iter().map(|words| words.len() as u64);
        let value = Value {
            name: name.into(),
            leaves: scalars.iter().copied().zip(lanes).collect(),
            shape,
        };
        let words = scalars.iter().zip(words);
        let words = words.map(|(s, words)| Elements::of_words(s.width(), words.iter().copied()));
        let words = words.collect();
        let dealt = deal(&giver, &[(value, words)]).expect("dealt");
        (dealt[0].header.id, dealt)
    }
}
