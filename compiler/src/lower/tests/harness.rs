//! From source text to interpreted results, for tests.

use crate::front;
use crate::ir::interpret::{Settings, interpret_with};
use crate::ir::verify::verify;
use crate::ir::{Ir, Op, Region};
use crate::lower::{lower, lower_test};
use crate::session::Session;
use crate::source::SourceSet;
use smpcc_circuit::value::{Scalar, Word};

pub type Hir = crate::hir::Hir;

/// A program with what a run of it needs.
pub struct Run {
    pub hir: Hir,
    pub session: Session,
    pub inputs: Vec<(String, u32, Vec<i128>)>,
}

/// The checked program; panics with its diagnostics.
pub fn checked(text: &str) -> Hir {
    let mut sources = SourceSet::new();
    let root = sources.add("t.smpc", text);
    let (hir, diagnostics) = front::check(&sources, root);
    let shown: Vec<String> = diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| {
            format!(
                "{} {}: {}",
                d.code,
                sources.place(d.primary.span),
                d.message
            )
        })
        .collect();
    hir.unwrap_or_else(|| panic!("{}\n{text}", shown.join("\n")))
}

impl Run {
    pub fn new(text: &str, n_parties: u32) -> Self {
        let hir = checked(text);
        let role_counts = crate::schema::assign_roles(&hir, n_parties).unwrap();
        Self {
            hir,
            session: Session {
                n_parties,
                role_counts,
                args: Default::default(),
                lens: Default::default(),
                seating: None,
            },
            inputs: Vec::new(),
        }
    }

    pub fn arg(mut self, name: &str, text: &str) -> Self {
        self.session.args.insert(name.into(), text.into());
        self
    }

    /// What a party gives for the leaf at `path`.
    pub fn input(mut self, path: &str, party: u32, words: &[i128]) -> Self {
        self.inputs.push((path.into(), party, words.to_vec()));
        let name = path.split(['[', '.']).next().unwrap_or(path);
        if path.contains("[]") {
            self.session
                .lens
                .entry((name.into(), party))
                .or_insert(words.len() as u64);
        }
        self
    }

    pub fn len(mut self, name: &str, party: u32, n: u64) -> Self {
        self.session.lens.insert((name.into(), party), n);
        self
    }

    /// The IR, verified.
    pub fn ir(&self) -> Ir {
        let ir = lower(&self.hir, &self.session).unwrap_or_else(|faults| panic!("{faults:?}"));
        verify(&ir).unwrap_or_else(|v| {
            panic!("{v}\n{}", crate::ir::print::print(&ir));
        });
        ir
    }

    /// The code of the error that lowering gives.
    pub fn error(&self) -> String {
        match lower(&self.hir, &self.session) {
            Ok(_) => "none".into(),
            Err(faults) => faults[0].code.to_string(),
        }
    }

    /// What each party learns, in the order of its leaves, or why the run stops.
    pub fn try_run(&self) -> Result<Vec<Vec<i128>>, String> {
        let ir = self.ir();
        let words: Vec<Vec<Word>> = ir
            .inputs
            .iter()
            .map(|leaf| {
                let given = self
                    .inputs
                    .iter()
                    .find(|(path, party, _)| *path == leaf.path && *party == leaf.party);
                let Some((_, _, words)) = given else {
                    panic!("no input `{}` of party {}", leaf.path, leaf.party);
                };
                words.iter().map(|&w| leaf.scalar.wrap(w as Word)).collect()
            })
            .collect();
        let settings = Settings {
            check_ranges: true,
            tree_reductions: false,
        };
        let out = interpret_with(&ir, &words, settings).map_err(|s| s.message)?;
        let mut results = vec![Vec::new(); ir.n_parties as usize];
        for result in &ir.results {
            for leaf in &result.leaves {
                let scalar = ir.outputs[leaf.index()].scalar;
                results[result.party as usize]
                    .extend(out.outputs[leaf.index()].iter().map(|&w| signed(scalar, w)));
            }
        }
        Ok(results)
    }

    /// What party 0 learns.
    pub fn run(&self) -> Vec<i128> {
        self.try_run()
            .unwrap_or_else(|m| panic!("{m}"))
            .swap_remove(0)
    }
}

/// The integer that a word denotes.
pub fn signed(scalar: Scalar, word: Word) -> i128 {
    scalar.extend(word) as i128
}

/// The result of a program whose only party gives `xs` as `x`.
pub fn eval1(text: &str, xs: &[i128]) -> Vec<i128> {
    Run::new(text, 1).input("x", 0, xs).run()
}

/// Runs all `test` blocks; the first failure.
pub fn run_tests(text: &str, n_parties: u32) -> Result<(), String> {
    let hir = checked(text);
    for (k, test) in hir.tests.iter().enumerate() {
        let ir = lower_test(&hir, k, n_parties)
            .map_err(|f| format!("{}: {} {}", test.name, f[0].code, f[0].message))?;
        verify(&ir).map_err(|v| format!("{}: {v}", test.name))?;
        let drawn = smpcc_circuit::drawn::seeded(&ir.inputs, smpcc_circuit::drawn::SEED);
        crate::ir::interpret::interpret(&ir, &drawn)
            .map_err(|s| format!("{}: {}", test.name, s.message))?;
    }
    Ok(())
}

/// How often an operation that `f` accepts stands in the program, regions included.
pub fn count(ir: &Ir, f: &dyn Fn(&Op) -> bool) -> usize {
    fn walk(region: &Region, f: &dyn Fn(&Op) -> bool) -> usize {
        region
            .nodes
            .iter()
            .map(|n| usize::from(f(&n.op)) + n.regions.iter().map(|r| walk(r, f)).sum::<usize>())
            .sum()
    }
    walk(&ir.body, f)
}

/// Repeatable pseudo-random words.
pub struct Words(pub u64);

impl Words {
    pub fn next(&mut self, below: u64) -> i128 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i128::from((self.0 >> 24) % below)
    }

    pub fn many(&mut self, n: usize, below: u64) -> Vec<i128> {
        (0..n).map(|_| self.next(below)).collect()
    }
}
