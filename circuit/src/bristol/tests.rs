//! What is read, refused and written.

use super::*;

const HALF_ADDER: &str = "2 4\n2 1 1\n2 1 1\n\n2 1 0 1 2 XOR\n2 1 0 1 3 AND\n";

fn refused(text: &str) -> (usize, String) {
    let error = read("x", text).expect_err("should be refused");
    (error.line, error.reason)
}

#[test]
fn reads_both_formats() {
    let new = read("half", HALF_ADDER).expect("reads");
    assert_eq!((new.inputs.len(), new.outputs.len()), (2, 2));
    assert_eq!(new.eval64(&[0b1010, 0b1100]), vec![0b0110, 0b1000]);
    let old = read("half", "2 4\n1 1 2\n\n2 1 0 1 2 XOR\n2 1 0 1 3 AND\n").expect("reads");
    assert_eq!((old.inputs.len(), old.outputs.len()), (2, 1));
    assert_eq!(old.eval64(&[0b1010, 0b1100]), vec![0b0110, 0b1000]);
    let none = read("wire", "0 3\n3 0 3\n").expect("an old circuit without gates");
    assert_eq!(none.inputs, [3]);
    assert_eq!(none.eval64(&[1, 2, 3]), vec![1, 2, 3]);
}

#[test]
fn reads_every_gate() {
    let text = "7 11\n1 3\n1 6\n\n1 1 1 3 EQ\n1 1 0 4 INV\n1 1 4 5 EQW\n2 1 0 1 6 OR\n1 1 5 7 NOT\n\
                4 2 0 1 1 2 8 9 MAND\n2 1 3 2 10 XOR\n";
    let t = read("all", text).expect("reads");
    let (x, y, z) = (0b10101010u64, 0b11001100, 0b11110000);
    assert_eq!(t.eval64(&[x, y, z]), vec![!x, x | y, x, x & y, y & z, !z]);
}

#[test]
fn what_is_written_is_read_back() {
    let mut b = Builder::new(&[2, 3]);
    let (x, y) = (b.input(0), b.input(1));
    let p = b.xor(x[0], !y[0]);
    let q = b.and(!p, y[1]);
    let r = b.or(q, x[1]);
    let outputs = vec![
        vec![p, !p, q, !q, r],
        vec![Lit::TRUE, Lit::FALSE, x[0], !y[2]],
        vec![q],
    ];
    let t = b.finish("mixed", outputs);
    let again = read("mixed", &write(&t)).expect("reads");
    assert_eq!(again.inputs, t.inputs);
    let widths = |t: &Template| t.outputs.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(widths(&again), widths(&t));
    let lanes: Vec<u64> = (0..5)
        .map(|i| (0..32u64).fold(0, |word, lane| word | (lane >> i & 1) << lane))
        .collect();
    assert_eq!(again.eval64(&lanes), t.eval64(&lanes));
    assert_eq!((again.n_and(), again.n_xor()), (t.n_and(), t.n_xor()));
}

#[test]
fn a_plain_circuit_is_written_without_copies() {
    let t = read("half", HALF_ADDER).expect("reads");
    assert_eq!(write(&t), HALF_ADDER);
}

#[test]
fn refuses_what_is_malformed_with_line_and_reason() {
    let cases = [
        ("", 1, "ends where the numbers of gates"),
        ("1 2 3\n", 1, "two numbers"),
        ("one 2\n", 1, "expected a number"),
        ("1 99999999999999999999999\n", 1, "is too large"),
        ("1 4000000000\n", 1, "at most"),
        ("9 3\n", 1, "cannot set"),
        ("1 3\n", 1, "ends where the input widths"),
        (
            "1 3\n2 1\n1 1\n\n2 1 0 1 2 AND\n",
            2,
            "2 input values are announced, 1 widths",
        ),
        ("1 3\n1 1\n\n2 1 0 1 2 AND\n", 2, "two inputs and an output"),
        ("1 3\n2 1 9\n1 1\n\n2 1 0 1 2 AND\n", 2, "do not fit"),
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 1 2 NAND\n",
            5,
            "no gate of this name",
        ),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 1 2\n", 5, "only numbers"),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 1 AND\n", 5, "2 wires given"),
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 7 2 AND\n",
            5,
            "there is no wire 7",
        ),
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 1 7 AND\n",
            5,
            "there is no wire 7",
        ),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 2 2 AND\n", 5, "cyclic"),
        (
            "2 4\n2 1 1\n1 1\n\n2 1 0 3 2 AND\n2 1 0 2 3 AND\n",
            5,
            "cyclic",
        ),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 1 1 AND\n", 5, "second time"),
        ("1 3\n2 1 1\n1 1\n\n1 1 2 2 EQ\n", 5, "0 or 1, not 2"),
        ("1 3\n2 1 1\n1 1\n\n1 1 0 1 2 AND\n", 5, "announced"),
        (
            "1 3\n2 1 1\n1 1\n\n18446744073709551615 1 2 AND\n",
            5,
            "announced",
        ),
        (
            "2 4\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n",
            5,
            "after 1 of 2 gates",
        ),
        (
            "1 4\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n",
            5,
            "no gate sets output wire 3",
        ),
        (
            "1 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n2 1 0 1 2 XOR\n",
            6,
            "one more",
        ),
    ];
    for (text, line, reason) in cases {
        let got = refused(text);
        assert_eq!(got.0, line, "{text:?}: {}", got.1);
        assert!(got.1.contains(reason), "{text:?}: {}", got.1);
    }
}

#[test]
fn a_header_alone_makes_nothing_large() {
    let wires = format!("{MAX_WIRES} {MAX_WIRES}\n1 0\n1 0\n\n");
    assert!(refused(&wires).1.contains("cannot set"));
    let inputs = format!("0 {MAX_WIRES}\n1 {MAX_WIRES}\n1 0\n\n");
    assert!(refused(&inputs).1.contains("input bits"));
}
