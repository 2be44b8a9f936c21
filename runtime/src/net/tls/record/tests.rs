//! Records against those of the TLS library, and what is not a record that may come.

use std::io::{Read, Write};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::cipher_suite as suites;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedCipherSuite,
};

use super::*;
use crate::keys::{SUBJECT_NAME, provider};
use crate::net::tls::tests::{configs, party};
use crate::net::tls::{PinnedServer, Setup};

/// The two ends of a connection whose handshake is over, the client first, and what was logged at each.
fn ends(suite: SupportedCipherSuite) -> [(Connection, Arc<Traffic>); 2] {
    let all = configs(2, Duration::from_secs(20));
    let traffic = [Traffic::new(), Traffic::new()];
    let mut only = CryptoProvider::clone(&provider());
    only.cipher_suites = vec![suite];
    let verifier = PinnedServer::new(party(1), &all[0].peers[0].certificate, Arc::new([])).unwrap();
    let mut client = ClientConfig::builder_with_provider(Arc::new(only))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(
            vec![all[0].identity.certificate().0.clone()],
            all[0].identity.private_key().unwrap(),
        )
        .unwrap();
    client.enable_secret_extraction = true;
    client.key_log = traffic[0].clone();
    let mut server = ServerConfig::clone(&Setup::new(&all[1]).unwrap().server);
    server.key_log = traffic[1].clone();
    let name = ServerName::try_from(SUBJECT_NAME).unwrap();
    let client = ClientConnection::new(Arc::new(client), name).unwrap();
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    let mut ends = [Connection::Client(client), Connection::Server(server)];
    while ends.iter().any(|end| end.is_handshaking()) {
        let [client, server] = &mut ends;
        pass(client, server);
        pass(server, client);
    }
    let mut traffic = traffic.into_iter();
    ends.map(|end| (end, traffic.next().unwrap()))
}

/// Gives what one end has to send to the other.
fn pass(from: &mut Connection, to: &mut Connection) {
    let mut sent = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut sent).unwrap();
    }
    feed(to, &sent);
}

fn feed(to: &mut Connection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        to.read_tls(&mut bytes).unwrap();
        to.process_new_packets().unwrap();
    }
}

/// Both ends with their directions apart.
fn both() -> [(Seal, Open); 2] {
    ends(suites::TLS13_AES_128_GCM_SHA256).map(|(end, traffic)| split(end, &traffic).unwrap())
}

/// What each record says, and all data.
fn opened(open: &mut Open, bytes: &mut [u8]) -> io::Result<(Vec<Opened>, Vec<u8>)> {
    let (mut all, mut data, mut rest) = (Vec::new(), Vec::new(), bytes);
    while let Some((header, more)) = rest.split_first_chunk_mut::<HEADER_LEN>() {
        let (sealed, more) = more.split_at_mut(Open::len(*header)?);
        let one = open.open(*header, sealed)?;
        if let Opened::Data(range) = &one {
            data.extend_from_slice(&sealed[range.clone()]);
        }
        all.push(one);
        rest = more;
    }
    Ok((all, data))
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + (i >> 8)) as u8).collect()
}

/// Whichever end it is and whatever the cipher, over many changes of keys, at this side's limit and when the other asks.
#[test]
fn the_library_understands_what_is_sealed_and_the_other_way_round() {
    for suite in [
        suites::TLS13_AES_128_GCM_SHA256,
        suites::TLS13_AES_256_GCM_SHA384,
        suites::TLS13_CHACHA20_POLY1305_SHA256,
    ] {
        for ours in [0, 1] {
            let mut ends = Vec::from(ends(suite));
            let (end, traffic) = ends.remove(ours);
            let (mut library, _) = ends.remove(0);
            let (mut seal, mut open) = split(end, &traffic).unwrap();
            seal.limit = 3;
            for round in 0..3 {
                let message = bytes(50_000 + round);
                let mut sent = Vec::new();
                seal.data([&message[..100], &message[100..]], &mut sent)
                    .unwrap();
                // Changes of keys stand between.
                assert!(sent.len() > message.len() + 5 * (HEADER_LEN + SEAL_LEN));
                let mut got = Vec::new();
                let mut rest = &sent[..];
                while !rest.is_empty() {
                    library.read_tls(&mut rest).unwrap();
                    library.process_new_packets().unwrap();
                    let mut some = [0; 20_000];
                    if let Ok(n) = library.reader().read(&mut some) {
                        got.extend_from_slice(&some[..n]);
                    }
                }
                assert!(got == message);

                library.writer().write_all(&message[..1000]).unwrap();
                library.refresh_traffic_keys().unwrap();
                library.writer().write_all(&message[1000..30_000]).unwrap();
                let mut came = Vec::new();
                while library.wants_write() {
                    library.write_tls(&mut came).unwrap();
                }
                let (records, data) = opened(&mut open, &mut came).unwrap();
                assert!(data == message[..30_000]);
                assert!(records.contains(&Opened::Updated(true)));
                let mut answer = Vec::new();
                seal.update(false, &mut answer).unwrap();
                feed(&mut library, &answer);
            }
            let mut last = Vec::new();
            seal.close(&mut last).unwrap();
            let mut rest = &last[..];
            library.read_tls(&mut rest).unwrap();
            assert!(library.process_new_packets().unwrap().peer_has_closed());
            library.send_close_notify();
            let mut came = Vec::new();
            library.write_tls(&mut came).unwrap();
            let (records, _) = opened(&mut open, &mut came).unwrap();
            assert_eq!(records, [Opened::Closed]);
        }
    }
}

/// The other side may ask for a change of this side's key as well, and answers are no such request.
#[test]
fn a_request_for_a_new_key_is_passed_on() {
    let [(mut seal, _), (_, mut open)] = both();
    let mut sent = Vec::new();
    for asks in [true, false] {
        seal.update(asks, &mut sent).unwrap();
        seal.data([b"x", b""], &mut sent).unwrap();
    }
    let (records, data) = opened(&mut open, &mut sent).unwrap();
    let data_at = |i: usize| matches!(records[i], Opened::Data(_));
    assert_eq!(records[0], Opened::Updated(true));
    assert_eq!(records[2], Opened::Updated(false));
    assert!(data_at(1) && data_at(3) && records.len() == 4);
    assert_eq!(data, b"xx");
}

#[test]
fn what_was_changed_repeated_or_left_out_is_not_opened() {
    let refused = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let [(mut seal, _), (_, mut open)] = both();
        let mut records: Vec<Vec<u8>> = (0..3)
            .map(|i| {
                let mut record = Vec::new();
                seal.data([&[i], &bytes(100)], &mut record).unwrap();
                record
            })
            .collect();
        change(&mut records);
        let result = opened(&mut open, &mut records.concat());
        result.is_err_and(|e| e.kind() == io::ErrorKind::InvalidData)
    };
    assert!(!refused(&|_| {}));
    for byte in [0, 1, 2, 5, 50, 105, 106, 121] {
        assert!(refused(&|records| records[1][byte] ^= 1), "byte {byte}");
    }
    assert!(refused(&|records| records.swap(0, 1)));
    assert!(refused(&|records| records[1] = records[0].clone()));
    assert!(refused(&|records| drop(records.remove(1))));
}

/// An end that holds the keys and says what has no place.
#[test]
fn what_has_no_place_after_a_handshake_is_refused() {
    let open = |kind: u8, content: &[u8]| {
        let [(mut seal, _), (_, mut open)] = both();
        let mut record = Vec::new();
        seal.record(kind, [content, &[]], &mut record).unwrap();
        opened(&mut open, &mut record).map(|(records, data)| (records.len(), data))
    };
    assert_eq!(open(DATA, b"data").unwrap(), (1, b"data".to_vec()));
    // Padding: zeros, and the type that is sealed behind them is one too.
    assert_eq!(open(0, &[1, 2, DATA, 0, 0]).unwrap(), (1, vec![1, 2]));
    let too_long = vec![1; CONTENT_CAP + 1];
    let refused: [(u8, &[u8]); 11] = [
        (0, &[0; 30]),
        (20, &[1]),
        (HANDSHAKE, &[]),
        (HANDSHAKE, &[24, 0, 0, 1]),
        (HANDSHAKE, &[24, 0, 0, 1, 2]),
        (HANDSHAKE, &[24, 0, 0, 1, 0, 0]),
        (HANDSHAKE, &[4, 0, 0, 1, 0]),
        (ALERT, &[2, 40]),
        (ALERT, &[1]),
        (99, &[1]),
        (DATA, &too_long),
    ];
    for (kind, content) in refused {
        let error = open(kind, content).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{kind}");
    }
    for header in [
        [HANDSHAKE, 3, 3, 1, 0],
        [ALERT, 3, 3, 0, 30],
        [DATA, 3, 3, 0, 16],
        [DATA, 3, 3, 65, 1],
    ] {
        assert!(Open::len(header).is_err(), "{header:?}");
    }
    assert_eq!(Open::len([DATA, 3, 3, 65, 0]).unwrap(), SEALED_CAP);
}

#[test]
fn records_without_data_come_to_an_end() {
    let [(mut seal, _), (_, mut open)] = both();
    let mut send = |n: u32, data: &[u8]| {
        let mut sent = Vec::new();
        for _ in 0..n {
            seal.record(DATA, [&[], &[]], &mut sent).unwrap();
        }
        seal.data([data, &[]], &mut sent).unwrap();
        opened(&mut open, &mut sent).map(|(_, data)| data)
    };
    assert_eq!(send(IDLE_CAP, b"a").unwrap(), b"a");
    assert_eq!(send(IDLE_CAP, b"b").unwrap(), b"b");
    assert!(send(IDLE_CAP + 1, b"c").is_err());
}
