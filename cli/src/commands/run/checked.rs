//! `smpcc run --check`: the program in the clear, on this machine alone, with exact arithmetic beside it. For sample data: what comes
//! out is shown with the operands that it came from.

use crate::args::{Format, RunArgs};
use crate::compiled;
use crate::load::{self, Style};
use crate::out;
use smpcc::exact;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::play;
use smpcc_circuit::program::InputLeaf;
use smpcc_circuit::value::Word;
use smpcc_compiler::exact::Exact;
use smpcc_runtime::prg::OsEntropy;

/// Says how far the program's fixed-point results are from exact ones, and where numbers wrapped.
pub fn run(args: &RunArgs, style: Style) -> Outcome {
    if args.plan.study.is_some() {
        return Err(Failure::usage(
            "--check shows operands, and is for sample data in the clear: a study's data stays in shares",
        ));
    }
    let prepared = compiled::prepare(&args.file, &args.plan, style)?;
    let (hir, session, files) = (&prepared.hir, &prepared.session, &prepared.source.files);
    let program = Exact::new(hir, session).map_err(|e| load::failed(&prepared.source, e, style))?;
    let given = prepared.inputs.unwrap_or_default();
    if given.is_empty() && !program.ir.params.is_empty() {
        return Err(Failure::usage(
            "--check needs sample inputs: name them with --inputs, or put them beside the program",
        ));
    }
    let drawn = drawn(&program.ir.inputs)?;
    let inputs = exact::inputs(&program.ir, &given, drawn);
    let findings = program.run(&inputs).map_err(|stopped| {
        let place = files.place(stopped.span);
        Failure::new(Exit::Program, format!("{place}: {}", stopped.message))
    })?;
    match args.format {
        Format::Json => {
            let json = exact::json(&findings, &program.ir, files);
            out::json(&format!("{json}\n"));
        }
        Format::Human => out::product(&exact::human(&findings, &program.ir, files)),
    }
    Ok(())
}

/// Random lanes for the parts of draws, and none yet for others.
fn drawn(leaves: &[InputLeaf]) -> Outcome<Vec<Vec<Word>>> {
    let mut entropy = OsEntropy;
    let mut word = |leaf: &InputLeaf| -> Outcome<Word> {
        let bytes = entropy.bytes::<16>().map_err(play::failure)?;
        Ok(leaf.scalar.wrap(Word::from_le_bytes(*bytes)))
    };
    let mut all = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let n = if leaf.drawn { leaf.lanes } else { 0 };
        all.push((0..n).map(|_| word(leaf)).collect::<Outcome<_>>()?);
    }
    Ok(all)
}
