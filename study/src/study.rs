//! `study.toml`: what everybody agrees on before anything happens, read strictly.
//!
//! The study is the exact bytes of the file. What they mean is read once, here, and everything that can be wrong with them is
//! refused: another spelling of the same terms is another study, and a key that nobody knows is an error, since somebody may have
//! meant something by it.

mod aloud;
mod consistent;
mod file;

use crate::Error;
use crate::id::StudyId;
use crate::seal::SealingPublic;
use crate::signature::SigningPublic;
use smpcc_circuit::calendar;
use smpcc_circuit::program::{Shape, Suite, Threat};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use std::fmt;

/// The longest file of a study, in bytes: some tens of thousands of invitations.
pub const MAX_LEN: usize = 4 << 20;

/// Seconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// A study: the bytes that are signed, and what they say.
#[derive(Clone, Debug)]
pub struct Study {
    bytes: Vec<u8>,
    id: StudyId,
    terms: Terms,
}

/// What a study says.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What it is for, in plain words.
    pub purpose: String,
    /// The family of protocols.
    pub suite: Suite,
    /// What a corrupt node may do.
    pub threat: Threat,
    /// How many nodes may be corrupt together.
    pub threshold: u32,
    /// When contributions are taken: from, and until before.
    pub window: (Time, Time),
    /// What is computed.
    pub program: Program,
    /// Who gives, by role; no key is in two of them.
    pub contributors: Vec<Contributors>,
    /// How often it runs, and when.
    pub runs: Runs,
    /// What is kept for how long.
    pub retention: Retention,
    /// Who computes: node `i` is party `i` among those that compute. Two to sixteen.
    pub nodes: Vec<Node>,
    /// Who may open results.
    pub receivers: Vec<Receiver>,
    /// Who must agree beside the nodes.
    pub owners: Vec<Owner>,
}

/// The program of a study: its own files; the library is the software's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its file with `main`, by name and plain SHA-256.
    pub root: (String, [u8; 32]),
    /// Its other files.
    pub modules: SortedMap<String, [u8; 32]>,
    /// Public arguments, as they are written on the command line.
    pub arguments: SortedMap<String, String>,
}

/// Who gives as one role, what, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributors {
    /// Their role in the program.
    pub role: String,
    /// Fewer than this and nothing runs.
    pub least: u64,
    /// More than this are not taken.
    pub most: u64,
    /// The most bytes of one node's part of a contribution.
    pub max_bytes: u64,
    /// Who may give, once each: people who are known by these keys.
    pub keys: SortedSet<SigningPublic>,
    /// Who may give, once each: whoever holds the key that belongs to one of these.
    pub invitations: SortedSet<SigningPublic>,
    /// What each gives.
    pub inputs: Vec<Input>,
}

/// One value that a contributor gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name in the program.
    pub name: String,
    /// Its type in the program, whole ([`crate::types`]).
    pub scalar: String,
    /// What the type does not say: how variants that hold something are laid out.
    pub layout: Option<Shape>,
    /// What people read beside the field of a form.
    pub label: String,
    /// A sentence that explains it; may be empty.
    pub help: String,
    /// Smallest value.
    pub least: Option<String>,
    /// Largest value.
    pub most: Option<String>,
}

/// How often a study runs, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// This often.
    pub most: u32,
    /// When the window has closed, without anybody's command.
    pub when_closed: bool,
}

/// What is kept for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after the window has closed, for contributions.
    pub contributions_days: u32,
    /// Days after a run, for its stored results.
    pub results_days: u32,
}

/// Who computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its role in the program, if it gives or receives something itself.
    pub role: Option<String>,
    /// `HOST:PORT`, for contributors and receivers, over HTTPS.
    pub address: String,
    /// `HOST:PORT`, for the other nodes in a run.
    pub party_address: String,
    /// SHA-256 of its certificate.
    pub certificate: [u8; 32],
    /// What it signs with.
    pub sign: SigningPublic,
    /// What is sealed to it.
    pub seal: SealingPublic,
}

/// Who may open results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Its role in the program.
    pub role: String,
    /// What it signs its requests with.
    pub sign: SigningPublic,
    /// What its results are sealed to.
    pub seal: SealingPublic,
}

/// Who must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// What it signs with.
    pub sign: SigningPublic,
}

impl Terms {
    /// The contributors of a role.
    pub fn contributing(&self, role: &str) -> Option<&Contributors> {
        self.contributors.iter().find(|who| who.role == role)
    }

    /// As which of the contributors somebody with this key may give.
    pub fn admitted(&self, key: &SigningPublic) -> Option<usize> {
        self.contributors.iter().position(|who| who.admit(key))
    }

    /// The fewest of its nodes that can run without the others: with Shamir's shares 2t + 1, and more than half, so that no two sets of
    /// them both run; in the other suites all.
    pub fn least_nodes(&self) -> usize {
        let n = self.nodes.len();
        match self.suite {
            Suite::Bgw => (2 * self.threshold as usize + 1).max(n / 2 + 1),
            Suite::TwoParty | Suite::Rep3 | Suite::Rep4 | Suite::Gmw => n,
        }
    }
}

impl Study {
    /// The study of a file.
    ///
    /// # Errors
    /// What is wrong, and in which line where that is known.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            id: StudyId::of_file(bytes),
            terms: file::terms(bytes)?,
            bytes: bytes.to_vec(),
        })
    }

    /// SHA-256 of the bytes: the study's name wherever one is bound.
    pub fn id(&self) -> StudyId {
        self.id
    }

    /// The bytes as they were read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The study as a person would read it: who gives, who learns, how that is protected, how long it is kept, who must sign.
    pub fn aloud(&self) -> String {
        aloud::text(self)
    }

    /// Who must sign: nodes, then owners; by name.
    pub fn signers(&self) -> impl Iterator<Item = (&str, &SigningPublic)> {
        let nodes = self.terms.nodes.iter().map(|n| (n.name.as_str(), &n.sign));
        let owners = self.terms.owners.iter().map(|o| (o.name.as_str(), &o.sign));
        nodes.chain(owners)
    }

    /// The number of a node.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.terms.nodes.iter().position(|n| n.name == name)
    }

    /// Whether contributions are taken at a time.
    ///
    /// # Errors
    /// It is too early or too late.
    pub fn is_open(&self, now: Time) -> Result<(), Error> {
        let (opens, closes) = self.terms.window;
        if now < opens {
            return Err(Error::new(format!("the study opens at {opens}")));
        }
        if now >= closes {
            return Err(Error::new(format!("the study closed at {closes}")));
        }
        Ok(())
    }
}

impl Contributors {
    /// Whether somebody with this key may give as this role.
    fn admit(&self, key: &SigningPublic) -> bool {
        self.keys.contains(key) || self.invitations.contains(key)
    }
}

impl Time {
    /// The machine's clock.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.map_or(0, |d| d.as_secs()))
    }

    /// So many days later.
    pub fn after_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(u64::from(days) * 86_400))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&calendar::datetime_text(
            i64::try_from(self.0).unwrap_or(i64::MAX),
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::seal::SealingKey;
    use crate::signature::SigningKey;

    /// A good study of three nodes; the keys are fresh.
    pub(crate) fn sample() -> String {
        sample_of(&[(); 3].map(|()| SigningKey::fresh().unwrap()), &[])
    }

    /// The same with these nodes' and invitations' keys.
    pub(crate) fn sample_of(nodes: &[SigningKey], invitations: &[SigningPublic]) -> String {
        let mut text = format!(
            "format = \"smpcc study 1\"\nname = \"salaries\"\npurpose = \"The mean salary of nurses.\"\n\
             suite = \"rep3\"\nthreat = \"semi-honest\"\nthreshold = 1\n\
             opens = 2026-01-01T00:00:00Z\ncloses = 2026-02-01T12:30:00Z\n\n\
             [program]\nfile = \"salaries.smpc\"\nsha256 = \"{}\"\narguments = {{ level = \"6\" }}\n\n\
             [[contributors]]\nrole = \"person\"\nleast = 20\nmost = 1000\ninvitations = [{}]\n\n\
             [[contributors.input]]\nname = \"salary\"\ntype = \"u32\"\nlabel = \"Salary\"\nleast = 0\nmost = 100000\n\n\
             [runs]\nmost = 1\nstart = \"when closed\"\n\n[retention]\ncontributions_days = 30\nresults_days = 90\n",
            "ab".repeat(32),
            invitations
                .iter()
                .map(|key| format!("\"{key}\""))
                .collect::<Vec<_>>()
                .join(", "),
        );
        for (i, node) in nodes.iter().enumerate() {
            text += &format!(
                "\n[[node]]\nname = \"clinic-{i}\"\naddress = \"clinic-{i}.example:7443\"\nparty_address = \"clinic-{i}.example:7100\"\n\
                 certificate = \"sha256:{}\"\nsign = \"{}\"\nseal = \"{}\"\n",
                format!("{i:02x}").repeat(32),
                node.public(),
                SealingKey::fresh().unwrap().public()
            );
        }
        let key = || SigningKey::fresh().unwrap().public();
        text += &format!(
            "\n[[receiver]]\nname = \"institute\"\nrole = \"analyst\"\nsign = \"{}\"\nseal = \"{}\"\n\n[[owner]]\nname = \"union\"\nsign = \"{}\"\n",
            key(),
            SealingKey::fresh().unwrap().public(),
            key()
        );
        text
    }

    #[test]
    fn who_plays_a_role_is_numbered() {
        let text = |roles: [&str; 3]| {
            let mut text = sample();
            for (i, role) in roles.iter().enumerate() {
                let node = format!("name = \"clinic-{i}\"");
                let played = format!("{node}\nrole = \"{role}\"");
                text = text.replace(&node, &played);
            }
            text
        };
        assert!(Study::read(text(["lab[2]", "lab[0]", "lab[1]"]).as_bytes()).is_ok());
        assert!(Study::read(text(["lab", "bank[1]", "bank[0]"]).as_bytes()).is_ok());
        for roles in [
            ["lab[0]", "lab[0]", "lab[1]"],
            ["lab[0]", "lab[1]", "lab[3]"],
            ["lab[0]", "lab[1]", "lab[02]"],
            ["lab", "lab[1]", "lab[2]"],
            ["lab", "lab", "lab"],
        ] {
            let message = refused(&text(roles));
            assert!(
                message.contains("`lab[0]` to `lab[2]`, each once"),
                "{message}"
            );
        }
        let message = refused(&text(["analyst", "bank[1]", "bank[0]"]));
        assert!(message.contains("by nodes and by receivers"), "{message}");
    }

    fn refused(text: &str) -> String {
        Study::read(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn a_study_is_its_bytes_and_says_who_must_sign() {
        let text = sample();
        let study = Study::read(text.as_bytes()).unwrap();
        assert_eq!(study.id(), StudyId::of_file(text.as_bytes()));
        let other = Study::read(format!("{text}\n").as_bytes()).unwrap();
        assert_ne!(study.id(), other.id());
        assert_eq!(study.terms(), other.terms());
        let names: Vec<&str> = study.signers().map(|(name, _)| name).collect();
        assert_eq!(names, ["clinic-0", "clinic-1", "clinic-2", "union"]);
        let (opens, closes) = study.terms().window;
        assert_eq!(closes.to_string(), "2026-02-01T12:30:00Z");
        assert!(study.is_open(opens).is_ok() && study.is_open(closes).is_err());
        assert!(study.is_open(Time(opens.0 - 1)).is_err());
    }

    #[test]
    fn it_is_read_aloud_in_full() {
        let study = Study::read(sample().as_bytes()).unwrap();
        let text = study.aloud();
        for part in [
            "The mean salary of nurses.",
            "20 to 1000",
            "`salary`",
            "from 0 to 100000",
            "rep3",
            "any one of the 3 nodes",
            "institute",
            "30 days",
            "90 days",
            "once",
            "union",
            "clinic-2.example:7443",
            "how many did; none of them alone knows what",
            "whether it keeps to its declared ranges. One",
            "A run needs all nodes",
            "are not deleted",
            &study.id().to_string(),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for signer in study.signers() {
            assert!(text.contains(&signer.1.to_string()), "{text}");
        }
    }

    /// What protects the data differs by suite and threat, and is said for each.
    #[test]
    fn it_is_read_aloud_for_every_suite_and_threat() {
        for (suite, threat, n, t, parts) in [
            (
                "two-party",
                "semi-honest",
                2,
                1,
                [
                    "any one of the 2 nodes learns",
                    "If 2 of them",
                    "needs all nodes",
                ],
            ),
            (
                "rep3",
                "malicious",
                3,
                1,
                [
                    "whatever it may do; it can make a run stop",
                    "If 2 of them",
                    "needs all nodes",
                ],
            ),
            (
                "rep4",
                "malicious",
                4,
                1,
                [
                    "any one of the 4 nodes learns",
                    "If 2 of them",
                    "needs all nodes",
                ],
            ),
            (
                "gmw",
                "semi-honest",
                3,
                2,
                [
                    "no group of 2 of them knows what",
                    "If 3 of them",
                    "needs all nodes",
                ],
            ),
            (
                "bgw",
                "semi-honest",
                5,
                2,
                [
                    "any 2 of the 5 nodes together learn",
                    "If 3 of them",
                    "needs all nodes",
                ],
            ),
            (
                "bgw",
                "semi-honest",
                5,
                1,
                [
                    "and is shared as it should be",
                    "If 2 of them",
                    "go on while 3 of the 5",
                ],
            ),
        ] {
            let nodes: Vec<SigningKey> = (0..n).map(|_| SigningKey::fresh().unwrap()).collect();
            let text = sample_of(&nodes, &[])
                .replace("\"rep3\"", &format!("\"{suite}\""))
                .replace("\"semi-honest\"", &format!("\"{threat}\""))
                .replace("threshold = 1", &format!("threshold = {t}"))
                .replace("\"u32\"", "\"[u32; _]\"")
                .replace("least = 0\nmost = 100000\n", "");
            let text = Study::read(text.as_bytes()).unwrap().aloud();
            for part in parts.iter().chain(&["how long the lists are"]) {
                assert!(text.contains(part), "{suite}: {part}: {text}");
            }
        }
    }

    /// Several roles contribute, each with values, numbers and people of its own.
    #[test]
    fn several_roles_contribute() {
        let (clinic, other) = (SigningKey::fresh().unwrap(), SigningKey::fresh().unwrap());
        let table = |role: &str, key: &SigningKey| {
            format!(
                "[[contributors]]\nrole = \"{role}\"\nleast = 1\nmost = 1\nkeys = [\"{}\"]\n\n\
                 [[contributors.input]]\nname = \"dead\"\ntype = \"[u32; _]\"\nlabel = \"The dead\"\n\n[runs]",
                key.public()
            )
        };
        let more = |what: &str| {
            let nodes = [(); 3].map(|()| SigningKey::fresh().unwrap());
            sample_of(&nodes, &[other.public()]).replace("[runs]", what)
        };
        let study = Study::read(more(&table("registry", &clinic)).as_bytes()).unwrap();
        let terms = study.terms();
        assert_eq!(terms.admitted(&clinic.public()), Some(1));
        assert_eq!(terms.admitted(&other.public()), Some(0));
        assert_eq!(terms.admitted(&SigningKey::fresh().unwrap().public()), None);
        let text = study.aloud();
        for part in [
            "As `person`: 20 to 1000 contributions.",
            "As `registry`: 1 contribution.",
            "Each gives The dead: `dead`, [u32; _].",
            "not with fewer than 20 contributions as `person` and 1 contribution as `registry`",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for (table, why) in [
            (table("person", &clinic), "two tables of contributors"),
            (table("registry", &other), "stands twice"),
            (table("registry[0]", &clinic), "has no number"),
            (table("analyst", &clinic), "role of contributors"),
        ] {
            let message = refused(&more(&table));
            assert!(message.contains(why), "{why}: {message}");
        }
    }

    #[test]
    fn what_is_not_exactly_a_study_is_refused() {
        let text = sample();
        let change = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            refused(&text.replacen(from, to, 1))
        };
        for (from, to, why) in [
            ("threshold = 1", "threshold = 1\nnote = 2", "note"),
            ("threshold = 1", "threshold = 1\nthreshold = 1", "duplicate"),
            ("threshold = 1", "threshold = 2", "threshold"),
            ("threshold = 1", "", "threshold"),
            ("smpcc study 1", "smpcc study 2", "format"),
            ("\"rep3\"", "\"rep5\"", "suite"),
            ("\"rep3\"", "\"two-party\"", "two-party"),
            ("2026-02-01", "2025-02-01", "closes"),
            ("T12:30:00Z", "T12:30:00+01:00", "UTC"),
            ("The mean", "The\tmean", "control"),
            ("The mean", "The\\u0007mean", "control"),
            ("The mean", "The \u{202e}mean", "control"),
            ("\n\n[program]", "\r\n\n[program]", "control"),
            ("\"salaries\"", "\"sal aries\"", "name"),
            ("salaries.smpc", "../salaries.smpc", "file"),
            ("least = 20", "least = 2000", "least"),
            ("least = 20", "least = 0", "least"),
            ("sha256 = \"ab", "sha256 = \"AB", "sha256"),
            ("\"clinic-1\"", "\"clinic-0\"", "clinic-0"),
            ("name = \"union\"", "name = \"clinic-0\"", "clinic-0"),
            ("clinic-1.example:7443", "clinic-0.example:7443", "address"),
            ("clinic-1.example:7443", "clinic-1.example", "address"),
            ("\"when closed\"", "\"soon\"", "start"),
            ("label = \"Salary\"", "label = \"\"", "label"),
            ("[[owner]]", "[[owners]]", "owners"),
            ("[[receiver]]", "[receiver]", "write [[receiver]]"),
            ("\"analyst\"", "\"analyst[1]\"", "`analyst[0]`"),
            ("\"analyst\"", "\"person\"", "role of contributors"),
        ] {
            let message = change(from, to);
            assert!(message.contains(why), "{to}: {message}");
        }
        assert!(Study::read(text.replace("\"analyst\"", "\"analyst[0]\"").as_bytes()).is_ok());
        assert!(refused(&format!("\u{feff}{text}")).contains("byte order mark"));
        assert!(
            Study::read(b"\xff")
                .unwrap_err()
                .to_string()
                .contains("UTF-8")
        );
        let key = text
            .split("sign = \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let other = text
            .split("sign = \"")
            .nth(2)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(refused(&text.replace(other, key)).contains("two signers"));
        let invited = format!("invitations = [\"{key}\"]");
        assert!(change("invitations = []", &invited).contains("signer"));
    }
}
