//! What people write who come from Python, Rust or C, and what they write here instead.
//!
//! A name that nothing in scope has may be one of another language. Then the message says how the same is said here, in
//! words that compile.

use crate::types::width;

/// What to write in place of a function of another language that was called like `x.name(…)` or `name(x, …)`.
pub(crate) fn for_call(name: &str) -> Option<&'static str> {
    Some(match name {
        "retain" | "where" | "query" => {
            "how many pass would show: count them with `xs.map(|x| if x > 3 { 1 } else { 0 }).sum()`, or keep a `bool` beside each element"
        }
        "push" | "append" | "extend" | "insert" | "push_back" | "add" => {
            "arrays keep their length: write `concat(xs, [x])`, or `[x; n]` first and `xs[i] = x` in a loop"
        }
        "pop" | "remove" | "delete" | "truncate" | "clear" => {
            "arrays keep their length: take a part with `xs[0..n]`, or keep a `bool` beside each element"
        }
        "contains" | "includes" | "find" | "index" => {
            "ask for each element: `xs.any(|x| x == y)`, or loop with `for (i, x) in xs.enumerate()`"
        }
        "reduce" => "write `xs.fold(start, |so_far, x| …)`",
        "for_each" | "forEach" | "foreach" => "write a loop: `for x in xs { … }`",
        "flat_map" => "write `xs.map(|x| …).flatten()`",
        "reversed" | "reverse" => "write `xs.rev()`",
        "take" | "head" | "limit" => "write `xs[0..n]`",
        "loc" | "iloc" | "iat" => "write `xs[i]`, or `xs[a..b]` for a part",
        "skip" | "tail" => "write `xs[n..]`",
        "range" => "write `for i in 0..n { … }`",
        "xrange" => "write `for i in 0..n { … }`",
        "print" | "println" | "print_ln" | "printf" | "puts" | "echo" | "dbg" | "console" => {
            "a program shows its result only: return it from `main`, or `reveal(x)` what everyone may learn"
        }
        "input" | "scanf" | "read_line" | "get_input_from" => {
            "inputs are parameters of `main`: `x: secret u32 from each`"
        }
        "sqrt" => "of an unsigned integer write `isqrt(x)`",
        "powi" | "powf" => "multiply: `x * x`, or in a loop",
        "popcount" | "bit_count" => "write `count_ones(x)`",
        "clz" => "write `leading_zeros(x)`",
        "ctz" => "write `trailing_zeros(x)`",
        "not" => "write `!x`",
        "count" => "write `xs.count_if(|x| x > 3)`, with `use std::stats::count_if;` at the top",
        "is_empty" | "empty" => "write `xs.len() == 0`",
        "first" | "front" => "write `xs[0]`",
        "last" | "back" => "write `xs[xs.len() - 1]`",
        "to_string" | "str" | "format" | "to_owned" | "paste" | "paste0" | "sprintf" => {
            "a number does not become a text; texts in quotes are values, `let s: str<8> = \"abc\";`"
        }
        "int" | "astype" | "parse" | "parseInt" => {
            "write `x as u32`, with the type that it shall have; of an array `xs.map(|x| x as u32)`"
        }
        "sint" | "cint" | "sfix" | "cfix" | "sbit" => return for_value(name),
        "apply" | "sapply" | "lapply" => "write `xs.map(|x| …)`",
        "c" => "write `[a, b, c]`",
        "sizeof" => "write `xs.len()`",
        "malloc" | "calloc" | "realloc" => "arrays are values: write `[0; n]`",
        "rbind" | "vstack" | "hstack" | "concatenate" => "write `concat(xs, ys)`",
        "rolling" => "write `xs.windows(3).map(|w| w.sum())`",
        "ifelse" | "if_else" | "iif" => "write `if c { a } else { b }`",
        "coalesce" | "ifnull" | "nvl" | "replace_na" => "of an `Option` write `x.unwrap_or(0)`",
        "reveal_to" => {
            "what one party learns is a result of `main`: declare `party analyst;` and write `-> u32 to analyst`"
        }
        "float" | "double" => "write `x as f64`, or `x as fixed<64, 16>`, which costs less",
        "bool" => "write `x != 0`",
        "unwrap" | "expect" | "get_or_insert" => {
            "write `o.unwrap_or(x)`, with what stands for `None`"
        }
        "sorted" | "order" | "arrange" => {
            "write `sort(xs)`, with `use std::sort::sort;` at the top"
        }
        "require" | "ensure" | "assume" => "write `assert(c, \"why\")`",
        "assert_eq" => "write `assert(a == b)`",
        "assert_ne" => "write `assert(a != b)`",
        "panic" | "unreachable" | "todo" | "abort" | "exit" | "revert" => {
            "write `assert(false, \"why\")`"
        }
        "swap" => "write `let t = xs[i]; xs[i] = xs[j]; xs[j] = t;`, or `swap_if(c, a, b)`",
        "rand" | "randint" | "rand_bits" | "random_bits" => {
            "write `random()`: it draws a secret that no party knows, `let r: secret u32 = random();`"
        }
        _ => return crate::resolve::elsewhere(name),
    })
}

/// The same for what the library has under this name, but does otherwise than what may be meant.
pub(crate) fn for_namesake(name: &str) -> Option<&'static str> {
    Some(match name {
        "filter" => {
            "how many pass would show: add up with `xs.map(|x| if x > 3 { x } else { 0 }).sum()`, or, for rows of which each says whether it is kept, bring it in: `use std::table::filter;`"
        }
        "apply" => {
            "of each element write `xs.map(|x| …)`; for a matrix times a vector bring it in: `use std::linear::apply;`"
        }
        "pow" => {
            "of integers multiply: `x * x`, or in a loop; for numbers with fractions bring it in: `use std::math::pow;`"
        }
        _ => return None,
    })
}

/// What to write in place of more arguments than a function has.
pub(crate) fn for_more(name: &str, n: usize) -> Option<&'static str> {
    Some(match (name, n) {
        ("round", 2) => "for two decimal places write `round(x * 100) / 100`",
        ("max", 3..) => "write `max(max(a, b), c)`",
        ("min", 3..) => "write `min(min(a, b), c)`",
        _ => return None,
    })
}

/// What to write in place of a type of another language.
pub(crate) fn for_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "Vec" | "List" | "list" | "Array" | "array" | "Sequence" | "Iterable" => {
            "write `[T; 8]` for an array of eight, `[T; N]` with `<const N: usize>` after the function's name, or `[T; _]` for rows of which each party has as many as it likes"
        }
        "HashMap" | "SortedMap" | "Map" | "Dict" | "dict" | "HashSet" | "Set" | "set" => {
            "there are no maps and sets: keep an array of structs, and see `std::table` and `std::set`"
        }
        "Box" | "Rc" | "Arc" => "everything is a value: write the type inside alone",
        "Optional" | "Maybe" => "write `Option<T>`",
        "decimal" | "Decimal" | "Number" | "number" | "money" | "Money" => {
            "write `fixed<64, 16>` (64 bits, 16 of them behind the point), or count the smallest unit in a `u64`"
        }
        "sint" | "cint" | "uint256" | "int256" | "uint128" | "int128" => {
            "write `u128`, or as few bits as numbers have; `secret u32` where nobody may see them"
        }
        "sfix" | "cfix" => {
            "write `fixed<32, 16>`; `secret fixed<32, 16>` where nobody may see them"
        }
        "mapping" => return for_type("Map"),
        _ => return None,
    })
}

/// What to write in place of a value of another language.
pub(crate) fn for_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" => "write `true`",
        "False" => "write `false`",
        "null" | "NULL" | "nil" | "nullptr" | "undefined" => {
            "write `None`, where an `Option` may hold no value: `let x: Option<u32> = None;`"
        }
        "self" | "this" => "there are no methods of types: write a function with a parameter",
        "INT_MAX" | "UINT_MAX" | "maxsize" => "write `u32::MAX`, with the type that you mean",
        "INT_MIN" => "write `i32::MIN`, with the type that you mean",
        "sint" | "cint" | "sfix" | "cfix" | "sbit" => {
            "a type stands where a name is declared: `let x: secret u32 = 3;`, `x: secret u32 from each`"
        }
        "Math" | "math" | "np" | "numpy" => {
            "functions are called as they are: `max(a, b)`; some are brought in: `use std::math::exp;`"
        }
        "is" => "of an `Option` write `x.is_none()`",
        "JSON" | "json" | "csv" | "pd" | "pandas" => {
            "what is read from files is an input of `main`: `rows: [secret Row; _] from each`"
        }
        "msg" => {
            "parties are declared, `party buyer;`, and inputs come from them: `x: secret u32 from buyer`"
        }
        "pass" => "a block may be empty: write `{ }`",
        "print" | "println" => return for_call(name),
        _ => return None,
    })
}

/// Whether a name is that of a type of numbers.
pub(crate) fn is_number_type(name: &str) -> bool {
    matches!(name, "usize" | "f32" | "f64") || width::parse(name).is_some()
}

#[cfg(test)]
mod tests {
    use crate::front;
    use crate::source::SourceSet;

    fn errors(text: &str) -> Vec<(String, String)> {
        let mut sources = SourceSet::new();
        let root = sources.add("p.smpc", text);
        let (_, diagnostics) = front::check(&sources, root);
        let errors = diagnostics.into_iter().filter(|d| d.is_error());
        errors
            .map(|d| (d.message, d.help.unwrap_or_default()))
            .collect()
    }

    /// What is written elsewhere, what is said of it, and what is written here.
    #[test]
    fn what_is_said_compiles() {
        let mut amiss = Vec::new();
        for (wrong, help, right) in [
            (
                "fn f() -> u32 { let mut t = 0; for (let i = 0; i < 3; i++) { t += i; } t }",
                "for i in 0..n { … }",
                "fn f() -> u32 { let n = 3; let mut t: u32 = 0; for i in 0..n { t += i as u32; } t }",
            ),
            (
                "fn f() -> u32 { let mut t = 0; for (i = 0; i < 3; i++) { t += i; } t }",
                "for i in 0..n { … }",
                "",
            ),
            (
                "fn f() -> u32 { let mut t = 0; for (int i = 0; i < 3; i++) { t += i; } t }",
                "for i in 0..n { … }",
                "",
            ),
            (
                "fn f() -> u32 { let r = 0..3; 1 }",
                "ranges stand in loops",
                "",
            ),
            (
                "fn f(x: Option<u32>) -> bool { x is None }",
                "`x.is_none()`",
                "fn f(x: Option<u32>) -> bool { x.is_none() }",
            ),
            (
                "fn f(x: Option<u32>) -> u32 { if x is not None { 1 } else { 0 } }",
                "`x.is_some()`",
                "fn f(x: Option<u32>) -> u32 { if x.is_some() { 1 } else { 0 } }",
            ),
            (
                "fn f(x: u32) -> bool { x is 3 }",
                "`x == y`",
                "fn f(x: u32, y: u32) -> bool { x == y }",
            ),
            (
                "fn f(xs: [u32; 3]) -> secret u32 { xs.count(|x| x > 3) }",
                "`xs.count_if(|x| x > 3)`, with `use std::stats::count_if;`",
                "use std::stats::count_if; fn f(xs: [u32; 3]) -> secret u32 { xs.count_if(|x| x > 3) }",
            ),
            ("fn f(xs: [u32; 3]) -> usize { xs.count() }", "`len`", ""),
            (
                "fn f(x: u32) -> u32 { if x > 3 { pass } x }",
                "`{ }`",
                "fn f(x: u32) -> u32 { if x > 3 { } x }",
            ),
            (
                "#[derive(Clone, PartialEq)] struct S { a: u32 }",
                "leave it out",
                "struct S { a: u32 } fn f(a: S, b: S) -> bool { let c = a; a == b && a == c }",
            ),
            (
                "fn f(x: u32) -> u32 { switch (x) { case 0: 1 } }",
                "`match x { 0 => a, 1 => b, _ => c }`",
                "fn f(x: u32, a: u32, b: u32, c: u32) -> u32 { match x { 0 => a, 1 => b, _ => c } }",
            ),
            (
                "fn f(x: u32) -> u32 { switch x { 0 => 1 } }",
                "`match x { 0 => a, 1 => b, _ => c }`",
                "",
            ),
            (
                "fn f(x: i32) -> u32 { x >>> 2 }",
                "`(x as u32) >> n`",
                "fn f(x: i32, n: u32) -> u32 { (x as u32) >> n }",
            ),
            (
                "fn f(xs: [bool; 3]) -> u32 { xs.sum() }",
                "`xs.map(|x| x as u32).sum()`",
                "fn f(xs: [bool; 3]) -> u64 { xs.map(|x| x as u32).sum() }",
            ),
            (
                "fn f(x: u32, xs: [u32; 3]) -> bool { x in xs }",
                "`xs.any(|y| y == x)`",
                "fn f(x: u32, xs: [u32; 3]) -> bool { xs.any(|y| y == x) }",
            ),
            (
                "fn f(x: u32) -> bool { x between 1 and 3 }",
                "`a <= x && x <= b`",
                "fn f(x: u32, a: u32, b: u32) -> bool { a <= x && x <= b }",
            ),
            (
                "fn f(xs: [u32; 3]) -> u64 { xs.sum() where xs > 3 }",
                "`xs.map(|x| if x > 3 { x } else { 0 }).sum()`",
                "fn f(xs: [u32; 3]) -> u64 { xs.map(|x| if x > 3 { x } else { 0 }).sum() }",
            ),
            (
                "const N = 3;",
                "`const N: usize = …;`",
                "const N: usize = 3; fn f() -> usize { N }",
            ),
            (
                "fn f(x: u32) -> (u32, u32) { return x, x; }",
                "`(a, b)`",
                "fn f(a: u32, b: u32) -> (u32, u32) { return (a, b); }",
            ),
            ("fn f(x: u32) -> (u32, u32) { x, x }", "`(a, b)`", ""),
            (
                "fn f() -> u32 { let a = 1, b = 2; a + b }",
                "`let a = 1; let b = 2;`",
                "fn f() -> i32 { let a = 1; let b = 2; a + b }",
            ),
            (
                "fn f(x: u32) -> u32 { f\"{x}\" }",
                "in a field with a name",
                "",
            ),
            ("fn f(x: unsigned int) -> u32 { 0 }", "write `u32`", ""),
            (
                "SELECT AVG(salary) FROM employees",
                "fn main(salary: secret u32 from each) -> u64 { salary.sum() }",
                "fn main(salary: secret u32 from each) -> u64 { salary.sum() }",
            ),
            (
                "fn f(xs: [u32; 3], ys: [u32; 3]) -> u32 { xs + ys }",
                "`xs.zip(ys).map(|(x, y)| x + y)`; one array behind the other is `concat(xs, ys)`",
                "fn f(xs: [u32; 3], ys: [u32; 3]) -> [u32; 3] { xs.zip(ys).map(|(x, y)| x + y) } fn g(xs: [u32; 3], ys: [u32; 3]) -> [u32; 6] { concat(xs, ys) }",
            ),
            (
                "fn f() -> u64 { let a = [0u32; 3]; let b: [secret u64; 3] = a; 0 }",
                "`xs.map(|x| x as u64)`",
                "fn f(xs: [u32; 3]) -> [secret u64; 3] { xs.map(|x| x as u64) }",
            ),
            (
                "fn f(b: bool, n: u32) -> u32 { n + b }",
                "`as u32`",
                "fn f(b: bool, n: u32) -> u32 { n + b as u32 }",
            ),
            (
                "fn f(x: u32) -> u32 { let mut v = []; v[0] }",
                "`let mut xs: [secret u32; 3] = [0; 3];` and fill it in a loop, `xs[i] = x`",
                "fn f(x: secret u32) -> secret u32 { let mut xs: [secret u32; 3] = [0; 3]; for i in 0..3 { xs[i] = x; } let e: [u32; 0] = []; xs[0] + e.sum() as u32 }",
            ),
            (
                "fn f(xs: [secret u32; 9]) -> secret u32 { let mut n = [0; 3]; for x in xs { if x > 3 { n[0] += x; n[1] += x; } } n[2] }",
                "declare it: `let mut n: [secret u32; 3] = [0; 3];`",
                "fn f(xs: [secret u32; 9]) -> secret u32 { let mut n: [secret u32; 3] = [0; 3]; for x in xs { if x > 3 { n[0] += x; n[1] += x; } } n[2] }",
            ),
            (
                "fn f(xs: [secret bool; 9]) -> secret i32 { let mut n = [[0, 0]; 3]; for x in xs { if x { n[0][1] += 1; } else { n[1][0] += 1; } } n[2][0] }",
                "declare it: `let mut n: [[secret i32; 2]; 3] = [[0, 0]; 3];`",
                "fn f(xs: [secret bool; 9]) -> secret i32 { let mut n: [[secret i32; 2]; 3] = [[0, 0]; 3]; for x in xs { if x { n[0][1] += 1; } else { n[1][0] += 1; } } n[2][0] }",
            ),
            (
                "fn f(xs: [secret bool; 9]) -> secret u8 { let mut n: [u8; 3] = [0; 3]; for x in xs { if x { n[0] += 1; } } n[2] }",
                "declare it as `secret [u8; 3]`",
                "fn f(xs: [secret bool; 9]) -> secret u8 { let mut n: secret [u8; 3] = [0; 3]; for x in xs { if x { n[0] += 1; } } n[2] }",
            ),
            (
                "fn f(o: secret Option<u8>) -> secret bool { o == 3 }",
                "write `x == Some(y)`",
                "fn f(x: secret Option<u8>, y: u8) -> secret bool { x == Some(y) }",
            ),
            (
                "fn f(o: secret Option<u8>) -> secret bool { o > 3 }",
                "write `if let Some(y) = x { … }`, or `x.unwrap_or(0)`",
                "fn f(x: secret Option<u8>) -> secret bool { let mut b = x.unwrap_or(0) > 3; if let Some(y) = x { b = y > 3; } b }",
            ),
            (
                "enum V { A, B } fn f(v: V) -> bool { v == \"A\" }",
                "write `V::A`",
                "enum V { A, B } fn f(v: V) -> bool { v == V::A }",
            ),
            (
                "fn f(d: date) -> bool { d > 2021 - 12 - 31 }",
                "`x > \"2021-12-31\"`",
                "fn f(x: date) -> bool { x > \"2021-12-31\" }",
            ),
            (
                "fn f(n: u8) -> str<8> { \"n=\" + n }",
                "return the values, each in a field with a name",
                "",
            ),
            (
                "use std::stats::mean; fn f(xs: [secret Option<u32>; 3]) -> secret u32 { mean(xs) }",
                "`mean_where(xs.map(|x| x.unwrap_or(0)), xs.map(|x| x.is_some()))`",
                "use std::stats::mean_where; fn f(xs: [secret Option<u32>; 3]) -> secret u32 { mean_where(xs.map(|x| x.unwrap_or(0)), xs.map(|x| x.is_some())) }",
            ),
            (
                "fn f(x: u8, y: u8 = 3) -> u8 { x + y }",
                "`fn usual(x: u8) -> u8 { f(x, 3) }`",
                "fn f(x: u8, y: u8) -> u8 { x + y } fn usual(x: u8) -> u8 { f(x, 3) }",
            ),
            (
                "fn f() -> u8 { let d = {\"a\": 1, \"b\": 2}; d[\"a\"] }",
                "`match x { 1 => 3, 2 => 5, _ => 0 }`",
                "fn f(x: u8, i: usize) -> u8 { let n: u8 = match x { 1 => 3, 2 => 5, _ => 0 }; n + [3, 5][i] as u8 }",
            ),
            (
                "fn f(x: u32) -> f64 { float(x) }",
                "write `x as f64`, or `x as fixed<64, 16>`",
                "fn f(x: u32) -> f64 { let _ = x as fixed<64, 16>; x as f64 }",
            ),
            (
                "fn f(x: bool) -> bool { not (x) }",
                "`!x`",
                "fn f(x: bool) -> bool { !x }",
            ),
            (
                "fn f(x: str<8>, y: str<12>) -> bool { x == y }",
                "`x as str<12>`",
                "fn f(x: str<8>, y: str<12>) -> bool { x as str<12> == y }",
            ),
            (
                "fn f(x: str<8>) -> str<4> { x as str<4> }",
                "`s.bytes()[0..n]`",
                "fn f(s: str<8>) -> [u8; 4] { s.bytes()[0..4] }",
            ),
            (
                "fn f(x: u64) -> str<8> { x as str<8> }",
                "a text is not made of other values",
                "",
            ),
            (
                "fn f(x: u32) -> u32 { x.to_string() }",
                "`let s: str<8> = \"abc\";`",
                "fn f() -> usize { let s: str<8> = \"abc\"; len(s) as usize }",
            ),
            (
                "fn f(x: [u32; 3]) -> u32 { std::stats::max(x) }",
                "`use std::stats::max;` at the top and call `max`",
                "use std::stats::max; fn f(x: [u32; 3]) -> secret u32 { max(x) }",
            ),
            (
                "fn f(x: u32) -> u32 { std::cmp::max(x, 3) }",
                "call it alone",
                "fn f(x: u32) -> u32 { max(x, 3) }",
            ),
            (
                "fn f(x: u32) -> u32 { pow(x, 3) }",
                "`x * x`",
                "fn f(x: u32) -> u32 { x * x }",
            ),
            (
                "use std::stats::pearson;",
                "`use std::inference::pearson;`",
                "use std::inference::pearson;",
            ),
            (
                "use std::date::edit_distance;",
                "`use std::text::edit_distance;`",
                "use std::text::edit_distance;",
            ),
            (
                "use std::stats::{mean, kaplan_meier};",
                "`use std::survival::kaplan_meier;`",
                "use std::survival::kaplan_meier;",
            ),
            (
                "use std::elections::borda;",
                "`use std::vote::borda;`",
                "use std::vote::borda;",
            ),
            (
                "fn f(xs: [u8; 3]) -> u64 { xs |> sum() }",
                "xs.map(|x| x + 1).sum()",
                "fn f(xs: [u8; 3]) -> u64 { xs.map(|x| x + 1).sum() }",
            ),
            (
                "fn f(x: u8) -> u8 { y := x + 1; y }",
                "`let mut y = …;`",
                "fn f(x: u8) -> u8 { let mut y = x; y += 1; y }",
            ),
            (
                "fn f(x: u8) -> u64 { (u64)x }",
                "`x as u64`",
                "fn f(x: u8) -> u64 { x as u64 }",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.map(function(x) x + 1) }",
                "`|x| x + 1`",
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.map(|x| x + 1) }",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.map(function(x) { return x; }) }",
                "`|x| x + 1`",
                "",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.map((x) => x + 1) }",
                "`|x| x + 1`",
                "",
            ),
            (
                "fn f(xs: [u8; 2]) -> [u8; 3] { [...xs, 3] }",
                "concat(xs, [x])",
                "fn f(xs: [u8; 2], x: u8) -> [u8; 3] { concat(xs, [x]) }",
            ),
            (
                "fn f(x: Option<u8>) -> bool { x IS NULL }",
                "x.is_none()",
                "fn f(x: Option<u8>) -> bool { x.is_none() }",
            ),
            (
                "fn f(x: Option<u8>) -> bool { x IS NOT NULL }",
                "x.is_some()",
                "fn f(x: Option<u8>) -> bool { x.is_some() }",
            ),
            (
                "fn f(x: Option<u8>) -> u8 { x ?? 0 }",
                "x.unwrap_or(0)",
                "fn f(x: Option<u8>) -> u8 { x.unwrap_or(0) }",
            ),
            (
                "fn f(x: Option<u8>) -> bool { is.na(x) }",
                "x.is_none()",
                "",
            ),
            (
                "fn f(x: u8) -> u8 { CASE WHEN x > 3 THEN 1 ELSE 0 END }",
                "if c { a } else { b }",
                "fn f(x: u8) -> u8 { if x > 3 { 1 } else { 0 } }",
            ),
            (
                "fn f(xs: [u8; 3]) -> u64 { SELECT sum(x) FROM xs }",
                "if x > 3 { x } else { 0 }",
                "fn f(xs: [u8; 3]) -> u64 { xs.map(|x| if x > 3 { x } else { 0 }).sum() }",
            ),
            (
                "fn f<T>(x: T, y: T) -> T where T: Ord { x }",
                "fn f<T: Ord>(x: T)",
                "fn f<T: Ord>(x: T) -> T { x }",
            ),
            (
                "fn f(x: u8) -> u8 { try { x / 2 } }",
                "checked_div",
                "fn f(x: u8) -> u8 { checked_div(x, 2).unwrap_or(0) }",
            ),
            (
                "fn f(x: u8) -> u8 { do { 1 } while (false); x }",
                "while c",
                "fn f(x: u8) -> u8 { let mut n = x; while n > 3 { n -= 1; } n }",
            ),
            ("fn f(x: u8) -> u8 { await x }", "write it alone", ""),
            ("fn f(x: u8) -> u8 { x.await }", "when it is used", ""),
            (
                "from stats import mean",
                "use std::stats::mean;",
                "use std::stats::mean;\nfn f(xs: [secret u8; 3]) -> secret u8 { mean(xs) }",
            ),
            (
                "#include <stdio.h>\nfn f(x: u8) -> u8 { x }",
                "use std::stats::mean;",
                "",
            ),
            (
                "fn f(d: secret date) -> secret u8 { d.dt }",
                "use std::date::month;",
                "use std::date::month;\nfn f(d: secret date) -> secret u8 { month(d) as u8 }",
            ),
            (
                "fn f() -> u8 { let x = JSON.parse(1); 1 }",
                "rows: [secret Row; _] from each",
                "struct Row { age: u8 }\nfn main(rows: [secret Row; _] from each) -> u8 { rows[0][0].age }",
            ),
            (
                "fn f(x: Option<u8>) -> u8 { x }",
                "x.unwrap_or(0)",
                "fn f(x: Option<u8>) -> u8 { if let Some(v) = x { v } else { x.unwrap_or(0) } }",
            ),
            (
                "fn f(x: u8) -> Option<u8> { x }",
                "write `Some(x)`",
                "fn f(x: u8) -> Option<u8> { Some(x) }",
            ),
            (
                "fn f(x: fixed<32, 8>) -> fixed<32, 8> { round(x, 2) }",
                "round(x * 100) / 100",
                "fn f(x: fixed<32, 8>) -> fixed<32, 8> { round(x * 100) / 100 }",
            ),
            (
                "fn f(x: fixed<32, 8>) -> fixed<32, 8> { x.round(2) }",
                "round(x * 100) / 100",
                "",
            ),
            (
                "fn f(a: u8, b: u8, c: u8) -> u8 { max(a, b, c) }",
                "max(max(a, b), c)",
                "fn f(a: u8, b: u8, c: u8) -> u8 { max(max(a, b), c) }",
            ),
            (
                "fn f(a: u8, b: u8) -> u8 { Math.min(a, b) }",
                "max(a, b)",
                "use std::math::exp;\nfn f(a: secret fixed<32, 8>, b: secret fixed<32, 8>) -> secret fixed<32, 8> { exp(max(a, b)) }",
            ),
            (
                "fn f(x: fixed<32, 8>) -> i64 { let n: i64 = x; n }",
                "convert with `as i64`, which drops the fraction",
                "fn f(x: fixed<32, 8>) -> i64 { let n: i64 = x as i64; n }",
            ),
            (
                "fn f(x: u32) -> u32 { require(x > 3, \"no\"); x }",
                "assert(c, \"why\")",
                "fn f(x: u32) -> u32 { assert(x > 3, \"why\"); x }",
            ),
            (
                "fn f(x: u32) -> u32 { ifelse(x > 3, 1, 2) }",
                "if c { a } else { b }",
                "fn f(x: u32) -> u32 { if x > 3 { 1 } else { 2 } }",
            ),
            (
                "fn f(x: Option<u32>) -> u32 { coalesce(x, 0) }",
                "x.unwrap_or(0)",
                "fn f(x: Option<u32>) -> u32 { x.unwrap_or(0) }",
            ),
            (
                "fn f() -> [u8; 3] { c(1, 2, 3) }",
                "[a, b, c]",
                "fn f() -> [u8; 3] { [1, 2, 3] }",
            ),
            (
                "fn f(xs: [u8; 3]) -> u8 { xs.iloc(0) }",
                "`xs[i]`, or `xs[a..b]`",
                "fn f(xs: [u8; 3]) -> u8 { xs[0] + xs[1..2][0] }",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.apply(|x| x + 1) }",
                "xs.map(|x| …)",
                "fn f(xs: [u8; 3]) -> [u8; 3] { xs.map(|x| x + 1) }",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u32; 3] { xs.astype(1) }",
                "xs.map(|x| x as u32)",
                "fn f(xs: [u8; 3]) -> [u32; 3] { xs.map(|x| x as u32) }",
            ),
            (
                "fn f(xs: [u8; 9]) -> [u64; 7] { xs.rolling(3) }",
                "xs.windows(3).map(|w| w.sum())",
                "fn f(xs: [u8; 9]) -> [u64; 7] { xs.windows(3).map(|w| w.sum()) }",
            ),
            (
                "fn f(xs: [u8; 2], ys: [u8; 2]) -> [u8; 4] { rbind(xs, ys) }",
                "concat(xs, ys)",
                "fn f(xs: [u8; 2], ys: [u8; 2]) -> [u8; 4] { concat(xs, ys) }",
            ),
            (
                "fn f() -> [u8; 4] { malloc(4) }",
                "[0; n]",
                "fn f() -> [u8; 4] { [0; 4] }",
            ),
            (
                "fn main(x: secret u32 from each) -> u32 { x[0].reveal_to(0) }",
                "declare `party analyst;` and write `-> u32 to analyst`",
                "party analyst;\nparty p[2];\nfn main(x: secret u32 from each p) -> u32 to analyst { x[0] }",
            ),
            (
                "fn f() -> u8 { let x = sint(3); 1 }",
                "let x: secret u32 = 3;",
                "fn f() -> u8 { let x: secret u32 = 3; 1 }",
            ),
            (
                "fn f() -> u8 { let x = sint.get_input_from(0); 1 }",
                "x: secret u32 from each",
                "fn main(x: secret u32 from each) -> u32 { x[0] }",
            ),
            (
                "fn f() -> u8 { let x: uint256 = 3; 1 }",
                "u128",
                "fn f() -> u8 { let x: u128 = 3; 1 }",
            ),
            (
                "fn f() -> u8 { let x: sfix = 3; 1 }",
                "secret fixed<32, 16>",
                "fn f() -> u8 { let x: secret fixed<32, 16> = 3; 1 }",
            ),
            (
                "fn f() -> u8 { let x = msg.sender; 1 }",
                "x: secret u32 from buyer",
                "party buyer;\nparty seller;\nfn main(x: secret u32 from buyer) -> u32 { x }",
            ),
            (
                "fn f(xs: [u8; 3]) -> [u8; 2] { xs.nlargest(2) }",
                "`top_k`, in `std::sort`",
                "use std::sort::top_k;\nfn f(xs: [u8; 3]) -> [u8; 2] { top_k(xs) }",
            ),
            (
                "fn f(s: str<8>) -> bool { s.like(\"a%\") }",
                "`starts_with`, in `std::text`",
                "",
            ),
            (
                "fn f(d: date) -> u8 { d.strftime(\"%m\") }",
                "`std::date`",
                "use std::date::month;\nfn f(d: secret date) -> secret u8 { month(d) as u8 }",
            ),
        ] {
            let said = errors(wrong);
            if !said.iter().any(|(_, h)| h.contains(help)) {
                amiss.push(format!("{wrong}: {said:?}"));
            }
            if let said @ [_, ..] = &errors(right)[..] {
                amiss.push(format!("{right}: {said:?}"));
            }
        }
        assert!(amiss.is_empty(), "{}", amiss.join("\n"));
    }
}
