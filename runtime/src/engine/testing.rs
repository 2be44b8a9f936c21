//! Programs put together by hand, run by one thread per party over links in memory, for tests of the engine and its suites.

use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{Domain, Loc, Op, Program, Suite};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::value::{Scalar, Word, mask};
use smpcc_circuit::verify::{Verified, verify};

use super::{RunReport, run};
use crate::error::Error;
use crate::io::{Inputs, Secret};
use crate::local;
use crate::net::{Links, Mesh, Options, memory};
use crate::party::{PartyId, PartyNames};
use crate::session::Session;

pub(crate) use smpcc_circuit::program::builder::Builder;

pub(crate) const fn a(ring: u8) -> Domain {
    Domain::Arithmetic { ring }
}

pub(crate) fn u(width: u8) -> Scalar {
    Scalar::unsigned(width)
}

/// A program for three parties with replicated shares.
pub(crate) fn rep3() -> Builder {
    build(Suite::Rep3, 3, 1)
}

/// A program that says where its operations come from.
pub(crate) fn build(suite: Suite, n_parties: u32, threshold: u32) -> Builder {
    let mut b = Builder::new(suite, n_parties, threshold);
    b.program.files = vec!["test.smpc".into()];
    b.loc = Loc {
        file: 0,
        line: 3,
        col: 5,
    };
    b
}

/// Words from a seed; not random, but without structure.
pub(crate) fn words(seed: u64, width: u32, lanes: u64) -> Vec<Word> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Word::from(state.wrapping_mul(0x2545_f491_4f6c_dd1d))
    };
    (0..lanes)
        .map(|_| (next() | next() << 64) & mask(width))
        .collect()
}

pub(crate) fn inputs(all: &[&[Word]]) -> AllInputs {
    all.iter()
        .enumerate()
        .map(|(i, w)| (InputId::new(i), w.to_vec()))
        .collect()
}

/// Inputs of all parties, by leaf.
pub(crate) type AllInputs = SortedMap<InputId, Vec<Word>>;

/// Runs all parties; their reports, by party.
pub(crate) fn try_run(program: &Program, inputs: &AllInputs) -> Vec<Result<RunReport, Error>> {
    let n = program.n_parties as usize;
    run_on(program, inputs, memory::links(n).unwrap())
}

/// The same over given links.
pub(crate) fn run_on(
    program: &Program,
    inputs: &AllInputs,
    links: Vec<Links>,
) -> Vec<Result<RunReport, Error>> {
    // Little on its way, so that memory is what values take.
    let options = Options {
        send_queue: 4 << 20,
        receive_queue: 4 << 20,
        ..Options::default()
    };
    run_with(
        program,
        inputs,
        links,
        &options,
        |session, program, mine| run(session, program, mine, &mut |_| {}),
    )
}

/// Runs all parties by `party`, over given links with given patience.
pub(crate) fn run_with(
    program: &Program,
    inputs: &AllInputs,
    links: Vec<Links>,
    options: &Options,
    party: impl Fn(&mut Session, &Verified, Inputs) -> Result<RunReport, Error> + Sync,
) -> Vec<Result<RunReport, Error>> {
    let program = &verify(program.clone()).unwrap_or_else(|e| panic!("{e}"));
    let names = PartyNames::plain(links.len());
    local::threads(links, |links| {
        let me = links.me;
        let mesh = Mesh::new(links, names.clone(), options.clone())?;
        let mut session = Session::local(mesh, [7; 32]);
        let mine: Inputs = inputs
            .iter()
            .filter(|(id, _)| program.inputs[id.index()].party as usize == me.index())
            .map(|(id, words)| (*id, Secret::of(words.iter().copied())))
            .collect();
        match party(&mut session, program, mine) {
            Ok(report) => {
                assert_eq!(session.traffic().bytes_sent(), report.bytes_sent, "{me}");
                session.close()?;
                Ok(report)
            }
            Err(error) => {
                session.abort(&error);
                Err(error)
            }
        }
    })
}

/// Runs all parties, which must succeed.
pub(crate) fn run_all(program: &Program, inputs: &AllInputs) -> Vec<RunReport> {
    try_run(program, inputs)
        .into_iter()
        .map(|r| r.unwrap_or_else(|e| panic!("{e}")))
        .collect()
}

/// Runs all parties and checks that who receives `output` gets `expected`, and nobody else anything.
pub(crate) fn expect_output(
    program: &Program,
    inputs: &AllInputs,
    output: OutputId,
    expected: &[Word],
) -> Vec<RunReport> {
    let reports = run_all(program, inputs);
    let receivers = &program.outputs[output.index()].receivers;
    for (party, report) in PartyId::all(reports.len()).zip(&reports) {
        let got = report.output(output);
        let got = got.as_deref();
        let due = receivers
            .contains(&u32::from(party.number()))
            .then_some(expected);
        assert!(
            got == due,
            "{party}: {:?} and not {:?}",
            head(got),
            head(due)
        );
    }
    reports
}

fn head(words: Option<&[Word]>) -> Option<&[Word]> {
    words.map(|w| &w[..w.len().min(8)])
}

/// What `smpcc_circuit::cost` predicts for a program without `While`, `If` and computed counts.
pub(crate) struct Predicted {
    /// Bytes per party of the program's operations.
    pub(crate) online: Vec<u64>,
    /// Of the setup.
    pub(crate) setup: Vec<u64>,
    /// Of making correlations.
    pub(crate) prepared: Vec<u64>,
    pub(crate) rounds: u64,
    /// Openings, each of which is checked.
    pub(crate) openings: u64,
}

pub(crate) fn predict(program: &Program) -> Predicted {
    use smpcc_circuit::cost::{Stamp, StampMap, op_cost, setup, start};
    fn walk(
        program: &Program,
        region: u32,
        start: Stamp,
        times: u64,
        sum: &mut Predicted,
    ) -> Stamp {
        let mut stamps: SortedMap<ValueId, Stamp> = SortedMap::new();
        let mut end = start;
        for node in &program.regions[region as usize].nodes {
            let base = node.args.iter().fold(start, |s, v| {
                s.join(stamps.get(v).copied().unwrap_or(start))
            });
            let after = match &node.op {
                Op::Loop { count, body } => {
                    let count = count.expect("a static count");
                    // Captured values of this region count as operands; tests only capture operands of the loop's region.
                    let mut captured = base;
                    for v in captures(program, *body) {
                        captured = captured.join(stamps.get(&v).copied().unwrap_or(start));
                    }
                    if count > 0 {
                        walk(program, *body, start, times * count, sum);
                    }
                    let map = StampMap::of(|s| walk(program, *body, s, 0, sum));
                    map.repeat(count).apply(captured)
                }
                _ => {
                    let cost = op_cost(program, node);
                    if matches!(node.op, Op::Reveal | Op::RevealShuffled | Op::Output(_)) {
                        sum.openings += times;
                    }
                    for (total, one) in sum.online.iter_mut().zip(cost.sent) {
                        *total += one * times;
                    }
                    for (total, one) in sum.prepared.iter_mut().zip(cost.prepared) {
                        *total += one * times;
                    }
                    base.after(program, node)
                }
            };
            for &v in &node.results {
                stamps.insert(v, after);
            }
            end = end.join(after);
        }
        end
    }
    let zeros = vec![0; program.n_parties as usize];
    let mut sum = Predicted {
        online: zeros.clone(),
        setup: setup(program).sent,
        prepared: zeros,
        rounds: 0,
        openings: 0,
    };
    let end = walk(program, 0, start(program), 1, &mut sum);
    sum.rounds = end.ready as u64;
    if program.threat.deviates() {
        // Where openings wait for all before them, the walk of `stats` knows it.
        let rounds = stats(program, &Known::default()).totals.rounds;
        sum.rounds = rounds.expect("nothing revealed steers");
    }
    sum
}

fn captures(program: &Program, region: u32) -> Vec<ValueId> {
    let region = &program.regions[region as usize];
    let mut all: Vec<ValueId> = region.results.clone();
    for node in &region.nodes {
        all.extend(&node.args);
        for nested in node.op.regions() {
            all.extend(captures(program, nested));
        }
    }
    all
}

/// Measured bytes and rounds are those predicted.
pub(crate) fn expect_costs(program: &Program, reports: &[RunReport]) {
    if program.suite.proves(program.threat) {
        return expect_proven_costs(program, reports);
    }
    let predicted = predict(program);
    for (party, report) in reports.iter().enumerate() {
        let correlations = &report.correlations;
        let online: u64 = report.sections.iter().map(|s| s.bytes_sent).sum();
        assert_eq!(
            (
                online,
                correlations.setup_sent,
                correlations.prepared_sent,
                report.rounds
            ),
            (
                predicted.online[party],
                predicted.setup[party],
                predicted.prepared[party],
                predicted.rounds
            ),
            "operations, setup, correlations, rounds of party {party}"
        );
        let (checked, _) = smpcc_circuit::cost::check(program, predicted.openings);
        assert_eq!(report.checks.bytes_sent, checked[party], "party {party}");
        let sum = online + correlations.setup_sent + correlations.prepared_sent + checked[party];
        assert_eq!(report.bytes_sent, sum, "party {party}");
    }
}

/// The same where proofs and made correlations are not by operation: as `stats` says.
fn expect_proven_costs(program: &Program, reports: &[RunReport]) {
    let stats = stats(program, &Known::default());
    let totals = &stats.totals;
    for (party, report) in reports.iter().enumerate() {
        let sent = totals.bytes_sent.as_ref().map(|sent| sent[party]);
        assert_eq!(Some(report.bytes_sent), sent, "bytes of party {party}");
        assert_eq!(
            Some(report.rounds),
            totals.rounds,
            "rounds of party {party}"
        );
        let prepared = stats.correlations.prepared.as_ref().map(|made| made[party]);
        let measured = report.correlations.prepared_sent;
        assert_eq!(Some(measured), prepared, "correlations of party {party}");
        let n = stats.settlements.map(|s| s.n);
        assert_eq!(
            Some(report.checks.n_settlements),
            n,
            "proofs of party {party}"
        );
    }
}
