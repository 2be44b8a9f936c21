//! Whole programs through the front end.

use super::*;
use crate::diagnostic::short;

fn run(text: &str) -> (Option<Hir>, String) {
    let mut sources = SourceSet::new();
    let root = sources.add("main.smpc", text);
    let (hir, diagnostics) = check(&sources, root);
    (hir, short::render(&sources, &diagnostics))
}

fn accepted(text: &str) -> Hir {
    let (hir, errors) = run(text);
    assert_eq!(errors, "", "{text}");
    hir.unwrap_or_else(|| panic!("no program and no error"))
}

#[test]
fn the_average_is_accepted() {
    let hir = accepted(
        "use std::stats::mean;\n\nfn main(salary: secret u32 from each) -> u32 {\n    mean(salary)\n}\n",
    );
    assert!(hir.main.is_some());
}

#[test]
fn the_auction_is_accepted() {
    accepted(
        "party seller;
party bidder[2..];

struct Outcome { winner: u16, price: u64 }

fn main(reserve: secret u64 from seller, bid: secret u64 from each bidder) -> Outcome to all {
    let mut best = reserve;  let mut second = reserve;  let mut winner: secret u16 = 0;
    for i in 0..bid.len() {
        if bid[i] > best {
            second = best;  best = bid[i];  winner = i as u16 + 1;
        } else if bid[i] > second {
            second = bid[i];
        }
    }
    Outcome { winner, price: second }
}
",
    );
}

#[test]
fn a_secret_index_bound_or_branch_is_refused() {
    let (_, errors) = run(
        "fn main(x: secret u32 from each) -> u32 {\n    let n = x[0];\n    let mut t: u32 = 0;\n    for i in 0..n { t += 1; }\n    if n > 3 { t = 4; }\n    t\n}\n",
    );
    let codes: Vec<&str> = errors
        .lines()
        .filter_map(|l| l.get(l.find('[')? + 1..l.find(']')?))
        .collect();
    assert_eq!(codes, ["E3002", "E3004"], "{errors}");
}
