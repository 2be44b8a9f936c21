//! Packages of a program: folders of modules that `smpc.toml` beside it names.
//!
//! ```toml
//! [packages]
//! tables = { path = "../tables" }
//! ```
//!
//! `use tables::join::left;` takes `left` from `join.smpc` in that folder. A package has packages of its own in the same way.

use crate::exit::{Failure, Outcome};
use crate::reading;
use smpcc_circuit::sorted::SortedMap;
use std::path::{Component, Path, PathBuf};

/// The file that names packages.
const FILE: &str = "smpc.toml";

/// Longest such file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The folders of the packages that are named in a folder, by name. Without the file there are none.
///
/// # Errors
/// A file that cannot be read, or says something else.
pub fn of(folder: &Path) -> Outcome<SortedMap<String, PathBuf>> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(SortedMap::new());
    }
    let shown = path.display();
    let wrong = |what: String| Failure::usage(format!("{shown}: {what}"));
    let text =
        reading::text(&path, MAX_BYTES).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| wrong(format!("not TOML: {}", e.message())))?;
    let mut packages = SortedMap::new();
    for (key, value) in &table {
        let named = match (key.as_str(), value) {
            ("packages", toml::Value::Table(named)) => named,
            ("packages", _) => return Err(wrong("`packages` is a table".into())),
            (other, _) => {
                return Err(wrong(format!(
                    "there is no `{other}`; the file has the table `packages`"
                )));
            }
        };
        for (name, value) in named {
            if !is_name(name) || matches!(name.as_str(), "std" | "crate") {
                return Err(wrong(format!("`{name}` cannot be the name of a package")));
            }
            let entry = value.as_table();
            let at = entry.filter(|e| e.len() == 1).and_then(|e| e.get("path"));
            let Some(at) = at.and_then(toml::Value::as_str) else {
                return Err(wrong(format!(
                    "write `{name} = {{ path = \"FOLDER\" }}`: a package is a folder of modules"
                )));
            };
            let at = folder.join(at);
            if !at.is_dir() {
                return Err(wrong(format!(
                    "the package `{name}` is not there: {} is no folder",
                    at.display()
                )));
            }
            packages.insert(name.clone(), plain(at));
        }
    }
    Ok(packages)
}

/// The path without `..` inside, where that is the same folder: editors and programs tell files apart by their paths as text.
fn plain(path: PathBuf) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let inner = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if inner => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    // A folder that is a link has another parent than its path says.
    let same = path.canonicalize().ok() == Path::new(".").join(&plain).canonicalize().ok();
    if same { plain } else { path }
}

fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain_where_that_is_the_same_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(of("a/b")).expect("folders");
        std::fs::create_dir_all(of("c")).expect("a folder");
        assert_eq!(plain(of("a/./b/../../c")), of("c"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(of("a/b"), of("link")).expect("a link");
            std::fs::create_dir_all(of("a/c")).expect("a folder");
            assert_eq!(plain(of("link/../c")), of("link/../c"));
        }
    }
}
