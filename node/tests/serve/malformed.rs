//! What a client sends may be anything: each byte of a contribution changed, each length, and each field of its share file with a good
//! signature and a good seal around it. Whoever is nobody sends little.

use crate::later;
use crate::site::Site;
use smpcc_circuit::program::{ShapeNode, Suite, Threat};
use smpcc_circuit::value::Scalar;
use smpcc_node::{arrival, hosted};
use smpcc_study::contribution;
use smpcc_study::deal::ForNode;
use smpcc_study::https;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::manifest::Blinder;
use smpcc_study::share_file::{self, Kind, SealTo};
use smpcc_study::signature::SigningKey;
use std::io::{Read, Write};
use std::time::Duration;

#[test]
fn no_byte_of_a_contribution_may_differ() {
    let site = Site::new(1, later());
    let config = site.config("a");
    let studies = hosted::read(&config).expect("studies");
    let hosted = &studies[&site.study.id()];
    let (id, bodies) = site.contribution(0, 5);
    let body = &bodies[0];
    let refused = |body: &[u8]| {
        let error = arrival::check(hosted, &config.seal, &id, body).err();
        error.is_some_and(|e| (400..500).contains(&e.status()))
    };
    assert!(!refused(body));
    for at in 0..body.len() {
        for bit in [1, 0x80] {
            let mut changed = body.clone();
            changed[at] ^= bit;
            assert!(refused(&changed), "byte {at}");
        }
        assert!(refused(&body[..at]), "{at} bytes");
    }
    assert!(refused(&[&body[..], &[0]].concat()));
}

/// What is another thing about a share file, and how it becomes that.
type Change<'c> = (&'c str, &'c dyn Fn(&mut ForNode));

/// A client makes its own manifest and seals: neither makes a file right that is not what the study asks for.
#[test]
fn no_field_of_a_share_file_may_be_another() {
    let site = Site::new(1, later());
    let config = site.config("a");
    let studies = hosted::read(&config).expect("studies");
    let hosted = &studies[&site.study.id()];
    let check = |change: &dyn Fn(&mut ForNode)| {
        let (id, mut dealt) = site.dealt(5);
        change(&mut dealt[0]);
        let of_node = &dealt[0];
        let manifest = contribution::sign(&of_node.header.manifest(), &site.people[0]);
        let to = SealTo::Node(&site.study.terms().nodes[0].seal);
        let file = share_file::write(&of_node.header, &of_node.parts, &to)?;
        let body = contribution::join(&manifest, &file)?;
        arrival::check(hosted, &config.seal, &id, &body).map(|_| ())
    };
    assert_eq!(check(&|_| {}), Ok(()));
    // When somebody made it is that machine's clock, and means nothing.
    assert_eq!(check(&|d| d.header.made = u64::MAX), Ok(()));
    let changes: [Change<'_>; 24] = [
        ("kind", &|d| d.header.kind = Kind::Result),
        ("suite", &|d| d.header.scheme.suite = Suite::Bgw),
        ("nodes", &|d| d.header.scheme.n_parties = 4),
        ("threshold", &|d| d.header.scheme.threshold = 2),
        ("threat", &|d| d.header.threat = Threat::Malicious),
        ("node", &|d| d.header.node = 1),
        ("no node", &|d| d.header.node = u32::MAX),
        ("study", &|d| d.header.study = StudyId([0; 32])),
        ("id", &|d| d.header.id = ContributionId([0; 16])),
        ("whose", &|d| d.header.whose = "analyst".into()),
        ("whose, by number", &|d| d.header.whose = "person[0]".into()),
        ("session", &|d| d.header.session = "x".into()),
        ("no values", &|d| d.header.values.clear()),
        ("a value twice", &|d| {
            let value = d.header.values[0].clone();
            d.header.values.push(value);
        }),
        ("name", &|d| d.header.values[0].name = "wages".into()),
        ("shape", &|d| {
            d.header.values[0]
                .shape
                .0
                .insert(0, ShapeNode::Array(Some(1)))
        }),
        ("no shape", &|d| d.header.values[0].shape.0.clear()),
        ("scalar", &|d| {
            d.header.values[0].leaves[0].0 = Scalar::signed(32)
        }),
        ("lanes", &|d| d.header.values[0].leaves[0].1 = u64::MAX),
        ("a commitment fewer", &|d| {
            d.header.manifest.pop();
        }),
        ("a commitment more", &|d| {
            let first = d.header.manifest[0];
            d.header.manifest.push(first);
        }),
        ("a part fewer", &|d| {
            d.parts.pop();
        }),
        ("a part's number", &|d| d.parts[0].number = 7),
        ("no blinder", &|d| d.parts[0].blinder = None::<Blinder>),
    ];
    for (what, change) in changes {
        let error = check(change).expect_err(what);
        assert!((400..500).contains(&error.status()), "{what}: {error}");
    }
}

/// What is no contribution of anybody is not waited for, and does not fill memory.
#[test]
fn more_than_a_manifest_is_taken_only_from_contributors() {
    let site = Site::new(1, later());
    let node = site.start("a");
    let (id, bodies) = site.contribution_by(&SigningKey::fresh().expect("a key"), 5);
    let address = &site.study.terms().nodes[0].address;
    let path = format!("/v1/studies/{}/contributions/{id}", site.study.id());
    let known = site.contribution(0, 5);
    for (body, status) in [
        // The rest never comes, and the answer is there at once.
        (&bodies[0], "403"),
        (&vec![255; 100], "400"),
        (&known.1[0], ""),
    ] {
        let to = &site.study.terms().nodes[0];
        let to = (to.address.as_str(), &to.certificate);
        let mut tls = https::link(to, Duration::from_secs(5)).expect("a link");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        tls.write_all(head.as_bytes()).expect("written");
        tls.write_all(&body[..body.len() - 1]).expect("written");
        tls.flush().expect("written");
        let limit = Some(Duration::from_secs(if status.is_empty() { 1 } else { 8 }));
        tls.sock.set_read_timeout(limit).expect("a limit");
        let mut answer = [0; 12];
        let read = tls.read_exact(&mut answer);
        match status {
            "" => assert!(read.is_err(), "a contributor is waited for"),
            status => {
                read.expect("an answer");
                assert_eq!(&answer[9..], status.as_bytes());
            }
        }
    }
    node.stop();
}
