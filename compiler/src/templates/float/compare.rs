//! Comparisons, the smaller and the larger, and the sign.

use super::super::compare::{and_all, equal as same, less_than, or_all, select};
use super::super::word::complement_if;
use super::Form;
use smpcc_circuit::template::{Builder, Lit};

fn is_nan(b: &mut Builder, word: &[Lit], form: Form) -> Lit {
    let top = word.len() - 1;
    and_all(b, &word[form.format.fraction as usize - 1..top])
}

/// A word that as a signed integer is where the float is in the total order.
fn key(b: &mut Builder, word: &[Lit], sign: Lit) -> Vec<Lit> {
    let mut key = complement_if(b, &word[..word.len() - 1], sign);
    key.push(sign);
    key
}

/// `−x`, but for the NaN.
pub(super) fn negate(b: &mut Builder, x: &[Lit], form: Form) -> Vec<Lit> {
    let nan = is_nan(b, x, form);
    let mut out = x.to_vec();
    if let Some(sign) = out.last_mut() {
        *sign = b.xor(*sign, !nan);
    }
    out
}

/// The smaller or larger of two.
pub(super) fn extreme(b: &mut Builder, x: &[Lit], y: &[Lit], larger: bool, form: Form) -> Vec<Lit> {
    let n = x.len() - 1;
    let (key_x, key_y) = (key(b, x, x[n]), key(b, y, y[n]));
    let beaten = if larger {
        less_than(b, &key_x, &key_y, true, form.objective)
    } else {
        less_than(b, &key_y, &key_x, true, form.objective)
    };
    let (nan_x, nan_y) = (is_nan(b, x, form), is_nan(b, y, form));
    let first = b.and(!beaten, !nan_x);
    let first = b.or(first, nan_y);
    select(b, first, x, y)
}

/// `x == y`.
pub(super) fn equal(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Lit {
    let n = x.len() - 1;
    let signs = b.xor(x[n], y[n]);
    let zero = !or_all(b, &x[..n]);
    let fits = b.or(!signs, zero);
    let nan = is_nan(b, x, form);
    let magnitudes = same(b, &x[..n], &y[..n]);
    and_all(b, &[magnitudes, fits, !nan])
}

/// `x < y` if neither is a NaN.
fn below(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Lit {
    let n = x.len() - 1;
    // A zero is below no zero: on the left it has no sign.
    let any = or_all(b, &x[..n]);
    let sign = b.and(x[n], any);
    let (key_x, key_y) = (key(b, x, sign), key(b, y, y[n]));
    less_than(b, &key_x, &key_y, true, form.objective)
}

/// `holds` if neither is a NaN.
fn ordered(b: &mut Builder, x: &[Lit], y: &[Lit], holds: Lit, form: Form) -> Lit {
    let (nan_x, nan_y) = (is_nan(b, x, form), is_nan(b, y, form));
    and_all(b, &[!nan_x, !nan_y, holds])
}

/// `x < y`.
pub(super) fn less(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Lit {
    let holds = below(b, x, y, form);
    ordered(b, x, y, holds, form)
}

/// `x <= y`.
pub(super) fn at_most(b: &mut Builder, x: &[Lit], y: &[Lit], form: Form) -> Lit {
    let holds = !below(b, y, x, form);
    ordered(b, x, y, holds, form)
}
