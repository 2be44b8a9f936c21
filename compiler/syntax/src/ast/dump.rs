//! The text form of the tree: one line per item and statement, expressions fully parenthesised.
//!
//! It is for people who look at how something was read and for tests that pin it, so it follows the source's words
//! and shows precedence by parentheses.

use super::*;

/// A whole module as text.
pub fn dump(module: &Module) -> String {
    let mut out = String::new();
    for item in &module.items {
        for attribute in &item.attributes {
            let words: Vec<&str> = attribute
                .arguments
                .iter()
                .map(|a| a.text.as_str())
                .collect();
            out.push_str(&format!(
                "#[{}({})]\n",
                attribute.name.text,
                words.join(", ")
            ));
        }
        if item.public {
            out.push_str("pub ");
        }
        dump_item(&mut out, &item.kind);
    }
    out
}

fn dump_item(out: &mut String, kind: &ItemKind) {
    match kind {
        ItemKind::Use(tree) => {
            for import in tree.imports() {
                let path: Vec<&str> = import.path.iter().map(|p| p.text.as_str()).collect();
                out.push_str(&format!(
                    "use {} as {}\n",
                    path.join("::"),
                    import.local.text
                ));
            }
        }
        ItemKind::Const(c) => out.push_str(&format!(
            "const {}: {} = {}\n",
            c.name.text,
            ty(&c.ty),
            expr(&c.value)
        )),
        ItemKind::Struct(s) => {
            out.push_str(&format!(
                "struct {}{}\n",
                s.name.text,
                generics(&s.generics)
            ));
            for field in &s.fields {
                let called = called(&field.attributes);
                let (name, ty) = (&field.name.text, ty(&field.ty));
                out.push_str(&format!("  {called}{name}: {ty}\n"));
            }
        }
        ItemKind::Enum(e) => {
            out.push_str(&format!("enum {}{}\n", e.name.text, generics(&e.generics)));
            for variant in &e.variants {
                let fields = match &variant.fields {
                    VariantFields::Unit => String::new(),
                    VariantFields::Tuple(types) => {
                        let types: Vec<String> = types.iter().map(ty).collect();
                        format!("({})", types.join(", "))
                    }
                    VariantFields::Struct(fields) => {
                        let one = |f: &FieldDecl| {
                            let called = called(&f.attributes);
                            format!("{called}{}: {}", f.name.text, ty(&f.ty))
                        };
                        let fields: Vec<String> = fields.iter().map(one).collect();
                        format!(" {{ {} }}", fields.join(", "))
                    }
                };
                out.push_str(&format!("  {}{fields}\n", variant.name.text));
            }
        }
        ItemKind::Fn(f) => {
            let params: Vec<String> = f.params.iter().map(param).collect();
            let head = format!(
                "fn {}{}({}){}\n",
                f.name.text,
                generics(&f.generics),
                params.join(", "),
                ret(&f.result)
            );
            out.push_str(&head);
            block(out, &f.body, 1);
        }
        ItemKind::Party(p) => {
            out.push_str(&format!("party {}", p.name.text));
            if let Some(count) = &p.count {
                out.push_str(&format!("[{}]", party_count(count)));
            }
            out.push('\n');
        }
        ItemKind::Type(t) => {
            let head = format!("type {}{}", t.name.text, generics(&t.generics));
            out.push_str(&format!("{head} = {}\n", ty(&t.ty)));
        }
        ItemKind::Test(t) => {
            out.push_str(&format!("test {:?}", t.name.text));
            if let Some(parties) = &t.parties {
                out.push_str(&format!(" for {} parties", party_count(parties)));
            }
            out.push('\n');
            block(out, &t.body, 1);
        }
        ItemKind::Circuit(c) => {
            let params: Vec<String> = c.params.iter().map(ty).collect();
            out.push_str(&format!(
                "circuit {}: fn({}) -> {} = {:?}\n",
                c.name.text,
                params.join(", "),
                ty(&c.result),
                c.file.text
            ));
        }
    }
}

fn party_count(count: &PartyCount) -> String {
    match count {
        PartyCount::Exactly(n) => expr(n),
        PartyCount::Range { lo, hi, inclusive } => {
            let hi = hi.as_ref().map_or(String::new(), expr);
            format!("{}{}{hi}", expr(lo), dots(*inclusive))
        }
    }
}

fn dots(inclusive: bool) -> &'static str {
    if inclusive { "..=" } else { ".." }
}

fn generics(list: &[Generic]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let one = |g: &Generic| match &g.kind {
        GenericKind::Type(bounds) if bounds.is_empty() => g.name.text.clone(),
        GenericKind::Type(bounds) => {
            let names: Vec<&str> = bounds.iter().map(|b| b.text.as_str()).collect();
            format!("{}: {}", g.name.text, names.join(" + "))
        }
        GenericKind::Const(t) => format!("const {}: {}", g.name.text, ty(t)),
    };
    format!("<{}>", list.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn param(p: &Param) -> String {
    let mutable = if p.mutable { "mut " } else { "" };
    let from = p
        .from
        .as_ref()
        .map_or(String::new(), |s| format!(" from {}", seats(s)));
    format!("{mutable}{}: {}{from}", p.name.text, ty(&p.ty))
}

fn seats(s: &Seats) -> String {
    let all: Vec<String> = std::iter::once(&s.kind).chain(&s.more).map(seat).collect();
    all.join(", ")
}

fn seat(kind: &SeatsKind) -> String {
    match kind {
        SeatsKind::All => "all".into(),
        SeatsKind::Each => "each".into(),
        SeatsKind::Role(name, None) => name.text.clone(),
        SeatsKind::Role(name, Some(index)) => format!("{}[{}]", name.text, expr(index)),
        SeatsKind::EachRole(name) => format!("each {}", name.text),
    }
}

/// What files call a field, if something says so.
fn called(attributes: &[Attribute]) -> String {
    let one = |a: &Attribute| match &a.text {
        Some(text) => format!("#[{}({:?})] ", a.name.text, text.text),
        None => format!("#[{}] ", a.name.text),
    };
    attributes.iter().map(one).collect()
}

fn ret(r: &Ret) -> String {
    let to = |s: &Option<Seats>| {
        s.as_ref()
            .map_or(String::new(), |s| format!(" to {}", seats(s)))
    };
    match r {
        Ret::None => String::new(),
        Ret::One(t, s) => format!(" -> {}{}", ty(t), to(s)),
        Ret::Fields(fields, _) => {
            let one = |f: &RetField| {
                let called = called(&f.attributes);
                format!("{called}{}: {}{}", f.name.text, ty(&f.ty), to(&f.to))
            };
            format!(
                " -> {{ {} }}",
                fields.iter().map(one).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// A type as text.
pub(crate) fn ty(t: &Type) -> String {
    let list = |ts: &[Type]| ts.iter().map(ty).collect::<Vec<_>>().join(", ");
    match &t.kind {
        TypeKind::Path(p) => path(p, ""),
        TypeKind::Secret(t) => format!("secret {}", ty(t)),
        TypeKind::Public(t) => format!("public {}", ty(t)),
        TypeKind::Array(t, n) => format!("[{}; {}]", ty(t), expr(n)),
        TypeKind::Ragged(t) => format!("[{}; _]", ty(t)),
        TypeKind::Tuple(ts) => format!("({})", list(ts)),
        TypeKind::Fn(ts, t) => format!("fn({}) -> {}", list(ts), ty(t)),
        TypeKind::Ranged(t, r) => format!(
            "{} in {}{}{}",
            ty(t),
            expr(&r.lo),
            dots(r.inclusive),
            expr(&r.hi)
        ),
        TypeKind::Error => "<error>".into(),
    }
}

fn path(p: &Path, turbofish: &str) -> String {
    let parts: Vec<&str> = p.parts.iter().map(|n| n.text.as_str()).collect();
    let mut out = parts.join("::");
    if !p.args.is_empty() {
        let one = |a: &GenericArg| match a {
            GenericArg::Type(t) => ty(t),
            GenericArg::Const(e) => expr(e),
            GenericArg::Infer(_) => "_".into(),
        };
        out.push_str(&format!(
            "{turbofish}<{}>",
            p.args.iter().map(one).collect::<Vec<_>>().join(", ")
        ));
    }
    out
}

fn pattern(p: &Pattern) -> String {
    match &p.kind {
        PatternKind::Wild => "_".into(),
        PatternKind::Bind { mutable, name } => {
            format!("{}{}", if *mutable { "mut " } else { "" }, name.text)
        }
        PatternKind::Tuple(parts) => format!("({})", patterns(parts)),
        PatternKind::Array(parts) => format!("[{}]", patterns(parts)),
        PatternKind::Rest => "..".into(),
        PatternKind::Literal(e) => expr(e),
        PatternKind::Range { lo, hi, inclusive } => {
            let side = |e: &Option<Box<Expr>>| e.as_ref().map_or(String::new(), |e| expr(e));
            format!("{}{}{}", side(lo), dots(*inclusive), side(hi))
        }
        PatternKind::Path(p) => path(p, "::"),
        PatternKind::Variant(p, parts) => format!("{}({})", path(p, "::"), patterns(parts)),
        PatternKind::Struct(p, fields) => {
            let one = |f: &FieldPattern| match &f.name {
                Some(name) if !f.short => format!("{}: {}", name.text, pattern(&f.pattern)),
                _ => pattern(&f.pattern),
            };
            let fields: Vec<String> = fields.iter().map(one).collect();
            format!("{} {{ {} }}", path(p, "::"), fields.join(", "))
        }
        PatternKind::Or(parts) => {
            let parts: Vec<String> = parts.iter().map(pattern).collect();
            parts.join(" | ")
        }
    }
}

fn patterns(parts: &[Pattern]) -> String {
    parts.iter().map(pattern).collect::<Vec<_>>().join(", ")
}

fn block(out: &mut String, b: &Block, depth: usize) {
    let pad = "  ".repeat(depth);
    for stmt in &b.stmts {
        match &stmt.kind {
            StmtKind::Let {
                pattern: p,
                ty: t,
                init,
            } => {
                let t = t.as_ref().map_or(String::new(), |t| format!(": {}", ty(t)));
                let init = init
                    .as_ref()
                    .map_or(String::new(), |e| format!(" = {}", expr(e)));
                out.push_str(&format!("{pad}let {}{t}{init}\n", pattern(p)));
            }
            StmtKind::Assign { place, op, value } => {
                let op = op.map_or("", BinaryOp::symbol);
                out.push_str(&format!("{pad}{} {op}= {}\n", expr(place), expr(value)));
            }
            StmtKind::Expr(e, _) => out.push_str(&format!("{pad}{}\n", expr(e))),
            StmtKind::For {
                pattern: p,
                iter,
                body,
            } => {
                out.push_str(&format!("{pad}for {} in {}\n", pattern(p), expr(iter)));
                block(out, body, depth + 1);
            }
            StmtKind::While { condition, body } => {
                out.push_str(&format!("{pad}while {}\n", expr(condition)));
                block(out, body, depth + 1);
            }
            StmtKind::WhileLet(parts) => {
                out.push_str(&format!(
                    "{pad}while let {} = {}\n",
                    pattern(&parts.pattern),
                    expr(&parts.value)
                ));
                block(out, &parts.then, depth + 1);
            }
            StmtKind::Loop { body } => {
                out.push_str(&format!("{pad}loop\n"));
                block(out, body, depth + 1);
            }
            StmtKind::Return(e) => {
                out.push_str(&format!(
                    "{pad}return {}\n",
                    e.as_ref().map_or(String::new(), expr)
                ));
            }
            StmtKind::Break => out.push_str(&format!("{pad}break\n")),
            StmtKind::Continue => out.push_str(&format!("{pad}continue\n")),
            StmtKind::Empty => {}
        }
    }
    if let Some(tail) = &b.tail {
        out.push_str(&format!("{pad}= {}\n", expr(tail)));
    }
}

fn inline(b: &Block) -> String {
    let mut text = String::new();
    block(&mut text, b, 0);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    format!("{{ {} }}", lines.join("; "))
}

/// An expression as text.
pub(crate) fn expr(e: &Expr) -> String {
    // From the outside in: what stands before and after the expression on the left.
    let mut links = Vec::new();
    let mut e = e;
    while let Some(left) = e.kind.left() {
        links.push(match &e.kind {
            ExprKind::Index(_, i) => ("", format!("[{}]", expr(i))),
            ExprKind::Method(_, f, args) => {
                let args: Vec<String> = args.iter().map(expr).collect();
                ("", format!(".{}({})", path(f, "::"), args.join(", ")))
            }
            ExprKind::Binary(op, _, b) => ("(", format!(" {} {})", op.symbol(), expr(b))),
            ExprKind::Cast(_, t) => ("(", format!(" as {})", ty(t))),
            ExprKind::Field(_, n) | ExprKind::TupleField(_, n) => ("", format!(".{}", n.text)),
            _ => break,
        });
        e = left;
    }
    let mut out: String = links.iter().map(|(before, _)| *before).collect();
    out.push_str(&head(e));
    for (_, after) in links.iter().rev() {
        out.push_str(after);
    }
    out
}

/// An expression that has nothing on its left, as text.
fn head(e: &Expr) -> String {
    let list = |es: &[Expr]| es.iter().map(expr).collect::<Vec<_>>().join(", ");
    match &e.kind {
        ExprKind::Int(value, suffix) => format!("{value}{}", suffix.as_deref().unwrap_or("")),
        ExprKind::Decimal(text) => text.clone(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Path(p) => path(p, "::"),
        ExprKind::Array(es) => format!("[{}]", list(es)),
        ExprKind::Repeat(e, n) => format!("[{}; {}]", expr(e), expr(n)),
        ExprKind::Tuple(es) if es.len() == 1 => format!("({},)", list(es)),
        ExprKind::Tuple(es) => format!("({})", list(es)),
        ExprKind::Paren(e) => expr(e),
        ExprKind::Struct(p, fields) => {
            let one = |(name, e): &(Name, Option<Expr>)| match e {
                Some(e) => format!("{}: {}", name.text, expr(e)),
                None => name.text.clone(),
            };
            let name = if p.parts.is_empty() {
                "_".to_owned()
            } else {
                path(p, "::")
            };
            format!(
                "{name} {{ {} }}",
                fields.iter().map(one).collect::<Vec<_>>().join(", ")
            )
        }
        ExprKind::Range { lo, hi, inclusive } => {
            let side = |e: &Option<Box<Expr>>| e.as_ref().map_or(String::new(), |e| expr(e));
            format!("{}{}{}", side(lo), dots(*inclusive), side(hi))
        }
        ExprKind::Call(f, args) => format!("{}({})", expr(f), list(args)),
        ExprKind::Unary(op, e) => format!(
            "({}{})",
            if *op == UnaryOp::Neg { "-" } else { "!" },
            expr(e)
        ),
        ExprKind::If(..) => {
            let mut out = String::new();
            let mut at = e;
            while let ExprKind::If(c, then, otherwise) = &at.kind {
                out.push_str(&format!("if {} {}", expr(c), inline(then)));
                let Some(otherwise) = otherwise else {
                    return out;
                };
                out.push_str(" else ");
                at = otherwise;
            }
            out + &expr(at)
        }
        ExprKind::IfLet(parts) => {
            let IfLet {
                pattern: p,
                value,
                then,
                otherwise,
            } = &**parts;
            let otherwise = otherwise.as_ref();
            let otherwise = otherwise.map_or(String::new(), |e| format!(" else {}", expr(e)));
            format!(
                "if let {} = {} {}{otherwise}",
                pattern(p),
                expr(value),
                inline(then)
            )
        }
        ExprKind::Match(value, arms) => {
            let one = |arm: &Arm| {
                let guard = arm.guard.as_ref();
                let guard = guard.map_or(String::new(), |e| format!(" if {}", expr(e)));
                format!("{}{guard} => {}", pattern(&arm.pattern), expr(&arm.body))
            };
            let arms: Vec<String> = arms.iter().map(one).collect();
            format!("match {} {{ {} }}", expr(value), arms.join(", "))
        }
        ExprKind::Block(b) => inline(b),
        ExprKind::Attributed(attributes, b) => {
            let one = |a: &Attribute| {
                let words: Vec<&str> = a.arguments.iter().map(|w| w.text.as_str()).collect();
                format!("#[{}({})] ", a.name.text, words.join(", "))
            };
            attributes.iter().map(one).collect::<String>() + &inline(b)
        }
        ExprKind::Closure(params, body) => {
            let one = |(p, t): &(Pattern, Option<Type>)| {
                t.as_ref()
                    .map_or_else(|| pattern(p), |t| format!("{}: {}", pattern(p), ty(t)))
            };
            format!(
                "(|{}| {})",
                params.iter().map(one).collect::<Vec<_>>().join(", "),
                expr(body)
            )
        }
        ExprKind::Reveal(e, _) => format!("reveal({})", expr(e)),
        ExprKind::MakeSecret(e) => format!("secret({})", expr(e)),
        ExprKind::Assert(e, None) => format!("assert({})", expr(e)),
        ExprKind::Assert(e, Some(why)) => format!("assert({}, {:?})", expr(e), why.text),
        ExprKind::Field(..)
        | ExprKind::TupleField(..)
        | ExprKind::Index(..)
        | ExprKind::Method(..)
        | ExprKind::Binary(..)
        | ExprKind::Cast(..)
        | ExprKind::Error => "<error>".into(),
    }
}
