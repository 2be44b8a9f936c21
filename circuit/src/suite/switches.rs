//! Networks of switches that put rows into any order: how many there are.

use super::size::info;
use crate::program::{Domain, Node, Program};

/// Bits of the string of a transfer.
const STRING: u64 = 128;

/// Switches of a network that puts `rows` rows into any order: Σ ⌈log2 i⌉ for i up to the rows (Beauquier and Darrot, "On
/// arbitrary size Waksman networks and their vulnerability", Parallel Processing Letters 2002).
pub const fn n_switches(rows: u64) -> u64 {
    if rows < 2 {
        return 0;
    }
    let depth = u64::BITS - (rows - 1).leading_zeros();
    // Few machines have memory for more than half of the 64 bits.
    let whole = 1u64.checked_shl(depth);
    match whole {
        Some(whole) => rows
            .saturating_mul(depth as u64)
            .saturating_sub(whole)
            .saturating_add(1),
        None => u64::MAX,
    }
}

/// Transfers that a switch of a node's rows takes: their bits in strings of 128.
pub fn strings_per_switch(program: &Program, node: &Node) -> u64 {
    let columns = (0..node.args.len()).map(|i| info(program, &node.args, i));
    let bits = columns.map(|column| match column.domain {
        Domain::Arithmetic { ring } => u64::from(ring),
        Domain::Public | Domain::Local { .. } | Domain::Boolean | Domain::Yao => {
            u64::from(column.scalar.width())
        }
    });
    bits.sum::<u64>().div_ceil(STRING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_logarithms_added_up() {
        let mut sum = 0;
        for rows in 1..5000u64 {
            sum += u64::from(rows.next_power_of_two().trailing_zeros());
            assert_eq!(n_switches(rows), sum, "{rows}");
        }
        assert_eq!(n_switches(0), 0);
    }
}
