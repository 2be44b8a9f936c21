//! What people write who come from Python, Rust or C, and what they write here instead.
//!
//! A name that nothing in scope has may be one of another language. Then the message says how the same is said here, in
//! words that compile.

use crate::types::width;

/// What to write in place of a function of another language that was called like `x.name(…)` or `name(x, …)`.
pub(crate) fn for_call(name: &str) -> Option<&'static str> {
    Some(match name {
        "retain" | "where" => {
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
        "take" | "head" => "write `xs[0..n]`",
        "skip" | "tail" => "write `xs[n..]`",
        "range" => "write `for i in 0..n { … }`",
        "xrange" => "write `for i in 0..n { … }`",
        "print" | "println" | "printf" | "puts" | "echo" | "dbg" | "console" => {
            "a program shows its result only: return it from `main`, or `reveal(x)` what everyone may learn"
        }
        "input" | "scanf" | "read_line" => {
            "inputs are parameters of `main`: `x: secret u32 from each`"
        }
        "sqrt" => "of an unsigned integer write `isqrt(x)`",
        "pow" | "powi" | "powf" => "multiply: `x * x`, or in a loop",
        "popcount" | "bit_count" => "write `count_ones(x)`",
        "clz" => "write `leading_zeros(x)`",
        "ctz" => "write `trailing_zeros(x)`",
        "is_empty" | "empty" => "write `xs.len() == 0`",
        "first" | "front" => "write `xs[0]`",
        "last" | "back" => "write `xs[xs.len() - 1]`",
        "to_string" | "str" | "format" | "to_owned" => "there is no text to compute with",
        "int" | "float" | "double" => "write `x as u32`, with the type that it shall have",
        "bool" => "write `x != 0`",
        "unwrap" | "expect" | "get_or_insert" => {
            "write `o.unwrap_or(x)`, with what stands for `None`"
        }
        "sorted" | "order" | "arrange" => {
            "write `sort(xs)`, with `use std::sort::sort;` at the top"
        }
        "assert_eq" => "write `assert(a == b)`",
        "assert_ne" => "write `assert(a != b)`",
        "panic" | "unreachable" | "todo" | "abort" | "exit" => "write `assert(false, \"why\")`",
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
        "pow" => {
            "of integers multiply: `x * x`, or in a loop; for numbers with fractions bring it in: `use std::math::pow;`"
        }
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
        "print" | "println" => return for_call(name),
        _ => return None,
    })
}

/// Whether a name is that of a type of numbers.
pub(crate) fn is_number_type(name: &str) -> bool {
    matches!(name, "usize" | "f32" | "f64") || width::parse(name).is_some()
}
