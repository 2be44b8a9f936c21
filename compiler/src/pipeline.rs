//! The back end on one screen: checked program and session in, compiled program out.
//!
//! `lower` traces the program for the session, `passes` make it small, `sorts` decides how what is sorted is sorted, `assign` chooses domains, `emit` writes the plan. What
//! comes out verifies; if it did not, that would be a bug of the compiler, reported as such and never run.

use crate::assign::{NoForm, Plan, assign};
use crate::diagnostic::{Code, Diagnostic};
use crate::emit::{Emitted, TooLarge, emit};
use crate::hir::{Hir, Protocol};
use crate::ir::Ir;
use crate::ir::interpret::{self, Revealed};
use crate::lower::{self, lower, lower_test, lower_test_opened};
use crate::passes;
use crate::session::{LocalChoice, Options, ProtocolChoice, Session};
use crate::sorts;
use crate::source::SourceSet;
use crate::span::{FileId, Span};
use crate::threads;
use crate::validity::validity;
use smpcc_circuit::drawn;
use smpcc_circuit::program::{Domain, Loc, Program, Suite};
use smpcc_circuit::stats::{Attribution, FunctionLines, Link, milliseconds};
use smpcc_circuit::verify::{MAX_LANES, Verified, verify};

/// A compiled program and what is known of how it came to be.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What parties run and agree on.
    pub program: Verified,
    /// The optimised IR that it was written from.
    pub ir: Ir,
    /// The choice of domains, for `smpcc dump --stage plan`.
    pub plan_text: String,
    /// Source lines of fused circuits, for statistics.
    pub attribution: Attribution,
    /// Lines of the program's functions, for statistics.
    pub functions: Vec<FunctionLines>,
}

/// Compiles `hir` for a session. `observer` sees the IR after lowering (as `lower`) and after each pass, by name.
///
/// # Errors
/// What does not fit the session, and with a forced domain what cannot be done in it.
pub fn compile(
    hir: &Hir,
    sources: &SourceSet,
    name: &str,
    session: &Session,
    options: &Options,
    observer: &mut dyn FnMut(&str, &Ir),
) -> Result<Compiled, Vec<Diagnostic>> {
    let ir = lower(hir, session)?;
    let ir = match &session.seating {
        Some(seating) if seating.validity => validity(&ir),
        _ => ir,
    };
    observer("lower", &ir);
    let apart = local(options) == LocalChoice::Auto && options.protocol == ProtocolChoice::Auto;
    let lowered = apart.then(|| ir.clone());
    let ir = passes::optimise(ir, options.opt, local(options), observer);
    let lowered = lowered.filter(|_| sorts::may_compare_pairs(&ir));
    let mut compiled = compile_ir(ir, sources, name, options).map_err(|all| {
        let at_calls = all.into_iter().map(|d| lower::at_call(hir, session, d));
        at_calls.collect::<Vec<_>>()
    })?;
    if let Some(lowered) = lowered
        && let Some(other) = together(lowered, &compiled, sources, name, options)
    {
        compiled = other;
    }
    compiled.functions = functions(hir, sources);
    Ok(compiled)
}

/// Milliseconds from which on another form of a program is looked for.
const LONG: f64 = 20.0;

/// The program in which lists that are compared pair by pair were not cut by owners, if it is cheaper: what is left of the pairs when each
/// owner's own are taken out may have no form that is a sort.
fn together(
    lowered: Ir,
    apart: &Compiled,
    sources: &SourceSet,
    name: &str,
    options: &Options,
) -> Option<Compiled> {
    let price =
        |compiled: &Compiled| milliseconds(&compiled.program, link(options), &options.costs);
    let cost = price(apart).filter(|cost| *cost > LONG)?;
    let ir = passes::optimise(lowered, options.opt, LocalChoice::Off, &mut |_, _| {});
    if !sorts::compares_pairs(&ir) {
        return None;
    }
    let together = compile_ir(ir, sources, name, options).ok()?;
    (price(&together)? < cost).then_some(together)
}

fn link(options: &Options) -> Link {
    Link {
        rtt_us: options.network.rtt_us,
        mbit_per_s: options.network.mbit_per_s,
    }
}

/// Compiles a `test` block among `n_parties` parties.
///
/// # Errors
/// As [`compile`].
pub fn compile_test(
    hir: &Hir,
    sources: &SourceSet,
    test: usize,
    n_parties: u32,
    options: &Options,
) -> Result<Compiled, Vec<Diagnostic>> {
    let ir = lower_test(hir, test, n_parties)?;
    let ir = passes::optimise(ir, options.opt, local(options), &mut |_, _| {});
    let name = hir.tests.get(test).map_or("test", |t| &t.name);
    compile_ir(ir, sources, name, options)
}

/// What parties compute alone: nothing where one may share what is not what it says that it computed.
fn local(options: &Options) -> LocalChoice {
    let alone = Domain::Local { owner: 0 };
    match options.suite.offers(options.threat, alone) {
        true => options.local,
        false => LocalChoice::Off,
    }
}

/// Both sides of the comparison whose assertion stops a `test` block in the clear, if one does.
pub fn failed_comparison(hir: &Hir, test: usize, n_parties: u32) -> Option<(String, String)> {
    let ir = lower_test_opened(hir, test, n_parties).ok()?;
    let (run, revealed) = interpret::watch(&ir, &drawn::seeded(&ir.inputs, drawn::SEED));
    let at = run.err()?.span;
    let within = |span: Span| {
        span != at && span.file == at.file && at.start <= span.start && span.end <= at.end
    };
    let sides: Vec<&Revealed> = revealed.iter().filter(|r| within(r.span)).collect();
    let [.., left, right] = sides.as_slice() else {
        return None;
    };
    match (left.words.as_slice(), right.words.as_slice()) {
        ([l], [r]) => Some((
            left.form.display(left.scalar, *l),
            right.form.display(right.scalar, *r),
        )),
        _ => None,
    }
}

/// The part after the passes: domains, emission, verification.
///
/// # Errors
/// As [`compile`].
pub fn compile_ir(
    ir: Ir,
    sources: &SourceSet,
    name: &str,
    options: &Options,
) -> Result<Compiled, Vec<Diagnostic>> {
    let sorts::Sorted { ir, ways, reasons } = sorts::decide(ir, options);
    let mut plan = assign(&ir, options).map_err(|errors| {
        errors
            .into_iter()
            .map(|error| from_no_form(error, options))
            .collect::<Vec<_>>()
    })?;
    plan.sort(&ways, &reasons);
    let files = sources.portable_names();
    let locate = |span: Span| locate(sources, span);
    let written = |plan: &Plan| emit(&ir, plan, options, name, files.clone(), &locate);
    let price = |emitted: &Emitted| milliseconds(&emitted.program, link(options), &options.costs);
    let mut plans = vec![&plan];
    plans.extend(&plan.others);
    let compared = plans.len() > 1;
    let emitted = threads::each(&plans, ir.values.len(), |plan| {
        let emitted = written(plan)?;
        let cost = if compared { price(&emitted) } else { None };
        Ok((emitted, cost))
    });
    let (mut best, mut refused) = (None, Vec::new());
    for plan in emitted {
        match (plan, &best) {
            (Ok(plan), None) => best = Some(plan),
            (Ok((other, Some(cost))), Some((_, Some(least)))) if cost < *least => {
                best = Some((other, Some(cost)));
            }
            (Ok(_), Some(_)) => {}
            (Err(error), _) => refused.push(from_too_large(error)),
        }
    }
    let Some((best, _)) = best else {
        refused.truncate(1);
        return Err(refused);
    };
    let Emitted {
        program,
        attribution,
    } = best;
    let program = verify(program).map_err(|error| {
        // Internal: the tests hold every plan to the verifier. Saying so beats running what is wrong.
        let message = format!("the compiled program is not valid: {error}");
        vec![Diagnostic::new(Code::E9001, Span::default(), message)]
    })?;
    let plan_text = plan_text(&program);
    Ok(Compiled {
        program,
        ir,
        plan_text,
        attribution,
        functions: Vec::new(),
    })
}

fn locate(sources: &SourceSet, span: Span) -> Loc {
    // A node without a place has an empty span at the very beginning.
    if span == Span::default() || sources.get(span.file).is_none() {
        return Loc::default();
    }
    let (line, col) = sources.line_col(span);
    Loc {
        file: span.file.0,
        line: u32::try_from(line).unwrap_or(u32::MAX),
        col: u32::try_from(col).unwrap_or(u32::MAX),
    }
}

fn from_no_form(error: NoForm, options: &Options) -> Diagnostic {
    let NoForm { asked, what, span } = error;
    let (suite, threat) = (options.suite, options.threat);
    let (word, domain) = match asked {
        Protocol::Yao => ("yao", Some(Domain::Yao)),
        Protocol::Arithmetic => ("arithmetic", Some(Domain::Arithmetic { ring: 64 })),
        Protocol::Boolean => ("boolean", None),
    };
    if threat.deviates() && domain.is_some_and(|domain| !suite.offers(threat, domain)) {
        return Diagnostic::new(
            Code::E4009,
            span,
            format!(
                "{what} has no {word} form under `{}` against {} parties",
                suite.name(),
                threat.name()
            ),
        )
        .here(format!("is to be {word} here"))
        .help(format!(
            "leave out `{word}`, or ask for `boolean`, in which everything works"
        ));
    }
    if asked == Protocol::Yao {
        let others: Vec<String> = Suite::ALL
            .into_iter()
            .filter(|s| s.garbles())
            .map(|s| format!("`{}`", s.name()))
            .collect();
        return Diagnostic::new(
            Code::E4009,
            span,
            format!("{what} cannot be garbled under `{}`", suite.name()),
        )
        .here("is to be garbled here")
        .help(format!(
            "leave out `yao`, ask for `boolean`, or choose a suite that garbles: {}",
            others.join(", ")
        ));
    }
    Diagnostic::new(Code::E4008, span, format!("{what} has no arithmetic form"))
        .here("cannot be done on numbers that are shared as a whole")
        .help("leave out `arithmetic`, or ask for `boolean`, in which everything works")
}

fn from_too_large(error: TooLarge) -> Diagnostic {
    let TooLarge {
        span,
        elements,
        reads,
    } = error;
    let message = format!(
        "every one of {elements} elements is compared with each of {reads} secret indices at once; the limit is {MAX_LANES} pairs"
    );
    Diagnostic::new(Code::E4004, span, message)
        .here("read here")
        .help("read at fewer places at a time, in a loop whose rounds depend on each other, or from a shorter array")
}

/// The lines of every function, the library's included.
fn functions(hir: &Hir, sources: &SourceSet) -> Vec<FunctionLines> {
    let line = |file: FileId, at: u32| -> u32 {
        sources.get(file).map_or(0, |f| {
            u32::try_from(f.line_col(at as usize).0).unwrap_or(u32::MAX)
        })
    };
    hir.fns
        .iter()
        .filter(|f| !f.name.is_empty())
        .map(|f| FunctionLines {
            name: f.name.clone(),
            file: f.span.file.0,
            first: line(f.span.file, f.span.start),
            last: line(f.body.span.file, f.body.span.end),
        })
        .collect()
}

/// One line per section: its domain, where it is, why.
fn plan_text(program: &Program) -> String {
    let mut text = String::new();
    for (i, section) in program.sections.iter().enumerate() {
        let ops = program
            .regions
            .iter()
            .flat_map(|r| &r.nodes)
            .filter(|n| n.section.index() == i)
            .count();
        let domain = match section.domain {
            Domain::Public => "public",
            Domain::Arithmetic { .. } => "arithmetic",
            Domain::Boolean => "boolean",
            Domain::Yao => "yao",
            Domain::Local { .. } => "local",
        };
        let lines = section.place(&program.files);
        let lines = lines.as_deref().unwrap_or("no line");
        text.push_str(&format!(
            "s{i}: {domain}, {lines}, {ops} operations: {}\n",
            section.why
        ));
    }
    text
}

#[cfg(test)]
mod tests;
