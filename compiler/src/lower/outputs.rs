//! The result of `main`: output leaves per scalar field and kind of receiver.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::inputs::push_field;
use super::value::{Leaf, Val};
use crate::hir::{Main, Receivers, To, Type, form_of, scalar_of};
use crate::ir::Op;
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{OutputLeaf, ResultShape, Shape, ShapeNode};

impl<'h> Tracer<'h> {
    /// Opens `main`'s result to its receivers. `ty` is the closed type of the result.
    pub(super) fn outputs(&mut self, main: &'h Main, ty: &Type, val: &Val<'h>) -> Traced<()> {
        match &main.receivers {
            Receivers::Whole(to) => {
                for (parties, part, part_ty) in self.shares_of(to, val, ty)? {
                    let mut nodes = Vec::new();
                    let mut leaves = Vec::new();
                    let mut path = "result".to_owned();
                    let mut out = Sink {
                        parties: &parties,
                        nodes: &mut nodes,
                        leaves: &mut leaves,
                    };
                    self.output_tree(&mut out, &part_ty, &part, &mut path)?;
                    if leaves.is_empty() && matches!(part, Val::Tuple(_)) {
                        continue;
                    }
                    for &party in &parties {
                        self.results.push(ResultShape {
                            party,
                            shape: Shape(nodes.clone()),
                            leaves: leaves.clone(),
                        });
                    }
                }
                self.results.sort_by_key(|r| r.party);
                Ok(())
            }
            Receivers::Fields(fields) => self.output_fields(fields, ty, val),
        }
    }

    /// A struct whose fields have receivers of their own.
    fn output_fields(
        &mut self,
        fields: &'h [(String, Vec<To>)],
        ty: &Type,
        val: &Val<'h>,
    ) -> Traced<()> {
        let (Type::Struct { id, args, secret }, Val::Tuple(parts)) = (ty, val) else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                "receivers per field need a struct as the result",
            )
            .into());
        };
        let own = self.fields(*id, args, *secret);
        let name = self
            .hir
            .structs
            .get(id.index())
            .map(|s| s.name.clone())
            .unwrap_or_default();
        // Per party: the fields that it sees.
        let mut seen: Vec<Vec<SeenField>> = vec![Vec::new(); self.n_parties as usize];
        for ((field, field_ty), part) in own.iter().zip(parts) {
            let Some((_, to)) = fields.iter().find(|(n, _)| *n == field.name) else {
                continue;
            };
            for (parties, part, part_ty) in self.shares_of(to, part, field_ty)? {
                let mut nodes = Vec::new();
                let mut leaves = Vec::new();
                let mut path = field.name.clone();
                let mut out = Sink {
                    parties: &parties,
                    nodes: &mut nodes,
                    leaves: &mut leaves,
                };
                self.output_tree(&mut out, &part_ty, &part, &mut path)?;
                for &party in &parties {
                    if let Some(seen) = seen.get_mut(party as usize) {
                        seen.push((field.text.clone(), nodes.clone(), leaves.clone()));
                    }
                }
            }
        }
        for (party, fields) in (0u32..).zip(seen) {
            if fields.is_empty() {
                continue;
            }
            let mut nodes = vec![ShapeNode::Struct {
                name: name.clone(),
                fields: fields.iter().map(|f| f.0.clone()).collect(),
            }];
            let mut leaves = Vec::new();
            for (_, field_nodes, field_leaves) in fields {
                nodes.extend(field_nodes);
                leaves.extend(field_leaves);
            }
            self.results.push(ResultShape {
                party,
                shape: Shape(nodes),
                leaves,
            });
        }
        Ok(())
    }

    /// Who gets what: groups of parties with the part that each of the group learns.
    #[allow(
        clippy::type_complexity,
        reason = "triples that are taken apart at once"
    )]
    fn shares_of(
        &mut self,
        to: &[To],
        val: &Val<'h>,
        ty: &Type,
    ) -> Traced<Vec<(Vec<u32>, Val<'h>, Type)>> {
        let mut parties: Vec<u32> = Vec::new();
        let mut each = false;
        for to in to {
            let n_before = parties.len();
            match *to {
                To::All | To::Each => parties.extend(0..self.n_parties),
                To::One(role, index) => {
                    parties.extend(self.parties_of(role).skip(index as usize).take(1));
                }
                To::AllOf(role) | To::EachOf(role) => parties.extend(self.parties_of(role)),
            }
            each |= matches!(to, To::Each | To::EachOf(_));
            if parties.len() == n_before {
                return Err(Fault::new(
                    code::PARTIES,
                    self.span,
                    "nobody plays the role that receives this result",
                )
                .into());
            }
        }
        parties.sort_unstable();
        parties.dedup();
        if !each {
            // What is opened to some stays shared for those who are away.
            let (away, here): (Vec<u32>, Vec<u32>) =
                parties.into_iter().partition(|&party| self.is_away(party));
            let groups = [here, away].into_iter().filter(|group| !group.is_empty());
            return Ok(groups
                .map(|group| (group, val.clone(), ty.clone()))
                .collect());
        }
        let n = self.length(val)?;
        if n != parties.len() as u64 {
            return Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "the result has {n} elements for {} receivers; each receives one",
                    parties.len()
                ),
            )
            .into());
        }
        let element_ty = match ty {
            Type::Array(e, _) => (**e).clone(),
            Type::Ragged(e, _) => Type::Array(e.clone(), crate::hir::Len::Session),
            other => other.clone(),
        };
        let mut shares = Vec::with_capacity(parties.len());
        for (k, party) in (0u64..).zip(parties) {
            let part = match val {
                Val::Array(_, element) => self.take(element, &Leaf::usize(k))?,
                Val::Rows(rows) => rows
                    .get(usize::try_from(k).unwrap_or(usize::MAX))
                    .cloned()
                    .unwrap_or(Val::Never),
                other => other.clone(),
            };
            shares.push((vec![party], part, element_ty.clone()));
        }
        Ok(shares)
    }

    fn output_tree(
        &mut self,
        out: &mut Sink<'_>,
        ty: &Type,
        val: &Val<'h>,
        path: &mut String,
    ) -> Traced<()> {
        let len = path.len();
        match val {
            Val::Leaf(leaf) => {
                out.nodes.push(ShapeNode::Scalar {
                    scalar: scalar_of(ty).unwrap_or(leaf.scalar),
                    form: form_of(ty),
                    range: None,
                });
                let id = OutputId::new(self.outputs.len());
                self.outputs.push(OutputLeaf {
                    receivers: out.parties.to_vec(),
                    path: path.clone(),
                    scalar: leaf.scalar,
                    lanes: leaf.lanes,
                });
                out.leaves.push(id);
                let value = self.value(leaf)?;
                self.node(Op::Output(id), vec![value], &[], Vec::new())?;
            }
            Val::Array(n, element) => {
                out.nodes.push(ShapeNode::Array(Some(*n)));
                path.push_str("[]");
                let element_ty = match ty {
                    Type::Array(e, _) => (**e).clone(),
                    Type::Ragged(e, _) => Type::Array(e.clone(), crate::hir::Len::Session),
                    other => other.clone(),
                };
                self.output_tree(out, &element_ty, element, path)?;
            }
            Val::Rows(rows) => {
                // Rows differ in length: spelt as a tuple, which reads as a list too.
                out.nodes.push(ShapeNode::Tuple(rows.len() as u32));
                let row_ty = match ty {
                    Type::Array(e, _) => (**e).clone(),
                    Type::Ragged(e, _) => Type::Array(e.clone(), crate::hir::Len::Session),
                    other => other.clone(),
                };
                for (k, row) in rows.iter().enumerate() {
                    path.push_str(&format!("[{k}]"));
                    self.output_tree(out, &row_ty, row, path)?;
                    path.truncate(len);
                }
            }
            Val::Tuple(parts) => {
                let types: Vec<(Option<String>, Type)> = match ty {
                    Type::Struct { id, args, secret } => {
                        let fields = self.fields(*id, args, *secret);
                        out.nodes.push(self.composed_node(*id));
                        fields
                            .into_iter()
                            .map(|(f, t)| (Some(f.name.clone()), t))
                            .collect()
                    }
                    Type::Tuple(types) => {
                        out.nodes.push(ShapeNode::Tuple(parts.len() as u32));
                        types.iter().map(|t| (None, t.clone())).collect()
                    }
                    _ => {
                        out.nodes.push(ShapeNode::Tuple(parts.len() as u32));
                        vec![(None, Type::unit()); parts.len()]
                    }
                };
                for (k, (part, (name, ty))) in parts.iter().zip(&types).enumerate() {
                    match name {
                        Some(name) => push_field(path, name),
                        None => push_field(path, &k.to_string()),
                    }
                    self.output_tree(out, ty, part, path)?;
                    path.truncate(len);
                }
                if let Type::Struct { id, args, .. } = ty {
                    let variants = crate::schema::variant_nodes(self.hir, *id, args);
                    out.nodes.extend(variants);
                }
            }
            Val::Callable(_) | Val::Never => {
                return Err(Fault::new(
                    code::NOT_KNOWN,
                    self.span,
                    format!("{} cannot be a result", val.describe()),
                )
                .into());
            }
        }
        path.truncate(len);
        Ok(())
    }
}

/// A field that a party learns: name, shape, leaves.
type SeenField = (String, Vec<ShapeNode>, Vec<OutputId>);

/// Where a result's leaves are collected.
struct Sink<'a> {
    parties: &'a [u32],
    nodes: &'a mut Vec<ShapeNode>,
    leaves: &'a mut Vec<OutputId>,
}
