//! `smpcc new`: a small project to change: a program with a test, sample inputs beside it, and the file that names packages.

use crate::args::NewArgs;
use crate::files::{self, Kind};
use crate::out;
use smpcc::exit::{Failure, Outcome};

/// The files of a project, by name.
const FILES: [(&str, &str, Kind); 3] = [
    ("main.smpc", include_str!("new/main.smpc"), Kind::Source),
    (
        "main.inputs.json",
        include_str!("new/main.inputs.json"),
        Kind::Inputs,
    ),
    ("smpc.toml", include_str!("new/smpc.toml"), Kind::Source),
];

/// Makes the folder and what is in it; nothing that is there is touched.
pub fn new(args: &NewArgs) -> Outcome {
    let shown = args.path.display();
    let name = args.path.file_name().and_then(|n| n.to_str());
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name
        .is_some_and(|n| n.starts_with(|c: char| c.is_ascii_alphabetic()) && n.chars().all(good))
    {
        return Err(Failure::usage(format!(
            "`{shown}`: a name begins with a letter; letters, digits, `-` and `_` follow"
        )));
    }
    std::fs::create_dir(&args.path)
        .map_err(|e| Failure::usage(format!("cannot make {shown}: {e}")))?;
    for (file, text, kind) in FILES {
        files::write(&args.path.join(file), kind, &[], false, text.as_bytes())?;
    }
    out::product(&format!(
        "{shown}/main.smpc         the program, with a test\n\
         {shown}/main.inputs.json  what each party gives in a try\n\
         {shown}/smpc.toml         packages, if it uses any\n\n\
         smpcc run {shown}/main.smpc\nsmpcc test {shown}\nsmpcc reveals {shown}/main.smpc\n"
    ));
    Ok(())
}
