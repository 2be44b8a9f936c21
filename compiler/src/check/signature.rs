//! Types as written to types as meant: roles, structs, and the heads of functions.

use super::consts::{self, Unknown};
use super::{Bounds, Checker, GenericInfo};
use crate::ast::{self, Expr, ExprKind, TypeKind};
use crate::diagnostic::suggestion_after;
use crate::hir::{self, GenericId, Len, StructId, Sum};
use crate::index::Kind as Named;
use crate::resolve::Def;
use crate::source::Span;
use crate::types::{Arg, Fields as _, Secrecy, Signature, Ty, width};
use crate::{diagnostic, hir::GenericKind};
use smpcc_circuit::value::{Integer, Scalar};

/// Most leaves that a struct may have, nested ones counted.
pub(crate) const MAX_LEAVES: u64 = 4096;

/// Where a type stands and what is known there.
pub(crate) struct TypeCx<'g> {
    pub module: usize,
    pub generics: &'g [GenericInfo],
    /// Whether `fn(…) -> …` may stand here.
    pub callable: bool,
    /// Where a declared range goes; `None` where it has no meaning.
    pub range: Option<&'g mut Option<hir::ValueRange>>,
}

/// What to write in place of a range of what an `Option` holds.
const IN_AN_OPTION: &str = "write the type without `in …`, and leave out what is not in the range where it is used: `if let Some(x) = value { if x <= 120 { … } }`";

pub(crate) fn id(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Checker<'_> {
    /// A type without callables and ranges.
    pub fn plain_type(&mut self, ty: &ast::Type, module: usize, generics: &[GenericInfo]) -> Ty {
        self.ty(
            ty,
            TypeCx {
                module,
                generics,
                callable: false,
                range: None,
            },
        )
    }

    /// A type as meant.
    pub fn ty(&mut self, ty: &ast::Type, mut cx: TypeCx<'_>) -> Ty {
        match &ty.kind {
            TypeKind::Error => Ty::Never,
            TypeKind::Path(path) => self.named_type(path, &mut cx),
            TypeKind::Secret(inner) => {
                let cx = TypeCx {
                    callable: false,
                    ..cx
                };
                let found = self.ty(inner, cx);
                if found.names_usize() {
                    let error = diagnostic!(E3002, ty.span, "a `usize` is public")
                        .here("this would be secret");
                    self.report(error.help("write `secret u64`"));
                    return Ty::Never;
                }
                found.with(Secrecy::SECRET)
            }
            TypeKind::Public(inner) => {
                let error = diagnostic!(
                    E3014,
                    ty.span,
                    "`public` stands only before inputs of `main`"
                );
                self.report(
                    error
                        .here("not here")
                        .help("remove it: unmarked means public"),
                );
                self.ty(inner, cx)
            }
            TypeKind::Array(inner, n) => {
                let len = self.len(n, cx.module, cx.generics);
                Ty::Array(
                    Box::new(self.ty(
                        inner,
                        TypeCx {
                            callable: false,
                            ..cx
                        },
                    )),
                    len,
                )
            }
            TypeKind::Ragged(inner) => Ty::Array(
                Box::new(self.ty(
                    inner,
                    TypeCx {
                        callable: false,
                        ..cx
                    },
                )),
                Len::Session,
            ),
            TypeKind::Tuple(parts) => {
                let mut out = Vec::new();
                for part in parts {
                    out.push(self.plain_type(part, cx.module, cx.generics));
                }
                // `(T)` is `T`.
                if out.len() == 1 {
                    out.remove(0)
                } else {
                    Ty::Tuple(out)
                }
            }
            TypeKind::Fn(params, ret) => {
                if !cx.callable {
                    let error =
                        diagnostic!(E3019, ty.span, "a function is not a value that can be kept");
                    self.report(
                        error
                            .here("not here")
                            .help("functions and closures may only be passed as arguments"),
                    );
                    return Ty::Never;
                }
                let mut out = Vec::new();
                for param in params {
                    out.push(self.plain_type(param, cx.module, cx.generics));
                }
                let ret = self.plain_type(ret, cx.module, cx.generics);
                Ty::Fn(Box::new(Signature { params: out, ret }))
            }
            TypeKind::Ranged(inner, range) => {
                let slot = cx.range.take();
                let found = self.plain_type(inner, cx.module, cx.generics);
                let declared = self.value_range(range, &found, cx.module);
                match slot {
                    Some(slot) => *slot = declared,
                    None => {
                        let error = diagnostic!(
                            E3023,
                            ty.span,
                            "a range is declared for inputs and fields only"
                        );
                        self.report(
                            error
                                .here("not here")
                                .help("remove `in …`, or use `assert`"),
                        );
                    }
                }
                found
            }
        }
    }

    fn value_range(
        &mut self,
        range: &ast::ValueRange,
        ty: &Ty,
        module: usize,
    ) -> Option<hir::ValueRange> {
        if let Ty::Real(hir::Real::Float(_), _) = ty {
            let span = range.lo.span.to(range.hi.span);
            let error = diagnostic!(E3023, span, "floats have no declared range")
                .here("not a float's range");
            self.report(error.help("declare a `fixed<W, F>`, or use `assert`"));
            return None;
        }
        if let Some(help) = self.no_range(ty) {
            let span = range.lo.span.to(range.hi.span);
            let error = diagnostic!(E3023, span, "only numbers have ranges");
            self.report(error.here("not a number's range").help(help));
            return None;
        }
        let lo = self.range_bound(&range.lo, ty, module);
        let hi = self.range_bound(&range.hi, ty, module);
        let (lo, hi) = (lo?, hi?);
        let hi = if range.inclusive {
            Some(hi)
        } else {
            hi.before()
        };
        let Some(hi) = hi.filter(|hi| lo <= *hi) else {
            let span = range.lo.span.to(range.hi.span);
            let error = diagnostic!(E3023, span, "no value is in this range").here("empty range");
            self.report(error.help("write the smaller bound first"));
            return None;
        };
        Some(hir::ValueRange { lo, hi })
    }

    /// What to write in place of a range of values that are no numbers.
    fn no_range(&self, ty: &Ty) -> Option<String> {
        match ty {
            Ty::Struct { id, .. } => {
                let sig = self.structs.0.get(id.index())?;
                Some(match sig.is_enum {
                    true if sig.name == "Option" => IN_AN_OPTION.to_owned(),
                    true => "remove `in …`, or declare the range at a field with a name that a variant holds".to_owned(),
                    false => format!("declare the range at a field of `{}`", sig.name),
                })
            }
            Ty::Array(..) | Ty::Ragged(..) => {
                Some("declare the range at the number inside: `[u8 in 0..=120; 3]`".to_owned())
            }
            _ => None,
        }
    }

    fn range_bound(&mut self, e: &Expr, ty: &Ty, module: usize) -> Option<Integer> {
        if let Ty::Text(text, _) = ty {
            return self.text_bound(e, text, module);
        }
        if let Ty::Real(real, _) = ty {
            return self.real_bound(e, real, module);
        }
        let Some(scalar) = consts::scalar_of(ty) else {
            if !ty.is_never() {
                let error = diagnostic!(E3023, e.span, "only numbers have ranges")
                    .here("not a number's range");
                self.report(error.help("declare the range at the number inside"));
            }
            return None;
        };
        let value = match self.evaluate(e, module, Some(scalar)) {
            Ok(known) => known.integer(),
            Err(Unknown::Misfit(value, _)) => value,
            Err(Unknown::NotConstant) => {
                let error = diagnostic!(E3023, e.span, "the bound of a range is a constant");
                self.report(
                    error
                        .here("not a constant")
                        .help("write a number or the name of a constant"),
                );
                return None;
            }
        };
        if !scalar.holds(value) {
            let shown = self.show(&ty.clone().public(), &[]);
            let error = diagnostic!(E3005, e.span, "`{value}` is not a value of `{shown}`");
            self.report(
                error
                    .here("does not fit")
                    .help("choose a wider type or another bound"),
            );
            return None;
        }
        Some(value)
    }

    fn named_type(&mut self, path: &ast::Path, cx: &mut TypeCx<'_>) -> Ty {
        if let [name] = path.parts.as_slice() {
            let text = name.text.as_str();
            if let Some(at) = cx
                .generics
                .iter()
                .position(|g| g.name == text && g.kind == GenericKind::Type)
            {
                self.refer(name, cx.generics[at].span);
                return Ty::param(GenericId(id(at)));
            }
            if matches!(text, "bool" | "usize" | "Wide" | "fixed" | "f32" | "f64")
                || matches!(width::parse(text), Some(Ok(_)))
            {
                self.refer_known(name, Named::Type);
            }
            match text {
                "bool" => return Ty::bool(),
                "usize" => return Ty::Usize,
                "Wide" => return self.wide_type(path, Sum::Terms, cx),
                "fixed" => return self.fixed_type(path, cx),
                "f32" => return Ty::Real(hir::Real::Float(32), Secrecy::PUBLIC),
                "f64" => return Ty::Real(hir::Real::Float(64), Secrecy::PUBLIC),
                "f16" => {
                    let error =
                        diagnostic!(E1009, path.span, "the type `{text}` is not yet available");
                    self.report(error.here("comes later").help("scale to integers"));
                    return Ty::Never;
                }
                _ => {}
            }
            match width::parse(text) {
                Some(Ok((width, signed))) => return Ty::int(width, signed),
                Some(Err(help)) => {
                    let error = diagnostic!(E2002, path.span, "there is no type `{text}`")
                        .here("no such width");
                    self.report(error.help(help));
                    return Ty::Never;
                }
                None => {}
            }
        }
        let known = self.lookup_path(&path.parts, cx.module);
        if known.is_none()
            && let Some(ty) = self.text_type(path, cx)
        {
            if let [name] = path.parts.as_slice() {
                self.refer_known(name, Named::Type);
            }
            return ty;
        }
        if known.is_none()
            && let [name] = path.parts.as_slice()
            && name.text == "Dot"
        {
            self.refer_known(name, Named::Type);
            return self.wide_type(path, Sum::Products, cx);
        }
        match known {
            Some(Def::Struct(id)) => self.struct_type(id, path, cx),
            Some(Def::Alias(at)) => self.alias_type(at, path, cx),
            Some(_) => {
                let error = diagnostic!(E2002, path.span, "`{}` is not a type", last(path))
                    .here("not a type");
                self.report(error.help("types are integers, `bool`, arrays, tuples and structs"));
                Ty::Never
            }
            None => {
                self.unknown_type(path, cx);
                Ty::Never
            }
        }
    }

    fn unknown_type(&mut self, path: &ast::Path, cx: &TypeCx<'_>) {
        let text = last(path);
        let error = diagnostic!(E2002, path.span, "there is no type `{text}`").here("unknown type");
        let spelled = match text.as_str() {
            "int" | "Int" | "integer" | "long" => Some("i64"),
            "uint" | "unsigned" | "size_t" => Some("u64"),
            "boolean" | "Bool" => Some("bool"),
            "byte" | "char" => Some("u8"),
            "string" | "String" | "Str" | "text" => Some("str<8>"),
            "Date" => Some("date"),
            "DateTime" | "Datetime" | "timestamp" => Some("datetime"),
            "float" => Some("f32"),
            "double" => Some("f64"),
            _ => {
                let known = self
                    .world
                    .names(cx.module)
                    .filter(|n| n.starts_with(char::is_uppercase));
                let generics = cx.generics.iter().map(|g| g.name.as_str());
                suggestion_after(
                    self.out.len(),
                    &text,
                    known
                        .chain(generics)
                        .chain(["bool", "usize", "u8", "u16", "u32", "u64", "u128"]),
                )
            }
        };
        let foreign = super::hints::for_type(&text);
        self.report(match spelled {
            _ if foreign.is_some() => error.help(foreign.unwrap_or_default()),
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!(
                "declare it: `struct {text} {{ … }}`, or bring it in with `use`"
            )),
        });
    }

    fn wide_type(&mut self, path: &ast::Path, of: Sum, cx: &TypeCx<'_>) -> Ty {
        let name = of.name();
        let [ast::GenericArg::Type(inner)] = path.args.as_slice() else {
            let error = diagnostic!(E3007, path.span, "`{name}` takes one type").here("here");
            self.report(error.help(format!("write for example `{name}<T>`")));
            return Ty::Never;
        };
        let ty = self.plain_type(inner, cx.module, cx.generics);
        match &ty {
            Ty::Scalar(Scalar::Int { .. }, _)
            | Ty::Usize
            | Ty::Real(..)
            | Ty::Param { .. }
            | Ty::Wide(..)
            | Ty::Never => ty.summed(of),
            _ => {
                let shown = self.show(&ty, cx.generics);
                let error = diagnostic!(
                    E3013,
                    inner.span,
                    "`{name}` takes a type of numbers, not `{shown}`"
                );
                self.report(error.here("not a number").help("widen the numbers inside"));
                Ty::Never
            }
        }
    }

    fn struct_type(&mut self, id: StructId, path: &ast::Path, cx: &TypeCx<'_>) -> Ty {
        let generics = self.structs.0[id.index()].generics.clone();
        let Some(args) = self.arguments_of(&generics, path, cx) else {
            return Ty::Never;
        };
        let ty = Ty::Struct {
            id,
            args,
            secret: Secrecy::PUBLIC,
        };
        self.bounded(ty, path)
    }

    /// The type, unless it has too many parts.
    pub fn bounded(&mut self, ty: Ty, path: &ast::Path) -> Ty {
        if self.leaves(&ty) > MAX_LEAVES {
            let error = diagnostic!(
                E1007,
                path.span,
                "this type has more than {MAX_LEAVES} parts"
            )
            .here("too large");
            self.report(error.help("use arrays"));
            return Ty::Never;
        }
        ty
    }

    /// A generic argument as written, for this parameter.
    pub fn generic_arg(
        &mut self,
        generic: &GenericInfo,
        arg: &ast::GenericArg,
        module: usize,
        generics: &[GenericInfo],
    ) -> Option<Arg> {
        match (generic.kind, arg) {
            (GenericKind::Type, ast::GenericArg::Type(ty)) => {
                let ty = match &ty.kind {
                    TypeKind::Ranged(inner, _) => {
                        let error = diagnostic!(
                            E3023,
                            ty.span,
                            "what another type holds has no declared range"
                        );
                        self.report(error.here("not here").help(IN_AN_OPTION));
                        &**inner
                    }
                    _ => ty,
                };
                let found = self.plain_type(ty, module, generics);
                if !self.meets(&found, generic.bounds, generics) {
                    self.bound_error(&found, generic, ty.span, generics);
                    return None;
                }
                Some(Arg::Type(found))
            }
            (GenericKind::Const, ast::GenericArg::Const(e)) => {
                Some(Arg::Len(self.len(e, module, generics)))
            }
            (
                GenericKind::Const,
                ast::GenericArg::Type(ast::Type {
                    kind: TypeKind::Path(p),
                    span,
                    ..
                }),
            ) => {
                let e = Expr {
                    kind: ExprKind::Path(p.clone()),
                    span: *span,
                    depth: 1,
                    links: 0,
                };
                Some(Arg::Len(self.len(&e, module, generics)))
            }
            (GenericKind::Const, ast::GenericArg::Type(ty)) => {
                let error = diagnostic!(E3016, ty.span, "`{}` stands for a number", generic.name)
                    .here("a type");
                self.report(error.help("write a number or `{ … }`"));
                None
            }
            (GenericKind::Type, ast::GenericArg::Const(e)) => {
                let error = diagnostic!(E3001, e.span, "`{}` stands for a type", generic.name)
                    .here("a number");
                self.report(error.help("write a type"));
                None
            }
            (_, ast::GenericArg::Infer(span)) => {
                let error = diagnostic!(E3010, *span, "nothing says what `{}` is", generic.name)
                    .here("`_`");
                self.report(error.help("write the type or the number"));
                None
            }
            (GenericKind::Callable, _) => None,
        }
    }

    /// What a path means as an item.
    pub fn lookup_path(&mut self, parts: &[ast::Name], module: usize) -> Option<Def> {
        let def = self.item_at(parts, module)?;
        for n in 1..=parts.len() {
            if let (Some(part), Some(found)) = (parts.get(n - 1), self.item_at(&parts[..n], module))
            {
                self.refer_item(part, found);
            }
        }
        Some(def)
    }

    fn item_at(&self, parts: &[ast::Name], module: usize) -> Option<Def> {
        let [first, rest @ ..] = parts else {
            return None;
        };
        let mut def = self.world.lookup(module, &first.text)?;
        for part in rest {
            def = match def {
                Def::Module(inner) => {
                    crate::resolve::item_of(self.world, usize::MAX, inner, part).ok()?
                }
                Def::Struct(id) => self.variant_of(id, part)?,
                Def::Alias(at) => {
                    let alias = self.world.aliases.get(at)?;
                    let TypeKind::Path(path) = &alias.decl.ty.kind else {
                        return None;
                    };
                    match self.item_at(&path.parts, alias.module)? {
                        Def::Struct(id) => self.variant_of(id, part)?,
                        _ => return None,
                    }
                }
                Def::Fn(_) | Def::Variant(..) | Def::Const(_) => return None,
            };
        }
        Some(def)
    }

    /// The variant of this name.
    pub fn variant_of(&self, id: StructId, name: &ast::Name) -> Option<Def> {
        let sig = self.structs.0.get(id.index())?;
        let at = sig.variants.iter().position(|v| v.name == name.text)?;
        Some(Def::Variant(id, self::id(at)))
    }

    /// Whether a type can do what the bounds ask.
    pub fn meets(&self, ty: &Ty, want: Bounds, generics: &[GenericInfo]) -> bool {
        let have = match ty {
            Ty::Never => return true,
            Ty::Scalar(Scalar::Int { .. }, _) | Ty::Usize => Bounds {
                eq: true,
                ord: true,
                num: true,
                int: true,
                narrow: !matches!(ty, Ty::Scalar(Scalar::Int { width: 65.., .. }, _)),
            },
            Ty::Real(..) => Bounds {
                eq: true,
                ord: true,
                num: true,
                ..Bounds::default()
            },
            Ty::Scalar(Scalar::Bool, _) => Bounds {
                eq: true,
                ord: true,
                ..Bounds::default()
            },
            Ty::Text(..) => Bounds {
                eq: true,
                ord: true,
                ..Bounds::default()
            },
            // What is compared part by part.
            Ty::Array(..) | Ty::Tuple(_) | Ty::Struct { .. } => {
                let only = Bounds {
                    num: false,
                    int: false,
                    narrow: false,
                    ..want
                };
                return only == want && self.parts_meet(ty, want, generics);
            }
            Ty::Param { id, .. } => generics
                .get(id.index())
                .map_or(Bounds::default(), |g| g.bounds),
            Ty::Wide(t, _) => {
                return !want.narrow && self.meets(t, want, generics);
            }
            _ => Bounds::default(),
        };
        (have.eq || !want.eq)
            && (have.ord || !want.ord)
            && (have.num || !want.num)
            && (have.int || !want.int)
            && (have.narrow || !want.narrow)
    }

    /// Reports a type that does not meet a parameter's bounds.
    pub fn bound_error(
        &mut self,
        ty: &Ty,
        generic: &GenericInfo,
        span: Span,
        generics: &[GenericInfo],
    ) {
        let bound = generic.bounds.name();
        let shown = self.show(ty, generics);
        let error = diagnostic!(
            E3013,
            span,
            "`{}` must be `{bound}`, and `{shown}` is not",
            generic.name
        );
        let help = match ty {
            Ty::Param { .. } | Ty::Wide(..) => format!(
                "write the bound: `{}: {bound}`",
                shown.trim_start_matches("secret ")
            ),
            Ty::Array(..) | Ty::Ragged(..) if generic.bounds.num => {
                "numbers are wanted, one after the other: of an array for each party `xs.flatten()` makes one array".to_owned()
            }
            Ty::Real(..) if generic.bounds.int => {
                format!("integers are `{bound}`; functions of columns of fixed-point numbers are in `std::inference`")
            }
            Ty::Struct { id, .. }
                if generic.bounds.num
                    && self.structs.is_enum(*id)
                    && self.structs.fields(*id).len() == 1 =>
            {
                "write `as u8` after it: variants are numbered from 0 on as they are declared".to_owned()
            }
            Ty::Struct { id, .. }
                if generic.bounds.num && self.structs.0[id.index()].name == "Option" =>
            {
                "leave out what holds nothing: `mean_where(xs.map(|x| x.unwrap_or(0)), xs.map(|x| x.is_some()))`".to_owned()
            }
            _ => match bound {
                "Eq" => "numbers, `bool`, and what is made of them are `Eq`".to_owned(),
                "Ord" => "numbers, `bool`, and what is made of them are `Ord`".to_owned(),
                "Narrow" => "integers of up to 64 bits are `Narrow`: no type holds the products of wider ones".to_owned(),
                "Int" => "integers are `Int`".to_owned(),
                _ => format!("numbers are `{bound}`"),
            },
        };
        self.report(error.here(format!("this is `{shown}`")).help(help));
    }
}

fn last(path: &ast::Path) -> String {
    path.parts.last().map_or(String::new(), |n| n.text.clone())
}
