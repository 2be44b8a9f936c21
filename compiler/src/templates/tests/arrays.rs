//! Array access and table lookup against indexing, and what they cost.

use super::*;

const BOTH: [Objective; 2] = [Objective::Size, Objective::Depth];

fn read_circuit(n: usize, width: u32, index: u32, objective: Objective) -> Template {
    let mut operands = vec![width; n];
    operands.push(index);
    let mut b = Builder::new(&operands);
    let elements: Vec<Vec<Lit>> = (0..n).map(|i| b.input(i)).collect();
    let index = b.input(n);
    let out = array_read(&mut b, &elements, &index, objective);
    b.finish("read", vec![out])
}

fn write_circuit(n: usize, width: u32, index: u32, objective: Objective) -> Template {
    let mut operands = vec![width; n];
    operands.extend([index, width]);
    let mut b = Builder::new(&operands);
    let elements: Vec<Vec<Lit>> = (0..n).map(|i| b.input(i)).collect();
    let (index, value) = (b.input(n), b.input(n + 1));
    let out = array_write(&mut b, &elements, &index, &value, objective);
    b.finish("write", out)
}

#[test]
fn reading_finds_the_element_or_zero() {
    let mut values = Values::new(2);
    for n in 1..=17 {
        for index in 1..=6 {
            for objective in BOTH {
                let circuit = read_circuit(n, 5, index, objective);
                let lanes: Vec<Vec<Word>> = (0..1u128 << index)
                    .map(|i| {
                        let mut lane: Vec<Word> = (0..n).map(|_| values.word(5)).collect();
                        lane.push(i);
                        lane
                    })
                    .collect();
                for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                    let i = lane[n] as usize;
                    let expected = if i < n { lane[i] } else { 0 };
                    assert_eq!(got, [expected], "{n} elements, {index} index bits, at {i}");
                }
            }
        }
    }
}

#[test]
fn writing_changes_the_element_or_nothing() {
    let mut values = Values::new(3);
    for n in 1..=17 {
        for index in 1..=6 {
            for objective in BOTH {
                let circuit = write_circuit(n, 3, index, objective);
                let lanes: Vec<Vec<Word>> = (0..1u128 << index)
                    .map(|i| {
                        let mut lane: Vec<Word> = (0..n).map(|_| values.word(3)).collect();
                        lane.extend([i, values.word(3)]);
                        lane
                    })
                    .collect();
                for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                    let mut expected = lane[..n].to_vec();
                    if let Some(element) = expected.get_mut(lane[n] as usize) {
                        *element = lane[n + 1];
                    }
                    assert_eq!(got, expected, "{n} elements, {index} index bits");
                }
            }
        }
    }
}

#[test]
fn tables_are_looked_up() {
    let mut values = Values::new(4);
    for n in [1, 2, 3, 5, 8, 13, 16, 31, 64, 200, 256] {
        for width in [1, 3, 8, 64, 128] {
            for index in [1, 3, 8, 9] {
                let table: Vec<Word> = (0..n).map(|_| values.word(width)).collect();
                for objective in BOTH {
                    let mut b = Builder::new(&[index]);
                    let i = b.input(0);
                    let out = table_lookup(&mut b, &table, width, &i, objective);
                    let circuit = b.finish("table", vec![out]);
                    let lanes = exhaustive(&[index]);
                    for (lane, got) in lanes.iter().zip(evaluate(&circuit, &lanes)) {
                        let expected = table.get(lane[0] as usize).copied().unwrap_or(0);
                        assert_eq!(got, [expected]);
                    }
                }
            }
        }
    }
}

#[test]
fn costs_are_as_promised() {
    for objective in BOTH {
        let read = read_circuit(16, 8, 4, objective);
        assert_eq!((read.n_and(), read.and_depth()), (15 * 8, 4));
        let write = write_circuit(16, 8, 4, objective);
        assert_eq!((write.n_and(), write.and_depth()), (11 + 16 * 8, 3));
        let mut values = Values::new(5);
        let table: Vec<Word> = (0..256).map(|_| values.word(128)).collect();
        let mut b = Builder::new(&[8]);
        let index = b.input(0);
        let out = table_lookup(&mut b, &table, 128, &index, objective);
        let wide = b.finish("table", vec![out]);
        assert_eq!((wide.n_and(), wide.and_depth()), (256 - 8 - 1, 3));
        let mut b = Builder::new(&[8]);
        let index = b.input(0);
        let out = table_lookup(&mut b, &table, 1, &index, objective);
        let narrow = b.finish("table", vec![out]);
        assert!(narrow.n_and() <= 11 + 11 + 15 && narrow.and_depth() == 3);
    }
}

#[test]
fn the_size_of_a_lookup_is_known_without_its_circuit() {
    let mut values = Values::new(5);
    for n in [1usize, 2, 5, 16, 100, 256, 1000, 1024] {
        for (width, n_tables) in [(1, 1), (8, 1), (32, 1), (8, 5), (16, 16)] {
            let tables: Vec<Vec<Word>> = (0..n_tables)
                .map(|_| (0..n).map(|_| values.word(width)).collect())
                .collect();
            let n_bits = n.next_power_of_two().trailing_zeros();
            for index in [n_bits.max(1), n_bits + 1, n_bits + 6] {
                for objective in BOTH {
                    let mut b = Builder::new(&[index]);
                    let at = b.input(0);
                    let out = table_lookups(&mut b, &tables, width, &at, objective);
                    let circuit = b.finish("lookups", out);
                    let bits = width as usize * n_tables;
                    let (ands, depth) = lookup_size(n, index as usize, bits, objective);
                    let real = circuit.n_and();
                    let what = format!("{n} x {n_tables} of {width}, {index} bits, {objective:?}");
                    assert!(real <= ands, "{what}: {real} > {ands}");
                    if n >= 16 && n.is_power_of_two() {
                        assert!(ands * 8 <= real * 10, "{what}: {real} of {ands}");
                        assert_eq!(circuit.and_depth(), depth, "{what}");
                    } else {
                        assert!(circuit.and_depth() <= depth, "{what}");
                    }
                }
            }
        }
    }
}
