//! What is pinned of two parties and more, correlations against their ideal functionality, and what a coalition of all parties but one
//! sees. What operations mean and cost is in `conformance`.

use smpcc_circuit::cost::op_cost;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, Suite};
use smpcc_circuit::template::{Builder as TemplateBuilder, Lit};
use smpcc_circuit::value::{Scalar, Word};

mod correlations;
mod views;

use crate::engine::testing::{Builder, a, expect_costs, expect_output, inputs, u};
use crate::protocols::conformance::templates::and_template;

const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

/// Suites and party counts that are tested throughout.
const SUITES: [(Suite, u32); 4] = [
    (Suite::TwoParty, 2),
    (Suite::Gmw, 2),
    (Suite::Gmw, 3),
    (Suite::Gmw, 5),
];

fn builder((suite, n): (Suite, u32)) -> Builder {
    Builder::new(suite, n, n - 1)
}

/// Parts of a value: as many results as the suite has.
fn parts(b: &mut Builder, domain: Domain, width: u8, lanes: u64, but: usize) -> Vec<ValueId> {
    let n = b.program.parts(domain) - but;
    (0..n).map(|_| b.value(domain, u(width), lanes)).collect()
}

/// The bytes of both parties for one more AND and one more product, transfers included.
#[test]
fn ands_and_products_cost_what_they_should() {
    let mut b = builder(SUITES[0]);
    let x = b.input(0, B, Scalar::Bool, 800);
    let and = b.template(and_template());
    b.op(Op::Call(and), &[x, x], B, Scalar::Bool, 800);
    let y = b.input(0, a(64), u(64), 100);
    b.op(Op::Mul, &[y, y], a(64), u(64), 100);
    let cost = |node: usize| -> u64 {
        let cost = op_cost(&b.program, &b.program.regions[0].nodes[node]);
        cost.sent.iter().chain(&cost.prepared).sum()
    };
    // 8.25 bytes an AND, 1,048 bytes a product.
    assert_eq!((cost(1), cost(3)), (6600, 104_800));
}

/// Who is richer, in shares and in labels: few transfers are base transfers, and everything together stays below 20 kB.
#[test]
fn two_millionaires_send_little() {
    let mut t = TemplateBuilder::new(&[32, 32]);
    let (x, y) = (t.input(0), t.input(1));
    let mut less = Lit::FALSE;
    for (x, y) in x.into_iter().zip(y) {
        // Where the bits differ the upper one decides.
        let (differ, other) = (t.xor(x, y), t.xor(y, less));
        let change = t.and(differ, other);
        less = t.xor(less, change);
    }
    let template = t.finish("less", vec![vec![less]]);
    for domain in [B, Y] {
        let mut b = builder(SUITES[0]);
        let mut x = b.input(0, B, u(32), 1);
        let mut y = b.input(1, B, u(32), 1);
        if domain == Y {
            x = b.op(Op::BooleanToYao, &[x], Y, u(32), 1);
            y = b.op(Op::BooleanToYao, &[y], Y, u(32), 1);
        }
        let less = b.template(template.clone());
        let mut less = b.op(Op::Call(less), &[x, y], domain, Scalar::Bool, 1);
        if domain == Y {
            less = b.op(Op::YaoToBoolean, &[less], B, Scalar::Bool, 1);
        }
        let out = b.output(less, &[0, 1]);
        for (x, y) in [(1_000_000, 1_000_001), (7, 7), (1 << 31, 1), (3, 1 << 31)] {
            let data = inputs(&[&[x], &[y]]);
            let reports = expect_output(&b.program, &data, out, &[Word::from(x < y)]);
            expect_costs(&b.program, &reports);
            let sent: u64 = reports.iter().map(|r| r.bytes_sent).sum();
            assert!(sent < 20_000, "{domain:?}: {sent} bytes");
        }
    }
}
