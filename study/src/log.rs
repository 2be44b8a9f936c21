//! The audit log of a node: what happened to data, one line each, chained by hashes so that no line can change unseen.
//!
//! A line is `NUMBER TIME EVENT HASH`; the hash is SHA-256(`smpcc log v1`, zero byte, the hash before, the line before its hash), and the
//! first is that of the node's public key. A *head* is a length, the hash there, and the node's signature of both. Whoever holds a head
//! can tell whether the log up to there is still the one that it was; a node that rewrites what comes after all heads that others hold, or
//! cuts it, is not found out. Lines hold names, numbers and hashes, and never a value or a share.

use crate::Error;
use crate::id::{ContributionId, StudyId, read_hex};
use crate::signature::{Purpose, Signature, SigningKey, SigningPublic};
use crate::study::Time;
use ring::digest::{Context, SHA256};
use std::fmt;
use std::io::BufRead;
use std::str::FromStr;

/// The longest line, in bytes.
const MAX_LINE: usize = 4096;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A study whose signatures are all there was taken on.
    StudyAccepted(StudyId),
    /// A contribution was stored; its manifest has this hash.
    Received(StudyId, ContributionId, [u8; 32]),
    /// A contribution was withdrawn by whoever gave it.
    Withdrawn(StudyId, ContributionId),
    /// The data key of a contribution was destroyed.
    Deleted(StudyId, ContributionId),
    /// No more contributions are taken: how many there are, and the hash of the signed list.
    Closed(StudyId, u64, [u8; 32]),
    /// All nodes hold the same set: how many, and its hash.
    Frozen(StudyId, u64, [u8; 32]),
    /// A run began: its number, and the names of those who take part.
    RunStarted(StudyId, u32, String),
    /// All nodes found a contribution to be out of what the program declares, or not shared as it should be, and leave it out of a run of
    /// this number.
    LeftOut(StudyId, ContributionId, u32),
    /// A run ended well.
    RunFinished(StudyId, u32),
    /// A run failed, with this exit status.
    RunFailed(StudyId, u32, i32),
    /// A share of a run's result was handed to a receiver of this name.
    Opened(StudyId, u32, String),
    /// A study's stored results were deleted.
    ResultsDeleted(StudyId),
    /// Another node's head came: its name, and its head as text.
    Heard(String, String),
    /// The head before this line, signed.
    Signed(Signature),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StudyAccepted(study) => write!(f, "study-accepted {study}"),
            Self::Received(study, id, manifest) => {
                write!(f, "contribution-received {study} {id} {}", Hex(manifest))
            }
            Self::Withdrawn(study, id) => write!(f, "contribution-withdrawn {study} {id}"),
            Self::Deleted(study, id) => write!(f, "contribution-deleted {study} {id}"),
            Self::Closed(study, n, hash) => write!(f, "study-closed {study} {n} {}", Hex(hash)),
            Self::Frozen(study, n, hash) => write!(f, "set-frozen {study} {n} {}", Hex(hash)),
            Self::RunStarted(study, run, with) => write!(f, "run-started {study} {run} {with}"),
            Self::LeftOut(study, id, run) => write!(f, "contribution-left-out {study} {id} {run}"),
            Self::RunFinished(study, run) => write!(f, "run-finished {study} {run}"),
            Self::RunFailed(study, run, exit) => write!(f, "run-failed {study} {run} {exit}"),
            Self::Opened(study, run, to) => write!(f, "result-opened {study} {run} {to}"),
            Self::ResultsDeleted(study) => write!(f, "results-deleted {study}"),
            Self::Heard(node, head) => write!(f, "head-heard {node} {head}"),
            Self::Signed(signature) => write!(f, "signed {signature}"),
        }
    }
}

/// How far a log is: what the next line is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    length: u64,
    hash: [u8; 32],
}

/// The head of a log, signed by its node: to be held by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of lines.
    pub length: u64,
    /// The hash of the last of them.
    pub hash: [u8; 32],
    /// The node's.
    pub signature: Signature,
}

/// What was found in a log that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where it ends.
    pub chain: Chain,
    /// The longest head that somebody else holds; up to there nothing can have been changed.
    pub vouched: Option<u64>,
    /// The last line that the node itself signed.
    pub signed: Option<u64>,
}

impl Chain {
    /// The empty log of a node.
    pub fn new(node: &SigningPublic) -> Self {
        Self {
            length: 0,
            hash: hash(&[0; 32], &node.0),
        }
    }

    /// As a node kept it.
    pub fn resume(length: u64, hash: [u8; 32]) -> Self {
        Self { length, hash }
    }

    /// Number of lines.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hash of the last line.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The next line, with its end.
    pub fn append(&mut self, at: Time, event: &Event) -> String {
        let event = event.to_string().replace(|c: char| c.is_control(), " ");
        let event = &event[..event.floor_char_boundary(MAX_LINE - 200)];
        let mut line = format!("{} {at} {event} ", self.length + 1);
        self.hash = hash(&self.hash, line.as_bytes());
        self.length += 1;
        line += &Hex(&self.hash).to_string();
        line.push('\n');
        line
    }

    /// The head here.
    pub fn head(&self, key: &SigningKey) -> Head {
        let signed = head_hash(self.length, &self.hash);
        Head {
            length: self.length,
            hash: self.hash,
            signature: key.sign(Purpose::Head, &signed),
        }
    }

    /// Takes a line as the next one and returns its event; `line` has no line end.
    fn follow<'l>(&mut self, line: &'l [u8]) -> Result<&'l [u8], &'static str> {
        if line.len() > MAX_LINE || line.len() < 66 {
            return Err("it is no line of a log");
        }
        let (before, digits) = line.split_at(line.len() - 64);
        let number = before.split(|b| *b == b' ').next().unwrap_or_default();
        if !is_number(number, self.length + 1) {
            return Err("its number is not the next one");
        }
        let expected = hash(&self.hash, before);
        if !is_hex(digits, &expected) {
            return Err("its hash does not follow from the line and the one before");
        }
        self.length += 1;
        self.hash = expected;
        // The event begins after number and time.
        let mut words = before.splitn(3, |b| *b == b' ').skip(2);
        Ok(words.next().unwrap_or_default())
    }
}

impl Head {
    /// Whether the node signed it.
    ///
    /// # Errors
    /// It did not.
    pub fn check(&self, node: &SigningPublic) -> Result<(), Error> {
        let signed = head_hash(self.length, &self.hash);
        match node.verifies(Purpose::Head, &signed, &self.signature) {
            true => Ok(()),
            false => Err(Error::new("the node did not sign this head")),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.length, Hex(&self.hash), self.signature)
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split(' ').collect();
        let [length, hash, signature] = words[..] else {
            return Err(Error::new("a head is a length, a hash and a signature"));
        };
        let length = length
            .parse()
            .ok()
            .filter(|n: &u64| n.to_string() == length);
        Ok(Self {
            length: length.ok_or_else(|| Error::new("a head begins with a length"))?,
            hash: read_hex(hash)?,
            signature: signature.parse()?,
        })
    }
}

/// Reads a whole log and holds it to heads that others have of it.
///
/// # Errors
/// The first line that is not as it was, a head that the log does not lead to, or a false head.
pub fn verify(
    mut log: impl BufRead,
    node: &SigningPublic,
    heads: &[Head],
) -> Result<Verified, Error> {
    let mut heads = heads.to_vec();
    heads.iter().try_for_each(|head| head.check(node))?;
    heads.sort_by_key(|head| head.length);
    let vouched = heads.last().map(|head| head.length);
    let mut heads = heads.into_iter().peekable();
    let mut chain = Chain::new(node);
    let mut signed = None;
    let mut line = Vec::new();
    loop {
        while let Some(head) = heads.next_if(|head| head.length == chain.length) {
            if head.hash != chain.hash {
                return Err(Error::new(format!(
                    "up to line {} this is another log than the one whose head somebody holds",
                    chain.length
                )));
            }
        }
        line.clear();
        let read = log
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::new(format!("the log cannot be read: {e}")))?;
        if read == 0 {
            break;
        }
        let before = chain;
        let number = before.length + 1;
        let wrong = |what: &str| Error::new(format!("line {number}: {what}"));
        if line.pop() != Some(b'\n') {
            return Err(wrong("it has no end"));
        }
        let event = chain.follow(&line).map_err(wrong)?;
        if let Some(digits) = event.strip_prefix(b"signed ") {
            let signature = std::str::from_utf8(digits).ok();
            let signature = signature.and_then(|digits| digits.trim_end().parse().ok());
            let head = signature.map(|signature| Head {
                length: before.length,
                hash: before.hash,
                signature,
            });
            match head.map(|head| head.check(node)) {
                Some(Ok(())) => signed = Some(before.length),
                Some(Err(_)) | None => return Err(wrong("the node's signature in it is false")),
            }
        }
    }
    if let Some(head) = heads.next() {
        return Err(Error::new(format!(
            "the log ends after {} lines, and somebody holds a head of {}: the end is missing",
            chain.length, head.length
        )));
    }
    Ok(Verified {
        chain,
        vouched,
        signed,
    })
}

fn hash(before: &[u8; 32], line: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"smpcc log v1\0");
    context.update(before);
    context.update(line);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn head_hash(length: u64, at: &[u8; 32]) -> [u8; 32] {
    hash(at, format!("head {length}").as_bytes())
}

fn is_number(digits: &[u8], n: u64) -> bool {
    let mut rest = n;
    let mut left = digits;
    while let Some((last, before)) = left.split_last() {
        if *last != b'0' + (rest % 10) as u8 {
            return false;
        }
        (rest, left) = (rest / 10, before);
    }
    rest == 0 && digits.first().is_some_and(|d| *d != b'0')
}

fn is_hex(digits: &[u8], bytes: &[u8; 32]) -> bool {
    let digit = |b: u8| b"0123456789abcdef"[usize::from(b & 15)];
    digits.len() == 64
        && digits
            .chunks_exact(2)
            .zip(bytes)
            .all(|(pair, b)| pair[0] == digit(b >> 4) && pair[1] == digit(*b))
}

struct Hex<'a>(&'a [u8; 32]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::id::write_hex(f, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of `n` contributions, signed after every tenth, with the heads after each line.
    fn log(key: &SigningKey, n: u32) -> (String, Vec<Head>) {
        let mut chain = Chain::new(&key.public());
        let (mut text, mut heads) = (String::new(), vec![chain.head(key)]);
        for i in 0..n {
            let study = StudyId([3; 32]);
            let event = Event::Received(study, ContributionId([i as u8; 16]), [7; 32]);
            let event = match i % 10 {
                9 => Event::Signed(chain.head(key).signature),
                _ => event,
            };
            text += &chain.append(Time(1_800_000_000 + u64::from(i)), &event);
            heads.push(chain.head(key));
        }
        (text, heads)
    }

    #[test]
    fn what_was_changed_before_a_head_that_others_hold_is_found() {
        let key = SigningKey::fresh().unwrap();
        let (text, heads) = log(&key, 25);
        let check = |text: &str, heads: &[Head]| verify(text.as_bytes(), &key.public(), heads);
        let found = check(&text, &heads[25..]).unwrap();
        assert_eq!((found.chain.length(), found.vouched), (25, Some(25)));
        assert_eq!(found.signed, Some(19));
        assert_eq!(check(&text, &heads).unwrap().vouched, Some(25));
        assert_eq!(check(&text, &[]).unwrap().vouched, None);
        // Of each line some bytes, and over the lines all places in them.
        for at in (0..text.len()).step_by(11) {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            assert!(
                verify(&changed[..], &key.public(), &heads[25..]).is_err(),
                "{at}"
            );
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for at in (0..25).step_by(3) {
            let mut without = lines.clone();
            without.remove(at);
            assert!(check(&without.concat(), &heads[25..]).is_err(), "{at}");
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % 25);
            assert!(check(&swapped.concat(), &heads[25..]).is_err(), "{at}");
        }
    }

    /// A node that writes a log anew, or cuts it, contradicts every head that it gave away, and none other.
    #[test]
    fn what_comes_after_all_heads_cannot_be_vouched_for() {
        let key = SigningKey::fresh().unwrap();
        let (text, heads) = log(&key, 25);
        let check = |text: &str, heads: &[Head]| verify(text.as_bytes(), &key.public(), heads);
        let mut chain = Chain::new(&key.public());
        let mut other = String::new();
        for line in text.lines().take(20) {
            chain.follow(line.as_bytes()).unwrap();
            other += line;
            other.push('\n');
        }
        assert_eq!(check(&other, &heads[20..21]).unwrap().vouched, Some(20));
        let cut = check(&other, &heads[21..22]).unwrap_err().to_string();
        assert!(cut.contains("the end is missing"), "{cut}");
        other += &chain.append(
            Time(0),
            &Event::Deleted(StudyId([1; 32]), ContributionId([1; 16])),
        );
        assert!(check(&other, &heads[20..21]).is_ok());
        let rewritten = check(&other, &heads[21..22]).unwrap_err().to_string();
        assert!(rewritten.contains("another log"), "{rewritten}");
    }

    #[test]
    fn heads_are_the_nodes_own() {
        let (key, other) = (SigningKey::fresh().unwrap(), SigningKey::fresh().unwrap());
        let (text, heads) = log(&key, 3);
        assert_eq!(heads[3].to_string().parse(), Ok(heads[3]));
        assert!(verify(text.as_bytes(), &other.public(), &[]).is_err());
        let mut forged = heads[3];
        forged.length = 2;
        let error = verify(text.as_bytes(), &key.public(), &[forged]).unwrap_err();
        assert!(error.to_string().contains("did not sign"));
    }

    #[test]
    fn no_name_makes_a_line_of_its_own() {
        let key = SigningKey::fresh().unwrap();
        let mut chain = Chain::new(&key.public());
        let event = Event::Opened(StudyId([1; 32]), 1, "a\n2 b".repeat(2000));
        let text = chain.append(Time(0), &event);
        assert_eq!(text.matches('\n').count(), 1);
        let found = verify(text.as_bytes(), &key.public(), &[]).unwrap();
        assert_eq!(found.chain, chain);
    }
}
