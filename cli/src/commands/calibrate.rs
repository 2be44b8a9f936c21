//! `smpcc calibrate`: measures what operations take on this machine, suite by suite, and writes a table for `--costs`.
//!
//! Small programs run among threads of this process, larger and larger until the clock can tell, over sockets with TLS: sealing and
//! sending is part of what an operation takes. Garbled ones have links in memory, as tables are evaluated while others come. What
//! does not grow with them is taken off. Threads share this machine's cores; a party of its own would not, so times are
//! scaled to one party. The table is a file that parties exchange: nothing is ever measured behind their backs.

use crate::args::CalibrateArgs;
use crate::files::{Kind, Place};
use crate::load::Style;
use crate::out;
use smpcc::costs;
use smpcc::exit::Outcome;
use smpcc_circuit::cost::{Costs, Work};
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::builder::Builder;
use smpcc_circuit::program::{Domain, Op, Program, Suite, Threat};
use smpcc_circuit::template::{Gate, Lit, Template};
use smpcc_circuit::value::Scalar;
use smpcc_circuit::verify::verify;
use smpcc_runtime::error::Error;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::local;
use smpcc_runtime::net::{Options, memory};
use smpcc_runtime::prg::OsEntropy;
use std::path::Path;
use std::time::Duration;

/// A run this long is measured well enough.
const ENOUGH: Duration = Duration::from_millis(40);
/// Most lanes of a measured program.
const MOST_LANES: u64 = 1 << 20;
/// Bits of a measured word.
const WIDTH: u32 = 64;
/// Levels of ANDs in a measured circuit.
const LEVELS: u32 = 8;
/// Measured products of a lane.
const PRODUCTS: u32 = 4;

/// Measures and writes.
pub fn calibrate(args: &CalibrateArgs, style: Style) -> Outcome {
    let place = match args.output.as_path() {
        path if path == Path::new("-") => None,
        path => Some(Place::open(path, Kind::Costs, &[], args.force)?),
    };
    let mut table = Costs::SHIPPED;
    let threats = |suite: Suite| Threat::ALL.into_iter().filter(move |t| suite.stands(*t));
    let all = Suite::ALL.into_iter();
    for (suite, threat) in all.flat_map(|suite| threats(suite).map(move |threat| (suite, threat))) {
        match measured(suite, threat) {
            Ok(work) => *table.measured_mut(suite, threat) = work,
            Err(error) if !style.quiet => out::note(&format!(
                "{} against {} parties: not measured, as shipped ({error})",
                suite.name(),
                threat.name()
            )),
            Err(_) => {}
        }
    }
    let text = costs::text(&table);
    match place {
        Some(place) => place.write(text.as_bytes()),
        None => {
            out::product(&text);
            Ok(())
        }
    }
}

/// What a measured program does.
#[derive(Clone, Copy)]
enum Kernel {
    /// Nothing but inputs and outputs.
    Nothing,
    /// So many ANDs of bits after each other.
    Chain(u32),
    /// Levels of ANDs of whole words.
    Ands,
    /// So many products per lane, one after the other.
    Products(u32),
    /// Into labels and back.
    Labels,
    /// The same with levels of ANDs between.
    Garbled,
}

/// A suite's times, for the number of parties that the table is for.
fn measured(suite: Suite, threat: Threat) -> Result<Work, Error> {
    let (n, threshold) = suite.against(threat).measured();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cores.min(n as usize) as f64) / f64::from(n);
    let ps = |time: f64| ((time * share * 1e12) as u64).max(1);
    let bench = Bench {
        suite,
        threat,
        n_parties: n,
        threshold,
    };
    let nothing = bench.best(Kernel::Nothing, 1)?;
    // Both long enough that transfers are extended and not made one by one.
    let (short, long) = (256, 1024);
    let few = bench.best(Kernel::Chain(short), 1)?;
    let many = bench.best(Kernel::Chain(long), 1)?;
    let step = ((many - few) / f64::from(long - short)).max(0.0);
    let ands = f64::from(WIDTH * LEVELS);
    let and = bench.per_lane(Kernel::Ands)? / ands;
    let mut work = Work {
        step_ps: ps(step),
        and_ps: ps(and),
        ..Work::default()
    };
    if bench.offers(Kernel::Products(1)) {
        // Without what inputs and outputs take.
        let one = bench.per_lane(Kernel::Products(1))?;
        let all = bench.per_lane(Kernel::Products(1 + PRODUCTS))?;
        work.product_ps = ps((all - one).max(0.0) / f64::from(PRODUCTS));
    }
    if bench.offers(Kernel::Garbled) {
        let labels = bench.per_lane(Kernel::Labels)?;
        let garbled = bench.per_lane(Kernel::Garbled)?;
        work.label_ps = ps(labels / f64::from(WIDTH));
        work.garbled_and_ps = ps((garbled - labels).max(0.0) / ands);
    }
    // Where operations need correlations, the first one pays for the setup.
    work.setup_ps = if Costs::SHIPPED.of(suite).setup_ps > 0 {
        ps((few - nothing - step * f64::from(short)).max(0.0))
    } else {
        0
    };
    Ok(work)
}

struct Bench {
    suite: Suite,
    threat: Threat,
    n_parties: u32,
    threshold: u32,
}

impl Bench {
    /// Whether the suite has what a kernel measures, against the threat.
    fn offers(&self, kernel: Kernel) -> bool {
        let domain = match kernel {
            Kernel::Products(_) => Domain::Arithmetic { ring: WIDTH as u8 },
            Kernel::Labels | Kernel::Garbled => Domain::Yao,
            Kernel::Nothing | Kernel::Chain(_) | Kernel::Ands => Domain::Boolean,
        };
        self.suite.offers(self.threat, domain)
    }

    /// Seconds per lane, without what does not grow with lanes.
    fn per_lane(&self, kernel: Kernel) -> Result<f64, Error> {
        let fixed = self.best(kernel, 64)?;
        let mut lanes = 1024;
        loop {
            let mut time = self.once(kernel, lanes)?;
            if time - fixed >= ENOUGH.as_secs_f64() || lanes >= MOST_LANES {
                // Whatever else the machine did meanwhile only adds.
                time = time.min(self.best(kernel, lanes)?);
                return Ok(((time - fixed) / (lanes - 64) as f64).max(0.0));
            }
            lanes *= 4;
        }
    }

    /// Seconds of the fastest of a few runs.
    fn best(&self, kernel: Kernel, lanes: u64) -> Result<f64, Error> {
        let mut best = f64::INFINITY;
        for _ in 0..2 {
            best = best.min(self.once(kernel, lanes)?);
        }
        Ok(best)
    }

    fn once(&self, kernel: Kernel, lanes: u64) -> Result<f64, Error> {
        let program = verify(self.program(kernel, lanes))
            .map_err(|e| Error::bug(format!("a program to measure is not valid: {e}")))?;
        let mut inputs = (0..self.n_parties)
            .map(|_| Inputs::new())
            .collect::<Vec<_>>();
        for (id, leaf) in (0u32..).zip(&program.inputs) {
            let words =
                (0..leaf.lanes).map(|i| leaf.scalar.wrap(u128::from(i) * 0x9e37_79b9_7f4a_7c15));
            if let Some(mine) = inputs.get_mut(leaf.party as usize) {
                mine.insert(InputId(id), Secret::of(words));
            }
        }
        let parties = self.n_parties as usize;
        let links = match kernel {
            Kernel::Labels | Kernel::Garbled => memory::links(parties)?,
            Kernel::Nothing | Kernel::Chain(_) | Kernel::Ands | Kernel::Products(_) => {
                local::tls_links(parties)?
            }
        };
        let id = OsEntropy.bytes::<32>()?;
        let results = local::run_over(&program, inputs, links, &Options::default(), *id);
        let mut most: f64 = 0.0;
        for report in results {
            most = most.max(report?.time().as_secs_f64());
        }
        Ok(most)
    }

    /// Two inputs, the kernel, one output.
    fn program(&self, kernel: Kernel, lanes: u64) -> Program {
        let word = Scalar::unsigned(WIDTH as u8);
        let (domain, scalar) = match kernel {
            Kernel::Products(_) => (Domain::Arithmetic { ring: WIDTH as u8 }, word),
            Kernel::Chain(_) => (Domain::Boolean, Scalar::Bool),
            Kernel::Nothing | Kernel::Ands | Kernel::Labels | Kernel::Garbled => {
                (Domain::Boolean, word)
            }
        };
        let mut b = Builder::new(self.suite, self.n_parties, self.threshold);
        b.program.threat = self.threat;
        let template = match kernel {
            Kernel::Chain(levels) => Some(levels_of_ands(1, levels)),
            Kernel::Ands | Kernel::Garbled => Some(levels_of_ands(WIDTH, LEVELS)),
            Kernel::Nothing | Kernel::Products(_) | Kernel::Labels => None,
        };
        let call = template.map(|template| Op::Call(b.template(template)));
        let inputs = [0, 1].map(|party| b.input(party, domain, scalar, lanes));
        let mut run = |op: Op, args: &[ValueId], to| b.op(op, args, to, scalar, lanes);
        let done = match (kernel, call) {
            (Kernel::Products(n), _) => (0..n).fold(inputs[0], |last, _| {
                run(Op::Mul, &[last, inputs[1]], domain)
            }),
            (Kernel::Labels | Kernel::Garbled, call) => {
                let labels = inputs.map(|v| run(Op::BooleanToYao, &[v], Domain::Yao));
                let result = match call {
                    Some(call) => run(call, &labels, Domain::Yao),
                    None => labels[0],
                };
                run(Op::YaoToBoolean, &[result], Domain::Boolean)
            }
            (Kernel::Nothing | Kernel::Chain(_) | Kernel::Ands, Some(call)) => {
                run(call, &inputs, domain)
            }
            (Kernel::Nothing | Kernel::Chain(_) | Kernel::Ands, None) => inputs[0],
        };
        b.output(done, &[0]);
        b.program
    }
}

/// Each level is the AND of the one before with the second word, turned by one bit more, so that no level is another.
fn levels_of_ands(width: u32, levels: u32) -> Template {
    let (first, second) = (1, 1 + width);
    let mut gates = Vec::new();
    let mut last: Vec<u32> = (first..first + width).collect();
    for level in 0..levels {
        let next: Vec<u32> = (0..width)
            .map(|i| {
                let other = second + (i + level) % width;
                gates.push(Gate::And(
                    Lit::of(last[((i + 1) % width) as usize]),
                    Lit::of(other),
                ));
                2 * width + gates.len() as u32
            })
            .collect();
        last = next;
    }
    let outputs = vec![last.into_iter().map(Lit::of).collect()];
    Template::new("", vec![width, width], gates, outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_programs_are_valid() {
        let all = Suite::ALL.map(|suite| Threat::ALL.map(|threat| (suite, threat)));
        let all = all.into_iter().flatten();
        for (suite, threat) in all.filter(|(suite, threat)| suite.stands(*threat)) {
            let bench = Bench {
                suite,
                threat,
                n_parties: *suite.parties().start(),
                threshold: 1,
            };
            for kernel in [
                Kernel::Nothing,
                Kernel::Chain(64),
                Kernel::Ands,
                Kernel::Products(3),
                Kernel::Labels,
                Kernel::Garbled,
            ] {
                if bench.offers(kernel) {
                    let program = bench.program(kernel, 70);
                    assert!(verify(program).is_ok(), "{suite:?}");
                }
            }
        }
        assert_eq!(levels_of_ands(64, 8).n_and(), 512);
        assert_eq!(levels_of_ands(64, 8).and_depth(), 8);
    }
}
