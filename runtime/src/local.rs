//! All parties of a program in one process: a thread for each, links in memory or over sockets. For tests, for measurements, and for trying a program
//! out before it is deployed.
//!
//! The protocols are the real ones, and so are the messages. What is missing is everything that keeps parties apart: one process sees
//! all inputs, and nobody has agreed on anything.

use crate::engine::{self, RunReport};
use crate::error::Error;
use crate::io::Inputs;
use crate::net::{Links, Mesh, Options, memory, tls};
use crate::party::PartyNames;
use crate::prg::OsEntropy;
use crate::session::Session;
use smpcc_circuit::verify::Verified;

/// Does `party` with everybody's part in a thread each; the results in the same order. A thread that panics gives a bug.
pub fn threads<P: Send, T: Send, E: From<Error> + Send>(
    parts: impl IntoIterator<Item = P>,
    party: impl Fn(P) -> Result<T, E> + Sync,
) -> Vec<Result<T, E>> {
    let party = &party;
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || party(part)))
            .collect();
        let ended = || Err(E::from(Error::bug("a party's thread ended")));
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| ended()))
            .collect()
    })
}

/// Runs all parties of a program with their inputs, in the parties' order; what each gives. Missing inputs are none.
///
/// # Errors
/// Of the machine: it has no randomness, or no memory for links. A party's own error is its result.
pub fn run(
    program: &Verified,
    inputs: Vec<Inputs>,
) -> Result<Vec<Result<RunReport, Error>>, Error> {
    let links = memory::links(program.n_parties as usize)?;
    let id = OsEntropy.bytes::<32>()?;
    Ok(run_over(program, inputs, links, &Options::default(), *id))
}

/// Links of all parties over sockets of this machine, with TLS: what a message takes is what it takes between processes.
///
/// # Errors
/// Of the machine: it has no randomness, or no ports.
pub fn tls_links(n_parties: usize) -> Result<Vec<Links>, Error> {
    let configs = tls::on_this_machine(n_parties, Options::default().connect)?;
    threads(configs, tls::connect).into_iter().collect()
}

/// The same over given links, which may be slow, or recorded, in a session of this id.
pub fn run_over(
    program: &Verified,
    mut inputs: Vec<Inputs>,
    links: Vec<Links>,
    options: &Options,
    id: [u8; 32],
) -> Vec<Result<RunReport, Error>> {
    let names = PartyNames::plain(links.len());
    inputs.resize_with(links.len(), Inputs::new);
    threads(links.into_iter().zip(inputs), |(links, inputs)| {
        let mesh = Mesh::new(links, names.clone(), options.clone())?;
        let mut session = Session::local(mesh, id);
        match engine::run(&mut session, program, inputs, &mut |_| {}) {
            Ok(report) => session.close().map(|_| report),
            Err(error) => {
                session.abort(&error);
                Err(error)
            }
        }
    })
}

#[cfg(test)]
mod tests {

    use smpcc_circuit::program::{Domain, Op, Suite};
    use smpcc_circuit::sorted::SortedMap;
    use smpcc_circuit::verify::verify;

    use super::*;
    use crate::engine::testing::{Builder, u};
    use crate::error::Fault;
    use crate::io::Secret;

    #[test]
    fn all_parties_run_in_one_process() {
        let mut b = Builder::new(Suite::Rep3, 3, 1);
        let a = Domain::Arithmetic { ring: 32 };
        let x = b.input(0, a, u(32), 2);
        let y = b.input(2, a, u(32), 2);
        let product = b.op(Op::Mul, &[x, y], a, u(32), 2);
        let out = b.output(product, &[1]);
        let program = verify(b.program).unwrap();
        let mine = |id, words: [u128; 2]| SortedMap::from([(id, Secret::of(words))]);
        let ids = [0, 1].map(smpcc_circuit::ids::InputId::new);
        let inputs = vec![mine(ids[0], [3, 4]), Inputs::new(), mine(ids[1], [5, 6])];
        let reports = run(&program, inputs).unwrap_or_else(|e| panic!("{e}"));
        let got = reports
            .iter()
            .map(|r| r.as_ref().ok().and_then(|r| r.output(out)));
        assert_eq!(got.collect::<Vec<_>>(), [None, Some(vec![15, 24]), None]);
        // Inputs that are not there are each party's own mistake.
        let reports = run(&program, Vec::new()).unwrap_or_else(|e| panic!("{e}"));
        assert!(reports.iter().all(Result::is_err));
        assert_eq!(
            reports[0].as_ref().err().map(Error::fault),
            Some(Fault::Usage)
        );
    }

    #[test]
    fn a_panic_is_a_bug() {
        let results: Vec<Result<u8, Error>> = threads([1, 2], |part| match part {
            1 => Ok(part),
            _ => std::panic::resume_unwind(Box::new("on purpose")),
        });
        assert_eq!(results[0].as_ref().ok(), Some(&1));
        assert_eq!(
            results[1].as_ref().err().map(Error::fault),
            Some(Fault::Bug)
        );
    }
}
