//! `smpcc doc`: pages of documentation from the comments in programs, or in the library.

use crate::args::DocArgs;
use crate::files::{self, Kind};
use crate::load::Style;
use crate::out;
use smpcc::doc::{self, File};
use smpcc::exit::{Failure, Outcome};
use smpcc::reading;
use smpcc::source::MAX_TEXT;
use smpcc_compiler::library;
use std::path::Path;

/// Writes a page for each file that offers something, and one that lists them.
pub fn doc(args: &DocArgs, style: Style) -> Outcome {
    let mut read = Vec::new();
    let (heading, texts) = match args.library {
        true => ("The library".to_owned(), of_library()),
        false => {
            if let Some(module) = in_library(&args.path) {
                return Err(Failure::usage(format!(
                    "there is no file {}; the library has it in `std::{module}`: `smpcc doc --library` writes its pages",
                    args.path.display()
                )));
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
            "{} pages in {}, listed in {}",
            pages.len(),
            args.output.display(),
            path.display()
        ));
    }
    Ok(())
}

/// The library's module that is called so, or that offers something of this name, where there is no such file.
fn in_library(path: &Path) -> Option<&'static str> {
    let name = path.to_str().filter(|_| !path.exists())?;
    let name = name.rsplit("::").next()?;
    let offers = |text: &str| {
        text.lines().any(|line| {
            let item = line
                .strip_prefix("pub ")
                .and_then(|item| item.split_once(' '));
            let rest = item.and_then(|(_, item)| item.strip_prefix(name));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let modules = library::MODULES.iter();
    let mut modules = modules.filter(|(module, text)| *module == name || offers(text));
    modules.next().map(|(module, _)| *module)
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
