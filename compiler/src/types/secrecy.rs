//! How secret a scalar is: public, secret, or as secret as some type parameters are.

use crate::hir::GenericId;

/// A set: of type parameters whose secrecy it has, or everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secrecy(u64);

const TOP: u64 = u64::MAX;

impl Secrecy {
    pub const PUBLIC: Secrecy = Secrecy(0);
    pub const SECRET: Secrecy = Secrecy(TOP);

    /// As secret as this type parameter. The 64th and later ones count as secret.
    pub fn of(id: GenericId) -> Secrecy {
        if id.0 < 63 {
            Secrecy(1 << id.0)
        } else {
            Secrecy::SECRET
        }
    }

    pub fn is_public(self) -> bool {
        self.0 == 0
    }

    pub fn join(self, other: Secrecy) -> Secrecy {
        Secrecy(self.0 | other.0)
    }

    /// Whether what is this secret may flow to where `other` is allowed.
    pub fn below(self, other: Secrecy) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is left when the parameter itself accounts for its own secrecy.
    pub fn without(self, id: GenericId) -> Secrecy {
        if self == Secrecy::SECRET || id.0 >= 63 {
            self
        } else {
            Secrecy(self.0 & !(1 << id.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_lattice_with_secret_on_top() {
        let (t, u) = (Secrecy::of(GenericId(0)), Secrecy::of(GenericId(1)));
        assert!(Secrecy::PUBLIC.below(t) && t.below(Secrecy::SECRET) && t.below(t.join(u)));
        assert!(!t.below(u) && !Secrecy::SECRET.below(t) && !Secrecy::SECRET.below(t.join(u)));
        assert_eq!(t.without(GenericId(0)), Secrecy::PUBLIC);
        assert_eq!(Secrecy::SECRET.without(GenericId(0)), Secrecy::SECRET);
        assert_eq!(Secrecy::of(GenericId(99)), Secrecy::SECRET);
    }
}
