//! Multiplication and squaring: digits ±1, one heap of partial products, Karatsuba above 31 bits, digits of constants.
//!
//! With digits 0 and 1 a row of a multiplier costs an AND per bit for the partial product and another to add it. With
//! digits ±1 a row is the multiplicand or its negation, an XOR, so only the additions cost: `y = (Σ sᵢ·2^i + 2^n − 1) / 2`
//! gives `2·x·y = Σ sᵢ·x·2^i + (2^n − 1)·x`, a heap with one more position below (Litinski, "Quantum schoolbook
//! multiplication with fewer Toffoli gates", 2024, has the same idea as controlled add-subtract). A square has digit
//! products `sᵢ·sⱼ`, one XOR each, and two positions below. Karatsuba in the form with absolute differences ("|x₁ − x₀|·|y₁ − y₀|")
//! pays from 32 bits on. A constant factor is taken in canonical signed digits (Reitwiesner, 1960).

use super::Objective;
use super::heap::{Heap, Term};
use super::word::{Shape, as_const, zero_extend};
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Word;

/// Products of unsigned operands at least this wide, with no bit of the result cut off, are split.
const KARATSUBA_FROM: usize = 32;

/// `x · y` mod 2^n for two words of `n` bits.
pub(super) fn multiply(b: &mut Builder, x: &[Lit], y: &[Lit], objective: Objective) -> Vec<Lit> {
    product(b, x, y, x.len(), objective)
}

/// `x · y` mod 2^width; an operand shorter than `width` is unsigned.
pub(super) fn product(
    b: &mut Builder,
    x: &[Lit],
    y: &[Lit],
    width: usize,
    objective: Objective,
) -> Vec<Lit> {
    let (x, y) = (zero_extend(x, width), zero_extend(y, width));
    let (sx, sy) = (Shape::of(&x), Shape::of(&y));
    if objective == Objective::Size && karatsuba_pays(&sx, &sy, width) {
        return karatsuba(b, &sx.bits, &sy.bits, width);
    }
    let below = kind(&x, &y).room();
    let mut heap = Heap::new(width + below);
    into_heap(b, &mut heap, &x, &y, false, below);
    heap.finish(b, objective).split_off(below)
}

/// Words that add up to `x · y` mod 2^n for two words of `n` bits, without a carry chain.
pub fn product_rows(b: &mut Builder, x: &[Lit], y: &[Lit]) -> Vec<Term> {
    let below = kind(x, y).room();
    let mut heap = Heap::new(x.len() + below);
    into_heap(b, &mut heap, x, y, false, below);
    let (x, y) = heap.compress(b);
    // What stands below position 0 adds up to 0 or to 2^below, and to this where any of it is set.
    let carry = match below {
        0 => Lit::FALSE,
        1 => x[0],
        _ => super::or_all(b, &x[..below]),
    };
    let rows = [x, y].map(|mut row| row.split_off(below));
    let words = rows.into_iter().chain([vec![carry]]);
    words.map(Term::unsigned).collect()
}

/// How a product is put into a heap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One factor is constant: a row per digit.
    Constant,
    /// Both factors are the same bits: a bit per pair of digits.
    Square,
    /// A row per digit ±1.
    Signs,
}

impl Kind {
    /// Positions that it needs below 0.
    fn room(self) -> usize {
        match self {
            Self::Constant => 0,
            Self::Square => 2,
            Self::Signs => 1,
        }
    }
}

fn kind(x: &[Lit], y: &[Lit]) -> Kind {
    if as_const(x).is_some() || as_const(y).is_some() {
        Kind::Constant
    } else if x == y {
        Kind::Square
    } else {
        Kind::Signs
    }
}

/// Positions below 0 that `products` need in their heap.
pub(super) fn room_below(products: &[(Vec<Lit>, Vec<Lit>, bool)]) -> usize {
    let room = |(x, y, _): &(Vec<Lit>, Vec<Lit>, bool)| kind(x, y).room();
    products.iter().map(room).max().unwrap_or(0)
}

/// Adds `± x·y · 2^below` to the heap; `below` is at least what [`room_below`] says, and the operands are as wide as the
/// heap is above it.
pub(super) fn into_heap(
    b: &mut Builder,
    heap: &mut Heap,
    x: &[Lit],
    y: &[Lit],
    negated: bool,
    below: usize,
) {
    match kind(x, y) {
        Kind::Constant => {
            let (constant, word) = match as_const(x) {
                Some(constant) => (constant, y),
                None => (as_const(y).unwrap_or(0), x),
            };
            let width = x.len().max(y.len());
            constant_into_heap(heap, word, constant, width, negated, below);
        }
        Kind::Square => square_into_heap(b, heap, &Shape::of(x), negated, below - 2),
        Kind::Signs => {
            let (sx, sy) = (Shape::of(x), Shape::of(y));
            // Each row is the multiplicand: the shorter factor makes the rows.
            if sx.bits.len() < sy.bits.len() {
                signs_into_heap(b, heap, &sy, &sx, negated, below - 1);
            } else {
                signs_into_heap(b, heap, &sx, &sy, negated, below - 1);
            }
        }
    }
}

/// `2·x·y·2^at = Σ ± x·2^i ± …` with one digit ±1 per bit of `y`.
pub(super) fn signs_into_heap(
    b: &mut Builder,
    heap: &mut Heap,
    x: &Shape,
    y: &Shape,
    negated: bool,
    at: usize,
) {
    let n = y.bits.len();
    for (i, &bit) in y.bits.iter().enumerate() {
        if at + i >= heap.width() {
            break;
        }
        // Digit +1 for a set bit; a sign bit counts negative.
        let sign_bit = y.signed && i == n - 1;
        let minus = if sign_bit == negated { !bit } else { bit };
        heap.add_word_negated_if(b, &x.bits, x.signed, minus, at + i);
    }
    // Unsigned: + (2^n − 1)·x. Signed: − x.
    if !y.signed {
        heap.add_word(&x.bits, x.signed, negated, at + n);
    }
    heap.add_word(&x.bits, x.signed, !negated, at);
}

/// `4·x²·2^at`: with `S = Σ sᵢ·2^i = 2x − N`, `N = 2^n − 1`, `4x² = S² + 2N·S + N² = S² + 4N·x − N²`.
pub(super) fn square_into_heap(
    b: &mut Builder,
    heap: &mut Heap,
    x: &Shape,
    negated: bool,
    at: usize,
) {
    // The square of a signed word is that of its magnitude, but its digits serve as they are: the top one counts
    // negative, and S = 2x + 1.
    let bits = &x.bits;
    let n = bits.len();
    let width = heap.width();
    let power = |heap: &mut Heap, column: usize, minus: bool| {
        if minus != negated {
            heap.subtract_power(column);
        } else {
            heap.add_power(column);
        }
    };
    for i in 0..n {
        // sᵢ² = 1.
        power(heap, at + 2 * i, false);
        for j in i + 1..n {
            let column = at + i + j + 1;
            if column >= width {
                break;
            }
            // 2·sᵢ·sⱼ = 2 − 4·(xᵢ ⊕ xⱼ), the other sign for the top digit of a signed word.
            let differ = b.xor(bits[i], bits[j]);
            if x.signed && j == n - 1 {
                power(heap, column, true);
                heap.add_word(&[differ], false, negated, column + 1);
            } else {
                power(heap, column, false);
                heap.add_word(&[differ], false, !negated, column + 1);
            }
        }
    }
    if x.signed {
        // 4x² = (S − 1)² = S² − 2S + 1 = S² − 4x − 1.
        heap.add_word(bits, true, !negated, at + 2);
        power(heap, at, true);
    } else {
        // + 4·(2^n − 1)·x − (2^n − 1)².
        heap.add_word(bits, false, negated, at + n + 2);
        heap.add_word(bits, false, !negated, at + 2);
        power(heap, at + 2 * n, true);
        power(heap, at + n + 1, false);
        power(heap, at, true);
    }
}

/// `constant · word · 2^at`, one row per non-zero canonical signed digit.
pub(super) fn constant_into_heap(
    heap: &mut Heap,
    word: &[Lit],
    constant: Word,
    width: usize,
    negated: bool,
    at: usize,
) {
    let shape = Shape::of(word);
    for (position, minus) in signed_digits(constant, width) {
        heap.add_word(&shape.bits, shape.signed, minus != negated, at + position);
    }
}

/// The canonical signed digits of `constant` mod 2^width, lowest first: no two neighbours are both non-zero, which is the
/// least number of digits. The flag says minus.
pub(super) fn signed_digits(constant: Word, width: usize) -> Vec<(usize, bool)> {
    let bit = |i: usize| i < width.min(128) && constant >> i & 1 == 1;
    let mut digits = Vec::new();
    let mut carry = false;
    for i in 0..width {
        if bit(i) == carry {
            continue;
        }
        // An odd remainder: a digit −1 when the next bit is set as well, and the remainder grows by one.
        carry = bit(i + 1);
        digits.push((i, carry && i + 1 < width));
    }
    digits
}

fn karatsuba_pays(x: &Shape, y: &Shape, width: usize) -> bool {
    let n = x.bits.len().max(y.bits.len());
    let short = x.bits.len().min(y.bits.len());
    x.bits != y.bits
        && !x.signed
        && !y.signed
        && n >= KARATSUBA_FROM
        && 4 * short >= 3 * n
        && width >= 2 * n - n / 8
        && as_const(&x.bits).is_none()
        && as_const(&y.bits).is_none()
}

/// The full product of unsigned words, cut to `width`: `z₂·2^2h + (z₀ + z₂ ∓ |x₀ − x₁|·|y₀ − y₁|)·2^h + z₀`.
fn karatsuba(b: &mut Builder, x: &[Lit], y: &[Lit], width: usize) -> Vec<Lit> {
    let n = x.len().max(y.len());
    let half = n.div_ceil(2);
    let split = |word: &[Lit]| {
        let word = zero_extend(word, n);
        (word[..half].to_vec(), zero_extend(&word[half..], half))
    };
    let ((x0, x1), (y0, y1)) = (split(x), split(y));
    let size = Objective::Size;
    let low = product(b, &x0, &y0, 2 * half, size);
    let high = product(b, &x1, &y1, 2 * half, size);
    let (dx, minus_x) = distance(b, &x0, &x1);
    let (dy, minus_y) = distance(b, &y0, &y1);
    let middle = product(b, &dx, &dy, 2 * half, size);
    let minus = b.xor(minus_x, minus_y);
    let mut heap = Heap::new(width);
    heap.add_word(&low, false, false, 0);
    heap.add_word(&high, false, false, 2 * half);
    heap.add_word(&low, false, false, half);
    heap.add_word(&high, false, false, half);
    heap.add_word_negated_if(b, &middle, false, !minus, half);
    heap.finish(b, size)
}

/// `|x − y|` and whether `x < y`.
fn distance(b: &mut Builder, x: &[Lit], y: &[Lit]) -> (Vec<Lit>, Lit) {
    let size = Objective::Size;
    let less = super::compare::less_than(b, x, y, false, size);
    // The comparison's carries are those of the subtraction, so hashing makes one chain of both.
    let difference = super::add::subtract(b, x, y, size);
    (super::add::negate_if(b, &difference, less, size), less)
}
