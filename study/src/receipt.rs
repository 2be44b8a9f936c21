//! What a node confirms to whoever gave something: that it stored a contribution, or deleted it.
//!
//! A receipt claims what the node did in its own files, and holds it to it: it names the commitments to what the node got, and a head of
//! the log in which that stands. It says nothing of backups, of copies, or of results that were given before.

use crate::Error;
use crate::document::{Document, Unchecked};
use crate::id::{ContributionId, StudyId, read_hex};
use crate::log::Head;
use crate::manifest::Commitment;
use crate::signature::{Purpose, SigningKey, SigningPublic};
use smpcc_circuit::calendar;

use crate::study::Time;

/// What a node confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It stored a contribution.
    Stored,
    /// It no longer uses or lists the data key of a contribution, because whoever gave it withdrew it.
    Withdrawn,
}

/// A node's confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was done.
    pub deed: Deed,
    /// The study.
    pub study: StudyId,
    /// The contribution.
    pub contribution: ContributionId,
    /// The node's name.
    pub node: String,
    /// The hash of the manifest.
    pub manifest: [u8; 32],
    /// The parts that the node got: their numbers, and the commitments to them.
    pub parts: Vec<(u16, Commitment)>,
    /// When, by the node's clock.
    pub time: Time,
    /// The head of its log right after.
    pub head: Head,
}

impl Deed {
    const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Receipt {
    /// As the node signs it.
    pub fn sign(&self, key: &SigningKey) -> String {
        let manifest: String = self.manifest.iter().map(|b| format!("{b:02x}")).collect();
        let mut document = Document::new(Purpose::Receipt)
            .with("deed", self.deed.name())
            .with("study", self.study)
            .with("contribution", self.contribution)
            .with("node", &self.node)
            .with("manifest", manifest);
        for (number, commitment) in &self.parts {
            document = document.with("part", format_args!("{number} {commitment}"));
        }
        document
            .with("time", self.time)
            .with("head", self.head)
            .sign(key)
    }

    /// The receipt that a node of this key signed.
    ///
    /// # Errors
    /// It is no receipt of that node.
    pub fn read(text: &str, key: &SigningPublic) -> Result<Self, Error> {
        let document = Unchecked::read(Purpose::Receipt, text)?.verify(key)?;
        let deed: String = document.one("deed")?;
        let deed = [Deed::Stored, Deed::Withdrawn]
            .into_iter()
            .find(|d| d.name() == deed)
            .ok_or_else(|| Error::new("a receipt of something that this release does not know"))?;
        let part = |text: &str| {
            let (number, commitment) = text.split_once(' ')?;
            Some((number.parse().ok()?, commitment.parse().ok()?))
        };
        let parts = document.all("part").map(part).collect::<Option<_>>();
        let time: String = document.one("time")?;
        let time = calendar::datetime(&time).and_then(|s| u64::try_from(s).ok());
        let wrong = |what: &str| Error::new(format!("this receipt has no {what}"));
        let receipt = Self {
            deed,
            study: document.one("study")?,
            contribution: document.one("contribution")?,
            node: document.one("node")?,
            manifest: read_hex(&document.one::<String>("manifest")?)?,
            parts: parts.ok_or_else(|| wrong("parts"))?,
            time: Time(time.ok_or_else(|| wrong("time"))?),
            head: document.one("head")?,
        };
        receipt.head.check(key)?;
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Chain, Event};

    #[test]
    fn a_receipt_is_of_its_node_and_holds_a_head_of_its_log() {
        let key = SigningKey::fresh().unwrap();
        let mut chain = Chain::new(&key.public());
        let (study, contribution) = (StudyId([1; 32]), ContributionId([2; 16]));
        chain.append(Time(5), &Event::Received(study, contribution, [3; 32]));
        let receipt = Receipt {
            deed: Deed::Stored,
            study,
            contribution,
            node: "clinic-a".into(),
            manifest: [3; 32],
            parts: vec![(0, Commitment([4; 32])), (2, Commitment([5; 32]))],
            time: Time(1_800_000_000),
            head: chain.head(&key),
        };
        let text = receipt.sign(&key);
        assert_eq!(Receipt::read(&text, &key.public()), Ok(receipt.clone()));
        let other = SigningKey::fresh().unwrap();
        assert!(Receipt::read(&text, &other.public()).is_err());
        let foreign = Receipt {
            head: chain.head(&other),
            ..receipt
        };
        assert!(Receipt::read(&foreign.sign(&key), &key.public()).is_err());
    }
}
