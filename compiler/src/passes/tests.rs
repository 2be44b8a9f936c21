//! Every pass, alone and with the others, means the same before and after: on generated programs here, on source in
//! `tests/source.rs` and `tests/nests.rs`, and on programs of its own in each pass.

mod appended;
mod nests;
mod parts;
mod source;

use super::*;
use crate::ir::generate::{Size, generate};
use crate::ir::interpret::{Outputs, Settings, Stopped, interpret_with};
use crate::ir::verify::verify;
use crate::session::LocalChoice;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;

/// Outputs, and what was revealed at each place in the source, sorted: the order may change, nothing else.
type Meaning = Result<(Vec<Vec<Word>>, SortedMap<(u32, u32), Vec<Word>>), ()>;

fn meaning(run: Result<Outputs, Stopped>) -> Meaning {
    let out = run.map_err(|_| ())?;
    let mut revealed: SortedMap<(u32, u32), Vec<Word>> = SortedMap::new();
    for one in out.revealed {
        let place = (one.span.start, one.span.end);
        revealed.entry(place).or_default().extend(one.words);
    }
    revealed
        .values_mut()
        .for_each(|words| words.sort_unstable());
    Ok((out.outputs, revealed))
}

/// Asserts that a program means the same after a transformation, on the given inputs.
pub(crate) fn assert_same(ir: &Ir, after: &Ir, inputs: &[Vec<Word>], what: &str) {
    verify(after).unwrap_or_else(|why| panic!("{what}: {why}\n{ir}\n{after}"));
    let expected = interpret_with(ir, inputs, Settings::default());
    let checked = Settings {
        check_ranges: true,
        tree_reductions: true,
    };
    let found = interpret_with(after, inputs, checked);
    let text = format!("{what}\n{expected:?}\n{found:?}\n{ir}\n{after}");
    assert!(meaning(expected) == meaning(found), "{text}");
}

/// Runs one pass, or all for `None`, on generated programs.
pub(crate) fn preserves_meaning(name: Option<&str>, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let size = Size {
            statements: 4 + (seed % 9) as u32,
            count: 2 + seed % 5,
            ..Size::default()
        };
        let (ir, inputs) = generate(seed, size);
        match name {
            Some(name) => {
                let pass = PASSES.iter().find(|pass| pass.name == name).unwrap();
                let after = (pass.run)(ir.clone()).ir;
                assert_same(&ir, &after, &inputs, &format!("seed {seed}, {name}"));
            }
            None => {
                let mut before = ir.clone();
                optimise(ir.clone(), 2, LocalChoice::Auto, &mut |name, after| {
                    assert_same(&before, after, &inputs, &format!("seed {seed}, {name}"));
                    before = after.clone();
                });
            }
        }
    }
}

#[test]
fn each_pass_alone_preserves_meaning() {
    let mut done: Vec<&str> = Vec::new();
    for pass in PASSES {
        if !done.contains(&pass.name) {
            preserves_meaning(Some(pass.name), 0..400);
            done.push(pass.name);
        }
    }
}

#[test]
fn all_passes_together_preserve_meaning() {
    preserves_meaning(None, 0..1500);
}
