//! What operations cost per lane under a suite, read off the exact tables of [`smpcc_circuit::cost`] with small programs of
//! one operation each, so that plans are chosen by what runs really send.
//!
//! Bytes are those of the operation and of the correlations that it uses up. Sizes of messages are whole bytes; many lanes
//! at once make that negligible.

use crate::session::Options;
use smpcc_circuit::cost::{self, Delay};
use smpcc_circuit::ids::{InputId, OutputId, SectionId, TemplateId, ValueId};
use smpcc_circuit::program::builder::Builder;
use smpcc_circuit::program::{Domain, InputLeaf, Loc, Node, Op, OutputLeaf, Program, ValueInfo};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::template::{Gate, Lit, Template};
use smpcc_circuit::value::Scalar;

/// Words have 1 to 128 bits.
const WIDTHS: usize = 129;
/// Lanes that a price is measured with.
const LANES: u64 = 4096;

/// What one lane of an operation takes.
#[derive(Clone, Debug)]
pub(super) struct Price {
    /// Bytes that each party sends.
    pub sent: Vec<f64>,
    /// How stamps move.
    pub delay: Delay,
    /// Whether correlations are used up.
    pub correlated: bool,
}

impl Price {
    /// The same, where party 0's part is that of `owner`.
    pub fn of_owner(&self, owner: u32) -> Self {
        let n = self.sent.len().max(1);
        let mut turned = self.clone();
        turned.sent.rotate_right(owner as usize % n);
        turned
    }
}

/// Prices of operations on words of one width.
#[derive(Clone, Debug)]
pub(super) struct ByWidth {
    /// Sharing an input of party 0 as a number, as bits.
    pub input: [Price; 2],
    /// Opening to all, from numbers and from bits.
    pub reveal: [Price; 2],
    /// The parts of a number as shared bits.
    pub to_bits: Price,
    /// The same as wire labels.
    pub to_labels: Option<Price>,
    /// From parts in bits to a number.
    pub from_bits: Price,
    /// A bit as a number in a ring of this width.
    pub inject: Price,
    /// Shared bits as labels, and back.
    pub label: Option<[Price; 2]>,
    /// A product, and a sum of products: per element and per result.
    pub product: Price,
    pub dot: [Price; 2],
}

/// All prices that a program asks for.
pub(super) struct Prices {
    /// An AND of shared bits.
    pub and: Price,
    /// An AND of labels.
    pub garbled_and: Option<Price>,
    by_width: Vec<ByWidth>,
    /// For each width, where the prices of the nearest are that the program has.
    nearest: [usize; WIDTHS],
    /// Per output leaf: to its receivers, from numbers and from bits.
    outputs: Vec<[Price; 2]>,
    /// Bytes of the busiest party, and rounds, before a program with correlations begins.
    pub setup: (f64, f64),
}

impl Prices {
    /// Prices under a suite for words of these widths, inputs and outputs.
    pub fn new(
        options: &Options,
        n_parties: u32,
        widths: impl Iterator<Item = u32>,
        outputs: &[OutputLeaf],
    ) -> Self {
        let probe = Probe { options, n_parties };
        let garbles = options.suite.offers(options.threat, Domain::Yao);
        let widths: SortedSet<u32> = widths.map(|w| w.clamp(1, 128)).collect();
        let last = widths.len().saturating_sub(1);
        let and = probe.ands(Domain::Boolean, 1);
        Self {
            garbled_and: garbles.then(|| probe.garbled_and()),
            setup: probe.setup(),
            and,
            nearest: std::array::from_fn(|w| widths.range(..w as u32).count().min(last)),
            by_width: widths.iter().map(|&w| probe.by_width(w)).collect(),
            outputs: outputs.iter().map(|leaf| probe.output(leaf)).collect(),
        }
    }

    /// Of words of so many bits.
    pub fn of(&self, width: u32) -> &ByWidth {
        &self.by_width[self.nearest[width.min(128) as usize]]
    }

    /// Of handing an output leaf to its receivers.
    pub fn output(&self, id: OutputId, arithmetic: bool) -> Option<&Price> {
        self.outputs
            .get(id.index())
            .map(|p| &p[usize::from(!arithmetic)])
    }
}

struct Probe<'a> {
    options: &'a Options,
    n_parties: u32,
}

const fn bits(width: u32) -> Scalar {
    Scalar::unsigned(width as u8)
}

impl Probe<'_> {
    fn price(
        &self,
        op: Op,
        args: &[ValueInfo],
        results: &[ValueInfo],
        template: Option<Template>,
        leaf: Option<OutputLeaf>,
    ) -> Price {
        let ids = |from: usize, n: usize| (from..from + n).map(ValueId::new).collect();
        let node = Node {
            op,
            args: ids(0, args.len()),
            results: ids(args.len(), results.len()),
            section: SectionId(0),
            loc: Loc::default(),
        };
        let values: Vec<ValueInfo> = args.iter().chain(results).copied().collect();
        let lanes = values.first().map_or(1, |v| v.lanes).max(1) as f64;
        let scalar = values.first().map_or(Scalar::Bool, |v| v.scalar);
        let program = Program {
            inputs: vec![InputLeaf {
                party: 0,
                path: String::new(),
                scalar,
                lanes: LANES,
                public: false,
                drawn: false,
                range: None,
            }],
            outputs: leaf.into_iter().collect(),
            templates: template.into_iter().collect(),
            ..self.program(node.clone(), values)
        };
        let cost = cost::op_cost(&program, &node);
        let sum = |(a, b): (&u64, &u64)| a.saturating_add(*b) as f64 / lanes;
        Price {
            sent: cost.sent.iter().zip(&cost.prepared).map(sum).collect(),
            delay: cost::delay(&program, &node),
            correlated: !cost::demand(&program, &node).is_empty(),
        }
    }

    /// A chain of so many ANDs.
    fn ands(&self, domain: Domain, n: u32) -> Price {
        let bit = value(domain, Scalar::Bool, LANES);
        let template = Template::new(
            "",
            vec![1, 1],
            (0..n)
                .map(|i| Gate::And(Lit::of(1), Lit::of(2 + i)))
                .collect(),
            vec![vec![Lit::of(2 + n)]],
        );
        let op = Op::Call(TemplateId(0));
        self.price(op, &[bit, bit], &[bit], Some(template), None)
    }

    /// An AND of labels, without what is sent for the circuit's inputs.
    fn garbled_and(&self) -> Price {
        const MORE: u32 = 8;
        let [few, many] = [1, 1 + MORE].map(|n| self.ands(Domain::Yao, n));
        let each = few.sent.iter().zip(&many.sent);
        Price {
            sent: each
                .map(|(few, many)| (many - few) / f64::from(MORE))
                .collect(),
            ..few
        }
    }

    /// A program of one operation.
    fn program(&self, node: Node, values: Vec<ValueInfo>) -> Program {
        let (suite, threshold) = (self.options.suite, self.options.threshold);
        let mut b = Builder::new(suite, self.n_parties, threshold);
        b.program.threat = self.options.threat;
        b.program.values = values;
        b.node(node.op, &node.args, &node.results);
        b.program
    }

    fn setup(&self) -> (f64, f64) {
        let a = value(Domain::Arithmetic { ring: 64 }, bits(64), LANES);
        let node = Node {
            op: Op::Mul,
            args: vec![ValueId(0), ValueId(1)],
            results: vec![ValueId(2)],
            section: SectionId(0),
            loc: Loc::default(),
        };
        let program = self.program(node.clone(), vec![a, a, a]);
        let setup = cost::setup(&program);
        let demand = cost::demand(&program, &node);
        let rounds = setup.rounds + cost::preparation_rounds(&program, &demand);
        let most = setup.sent.iter().copied().max().unwrap_or(0);
        (most as f64, f64::from(rounds))
    }

    fn by_width(&self, w: u32) -> ByWidth {
        let number = value(Domain::Arithmetic { ring: w as u8 }, bits(w), LANES);
        let word = value(Domain::Boolean, bits(w), LANES);
        let labels = value(Domain::Yao, bits(w), LANES);
        let bit = value(Domain::Boolean, Scalar::Bool, LANES);
        let parts = |of: ValueInfo| {
            let n = self.options.suite.parts(
                self.options.threat,
                self.n_parties,
                self.options.threshold,
                of.domain,
            );
            vec![of; n]
        };
        let garbles = self.options.suite.offers(self.options.threat, Domain::Yao);
        let one =
            |op: Op, from: ValueInfo, to: ValueInfo| self.price(op, &[from], &[to], None, None);
        let input = |of: ValueInfo| self.price(Op::Input(InputId(0)), &[], &[of], None, None);
        let public = value(Domain::Public, bits(w), LANES);
        // The random parts are there from the start; what they cost is part of the way to a number.
        let random = self.price(Op::RandomParts, &[], &parts(word)[1..], None, None);
        let mut from_bits = self.price(Op::Compose, &parts(word), &[number], None, None);
        for (a, b) in from_bits.sent.iter_mut().zip(&random.sent) {
            *a += b;
        }
        from_bits.correlated |= random.correlated;
        let dot = |segments: u64| {
            let sum = ValueInfo {
                lanes: segments,
                ..number
            };
            self.price(Op::Dot { segments }, &[number, number], &[sum], None, None)
        };
        ByWidth {
            input: [input(number), input(word)],
            reveal: [
                one(Op::Reveal, number, public),
                one(Op::Reveal, word, public),
            ],
            to_bits: self.price(Op::Decompose, &[number], &parts(word), None, None),
            to_labels: garbles
                .then(|| self.price(Op::Decompose, &[number], &parts(labels), None, None)),
            from_bits,
            inject: one(Op::InjectBit, bit, number),
            label: garbles.then(|| {
                [
                    one(Op::BooleanToYao, word, labels),
                    one(Op::YaoToBoolean, labels, word),
                ]
            }),
            product: self.price(Op::Mul, &[number, number], &[number], None, None),
            dot: apart(&dot(1), &dot(LANES)),
        }
    }

    fn output(&self, leaf: &OutputLeaf) -> [Price; 2] {
        let w = leaf.scalar.width();
        [Domain::Arithmetic { ring: w as u8 }, Domain::Boolean].map(|domain| {
            let from = value(domain, leaf.scalar, LANES);
            let op = Op::Output(OutputId(0));
            self.price(op, &[from], &[], None, Some(leaf.clone()))
        })
    }
}

const fn value(domain: Domain, scalar: Scalar, lanes: u64) -> ValueInfo {
    ValueInfo {
        domain,
        scalar,
        lanes,
    }
}

/// From the prices per element of one sum of all lanes and of one sum per lane: of an element, and of a result.
fn apart(one: &Price, each: &Price) -> [Price; 2] {
    let lanes = LANES as f64;
    let of_result: Vec<f64> = one
        .sent
        .iter()
        .zip(&each.sent)
        .map(|(one, each)| ((each - one) * lanes / (lanes - 1.0)).max(0.0))
        .collect();
    let of_element = one
        .sent
        .iter()
        .zip(&of_result)
        .map(|(one, result)| (one - result / lanes).max(0.0))
        .collect();
    [
        Price {
            sent: of_element,
            ..one.clone()
        },
        Price {
            sent: of_result,
            ..one.clone()
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{LocalChoice, Network, ObjectiveChoice, ProtocolChoice};
    use smpcc_circuit::cost::Costs;
    use smpcc_circuit::program::{Suite, Threat};

    fn prices(suite: Suite, n_parties: u32, threshold: u32) -> Prices {
        let options = Options {
            suite,
            threat: Threat::SemiHonest,
            threshold,
            protocol: ProtocolChoice::Auto,
            local: LocalChoice::Auto,
            objective: ObjectiveChoice::Auto,
            network: Network::LAN,
            costs: Costs::SHIPPED,
            opt: 2,
        };
        Prices::new(&options, n_parties, [1, 32, 64].into_iter(), &[])
    }

    #[test]
    fn prices_are_those_of_the_protocols() {
        let rep3 = prices(Suite::Rep3, 3, 1);
        assert_eq!(rep3.and.sent, [0.125; 3]);
        assert_eq!(rep3.of(64).product.sent, [8.0; 3]);
        assert_eq!(rep3.of(64).dot[0].sent, [0.0; 3]);
        assert_eq!(rep3.setup, (0.0, 0.0));
        let two = prices(Suite::TwoParty, 2, 1);
        // Two openings of a bit, and the columns of two random transfers.
        assert!(two.and.correlated && two.and.sent[0] > 2.0 && two.and.sent[0] < 9.0);
        assert!(two.of(64).product.sent[0] > 16.0 * two.and.sent[0]);
        assert!(
            two.of(64).dot[0].sent[0] > 100.0,
            "every element is a product"
        );
        assert!(two.setup.0 > 0.0 && two.setup.1 >= 2.0);
        let bgw = prices(Suite::Bgw, 5, 2);
        assert!(bgw.garbled_and.is_none() && bgw.of(32).label.is_none());
        assert!(bgw.of(64).product.sent[0] > 0.0);
    }
}
