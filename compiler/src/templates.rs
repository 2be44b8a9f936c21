//! Scalar circuits for the operations on words, in a form with the fewest ANDs and a form with the least depth.
//!
//! XOR and complement are free in every Boolean protocol; an AND costs bytes (garbled sections want few of them) and an
//! AND level costs a round (secret-shared sections want few of those). Every generator therefore takes an
//! [`Objective`] and reads the arrival level of each operand bit from the [`Builder`], so that circuits that follow each
//! other are shaped for each other. Constants are literals like any other: a constant operand folds away, and the
//! multipliers, dividers and shifters recognise it.
//!
//! The meaning of each operation is [`WordOp::eval`]; the tests hold every generator to it.

mod add;
mod array;
mod compare;
mod count;
mod divide;
mod float;
mod heap;
mod multiply;
mod optimise;
mod prefix;
mod root;
mod shift;
mod substitute;
#[cfg(test)]
mod tests;
mod word;

pub use add::{add, add_by, negate, subtract};
pub use array::{array_read, array_write, lookup_size, table_lookup, table_lookups};
pub use compare::{and_all, equal, less_than, less_than_by, or_all, select};
pub use heap::{IsZero, Planned, Term, csa, product_sum, sum};
pub use multiply::product_rows;
pub use optimise::optimise;
pub(crate) use optimise::rewrite;

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::template::{Builder, Lit, Template};
use smpcc_circuit::value::Scalar;

/// What a circuit should have little of. Who knows a network's latency and bandwidth builds the forms and compares them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Objective {
    /// The fewest ANDs.
    Size,
    /// A few levels more than the least depth, for markedly fewer ANDs: between the two in both.
    Balanced,
    /// The least AND depth, then few ANDs.
    Depth,
}

/// Appends `op` on `args` to `b`; `from` is the type of the first data operand and `to` the result's, as for
/// [`WordOp::eval`]. Missing operand bits count as zero. Returns `to.width()` literals.
pub fn word_op(
    b: &mut Builder,
    op: WordOp,
    from: Scalar,
    to: Scalar,
    args: &[Vec<Lit>],
    objective: Objective,
) -> Vec<Lit> {
    let width = from.width() as usize;
    let signed = from.is_signed();
    let data = |i: usize| word::zero_extend(args.get(i).map_or(&[], Vec::as_slice), width);
    let amount = || args.get(1).cloned().unwrap_or_default();
    let mut out = match op {
        WordOp::Add => add(b, &data(0), &data(1), objective),
        WordOp::Sub => subtract(b, &data(0), &data(1), objective),
        WordOp::Neg => negate(b, &data(0), objective),
        WordOp::Abs if signed => add::absolute(b, &data(0), objective),
        WordOp::Abs | WordOp::Cast => data(0),
        WordOp::Mul => multiply::multiply(b, &data(0), &data(1), objective),
        WordOp::Div => divide::quotient(b, &data(0), &data(1), signed, objective),
        WordOp::Rem => divide::remainder(b, &data(0), &data(1), signed, objective),
        WordOp::Not => data(0).into_iter().map(|l| !l).collect(),
        WordOp::And => word::zip(&data(0), &data(1), |x, y| b.and(x, y)),
        WordOp::Or => word::zip(&data(0), &data(1), |x, y| b.or(x, y)),
        WordOp::Xor => word::zip(&data(0), &data(1), |x, y| b.xor(x, y)),
        WordOp::Eq => vec![equal(b, &data(0), &data(1))],
        WordOp::Ne => vec![!equal(b, &data(0), &data(1))],
        WordOp::Lt => vec![less_than(b, &data(0), &data(1), signed, objective)],
        WordOp::Le => vec![!less_than(b, &data(1), &data(0), signed, objective)],
        WordOp::Min => {
            let swap = less_than(b, &data(1), &data(0), signed, objective);
            select(b, swap, &data(1), &data(0))
        }
        WordOp::Max => {
            let swap = less_than(b, &data(0), &data(1), signed, objective);
            select(b, swap, &data(1), &data(0))
        }
        WordOp::Shl => shift::left(b, &data(0), &amount()),
        WordOp::Shr => shift::right(b, &data(0), &amount(), signed),
        WordOp::RotL => shift::rotate_left(b, &data(0), &amount(), objective),
        WordOp::RotR => shift::rotate_right(b, &data(0), &amount(), objective),
        WordOp::Select => {
            let condition = args
                .first()
                .and_then(|c| c.first())
                .copied()
                .unwrap_or(Lit::FALSE);
            select(b, condition, &data(1), &data(2))
        }
        WordOp::Isqrt => root::integer_root(b, &data(0), objective),
        WordOp::CountOnes => count::ones(b, &data(0), objective),
        WordOp::SubByte => substitute::sub_byte(b, &data(0), objective),
        WordOp::Float(op, subnormals) => {
            float::operation(b, op, subnormals, (from, to), args, objective)
        }
    };
    let fill = if signed && op == WordOp::Cast {
        out.last().copied().unwrap_or(Lit::FALSE)
    } else {
        Lit::FALSE
    };
    out.resize(to.width() as usize, fill);
    out
}

/// `op` as a circuit of its own on fresh operands of `operands[i]` bits, all arriving at level 0.
pub fn template(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    operands: &[u32],
    objective: Objective,
) -> Template {
    let mut b = Builder::new(operands);
    let args: Vec<Vec<Lit>> = (0..operands.len()).map(|i| b.input(i)).collect();
    let out = word_op(&mut b, op, from, to, &args, objective);
    b.finish(format!("{}.{from}", op.name()), vec![out])
}

/// The operand widths of `op` on `from` when a shift amount has `from`'s width.
pub fn operand_widths(op: WordOp, from: Scalar) -> Vec<u32> {
    let mut widths = vec![from.width(); op.arity()];
    if op == WordOp::Select {
        widths[0] = 1;
    }
    widths
}
