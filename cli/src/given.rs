//! What the parties give: from input files, by what each is to give, to vectors of words for each party.

use crate::exit::{Failure, Outcome};
use crate::inputs::{self, List, Tree};
use crate::seats::{Gift, Seats};
use serde::{Deserialize, Serialize};
use smpcc_circuit::program::ShapeNode;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
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

/// Where the inputs are: as asked for, or the samples beside the program; `None` when there are none.
pub fn place(program: &Path, option: Option<&PathBuf>) -> Option<PathBuf> {
    match option {
        Some(path) => Some(path.clone()),
        None => {
            let file = program.with_extension("inputs.json");
            let folder = program.with_extension("inputs");
            if file.is_file() {
                Some(file)
            } else {
                folder.is_dir().then_some(folder)
            }
        }
    }
}

/// The input files in a folder, in order, or the one file.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|dir| dir.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>())
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    files.retain(|file| {
        matches!(
            file.extension().and_then(|e| e.to_str()),
            Some("json" | "toml" | "csv")
        )
    });
    files.sort();
    Ok(files)
}

/// Reads `--inputs`, or the sample inputs beside the program; `None` when there are none.
///
/// # Errors
/// Files that cannot be read as inputs.
pub fn given(program: &Path, option: Option<&PathBuf>) -> Outcome<Option<Given>> {
    let Some(path) = place(program, option) else {
        return Ok(None);
    };
    let place = path.display().to_string();
    let mut entries = Vec::new();
    if path.is_dir() {
        for file in files(&path)? {
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

    /// Matches the entries with the parties and what they give.
    ///
    /// # Errors
    /// An entry that is no party's, a party without one, and values that do not fit.
    pub fn match_parties(&self, seats: &Seats) -> Outcome<Vec<PartyInputs>> {
        let mut found: Vec<Option<PartyInputs>> = vec![None; seats.names.len()];
        for (key, place, tree) in &self.entries {
            let Some(party) = seats.party(key) else {
                if self.sample && seats.might_be(key) {
                    continue;
                }
                let hint = if seats.inputs().any(|input| input == key) {
                    "; an input stands under the party that gives it"
                } else {
                    ""
                };
                return Err(Failure::usage(format!(
                    "{}: `{key}` is no party of this run; the parties are {}{hint}",
                    self.place,
                    seats.all()
                )));
            };
            let Some(slot) = found.get_mut(party as usize) else {
                continue;
            };
            if slot.is_some() {
                return Err(Failure::usage(format!(
                    "{}: inputs of party {party} stand twice",
                    self.place
                )));
            }
            *slot = Some(one_party(seats, party, tree, place)?);
        }
        (0u32..)
            .zip(found)
            .map(|(party, inputs)| match inputs {
                Some(inputs) => Ok(inputs),
                None if seats.gifts(party).is_empty() => Ok(PartyInputs::default()),
                None => Err(seats.missing(&self.place, party)),
            })
            .collect()
    }
}

/// Takes what one party gives from its tree. A table (CSV) is the value of a lone parameter, or its columns are parameters.
///
/// # Errors
/// What is missing, unknown or does not fit, by place, row and field.
pub fn one_party(seats: &Seats, party: u32, tree: &Tree, place: &str) -> Outcome<PartyInputs> {
    let gifts = seats.gifts(party);
    let mut inputs = PartyInputs::default();
    let nothing = Tree::Map(Vec::new());
    let columns;
    let (tree, table) = match (tree, gifts) {
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
        .find(|(key, _)| !gifts.iter().any(|gift| gift.name == *key))
    {
        let gives = match seats.listed(party) {
            nothing if nothing.is_empty() => "nothing".to_owned(),
            names => names,
        };
        return Err(Failure::usage(format!(
            "{place}: unknown input {}; party {party} gives {gives}",
            inputs::name(unknown)
        )));
    }
    for gift in gifts {
        let Some(value) = table.or_else(|| tree.get(&gift.name)) else {
            return Err(Failure::usage(format!(
                "{place}: input `{}` of party {party} is missing",
                gift.name
            )));
        };
        let leaves = inputs::leaves(value, &gift.shape, &format!("{place}, `{}`", gift.name))
            .map_err(Failure::usage)?;
        inputs.words.insert(gift.name.clone(), leaves.words);
        for (depth, len) in leaves.open_lens {
            inputs.lens.insert(schema::len_key(&gift.name, depth), len);
        }
    }
    Ok(inputs)
}

fn is_table(gift: &Gift) -> bool {
    matches!(
        gift.shape.0.as_slice(),
        [ShapeNode::Array(_), ShapeNode::Struct { .. }, ..]
    )
}

/// The columns of a list of objects; what is no object is left aside.
pub(crate) fn as_columns(rows: &List) -> Tree {
    let mut columns: Vec<(String, List)> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter() {
        if let Tree::Map(cells) = &*row {
            for (name, cell) in cells {
                match at.get(name).and_then(|i| columns.get_mut(*i)) {
                    Some((_, cells)) => cells.push(cell.clone()),
                    None => {
                        at.insert(name.clone(), columns.len());
                        columns.push((name.clone(), [cell.clone()].into_iter().collect()));
                    }
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
