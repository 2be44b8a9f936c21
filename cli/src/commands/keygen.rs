//! `smpcc keygen`: a key that stays and a certificate to hand out.

use crate::args::KeygenArgs;
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc_runtime::keys::Identity;
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
            "`--name {}`: use up to 64 letters, digits, `-`, `_` and `.`",
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
    out::product(&format!(
        "{}  keep this key on this machine\n{}  give this certificate to the other parties; valid for {} days\n",
        key.display(),
        certificate.display(),
        args.days
    ));
    Ok(())
}
