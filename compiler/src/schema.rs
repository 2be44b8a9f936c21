//! What a run of a program needs to know before lengths do: roles, and the shape of every parameter of `main`.
//!
//! The command line reads input files with it and derives from them the lengths and the numbering of parties that make
//! up a [`Session`].

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{
    From, GenericArg, Hir, Len, ParamSource, StructId, Type, ValueRange, form_of, range_of,
    scalar_of,
};
use crate::session::Session;
use crate::span::Span;
use smpcc_circuit::program::{Shape, ShapeNode};
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
                ShapeNode::Scalar { .. } | ShapeNode::Tuple(_) | ShapeNode::Struct { .. } => break,
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
        shape_nodes(hir, &param.element, &[], param.range, &mut nodes, 0);
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

/// The shape of a type in pre-order. `args` are the generic arguments of the struct around it, if any.
fn shape_nodes(
    hir: &Hir,
    ty: &Type,
    args: &[GenericArg],
    range: Option<ValueRange>,
    out: &mut Vec<ShapeNode>,
    depth: u32,
) {
    match ty {
        // The checker refuses structs that contain themselves; the limit keeps a broken tree from hanging.
        _ if depth > 256 => {}
        Type::Array(element, len) => {
            let known = match len {
                Len::Const(n) => Some(*n),
                Len::Param(id) => match args.get(id.index()) {
                    Some(GenericArg::Len(Len::Const(n))) => Some(*n),
                    _ => None,
                },
                Len::Parties(_) | Len::Computed(_) | Len::Session => None,
            };
            out.push(ShapeNode::Array(known));
            shape_nodes(hir, element, args, range, out, depth + 1);
        }
        Type::Ragged(element, _) => {
            out.push(ShapeNode::Array(None));
            out.push(ShapeNode::Array(None));
            shape_nodes(hir, element, args, range, out, depth + 1);
        }
        Type::Tuple(parts) => {
            out.push(ShapeNode::Tuple(parts.len() as u32));
            for part in parts {
                shape_nodes(hir, part, args, range, out, depth + 1);
            }
        }
        Type::Struct { id, args: own, .. } => {
            struct_nodes(hir, *id, own, range, out, depth);
        }
        Type::Param { id, .. } => {
            if let Some(GenericArg::Type(ty)) = args.get(id.index()) {
                shape_nodes(hir, ty, &[], range, out, depth + 1);
            }
        }
        Type::Scalar(..)
        | Type::Usize
        | Type::Text(..)
        | Type::Real(..)
        | Type::Wide(_)
        | Type::Fn(_)
        | Type::Never => {
            let ty = &closed(ty, args);
            let scalar = scalar_of(ty).unwrap_or(Scalar::USIZE);
            out.push(ShapeNode::Scalar {
                scalar,
                form: form_of(ty),
                range: range
                    .or_else(|| range_of(ty))
                    .filter(|_| scalar != Scalar::Bool)
                    .map(|r| (r.lo, r.hi)),
            });
        }
    }
}

/// A text whose length is a parameter of the struct around it.
fn closed(ty: &Type, args: &[GenericArg]) -> Type {
    ty.clone()
        .descend(&mut |t| closed(&t, args), &mut |len| match len {
            Len::Param(id) => match args.get(id.index()) {
                Some(GenericArg::Len(known)) => known.clone(),
                _ => Len::Param(id),
            },
            other => other,
        })
}

fn struct_nodes(
    hir: &Hir,
    id: StructId,
    args: &[GenericArg],
    range: Option<ValueRange>,
    out: &mut Vec<ShapeNode>,
    depth: u32,
) {
    let Some(def) = hir.structs.get(id.index()) else {
        return;
    };
    out.push(ShapeNode::Struct {
        name: def.name.clone(),
        fields: def.fields.iter().map(|f| f.name.clone()).collect(),
    });
    for field in &def.fields {
        shape_nodes(hir, &field.ty, args, field.range.or(range), out, depth + 1);
    }
}
