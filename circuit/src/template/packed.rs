//! Templates as bytes: most operands are wires made shortly before, so that a gate takes two small numbers, each of one or two bytes.
//!
//! A gate's first number is `4·d + 2·complemented + is an AND`, its second one `2·d + complemented`, where `d` is how many wires before
//! the gate its operand is, mod 2^32. Numbers are little-endian base 128, a byte with its top bit set being followed by another one, in the one shortest
//! form. Which wires a gate may read is for the verifier to say.

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
        Ok(Self {
            name,
            inputs,
            gates,
            outputs,
        })
    }
}

/// The wire of gate 0; of a template that the verifier refuses, some wire.
fn first_wire(inputs: &[u32]) -> u32 {
    inputs.iter().fold(1, |sum, &width| sum.wrapping_add(width))
}

fn packed(first: u32, gates: &[Gate]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * gates.len());
    let mut wire = first;
    for gate in gates {
        let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
        let operand =
            |lit: Lit| u64::from(wire.wrapping_sub(lit.wire())) << 1 | u64::from(lit.0 & 1);
        let is_and = u64::from(matches!(gate, Gate::And(..)));
        push(&mut bytes, operand(a) << 1 | is_and);
        push(&mut bytes, operand(b));
        wire = wire.wrapping_add(1);
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn unpacked(first: u32, bytes: &[u8]) -> Option<Vec<Gate>> {
    let mut gates = Vec::with_capacity(bytes.len() / 4);
    let mut bytes = bytes.iter();
    let mut wire = first;
    while !bytes.as_slice().is_empty() {
        let operand = |number: u64| {
            let before = u32::try_from(number >> 1).ok()?;
            let source = wire.wrapping_sub(before);
            (source < 1 << 31).then_some(Lit(source << 1 | (number & 1) as u32))
        };
        let (a, b) = (number(&mut bytes)?, number(&mut bytes)?);
        let (left, right) = (operand(a >> 1)?, operand(b)?);
        gates.push(match a & 1 {
            0 => Gate::Xor(left, right),
            _ => Gate::And(left, right),
        });
        wire = wire.wrapping_add(1);
    }
    Some(gates)
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
        assert_eq!(unpacked(3, &[4, 2]), Some(vec![Gate::Xor(Lit(4), Lit(4))]));
        for longer in [&[0x84, 0, 2][..], &[4, 0x82, 0], &[4], &[4, 0x80]] {
            assert_eq!(unpacked(3, longer), None, "{longer:?}");
        }
        // More than a word, and a wire that no literal has.
        assert_eq!(unpacked(3, &[4, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), None);
        assert_eq!(unpacked(3, &[4, 8]), None);
    }
}
