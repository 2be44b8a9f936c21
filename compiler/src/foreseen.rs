//! What is refused in every session, told without one: noise beyond a budget, and types and constants that functions of the library
//! do not take.
//!
//! Both come up when a program is traced, because they follow from constants through calls and loops. So small sessions are
//! traced, and what all of them are refused for is told. Not what the program itself asserts: that may be about lengths that small sessions
//! do not have, while the library bounds lengths from above.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Hir, ParamSource};
use crate::library;
use crate::lower::lower;
use crate::schema;
use crate::session::Session;
use smpcc_circuit::sorted::SortedMap;

/// Lengths of the inputs, and how many parties there are beyond the fewest.
const SESSIONS: [(u64, u32); 3] = [(1, 0), (2, 0), (7, 1)];

/// What is wrong with the program in every session, if anything is found. Programs with public arguments are not looked at: those
/// may decide what is asked here.
pub fn refused(hir: &Hir) -> Option<Diagnostic> {
    let concerned = |name: &str| name.starts_with("std::") && !name.starts_with("std::prelude::");
    if hir.main.is_none() || !hir.fns.iter().any(|f| concerned(&f.name)) {
        return None;
    }
    let mut found: Option<Diagnostic> = None;
    for (len, more) in SESSIONS {
        // A number of parties that the program is not for says nothing.
        let Some(session) = session(hir, len, more) else {
            continue;
        };
        let fault = lower(hir, &session).err()?.pop().filter(is_told)?;
        match &found {
            Some(before) if before.code != fault.code || before.primary != fault.primary => {
                return None;
            }
            _ => found = found.or(Some(fault)),
        }
    }
    found
}

fn is_told(fault: &Diagnostic) -> bool {
    let mut labels = std::iter::once(&fault.primary).chain(&fault.causes);
    let mut in_library = || labels.any(|label| library::owns(label.span.file));
    fault.code == Code::E4011 || fault.code == Code::E4007 && in_library()
}

fn session(hir: &Hir, len: u64, more: u32) -> Option<Session> {
    let least: u32 = hir.roles.iter().map(|role| role.min).sum();
    let n_parties = least.max(2) + more;
    let role_counts = schema::assign_roles(hir, n_parties).ok()?;
    let mut lens = SortedMap::new();
    for param in schema::schema(hir).params {
        if param.source == ParamSource::Argument {
            return None;
        }
        for (_, key) in param.len_keys() {
            for owner in param.owners(&role_counts) {
                lens.insert((key.clone(), owner), len);
            }
        }
    }
    Some(Session {
        n_parties,
        role_counts,
        args: SortedMap::new(),
        lens,
        seating: None,
    })
}

#[cfg(test)]
mod tests {
    use super::refused;
    use crate::diagnostic::Code;
    use crate::front;
    use crate::source::SourceSet;

    fn told(text: &str) -> Option<(Code, String)> {
        let mut sources = SourceSet::new();
        let root = sources.add("p.smpc", text);
        let (hir, diagnostics) = front::check(&sources, root);
        let hir = hir.unwrap_or_else(|| panic!("{diagnostics:?}"));
        refused(&hir).map(|d| (d.code, d.message))
    }

    fn noise(budget: &str, noise: &str) -> Option<Code> {
        let text = format!(
            "use std::dp::{{budget, gaussian, laplace}};
party a;
party b[1..];
fn main(x: [secret u32; _] from each b) -> i64 {{
    budget({budget});
    let total = x.flatten().sum() as i64;
    {noise}
}}"
        );
        told(&text).map(|(code, _)| code)
    }

    #[test]
    fn budgets_that_never_hold_are_told() {
        assert_eq!(
            noise("0.3, 0.001", "laplace(total, 1, 0.5)"),
            Some(Code::E4011)
        );
        assert_eq!(noise("0.5, 0.001", "laplace(total, 1, 0.5)"), None);
        assert_eq!(
            noise("3.0, 0.0", "gaussian(total, 1, 1.0, 0.000001)"),
            Some(Code::E4011)
        );
        assert_eq!(
            noise("3.0, 0.0", "laplace(total, 1, 1.0)"),
            Some(Code::E4011)
        );
        let thrice = "let mut t = total; for i in 0..3 { t = laplace(t, 1, 0.2); } t";
        assert_eq!(noise("0.5, 0.001", thrice), Some(Code::E4011));
        // Four parties have no noise left, and two have.
        let each =
            "let mut t: secret i64 = 0; for xs in x { t += laplace(xs.sum() as i64, 1, 0.2); } t";
        assert_eq!(noise("0.5, 0.001", each), None);
        assert_eq!(noise("0.1, 0.001", each), Some(Code::E4011));
    }

    #[test]
    fn an_argument_may_keep_a_budget() {
        let text = "use std::dp::{budget, laplace};
fn main(x: secret u32 from each, e: f64) -> i64 {
    budget(0.3, 0.001);
    laplace(x.sum() as i64, 1, e)
}";
        assert_eq!(told(text), None);
    }

    #[test]
    fn what_a_loop_is_sure_to_run_is_looked_at_too() {
        let within = |body: &str| {
            told(&format!(
                "use std::math::sin;
fn main(x: [secret fixed<64, 40>; 5] from each) -> fixed<64, 40> {{
    let mut s: secret fixed<64, 40> = 0.0;
    {body}
    s
}}"
            ))
            .map(|(code, _)| code)
        };
        for body in [
            "for xs in x { for v in xs { s += sin(v); } }",
            "for i in 0..3 { if x.len() > 1 { s += sin(x[0][i]); } }",
        ] {
            assert_eq!(within(body), Some(Code::E4007), "{body}");
        }
        for body in [
            "for xs in x { for v in xs { if reveal(v > 0.5) { s += sin(v); } } }",
            "while reveal(s > 0.5) { for v in x[0] { s += sin(v); } }",
            "for v in x[0] { if reveal(v > 0.5) { break; } for v in x[1] { s += sin(v); } }",
            "for v in x[0][..0] { s += sin(v); }",
        ] {
            assert_eq!(within(body), None, "{body}");
        }
    }

    #[test]
    fn types_that_a_function_does_not_take_are_told() {
        let function = |call: &str, w: u32, f: u32| {
            let name = call.split('(').next().unwrap_or_default();
            told(&format!(
                "use std::math::{name};
fn main(x: secret fixed<{w}, {f}> from each) -> [fixed<{w}, {f}>; _] {{
    let all = x.map(|x| {call});
    assert(parties() > 2000);
    all
}}"
            ))
        };
        let (code, message) = function("sin(x)", 64, 40).expect("told");
        assert_eq!(code, Code::E4007);
        assert!(
            message.contains("`sin` and `cos` take numbers with at most 32 bits behind the point"),
            "{message}"
        );
        for (call, w, f) in [
            ("pow(x, x)", 64, 20),
            ("exp(x)", 65, 20),
            ("ln(x)", 16, 0),
            ("tanh(x)", 16, 15),
            ("reciprocal(x)", 16, 15),
        ] {
            assert_eq!(
                function(call, w, f).map(|(code, _)| code),
                Some(Code::E4007),
                "{call}"
            );
        }
        for (call, w, f) in [
            ("pow(x, x)", 48, 20),
            ("exp(x)", 64, 20),
            ("sin(x)", 16, 1),
            ("reciprocal(x)", 16, 14),
        ] {
            assert_eq!(function(call, w, f), None, "{call}");
        }
    }
}
