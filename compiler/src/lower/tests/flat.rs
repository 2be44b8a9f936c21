//! Flat code of many thousand terms, from text to result, against what Rust computes.

use super::harness::Run;

/// More than any limit on nesting.
const TERMS: usize = 20_000;
/// Several pieces, where many inputs are tried.
const SOME: usize = 700;

fn joined(by: &str, term: impl Fn(usize) -> String) -> String {
    joined_n(TERMS, by, term)
}

fn joined_n(n: usize, by: &str, term: impl Fn(usize) -> String) -> String {
    (0..n).map(term).collect::<Vec<_>>().join(by)
}

fn result(text: &str, x: i128) -> i128 {
    let run = Run::new(text, 2).input("x", 0, &[x]);
    run.try_run().unwrap()[0][0]
}

#[test]
fn sums_and_products_of_many_terms() {
    let sum = joined(" + ", |i| format!("{}", i % 7));
    let of = |head: &str, sum: &str| {
        format!("party p[2];\nfn main(x: secret u64 from p[0]) -> u64 {{ {head}{sum} }}")
    };
    let wanted: i128 = (0..TERMS as i128).map(|i| i % 7).sum();
    assert_eq!(result(&of("x + ", &sum), 5), 5 + wanted);
    // Literals at the beginning take the type of what comes after them.
    let text =
        format!("party p[2];\nfn main(x: secret u64 from p[0]) -> u64 {{ let s = {sum} + x; s }}");
    assert_eq!(result(&text, 5), 5 + wanted);
    // `+` and `-` bind more tightly than `^`.
    let mixed = joined("", |i| {
        if i % 2 == 0 {
            " + x".into()
        } else {
            " ^ x * 3 - x".into()
        }
    });
    let text = of("x", &mixed);
    let mut terms = vec![9u64];
    for i in 0..TERMS {
        let last = terms.last_mut().unwrap();
        if i % 2 == 0 {
            *last = last.wrapping_add(9);
        } else {
            terms.push(9 * 3 - 9);
        }
    }
    let wanted = terms.iter().fold(0, |all, t| all ^ t);
    assert_eq!(result(&text, 9), i128::from(wanted));
}

#[test]
fn constants_of_many_terms() {
    let sum = joined(" + ", |_| "1".into());
    let text = format!(
        "const N: usize = {sum};\nparty p[2];\nfn main(x: secret u8 from p[0]) -> u64 {{ let t = [x; N]; t.len() as u64 }}"
    );
    assert_eq!(result(&text, 1), TERMS as i128);
}

#[test]
fn logic_of_many_terms() {
    let all = joined(" && ", |i| format!("x != {}", i + 1));
    let any = joined(" || ", |i| format!("x == {}", i + 1));
    for (expr, of_zero, of_last) in [(all, 1, 0), (any, 0, 1)] {
        let text = format!("party p[2];\nfn main(x: secret u32 from p[0]) -> bool {{ {expr} }}");
        assert_eq!(result(&text, 0), of_zero);
        assert_eq!(result(&text, TERMS as i128), of_last);
    }
}

#[test]
fn chains_of_methods_and_casts() {
    let chain = joined("", |i| {
        if i % 5 == 4 {
            " as u32".into()
        } else {
            String::new()
        }
    });
    let methods = joined("", |_| ".next()".into());
    let text = format!(
        "party p[2];\nfn next(x: secret u32) -> secret u32 {{ x + 1 }}\nfn main(x: secret u32 from p[0]) -> u32 {{ x{methods}{chain} }}"
    );
    assert_eq!(result(&text, 7), 7 + TERMS as i128);
}

#[test]
fn many_else_ifs_choose_the_first_that_holds() {
    // Conditions overlap, so that the order shows.
    for (n, xs) in [
        (
            SOME,
            &[0, 9, 10, 1279, 1280, 1290, 2559, 2560, 6999, 7000][..],
        ),
        (TERMS, &[199_995]),
    ] {
        let arms = |value: &dyn Fn(usize) -> String| {
            let arm = |i| format!("if x < {} {{ {} }}", 10 * (i + 1), value(i));
            joined_n(n, " else ", arm)
        };
        let valued = arms(&|i| format!("{i}"));
        let text = format!(
            "party p[2];\nfn main(x: secret u32 from p[0]) -> u32 {{ let v = {valued} else {{ x + 1 }}; v }}"
        );
        let assigned = arms(&|i| format!("v = {i}; n += 1;"));
        let statement = format!(
            "party p[2];\nfn main(x: secret u32 from p[0]) -> u32 {{ let mut v: secret u32 = x + 1; let mut n: secret u32 = 0; {assigned} v + n }}"
        );
        for &x in xs {
            let limit = 10 * n as i128;
            let (wanted, more) = if x < limit { (x / 10, 1) } else { (x + 1, 0) };
            assert_eq!(result(&text, x), wanted, "{x}");
            assert_eq!(result(&statement, x), wanted + more, "{x}");
        }
    }
}

#[test]
fn many_else_ifs_on_public_values_take_one_way() {
    for (n, xs) in [
        (SOME, &[0, 127, 128, 129, 699, 700][..]),
        (TERMS, &[19_999]),
    ] {
        let arms = joined_n(n, " else ", |i| format!("if n == {i} {{ {} }}", i * 3));
        let text = format!(
            "party p[2];\nfn main(x: secret u32 from p[0]) -> u32 {{ let n = x.reveal(); {arms} else {{ 7 }} }}"
        );
        for &x in xs {
            let wanted = if x < n as i128 { 3 * x } else { 7 };
            assert_eq!(result(&text, x), wanted, "{x}");
        }
    }
}

#[test]
fn arms_and_operands_of_different_types_are_still_refused() {
    let arms = joined(" else ", |i| format!("if x == {i} {{ 1u8 }}"));
    for (text, code) in [
        (
            format!("fn f(x: secret u32) -> secret u8 {{ {arms} else {{ true }} }}"),
            "E3001",
        ),
        (
            format!("fn f(x: secret u32) -> secret u8 {{ {arms} }}"),
            "E3001",
        ),
        (
            format!(
                "fn f(x: secret u32) {{ let mut n = 0; {} }}",
                joined(" else ", |i| format!("if x == {i} {{ n = 1; }}"))
            ),
            "E3004",
        ),
        (
            format!(
                "fn f(x: secret u32) -> u32 {{ {} }}",
                joined(" + ", |_| "x".into())
            ),
            "E3002",
        ),
        (
            format!(
                "fn f(x: secret u32) -> secret u32 {{ {} }}",
                joined(" + ", |i| format!("y{i}"))
            ),
            "E2001",
        ),
    ] {
        let mut sources = crate::source::SourceSet::new();
        let root = sources.add("t.smpc", text);
        let (hir, diagnostics) = crate::front::check(&sources, root);
        assert!(hir.is_none());
        let codes: Vec<&str> = diagnostics.iter().map(|d| d.code.as_str()).collect();
        assert!(codes.contains(&code), "{code}: {:?}", codes.first());
    }
}
