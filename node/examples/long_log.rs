//! A log of many lines, to see how long it takes to verify: `long_log LINES FOLDER` writes `audit.log`, `head` and `key` there.

use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::{Chain, Event};
use smpcc_study::signature::SigningKey;
use smpcc_study::study::Time;
use std::io::{BufWriter, Write};
use std::path::Path;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [lines, folder] = &args[..] else {
        panic!("long_log LINES FOLDER");
    };
    let folder = Path::new(folder);
    let key = SigningKey::fresh().expect("a key");
    let mut chain = Chain::new(&key.public());
    let log = std::fs::File::create(folder.join("audit.log")).expect("a file");
    let mut log = BufWriter::new(log);
    let study = StudyId([1; 32]);
    for i in 0..lines.parse().expect("a number of lines") {
        let event = match i % 1000 {
            999 => Event::Signed(chain.head(&key).signature),
            _ => Event::Received(study, ContributionId(u128::from(i).to_be_bytes()), [2; 32]),
        };
        let line = chain.append(Time(1_800_000_000 + i), &event);
        log.write_all(line.as_bytes()).expect("written");
    }
    log.flush().expect("written");
    std::fs::write(folder.join("head"), format!("head {}\n", chain.head(&key))).expect("written");
    std::fs::write(folder.join("key"), key.public().to_string()).expect("written");
}
