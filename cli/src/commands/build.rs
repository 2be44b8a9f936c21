//! `smpcc build`: the compiled program, in one of its forms.

use crate::args::{BuildArgs, Emit};
use crate::compiled;
use crate::files::{self, Kind};
use crate::load::Style;
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc_circuit::{codec, export, text};
use smpcc_compiler::sections;
use smpcc_compiler::session::{LocalChoice, ProtocolChoice};
use std::path::Path;

/// Compiles and writes.
pub fn build(args: &BuildArgs, style: Style) -> Outcome {
    let mut prepared = compiled::prepare(&args.file, &args.plan, style)?;
    if args.emit == Emit::Bristol {
        // One circuit of all that the program computes.
        prepared.choices.options.protocol = ProtocolChoice::Boolean;
        prepared.choices.options.local = LocalChoice::Off;
    }
    let bytes = match args.emit {
        Emit::Program => codec::encode_program(&prepared.compile(style)?.program)
            .map_err(|e| Failure::bug(format!("the program cannot be encoded: {e}")))?,
        Emit::Text => text::print(&prepared.compile(style)?.program).into_bytes(),
        Emit::Dot => sections::dot(&prepared.compile(style)?.program).into_bytes(),
        Emit::Bristol => {
            let program = prepared.compile(style)?.program;
            export::bristol(&program)
                .map_err(|e| Failure::usage(format!("{}: {e}", args.file.display())))?
                .into_bytes()
        }
    };
    if args.output == Path::new("-") {
        return match String::from_utf8(bytes) {
            Ok(text) => {
                out::product(&text);
                Ok(())
            }
            Err(_) => Err(Failure::usage(
                "the binary form is not for a terminal: name a file with -o",
            )),
        };
    }
    let kind = match args.emit {
        Emit::Program => Kind::Program,
        Emit::Text => Kind::Text,
        Emit::Dot => Kind::Dot,
        Emit::Bristol => Kind::Bristol,
    };
    let read = files::read_for(&args.file, Some(&prepared.source), &args.plan)?;
    files::write(&args.output, kind, &read, args.force, &bytes)
}
