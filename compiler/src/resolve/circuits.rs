//! Declared circuits: the gates of their files, and the functions that stand for them.

use super::in_folder_of;
use crate::ast::{self, Name};
use crate::diagnostic::Diagnostic;
use crate::source::SourceSet;
use crate::{diagnostic, imported};
use smpcc_circuit::bristol;
use smpcc_circuit::template::Template;

/// The gates in the file that a declaration names.
pub(super) fn netlist(
    sources: &SourceSet,
    decl: &ast::CircuitDecl,
    out: &mut Vec<Diagnostic>,
) -> Option<Template> {
    let path = &decl.file.text;
    if !decl.is_portable() {
        let error = diagnostic!(E2010, decl.file.span, "`{path}` is not a path from here");
        out.push(
            error
                .here("not a path that every party has")
                .help("write a path from this file's folder down, with `/` between its parts and without `..`"),
        );
        return None;
    }
    let own = sources.get(decl.file.span.file)?;
    let file = sources
        .find(&in_folder_of(&own.name, path))
        .and_then(|id| sources.get(id));
    let Some(file) = file else {
        let error = diagnostic!(E2010, decl.file.span, "there is no file `{path}` here");
        out.push(
            error
                .here("not found")
                .help("paths go from the folder of this source file"),
        );
        return None;
    };
    let malformed = |why: String| {
        diagnostic!(E2011, decl.file.span, "`{path}` is not a circuit: {why}")
            .here("read here")
            .help("circuits are files in Bristol Fashion or in the older Bristol format")
    };
    if file.text.len() > imported::MAX_FILE_BYTES {
        let limit = imported::MAX_FILE_BYTES;
        out.push(malformed(format!(
            "line 1: the file has more than {limit} bytes"
        )));
        return None;
    }
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    match bristol::read(&decl.name.text, text) {
        Ok(netlist) if netlist.gates.len() > imported::MAX_GATES => {
            let (n, limit) = (netlist.gates.len(), imported::MAX_GATES);
            out.push(malformed(format!(
                "line 1: {n} gates; at most {limit} are read"
            )));
            None
        }
        Ok(netlist) => Some(netlist),
        Err(error) => {
            out.push(malformed(error.to_string()));
            None
        }
    }
}

/// The function that stands for an imported circuit.
pub(super) fn as_function(decl: &ast::CircuitDecl) -> ast::FnDecl {
    let letter = |at: usize| match u8::try_from(at) {
        Ok(at) if at < 26 => char::from(b'a' + at).to_string(),
        _ => format!("x{at}"),
    };
    let params = decl.params.iter().enumerate();
    let params = params
        .map(|(at, ty)| ast::Param {
            docs: String::new(),
            mutable: false,
            name: Name {
                text: letter(at),
                span: ty.span,
            },
            ty: ty.clone(),
            from: None,
        })
        .collect();
    ast::FnDecl {
        name: decl.name.clone(),
        generics: Vec::new(),
        params,
        result: ast::Ret::One(decl.result.clone(), None),
        body: ast::Block {
            stmts: Vec::new(),
            tail: None,
            span: decl.file.span,
        },
        head: decl.head,
    }
}
