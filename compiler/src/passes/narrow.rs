//! Narrowing: an operation whose integers need fewer bits than its type is done at the smaller width.
//!
//! ```text
//! before: v1: secret u64 x9 = cast v0 (u8)   v2: secret u64 x1 in 0..=2295 = reduce add v1
//! after:  v1: secret u12 x9 = cast v0        v3: secret u12 x1 = reduce add v1   v2: secret u64 x1 = cast v3
//! ```
//!
//! Sums, differences, products, selections and bit logic are right mod 2^k in their low k bits: they need as many bits as
//! their result. Comparisons, minima, divisions and roots look at the integers: they need as many as their operands. Signed
//! operations on integers that are never negative become unsigned. What can be one number only is that number. The casts around them cost nothing where they drop bits;
//! where two of them meet, one goes (`algebra`).

use super::Outcome;
use super::algebra::holds_all;
use super::constants::Constants;
use super::constants::vectors::type_range;
use super::rewrite::{Rule, Walk, rewrite};
use crate::hir::Range;
use crate::ir::{Ir, Node, Op, Reducer, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{Scalar, Word};

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    rewrite(ir, true, &mut Narrow)
}

struct Narrow;

impl Rule for Narrow {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let &[result] = &node.results[..]
            && walk.ty(result).secret
            && let Some(width) = needed(walk, &node)
            && let Some(new) = narrowed(walk, &node, width)
        {
            walk.replace(result, new);
            return;
        }
        if let &[result] = &node.results[..]
            && let Some(word) = known(walk, &node)
        {
            let constant = walk.splat_of(walk.ty(result), word);
            walk.replace(result, constant);
            return;
        }
        if let Op::Word(WordOp::Div | WordOp::Rem) = node.op
            && walk.ty(node.results[0]).secret
            && let Some(args) = tightened(walk, &node)
        {
            Constants.node(walk, Node { args, ..node });
            return;
        }
        if let Op::Sort { .. } = node.op
            && node.results.len() > 1
            && let Some(new) = narrowed_columns(walk, &node)
        {
            walk.replace_all(&node.results, &new);
            return;
        }
        Constants.node(walk, node);
    }
}

/// What everybody knows a result to be before the run.
fn known(walk: &Walk, node: &Node) -> Option<Word> {
    let value = &walk.all_values()[node.results[0].index()];
    let range = value.range.filter(|range| range.lo == range.hi)?;
    let is_made = matches!(
        node.op,
        Op::Const(_) | Op::MakeSecret | Op::Input(_) | Op::Reveal(_)
    );
    (!is_made && walk.is_droppable(node)).then_some(value.ty.scalar.wrap(range.lo as Word))
}

/// The range of a value, its type's where nothing better is known.
fn range_of(walk: &Walk, id: ValueId) -> Option<Range> {
    let value = &walk.all_values()[id.index()];
    value
        .range
        .or_else(|| type_range(value.ty.scalar).map(|(lo, hi)| Range { lo, hi }))
}

fn join(a: Range, b: Range) -> Range {
    Range {
        lo: a.lo.min(b.lo),
        hi: a.hi.max(b.hi),
    }
}

/// The integers that the operation must be able to hold.
fn needed(walk: &Walk, node: &Node) -> Option<Range> {
    let result = || range_of(walk, node.results[0]);
    let arg = |i: usize| range_of(walk, node.args[i]);
    let both = || Some(join(arg(0)?, arg(1)?));
    match &node.op {
        Op::Word(op) => match op {
            WordOp::Add
            | WordOp::Sub
            | WordOp::Mul
            | WordOp::Neg
            | WordOp::And
            | WordOp::Or
            | WordOp::Xor
            | WordOp::Select
            | WordOp::Shl => result(),
            WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le | WordOp::Min | WordOp::Max => both(),
            // Minus the least integer is one more than the largest.
            WordOp::Div if arg(1)?.lo < 0 => {
                let x = arg(0)?;
                let negated = Range {
                    lo: x.hi.checked_neg()?,
                    hi: x.lo.checked_neg()?,
                };
                Some(join(both()?, negated))
            }
            WordOp::Div => both(),
            WordOp::Rem => both(),
            WordOp::Isqrt | WordOp::Shr => arg(0),
            WordOp::CountOnes => arg(0).filter(|range| range.lo >= 0),
            WordOp::Abs => Some(join(arg(0)?, result()?)),
            WordOp::Not
            | WordOp::RotL
            | WordOp::RotR
            | WordOp::Cast
            | WordOp::SubByte
            | WordOp::Float(..) => None,
        },
        Op::Reduce {
            reducer: Reducer::Word(op),
            ..
        }
        | Op::Scan {
            reducer: Reducer::Word(op),
            ..
        } => match op {
            WordOp::Add | WordOp::Mul => result(),
            _ => arg(0),
        },
        Op::Dot { .. } => result(),
        Op::Sort { .. } => arg(0),
        Op::ReadSecret { .. } => Some(join(arg(0)?, Range { lo: 0, hi: 0 })),
        Op::WriteSecret { .. } => Some(join(arg(0)?, arg(2)?)),
        // What follows no rule of its own keeps its width.
        _ => None,
    }
}

/// The smallest integer type that holds a range.
fn holding(range: Range) -> Scalar {
    let bits = |hi: i128| 128 - hi.leading_zeros();
    if range.lo >= 0 {
        Scalar::unsigned(bits(range.hi).max(1) as u8)
    } else {
        let magnitude = bits(range.hi.max(0)).max(128 - range.lo.leading_ones());
        Scalar::signed((magnitude + 1).clamp(2, 128) as u8)
    }
}

/// A value in a type, by way of the smallest that holds its range where that has fewer bits than what it came from: then a circuit sees which of
/// its bits are never set.
fn tight(walk: &mut Walk, id: ValueId, to: Scalar) -> ValueId {
    let tight = range_of(walk, id).map(holding);
    let source = walk.word_args(id, WordOp::Cast).map_or(id, |args| args[0]);
    let narrower = |tight: &Scalar| {
        tight.width() < to.width() && tight.width() < walk.ty(source).scalar.width()
    };
    match tight.filter(narrower) {
        Some(tight) if walk.ty(id).secret => {
            let range = range_of(walk, id);
            let cut = walk.cast(id, tight);
            walk.note_range(cut, range);
            walk.cast(cut, to)
        }
        _ => walk.cast(id, to),
    }
}

/// The operands of a division that keeps its width, each through the smallest type that holds it; none if none gets smaller.
fn tightened(walk: &mut Walk, node: &Node) -> Option<Vec<ValueId>> {
    let args: Vec<ValueId> = (node.args.iter())
        .map(|&id| {
            let scalar = walk.ty(id).scalar;
            tight(walk, id, scalar)
        })
        .collect();
    (args != node.args).then_some(args)
}

/// Which operands are data of the operation's type (the others keep theirs).
fn is_data(op: &Op, i: usize) -> bool {
    match op {
        Op::Word(WordOp::Select) => i > 0,
        Op::Word(WordOp::Shl | WordOp::Shr) => i == 0,
        Op::ReadSecret { .. } | Op::WriteSecret { .. } => i != 1,
        _ => true,
    }
}

fn narrowed(walk: &mut Walk, node: &Node, range: Range) -> Option<ValueId> {
    let data = (0..node.args.len()).find(|&i| is_data(&node.op, i))?;
    let wide = walk.ty(node.args[data]).scalar;
    // A quotient by zero is all ones of its width, with the dividend's sign: 1 or −1 of any type that has a sign. So an unsigned one
    // takes a bit more, which is zero but then, and that bit is taken for the sign.
    let by_zero = node.op == Op::Word(WordOp::Div)
        && range_of(walk, node.args[1]).is_none_or(|range| range.lo <= 0);
    let narrow = match holding(range) {
        tight if by_zero && !tight.is_signed() => {
            Scalar::unsigned((tight.width() + 1).min(wide.width()) as u8)
        }
        tight => tight,
    };
    if wide == Scalar::Bool || narrow.width() >= wide.width() {
        return None;
    }
    let result = node.results[0];
    let ty = walk.ty(result);
    let known = walk.all_values()[result.index()].range;
    let args: Vec<ValueId> = (node.args.iter().enumerate())
        .map(|(i, &id)| {
            if !is_data(&node.op, i) {
                return id;
            }
            let range = range_of(walk, id);
            let cut = match node.op {
                Op::Word(WordOp::Div | WordOp::Rem) => tight(walk, id, narrow),
                _ => walk.cast(id, narrow),
            };
            // Cutting kept the integer where it fits; else nothing is known of what is left.
            if let Some(range) = range
                && let Some((lo, hi)) = type_range(narrow)
                && lo <= range.lo
                && range.hi <= hi
            {
                walk.note_range(cut, Some(range));
            }
            cut
        })
        .collect();
    let to_bool = ty.scalar == Scalar::Bool;
    let inner = Ty {
        scalar: if to_bool { Scalar::Bool } else { narrow },
        ..ty
    };
    let out = walk.emit(node.op.clone(), args, inner);
    if to_bool {
        return Some(out);
    }
    if by_zero && !narrow.is_signed() {
        let signed = walk.cast(out, Scalar::signed(narrow.width() as u8));
        return Some(walk.cast(signed, ty.scalar));
    }
    walk.note_range(out, known);
    debug_assert!(holds_all(ty.scalar, narrow) || known.is_none_or(|range| range.lo >= 0));
    Some(walk.cast(out, ty.scalar))
}

/// A sort of rows, each column as wide as its integers are.
fn narrowed_columns(walk: &mut Walk, node: &Node) -> Option<Vec<ValueId>> {
    let wide: Vec<Ty> = node.args.iter().map(|&id| walk.ty(id)).collect();
    let ranges: Vec<Option<Range>> = node.args.iter().map(|&id| range_of(walk, id)).collect();
    let narrow: Vec<Ty> = (wide.iter().zip(&ranges))
        .map(|(&ty, range)| match range.map(holding) {
            Some(scalar) if ty.scalar != Scalar::Bool && scalar.width() < ty.scalar.width() => {
                Ty { scalar, ..ty }
            }
            _ => ty,
        })
        .collect();
    if !narrow.iter().all(|ty| ty.secret) || narrow == wide {
        return None;
    }
    let mut args = Vec::new();
    for ((&id, &ty), &range) in node.args.iter().zip(&narrow).zip(&ranges) {
        let cut = if walk.ty(id) == ty {
            id
        } else {
            walk.cast(id, ty.scalar)
        };
        walk.note_range(cut, range);
        args.push(cut);
    }
    let sorted = walk.push_new(node.op.clone(), args, &narrow, Vec::new());
    let mut results = Vec::new();
    for ((id, &ty), range) in sorted.into_iter().zip(&wide).zip(ranges) {
        walk.note_range(id, range);
        results.push(if walk.ty(id) == ty {
            id
        } else {
            walk.cast(id, ty.scalar)
        });
    }
    Some(results)
}
