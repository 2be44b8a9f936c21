//! The text form of a checked program: roles, the contract of `main`, and every function with the types of its variables.
//!
//! Library functions are left out unless the program's own code is the library: people look at what they wrote.

use super::{From, Hir, Len, ParamSource, Receivers, To, Type};
use std::fmt::Write as _;

/// The program as text.
pub fn dump(hir: &Hir) -> String {
    let mut out = String::new();
    for role in &hir.roles {
        let max = role.max.map_or_else(|| "…".into(), |m| m.to_string());
        let _ = writeln!(out, "role {}: {} to {max}", role.name, role.min);
    }
    for s in hir.structs.iter().filter(|s| !s.name.is_empty()) {
        let fields: Vec<String> = s
            .fields
            .iter()
            .map(|f| format!("{}: {}", f.name, show(hir, &f.ty)))
            .collect();
        let _ = writeln!(out, "struct {} {{ {} }}", s.name, fields.join(", "));
    }
    for c in &hir.consts {
        let _ = writeln!(out, "const {}: {}", c.name, show(hir, &c.ty));
    }
    if let Some(main) = &hir.main {
        for param in &main.params {
            let source = match &param.source {
                ParamSource::Argument => "public argument".to_string(),
                ParamSource::Input { secret, from } => {
                    format!(
                        "{} from {}",
                        if *secret { "secret" } else { "public" },
                        owner(hir, *from)
                    )
                }
            };
            let _ = writeln!(
                out,
                "main takes {}: {}, {source}",
                param.name,
                show(hir, &param.element)
            );
        }
        match &main.receivers {
            Receivers::Whole(to) => {
                let _ = writeln!(out, "main gives its result to {}", receiver(hir, *to));
            }
            Receivers::Fields(fields) => {
                for (field, to) in fields {
                    let _ = writeln!(out, "main gives {field} to {}", receiver(hir, *to));
                }
            }
        }
    }
    for f in hir.fns.iter().filter(|f| !f.name.starts_with("std::")) {
        let params: Vec<String> = f
            .locals
            .iter()
            .take(f.n_params as usize)
            .map(|l| format!("{}: {}", l.name, show(hir, &l.ty)))
            .collect();
        let _ = writeln!(
            out,
            "fn {}({}) -> {}",
            f.name,
            params.join(", "),
            show(hir, &f.ret)
        );
        for local in f
            .locals
            .iter()
            .skip(f.n_params as usize)
            .filter(|l| !l.name.is_empty())
        {
            let keyword = if local.mutable { "let mut" } else { "let" };
            let _ = writeln!(
                out,
                "    {keyword} {}: {}",
                local.name,
                show(hir, &local.ty)
            );
        }
    }
    out
}

fn role(hir: &Hir, id: super::RoleId) -> &str {
    hir.roles.get(id.index()).map_or("?", |r| r.name.as_str())
}

fn owner(hir: &Hir, from: From) -> String {
    match from {
        From::One(id, 0) if !hir.roles.get(id.index()).is_some_and(|r| r.is_array) => {
            role(hir, id).into()
        }
        From::One(id, i) => format!("{}[{i}]", role(hir, id)),
        From::EachOf(id) => format!("each {}", role(hir, id)),
        From::Each => "each".into(),
    }
}

fn receiver(hir: &Hir, to: To) -> String {
    match to {
        To::All => "all".into(),
        To::One(id, 0) if !hir.roles.get(id.index()).is_some_and(|r| r.is_array) => {
            role(hir, id).into()
        }
        To::One(id, i) => format!("{}[{i}]", role(hir, id)),
        To::AllOf(id) => format!("every {}", role(hir, id)),
        To::EachOf(id) => format!("each {} its element", role(hir, id)),
        To::Each => "each its element".into(),
    }
}

/// A type as the language writes it; generic parameters by position.
pub fn show(hir: &Hir, ty: &Type) -> String {
    let mark = |secret: bool, name: String| {
        if secret {
            format!("secret {name}")
        } else {
            name
        }
    };
    match ty {
        Type::Bool { secret } => mark(*secret, "bool".into()),
        Type::Int {
            width,
            signed,
            secret,
        } => mark(
            *secret,
            format!("{}{width}", if *signed { 'i' } else { 'u' }),
        ),
        Type::Usize => "usize".into(),
        Type::Array(element, len) => {
            let len = match len {
                Len::Const(n) => n.to_string(),
                Len::Param(id) => format!("N{}", id.0),
                Len::Parties(_) => "parties".into(),
                Len::Session => "_".into(),
            };
            format!("[{}; {len}]", show(hir, element))
        }
        Type::Ragged(element, _) => format!("[[{}; _]; parties]", show(hir, element)),
        Type::Tuple(parts) => format!(
            "({})",
            parts
                .iter()
                .map(|p| show(hir, p))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Type::Struct { id, secret, .. } => mark(
            *secret,
            hir.structs
                .get(id.index())
                .map_or("?", |s| s.name.as_str())
                .into(),
        ),
        Type::Param { id, secret } => mark(*secret, format!("T{}", id.0)),
        Type::Wide(inner) => format!("Wide<{}>", show(hir, inner)),
        Type::Callable => "fn".into(),
        Type::Never => "!".into(),
    }
}
