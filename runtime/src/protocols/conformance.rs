//! What every suite is held to, whatever its protocols are: operations mean what they say and cost what is predicted, messages
//! tell nothing, and bad messages have a sender. A new suite passes by being listed in [`SETTINGS`].
//!
//! | file | holds a suite to |
//! |---|---|
//! | `operations` | inputs, arithmetic, what is local: one operation at a time, in all rings and shapes |
//! | `circuits` | circuits on shared bits and on labels, conversions, random circuits |
//! | `shuffles` | shuffles: rows stay together, and come in every order equally often |
//! | `owned` | what one party knows alone: shared, opened, told, and otherwise seen by nobody |
//! | `held` | shares that are there when a run begins, and that stay when it ends |
//! | `programs` | all operations in one program, pools that operations share, loops |
//! | `traffic` | messages that depend on nothing secret, are never said twice, and go to receivers only |
//! | `faults` | messages that are cut, changed, repeated or of another length |
//! | `cheats` | (for suites' own tests) a party that changes its pieces one by one |
//! | `order` | against malicious parties: nothing is opened, and no coin is told, before what has to come first |
//! | `golden` | the version of the protocol, where what is sent changes |
//! | `wiped` | memory that is given back, where suites garble |
//!
//! A suite's own tests have what only it can be asked: that its shares and messages are uniform to whom they should be, what its
//! correlations are, and the bytes and rounds that are pinned.

use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{Domain, Op, Suite, Threat};
use smpcc_circuit::value::{Word, mask};

use crate::engine::RunReport;
use crate::engine::testing::{Builder, a, expect_costs, expect_output, inputs, u};

pub(crate) mod cheats;
mod circuits;
mod faults;
mod golden;
mod held;
mod operations;
mod order;
mod owned;
mod programs;
mod shuffles;
pub(crate) mod templates;
mod traffic;
pub(crate) mod views;
mod wiped;

const P: Domain = Domain::Public;
const B: Domain = Domain::Boolean;
const Y: Domain = Domain::Yao;

pub(crate) const LANES: [u64; 6] = [1, 3, 63, 64, 65, 1000];

/// A suite among so many parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) suite: Suite,
    pub(super) n: u32,
    pub(super) t: u32,
    /// What a corrupt party may do.
    pub(super) threat: Threat,
    /// Products of 64 bits that take little time, for tests of one operation at a time; with 0 it has none of those tests.
    products: u64,
    /// Lanes and width for programs that have everything.
    size: (u64, u8),
}

const fn setting(suite: Suite, n: u32, t: u32, products: u64, size: (u64, u8)) -> Setting {
    Setting {
        suite,
        n,
        t,
        threat: Threat::SemiHonest,
        products,
        size,
    }
}

/// The same where a corrupt party may send what it likes.
const fn malicious(setting: Setting) -> Setting {
    Setting {
        threat: Threat::Malicious,
        ..setting
    }
}

/// No number of products takes long.
const ANY: u64 = u64::MAX;

/// All suites, with 2, 3, 4, 5, 7 and 16 parties.
const SETTINGS: [Setting; 22] = [
    setting(Suite::TwoParty, 2, 1, 400, (130, 9)),
    malicious(setting(Suite::TwoParty, 2, 1, 100, (40, 5))),
    setting(Suite::Rep3, 3, 1, ANY, (130, 9)),
    malicious(setting(Suite::Rep3, 3, 1, 40_000, (130, 9))),
    setting(Suite::Rep4, 4, 1, ANY, (130, 9)),
    malicious(setting(Suite::Rep4, 4, 1, ANY, (130, 9))),
    // With messages for which several hashes vouch.
    malicious(setting(Suite::Rep4, 4, 1, 0, (2100, 3))),
    setting(Suite::Gmw, 2, 1, 400, (130, 9)),
    setting(Suite::Gmw, 3, 2, 400, (65, 5)),
    setting(Suite::Gmw, 4, 3, 0, (9, 3)),
    setting(Suite::Gmw, 5, 4, 400, (3, 3)),
    setting(Suite::Gmw, 7, 6, 0, (1, 3)),
    setting(Suite::Gmw, 16, 15, 0, (1, 1)),
    setting(Suite::Bgw, 3, 1, 40_000, (130, 9)),
    setting(Suite::Bgw, 4, 1, 40_000, (65, 9)),
    // From five parties on with so many lanes that everything goes through the king.
    setting(Suite::Bgw, 5, 2, 40_000, (5003, 9)),
    setting(Suite::Bgw, 5, 1, 40_000, (65, 4)),
    setting(Suite::Bgw, 7, 3, 2000, (4200, 8)),
    setting(Suite::Bgw, 7, 2, 2000, (65, 4)),
    setting(Suite::Bgw, 16, 7, 2000, (4100, 8)),
    setting(Suite::Bgw, 16, 2, 0, (65, 4)),
    setting(Suite::Bgw, 16, 3, 2000, (65, 4)),
];

/// Suites that are one implementation, against what may be done to them.
const FAMILIES: [(&[Suite], &[Threat]); 6] = [
    (&[Suite::TwoParty, Suite::Gmw], &[Threat::SemiHonest]),
    (&[Suite::TwoParty], &[Threat::Malicious]),
    (&[Suite::Rep3], &[Threat::SemiHonest]),
    (&[Suite::Rep3], &[Threat::Malicious]),
    (&[Suite::Rep4], &[Threat::SemiHonest, Threat::Malicious]),
    (&[Suite::Bgw], &[Threat::SemiHonest]),
];

/// The settings for one operation at a time.
fn settings() -> impl Iterator<Item = Setting> {
    SETTINGS.into_iter().filter(|s| s.products > 0)
}

/// Of every implementation one setting, another one for each `i`; of many parties, who take long, more seldom.
fn one_of_each(i: u64) -> impl Iterator<Item = Setting> {
    FAMILIES.into_iter().map(move |(suites, threats)| {
        let is_one = |s: &Setting| suites.contains(&s.suite) && threats.contains(&s.threat);
        let all: Vec<Setting> = settings().filter(is_one).collect();
        let most = all.iter().max_by_key(|s| s.n).map_or(0, |s| s.n);
        let (few, many): (Vec<_>, Vec<_>) = all.into_iter().partition(|s| s.n < most);
        let (from, turn) = match few.is_empty() || i % 16 == 7 {
            true => (many, i / 16),
            false => (few, i),
        };
        from[turn as usize % from.len()]
    })
}

impl Setting {
    fn builder(self) -> Builder {
        let mut b = Builder::new(self.suite, self.n, self.t);
        b.program.threat = self.threat;
        b
    }

    /// Everybody.
    fn everyone(self) -> Vec<u32> {
        (0..self.n).collect()
    }

    /// Whether its suite shuffles.
    fn shuffles(self) -> bool {
        self.suite.against(self.threat).shuffles(self.n, self.t)
    }

    /// Whether values may be in a domain.
    fn offers(self, domain: Domain) -> bool {
        self.suite.offers(self.threat, domain)
    }

    /// Whether it has arithmetic values; otherwise all is bits.
    fn adds(self) -> bool {
        self.offers(a(8))
    }

    /// Whether parties compute alone on what they know.
    fn owns(self) -> bool {
        self.offers(Domain::Local { owner: 0 })
    }

    fn last(self) -> u32 {
        self.n - 1
    }

    /// So many lanes of a ring, or fewer if their products take long.
    fn lanes(self, wanted: u64, ring: u8) -> u64 {
        let most = self.products.saturating_mul(64) / u64::from(ring.max(1));
        wanted.min(most).max(1)
    }
}

/// Runs the program: who receives the output gets what is expected, nobody else anything, at the costs that are predicted.
fn check(b: &Builder, data: &[&[Word]], out: OutputId, expected: &[Word]) -> Vec<RunReport> {
    let reports = expect_output(&b.program, &inputs(data), out, expected);
    expect_costs(&b.program, &reports);
    reports
}

fn zip(x: &[Word], y: &[Word], width: u32, op: impl Fn(Word, Word) -> Word) -> Vec<Word> {
    let pairs = x.iter().zip(y);
    pairs.map(|(&x, &y)| op(x, y) & mask(width)).collect()
}

/// The bit strings whose sum is an integer: as many as the suite has parts.
fn strings(b: &mut Builder, x: ValueId, domain: Domain, width: u8, lanes: u64) -> Vec<ValueId> {
    let n = b.program.parts(domain);
    b.several(Op::Decompose, &[x], (domain, u(width), lanes), n)
}

/// An integer's bits.
pub(super) fn to_bits(
    b: &mut Builder,
    x: ValueId,
    domain: Domain,
    width: u8,
    lanes: u64,
) -> ValueId {
    let strings = strings(b, x, domain, width, lanes);
    let add = b.template(templates::sum_template(width.into(), strings.len()));
    b.op(Op::Call(add), &strings, domain, u(width), lanes)
}

/// Bits as an integer: the sum of random strings and of a difference that some see.
pub(super) fn from_bits(b: &mut Builder, bits: ValueId, width: u8, lanes: u64) -> ValueId {
    let n = b.program.parts(B);
    let random = b.several(Op::RandomParts, &[], (B, u(width), lanes), n - 1);
    let subtract = b.template(templates::difference_template(width.into(), n));
    let all = |first| [&[first], &random[..]].concat();
    let difference = b.op(Op::Call(subtract), &all(bits), B, u(width), lanes);
    b.op(
        Op::Compose,
        &all(difference),
        Domain::Arithmetic { ring: width },
        u(width),
        lanes,
    )
}
