//! Templates as bytes: what is done for one bit is done for the next, so that most gates stand in runs that were there before.
//!
//! An operand is told by how far it is from where it is expected: as much further on as the gate is, compared with the operand of the gate
//! [`PERIOD`] gates before (of the first gates, at the gate itself). So adders of bits that stand in a row are told alike, wherever the row
//! lies. A distance `d` mod 2^32 is the number `2·d`, or `−2·d − 1` below zero. A gate's first number is
//! `1 + 4·distance + 2·complemented + is an AND`, its second one `2·distance + complemented`. A first number 0 says that a run of gates has
//! the same numbers as those before: how many gates back they begin, less one, and how many they are, less [`SHORTEST`]. Numbers are
//! little-endian base 128, a byte with its top bit set being followed by another one, in the one shortest form. No more than
//! [`MOST_PER_BYTE`] gates come of a byte on average, so that few bytes do not claim much memory. Which wires a gate may read is for the
//! verifier to say.

use super::{Gate, Lit, Template};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize)]
struct Given<'a> {
    name: &'a str,
    inputs: &'a [u32],
    gates: Vec<u8>,
    outputs: &'a [Vec<Lit>],
}

#[derive(Deserialize)]
struct Taken {
    name: String,
    inputs: Vec<u32>,
    gates: Vec<u8>,
    outputs: Vec<Vec<Lit>>,
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            name,
            inputs,
            gates,
            outputs,
            and_levels: _,
        } = self;
        let given = Given {
            name,
            inputs,
            gates: packed(first_wire(inputs), gates),
            outputs,
        };
        given.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Taken {
            name,
            inputs,
            gates,
            outputs,
        } = Taken::deserialize(deserializer)?;
        let gates = unpacked(first_wire(&inputs), &gates)
            .ok_or_else(|| serde::de::Error::custom("the gates of a template are malformed"))?;
        Ok(Self::new(name, inputs, gates, outputs))
    }
}

/// The wire of gate 0; of a template that the verifier refuses, some wire.
fn first_wire(inputs: &[u32]) -> u32 {
    inputs.iter().fold(1, |sum, &width| sum.wrapping_add(width))
}

/// Gates of a full adder, which makes most of sums and products.
const PERIOD: usize = 6;

/// Runs of fewer gates are written out.
const SHORTEST: usize = 3;

/// How many gates come of a byte, on average, up to any place.
const MOST_PER_BYTE: usize = 1;

/// The two numbers of a gate.
type Numbers = (u64, u64);

fn packed(first: u32, gates: &[Gate]) -> Vec<u8> {
    let numbers: Vec<Numbers> = (0..gates.len())
        .map(|at| numbers_of(first, gates, at))
        .collect();
    let mut bytes = Vec::with_capacity(2 * gates.len());
    let mut seen = Seen::new(gates.len());
    let mut at = 0;
    while let Some(&(a, b)) = numbers.get(at) {
        // A run takes three bytes or more.
        let room = (MOST_PER_BYTE * (bytes.len() + 3)).saturating_sub(at);
        let (back, len) = seen.run(&numbers, at, room);
        let n = if len < SHORTEST {
            push(&mut bytes, a);
            push(&mut bytes, b);
            1
        } else {
            push(&mut bytes, 0);
            push(&mut bytes, back as u64 - 1);
            push(&mut bytes, (len - SHORTEST) as u64);
            len
        };
        (at..at + n).for_each(|at| seen.note(&numbers, at));
        at += n;
    }
    bytes
}

/// Where the operands of the gate at a place are expected.
fn expected(first: u32, gates: &[Gate], at: usize) -> (u32, u32) {
    let before = at.checked_sub(PERIOD).and_then(|at| gates.get(at));
    match before {
        Some(Gate::Xor(a, b) | Gate::And(a, b)) => (
            a.wire().wrapping_add(PERIOD as u32),
            b.wire().wrapping_add(PERIOD as u32),
        ),
        None => {
            let wire = first.wrapping_add(at as u32);
            (wire, wire)
        }
    }
}

fn numbers_of(first: u32, gates: &[Gate], at: usize) -> Numbers {
    let (near, far) = expected(first, gates, at);
    let (Gate::Xor(a, b) | Gate::And(a, b)) = gates[at];
    let operand = |lit: Lit, expected: u32| {
        let distance = lit.wire().wrapping_sub(expected) as i32;
        let number = (distance << 1 ^ distance >> 31) as u32;
        u64::from(number) << 1 | u64::from(lit.0 & 1)
    };
    let is_and = u64::from(matches!(gates[at], Gate::And(..)));
    (1 + (operand(a, near) << 1 | is_and), operand(b, far))
}

/// Where runs of gates were seen last.
struct Seen {
    /// By what a run's first gates hash to, its place and one more.
    places: Vec<u32>,
}

impl Seen {
    fn new(n_gates: usize) -> Self {
        Self {
            places: vec![0; n_gates.next_power_of_two().min(1 << 14)],
        }
    }

    fn slot(&self, numbers: &[Numbers], at: usize) -> Option<usize> {
        let run = numbers.get(at..at + SHORTEST)?;
        let hash = run.iter().fold(0u64, |hash, &(a, b)| {
            (hash ^ a ^ b << 32)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
        });
        Some(hash as usize & (self.places.len() - 1))
    }

    fn note(&mut self, numbers: &[Numbers], at: usize) {
        if let Some(slot) = self.slot(numbers, at) {
            self.places[slot] = at as u32 + 1;
        }
    }

    /// How many gates back a run begins that is the same as what comes now, and for how many gates they are the same; no more than
    /// `most` are looked at, or what repeats all along would be compared anew for each piece of it.
    fn run(&self, numbers: &[Numbers], at: usize, most: usize) -> (usize, usize) {
        let Some(slot) = self.slot(numbers, at) else {
            return (0, 0);
        };
        let Some(from) = (self.places[slot] as usize).checked_sub(1) else {
            return (0, 0);
        };
        let pairs = numbers[from..].iter().zip(&numbers[at..]).take(most);
        (at - from, pairs.take_while(|(a, b)| a == b).count())
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn unpacked(first: u32, all: &[u8]) -> Option<Vec<Gate>> {
    let mut gates: Vec<Gate> = Vec::with_capacity(all.len() / 2);
    let mut bytes = all.iter();
    while !bytes.as_slice().is_empty() {
        match number(&mut bytes)? {
            0 => {
                let back = u32::try_from(number(&mut bytes)?).ok()?.checked_add(1)?;
                let len = usize::try_from(number(&mut bytes)?)
                    .ok()?
                    .checked_add(SHORTEST)?;
                let read = all.len() - bytes.as_slice().len();
                let room = (MOST_PER_BYTE * read).checked_sub(gates.len())?;
                let from = gates.len().checked_sub(back as usize)?;
                if len > room {
                    return None;
                }
                for at in from..from + len {
                    let same = numbers_of(first, &gates, at);
                    gates.push(gate_of(same, expected(first, &gates, gates.len()))?);
                }
            }
            a => {
                let numbers = (a, number(&mut bytes)?);
                gates.push(gate_of(numbers, expected(first, &gates, gates.len()))?);
            }
        }
    }
    Some(gates)
}

fn gate_of((a, b): Numbers, (near, far): (u32, u32)) -> Option<Gate> {
    let operand = |number: u64, expected: u32| {
        let turned = u32::try_from(number >> 1).ok()?;
        let distance = turned >> 1 ^ (turned & 1).wrapping_neg();
        let source = expected.wrapping_add(distance);
        (source < 1 << 31).then_some(Lit(source << 1 | (number & 1) as u32))
    };
    let a = a.checked_sub(1)?;
    let (left, right) = (operand(a >> 1, near)?, operand(b, far)?);
    Some(match a & 1 {
        0 => Gate::Xor(left, right),
        _ => Gate::And(left, right),
    })
}

/// The next number, if it is there in its shortest form.
fn number(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u64> {
    let mut all = 0;
    // 35 bits are enough for the largest one.
    for place in 0..5 {
        let byte = *bytes.next()?;
        all |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (byte != 0 || place == 0).then_some(all);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_what_they_were() {
        let gates = [
            Gate::Xor(Lit(0), Lit(3)),
            Gate::And(Lit(2), Lit(5)),
            Gate::And(Lit(7), Lit(7)),
            // What the verifier refuses comes to it as it is.
            Gate::Xor(Lit(1_000), Lit(u32::MAX)),
        ];
        for first in [1, 3, 500_000, u32::MAX] {
            let bytes = packed(first, &gates);
            assert_eq!(unpacked(first, &bytes).as_deref(), Some(&gates[..]));
            for cut in 1..bytes.len() {
                let whole = unpacked(first, &bytes[..cut]);
                assert!(whole.is_none_or(|found| gates.starts_with(&found)));
            }
        }
        assert_eq!(packed(3, &gates[..2]).len(), 4);
    }

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(unpacked(3, &[5, 2]), Some(vec![Gate::Xor(Lit(4), Lit(4))]));
        for longer in [&[0x85, 0, 2][..], &[5, 0x82, 0], &[5], &[5, 0x80]] {
            assert_eq!(unpacked(3, longer), None, "{longer:?}");
        }
        // More than a word, and a wire that no literal has.
        assert_eq!(unpacked(3, &[5, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), None);
        assert_eq!(unpacked(3, &[5, 14]), None);
    }

    #[test]
    fn what_repeats_is_written_once() {
        // Full adders of numbers that lie far apart, as a sum has them, and what has no runs in it.
        let adder = |at: u32| {
            let [a, b, c] = [1, 2, 3].map(|number| Lit::of(41 * (3 * at + number)));
            let wire = |gate: u32| Lit::of(200_000 + 6 * at + gate);
            [
                Gate::Xor(a, b),
                Gate::Xor(c, !wire(0)),
                Gate::Xor(a, c),
                Gate::Xor(b, c),
                Gate::And(wire(2), wire(3)),
                Gate::Xor(c, wire(4)),
            ]
        };
        let chain: Vec<Gate> = (0..1_000).flat_map(adder).collect();
        let bytes = packed(200_000, &chain);
        assert_eq!(unpacked(200_000, &bytes).as_ref(), Some(&chain));
        assert!(bytes.len() <= chain.len() + 20, "{}", bytes.len());
        // A million gates take as long for each as a thousand: compared anew for each run, they would not end.
        let alike = vec![Gate::Xor(Lit::of(1), Lit::of(2)); 1 << 20];
        assert!(unpacked(9, &packed(9, &alike)) == Some(alike));
        let mut random = crate::splitmix::SplitMix::new(1);
        let mixed: Vec<Gate> = (0..3_000u32)
            .map(|at| match at % 50 {
                0..20 => chain[at as usize % 17],
                _ => Gate::Xor(
                    Lit(random.below(u64::from(at) + 90) as u32),
                    Lit(random.below(90) as u32),
                ),
            })
            .collect();
        let bytes = packed(100, &mixed);
        assert_eq!(unpacked(100, &bytes).as_ref(), Some(&mixed));
    }

    #[test]
    fn few_bytes_make_few_gates() {
        let gate = [5, 2];
        let run = |back: u8, len: u8| [&gate[..], &[0, back, len]].concat();
        // Five bytes: five gates, of which one is there.
        assert_eq!(unpacked(3, &run(0, 1)).map(|gates| gates.len()), Some(5));
        for wrong in [run(0, 2), run(0, 127), run(1, 0), vec![0, 0, 0]] {
            assert_eq!(unpacked(3, &wrong), None, "{wrong:?}");
        }
    }
}
