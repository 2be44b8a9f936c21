//! Who computes in a run of a study and who is away, as all nodes agree on it: plain data.

use crate::lens::Lens;
use serde::{Deserialize, Serialize};
use smpcc_compiler::session::Seating;

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
