//! Chooses how each value of a program is held: public, by one party alone, arithmetic in some ring, Boolean, or garbled.
//!
//! First it is settled what owners compute by themselves ([`local`]). A forced domain holds for everything else that is secret. Otherwise the cost model ([`cost`]) and a bounded, deterministic search
//! ([`search`]) choose. Emission can write any operation in any domain, by conversions if need be, so a plan only decides
//! what a run costs, with two exceptions that are errors which name an operation: who asks for `arithmetic` is promised that
//! nothing leaves the arithmetic domain, and not every suite garbles.
//!
//! Rings follow from the choice: a value takes the widest ring that a use needs, if range analysis proves that the integer
//! itself can be held there (`wide`), and the ring of its own width otherwise.

mod circuits;
mod cost;
mod flow;
mod legal;
mod local;
mod prices;
mod rings;
mod search;

use crate::forms::{FormChoice, Way};
use crate::hir::Protocol;
use crate::ir::{Ir, Node};
use crate::session::{LocalChoice, Options, ProtocolChoice};
use crate::span::Span;
use crate::threads;
use local::{Local, Sums};
use smpcc_circuit::cost::Delay;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::sorted::SortedMap;

/// How values are held, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each value of the IR, the domain that it is computed in.
    pub homes: Vec<Domain>,
    /// For each value, whether its integer itself can be held in a ring wider than the type: no operation on the way wraps.
    pub wide: Vec<bool>,
    /// For each value, the widest ring that an arithmetic use of it needs; 0 without one.
    pub rings: Vec<u8>,
    /// For each value that several parties compute, who computes it for itself too.
    pub also: Vec<Option<u32>>,
    /// What decides between the forms of a circuit.
    pub forms: FormChoice,
    /// For results of sorts, how these are done; by digits of one bit where nothing is said.
    pub ways: SortedMap<ValueId, Way>,
    /// Reasons for people; sections name one.
    pub reasons: Vec<String>,
    /// For each value, its reason.
    pub reason: Vec<u32>,
    /// Plans with one domain for everything shared that may turn out cheaper once they are emitted.
    pub others: Vec<Plan>,
}

impl Plan {
    /// Takes over how sorts are done and why, in this plan and the others.
    pub(crate) fn sort(
        &mut self,
        ways: &SortedMap<ValueId, Way>,
        why: &SortedMap<ValueId, String>,
    ) {
        self.ways.clone_from(ways);
        self.explain(why);
        for other in &mut self.others {
            other.sort(ways, why);
        }
    }

    /// Says of some values why they are computed as they are.
    fn explain(&mut self, reasons: &SortedMap<ValueId, String>) {
        for (value, why) in reasons {
            let known = self.reasons.iter().position(|r| r == why);
            let index = known.unwrap_or_else(|| {
                self.reasons.push(why.clone());
                self.reasons.len() - 1
            });
            if let Some(reason) = self.reason.get_mut(value.index()) {
                *reason = index as u32;
            }
        }
    }

    /// The reason that a node's results have, or else its operands.
    pub fn reason_of(&self, node: &Node) -> u32 {
        let of = |v: &ValueId| self.reason.get(v.index()).copied();
        node.results
            .first()
            .or(node.args.first())
            .and_then(of)
            .unwrap_or(0)
    }
}

/// Whether parties compute anything alone.
pub(crate) fn owners_compute(options: &Options) -> bool {
    match options.local {
        LocalChoice::Auto => {
            let own = Domain::Local { owner: 0 };
            options.suite.offers(options.threat, own)
        }
        LocalChoice::Off => false,
    }
}

/// For each value, the party that computes it alone where one can; nothing where no party computes anything alone.
pub(crate) fn alone(ir: &Ir, options: &Options) -> Vec<Option<u32>> {
    match owners_compute(options) {
        true => local::owned(ir),
        false => Vec::new(),
    }
}

/// The plan for `ir`.
///
/// # Errors
/// Each operation that has no arithmetic form and is to have one, by `--protocol arithmetic` or an attribute; an operation
/// that is to be garbled in a suite that does not garble.
pub fn assign(ir: &Ir, options: &Options) -> Result<Plan, Vec<NoForm>> {
    let local = |sums| match owners_compute(options) {
        true => local::choose(ir, sums),
        false => Local::none(ir),
    };
    let (kind, local) = match options.protocol {
        ProtocolChoice::Auto if !only_bits(options) => return cheapest(ir, options, &local),
        ProtocolChoice::Auto => (Kind::Boolean, local(Sums::Circuits)),
        ProtocolChoice::Arithmetic => (Kind::Arithmetic, local(Sums::Free)),
        ProtocolChoice::Boolean => (Kind::Boolean, local(Sums::Circuits)),
        ProtocolChoice::Yao => (Kind::Yao, local(Sums::Circuits)),
    };
    check(ir, options, &local)?;
    let kinds = local::held(ir, &local, kind);
    let why = match options.protocol {
        ProtocolChoice::Auto => format!(
            "all that {} has against {} parties",
            options.suite.name(),
            options.threat.name()
        ),
        ProtocolChoice::Arithmetic | ProtocolChoice::Boolean | ProtocolChoice::Yao => {
            format!("asked for by --protocol {}", kind.word())
        }
    };
    let reasons = vec!["known to all".into(), why];
    let forms = forms(options, ir.n_parties);
    Ok(finish(ir, &kinds, &local, forms, reasons, |k| {
        u32::from(k != Kind::Public)
    }))
}

/// Whether there is nothing to choose.
fn only_bits(options: &Options) -> bool {
    let offers = |domain| options.suite.offers(options.threat, domain);
    !offers(Domain::Arithmetic { ring: 64 }) && !offers(Domain::Yao)
}

/// Whether what is asked for can be done.
fn check(ir: &Ir, options: &Options, local: &Local) -> Result<(), Vec<NoForm>> {
    if !options.suite.offers(options.threat, Domain::Yao) {
        legal::check_without(ir, local, options.protocol, Protocol::Yao)?;
    }
    if !options
        .suite
        .offers(options.threat, Domain::Arithmetic { ring: 64 })
    {
        return legal::check_without(ir, local, options.protocol, Protocol::Arithmetic);
    }
    match options.protocol {
        ProtocolChoice::Auto => legal::check_arithmetic(ir, local, options, false),
        ProtocolChoice::Arithmetic => legal::check_arithmetic(ir, local, options, true),
        ProtocolChoice::Boolean | ProtocolChoice::Yao => Ok(()),
    }
}

/// What decides between a circuit with few ANDs and a shallow one under these options.
fn forms(options: &Options, n_parties: u32) -> FormChoice {
    let prices = prices::Prices::new(options, n_parties, std::iter::empty(), &[]);
    let work = options
        .costs
        .among(options.suite, options.threat, n_parties, options.threshold);
    let most = prices.and.sent.iter().copied().fold(0.0, f64::max);
    let transfer = most * 8_000_000.0 / (options.network.mbit_per_s.max(1) as f64);
    let rounds = match prices.and.delay {
        Delay::Rounds(rounds) => u64::from(rounds),
        Delay::None | Delay::ToEvaluator | Delay::BothWays | Delay::Garbled => 1,
    };
    let latency = options.network.rtt_us.saturating_mul(500_000);
    FormChoice {
        objective: options.objective,
        and_ps: (transfer as u64).saturating_add(work.and_ps),
        level_ps: latency.saturating_mul(rounds).saturating_add(work.step_ps),
    }
}

/// The plan that the cost model likes best.
fn cheapest(
    ir: &Ir,
    options: &Options,
    local: &dyn Fn(Sums) -> Local,
) -> Result<Plan, Vec<NoForm>> {
    let forms = forms(options, ir.n_parties);
    let (free, circuits, none) = (local(Sums::Free), local(Sums::Circuits), Local::none(ir));
    let mut choices = vec![&free, &circuits, &none];
    choices.dedup();
    let searches = threads::each(&choices, ir.values.len(), |local| {
        // What an attribute asks for may be possible only where an owner does the rest.
        check(ir, options, local)?;
        let model = cost::Model::new(ir, options, forms, local);
        Ok(search::search(ir, &model, local, options))
    });
    let mut best: Option<(search::Found, &Local)> = None;
    let mut refused = Ok(());
    for (found, local) in searches.into_iter().zip(choices) {
        match found {
            Ok(found) => {
                let least = best.as_ref().map(|(least, _)| least.cost);
                if least.is_none_or(|least| found.cost < least) {
                    best = Some((found, local));
                }
            }
            Err(errors) => refused = Err(errors),
        }
    }
    let Some((found, local)) = best else {
        return Err(refused.err().unwrap_or_default());
    };
    let reasons = vec![
        "known to all".into(),
        "sums are free and a product takes one round".into(),
        "bit logic, few levels deep for this network".into(),
        "bit logic in a constant number of rounds".into(),
    ];
    let mut plan = finish(ir, &found.kinds, local, forms, reasons, |k| match k {
        Kind::Public | Kind::Local => 0,
        Kind::Arithmetic => 1,
        Kind::Boolean => 2,
        Kind::Yao => 3,
    });
    plan.others = others(ir, options, &found, local, [&free, &circuits]);
    Ok(plan)
}

/// How much dearer than the choice a plan may look to the cost model and still be emitted to compare the two; and the setup of
/// correlations, since circuits of which nothing is left need none.
const NEAR: f64 = 10.0;

/// The plans with one domain for everything shared that may turn out cheaper than what was found, once they are emitted: the
/// model estimates circuits, emission knows them. Owners compute alone what was `chosen`, or what they do where the domain is asked for:
/// then sums are `free`, or `circuits`. None where the source asks for domains.
fn others(
    ir: &Ir,
    options: &Options,
    found: &search::Found,
    chosen: &Local,
    [free, circuits]: [&Local; 2],
) -> Vec<Plan> {
    let mut others = Vec::new();
    if ir.body.any(&mut |node| node.protocol.is_some()) {
        return others;
    }
    let forms = forms(options, ir.n_parties);
    let offered = |kind: Kind, local: &Local| match kind {
        Kind::Yao => options.suite.offers(options.threat, Domain::Yao),
        Kind::Arithmetic => legal::check_arithmetic(ir, local, options, true).is_ok(),
        Kind::Boolean | Kind::Public | Kind::Local => true,
    };
    let mut locals = vec![chosen];
    for local in [free, circuits] {
        if !locals.contains(&local) {
            locals.push(local);
        }
    }
    for local in locals {
        let model = cost::Model::new(ir, options, forms, local);
        for (kind, asked) in [
            (Kind::Boolean, circuits),
            (Kind::Yao, circuits),
            (Kind::Arithmetic, free),
        ] {
            let kinds = local::held(ir, local, kind);
            if local == chosen && kinds == found.kinds
                || local != chosen && local != asked
                || !offered(kind, local)
                || model.cost(&kinds, &mut cost::Stamps::default())
                    > NEAR * found.cost + model.setup()
            {
                continue;
            }
            let why = "cheaper as a whole than in parts".into();
            let reasons = vec!["known to all".into(), why];
            let reason = |kind| u32::from(!matches!(kind, Kind::Public | Kind::Local));
            others.push(finish(ir, &kinds, local, forms, reasons, reason));
        }
    }
    others
}

/// An operation that cannot be done in the domain that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoForm {
    /// That domain.
    pub asked: Protocol,
    /// The operation, in words that fit before "has no arithmetic form".
    pub what: String,
    /// Where it stands.
    pub span: Span,
}

/// A domain without its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Public,
    Arithmetic,
    Boolean,
    Yao,
    /// Its owner's alone.
    Local,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Public,
        Self::Arithmetic,
        Self::Boolean,
        Self::Yao,
        Self::Local,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Arithmetic => "arithmetic",
            Self::Boolean => "boolean",
            Self::Yao => "yao",
            Self::Local => "local",
        }
    }
}

/// Adds the rings to a choice of domains, and the reasons of owners.
fn finish(
    ir: &Ir,
    kinds: &[Kind],
    local: &Local,
    forms: FormChoice,
    mut reasons: Vec<String>,
    reason: impl Fn(Kind) -> u32,
) -> Plan {
    let rings::Rings { wide, rings } = rings::rings(ir, kinds);
    let first = reasons.len() as u32;
    let alone = |name: &String| format!("computed by {name} on its own data");
    reasons.extend(ir.party_names.iter().map(alone));
    let (mut homes, mut why) = (Vec::new(), Vec::new());
    for (i, value) in ir.values.iter().enumerate() {
        let (kind, ring) = (kinds[i], rings[i]);
        let (home, index) = match kind {
            Kind::Public => (Domain::Public, reason(kind)),
            Kind::Boolean => (Domain::Boolean, reason(kind)),
            Kind::Yao => (Domain::Yao, reason(kind)),
            Kind::Arithmetic => {
                let ring = ring.max(value.ty.scalar.width() as u8);
                (Domain::Arithmetic { ring }, reason(kind))
            }
            Kind::Local => {
                let owner = local.owner[i].unwrap_or_default();
                (Domain::Local { owner }, first + owner)
            }
        };
        homes.push(home);
        why.push(index);
    }
    let also = |v: usize| local.owner[v].filter(|_| local.also[v]);
    Plan {
        homes,
        wide,
        rings,
        also: (0..ir.values.len()).map(also).collect(),
        forms,
        ways: SortedMap::new(),
        reasons,
        reason: why,
        others: Vec::new(),
    }
}

/// A plan without sense, for tests: each secret value in a domain of its own.
#[cfg(test)]
pub(crate) fn scattered(ir: &Ir, options: &Options, seed: u64) -> Plan {
    let mut state = seed;
    // What owners hold in one half of the plans.
    let local = match seed % 2 {
        0 => local::choose(ir, Sums::Circuits),
        _ => Local::none(ir),
    };
    let mut kinds: Vec<Kind> = ir
        .values
        .iter()
        .map(|v| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match (v.ty.secret, (state >> 33) % 3) {
                (false, _) => Kind::Public,
                (true, 0) => Kind::Arithmetic,
                (true, 1) => Kind::Boolean,
                (true, _) => Kind::Yao,
            }
        })
        .collect();
    for (kind, held) in kinds.iter_mut().zip(local::held(ir, &local, Kind::Public)) {
        if held == Kind::Local {
            *kind = held;
        }
    }
    let forms = forms(options, ir.n_parties);
    finish(ir, &kinds, &local, forms, vec![String::new()], |_| 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::build::Builder;
    use crate::session::{Network, ObjectiveChoice};
    use smpcc_circuit::cost::Costs;
    use smpcc_circuit::gate::WordOp;
    use smpcc_circuit::program::{Suite, Threat};
    use smpcc_circuit::value::Scalar;

    fn plan(ir: &Ir, network: Network) -> Plan {
        let options = Options {
            suite: Suite::Rep3,
            threat: Threat::SemiHonest,
            threshold: 1,
            protocol: ProtocolChoice::Auto,
            local: LocalChoice::Auto,
            objective: ObjectiveChoice::Auto,
            network,
            costs: Costs::SHIPPED,
            opt: 2,
        };
        assign(ir, &options).unwrap()
    }

    #[test]
    fn products_are_arithmetic_and_inputs_take_the_widest_ring() {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(32), 1000);
        let y = b.input(1, "y", Scalar::unsigned(32), 1000);
        let (wx, wy) = (
            b.cast(x, Scalar::unsigned(64)),
            b.cast(y, Scalar::unsigned(64)),
        );
        let dot = b.inferred(crate::ir::Op::Dot { segments: 1 }, &[wx, wy]);
        b.output(dot, &[0]);
        let plan = plan(&b.finish(), Network::LAN);
        for v in [x, y, wx, wy, dot] {
            assert_eq!(plan.homes[v.index()], Domain::Arithmetic { ring: 64 });
        }
    }

    #[test]
    fn deep_logic_is_garbled_where_rounds_are_slow() {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(32), 1);
        let y = b.input(1, "y", Scalar::unsigned(32), 1);
        let mut q = x;
        for _ in 0..4 {
            q = b.word(WordOp::Div, &[q, y]);
        }
        b.output(q, &[0]);
        let ir = b.finish();
        assert_eq!(plan(&ir, Network::WAN).homes[q.index()], Domain::Yao);
    }

    #[test]
    fn many_shallow_comparisons_stay_shared() {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(32), 1_000_000);
        let y = b.input(1, "y", Scalar::unsigned(32), 1_000_000);
        let less = b.word(WordOp::Lt, &[x, y]);
        b.output(less, &[0]);
        let ir = b.finish();
        assert_eq!(plan(&ir, Network::LAN).homes[less.index()], Domain::Boolean);
    }
}
