//! Who takes part in a run and what each party gives: from a checked program, or from a compiled one.

use crate::exit::Failure;
use crate::words::label;
use smpcc_circuit::program::{Program, Shape, ShapeNode};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
use smpcc_compiler::session::Seating;

/// The parties of a run.
pub struct Seats {
    /// What each is called: its role, or `party N`.
    pub names: Vec<String>,
    gifts: Vec<Vec<Gift>>,
    roles: Vec<String>,
}

/// An input that a party gives.
pub struct Gift {
    /// The parameter: the key in input files.
    pub name: String,
    /// What is given; lengths that the data decide are open.
    pub shape: Shape,
}

impl Gift {
    /// The columns of a sheet that give it: one of its name, or one for each field of a struct that is given once.
    pub fn columns(&self) -> Vec<String> {
        match self.shape.0.first() {
            Some(ShapeNode::Struct { fields, .. }) => fields.clone(),
            _ => vec![self.name.clone()],
        }
    }
}

impl Seats {
    /// The parties of a checked program, so many for each role.
    pub fn of(hir: &Hir, role_counts: &[u32]) -> Self {
        let names = schema::party_names(hir, role_counts);
        let mut gifts: Vec<Vec<Gift>> = names.iter().map(|_| Vec::new()).collect();
        for param in schema::schema(hir).params {
            for owner in param.owners(role_counts) {
                if let Some(gifts) = gifts.get_mut(owner as usize) {
                    gifts.push(Gift {
                        name: param.name.clone(),
                        shape: param.shape.clone(),
                    });
                }
            }
        }
        Self {
            names,
            gifts,
            roles: hir.roles.iter().map(|r| r.name.clone()).collect(),
        }
    }

    /// Those of the seats who compute, and what they give.
    #[must_use]
    pub fn seated(self, seating: &Seating) -> Self {
        let mut gifts: Vec<Vec<Gift>> = seating.nodes.iter().map(|_| Vec::new()).collect();
        for (given, seat) in self.gifts.into_iter().zip(&seating.seats) {
            if let Some(gifts) = seat.and_then(|node| gifts.get_mut(node as usize)) {
                gifts.extend(given);
            }
        }
        Self {
            names: seating.nodes.clone(),
            gifts,
            roles: self.roles,
        }
    }

    /// The parties of a compiled program, whose lengths are fixed.
    pub fn compiled(program: &Program) -> Self {
        let mut names = program.party_names.clone();
        names.truncate(program.n_parties as usize);
        let mut gifts: Vec<Vec<Gift>> = names.iter().map(|_| Vec::new()).collect();
        for param in &program.params {
            if let Some(gifts) = gifts.get_mut(param.party as usize) {
                gifts.push(Gift {
                    name: param.name.clone(),
                    shape: param.shape.clone(),
                });
            }
        }
        Self {
            names,
            gifts,
            roles: Vec::new(),
        }
    }

    /// What a party gives.
    pub fn gifts(&self, party: u32) -> &[Gift] {
        self.gifts.get(party as usize).map_or(&[], Vec::as_slice)
    }

    /// The names of what a party gives, for messages; empty for nothing.
    pub fn listed(&self, party: u32) -> String {
        let gifts = self.gifts(party).iter();
        let names: Vec<String> = gifts.map(|gift| format!("`{}`", gift.name)).collect();
        names.join(", ")
    }

    /// Who gives an input of that name.
    pub fn owners(&self, name: &str) -> Vec<u32> {
        (0u32..)
            .zip(&self.gifts)
            .filter(|(_, gifts)| gifts.iter().any(|gift| gift.name == name))
            .map(|(party, _)| party)
            .collect()
    }

    /// Whether the data decide how long an input of that name is, or the arrays so deep inside of it.
    pub fn is_open(&self, name: &str, depth: usize) -> bool {
        let open = |gift: &Gift| {
            let mut nodes = gift.shape.0.iter();
            let mut outer = nodes.by_ref().take(depth);
            outer.all(|node| matches!(node, ShapeNode::Array(_)))
                && matches!(nodes.next(), Some(ShapeNode::Array(None)))
        };
        let mut gifts = self.gifts.iter().flatten();
        gifts.any(|gift| gift.name == name && open(gift))
    }

    /// The names of all inputs, each as often as it is given.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.gifts.iter().flatten().map(|gift| gift.name.as_str())
    }

    /// The party that a key of an input file stands for: a number, a name, or the role that one party alone plays.
    pub fn party(&self, key: &str) -> Option<u32> {
        let number = key.parse::<usize>().ok();
        let named = || {
            let alone = !self.names.contains(&format!("{key}[1]"));
            let first = format!("{key}[0]");
            self.names
                .iter()
                .position(|name| name == key || alone && *name == first)
        };
        let found = number.filter(|n| *n < self.names.len()).or_else(named)?;
        u32::try_from(found).ok()
    }

    /// Whether a key could stand for a party in a larger run.
    pub fn might_be(&self, key: &str) -> bool {
        let role = key.split_once('[').map_or("", |(role, _)| role);
        key.parse::<u32>().is_ok() || self.roles.iter().any(|known| known == role)
    }

    /// All parties, for messages.
    pub fn all(&self) -> String {
        let parties = self.names.iter().enumerate();
        let parties = parties.map(|(i, name)| {
            if name.starts_with("party ") {
                format!("{i}")
            } else {
                format!("{i} ({name})")
            }
        });
        parties.collect::<Vec<_>>().join(", ")
    }

    /// That a party's inputs are nowhere to be found.
    pub fn missing(&self, place: &str, party: u32) -> Failure {
        Failure::usage(format!(
            "{place}: no inputs for {}, who gives {}",
            label(party, &self.names),
            self.listed(party)
        ))
    }
}
