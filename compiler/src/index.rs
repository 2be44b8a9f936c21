//! Where every name of a program is declared and where it is used: what navigation, hovering and renaming need.
//!
//! The checker writes it while it resolves names, also in programs with errors. Definitions are told apart by their places,
//! so that what is checked twice (closures whose types grow) is one definition. What has no place in any file, such as `u32`
//! or `len`, is a definition without one.

use crate::span::{FileId, Span};
use smpcc_circuit::sorted::SortedMap;

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A function.
    Function,
    /// An imported circuit.
    Circuit,
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// A variant of an enum.
    Variant,
    /// A field of a struct or of a result.
    Field,
    /// Another name for a type.
    Alias,
    /// A named constant.
    Constant,
    /// A role.
    Role,
    /// A module; its place is the beginning of its file.
    Module,
    /// A generic parameter.
    Generic,
    /// A parameter of a function.
    Parameter,
    /// A variable.
    Variable,
    /// A function that the compiler knows.
    Builtin,
    /// A type that the compiler knows.
    Type,
    /// A bound of a type parameter.
    Bound,
    /// An attribute or a word in one.
    Attribute,
}

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The name in the declaration; absent for what the compiler knows.
    pub place: Option<Span>,
    /// Its type or head as text, as far as it is known.
    pub ty: String,
    /// Its documentation.
    pub docs: String,
}

/// A definition of an [`Index`], by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub u32);

/// A place where a name stands, its declaration included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The name.
    pub place: Span,
    /// What it stands for.
    pub definition: DefinitionId,
}

/// All names of a program.
#[derive(Clone, Debug, Default)]
pub struct Index {
    definitions: Vec<Definition>,
    /// By place.
    occurrences: Vec<Occurrence>,
}

impl Index {
    /// All definitions.
    pub fn definitions(&self) -> impl Iterator<Item = (DefinitionId, &Definition)> {
        (0..).map(DefinitionId).zip(&self.definitions)
    }

    /// The definition with this id, if it is one of this index.
    pub fn get(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(id.0 as usize)
    }

    /// All places of names, in order.
    pub fn occurrences(&self) -> &[Occurrence] {
        &self.occurrences
    }

    /// What the name at a position stands for; the end of a name belongs to it. A short form such as `S { a }` stands for
    /// both the field and the variable.
    pub fn at(&self, file: FileId, offset: u32) -> impl Iterator<Item = Occurrence> {
        let key = (file, offset.saturating_add(1));
        let after = self
            .occurrences
            .partition_point(|o| (o.place.file, o.place.start) < key);
        let before = self.occurrences.get(..after).unwrap_or(&[]);
        before
            .iter()
            .rev()
            .take_while(move |o| o.place.file == file && o.place.end >= offset)
            .copied()
    }

    /// All places where a definition's name stands, its declaration included.
    pub fn places_of(&self, definition: DefinitionId) -> impl Iterator<Item = Span> {
        self.occurrences
            .iter()
            .filter(move |o| o.definition == definition)
            .map(|o| o.place)
    }
}

/// What a use of a name points at, while the index is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// What is declared here.
    Declared(Span),
    /// What the compiler knows, by its spelling.
    Known(Kind),
}

/// Collects an index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    definitions: SortedMap<Span, Definition>,
    uses: Vec<(Span, String, Target)>,
}

impl Recorder {
    /// Notes a declaration; of several at one place the last counts.
    pub fn define(&mut self, kind: Kind, name: &str, place: Span, ty: String, docs: &str) {
        self.definitions.insert(
            place,
            Definition {
                name: name.to_owned(),
                kind,
                place: Some(place),
                ty,
                docs: docs.to_owned(),
            },
        );
    }

    /// Notes a use.
    pub fn refer(&mut self, name: &str, place: Span, target: Target) {
        self.uses.push((place, name.to_owned(), target));
    }

    /// The index. Uses of what was never declared, because a mistake stood in the way, are left out.
    pub fn finish(self) -> Index {
        let mut ids: SortedMap<Span, DefinitionId> = SortedMap::new();
        let mut known: SortedMap<(Kind, String), DefinitionId> = SortedMap::new();
        let mut index = Index::default();
        let next = |index: &Index| {
            DefinitionId(u32::try_from(index.definitions.len()).unwrap_or(u32::MAX))
        };
        for (place, definition) in self.definitions {
            let id = next(&index);
            ids.insert(place, id);
            index.definitions.push(definition);
            index.occurrences.push(Occurrence {
                place,
                definition: id,
            });
        }
        for (place, name, target) in self.uses {
            let definition = match target {
                Target::Declared(at) => ids.get(&at).copied(),
                Target::Known(kind) => {
                    Some(*known.entry((kind, name.clone())).or_insert_with(|| {
                        let id = next(&index);
                        index.definitions.push(Definition {
                            name,
                            kind,
                            place: None,
                            ty: String::new(),
                            docs: String::new(),
                        });
                        id
                    }))
                }
            };
            index
                .occurrences
                .extend(definition.map(|definition| Occurrence { place, definition }));
        }
        index.occurrences.sort_unstable();
        index.occurrences.dedup();
        index
    }
}
