//! Names that several programs have: what a module declares is used by programs that the module knows nothing of.

use super::documents::{Documents, Found};
use super::{Refusal, edits, notes};
use serde_json::Value;
use smpcc_compiler::ide::{self, Program};
use smpcc_compiler::source::FileId;
use std::rc::Rc;

/// A name in a program: a file of it, and an offset there.
type Name = (Rc<Program>, FileId, u32);

/// The name at an offset of a document, in its own program first, and where its declaration is in others.
fn everywhere(documents: &Documents, found: &Found, at: u32) -> Vec<Name> {
    let mut all = vec![(found.program.clone(), found.file, at)];
    let Some(place) = ide::shared(&found.program, found.file, at) else {
        return all;
    };
    let name = &found.program.sources.file(place.file).name;
    for program in documents.users(name) {
        if let Some(file) = program.sources.find(name)
            && !Rc::ptr_eq(&program, &found.program)
        {
            all.push((program, file, place.start));
        }
    }
    all
}

/// All places of a name.
pub fn references(documents: &Documents, found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let declaration = params["context"]["includeDeclaration"] == true;
    let mut all: Vec<Value> = Vec::new();
    for (program, file, at) in everywhere(documents, found, at) {
        for place in ide::references(&program, file, at, declaration) {
            let location = notes::location(&program, place, found.utf8);
            all.extend(location.filter(|location| !all.contains(location)));
        }
    }
    Ok(Value::Array(all))
}

/// Another name in all programs, if each of them stays the same.
pub fn rename(documents: &Documents, found: &Found, params: &Value) -> Result<Value, Refusal> {
    let at = found.offset(&params["position"])?;
    let name = params["newName"].as_str();
    let name = name.ok_or_else(|| Refusal::params("no name"))?;
    let mut all = Vec::new();
    for (program, file, at) in everywhere(documents, found, at) {
        let edits = ide::rename(&program, file, at, name).map_err(|why| {
            Refusal::failed(match Rc::ptr_eq(&program, &found.program) {
                true => why,
                false => format!("{}: {why}", program.sources.file(program.root).name),
            })
        })?;
        all.push((program, edits));
    }
    Ok(edits::of_programs(&all, found.utf8))
}
