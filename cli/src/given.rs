//! What the parties give: from input files, by the program's schema, to vectors of words for each party.

use crate::exit::{Failure, Outcome};
use crate::inputs::{self, List, Tree};
use serde::{Deserialize, Serialize};
use smpcc_circuit::program::ShapeNode;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema::{self, ParamSchema, Schema};
use smpcc_runtime::ring::Elements;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What one party gives: the words of each parameter's leaves, and the open lengths. No `Debug`: these are secrets.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PartyInputs {
    /// By parameter. They are too long to go to another process as text.
    #[serde(skip)]
    pub words: BTreeMap<String, Vec<Elements>>,
    /// By [`schema::len_key`].
    pub lens: BTreeMap<String, u64>,
}

/// Input values before they are matched with parties: a tree per party key, or one tree per party file.
pub struct Given {
    /// Where they come from, for messages.
    place: String,
    /// Whether they are the samples beside the program: of these, what is for more parties than there are is left aside.
    sample: bool,
    /// Per entry: the key (party number or role), the place for messages, the tree.
    entries: Vec<(String, String, Tree)>,
}

/// Reads `--inputs`, or the sample inputs beside the program; `None` when there are none.
pub fn given(program: &Path, option: Option<&PathBuf>) -> Outcome<Option<Given>> {
    let path = match option {
        Some(path) => path.clone(),
        None => {
            let file = program.with_extension("inputs.json");
            let folder = program.with_extension("inputs");
            if file.is_file() {
                file
            } else if folder.is_dir() {
                folder
            } else {
                return Ok(None);
            }
        }
    };
    let place = path.display().to_string();
    let mut entries = Vec::new();
    if path.is_dir() {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&path)
            .and_then(|dir| dir.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>())
            .map_err(|e| Failure::usage(format!("cannot read {place}: {e}")))?;
        files.sort();
        for file in files.into_iter().filter(|f| {
            matches!(
                f.extension().and_then(|e| e.to_str()),
                Some("json" | "toml" | "csv")
            )
        }) {
            let key = file
                .file_stem()
                .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
            let tree = inputs::read_file(&file).map_err(Failure::usage)?;
            if entries.iter().any(|(k, _, _)| *k == key) {
                return Err(Failure::usage(format!(
                    "{place}: two files give inputs for `{key}`"
                )));
            }
            entries.push((key, file.display().to_string(), tree));
        }
    } else {
        match inputs::read_file(&path).map_err(Failure::usage)? {
            Tree::Map(map) => {
                for (key, tree) in map {
                    let at = format!("{place}, `{key}`");
                    entries.push((key, at, tree));
                }
            }
            other => {
                return Err(Failure::usage(format!(
                    "{place}: expected an object with one entry per party, found {}",
                    other.kind()
                )));
            }
        }
    }
    Ok(Some(Given {
        place,
        sample: option.is_none(),
        entries,
    }))
}

impl Given {
    /// The number of parties that the keys speak of (one more than the largest number, or all named roles).
    pub fn n_parties(&self) -> u32 {
        let numbered = self
            .entries
            .iter()
            .filter_map(|(k, _, _)| k.parse::<u32>().ok())
            .max()
            .map_or(0, |n| n.saturating_add(1));
        numbered.max(self.entries.len() as u32)
    }

    /// Matches the entries with the parties and their parameters. `only` limits it to one party of a deployment.
    pub fn match_parties(&self, hir: &Hir, role_counts: &[u32]) -> Outcome<Vec<PartyInputs>> {
        let names = schema::party_names(hir, role_counts);
        let schema = schema::schema(hir);
        let mut found: Vec<Option<PartyInputs>> = vec![None; names.len()];
        for (key, place, tree) in &self.entries {
            let party = key
                .parse::<usize>()
                .ok()
                .filter(|n| *n < names.len())
                .or_else(|| {
                    names.iter().position(|n| {
                        n == key
                            || format!("{key}[0]") == *n && !names.contains(&format!("{key}[1]"))
                    })
                });
            let Some(party) = party else {
                let role = key.split_once('[').map_or("", |(role, _)| role);
                if self.sample
                    && (key.parse::<u32>().is_ok() || hir.roles.iter().any(|r| r.name == role))
                {
                    continue;
                }
                let hint = if schema.params.iter().any(|p| p.name == *key) {
                    "; an input stands under the party that gives it"
                } else {
                    ""
                };
                return Err(Failure::usage(format!(
                    "{}: `{key}` is no party of this run; the parties are {}{hint}",
                    self.place,
                    party_list(&names)
                )));
            };
            if found[party].is_some() {
                return Err(Failure::usage(format!(
                    "{}: inputs of party {party} stand twice",
                    self.place
                )));
            }
            found[party] = Some(one_party(&schema, role_counts, party as u32, tree, place)?);
        }
        found
            .into_iter()
            .enumerate()
            .map(|(party, inputs)| match inputs {
                Some(inputs) => Ok(inputs),
                None if owned(&schema, role_counts, party as u32).is_empty() => {
                    Ok(PartyInputs::default())
                }
                None => Err(Failure::usage(missing(
                    &self.place,
                    &schema,
                    role_counts,
                    party as u32,
                    &names,
                ))),
            })
            .collect()
    }
}

/// What is missing for whom.
fn missing(
    place: &str,
    schema: &Schema,
    role_counts: &[u32],
    party: u32,
    names: &[String],
) -> String {
    let params: Vec<String> = owned(schema, role_counts, party)
        .iter()
        .map(|p| format!("`{}`", p.name))
        .collect();
    let name = names.get(party as usize).map_or("", String::as_str);
    let role = if name.starts_with("party ") || name.is_empty() {
        String::new()
    } else {
        format!(" ({name})")
    };
    format!(
        "{place}: no inputs for party {party}{role}, who gives {}",
        params.join(", ")
    )
}

fn party_list(names: &[String]) -> String {
    names
        .iter()
        .enumerate()
        .map(|(i, n)| {
            if n.starts_with("party ") {
                format!("{i}")
            } else {
                format!("{i} ({n})")
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// The parameters that a party gives.
pub fn owned<'a>(schema: &'a Schema, role_counts: &[u32], party: u32) -> Vec<&'a ParamSchema> {
    schema
        .params
        .iter()
        .filter(|p| p.owners(role_counts).contains(&party))
        .collect()
}

/// Takes what one party gives from its tree. A table (CSV) is the value of a lone parameter, or its columns are parameters.
pub fn one_party(
    schema: &Schema,
    role_counts: &[u32],
    party: u32,
    tree: &Tree,
    place: &str,
) -> Outcome<PartyInputs> {
    let params = owned(schema, role_counts, party);
    let mut inputs = PartyInputs::default();
    let nothing = Tree::Map(Vec::new());
    let columns;
    let (tree, table) = match (tree, params.as_slice()) {
        (Tree::List(_) | Tree::Table(..), [only]) if is_table(only) => (&nothing, Some(tree)),
        (Tree::Table(_, table), _) => {
            let lists = table
                .iter()
                .map(|(n, c)| (n.clone(), Tree::List(c.clone())));
            columns = Tree::Map(lists.collect());
            (&columns, None)
        }
        (Tree::List(rows), _) => {
            columns = as_columns(rows);
            (&columns, None)
        }
        (other, _) => (other, None),
    };
    let Tree::Map(entries) = tree else {
        return Err(Failure::usage(format!(
            "{place}: expected an object with the party's inputs, found {}",
            tree.kind()
        )));
    };
    if let Some((unknown, _)) = entries
        .iter()
        .find(|(key, _)| !params.iter().any(|p| p.name == *key))
    {
        let names: Vec<String> = params.iter().map(|p| format!("`{}`", p.name)).collect();
        let gives = if names.is_empty() {
            "nothing".into()
        } else {
            names.join(", ")
        };
        return Err(Failure::usage(format!(
            "{place}: unknown input `{unknown}`; party {party} gives {gives}"
        )));
    }
    for param in params {
        let Some(value) = table.or_else(|| tree.get(&param.name)) else {
            return Err(Failure::usage(format!(
                "{place}: input `{}` of party {party} is missing",
                param.name
            )));
        };
        let leaves = inputs::leaves(value, &param.shape, &format!("{place}, `{}`", param.name))
            .map_err(Failure::usage)?;
        inputs.words.insert(param.name.clone(), leaves.words);
        for (depth, len) in leaves.open_lens {
            inputs.lens.insert(schema::len_key(&param.name, depth), len);
        }
    }
    Ok(inputs)
}

fn is_table(param: &ParamSchema) -> bool {
    matches!(
        param.shape.0.as_slice(),
        [ShapeNode::Array(_), ShapeNode::Struct { .. }, ..]
    )
}

fn as_columns(rows: &List) -> Tree {
    let mut columns: Vec<(String, List)> = Vec::new();
    for row in rows.iter() {
        if let Tree::Map(cells) = &*row {
            for (name, cell) in cells {
                match columns.iter_mut().find(|(n, _)| n == name) {
                    Some((_, cells)) => cells.push(cell.clone()),
                    None => columns.push((name.clone(), [cell.clone()].into_iter().collect())),
                }
            }
        }
    }
    let columns = columns.into_iter();
    Tree::Map(columns.map(|(n, cells)| (n, Tree::List(cells))).collect())
}

/// The number of parties: asked for, or fixed by the roles, or what the inputs hold.
pub fn n_parties(hir: &Hir, asked: Option<u32>, given: Option<&Given>) -> Outcome<u32> {
    if let Some(n) = asked {
        return Ok(n);
    }
    if hir.roles.iter().all(|r| r.max == Some(r.min)) {
        return Ok(hir.roles.iter().map(|r| r.min).sum());
    }
    match given {
        Some(given) => Ok(given.n_parties()),
        None => Err(Failure::usage(
            "the program does not fix the number of parties, and there are no inputs to count: say --parties N",
        )),
    }
}
