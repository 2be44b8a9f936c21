//! Signed texts: what nodes, contributors and receivers hand to each other, to be kept and read by people as well.
//!
//! A text is lines: what it is, then a key and a value in each, then the signature of SHA-256 of all before it. There is one way to
//! write a text, so that whoever holds one can compare it with another byte by byte.

use crate::Error;
use crate::signature::{Purpose, Signature, SigningKey, SigningPublic};
use smpcc_runtime::hash::sha256;
use std::fmt::Display;
use std::str::FromStr;

/// In front of the signature.
const SIGNATURE: &str = "signature ";

/// A text that is signed, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    purpose: Purpose,
    fields: Vec<(String, String)>,
}

/// A text as it came: nobody has looked at its signature yet.
pub struct Unchecked {
    document: Document,
    hash: [u8; 32],
    signature: Signature,
}

impl Document {
    /// One without fields.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            fields: Vec::new(),
        }
    }

    /// With another field. A key has no blank, and neither has a line end.
    pub fn with(mut self, key: &str, value: impl Display) -> Self {
        let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let value = clean(&value.to_string());
        self.fields.push((clean(key).replace(' ', "-"), value));
        self
    }

    /// The text with a signature.
    pub fn sign(&self, key: &SigningKey) -> String {
        let mut text = self.unsigned();
        let signature = key.sign(self.purpose, &sha256(text.as_bytes()).0);
        text += &format!("{SIGNATURE}{signature}\n");
        text
    }

    fn unsigned(&self) -> String {
        let mut text = format!("{}\n", self.purpose.label());
        for (key, value) in &self.fields {
            text += key;
            text.push(' ');
            text += value;
            text.push('\n');
        }
        text
    }

    /// The one value of a key.
    ///
    /// # Errors
    /// There is none, there are several, or it is not of this type.
    pub fn one<T: FromStr>(&self, key: &str) -> Result<T, Error> {
        let mut values = self.all(key);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Error::new(format!("one line begins with `{key}`")));
        };
        value
            .parse()
            .map_err(|_| Error::new(format!("`{key}` is not what it should be")))
    }

    /// The values of a key, in order.
    pub fn all<'d>(&'d self, key: &'d str) -> impl Iterator<Item = &'d str> {
        self.fields
            .iter()
            .filter(move |(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether there are no other keys than these.
    ///
    /// # Errors
    /// There is another.
    pub fn only(&self, keys: &[&str]) -> Result<(), Error> {
        match self
            .fields
            .iter()
            .find(|(k, _)| !keys.contains(&k.as_str()))
        {
            Some((key, _)) => Err(Error::new(format!("an unknown line `{key}`"))),
            None => Ok(()),
        }
    }
}

impl Unchecked {
    /// Reads a text.
    ///
    /// # Errors
    /// It is no such text.
    pub fn read(purpose: Purpose, text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::new(format!("{what}: this is no `{}`", purpose.label()));
        let at = text.rfind(SIGNATURE).ok_or_else(|| wrong("no signature"))?;
        let (signed, last) = text.split_at(at);
        let signature = last
            .strip_prefix(SIGNATURE)
            .and_then(|rest| rest.strip_suffix('\n'))
            .and_then(|digits| digits.parse().ok());
        let signature = signature.ok_or_else(|| wrong("no signature at its end"))?;
        let mut lines = signed
            .strip_suffix('\n')
            .ok_or_else(|| wrong("no line before the signature"))?
            .split('\n');
        if lines.next() != Some(purpose.label()) {
            return Err(wrong("another first line"));
        }
        let field = |line: &str| {
            let (key, value) = line.split_once(' ')?;
            let plain = !key.is_empty() && !line.contains(|c: char| c.is_control());
            plain.then(|| (key.to_owned(), value.to_owned()))
        };
        let fields = lines.map(field).collect::<Option<_>>();
        Ok(Self {
            document: Document {
                purpose,
                fields: fields.ok_or_else(|| wrong("a line without a value"))?,
            },
            hash: sha256(signed.as_bytes()).0,
            signature,
        })
    }

    /// What it says, to find out who should have signed it, and for nothing else.
    pub fn claims(&self) -> &Document {
        &self.document
    }

    /// The document, if this key signed it.
    ///
    /// # Errors
    /// It did not.
    pub fn verify(self, key: &SigningPublic) -> Result<Document, Error> {
        match key.verifies(self.document.purpose, &self.hash, &self.signature) {
            true => Ok(self.document),
            false => Err(Error::new(format!(
                "the signature of this `{}` is false",
                self.document.purpose.label()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written_and_no_byte_of_it_can_change() {
        let key = SigningKey::fresh().unwrap();
        let document = Document::new(Purpose::Receipt)
            .with("node", "clinic-a")
            .with("part", 1)
            .with("part", 2);
        let text = document.sign(&key);
        let read = |text: &str| Unchecked::read(Purpose::Receipt, text)?.verify(&key.public());
        assert_eq!(read(&text), Ok(document.clone()));
        assert_eq!(document.one::<String>("node").unwrap(), "clinic-a");
        assert!(document.one::<u32>("part").is_err() && document.one::<u32>("x").is_err());
        assert_eq!(document.all("part").collect::<Vec<_>>(), ["1", "2"]);
        assert!(document.only(&["node", "part"]).is_ok() && document.only(&["node"]).is_err());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(read(&changed).is_err(), "{at}: {changed}");
        }
        for at in 0..text.len() {
            assert!(read(&text[..at]).is_err(), "{at}");
        }
        assert!(Unchecked::read(Purpose::Withdrawal, &text).is_err());
        let other = SigningKey::fresh().unwrap().public();
        let unchecked = Unchecked::read(Purpose::Receipt, &text).unwrap();
        assert!(unchecked.verify(&other).is_err());
    }

    #[test]
    fn no_value_makes_a_line_of_its_own() {
        let key = SigningKey::fresh().unwrap();
        let text = Document::new(Purpose::Receipt)
            .with("node", "a\nnode b\r")
            .sign(&key);
        let read = Unchecked::read(Purpose::Receipt, &text).unwrap();
        assert_eq!(read.claims().one::<String>("node").unwrap(), "a node b ");
    }
}
