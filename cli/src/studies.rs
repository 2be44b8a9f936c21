//! A study with the program that it names: read, compared, and looked at for what it reveals.

use crate::exit::{Failure, Outcome};
use crate::reading;
use crate::source::{self, Source};
use smpcc_circuit::program::Shape;
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema::{self, ParamSchema, Schema};
use smpcc_compiler::session::Session;
use smpcc_runtime::hash::sha256;
use smpcc_study::signature;
use smpcc_study::study::{Contributors, Input, MAX_LEN, Study};
use smpcc_study::types;
use std::path::{Path, PathBuf};

/// Contributors in the session that shows what a program reveals: what it reveals does not follow from how many there are.
const SHOWN: u64 = 3;

/// Reads a study.
///
/// # Errors
/// What is wrong with the file.
pub fn read(path: &Path) -> Outcome<Study> {
    let shown = path.display();
    let bytes = reading::bytes(path, MAX_LEN as u64)
        .map_err(|e| Failure::usage(format!("cannot read {shown}: {e}")))?;
    Study::read(&bytes).map_err(|e| Failure::usage(format!("{shown}: {e}")))
}

/// Reads the program that a study names, and compares it with the hashes that stand there.
///
/// # Errors
/// A file that is not the one that was agreed on, or one that the study does not list.
pub fn program(path: &Path, study: &Study) -> Outcome<Source> {
    let program = &study.terms().program;
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = source::read(&folder.join(&program.root.0))?;
    let mut expected: SortedMap<PathBuf, [u8; 32]> = SortedMap::new();
    for (file, hash) in [(&program.root.0, &program.root.1)]
        .into_iter()
        .chain(&program.modules)
    {
        expected.insert(folder.join(file), *hash);
    }
    for (name, text) in source.own_files() {
        match expected.remove(Path::new(&name)) {
            Some(hash) if hash == sha256(text.as_bytes()).0 => {}
            Some(_) => {
                return Err(Failure::usage(format!(
                    "{name} is not the program of this study: its SHA-256 is {}",
                    &sha256(text.as_bytes()).to_string()["sha256:".len()..]
                )));
            }
            None => {
                return Err(Failure::usage(format!(
                    "the program uses {name}, which the study does not list"
                )));
            }
        }
    }
    match expected.keys().next() {
        Some(file) => Err(Failure::usage(format!(
            "the study lists {}, which the program does not use",
            file.display()
        ))),
        None => Ok(source),
    }
}

/// Whether the program and the study mean the same by what contributors give, and by who plays which role.
///
/// # Errors
/// Roles, inputs or types that differ, numbers of contributions that the program does not take, and a role that nobody plays.
pub fn contributed(study: &Study, hir: &Hir) -> Outcome {
    let terms = study.terms();
    let schema = schema::schema(hir);
    for who in &terms.contributors {
        given(&schema, who)?;
    }
    let role_of = |text: &str| text.split('[').next().unwrap_or_default().to_owned();
    let played: Vec<String> = (terms.receivers.iter().map(|r| role_of(&r.role)))
        .chain(
            terms
                .nodes
                .iter()
                .filter_map(|n| n.role.as_deref().map(role_of)),
        )
        .chain(terms.contributors.iter().map(|who| who.role.clone()))
        .collect();
    for role in &played {
        if schema.roles.iter().all(|r| r.name != *role) {
            return wrong(format!("the program has no role `{role}`"));
        }
    }
    // Nobody need be what there may be none of: the results of shards are given so.
    let mut needed = schema.roles.iter().filter(|r| r.min > 0);
    match needed.find(|r| !played.contains(&r.name)) {
        Some(role) => wrong(format!("nobody is the program's `{}`", role.name)),
        None => Ok(()),
    }
}

fn wrong<T>(what: String) -> Outcome<T> {
    Err(Failure::usage(format!("the study: {what}")))
}

/// Whether the program takes from a role what the study says that its contributors give, and so many of them.
fn given(schema: &Schema, who: &Contributors) -> Outcome {
    let given = given_by(schema, &who.role)
        .ok_or_else(|| Failure::usage(format!("the program has no role `{}`", who.role)))?;
    for param in &given {
        let ty = type_name(param);
        match who.inputs.iter().find(|i| i.name == param.name) {
            None => {
                return wrong(format!(
                    "the program takes `{}` from `{}`, and contributors.input does not say so",
                    param.name, who.role
                ));
            }
            Some(input) if input.scalar != ty => {
                return wrong(format!(
                    "`{}` is `{ty}` in the program, not `{}`",
                    param.name, input.scalar
                ));
            }
            Some(input) if input.layout != layout(&param.shape) => {
                return wrong(match layout(&param.shape) {
                    None => format!("`{}` needs no `layout`", param.name),
                    Some(_) => format!(
                        "`{}` is laid out in another way than contributors.input says",
                        param.name
                    ),
                });
            }
            Some(_) => {}
        }
    }
    let unknown = |input: &&Input| given.iter().all(|p| p.name != input.name);
    if let Some(input) = who.inputs.iter().find(unknown) {
        return wrong(format!(
            "the program takes no `{}` from `{}`",
            input.name, who.role
        ));
    }
    let mut roles = schema.roles.iter();
    if let Some(role) = roles.find(|r| r.name == who.role) {
        let most = role.max.map_or(u64::MAX, u64::from);
        if who.least < u64::from(role.min) || who.most > most {
            let takes = match role.max {
                Some(max) if max == role.min => format!("{max}"),
                Some(max) => format!("{} to {max}", role.min),
                None => format!("at least {}", role.min),
            };
            return wrong(format!(
                "`{}` contributes {} to {} times, and the program takes {takes}",
                who.role, who.least, who.most
            ));
        }
    }
    Ok(())
}

/// What a role gives, as the program has it; `None` where there is no such role.
pub fn given_by(schema: &Schema, role: &str) -> Option<Vec<ParamSchema>> {
    let number = schema.roles.iter().position(|r| r.name == role)?;
    let mut counts = vec![0; schema.roles.len()];
    counts[number] = 1;
    Some(
        schema
            .params
            .iter()
            .filter(|param| !param.owners(&counts).is_empty())
            .cloned()
            .collect(),
    )
}

/// The type of what one owner gives, whole, as a study writes it.
pub fn type_name(param: &ParamSchema) -> String {
    types::text(&param.shape)
}

/// What a study says of a type beside its text.
pub fn layout(shape: &Shape) -> Option<Shape> {
    types::says_no_layout(shape).then(|| shape.clone())
}

/// A session that shows what a study's program reveals: as many of each role as there are, and few contributors.
pub fn session(study: &Study, hir: &Hir) -> Session {
    let terms = study.terms();
    let schema = schema::schema(hir);
    let seats = |role: &schema::RoleSchema| {
        let plays = |text: &str| text.split('[').next() == Some(role.name.as_str());
        if let Some(who) = terms.contributing(&role.name) {
            let shown = SHOWN.min(who.most) as u32;
            return shown.max(role.min);
        }
        let nodes = terms.nodes.iter().filter_map(|n| n.role.as_deref());
        let receivers = terms.receivers.iter().map(|r| r.role.as_str());
        let n = nodes.chain(receivers).filter(|r| plays(r)).count() as u32;
        n.max(role.min)
    };
    let role_counts: Vec<u32> = schema.roles.iter().map(seats).collect();
    let lens = schema
        .params
        .iter()
        .flat_map(|param| {
            let owners = param.owners(&role_counts);
            let keys = param.len_keys();
            owners.into_iter().flat_map(move |owner| {
                let keys = keys.clone().into_iter();
                keys.map(move |(_, key)| ((key, owner), SHOWN))
            })
        })
        .collect();
    Session {
        n_parties: role_counts.iter().sum(),
        role_counts,
        args: terms.program.arguments.clone(),
        lens,
        seating: None,
    }
}

/// Where a signer's signature of a study stands.
pub fn signature_file(study: &Path, signer: &str) -> PathBuf {
    let mut name = study.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{signer}.sig"));
    study.with_file_name(name)
}

/// Of each signer whether it has signed, and if not why.
pub fn signed<'s>(path: &Path, study: &'s Study) -> Vec<(&'s str, Result<(), String>)> {
    let has = |name: &str, key| {
        let file = signature_file(path, name);
        match reading::text(&file, reading::BY_HAND) {
            Ok(text) => signature::check_study_file(&text, &study.id(), name, key)
                .map_err(|e| format!("{}: {e}", file.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(format!("there is no {}", file.display()))
            }
            Err(e) => Err(format!("cannot read {}: {e}", file.display())),
        }
    };
    let all = study.signers();
    all.map(|(name, key)| (name, has(name, key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::program::ShapeNode;
    use smpcc_circuit::value::Form;
    use smpcc_compiler::front;
    use smpcc_compiler::source::SourceSet;

    /// What a study says of a type is all that a node needs to know what the compiler makes of it.
    #[test]
    fn a_type_that_says_all_is_read_as_the_compiler_has_it() {
        let text = "struct In { x: i5 in -3..=4, of: (bool, f32) }\n\
             struct Row { age: u8 in 0..=120, when: date, at: In, word: str<3>, fee: fixed<16, 4> }\n\
             enum Ward { North, South {}, West() }\n\
             enum One { Only }\n\
             enum Kind { Own, Rented(u32) }\n\
             fn main(\n\
                 a: secret u8 in 3..=9 from each, b: [secret Row; _] from each, c: secret Ward from each,\n\
                 d: [secret Option<u8>; 4] from each, e: secret Option<In> from each, f: secret One from each,\n\
                 g: [[secret datetime; 2]; _] from each, h: (secret u128, secret i128) from each,\n\
                 i: secret Option<date> from each, j: secret Kind from each, k: secret Option<[u8; 3]> from each,\n\
             ) -> bool { b.len() == 0 }\n";
        let mut sources = SourceSet::new();
        let root = sources.add("types.smpc", text);
        let (hir, diagnostics) = front::check(&sources, root);
        let hir = hir.unwrap_or_else(|| panic!("{diagnostics:?}"));
        let params = schema::schema(&hir).params;
        assert_eq!(params.len(), 11);
        for param in params {
            let ty = type_name(&param);
            let read = types::read(&ty);
            if param.name == "j" {
                assert_eq!(ty, "enum Kind { Own, Rented(u32) }");
                assert!(read.is_none() && layout(&param.shape).is_some());
                assert!(types::fits(
                    &param.shape,
                    &ty,
                    layout(&param.shape).as_ref()
                ));
                continue;
            }
            let mut shape = param.shape.clone();
            // What a study says of a single number's range has keys of its own.
            if let [
                ShapeNode::Scalar {
                    range,
                    form: Form::Plain,
                    ..
                },
            ] = &mut shape.0[..]
            {
                *range = None;
            }
            assert_eq!(read, Some(shape), "{ty}");
            assert_eq!(layout(&param.shape), None);
        }
    }
}
