//! Who the parties are: numbers from 0, and the names that messages show.
//!
//! A `PartyId` never comes from the wire: it is made from local configuration, and a number that a peer
//! sends is compared with the one expected or passes [`PartyNames::checked`].

use std::fmt;

/// The most parties that one run can have.
pub const MAX_PARTIES: usize = 256;

/// A party's number, from 0, as users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(u16);

impl PartyId {
    /// The party with this number.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number as an index into per-party arrays.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The number as it is written into frames.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// All parties of a run of `n_parties`, in order.
    pub fn all(n_parties: usize) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (0..u16::try_from(n_parties).unwrap_or(u16::MAX)).map(Self)
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "party {}", self.0)
    }
}

/// How each party of a run is called in messages: its number, and its role where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyNames {
    roles: Vec<Option<String>>,
}

impl PartyNames {
    /// `n_parties` parties without roles.
    pub fn plain(n_parties: usize) -> Self {
        Self {
            roles: vec![None; n_parties],
        }
    }

    /// Parties with the roles given, in order; `None` where a party has none.
    pub fn with_roles(roles: Vec<Option<String>>) -> Self {
        Self { roles }
    }

    /// The number of parties.
    pub fn n_parties(&self) -> usize {
        self.roles.len()
    }

    /// `party 2`, or `party 2 (bidder[1])`.
    pub fn label(&self, party: PartyId) -> String {
        match self.roles.get(party.index()) {
            Some(Some(role)) => format!("{party} ({role})"),
            Some(None) | None => party.to_string(),
        }
    }

    /// A party number that a peer sent, if such a party exists.
    pub fn checked(&self, unchecked: u16) -> Option<PartyId> {
        (usize::from(unchecked) < self.roles.len()).then_some(PartyId(unchecked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_show_roles() {
        let names = PartyNames::with_roles(vec![None, Some("bidder[1]".into())]);
        assert_eq!(names.label(PartyId::new(0)), "party 0");
        assert_eq!(names.label(PartyId::new(1)), "party 1 (bidder[1])");
        assert_eq!(names.checked(1), Some(PartyId::new(1)));
        assert_eq!(names.checked(2), None);
    }
}
