//! The state of checking one body: variables in scope, secret conditions around, loops around.

use super::consts::{self, Known};
use super::{Checker, GenericInfo};
use crate::ast::{self, Expr, Name};
use crate::diagnostic;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, FnId, LocalId};
use crate::source::Span;
use crate::types::{Fit, Secrecy, Signature, Ty};
use smpcc_circuit::program::MAX_PARTIES;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Scalar;

use super::effects::Summary;

/// Most terms of a condition that are looked at to know whether it holds.
const MAX_STEPS: u32 = 64;

/// Why a variable is secret.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// Its type says so.
    Declared,
    /// It took the type of what it was given.
    From(Option<Source>),
}

/// The nearest secret in an expression.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The variable, if it is one.
    pub local: Option<LocalId>,
    /// What is secret and why, when it is not a variable.
    pub text: &'static str,
    pub span: Span,
}

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct LocalInfo {
    pub name: String,
    pub ty: Ty,
    pub mutable: bool,
    pub span: Span,
    pub used: bool,
    /// Whether it was declared without a value.
    pub later: bool,
    /// The literal that it began with, where only that says its type.
    pub literal: Option<String>,
    /// Where it was refused a value for being public, and told how to be declared with the type of that literal.
    pub refused: Option<Span>,
    /// How many secret conditions were around its declaration.
    pub n_conditions: usize,
    /// How many closures were around its declaration.
    pub n_closures: usize,
    pub cause: Cause,
    /// Which parameter it is, when it is a callable one.
    pub callable_param: Option<u32>,
    /// What the closure that it holds does.
    pub effects: Vec<super::effects::Effect>,
}

/// What is to be said where a variable of which only a literal says the type meets another type.
pub(crate) enum Meeting {
    /// The help of a message.
    Help(String),
    /// Nothing: a message before says it.
    Said,
}

/// A condition around the current place that may be secret.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub secrecy: Secrecy,
    pub span: Span,
    pub source: Option<Source>,
}

/// What a `return` means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Function,
    Main,
    Test,
    Const,
}

/// A checked expression.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub kind: hir::ExprKind,
    pub ty: Ty,
    pub span: Span,
}

impl Typed {
    /// What was found wrong.
    pub fn poison(span: Span) -> Typed {
        Typed {
            kind: hir::ExprKind::Tuple(Vec::new()),
            ty: Ty::Never,
            span,
        }
    }

    pub fn new(kind: hir::ExprKind, ty: Ty, span: Span) -> Typed {
        Typed { kind, ty, span }
    }

    /// Where the value stands: the end of a block, not its braces.
    pub fn place(&self) -> Span {
        fn end(kind: &hir::ExprKind) -> Option<Span> {
            match kind {
                hir::ExprKind::Block(_, Some(tail)) => Some(end(&tail.kind).unwrap_or(tail.span)),
                _ => None,
            }
        }
        end(&self.kind).unwrap_or(self.span)
    }

    /// The variable that it is, also at the end of blocks.
    pub fn local(&self) -> Option<LocalId> {
        let mut kind = &self.kind;
        loop {
            match kind {
                hir::ExprKind::Local(id) => return Some(*id),
                hir::ExprKind::Block(_, Some(tail)) => kind = &tail.kind,
                _ => return None,
            }
        }
    }

    pub fn hir(self) -> hir::Expr {
        hir::Expr {
            ty: self.ty.hir(),
            kind: self.kind,
            span: self.span,
        }
    }

    pub fn boxed(self) -> Box<hir::Expr> {
        Box::new(self.hir())
    }
}

/// A variant where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Written<'p> {
    pub id: hir::StructId,
    pub at: u32,
    pub path: &'p ast::Path,
}

/// One body.
pub(crate) struct Body<'c, 'w> {
    pub ck: &'c mut Checker<'w>,
    pub module: usize,
    pub kind: Kind,
    /// The function whose body it is.
    pub own: Option<FnId>,
    pub generics: Vec<GenericInfo>,
    pub ret: Ty,
    pub locals: Vec<LocalInfo>,
    pub scopes: Vec<SortedMap<String, LocalId>>,
    pub conditions: Vec<Condition>,
    /// Per loop around: how many conditions were around it.
    pub loops: Vec<usize>,
    /// Per closure around: how many conditions and loops were around it.
    pub closures: Vec<(usize, usize)>,
    pub summary: Summary,
    /// How often closures were checked again with another type; bounded, because they nest.
    pub retries: u32,
    /// Pieces of flat code that are in a variable already; the innermost last.
    pub kept: Vec<super::flat::Kept>,
    /// How many arms around are never taken, by conditions that are known from the source.
    pub n_dead: usize,
}

impl<'c, 'w> Body<'c, 'w> {
    pub fn new(
        ck: &'c mut Checker<'w>,
        module: usize,
        kind: Kind,
        generics: Vec<GenericInfo>,
        ret: Ty,
    ) -> Self {
        Body {
            ck,
            module,
            kind,
            own: None,
            generics,
            ret,
            locals: Vec::new(),
            scopes: vec![SortedMap::new()],
            conditions: Vec::new(),
            loops: Vec::new(),
            closures: Vec::new(),
            summary: Summary::default(),
            retries: 0,
            kept: Vec::new(),
            n_dead: 0,
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.ck.report(diagnostic);
    }

    pub fn show(&self, ty: &Ty) -> String {
        self.ck.show(ty, &self.generics)
    }

    pub fn secrecy(&self, ty: &Ty) -> Secrecy {
        ty.secrecy(&self.ck.structs)
    }

    /// Adds a variable and brings it into scope.
    pub fn declare(&mut self, name: &Name, ty: Ty, mutable: bool, cause: Cause) -> LocalId {
        let id = self.temporary(name.text.clone(), ty, name.span, cause);
        self.locals[id.index()].mutable = mutable;
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.text.clone(), id);
        }
        id
    }

    /// Adds a variable that no name leads to.
    pub fn temporary(&mut self, name: String, ty: Ty, span: Span, cause: Cause) -> LocalId {
        let id = LocalId(u32::try_from(self.locals.len()).unwrap_or(u32::MAX));
        // Types grow from variable to variable: `let b = (a, a); let c = (b, b);` …
        let ty = if self.ck.leaves(&ty) > super::signature::MAX_LEAVES {
            let error = diagnostic!(E1007, span, "the type of this value has too many parts");
            self.report(error.here("too large").help("use arrays"));
            Ty::Never
        } else {
            ty
        };
        self.locals.push(LocalInfo {
            name,
            ty,
            mutable: false,
            span,
            used: false,
            later: false,
            literal: None,
            refused: None,
            n_conditions: self.conditions.len(),
            n_closures: self.closures.len(),
            cause,
            callable_param: None,
            effects: Vec::new(),
        });
        id
    }

    /// The variable of this name.
    pub fn local(&self, name: &str) -> Option<LocalId> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(name))
            .copied()
    }

    /// Runs `f` in a scope of its own.
    pub fn scoped<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.scopes.push(SortedMap::new());
        let result = f(self);
        self.scopes.pop();
        result
    }

    /// Runs `f` under a condition; public ones change nothing.
    pub fn under<R>(&mut self, condition: Option<Condition>, f: impl FnOnce(&mut Self) -> R) -> R {
        let Some(condition) = condition else {
            return f(self);
        };
        self.conditions.push(condition);
        let result = f(self);
        self.conditions.pop();
        result
    }

    /// Runs `f` in an arm, which is never taken if `dead`.
    pub fn arm<R>(&mut self, dead: bool, f: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.n_dead;
        self.n_dead += usize::from(dead);
        let result = f(self);
        self.n_dead = before;
        result
    }

    /// Whether a condition holds, as far as constants tell that no variable hides.
    pub fn truth(&mut self, e: &Expr) -> Option<bool> {
        let mut steps = MAX_STEPS;
        self.truth_within(e, &mut steps)
    }

    fn truth_within(&mut self, e: &Expr, steps: &mut u32) -> Option<bool> {
        use ast::ExprKind as E;
        *steps = steps.checked_sub(1)?;
        match &e.kind {
            E::Paren(e) => self.truth_within(e, steps),
            E::Unary(ast::UnaryOp::Not, e) => self.truth_within(e, steps).map(|truth| !truth),
            E::Binary(op @ (ast::BinaryOp::AndAnd | ast::BinaryOp::OrOr), a, b) => {
                let b = self.truth_within(b, steps);
                let a = self.truth_within(a, steps);
                consts::either_decides(*op, a, b)
            }
            _ if self.mentions_local(e) => None,
            _ => self.ck.truth(e, self.module, steps),
        }
    }

    /// The `usize` that a constant expression is, unless a variable hides the constant.
    pub fn const_usize(&mut self, e: &Expr) -> Option<Known> {
        if self.mentions_local(e) {
            None
        } else {
            self.ck.evaluate(e, self.module, Some(Scalar::USIZE)).ok()
        }
    }

    /// The integer that a constant expression is, unless a variable hides the constant.
    pub fn constant(&mut self, e: &Expr) -> Option<Known> {
        if self.mentions_local(e) {
            None
        } else {
            self.ck.evaluate(e, self.module, None).ok()
        }
    }

    fn mentions_local(&self, e: &Expr) -> bool {
        use ast::ExprKind as E;
        let mut e = e;
        loop {
            match &e.kind {
                E::Path(p) => {
                    return match p.parts.as_slice() {
                        [name] => {
                            self.local(&name.text).is_some()
                                || self.generics.iter().any(|g| g.name == name.text)
                        }
                        _ => false,
                    };
                }
                E::Paren(inner) | E::Unary(_, inner) => e = inner,
                E::Cast(inner, _) => e = inner,
                E::Binary(_, a, b) => {
                    if self.mentions_local(b) {
                        return true;
                    }
                    e = a;
                }
                E::Int(..) | E::Decimal(_) | E::Bool(_) | E::Str(_) => return false,
                _ => return true,
            }
        }
    }

    /// How to declare a variable of which only a bare literal says the type, or an array of which such literals do, to have numbers of this one.
    pub fn declared_as(&self, id: LocalId, ty: &Ty, secrecy: Secrecy) -> Option<String> {
        let local = self.locals.get(id.index())?;
        let literal = local.literal.as_ref()?;
        let ty = match ty {
            Ty::Usize if !secrecy.is_public() => "u64".to_owned(),
            other => self.show(&other.clone().public()),
        };
        let secret = if secrecy.is_public() { "" } else { "secret " };
        let mutable = if local.mutable { "mut " } else { "" };
        // `[[` and `; 3]; 2]` around the type of the numbers
        let (depth, item) = items(&local.ty);
        let around = self.show(&local.ty.clone().public());
        let item = self.show(&item.clone().public());
        let behind = around.get(depth + item.len()..)?;
        Some(format!(
            "let {mutable}{}: {}{secret}{ty}{behind} = {literal};",
            local.name,
            "[".repeat(depth)
        ))
    }

    /// What is said where such a variable meets a number of this type: how to declare it. What follows from its type is not
    /// worth saying then.
    pub fn declared_like(&mut self, id: LocalId, other: &Ty) -> Option<Meeting> {
        let local = self.locals.get(id.index())?;
        if items(&local.ty).0 > 0 {
            return None;
        }
        let (mutable, refused) = (local.mutable, local.refused);
        // What never changes stays as public as the literal.
        let secrecy = match (refused, mutable) {
            (Some(_), _) => Secrecy::SECRET,
            (None, true) => self.secrecy(other),
            (None, false) => Secrecy::PUBLIC,
        };
        let declaration = self.declared_as(id, other, secrecy)?;
        let help = format!("declare it: `{declaration}`");
        self.locals[id.index()].ty = Ty::Never;
        let said = self.ck.out.iter_mut().rev().find(|said| {
            said.code == Code::E3004 && refused.is_some_and(|at| at == said.primary.span)
        });
        Some(match said {
            Some(said) => {
                said.help = Some(help);
                Meeting::Said
            }
            None => Meeting::Help(help),
        })
    }

    /// The expression as a value of `want`, or a report that says what stands in the way.
    pub fn coerce(&mut self, e: Typed, want: &Ty, because: Option<(Span, String)>) -> hir::Expr {
        match e.ty.fits(want, &self.ck.structs) {
            Fit::Yes => e.hir(),
            Fit::TooSecret => {
                let (span, hir) = (e.place(), e.hir());
                let shown = self.show(want);
                let message = format!("a secret flows into a public `{shown}`");
                let error = self.flow(
                    Diagnostic::new(Code::E3002, span, message),
                    &hir,
                    "this is secret",
                );
                let error = match because {
                    Some((at, text)) => error.because(at, text),
                    None => error,
                };
                let wider = if matches!(want, Ty::Usize) {
                    "u64"
                } else {
                    &shown
                };
                let help = format!(
                    "make it `secret {wider}`, or `reveal` the value if everyone may learn it"
                );
                self.report(error.help(help));
                hir
            }
            Fit::No => {
                let literal = match (e.local(), want.is_number()) {
                    (Some(id), true) => self.declared_like(id, want),
                    _ => None,
                };
                let (have, shown) = (self.show(&e.ty), self.show(want));
                let literal = match literal {
                    Some(Meeting::Said) => return Typed::poison(e.span).hir(),
                    Some(Meeting::Help(help)) => Some(help),
                    None => None,
                };
                let error = diagnostic!(E3001, e.place(), "expected `{shown}`, found `{have}`");
                let error = error.here(format!("this is `{have}`"));
                let error = match because {
                    Some((at, text)) => error.because(at, text),
                    None => error,
                };
                let help = match want {
                    _ if literal.is_some() => literal.unwrap_or_default(),
                    // After the division there is no fraction left to convert.
                    Ty::Real(..) if e.ty.is_integral() && is_quotient(&e.kind) => {
                        let to = shown.trim_start_matches("secret ");
                        format!(
                            "`/` of integers drops the fraction: write `(a as {to}) / (b as {to})`"
                        )
                    }
                    Ty::Usize if e.ty.is_number() && !self.secrecy(&e.ty).is_public() => {
                        "a `usize` is public: take a `secret u64` there, or `reveal` the value if everyone may learn it".to_owned()
                    }
                    _ => match (self.is_option(&e.ty), self.is_option(want)) {
                        (true, false) if want.is_number() => {
                            "write `x.unwrap_or(0)`, or `if let Some(v) = x { … }`".to_owned()
                        }
                        (false, true) => "write `Some(x)`".to_owned(),
                        _ => mismatch_help(&e.ty, want, &shown),
                    },
                };
                self.report(error.help(help));
                Typed::poison(e.span).hir()
            }
        }
    }

    /// The HIR's variables.
    pub fn hir_locals(&self) -> Vec<hir::Local> {
        let one = |l: &LocalInfo| hir::Local {
            name: l.name.clone(),
            ty: l.ty.hir(),
            mutable: l.mutable,
            span: l.span,
        };
        self.locals.iter().map(one).collect()
    }

    /// Warns about variables that nothing reads.
    pub fn warn_unused(&mut self) {
        for at in 0..self.locals.len() {
            let local = &self.locals[at];
            if local.used
                || local.name.is_empty()
                || local.name.starts_with('_')
                || local.ty.is_never()
            {
                continue;
            }
            let warning =
                diagnostic!(W0001, local.span, "`{}` is never read", local.name).here("unused");
            let warning = warning.help(format!("remove it, or write `_{}`", local.name));
            self.report(warning);
        }
    }

    /// The callable that a variable is.
    pub fn signature(&self, id: LocalId) -> Option<Signature> {
        match &self.locals.get(id.index())?.ty {
            Ty::Fn(signature) => Some((**signature).clone()),
            _ => None,
        }
    }
}

/// Whether a value is what `/` gives.
fn is_quotient(mut kind: &hir::ExprKind) -> bool {
    while let hir::ExprKind::Block(_, Some(value)) = kind {
        kind = &value.kind;
    }
    matches!(kind, hir::ExprKind::Binary(hir::BinaryOp::Div, ..))
}

/// How deep an array's numbers are in it, and their type.
pub(super) fn items(ty: &Ty) -> (usize, &Ty) {
    let (mut depth, mut item) = (0, ty);
    while let Ty::Array(inner, _) = item {
        (depth, item) = (depth + 1, inner);
    }
    (depth, item)
}

/// What to write when the shapes of types differ.
fn mismatch_help(have: &Ty, want: &Ty, shown: &str) -> String {
    let shown = shown.trim_start_matches("secret ");
    match (have, want) {
        (Ty::Real(..), w) if w.is_integral() => {
            format!("convert with `as {shown}`, which drops the fraction")
        }
        (h, w) if h.is_number() && w.is_number() => format!("convert with `as {shown}`"),
        (Ty::Scalar(Scalar::Bool, _), w) if w.is_number() => format!("convert with `as {shown}`"),
        (h, Ty::Scalar(Scalar::Bool, _)) if h.is_number() => {
            "compare it, for example with `!= 0`".into()
        }
        (Ty::Tuple(parts), _) if parts.is_empty() => {
            "give a value; a `;` after the last expression drops it".into()
        }
        (_, Ty::Tuple(parts)) if parts.is_empty() => {
            "end it with `;` to drop the value, or say what the function returns".into()
        }
        (Ty::Ragged(..), Ty::Array(item, _))
            if !matches!(**item, Ty::Array(..) | Ty::Ragged(..)) =>
        {
            "put the rows of all parties into one array: `xs.flatten()`".into()
        }
        (Ty::Array(_, n), Ty::Array(_, m)) if n != m => "the lengths must be the same".into(),
        (Ty::Array(h, _), Ty::Array(w, _)) if h.is_number() && w.is_number() => {
            let item = shown.trim_start_matches('[').trim_start_matches("secret ");
            let item = item.rsplit_once(';').map_or(item, |(item, _)| item);
            format!("convert each element: `xs.map(|x| x as {item})`")
        }
        _ => format!("give a value of type `{shown}`"),
    }
}

impl Checker<'_> {
    /// Checks the bodies of all functions.
    pub fn check_fns(&mut self) -> Vec<hir::Fn> {
        let mut out = Vec::new();
        for at in 0..self.world.fns.len() {
            out.push(self.check_fn(FnId(u32::try_from(at).unwrap_or(u32::MAX))));
        }
        out
    }

    fn check_fn(&mut self, id: FnId) -> hir::Fn {
        let world = self.world;
        let item = &world.fns[id.index()];
        let decl = &item.decl.decl;
        let sig = self.fns[id.index()].clone();
        if item.decl.import.is_some() {
            self.summaries.push(Summary::default());
            return self.circuit_fn(id, decl, &sig);
        }
        let is_main = self.main == Some(id);
        let kind = if is_main { Kind::Main } else { Kind::Function };
        let mut body = Body::new(
            self,
            item.module,
            kind,
            sig.generics.clone(),
            sig.ret.clone(),
        );
        body.own = Some(id);
        for (at, (param, known)) in decl.params.iter().zip(&sig.params).enumerate() {
            if body.local(&param.name.text).is_some() {
                let error = diagnostic!(
                    E2003,
                    param.name.span,
                    "the parameter `{}` is declared twice",
                    param.name.text
                );
                body.report(error.here("declared again here").help("rename one of them"));
            }
            let local = body.declare(
                &param.name,
                known.ty.clone(),
                param.mutable,
                Cause::Declared,
            );
            if matches!(known.ty, Ty::Fn(_)) {
                body.locals[local.index()].callable_param = u32::try_from(at).ok();
            }
        }
        let value = body.function_block(&decl.body, &sig.ret, decl.head);
        body.ck.check_assigned(&body.locals, &value);
        body.warn_unused();
        let docs: Vec<&str> = decl.params.iter().map(|p| p.docs.as_str()).collect();
        body.ck.define_locals(&body.locals, &sig.generics, &docs);
        let locals = body.hir_locals();
        let summary = std::mem::take(&mut body.summary);
        self.summaries.push(summary);
        hir::Fn {
            name: world.fn_name(id),
            generics: sig.generics.iter().map(GenericInfo::hir).collect(),
            locals,
            n_params: u32::try_from(sig.params.len()).unwrap_or(u32::MAX),
            ret: sig.ret.hir(),
            protocol: item.decl.wishes.protocol,
            flushes: item.decl.wishes.flushes,
            body: value,
            span: decl.name.span,
        }
    }

    /// Checks all tests of the root; each becomes a function.
    pub fn check_tests(&mut self, fns: &mut Vec<hir::Fn>) -> Vec<hir::Test> {
        let world = self.world;
        let mut out = Vec::new();
        for test in &world.tests {
            let mut body = Body::new(
                self,
                crate::resolve::ROOT,
                Kind::Test,
                Vec::new(),
                Ty::unit(),
            );
            let value = body.function_block(&test.body, &Ty::unit(), test.name.span);
            body.ck.check_assigned(&body.locals, &value);
            body.warn_unused();
            body.ck.define_locals(&body.locals, &[], &[]);
            let locals = body.hir_locals();
            let summary = std::mem::take(&mut body.summary);
            self.summaries.push(summary);
            let function = FnId(u32::try_from(fns.len()).unwrap_or(u32::MAX));
            let parties = self.test_parties(test);
            fns.push(hir::Fn {
                name: format!("test {:?}", test.name.text),
                generics: Vec::new(),
                locals,
                n_params: 0,
                ret: hir::Type::unit(),
                protocol: None,
                flushes: false,
                body: value,
                span: test.name.span,
            });
            out.push(hir::Test {
                name: test.name.text.clone(),
                function,
                parties,
                span: test.name.span,
            });
        }
        out
    }

    /// For how many parties a test says that it runs.
    fn test_parties(&mut self, test: &ast::TestDecl) -> Option<(u32, u32)> {
        let (lo, hi, inclusive) = match test.parties.as_ref()? {
            ast::PartyCount::Exactly(n) => (n, n, true),
            ast::PartyCount::Range { lo, hi, inclusive } => (lo, hi.as_ref()?, *inclusive),
        };
        let (first, last) = (self.party_number(lo)?, self.party_number(hi)?);
        let last = if inclusive {
            Some(last)
        } else {
            last.checked_sub(1)
        };
        match last {
            Some(last) if first > 0 && first <= last && last <= MAX_PARTIES => Some((first, last)),
            _ => {
                let span = lo.span.to(hi.span);
                let error = diagnostic!(E3024, span, "no test runs for these numbers of parties")
                    .here("not a range of numbers of parties");
                self.report(error.help(format!(
                    "write for example `for 2..=5 parties`; there are 1 to {MAX_PARTIES} parties"
                )));
                None
            }
        }
    }

    /// Checks the value of a constant.
    pub fn check_const_value(&mut self, e: &Expr, ty: &Ty, module: usize) -> hir::Expr {
        let scalar = consts::scalar_of(ty);
        let known = (e.links > crate::ast::MAX_LINKS)
            .then(|| self.evaluate(e, module, scalar).ok())
            .flatten()
            .filter(|known| Some(known.scalar) == scalar);
        let mut body = Body::new(self, module, Kind::Const, Vec::new(), ty.clone());
        let value = match known {
            // Constants have no variables for the pieces of flat code.
            Some(known) => Typed::new(
                hir::ExprKind::Lit(known.integer().word()),
                ty.clone(),
                e.span,
            ),
            None => body.expr(e, Some(ty)),
        };
        let hir = body.coerce(value, ty, None);
        if !body.locals.is_empty() {
            let error =
                diagnostic!(E3016, e.span, "a constant has no variables").here("not a constant");
            body.report(error.help("write an expression of literals and constants"));
        }
        hir
    }
}
