//! Lowering: traces `main` with the values that a session fixes and writes the vector IR.
//!
//! A traced value is a tree whose leaves are vectors ([`value`]); what is known is folded on the way, everything else
//! becomes a node. Functions are expanded at each call, so that generics need no separate instantiation; loops are not
//! expanded, so that time and memory follow the length of the program and not of the data ([`loops`]). Secret branches
//! run both arms and select ([`control`]).
//!
//! Limits turn what would hang or exhaust memory into errors: lanes of a value, nodes, steps of tracing, depth.

mod arguments;
mod build;
mod builtin;
mod call;
mod compare;
mod control;
mod counting;
mod expr;
mod fault;
mod fold;
mod frame;
mod imported;
mod inputs;
mod intrinsic;
mod lists;
mod loops;
mod marks;
mod outputs;
mod overflow;
mod place;
mod privacy;
mod random;
mod real;
mod rearrange;
mod rolled;
mod text;
mod trips;
mod types;
mod value;

use crate::diagnostic::Diagnostic;
use crate::hir::{ConstId, Hir, RoleId};
use crate::ir::exact::Marks;
use crate::ir::{Ir, Node, Region, Value};
use crate::library;
use crate::schema;
use crate::session::Session;
use crate::span::Span;
use crate::stack::on_large_stack;
use fault::{Fault, Stop, Traced, code};
use frame::{Frame, or_never};
use marks::Marking;
pub use privacy::{Budget, Claim, Noise, Privacy};
use random::Iteration;
use smpcc_circuit::program::{InputLeaf, OutputLeaf, ParamShape, ResultShape};
use smpcc_circuit::sorted::SortedMap;
use std::rc::Rc;
use value::{Leaf, Val};

/// Most lanes of a value.
pub const MAX_LANES: u64 = smpcc_circuit::verify::MAX_LANES;
/// Most nodes of a program: the passes after lowering take some 30 microseconds and a kilobyte for each.
pub const MAX_NODES: u64 = 1 << 19;
/// Most iterations of one loop that are expanded.
pub const MAX_UNROLLED: u64 = 4096;
/// Most expressions that are visited, each visit counted; tests meet the limit sooner.
const MAX_STEPS: u64 = if cfg!(test) { 1_000_000 } else { 20_000_000 };
/// Deepest nesting of expressions, calls included.
const MAX_DEPTH: u32 = 3000;
/// Stack for tracing at that depth.
const STACK_BYTES: usize = 256 << 20;
/// Stack that one level of nesting may need; much less where the compiler is optimised.
const LEVEL_BYTES: usize = if cfg!(debug_assertions) {
    STACK_BYTES / MAX_DEPTH as usize
} else {
    16 << 10
};

/// The program of `main` for a session.
///
/// # Errors
/// What does not fit the session: parties, lengths, arguments, known indices out of range, limits.
pub fn lower(hir: &Hir, session: &Session) -> Result<Ir, Vec<Diagnostic>> {
    lower_claimed(hir, session).map(|(ir, _)| ir)
}

/// The same, and what the program claims of its noise.
///
/// # Errors
/// As [`lower`].
pub fn lower_claimed(hir: &Hir, session: &Session) -> Result<(Ir, Privacy), Vec<Diagnostic>> {
    traced(|stack| {
        let mut tracer = Tracer::new(hir, session, stack)?;
        tracer.main()?;
        tracer.check_budgets()?;
        let privacy = std::mem::take(&mut tracer.privacy);
        Ok((tracer.finish(), privacy))
    })
}

/// The same without what it claims, and what its values stand for.
///
/// # Errors
/// As [`lower`].
pub(crate) fn lower_marked(hir: &Hir, session: &Session) -> Result<(Ir, Marks), Vec<Diagnostic>> {
    traced(|stack| {
        let mut tracer = Tracer::new(hir, session, stack)?;
        tracer.marking = Marking::on();
        tracer.main()?;
        tracer.check_budgets()?;
        let marks = tracer.marking.marks.take().unwrap_or_default();
        Ok((tracer.finish(), marks))
    })
}

/// Where the user's program calls what in the library cannot be compiled: the program is traced again, up to the operation of which
/// the diagnostic speaks. Diagnostics of the user's own lines come back as they are.
pub fn at_call(hir: &Hir, session: &Session, diagnostic: Diagnostic) -> Diagnostic {
    if !library::owns(diagnostic.primary.span.file) {
        return diagnostic;
    }
    let stopped = traced(|stack| {
        let mut tracer = Tracer::new(hir, session, stack)?;
        tracer.stops_at = Some(diagnostic.clone());
        tracer.main()
    });
    let told = stopped.err().and_then(|mut all| all.pop());
    told.filter(|d| d.code == diagnostic.code)
        .unwrap_or(diagnostic)
}

/// The program of a `test` block, which has no inputs and no outputs; it holds if it runs to its end.
///
/// # Errors
/// As [`lower`].
pub fn lower_test(hir: &Hir, test: usize, n_parties: u32) -> Result<Ir, Vec<Diagnostic>> {
    trace_test(hir, test, n_parties, false)
}

/// The same, to be interpreted only: where a comparison is asserted, both sides are opened first, whatever they are, so that
/// a failed test can show them.
///
/// # Errors
/// As [`lower`].
pub fn lower_test_opened(hir: &Hir, test: usize, n_parties: u32) -> Result<Ir, Vec<Diagnostic>> {
    trace_test(hir, test, n_parties, true)
}

fn trace_test(hir: &Hir, test: usize, n_parties: u32, opened: bool) -> Result<Ir, Vec<Diagnostic>> {
    let session = Session {
        n_parties,
        role_counts: schema::assign_roles(hir, n_parties).map_err(|error| vec![error])?,
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    };
    traced(|stack| {
        let mut tracer = Tracer::new(hir, &session, stack)?;
        tracer.in_test = true;
        tracer.opened = opened;
        tracer.test(test)?;
        tracer.check_budgets()?;
        Ok(tracer.finish())
    })
}

/// Runs tracing on a stack that holds the deepest allowed nesting.
fn traced<T: Send>(work: impl FnOnce(usize) -> Traced<T> + Send) -> Result<T, Vec<Diagnostic>> {
    on_large_stack(STACK_BYTES, |stack| {
        work(stack).map_err(|stop| match stop {
            Stop::Fault(fault) => vec![fault.diagnostic],
            Stop::NotElementwise | Stop::Exit => vec![Diagnostic::new(
                code::TOO_LARGE,
                Span::default(),
                "the program cannot be expanded: control leaves where nothing is to be left",
            )],
        })
    })
}

/// The state of tracing.
struct Tracer<'h> {
    hir: &'h Hir,
    session: &'h Session,
    n_parties: u32,
    role_counts: Vec<u32>,
    party_names: Vec<String>,
    params: Vec<ParamShape>,
    inputs: Vec<InputLeaf>,
    results: Vec<ResultShape>,
    outputs: Vec<OutputLeaf>,
    values: Vec<Value>,
    /// Open blocks, innermost last.
    blocks: Vec<Vec<Node>>,
    /// How many of them, from the outermost on, run whatever is opened.
    n_certain: usize,
    /// What stands before all else: the parts of draws.
    draws: Vec<Node>,
    /// The rolled loops in which tracing is, outermost first.
    iterations: Vec<Iteration>,
    n_nodes: u64,
    steps: u64,
    depth: u32,
    /// How deep the stack lets it nest.
    max_depth: u32,
    /// Where the next node comes from.
    span: Span,
    /// The latest call that stands outside of the library.
    called: Span,
    /// What is claimed of noise so far.
    privacy: Privacy,
    /// Functions in flight, innermost last.
    frames: Vec<Frame<'h>>,
    /// Secret conditions in force, outermost first.
    conditions: Vec<Leaf>,
    /// Number of lanes on which a function is being traced at once.
    batch: Option<u64>,
    /// Whether the expression that is next stands alone as a statement.
    at_statement: bool,
    in_test: bool,
    /// Whether both sides of asserted comparisons are opened.
    opened: bool,
    constants: SortedMap<ConstId, Val<'h>>,
    /// What is wrong with the operation at which tracing ends, if it is to.
    stops_at: Option<Diagnostic>,
    /// What values stand for, where that is noted.
    marking: Marking,
}

impl<'h> Tracer<'h> {
    fn new(hir: &'h Hir, session: &'h Session, stack: usize) -> Traced<Self> {
        schema::check_counts(hir, session)?;
        Ok(Self {
            hir,
            session,
            n_parties: session.n_parties,
            role_counts: session.role_counts.clone(),
            party_names: schema::party_names(hir, &session.role_counts),
            params: Vec::new(),
            inputs: Vec::new(),
            results: Vec::new(),
            outputs: Vec::new(),
            values: Vec::new(),
            blocks: vec![Vec::new()],
            n_certain: 1,
            draws: Vec::new(),
            iterations: Vec::new(),
            n_nodes: 0,
            steps: 0,
            depth: 0,
            max_depth: MAX_DEPTH.min(u32::try_from(stack / LEVEL_BYTES).unwrap_or(MAX_DEPTH)),
            span: Span::default(),
            called: Span::default(),
            privacy: Privacy::default(),
            frames: Vec::new(),
            conditions: Vec::new(),
            batch: None,
            at_statement: false,
            in_test: false,
            opened: false,
            constants: SortedMap::new(),
            stops_at: None,
            marking: Marking::default(),
        })
    }

    /// Whether a party only contributes or receives.
    fn is_away(&self, party: u32) -> bool {
        let seating = self.session.seating.as_ref();
        seating.is_some_and(|s| s.seats.get(party as usize).copied().flatten().is_none())
    }

    /// How many compute.
    fn n_nodes(&self) -> u32 {
        let seating = self.session.seating.as_ref();
        seating.map_or(self.n_parties, |s| s.nodes.len() as u32)
    }

    /// The parties of a role, ascending.
    fn parties_of(&self, role: RoleId) -> std::ops::Range<u32> {
        let before = self.role_counts.iter().take(role.index()).sum();
        before..before + self.role_counts.get(role.index()).copied().unwrap_or(0)
    }

    fn main(&mut self) -> Traced<()> {
        let hir = self.hir;
        let Some(main) = &hir.main else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                Span::default(),
                "there is no `main` in this file: it is a library",
            )
            .into());
        };
        let Some(function) = hir.fns.get(main.function.index()) else {
            return Err(Fault::new(code::NOT_KNOWN, Span::default(), "`main` is missing").into());
        };
        self.span = function.span;
        let (vals, generics) = self.parameters(main)?;
        let mut frame = Frame::new(Some(main.function), Rc::new(generics));
        frame.protocol = function.protocol;
        frame.flushes = function.flushes;
        self.frames.push(frame);
        for (param, val) in main.params.iter().zip(vals) {
            self.declare(param.local, Some(val));
        }
        let val = self.root(&function.body)?;
        self.span = function.span;
        let ty = self.close(&function.ret);
        self.outputs(main, &ty, &val)
    }

    fn test(&mut self, test: usize) -> Traced<()> {
        let hir = self.hir;
        let function = hir
            .tests
            .get(test)
            .and_then(|t| hir.fns.get(t.function.index()).map(|f| (t.function, f)));
        let Some((id, function)) = function else {
            return Err(Fault::new(code::NOT_KNOWN, Span::default(), "no such test").into());
        };
        self.span = function.span;
        self.frames.push(Frame::new(Some(id), Rc::default()));
        self.root(&function.body)?;
        Ok(())
    }

    /// The body of the function on top, which stays in flight.
    fn root(&mut self, body: &'h crate::hir::Expr) -> Traced<Val<'h>> {
        self.at_statement = true;
        let val = or_never(self.expr(body))?;
        let frame = self.frame();
        let returned = frame.returned.clone();
        let result = frame.result.clone();
        match (returned.known_truth(), result) {
            // Whether it left early may be asked while running where no way of the program leads to it.
            (Some(false), _) | (None, None | Some(Val::Never)) => Ok(val),
            (Some(true), result) => Ok(result.unwrap_or_else(Val::unit)),
            (None, Some(result)) => self.select(&returned, &result, &val),
        }
    }

    /// Gives everybody the number that it has in what is compiled.
    fn seat(&mut self) {
        let Some(seating) = &self.session.seating else {
            return;
        };
        let places = seating.places();
        let place = |party: &mut u32| {
            if let Some(place) = places.get(*party as usize) {
                *party = *place;
            }
        };
        self.params.iter_mut().for_each(|p| place(&mut p.party));
        self.results.iter_mut().for_each(|r| place(&mut r.party));
        self.results.sort_by_key(|r| r.party);
        // Parts of draws are those of who computes.
        let given = self.inputs.iter_mut().filter(|leaf| !leaf.drawn);
        given.for_each(|leaf| place(&mut leaf.party));
        for leaf in &mut self.outputs {
            leaf.receivers.iter_mut().for_each(place);
            leaf.receivers.sort_unstable();
        }
        self.n_parties = seating.nodes.len() as u32;
        let away = self.party_names.iter().zip(&seating.seats);
        let away = away.filter(|(_, seat)| seat.is_none());
        let away: Vec<String> = away.map(|(name, _)| name.clone()).collect();
        self.party_names = seating.nodes.iter().cloned().chain(away).collect();
    }

    fn finish(mut self) -> Ir {
        self.seat();
        let mut nodes = self.draws;
        nodes.extend(self.blocks.pop().unwrap_or_default());
        Ir {
            n_parties: self.n_parties,
            party_names: self.party_names,
            present: self
                .session
                .seating
                .as_ref()
                .and_then(|s| s.present.clone()),
            params: self.params,
            inputs: self.inputs,
            results: self.results,
            outputs: self.outputs,
            values: self.values,
            body: Region {
                params: Vec::new(),
                nodes,
                results: Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
