//! `std::date`: the ends of the calendar, the days around ends of months and leap days, and days at random.

use super::agrees;
use smpcc_circuit::calendar::{DAYS, date, date_text};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Scalar, Word};

/// Year, month and day as they are spelt.
fn parts(day: i32) -> [i128; 3] {
    let text = date_text(day);
    let numbers: Vec<i128> = text.split('-').map(|n| n.parse().expect(&text)).collect();
    [numbers[0], numbers[1], numbers[2]]
}

#[test]
fn parts_of_dates_and_moments() {
    let text = "use std::date::{year, month, day, weekday, date_of, hour, minute, years_between};
fn main(x: [secret date; _] from each, t: [secret datetime; _] from each) -> ([u16; _], [u8; _], [u8; _], [u8; _], [date; _], [u8; _], [u8; _], [u16; _]) {
    let (all, moments) = (x.flatten(), t.flatten());
    (all.map(|d| year(d)), all.map(|d| month(d)), all.map(|d| day(d)), all.map(|d| weekday(d)), moments.map(|m| date_of(m)),
        moments.map(|m| hour(m)), moments.map(|m| minute(m)), all.map(|d| years_between(x[0][0], d)))
}";
    let mut random = SplitMix::new(12);
    let mut days = vec![*DAYS.start(), *DAYS.end()];
    for year in [
        "0004", "0100", "1600", "1900", "1970", "2000", "2024", "2100",
    ] {
        for end in ["01-01", "02-28", "03-01", "12-31"] {
            days.push(date(&format!("{year}-{end}")).expect("a date"));
        }
    }
    let span = u64::from(DAYS.end().abs_diff(*DAYS.start()));
    for _ in 0..60 {
        days.push(DAYS.start() + i32::try_from(random.below(span)).expect("a day"));
    }
    days.sort_unstable();
    let seconds: Vec<i64> = (days.iter())
        .map(|&d| i64::from(d) * 86_400 + i64::try_from(random.below(86_400)).expect("seconds"))
        .collect();
    let of = |f: &dyn Fn(i32) -> i128| -> Vec<i128> { days.iter().map(|&d| f(d)).collect() };
    let in_day = |unit: i64, of: i64| -> Vec<i128> {
        (seconds.iter())
            .map(|s| i128::from(s.rem_euclid(86_400) / unit % of))
            .collect()
    };
    let first = parts(days[0]);
    let expected = [
        of(&|d| parts(d)[0]),
        of(&|d| parts(d)[1]),
        of(&|d| parts(d)[2]),
        // 1970-01-01 was a Thursday.
        of(&|d| i128::from((d + 3).rem_euclid(7)) + 1),
        of(&i128::from),
        in_day(3_600, 24),
        in_day(60, 60),
        of(&|d| {
            let at = parts(d);
            at[0] - first[0] - i128::from(at[1..] < first[1..])
        }),
    ];
    let (day, moment) = (Scalar::signed(32), Scalar::signed(64));
    let words: Vec<Word> = days
        .iter()
        .map(|&d| day.wrap(i128::from(d) as Word))
        .collect();
    let moments: Vec<Word> = (seconds.iter())
        .map(|&s| moment.wrap(i128::from(s) as Word))
        .collect();
    let (a, b) = words.split_at(7);
    let (c, d) = moments.split_at(7);
    agrees(
        text,
        &["x", "t"],
        [vec![a.to_vec(), c.to_vec()], vec![b.to_vec(), d.to_vec()]],
        &expected,
    );
}
