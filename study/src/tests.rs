//! From values to files of nodes and back, and what happens to files that are not what they should be.

use crate::deal::{Giver, deal};
use crate::id::StudyId;
use crate::open::{Held, open, shares};
use crate::schema::Value;
use crate::schema::tests::sample;
use crate::seal::{DataKey, SealingKey};
use crate::share_file::{self, Header, Key, Kind, SealTo, Wanted};
use smpcc_circuit::program::{Shape, Suite, Threat};
use smpcc_circuit::value::Scalar;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::Elements;

const STUDY: StudyId = StudyId([7; 32]);

const SCHEMES: [Scheme; 5] = [
    scheme(Suite::TwoParty, 2, 1),
    scheme(Suite::Rep3, 3, 1),
    scheme(Suite::Gmw, 4, 3),
    scheme(Suite::Bgw, 5, 1),
    scheme(Suite::Rep4, 4, 1),
];

const fn scheme(suite: Suite, n_parties: u32, threshold: u32) -> Scheme {
    Scheme {
        suite,
        n_parties,
        threshold,
    }
}

fn giver(scheme: Scheme) -> Giver<'static> {
    Giver {
        study: STUDY,
        scheme,
        threat: Threat::SemiHonest,
        whose: "person",
        made: 1_700_000_000,
    }
}

fn values() -> Vec<(Value, Vec<Elements>)> {
    let words = |(scalar, lanes): &(Scalar, u64)| {
        let words = (0..u128::from(*lanes)).map(|i| u128::MAX / 7 * (i + 2));
        Elements::of_words(scalar.width(), words)
    };
    let value = sample();
    let words = value.leaves.iter().map(words).collect();
    vec![(value, words)]
}

fn bit(bit: u128) -> Vec<(Value, Vec<Elements>)> {
    let value = Value {
        name: "x".into(),
        shape: Shape(Vec::new()),
        leaves: vec![(Scalar::Bool, 1)],
    };
    vec![(value, vec![Elements::of_words(1, [bit].into_iter())])]
}

/// The sealed files of all nodes, and their keys.
fn files(scheme: Scheme) -> Vec<(SealingKey, Vec<u8>)> {
    let dealt = deal(&giver(scheme), &values()).unwrap();
    dealt
        .iter()
        .map(|node| {
            let key = SealingKey::fresh().unwrap();
            let to = SealTo::Node(&key.public());
            let bytes = share_file::write(&node.header, &node.parts, &to).unwrap();
            (key, bytes)
        })
        .collect()
}

fn opened(files: &[(SealingKey, Vec<u8>)]) -> Vec<Held> {
    files
        .iter()
        .map(|(key, bytes)| share_file::open(bytes, &Key::Node(key)).unwrap())
        .collect()
}

#[test]
fn what_is_dealt_and_sealed_is_opened() {
    for scheme in SCHEMES {
        let held = opened(&files(scheme));
        let least = scheme.least();
        for (from, checked) in [(0, held.len() > least), (held.len() - least, false)] {
            let result = open(&held[from..], &[]).unwrap();
            assert_eq!(result.checked, checked, "{scheme:?}");
            let (value, words) = &values()[0];
            assert_eq!(&result.values[0].0, value);
            assert!(result.values[0].1.iter().map(|w| &**w).eq(words));
        }
        let why = open(&held[1..least], &[]).err().unwrap().to_string();
        assert!(why.contains(&format!("{least} of the")), "{why}");
    }
}

#[test]
fn every_flipped_byte_and_every_cut_is_refused() {
    let (key, bytes) = files(SCHEMES[1]).swap_remove(1);
    let opens = |bytes: &[u8]| share_file::open(bytes, &Key::Node(&key)).is_ok();
    assert!(opens(&bytes));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(!opens(&changed), "byte {at}");
        assert!(!opens(&bytes[..at]), "cut at {at}");
    }
    assert!(!opens(&[&bytes[..], &[0]].concat()));
}

#[test]
fn blocks_cannot_be_left_out_or_exchanged() {
    let value = Value {
        name: "x".into(),
        shape: Shape(Vec::new()),
        leaves: vec![(Scalar::unsigned(64), 300_000)],
    };
    let words = Elements::of_words(64, 0..300_000);
    let scheme = SCHEMES[0];
    let dealt = deal(&giver(scheme), &[(value, vec![words])]).unwrap();
    let key = DataKey::fresh().unwrap();
    let bytes = share_file::write(&dealt[0].header, &dealt[0].parts, &SealTo::Data(&key)).unwrap();
    let opens = |bytes: &[u8]| share_file::open(bytes, &Key::Data(&key)).is_ok();
    assert!(opens(&bytes));
    let block = (1 << 20) + 16;
    let at = bytes.len() - (2_400_043 + 3 * 16);
    let exchanged = [
        &bytes[..at],
        &bytes[at + block..at + 2 * block],
        &bytes[at..at + block],
        &bytes[at + 2 * block..],
    ];
    assert_eq!(exchanged.concat().len(), bytes.len());
    assert!(!opens(&exchanged.concat()));
    assert!(!opens(&[&bytes[..at], &bytes[at + block..]].concat()));
    assert!(!opens(&bytes[..at + 2 * block]));
}

/// Values, parts and heads of parts lie across the borders of blocks.
#[test]
fn long_files_come_back_whole() {
    for lanes in [131_061, 131_062, 131_067, 300_000] {
        let value = Value {
            name: "x".into(),
            shape: Shape(Vec::new()),
            leaves: vec![(Scalar::unsigned(64), lanes), (Scalar::Bool, lanes)],
        };
        let words = |width: u32| {
            let words = (0..u128::from(lanes)).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            Elements::of_words(width, words)
        };
        let given = vec![words(64), words(1)];
        let dealt = deal(&giver(SCHEMES[1]), &[(value, given.clone())]).unwrap();
        let held: Vec<Held> = (dealt.iter())
            .map(|node| {
                let key = DataKey::fresh().unwrap();
                let to = SealTo::Data(&key);
                let bytes = share_file::write(&node.header, &node.parts, &to).unwrap();
                share_file::open(&bytes, &Key::Data(&key)).unwrap()
            })
            .collect();
        let result = open(&held, &[]).unwrap();
        assert!(result.values[0].1.iter().map(|w| &**w).eq(&given));
    }
}

#[test]
fn a_file_says_why_it_is_not_the_one() {
    let all = files(SCHEMES[1]);
    let (key, bytes) = &all[0];
    let why = |r: Result<Held, crate::Error>| r.err().map(|e| e.to_string()).unwrap_or_default();
    let other = share_file::open(bytes, &Key::Node(&all[1].0));
    assert!(why(other).contains("another key"));
    assert!(why(share_file::open(b"smpcc shares 2\n\n", &Key::Node(key))).contains("version"));
    assert!(
        why(share_file::open(
            b"PK\x03\x04 something else",
            &Key::Node(key)
        ))
        .contains("no share")
    );
    let (header, _) = share_file::open(bytes, &Key::Node(key)).unwrap();
    let names = ["a", "b", "c"].map(str::to_owned);
    let wanted = Wanted {
        study: STUDY,
        scheme: SCHEMES[1],
        threat: Threat::SemiHonest,
        node: 0,
        names: &names,
        kind: Some(Kind::Contribution),
        id: Some(header.id),
    };
    assert_eq!(header.check(&wanted), Ok(()));
    let refusals = [
        (
            Wanted {
                study: StudyId([8; 32]),
                ..wanted
            },
            "another study",
        ),
        (
            Wanted {
                scheme: SCHEMES[0],
                ..wanted
            },
            "`two-party`",
        ),
        (
            Wanted {
                threat: Threat::Malicious,
                ..wanted
            },
            "semi-honest",
        ),
        (Wanted { node: 2, ..wanted }, "`a`, not of `c`"),
        (
            Wanted {
                kind: Some(Kind::Result),
                ..wanted
            },
            "contribution",
        ),
        (
            Wanted {
                id: Some(crate::id::ContributionId([0; 16])),
                ..wanted
            },
            "another one than its name",
        ),
    ];
    for (wanted, part) in refusals {
        let why = header.check(&wanted).err().map(|e| e.to_string());
        assert!(why.as_ref().is_some_and(|w| w.contains(part)), "{why:?}");
    }
}

#[test]
fn parts_that_are_not_those_of_the_manifest_are_refused() {
    let mut dealt = deal(&giver(SCHEMES[1]), &values()).unwrap().remove(2);
    dealt.parts[1].bytes[0] ^= 1;
    let key = DataKey::fresh().unwrap();
    let bytes = share_file::write(&dealt.header, &dealt.parts, &SealTo::Data(&key)).unwrap();
    let why = share_file::open(&bytes, &Key::Data(&key)).err().unwrap();
    assert!(why.to_string().contains("manifest"), "{why}");
}

#[test]
fn a_node_that_changed_its_share_is_named() {
    let names: Vec<String> = ["north", "east", "south", "west", "inn"]
        .map(str::to_owned)
        .to_vec();
    let mut held = opened(&files(SCHEMES[3]));
    held[3].1[0].bytes[5] ^= 4;
    let why = open(&held, &names).err().unwrap().to_string();
    assert!(why.contains("`west` against the others"), "{why}");
    // Two shares of two needed have no third one to be held against; that they give no bit is all that shows here.
    let why = open(&held[3..], &names).err().unwrap().to_string();
    assert!(why.contains("`west`, `inn` against"), "{why}");
    let mut mixed = opened(&files(SCHEMES[3]));
    mixed.truncate(1);
    mixed.push(held.remove(1));
    let why = open(&mixed, &names).err().unwrap().to_string();
    assert!(why.contains("not shares of the same values"), "{why}");
    // Of a replicated component the others hold the right one.
    for (scheme, liar) in [(SCHEMES[1], 2), (SCHEMES[4], 1)] {
        let mut held = opened(&files(scheme));
        held[liar].1[1].bytes[5] ^= 4;
        let why = open(&held, &names).err().unwrap().to_string();
        assert!(why.contains(&names[liar]), "{scheme:?} {why}");
    }
}

/// The view of a node under rep3 — its two components, its blinders and all commitments — takes as many values for 0 as for 1: the
/// components are uniform, and the third commitment hides its component.
#[test]
fn one_nodes_parts_and_all_commitments_do_not_tell_a_bit() {
    let view = |value: u128, node: usize| {
        let dealt = deal(&giver(SCHEMES[1]), &bit(value)).unwrap().remove(node);
        let header: &Header = &dealt.header;
        // A node can try both values of the component that it does not hold against its commitment, without its blinder.
        let missing = (node + 2) % 3;
        for guess in [[0], [1]] {
            for known in &dealt.parts {
                let blinder = known.blinder.as_ref().unwrap();
                let part = missing as u16;
                assert!(header.manifest().check(part, blinder, &guess).is_err());
            }
        }
        let held = shares(&(dealt.header, dealt.parts)).unwrap();
        (0..2)
            .map(|i| held[0][0].get(i) as usize)
            .fold(0, |v, b| 2 * v + b)
    };
    for node in 0..3 {
        let mut seen = [[0u32; 4]; 2];
        for _ in 0..600 {
            for value in 0..2 {
                seen[value as usize][view(value, node)] += 1;
            }
        }
        // Seven standard deviations about 150.
        assert!(
            seen.iter().flatten().all(|n| (75..225).contains(n)),
            "{seen:?}"
        );
    }
}
