//! One function in flight: its variables and the flags by which control leaves it early.
//!
//! `return`, `break` and `continue` under conditions that are known now end the tracing of a path. Under run-time
//! public conditions they set truth values, which are merged like variables, and what follows is guarded by them. So a
//! flag is a [`Slot`] beside the variables, and every construct that merges or carries variables handles both alike.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::value::{GenericValue, Leaf, Val};
use crate::hir::effects::Effects;
use crate::hir::{FnId, LocalId, Protocol};
use smpcc_circuit::sorted::SortedMap;
use std::rc::Rc;

/// A function (or closure) that is being traced.
#[derive(Debug)]
pub struct Frame<'h> {
    /// In whose table the locals stand; `None` for a constant's value.
    pub function: Option<FnId>,
    /// What its generic parameters stand for.
    pub generics: Rc<Vec<GenericValue>>,
    /// Its variables.
    pub env: Vec<Option<Val<'h>>>,
    /// For variables under secret conditions: how many conditions were in force where they were declared.
    pub declared_at: SortedMap<LocalId, usize>,
    /// Variables whose assignments are predicated at once instead of merged after the branch.
    pub predicated: SortedMap<LocalId, u32>,
    /// Whether it has returned, and what.
    pub returned: Leaf,
    /// The result, once there is one.
    pub result: Option<Val<'h>>,
    /// The loops around the present place, innermost last.
    pub loops: Vec<LoopFlags>,
    /// The domain that the user asked for.
    pub protocol: Option<Protocol>,
    /// Whether floats below the normal ones are zeros.
    pub flushes: bool,
    /// The variable of which an element is computed anew.
    pub updated: Option<LocalId>,
}

/// How control leaves an iteration.
#[derive(Clone, Debug)]
pub struct LoopFlags {
    /// The loop ends.
    pub broke: Leaf,
    /// This iteration ends.
    pub continued: Leaf,
}

/// Something that branches merge and loops carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A variable.
    Local(LocalId),
    /// Whether the function has returned.
    Returned,
    /// Its result.
    Result,
    /// Whether the innermost loop ends.
    Broke,
    /// Whether its iteration ends.
    Continued,
}

impl<'h> Frame<'h> {
    pub fn new(function: Option<FnId>, generics: Rc<Vec<GenericValue>>) -> Self {
        Self {
            function,
            generics,
            env: Vec::new(),
            declared_at: SortedMap::new(),
            predicated: SortedMap::new(),
            returned: Leaf::truth(false),
            result: None,
            loops: Vec::new(),
            protocol: None,
            flushes: false,
            updated: None,
        }
    }

    pub fn get(&self, local: LocalId) -> Option<&Val<'h>> {
        self.env.get(local.index()).and_then(Option::as_ref)
    }

    pub fn set(&mut self, local: LocalId, val: Option<Val<'h>>) {
        if self.env.len() <= local.index() {
            self.env.resize(local.index() + 1, None);
        }
        self.env[local.index()] = val;
    }
}

impl<'h> Tracer<'h> {
    /// The function in flight.
    pub(super) fn frame(&mut self) -> &mut Frame<'h> {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(None, Rc::default()));
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Declares a variable with its value.
    pub(super) fn declare(&mut self, local: LocalId, val: Option<Val<'h>>) {
        let depth = self.conditions.len();
        let frame = self.frame();
        frame.declared_at.insert(local, depth);
        frame.set(local, val);
    }

    pub(super) fn slot(&mut self, slot: Slot) -> Option<Val<'h>> {
        let frame = self.frame();
        match slot {
            Slot::Local(local) => frame.get(local).cloned(),
            Slot::Returned => Some(Val::Leaf(frame.returned.clone())),
            Slot::Result => frame.result.clone(),
            Slot::Broke => frame.loops.last().map(|l| Val::Leaf(l.broke.clone())),
            Slot::Continued => frame.loops.last().map(|l| Val::Leaf(l.continued.clone())),
        }
    }

    pub(super) fn set_slot(&mut self, slot: Slot, val: Option<Val<'h>>) {
        let frame = self.frame();
        match (slot, val) {
            (Slot::Local(local), val) => frame.set(local, val),
            (Slot::Result, val) => frame.result = val,
            (Slot::Returned, Some(Val::Leaf(leaf))) => frame.returned = leaf,
            (Slot::Broke, Some(Val::Leaf(leaf))) => {
                if let Some(flags) = frame.loops.last_mut() {
                    flags.broke = leaf;
                }
            }
            (Slot::Continued, Some(Val::Leaf(leaf))) => {
                if let Some(flags) = frame.loops.last_mut() {
                    flags.continued = leaf;
                }
            }
            (Slot::Returned | Slot::Broke | Slot::Continued, _) => {}
        }
    }

    /// Everything that a branch with these effects may change.
    pub(super) fn slots(&self, effects: &Effects) -> Vec<Slot> {
        let mut slots: Vec<Slot> = effects.assigned.keys().map(|&l| Slot::Local(l)).collect();
        if effects.returns {
            slots.extend([Slot::Returned, Slot::Result]);
        }
        if effects.breaks {
            slots.push(Slot::Broke);
        }
        if effects.continues {
            slots.push(Slot::Continued);
        }
        slots
    }

    pub(super) fn get_slots(&mut self, slots: &[Slot]) -> Vec<Option<Val<'h>>> {
        slots.iter().map(|&s| self.slot(s)).collect()
    }

    pub(super) fn set_slots(&mut self, slots: &[Slot], vals: &[Option<Val<'h>>]) {
        for (&slot, val) in slots.iter().zip(vals) {
            self.set_slot(slot, val.clone());
        }
    }

    /// Whether control still reaches the next statement.
    pub(super) fn live(&mut self) -> Traced<Leaf> {
        let frame = self.frame();
        let returned = frame.returned.clone();
        let flags = frame.loops.last().cloned();
        let mut gone = returned;
        if let Some(flags) = flags {
            gone = self.or(&gone, &flags.broke)?;
            gone = self.or(&gone, &flags.continued)?;
        }
        self.not(&gone)
    }

    /// A variable's value.
    pub(super) fn local(&mut self, local: LocalId) -> Traced<Val<'h>> {
        if let Some(val) = self.frame().get(local) {
            return Ok(val.clone());
        }
        let name = self.local_name(local);
        Err(Fault::new(
            code::NOT_KNOWN,
            self.span,
            format!("`{name}` has no value yet on this path"),
        )
        .help("give it a value where it is declared")
        .into())
    }

    pub(super) fn local_name(&mut self, local: LocalId) -> &'h str {
        let hir = self.hir;
        self.frame()
            .function
            .and_then(|f| hir.fns.get(f.index()))
            .and_then(|f| f.locals.get(local.index()))
            .map_or("a variable", |l| l.name.as_str())
    }
}

/// What is left of a result that control did not reach.
pub(super) fn or_never(result: Traced<Val<'_>>) -> Traced<Val<'_>> {
    match result {
        Err(Stop::Exit) => Ok(Val::Never),
        other => other,
    }
}
