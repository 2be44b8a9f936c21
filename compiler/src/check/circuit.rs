//! Imported circuits: whether the declared types have as many bits as the file, and which bits are whose.
//!
//! The bits of a value are those of its scalars, least significant first, element 0 and field 0 first. A file's inputs are
//! one row of bits, however it divides them, and so are its outputs. A circuit is a function on secrets: what is public
//! becomes secret on the way in, and the result is secret.

use super::{Checker, FnSig, ParamSig};
use crate::ast;
use crate::diagnostic;
use crate::hir::{self, CircuitId, ExprKind, FnId, Len};
use crate::imported::{Circuit, MAX_ELEMENTS, Slots};
use crate::resolve::Import;
use crate::source::Span;
use crate::types::{Fields, Secrecy, Ty};
use smpcc_circuit::value::Scalar;
use std::sync::Arc;

impl Checker<'_> {
    /// Resolves the head of an imported circuit and fits its gates to the types.
    pub fn declare_circuit(
        &mut self,
        decl: &ast::FnDecl,
        import: &Import,
        id: FnId,
        module: usize,
    ) -> FnSig {
        let mut params = Vec::new();
        let mut operands = Some(Layout::default());
        for param in &decl.params {
            let ty = self
                .plain_type(&param.ty, module, &[])
                .with(Secrecy::SECRET);
            operands = self.laid_out(operands, &ty, param.ty.span);
            params.push(ParamSig {
                name: param.name.text.clone(),
                ty,
                span: param.name.span,
            });
        }
        let mut results = Some(Layout::default());
        let mut ret = Ty::unit();
        if let ast::Ret::One(ty, _) = &decl.result {
            ret = self.plain_type(ty, module, &[]).with(Secrecy::SECRET);
            results = self.laid_out(results, &ret, ty.span);
        }
        if let (Some(operands), Some(results), Some(netlist)) = (operands, results, &import.netlist)
        {
            let (inputs, outputs) = (netlist.n_input_bits(), netlist.n_output_bits() as u32);
            let fits = operands.bits == inputs && results.bits == outputs;
            if fits {
                let name = self.world.fn_name(id);
                let circuit = Circuit::new(&name, netlist, &operands.slots, &results.slots);
                let new = CircuitId(super::signature::id(self.circuits.len()));
                self.circuits.push(Arc::new(circuit));
                self.circuit_of.insert(id, new);
            } else {
                let error = diagnostic!(
                    E3025,
                    decl.head,
                    "the types have {} bits in and {} out; the circuit in `{}` has {inputs} in and {outputs} out",
                    operands.bits,
                    results.bits,
                    import.file.text
                );
                self.report(
                    error
                        .here("other sizes than the file's")
                        .because(import.file.span, "this file")
                        .help("give types whose bits add up to those of the file"),
                );
            }
        }
        FnSig {
            generics: Vec::new(),
            params,
            ret,
        }
    }

    /// The function of an imported circuit.
    pub fn circuit_fn(&mut self, id: FnId, decl: &ast::FnDecl, sig: &FnSig) -> hir::Fn {
        let kind = match self.circuit_of.get(&id) {
            Some(circuit) => ExprKind::Circuit(*circuit),
            // A diagnostic says why there is none.
            None => ExprKind::Tuple(Vec::new()),
        };
        let locals: Vec<hir::Local> = sig
            .params
            .iter()
            .map(|p| hir::Local {
                name: p.name.clone(),
                ty: p.ty.hir(),
                mutable: false,
                span: p.span,
            })
            .collect();
        hir::Fn {
            name: self.world.fn_name(id),
            generics: Vec::new(),
            n_params: super::signature::id(locals.len()),
            locals,
            ret: sig.ret.hir(),
            protocol: None,
            flushes: false,
            body: hir::Expr {
                kind,
                ty: sig.ret.hir(),
                span: decl.head,
            },
            span: decl.name.span,
        }
    }

    /// `layout` with a value of type `ty` after it; without one when that has no fixed number of bits.
    fn laid_out(&mut self, layout: Option<Layout>, ty: &Ty, span: Span) -> Option<Layout> {
        if matches!(ty, Ty::Never) {
            return None;
        }
        let mut layout = layout?;
        let before = layout.slots.len();
        let why = match layout.add(ty, &self.structs) {
            Ok(()) if layout.slots[before..].iter().any(|s| s.offsets.is_empty()) => "it is empty",
            Ok(()) if layout.slots.len() == before => "it has no bits",
            Ok(()) => return Some(layout),
            Err(why) => why,
        };
        let shown = self.show(&ty.clone().public(), &[]);
        let error = diagnostic!(E3025, span, "`{shown}` is no type for a circuit: {why}");
        self.report(error.here("not a fixed number of bits").help(
            "use integers, `bool`, and arrays, tuples and structs of them with constant lengths",
        ));
        None
    }
}

/// Bits of values one after the other.
#[derive(Clone, Debug, Default)]
struct Layout {
    slots: Vec<Slots>,
    bits: u32,
    elements: usize,
}

const TOO_LARGE: &str = "it has too many elements";

impl Layout {
    /// Adds a value. Its scalars are in the order in which lowering lists the vectors of a value.
    fn add(&mut self, ty: &Ty, structs: &dyn Fields) -> Result<(), &'static str> {
        let shape = shape_of(ty, structs)?;
        for mut slots in shape.slots {
            self.elements += slots.offsets.len();
            for offset in &mut slots.offsets {
                *offset += self.bits;
            }
            self.slots.push(slots);
        }
        self.bits = self.bits.checked_add(shape.bits).ok_or(TOO_LARGE)?;
        if self.elements > MAX_ELEMENTS {
            return Err(TOO_LARGE);
        }
        Ok(())
    }
}

/// The bits of one value from 0 on.
struct Shape {
    slots: Vec<Slots>,
    bits: u32,
}

fn shape_of(ty: &Ty, structs: &dyn Fields) -> Result<Shape, &'static str> {
    let scalar = |scalar: Scalar| Shape {
        bits: scalar.width(),
        slots: vec![Slots {
            scalar,
            offsets: vec![0],
        }],
    };
    let together = |parts: &[Ty]| -> Result<Shape, &'static str> {
        let mut all = Shape {
            slots: Vec::new(),
            bits: 0,
        };
        for part in parts {
            let shape = shape_of(part, structs)?;
            for mut slots in shape.slots {
                slots.offsets.iter_mut().for_each(|o| *o += all.bits);
                all.slots.push(slots);
            }
            all.bits = all.bits.checked_add(shape.bits).ok_or(TOO_LARGE)?;
        }
        Ok(all)
    };
    match ty {
        Ty::Scalar(own, _) => Ok(scalar(*own)),
        Ty::Usize => Ok(scalar(Scalar::USIZE)),
        Ty::Text(text, _) => text
            .scalar()
            .map(scalar)
            .ok_or("its length is not known here"),
        Ty::Real(real, _) => real
            .scalar()
            .map(scalar)
            .ok_or("its size is not known here"),
        Ty::Array(element, Len::Const(n)) => {
            let one = shape_of(element, structs)?;
            let n = u32::try_from(*n).map_err(|_| TOO_LARGE)?;
            let bits = one.bits.checked_mul(n).ok_or(TOO_LARGE)?;
            let elements: usize = one.slots.iter().map(|s| s.offsets.len()).sum();
            if elements.saturating_mul(n as usize) > MAX_ELEMENTS {
                return Err(TOO_LARGE);
            }
            let slots = one
                .slots
                .into_iter()
                .map(|s| Slots {
                    scalar: s.scalar,
                    offsets: (0..n)
                        .flat_map(|i| s.offsets.iter().map(move |o| i * one.bits + o))
                        .collect(),
                })
                .collect();
            Ok(Shape { slots, bits })
        }
        Ty::Array(..) | Ty::Ragged(..) => Err("its length is not a constant"),
        Ty::Tuple(parts) => together(parts),
        Ty::Struct { id, args, .. } => {
            let fields: Vec<Ty> = structs
                .fields(*id)
                .iter()
                .map(|t| t.clone().substitute(args))
                .collect();
            together(&fields)
        }
        Ty::Param { .. } | Ty::Wide(..) | Ty::Fn(_) | Ty::Never => {
            Err("its size is not known here")
        }
    }
}
