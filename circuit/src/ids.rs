//! Newtyped `u32` indices for every entity of a program; `Display` is the entity's text form.
//!
//! Newtypes, so that an index of one table cannot be used in another; dense, so that tables are vectors and nothing
//! ever iterates a hash map (parties must walk everything in the same order).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id for position `index` of a table; tables are limited to `u32::MAX` entries.
            ///
            /// # Panics
            /// If `index` does not fit in 32 bits.
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("tables hold at most 2^32 entries"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    /// A value (a vector of lanes) of a program.
    ValueId = "v";
    /// A scalar circuit of a program.
    TemplateId = "t";
    /// A section: a maximal part of a program executed in one domain.
    SectionId = "s";
    /// One input leaf: what one party gives for one scalar field.
    InputId = "in";
    /// One output leaf.
    OutputId = "out";
}
