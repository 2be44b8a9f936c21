//! One cell as a word of a scalar type: what is wrong with it is said with the value, without its place.

use super::{SHOWN, Tree, number};
use smpcc_circuit::calendar;
use smpcc_circuit::decimal::{Decimal, read_float};
use smpcc_circuit::float::Format;
use smpcc_circuit::value::{Form, Integer, Scalar, Word};
use smpcc_compiler::schema;

/// A declared range, inclusive.
pub type Range = Option<(Integer, Integer)>;

/// The word of a cell.
///
/// # Errors
/// What was expected and what is there.
pub fn word(tree: &Tree, scalar: Scalar, form: Form, range: Range) -> Result<Word, String> {
    match form {
        Form::Plain | Form::Date | Form::Datetime | Form::Text => {}
        Form::Fixed(frac) => return fixed(tree, scalar, frac, range),
        Form::Float => return float(tree, scalar),
    }
    match (scalar, tree) {
        (_, Tree::Text(cell)) => text(cell, scalar, form, range),
        (scalar, other) if form.is_text() => match other {
            // Sheets have no types: what looks like a number there may be a name.
            Tree::Int(negative, n) if form == Form::Text => {
                let sign = if *negative { "-" } else { "" };
                text(&format!("{sign}{n}"), scalar, form, range)
            }
            other => Err(expected(scalar, form, other)),
        },
        (Scalar::Bool, Tree::Bool(b)) => Ok(Word::from(*b)),
        (Scalar::Bool, Tree::Int(false, n @ (0 | 1))) => Ok(*n),
        (Scalar::Int { .. }, Tree::Int(negative, magnitude)) => {
            integer(scalar, range, *negative, *magnitude)
        }
        (Scalar::Int { .. }, Tree::Decimal(text)) => match whole(text) {
            Some((negative, magnitude)) => integer(scalar, range, negative, magnitude),
            None => Err(expected(scalar, form, tree)),
        },
        (scalar, other) => Err(expected(scalar, form, other)),
    }
}

/// The integer that a number with a point is, if only zeros stand behind it: as files have it whose columns have gaps.
fn whole(text: &str) -> Option<(bool, u128)> {
    let (before, behind) = text.split_once('.')?;
    if behind.is_empty() || behind.bytes().any(|b| b != b'0') {
        return None;
    }
    match number(before) {
        // A larger one that was a float may have been another.
        Tree::Int(negative, n) if n < 1 << 53 => Some((negative && n != 0, n)),
        _ => None,
    }
}

/// The integer that `0x…` is.
fn hexadecimal(cell: &str) -> Option<u128> {
    let digits = after_0x(cell)?.replace('_', "");
    // A sign is none of its digits.
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u128::from_str_radix(&digits, 16).ok().filter(|_| all)
}

/// What stands behind the `0x` that a hexadecimal text begins with.
pub fn after_0x(cell: &str) -> Option<&str> {
    cell.strip_prefix("0x").or_else(|| cell.strip_prefix("0X"))
}

/// The word of a cell of text: of a sheet, or a string.
///
/// # Errors
/// As [`word`].
pub fn text(cell: &str, scalar: Scalar, form: Form, range: Range) -> Result<Word, String> {
    match form {
        Form::Plain | Form::Date | Form::Datetime | Form::Text => {}
        Form::Fixed(frac) => return fixed(&Tree::Text(cell.to_owned()), scalar, frac, range),
        Form::Float => return float(&Tree::Text(cell.to_owned()), scalar),
    }
    let trimmed = cell.trim();
    let wrong = || expected(scalar, form, &Tree::Text(cell.to_owned()));
    let spelt = match form {
        Form::Plain | Form::Fixed(_) | Form::Float => None,
        Form::Date => Some(calendar::date(trimmed).map(i128::from)),
        Form::Datetime => Some(calendar::datetime(trimmed).map(i128::from)),
        Form::Text => {
            let n = scalar.width() as usize / 8;
            return calendar::word(cell, n).ok_or_else(|| {
                let shown = Tree::Text(cell.to_owned()).shown();
                match cell.len() {
                    len if len > n => {
                        format!(
                            "expected a text of at most {n} bytes, found {shown}, of {len} bytes"
                        )
                    }
                    _ => "a text has no zero byte".to_owned(),
                }
            });
        }
    };
    if let Some(spelt) = spelt {
        let value = spelt.ok_or_else(wrong)?;
        let word = scalar.wrap(value as Word);
        return in_range(scalar, form, range, word, trimmed);
    }
    let cell = trimmed;
    match scalar {
        Scalar::Bool => truth(cell).map(Word::from).ok_or_else(wrong),
        Scalar::Int { .. } => {
            let (negative, digits) = match cell.as_bytes() {
                [b'-', rest @ ..] => (true, rest),
                [b'+', rest @ ..] => (false, rest),
                all => (false, all),
            };
            // What has few digits is read here: columns are long.
            if (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
                let magnitude = digits.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'));
                return integer(
                    scalar,
                    range,
                    negative && magnitude != 0,
                    u128::from(magnitude),
                );
            }
            match number(cell) {
                Tree::Int(negative, magnitude) => integer(scalar, range, negative, magnitude),
                _ => match whole(cell).or_else(|| Some((false, hexadecimal(cell)?))) {
                    Some((negative, magnitude)) => integer(scalar, range, negative, magnitude),
                    None => Err(wrong()),
                },
            }
        }
    }
}

/// The word of a fixed-point number: the nearest one, ties to even.
fn fixed(tree: &Tree, scalar: Scalar, frac: u8, range: Range) -> Result<Word, String> {
    let form = Form::Fixed(frac);
    let decimal = match tree {
        Tree::Int(negative, magnitude) => Some(Decimal::integer(*negative, *magnitude)),
        Tree::Decimal(text) | Tree::Text(text) => Decimal::parse(text.trim()),
        Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Table(_) | Tree::Map(_) => None,
    };
    let Some(decimal) = decimal else {
        return Err(no_number(tree, &form.name(scalar)));
    };
    let Ok(word) = decimal.to_fixed(scalar.width(), u32::from(frac)) else {
        let least = 1 << (scalar.width() - 1);
        let written = match tree {
            Tree::Decimal(text) | Tree::Text(text) if text.trim().len() <= SHOWN => {
                text.trim().to_owned()
            }
            _ => decimal.text(),
        };
        return Err(format!(
            "the value {written} does not fit in {} ({}..={})",
            form.name(scalar),
            form.display(scalar, least),
            form.display(scalar, least - 1)
        ));
    };
    if let Some((lo, hi)) = range
        && !(lo..=hi).contains(&Integer::of(scalar, word))
    {
        return Err(format!(
            "the value {} is outside its declared range {}",
            form.display(scalar, word),
            shown_range(scalar, form, (lo, hi))
        ));
    }
    Ok(word)
}

/// What is said of a cell that is no number of a type.
fn no_number(tree: &Tree, name: &str) -> String {
    let text = match tree {
        Tree::Text(text) => text.trim(),
        _ => "",
    };
    let is_number = |text: &String| Decimal::parse(text).is_some();
    let with_point = Some(text.replace(',', ".")).filter(is_number);
    let together = in_thousands(text)
        .then(|| text.replace(',', ""))
        .filter(is_number);
    let hint = match (together, with_point) {
        (Some(together), Some(text)) => format!(
            ": without the thousands separator it is {together}, with a decimal point {text}"
        ),
        (Some(together), None) => format!(": without thousands separators it is {together}"),
        (None, Some(text)) => format!(": with a decimal point it is {text}"),
        (None, None) => String::new(),
    };
    let hint = match is_missing(tree) {
        true => optional(name),
        false => hint,
    };
    format!("expected a number ({name}), found {}{hint}", tree.shown())
}

/// Whether commas stand before each three digits, as in `1,000` and `-12,345,678.90`.
fn in_thousands(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or("");
    let mut groups = whole.trim_start_matches(['-', '+']).split(',');
    let first = groups.next().unwrap_or("");
    let rest: Vec<&str> = groups.collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(first)
        && first.len() <= 3
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && digits(group))
}

/// The word of a float: the nearest one, ties to even; `inf` and `NaN` are said by name.
fn float(tree: &Tree, scalar: Scalar) -> Result<Word, String> {
    let text = match tree {
        Tree::Int(negative, magnitude) => {
            format!("{}{magnitude}", if *negative { "-" } else { "" })
        }
        Tree::Decimal(text) | Tree::Text(text) => text.trim().to_owned(),
        Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Table(_) | Tree::Map(_) => String::new(),
    };
    let name = Form::Float.name(scalar);
    let Some(word) = read_float(&text, scalar.width()) else {
        return Err(no_number(tree, &name));
    };
    let infinity = Format::of(scalar).infinity();
    if word & infinity == infinity && Decimal::parse(&text).is_some() {
        return Err(format!("the value {text} does not fit in {name}"));
    }
    Ok(word)
}

fn shown_range(scalar: Scalar, form: Form, (lo, hi): (Integer, Integer)) -> String {
    let shown = |bound: Integer| form.display(scalar, scalar.wrap(bound.word()));
    format!("{}..={}", shown(lo), shown(hi))
}

/// Whether all of `numbers` are words of the type, in its range.
pub fn all_fit(numbers: &[u64], scalar: Scalar, range: Range) -> bool {
    let top = match scalar {
        Scalar::Bool => 1,
        Scalar::Int { signed: false, .. } => scalar.mask(),
        Scalar::Int { signed: true, .. } => scalar.mask() >> 1,
    };
    let (lo, hi) = match range.filter(|_| scalar != Scalar::Bool) {
        Some((_, hi)) if hi.is_negative() => return numbers.is_empty(),
        Some((lo, hi)) => (
            if lo.is_negative() { 0 } else { lo.word() },
            hi.word().min(top),
        ),
        None => (0, top),
    };
    let Ok(lo) = u64::try_from(lo) else {
        return numbers.is_empty();
    };
    let hi = u64::try_from(hi).unwrap_or(u64::MAX);
    // Without a branch per number, which the compiler makes wide.
    numbers
        .iter()
        .fold(true, |fit, n| fit & (*n >= lo) & (*n <= hi))
}

/// What a cell says of a `bool`.
fn truth(cell: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is(["true", "yes", "1"]) {
        Some(true)
    } else if is(["false", "no", "0"]) {
        Some(false)
    } else {
        None
    }
}

fn integer(scalar: Scalar, range: Range, negative: bool, magnitude: u128) -> Result<Word, String> {
    let Scalar::Int { width, signed } = scalar else {
        return Err(expected(
            scalar,
            Form::Plain,
            &Tree::Int(negative, magnitude),
        ));
    };
    let fits = match (signed, negative) {
        (false, true) => false,
        (false, false) => magnitude <= scalar.mask(),
        (true, false) => magnitude <= scalar.mask() >> 1,
        (true, true) => magnitude <= (scalar.mask() >> 1) + 1,
    };
    let sign = if negative { "-" } else { "" };
    if let (false, Some(range)) = (fits, range) {
        return Err(format!(
            "the value {sign}{magnitude} is outside its declared range {}",
            shown_range(scalar, Form::Plain, range)
        ));
    }
    if !fits {
        return Err(format!(
            "the value {sign}{magnitude} does not fit in {scalar} ({})",
            bounds(width, signed)
        ));
    }
    let word = scalar.wrap(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    });
    in_range(
        scalar,
        Form::Plain,
        range,
        word,
        &format!("{sign}{magnitude}"),
    )
}

/// The word, if it is in its range.
fn in_range(
    scalar: Scalar,
    form: Form,
    range: Range,
    word: Word,
    value: &str,
) -> Result<Word, String> {
    let shown = |bound: Integer| form.display(scalar, scalar.wrap(bound.word()));
    match range {
        Some((lo, hi)) if !(lo..=hi).contains(&Integer::of(scalar, word)) => Err(format!(
            "the value {value} is outside its declared range {}..={}",
            shown(lo),
            shown(hi)
        )),
        _ => Ok(word),
    }
}

/// A type with its range, for those who fill in files.
pub fn described(scalar: Scalar, form: Form, range: Range) -> String {
    match form {
        Form::Plain | Form::Fixed(_) | Form::Float => {}
        Form::Date => return "a date as 2024-02-29".to_owned(),
        Form::Datetime => return "a moment as 2024-02-29T10:30:00Z".to_owned(),
        Form::Text => return format!("a text of at most {} bytes", scalar.width() / 8),
    }
    match (scalar, range) {
        (Scalar::Bool, _) => "true or false".to_owned(),
        (scalar, Some(range)) => {
            format!(
                "{} in {}",
                form.name(scalar),
                shown_range(scalar, form, range)
            )
        }
        (scalar, None) => form.name(scalar),
    }
}

fn expected(scalar: Scalar, form: Form, found: &Tree) -> String {
    let others = match (scalar, found) {
        (Scalar::Bool, Tree::Text(cell)) => other_words(cell.trim()),
        _ => None,
    };
    let missing = is_missing(found);
    let moment = match (form, found) {
        (Form::Date, Tree::Text(cell)) => {
            calendar::datetime(cell.trim()).is_some()
                || calendar::datetime(&cell.trim().replacen(' ', "T", 1)).is_some()
        }
        _ => false,
    };
    let found = found.shown();
    let hint = match (missing, moment) {
        (true, _) => optional(&form.name(scalar)),
        (false, true) => {
            ": that has a time; the type of a day with a time is `datetime`".to_owned()
        }
        (false, false) => String::new(),
    };
    if form.is_text() {
        let what = described(scalar, form, None);
        return format!("expected {what}, found {found}{hint}");
    }
    match scalar {
        _ if missing => format!("expected {}, found {found}{hint}", plain_name(scalar)),
        Scalar::Bool => {
            let help = others.map_or_else(String::new, |(yes, no)| {
                format!(
                    ": for cells of `{yes}` and `{no}` declare \
                     `enum Answer {{ #[name(\"{yes}\")] Yes, #[name(\"{no}\")] No }}`, \
                     give the field the type `Answer`, and ask `== Answer::Yes`"
                )
            });
            format!("expected {}, found {found}{help}", plain_name(scalar))
        }
        Scalar::Int { .. } => format!("expected {}, found {found}", plain_name(scalar)),
    }
}

fn plain_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Bool => "true or false, yes or no, 1 or 0".to_owned(),
        Scalar::Int { .. } => format!("an integer ({scalar})"),
    }
}

/// Whether nothing stands there, or a word for that.
pub fn is_missing(found: &Tree) -> bool {
    match found {
        Tree::Null => true,
        Tree::Text(cell) => schema::is_missing(cell),
        _ => false,
    }
}

/// What to declare where values may be missing.
pub fn optional(name: &str) -> String {
    format!(": where values may be missing, the type is `Option<{name}>`")
}

/// The two words of a column that says yes and no in its own way, if a cell is one of them.
fn other_words(cell: &str) -> Option<(&'static str, &'static str)> {
    const PAIRS: [(&str, &str); 8] = [
        ("Y", "N"),
        ("y", "n"),
        ("T", "F"),
        ("t", "f"),
        ("J", "N"),
        ("j", "n"),
        ("on", "off"),
        ("x", "-"),
    ];
    let has = |(yes, no): &(&str, &str)| *yes == cell || *no == cell;
    PAIRS.into_iter().find(has)
}

fn bounds(width: u8, signed: bool) -> String {
    if signed {
        let top = (1u128 << (width - 1)) - 1;
        format!("-{}..={top}", top + 1)
    } else {
        format!("0..={}", smpcc_circuit::value::mask(u32::from(width)))
    }
}

/// The bytes of `0x…`, or its bits, the highest of each digit first.
///
/// # Errors
/// What is no such text.
pub fn hex(cell: &str, bits: bool) -> Result<Vec<u64>, String> {
    let what = if bits { "bits" } else { "bytes" };
    let wrong = || {
        format!(
            "expected a list, or {what} as `0x…`, found {}",
            Tree::Text(cell.to_owned()).shown()
        )
    };
    let cell = cell.trim();
    let digits = after_0x(cell).ok_or_else(wrong)?;
    let digits: Vec<u64> = digits
        .chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_digit(16).map(u64::from))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    if bits {
        let of_digit = |digit: &u64| [3, 2, 1, 0].map(|bit| digit >> bit & 1);
        return Ok(digits.iter().flat_map(of_digit).collect());
    }
    match digits.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect()),
        (_, _) => Err(format!(
            "`0x…` has {} digits, which are no whole bytes",
            digits.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_truth() {
        let read = |cell: &str| text(cell, Scalar::Bool, Form::Plain, None);
        for yes in ["true", "TRUE", "True", "yes", "YES", "1", " yes "] {
            assert_eq!(read(yes), Ok(1), "{yes}");
        }
        for no in ["false", "FALSE", "no", "No", "0"] {
            assert_eq!(read(no), Ok(0), "{no}");
        }
        for neither in ["", "2", "y", "ja", "-1", "truee"] {
            assert!(read(neither).is_err(), "{neither}");
        }
        let told = read("N").err().unwrap_or_default();
        assert!(
            told.contains("enum Answer { #[name(\"Y\")] Yes, #[name(\"N\")] No }"),
            "{told}"
        );
        let told = read("maybe").err().unwrap_or_default();
        assert!(!told.contains("Answer"), "{told}");
    }

    #[test]
    fn what_is_missing_or_of_another_form_is_told_the_type_to_declare() {
        let byte = Scalar::unsigned(8);
        let read = |cell: &str| text(cell, byte, Form::Plain, None);
        assert_eq!(read("72.0"), Ok(72));
        assert_eq!(read(" 72.000 "), Ok(72));
        assert_eq!(
            word(&Tree::Decimal("72.0".into()), byte, Form::Plain, None),
            Ok(72)
        );
        assert_eq!(text("-3.0", Scalar::signed(8), Form::Plain, None), Ok(0xfd));
        for wrong in ["72.5", "72.", ".0", "300.0", "-1.0", "7.0e1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let large = |cell: &str| text(cell, Scalar::unsigned(64), Form::Plain, None);
        assert_eq!(large("9007199254740991.0"), Ok((1 << 53) - 1));
        assert!(large("9007199254740992.0").is_err());
        let told =
            |cell: &str, scalar, form| text(cell, scalar, form, None).err().unwrap_or_default();
        for (scalar, form, name) in [
            (byte, Form::Plain, "u8"),
            (Scalar::Bool, Form::Plain, "bool"),
            (Scalar::signed(32), Form::Date, "date"),
            (Scalar::signed(32), Form::Fixed(16), "fixed<32, 16>"),
        ] {
            for cell in [" ", "NA", "nan", "N/A", "null", "."] {
                let text = told(cell, scalar, form);
                let end = format!(": where values may be missing, the type is `Option<{name}>`");
                assert!(text.ends_with(&end), "{text}");
            }
        }
        for moment in ["2024-02-29T10:30:00Z", "2024-02-29 10:30:00Z"] {
            let text = told(moment, Scalar::signed(32), Form::Date);
            assert!(
                text.ends_with("the type of a day with a time is `datetime`"),
                "{text}"
            );
        }
    }

    #[test]
    fn many_numbers_fit_where_each_does() {
        let ranges = [
            None,
            Some((Integer::from(-5), Integer::from(7))),
            Some((Integer::from(3), Integer::from(300))),
            Some((Integer::from(-5), Integer::from(-3))),
            Some((Integer::natural(1 << 70), Integer::natural(1 << 80))),
        ];
        let scalars = [
            Scalar::Bool,
            Scalar::unsigned(8),
            Scalar::signed(8),
            Scalar::unsigned(64),
            Scalar::signed(64),
            Scalar::unsigned(128),
        ];
        for scalar in scalars {
            for range in ranges {
                for n in [
                    0,
                    1,
                    2,
                    3,
                    7,
                    8,
                    127,
                    128,
                    255,
                    256,
                    300,
                    301,
                    1 << 63,
                    u64::MAX,
                ] {
                    let each = word(
                        &Tree::Int(false, u128::from(n)),
                        scalar,
                        Form::Plain,
                        range.filter(|_| scalar != Scalar::Bool),
                    );
                    assert_eq!(all_fit(&[n], scalar, range), each.is_ok(), "{scalar} {n}");
                    let cell = text(
                        &n.to_string(),
                        scalar,
                        Form::Plain,
                        range.filter(|_| scalar != Scalar::Bool),
                    );
                    assert_eq!(cell, each, "{scalar} {n}");
                }
            }
        }
    }

    #[test]
    fn dates_moments_and_texts() {
        let (days, seconds) = (Scalar::signed(32), Scalar::signed(64));
        let day = |cell: &str, range| text(cell, days, Form::Date, range);
        assert_eq!(day(" 1970-01-02 ", None), Ok(1));
        assert_eq!(day("1969-12-31", None), Ok(0xffff_ffff));
        let wrong = day("2023-02-29", None).err().unwrap_or_default();
        assert_eq!(wrong, "expected a date as 2024-02-29, found `2023-02-29`");
        let range = Some((Integer::from(0), Integer::from(365)));
        let late = day("1971-06-01", range).err().unwrap_or_default();
        assert_eq!(
            late,
            "the value 1971-06-01 is outside its declared range 1970-01-01..=1971-01-01"
        );
        let moment = word(
            &Tree::Text("1970-01-01T00:01Z".into()),
            seconds,
            Form::Datetime,
            None,
        );
        assert_eq!(moment, Ok(60));
        assert!(word(&Tree::Int(false, 60), seconds, Form::Datetime, None).is_err());
        let name = |tree: &Tree| word(tree, Scalar::unsigned(24), Form::Text, None);
        assert_eq!(name(&Tree::Text("ab".into())), Ok(0x61_6200));
        assert_eq!(name(&Tree::Text(" é".into())), Ok(0x20_c3a9));
        assert_eq!(name(&Tree::Int(false, 42)), Ok(0x34_3200));
        assert_eq!(name(&Tree::Text(String::new())), Ok(0));
        let long = name(&Tree::Text("übel".into())).err().unwrap_or_default();
        assert_eq!(
            long,
            "expected a text of at most 3 bytes, found `übel`, of 5 bytes"
        );
        assert!(name(&Tree::Text("a\0".into())).is_err() && name(&Tree::Null).is_err());
    }

    #[test]
    fn decimals_are_the_nearest_value_of_their_type() {
        let scalar = Scalar::signed(8);
        let read = |cell: &str, range| text(cell, scalar, Form::Fixed(4), range);
        for (cell, raw) in [
            ("1.5", 24),
            (" 2 ", 32),
            ("-0.0625", 255),
            ("125e-3", 2),
            ("0.03125", 0),
            ("0.09375", 2),
            ("-8", 128),
        ] {
            assert_eq!(read(cell, None), Ok(raw), "{cell}");
            let decimal = Tree::Decimal(cell.trim().to_owned());
            assert_eq!(
                word(&decimal, scalar, Form::Fixed(4), None),
                Ok(raw),
                "{cell}"
            );
        }
        let integer = word(&Tree::Int(true, 8), scalar, Form::Fixed(4), None);
        assert_eq!(integer, Ok(128));
        assert_eq!(
            read("8", None),
            Err("the value 8 does not fit in fixed<8, 4> (-8..=7.94)".into())
        );
        assert_eq!(
            read("1,5", None),
            Err(
                "expected a number (fixed<8, 4>), found `1,5`: with a decimal point it is 1.5"
                    .into()
            )
        );
        for (cell, hint) in [
            (
                "1,000",
                "without the thousands separator it is 1000, with a decimal point 1.000",
            ),
            (
                "-12,345,678.5",
                "without thousands separators it is -12345678.5",
            ),
        ] {
            assert_eq!(
                read(cell, None),
                Err(format!(
                    "expected a number (fixed<8, 4>), found `{cell}`: {hint}"
                ))
            );
        }
        let half = Some((Integer::from(-8), Integer::from(8)));
        assert_eq!(read("0.5", half), Ok(8));
        assert_eq!(
            read("0.6", half),
            Err("the value 0.6 is outside its declared range -0.5..=0.5".into())
        );
        assert_eq!(
            described(scalar, Form::Fixed(4), half),
            "fixed<8, 4> in -0.5..=0.5"
        );
    }

    #[test]
    fn floats_are_the_nearest_of_their_type() {
        let read = |cell: &str| text(cell, Scalar::unsigned(32), Form::Float, None);
        for (cell, float) in [
            ("0.1", 0.1f32),
            ("-3", -3.0),
            ("1e-40", 1e-40),
            (" -inf ", f32::NEG_INFINITY),
        ] {
            assert_eq!(read(cell), Ok(Word::from(float.to_bits())), "{cell}");
        }
        assert_eq!(read("NaN"), Ok(0x7fc0_0000));
        assert_eq!(
            read("1e39"),
            Err("the value 1e39 does not fit in f32".into())
        );
        assert!(read("").is_err_and(|e| e.contains("expected a number (f32)")));
        let integer = word(&Tree::Int(true, 3), Scalar::unsigned(32), Form::Float, None);
        assert_eq!(integer, read("-3"));
    }

    #[test]
    fn integers_are_read_in_hexadecimal_too() {
        let read = |cell: &str| text(cell, Scalar::unsigned(8), Form::Plain, None);
        assert_eq!((read("0x1f"), read(" 0X1_F ")), (Ok(31), Ok(31)));
        assert_eq!(
            read("0x100"),
            Err("the value 256 does not fit in u8 (0..=255)".into())
        );
        for wrong in ["0x", "0x+1", "0x1g", "-0x1", "1f", "0x_"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let all = format!("0x{}", "f".repeat(32));
        assert_eq!(
            text(&all, Scalar::unsigned(128), Form::Plain, None),
            Ok(u128::MAX)
        );
        assert!(text(&format!("{all}f"), Scalar::unsigned(128), Form::Plain, None).is_err());
    }

    #[test]
    fn hexadecimal_bytes_and_bits() {
        assert_eq!(hex("0x00fF", false), Ok(vec![0, 255]));
        assert_eq!(hex("0x1_2", true), Ok(vec![0, 0, 0, 1, 0, 0, 1, 0]));
        assert!(hex("0x123", false).is_err_and(|e| e.contains("whole bytes")));
        for wrong in ["12", "0xg0", "", "x"] {
            assert!(hex(wrong, false).is_err(), "{wrong}");
        }
    }
}
