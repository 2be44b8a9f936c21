//! What of a study's data a session works on: all of it, one shard, or the results of all shards.
//!
//! A node whose data outgrows one machine works in N sessions, each on the contributions whose place in the order of their ids is K modulo
//! N. What each session gives stays shared, as what the K-th player of one role of the program gives (the *part role*: nobody contributes,
//! receives or computes as it), and a last session takes all of those. What starts the N sessions is left to others: `--shard env` reads
//! K and N from what Slurm, Kubernetes and MPI tell their tasks.

use super::{Contributed, role_of};
use crate::choices::Choices;
use crate::exit::{Failure, Outcome};
use crate::lens::Lens;
use crate::seating::Portion;
use crate::seats::Seats;
use serde::{Deserialize, Serialize};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::reveals::{self, DisclosureKind};
use smpcc_compiler::{lower, schema};
use smpcc_runtime::hash::Transcript;
use smpcc_study::share_file::Header;
use smpcc_study::study::Terms;
use std::str::FromStr;

/// The most shards: what one session can put together.
const MAX_SHARDS: u32 = 10_000;

/// What the result of a shard is.
#[derive(Clone, Serialize, Deserialize)]
pub struct PartOf {
    /// As whose it is kept.
    pub whose: String,
    /// Of how many shards, and a hash of the ids of all their contributions: results of which this differs do not belong together.
    all: String,
}

impl PartOf {
    /// What its header says of the session that made it.
    pub fn session(&self, session: &str) -> String {
        format!("{session} {}", self.all)
    }
}

/// As what the result of a shard is kept; none of other portions. `contributions` are those of all shards, in order.
///
/// # Errors
/// A program without a part role.
pub fn kept_as(
    portion: Portion,
    terms: &Terms,
    hir: &Hir,
    contributions: &Contributed,
) -> Outcome<Option<PartOf>> {
    let Portion::Shard { index, of } = portion else {
        return Ok(None);
    };
    let role = part_role(terms, hir)?;
    let roles = schema::schema(hir).roles;
    let counts: Vec<u32> = roles
        .iter()
        .map(|r| if r.name == role { of } else { 0 })
        .collect();
    let whose = Seats::of(hir, &counts).names.get(index as usize).cloned();
    let all = cut(of, contributions);
    Ok(whose.map(|whose| PartOf { whose, all }))
}

/// Into how many shards which contributions are cut.
fn cut(of: u32, contributions: &Contributed) -> String {
    let mut t = Transcript::new("smpcc/shards");
    t.list(contributions.len());
    contributions.iter().for_each(|(id, _)| {
        t.bytes(&id.0);
    });
    format!("{of} {}", t.finish())
}

/// Refuses results of shards that are not of the contributions that are there now, cut into so many: one that was withdrawn meanwhile
/// would still be in its shard's result.
///
/// # Errors
/// Whose result is not.
pub fn belong_together<'h>(
    mut parts: impl Iterator<Item = &'h Header>,
    of: u32,
    contributions: &Contributed,
) -> Outcome {
    let all = cut(of, contributions);
    let other = parts.find(|part| {
        part.session
            .split_once(' ')
            .is_none_or(|(_, cut)| cut != all)
    });
    match other {
        None => Ok(()),
        Some(part) => Err(Failure::usage(format!(
            "what is kept of `{}` is not of the {} contributions that are there now, cut into {of} shards: run that shard again, at every node",
            part.whose,
            contributions.len()
        ))),
    }
}

/// The role as which the results of shards are given: nobody contributes, receives or computes as it.
///
/// # Errors
/// None, or several.
pub fn part_role(terms: &Terms, hir: &Hir) -> Outcome<String> {
    let played = |name: &str| {
        let nodes = terms.nodes.iter().filter_map(|node| node.role.as_deref());
        let receivers = terms.receivers.iter().map(|r| r.role.as_str());
        terms.contributing(name).is_some()
            || nodes.chain(receivers).any(|role| role_of(role) == name)
    };
    let roles = schema::schema(hir).roles;
    let mut free = roles.iter().filter(|role| !played(&role.name));
    match (free.next(), free.next()) {
        (Some(role), None) => Ok(role.name.clone()),
        (None, _) => Err(Failure::usage(
            "the program has no role that gives the results of shards: `party part[0..];`, and a parameter `from each part` of the type of the result",
        )),
        (Some(one), Some(other)) => Err(Failure::usage(format!(
            "the results of shards are given as one role, and nobody plays `{}` and `{}`",
            one.name, other.name
        ))),
    }
}

/// Refuses a shard in which anything would be opened: what its owners agreed to is a result of all contributions.
///
/// # Errors
/// What would be opened, and to whom shards give a second thing.
pub fn opens_nothing(hir: &Hir, choices: &Choices) -> Outcome {
    let is_shard = |stored: &crate::seating::Stored| stored.portion.shard().is_some();
    if !choices.stored.as_ref().is_some_and(is_shard) {
        return Ok(());
    }
    let session = choices.session(hir, Lens::new())?;
    let (ir, _) = lower::lower_claimed(hir, &session).map_err(Failure::compiler)?;
    for d in reveals::reveals(&ir) {
        let kept =
            d.kind == DisclosureKind::Output && d.receivers.iter().all(|r| *r >= ir.n_parties);
        if !kept {
            return Err(Failure::usage(format!(
                "a shard opens nothing, and the program opens {}: it would tell of a part of the data",
                if d.label.is_empty() {
                    "a value".to_owned()
                } else {
                    format!("`{}`", d.label)
                }
            )));
        }
    }
    Ok(())
}

/// `K/N`, or where to look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Shard K of N.
    Given(u32, u32),
    /// As the environment says; N where it does not.
    Env(Option<u32>),
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse::<u32>()
                .map_err(|_| format!("`{text}` is no number"))
        };
        let asked = match text.split_once('/') {
            None if text == "env" => Self::Env(None),
            Some(("env", n)) => Self::Env(Some(number(n)?)),
            Some((k, n)) => Self::Given(number(k)?, number(n)?),
            None => return Err("write K/N, env, or env/N".into()),
        };
        match asked {
            Self::Given(k, n) => checked(k, n).map(|_| asked),
            Self::Env(_) => Ok(asked),
        }
    }
}

fn checked(index: u32, of: u32) -> Result<Portion, String> {
    match (index < of, of <= MAX_SHARDS) {
        (true, true) => Ok(Portion::Shard { index, of }),
        (false, _) => Err(format!(
            "there is no shard {index} of {of}: they are counted from 0"
        )),
        (true, false) => Err(format!("at most {MAX_SHARDS} shards")),
    }
}

/// The variables of an engine, as [`TELL`] says.
type Told = (
    &'static str,
    Option<&'static str>,
    Option<(&'static str, &'static str)>,
);

/// Who tells a task its number: the variable, and those with the number of all, of the first, and from one to the next.
const TELL: [Told; 5] = [
    // In an array SLURM_PROCID is 0 in every task.
    (
        "SLURM_ARRAY_TASK_ID",
        Some("SLURM_ARRAY_TASK_COUNT"),
        Some(("SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP")),
    ),
    ("JOB_COMPLETION_INDEX", None, None),
    ("OMPI_COMM_WORLD_RANK", Some("OMPI_COMM_WORLD_SIZE"), None),
    ("PMI_RANK", Some("PMI_SIZE"), None),
    ("SLURM_PROCID", Some("SLURM_NTASKS"), None),
];

impl Asked {
    /// The shard that is asked for, in this environment.
    ///
    /// # Errors
    /// An environment that does not say it.
    pub fn portion(self, env: &dyn Fn(&str) -> Option<String>) -> Result<Portion, String> {
        let given = match self {
            Self::Given(index, of) => return checked(index, of),
            Self::Env(given) => given,
        };
        let number = |name: &str| {
            let text = env(name)?;
            Some(
                text.trim()
                    .parse::<u32>()
                    .map_err(|_| format!("{name} is `{text}`, which is no number")),
            )
        };
        for (index, of, first) in TELL {
            let Some(index_there) = number(index).transpose()? else {
                continue;
            };
            let (min, step) = match first {
                Some((min, step)) => (
                    number(min).transpose()?.unwrap_or(0),
                    number(step).transpose()?.unwrap_or(1).max(1),
                ),
                None => (0, 1),
            };
            let there = of.map_or(Ok(None), |of| number(of).transpose())?;
            let of = given.or(there).ok_or_else(|| {
                format!(
                    "{index} says which shard this is, and nothing says of how many: --shard env/N"
                )
            })?;
            if let (Some(there), true) = (there, given.is_some())
                && there != of
            {
                return Err(format!("there are {there} tasks, and --shard env/{of}"));
            }
            return checked(index_there.saturating_sub(min) / step, of);
        }
        let names: Vec<&str> = TELL.iter().map(|(index, ..)| *index).collect();
        Err(format!("none of {} is set", names.join(", ")))
    }
}

/// Which portion is asked for; at most one of the two is given.
///
/// # Errors
/// An environment that does not say which shard this is.
pub fn asked(shard: Option<Asked>, combine: Option<u32>) -> Outcome<Portion> {
    match (shard, combine) {
        (None, None) => Ok(Portion::Whole),
        (Some(shard), _) => shard
            .portion(&|name| std::env::var(name).ok())
            .map_err(|e| Failure::usage(format!("--shard: {e}"))),
        (None, Some(of @ 1..=MAX_SHARDS)) => Ok(Portion::Combine(of)),
        (None, Some(_)) => Err(Failure::usage(format!(
            "--combine: 1 to {MAX_SHARDS} shards"
        ))),
    }
}

/// An address for a shard: `{shard}` in it is the shard's number; where it has none, that is added to its port.
///
/// # Errors
/// A port that does not exist.
pub fn address(text: &str, shard: Option<u32>) -> Result<String, String> {
    let Some(shard) = shard else {
        return Ok(text.to_owned());
    };
    if text.contains(HERE) {
        return Ok(text.replace(HERE, &shard.to_string()));
    }
    let moved = text.rsplit_once(':').and_then(|(host, port)| {
        let port = port.parse::<u16>().ok()?;
        let port = u32::from(port)
            .checked_add(shard)
            .filter(|p| *p <= u32::from(u16::MAX))?;
        Some(format!("{host}:{port}"))
    });
    moved.ok_or_else(|| format!("`{text}` has no port for shard {shard}"))
}

/// What stands for the shard's number in a configuration.
pub const HERE: &str = "{shard}";

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn tasks_are_told_which_they_are() {
        let shard = |index, of| Ok(Portion::Shard { index, of });
        let array = [
            ("SLURM_ARRAY_TASK_ID", "5"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_PROCID", "0"),
            ("SLURM_NTASKS", "1"),
        ];
        let ask = |text: &str, set: &[(&str, &str)]| text.parse::<Asked>()?.portion(&env(set));
        assert_eq!(ask("env", &array), shard(2, 3));
        assert_eq!(ask("env/3", &array), shard(2, 3));
        assert!(ask("env/4", &array).is_err());
        assert_eq!(ask("1/4", &array), shard(1, 4));
        let kubernetes = [("JOB_COMPLETION_INDEX", "7")];
        assert_eq!(ask("env/8", &kubernetes), shard(7, 8));
        assert!(ask("env", &kubernetes).is_err_and(|e| e.contains("env/N")));
        assert!(ask("env/7", &kubernetes).is_err());
        let mpi = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(ask("env", &mpi), shard(1, 2));
        assert!(ask("env", &[]).is_err_and(|e| e.contains("SLURM_ARRAY_TASK_ID")));
        assert!(ask("env", &[("SLURM_PROCID", "x")]).is_err());
        for wrong in ["", "3", "4/4", "1/0", "0/10001", "-1/2", "env/x"] {
            assert!(wrong.parse::<Asked>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_contribution_is_of_one_shard() {
        for place in 0..20 {
            let of = (0..7).filter(|&index| Portion::Shard { index, of: 7 }.takes(place));
            assert_eq!(of.count(), 1);
            assert!(Portion::Whole.takes(place) && !Portion::Combine(7).takes(place));
        }
    }

    #[test]
    fn shards_meet_at_addresses_of_their_own() {
        let at = |text, shard| address(text, shard).ok();
        assert_eq!(at("a:7100", None).as_deref(), Some("a:7100"));
        assert_eq!(at("a:7100", Some(3)).as_deref(), Some("a:7103"));
        assert_eq!(at("[::1]:7100", Some(3)).as_deref(), Some("[::1]:7103"));
        assert_eq!(
            at("a-{shard}.b:7100", Some(3)).as_deref(),
            Some("a-3.b:7100")
        );
        assert_eq!(at("a:65535", Some(1)), None);
        assert_eq!(at("a", Some(1)), None);
    }
}
