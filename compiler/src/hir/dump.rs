//! The text form of a checked program: every function with the types of its variables, and its body fully typed.
//!
//! It is for people who ask what the checker concluded. Variables are numbered, because names repeat.

use super::*;
use smpcc_circuit::value::Scalar;

/// The whole program as text.
pub fn dump(hir: &Hir) -> String {
    let mut d = Dump {
        hir,
        out: String::new(),
    };
    for role in &hir.roles {
        let max = role.max.map_or("..".to_owned(), |m| format!("..={m}"));
        d.line(0, &format!("party {}[{}{max}]", role.name, role.min));
    }
    for s in &hir.structs {
        d.line(
            0,
            &format!("struct {}{}", name_or(&s.name, "_"), generics(&s.generics)),
        );
        for field in &s.fields {
            let range = field
                .range
                .map_or(String::new(), |r| format!(" in {}..={}", r.lo, r.hi));
            d.line(
                1,
                &format!(
                    "{}: {}{range}",
                    field.name,
                    show_type(hir, &s.generics, &field.ty)
                ),
            );
        }
    }
    for c in &hir.consts {
        let value = d.expr(&[], &[], &c.value);
        d.line(
            0,
            &format!("const {}: {} = {value}", c.name, show_type(hir, &[], &c.ty)),
        );
    }
    if let Some(main) = &hir.main {
        d.main(main);
    }
    // People look at what they wrote: the library is left out.
    for f in hir.fns.iter().filter(|f| !f.name.starts_with("std::")) {
        d.function(f);
    }
    d.out
}

fn name_or(name: &str, other: &str) -> String {
    if name.is_empty() {
        other.to_owned()
    } else {
        name.to_owned()
    }
}

fn generics(list: &[Generic]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let one = |g: &Generic| match g.kind {
        GenericKind::Type => g.name.clone(),
        GenericKind::Const => format!("const {}", g.name),
        GenericKind::Callable => format!("fn {}", g.name),
    };
    format!("<{}>", list.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A type as it is written in the language, with the names of these generic parameters.
pub fn show_type(hir: &Hir, generics: &[Generic], ty: &Type) -> String {
    let secret = |s: bool| if s { "secret " } else { "" };
    let show = |t: &Type| show_type(hir, generics, t);
    let param = |id: GenericId| generics.get(id.index()).map_or("?", |g| g.name.as_str());
    match ty {
        Type::Scalar(scalar, s) => format!("{}{scalar}", secret(*s)),
        Type::Real(Real::Float(width), s) => format!("{}f{width}", secret(*s)),
        Type::Real(Real::Fixed { width, frac }, s) => format!(
            "{}fixed<{}, {}>",
            secret(*s),
            show_len(hir, generics, width),
            show_len(hir, generics, frac)
        ),
        Type::Usize => "usize".into(),
        Type::Text(Text::Date, s) => format!("{}date", secret(*s)),
        Type::Text(Text::Datetime, s) => format!("{}datetime", secret(*s)),
        Type::Text(Text::Str(n), s) => {
            format!("{}str<{}>", secret(*s), show_len(hir, generics, n))
        }
        Type::Array(t, n) => format!("[{}; {}]", show(t), show_len(hir, generics, n)),
        Type::Ragged(t, _) => format!("[[{}; _]; _]", show(t)),
        Type::Tuple(ts) if ts.len() == 1 => {
            format!("({},)", ts.iter().map(show).collect::<String>())
        }
        Type::Tuple(ts) => format!("({})", ts.iter().map(show).collect::<Vec<_>>().join(", ")),
        Type::Struct {
            id,
            args,
            secret: s,
        } => {
            let name = hir.structs.get(id.index()).map_or("?", |s| s.name.as_str());
            let one = |a: &GenericArg| match a {
                GenericArg::Type(t) => show(t),
                GenericArg::Len(n) => show_len(hir, generics, n),
                GenericArg::Callable => "fn".into(),
            };
            let args: Vec<String> = args.iter().map(one).collect();
            let args = if args.is_empty() {
                String::new()
            } else {
                format!("<{}>", args.join(", "))
            };
            format!("{}{}{args}", secret(*s), name_or(name, "_"))
        }
        Type::Param { id, secret: s } => format!("{}{}", secret(*s), param(*id)),
        Type::Wide(t, of) => format!("{}<{}>", of.name(), show(t)),
        Type::Fn(_) => "fn".into(),
        Type::Never => "!".into(),
    }
}

fn show_len(hir: &Hir, generics: &[Generic], len: &Len) -> String {
    len.show(&|len| show_known_len(hir, generics, len))
}

fn show_known_len(hir: &Hir, generics: &[Generic], len: &Len) -> String {
    match len {
        Len::Const(n) => n.to_string(),
        Len::Param(id) => generics
            .get(id.index())
            .map_or("?".into(), |g| g.name.clone()),
        Len::Parties(None) => "parties".into(),
        Len::Parties(Some(role)) => hir
            .roles
            .get(role.index())
            .map_or("?".into(), |r| format!("parties of {}", r.name)),
        Len::Session | Len::Computed(_) => "_".into(),
    }
}

struct Dump<'h> {
    hir: &'h Hir,
    out: String,
}

impl Dump<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        self.out.push_str(&"  ".repeat(depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn role(&self, id: RoleId) -> String {
        self.hir
            .roles
            .get(id.index())
            .map_or("?".into(), |r| r.name.clone())
    }

    fn to(&self, to: &[To]) -> String {
        let all: Vec<String> = to.iter().map(|to| self.receiver(*to)).collect();
        all.join(", ")
    }

    fn receiver(&self, to: To) -> String {
        match to {
            To::All => "all".into(),
            To::One(role, at) => format!("{}[{at}]", self.role(role)),
            To::AllOf(role) => format!("every {}", self.role(role)),
            To::EachOf(role) => format!("each {}", self.role(role)),
            To::Each => "each".into(),
        }
    }

    fn main(&mut self, main: &Main) {
        let generics = self
            .hir
            .fns
            .get(main.function.index())
            .map_or(&[][..], |f| &f.generics);
        for param in &main.params {
            let source = match &param.source {
                ParamSource::Argument => "argument".to_owned(),
                ParamSource::Input { secret, from } => {
                    let who = match from {
                        From::One(role, at) => format!("{}[{at}]", self.role(*role)),
                        From::EachOf(role) => format!("each {}", self.role(*role)),
                        From::Each => "each".into(),
                    };
                    format!("{} from {who}", if *secret { "secret" } else { "public" })
                }
            };
            let range = param
                .range
                .map_or(String::new(), |r| format!(" in {}..={}", r.lo, r.hi));
            let ty = show_type(self.hir, generics, &param.element);
            self.line(0, &format!("input {}: {ty}{range}, {source}", param.name));
        }
        match &main.receivers {
            Receivers::Whole(to) => self.line(0, &format!("output to {}", self.to(to))),
            Receivers::Fields(fields) => {
                for (name, to) in fields {
                    self.line(0, &format!("output {name} to {}", self.to(to)));
                }
            }
        }
    }

    fn function(&mut self, f: &Fn) {
        let params = f.locals.iter().take(f.n_params as usize);
        let params: Vec<String> = params
            .map(|l| format!("{}: {}", l.name, show_type(self.hir, &f.generics, &l.ty)))
            .collect();
        let ret = show_type(self.hir, &f.generics, &f.ret);
        self.line(
            0,
            &format!(
                "fn {}{}({}) -> {ret}",
                f.name,
                generics(&f.generics),
                params.join(", ")
            ),
        );
        for (at, local) in f.locals.iter().enumerate().skip(f.n_params as usize) {
            let mutable = if local.mutable { "mut " } else { "" };
            let ty = show_type(self.hir, &f.generics, &local.ty);
            self.line(
                1,
                &format!("{mutable}{}#{at}: {ty}", name_or(&local.name, "_")),
            );
        }
        let body = self.expr(&f.locals, &f.generics, &f.body);
        self.line(1, &body);
    }

    fn exprs(&self, locals: &[Local], g: &[Generic], es: &[Expr]) -> String {
        es.iter()
            .map(|e| self.expr(locals, g, e))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn expr(&self, locals: &[Local], g: &[Generic], e: &Expr) -> String {
        let x = |e: &Expr| self.expr(locals, g, e);
        let xs = |es: &[Expr]| self.exprs(locals, g, es);
        let local = |id: LocalId| {
            let name = locals.get(id.index()).map_or("", |l| l.name.as_str());
            format!("{}#{}", name_or(name, "_"), id.0)
        };
        let function = |id: FnId| {
            self.hir
                .fns
                .get(id.index())
                .map_or("?", |f| f.name.as_str())
        };
        let ty = || show_type(self.hir, g, &e.ty);
        match &e.kind {
            ExprKind::Decimal(text) => format!("{text}: {}", ty()),
            ExprKind::Lit(word) => match &e.ty {
                Type::Scalar(Scalar::Bool, _) => (*word != 0).to_string(),
                #[expect(
                    clippy::cast_possible_wrap,
                    reason = "negative literals are sign-extended words"
                )]
                Type::Scalar(Scalar::Int { signed: true, .. }, _) => {
                    format!("{}: {}", *word as i128, ty())
                }
                _ => format!("{word}: {}", ty()),
            },
            ExprKind::Zero => format!("zero: {}", ty()),
            ExprKind::Local(id) => local(*id),
            ExprKind::Const(id) => self
                .hir
                .consts
                .get(id.index())
                .map_or("?".into(), |c| c.name.clone()),
            ExprKind::ConstParam(id) => g.get(id.index()).map_or("?".into(), |g| g.name.clone()),
            ExprKind::Limit(limit, ty) => format!("{}::{limit:?}", show_type(self.hir, g, ty)),
            ExprKind::Within(protocol, a) => format!("{protocol:?} {}", x(a)),
            ExprKind::Unary(op, a) => format!("{op:?}({})", x(a)),
            ExprKind::Binary(op, a, b) => format!("{op:?}({}, {}): {}", x(a), x(b), ty()),
            ExprKind::LogicalAnd(a, b) => format!("({} && {})", x(a), x(b)),
            ExprKind::LogicalOr(a, b) => format!("({} || {})", x(a), x(b)),
            ExprKind::Cast(a) => format!("({} as {})", x(a), ty()),
            ExprKind::Field(a, at) => format!("{}.{at}", x(a)),
            ExprKind::Index(a, i) => format!("{}[{}]", x(a), x(i)),
            ExprKind::Slice {
                array,
                lo,
                hi,
                inclusive,
            } => {
                let side = |e: &Option<Box<Expr>>| e.as_ref().map_or(String::new(), |e| x(e));
                let dots = dots(*inclusive);
                format!("{}[{}{dots}{}]", x(array), side(lo), side(hi))
            }
            ExprKind::Array(es) => format!("[{}]: {}", xs(es), ty()),
            ExprKind::Repeat(a, n) => format!("[{}; {}]", x(a), x(n)),
            ExprKind::Tuple(es) => format!("({})", xs(es)),
            ExprKind::Struct(es) => format!("{} {{ {} }}", ty(), xs(es)),
            ExprKind::Call {
                function: f,
                generics,
                args,
            } => {
                let one = |a: &GenericArg| match a {
                    GenericArg::Type(t) => show_type(self.hir, g, t),
                    GenericArg::Len(n) => show_len(self.hir, g, n),
                    GenericArg::Callable => "fn".into(),
                };
                let generics: Vec<String> = generics.iter().map(one).collect();
                let generics = if generics.is_empty() {
                    String::new()
                } else {
                    format!("::<{}>", generics.join(", "))
                };
                format!("{}{generics}({}): {}", function(*f), xs(args), ty())
            }
            ExprKind::CallValue(f, args) => format!("{}({}): {}", x(f), xs(args), ty()),
            ExprKind::Closure { params, body } => {
                let params: Vec<String> = params.iter().map(|p| local(*p)).collect();
                format!("|{}| {}", params.join(", "), x(body))
            }
            ExprKind::FnValue(f) => function(*f).to_owned(),
            ExprKind::Circuit(c) => {
                let circuit = self.hir.circuits.get(c.index());
                circuit.map_or_else(String::new, |c| {
                    format!("circuit of {} gates", c.template().gates.len())
                })
            }
            ExprKind::Builtin(b, args) => format!("{b:?}({}): {}", xs(args), ty()),
            ExprKind::Reveal(a) => format!("reveal({})", x(a)),
            ExprKind::MakeSecret(a) => format!("secret({})", x(a)),
            ExprKind::Assert(a, why) => match why {
                Some(why) => format!("assert({}, {why:?})", x(a)),
                None => format!("assert({})", x(a)),
            },
            ExprKind::Block(stmts, tail) => {
                let mut parts: Vec<String> =
                    stmts.iter().map(|s| self.stmt(locals, g, s)).collect();
                parts.extend(tail.as_ref().map(|t| format!("= {}", x(t))));
                format!("{{ {} }}", parts.join("; "))
            }
            ExprKind::If {
                cond,
                then,
                otherwise,
            } => {
                let otherwise = otherwise
                    .as_ref()
                    .map_or(String::new(), |o| format!(" else {}", x(o)));
                format!("if {} {}{otherwise}", x(cond), x(then))
            }
            ExprKind::Return(a) => a
                .as_ref()
                .map_or("return".into(), |a| format!("return {}", x(a))),
            ExprKind::Break => "break".into(),
            ExprKind::Continue => "continue".into(),
        }
    }

    fn stmt(&self, locals: &[Local], g: &[Generic], s: &Stmt) -> String {
        let x = |e: &Expr| self.expr(locals, g, e);
        match s {
            Stmt::Let(id, value) => {
                let name = locals.get(id.index()).map_or("", |l| l.name.as_str());
                let value = value
                    .as_ref()
                    .map_or(String::new(), |v| format!(" = {}", x(v)));
                format!("let {}#{}{value}", name_or(name, "_"), id.0)
            }
            Stmt::Assign(place, value, _) => {
                let name = locals
                    .get(place.local.index())
                    .map_or("", |l| l.name.as_str());
                let mut target = format!("{}#{}", name_or(name, "_"), place.local.0);
                for step in &place.steps {
                    match step {
                        PlaceStep::Field(at) => target.push_str(&format!(".{at}")),
                        PlaceStep::Index(i) => target.push_str(&format!("[{}]", x(i))),
                    }
                }
                format!("{target} = {}", x(value))
            }
            Stmt::Expr(e) => x(e),
            Stmt::ForRange {
                var,
                lo,
                hi,
                inclusive,
                body,
                ..
            } => {
                let dots = dots(*inclusive);
                format!("for #{} in {}{dots}{} {}", var.0, x(lo), x(hi), x(body))
            }
            Stmt::ForEach {
                var, array, body, ..
            } => format!("for #{} in {} {}", var.0, x(array), x(body)),
            Stmt::While { cond, body, .. } => format!("while {} {}", x(cond), x(body)),
        }
    }
}

fn dots(inclusive: bool) -> &'static str {
    if inclusive { "..=" } else { ".." }
}
