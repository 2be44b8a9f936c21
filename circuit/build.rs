//! Gives the crate a number of its own sources, by which parties tell different builds of one version apart.
//!
//! A plan binds what is computed, not how: labels of key streams, sizes of blocks and forms of messages stand in these sources
//! alone, and two builds that differ there would agree on a plan and compute nonsense. What the number is of is said at [`number`].
//! It is no cryptography: it finds an accident, and whoever lies about a build lies about its number too.
//!
//! `runtime` is built with this script too.

use std::path::Path;

fn main() {
    let files = sources(Path::new("src"));
    for (name, _) in &files {
        println!("cargo::rerun-if-changed=src/{name}");
    }
    println!("cargo::rustc-env=SMPCC_SOURCES={:032x}", number(&files));
}

/// Name, with `/` between folders, and text of each Rust file below a folder, sorted by name, without what only tests compile:
/// `tests.rs`, `testing.rs`, and what stands in a folder `tests`.
pub fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry of the folder").path();
            let name = path.file_name().and_then(|n| n.to_str());
            let name = format!("{prefix}{}", name.expect("a name in UTF-8"));
            let last = name.rsplit('/').next().unwrap_or_default();
            if path.is_dir() {
                if last != "tests" {
                    folders.push((path, format!("{name}/")));
                }
            } else if last.ends_with(".rs") && last != "tests.rs" && last != "testing.rs" {
                let text = std::fs::read_to_string(&path).expect("a text in UTF-8");
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

/// FNV-1a of 128 bits over each file's name and text, a zero byte after each. Line ends count as LF, so that every packaging of a
/// release has the same number.
pub fn number(files: &[(String, String)]) -> u128 {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for text in files.iter().flat_map(|(name, text)| [name, text]) {
        for byte in text.replace("\r\n", "\n").bytes().chain([0]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
    }
    hash
}
