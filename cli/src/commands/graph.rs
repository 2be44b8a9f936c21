//! `smpcc graph`: the sections of a program as a picture.

use crate::args::GraphArgs;
use crate::compiled;
use crate::files::{self, Kind};
use crate::load::Style;
use smpcc::exit::{Failure, Outcome};
use smpcc::pages;
use smpcc_circuit::stats::{self, Known};
use smpcc_compiler::graph;

/// Compiles and draws.
pub fn graph(args: &GraphArgs, style: Style) -> Outcome {
    let form = match args.output.extension().and_then(|e| e.to_str()) {
        Some("svg") => Kind::Svg,
        Some("dot") => Kind::Dot,
        Some("html") => Kind::Page,
        _ => {
            return Err(Failure::usage(format!(
                "`{}`: name a file that ends in .html, .svg or .dot",
                args.output.display()
            )));
        }
    };
    let ready = compiled::ready(&args.file, &args.plan, style)?;
    let stats = stats::stats(&ready.program, &Known::default());
    let picture = graph::picture(&ready.program, &stats);
    let drawn = match form {
        Kind::Svg => graph::svg(&picture),
        Kind::Dot => graph::dot(&picture),
        _ => pages::graph::html(
            &picture,
            &ready.program,
            &stats,
            &ready.functions,
            &ready.texts,
        ),
    };
    files::write(
        &args.output,
        form,
        &ready.read,
        args.force,
        drawn.as_bytes(),
    )
}
