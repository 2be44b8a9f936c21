//! What the `use`s of all modules bring in, whatever their order.

use super::statistics::elsewhere;
use super::{Def, Pending, World, add, module_path};
use crate::ast::{self, Name};
use crate::diagnostic::{Diagnostic, listed, suggestion, suggestion_after};
use crate::index::{Kind, Target};
use crate::{diagnostic, library};
use smpcc_circuit::sorted::SortedMap;

/// Looks up every `use`. One that brings what another `use` brought is looked up after it, whatever their order.
pub(super) fn import_all(
    world: &mut World,
    index: &SortedMap<String, usize>,
    mut uses: Vec<Pending>,
    out: &mut Vec<Diagnostic>,
) {
    loop {
        let before = uses.len();
        let mut left = Vec::new();
        for (module, import, public) in uses {
            match find_import(world, out.len(), index, module, &import) {
                Ok(def) => {
                    refer_import(world, index, module, &import, def);
                    add(world, module, &import.local, def, public, out);
                }
                Err(_) => left.push((module, import, public)),
            }
        }
        uses = left;
        if uses.is_empty() || uses.len() == before {
            break;
        }
    }
    for (module, import, _) in uses {
        if let Err(error) = find_import(world, out.len(), index, module, &import) {
            out.push(*error);
        }
    }
}

/// Notes what the names in a `use` that was found stand for.
fn refer_import(
    world: &mut World,
    index: &SortedMap<String, usize>,
    importer: usize,
    import: &ast::Import,
    def: Def,
) {
    let [first, name, ..] = import.path.as_slice() else {
        return;
    };
    let modules = Target::Known(Kind::Module);
    world.index.refer(&first.text, first.span, modules);
    let package = &world.modules[importer].package;
    let module = index.get(&module_path(package, &first.text, &name.text));
    if let Some(&module) = module {
        let target = world.declared(Def::Module(module));
        world.index.refer(&name.text, name.span, target);
    }
    let target = world.declared(def);
    for name in import.path.get(2).into_iter().chain([&import.local]) {
        world.index.refer(&name.text, name.span, target);
    }
}

fn find_import(
    world: &World,
    n_found: usize,
    index: &SortedMap<String, usize>,
    importer: usize,
    import: &ast::Import,
) -> Result<Def, Box<Diagnostic>> {
    let unknown = |name: &Name, text: String, help: String| {
        Box::new(
            diagnostic!(E2005, name.span, "{text}")
                .here("not found")
                .help(help),
        )
    };
    let Some(first) = import.path.first() else {
        return Err(unknown(
            &import.local,
            "an empty path".into(),
            "name an item".into(),
        ));
    };
    let Some(name) = import.path.get(1) else {
        return Err(unknown(
            first,
            format!("`{}` is no item", first.text),
            "name a module after it".into(),
        ));
    };
    let package = &world.modules[importer].package;
    let path = module_path(package, &first.text, &name.text);
    let is_package = !matches!(first.text.as_str(), "std" | "crate");
    let begins = path.strip_suffix(&name.text).unwrap_or(&path);
    if is_package && !index.keys().any(|known| known.starts_with(begins)) {
        let text = format!("there is no package `{}`", first.text);
        let help = format!(
            "begin with `std::` or `crate::`, or name the package in `smpc.toml` beside the program: `[packages]`, `{} = {{ path = \"…\" }}`",
            first.text
        );
        return Err(unknown(first, text, help));
    }
    let Some(&module) = index.get(&path) else {
        let known = library::MODULES.iter().map(|(m, _)| *m);
        let near = suggestion(&name.text, known);
        let item = import.path.get(2).map_or("", |item| item.text.as_str());
        let holds = crate::parses::library_module_of(item).filter(|_| near.is_none());
        let help = match (first.text.as_str(), near) {
            ("std", None) if holds.is_some() => {
                format!("write `use std::{}::{item};`", holds.unwrap_or_default())
            }
            ("std", Some(near)) => format!("did you mean `std::{near}`?"),
            ("std", None) => {
                let names: Vec<&str> = library::MODULES
                    .iter()
                    .map(|(m, _)| *m)
                    .filter(|m| *m != "prelude")
                    .collect();
                format!("the library has {}", listed(names))
            }
            _ if is_package => format!(
                "a module `{}` is the file `{}.smpc` in the package's folder",
                name.text, name.text
            ),
            _ => format!(
                "a module `{}` is the file `{}.smpc` beside this one",
                name.text, name.text
            ),
        };
        return Err(unknown(name, format!("there is no module `{path}`"), help));
    };
    let Some(item) = import.path.get(2) else {
        return Ok(Def::Module(module));
    };
    if let Some(extra) = import.path.get(3) {
        return Err(unknown(
            extra,
            format!("`{}` has no parts", item.text),
            "a path is a module and an item".into(),
        ));
    }
    item_of(world, n_found, module, item)
}

/// The public item of this name in another module.
pub(crate) fn item_of(
    world: &World,
    n_found: usize,
    module: usize,
    item: &Name,
) -> Result<Def, Box<Diagnostic>> {
    let info = &world.modules[module];
    let Some(entry) = info.scope.get(&item.text) else {
        let public = info
            .scope
            .iter()
            .filter(|(_, e)| e.public)
            .map(|(n, _)| n.as_str());
        let error = diagnostic!(
            E2005,
            item.span,
            "`{}` has no item `{}`",
            info.path,
            item.text
        )
        .here("not found");
        if info.path.starts_with("std::") {
            // What the library has elsewhere was looked for in a wrong module.
            if let Some(module) = crate::parses::library_module_of(&item.text) {
                let help = format!("write `use std::{module}::{};`", item.text);
                return Err(Box::new(error.help(help)));
            }
            if let Some(help) = elsewhere(&item.text) {
                return Err(Box::new(error.help(help)));
            }
        }
        let near = suggestion_after(n_found, &item.text, public.clone());
        return Err(Box::new(match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("it has {}", listed(public))),
        }));
    };
    if !entry.public {
        let help = match crate::parses::library_module_of(&item.text) {
            Some(module) if info.path.starts_with("std::") => {
                format!("write `use std::{module}::{};`", item.text)
            }
            _ if info.path.starts_with("std::") => "the library keeps it for itself".to_owned(),
            _ => format!("write `pub` before the definition of `{}`", item.text),
        };
        return Err(Box::new(
            diagnostic!(
                E2006,
                item.span,
                "`{}` is private to `{}`",
                item.text,
                info.path
            )
            .here("private")
            .because(entry.span, "defined here without `pub`")
            .help(help),
        ));
    }
    Ok(entry.def)
}
