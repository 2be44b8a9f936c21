//! `smpcc graph`: the sections of a program as a picture.

use crate::args::GraphArgs;
use crate::compiled;
use crate::load::Style;
use smpcc::exit::{Failure, Outcome};
use smpcc_circuit::stats::{self, Known};
use smpcc_compiler::graph;

/// Compiles and draws.
pub fn graph(args: &GraphArgs, style: Style) -> Outcome {
    let shown = args.output.display();
    let draw: fn(&graph::Picture) -> String = match args.output.extension().and_then(|e| e.to_str())
    {
        Some("svg") => graph::svg,
        Some("dot") => graph::dot,
        _ => {
            return Err(Failure::usage(format!(
                "`{shown}`: name a file that ends in .svg or .dot"
            )));
        }
    };
    let compiled = compiled::prepare(&args.file, &args.plan, style)?.compile(style)?;
    let stats = stats::stats(&compiled.program, &Known::default());
    let picture = graph::picture(&compiled.program, &stats);
    std::fs::write(&args.output, draw(&picture))
        .map_err(|e| Failure::usage(format!("cannot write {shown}: {e}")))
}
