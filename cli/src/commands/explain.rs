//! `smpcc explain`: the page of a code, offline.

use crate::args::ExplainArgs;
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc_compiler::diagnostic::{self, Code};

/// Prints the page.
pub fn explain(args: &ExplainArgs) -> Outcome {
    let wanted = args.code.trim().to_ascii_uppercase();
    match Code::parse(&wanted) {
        Some(code) => {
            out::product(&format!("{}\n", code.page().trim_end()));
            Ok(())
        }
        None => {
            let near = diagnostic::suggestion(&wanted, Code::ALL.iter().map(|c| c.as_str()));
            let hint = near.map_or_else(String::new, |code| format!("; there is {code}"));
            Err(Failure::usage(format!(
                "there is no code {}{hint}",
                args.code
            )))
        }
    }
}
