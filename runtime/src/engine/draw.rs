//! A party's parts of draws: uniform words that nobody gives it, so that nobody can choose them for it.

use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::Program;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::io::{Inputs, Secret};
use crate::party::PartyId;
use crate::prg::OsEntropy;
use crate::ring::{Element, Elements};

/// Bytes that the operating system is asked for at once.
const CHUNK: usize = 4096;

/// Draws the parts of this party that are not among the inputs. Only tests, which run all parties in one process, give some.
///
/// # Errors
/// Of the machine: it has no randomness to give.
pub(super) fn draw(program: &Program, me: PartyId, inputs: &mut Inputs) -> Result<(), Error> {
    for (i, leaf) in program.inputs.iter().enumerate() {
        let id = InputId::new(i);
        if !leaf.drawn || leaf.party as usize != me.index() || inputs.contains_key(&id) {
            continue;
        }
        let lanes = usize::try_from(leaf.lanes)
            .map_err(|_| Error::machine("a draw is larger than this machine's memory"))?;
        let bits = leaf.scalar.width();
        let words = match bits <= 64 {
            true => fresh::<u64>(bits, lanes)?,
            false => fresh::<u128>(bits, lanes)?,
        };
        inputs.insert(id, words);
    }
    Ok(())
}

/// So many uniform elements of so many bits.
fn fresh<E: Element>(bits: u32, lanes: usize) -> Result<Secret<Elements>, Error> {
    let mut elements = vec![E::default(); lanes];
    let mut bytes = Zeroizing::new([0; CHUNK]);
    let size = 8 * E::WORDS;
    for some in elements.chunks_mut(CHUNK / size) {
        OsEntropy.fill(&mut bytes[..some.len() * size])?;
        for (element, bytes) in some.iter_mut().zip(bytes.chunks_exact(size)) {
            let mut words = Zeroizing::new([0; 2]);
            for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = bytes
                    .iter()
                    .rev()
                    .fold(0, |so_far, byte| so_far << 8 | u64::from(*byte));
            }
            *element = E::from_words(&*words).low(bits);
        }
    }
    Ok(Secret::new(E::wrap(elements)))
}

#[cfg(test)]
mod tests {
    use smpcc_circuit::program::{Domain, Op, Suite};
    use smpcc_circuit::value::Word;
    use smpcc_circuit::verify::verify;

    use crate::engine::testing::{Builder, u};
    use crate::local;

    /// Two draws of all parties, opened: no bit stands still over many lanes, and no two draws or runs are equal.
    #[test]
    fn what_is_drawn_is_fresh_and_fills_its_width() {
        for width in [1, 7, 64, 65, 128] {
            let mut b = Builder::new(Suite::Rep3, 3, 1);
            let lanes = 600;
            let out = [0, 1].map(|_| {
                let x = b.input(1, Domain::Boolean, u(width), lanes);
                let revealed = b.op(Op::Reveal, &[x], Domain::Public, u(width), lanes);
                b.output(revealed, &[0])
            });
            for leaf in &mut b.program.inputs {
                leaf.drawn = true;
            }
            let program = verify(b.program).unwrap();
            let mut seen: Vec<Vec<Word>> = Vec::new();
            for _ in 0..2 {
                let reports = local::run(&program, Vec::new()).unwrap_or_else(|e| panic!("{e}"));
                let first = reports[0].as_ref().unwrap_or_else(|e| panic!("{e}"));
                seen.extend(out.map(|o| first.output(o).unwrap()));
            }
            let all = smpcc_circuit::value::mask(u32::from(width));
            for (i, words) in seen.iter().enumerate() {
                assert_eq!(words.iter().fold(0, |or, w| or | w), all, "width {width}");
                assert_eq!(words.iter().fold(all, |and, w| and & w), 0, "width {width}");
                assert!(seen[..i].iter().all(|other| other != words));
            }
        }
    }
}
