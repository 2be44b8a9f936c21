//! What a party does to its shares without a message: words that it copies, adds up or computes in public.
//!
//! Shares of bits lie in columns of one bit each: a run of lanes moves as whole words, a lane by itself as bytes or bits of all
//! columns. So where indices are constant it is asked whether they are runs.

use crate::ids::ValueId;
use crate::program::{Domain, Kind, Node, Op, Program, ValueInfo};
use crate::value::{ConstVec, Word};

/// Lanes from which on a run is copied as a whole, on average.
const SHORTEST: u64 = 8;

/// Bits of a word from which on its lanes are picked by bytes, after and before a transposition.
const BY_BYTES: u64 = 4;

/// Which indices of a program are runs of neighbours.
pub(super) struct Moves {
    runs: Vec<bool>,
    /// Elements that a party holds of one that is shared.
    held: u64,
    /// Words that move with a bit by itself: one for each share, or for 64 bits of tags and keys.
    of_bit: u64,
}

impl Moves {
    pub(super) fn of(program: &Program) -> Self {
        let mut runs = vec![false; program.values.len()];
        let nodes = program.regions.iter().flat_map(|region| &region.nodes);
        for node in nodes {
            if let (Op::Const(words), Some(result)) = (&node.op, node.results.first()) {
                runs[result.index()] = are_runs(words);
            }
        }
        let model = program.suite.against(program.threat);
        let held = model.held(program.n_parties).max(1);
        let of_bit = if held < 64 { held } else { held.div_ceil(64) };
        Self { runs, held, of_bit }
    }

    /// Words that a party reads or writes for an operation on shares, once.
    pub(super) fn words(&self, program: &Program, node: &Node) -> u64 {
        let info = |v: &ValueId| program.values.get(v.index()).copied();
        let Some(result) = node.results.first().and_then(info) else {
            return 0;
        };
        let lanes = match (node.op.kind(), &node.op) {
            (Kind::Move, Op::Gather { block } | Op::Scatter { block }) => {
                let whole = *block >= SHORTEST
                    || node
                        .args
                        .get(1)
                        .is_some_and(|index| self.runs[index.index()]);
                let moved = match node.op {
                    Op::Scatter { .. } => node.args.get(2).and_then(info).map_or(0, |v| v.lanes),
                    _ => result.lanes,
                };
                return self.moved(result, moved, whole);
            }
            (Kind::Move, _) => return self.moved(result, result.lanes, true),
            (Kind::Linear, _) => {
                let all = node.args.iter().filter_map(info).map(|v| v.lanes);
                all.fold(0u64, u64::saturating_add)
            }
            (Kind::Clear | Kind::Interactive(_) | Kind::Control, _) => return 0,
        };
        self.moved(result, lanes, true)
    }

    /// Words of so many lanes of a type, which move as runs or each by itself.
    fn moved(&self, of: ValueInfo, lanes: u64, whole: bool) -> u64 {
        let width = u64::from(of.scalar.width());
        let bits = lanes.saturating_mul(width);
        match of.domain {
            // What is in the clear counts as steps on words.
            Domain::Public | Domain::Local { .. } => 0,
            Domain::Arithmetic { ring } => {
                let words = lanes.saturating_mul(u64::from(ring).div_ceil(64));
                words.saturating_mul(self.held)
            }
            Domain::Boolean if whole => bits.saturating_mul(self.held).div_ceil(64),
            Domain::Boolean if width < BY_BYTES => bits.saturating_mul(self.of_bit),
            Domain::Boolean => {
                let bytes = lanes.saturating_mul(width.div_ceil(8));
                bytes.saturating_mul(2 * self.of_bit)
            }
            // A label is two words.
            Domain::Yao => bits.saturating_mul(2),
        }
    }
}

/// Whether constants are long runs of neighbours, or of every second lane, which move as fast.
fn are_runs(words: &ConstVec) -> bool {
    let counts = |dims: &[(u64, Word)]| {
        dims.last()
            .is_some_and(|&(n, step)| step == 1 && n >= SHORTEST)
    };
    match words {
        ConstVec::Splat { lanes, .. } => *lanes == 1,
        ConstVec::Affine { dims, .. } => matches!(dims[..], [(_, 2)]) || counts(dims),
        ConstVec::Pieces(pieces) => pieces.iter().all(|piece| counts(&piece.dims)),
        ConstVec::Table(words) => {
            let breaks = words
                .windows(2)
                .filter(|pair| pair[0].checked_add(1) != Some(pair[1]));
            (breaks.count() as u64 + 1).saturating_mul(SHORTEST) <= words.len() as u64
        }
    }
}
