//! What the binary carries, as files that an editor can open: modules of the library, and the pages of codes.
//!
//! They lie in the user's folder for what can be made again, and are written when an editor is led to them. A file that cannot be written
//! is one that an editor is not led to.

use super::places;
use smpcc::reading;
use smpcc_compiler::diagnostic::Code;
use std::io::Error;
use std::path::{Path, PathBuf};

/// The URI of a code's page.
pub fn page(code: Code) -> Option<String> {
    kept(&format!("errors/{code}.md"), code.page())
}

/// The URI of a file of the library, which messages call by this name.
pub fn module(name: &str, text: &str) -> Option<String> {
    kept(&name.replace(['<', '>'], ""), text)
}

fn kept(name: &str, text: &str) -> Option<String> {
    let path = folder()?.join(name);
    let is_there = reading::text(&path, text.len() as u64).is_ok_and(|there| there == text);
    if !is_there {
        write(&path, text).ok()?;
    }
    Some(places::uri(&path))
}

/// The folder of this version.
fn folder() -> Option<PathBuf> {
    let of = |name| std::env::var_os(name).map(PathBuf::from);
    let named = of("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let beside = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    let all = named
        .or_else(|| of("LOCALAPPDATA"))
        .or_else(|| Some(of("HOME")?.join(beside)))?;
    Some(all.join("smpcc").join(env!("CARGO_PKG_VERSION")))
}

/// Whole or not at all, also where two servers write.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let new = path.with_extension(std::process::id().to_string());
    std::fs::write(&new, text)?;
    // What is changed there changes no program.
    let mut permissions = std::fs::metadata(&new)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&new, permissions)?;
    std::fs::rename(&new, path)
}
