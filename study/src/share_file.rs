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
use crate::seal::{BlockCipher, DataKey, SealingKey, SealingPublic, TAG_LEN, WRAPPED_LEN};
use crate::secret::SecretBytes;
use crate::wire::{Reader, Writer, damaged};
use sha2::{Digest as _, Sha256};
use smpcc_circuit::program::{Suite, Threat};
use smpcc_runtime::protocols::stored::Scheme;
use std::ops::Range;
use std::slice::Chunks;
use zeroize::Zeroizing;

/// What a file begins with. The digit is the version of the format.
const MAGIC: &[u8; 16] = b"smpcc shares 1\n\n";

/// Bytes of shares in a block.
const BLOCK: usize = 1 << 20;

/// The longest header, in bytes.
const MAX_HEADER: usize = 16 << 20;

/// Within so many bytes of a file its header ends.
pub const MAX_BEGIN: u64 = (MAGIC.len() + 4 + MAX_HEADER) as u64;

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
    pub bytes: SecretBytes,
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
        // Only what a run has made is of a session.
        let of_none = header.kind == Kind::Result || header.session.is_empty();
        match scheme.exists() && header.node < n_parties && of_none {
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

    /// What must be the same at all nodes that hold a contribution, or they could not run together: SHA-256 of its manifest, its types and
    /// its lengths. The manifest alone does not say how long things are: whoever gives could tell each node something else.
    pub fn digest(&self) -> [u8; 32] {
        let mut out = Writer::default();
        out.raw(b"smpcc held v1\0").raw(&self.manifest().digest());
        out.text(&self.whose).u32(self.values.len() as u32);
        for value in &self.values {
            value.write(&mut out);
        }
        Sha256::digest(&out.0).into()
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
    let len: usize = parts.iter().map(Part::len).sum();
    out.u64(len as u64);
    let context = Sha256::digest(&out.0);
    let mut sealed = Sealing {
        cipher: key.cipher(),
        context: &context,
        number: 0,
        block: SecretBytes::with_room(len.min(BLOCK)),
        out: out.0,
    };
    sealed.out.reserve(len + len.div_ceil(BLOCK) * TAG_LEN);
    for part in parts {
        let mut head = Writer::default();
        head.u16(part.number).u8(u8::from(part.blinder.is_some()));
        sealed.put(&head.0)?;
        if let Some(blinder) = &part.blinder {
            sealed.put(&blinder.0[..])?;
        }
        sealed.put(&(part.bytes.len() as u64).to_be_bytes())?;
        sealed.put(&part.bytes)?;
    }
    sealed.end()
}

impl Part {
    /// Bytes of it in a file, before they are sealed.
    fn len(&self) -> usize {
        let blinder = if self.blinder.is_some() { 32 } else { 0 };
        2 + 1 + blinder + 8 + self.bytes.len()
    }
}

/// Bytes on their way into blocks.
struct Sealing<'a> {
    cipher: BlockCipher,
    context: &'a [u8],
    /// Of the block in the making.
    number: u64,
    block: SecretBytes,
    out: Vec<u8>,
}

impl Sealing<'_> {
    fn put(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.append(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Error> {
        let tag = self
            .cipher
            .seal_in_place(self.number, self.context, &mut self.block)?;
        self.out.extend_from_slice(&self.block);
        self.out.extend_from_slice(&tag);
        self.block.clear();
        self.number += 1;
        Ok(())
    }

    fn end(mut self) -> Result<Vec<u8>, Error> {
        if !self.block.is_empty() {
            self.seal()?;
        }
        Ok(self.out)
    }
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
    let mut opening = Opening {
        cipher: data.cipher(),
        context: &context,
        number: 0,
        sealed: from.0.chunks(BLOCK + TAG_LEN),
        // No more than there is: all of it is wiped, and there may be thousands of small files.
        block: SecretBytes::with_room(from.0.len().min(BLOCK + TAG_LEN)),
        opened: 0..0,
        left: len,
    };
    let parts = opening.parts(&header)?;
    Ok((header, parts))
}

/// Bytes on their way out of blocks.
struct Opening<'a> {
    cipher: BlockCipher,
    context: &'a [u8],
    /// Of the next block.
    number: u64,
    sealed: Chunks<'a, u8>,
    block: SecretBytes,
    /// What of the block is open and has not been taken.
    opened: Range<usize>,
    /// Bytes that have not been taken, of all blocks.
    left: usize,
}

impl Opening<'_> {
    fn parts(&mut self, header: &Header) -> Result<Vec<Part>, Error> {
        let numbers = header.scheme.parts(header.node as usize).into_iter();
        let parts = numbers
            .map(|number| self.part(header, number))
            .collect::<Result<_, _>>()?;
        match self.left {
            0 => Ok(parts),
            _ => Err(damaged()),
        }
    }

    fn part(&mut self, header: &Header, number: usize) -> Result<Part, Error> {
        let mut head = [0; 3];
        self.take(&mut head)?;
        if usize::from(u16::from_be_bytes([head[0], head[1]])) != number {
            return Err(damaged());
        }
        let blinder = match head[2] {
            0 => None,
            1 => {
                let mut blinder = Zeroizing::new([0; 32]);
                self.take(&mut blinder[..])?;
                Some(Blinder(blinder))
            }
            _ => return Err(damaged()),
        };
        let mut len = [0; 8];
        self.take(&mut len)?;
        let len = usize::try_from(u64::from_be_bytes(len)).map_err(|_| damaged())?;
        let part = Part {
            number: number as u16,
            blinder,
            bytes: self.bytes(len)?,
        };
        match (&part.blinder, header.kind) {
            (Some(blinder), Kind::Contribution) => {
                header.manifest().check(part.number, blinder, &part.bytes)?;
            }
            (None, Kind::Result) => {}
            _ => return Err(damaged()),
        }
        Ok(part)
    }

    fn take(&mut self, mut to: &mut [u8]) -> Result<(), Error> {
        while !to.is_empty() {
            let some = self.some(to.len())?;
            let (now, later) = to.split_at_mut(some.len());
            now.copy_from_slice(some);
            to = later;
        }
        Ok(())
    }

    fn bytes(&mut self, len: usize) -> Result<SecretBytes, Error> {
        if len > self.left {
            return Err(damaged());
        }
        let mut bytes = SecretBytes::with_room(len);
        while bytes.len() < len {
            let some = self.some(len - bytes.len())?;
            bytes.append(some);
        }
        Ok(bytes)
    }

    /// The next bytes: at least one, and no more than so many.
    fn some(&mut self, most: usize) -> Result<&[u8], Error> {
        if self.opened.is_empty() {
            let sealed = self.sealed.next().ok_or_else(damaged)?;
            self.block.clear();
            self.block.append(sealed);
            let opened = self
                .cipher
                .open(self.number, self.context, &mut self.block)?;
            self.opened = 0..opened.len();
            self.number += 1;
        }
        let from = self.opened.start;
        self.opened.start = self.opened.end.min(from.saturating_add(most));
        let some = &self.block[from..self.opened.start];
        self.left -= some.len();
        Ok(some)
    }
}
