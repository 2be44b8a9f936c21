//! Who computes in a run of a study and who is away, as all nodes agree on it: plain data.

use crate::lens::Lens;
use serde::{Deserialize, Serialize};
use smpcc_compiler::session::Seating;
use std::fmt;

/// What of a study's data a session works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Portion {
    /// All of it.
    #[default]
    Whole,
    /// Shard `index`, from 0 on, of so many.
    Shard {
        /// Which.
        index: u32,
        /// Of how many.
        of: u32,
    },
    /// The results of so many shards.
    Combine(u32),
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => write!(f, "all contributions"),
            Self::Shard { index, of } => write!(f, "shard {index} of {of}"),
            Self::Combine(of) => write!(f, "the results of {of} shards"),
        }
    }
}

impl Portion {
    /// Whether the contribution at a place in the order of ids is of it.
    pub fn takes(self, place: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Shard { index, of } => place % of.max(1) as usize == index as usize,
            Self::Combine(_) => false,
        }
    }

    /// Which shard it is.
    pub fn shard(self) -> Option<u32> {
        match self {
            Self::Shard { index, .. } => Some(index),
            Self::Whole | Self::Combine(_) => None,
        }
    }

    /// How many play the part role in a session of it.
    pub fn n_parts(self) -> u32 {
        match self {
            Self::Combine(of) => of,
            Self::Whole | Self::Shard { .. } => 0,
        }
    }
}

/// What the nodes agree on beside what any run's parties do; plain data, so that it can go to a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The study.
    pub study: String,
    /// How many play each role of the program.
    pub role_counts: Vec<u32>,
    /// Which of them are nodes.
    pub seating: Seating,
    /// Open lengths of what is held: by [`smpcc_compiler::schema::len_key`] and by the seat in the order of roles.
    pub lens: Vec<(String, u32, u64)>,
    /// How many share files there are, and a hash of what identifies them.
    pub files: String,
    /// Which attempt at the run this is, from 1 on.
    pub attempt: u32,
    /// The nodes that take part, by their numbers in the study.
    pub members: Vec<u32>,
    /// What of the data it works on.
    pub portion: Portion,
}

/// Under which key the words of a parameter stand that one gives who is away.
pub fn held_key(param: &str, giver: u32) -> String {
    format!("{param}@{giver}")
}

impl Stored {
    /// All lengths by seat in the order of roles: those of nodes, which are numbered, and those of what is held.
    pub fn lens(&self, of_nodes: Lens) -> Lens {
        let seats = &self.seating.seats;
        let seat = |node: u32| seats.iter().position(|seat| *seat == Some(node));
        let of_nodes = of_nodes
            .into_iter()
            .filter_map(|((name, node), len)| Some(((name, seat(node)? as u32), len)));
        let held = self.lens.iter();
        let held = held.map(|(name, seat, len)| ((name.clone(), *seat), *len));
        of_nodes.chain(held).collect()
    }
}
