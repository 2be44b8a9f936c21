//! Integer types by name, and which literals fit them.

use smpcc_circuit::value::Word;

/// `u16` as `(16, false)`; `None` if the word does not look like an integer type; an error if its width is not one.
pub(crate) fn parse(name: &str) -> Option<Result<(u8, bool), String>> {
    let signed = match name.as_bytes().first()? {
        b'u' => false,
        b'i' => true,
        _ => return None,
    };
    let digits = name.get(1..)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let least = if signed { 2 } else { 1 };
    match digits.parse::<u8>() {
        Ok(width) if (least..=128).contains(&width) && !digits.starts_with('0') => {
            Some(Ok((width, signed)))
        }
        _ => Some(Err(
            "integer types are `u1` to `u128` and `i2` to `i128`".to_owned()
        )),
    }
}

/// The largest value of the type.
pub(crate) fn max(width: u8, signed: bool) -> u128 {
    u128::MAX >> (128 - u32::from(width) + u32::from(signed))
}

/// Whether `value`, or `-value` when `negative`, is a value of the type.
pub(crate) fn fits(value: u128, negative: bool, width: u8, signed: bool) -> bool {
    match (negative, signed) {
        (false, _) => value <= max(width, signed),
        (true, true) => value <= max(width, signed) + 1,
        (true, false) => value == 0,
    }
}

/// Says that a `usize` is large because a subtraction went below zero.
pub(crate) fn below_zero(word: Word, operands: Option<(Word, Word)>) -> Option<String> {
    let (a, b) = operands?;
    (word > Word::from(u64::MAX / 2)).then(|| format!("{a} - {b} is below zero"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_limits() {
        assert_eq!(parse("u1"), Some(Ok((1, false))));
        assert_eq!(parse("i128"), Some(Ok((128, true))));
        assert!(matches!(parse("u129"), Some(Err(_))));
        assert!(matches!(parse("i1"), Some(Err(_))));
        assert!(matches!(parse("u08"), Some(Err(_))));
        assert_eq!(parse("user"), None);
        assert_eq!(max(8, true), 127);
        assert!(
            fits(128, true, 8, true) && !fits(129, true, 8, true) && !fits(128, false, 8, true)
        );
        assert!(fits(u128::MAX, false, 128, false) && !fits(1 << 127, false, 128, true));
    }
}
