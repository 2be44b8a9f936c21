//! What several tests share: examples compiled in this process, and three parties with links in memory.

use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Program, Suite, Threat};
use smpcc_circuit::value::Word;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::session::{Network, ObjectiveChoice, Options, ProtocolChoice, Session};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{front, schema};
use smpcc_runtime::engine::{self, RunReport};
use smpcc_runtime::error::Error;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::net::Mesh;
use std::collections::BTreeMap;

/// Name, public arguments, length of open inputs.
pub type Example = (&'static str, &'static [(&'static str, &'static str)], u64);

/// All examples.
pub const EXAMPLES: [Example; 7] = [
    ("avg", &[], 0),
    ("auction", &[], 0),
    ("vote", &[], 0),
    ("hospital", &[("level", "6")], 5),
    ("histogram", &[], 4),
    ("intersection", &[], 4),
    ("dot", &[], 6),
];

/// What the compiler is asked for.
pub fn options(protocol: ProtocolChoice, network: Network) -> Options {
    Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        objective: ObjectiveChoice::Auto,
        network,
        opt: 2,
    }
}

/// An example checked, with a session among three parties.
pub fn example((name, args, len): Example) -> (SourceSet, Hir, Session) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(format!("{name}.smpc"));
    let mut sources = SourceSet::new();
    let text = std::fs::read_to_string(path).expect("the example");
    let root = sources.add(format!("{name}.smpc"), text);
    let hir = front::check(&sources, root).0.expect("a program");
    let role_counts = schema::assign_roles(&hir, 3).unwrap_or_else(|d| panic!("{d:?}"));
    let mut lens = BTreeMap::new();
    for param in schema::schema(&hir).params {
        for owner in param.owners(&role_counts) {
            for (_, key) in param.len_keys() {
                lens.insert((key, owner), len);
            }
        }
    }
    let args = args
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let session = Session {
        n_parties: 3,
        role_counts,
        args,
        lens,
    };
    (sources, hir, session)
}

/// One party of a run; `inputs` are those of all leaves.
pub fn party(
    program: &Program,
    inputs: &[Vec<Word>],
    mut mesh: Mesh,
    session: u8,
) -> Result<RunReport, Error> {
    mesh.bind_session([session; 32]);
    let me = mesh.me();
    let mine: Inputs = (0u32..)
        .zip(&program.inputs)
        .zip(inputs)
        .filter(|((_, leaf), _)| leaf.party as usize == me.index())
        .map(|((id, leaf), words)| {
            (
                InputId(id),
                Secret::new(words.iter().map(|w| leaf.scalar.wrap(*w)).collect()),
            )
        })
        .collect();
    match engine::run(program, me, &mut mesh, mine, &mut |_| {}) {
        Ok(report) => mesh.close().map(|_| report),
        Err(error) => {
            mesh.abort(&error);
            Err(error)
        }
    }
}
