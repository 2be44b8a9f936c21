//! The parameters of `main`: input leaves per owner and scalar field, and public arguments read from their text.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::types::range_pair;
use super::value::{GenericValue, Val};
use crate::diagnostic::suggestion;
use crate::hir::{
    From, Len, Main, MainParam, ParamSource, StructId, Type, ValueRange, form_of, range_of,
    scalar_of,
};
use crate::ir::{Op, Ty};
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{InputLeaf, ParamShape, Shape, ShapeNode};
use smpcc_circuit::value::Scalar;

impl<'h> Tracer<'h> {
    /// The values of `main`'s parameters; emits their inputs. Also says what the const parameters of `main` are.
    pub(super) fn parameters(
        &mut self,
        main: &'h Main,
    ) -> Traced<(Vec<Val<'h>>, Vec<GenericValue>)> {
        let hir = self.hir;
        let n_generics = hir
            .fns
            .get(main.function.index())
            .map_or(0, |f| f.generics.len());
        for name in self.session.args.keys() {
            let known = main
                .params
                .iter()
                .any(|p| p.name == *name && p.source == ParamSource::Argument);
            if !known {
                return Err(self.unknown_argument(main, name));
            }
        }
        let mut generics = vec![GenericValue::Unknown; n_generics];
        self.session_lengths(main, &mut generics)?;
        // Lengths that only public arguments say.
        for param in &main.params {
            let open = generics.iter().any(|g| matches!(g, GenericValue::Unknown));
            if param.source == ParamSource::Argument && open {
                let ty = self.close_with(&param.element, &generics);
                let val = self.argument(param, &ty)?;
                self.infer(&param.element, None, &val, &mut generics);
            }
        }
        let mut vals = Vec::with_capacity(main.params.len());
        for param in &main.params {
            self.span = param.span;
            let element = self.close_with(&param.element, &generics);
            vals.push(match &param.source {
                ParamSource::Argument => {
                    let val = self.argument(param, &element)?;
                    self.infer(&param.element, None, &val, &mut generics);
                    val
                }
                ParamSource::Input { secret, from } => {
                    self.input(param, &element, *secret, *from)?
                }
            });
        }
        Ok((vals, generics))
    }

    fn unknown_argument(&self, main: &Main, name: &str) -> super::Stop {
        let input = main.params.iter().find(|p| p.name == name);
        let span = input.map_or(self.span, |p| p.span);
        let message = if input.is_some() {
            format!("`{name}` is an input of its owner, not a public argument")
        } else {
            format!("the program has no public argument `{name}`")
        };
        let fault = Fault::new(code::ARGUMENT, span, message);
        let arguments = main.params.iter();
        let arguments = arguments.filter(|p| p.source == ParamSource::Argument);
        match suggestion(name, arguments.map(|p| p.name.as_str())) {
            Some(near) => fault.help(format!("did you mean `{near}`?")).into(),
            None => fault.into(),
        }
    }

    /// The parties that give a parameter, in order.
    fn owners(&self, from: From) -> Vec<u32> {
        match from {
            From::One(role, index) => self.parties_of(role).skip(index as usize).take(1).collect(),
            From::EachOf(role) => self.parties_of(role).collect(),
            From::Each => (0..self.n_parties).collect(),
        }
    }

    /// Lengths of inputs that const parameters of `main` name: one value for all owners.
    fn session_lengths(&mut self, main: &'h Main, generics: &mut [GenericValue]) -> Traced<()> {
        let mut said: Vec<Option<(String, u32, u64)>> = vec![None; generics.len()];
        for param in &main.params {
            let ParamSource::Input { from, .. } = param.source else {
                continue;
            };
            for owner in self.owners(from) {
                for (depth, len) in array_lens(&param.element).into_iter().enumerate() {
                    let Len::Param(id) = len else { continue };
                    let n = self.session_len(param, owner, depth)?;
                    let (Some(slot), Some(first)) =
                        (generics.get_mut(id.index()), said.get_mut(id.index()))
                    else {
                        continue;
                    };
                    match first {
                        None => {
                            *slot = GenericValue::Len(n);
                            *first = Some((param.name.clone(), owner, n));
                        }
                        Some((name, other, m)) if *m != n => {
                            let names = &self.party_names;
                            let who = |p: u32| {
                                names
                                    .get(p as usize)
                                    .cloned()
                                    .unwrap_or_else(|| p.to_string())
                            };
                            return Err(Fault::new(
                                code::LENGTHS,
                                param.span,
                                format!(
                                    "`{name}` of {} has {m} elements, but `{}` of {} has {n}; the program needs equal lengths",
                                    who(*other),
                                    param.name,
                                    who(owner),
                                ),
                            )
                            .into());
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn session_len(&self, param: &MainParam, owner: u32, depth: usize) -> Traced<u64> {
        let key = crate::schema::len_key(&param.name, depth);
        self.session
            .lens
            .get(&(key, owner))
            .copied()
            .ok_or_else(|| {
                let who = self
                    .party_names
                    .get(owner as usize)
                    .cloned()
                    .unwrap_or_default();
                Fault::new(
                    code::LENGTHS,
                    param.span,
                    format!("the length of `{}` of {who} is not known", param.name),
                )
                .help(format!(
                    "give inputs, or a length with `--len {}[{owner}]=N`",
                    param.name
                ))
                .into()
            })
    }

    /// A length that the type says, unless the owner's data have another one.
    fn given_len(&self, param: &MainParam, owner: u32, depth: usize, n: u64) -> Traced<u64> {
        let key = crate::schema::len_key(&param.name, depth);
        match self.session.lens.get(&(key, owner)) {
            Some(&given) if given != n => {
                let name = self.party_names.get(owner as usize);
                let who = name.map_or("", String::as_str);
                let message = format!(
                    "`{}` of {who} has {given} elements where its type says {n}",
                    param.name
                );
                Err(Fault::new(code::LENGTHS, param.span, message).into())
            }
            _ => Ok(n),
        }
    }

    /// All owners' rows of an input.
    fn input(
        &mut self,
        param: &'h MainParam,
        element: &Type,
        secret: bool,
        from: From,
    ) -> Traced<Val<'h>> {
        let owners = self.owners(from);
        let mut rows = Vec::with_capacity(owners.len());
        for owner in owners {
            if !secret && self.is_away(owner) {
                return Err(Fault::new(
                    code::PARTIES,
                    param.span,
                    format!(
                        "`{}` is public, and {} only contributes: it is not there to publish it",
                        param.name,
                        self.party_names
                            .get(owner as usize)
                            .map_or("its owner", String::as_str)
                    ),
                )
                .help("make it `secret`, or a public argument on which all agree")
                .into());
            }
            let mut path = param.name.clone();
            let mut nodes = Vec::new();
            let mut leaves = Vec::new();
            let mut input = InputRow {
                param,
                owner,
                secret,
                in_variant: false,
                nodes: &mut nodes,
                leaves: &mut leaves,
            };
            let row = self.input_row(&mut input, element, &mut path, 1, 0, param.range)?;
            self.params.push(ParamShape {
                name: param.name.clone(),
                party: owner,
                shape: Shape(nodes),
                leaves,
            });
            rows.push(row);
        }
        if let From::One(..) = from {
            return rows.into_iter().next().ok_or_else(|| {
                Fault::new(
                    code::PARTIES,
                    param.span,
                    format!("nobody plays the role that gives `{}`", param.name),
                )
                .into()
            });
        }
        self.gathered(rows, &Type::Array(Box::new(element.clone()), Len::Session))
    }

    fn input_row(
        &mut self,
        input: &mut InputRow<'_, 'h>,
        ty: &Type,
        path: &mut String,
        lanes: u64,
        depth: usize,
        range: Option<ValueRange>,
    ) -> Traced<Val<'h>> {
        let len = path.len();
        let val = match ty {
            Type::Array(element, n) => {
                let n = match n {
                    Len::Const(n) => self.given_len(input.param, input.owner, depth, *n)?,
                    Len::Session | Len::Param(_) | Len::Parties(_) | Len::Computed(_) => {
                        self.session_len(input.param, input.owner, depth)?
                    }
                };
                input.nodes.push(ShapeNode::Array(Some(n)));
                path.push_str("[]");
                let lanes = self.product(lanes, n)?;
                let element = self.input_row(input, element, path, lanes, depth + 1, range)?;
                Val::Array(n, Box::new(element))
            }
            Type::Tuple(parts) => {
                input.nodes.push(ShapeNode::Tuple(parts.len() as u32));
                let mut vals = Vec::with_capacity(parts.len());
                for (k, part) in parts.iter().enumerate() {
                    path.push_str(&format!(".{k}"));
                    vals.push(self.input_row(input, part, path, lanes, depth, range)?);
                    path.truncate(len);
                }
                Val::Tuple(vals)
            }
            Type::Struct { id, args, secret } => {
                let fields = self.fields(*id, args, *secret);
                input.nodes.push(self.composed_node(*id));
                let mut vals = Vec::with_capacity(fields.len());
                let is_enum = (self.hir.structs.get(id.index())).is_some_and(|def| def.is_enum());
                let around = input.in_variant;
                for (k, (field, ty)) in fields.iter().enumerate() {
                    push_field(path, &field.name);
                    let range = field.range.or(range);
                    // The first field of an enum is its tag.
                    input.in_variant = around || is_enum && k > 0;
                    vals.push(self.input_row(input, ty, path, lanes, depth, range)?);
                    path.truncate(len);
                }
                input.in_variant = around;
                let variants = crate::schema::variant_nodes(self.hir, *id, args);
                input.nodes.extend(variants);
                Val::Tuple(vals)
            }
            leaf => {
                let form = form_of(leaf);
                let range = range.or_else(|| range_of(leaf));
                let Some(scalar) = scalar_of(leaf) else {
                    return Err(Fault::new(
                        code::NOT_KNOWN,
                        input.param.span,
                        format!("`{path}` has a type that cannot be an input"),
                    )
                    .into());
                };
                let range = if scalar == Scalar::Bool { None } else { range };
                input.nodes.push(ShapeNode::Scalar {
                    scalar,
                    form,
                    range: range_pair(range),
                });
                // Where its variant is not chosen it is zero, also inside of what a variant holds as one: an array, or what an `Option` is of.
                let range = range.map(|r| if input.in_variant { r.or_zero() } else { r });
                let id = InputId::new(self.inputs.len());
                self.inputs.push(InputLeaf {
                    party: input.owner,
                    path: path.clone(),
                    scalar,
                    lanes,
                    public: !input.secret,
                    drawn: false,
                    range: range_pair(range),
                });
                input.leaves.push(id);
                let ty = Ty {
                    scalar,
                    lanes,
                    secret: input.secret,
                };
                let mut leaf = self.node1(Op::Input(id), Vec::new(), ty)?;
                if let super::value::Data::Value(value) = leaf.data {
                    let interval = range.and_then(ValueRange::interval);
                    self.values[value.index()].range = interval;
                    if !input.secret {
                        leaf.range = interval;
                    }
                }
                Val::Leaf(leaf)
            }
        };
        path.truncate(len);
        Ok(val)
    }

    /// The node of a struct or enum.
    pub(super) fn composed_node(&self, id: StructId) -> ShapeNode {
        match self.hir.structs.get(id.index()) {
            Some(def) if def.is_enum() => crate::schema::enum_node(def),
            def => ShapeNode::Struct {
                name: def.map(|s| s.name.clone()).unwrap_or_default(),
                fields: def.map_or_else(Vec::new, |s| {
                    s.fields.iter().map(|f| f.text.clone()).collect()
                }),
            },
        }
    }
}

/// Goes on with a field; the tag of an enum is called as the enum is.
pub(super) fn push_field(path: &mut String, name: &str) {
    if !name.is_empty() {
        path.push('.');
        path.push_str(name);
    }
}

/// Where an input's leaves are collected.
struct InputRow<'a, 'h> {
    param: &'h MainParam,
    owner: u32,
    secret: bool,
    /// Whether this is part of what a variant of an enum holds.
    in_variant: bool,
    nodes: &'a mut Vec<ShapeNode>,
    leaves: &'a mut Vec<InputId>,
}

/// The lengths of the arrays around the scalars of an input's element, outermost first (of the outer nest only).
fn array_lens(ty: &Type) -> Vec<Len> {
    let mut lens = Vec::new();
    let mut ty = ty;
    while let Type::Array(element, len) = ty {
        lens.push(len.clone());
        ty = element;
    }
    lens
}
