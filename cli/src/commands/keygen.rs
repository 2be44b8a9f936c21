//! `smpcc keygen`: a key that stays and a certificate to hand out.

use crate::args::KeygenArgs;
use crate::files::{self, Kind};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc_runtime::keys::{Identity, write_secret};
use smpcc_study::seal::SealingKey;
use smpcc_study::signature::SigningKey;
use std::time::Duration;

/// Writes `NAME.key` (readable by its owner only) and `NAME.crt`; never overwrites.
pub fn keygen(args: &KeygenArgs) -> Outcome {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if args.name.is_empty()
        || args.name.len() > 64
        || args.name.starts_with('.')
        || !args.name.chars().all(good)
    {
        return Err(Failure::usage(format!(
            "`--name {}`: use up to 64 letters (a to z, A to Z), digits, `-`, `_` and `.`",
            args.name
        )));
    }
    std::fs::create_dir_all(&args.out)
        .map_err(|e| Failure::usage(format!("cannot make {}: {e}", args.out.display())))?;
    let identity = Identity::generate(
        &args.name,
        Duration::from_secs(u64::from(args.days) * 86_400),
    )
    .map_err(smpcc::play::failure)?;
    let (key, certificate) = identity
        .write(&args.out, &args.name)
        .map_err(smpcc::play::failure)?;
    let mut said = String::new();
    if args.study {
        said = for_studies(args, &identity)?;
    }
    out::product(&format!(
        "{}  keep this key on this machine\n{}  give this certificate to the other parties; valid for {} days\n{said}",
        key.display(),
        certificate.display(),
        args.days
    ));
    Ok(())
}

/// Keys that sign and that others seal to, and a file for whoever writes the study.
fn for_studies(args: &KeygenArgs, identity: &Identity) -> Outcome<String> {
    let failed = |e: smpcc_study::Error| Failure::usage(e.to_string());
    let (sign, seal) = (
        SigningKey::fresh().map_err(failed)?,
        SealingKey::fresh().map_err(failed)?,
    );
    let at = |ending: &str| args.out.join(format!("{}.{ending}", args.name));
    for (ending, text) in [("sign.key", sign.to_text()), ("seal.key", seal.to_text())] {
        write_secret(&at(ending), text.as_bytes()).map_err(smpcc::play::failure)?;
    }
    let text = format!(
        "name = {:?}\ncertificate = \"{}\"\nsign = \"{}\"\nseal = \"{}\"\n",
        args.name,
        identity.certificate().fingerprint(),
        sign.public(),
        seal.public()
    );
    files::write(&at("pub"), Kind::Source, &[], false, text.as_bytes())?;
    Ok(format!(
        "{}  sign studies with it, and keep it on this machine\n{}  what is sealed to this party opens with it; keep it on this machine\n{}  give this to whoever writes the study\n",
        at("sign.key").display(),
        at("seal.key").display(),
        at("pub").display()
    ))
}
