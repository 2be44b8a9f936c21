//! A share file: what one node holds of one set of values, sealed to it.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | `smpcc shares 1` and two line ends |
//! | 4 | length of the header |
//! | | the header ([`Header`]): public, bound to all that follows |
//! | 1 | where the data key is: 0 sealed to the node here, 1 kept by the node elsewhere |
//! | 96 | the sealed data key, if it is here |
//! | 8 | length of the shares in the clear |
//! | | the shares in blocks of 2^20 bytes, the last one shorter, each sealed under the data key |
//!
//! The associated data of every block is the hash of all bytes before the first, so that under another header, in another file, with
//! blocks in another order or fewer of them nothing opens. The shares are the parts of the node, one after the other: number (2
//! bytes), whether a blinder follows (1), the blinder (32), length (8), bytes. A part has the words of each scalar of each value in
//! turn, lane after lane, as many bits each as the type has, the first in the lowest bits; every scalar begins with a new byte.

use crate::Error;
use crate::id::{ContributionId, StudyId};
use crate::manifest::{Blinder, Commitment, Manifest};
use crate::schema::Value;
use crate::seal::{DataKey, SealingKey, SealingPublic, TAG_LEN, WRAPPED_LEN};
use crate::wire::{Reader, Writer, damaged};
use sha2::{Digest as _, Sha256};
use smpcc_circuit::program::{Suite, Threat};
use smpcc_runtime::protocols::stored::Scheme;
use zeroize::Zeroizing;

/// What a file begins with. The digit is the version of the format.
const MAGIC: &[u8; 16] = b"smpcc shares 1\n\n";

/// Bytes of shares in a block.
const BLOCK: usize = 1 << 20;

/// The longest header, in bytes.
const MAX_HEADER: usize = 16 << 20;

/// What is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What somebody gave.
    Contribution,
    /// What a run made, for somebody to open or for other runs.
    Result,
}

/// What everybody may know of a share file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// How the values are shared.
    pub scheme: Scheme,
    /// Against whom they were made: shares of a run that cheaters could have changed are not used where there may be some.
    pub threat: Threat,
    /// Whose shares: the number of the node among those of the scheme.
    pub node: u32,
    /// The study.
    pub study: StudyId,
    /// The contribution, or the result.
    pub id: ContributionId,
    /// Of a contribution who gives it, of a result who is to learn it: a party's name in the program.
    pub whose: String,
    /// Of a result the session that made it; empty for a contribution.
    pub session: String,
    /// Seconds since 1970 by the clock of who wrote it.
    pub made: u64,
    /// Types and lengths.
    pub values: Vec<Value>,
    /// The commitments to all parts, those of other nodes too; none of a result.
    pub manifest: Vec<Commitment>,
}

/// One part that a node holds.
pub struct Part {
    /// Its number.
    pub number: u16,
    /// What hides it in its commitment, where there is one.
    pub blinder: Option<Blinder>,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Who can open a file.
pub enum Key<'a> {
    /// The node, to whom the data key was sealed.
    Node(&'a SealingKey),
    /// Who has kept the data key.
    Data(&'a DataKey),
}

/// Where the data key of a new file goes.
pub enum SealTo<'a> {
    /// Into the file, sealed to a node.
    Node(&'a SealingPublic),
    /// Nowhere: the caller keeps it.
    Data(&'a DataKey),
}

/// What a file has to be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Of this study.
    pub study: StudyId,
    /// Shared like this.
    pub scheme: Scheme,
    /// Made against this.
    pub threat: Threat,
    /// Of this node.
    pub node: u32,
    /// All nodes' names, for messages.
    pub names: &'a [String],
    /// This kind, if only one will do.
    pub kind: Option<Kind>,
    /// This id, if it is known.
    pub id: Option<ContributionId>,
}

impl Header {
    /// Its bytes in a file: for whoever makes share files elsewhere, such as in a browser.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(match self.kind {
            Kind::Contribution => 0,
            Kind::Result => 1,
        });
        out.text(self.scheme.suite.name())
            .u32(self.scheme.n_parties)
            .u32(self.scheme.threshold)
            .text(self.threat.name())
            .u32(self.node)
            .raw(&self.study.0)
            .raw(&self.id.0)
            .text(&self.whose)
            .text(&self.session)
            .u64(self.made);
        out.u32(self.values.len() as u32);
        for value in &self.values {
            value.write(&mut out);
        }
        out.u32(self.manifest.len() as u32);
        for commitment in &self.manifest {
            out.raw(&commitment.0);
        }
        out.0
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader(bytes);
        let kind = match from.u8()? {
            0 => Kind::Contribution,
            1 => Kind::Result,
            _ => return Err(damaged()),
        };
        let suite = Suite::named(&from.text()?).ok_or_else(damaged)?;
        let (n_parties, threshold) = (from.u32()?, from.u32()?);
        let threat = Threat::named(&from.text()?).ok_or_else(damaged)?;
        let scheme = Scheme {
            suite,
            n_parties,
            threshold,
        };
        let header = Self {
            kind,
            scheme,
            threat,
            node: from.u32()?,
            study: from.study()?,
            id: from.contribution()?,
            whose: from.text()?,
            session: from.text()?,
            made: from.u64()?,
            values: {
                let n = from.count(12)?;
                (0..n)
                    .map(|_| Value::read(&mut from))
                    .collect::<Result<_, _>>()?
            },
            manifest: {
                let n = from.count(32)?;
                (0..n)
                    .map(|_| from.bytes32().map(Commitment))
                    .collect::<Result<_, _>>()?
            },
        };
        from.end()?;
        match scheme.exists() && header.node < n_parties {
            true => Ok(header),
            false => Err(damaged()),
        }
    }

    /// Whether these are shares that a run uses.
    ///
    /// # Errors
    /// The first thing that is another one's.
    pub fn check(&self, wanted: &Wanted<'_>) -> Result<(), Error> {
        let Scheme {
            suite,
            n_parties,
            threshold,
        } = wanted.scheme;
        let own = self.scheme;
        let wrong = match () {
            () if self.study != wanted.study => format!("it is of another study, {}", self.study),
            () if wanted.kind.is_some_and(|kind| kind != self.kind) => match self.kind {
                Kind::Contribution => "it is a contribution, not a result".into(),
                Kind::Result => "it is a result, not a contribution".into(),
            },
            () if own.suite != suite => format!(
                "it is shared for `{}`, and this is `{}`",
                own.suite.name(),
                suite.name()
            ),
            () if (own.n_parties, own.threshold) != (n_parties, threshold) => format!(
                "it is shared among {} nodes of which {} may be corrupt, and these are {n_parties} and {threshold}",
                own.n_parties, own.threshold
            ),
            () if self.threat != wanted.threat => format!(
                "it was made against {} nodes, and this run is against {} ones",
                self.threat.name(),
                wanted.threat.name()
            ),
            () if self.node != wanted.node => {
                let name = |node: u32| match wanted.names.get(node as usize) {
                    Some(name) => format!("`{name}`"),
                    None => format!("node {node}"),
                };
                format!(
                    "it is the share of {}, not of {}",
                    name(self.node),
                    name(wanted.node)
                )
            }
            () if wanted.id.is_some_and(|id| id != self.id) => {
                format!("it is {}, another one than its name says", self.id)
            }
            () => return Ok(()),
        };
        Err(Error::new(wrong))
    }

    /// The commitments as nodes compare them.
    pub fn manifest(&self) -> Manifest {
        Manifest {
            study: self.study,
            contribution: self.id,
            parts: self.manifest.clone(),
        }
    }

    /// What the data key is sealed as.
    fn context(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(b"smpcc share file v1\0")
            .raw(&self.study.0)
            .raw(&self.id.0)
            .u32(self.node);
        out.0
    }
}

/// Writes a file's bytes: the parts of one node in the order of [`Scheme::parts`].
///
/// # Errors
/// What cannot be sealed.
pub fn write(header: &Header, parts: &[Part], to: &SealTo<'_>) -> Result<Vec<u8>, Error> {
    let head = header.to_bytes();
    if head.len() > MAX_HEADER {
        return Err(Error::new("it has too many values for one share file"));
    }
    let mut out = Writer::default();
    out.raw(MAGIC).u32(head.len() as u32).raw(&head);
    let fresh;
    let key = match to {
        SealTo::Node(node) => {
            fresh = DataKey::fresh()?;
            out.u8(0).raw(&node.wrap(&fresh, &header.context())?);
            &fresh
        }
        SealTo::Data(key) => {
            out.u8(1);
            *key
        }
    };
    let len: usize = parts.iter().map(|part| 43 + part.bytes.len()).sum();
    let mut plain = Writer(Vec::with_capacity(len));
    for part in parts {
        plain.u16(part.number).u8(u8::from(part.blinder.is_some()));
        if let Some(blinder) = &part.blinder {
            plain.raw(&blinder.0[..]);
        }
        plain.u64(part.bytes.len() as u64).raw(&part.bytes);
    }
    let plain = Zeroizing::new(plain.0);
    out.u64(plain.len() as u64);
    let context = Sha256::digest(&out.0);
    let cipher = key.cipher();
    let blocks = plain.len().div_ceil(BLOCK);
    out.0.reserve(plain.len() + blocks * TAG_LEN);
    for (number, block) in plain.chunks(BLOCK).enumerate() {
        let mut block = block.to_vec();
        cipher.seal(number as u64, &context, &mut block)?;
        out.raw(&block);
    }
    Ok(out.0)
}

/// The header of a file, and where its sealed bytes begin. Nothing of it is sure before the file is opened.
fn split(bytes: &[u8]) -> Result<(Header, usize), Error> {
    let mut from = Reader(bytes);
    let magic = from.raw(MAGIC.len())?;
    if magic[..13] != MAGIC[..13] {
        return Err(Error::new("it is no share file"));
    }
    if magic != MAGIC {
        return Err(Error::new(
            "it is a share file of another version of the format",
        ));
    }
    let len = from.u32()? as usize;
    if len > MAX_HEADER {
        return Err(damaged());
    }
    let header = Header::read(from.raw(len)?)?;
    Ok((header, bytes.len() - from.0.len()))
}

/// What a file says of itself; only [`open`] makes sure of it.
///
/// # Errors
/// Something that is no share file.
pub fn unchecked_header(bytes: &[u8]) -> Result<Header, Error> {
    split(bytes).map(|(header, _)| header)
}

/// Opens a file as a node's, and checks its parts against the commitments to them.
///
/// # Errors
/// A file that is damaged, that is another node's, or whose key is not this one.
pub fn open(bytes: &[u8], key: &Key<'_>) -> Result<(Header, Vec<Part>), Error> {
    let (header, at) = split(bytes)?;
    let mut from = Reader(&bytes[at..]);
    let opened;
    let data = match (from.u8()?, key) {
        (0, Key::Node(node)) => {
            let mut wrapped = [0; WRAPPED_LEN];
            wrapped.copy_from_slice(from.raw(WRAPPED_LEN)?);
            opened = node.unwrap(&wrapped, &header.context())?;
            &opened
        }
        (1, Key::Data(data)) => *data,
        (0, Key::Data(_)) => return Err(Error::new("its key is sealed to a node")),
        (1, Key::Node(_)) => return Err(Error::new("its key is kept elsewhere")),
        _ => return Err(damaged()),
    };
    let len = usize::try_from(from.u64()?).map_err(|_| damaged())?;
    let blocks = len.div_ceil(BLOCK);
    let sealed_len = blocks
        .checked_mul(TAG_LEN)
        .and_then(|tags| tags.checked_add(len));
    if sealed_len != Some(from.0.len()) {
        return Err(damaged());
    }
    let context = Sha256::digest(&bytes[..bytes.len() - from.0.len()]);
    let cipher = data.cipher();
    let mut plain = Zeroizing::new(Vec::with_capacity(len));
    // No more than there is: all of it is wiped, and there may be thousands of small files.
    let most = from.0.len().min(BLOCK + TAG_LEN);
    let mut block = Zeroizing::new(Vec::with_capacity(most));
    for (number, sealed) in from.0.chunks(BLOCK + TAG_LEN).enumerate() {
        block.clear();
        block.extend_from_slice(sealed);
        plain.extend_from_slice(cipher.open(number as u64, &context, &mut block)?);
    }
    let parts = read_parts(&header, &plain)?;
    Ok((header, parts))
}

fn read_parts(header: &Header, plain: &[u8]) -> Result<Vec<Part>, Error> {
    let mut from = Reader(plain);
    let mut parts = Vec::new();
    for number in header.scheme.parts(header.node as usize) {
        if usize::from(from.u16()?) != number {
            return Err(damaged());
        }
        let blinder = match from.u8()? {
            0 => None,
            1 => Some(Blinder(Zeroizing::new(from.bytes32()?))),
            _ => return Err(damaged()),
        };
        let len = usize::try_from(from.u64()?).map_err(|_| damaged())?;
        let part = Part {
            number: number as u16,
            blinder,
            bytes: Zeroizing::new(from.raw(len)?.to_vec()),
        };
        match (&part.blinder, header.kind) {
            (Some(blinder), Kind::Contribution) => {
                header.manifest().check(part.number, blinder, &part.bytes)?;
            }
            (None, Kind::Result) => {}
            _ => return Err(damaged()),
        }
        parts.push(part);
    }
    from.end()?;
    Ok(parts)
}
