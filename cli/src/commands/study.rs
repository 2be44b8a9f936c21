//! `smpcc study`: writes a study, reads it aloud, signs it, and says who has signed.

mod new;

use crate::args::{StudyArgs, StudyCommand, StudySignArgs};
use crate::commands::reveals;
use crate::files::{self, Kind};
use crate::load::{self, Style};
use crate::{out, prompt};
use smpcc::exit::{Failure, Outcome};
use smpcc::stored::role_of;
use smpcc::{claims, reading, studies};
use smpcc_compiler::reveals::{self as disclosed, DisclosureKind};
use smpcc_compiler::{lower, schema};
use smpcc_study::signature::{self, SigningKey};
use smpcc_study::study::Study;
use std::fmt::Write as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Does one of them.
pub fn study(args: &StudyArgs, style: Style) -> Outcome {
    match &args.command {
        StudyCommand::New(args) => new::new(args, style),
        StudyCommand::Check(args) => {
            let study = studies::read(&args.study)?;
            out::product(&aloud(&args.study, &study, style)?);
            Ok(())
        }
        StudyCommand::Sign(args) => sign(args, style),
        StudyCommand::Verify(args) => verify(&args.study),
    }
}

/// What is read before signing: the terms, and what the program opens.
fn aloud(path: &Path, study: &Study, style: Style) -> Outcome<String> {
    let source = studies::program(path, study)?;
    let hir = load::check(&source, style)?;
    studies::contributed(study, &hir)?;
    let session = studies::session(study, &hir);
    let (ir, privacy) =
        lower::lower_claimed(&hir, &session).map_err(|e| load::failed(&source, e, style))?;
    let list = disclosed::reveals(&ir);
    let names = schema::party_names(&hir, &session.role_counts);
    for d in list.iter().filter(|d| d.kind == DisclosureKind::Output) {
        let mut roles = d.receivers.iter().filter_map(|r| names.get(*r as usize));
        let contributes = |name: &&String| study.terms().contributing(role_of(name)).is_some();
        if let Some(name) = roles.find(contributes) {
            return Err(Failure::usage(format!(
                "the program gives `{}` to `{}`, who contribute and open nothing: say in it which receiver of the study learns it, such as `to {}`",
                d.label,
                role_of(name),
                study
                    .terms()
                    .receivers
                    .first()
                    .map_or("", |r| role_of(&r.role))
            )));
        }
    }
    let opened =
        reveals::human(&list, &ir, &source.files) + &claims::human(&privacy, &source.files);
    let mut text = study.aloud();
    let shown = (session.role_counts.iter().zip(&hir.roles))
        .filter(|(_, role)| study.terms().contributing(&role.name).is_some())
        .map(|(n, role)| format!("{n} of `{}`", role.name));
    let shown: Vec<String> = shown.collect();
    let _ = write!(
        text,
        "\nWhat leaves secrecy in the program, shown for {}\n",
        shown.join(" and ")
    );
    for line in opened.lines() {
        let _ = writeln!(text, "  {line}");
    }
    Ok(text)
}

fn sign(args: &StudySignArgs, style: Style) -> Outcome {
    let study = studies::read(&args.study)?;
    let key = key(&args.key)?;
    let public = key.public();
    let Some((signer, _)) = study.signers().find(|(_, key)| **key == public) else {
        return Err(Failure::usage(format!(
            "nobody signs {} with the key of {}",
            args.study.display(),
            args.key.display()
        )));
    };
    out::product(&aloud(&args.study, &study, style)?);
    if !args.yes {
        prompt::agree(&format!("Sign this as {signer}?"))?;
    }
    let file = studies::signature_file(&args.study, signer);
    let text = signature::study_file(&study.id(), signer, &key);
    let read = [args.study.clone(), args.key.clone()];
    files::write(&file, Kind::Signature, &read, false, text.as_bytes())?;
    if !style.quiet {
        out::note(&format!("signed as {signer}: {}", file.display()));
    }
    Ok(())
}

/// A signing key from its file.
pub fn key(path: &Path) -> Outcome<SigningKey> {
    let shown = path.display();
    let text = reading::text(path, reading::BY_HAND).map(Zeroizing::new);
    let text = text.map_err(|e| Failure::usage(format!("cannot read {shown}: {e}")))?;
    if let Some(mode) = smpcc_runtime::keys::loose_mode(path) {
        out::note(&format!(
            "warning: {shown} has the mode {mode:03o}, so that others on this machine can read or change it: chmod 600 {shown}"
        ));
    }
    SigningKey::from_text(&text).map_err(|e| Failure::usage(format!("{shown}: {e}")))
}

fn verify(path: &Path) -> Outcome {
    let study = studies::read(path)?;
    studies::program(path, &study)?;
    let mut text = format!("{} sha256:{}\n", study.terms().name, study.id());
    let mut missing = 0;
    for (name, signed) in studies::signed(path, &study) {
        let _ = match signed {
            Ok(()) => writeln!(text, "  {name} has signed"),
            Err(why) => {
                missing += 1;
                writeln!(text, "  {name} has not signed: {why}")
            }
        };
    }
    out::product(&text);
    match missing {
        0 => Ok(()),
        1 => Err(Failure::program("one signature is missing")),
        n => Err(Failure::program(format!("{n} signatures are missing"))),
    }
}
