//! What the parties give: from input files, by what each is to give, to vectors of words for each party.

use crate::arguments::{self, Arguments};
use crate::exit::{Failure, Outcome};
use crate::inputs::fit::{ignored, is_option, no_column};
use crate::inputs::{self, List, Table, Tree, Wrongs, cell};
use crate::seats::{Gift, Seats};
use serde::{Deserialize, Serialize};
use smpcc_circuit::program::ShapeNode;
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
use smpcc_runtime::ring::Elements;
use std::path::{Path, PathBuf};

/// What one party gives: the words of each parameter's leaves, and the open lengths. No `Debug`: these are secrets.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PartyInputs {
    /// By parameter. They are too long to go to another process as text.
    #[serde(skip)]
    pub words: SortedMap<String, Vec<Elements>>,
    /// By [`schema::len_key`].
    pub lens: SortedMap<String, u64>,
    /// What of a giver who is away is called in messages, by its number: the name of its share file.
    #[serde(default)]
    pub given: SortedMap<u32, String>,
    /// What the party should know of its files.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// What a party gives, before it is matched with what it is to give.
pub enum Source {
    /// All of it.
    Whole(Tree),
    /// A folder with a file for each parameter: its name, the place for messages, the value.
    Parts(Vec<(String, String, Tree)>),
}

/// Input values before they are matched with parties: a tree per party key, or one tree per party file.
pub struct Given {
    /// Where they come from, for messages.
    place: String,
    /// Whether they are the samples beside the program: of these, what is for more parties than there are is left aside.
    sample: bool,
    /// Per entry: the key (party number or role), the place for messages, what is given.
    entries: Vec<(String, String, Source)>,
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

/// The input files in a folder and in the folders of parties there, in order, or the one file.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in entries(path)? {
        if entry.is_dir() {
            found.extend(entries(&entry)?.into_iter().filter(|file| !file.is_dir()));
        } else {
            found.push(entry);
        }
    }
    Ok(found)
}

/// The input files and the folders in a folder, in order.
fn entries(path: &Path) -> Outcome<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|dir| dir.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>())
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    entries.retain(|entry| entry.is_dir() || inputs::is_input(entry));
    entries.sort();
    Ok(entries)
}

/// A file in a folder that a party may have been meant to give its inputs in, of a kind that is not read.
fn unread(folder: &str, seats: &Seats, party: u32) -> Option<String> {
    let files = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<PathBuf> = files.filter_map(|f| Some(f.ok()?.path())).collect();
    names.sort();
    let file = names.iter().find(|path| {
        !path.is_dir() && !inputs::is_input(path) && seats.party(&key_of(path)) == Some(party)
    })?;
    Some(file.file_name()?.to_string_lossy().into_owned())
}

/// What an entry of a folder is for: the name of a file without its ending, or that of a folder.
fn key_of(path: &Path) -> String {
    let name = if path.is_dir() {
        path.file_name()
    } else {
        path.file_stem()
    };
    name.map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}

/// Reads what one party gives: a file, or a folder with one file for each parameter.
///
/// # Errors
/// Files that cannot be read as inputs.
pub fn read_party(path: &Path) -> Outcome<Source> {
    if !path.is_dir() {
        let tree = inputs::read_file(path).map_err(Failure::usage)?;
        return Ok(Source::Whole(tree));
    }
    let mut parts = Vec::new();
    for file in entries(path)? {
        if file.is_dir() {
            continue;
        }
        let name = key_of(&file);
        if parts.iter().any(|(known, _, _)| *known == name) {
            let shown = path.display();
            return Err(Failure::usage(format!("{shown}: two files give `{name}`")));
        }
        let tree = inputs::read_file(&file).map_err(Failure::usage)?;
        parts.push((name, file.display().to_string(), tree));
    }
    Ok(Source::Parts(parts))
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
    let mut given = Vec::new();
    if path.is_dir() {
        let found = entries(&path)?;
        if found.is_empty() {
            return Err(Failure::usage(format!(
                "{place}: no input file is in this folder; write a file for each party (`.json`, `.toml` or `.csv`), or let `smpcc inputs` write them"
            )));
        }
        for entry in found {
            let key = key_of(&entry);
            if given.iter().any(|(k, _, _)| *k == key) {
                return Err(Failure::usage(format!(
                    "{place}: two entries give inputs for `{key}`"
                )));
            }
            given.push((key, entry.display().to_string(), read_party(&entry)?));
        }
    } else {
        let tree = inputs::read_file(&path).map_err(Failure::usage)?;
        return Given::of_tree(tree, place, option.is_none()).map(Some);
    }
    Ok(Some(Given {
        place,
        sample: option.is_none(),
        entries: given,
    }))
}

/// The entry beside the parties that holds public arguments.
const ARGUMENTS: &str = "args";

impl Given {
    /// What an object gives that has an entry for each party. `place` is for messages; of samples, what is for more parties than there
    /// are is left aside.
    ///
    /// # Errors
    /// Something else than an object.
    pub fn of_tree(tree: Tree, place: String, sample: bool) -> Outcome<Self> {
        let Tree::Map(map) = tree else {
            return Err(Failure::usage(format!(
                "{place}: expected an object with one entry per party, found {}",
                tree.kind()
            )));
        };
        let entry = |(key, tree)| {
            let at = format!("{place}, `{key}`");
            (key, at, Source::Whole(tree))
        };
        Ok(Self {
            entries: map.into_iter().map(entry).collect(),
            place,
            sample,
        })
    }

    /// Takes the public arguments out that stand beside the parties, unless a party is called like that.
    ///
    /// # Errors
    /// Something else than an object with a value for each.
    pub fn take_arguments(&mut self, is_party: impl Fn(&str) -> bool) -> Outcome<Arguments> {
        let at = self.entries.iter().position(|(key, _, _)| key == ARGUMENTS);
        let Some(at) = at.filter(|_| !is_party(ARGUMENTS)) else {
            return Ok(Arguments::new());
        };
        let (_, place, source) = self.entries.remove(at);
        match source {
            Source::Whole(tree) => arguments::of_tree(&tree, &place),
            Source::Parts(_) => Err(Failure::usage(format!(
                "{place}: public arguments stand in one file"
            ))),
        }
    }

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
        for (key, place, source) in &self.entries {
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
            *slot = Some(one_party(seats, party, source, place)?);
        }
        (0u32..)
            .zip(found)
            .map(|(party, inputs)| match inputs {
                Some(inputs) => Ok(inputs),
                None if seats.gifts(party).is_empty() => Ok(PartyInputs::default()),
                None => Err(match unread(&self.place, seats, party) {
                    Some(file) => Failure::usage(format!(
                        "{}: `{file}` is not read: inputs are .json, .toml, .csv and .parquet files",
                        self.place
                    )),
                    None => seats.missing(&self.place, party),
                }),
            })
            .collect()
    }
}

/// Takes what one party gives. A sheet (CSV) is the value of a lone table or matrix; else its columns are parameters, and where
/// no parameter is a list, its only row is.
///
/// # Errors
/// What is missing, unknown or does not fit, by place, row and field.
pub fn one_party(seats: &Seats, party: u32, source: &Source, place: &str) -> Outcome<PartyInputs> {
    let gifts = seats.gifts(party);
    let mut inputs = PartyInputs::default();
    let tree = match source {
        Source::Whole(tree) => tree,
        Source::Parts(parts) => {
            if let Some((name, place, _)) = parts
                .iter()
                .find(|(name, _, _)| !gifts.iter().any(|gift| gift.name == *name))
            {
                return Err(unknown(seats, party, place, name));
            }
            let mut wrongs = Wrongs::default();
            for gift in gifts {
                let part = parts.iter().find(|(name, _, _)| *name == gift.name);
                let Some((_, place, tree)) = part else {
                    return Err(missing(seats, party, place, gift));
                };
                inputs.take_alone(gift, tree, place, &mut wrongs)?;
            }
            refused(&wrongs)?;
            return Ok(inputs);
        }
    };
    if let (Tree::List(_) | Tree::Table(_), [only]) = (tree, gifts)
        && (is_table(only)
            || is_matrix(only) && is_sheet(tree)
            || is_list(only) && is_list_alone(tree))
    {
        let mut wrongs = Wrongs::default();
        inputs.take_alone(only, tree, place, &mut wrongs)?;
        refused(&wrongs)?;
        return Ok(inputs);
    }
    let columns;
    let tree = match tree {
        Tree::Table(table) if table.sheet => {
            columns = inputs.parameters(table, gifts, place)?;
            &columns
        }
        Tree::Table(table) => {
            let lists = table.columns.iter();
            let lists = lists.map(|(name, cells)| (name.clone(), Tree::List(cells.clone())));
            columns = Tree::Map(lists.collect());
            &columns
        }
        Tree::List(rows) => {
            columns = as_columns(rows);
            &columns
        }
        other => other,
    };
    let Tree::Map(entries) = tree else {
        return Err(Failure::usage(format!(
            "{place}: expected an object with the party's inputs, found {}",
            tree.kind()
        )));
    };
    if let Some((name, _)) = entries
        .iter()
        .find(|(key, _)| !gifts.iter().any(|gift| gift.name == *key))
    {
        return Err(unknown(seats, party, place, name));
    }
    let mut wrongs = Wrongs::default();
    for gift in gifts {
        let Some(value) = tree.get(&gift.name) else {
            return Err(missing(seats, party, place, gift));
        };
        let at = format!("{place}, `{}`", gift.name);
        inputs.take(gift, value, &at, &mut wrongs);
    }
    refused(&wrongs)?;
    Ok(inputs)
}

/// Nothing, unless values are wrong.
fn refused(wrongs: &Wrongs) -> Outcome {
    wrongs
        .text()
        .map_or(Ok(()), |text| Err(Failure::usage(text)))
}

impl PartyInputs {
    /// Takes the value of a parameter.
    fn take(&mut self, gift: &Gift, value: &Tree, place: &str, wrongs: &mut Wrongs) {
        let leaves = inputs::leaves_or(value, &gift.shape, place, wrongs);
        self.words.insert(gift.name.clone(), leaves.words);
        for (depth, len) in leaves.open_lens {
            self.lens.insert(schema::len_key(&gift.name, depth), len);
        }
        self.notes.extend(leaves.notes);
    }

    /// Takes the value of a parameter that has a file to itself.
    fn take_alone(
        &mut self,
        gift: &Gift,
        tree: &Tree,
        place: &str,
        wrongs: &mut Wrongs,
    ) -> Outcome {
        let at = format!("{place}, `{}`", gift.name);
        match tree {
            Tree::Table(table) if table.sheet && is_matrix(gift) => {
                self.take(gift, &Tree::List(table.matrix()), &at, wrongs);
            }
            Tree::Table(table) if table.sheet && !is_table(gift) => {
                let own = self.parameters(table, std::slice::from_ref(gift), place)?;
                match own.get(&gift.name) {
                    Some(value) => self.take(gift, value, &at, wrongs),
                    None => return Err(Failure::bug("a column that was looked up is not there")),
                }
            }
            tree => self.take(gift, tree, &at, wrongs),
        }
        Ok(())
    }

    /// The parameters that a sheet gives: its columns, or the cells of its only row where none is a list.
    fn parameters(&mut self, table: &Table, gifts: &[Gift], place: &str) -> Outcome<Tree> {
        let wrong = |what: String| Failure::usage(format!("{place}: {what}"));
        let columns: Vec<String> = gifts.iter().flat_map(Gift::columns).collect();
        if let Some(gift) = gifts.iter().find(|gift| is_table(gift) || is_matrix(gift)) {
            let names: Vec<String> = gifts.iter().map(|g| format!("{}.csv", g.name)).collect();
            return Err(wrong(format!(
                "`{}` needs a file to itself: give a folder with {} in the place of this one",
                gift.name,
                names.join(", ")
            )));
        }
        table.check_header(&columns).map_err(|e| {
            wrong(format!(
                "{e} (the program asks for {})",
                inputs::header(&columns)
            ))
        })?;
        if let Some(missing) = columns.iter().find(|name| table.column(name).is_none()) {
            return Err(wrong(no_column(table, missing, &columns)));
        }
        let unasked = table.unasked(&columns).map_err(wrong)?;
        if !unasked.is_empty() {
            self.notes.push(ignored(place, &unasked));
        }
        let with_empty;
        let table = match gifts {
            [gift] if matches!(gift.shape.0.get(..2), Some([ShapeNode::Array(_), item]) if is_option(item)) =>
            {
                with_empty = table.with_empty_lines();
                &with_empty
            }
            _ => table,
        };
        let one_row = gifts.iter().find(|gift| !is_list(gift));
        if let Some(gift) = one_row
            && table.rows != 1
        {
            let names: Vec<String> = gifts.iter().map(|g| format!("{}.csv", g.name)).collect();
            return Err(wrong(match gifts.iter().find(|gift| is_list(gift)) {
                Some(list) => format!(
                    "`{}` is one value and `{}` a list: give a folder with {} in the place of this file",
                    gift.name,
                    list.name,
                    names.join(", ")
                ),
                None => format!(
                    "`{}` is one value, so that the file has one row under its header, not {}",
                    gift.name, table.rows
                ),
            }));
        }
        let cells = |name: &str| table.column(name).cloned().unwrap_or_default();
        let cell = |name: &str| cells(name).get(0).map_or(Tree::Null, |c| c.into_owned());
        let value = |gift: &Gift| match gift.shape.0.first() {
            Some(ShapeNode::Array(Some(2..)))
                if table.rows == 1 && is_hex(gift, &cell(&gift.name)) =>
            {
                cell(&gift.name)
            }
            Some(ShapeNode::Array(_)) => Tree::List(cells(&gift.name)),
            Some(ShapeNode::Struct { fields, .. }) => {
                let fields = fields.iter().map(|field| (field.clone(), cell(field)));
                Tree::Map(fields.collect())
            }
            _ => cell(&gift.name),
        };
        let values = gifts.iter().map(|gift| (gift.name.clone(), value(gift)));
        Ok(Tree::Map(values.collect()))
    }
}

fn unknown(seats: &Seats, party: u32, place: &str, name: &str) -> Failure {
    let gives = match seats.listed(party) {
        nothing if nothing.is_empty() => "nothing".to_owned(),
        names => names,
    };
    Failure::usage(format!(
        "{place}: unknown input {}; {} gives {gives}",
        inputs::name(name),
        called(seats, party)
    ))
}

fn missing(seats: &Seats, party: u32, place: &str, gift: &Gift) -> Failure {
    Failure::usage(format!(
        "{place}: input `{}` of {} is missing",
        gift.name,
        called(seats, party)
    ))
}

/// A party by its role, or by its number where no roles are declared.
fn called(seats: &Seats, party: u32) -> String {
    match seats.names.get(party as usize) {
        Some(name) if !name.starts_with("party ") => format!("`{name}`"),
        _ => format!("party {party}"),
    }
}

fn is_sheet(tree: &Tree) -> bool {
    matches!(tree, Tree::Table(table) if table.sheet)
}

fn is_list(gift: &Gift) -> bool {
    matches!(gift.shape.0.first(), Some(ShapeNode::Array(_)))
}

/// Whether a lone cell is all bits or bytes of an array. Of a list of any length, and of one item, it is the only item: the next row does not
/// change what a cell means.
fn is_hex(gift: &Gift, cell: &Tree) -> bool {
    let item = gift.shape.0.get(1).and_then(inputs::bits_or_bytes);
    item.is_some() && matches!(cell, Tree::Text(text) if cell::after_0x(text).is_some())
}

fn is_table(gift: &Gift) -> bool {
    matches!(
        gift.shape.0.as_slice(),
        [ShapeNode::Array(_), ShapeNode::Struct { .. }, ..]
    )
}

fn is_matrix(gift: &Gift) -> bool {
    matches!(
        gift.shape.0.as_slice(),
        [ShapeNode::Array(_), ShapeNode::Array(_), ..]
    )
}

/// Whether it is a list of values, and not of rows with names.
fn is_list_alone(tree: &Tree) -> bool {
    match tree {
        Tree::List(items) => !items
            .get(0)
            .is_some_and(|first| matches!(*first, Tree::Map(_))),
        _ => false,
    }
}

/// The columns of a list of objects; what is no object is left aside.
pub(crate) fn as_columns(rows: &List) -> Tree {
    let mut columns: Vec<(String, List)> = Vec::new();
    let mut at: SortedMap<String, usize> = SortedMap::new();
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
