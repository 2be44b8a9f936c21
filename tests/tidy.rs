//! House rules that a machine can hold the tree to.

// The script that numbers sources: it is tested here because a build script has no tests of its own.
#[allow(dead_code, clippy::print_stdout, reason = "only Cargo runs `main`")]
#[path = "../circuit/build.rs"]
mod numbering;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace's folder")
        .to_path_buf()
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | ".git") {
            files(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    for folder in [
        "circuit", "compiler", "runtime", "study", "cli", "node", "tests",
    ] {
        files(&root.join(folder), ".rs", &mut found);
    }
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .expect("inside")
                .to_string_lossy()
                .replace('\\', "/");
            (name, std::fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect()
}

#[test]
fn every_file_says_why_it_exists() {
    for (name, text) in sources() {
        assert!(
            text.starts_with("//!") || text.starts_with("#!["),
            "{name} does not open with //!"
        );
        assert!(!name.ends_with("/mod.rs"), "{name}: use foo.rs beside foo/");
    }
}

#[test]
fn unsafe_code_stands_where_it_may() {
    let word = ["unsafe", " "].concat();
    let root = std::fs::read_to_string(root().join("runtime/src/lib.rs")).expect("the crate");
    assert!(root.contains("#[cfg(test)]\nmod freed;"));
    for (name, text) in sources() {
        let has = text.lines().any(|l| {
            let code = l.trim_start();
            !code.starts_with("//")
                && (code.contains(&format!("{word}{{"))
                    || code.contains(&format!("{word}fn"))
                    || code.contains(&format!("{word}impl")))
        });
        // Kernels; what hides a word from the optimiser; an allocator, which is in no build but that of tests.
        let may = [
            "runtime/src/simd",
            "runtime/src/opaque.rs",
            "runtime/src/freed.rs",
        ];
        assert!(
            !has || may.iter().any(|place| name.starts_with(place)),
            "{name} has unsafe code"
        );
    }
}

#[test]
fn one_file_knows_the_wire_encoding() {
    let needle = ["bincode", "::"].concat();
    for (name, text) in sources() {
        assert!(
            !text.contains(&needle) || name == "circuit/src/codec.rs",
            "{name} uses bincode"
        );
    }
}

#[test]
fn the_compiler_does_no_io_and_links_no_cryptography() {
    let io = [
        ["std", "::fs"].concat(),
        ["std", "::net"].concat(),
        ["std", "::env::"].concat(),
    ];
    for (name, text) in sources() {
        if (name.starts_with("compiler/") || name.starts_with("circuit/src"))
            && !name.contains("/tests")
            && !name.ends_with("/robust.rs")
        {
            for needle in &io {
                assert!(!text.contains(needle.as_str()), "{name} uses {needle}");
            }
        }
    }
    let manifest =
        std::fs::read_to_string(root().join("compiler/Cargo.toml")).expect("the manifest");
    for crypto in ["rustls", "aes", "sha2", "rand", "runtime"] {
        let linked = manifest.lines().any(|l| {
            l.starts_with(&format!("{crypto}."))
                || l.starts_with(&format!("{crypto} "))
                || l.starts_with(&format!("smpcc-{crypto}"))
        });
        assert!(!linked, "the compiler depends on {crypto}");
    }
    let runtime = std::fs::read_to_string(root().join("runtime/Cargo.toml")).expect("the manifest");
    assert!(
        !runtime.contains("smpcc-compiler"),
        "the runtime depends on the compiler"
    );
}

#[test]
fn no_seeded_or_default_generator_outside_tests() {
    let needles = [
        ["seed_", "from_u64"].concat(),
        ["Std", "Rng"].concat(),
        ["Small", "Rng"].concat(),
        ["thread_", "rng("].concat(),
    ];
    for (name, text) in sources() {
        if ["runtime/src", "study/src", "cli/src", "node/src"]
            .iter()
            .any(|folder| name.starts_with(folder))
        {
            for needle in &needles {
                assert!(!text.contains(needle.as_str()), "{name} uses {needle}");
            }
        }
    }
}

#[test]
fn dependencies_have_allowed_licences_and_sources() {
    let root = root();
    let deny = std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml");
    let deny: toml::Table = toml::from_str(&deny).expect("TOML");
    let allowed: BTreeSet<&str> = deny["licenses"]["allow"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| v.as_str())
        .collect();
    let banned: BTreeSet<&str> = deny["bans"]["deny"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|v| v.get("wrappers").is_none())
        .filter_map(|v| v["name"].as_str())
        .collect();
    // What only some may use: the async runtime is the node's.
    let wrapped: Vec<(&str, Vec<&str>)> = deny["bans"]["deny"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| {
            let users = v.get("wrappers")?.as_array()?.iter();
            Some((
                v["name"].as_str()?,
                users.filter_map(|u| u.as_str()).collect(),
            ))
        })
        .collect();
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version
        .lines()
        .find_map(|l| l.strip_prefix("host: "))
        .expect("the host's name");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(&root)
        .output()
        .expect("cargo metadata");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 20);
    let name_of = |id: &serde_json::Value| {
        let package = packages.iter().find(|p| p["id"] == *id);
        package.and_then(|p| p["name"].as_str()).unwrap_or_default()
    };
    for node in metadata["resolve"]["nodes"].as_array().expect("a list") {
        for dependency in node["dependencies"].as_array().expect("a list") {
            let (user, used) = (name_of(&node["id"]), name_of(dependency));
            let allowed = wrapped.iter().find(|(name, _)| *name == used);
            assert!(
                allowed.is_none_or(|(_, users)| users.contains(&user)),
                "{user} uses {used}"
            );
        }
    }
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        assert!(!banned.contains(name), "{name} is banned");
        let licence = package["license"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} states no licence"));
        assert!(permits(licence, &allowed), "{name}: licence {licence}");
        if let Some(source) = package["source"].as_str() {
            assert!(
                source.starts_with("registry+"),
                "{name} comes from {source}"
            );
        }
    }
}

/// Whether an SPDX expression can be satisfied with the allowed licences.
fn permits(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Every conjunct must offer an allowed choice; the graph has no OR of ANDs that needs more care.
    expression
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|l| allowed.contains(l.trim())))
}

/// The number that parties compare is of everything that computes with others, however it is packaged, and of nothing else.
#[test]
fn sources_have_a_number() {
    for (krate, built) in [
        ("circuit", smpcc_circuit::SOURCES),
        ("runtime", smpcc_runtime::SOURCES),
    ] {
        let files = numbering::sources(&root().join(krate).join("src"));
        assert!(files.len() > 20 && files.iter().all(|(name, _)| !name.contains("tests")));
        assert_eq!(format!("{:032x}", numbering::number(&files)), built);
    }

    let number = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        numbering::number(&numbering::sources(folder.path()))
    };
    let plain = number(&[("a.rs", "\"rep3/component\"\n"), ("b/c.rs", "")]);
    assert_eq!(
        plain,
        number(&[
            ("b/c.rs", ""),
            ("a.rs", "\"rep3/component\"\r\n"),
            ("a/tests.rs", "x"),
            ("b/tests/d.rs", "x"),
            ("testing.rs", "x"),
            ("notes.md", "x"),
        ])
    );
    assert_ne!(
        plain,
        number(&[("a.rs", "\"rep3/companion\"\n"), ("b/c.rs", "")])
    );
    assert_ne!(
        plain,
        number(&[("a.rs", "\"rep3/component\"\n"), ("b/d.rs", "")])
    );
}

#[test]
fn no_registry_host_is_named() {
    let root = root();
    let mut found = Vec::new();
    for ending in [".md", ".toml", ".json", ".rs", ".smpc", ".yml", "run"] {
        files(&root, ending, &mut found);
    }
    let hosts = [
        ["crates", ".io"].concat(),
        ["registry.npmjs", ".org"].concat(),
        ["pypi", ".org"].concat(),
        ["deb.debian", ".org"].concat(),
    ];
    for path in found {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for host in &hosts {
            assert!(
                !text.contains(host.as_str()),
                "{} names {host}",
                path.display()
            );
        }
    }
}

/// Every text that the project keeps, by its path from the root.
/// Workspaces outside of this one build its crates too; their locks are made anew (`cargo update --workspace`) when a crate's dependencies change.
#[test]
fn other_workspaces_lock_what_our_crates_need() {
    let read = |path: &str| -> toml::Table {
        let text = std::fs::read_to_string(root().join(path)).expect("a readable file");
        text.parse().expect("a table")
    };
    let folders = [
        "circuit",
        "compiler",
        "compiler/syntax",
        "runtime",
        "study",
        "cli",
    ];
    for lock in ["fuzz/Cargo.lock", "playground/Cargo.lock"] {
        let locked = read(lock);
        let packages = locked["package"].as_array().expect("packages");
        let mut seen = 0;
        for folder in folders {
            let manifest = read(&format!("{folder}/Cargo.toml"));
            let Some(package) = packages
                .iter()
                .find(|p| p["name"] == manifest["package"]["name"])
            else {
                continue;
            };
            seen += 1;
            let first = |entry: &toml::Value| {
                let name = entry.as_str().and_then(|text| text.split(' ').next());
                name.expect("a name").to_owned()
            };
            let entries = package.get("dependencies").and_then(toml::Value::as_array);
            let locked: BTreeSet<String> = entries.into_iter().flatten().map(first).collect();
            let (mut needed, mut allowed) = (BTreeSet::new(), BTreeSet::new());
            // Also those that it needs on some systems only.
            let targets = manifest.get("target").and_then(toml::Value::as_table);
            let places = targets
                .into_iter()
                .flatten()
                .filter_map(|(_, place)| place.as_table());
            for place in places.chain([&manifest]) {
                for table in ["dependencies", "build-dependencies"] {
                    let table = place.get(table).and_then(toml::Value::as_table);
                    for (name, how) in table.into_iter().flatten() {
                        allowed.insert(name.clone());
                        if how.get("optional").is_none() {
                            needed.insert(name.clone());
                        }
                    }
                }
            }
            assert!(
                needed.is_subset(&locked),
                "{lock}, {folder}: {needed:?}, {locked:?}"
            );
            assert!(
                locked.is_subset(&allowed),
                "{lock}, {folder}: {locked:?}, {allowed:?}"
            );
        }
        assert!(seen >= 3, "{lock} has {seen} of our crates");
    }
}

fn texts() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    files(&root, "", &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(&root).ok()?.to_string_lossy();
            Some((
                name.replace('\\', "/"),
                std::fs::read_to_string(&path).ok()?,
            ))
        })
        .collect()
}

/// Whether a line is one that a merge leaves behind.
fn is_marker(line: &str) -> bool {
    ['<', '>', '|'].into_iter().any(|sign| {
        let rest = line.trim_start_matches(sign);
        line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
    }) || line == "=".repeat(7)
}

#[test]
fn no_merge_was_left_half_done() {
    let texts = texts();
    assert!(texts.len() > 100);
    for (name, text) in texts {
        for (i, line) in text.lines().enumerate() {
            assert!(!is_marker(line), "{name}:{}: {line}", i + 1);
        }
    }
    for marker in ["<<<<<<", ">>>>>>"] {
        let marker = format!("{marker}{} 63e94c7", &marker[..1]);
        assert!(is_marker(&marker), "{marker}");
    }
    assert!(!is_marker("<<<<<<<< is longer") && !is_marker("======="[..6].as_ref()));
}

/// The targets of the links in a Markdown text, without those in code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        // Odd parts stand between backticks.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        let inline = prose.split("](").skip(1);
        found.extend(inline.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
        let reference = prose.strip_prefix('[').and_then(|l| l.split_once("]: "));
        found.extend(reference.map(|(_, target)| target.trim().to_owned()));
    }
    found
}

#[test]
fn links_in_prose_lead_somewhere() {
    let mut followed = 0;
    for (name, text) in texts() {
        // Those of the book lead to pages that are made, too: `docs::links_lead_somewhere`.
        let elsewhere = name.starts_with("tests/language") || name.starts_with("docs/src");
        if !name.ends_with(".md") || elsewhere {
            continue;
        }
        let folder = root().join(&name);
        let folder = folder.parent().expect("a folder");
        for link in links(&text) {
            let target = link.split([' ', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            assert!(folder.join(target).exists(), "{name} links to {target}");
        }
    }
    assert!(followed >= 5, "{followed} links were found");
    assert_eq!(links("[a](b.md) `[c](d)`\n[e]: f"), ["b.md", "f"]);
}
