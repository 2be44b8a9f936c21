//! The inner loops that profit from special instructions: half-gates on many gates at once, ANDs of bit-sliced shares, and the fields of
//! proofs about them and about products.
//!
//! Four forms compute the same function: vectors of four AES blocks (VAES with AVX-512: Intel since Ice Lake, AMD since Zen 4), of
//! two (VAES with AVX2: AMD since Zen 3, Intel's later ones without AVX-512), AES instructions one block at a time, and portable code
//! over the `aes` crate, which says what the others must give. The choice is made at run time and never shows in a
//! message. All `unsafe` code of the project is in this module's files.
//!
//! The hash is re-keyed for every half gate (Guo, Katz, Wang, Weng, Yu, "Better concrete security for half-gates garbling",
//! CRYPTO 2020): `H(x, t) = AES_{S ⊕ t}(σ(x)) ⊕ σ(x)` with `σ(l ‖ r) = (l ⊕ r) ‖ l`. `S` is fresh in each execution, and no
//! two half gates of an execution have the same `t`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::block::Label;

pub(crate) mod columns;
pub(crate) mod commit;
pub(crate) mod field;
pub(crate) mod labels;
mod portable;
pub(crate) mod prime;
pub(crate) mod subsets;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// Bytes of a garbled AND gate.
pub const TABLE_LEN: usize = 32;

static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Makes this process compute without special instructions from now on, or lets it use them again. Results are the same.
pub fn force_portable(on: bool) {
    PORTABLE.store(on, Ordering::Relaxed);
}

/// What every half gate of an execution has in common.
#[derive(Clone, Copy)]
pub struct Hash {
    /// The starting point `S`, known to all.
    pub start: Label,
}

/// Gates on consecutive lanes: gate `i` has operands `a[i]` and `b[i]`, and half gates `first + 2i` and `first + 2i + 1`.
/// The garblers' operands are zero labels, to each of which `flip` is added first (the offset Δ for a complement).
#[derive(Clone, Copy)]
pub struct Gates<'a> {
    /// The number of the first half gate in the whole execution.
    pub first: u64,
    /// Left operands.
    pub a: &'a [Label],
    /// Right operands.
    pub b: &'a [Label],
    /// Added to left and right operands.
    pub flip: [Label; 2],
}

impl Gates<'_> {
    fn check(&self, out: usize, tables: Option<usize>) {
        let n = self.a.len();
        assert!(
            self.b.len() == n && out == n && tables.is_none_or(|t| t == n * TABLE_LEN),
            "gates of different numbers"
        );
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Aes,
    #[cfg(target_arch = "x86_64")]
    Vaes,
    #[cfg(target_arch = "x86_64")]
    Wide,
}

/// The form to compute with. Asked for each call of a kernel, so that what the processor says is kept.
fn best() -> Form {
    if PORTABLE.load(Ordering::Relaxed) {
        return Form::Portable;
    }
    static DETECTED: OnceLock<Form> = OnceLock::new();
    *DETECTED.get_or_init(detected)
}

/// The forms that this machine can compute with.
#[cfg(test)]
fn forms() -> Vec<Form> {
    let all = [
        Form::Portable,
        #[cfg(target_arch = "x86_64")]
        Form::Aes,
        #[cfg(target_arch = "x86_64")]
        Form::Vaes,
        #[cfg(target_arch = "x86_64")]
        Form::Wide,
    ];
    let best = all.iter().position(|&form| form == detected());
    all[..=best.expect("a form")].to_vec()
}

fn detected() -> Form {
    #[cfg(target_arch = "x86_64")]
    return Features::of_this_machine().form();
    #[cfg(not(target_arch = "x86_64"))]
    Form::Portable
}

/// What the forms ask of a machine. Virtual machines and emulators offer some of these without others.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Features {
    aes: bool,
    ssse3: bool,
    sse41: bool,
    avx2: bool,
    vaes: bool,
    avx512f: bool,
    avx512bw: bool,
}

#[cfg(target_arch = "x86_64")]
impl Features {
    fn of_this_machine() -> Self {
        Self {
            aes: is_x86_feature_detected!("aes"),
            ssse3: is_x86_feature_detected!("ssse3"),
            sse41: is_x86_feature_detected!("sse4.1"),
            avx2: is_x86_feature_detected!("avx2"),
            vaes: is_x86_feature_detected!("vaes"),
            avx512f: is_x86_feature_detected!("avx512f"),
            avx512bw: is_x86_feature_detected!("avx512bw"),
        }
    }

    /// The best form of which nothing is missing: each also uses the instructions of those before it.
    const fn form(self) -> Form {
        if !(self.aes && self.ssse3 && self.sse41) {
            Form::Portable
        } else if !(self.avx2 && self.vaes) {
            Form::Aes
        } else if !(self.avx512f && self.avx512bw) {
            Form::Vaes
        } else {
            Form::Wide
        }
    }
}

/// Garbles AND gates: the results' zero labels and the tables. `delta` is the offset between the labels of a wire; its colour
/// is 1.
///
/// # Panics
/// If the slices do not belong together.
pub fn garble(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label], tables: &mut [u8]) {
    gates.check(out.len(), Some(tables.len()));
    garble_as(best(), hash, delta, gates, out, tables);
}

fn garble_as(
    form: Form,
    hash: Hash,
    delta: Label,
    gates: Gates<'_>,
    out: &mut [Label],
    tables: &mut [u8],
) {
    match form {
        Form::Portable => portable::garble(hash, delta, gates, out, tables),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => x86_64::garble_aes(hash, delta, gates, out, tables),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::garble_vaes(hash, delta, gates, out, tables),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::garble_wide(hash, delta, gates, out, tables),
    }
}

/// The results' zero labels alone, for a garbler that sends no tables; half the work.
///
/// # Panics
/// If the slices do not belong together.
pub fn zero_labels(hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
    gates.check(out.len(), None);
    zero_labels_as(best(), hash, delta, gates, out);
}

fn zero_labels_as(form: Form, hash: Hash, delta: Label, gates: Gates<'_>, out: &mut [Label]) {
    match form {
        Form::Portable => portable::zero_labels(hash, delta, gates, out),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => x86_64::zero_labels_aes(hash, delta, gates, out),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::zero_labels_vaes(hash, delta, gates, out),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::zero_labels_wide(hash, delta, gates, out),
    }
}

/// Evaluates garbled AND gates on the labels that the evaluator holds.
///
/// # Panics
/// If the slices do not belong together.
pub fn evaluate(hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
    gates.check(out.len(), Some(tables.len()));
    evaluate_as(best(), hash, gates, tables, out);
}

fn evaluate_as(form: Form, hash: Hash, gates: Gates<'_>, tables: &[u8], out: &mut [Label]) {
    match form {
        Form::Portable => portable::evaluate(hash, gates, tables, out),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => x86_64::evaluate_aes(hash, gates, tables, out),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::evaluate_vaes(hash, gates, tables, out),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::evaluate_wide(hash, gates, tables, out),
    }
}

/// Operands of ANDs of replicated shares: this party's two parts of each, and what to add to each part first.
#[derive(Clone, Copy)]
pub struct SharedAnd<'a> {
    /// Both parts of the left operand.
    pub a: [&'a [u64]; 2],
    /// Both parts of the right operand.
    pub b: [&'a [u64]; 2],
    /// Added to the parts of the left operand.
    pub flip_a: [u64; 2],
    /// Added to the parts of the right operand.
    pub flip_b: [u64; 2],
}

/// `z ← z ⊕ minus ⊕ a_0 b_0 ⊕ a_0 b_1 ⊕ a_1 b_0`, word by word up to the shortest slice.
pub fn shared_and(and: SharedAnd<'_>, minus: &[u64], z: &mut [u64]) {
    match best() {
        Form::Portable => portable::shared_and(and, minus, z),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => portable::shared_and(and, minus, z),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::shared_and_avx2(and, minus, z),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::shared_and_avx512(and, minus, z),
    }
}

/// Products of different parts, which two parties know: `rest ← drawn ⊕ a_0 b_1 ⊕ a_1 b_0`, which is added to the first of `z`; what was
/// drawn is added to the second. Word by word up to the shortest slice.
pub fn pair_and(and: SharedAnd<'_>, drawn: &[u64], rest: &mut [u64], z: [&mut [u64]; 2]) {
    match best() {
        Form::Portable => portable::pair_and(and, drawn, rest, z),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => portable::pair_and(and, drawn, rest, z),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::pair_and_avx2(and, drawn, rest, z),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::pair_and_avx512(and, drawn, rest, z),
    }
}

/// `out ← a ⊕ b ⊕ flip`, word by word up to the shortest slice.
pub fn xor(a: &[u64], b: &[u64], flip: u64, out: &mut [u64]) {
    match best() {
        Form::Portable => portable::xor(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Aes => portable::xor(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Vaes => x86_64::xor_avx2(a, b, flip, out),
        #[cfg(target_arch = "x86_64")]
        Form::Wide => x86_64::xor_avx512(a, b, flip, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Mask;
    use crate::prg::{Prg, PrgKey};

    /// A form is taken only where everything that its path uses is there; a wider one also uses what the narrower ones do.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_form_needs_all_that_it_uses() {
        for set in 0..128u32 {
            let has = |i: u32| set >> i & 1 == 1;
            let narrow = has(0) && has(1) && has(2);
            let features = Features {
                aes: has(0),
                ssse3: has(1),
                sse41: has(2),
                avx2: has(3),
                vaes: has(4),
                avx512f: has(5),
                avx512bw: has(6),
            };
            let expected = match (narrow, has(3) && has(4), has(5) && has(6)) {
                (true, true, true) => Form::Wide,
                (true, true, false) => Form::Vaes,
                (true, false, _) => Form::Aes,
                (false, ..) => Form::Portable,
            };
            assert_eq!(features.form(), expected, "set {set:07b}");
        }
    }

    fn labels(stream: u64, n: usize) -> Vec<Label> {
        let prg = Prg::new(&PrgKey::from_bytes([9; 16]));
        (0..n as u64)
            .map(|i| Label::from_bytes(prg.block(stream, i)))
            .collect()
    }

    /// FIPS-197, appendix C.1, through the hash: σ and its inverse around the published block.
    #[test]
    fn the_hash_holds_the_published_vector() {
        let key: [u8; 16] = std::array::from_fn(|i| i as u8);
        let plain: [u8; 16] = std::array::from_fn(|i| (i * 0x11) as u8);
        let cipher = 0x69c4e0d8_6a7b0430_d8cdb780_70b4c55a_u128.to_be_bytes();
        let block = u128::from_le_bytes(plain);
        let (high, low) = (block >> 64, block & u128::from(u64::MAX));
        // σ(l ‖ r) = (l ⊕ r) ‖ l, so l = low and r = high ⊕ low.
        let input = Label(low << 64 | (high ^ low));
        let expected = Label::from_bytes(cipher) ^ Label(block);
        let hash = Hash {
            start: Label::from_bytes(key),
        };
        assert!(portable::hash(hash, input, 0) == expected);
        // The same block in every position of every form: with a zero right operand and zero table, an evaluated gate
        // of even colour is the sum of two hashes.
        let zero = Label::ZERO;
        let even = Label(input.0 & !1);
        for form in forms() {
            let mut out = vec![zero; 19];
            let gates = Gates {
                first: 0,
                a: &[even; 19],
                b: &[zero; 19],
                flip: [zero; 2],
            };
            evaluate_as(form, hash, gates, &[0; 19 * TABLE_LEN], &mut out);
            for (i, out) in out.iter().enumerate() {
                let (left, right) = (2 * i as u64, 2 * i as u64 + 1);
                let sum = portable::hash(hash, even, left) ^ portable::hash(hash, zero, right);
                assert!(*out == sum, "{form:?}, gate {i}");
            }
        }
    }

    /// Computed apart from this code, from FIPS-197, the definition of the hash and figure 2 of "Two halves make a whole": for all
    /// colours of both operands the result's zero label and both halves of the table.
    #[test]
    fn garbled_gates_are_the_known_ones() {
        let hash = Hash {
            start: Label(0x0f1e2d3c_4b5a6978_8796a5b4_c3d2e1f0),
        };
        let delta = Label(0x9e3779b9_7f4a7c15_f39cc060_5cedc835);
        let (a, b) = (
            Label(0x243f6a88_85a308d3_13198a2e_03707344),
            Label(0xa4093822_299f31d0_082efa98_ec4e6c89),
        );
        let known: [[u128; 3]; 4] = [
            [
                0xc7a74be12f59051f6b48ab2c6c8e5a5f,
                0x34fa54946b66b63b7d3e7be7f44d9cb9,
                0x505ed35d2aab59e83ce82f234dc7f956,
            ],
            [
                0x7acd14ced23f28908b74c349985bf0ae,
                0x2c630cf029da637f6725c51ea689069d,
                0x7868333b09135d79818ea1a9b8ba04c3,
            ],
            [
                0x002fc83769ddf898018d4da4e2da658a,
                0x6cb6fd921e66a0253344815f999d3230,
                0xb88dcd514872ea8c1cbcb2567a38dbc1,
            ],
            [
                0x337529511e91a4c6f55cb53a33a8165a,
                0x027a9d6b6f010a435b8bdee57e904294,
                0x40ef017fbc8cb4f8ef307c9576d0cadb,
            ],
        ];
        let odd = |l: Label, flip: bool| Label(l.0 ^ u128::from(flip));
        let operands = |bit: usize, l: Label| [0, 1, 2, 3].map(|i| odd(l, i >> bit & 1 == 1));
        let (a, b) = (operands(0, a), operands(1, b));
        let gates = Gates {
            first: 6,
            a: &a,
            b: &b,
            flip: [Label::ZERO; 2],
        };
        let tables: Vec<u8> = known
            .iter()
            .flat_map(|[_, left, right]| [left.to_le_bytes(), right.to_le_bytes()].concat())
            .collect();
        for form in forms() {
            let (mut out, mut got) = ([Label::ZERO; 4], vec![0; 4 * TABLE_LEN]);
            garble_as(form, hash, delta, gates, &mut out, &mut got);
            assert!(out.map(|l| l.0) == known.map(|k| k[0]), "{form:?}");
            assert!(got == tables, "{form:?}");
            let mut out = [Label::ZERO; 4];
            zero_labels_as(form, hash, delta, gates, &mut out);
            assert!(out.map(|l| l.0) == known.map(|k| k[0]), "{form:?}");
            evaluate_as(form, hash, gates, &tables, &mut out);
            assert!(out.map(|l| l.0) == known.map(|k| k[0]), "{form:?}");
        }
    }

    #[test]
    fn all_forms_agree_and_gates_compute_and() {
        let delta = Label(labels(7, 1)[0].0 | 1);
        let hash = Hash {
            start: labels(8, 1)[0],
        };
        for n in [1usize, 2, 3, 4, 7, 8, 9, 16, 31, 64, 101] {
            let (a, b) = (labels(n as u64, n), labels(1000 + n as u64, n));
            for flips in 0..4u32 {
                let flip = [flips & 1 == 1, flips & 2 == 2].map(|f| delta.select(Mask::public(f)));
                let gates = Gates {
                    first: u64::from(u32::MAX) - 5,
                    a: &a,
                    b: &b,
                    flip,
                };
                let mut reference = (vec![Label::ZERO; n], vec![0; n * TABLE_LEN]);
                portable::garble(hash, delta, gates, &mut reference.0, &mut reference.1);
                for form in forms() {
                    let mut got = (vec![Label::ZERO; n], vec![0; n * TABLE_LEN]);
                    garble_as(form, hash, delta, gates, &mut got.0, &mut got.1);
                    assert!(got == reference, "{form:?} garbles {n}");
                    let mut zeros = vec![Label::ZERO; n];
                    zero_labels_as(form, hash, delta, gates, &mut zeros);
                    assert!(zeros == reference.0, "{form:?} labels {n}");
                    for values in 0..4u32 {
                        let (x, y) = (values & 1 == 1, values & 2 == 2);
                        let active = |l: &[Label], v: bool| -> Vec<Label> {
                            l.iter()
                                .map(|&l| l ^ delta.select(Mask::public(v)))
                                .collect()
                        };
                        let (ax, by) = (active(&a, x), active(&b, y));
                        let held = Gates {
                            a: &ax,
                            b: &by,
                            flip: [Label::ZERO; 2],
                            ..gates
                        };
                        let mut out = vec![Label::ZERO; n];
                        evaluate_as(form, hash, held, &reference.1, &mut out);
                        let z = (x ^ (flips & 1 == 1)) & (y ^ (flips & 2 == 2));
                        assert!(out == active(&reference.0, z), "{form:?} evaluates {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn bit_sliced_steps_agree() {
        let words: Vec<u64> = labels(5, 600).iter().map(|l| l.0 as u64).collect();
        for n in [0usize, 1, 3, 4, 5, 31, 100] {
            let part = |i: usize| &words[i * 100..i * 100 + n];
            let and = SharedAnd {
                a: [part(0), part(1)],
                b: [part(2), part(3)],
                flip_a: [u64::MAX, 0],
                flip_b: [0, u64::MAX],
            };
            let (mut best, mut portable) = (part(4).to_vec(), part(4).to_vec());
            shared_and(and, part(5), &mut best);
            portable::shared_and(and, part(5), &mut portable);
            assert_eq!(best, portable);
            for (i, &z) in best.iter().enumerate() {
                let (a0, a1, b0, b1) = (!part(0)[i], part(1)[i], part(2)[i], !part(3)[i]);
                let products = (a0 & b0) ^ (a0 & b1) ^ (a1 & b0);
                assert_eq!(z, part(4)[i] ^ part(5)[i] ^ products);
            }
            let steps = [true, false].map(|best| {
                let [mut rest, mut z0, mut z1] = [0, 4, 5].map(|i| part(i).to_vec());
                let z = [&mut z0[..], &mut z1];
                match best {
                    true => pair_and(and, part(2), &mut rest, z),
                    false => portable::pair_and(and, part(2), &mut rest, z),
                }
                [rest, z0, z1]
            });
            assert_eq!(steps[0], steps[1]);
            let [rest, z0, z1] = &steps[0];
            for (i, &drawn) in part(2).iter().enumerate() {
                let (a0, a1, b0, b1) = (!part(0)[i], part(1)[i], part(2)[i], !part(3)[i]);
                assert_eq!(rest[i], drawn ^ (a0 & b1) ^ (a1 & b0));
                assert_eq!([z0[i], z1[i]], [part(4)[i] ^ rest[i], part(5)[i] ^ drawn]);
            }
            xor(part(0), part(1), u64::MAX, &mut best);
            for (i, &sum) in best.iter().enumerate() {
                assert_eq!(sum, !(part(0)[i] ^ part(1)[i]));
            }
        }
    }

    #[test]
    fn the_switch_forces_the_portable_form() {
        force_portable(true);
        assert_eq!(best(), Form::Portable);
        force_portable(false);
    }
}
