//! Whatever the bytes of a program or the text of a netlist: they are read or refused, soon, without a panic, and what is read is
//! what is written again. The bodies are public so that fuzz targets outside the workspace share them.

use crate::{bristol, codec, text};

/// Reads `bytes` as a program. One that is read can be printed, and has an encoding that gives it again.
pub fn read_program(bytes: &[u8]) {
    let Ok(program) = codec::decode_program(bytes) else {
        return;
    };
    text::print(&program);
    let again = codec::encode_program(&program).and_then(|bytes| codec::decode_program(&bytes));
    assert_eq!(again.as_ref(), Ok(&program));
}

/// Reads `text` as a netlist. One that is read has the same circuit after it was written and read once more.
pub fn read_netlist(text: &str) {
    let Ok(template) = bristol::read("netlist", text) else {
        return;
    };
    let written = bristol::write(&template);
    let again = bristol::read("netlist", &written);
    assert_eq!(again.as_ref(), Ok(&template), "{written}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Builder;
    use proptest::prelude::*;

    /// Two words compared and added.
    fn netlist() -> String {
        let mut b = Builder::new(&[4, 4]);
        let (x, y) = (b.input(0), b.input(1));
        let sum = x.iter().zip(&y).map(|(&x, &y)| b.xor(x, y)).collect();
        let all = x
            .iter()
            .zip(&y)
            .fold(crate::template::Lit::TRUE, |all, (&x, &y)| {
                let both = b.and(x, y);
                b.and(all, both)
            });
        bristol::write(&b.finish("netlist", vec![sum, vec![all]]))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes_behind_a_header_survive(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let whole = codec::encode(codec::Kind::Program, &(), 1 << 10).expect("a header");
            read_program(&[whole.as_slice(), body.as_slice()].concat());
            read_program(&body);
        }

        /// The first text of a program claims any length.
        #[test]
        fn texts_of_any_length_survive(len in any::<u64>(), shift in 0u32..64, body in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut whole = codec::encode(codec::Kind::Program, &(), 1 << 10).expect("a header");
            whole.push(253);
            whole.extend((len >> shift).to_le_bytes());
            whole.extend(body);
            read_program(&whole);
        }

        #[test]
        fn netlists_with_a_change_survive(at in any::<prop::sample::Index>(), with in "[ 0-9A-Z\n-]{0,3}", cut in 0usize..3) {
            let text = netlist();
            let at = at.index(text.len());
            let end = (at + cut).min(text.len());
            read_netlist(&format!("{}{with}{}", &text[..at], &text[end..]));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = netlist();
        assert!(bristol::read("netlist", &text).is_ok());
        read_netlist(&text);
    }
}
