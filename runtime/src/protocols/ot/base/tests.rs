//! Both kinds of base OTs: keys, known answers, and what a peer may send instead.

use super::*;
use crate::error::Fault;
use crate::hash::sha256;
use crate::party::PartyId;
use crate::prg::PrgKey;
use crate::protocols::ot::{Context, Instance};

const SESSION: [u8; 32] = [5; 32];
const RECEIVER: PartyId = PartyId::new(0);
const SENDER: PartyId = PartyId::new(1);

fn context(instance: Instance) -> Context {
    Context::new(&SESSION, SENDER, RECEIVER, instance)
}

/// What one of the protocols gives both sides, and what was sent.
struct Transfers {
    pairs: Vec<[Label; 2]>,
    choices: Vec<u64>,
    keys: Vec<Label>,
    from_receiver: Vec<u8>,
    from_sender: Vec<u8>,
}

type Run = fn(&Context, usize, &[u64], u8) -> Transfers;
type Take = fn(&Context, usize, &[u8]) -> Result<(), Error>;

/// One of the protocols.
struct Kind {
    name: &'static str,
    run: Run,
    /// What a receiver and a sender of so many transfers make of a message.
    receive: Take,
    send: Take,
    /// Points of the sender's message for three transfers.
    n_sent: usize,
    /// The hash of five transfers.
    recorded: &'static str,
}

macro_rules! kind {
    ($protocol:ident, $n_sent:literal, $recorded:literal) => {{
        let run: Run = |context, n, choices, seed| {
            let key = |i| {
                let mut key = [0; 16];
                (key[0], key[1]) = (seed, i);
                PrgKey::from_bytes(key)
            };
            let (receiver, from_receiver) =
                $protocol::Receiver::with_key(context, n, choices, &key(0));
            let (sender, from_sender) = $protocol::Sender::with_key(context, n, &key(1));
            assert_eq!(from_receiver.len(), $protocol::receiver_len(n));
            let sent = sender.finish(&from_receiver).unwrap();
            let received = receiver.finish(&from_sender).unwrap();
            Transfers {
                pairs: sent.pairs.to_vec(),
                choices: received.choices.to_vec(),
                keys: received.keys.to_vec(),
                from_receiver,
                from_sender: from_sender.to_vec(),
            }
        };
        Kind {
            name: stringify!($protocol),
            run,
            receive: |context, n, message| {
                let key = PrgKey::from_bytes([1; 16]);
                let (receiver, _) = $protocol::Receiver::with_key(context, n, &[0], &key);
                receiver.finish(message).map(drop)
            },
            send: |context, n, message| {
                let key = PrgKey::from_bytes([1; 16]);
                let (sender, _) = $protocol::Sender::with_key(context, n, &key);
                sender.finish(message).map(drop)
            },
            n_sent: $n_sent,
            recorded: $recorded,
        }
    }};
}

fn kinds() -> [Kind; 2] {
    [
        kind!(
            endemic,
            3,
            "sha256:08ba52a7b3f525f98a7f489cb8aa04eb5b3a3ebc24a4e72786314c742e69f0cd"
        ),
        kind!(
            semi_honest,
            1,
            "sha256:d66109981354b6a4e9846f87f135562ddee24fa07abbfbcad2fc5f66abb871a2"
        ),
    ]
}

#[test]
fn keys_agree_where_chosen_and_only_there() {
    for kind in kinds() {
        let choices = [0x9f3c_21d7_0b5a_e864, 0x2d];
        let all = (kind.run)(&context(Instance::Hashed), 70, &choices, 3);
        let mut seen = Vec::new();
        for (i, (pair, chosen)) in all.pairs.iter().zip(&all.keys).enumerate() {
            let b = (choices[i / 64] >> (i % 64) & 1) as usize;
            assert_eq!(all.choices[i / 64] >> (i % 64) & 1, b as u64);
            assert!(*chosen == pair[b] && *chosen != pair[1 - b]);
            seen.extend(pair.map(|l| l.0));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 140, "{}: all keys differ", kind.name);
    }
}

/// The hash of messages and keys for fixed seeds, which an implementation apart from this one (of RFC 9496, FIPS-197 and the steps
/// of the two protocols) gives as well.
#[test]
fn transfers_are_the_recorded_ones() {
    for kind in kinds() {
        let all = (kind.run)(&context(Instance::Hashed), 5, &[0b01101], 7);
        let mut bytes = [all.from_receiver, all.from_sender].concat();
        bytes.extend(all.pairs.as_flattened().iter().flat_map(|l| l.to_bytes()));
        assert_eq!(sha256(&bytes).to_string(), kind.recorded, "{}", kind.name);
    }
}

#[test]
fn keys_depend_on_session_roles_and_use() {
    let contexts = [
        Context::new(&SESSION, RECEIVER, SENDER, Instance::Hashed),
        Context::new(&SESSION, SENDER, RECEIVER, Instance::Hashed),
        Context::new(&SESSION, RECEIVER, SENDER, Instance::Labels),
        Context::new(&[6; 32], RECEIVER, SENDER, Instance::Hashed),
        Context::new(&SESSION, RECEIVER, SENDER, Instance::Hashed).reversed(),
    ];
    for kind in kinds() {
        let mut firsts = contexts
            .each_ref()
            .map(|context| (kind.run)(context, 1, &[0], 3).pairs[0][0].0)
            .to_vec();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), contexts.len(), "{}", kind.name);
    }
}

#[test]
fn bad_points_are_their_senders_fault() {
    let context = context(Instance::Hashed);
    let identity = [0; 32];
    // The field's order is a non-canonical zero; an odd number is the negative of a canonical one; 2 is no point's encoding.
    let mut order = [0xff; 32];
    (order[0], order[31]) = (0xed, 0x7f);
    let mut negative = [0; 32];
    negative[0] = 1;
    let mut no_point = [0; 32];
    no_point[0] = 2;
    for kind in kinds() {
        let good = (kind.run)(&context, 3, &[0], 1);
        let mut high = [0; 32];
        high.copy_from_slice(&good.from_sender[..32]);
        high[31] |= 0x80;
        for (message, take, party) in [
            (&good.from_sender, kind.receive, SENDER),
            (&good.from_receiver, kind.send, RECEIVER),
        ] {
            take(&context, 3, message).unwrap();
            let fault = |message: &[u8]| {
                let error = take(&context, 3, message).expect_err("it was taken");
                assert_eq!(error.fault(), Fault::Peer(party), "{}", kind.name);
            };
            for bad in [identity, order, negative, high, no_point, [0xff; 32]] {
                for at in 0..message.len() / 32 {
                    let mut message = message.clone();
                    message[32 * at..32 * (at + 1)].copy_from_slice(&bad);
                    fault(&message);
                }
            }
            for len in [0, 1, message.len() - 1, message.len() - 32] {
                fault(&message[..len]);
            }
            fault(&[message, &message[..32]].concat());
        }
        assert_eq!(good.from_sender.len(), 32 * kind.n_sent);
    }
}

/// One exponent of the sender for a whole batch: what it makes of equal points still differs from transfer to transfer.
#[test]
fn equal_points_have_different_keys() {
    let context = context(Instance::Hashed);
    let one = (kinds()[1].run)(&context, 1, &[0], 1).from_receiver;
    let key = PrgKey::from_bytes([1; 16]);
    let (sender, _) = semi_honest::Sender::with_key(&context, 2, &key);
    let pairs = sender.finish(&one.repeat(2)).unwrap().pairs;
    assert!(pairs[0][0] != pairs[1][0] && pairs[0][1] != pairs[1][1]);
}
