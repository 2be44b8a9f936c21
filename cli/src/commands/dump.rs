//! `smpcc dump`: the text form of any stage.

use crate::args::{DumpArgs, Stage};
use crate::compiled;
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::source;
use smpcc_circuit::text;
use smpcc_compiler::ir::print;
use smpcc_compiler::{ast, lexer, lower, parser, passes};

/// Prints a stage.
pub fn dump(args: &DumpArgs, style: Style) -> Outcome {
    if args.after.is_some() && args.stage != Stage::Ir {
        return Err(Failure::usage("--after goes with --stage ir"));
    }
    let text = match args.stage {
        Stage::Tokens | Stage::Ast => {
            let source = source::read(&args.file)?;
            let file = source
                .files
                .get(source.root)
                .map_or("", |f| f.text.as_str());
            if args.stage == Stage::Tokens {
                lexer::dump(source.root, file)
            } else {
                ast::dump(&parser::parse(source.root, file).module)
            }
        }
        Stage::Types => {
            let source = source::read(&args.file)?;
            smpcc_compiler::hir::dump(&load::check(&source, style)?)
        }
        Stage::Ir => ir(args, style)?,
        Stage::Plan => {
            let prepared = compiled::prepare(&args.file, &args.plan, style)?;
            let compiled = prepared.compile(style)?;
            format!("{}\n{}", print::print(&compiled.ir), compiled.plan_text)
        }
        Stage::Program => {
            let prepared = compiled::prepare(&args.file, &args.plan, style)?;
            text::print(&prepared.compile(style)?.program)
        }
    };
    out::product(&text);
    Ok(())
}

fn ir(args: &DumpArgs, style: Style) -> Outcome<String> {
    let prepared = compiled::prepare(&args.file, &args.plan, style)?;
    let lowered = lower::lower(&prepared.hir, &prepared.session)
        .map_err(|e| load::failed(&prepared.source, e, style))?;
    let mut found = None;
    if args.after.as_deref() == Some("lower") {
        found = Some(print::print(&lowered));
    }
    let options = &prepared.choices.options;
    let last = passes::optimise(lowered, options.opt, options.local, &mut |name, ir| {
        if args.after.as_deref() == Some(name) {
            found = Some(print::print(ir));
        }
    });
    match (&args.after, found) {
        (None, _) => Ok(print::print(&last)),
        (Some(_), Some(text)) => Ok(text),
        (Some(name), None) => {
            let mut names: Vec<&str> = vec!["lower"];
            for pass in passes::PASSES {
                if !names.contains(&pass.name) {
                    names.push(pass.name);
                }
            }
            Err(Failure::usage(format!(
                "no pass `{name}` runs at --opt {}; there are {}",
                prepared.choices.options.opt,
                names.join(", ")
            )))
        }
    }
}
