//! Orders are uniform, and columns of every kind follow them.

use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;

use super::{Kind, Order, Vector};
use crate::engine::testing::words;
use crate::prg::PrgKey;
use crate::protocols::conformance::views::assert_even;

fn key(number: u64) -> PrgKey {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    PrgKey::from_bytes(bytes)
}

/// Of few rows every order comes equally often; of more, every row at every place.
#[test]
fn orders_are_uniform() {
    for n in [2usize, 3, 4, 5] {
        let mut seen: SortedMap<Vec<u32>, u64> = SortedMap::new();
        for i in 0..24_000 {
            let order = Order::sample(&key(i), n).unwrap();
            *seen.entry(order.rows().to_vec()).or_default() += 1;
        }
        let all = (1..=n).product::<usize>();
        assert_eq!(seen.len(), all);
        assert_even(
            &seen.into_values().collect::<Vec<_>>(),
            &format!("{n} rows"),
        );
    }
    let n = 37;
    let mut seen = vec![0; n * n];
    for i in 0..40_000 {
        let order = Order::sample(&key(i), n).unwrap();
        for (place, &row) in order.rows().iter().enumerate() {
            seen[place * n + row as usize] += 1;
        }
    }
    assert_even(&seen, "rows and places");
}

#[test]
fn an_order_has_every_row_once() {
    for n in [0usize, 1, 2, 63, 1000, 100_003] {
        let order = Order::sample(&key(n as u64), n).unwrap();
        let mut rows = order.rows().to_vec();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..n as u32));
    }
    let (a, b) = (Order::sample(&key(1), 50), Order::sample(&key(1), 50));
    assert_eq!(a.unwrap().rows(), b.unwrap().rows());
}

/// Integers and bits of all widths: what is moved, added and sent is what integers are.
#[test]
fn columns_of_every_kind_are_moved_alike() {
    let lanes = 150usize;
    let order = Order::sample(&key(3), lanes).unwrap();
    let kinds = [1, 3, 31, 64, 65, 128].into_iter();
    let kinds = kinds.flat_map(|n| [Kind::Integers(n), Kind::Bits(n as usize)]);
    for kind in kinds {
        let drawn = |seed| -> Vector {
            let words = words(seed, 64, kind.words(lanes) as u64);
            let words = words.into_iter().map(|w| w as u64).collect();
            kind.random(lanes, words).unwrap()
        };
        let read = |vector: &Vector| -> Vec<Word> {
            match vector {
                Vector::Integers(_, elements) => elements.words(),
                Vector::Bits(bits) => bits.to_elements().words(),
            }
        };
        let (x, y) = (drawn(1), drawn(2));
        let moved = x.ordered(&order);
        let expected: Vec<Word> = order.rows().iter().map(|&r| read(&x)[r as usize]).collect();
        assert_eq!(read(&moved), expected);
        let mut sum = kind.zeros(lanes);
        for part in [&x, &y] {
            sum.add(part).unwrap();
        }
        sum.subtract(&x).unwrap();
        assert_eq!(read(&sum), read(&y));
        let mut back = kind.zeros(lanes);
        for range in [0..64, 64..lanes] {
            let mut bytes = Vec::new();
            x.write(range.clone(), &mut bytes);
            assert_eq!(bytes.len(), kind.len(range.len()));
            back.read(range, &bytes);
        }
        assert_eq!(read(&back), read(&x));
    }
}
