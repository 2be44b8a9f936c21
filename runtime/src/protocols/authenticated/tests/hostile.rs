//! Pieces that are withheld, said again, or put together in another order: the other party stops, or has what the inputs mean.

use super::*;

const WIDTH: u8 = 3;
const LANES: u64 = 5;

/// A circuit on shared bits, and a garbled one on what comes of it.
fn program() -> Builder {
    let mut b = malicious();
    let inputs = [0, 1].map(|party| b.input(party, B, u(WIDTH), LANES));
    let add = b.template(sum_template(WIDTH.into(), 2));
    let sum = call(&mut b, B, add, &inputs, (WIDTH, LANES));
    let more = call(&mut b, Y, add, &[sum, inputs[0]], (WIDTH, LANES));
    b.output(more, &[0, 1]);
    b
}

/// All that a party sends when it is honest.
fn said(program: &Verified, data: &[Vec<Word>], party: usize) -> Vec<Vec<u8>> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let into = said.clone();
    let hook = move |_: usize, piece: &mut Vec<u8>| into.lock().unwrap().push(piece.clone());
    for result in with_hook(program, data, party, 5000, Some(Arc::new(Mutex::new(hook)))) {
        result.unwrap_or_else(|e| panic!("{e}"));
    }
    std::mem::take(&mut *said.lock().unwrap())
}

#[test]
fn pieces_are_neither_withheld_nor_said_again_nor_put_in_another_order() {
    let b = program();
    let program = verified(&b.program);
    let data = [words(1, WIDTH.into(), LANES), words(2, WIDTH.into(), LANES)];
    let meaning = eval(&b.program, &data).unwrap().outputs[0].clone();
    for cheater in 0..2 {
        let before = said(&program, &data, cheater);
        // Inputs are whatever their owner sends.
        let input_len = (u64::from(WIDTH) * LANES).div_ceil(8) as usize;
        let input = before.iter().position(|piece| piece.len() == input_len);
        let input = input.unwrap_or_else(|| panic!("no input"));
        for at in (0..before.len()).filter(|&at| at != input) {
            for way in [
                "withheld",
                "in another order",
                "of a run before",
                "said again",
            ] {
                let what = format!("party {cheater}, piece {at} of {} {way}", before.len());
                let old = before[at].clone();
                let changed = Arc::new(Mutex::new(false));
                let (noted, mut earlier) = (changed.clone(), Vec::<Vec<u8>>::new());
                let hook = move |number: usize, piece: &mut Vec<u8>| {
                    let honest = piece.clone();
                    if number == at {
                        match way {
                            "withheld" => piece.clear(),
                            "in another order" => piece.rotate_left(honest.len() / 2),
                            "of a run before" => piece.clone_from(&old),
                            _ => {
                                let again = earlier.iter().rev().find(|p| p.len() == piece.len());
                                again.inspect(|again| piece.clone_from(again));
                            }
                        }
                        *noted.lock().unwrap() = *piece != honest;
                    }
                    earlier.push(honest);
                };
                let hook: Hook = Arc::new(Mutex::new(hook));
                // Who waits for nothing gives up.
                let patience = if way == "withheld" { 700 } else { 10_000 };
                let mut results = with_hook(&program, &data, cheater, patience, Some(hook));
                let result = results.swap_remove(1 - cheater);
                match result {
                    Ok(report) => {
                        assert_eq!(report.output(OutputId(0)), Some(meaning.clone()), "{what}");
                        assert!(way != "withheld", "{what}: believed");
                    }
                    Err(error) => {
                        assert!(*changed.lock().unwrap(), "{what}: {error}");
                        assert_ne!(error.fault(), Fault::Bug, "{what}: {error}");
                    }
                }
            }
        }
    }
}
