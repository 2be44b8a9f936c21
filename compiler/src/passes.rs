//! The optimiser: passes over the [`Ir`], each a function from a program to a program that computes the same.
//!
//! The table below is the one list of passes: their order, what they do and why they stand where they do. A pass is
//! one file of the same name with a before/after example on top; tests hold each of them, alone and together, to
//! `interpret(before) == interpret(after)` on generated programs, and in debug builds the verifier runs after each.

pub mod algebra;
pub mod choices;
pub mod common;
pub mod constants;
pub mod counts;
pub mod dead;
pub mod dot;
pub mod lanes;
pub mod narrow;
pub mod own;
pub mod ranges;
pub mod reassociate;
pub mod rewrite;
pub mod trim;
pub mod unroll;

use crate::ir::{Ir, Op, Region};
use crate::session::LocalChoice;
use smpcc_circuit::gate::WordOp;

/// A pass and its place.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its file, and its name in `smpcc dump --after`.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// Why it stands where it does.
    pub why_here: &'static str,
    /// The lowest `--opt` level at which it runs.
    pub level: u8,
    run: fn(Ir) -> Outcome,
}

/// What a pass made of a program.
#[derive(Debug)]
pub struct Outcome {
    /// The program.
    pub ir: Ir,
    /// Whether it may differ from what it was.
    pub changed: bool,
    /// Whether the rules of `algebra` were applied to all that the pass left alone.
    pub applied_rules: bool,
}

macro_rules! pass {
    ($level:literal $name:ident, $what:literal, $why:literal) => {
        Pass {
            name: stringify!($name),
            what: $what,
            why_here: $why,
            level: $level,
            run: $name::run,
        }
    };
}

/// All passes in the order in which they run; a pass may run several times.
pub const PASSES: &[Pass] = &[
    pass!(1 constants, "computes what is known", "later passes see indices and counts as constants"),
    pass!(1 algebra, "applies algebraic rules", "loops reach the next passes in their simplest form"),
    pass!(1 common, "does equal operations once", "equal indices and conditions become one value, which patterns compare by name"),
    pass!(1 dead, "drops what nothing needs", "what is not there need not be analysed"),
    pass!(2 choices, "reads tables where a value chooses", "arms of a `match` still stand one after the other"),
    pass!(2 counts, "gives loops the number of iterations that all their runs stay below", "lanes need to know it, and bounds are simple now"),
    pass!(2 lanes, "turns loops into vector operations", "bodies are simple now and still rolled"),
    pass!(2 algebra, "applies algebraic rules", "vector operations meet across former loops"),
    pass!(2 common, "does equal operations once", "iterations shared indices and broadcasts"),
    pass!(2 dead, "drops what nothing needs", "mapping leaves parts of bodies behind"),
    pass!(2 trim, "computes only the lanes that are needed", "masks of former loops are constants now"),
    pass!(2 unroll, "unrolls short loops", "what is still a loop is sequential"),
    pass!(2 algebra, "applies algebraic rules", "elements of arrays meet their uses"),
    pass!(2 common, "does equal operations once", "iterations shared work"),
    pass!(2 dead, "drops what nothing needs", "chains are seen only among what is used"),
    pass!(2 choices, "reads tables where a value chooses", "unrolled loops have made chains, too"),
    pass!(2 reassociate, "turns chains into reductions and trees", "chains of unrolled loops are complete"),
    pass!(2 dead, "drops what nothing needs", "the old chains are still there"),
    pass!(2 dot, "takes sums of products as inner products", "products are still next to their sums: narrowing puts casts between"),
    pass!(2 own, "computes apart what has one owner each", "sums and products are whole vectors now"),
    pass!(2 dead, "drops what nothing needs", "of a whole and its pieces one is used"),
    pass!(1 ranges, "finds the integers that values take", "sums are reductions now, whose length is known"),
    pass!(1 narrow, "computes at the width that the ranges need", "the ranges are fresh"),
    pass!(1 algebra, "applies algebraic rules", "casts meet"),
    pass!(1 common, "does equal operations once", "casts are shared"),
    pass!(1 dead, "drops what nothing needs", "the last: what remains is compiled"),
];

/// Runs the passes of an optimisation level; `after` sees the program after each pass, by the pass's name. What has one owner is
/// computed apart if `local` wants it to be.
pub fn optimise(ir: Ir, opt: u8, local: LocalChoice, after: &mut dyn FnMut(&str, &Ir)) -> Ir {
    let mut ir = ir;
    // Passes that left the program as it is: while nothing changes it they would do so again.
    let mut idle: Vec<&str> = Vec::new();
    let is_wanted =
        |pass: &&Pass| pass.level <= opt && (local == LocalChoice::Auto || pass.name != "own");
    for pass in PASSES.iter().filter(is_wanted) {
        // Where there is nothing of what they are for, these passes apply the rules of `algebra` and nothing else.
        let has_work = match pass.name {
            "lanes" => has(&ir.body, |op| matches!(op, Op::Loop { .. } | Op::If)),
            "choices" => has(&ir.body, |op| matches!(op, Op::Word(WordOp::Select))),
            "unroll" => has(&ir.body, |op| matches!(op, Op::Loop { .. })),
            _ => true,
        };
        let does = if has_work { pass.name } else { "algebra" };
        if idle.contains(&does) {
            #[cfg(debug_assertions)]
            assert_eq!((pass.run)(ir.clone()).ir, ir, "{} is not idle", pass.name);
            after(pass.name, &ir);
            continue;
        }
        #[cfg(debug_assertions)]
        let before = ir.clone();
        let outcome = (pass.run)(ir);
        ir = outcome.ir;
        if outcome.changed {
            idle.clear();
        } else {
            #[cfg(debug_assertions)]
            assert_eq!(before, ir, "{} changes what it says it does not", pass.name);
            idle.push(pass.name);
            if outcome.applied_rules {
                idle.push("algebra");
            }
        }
        #[cfg(debug_assertions)]
        if let Err(why) = crate::ir::verify::verify(&ir) {
            panic!("after pass {}: {why}\n{ir}", pass.name);
        }
        after(pass.name, &ir);
    }
    ir
}

/// Whether there is such an operation, nested ones included.
pub(crate) fn has(region: &Region, wanted: fn(&Op) -> bool) -> bool {
    region.any(&mut |node| wanted(&node.op))
}

#[cfg(test)]
pub(crate) mod tests;
