//! Days, seconds and short texts as words, and back: what a program computes with, and what files and reports spell.
//!
//! Dates are of the proleptic Gregorian calendar, spelt as ISO 8601 does; a moment is in UTC. The conversion between days
//! and dates is that of H. Hinnant ("chrono-compatible low-level date algorithms"): years begin in March, so that the leap
//! day is the last.

// As `value::Word`, which this file is below of.
type Word = u128;

/// Days of the years 1 to 9999, which have four digits.
pub const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// Seconds of the same years.
pub const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

const DAY: i64 = 86_400;

/// The days from 1970-01-01 to the date that a text spells: `2024-02-29`.
pub fn date(text: &str) -> Option<i32> {
    let mut rest = text;
    let days = take_date(&mut rest)?;
    rest.is_empty().then_some(days)
}

/// The seconds from 1970-01-01T00:00:00Z to the moment that a text spells: `2024-02-29T10:30:00Z`. Seconds, and the time
/// altogether, may be left out, and so may a fraction of a second, which is zero; without a zone it is UTC.
pub fn datetime(text: &str) -> Option<i64> {
    let mut rest = text;
    let days = take_date(&mut rest)?;
    let mut seconds = i64::from(days) * DAY;
    if rest.is_empty() {
        return Some(seconds);
    }
    if !(take(&mut rest, 'T') || take(&mut rest, 't') || take(&mut rest, ' ')) {
        return None;
    }
    seconds += i64::from(take_number(&mut rest, 2, 23)?) * 3600;
    seconds += take(&mut rest, ':')
        .then(|| take_number(&mut rest, 2, 59))?
        .map(i64::from)?
        * 60;
    if take(&mut rest, ':') {
        seconds += i64::from(take_number(&mut rest, 2, 59)?);
        // Programs write whole seconds with zeros behind, too.
        if take(&mut rest, '.') {
            let parts = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (digits, behind) = rest.split_at(parts);
            if digits.is_empty() || digits.bytes().any(|b| b != b'0') {
                return None;
            }
            rest = behind;
        }
    }
    let east = take(&mut rest, '+');
    if east || take(&mut rest, '-') {
        let hours = i64::from(take_number(&mut rest, 2, 23)?);
        take(&mut rest, ':');
        let offset = hours * 3600 + i64::from(take_number(&mut rest, 2, 59)?) * 60;
        seconds += if east { -offset } else { offset };
    } else if !take(&mut rest, 'Z') {
        take(&mut rest, 'z');
    }
    (rest.is_empty() && SECONDS.contains(&seconds)).then_some(seconds)
}

/// The text of a date. Years that have not four digits are spelt with a sign and six.
pub fn date_text(days: i32) -> String {
    let (year, month, day) = civil(i64::from(days));
    if (0..=9999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+07}-{month:02}-{day:02}")
    }
}

/// The text of a moment. Years beyond those of a date are spelt with as many digits as they have.
pub fn datetime_text(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let date = if (0..=9999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+07}-{month:02}-{day:02}")
    };
    format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The word of a text of at most `len` bytes, at most 16: its bytes from the highest down, with zeros behind. So words have the
/// order of their texts. No text has a zero byte.
pub fn word(text: &str, len: usize) -> Option<Word> {
    if text.len() > len || len > 16 || text.bytes().any(|b| b == 0) {
        return None;
    }
    let bytes = text.bytes().chain(std::iter::repeat(0)).take(len);
    Some(bytes.fold(0, |word, byte| word << 8 | Word::from(byte)))
}

/// The text of a word of so many bytes.
pub fn text(word: Word, len: usize) -> String {
    let bytes = word.to_be_bytes();
    let bytes = bytes.get(16usize.saturating_sub(len)..).unwrap_or(&[]);
    let end = bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn take(rest: &mut &str, c: char) -> bool {
    let stripped = rest.strip_prefix(c);
    *rest = stripped.unwrap_or(rest);
    stripped.is_some()
}

/// A number of so many digits, at most `most`.
fn take_number(rest: &mut &str, digits: usize, most: i32) -> Option<i32> {
    let number = rest.get(..digits)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    *rest = rest.get(digits..)?;
    number.parse().ok().filter(|n| *n <= most)
}

fn take_date(rest: &mut &str) -> Option<i32> {
    let year = take_number(rest, 4, 9999)?;
    let month = take(rest, '-').then(|| take_number(rest, 2, 12))??;
    let day = take(rest, '-').then(|| take_number(rest, 2, 31))??;
    let days = i32::try_from(days(i64::from(year), i64::from(month), i64::from(day))).ok()?;
    // What there is no such day of comes back as another one.
    let same = civil(i64::from(days)) == (i64::from(year), i64::from(month), i64::from(day));
    (same && DAYS.contains(&days)).then_some(days)
}

/// Days from 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (years + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_digit_years_comes_back() {
        let mut before: Option<(i64, i64, i64)> = None;
        for days in DAYS {
            let text = date_text(days);
            assert_eq!(date(&text), Some(days), "{text}");
            let now = civil(i64::from(days));
            if let Some((year, month, day)) = before {
                let next = [
                    (year, month, day + 1),
                    (year, month + 1, 1),
                    (year + 1, 1, 1),
                ];
                assert!(next.contains(&now), "{text}");
            }
            before = Some(now);
        }
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2000-03-01"), Some(11_017));
        assert_eq!(
            (date_text(*DAYS.start()), date_text(*DAYS.end())),
            ("0001-01-01".into(), "9999-12-31".into())
        );
        assert_eq!(date_text(DAYS.end() + 1), "+010000-01-01");
        date_text(i32::MIN);
        date_text(i32::MAX);
        datetime_text(i64::MIN);
        datetime_text(i64::MAX);
    }

    #[test]
    fn days_that_there_are_not_are_refused() {
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-02-30",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "2024-1-1",
            "24-01-01",
            "2024-01-01 ",
            "2024-01-01T",
            "20240101",
            "0000-01-01",
            "",
            "2024-01-é1",
            "+2024-01-01",
            "01.02.2024",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        assert!(date("2024-02-29").is_some() && date("2000-02-29").is_some());
    }

    #[test]
    fn moments_have_zones() {
        assert_eq!(datetime("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(datetime("1970-01-02 01:02:03"), Some(86_400 + 3_723));
        assert_eq!(datetime("1970-01-01T01:00+01:00"), Some(0));
        assert_eq!(datetime("1969-12-31T23:30:00-0030"), Some(0));
        assert_eq!(datetime("1970-01-03"), Some(2 * 86_400));
        assert_eq!(datetime("1970-01-01T00:00:07.000Z"), Some(7));
        assert_eq!(datetime("1970-01-01T01:00:07.0+01:00"), Some(7));
        for text in [
            "1970-01-01T00:00:07.Z",
            "1970-01-01T00:00:07.5Z",
            "1970-01-01T00:00.0Z",
        ] {
            assert_eq!(datetime(text), None, "{text}");
        }
        for text in [
            "1970-01-01T24:00",
            "1970-01-01T1:00",
            "1970-01-01T00:00:60",
            "1970-01-01T00:00:00.5",
            "1970-01-01T00",
            "1970-01-01T00:00 CET",
            "0001-01-01T00:00+01:00",
        ] {
            assert_eq!(datetime(text), None, "{text}");
        }
        for seconds in [0, -1, 951_782_400, *SECONDS.start(), *SECONDS.end()] {
            assert_eq!(datetime(&datetime_text(seconds)), Some(seconds));
        }
        assert_eq!(datetime_text(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn words_have_the_order_of_their_texts() {
        let texts = ["", "A", "AB", "B", "a", "ab", "b", "é", "ü", "日本"];
        for a in texts {
            let word_of = |t: &str| word(t, 9);
            assert_eq!(word_of(a).map(|w| text(w, 9)).as_deref(), Some(a));
            for b in texts {
                assert_eq!(word_of(a).cmp(&word_of(b)), a.cmp(b), "{a} {b}");
            }
        }
        assert_eq!(word("abc", 3), Some(0x61_6263));
        assert_eq!(word("abc", 2), None);
        assert_eq!(word("a\0", 3), None);
        assert!(word(&"x".repeat(16), 16).is_some() && word("", 17).is_none());
        assert_eq!(text(Word::MAX, 1), "\u{fffd}");
    }
}
