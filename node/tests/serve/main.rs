//! Nodes of a study, over HTTPS on loopback: what must not go wrong, one test each.

#[cfg(unix)]
mod lost;
mod malformed;
mod roles;
mod site;

use site::Site;
use smpcc_circuit::program::ShapeNode;
use smpcc_node::agreement;
use smpcc_node::steward::Phase;
use smpcc_study::contribution;
use smpcc_study::document::Document;
use smpcc_study::id::ContributionId;
use smpcc_study::log;
use smpcc_study::receipt::{Deed, Receipt};
use smpcc_study::share_file::Header;
use smpcc_study::signature::{Purpose, SigningKey};
use smpcc_study::study::Time;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A time at which the study of a test is open for as long as the test takes.
fn later() -> Time {
    Time(Time::now().0 + 3600)
}

fn text(answer: &smpcc_study::https::Answer) -> String {
    format!("{} {}", answer.status, answer.text())
}

#[test]
fn what_reached_all_nodes_takes_part_and_nothing_else() {
    let site = Site::new(6, later());
    let nodes = site.start_all();
    let study = site.study.id();
    let sent: Vec<_> = (0..5)
        .map(|p| site.contribution(p, 1000 + p as u64))
        .collect();
    for (id, bodies) in &sent[..4] {
        for node in 0..3 {
            let answer = site.send(node, id, bodies);
            assert_eq!(answer.status, 200, "{}", text(&answer));
            let of = &site.study.terms().nodes[node];
            let receipt = Receipt::read(&answer.text(), &of.sign).expect("a receipt");
            assert_eq!((receipt.deed, receipt.contribution), (Deed::Stored, *id));
            // The same again is the same.
            assert_eq!(site.send(node, id, bodies).text(), answer.text());
        }
    }
    // One that reaches only two nodes, and one that its owner withdraws at one.
    let (partly, bodies) = &sent[4];
    for node in 0..2 {
        assert_eq!(site.send(node, partly, bodies).status, 200);
    }
    let (gone, bodies) = &sent[3];
    let path = format!("/v1/studies/STUDY/contributions/{gone}/withdrawal");
    let forged = contribution::withdrawal(&study, gone, &site.people[0]);
    assert_eq!(site.ask(2, "POST", &path, forged.as_bytes()).status, 403);
    let withdrawal = contribution::withdrawal(&study, gone, &site.people[3]);
    let answer = site.ask(2, "POST", &path, withdrawal.as_bytes());
    let of = &site.study.terms().nodes[2];
    let receipt = Receipt::read(&answer.text(), &of.sign).expect("a receipt");
    assert_eq!(
        (receipt.deed, receipt.contribution),
        (Deed::Withdrawn, *gone)
    );
    assert_eq!(
        site.ask(2, "POST", &path, withdrawal.as_bytes()).text(),
        answer.text()
    );
    assert_eq!(site.send(2, gone, bodies).status, 410);
    let shares = site.at(&format!("data-c/studies/{study}/parts/{gone}"));
    assert!(!shares.exists());
    // Clocks that differ by minutes: one node closes before the others, and waits for them.
    let closes = site.study.terms().window.1;
    let (early, late) = (Time(closes.0 - 300), Time(closes.0 + 300));
    assert_eq!(nodes[1].look(&study, early), Ok(Phase::Open));
    assert_eq!(
        nodes[0].look(&study, late),
        Ok(Phase::Waiting(vec!["b".into(), "c".into()]))
    );
    let (id, bodies) = site.contribution(5, 7);
    assert_eq!(site.send(0, &id, &bodies).status, 410);
    assert_eq!(site.send(1, &id, &bodies).status, 200);
    for _ in 0..3 {
        for node in &nodes {
            node.look(&study, late).expect("looked");
        }
    }
    for node in &nodes {
        assert_eq!(node.look(&study, late), Ok(Phase::Agreed(3)));
    }
    assert_eq!(
        site.ask(0, "POST", &path, withdrawal.as_bytes()).status,
        410
    );
    // The log of a node is as its receipts and the other nodes saw it.
    let of = &site.study.terms().nodes[2];
    let file =
        || BufReader::new(std::fs::File::open(site.at("data-c/audit.log")).expect("the log"));
    let found = log::verify(file(), &of.sign, &[receipt.head]).expect("a whole log");
    assert_eq!(found.vouched, Some(receipt.head.length));
    let shown = std::fs::read_to_string(site.at("data-c/audit.log")).expect("the log");
    for part in [
        "study-accepted",
        "contribution-withdrawn",
        "set-frozen",
        "head-heard a",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for name in ["a", "b", "c"] {
        site.assert_nothing_leaked(name);
    }
    // When their time is over, the shares go.
    let over = closes.after_days(2);
    assert_eq!(nodes[0].look(&study, over), Ok(Phase::Over));
    assert_eq!(
        std::fs::read_dir(site.at(&format!("data-a/studies/{study}/parts")))
            .expect("a folder")
            .count(),
        0
    );
    nodes.into_iter().for_each(site::Running::stop);
}

/// A second process would take what the first is writing for what a crash has left.
#[test]
fn one_process_works_on_a_nodes_folder() {
    let site = Site::new(3, later());
    let node = site.start("a");
    let (id, bodies) = site.contribution(0, 5);
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    let second = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_smpcc-node"))
            .args(["serve", "a.toml"])
            .current_dir(site.at("."))
            .output()
            .expect("started")
    };
    let output = second();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another smpcc-node works on"), "{said}");
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    node.stop();
    let node = site.start("a");
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    node.stop();
}

#[test]
fn who_may_not_gets_nothing() {
    let site = Site::new(3, later());
    let node = site.start("a");
    let study = site.study.id();
    let (id, bodies) = site.contribution(0, 1);
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    let at = |id: &ContributionId| format!("/v1/studies/STUDY/contributions/{id}");
    let post = |path: &str, body: &[u8]| {
        let answer = site.ask(0, "POST", path, body);
        (answer.status, answer.text())
    };
    // Another value under the same name, the same invitation again, and one that nobody gave out.
    let (second, other) = site.contribution(1, 2);
    assert_eq!(post(&at(&id), &other[0]).0, 400);
    assert_eq!(post(&at(&second), &other[0]).0, 200);
    let manifest = contribution::sign(
        &contribution::signed(contribution::split(&bodies[0]).expect("parts").manifest)
            .expect("signed")
            .0,
        &site.people[1],
    );
    let file = contribution::split(&bodies[0])
        .expect("parts")
        .file
        .to_vec();
    let renamed = contribution::join(&manifest, &file).expect("joined");
    assert_eq!(post(&at(&id), &renamed).0, 409);
    let (second, again) = site.contribution(0, 2);
    let (status, why) = post(&at(&second), &again[0]);
    assert!(
        status == 409 && why.contains("has been used"),
        "{status} {why}"
    );
    let stranger = SigningKey::fresh().expect("a key");
    let (third, strange) = site.contribution_by(&stranger, 2);
    assert_eq!(post(&at(&third), &strange[0]).0, 403);
    // What is another node's, what has another name, what was changed, and what is too long.
    let (fresh, good) = site.contribution(2, 3);
    assert_eq!(post(&at(&fresh), &good[1]).0, 400);
    assert_eq!(post(&at(&ContributionId([8; 16])), &good[0]).0, 400);
    for flip in [3, 40, 400, good[0].len() - 1] {
        let mut changed = good[0].clone();
        changed[flip] ^= 1;
        assert!(
            (400..500).contains(&post(&at(&fresh), &changed).0),
            "{flip}"
        );
    }
    // The reason reaches whoever is still writing, however much.
    for long in [100_000, 8 << 20] {
        assert_eq!(post(&at(&fresh), &vec![0; long]).0, 413);
    }
    assert_eq!(
        post("/v1/studies/STUDY/questions", &vec![b'x'; 1 << 20]).0,
        413
    );
    // Another study's contribution, although the same person signed it.
    let elsewhere = Site::new(0, later());
    let (foreign, bodies) = elsewhere.contribution_by(&site.people[2], 2);
    assert_eq!(post(&at(&foreign), &bodies[0]).0, 400);
    assert_eq!(
        site.ask(
            0,
            "GET",
            &format!("/v1/studies/{}", elsewhere.study.id()),
            b""
        )
        .status,
        404
    );
    assert_eq!(post(&at(&fresh), &good[0]).0, 200);
    // Questions are for nodes.
    let question = |from: &str, to: &str, key: &SigningKey| {
        let text =
            agreement::question_text(&study, (from, to), agreement::Question::Holdings, None, key);
        post("/v1/studies/STUDY/questions", text.as_bytes()).0
    };
    assert_eq!(question("b", "a", &stranger), 403);
    assert_eq!(question("nobody", "a", &stranger), 403);
    let b = site.config("b");
    assert_eq!(question("b", "c", &b.sign), 400);
    assert_eq!(question("b", "a", &b.sign), 404);
    // Results are for receivers, once there are some.
    let result = |receiver: &str, key: &SigningKey| {
        let request = Document::new(Purpose::Request)
            .with("study", study)
            .with("receiver", receiver)
            .with("to", "a")
            .with("run", 1);
        post("/v1/studies/STUDY/results", request.sign(key).as_bytes()).0
    };
    assert_eq!(result("institute", &stranger), 403);
    assert_eq!(result("a", &site.config("a").sign), 403);
    assert_eq!(result("institute", &site.analyst.0), 404);
    // Whoever answers with another certificate is not the node.
    let wrong = [0; 32];
    let to = (site.study.terms().nodes[0].address.as_str(), &wrong);
    assert!(smpcc_study::https::request(to, ("GET", "/health"), b"", Default::default()).is_err());
    let counted = site.ask(0, "GET", "/metrics", b"").text();
    assert!(
        counted.contains("smpcc_study_contributions{study=\"pay\",state=\"stored\"} 3"),
        "{counted}"
    );
    node.stop();
}

/// Clients that say nothing, or half of something, take no worker; when there are too many of them others wait and are not lost.
/// Nodes compile for lengths that they agree on. Whoever tells each node another length gives parts that fit both, if they end in the
/// same byte; that must not stop the others' run.
#[test]
fn what_is_of_another_type_or_length_at_another_node_takes_no_part() {
    let site = Site::typed(4, later(), &["a", "b", "c"], "rep3", "[bool; _]");
    let nodes = site.start_all();
    let study = site.study.id();
    let three = [vec![1, 0, 1]];
    let send = |person: usize, dealt: &[_], node: usize, id: &ContributionId| {
        let bodies = site.signed(&site.people[person], dealt);
        site.send(node, id, &bodies)
    };
    for person in 0..2 {
        let (id, dealt) = site.dealt_words("[bool; _]", &three);
        for node in 0..3 {
            assert_eq!(send(person, &dealt, node, &id).status, 200);
        }
    }
    let (id, mut dealt) = site.dealt_words("[bool; _]", &three);
    let value = &mut dealt[2].header.values[0];
    value.shape.0[0] = ShapeNode::Array(Some(4));
    value.leaves[0].1 = 4;
    for node in 0..3 {
        assert_eq!(send(2, &dealt, node, &id).status, 200);
    }
    for ty in ["[u8; _]", "[i1; _]", "[bool; 3]", "[(bool,); _]"] {
        let (id, dealt) = site.dealt_words(ty, &three);
        let answer = send(3, &dealt, 0, &id);
        let fits = ty == "[bool; 3]";
        assert_eq!(answer.status, if fits { 200 } else { 400 }, "{ty}");
        if !fits {
            assert!(answer.text().contains("values that the study asks for"));
        }
    }
    // Fewer or more lanes than its length, and what only results have.
    let changes: [fn(&mut Header); 3] = [
        |header| header.values[0].leaves[0].1 = 2,
        |header| header.values[0].shape.0[0] = ShapeNode::Array(None),
        |header| header.session = "another".into(),
    ];
    for change in changes {
        let (id, mut dealt) = site.dealt_words("[bool; _]", &three);
        change(&mut dealt[1].header);
        assert_eq!(send(3, &dealt, 1, &id).status, 400);
    }
    let late = Time(site.study.terms().window.1.0 + 1);
    for _ in 0..3 {
        for node in &nodes {
            node.look(&study, late).expect("looked");
        }
    }
    for node in &nodes {
        assert_eq!(node.look(&study, late), Ok(Phase::Agreed(2)));
    }
    nodes.into_iter().for_each(site::Running::stop);
}

#[test]
fn a_clock_that_is_far_ahead_closes_and_deletes_nothing() {
    let site = Site::new(1, Time(Time::now().0 + 60));
    let mut nodes = site.start_all();
    let study = site.study.id();
    let year = Time(Time::now().0 + 31_536_000);
    let trusts = |nodes: &[site::Running], now| nodes[0].steward.trusts_clock(&study, now);
    assert_eq!(trusts(&nodes, Time::now()), Ok(()));
    assert_eq!(trusts(&nodes, Time(Time::now().0 + 600)), Ok(()));
    let why = trusts(&nodes, year).expect_err("a year ahead").to_string();
    assert!(why.contains("before the clock is right"), "{why}");
    // Alone it has only its own.
    nodes.drain(1..).for_each(site::Running::stop);
    assert_eq!(trusts(&nodes, year), Ok(()));
    nodes.into_iter().for_each(site::Running::stop);
}

/// What a node has signed for one of the others reaches the third through that one, after the node is gone.
#[test]
fn the_word_of_a_node_that_is_gone_is_handed_on() {
    let site = Site::new(2, later());
    let mut nodes = site.start_all();
    let study = site.study.id();
    for person in 0..2 {
        let (id, bodies) = site.contribution(person, 5);
        (0..3).for_each(|node| assert_eq!(site.send(node, &id, &bodies).status, 200));
    }
    let late = Time(site.study.terms().window.1.0 + 1);
    let look = |node: &site::Running| node.look(&study, late).expect("looked");
    // All say what they hold, but node b never asks node c.
    look(&nodes[2]);
    look(&nodes[0]);
    let c = nodes.pop().expect("node c");
    nodes[1]
        .office
        .ask_here(move |keeper, change| keeper.close(change, &study))
        .expect("closed");
    look(&c);
    look(&nodes[0]);
    assert_eq!(look(&c), Phase::Waiting(vec!["b".into()]));
    look(&nodes[0]);
    c.stop();
    // It signs the set, sees that all have, and signs on to the run, in one look.
    let command = site.at(&format!("data-b/studies/{study}/run"));
    std::fs::write(command, "").expect("written");
    assert_eq!(
        look(&nodes[1]),
        Phase::Waiting(vec!["a".into(), "c".into()])
    );
    assert_eq!(look(&nodes[0]), Phase::Agreed(2));
    let shown = std::fs::read_to_string(site.at("data-b/audit.log")).expect("the log");
    assert!(shown.contains("head-heard c"), "{shown}");
    nodes.into_iter().for_each(site::Running::stop);
}

#[test]
fn slow_clients_hold_up_nobody() {
    let site = Site::new(1, later());
    let node = site.start("a");
    let address = site.study.terms().nodes[0].address.clone();
    let silent: Vec<TcpStream> = (0..40)
        .map(|i| {
            let mut stream = TcpStream::connect(&address).expect("connected");
            if i % 2 == 0 {
                stream.write_all(&[22, 3, 1, 2]).expect("written");
            }
            stream
        })
        .collect();
    let began = Instant::now();
    let (id, bodies) = site.contribution(0, 1);
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    // The node stops without waiting for them.
    let began = Instant::now();
    drop(silent);
    node.stop();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_node_that_says_two_things_is_named() {
    let site = Site::new(3, later());
    let nodes = site.start_all();
    let study = site.study.id();
    let late = Time(site.study.terms().window.1.0 + 1);
    for person in 0..3 {
        let (id, bodies) = site.contribution(person, 5);
        (0..3).for_each(|node| assert_eq!(site.send(node, &id, &bodies).status, 200));
    }
    // Node b signs another set for node a than it has.
    let b = site.config("b").sign;
    let head = log::Chain::new(&b.public()).head(&b);
    let forged = agreement::frozen_text(&study, "b", &agreement::Holdings::new(), &head).sign(&b);
    let heard = nodes[0]
        .office
        .ask_here(move |_, change| change.hear(&study, "b", "frozen", &forged));
    heard.expect("heard");
    let mut last = Ok(Phase::Open);
    for _ in 0..3 {
        for node in nodes.iter().rev() {
            last = node.look(&study, late);
        }
    }
    let named = last.expect_err("a contradiction").to_string();
    assert!(named.contains("node `b`"), "{named}");
    assert_eq!(nodes[2].look(&study, late), Ok(Phase::Agreed(3)));
    nodes.into_iter().for_each(site::Running::stop);
}

#[test]
fn a_node_takes_part_in_nothing_that_is_not_signed_as_it_stands() {
    let site = Site::new(1, later());
    let refused = |why: &str| {
        let error = smpcc_node::hosted::read(&site.config("a"))
            .err()
            .expect(why)
            .to_string();
        assert!(error.contains(why), "{why}: {error}");
    };
    let put = |name: &str, text: &str| std::fs::write(site.at(name), text).expect("written");
    let get = |name: &str| std::fs::read_to_string(site.at(name)).expect(name);
    let (program, signature) = (get("pay.smpc"), get("study.toml.b.sig"));
    put("pay.smpc", &program.replace("sum", "max"));
    refused("pay.smpc is not the program of the study");
    put("pay.smpc", &program);
    put("study.toml.b.sig", &get("study.toml.c.sig"));
    refused("somebody else signs");
    std::fs::remove_file(site.at("study.toml.b.sig")).expect("removed");
    refused("b has not signed it: there is no");
    put("study.toml.b.sig", &signature);
    let study = get("study.toml");
    put("study.toml", &study.replace("least = 2", "least = 1"));
    refused("another study");
    put("study.toml", &study);
    assert!(smpcc_node::hosted::read(&site.config("a")).is_ok());
    std::fs::copy(site.at("b.crt"), site.at("a.crt")).expect("copied");
    std::fs::copy(site.at("b.key"), site.at("a.key")).expect("copied");
    refused("another certificate");
}

/// Killed at any moment, a node comes back with all that it confirmed, and its log goes on; told to stop, it ends in order.
#[cfg(unix)]
#[test]
fn a_node_that_is_killed_has_what_it_confirmed() {
    let site = Site::new(12, later());
    let start = || {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_smpcc-node"))
            .arg("serve")
            .arg(site.at("a.toml"))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut text = String::new();
        while !text.contains("listening") {
            let read = std::io::BufRead::read_line(&mut said, &mut text).expect("read");
            assert!(read > 0, "{text}");
        }
        // There is no such program here.
        assert!(text.contains("smpcc-a` cannot be started"), "{text}");
        (child, said)
    };
    let mut confirmed = Vec::new();
    for round in 0..3 {
        let (mut child, _said) = start();
        for (id, receipt) in &confirmed {
            let answer = site.ask(
                0,
                "GET",
                &format!("/v1/studies/STUDY/contributions/{id}"),
                b"",
            );
            assert_eq!(&answer.text(), receipt);
        }
        // Several at once, and the end somewhere among them.
        std::thread::scope(|scope| {
            let sent: Vec<_> = (0..4)
                .map(|i| {
                    let site = &site;
                    scope.spawn(move || {
                        let (id, bodies) = site.contribution(4 * round + i, 1);
                        let path = format!("/v1/studies/STUDY/contributions/{id}");
                        let answer = site.try_ask(0, "POST", &path, &bodies[0]).ok()?;
                        (answer.status == 200).then(|| (id, answer.text()))
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(15 * (round as u64 + 1)));
            child.kill().expect("killed");
            child.wait().expect("waited");
            confirmed.extend(sent.into_iter().filter_map(|s| s.join().expect("a thread")));
        });
    }
    site.assert_nothing_leaked("a");
    let (mut child, mut said) = start();
    let json: serde_json::Value =
        serde_json::from_slice(&site.ask(0, "GET", "/v1/studies/STUDY", b"").body).expect("JSON");
    let stored = json["contributions"].as_u64().expect("a count");
    assert!(stored >= confirmed.len() as u64, "{json}");
    let status = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(status.expect("kill").success());
    assert!(child.wait().expect("waited").success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("read");
    assert!(rest.contains("stopped"), "{rest}");
    // Every receipt that was given holds the log to what it was then.
    let node = &site.study.terms().nodes[0].sign;
    let heads: Vec<log::Head> = (confirmed.iter())
        .map(|(_, text)| Receipt::read(text, node).expect("a receipt").head)
        .collect();
    let file = std::fs::File::open(site.at("data-a/audit.log")).expect("the log");
    let found = log::verify(BufReader::new(file), node, &heads).expect("a whole log");
    assert_eq!(found.chain.length(), stored + 1);
}

/// A core file would hold what a node computes with. None is written, even where files of any length are allowed.
#[cfg(target_os = "linux")]
#[test]
fn a_node_that_crashes_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt;
    let site = Site::new(1, later());
    let limitless = |command: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        let unlimited = "ulimit -c unlimited 2>/dev/null || true; exec \"$@\"";
        shell.args(["-c", unlimited, "sh"]).args(command);
        shell.current_dir(site.at("."));
        shell
    };
    let mut node = limitless(&[env!("CARGO_BIN_EXE_smpcc-node"), "serve", "a.toml"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let mut said = BufReader::new(node.stderr.take().expect("a pipe"));
    let mut text = String::new();
    while !text.contains("listening") {
        let read = std::io::BufRead::read_line(&mut said, &mut text).expect("read");
        assert!(read > 0, "{text}");
    }
    let (id, bodies) = site.contribution(0, 1);
    assert_eq!(site.send(0, &id, &bodies).status, 200);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", node.id())).expect("limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core"));
    let words: Vec<&str> = cores.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words, ["Max", "core", "file", "size", "0", "0", "bytes"]);
    let aborted = std::process::Command::new("kill")
        .args(["-ABRT", &node.id().to_string()])
        .status();
    assert!(aborted.expect("kill").success());
    let ended = node.wait().expect("waited");
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
    let folder = std::fs::read_dir(site.at(".")).expect("the folder");
    let mut names = folder.map(|entry| entry.expect("an entry").file_name());
    assert!(!names.any(|name| name.to_string_lossy().starts_with("core")));
    site.assert_nothing_leaked("a");
}
