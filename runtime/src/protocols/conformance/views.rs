//! What parties see: all messages of a run, and whether bytes are uniform.

use smpcc_circuit::program::Program;
use smpcc_circuit::value::Word;

use crate::engine::run;
use crate::engine::testing::{AllInputs, run_on, run_with};
use crate::net::record::Recording;
use crate::net::{HEADER_LEN, Options, memory};
use crate::party::PartyId;
use crate::prg::known;

/// Runs a program; what each party sent.
pub(crate) fn recorded(program: &Program, inputs: &AllInputs) -> Vec<Recording> {
    let n = program.n_parties as usize;
    let recordings: Vec<Recording> = (0..n).map(|_| Recording::default()).collect();
    let links = memory::links(n).unwrap().into_iter().zip(&recordings);
    let links = links
        .map(|(links, recording)| recording.wrap(links))
        .collect();
    for report in run_on(program, inputs, links) {
        report.unwrap_or_else(|e| panic!("{e}"));
    }
    recordings
}

/// The same with known randomness: equal runs say equal things.
pub(crate) fn repeatable(program: &Program, inputs: &AllInputs) -> Vec<Recording> {
    let n = program.n_parties as usize;
    let recordings: Vec<Recording> = (0..n).map(|_| Recording::default()).collect();
    let record = || {
        // The secrets of the links are drawn here, what a party draws in its thread.
        known::begin(0);
        let links = memory::links(n).unwrap().into_iter().zip(&recordings);
        let links = links
            .map(|(links, recording)| recording.wrap(links))
            .collect();
        let options = Options::default();
        run_with(
            program,
            inputs,
            links,
            &options,
            |session, program, mine| {
                known::begin(1 + session.me().index() as u8);
                run(session, program, mine, &mut |_| {})
            },
        )
    };
    // In a thread of its own, whose entropy nobody asks for afterwards.
    let ends = std::thread::scope(|scope| scope.spawn(record).join().unwrap());
    for end in ends {
        end.unwrap_or_else(|e| panic!("{e}"));
    }
    recordings
}

/// The messages from one party to another, joined by step.
pub(crate) fn messages(recordings: &[Recording], from: usize, to: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for frame in recordings[from].sent_to(PartyId::new(to as u16)) {
        if frame.is_data {
            let step = frame.step as usize;
            all.resize(all.len().max(step + 1), Vec::new());
            all[step].extend_from_slice(&frame.bytes[HEADER_LEN..]);
        }
    }
    all
}

/// What comes to a party in messages of whole bytes per lane: sender, step, and a byte for each lane. Where a message has several
/// elements of a lane, they stand in runs of `unit` lanes, and each is a column of its own.
pub(crate) fn columns(
    recordings: &[Recording],
    to: usize,
    lanes: usize,
    unit: usize,
) -> Vec<(usize, usize, Vec<u8>)> {
    let mut all = Vec::new();
    for from in (0..recordings.len()).filter(|&from| from != to) {
        for (step, bytes) in messages(recordings, from, to).iter().enumerate() {
            let n = bytes.len() / lanes;
            if n == 0 || bytes.len() % lanes != 0 {
                continue;
            }
            for k in 0..n {
                let at = |lane: usize| bytes[lane / unit * unit * n + k * unit + lane % unit];
                all.push((from, step, (0..lanes).map(at).collect()));
            }
        }
    }
    all
}

/// All that comes to a party is uniform together with what is opened to it in the last step, which one message of each opener says.
/// Bytes are below `values`; how many pairs there are.
pub(crate) fn assert_uniform_with_opening(
    columns: &[(usize, usize, Vec<u8>)],
    values: u8,
    what: &str,
) -> usize {
    let last = columns.iter().map(|(_, step, _)| *step).max();
    let is_opening = |column: &&(usize, usize, Vec<u8>)| Some(column.1) == last;
    let mut n = 0;
    for (opener, _, opened) in columns.iter().filter(is_opening) {
        for (from, step, came) in columns.iter().filter(|column| !is_opening(column)) {
            let pairs = opened.iter().zip(came).map(|(o, c)| o * values + c);
            let what = format!("{what}: from {from} in step {step}, and from {opener} at last");
            assert_uniform(pairs, usize::from(values) * usize::from(values), &what);
            n += 1;
        }
    }
    n
}

/// One word in all lanes.
pub(crate) fn constant(word: Word, lanes: u64) -> Vec<Word> {
    vec![word; lanes as usize]
}

/// Chi-square of bytes below `values`, or of their low bits where there are few; what chance gives less than once in
/// 10^9 runs is a failure.
pub(crate) fn assert_uniform(bytes: impl Iterator<Item = u8>, values: usize, what: &str) {
    let bytes: Vec<u8> = bytes.collect();
    let above = bytes.iter().find(|&&b| usize::from(b) >= values);
    assert!(above.is_none(), "{what}: {above:?} is above the ring");
    let mut values = values;
    while bytes.len() < 20 * values && values > 8 {
        values /= 2;
    }
    let mut count = vec![0u64; values];
    for &byte in &bytes {
        count[usize::from(byte) & (values - 1)] += 1;
    }
    assert_even(&count, what);
}

/// Chi-square of how often each of some equally likely things came.
pub(crate) fn assert_even(count: &[u64], what: &str) {
    let (n, values) = (count.iter().sum::<u64>(), count.len());
    let expected = n as f64 / values as f64;
    assert!(expected >= 20.0, "{what}: too few samples, {n}");
    let chi: f64 = count
        .iter()
        .map(|&c| (c as f64 - expected).powi(2) / expected)
        .sum();
    // Wilson and Hilferty: a chi-square variable's cube root is nearly normal.
    let df = values as f64 - 1.0;
    let z = ((chi / df).cbrt() - (1.0 - 2.0 / (9.0 * df))) / (2.0 / (9.0 * df)).sqrt();
    assert!(z < 6.5, "{what}: chi-square {chi} over {values} values");
}
