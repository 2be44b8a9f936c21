//! What a run of a program needs to know before lengths do: roles, and the shape of every parameter of `main`.
//!
//! The command line reads input files with it and derives from them the lengths and the numbering of parties that make
//! up a [`Session`].

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{
    From, GenericArg, Hir, Len, ParamSource, Struct, StructId, Type, ValueRange, Variant, form_of,
    range_of, scalar_of,
};
use crate::library;
use crate::session::Session;
use crate::span::Span;
use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};
use smpcc_circuit::value::Scalar;

/// What a program asks of its parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// In the order of declaration.
    pub roles: Vec<RoleSchema>,
    /// The parameters of `main`, in order.
    pub params: Vec<ParamSchema>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSchema {
    /// Its name.
    pub name: String,
    /// Whether its parties are `NAME[0]`, `NAME[1]`, ….
    pub is_array: bool,
    /// Fewest parties.
    pub min: u32,
    /// Most parties; `None` is open-ended.
    pub max: Option<u32>,
}

/// A parameter of `main`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSchema {
    /// Its name: the key in input files.
    pub name: String,
    /// Where it comes from.
    pub source: ParamSource,
    /// What one owner gives; lengths that the data fix are `None`.
    pub shape: Shape,
    /// The declaration.
    pub span: Span,
}

impl ParamSchema {
    /// The parties that give this parameter, ascending; none for a public argument.
    pub fn owners(&self, role_counts: &[u32]) -> Vec<u32> {
        let parties = |role: usize| {
            let before: u32 = role_counts.iter().take(role).sum();
            before..before + role_counts.get(role).copied().unwrap_or(0)
        };
        match &self.source {
            ParamSource::Argument => Vec::new(),
            ParamSource::Input { from, .. } => match *from {
                From::One(role, index) => {
                    parties(role.index()).skip(index as usize).take(1).collect()
                }
                From::EachOf(role) => parties(role.index()).collect(),
                From::Each => (0..role_counts.iter().sum()).collect(),
            },
        }
    }

    /// The keys under which [`Session::lens`] holds the open lengths of this parameter, with the depth of the array.
    pub fn len_keys(&self) -> Vec<(usize, String)> {
        let mut keys = Vec::new();
        for (depth, node) in self.shape.0.iter().enumerate() {
            match node {
                ShapeNode::Array(None) => keys.push((depth, len_key(&self.name, depth))),
                ShapeNode::Array(Some(_)) => {}
                ShapeNode::Scalar { .. }
                | ShapeNode::Shared { .. }
                | ShapeNode::Tuple(_)
                | ShapeNode::Struct { .. }
                | ShapeNode::Enum { .. } => break,
            }
        }
        keys
    }
}

/// The key of an open length in [`Session::lens`]: the parameter's name for its outermost array, and one `[]` more for
/// each array inside of it.
pub fn len_key(name: &str, depth: usize) -> String {
    format!("{name}{}", "[]".repeat(depth))
}

/// The schema of a program; without `main` it has no parameters.
pub fn schema(hir: &Hir) -> Schema {
    let roles = hir
        .roles
        .iter()
        .map(|role| RoleSchema {
            name: role.name.clone(),
            is_array: role.is_array,
            min: role.min,
            max: role.max,
        })
        .collect();
    let params = hir.main.iter().flat_map(|main| &main.params).map(|param| {
        let mut nodes = Vec::new();
        let mut shaper = Shaper { hir, depth: 0 };
        let mut numbers = Numbers::default();
        shaper.ty(&param.element, &[], param.range, &mut nodes, &mut numbers);
        ParamSchema {
            name: param.name.clone(),
            source: param.source.clone(),
            shape: Shape(nodes),
            span: param.span,
        }
    });
    Schema {
        roles,
        params: params.collect(),
    }
}

/// The name of every party in messages, by number: its role, with an index for roles that several play, `party N` where
/// no roles are declared.
pub fn party_names(hir: &Hir, role_counts: &[u32]) -> Vec<String> {
    let undeclared = hir.roles.len() == 1 && hir.roles[0].name == "party";
    let mut names = Vec::new();
    for (role, &count) in hir.roles.iter().zip(role_counts) {
        for k in 0..count {
            names.push(if undeclared {
                format!("party {k}")
            } else if role.is_array {
                format!("{}[{k}]", role.name)
            } else {
                role.name.clone()
            });
        }
    }
    names
}

/// How many parties play each role when `n_parties` take part: fixed roles as declared, the open one takes the rest.
///
/// # Errors
/// Too few or too many parties, or several roles whose numbers are open.
pub fn assign_roles(hir: &Hir, n_parties: u32) -> Result<Vec<u32>, Diagnostic> {
    let flexible: Vec<usize> = (0..hir.roles.len())
        .filter(|&k| hir.roles[k].max != Some(hir.roles[k].min))
        .collect();
    let mut counts: Vec<u32> = hir.roles.iter().map(|r| r.min).collect();
    let least: u32 = counts.iter().fold(0, |n, &c| n.saturating_add(c));
    let spare = n_parties.checked_sub(least);
    match (spare, flexible.as_slice()) {
        (None, _) => {
            return Err(count_fault(
                hir,
                format!("{n_parties} parties are too few: the program needs at least {least}"),
                None,
            ));
        }
        (Some(0), _) => {}
        (Some(_), []) => {
            return Err(count_fault(
                hir,
                format!("{n_parties} parties are too many: the program is for {least}"),
                None,
            ));
        }
        (Some(spare), [role]) => {
            counts[*role] = counts[*role].saturating_add(spare);
            if let Some(max) = hir.roles[*role].max
                && counts[*role] > max
            {
                return Err(count_fault(
                    hir,
                    format!(
                        "{n_parties} parties are too many: {} would play `{}`, which at most {max} may",
                        counts[*role], hir.roles[*role].name
                    ),
                    Some(*role),
                ));
            }
        }
        (Some(_), several) => {
            let names: Vec<String> = several
                .iter()
                .map(|&k| format!("`{}`", hir.roles[k].name))
                .collect();
            return Err(count_fault(
                hir,
                format!(
                    "{n_parties} parties can share the roles {} in more than one way",
                    names.join(" and ")
                ),
                several.first().copied(),
            )
            .help("say how many play each: name them in the inputs, as `ROLE[0]`, `ROLE[1]`, …"));
        }
    }
    Ok(counts)
}

fn count_fault(hir: &Hir, message: String, role: Option<usize>) -> Diagnostic {
    let at = role.unwrap_or(0);
    let span = hir.roles.get(at).map(|r| r.span).unwrap_or_default();
    let roles: Vec<String> = hir
        .roles
        .iter()
        .map(|r| match r.max {
            Some(max) if max == r.min => format!("`{}`: {max}", r.name),
            Some(max) => format!("`{}`: {} to {max}", r.name, r.min),
            None => format!("`{}`: {} or more", r.name, r.min),
        })
        .collect();
    Diagnostic::new(Code::E4001, span, message)
        .help(format!("roles and their parties: {}", roles.join(", ")))
}

/// Refuses a session whose counts do not fit the declared roles.
///
/// # Errors
/// The first role that does not fit, or a wrong total.
pub fn check_counts(hir: &Hir, session: &Session) -> Result<(), Diagnostic> {
    if session.role_counts.len() != hir.roles.len() {
        return Err(count_fault(
            hir,
            format!(
                "the run counts {} roles, the program declares {}",
                session.role_counts.len(),
                hir.roles.len()
            ),
            None,
        ));
    }
    for (k, (role, &count)) in hir.roles.iter().zip(&session.role_counts).enumerate() {
        if count < role.min || role.max.is_some_and(|max| count > max) {
            return Err(count_fault(
                hir,
                format!("{count} parties play `{}`", role.name),
                Some(k),
            ));
        }
    }
    let total: u64 = session.role_counts.iter().map(|&c| u64::from(c)).sum();
    if total != u64::from(session.n_parties) {
        return Err(count_fault(
            hir,
            format!(
                "the roles add up to {total} parties, but the run has {}",
                session.n_parties
            ),
            None,
        ));
    }
    Ok(())
}

/// The nodes of the fields of an enum's variants, which stand behind its own. The arguments are closed.
pub(crate) fn variant_nodes(hir: &Hir, id: StructId, args: &[GenericArg]) -> Vec<ShapeNode> {
    let mut out = Vec::new();
    let Some(def) = hir.structs.get(id.index()) else {
        return out;
    };
    let mut shaper = Shaper { hir, depth: 0 };
    let mut numbers = Numbers::default();
    let slots = shaper.slots(def, args, None, &mut Vec::new(), &mut numbers);
    shaper.variants(def, args, &slots, &mut out);
    out
}

/// Whether a word says that nothing is there: the words of spreadsheets, databases and statistics for that, whatever their case, and none.
pub fn is_missing(word: &str) -> bool {
    const WORDS: [&str; 10] = [
        "NA", "N/A", "#N/A", "<NA>", "NaN", "NaT", "null", "None", ".", "\\N",
    ];
    let word = word.trim();
    word.is_empty() || WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// Whether such a word is a text all the same, where a text may stand.
pub fn is_text(word: &str) -> bool {
    !matches!(word, "" | "NA" | "null")
}

/// Whether an enum is the library's `Option`, whose values files write as they are.
pub(crate) fn is_optional(def: &Struct) -> bool {
    def.name == "Option" && library::owns(def.span.file)
}

/// The node of an enum itself.
pub(crate) fn enum_node(def: &Struct) -> ShapeNode {
    let variant = |v: &Variant| ShapeVariant {
        name: v.name.clone(),
        tuple: v.tuple,
        fields: v.fields.iter().map(|f| f.name.clone()).collect(),
    };
    ShapeNode::Enum {
        name: def.name.clone(),
        optional: is_optional(def),
        slots: def.fields.len().saturating_sub(1) as u32,
        variants: def.variants.iter().map(variant).collect(),
    }
}

/// Which leaves the scalars of a type are.
#[derive(Default)]
struct Numbers<'a> {
    /// Those of an enum around, in place of leaves of their own.
    shared: Option<&'a [u32]>,
    /// The numbers so far.
    taken: Vec<u32>,
}

/// Writes shapes in pre-order.
struct Shaper<'h> {
    hir: &'h Hir,
    depth: u32,
}

impl Shaper<'_> {
    /// The shape of a type. `args` are the generic arguments of the struct around it, if any.
    fn ty(
        &mut self,
        ty: &Type,
        args: &[GenericArg],
        range: Option<ValueRange>,
        out: &mut Vec<ShapeNode>,
        numbers: &mut Numbers<'_>,
    ) {
        // The checker refuses structs that contain themselves; the limit keeps a broken tree from hanging.
        if self.depth > 256 {
            return;
        }
        self.depth += 1;
        match ty {
            Type::Array(element, len) => {
                let known = match close_len(len, args) {
                    Len::Const(n) => Some(n),
                    Len::Param(_) | Len::Parties(_) | Len::Computed(_) | Len::Session => None,
                };
                out.push(ShapeNode::Array(known));
                self.ty(element, args, range, out, numbers);
            }
            Type::Ragged(element, _) => {
                out.push(ShapeNode::Array(None));
                out.push(ShapeNode::Array(None));
                self.ty(element, args, range, out, numbers);
            }
            Type::Tuple(parts) => {
                out.push(ShapeNode::Tuple(parts.len() as u32));
                for part in parts {
                    self.ty(part, args, range, out, numbers);
                }
            }
            Type::Struct { id, args: own, .. } => {
                let own: Vec<GenericArg> = own.iter().map(|a| close_arg(a, args)).collect();
                self.composed(*id, &own, range, out, numbers);
            }
            Type::Param { id, .. } => {
                if let Some(GenericArg::Type(ty)) = args.get(id.index()) {
                    self.ty(ty, &[], range, out, numbers);
                }
            }
            Type::Scalar(..)
            | Type::Usize
            | Type::Text(..)
            | Type::Real(..)
            | Type::Wide(..)
            | Type::Fn(_)
            | Type::Never => {
                // The length of a text may be a parameter of the struct around it.
                let ty = &close(ty, args);
                let (scalar, form) = (scalar_of(ty).unwrap_or(Scalar::USIZE), form_of(ty));
                let range = range
                    .or_else(|| range_of(ty))
                    .filter(|_| scalar != Scalar::Bool)
                    .map(|r| (r.lo, r.hi));
                let place = numbers.taken.len();
                let (leaf, node) = match numbers.shared {
                    None => (
                        place as u32,
                        ShapeNode::Scalar {
                            scalar,
                            form,
                            range,
                        },
                    ),
                    Some(shared) => {
                        let leaf = shared.get(place).copied().unwrap_or_default();
                        let node = ShapeNode::Shared {
                            scalar,
                            form,
                            range,
                            leaf,
                        };
                        (leaf, node)
                    }
                };
                numbers.taken.push(leaf);
                out.push(node);
            }
        }
        self.depth -= 1;
    }

    fn composed(
        &mut self,
        id: StructId,
        args: &[GenericArg],
        range: Option<ValueRange>,
        out: &mut Vec<ShapeNode>,
        numbers: &mut Numbers<'_>,
    ) {
        let Some(def) = self.hir.structs.get(id.index()) else {
            return;
        };
        if !def.is_enum() {
            out.push(ShapeNode::Struct {
                name: def.name.clone(),
                fields: def.fields.iter().map(|f| f.text.clone()).collect(),
            });
            self.slots(def, args, range, out, numbers);
            return;
        }
        out.push(enum_node(def));
        // Leaves are counted from the tag of the outermost enum.
        let base = match numbers.shared {
            None => numbers.taken.len() as u32,
            Some(_) => 0,
        };
        let mut slots = self.slots(def, args, range, out, numbers);
        for leaf in slots.iter_mut().flatten() {
            *leaf -= base;
        }
        self.variants(def, args, &slots, out);
    }

    /// The fields, and for each the leaves that it is.
    fn slots(
        &mut self,
        def: &Struct,
        args: &[GenericArg],
        range: Option<ValueRange>,
        out: &mut Vec<ShapeNode>,
        numbers: &mut Numbers<'_>,
    ) -> Vec<Vec<u32>> {
        let mut leaves = Vec::with_capacity(def.fields.len());
        for field in &def.fields {
            let before = numbers.taken.len();
            self.ty(&field.ty, args, field.range.or(range), out, numbers);
            leaves.push(numbers.taken.get(before..).unwrap_or(&[]).to_vec());
        }
        leaves
    }

    fn variants(
        &mut self,
        def: &Struct,
        args: &[GenericArg],
        slots: &[Vec<u32>],
        out: &mut Vec<ShapeNode>,
    ) {
        for field in def.variants.iter().flat_map(|v| &v.fields) {
            let of = |slot: &u32| slots.get(*slot as usize).cloned().unwrap_or_default();
            let shared: Vec<u32> = field.slots.iter().flat_map(of).collect();
            let mut numbers = Numbers {
                shared: Some(&shared),
                taken: Vec::new(),
            };
            self.ty(&field.ty, args, field.range, out, &mut numbers);
        }
    }
}

/// A type inside of a struct with the struct's arguments filled in.
fn close(ty: &Type, args: &[GenericArg]) -> Type {
    match ty {
        Type::Param { id, .. } => match args.get(id.index()) {
            Some(GenericArg::Type(ty)) => ty.clone(),
            _ => ty.clone(),
        },
        other => other
            .clone()
            .descend(&mut |t| close(&t, args), &mut |n| close_len(&n, args)),
    }
}

fn close_arg(arg: &GenericArg, args: &[GenericArg]) -> GenericArg {
    match arg {
        GenericArg::Type(ty) => GenericArg::Type(close(ty, args)),
        GenericArg::Len(n) => GenericArg::Len(close_len(n, args)),
        GenericArg::Callable => GenericArg::Callable,
    }
}

fn close_len(len: &Len, args: &[GenericArg]) -> Len {
    len.clone().replaced(&mut |len| match &len {
        Len::Param(id) => match args.get(id.index()) {
            Some(GenericArg::Len(n)) => n.clone(),
            _ => len,
        },
        _ => len,
    })
}
