//! `smpcc doc`: pages of documentation from the comments in programs, or in the library; on the terminal what the library says of a name.

use crate::args::DocArgs;
use crate::files::{self, Kind};
use crate::load::Style;
use crate::out;
use smpcc::doc::{self, File};
use smpcc::exit::{Failure, Outcome};
use smpcc::reading;
use smpcc::source::MAX_TEXT;
use smpcc::words::did_you_mean;
use smpcc_compiler::library;
use std::path::Path;

/// Writes a page for each file that offers something, and one that lists them.
pub fn doc(args: &DocArgs, style: Style) -> Outcome {
    let mut read = Vec::new();
    let (heading, texts) = match args.library {
        true => ("The library".to_owned(), of_library()),
        false => {
            let found = in_library(&args.path)?;
            if !found.is_empty() {
                out::product(&found.join("\n"));
                return Ok(());
            }
            read = files::programs(&args.path)?;
            let base = match args.path.is_dir() {
                true => args.path.as_path(),
                false => args.path.parent().unwrap_or(Path::new("")),
            };
            let heading = args.path.canonicalize().ok();
            let heading = heading.as_deref().and_then(Path::file_stem);
            let heading = heading.map_or("Programs".into(), |n| n.to_string_lossy().into_owned());
            let mut texts = Vec::new();
            for path in &read {
                let text = reading::text(path, MAX_TEXT)
                    .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
                let place = path
                    .strip_prefix(base)
                    .unwrap_or(path)
                    .display()
                    .to_string();
                let title = place.trim_end_matches(".smpc").to_owned();
                texts.push((title, place, text));
            }
            (heading, texts)
        }
    };
    std::fs::create_dir_all(&args.output)
        .map_err(|e| Failure::usage(format!("cannot make {}: {e}", args.output.display())))?;
    let mut pages = Vec::new();
    for (title, place, text) in &texts {
        let page = doc::page(&File {
            title: title.clone(),
            place: place.clone(),
            text,
        });
        let Some(page) = page else {
            continue;
        };
        let name = title.trim_start_matches("std::").replace(['/', '\\'], "-");
        let file = format!("{name}.md");
        let path = args.output.join(&file);
        files::write(
            &path,
            Kind::Documentation,
            &read,
            args.force,
            page.as_bytes(),
        )?;
        pages.push((title.clone(), file, doc::about(text)));
    }
    if pages.is_empty() {
        return Err(Failure::usage(format!(
            "{}: nothing there is public, and there is no `main`",
            args.path.display()
        )));
    }
    let index = doc::index(&heading, &pages);
    let path = args.output.join("index.md");
    files::write(
        &path,
        Kind::Documentation,
        &read,
        args.force,
        index.as_bytes(),
    )?;
    if !style.quiet {
        out::note(&format!(
            "{} page{} in {}, listed in {}",
            pages.len(),
            if pages.len() == 1 { "" } else { "s" },
            args.output.display(),
            path.display()
        ));
    }
    Ok(())
}

/// What the library says of a name that is no file: of a module, `std::stats`; of an item, `std::stats::mean`; or of each item that is
/// called so, `mean`.
fn in_library(path: &Path) -> Outcome<Vec<String>> {
    let Some(name) = path.to_str().filter(|_| !path.exists()) else {
        return Ok(Vec::new());
    };
    let is_module = |name: &str| library::MODULES.iter().any(|(module, _)| *module == name);
    let parts: Vec<&str> = name.split("::").collect();
    let (module, item) = match parts.as_slice() {
        ["std", module, item] => (Some(*module), Some(*item)),
        ["std", module] | [module] if is_module(module) => (Some(*module), None),
        ["std", item] | [item] => (None, Some(*item)),
        [module, item] => (Some(*module), Some(*item)),
        _ => return Ok(Vec::new()),
    };
    let modules = of_library().into_iter();
    let asked = modules.filter(|(title, _, _)| {
        module.is_none_or(|module| title.strip_prefix("std::") == Some(module))
    });
    let found: Vec<String> = asked
        .filter_map(|(title, place, text)| {
            let file = File {
                title,
                place,
                text: &text,
            };
            doc::shown(&file, item)
        })
        .collect();
    let is_path = name.contains("::");
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<String> = of_library()
        .into_iter()
        .filter(|(title, _, _)| {
            module
                .filter(|module| is_module(module))
                .is_none_or(|module| title.strip_prefix("std::") == Some(module))
        })
        .flat_map(|(_, _, text)| doc::names(&text))
        .collect();
    let near = match item {
        Some(item) => did_you_mean(item, known.iter().map(String::as_str)),
        None => String::new(),
    };
    if !is_path {
        return match near.is_empty() || name.contains(['.', '/', '\\']) {
            true => Ok(found),
            false => Err(Failure::usage(format!(
                "there is no file `{name}`, and the library has no item of this name{near}"
            ))),
        };
    }
    let names = match module.filter(|module| is_module(module)) {
        Some(module) => format!("`smpcc doc std::{module}` lists what is in that module"),
        None => {
            let modules: Vec<String> = (library::MODULES.iter())
                .map(|(module, _)| format!("`std::{module}`"))
                .collect();
            format!("its modules are {}", modules.join(", "))
        }
    };
    Err(Failure::usage(format!(
        "the library has no `{name}`; {names}{near}"
    )))
}

/// Title, place and text of the library's modules.
fn of_library() -> Vec<(String, String, String)> {
    let modules = library::MODULES.iter();
    modules
        .map(|(name, text)| {
            let place = format!("stdlib/{name}.smpc");
            (format!("std::{name}"), place, (*text).to_owned())
        })
        .collect()
}
