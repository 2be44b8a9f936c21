//! What a party says first: its content, its limits and its encoding.

use crate::error::Error;
use crate::hash::{Digest, Transcript};
use crate::message::{Malformed, Reader, Writer};
use crate::party::PartyId;

use super::{HELLO_CAP, PROTOCOL_VERSION};

/// The most bytes of a name.
const NAME_CAP: usize = 256;
/// The most bytes of the value of an argument or option.
const VALUE_CAP: usize = 64 << 10;
/// The most entries of a list.
const LIST_CAP: usize = 4096;
/// The most elements that an input can have.
const LENGTH_CAP: u64 = 1 << 40;
/// The most characters of a peer's text that a message shows.
const SHOWN: usize = 80;

/// What a party wants to run, and with how much input. Lists may come in any order and are sorted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The compiler that made it; must be equal.
    pub build: String,
    /// The hash of the program's text with all that it imports; must be equal.
    pub source: Digest,
    /// The hash of the cost model; must be equal.
    pub costs: Digest,
    /// The protocol suite; must be equal.
    pub suite: String,
    /// The parties that may be corrupt; must be equal.
    pub threshold: u16,
    /// What corrupt parties may do; must be equal.
    pub threat: String,
    /// Other options that decide what is compiled, such as a forced protocol; must be equal.
    pub options: Vec<(String, String)>,
    /// The program's arguments; must be equal.
    pub arguments: Vec<(String, String)>,
    /// The lengths of this party's own inputs.
    pub lengths: Vec<(String, u64)>,
}

/// A proposal with who makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    version: u32,
    party: u16,
    n_parties: u16,
    nonce: [u8; 32],
    /// The sources of what computes with the others; must be equal.
    pub(super) code: Digest,
    pub(super) wants: Proposal,
}

impl Hello {
    pub(super) fn new(
        me: PartyId,
        n_parties: usize,
        wants: &Proposal,
        nonce: [u8; 32],
    ) -> Result<Self, Error> {
        let mut wants = wants.clone();
        wants.options.sort();
        wants.arguments.sort();
        wants.lengths.sort();
        Ok(Self {
            version: PROTOCOL_VERSION,
            party: me.number(),
            n_parties: u16::try_from(n_parties).map_err(|_| Error::bug("too many parties"))?,
            nonce,
            code: code(),
            wants,
        })
    }

    /// Fails when the proposal is beyond the limits.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let wants = &self.wants;
        let mut w = Writer::default();
        w.u32(self.version)
            .u16(self.party)
            .u16(self.n_parties)
            .fixed(&self.nonce)
            .fixed(&self.code.0)
            .sized(wants.build.as_bytes())
            .fixed(&wants.source.0)
            .fixed(&wants.costs.0)
            .sized(wants.suite.as_bytes())
            .u16(wants.threshold)
            .sized(wants.threat.as_bytes());
        for pairs in [&wants.options, &wants.arguments] {
            w.u32(pairs.len() as u32);
            for (name, value) in pairs {
                w.sized(name.as_bytes()).sized(value.as_bytes());
            }
        }
        w.u32(wants.lengths.len() as u32);
        for (name, len) in &wants.lengths {
            w.sized(name.as_bytes()).u64(*len);
        }
        let bytes = w.finish();
        // What another party would refuse is refused here, where its owner can change it.
        let again = Self::decode(
            &bytes,
            PartyId::new(self.party),
            usize::from(self.n_parties),
        );
        match again {
            _ if bytes.len() > HELLO_CAP => Err(Error::usage(format!(
                "arguments and options have {} bytes together; the limit is {HELLO_CAP}",
                bytes.len()
            ))),
            Ok(_) => Ok(bytes),
            Err(what) => Err(Error::usage(format!(
                "this is beyond the limits of what parties tell each other: {what}"
            ))),
        }
    }

    /// Reads what `from` sent, in a run of `n_parties`; fails naming what is wrong.
    pub(crate) fn decode(bytes: &[u8], from: PartyId, n_parties: usize) -> Result<Self, String> {
        let unchecked = Self::read(bytes).map_err(|Malformed(what)| what.to_owned())?;
        if unchecked.party != from.number() {
            return Err(format!("it takes itself for party {}", unchecked.party));
        }
        if usize::from(unchecked.n_parties) != n_parties {
            return Err(format!(
                "it counts {} parties, not {n_parties}",
                unchecked.n_parties
            ));
        }
        Ok(unchecked)
    }

    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let version = r.u32("version")?;
        if version != PROTOCOL_VERSION {
            return Err(Malformed("another version of the protocol"));
        }
        let (party, n_parties) = (r.u16("party")?, r.u16("number of parties")?);
        let nonce = r.array("nonce")?;
        let code = Digest(r.array("code")?);
        let wants = Proposal {
            build: r.text(NAME_CAP, "build")?.to_owned(),
            source: Digest(r.array("source")?),
            costs: Digest(r.array("costs")?),
            suite: r.text(NAME_CAP, "suite")?.to_owned(),
            threshold: r.u16("threshold")?,
            threat: r.text(NAME_CAP, "threat")?.to_owned(),
            options: texts(&mut r, VALUE_CAP, "options")?,
            arguments: texts(&mut r, VALUE_CAP, "arguments")?,
            lengths: list(&mut r, "input lengths", |r| {
                let len = r.u64("an input's length")?;
                if len > LENGTH_CAP {
                    return Err(Malformed("an input's length"));
                }
                Ok(len)
            })?,
        };
        r.finish()?;
        Ok(Self {
            version,
            party,
            n_parties,
            nonce,
            code,
            wants,
        })
    }
}

/// What stands below the plan in this build: labels of key streams, sizes of blocks, forms of messages. Two builds of one version that
/// differ there would compute nonsense together.
fn code() -> Digest {
    let mut t = Transcript::new("smpcc/code");
    t.string(smpcc_circuit::SOURCES).string(crate::SOURCES);
    t.finish()
}

fn texts(
    r: &mut Reader<'_>,
    cap: usize,
    what: &'static str,
) -> Result<Vec<(String, String)>, Malformed> {
    list(r, what, |r| r.text(cap, what).map(str::to_owned))
}

/// A list of named values, sorted by name, no name twice.
fn list<T>(
    r: &mut Reader<'_>,
    what: &'static str,
    mut value: impl FnMut(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<(String, T)>, Malformed> {
    let n = r.count(LIST_CAP, what)?;
    let mut out: Vec<(String, T)> = Vec::new();
    for _ in 0..n {
        let name = r.text(NAME_CAP, what)?;
        if out.last().is_some_and(|(last, _)| last.as_str() >= name) {
            return Err(Malformed(what));
        }
        out.push((name.to_owned(), value(r)?));
    }
    Ok(out)
}

/// What differs between what this party and another want to run, one sentence part for each component.
pub(super) fn differences(mine: &Hello, theirs: &Hello, label: &str) -> Vec<String> {
    let codes = (mine.code, theirs.code);
    let (mine, theirs) = (&mine.wants, &theirs.wants);
    let mut out = Vec::new();
    let mut compare = |what: &str, a: &str, b: &str| {
        if a != b {
            out.push(format!(
                "{what}: {} here, {} at {label}",
                shown(a),
                shown(b)
            ));
        }
    };
    compare(
        "the program's source",
        &mine.source.to_string(),
        &theirs.source.to_string(),
    );
    compare("the build of smpcc", &mine.build, &theirs.build);
    if mine.build == theirs.build {
        compare(
            "the sources that this build of smpcc was made from",
            &codes.0.to_string(),
            &codes.1.to_string(),
        );
    }
    compare("suite", &mine.suite, &theirs.suite);
    compare(
        "threshold",
        &mine.threshold.to_string(),
        &theirs.threshold.to_string(),
    );
    compare("threat", &mine.threat, &theirs.threat);
    compare(
        "the cost model",
        &mine.costs.to_string(),
        &theirs.costs.to_string(),
    );
    for (what, a, b) in [
        ("option", &mine.options, &theirs.options),
        ("argument", &mine.arguments, &theirs.arguments),
    ] {
        let of = |list: &[(String, String)], name: &str| {
            let found = list.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.clone())
        };
        let mut names: Vec<&String> = a.iter().chain(b).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        for name in names {
            let name_shown = shown(name);
            match (of(a, name), of(b, name)) {
                (Some(a), Some(b)) if a != b => out.push(format!(
                    "{what} `{name_shown}`: {} here, {} at {label}",
                    shown(&a),
                    shown(&b)
                )),
                (Some(_), None) => {
                    out.push(format!(
                        "{what} `{name_shown}` is given here and not at {label}"
                    ));
                }
                (None, Some(_)) => {
                    out.push(format!(
                        "{what} `{name_shown}` is given at {label} and not here"
                    ));
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }
    out
}

/// Text that a peer may have chosen, fit for a terminal.
fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;
    use proptest::prelude::*;

    fn proposal() -> Proposal {
        Proposal {
            build: "0.1.0".into(),
            source: sha256(b"source"),
            costs: sha256(b"costs"),
            suite: "rep3".into(),
            threshold: 1,
            threat: "semi-honest".into(),
            options: vec![("objective".into(), "auto".into())],
            arguments: vec![("level".into(), "5".into()), ("a".into(), "[1, 2]".into())],
            lengths: vec![("salaries".into(), 1000)],
        }
    }

    fn hello() -> Hello {
        Hello::new(PartyId::new(1), 3, &proposal(), [9; 32]).unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Hello, String> {
        Hello::decode(bytes, PartyId::new(1), 3)
    }

    #[test]
    fn a_hello_comes_back() {
        let bytes = hello().encode().unwrap();
        assert_eq!(decode(&bytes), Ok(hello()));
        assert!(Hello::decode(&bytes, PartyId::new(0), 3).is_err());
        assert!(Hello::decode(&bytes, PartyId::new(1), 4).is_err());
    }

    #[test]
    fn what_is_beyond_the_limits_is_refused_at_home() {
        let refused = |change: &dyn Fn(&mut Proposal)| {
            let mut wants = proposal();
            change(&mut wants);
            let hello = Hello::new(PartyId::new(1), 3, &wants, [0; 32]).unwrap();
            assert_eq!(hello.encode().unwrap_err().exit_code(), 2);
        };
        refused(&|w| w.arguments.push(("level".into(), "6".into())));
        refused(&|w| w.lengths.push(("x".into(), LENGTH_CAP + 1)));
        refused(&|w| w.suite = "s".repeat(NAME_CAP + 1));
        refused(&|w| w.arguments.push(("p".into(), "0".repeat(VALUE_CAP + 1))));
        refused(&|w| {
            w.options = (0..5000)
                .map(|i| (format!("{i:09}"), String::new()))
                .collect()
        });
    }

    #[test]
    fn differences_are_named_and_made_harmless() {
        let mine = hello();
        let mut theirs = hello();
        theirs.wants.arguments = vec![("level".into(), "6\x1b[2J".into())];
        theirs.wants.suite = "gmw".into();
        assert_eq!(
            differences(&mine, &theirs, "party 1"),
            [
                "suite: rep3 here, gmw at party 1",
                "argument `a` is given here and not at party 1",
                "argument `level`: 5 here, 6\\u{1b}[2J at party 1",
            ]
        );
        assert!(differences(&mine, &mine, "party 1").is_empty());
    }

    #[test]
    fn another_build_of_the_same_version_is_named() {
        let mine = hello();
        let mut theirs = hello();
        theirs.code = sha256(b"a label changed");
        let said = differences(&mine, &theirs, "party 1");
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("the sources that this build of smpcc was made from: sha256:"));
        // With another version the sources differ too, which says nothing new.
        theirs.wants.build = "0.2.0".into();
        let said = differences(&mine, &theirs, "party 1");
        assert_eq!(said, ["the build of smpcc: 0.1.0 here, 0.2.0 at party 1"]);
    }

    proptest! {
        /// Every encoding is the only one of what it decodes to; nothing panics, whatever comes.
        #[test]
        fn the_encoding_is_canonical(at in any::<prop::sample::Index>(), with in any::<u8>(), cut in 0usize..400) {
            let mut bytes = hello().encode().unwrap();
            let i = at.index(bytes.len());
            bytes[i] = with;
            if let Ok(hello) = decode(&bytes) {
                prop_assert_eq!(&hello.encode().unwrap(), &bytes);
            }
            bytes.truncate(cut.min(bytes.len() - 1));
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
