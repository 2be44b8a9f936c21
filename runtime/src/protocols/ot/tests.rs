//! OT against its ideal functionality, known answers, and what a peer may send instead.

use super::base::{ReceivedKeys, SentKeys, endemic, semi_honest};
use super::random::{self, Route};
use super::softspoken::Fields;
use super::*;
use crate::bits::words_for;
use crate::block::Label;
use crate::error::Fault;
use crate::hash::sha256;
use crate::mask::Mask;
use crate::prg::{Prg, PrgKey};
use crate::protocols::SemiHonest;
use crate::ring::{Element, Elements, each};

const SESSION: [u8; 32] = [5; 32];

fn context(instance: Instance) -> Context {
    Context::new(&SESSION, PartyId::new(1), PartyId::new(0), instance)
}

fn bit(words: &[u64], i: usize) -> bool {
    random::bit(words, i) == 1
}

fn words(seed: u8, n: usize) -> Vec<u64> {
    let mut words = vec![0; n];
    Prg::new(&PrgKey::from_bytes([seed; 16])).fill_words(9, 0, &mut words);
    words
}

/// Base OTs as both sides have them.
struct Base {
    sent: SentKeys<SemiHonest>,
    received: ReceivedKeys<SemiHonest>,
}

/// Those that hold against anybody serve parties that follow the protocol as well; what is recorded here was made from them.
fn base(context: &Context, n: usize, choices: &[u64], seed: u8) -> Base {
    let key = |i| PrgKey::from_bytes([seed, i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (receiver, from_receiver) = endemic::Receiver::with_key(context, n, choices, &key(0));
    let (sender, from_sender) = endemic::Sender::with_key(context, n, &key(1));
    let sent = sender.finish(&from_receiver).unwrap();
    let received = receiver.finish(&from_sender).unwrap();
    Base {
        sent: SentKeys::new(sent.pairs),
        received: ReceivedKeys::new(received.choices, received.keys),
    }
}

type Extension = (
    softspoken::Sender<SemiHonest>,
    softspoken::Receiver<SemiHonest>,
);

fn extension(context: &Context, fields: Fields, delta: Label, seed: u8) -> Extension {
    let reversed = context.reversed();
    let base = base(&reversed, SECURITY, &fields.base_choices(delta), seed);
    let (receiver, corrections) = softspoken::Receiver::new(context, fields, base.sent).unwrap();
    let sender = softspoken::Sender::new(context, fields, base.received, &corrections).unwrap();
    assert!(sender.delta() == delta);
    (sender, receiver)
}

fn delta(seed: u8) -> Label {
    let w = words(seed, 2);
    Label(u128::from(w[0]) | u128::from(w[1]) << 64 | 1)
}

type Randoms = (random::Sender<SemiHonest>, random::Receiver<SemiHonest>);

fn randoms(route: Route, seed: u8) -> Randoms {
    let context = context(Instance::Hashed);
    match route {
        Route::Few => {
            let base = base(&context, 600, &words(seed, 10), seed);
            (
                random::Sender::few(&context, base.sent),
                random::Receiver::few(&context, base.received),
            )
        }
        Route::Many(fields) => {
            let (sender, receiver) = extension(&context, fields, delta(seed), seed);
            (
                random::Sender::many(&context, sender),
                random::Receiver::many(&context, receiver),
            )
        }
    }
}

fn routes() -> [Route; 2] {
    [Route::Few, Route::Many(Fields::DEFAULT)]
}

#[test]
fn trees_agree_but_in_one_place() {
    for levels in 1..=8 {
        let pairs: Vec<[Label; 2]> = words(levels as u8, 4 * levels)
            .chunks(4)
            .map(|w| [0, 2].map(|i| Label(u128::from(w[i]) << 64 | u128::from(w[i + 1]))))
            .collect();
        for place in [0, 1, (1 << levels) - 1, 0b1011_0110 % (1 << levels)] {
            let bits: Vec<bool> = (0..levels)
                .map(|l| place >> (levels - 1 - l) & 1 == 1)
                .collect();
            let keys: Vec<Label> = pairs
                .iter()
                .zip(&bits)
                .map(|(p, &b)| p[usize::from(!b)])
                .collect();
            let mut corrections = Vec::new();
            let all = tree::plant(&pairs, &mut corrections);
            assert_eq!(corrections.len(), tree::corrections_len(levels));
            assert_eq!(all.len(), 1 << levels);
            let bits: Vec<Mask> = bits.into_iter().map(Mask::public).collect();
            let known = tree::climb(&keys, &bits, &corrections);
            assert_eq!(known.len(), 1 << levels);
            assert!(known[0] == Label::ZERO);
            for y in 1..1 << levels {
                assert!(known[y] == all[y ^ place], "{levels} levels, place {place}");
            }
        }
    }
}

/// `w = v ⊕ u·Δ` for all sizes of fields, batches of any size one after the other, and choices that are the receiver's own.
#[test]
fn extended_transfers_are_correlated() {
    let sizes = [
        1usize, 2, 7, 8, 63, 64, 65, 127, 128, 129, 255, 299, 300, 2047, 2048, 2049, 5000,
    ];
    for k in [1, 2, 3, 4, 5, 7, 8] {
        let fields = Fields::new(k).unwrap();
        let context = context(Instance::Hashed);
        let (mut sender, mut receiver) = extension(&context, fields, delta(k as u8), k as u8);
        let mut number = 0;
        for (round, &n) in sizes.iter().enumerate() {
            let own = words(round as u8, words_for(n));
            let choices = (round % 2 == 1).then_some(&own[..]);
            let mut message = vec![9];
            let (mut u, mut v) = (Vec::new(), Vec::new());
            receiver
                .extend(n, choices, &mut message, |chunk| {
                    assert_eq!(chunk.number, number + chunk.at as u64);
                    u.extend(
                        chunk
                            .choices
                            .iter()
                            .flat_map(|c| [c.0 as u64, (c.0 >> 64) as u64]),
                    );
                    v.extend_from_slice(chunk.rows);
                })
                .unwrap();
            assert_eq!(message.len(), 1 + fields.message_len(n, choices.is_some()));
            if k == 4 {
                let columns = 31 + usize::from(choices.is_some());
                assert_eq!(message.len(), 1 + columns * n.div_ceil(8));
            }
            let mut w = Vec::new();
            sender
                .extend(n, choices.is_some(), &message[1..], |chunk| {
                    assert_eq!(chunk.number, number + chunk.at as u64);
                    w.extend_from_slice(chunk.rows);
                })
                .unwrap();
            assert_eq!((v.len(), w.len()), (n, n));
            for i in 0..n {
                assert!(
                    w[i] == v[i] ^ sender.delta().select(Mask::at(&u, i)),
                    "k {k}, OT {i} of {n}"
                );
                if choices.is_some() {
                    assert_eq!(bit(&u, i), bit(&own, i));
                }
            }
            let ones = u.iter().map(|w| w.count_ones() as usize).sum::<usize>();
            assert!(n < 255 || (n / 3..n).contains(&ones), "choices look random");
            number += n.div_ceil(128) as u64 * 128;
        }
    }
}

/// As the base transfers: the receiver's message and the sender's blocks, from trees to rows, were computed apart from this code too.
#[test]
fn extension_is_the_recorded_one() {
    let context = context(Instance::Hashed);
    let (mut sender, mut receiver) = extension(&context, Fields::DEFAULT, delta(1), 1);
    let mut message = Vec::new();
    let mut rows = Vec::new();
    receiver.extend(3000, None, &mut message, |_| ()).unwrap();
    sender
        .extend(3000, false, &message, |chunk| {
            rows.extend(chunk.rows.iter().flat_map(|l| l.to_bytes()));
        })
        .unwrap();
    assert_eq!(
        sha256(&message).to_string(),
        "sha256:ebf4ff0c0a41518e27fb25e4c9c33fe1bafdfec0e278a43fea678173a19bccab"
    );
    assert_eq!(
        sha256(&rows).to_string(),
        "sha256:4a66057d8e465b1a518a03e40600329640e1f3e8d341c62e642ea53670689a40"
    );
}

#[test]
fn messages_of_another_length_are_refused() {
    let context = context(Instance::Hashed);
    let (mut sender, _) = extension(&context, Fields::DEFAULT, delta(1), 1);
    for (n, fixed, len) in [
        (8, false, 30),
        (8, false, 32),
        (8, true, 31),
        (9, false, 31),
        (0, false, 1),
    ] {
        let error = sender.extend(n, fixed, &vec![0; len], |_| ()).unwrap_err();
        assert_eq!(error.fault(), Fault::Peer(PartyId::new(0)));
    }
    let (mut sender, _) = randoms(Route::Few, 1);
    let error = sender.answer(9, true, &[0], |_| ()).unwrap_err();
    assert_eq!(error.fault(), Fault::Peer(PartyId::new(0)));
    let reversed = context.reversed();
    for len in [0, 3071, 3073] {
        let base = base(&reversed, SECURITY, &[0; 2], 1);
        let wrong = vec![0; len];
        let error = softspoken::Sender::new(&context, Fields::DEFAULT, base.received, &wrong);
        assert_eq!(error.err().unwrap().fault(), Fault::Peer(PartyId::new(0)));
    }
    assert_eq!(Fields::DEFAULT.corrections_len(), 3072);
}

#[test]
fn random_strings_agree_where_chosen_and_only_there() {
    for route in routes() {
        let (mut sender, mut receiver) = randoms(route, 4);
        let mut all = Vec::new();
        let sizes = match route {
            Route::Few => vec![1, 3, 8, 77, 299],
            // Some of several chunks, so that both sides must change the hash's key at the same transfer.
            Route::Many(_) => vec![1, 3, 8, 77, 299, 2047, 2048, 2049, 5000],
        };
        for (round, n) in sizes.into_iter().enumerate() {
            let own = words(50 + round as u8, words_for(n));
            let choices = (round % 2 == 0).then_some(&own[..]);
            let mut message = Vec::new();
            let chosen = receiver.chosen(n, choices, &mut message).unwrap();
            assert_eq!(message.len(), route.message_len(n, choices.is_some()));
            let pairs = sender.pairs(n, choices.is_some(), &message).unwrap();
            assert_eq!((pairs.len(), chosen.strings.len()), (n, n));
            for (i, (pair, string)) in pairs.iter().zip(&chosen.strings).enumerate() {
                let b = bit(&chosen.choices, i);
                assert!(pair[usize::from(b)] == *string);
                if choices.is_some() {
                    assert_eq!(b, bit(&own, i));
                }
                all.extend(pair.map(|l| l.0));
            }
            // Chosen OT on top.
            let mine: Vec<[Label; 2]> = (0..n as u128)
                .map(|i| [Label(2 * i), Label(2 * i + 1)])
                .collect();
            let mut masked = Vec::new();
            random::mask(&pairs, &mine, &mut masked);
            assert_eq!(masked.len(), 32 * n);
            let got = random::unmask(&chosen, &masked).unwrap();
            for (i, got) in got.iter().enumerate() {
                assert!(*got == mine[i][usize::from(bit(&chosen.choices, i))]);
            }
            assert!(random::unmask(&chosen, &masked[1..]).is_none());
        }
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n, "no string comes twice");
    }
}

/// By the definition, over the rows of an extension of its own: the key of a chunk is the encryption of its first transfer's number
/// under the instance's key, and no key hashes more than 2,048 transfers.
#[test]
fn every_chunk_is_hashed_under_a_key_of_its_own() {
    let (context, fields) = (context(Instance::Hashed), Fields::DEFAULT);
    let (mut rows, _) = extension(&context, fields, delta(4), 4);
    let (mut sender, mut receiver) = randoms(Route::Many(fields), 4);
    let instance = context.transcript("smpcc/ot/hash keys").finish();
    let mut key = [0; 16];
    key.copy_from_slice(&instance.0[..16]);
    let instance = Prg::new(&PrgKey::from_bytes(key));
    let mut targets = std::collections::BTreeMap::<[u8; 16], usize>::new();
    for n in [1, 2048, 5000] {
        let mut message = Vec::new();
        receiver.chosen(n, None, &mut message).unwrap();
        let pairs = sender.pairs(n, false, &message).unwrap();
        let mut expected = Vec::new();
        rows.extend(n, false, &message, |chunk| {
            let key = instance.block(0, chunk.number);
            *targets.entry(key).or_default() += chunk.rows.len();
            let cipher = Prg::new(&PrgKey::from_bytes(key));
            let pi = |x: Label| Label::from_bytes(cipher.block(x.0 as u64, (x.0 >> 64) as u64));
            let hash = |x: Label, tweak: u64| pi(pi(x) ^ Label(tweak.into())) ^ pi(x);
            for (tweak, &row) in (chunk.number..).zip(chunk.rows.iter()) {
                expected.push([row, row ^ delta(4)].map(|x| hash(x, tweak)));
            }
        })
        .unwrap();
        assert!(*pairs == expected);
    }
    assert_eq!(targets.len(), 1 + 1 + 3);
    assert!(targets.values().all(|&n| n <= 2048));
}

#[test]
fn more_than_the_base_transfers_are_not_given() {
    let (mut sender, mut receiver) = randoms(Route::Few, 4);
    receiver.chosen(599, None, &mut Vec::new()).unwrap();
    assert_eq!(
        receiver
            .chosen(2, None, &mut Vec::new())
            .err()
            .unwrap()
            .fault(),
        Fault::Bug
    );
    assert_eq!(
        sender.pairs(601, false, &[]).unwrap_err().fault(),
        Fault::Bug
    );
}

#[test]
fn labels_differ_by_the_garblers_offset() {
    let context = context(Instance::Labels);
    let delta = delta(8);
    for many in [false, true] {
        let (mut sender, mut receiver) = if many {
            let (s, r) = extension(&context, Fields::DEFAULT, delta, 2);
            (
                labels::Sender::many(s).unwrap(),
                labels::Receiver::many(&context, r),
            )
        } else {
            let base = base(&context, 500, &words(3, 8), 2);
            (
                labels::Sender::few(&context, base.sent, delta).unwrap(),
                labels::Receiver::few(&context, base.received),
            )
        };
        assert!(sender.delta() == delta);
        for n in [1usize, 64, 101, 300] {
            let mut message = Vec::new();
            let asked = receiver.ask(n, &mut message).unwrap();
            assert_eq!(message.len(), receiver.route().message_len(n, false));
            let mut reply = Vec::new();
            let zeros = sender.answer(n, &message, &mut reply).unwrap();
            assert_eq!(reply.len(), labels::reply_len(sender.route(), n));
            let early = asked.choices().to_vec();
            let held = asked.finish(&reply).unwrap();
            assert_eq!(held.choices, early);
            assert_eq!((zeros.len(), held.labels.len()), (n, n));
            for (i, (label, zero)) in held.labels.iter().zip(zeros.iter()).enumerate() {
                assert!(*label == *zero ^ delta.select(Mask::at(&held.choices, i)));
            }
        }
        let asked = receiver.ask(2, &mut Vec::new()).unwrap();
        let error = asked.finish(&[0; 31]).err().unwrap();
        assert_eq!(error.fault(), Fault::Peer(PartyId::new(1)));
    }
    let base = base(&context, 1, &[0], 2);
    let even = Label(delta.0 & !1);
    assert!(labels::Sender::few(&context, base.sent, even).is_err());
}

#[test]
fn bits_are_multiplied() {
    for route in routes() {
        let (mut sender, mut receiver) = randoms(route, 5);
        for n in [1, 8, 63, 64, 65, 200] {
            for own in [false, true] {
                let b = words(n as u8, words_for(n));
                let fixed = own.then_some(&b[..]);
                let mut message = Vec::new();
                if route == Route::Few && n == 200 {
                    continue;
                }
                let mut mine =
                    products::receive_bits(&mut receiver, n, fixed, &mut message).unwrap();
                assert_eq!(message.len(), route.message_len(n, own));
                let mut theirs = products::send_bits(&mut sender, n, own, &message).unwrap();
                let check = |theirs: &products::SentBits, mine: &products::ReceivedBits| {
                    for i in 0..n {
                        let product = bit(&theirs.factors, i) & bit(&mine.factors, i);
                        assert_eq!(bit(&theirs.shares, i) ^ bit(&mine.shares, i), product);
                    }
                };
                check(&theirs, &mine);
                if own {
                    assert!((0..n).all(|i| bit(&mine.factors, i) == bit(&b, i)));
                }
                let a = words(99, words_for(n));
                let corrections = theirs.replace_factors(&a);
                mine.correct(&corrections);
                assert_eq!(theirs.factors, a);
                check(&theirs, &mine);
            }
        }
    }
}

#[test]
fn integers_are_multiplied_in_every_ring() {
    let (mut sender, mut receiver) = randoms(Route::Many(Fields::DEFAULT), 6);
    for ring in 1..=128u32 {
        for n in [1, 2, 3, 17] {
            let random = words(ring as u8, 4 * n);
            let pick = |i: usize| u128::from(random[i]) << 64 | u128::from(random[i + 1]);
            let a = Elements::of_words(ring, (0..n).map(|i| pick(4 * i)));
            let b = Elements::of_words(ring, (0..n).map(|i| pick(4 * i + 2)));
            let fixed = (n % 2 == 0).then_some(&b);
            let mut message = Vec::new();
            let pending =
                products::receive_products(&mut receiver, ring, n, fixed, &mut message).unwrap();
            let n_ots = products::products_ots(ring, n);
            let expected = Fields::DEFAULT.message_len(n_ots, fixed.is_some());
            assert_eq!(message.len(), expected);
            let mut reply = Vec::new();
            let theirs = products::send_products(
                &mut sender,
                ring,
                &a,
                fixed.is_some(),
                &message,
                &mut reply,
            )
            .unwrap();
            assert_eq!(reply.len(), products::products_len(ring, n));
            let (factors, mine) = pending.finish(&reply).unwrap();
            if let Some(b) = fixed {
                assert!(factors == *b);
            }
            for i in 0..n {
                let product = a.get(i).wrapping_mul(factors.get(i));
                let sum = theirs.get(i).wrapping_add(mine.get(i));
                let mask = smpcc_circuit::value::mask(ring);
                assert_eq!(sum & mask, product & mask, "{ring} bits, lane {i}");
                assert_eq!(theirs.get(i) & !mask, 0);
                assert_eq!(mine.get(i) & !mask, 0);
            }
        }
    }
    assert_eq!(products::products_len(64, 1), 260);
    let pending = products::receive_products(&mut receiver, 9, 2, None, &mut Vec::new()).unwrap();
    assert!(pending.finish(&[0; 11]).is_none());
    assert_eq!(products::products_len(9, 2), 12);
}

#[test]
fn products_are_the_recorded_ones() {
    let (mut sender, mut receiver) = randoms(Route::Many(Fields::DEFAULT), 6);
    let mut all = Vec::new();
    for ring in [5u32, 64, 100] {
        let a = Elements::of_words(ring, words(1, 40).into_iter().map(u128::from));
        let pending = products::receive_products(&mut receiver, ring, 40, None, &mut all).unwrap();
        let start =
            all.len() - Fields::DEFAULT.message_len(products::products_ots(ring, 40), false);
        let mut reply = Vec::new();
        products::send_products(&mut sender, ring, &a, false, &all[start..], &mut reply).unwrap();
        all.extend_from_slice(&reply);
        let (_, shares) = pending.finish(&reply).unwrap();
        each!(&shares, v => all.extend(v.iter().flat_map(|e| e.word().to_le_bytes())));
    }
    assert_eq!(
        sha256(&all).to_string(),
        "sha256:f7a7c662590037c83b1270a60a3d0d0dab773aa1a5fb9ef6886827febb2f0c4b"
    );
}

/// From the operating system's randomness: no two runs send the same bytes, and each direction has its own.
#[test]
fn no_two_instances_send_the_same_bytes() {
    let mut entropy = crate::prg::OsEntropy;
    let mut messages = Vec::new();
    for instance in [Instance::Hashed, Instance::Labels, Instance::Hashed] {
        let context = context(instance);
        let reversed = context.reversed();
        let delta = labels::fresh_delta(&mut entropy).unwrap();
        assert_eq!(delta.colour(), 1);
        let choices = Fields::DEFAULT.base_choices(*delta);
        let (r, from_r) =
            semi_honest::Receiver::new(&reversed, SECURITY, &choices, &mut entropy).unwrap();
        let (s, from_s) = semi_honest::Sender::new(&reversed, SECURITY, &mut entropy).unwrap();
        let (keys, fields) = (s.finish(&from_r).unwrap(), Fields::DEFAULT);
        let (mut receiver, corrections) =
            softspoken::Receiver::new(&context, fields, keys).unwrap();
        let keys = r.finish(&from_s).unwrap();
        let sender = softspoken::Sender::new(&context, fields, keys, &corrections).unwrap();
        assert!(sender.delta() == *delta);
        messages.extend(from_r.chunks(32).map(<[u8]>::to_vec));
        messages.extend(from_s.chunks(32).map(<[u8]>::to_vec));
        messages.extend(corrections.chunks(32).map(<[u8]>::to_vec));
        for _ in 0..2 {
            let mut extended = Vec::new();
            receiver.extend(256, None, &mut extended, |_| ()).unwrap();
            messages.extend(extended.chunks(32).map(<[u8]>::to_vec));
        }
    }
    let n = messages.len();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), n);
}
