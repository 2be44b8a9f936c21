//! Types and secrecy: from the syntax tree to the HIR.
//!
//! Signatures first, then each body alone, once, for all instances; last what needs all bodies (cycles of calls, and
//! effects that reach a secret condition through calls). Checking is bidirectional: the expected type goes down as a
//! hint, the found type comes up, and the place where they meet reports. What was found wrong has the type
//! [`Ty::Never`], which fits everywhere, so that one mistake is reported once.

mod access;
mod aggregate;
mod alias;
mod asked;
mod assigned;
mod body;
mod builtin;
mod call;
mod choose;
mod circuit;
mod closure;
mod consts;
mod contract;
mod cover;
mod declare;
mod effects;
mod expr;
mod flat;
mod flow;
mod hidden;
mod hints;
mod idle;
mod in_files;
mod iterate;
mod length;
mod limits;
mod members;
mod names;
mod operator;
mod optional;
mod pattern;
mod place;
mod random;
mod real;
mod rearrange;
mod show;
mod signature;
mod slots;
mod stmt;
mod text;
mod variant;

pub(crate) use builtin::{usage_of, usages};
pub(crate) use members::{HOLE, Member, Members};

use crate::diagnostic::{self, Diagnostic};
use crate::hir::{self, CircuitId, FnId, Hir, StructId};
use crate::imported::Circuit;
use crate::index::{Index, Recorder};
use crate::resolve::World;
use crate::source::Span;
use crate::types::{Fields, Ty};
use effects::Summary;
use smpcc_circuit::sorted::SortedMap;
use std::sync::Arc;

/// What the front end makes of a program, with or without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The program. With errors it is what could be made of it, fit to be looked at and not to be compiled.
    pub hir: Hir,
    /// Where every name is declared and used.
    pub index: Index,
    /// What may follow a dot, where an editor asked.
    pub(crate) members: Option<Members>,
    /// What is wrong, in the order in which people read it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The program to be compiled: there is one when no diagnostic is an error.
    pub fn into_program(self) -> (Option<Hir>, Vec<Diagnostic>) {
        let whole = !diagnostic::has_errors(&self.diagnostics);
        (whole.then_some(self.hir), self.diagnostics)
    }
}

/// What a type parameter must be able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub eq: bool,
    pub ord: bool,
    pub num: bool,
    pub int: bool,
    pub narrow: bool,
}

/// A generic parameter.
#[derive(Clone, Debug)]
pub(crate) struct GenericInfo {
    pub name: String,
    pub kind: hir::GenericKind,
    pub bounds: Bounds,
    /// The declaration.
    pub span: Span,
}

/// A struct's or an enum's resolved definition; an enum's fields are its tag and what its variants hold.
pub(crate) struct StructSig {
    pub name: String,
    pub generics: Vec<GenericInfo>,
    pub names: Vec<String>,
    /// What files call the fields, by position, where that is not their name.
    pub texts: Vec<Option<String>>,
    pub types: Vec<Ty>,
    pub ranges: Vec<Option<hir::ValueRange>>,
    pub spans: Vec<Span>,
    pub span: Span,
    /// How many scalars it has, arguments counted as one.
    pub leaves: u64,
    /// An enum's variants.
    pub variants: Vec<VariantSig>,
    /// Whether it is an enum, whatever is wrong with its variants.
    pub is_enum: bool,
}

/// A variant of an enum.
#[derive(Clone)]
pub(crate) struct VariantSig {
    pub name: String,
    /// The name by which files and reports call it.
    pub text: String,
    pub span: Span,
    pub form: Form,
    pub fields: Vec<VariantFieldSig>,
}

/// How a variant is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Unit,
    Tuple,
    Struct,
}

/// A field of a variant.
#[derive(Clone)]
pub(crate) struct VariantFieldSig {
    pub name: String,
    /// The name by which files call it.
    pub text: String,
    pub ty: Ty,
    pub range: Option<hir::ValueRange>,
    pub span: Span,
    /// The fields of the enum that hold its parts.
    pub slots: Vec<u32>,
}

/// All structs.
#[derive(Default)]
pub(crate) struct StructTable(pub Vec<StructSig>);

impl Fields for StructTable {
    fn fields(&self, id: StructId) -> &[Ty] {
        self.0.get(id.index()).map_or(&[], |s| &s.types)
    }
}

impl StructTable {
    /// Whether a struct's values are one of several variants.
    pub fn is_enum(&self, id: StructId) -> bool {
        self.0.get(id.index()).is_some_and(|s| s.is_enum)
    }
}

/// A function's resolved signature.
#[derive(Clone)]
pub(crate) struct FnSig {
    pub generics: Vec<GenericInfo>,
    pub params: Vec<ParamSig>,
    pub ret: Ty,
}

/// A parameter.
#[derive(Clone)]
pub(crate) struct ParamSig {
    pub name: String,
    pub ty: Ty,
    pub span: Span,
}

/// The state of checking a program.
pub(crate) struct Checker<'w> {
    pub world: &'w World,
    pub structs: StructTable,
    pub fns: Vec<FnSig>,
    pub aliases: Vec<alias::Alias>,
    pub const_types: Vec<Ty>,
    pub const_values: Vec<consts::Value>,
    pub roles: Vec<hir::Role>,
    pub main: Option<FnId>,
    pub circuits: Vec<Arc<Circuit>>,
    /// The circuit that a function stands for.
    pub circuit_of: SortedMap<FnId, CircuitId>,
    pub summaries: Vec<Summary>,
    pub index: Recorder,
    pub members: Option<Members>,
    /// Statements that may turn out to have no effect.
    pub idle: Vec<idle::Idle>,
    pub out: Vec<Diagnostic>,
}

/// Checks a resolved program. The HIR is whole only if no diagnostic is an error.
pub(crate) fn check(world: &World, index: Recorder, out: Vec<Diagnostic>) -> Checked {
    let mut checker = Checker {
        world,
        structs: StructTable::default(),
        fns: Vec::new(),
        aliases: vec![alias::Alias::Unknown; world.aliases.len()],
        const_types: Vec::new(),
        const_values: vec![consts::Value::Unknown; world.consts.len()],
        roles: Vec::new(),
        main: None,
        circuits: Vec::new(),
        circuit_of: SortedMap::new(),
        summaries: Vec::new(),
        index,
        members: None,
        idle: Vec::new(),
        out,
    };
    checker.declare_roles();
    checker.declare_structs();
    checker.declare_aliases();
    checker.declare_consts();
    let contract = checker.declare_fns();
    let consts = checker.check_consts();
    let mut fns = checker.check_fns();
    let tests = checker.check_tests(&mut fns);
    checker.check_calls(&fns);
    checker.define_items();
    let structs = checker.structs.0.iter().map(StructSig::hir).collect();
    let hir = Hir {
        roles: checker.roles,
        structs,
        fns,
        consts,
        circuits: checker.circuits,
        main: contract,
        tests,
    };
    Checked {
        hir,
        index: checker.index.finish(),
        members: checker.members,
        diagnostics: checker.out,
    }
}

impl StructSig {
    fn hir(&self) -> hir::Struct {
        let field = |at: usize| hir::Field {
            name: self.names[at].clone(),
            text: match self.texts.get(at) {
                Some(Some(text)) => text.clone(),
                Some(None) | None => self.names[at].clone(),
            },
            ty: self.types[at].hir(),
            range: self.ranges[at],
            span: self.spans[at],
        };
        hir::Struct {
            name: self.name.clone(),
            generics: self.generics.iter().map(GenericInfo::hir).collect(),
            fields: (0..self.names.len()).map(field).collect(),
            variants: self.variants.iter().map(VariantSig::hir).collect(),
            span: self.span,
        }
    }
}

impl VariantSig {
    fn hir(&self) -> hir::Variant {
        let field = |f: &VariantFieldSig| hir::VariantField {
            name: f.text.clone(),
            ty: f.ty.hir(),
            range: f.range,
            slots: f.slots.clone(),
        };
        hir::Variant {
            name: self.text.clone(),
            tuple: self.form != Form::Struct,
            fields: self.fields.iter().map(field).collect(),
        }
    }
}

impl GenericInfo {
    pub fn hir(&self) -> hir::Generic {
        hir::Generic {
            name: self.name.clone(),
            kind: self.kind,
        }
    }
}

impl Checker<'_> {
    /// Keeps a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }
}
