//! Pictures say what a program does, stay as they were, and are laid out without overlaps.

use super::*;
use crate::front;
use crate::pipeline;
use crate::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice, Session};
use crate::source::SourceSet;
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::{Suite, Threat};
use smpcc_circuit::stats::{Known, stats};

/// The picture of a program among three parties.
fn drawn(text: &str, len: u64, protocol: ProtocolChoice) -> Picture {
    let mut sources = SourceSet::new();
    let root = sources.add("p.smpc", text);
    let (hir, diagnostics) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let session = Session {
        n_parties: 3,
        role_counts: crate::schema::assign_roles(&hir, 3).expect("roles"),
        args: SortedMap::new(),
        lens: (0..3).map(|p| (("xs".to_string(), p), len)).collect(),
        seating: None,
    };
    let options = Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        local: LocalChoice::Auto,
        objective: ObjectiveChoice::Auto,
        network: Network::LAN,
        costs: Costs::SHIPPED,
        opt: 2,
    };
    let program = pipeline::compile(&hir, &sources, "p", &session, &options, &mut |_, _| {})
        .unwrap_or_else(|d| panic!("{d:?}"))
        .program;
    picture(&program, &stats(&program, &Known::default()))
}

/// Arithmetic inputs, a Boolean comparison, and a sum of its bits.
const COUNT: &str = "party a;\nparty b[2..];\nfn main(xs: [secret u32; _] from each b, limit: secret u32 from a) -> u32 to a {\n    let mut n: secret u32 = 0;\n    for x in xs.flatten() {\n        if x * x > limit { n += 1; }\n    }\n    n\n}\n";

/// What a loop carries goes round: an arrow that leads back.
const CHAIN: &str = "fn main(x: secret u32 from each) -> u32 {\n    let mut a = x[0];\n    for i in 0..10000 {\n        if a < x[1] { a = a * 3 + 1; } else { a = a - x[2]; }\n    }\n    a\n}\n";

#[test]
fn a_picture_has_what_is_given_computed_and_learnt() {
    let picture = drawn(COUNT, 100, ProtocolChoice::Auto);
    let title = |role: fn(&Role) -> bool| -> Vec<&str> {
        picture
            .boxes
            .iter()
            .filter(|b| role(&b.role))
            .map(|b| b.lines[0].as_str())
            .collect()
    };
    let givers = [
        "party 0 (a) gives",
        "party 1 (b[0]) gives",
        "party 2 (b[1]) gives",
    ];
    assert_eq!(title(|r| matches!(r, Role::Gives)), givers);
    assert_eq!(title(|r| matches!(r, Role::Learns)), ["party 0 (a) learns"]);
    assert!(title(|r| matches!(r, Role::Computes(_))).len() >= 2);
    assert!(
        picture
            .edges
            .iter()
            .any(|e| e.converts && e.label.contains('→'))
    );
    let n = picture.boxes.len();
    for (i, drawn) in picture.boxes.iter().enumerate() {
        let touched = picture.edges.iter().any(|e| e.from == i || e.to == i);
        assert!(touched || n == 1, "{:?} stands alone", drawn.lines);
    }
}

#[test]
fn pictures_are_as_before() {
    for (name, text, len) in [("count", COUNT, 100), ("chain", CHAIN, 0)] {
        let picture = drawn(text, len, ProtocolChoice::Auto);
        insta::assert_snapshot!(format!("{name}_dot"), dot(&picture));
        insta::assert_snapshot!(format!("{name}_svg"), svg(&picture));
        let again = drawn(text, len, ProtocolChoice::Auto);
        assert_eq!(svg(&picture), svg(&again));
    }
}

/// Boxes that overlap, or arrows with an end that is no box's border.
fn faults(sizes: &[layout::Point], edges: &[(usize, usize)]) -> Vec<String> {
    let placed = layout::layout(sizes, edges);
    let mut faults = Vec::new();
    let rect = |i: usize| {
        let ((x, y), (w, h)) = (placed.boxes[i], sizes[i]);
        (x - w / 2.0, y, x + w / 2.0, y + h)
    };
    for a in 0..sizes.len() {
        let (l, t, r, b) = rect(a);
        if l < -0.1 || t < -0.1 || r > placed.size.0 + 0.1 || b > placed.size.1 + 0.1 {
            faults.push(format!("{a} is outside"));
        }
        for c in a + 1..sizes.len() {
            let (l2, t2, r2, b2) = rect(c);
            if l < r2 && l2 < r && t < b2 && t2 < b {
                faults.push(format!("{a} and {c} overlap"));
            }
        }
    }
    for (way, &(from, to)) in placed.ways.iter().zip(edges) {
        for (point, end) in [(way[0], from), (way[way.len() - 1], to)] {
            let (l, t, r, b) = rect(end);
            let on = (l..=r).contains(&point.0)
                && ((point.1 - t).abs() < 0.1 || (point.1 - b).abs() < 0.1);
            if !on {
                faults.push(format!("{from} to {to} misses {end}"));
            }
        }
    }
    faults
}

#[test]
fn boxes_do_not_overlap_and_arrows_meet_them() {
    let mut state = 1u64;
    let mut next = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for _ in 0..200 {
        let n = 1 + next(12) as usize;
        let sizes: Vec<layout::Point> = (0..n)
            .map(|_| (40.0 + next(200) as f64, 20.0 + next(80) as f64))
            .collect();
        let mut edges: Vec<(usize, usize)> = (0..next(20))
            .map(|_| (next(n as u64) as usize, next(n as u64) as usize))
            .filter(|(a, b)| a != b)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let faults = faults(&sizes, &edges);
        assert!(faults.is_empty(), "{sizes:?} {edges:?}: {faults:?}");
    }
}
