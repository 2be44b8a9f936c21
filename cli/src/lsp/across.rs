//! Names that several programs have: what a module declares is used by programs that the module knows nothing of.

use super::documents::{Documents, Found};
use super::opened::Opened;
use super::{Refusal, edits, notes};
use serde_json::Value;
use smpcc_compiler::ide;
use smpcc_compiler::source::FileId;
use std::rc::Rc;

/// A name in a program: a file of it, and an offset there.
type Name = (Rc<Opened>, FileId, u32);

/// The name at an offset of a document, in its own program first, and where its declaration is in others; with the reason why these may not
/// be all.
fn everywhere(documents: &Documents, found: &Found, at: u32) -> (Vec<Name>, Option<String>) {
    let mut all = vec![(found.program.clone(), found.file, at)];
    let Some(place) = ide::shared(&found.program, found.file, at) else {
        return (all, None);
    };
    let Some(path) = found.program.path(place.file) else {
        return (all, None);
    };
    let word = found.program.sources.text(place);
    let (programs, unread) = documents.users(path, word);
    for program in programs {
        if let Some(file) = program.find(path)
            && !Rc::ptr_eq(&program, &found.program)
        {
            all.push((program, file, place.start));
        }
    }
    let unread = unread.first();
    let why = unread.map(|(file, why)| format!("{} cannot be read: {why}", file.display()));
    (all, why)
}

/// All places of a name.
pub fn references(documents: &Documents, found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let declaration = params["context"]["includeDeclaration"] == true;
    let mut all: Vec<Value> = Vec::new();
    for (program, file, at) in everywhere(documents, found, at).0 {
        for place in ide::references(&program, file, at, declaration) {
            let location = notes::location(&program, place, found.utf8);
            all.extend(location.filter(|location| !all.contains(location)));
        }
    }
    Ok(Value::Array(all))
}

/// The place of a name that can have another one.
pub fn nameable(documents: &Documents, found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let place = ide::nameable(&found.program, found.file, at).map_err(Refusal::failed)?;
    is_here(documents, found, at)?;
    Ok(found.range(place))
}

/// Another name in all programs, if each of them stays the same.
pub fn rename(documents: &Documents, found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let name = params["newName"].as_str();
    let name = name.ok_or_else(|| Refusal::params("no name"))?;
    is_here(documents, found, at)?;
    let (names, unsure) = everywhere(documents, found, at);
    let mut all = Vec::new();
    for (program, file, at) in names {
        let edits = ide::rename(&program, file, at, name).map_err(|why| {
            Refusal::failed(match Rc::ptr_eq(&program, &found.program) {
                true => why,
                false => format!("{}: {why}", program.sources.file(program.root).name),
            })
        })?;
        all.push((program, edits));
    }
    match unsure {
        Some(why) => Err(Refusal::failed(why)),
        None => Ok(edits::of_programs(&all, found.utf8)),
    }
}

/// Refuses another name for what is declared where nobody can tell who uses it besides.
fn is_here(documents: &Documents, found: &Found, at: u32) -> Result<(), Refusal> {
    let Some(place) = ide::shared(&found.program, found.file, at) else {
        return Ok(());
    };
    let name = found.program.sources.text(place);
    match found.program.path(place.file) {
        Some(path) if !documents.holds(path) => Err(Refusal::failed(format!(
            "`{name}` is declared in {}, outside of the workspace, where other programs may use it: open that folder, too",
            path.display()
        ))),
        _ => Ok(()),
    }
}
