//! Operations of which nothing is shared, and the regions in them, as lists of steps at one party.
//!
//! A value of a few lanes has its words at a fixed place of one memory, so that a step on them is a few instructions. A longer one is
//! held as everywhere. As the order of steps is fixed, it is known here which use of a held value is its last: there it is handed over,
//! and an update of a carried array happens in place. Of what another party alone knows there is nothing.

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Node, Op, Program, Region, ValueInfo};
use smpcc_circuit::regions::FEW_LANES;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{Scalar, Word};

use super::super::parts;
use super::super::schedule::{RegionPlan, Schedule};
use crate::error::Error;
use crate::party::PartyId;
use crate::words::Arrays;

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its words begin here in the memory.
    Words(usize),
    /// It is held under this number.
    Held(usize),
    /// At another party.
    Absent,
}

/// All steps of some operations of a region.
pub struct Listing<'p> {
    /// In their order.
    pub steps: Vec<Step<'p>>,
    /// The regions in them.
    pub blocks: Vec<Block<'p>>,
    /// Where values are.
    pub places: SortedMap<ValueId, Place>,
    /// What they use and do not make, and how often.
    pub inputs: Vec<(ValueId, u32)>,
    /// What they make and others use.
    pub results: Vec<ValueId>,
    /// Constants: where their words begin.
    pub constants: Vec<(usize, Vec<Word>)>,
    /// Words of the memory.
    pub n_words: usize,
    /// Of them, from here on those that are set aside for a moment.
    pub aside: usize,
    /// Values that are held.
    pub n_held: usize,
}

/// A region.
#[derive(Default)]
pub struct Block<'p> {
    /// In their order.
    pub steps: Vec<Step<'p>>,
    /// Parts of the plan that end with it.
    pub parts: u64,
}

/// What a party does.
pub enum Step<'p> {
    /// A word operation on words in the memory.
    Word {
        op: WordOp,
        from: Scalar,
        to: Scalar,
        args: [usize; 3],
        result: usize,
        lanes: usize,
    },
    /// A reduction or, of `each` lane, a scan of words in the memory.
    Fold {
        op: WordOp,
        scalar: Scalar,
        from: usize,
        result: usize,
        lanes: usize,
        segments: usize,
        each: bool,
    },
    /// Values move from places to others.
    Move(Moves),
    /// Elements of an array are read.
    Read {
        from: Place,
        at: Indices<'p>,
        result: usize,
    },
    /// Elements of an array are replaced.
    Write {
        into: Place,
        /// Whether nobody uses the array as it was.
        last: bool,
        at: Indices<'p>,
        values: usize,
        result: Place,
        /// Whether the result is the party's own.
        own: bool,
        /// Of the array.
        lanes: usize,
    },
    /// Another party reads or writes where an index says: whether there is such an element is seen here too.
    Look(Indices<'p>),
    /// Any operation on values, wherever they are; of each operand, whether this is its last use.
    Other(&'p Node, Vec<bool>),
    /// Nobody uses a held value any more.
    Free(usize),
    /// See [`Op::Loop`].
    Loop {
        count: Count,
        counter: usize,
        body: usize,
        /// Whether the plan says how often it runs.
        counted: bool,
        enter: Moves,
        again: Moves,
        leave: Moves,
    },
    /// See [`Op::While`].
    While {
        node: &'p Node,
        test: Moves,
        condition: usize,
        holds: usize,
        body: usize,
        enter: Moves,
        again: Moves,
        leave: Moves,
    },
    /// See [`Op::If`].
    If {
        holds: usize,
        arms: [(usize, Moves); 2],
    },
}

/// How often a loop runs.
pub enum Count {
    /// Always so often.
    Known(u64),
    /// What this word says.
    At(usize),
}

/// Indices of an operation: words in the memory.
pub struct Indices<'p> {
    /// Where they begin.
    pub from: usize,
    /// How many they are.
    pub n: usize,
    /// Lanes of an element.
    pub block: usize,
    /// Which of them name an element.
    pub range: Range<'p>,
}

/// Which indices name an element.
pub enum Range<'p> {
    /// Everybody knows the indices, and one that is out of range stops the run; so many elements.
    Public(usize, &'p Node),
    /// An index that is out of range names no element.
    Own(Arrays),
}

/// Values that get other places.
#[derive(Default)]
pub struct Moves {
    /// Words: from, to, and how many.
    pub words: Vec<(usize, usize, usize)>,
    /// Whether words are written where others are still to be read: then all are set aside before any is written.
    pub aside: bool,
    /// Held values: from, to, and whether it is the last use.
    pub held: Vec<(usize, usize, bool)>,
}

/// Makes a listing.
pub struct Builder<'p, 's> {
    program: &'p Program,
    schedule: &'s Schedule,
    me: PartyId,
    blocks: Vec<Block<'p>>,
    places: SortedMap<ValueId, Place>,
    constants: Vec<(usize, Vec<Word>)>,
    n_words: usize,
    n_held: usize,
    /// Most words that are set aside.
    aside: usize,
}

/// For each value, the last of some operations that uses it, itself or in its regions.
fn last_uses(nodes: &[(&Node, &[ValueId])]) -> SortedMap<ValueId, usize> {
    let mut last = SortedMap::new();
    for (i, (node, captures)) in nodes.iter().enumerate() {
        for &v in node.args.iter().chain(*captures) {
            last.insert(v, i);
        }
    }
    last
}

/// An operation among others.
struct Here<'a> {
    /// For each value of the region, the last of its operations that uses it; its results come after all.
    last: &'a SortedMap<ValueId, usize>,
    /// Which operation it is, and what regions in it use.
    node: usize,
    captures: &'a [ValueId],
}

fn missing() -> Error {
    Error::bug("an operation without an operand or a result")
}

fn size(n: u64) -> Result<usize, Error> {
    usize::try_from(n).map_err(|_| Error::machine("a value is larger than memory"))
}

impl<'p, 's> Builder<'p, 's> {
    /// The listing of operations of a region.
    ///
    /// # Errors
    /// A bug: an operation that is not as the verifier promises.
    pub fn listing(
        program: &'p Program,
        schedule: &'s Schedule,
        me: PartyId,
        (region, nodes): (usize, &[u32]),
    ) -> Result<Listing<'p>, Error> {
        let mut all = Self {
            program,
            schedule,
            me,
            blocks: Vec::new(),
            places: SortedMap::new(),
            constants: Vec::new(),
            n_words: 0,
            n_held: 0,
            aside: 0,
        };
        let (of, plan) = all.tables(region)?;
        let mut listed = Vec::with_capacity(nodes.len());
        for &i in nodes {
            let captures = plan.captures.get(i as usize).ok_or_else(missing)?;
            let node = of.nodes.get(i as usize).ok_or_else(missing)?;
            listed.push((node, &captures[..]));
        }
        let mut last = last_uses(&listed);
        let made = || listed.iter().flat_map(|(node, _)| &node.results);
        let mut inputs: SortedMap<ValueId, u32> = SortedMap::new();
        for &(node, captures) in &listed {
            for &v in node.args.iter().chain(captures) {
                *inputs.entry(v).or_insert(0) += 1;
            }
        }
        for v in made() {
            inputs.remove(v);
        }
        // What others use is there until the end.
        let is_used = |v: &ValueId| {
            let local = schedule.local.get(v.index()).copied().unwrap_or(u32::MAX);
            plan.uses.get(local as usize).is_some_and(|&uses| uses > 0)
        };
        let results: Vec<ValueId> = made().copied().filter(is_used).collect();
        for &v in &results {
            last.insert(v, listed.len());
        }
        for &v in inputs.keys() {
            all.place(v)?;
        }
        let mut steps = Vec::with_capacity(listed.len());
        all.steps(&listed, &last, &mut steps)?;
        Ok(Listing {
            steps,
            blocks: all.blocks,
            places: all.places,
            inputs: inputs.into_iter().collect(),
            results,
            constants: all.constants,
            n_words: all.n_words + all.aside,
            aside: all.n_words,
            n_held: all.n_held,
        })
    }

    /// A region, and what the schedule says of it.
    fn tables(&self, r: usize) -> Result<(&'p Region, &'s RegionPlan), Error> {
        let both = (self.program.regions.get(r)).zip(self.schedule.regions.get(r));
        both.ok_or_else(|| Error::bug("the program was not verified"))
    }

    fn info(&self, v: ValueId) -> Result<&'p ValueInfo, Error> {
        self.program.values.get(v.index()).ok_or_else(missing)
    }

    /// Whether it is of no use to this party where a value is.
    fn is_absent(&self, info: &ValueInfo) -> bool {
        matches!(info.domain, Domain::Local { owner } if owner as usize != self.me.index())
    }

    /// Where a value is; a place that it gets when it is met first.
    fn place(&mut self, v: ValueId) -> Result<Place, Error> {
        if let Some(&place) = self.places.get(&v) {
            return Ok(place);
        }
        let info = self.info(v)?;
        let place = if self.is_absent(info) {
            Place::Absent
        } else if info.lanes <= FEW_LANES {
            self.n_words += info.lanes as usize;
            Place::Words(self.n_words - info.lanes as usize)
        } else {
            self.n_held += 1;
            Place::Held(self.n_held - 1)
        };
        self.places.insert(v, place);
        Ok(place)
    }

    fn words(&mut self, v: ValueId) -> Result<Option<usize>, Error> {
        Ok(match self.place(v)? {
            Place::Words(at) => Some(at),
            Place::Held(_) | Place::Absent => None,
        })
    }

    /// A place in the memory of what must have one.
    fn word(&mut self, v: Option<&ValueId>) -> Result<usize, Error> {
        let v = *v.ok_or_else(missing)?;
        self.words(v)?
            .ok_or_else(|| Error::bug("a vector where a word belongs"))
    }

    /// The blocks of an operation's regions, by their numbers in order.
    fn inner(&mut self, node: &Node) -> Result<Vec<usize>, Error> {
        node.op.regions().map(|r| self.region(r)).collect()
    }

    fn region(&mut self, r: u32) -> Result<usize, Error> {
        let (region, plan) = self.tables(r as usize)?;
        let captures = plan.captures.iter().map(Vec::as_slice);
        let nodes: Vec<_> = region.nodes.iter().zip(captures).collect();
        let mut last = last_uses(&nodes);
        for &v in &region.results {
            last.insert(v, nodes.len());
        }
        // Of what comes from outside others know the last use.
        last.retain(|v, _| self.schedule.home.get(v.index()) == Some(&r));
        let mut steps = Vec::with_capacity(nodes.len());
        for &v in &region.params {
            self.unused(&last, v, &mut steps)?;
        }
        self.steps(&nodes, &last, &mut steps)?;
        let parts = nodes.len() as u64;
        self.blocks.push(Block { steps, parts });
        Ok(self.blocks.len() - 1)
    }

    /// Adds the steps of operations, each with what its regions use of those around them. `last` says which of them is the last to use
    /// a value.
    fn steps(
        &mut self,
        nodes: &[(&'p Node, &[ValueId])],
        last: &SortedMap<ValueId, usize>,
        steps: &mut Vec<Step<'p>>,
    ) -> Result<(), Error> {
        for (i, &(node, captures)) in nodes.iter().enumerate() {
            let here = Here {
                last,
                node: i,
                captures,
            };
            let blocks = self.inner(node)?;
            self.node(node, &here, &blocks, steps)?;
            for v in SortedSet::from_iter(node.args.iter().chain(captures).copied()) {
                // What the operation does not hand over ends with it.
                if last.get(&v) == Some(&i)
                    && let Place::Held(n) = self.place(v)?
                    && !self.hands_over(steps.last(), n)
                {
                    steps.push(Step::Free(n));
                }
            }
            for &v in &node.results {
                self.unused(last, v, steps)?;
            }
        }
        Ok(())
    }

    /// Whether a step hands over a held value.
    fn hands_over(&self, step: Option<&Step<'_>>, held: usize) -> bool {
        match step {
            Some(&Step::Write { into, last, .. }) => last && into == Place::Held(held),
            Some(Step::Other(node, last)) => {
                let is_it = |v| self.places.get(v) == Some(&Place::Held(held));
                (node.args.iter().zip(last)).any(|(v, &last)| last && is_it(v))
            }
            Some(Step::Loop { enter, .. } | Step::While { enter, .. }) => {
                (enter.held.iter()).any(|&(from, _, last)| last && from == held)
            }
            _ => false,
        }
    }

    /// Frees a value that nobody uses.
    fn unused(
        &mut self,
        last: &SortedMap<ValueId, usize>,
        v: ValueId,
        steps: &mut Vec<Step<'p>>,
    ) -> Result<(), Error> {
        if let Place::Held(n) = self.place(v)?
            && !last.contains_key(&v)
        {
            steps.push(Step::Free(n));
        }
        Ok(())
    }

    /// The step of one operation, if this party does anything.
    fn node(
        &mut self,
        node: &'p Node,
        here: &Here<'_>,
        blocks: &[usize],
        steps: &mut Vec<Step<'p>>,
    ) -> Result<(), Error> {
        if !blocks.is_empty() {
            steps.push(self.control(node, here, blocks)?);
            return Ok(());
        }
        if let Some(&result) = node.results.first()
            && self.place(result)? == Place::Absent
        {
            if matches!(node.op, Op::Gather { .. } | Op::Scatter { .. }) {
                steps.push(match self.indices(node)? {
                    Some(indices) => Step::Look(indices),
                    None => self.other(node, here),
                });
            }
            return Ok(());
        }
        let step = match self.on_words(node, here)? {
            Some(step) => step,
            None => self.other(node, here),
        };
        if !matches!(&step, Step::Move(moves) if moves.words.is_empty()) {
            steps.push(step);
        }
        Ok(())
    }

    fn other(&self, node: &'p Node, here: &Here<'_>) -> Step<'p> {
        let last = (0..node.args.len()).map(|i| here.is_last(&node.args, i));
        Step::Other(node, last.collect())
    }

    /// The step of an operation of which all but an array is in the memory.
    fn on_words(&mut self, node: &'p Node, here: &Here<'_>) -> Result<Option<Step<'p>>, Error> {
        let Some(&v) = node.results.first() else {
            return Ok(None);
        };
        let (info, place) = (self.info(v)?, self.place(v)?);
        let Place::Words(result) = place else {
            return match node.op {
                Op::Scatter { .. } | Op::Write { .. } => self.write(node, here, v),
                _ => Ok(None),
            };
        };
        let lanes = info.lanes as usize;
        let segments = match node.op {
            Op::Reduce { segments, .. } | Op::Scan { segments, .. } => size(segments)?,
            _ => 0,
        };
        Ok(match &node.op {
            Op::Const(words) => {
                // Constants that rise are not cut to their type.
                let cut = words.words().map(|word| info.scalar.wrap(word));
                self.constants.push((result, cut.collect()));
                Some(Step::Move(Moves::default()))
            }
            Op::Word(op) => {
                let data = usize::from(*op == WordOp::Select);
                let from = self.info(*node.args.get(data).ok_or_else(missing)?)?.scalar;
                let mut args = [result; 3];
                for (to, v) in args.iter_mut().zip(&node.args) {
                    *to = self.word(Some(v))?;
                }
                Some(Step::Word {
                    op: *op,
                    from,
                    to: info.scalar,
                    args,
                    result,
                    lanes,
                })
            }
            Op::Reduce { op, .. } | Op::Scan { op, .. } => {
                let arg = *node.args.first().ok_or_else(missing)?;
                let lanes = self.info(arg)?.lanes as usize;
                self.words(arg)?.map(|from| Step::Fold {
                    op: *op,
                    scalar: info.scalar,
                    from,
                    result,
                    lanes,
                    segments,
                    each: matches!(node.op, Op::Scan { .. }),
                })
            }
            Op::Concat => {
                let (mut words, mut to) = (Vec::new(), result);
                for &v in &node.args {
                    let lanes = self.info(v)?.lanes as usize;
                    words.push((self.word(Some(&v))?, to, lanes));
                    to += lanes;
                }
                Some(Step::Move(Moves {
                    words,
                    ..Moves::default()
                }))
            }
            Op::Gather { .. } | Op::Read { .. } => {
                let from = self.place(*node.args.first().ok_or_else(missing)?)?;
                let indices = self.indices(node)?;
                indices.map(|at| Step::Read { from, at, result })
            }
            Op::Scatter { .. } | Op::Write { .. } => self.write(node, here, v)?,
            _ => None,
        })
    }

    fn write(
        &mut self,
        node: &'p Node,
        here: &Here<'_>,
        result: ValueId,
    ) -> Result<Option<Step<'p>>, Error> {
        let [array, _, values] = node.args[..] else {
            return Err(missing());
        };
        let Some(values) = self.words(values)? else {
            return Ok(None);
        };
        let into = self.place(array)?;
        let info = self.info(result)?;
        let (own, lanes) = (
            matches!(info.domain, Domain::Local { .. }),
            size(info.lanes)?,
        );
        let result = self.place(result)?;
        Ok(self.indices(node)?.map(|at| Step::Write {
            into,
            last: here.is_last(&node.args, 0),
            at,
            values,
            result,
            own,
            lanes,
        }))
    }

    /// The indices of an operation on elements, if they are in the memory.
    fn indices(&mut self, node: &'p Node) -> Result<Option<Indices<'p>>, Error> {
        let &[array, index, ..] = &node.args[..] else {
            return Err(missing());
        };
        let lanes = size(self.info(array)?.lanes)?;
        let n = self.info(index)?.lanes as usize;
        let Some(from) = self.words(index)? else {
            return Ok(None);
        };
        let (block, range) = match node.op {
            Op::Gather { block } | Op::Scatter { block } => {
                let block = size(block)?.max(1);
                (block, Range::Public(lanes / block, node))
            }
            Op::Read { block, groups } | Op::Write { block, groups } => {
                let (block, groups) = (size(block)?, size(groups)?);
                (block, Range::Own(Arrays::of(lanes, n, block, groups)?))
            }
            _ => return Ok(None),
        };
        Ok(Some(Indices {
            from,
            n,
            block,
            range,
        }))
    }

    fn control(
        &mut self,
        node: &'p Node,
        here: &Here<'_>,
        blocks: &[usize],
    ) -> Result<Step<'p>, Error> {
        let region = |r: u32| {
            let region = self.program.regions.get(r as usize);
            region.ok_or_else(|| Error::bug("the program was not verified"))
        };
        let all = |values: &[ValueId], here: &Here<'_>| -> Vec<(ValueId, bool)> {
            let last = (0..values.len()).map(|i| here.is_last(values, i));
            values.iter().copied().zip(last).collect()
        };
        let results_of = |r: u32| -> Result<Vec<(ValueId, bool)>, Error> {
            let results = &region(r)?.results;
            Ok((0..results.len())
                .map(|i| {
                    let v = results[i];
                    let is_own = self.schedule.home.get(v.index()) == Some(&r);
                    (v, is_own && !results[i + 1..].contains(&v))
                })
                .collect())
        };
        let kept = |values: &[ValueId], last: bool| -> Vec<(ValueId, bool)> {
            values.iter().map(|&v| (v, last)).collect()
        };
        match (&node.op, blocks) {
            (&Op::Loop { count, body: r }, &[body]) => {
                let (counter, params) = (region(r)?.params.split_first()).ok_or_else(missing)?;
                let results = results_of(r)?;
                let carried = all(&node.args, here);
                let (counts, carried) = carried.split_at(usize::from(count.is_none()));
                Ok(Step::Loop {
                    count: match count {
                        Some(count) => Count::Known(count),
                        None => Count::At(self.word(counts.first().map(|(v, _)| v))?),
                    },
                    counter: self.word(Some(counter))?,
                    body,
                    counted: parts::is_counted(&node.op),
                    enter: self.moves(carried, params)?,
                    again: self.moves(&results, params)?,
                    leave: self.moves(&kept(params, true), &node.results)?,
                })
            }
            (&Op::While { cond, body: r }, &[condition, body]) => {
                let (tested, params) = (&region(cond)?.params, &region(r)?.params);
                let (holds, results) = (region(cond)?.results.first(), results_of(r)?);
                Ok(Step::While {
                    node,
                    test: self.moves(&kept(params, false), tested)?,
                    condition,
                    holds: self.word(holds)?,
                    body,
                    enter: self.moves(&all(&node.args, here), params)?,
                    again: self.moves(&results, params)?,
                    leave: self.moves(&kept(params, true), &node.results)?,
                })
            }
            (&Op::If { then, otherwise }, &[first, second]) => {
                let (a, b) = (results_of(then)?, results_of(otherwise)?);
                Ok(Step::If {
                    holds: self.word(node.args.first())?,
                    arms: [
                        (first, self.moves(&a, &node.results)?),
                        (second, self.moves(&b, &node.results)?),
                    ],
                })
            }
            _ => Err(Error::bug("a region of another operation")),
        }
    }

    fn moves(&mut self, from: &[(ValueId, bool)], to: &[ValueId]) -> Result<Moves, Error> {
        if from.len() != to.len() {
            return Err(Error::bug("a region gets the wrong number of values"));
        }
        let mut moves = Moves::default();
        let mut overwritten = SortedSet::new();
        let mut is_mixed = false;
        for (&(v, last), &into) in from.iter().zip(to) {
            let lanes = self.info(v)?.lanes as usize;
            match (self.place(v)?, self.place(into)?) {
                (Place::Words(from), Place::Words(to)) if from != to && lanes > 0 => {
                    is_mixed |= overwritten.contains(&from);
                    overwritten.insert(to);
                    moves.words.push((from, to, lanes));
                }
                (Place::Words(from), Place::Words(to)) if from == to || lanes == 0 => {}
                (Place::Held(from), Place::Held(to)) => moves.held.push((from, to, last)),
                (Place::Absent, Place::Absent) => {}
                _ => return Err(Error::bug("a value moves to another kind of place")),
            }
        }
        if is_mixed {
            moves.aside = true;
            let words = moves.words.iter().map(|(_, _, lanes)| lanes).sum();
            self.aside = self.aside.max(words);
        }
        Ok(moves)
    }
}

impl Here<'_> {
    /// Whether nobody uses a value after this operand.
    fn is_last(&self, args: &[ValueId], i: usize) -> bool {
        let v = &args[i];
        self.last.get(v) == Some(&self.node)
            && !self.captures.contains(v)
            && !args[i + 1..].contains(v)
    }
}
