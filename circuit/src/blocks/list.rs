//! Lists a region's operations so that those which can run together block by block stand together.
//!
//! A group starts with operations on equally many lanes and takes in what follows from them as long as blocks stay apart:
//! lane by lane; every `q`-th lane (the sides of a tournament, the rows of a carry-save sum), which makes blocks of the result
//! `q` times shorter; sums of short runs of lanes, likewise; the left-over lanes behind the last whole row, which only the last
//! block has. What has no operands (inputs, constants) is listed with the first that uses it, so that a group which makes it
//! for itself holds none of it whole.

use super::{Role, TAIL, needs_batches, whole_lanes};
use crate::ids::ValueId;
use crate::op;
use crate::program::{Domain, Node, Op, Program, Reach};
use crate::sorted::{SortedMap, SortedSet};
use crate::value::ConstVec;

/// An operation with what it uses.
pub(super) struct Listed<'p> {
    pub node: &'p Node,
    /// Operands, and what its regions use.
    pub uses: Vec<ValueId>,
    /// Where it stands among the openings: a group is of one phase.
    pub phase: u32,
    form: Form,
    /// Lanes of the groups that it may start.
    starts: Option<u64>,
}

/// How an operation's lanes depend on its operands' lanes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// On any, or not in a way that blocks can follow.
    Whole,
    /// Each on its own; operand 0 may be used whole.
    Lanes,
    /// One of all.
    Sum(Role),
    /// Each on so many in a row.
    Run(u64),
    /// Every so-manieth of operand 0.
    Stride(u64),
    /// Some of the last ones of operand 0.
    Tail,
    /// Those of operand 0, then those of others.
    Join,
}

/// An operation of a group.
#[derive(Clone, Copy)]
pub(super) struct Grown {
    pub node: usize,
    pub role: Role,
    /// Lanes of the group that make a lane of its operands, or of its result where that is more.
    pub scale: u64,
}

/// A group before its blocks are sized.
pub(super) struct Growing {
    pub lanes: u64,
    pub members: Vec<Grown>,
    pub kinds: SortedMap<ValueId, Kind>,
}

/// How a value is there in a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each block has its lanes: one of so many of the group's.
    Cut(u64),
    /// Once: it is there at the end.
    Once,
}

/// The constants among a region's values.
pub(super) type Constants<'p> = SortedMap<ValueId, &'p ConstVec>;

impl<'p> Listed<'p> {
    pub(super) fn new(
        program: &Program,
        node: &'p Node,
        (uses, phase): (Vec<ValueId>, u32),
        constants: &Constants<'p>,
    ) -> Self {
        let form = form(program, node, constants);
        let lanes = |v: Option<&ValueId>| {
            let info = v.and_then(|v| program.values.get(v.index()));
            info.map_or(0, |i| i.lanes)
        };
        let counted = match form {
            Form::Whole | Form::Join => 0,
            Form::Lanes if !node.results.is_empty() => lanes(node.results.first()),
            Form::Lanes | Form::Sum(_) | Form::Run(_) | Form::Stride(_) | Form::Tail => {
                lanes(node.args.first())
            }
        };
        let long = counted > whole_lanes(program) || (counted > 0 && needs_batches(program, node));
        Self {
            node,
            uses,
            phase,
            form,
            starts: long.then_some(counted),
        }
    }

    /// Whether it may start a group.
    pub(super) fn is_long(&self) -> bool {
        self.starts.is_some()
    }

    /// Whether it needs nothing and makes long vectors.
    fn is_source(&self) -> bool {
        self.starts.is_some() && self.uses.is_empty()
    }
}

/// Whether parties send each other something that has to do with labels.
fn interacts_in_labels(program: &Program, node: &Node) -> bool {
    let labels = |v: &ValueId| {
        let info = program.values.get(v.index());
        info.is_some_and(|info| info.domain == Domain::Yao)
    };
    matches!(node.op.kind(), op::Kind::Interactive(_))
        && node.args.iter().chain(&node.results).any(labels)
}

fn form(program: &Program, node: &Node, constants: &Constants<'_>) -> Form {
    let lanes = |v: &ValueId| program.values.get(v.index()).map_or(0, |i| i.lanes);
    let of = |i: usize| node.args.get(i).map_or(0, lanes);
    let own = node.results.first().or(node.args.first()).map_or(0, lanes);
    let same = |values: &[ValueId], n: u64| values.iter().all(|v| lanes(v) == n);
    let domain = |v: Option<&ValueId>| Some(program.values.get(v?.index())?.domain);
    match &node.op {
        // An opening that is checked waits as a whole.
        Op::Reveal | Op::RevealShuffled | Op::Output(_) if program.threat.deviates() => Form::Whole,
        // So does what is vouched for once, and one sum of products, whose terms are proven together with it.
        Op::Compose | Op::Dot { segments: 1 } if program.threat.deviates() => Form::Whole,
        // And what is checked once for all lanes.
        _ if program.threat.deviates()
            && !program.model().settles_garbled()
            && interacts_in_labels(program, node) =>
        {
            Form::Whole
        }
        Op::Gather { block: 1 } => {
            let index = node.args.get(1).and_then(|v| constants.get(v));
            match index {
                Some(ConstVec::Affine { start, dims })
                    if let &[(n, step)] = &dims[..]
                        && let Ok(step) = u64::try_from(step)
                        && step > 1
                        && *start < step.into()
                        && n == of(0) / step =>
                {
                    Form::Stride(step)
                }
                Some(index)
                    if index.lanes() <= TAIL
                        && of(0) >= TAIL
                        && index.words().all(|w| w >= (of(0) - TAIL).into()) =>
                {
                    Form::Tail
                }
                Some(_) | None => Form::Lanes,
            }
        }
        Op::Read {
            block: 1,
            groups: 1,
        } => Form::Lanes,
        Op::SumLanes { segments: 1 } | Op::Reduce { segments: 1, .. } => Form::Sum(Role::Add),
        Op::Dot { segments: 1 } if program.model().folds_products() => Form::Sum(Role::Fold),
        Op::Dot { segments: 1 } => Form::Sum(Role::Add),
        Op::SumLanes { segments } | Op::Dot { segments } | Op::Reduce { segments, .. } => {
            match of(0).checked_div(*segments).unwrap_or(0) {
                0 => Form::Whole,
                run if run * segments == of(0) && same(&node.args, of(0)) => Form::Run(run),
                _ => Form::Whole,
            }
        }
        // What is joined to a block has its domain.
        Op::Concat if domain(node.args.first()) == domain(node.results.first()) => Form::Join,
        Op::Concat => Form::Whole,
        op => match op.reach() {
            Reach::Lane if same(&node.args, own) && same(&node.results, own) => Form::Lanes,
            Reach::Lane | Reach::Run | Reach::Any => Form::Whole,
        },
    }
}

/// In the order in which they are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Short,
    Long(u64),
    /// These may take long.
    Regions,
}

/// Where the listing stands.
struct Listing<'a, 'p> {
    program: &'a Program,
    nodes: &'a [Listed<'p>],
    maker: SortedMap<ValueId, usize>,
    /// Whether what has no operands has been listed.
    placed: Vec<bool>,
    waits: Vec<usize>,
    users: Vec<Vec<usize>>,
    ready: SortedMap<Class, SortedSet<usize>>,
}

/// Lists a region's operations; the groups on the way.
pub(super) fn list(program: &Program, nodes: &[Listed<'_>]) -> Vec<Growing> {
    let mut maker: SortedMap<ValueId, usize> = SortedMap::new();
    for (i, listed) in nodes.iter().enumerate() {
        maker.extend(listed.node.results.iter().map(|&v| (v, i)));
    }
    let mut listing = Listing {
        program,
        nodes,
        maker,
        placed: nodes.iter().map(|n| !n.is_source()).collect(),
        waits: vec![0; nodes.len()],
        users: vec![Vec::new(); nodes.len()],
        ready: SortedMap::new(),
    };
    for (i, listed) in nodes.iter().enumerate() {
        for &by in listed.uses.iter().filter_map(|v| listing.maker.get(v)) {
            if listing.placed[by] {
                listing.waits[i] += 1;
                listing.users[by].push(i);
            }
        }
    }
    for root in 0..nodes.len() {
        if listing.placed[root] && listing.waits[root] == 0 {
            listing.wait(root);
        }
    }
    let mut groups = Vec::new();
    loop {
        listing.ready.retain(|_, nodes| !nodes.is_empty());
        let Some((&first, _)) = listing.ready.first_key_value() else {
            return groups;
        };
        if let Class::Long(lanes) = first {
            let group = listing.grow(lanes);
            if !group.members.is_empty() {
                groups.push(group);
                continue;
            }
        }
        let alone = listing.ready.get_mut(&first).and_then(SortedSet::pop_first);
        if let Some(i) = alone {
            for by in nodes[i].uses.iter().filter_map(|v| listing.maker.get(v)) {
                listing.placed[*by] = true;
            }
            for next in listing.done(i) {
                listing.wait(next);
            }
        }
    }
}

impl Listing<'_, '_> {
    fn class(&self, i: usize) -> Class {
        match (self.nodes[i].starts, self.nodes[i].node.op.kind()) {
            (Some(lanes), _) => Class::Long(lanes),
            (None, op::Kind::Control) => Class::Regions,
            (
                None,
                op::Kind::Clear | op::Kind::Move | op::Kind::Linear | op::Kind::Interactive(_),
            ) => Class::Short,
        }
    }

    fn wait(&mut self, i: usize) {
        self.ready.entry(self.class(i)).or_default().insert(i);
    }

    /// What is ready now that an operation is listed.
    fn done(&mut self, i: usize) -> Vec<usize> {
        let mut next = Vec::new();
        for &user in &self.users[i] {
            self.waits[user] -= 1;
            if self.waits[user] == 0 {
                next.push(user);
            }
        }
        next
    }

    /// The group that starts with what is ready on so many lanes.
    fn grow(&mut self, lanes: u64) -> Growing {
        let mut group = Growing {
            lanes,
            members: Vec::new(),
            kinds: SortedMap::new(),
        };
        let class = Class::Long(lanes);
        let mut queue = self.ready.remove(&class).unwrap_or_default();
        let mut later = Vec::new();
        while let Some(i) = queue.pop_first() {
            if self.join(&mut group, i) {
                let next = self.done(i);
                queue.extend(next);
            } else {
                later.push(i);
            }
        }
        for i in later {
            self.wait(i);
        }
        group
    }

    /// Adds an operation to a group, and what it uses that has no operands; or says that it does not fit.
    fn join(&mut self, group: &mut Growing, i: usize) -> bool {
        let listed = &self.nodes[i];
        let node = listed.node;
        let lanes = |v: &ValueId| self.program.values.get(v.index()).map_or(0, |i| i.lanes);
        let made = |v: &ValueId| group.kinds.contains_key(v);
        let args = &node.args[..];
        // The operands of which blocks have their lanes; those that are there whole.
        let (cut, whole) = match listed.form {
            Form::Whole => return false,
            Form::Lanes if matches!(node.op, Op::Gather { .. } | Op::Read { .. }) => match args {
                [source, cut @ ..] => (cut, Some(source)),
                [] => return false,
            },
            Form::Lanes | Form::Sum(_) | Form::Run(_) => (args, None),
            Form::Stride(_) | Form::Tail | Form::Join => (&args[..args.len().min(1)], None),
        };
        if whole.is_some_and(made) {
            // It needs all of what the group is about to make.
            return false;
        }
        let phase = |node: usize| self.nodes[node].phase;
        let unplaced = |v: &ValueId| self.maker.get(v).filter(|&&by| !self.placed[by]);
        let mut with = group.members.first().map(|m| m.node).into_iter();
        if !with.all(|m| phase(m) == phase(i))
            || !cut
                .iter()
                .filter_map(unplaced)
                .all(|&by| phase(by) == phase(i))
        {
            return false;
        }
        let mut scale = None;
        for v in cut {
            match group.kinds.get(v) {
                Some(Kind::Cut(own)) if scale.is_none_or(|s| s == *own) => scale = Some(*own),
                Some(Kind::Cut(_) | Kind::Once) => return false,
                None => {}
            }
        }
        let equal = cut.first().map_or(0, lanes);
        let starts = listed.starts == Some(group.lanes) && equal == group.lanes;
        let Some(scale) = scale.or(starts.then_some(1)) else {
            return false;
        };
        if !cut.iter().all(|v| lanes(v) == equal) {
            return false;
        }
        let (role, to) = match listed.form {
            Form::Whole => return false,
            Form::Lanes => (Role::Lanes, Some(Kind::Cut(scale))),
            Form::Sum(role) => (role, Some(Kind::Once)),
            Form::Run(by) | Form::Stride(by) => {
                let Some(next) = scale.checked_mul(by).filter(|s| *s <= group.lanes) else {
                    return false;
                };
                let role = if matches!(listed.form, Form::Run(_)) {
                    Role::Run
                } else {
                    Role::Stride
                };
                (role, Some(Kind::Cut(next)))
            }
            Form::Tail => (Role::Tail, Some(Kind::Once)),
            Form::Join => {
                let rest = args.get(1..).unwrap_or_default();
                let tail = |v: &ValueId| {
                    let by = self.maker.get(v);
                    by.is_some_and(|by| {
                        let mut members = group.members.iter();
                        members.any(|m| m.node == *by && m.role == Role::Tail)
                    })
                };
                if !made(&args[0]) || !rest.iter().all(tail) {
                    return false;
                }
                (Role::Join, Some(Kind::Cut(scale)))
            }
        };
        if let Some(by) = whole.and_then(|v| self.maker.get(v)) {
            self.placed[*by] = true;
        }
        for v in cut {
            group.kinds.insert(*v, Kind::Cut(scale));
            if let Some(&by) = self.maker.get(v)
                && !std::mem::replace(&mut self.placed[by], true)
            {
                let results = self.nodes[by].node.results.iter();
                group.kinds.extend(results.map(|&v| (v, Kind::Cut(scale))));
                group.members.push(Grown {
                    node: by,
                    role: Role::Lanes,
                    scale,
                });
            }
        }
        if let Some(kind) = to {
            let results = node.results.iter();
            group.kinds.extend(results.map(|&v| (v, kind)));
        }
        let scale = match to {
            Some(Kind::Cut(result)) => result,
            Some(Kind::Once) | None => scale,
        };
        group.members.push(Grown {
            node: i,
            role,
            scale,
        });
        true
    }
}
