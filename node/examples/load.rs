//! Many contributors at once: `load STUDY INVITATIONS CLIENTS [patient]` sends one contribution for each invitation to all nodes, from
//! so many threads, and prints how long nodes took to confirm. With `patient` it sends again whatever a node did not confirm, as a
//! contributor would whose node was restarted. Contribution `i` of the study's only input, an unsigned integer, is 1000 + i.

use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Form, Scalar};
use smpcc_node::arrival::scheme;
use smpcc_runtime::ring::Elements;
use smpcc_study::contribution;
use smpcc_study::deal::{Giver, deal};
use smpcc_study::https::{self, Patience};
use smpcc_study::receipt::Receipt;
use smpcc_study::schema::Value;
use smpcc_study::share_file::{self, SealTo};
use smpcc_study::signature::SigningKey;
use smpcc_study::study::Study;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [study, invitations, clients, ..] = &args[..] else {
        panic!("load STUDY INVITATIONS CLIENTS [patient]");
    };
    let patient = args.get(3).is_some_and(|a| a == "patient");
    let study = Study::read(&std::fs::read(study).expect("the study")).expect("a study");
    let mut files: Vec<PathBuf> = std::fs::read_dir(invitations)
        .expect("the invitations")
        .map(|e| e.expect("a file").path())
        .collect();
    files.sort();
    // Dealt before the clock runs: what is measured are the nodes.
    let sent: Vec<_> = (0u64..)
        .zip(&files)
        .map(|(i, file)| {
            let key = std::fs::read_to_string(file).expect("an invitation");
            dealt(
                &study,
                1000 + i,
                &SigningKey::from_text(&key).expect("an invitation"),
            )
        })
        .collect();
    let next = AtomicUsize::new(0);
    let took = Mutex::new(Vec::new());
    let failed = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients.parse().expect("a number of clients") {
            scope.spawn(|| {
                while let Some((id, bodies)) = sent.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (node, body) in study.terms().nodes.iter().zip(bodies) {
                        let path = format!("/v1/studies/{}/contributions/{id}", study.id());
                        loop {
                            let asked = Instant::now();
                            let to = (node.address.as_str(), &node.certificate);
                            let answer =
                                https::request(to, ("POST", &path), body, Patience::default());
                            // A node that refuses will refuse again; one that does not answer may come back.
                            let refused =
                                matches!(&answer, Ok(a) if (400..500).contains(&a.status));
                            let receipt = answer.and_then(https::Answer::good).and_then(|text| {
                                Receipt::read(&String::from_utf8_lossy(&text), &node.sign)
                            });
                            match receipt {
                                Ok(_) => {
                                    took.lock().expect("times").push(asked.elapsed());
                                    break;
                                }
                                Err(_) if patient && !refused => {
                                    std::thread::sleep(Duration::from_millis(50))
                                }
                                Err(_) => {
                                    failed.fetch_add(1, Ordering::Relaxed);
                                    break;
                                }
                            }
                        }
                    }
                }
            });
        }
    });
    let mut took = took.into_inner().expect("times");
    took.sort();
    let at = |part: f64| {
        took.get((took.len() as f64 * part) as usize)
            .or(took.last())
            .copied()
            .unwrap_or_default()
    };
    let line = format!(
        "{} confirmed, {} refused, in {:.1} s; median {:.0} ms, 99th percentile {:.0} ms, longest {:.0} ms\n",
        took.len(),
        failed.into_inner(),
        began.elapsed().as_secs_f64(),
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        at(1.0).as_secs_f64() * 1e3
    );
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("written");
}

fn dealt(
    study: &Study,
    value: u64,
    key: &SigningKey,
) -> (smpcc_study::id::ContributionId, Vec<Vec<u8>>) {
    let terms = study.terms();
    let who = &terms.contributors[0];
    let input = &who.inputs[0];
    let width: u8 = input
        .scalar
        .trim_start_matches('u')
        .parse()
        .expect("an unsigned integer");
    let scalar = Scalar::unsigned(width);
    let giver = Giver {
        study: study.id(),
        scheme: scheme(terms),
        threat: terms.threat,
        whose: &who.role,
        made: 0,
    };
    let held = Value {
        name: input.name.clone(),
        shape: Shape(vec![ShapeNode::Scalar {
            scalar,
            form: Form::Plain,
            range: None,
        }]),
        leaves: vec![(scalar, 1)],
    };
    let words = Elements::of_words(u32::from(width), std::iter::once(u128::from(value)));
    let dealt = deal(&giver, &[(held, vec![words])]).expect("dealt");
    let manifest = contribution::sign(&dealt[0].header.manifest(), key);
    let bodies = dealt.iter().zip(&terms.nodes).map(|(of_node, node)| {
        let to = SealTo::Node(&node.seal);
        let file = share_file::write(&of_node.header, &of_node.parts, &to).expect("sealed");
        contribution::join(&manifest, &file).expect("joined")
    });
    (dealt[0].header.id, bodies.collect())
}
