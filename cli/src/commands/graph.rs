//! `smpcc graph`: the sections of a program as a picture.

use crate::args::GraphArgs;
use crate::compiled;
use crate::files::{self, Kind};
use crate::load::Style;
use smpcc::exit::{Failure, Outcome};
use smpcc_circuit::stats::{self, Known};
use smpcc_compiler::graph;

/// Compiles and draws.
pub fn graph(args: &GraphArgs, style: Style) -> Outcome {
    let shown = args.output.display();
    type Draw = fn(&graph::Picture) -> String;
    let (kind, draw): (Kind, Draw) = match args.output.extension().and_then(|e| e.to_str()) {
        Some("svg") => (Kind::Svg, graph::svg),
        Some("dot") => (Kind::Dot, graph::dot),
        _ => {
            return Err(Failure::usage(format!(
                "`{shown}`: name a file that ends in .svg or .dot"
            )));
        }
    };
    let ready = compiled::ready(&args.file, &args.plan, style)?;
    let stats = stats::stats(&ready.program, &Known::default());
    let picture = draw(&graph::picture(&ready.program, &stats));
    files::write(
        &args.output,
        kind,
        &ready.read,
        args.force,
        picture.as_bytes(),
    )
}
