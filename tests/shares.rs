//! Shares that outlive runs, on the command line: contributions are dealt into sealed files, the nodes of a study run on them, and
//! a receiver opens what they kept.

use crate::cli::{folder, smpcc, text};
use std::path::{Path, PathBuf};

const PROGRAM: &str = "//! What people earn together, and how old the oldest is.
use std::stats::max;

party analyst;
party person[2..];

fn main(age: secret u8 in 0..=120 from each person, pay: secret i32 from each person) -> (i64, u8) to analyst {
    (pay.sum(), max(age))
}
";

/// A folder with a study of so many nodes and the contributions of some people.
pub struct Site(tempfile::TempDir);

impl Site {
    pub fn new(program: &str, nodes: &[&str], options: &[&str]) -> Self {
        let site = Self(folder(&[("pay.smpc", program)]));
        for name in nodes.iter().chain(&["institute"]) {
            site.ok(&["keygen", "--name", name, "--out", "./keys", "--study"]);
        }
        let listed: Vec<String> = (7000..)
            .step_by(10)
            .zip(nodes)
            .map(|(port, name)| format!("./keys/{name}.pub@localhost:{port}"))
            .collect();
        let mut args = vec![
            "study",
            "new",
            "./pay.smpc",
            "--receiver",
            "analyst=./keys/institute.pub",
        ];
        if !options.contains(&"--contributors") {
            args.extend(["--contributors", "person"]);
        }
        for node in &listed {
            args.extend(["--node", node]);
        }
        args.extend(options);
        site.ok(&args);
        if !options.contains(&"--contributors") {
            site.edit("least", "least = 2");
        }
        site
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Replaces the line of a key of the study.
    fn edit(&self, key: &str, line: &str) {
        let path = self.at("study.toml");
        let text = std::fs::read_to_string(&path).expect("the study");
        let lines: Vec<&str> = text
            .lines()
            .map(|old| match old.split_once(" = ") {
                Some((name, _)) if name == key => line,
                _ => old,
            })
            .collect();
        std::fs::write(&path, lines.join("\n") + "\n").expect("the study");
    }

    /// Runs a command whose paths begin with `./`.
    pub fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let here = format!("{}/", self.0.path().display());
        let args: Vec<String> = args.iter().map(|arg| arg.replace("./", &here)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = smpcc(&args);
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), said)
    }

    pub fn ok(&self, args: &[&str]) -> String {
        let (code, said) = self.run(args);
        assert_eq!(code, Some(0), "{args:?}: {said}");
        said
    }

    /// Refused, for this reason.
    pub fn refused(&self, args: &[&str], why: &str) {
        let (code, said) = self.run(args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {why}: {said}");
    }

    pub fn contribute(&self, inputs: &str) {
        self.ok(&self.sharing(inputs, &[]));
    }

    /// The command that shares these inputs.
    pub fn sharing<'a>(&self, inputs: &str, more: &[&'a str]) -> Vec<&'a str> {
        std::fs::write(self.at("mine.json"), inputs).expect("inputs");
        let args = ["share", "./pay.smpc", "--study", "./study.toml"];
        let files = ["--inputs", "./mine.json", "--out", "./shares"];
        [&args[..], &files, more].concat()
    }

    /// The files with this ending in a node's folder.
    pub fn files(&self, node: &str, ending: &str) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.at("shares").join(node)).expect("a folder");
        let paths = folder.map(|entry| entry.expect("an entry").path());
        let mut found: Vec<PathBuf> = paths.filter(|p| has_ending(p, ending)).collect();
        found.sort();
        found
    }

    /// The one share of a result that a node keeps, handed to the institute.
    pub fn released(&self, node: &str) -> String {
        let results = self.files(node, "result");
        assert_eq!(results.len(), 1, "{node}");
        let (key, out) = (
            format!("./keys/{node}.seal.key"),
            format!("./{node}.released"),
        );
        let file = results[0].display().to_string();
        self.ok(&[
            "release",
            &file,
            "--study",
            "./study.toml",
            "--key",
            &key,
            "--to",
            "./keys/institute.pub",
            "-o",
            &out,
        ]);
        out
    }
}

fn json(said: &str) -> serde_json::Value {
    let line = said.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_default()).unwrap_or_else(|e| panic!("{e}: {said}"))
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().and_then(|e| e.to_str()) == Some(ending)
}

pub const RUN: [&str; 8] = [
    "run",
    "./pay.smpc",
    "--study",
    "./study.toml",
    "--shares",
    "./shares",
    "--keys",
    "./keys",
];

pub fn open(files: &[String]) -> Vec<&str> {
    let mut args = vec![
        "open",
        "--study",
        "./study.toml",
        "--key",
        "./keys/institute.seal.key",
    ];
    args.extend(files.iter().map(String::as_str));
    args
}

#[test]
fn people_contribute_nodes_run_and_a_receiver_opens() {
    let site = Site::new(PROGRAM, &["a", "b", "c"], &[]);
    site.contribute(r#"{"age": 44, "pay": -500}"#);
    site.refused(&RUN, "there are 1 contributions");
    site.contribute(r#"{"age": 120, "pay": 2147483647}"#);
    site.contribute(r#"{"age": 0, "pay": -2147483647}"#);
    // What is out of its range does not leave its owner.
    std::fs::write(site.at("mine.json"), r#"{"age": 121, "pay": 0}"#).expect("inputs");
    site.refused(
        &[
            "share",
            "./pay.smpc",
            "--study",
            "./study.toml",
            "--inputs",
            "./mine.json",
            "--out",
            "./shares",
        ],
        "121",
    );
    // What a run takes is known before there is any share.
    let planned = json(&site.ok(&[
        "stats",
        "./pay.smpc",
        "--study",
        "./study.toml",
        "--contributions",
        "3",
        "--format",
        "json",
    ]));
    let measured =
        json(&site.ok(&[&RUN[..], &["--keep", "./elsewhere", "--format", "json"]].concat()));
    let sent = measured["bytes_sent"].as_object().expect("bytes by party");
    let sent: u64 = sent.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(planned["totals"]["bytes"], sent);
    assert_eq!(planned["totals"]["rounds"], measured["rounds"]);
    assert!(
        measured["stored"]["2"][0]["receiver"] == "analyst",
        "{measured}"
    );
    let said = site.ok(&RUN);
    assert!(
        said.contains("keeps its share of what `analyst` is to learn"),
        "{said}"
    );
    assert!(!said.contains("learns ("), "{said}");
    // Nobody learns it who is not the receiver: the nodes' files are sealed to the nodes.
    let sealed: Vec<String> = site
        .files("a", "result")
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    site.refused(&open(&sealed), "sealed to another key");
    let shares: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|node| site.released(node))
        .collect();
    let said = site.ok(&open(&shares));
    assert!(
        said.contains("-500") && said.contains("120") && said.contains("checked: "),
        "{said}"
    );
    let said = site.ok(&[open(&shares[1..]), vec!["--format", "json"]].concat());
    assert!(
        said.contains("\"output\": [-500, 120]") && said.contains("\"checked\": false"),
        "{said}"
    );
    site.refused(&open(&shares[..1]), "2 of the 3 nodes are needed");
    // A contribution is released to nobody.
    let file = site.files("a", "share")[0].display().to_string();
    site.refused(
        &[
            "release",
            &file,
            "--study",
            "./study.toml",
            "--key",
            "./keys/a.seal.key",
            "--to",
            "./keys/institute.pub",
            "-o",
            "./x",
        ],
        "it is a contribution, not a result",
    );
    // A result is released to its receiver, and to nobody else.
    let key = ["--key", "./keys/a.seal.key", "--to", "./keys/b.pub"];
    site.refused(
        &[
            &["release", &sealed[0], "--study", "./study.toml"],
            &key[..],
            &["-o", "./x"],
        ]
        .concat(),
        "the study has another key for its receiver",
    );
    refusals(&site);
}

/// Hospitals give patients and a registry gives who died: two kinds of contributors of one study, of which one is a single party.
#[test]
fn several_roles_contribute_to_one_result() {
    let program = "party analyst;
party hospital[2..];
party registry;

fn main(patients: [secret u32; _] from each hospital, dead: [secret u32; _] from registry) -> u32 to analyst {
    let mut n: secret u32 = 0;
    for id in patients.flatten() {
        for other in dead { n += (id == other) as u32; }
    }
    n
}
";
    let roles = ["--contributors", "hospital=3", "--contributors", "registry"];
    let site = Site::new(program, &["a", "b", "c"], &roles);
    let invitations = std::fs::read_dir(site.at("invitations/hospital")).expect("a folder");
    assert_eq!(invitations.count(), 3);
    let check = ["study", "check", "./study.toml"];
    let said = site.ok(&check);
    for part in [
        "As `hospital`: 3 to 1000 contributions.",
        "As `registry`: 1 contribution.",
        "3 of `hospital` and 1 of `registry`",
        "depends on `patients[]` of ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let none = r#"{"patients": []}"#;
    site.refused(&site.sharing(none, &[]), "say which with --role");
    site.refused(
        &site.sharing(none, &["--role", "analyst"]),
        "nobody contributes as `analyst` to this study, but as `hospital`, `registry`",
    );
    for patients in ["[1, 2, 3]", "[4]", "[5, 6, 7, 8]"] {
        let inputs = format!("{{\"patients\": {patients}}}");
        site.ok(&site.sharing(&inputs, &["--role", "hospital"]));
    }
    site.refused(&RUN, "there are 0 contributions as `registry`");
    let dead = r#"{"dead": [2, 4, 8, 16]}"#;
    site.ok(&site.sharing(dead, &["--role", "registry"]));
    let shard = [&RUN[..], &["--shard", "1/2"]].concat();
    site.refused(&shard, "no role that gives the results of shards");
    site.ok(&RUN);
    let shares = ["a", "b", "c"].map(|node| site.released(node));
    let said = site.ok(&open(&shares));
    assert!(said.contains("`analyst` learns 3"), "{said}");
    // The program takes one registry, and two hospitals at least.
    let text = std::fs::read_to_string(site.at("study.toml")).expect("the study");
    let (others, registry) = text
        .split_once("role = \"registry\"")
        .expect("the registry");
    let registry = registry.replacen("most = 1\n", "most = 2\n", 1);
    let two = format!("{others}role = \"registry\"{registry}");
    for (other, why) in [
        (
            two,
            "`registry` contributes 1 to 2 times, and the program takes 1",
        ),
        (
            text.replacen("least = 3", "least = 1", 1),
            "`hospital` contributes 1 to 1000 times, and the program takes at least 2",
        ),
    ] {
        std::fs::write(site.at("study.toml"), other).expect("the study");
        site.refused(&check, why);
    }
}

#[test]
fn nodes_play_the_parties_of_a_role_that_the_study_says() {
    let program = "party analyst;
party hospital[0..];
party person[0..];

fn main(pay: secret u32 from each person, beds: secret u32 from each hospital) -> { sum: u64 to analyst, own: [u32; _] to each hospital } {
    { sum: pay.sum(), own: beds.enumerate().map(|(i, b)| 1000 * i as u32 + b) }
}
";
    let names: Vec<String> = (0..12).map(|i| format!("n{i}")).collect();
    let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
    let site = Site::new(program, &nodes, &["--suite", "bgw"]);
    let path = site.at("study.toml");
    let mut study = std::fs::read_to_string(&path).expect("the study");
    for i in 0..12 {
        let node = format!("name = \"n{i}\"");
        study = study.replace(&node, &format!("{node}\nrole = \"hospital[{}]\"", 11 - i));
    }
    std::fs::write(&path, study).expect("the study");
    for pay in [1, 2] {
        site.contribute(&format!("{{\"pay\": {pay}}}"));
    }
    let beds: Vec<String> = (0..12)
        .map(|i| format!("\"n{i}\": {{\"beds\": {i}}}"))
        .collect();
    let beds = format!("{{{}}}", beds.join(", "));
    std::fs::write(site.at("beds.json"), beds).expect("inputs");
    let said = site.ok(&[&RUN[..], &["--in-process", "--inputs", "./beds.json"]].concat());
    for i in 0..12 {
        let own = format!("party {i} (n{i}) learns {{own: {}}}", 1000 * (11 - i) + i);
        assert!(said.contains(&own), "{own}: {said}");
    }
}

/// What is not as it should be stops the run before it begins, with the reason.
fn refusals(site: &Site) {
    let first = |node: &str| site.files(node, "share")[0].clone();
    let (own, other) = (first("a"), first("b"));
    let whole = std::fs::read(&own).expect("a share file");
    let restore = || std::fs::write(&own, &whole).expect("a share file");
    // Another node's, one that is missing, one that is cut, one that is changed, one under another name.
    std::fs::copy(&other, &own).expect("a share file");
    site.refused(&RUN, "it is the share of `b`, not of `a`");
    std::fs::remove_file(&own).expect("a share file");
    site.refused(&RUN, "the node `a` has no share of");
    std::fs::write(&own, &whole[..whole.len() - 1]).expect("a share file");
    site.refused(&RUN, "damaged");
    let mut changed = whole.clone();
    let last = changed.len() - 20;
    changed[last] ^= 1;
    std::fs::write(&own, &changed).expect("a share file");
    site.refused(&RUN, "changed");
    restore();
    let second = site.files("a", "share")[1].clone();
    let aside = site.at("aside");
    std::fs::rename(&second, &aside).expect("a share file");
    std::fs::copy(&own, &second).expect("a share file");
    site.refused(&RUN, "another one than its name says");
    std::fs::rename(&aside, &second).expect("a share file");
    // Another study, and another program.
    site.edit("purpose", "purpose = \"Something else.\"");
    site.refused(&RUN, "it is of another study");
    let program = site.at("pay.smpc");
    std::fs::write(&program, PROGRAM.replace("max(age)", "age[0]")).expect("a program");
    site.refused(&RUN, "is not of the program of this study");
}

/// Changes the first byte of a part of the first contribution as its giver could have done, at all nodes that hold it; returns its name.
fn change(site: &Site, nodes: &[&str], number: u16, by: u8) -> String {
    let study = std::fs::read(site.at("study.toml")).expect("a study");
    let study = smpcc_study::study::Study::read(&study).expect("a study");
    let read = |node: &&str| {
        let key =
            std::fs::read_to_string(site.at(&format!("keys/{node}.seal.key"))).expect("a key");
        let key = smpcc_study::seal::SealingKey::from_text(&key).expect("a key");
        let bytes = std::fs::read(&site.files(node, "share")[0]).expect("a file");
        smpcc_study::share_file::open(&bytes, &smpcc_study::share_file::Key::Node(&key))
            .expect("a share file")
    };
    let mut held: Vec<_> = nodes.iter().map(read).collect();
    let mut manifest = held[0].0.manifest.clone();
    for (header, parts) in &mut held {
        for part in parts.iter_mut().filter(|part| part.number == number) {
            part.bytes[0] ^= by;
            let blinder = part.blinder.as_ref().expect("a blinder");
            manifest[usize::from(number)] = smpcc_study::manifest::Commitment::to(
                &study.id(),
                &header.id,
                number,
                blinder,
                &part.bytes,
            );
        }
    }
    for ((header, parts), node) in held.iter_mut().zip(&study.terms().nodes) {
        header.manifest.clone_from(&manifest);
        let to = smpcc_study::share_file::SealTo::Node(&node.seal);
        let bytes = smpcc_study::share_file::write(header, parts, &to).expect("a share file");
        std::fs::write(&site.files(&node.name, "share")[0], bytes).expect("a share file");
    }
    held[0].0.id.to_string()
}

/// Under `bgw` a dealer could give shares that are of no polynomial. Nodes find that, say whose it is by the name of its file, and run
/// without it.
#[test]
fn what_is_not_shared_as_it_should_be_is_named_and_left_out() {
    let nodes = ["a", "b", "c", "d"];
    let site = Site::new(PROGRAM, &nodes, &["--suite", "bgw"]);
    for age in [44, 45, 46] {
        site.contribute(&format!(r#"{{"age": {age}, "pay": 5}}"#));
    }
    let id = change(&site, &nodes, 2, 0x01);
    site.refused(
        &RUN,
        &format!("what stands in {id} is not shared as it should be"),
    );
    let said = site.ok(&[&RUN[..], &["--validate"]].concat());
    assert!(
        said.contains(&format!("{id} is not shared as it should be\n"))
            && said.contains("1 of 3 contributions are not shared")
            && said.contains("\n0 of 3 contributions are out of their declared ranges"),
        "{said}"
    );
    let found = json(&site.ok(&[&RUN[..], &["--validate", "--format", "json"]].concat()));
    let expected = format!(r#"{{"contributions": 3, "not_shared": ["{id}"], "out_of_range": []}}"#);
    assert_eq!(found["validity"], json(&expected));
    for node in nodes {
        std::fs::remove_file(&site.files(node, "share")[0]).expect("a share file");
    }
    site.ok(&RUN);
    let shares: Vec<String> = nodes.iter().map(|node| site.released(node)).collect();
    let said = site.ok(&open(&shares));
    assert!(said.contains("(10, 4"), "{said}");
}

/// Dealers are not believed: one who shares what is out of its range stops the run before anything is opened.
#[test]
fn what_is_out_of_its_range_is_found_in_shares() {
    let site = Site::new(PROGRAM, &["a", "b", "c"], &[]);
    site.contribute(r#"{"age": 44, "pay": 1}"#);
    site.contribute(r#"{"age": 120, "pay": 2}"#);
    // A client of its own making: one more bit of one component, at both nodes that hold it.
    let id = change(&site, &["a", "b", "c"], 1, 0x80);
    let (code, said) = site.run(&RUN);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("out of its declared range"), "{said}");
    assert!(site.files("a", "result").is_empty());
    // Whose it is, the nodes find out by themselves; without it they run.
    let said = site.ok(&[&RUN[..], &["--validate"]].concat());
    assert!(
        said.contains(&format!("{id} is out of its declared ranges")),
        "{said}"
    );
    assert!(said.contains("1 of 2 contributions"), "{said}");
    let found = json(&site.ok(&[&RUN[..], &["--validate", "--format", "json"]].concat()));
    let expected = format!(r#"{{"contributions": 2, "not_shared": [], "out_of_range": ["{id}"]}}"#);
    assert_eq!(found["validity"], json(&expected));
    for node in ["a", "b", "c"] {
        std::fs::remove_file(&site.files(node, "share")[0]).expect("a share file");
    }
    site.contribute(r#"{"age": 0, "pay": 40}"#);
    site.ok(&RUN);
    let shares: Vec<String> = ["a", "b"].iter().map(|node| site.released(node)).collect();
    // Files are in the order of their ids, which are drawn: either of the two was the first.
    let said = site.ok(&open(&shares));
    assert!(
        said.contains("(42, 120)") || said.contains("(41, 44)"),
        "{said}"
    );
}

/// Results are inputs of later runs; every suite stores in its own way.
/// What is not there is zero, which need not be in the range of what may be there: that is no lie.
#[test]
fn what_is_missing_is_in_its_range() {
    let program = "party analyst;
party person[2..];
struct Home { rooms: u8 in 1..=40, floor: i8 in -3..=-1 }
enum Kind { Own([Home; 2]), Rented, None }
fn main(home: secret Option<Home> from each person, kind: secret Kind from each person) -> [u8; 2] to analyst {
    home.map(|h| match h { Some(h) => h.rooms, None => 7 })
}
";
    for threat in ["semi-honest", "malicious"] {
        let site = Site::new(program, &["a", "b", "c"], &["--threat", threat]);
        site.contribute(r#"{"home": null, "kind": "Rented"}"#);
        site.contribute(
            r#"{"home": {"rooms": 7, "floor": -1}, "kind": {"Own": [{"rooms": 1, "floor": -3}, {"rooms": 40, "floor": -1}]}}"#,
        );
        let said = site.ok(&[&RUN[..], &["--validate"]].concat());
        assert!(said.contains("0 of 2 contributions"), "{said}");
        site.ok(&RUN);
        let shares: Vec<String> = ["a", "b"].iter().map(|node| site.released(node)).collect();
        let said = site.ok(&open(&shares));
        assert!(said.contains("learns [7, 7]"), "{said}");
        let (_, said) = site.run(&site.sharing(
            r#"{"home": {"rooms": 0, "floor": -1}, "kind": "None"}"#,
            &[],
        ));
        assert!(said.contains("1..=40"), "{said}");
    }
}

#[test]
fn every_suite_stores_what_it_computes() {
    let all = ["a", "b", "c", "d", "e"];
    for (n, options, checks) in [
        (2, &["--suite", "two-party"][..], false),
        (3, &["--suite", "gmw"], false),
        (3, &["--threat", "malicious"], true),
        (4, &["--suite", "rep4"], true),
        (4, &["--suite", "rep4", "--threat", "malicious"], true),
        (5, &["--suite", "bgw"], true),
    ] {
        let nodes = &all[..n];
        let site = Site::new(PROGRAM, nodes, options);
        site.contribute(r#"{"age": 31, "pay": 70}"#);
        site.contribute(r#"{"age": 30, "pay": -71}"#);
        site.ok(&[&RUN[..], &["--in-process"]].concat());
        let shares: Vec<String> = nodes.iter().map(|node| site.released(node)).collect();
        let said = site.ok(&open(&shares));
        assert!(said.contains("(-1, 31)"), "{options:?}: {said}");
        assert_eq!(said.contains("checked: "), checks, "{said}");
    }
    // Where every share is at one party alone, nothing outlives a run that a cheater may have been in.
    let site = Site::new(PROGRAM, &all[..2], &["--threat", "malicious"]);
    std::fs::write(site.at("mine.json"), r#"{"age": 1, "pay": 1}"#).expect("inputs");
    site.refused(
        &[
            "share",
            "./pay.smpc",
            "--study",
            "./study.toml",
            "--inputs",
            "./mine.json",
            "--out",
            "./shares",
        ],
        "`two-party` stores no shares against malicious nodes",
    );
}

/// Five nodes, one of which is killed while they run: the others go on from their shares, and say so. One more, and too few are left.
#[cfg(target_os = "linux")]
#[test]
fn a_lost_node_costs_a_repeated_run_and_no_data() {
    let nodes = ["a", "b", "c", "d", "e"];
    let site = Site::new(PROGRAM, &nodes, &["--suite", "bgw", "--threshold", "1"]);
    for age in 31..35 {
        site.contribute(&format!(r#"{{"age": {age}, "pay": -1}}"#));
    }
    let start = |kill: usize| {
        let here = format!("{}/", site.0.path().display());
        // Slow links, so that there is time to lose somebody.
        let slow = ["--network", "60ms:100", "--emulate"];
        let args: Vec<String> = RUN
            .iter()
            .chain(&slow)
            .map(|arg| arg.replace("./", &here))
            .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut run = crate::cli::command(&args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("a process");
        for _ in 0..kill {
            kill_a_child(&mut run);
        }
        let output = run.wait_with_output().expect("its end");
        (
            output.status.code(),
            text(&output.stdout) + &text(&output.stderr),
        )
    };
    let (code, said) = start(1);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("attempt 2 of 3") && said.contains("attempt 1 lost"),
        "{said}"
    );
    let kept = nodes
        .iter()
        .filter(|node| !site.files(node, "result").is_empty());
    let shares: Vec<String> = kept.map(|node| site.released(node)).collect();
    assert_eq!(shares.len(), 4, "{said}");
    let said = site.ok(&open(&shares));
    assert!(
        said.contains("(-4, 34)") && said.contains("checked: "),
        "{said}"
    );
}

/// Kills the last process that a process has started, once it has threads of a run.
#[cfg(target_os = "linux")]
fn kill_a_child(run: &mut std::process::Child) {
    let id = run.id();
    let children = || -> Vec<u32> {
        let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let list = list.unwrap_or_default();
        list.split_whitespace()
            .filter_map(|c| c.parse().ok())
            .collect()
    };
    // One thread listens to the parent; links and what computes come with the others.
    let runs = |child: &u32| {
        let threads = std::fs::read_dir(format!("/proc/{child}/task"));
        threads.is_ok_and(|t| t.count() > 8)
    };
    let began = std::time::Instant::now();
    loop {
        let all = children();
        if all.len() == 5 && all.iter().all(runs) {
            let last = all.last().expect("a child").to_string();
            let killed = std::process::Command::new("kill")
                .args(["-9", &last])
                .status();
            assert!(killed.is_ok_and(|k| k.success()));
            return;
        }
        let is_running = matches!(run.try_wait(), Ok(None));
        assert!(
            is_running && began.elapsed().as_secs() < 60,
            "the run never began"
        );
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// The nodes as they are deployed: each with its own configuration, folder and key.
#[test]
fn nodes_of_a_deployment_run_on_what_they_hold_and_without_one_that_is_lost() {
    let nodes = ["a", "b", "c", "d"];
    let site = Site::new(PROGRAM, &nodes, &["--suite", "bgw"]);
    for age in 50..53 {
        site.contribute(&format!(r#"{{"age": {age}, "pay": 1000}}"#));
    }
    let listeners: Vec<_> = nodes
        .iter()
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"))
        .collect();
    let ports: Vec<u16> = listeners
        .iter()
        .map(|l| l.local_addr().expect("an address").port())
        .collect();
    drop(listeners);
    for (node, port) in nodes.iter().zip(&ports) {
        let mut text = format!(
            "program = \"pay.smpc\"\nparty = \"{node}\"\nlisten = \"127.0.0.1:{port}\"\nkey = \"keys/{node}.key\"\ncert = \"keys/{node}.crt\"\n\
             study = \"study.toml\"\nseal = \"keys/{node}.seal.key\"\ndeadline_s = 20\n\n\
             [shares]\ninputs = \"shares/{node}\"\noutputs = \"results/{node}\"\n"
        );
        for (other, port) in nodes.iter().zip(&ports).filter(|(other, _)| *other != node) {
            text += &format!(
                "\n[[peer]]\nparty = \"{other}\"\naddress = \"127.0.0.1:{port}\"\ncert = \"keys/{other}.crt\"\n"
            );
        }
        std::fs::write(site.at(&format!("{node}.toml")), text).expect("a configuration");
    }
    let run = |nodes: &[&str], more: &[&str]| -> Vec<(Option<i32>, String)> {
        let start = |node: &&str| {
            let config = site.at(&format!("{node}.toml")).display().to_string();
            let args = [&["party", &config][..], more].concat();
            let mut command = crate::cli::command(&args);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().expect("a process")
        };
        let started: Vec<_> = nodes.iter().map(start).collect();
        let ended = started.into_iter().map(|process| {
            let output = process.wait_with_output().expect("its end");
            let said = text(&output.stdout) + &text(&output.stderr);
            (output.status.code(), said)
        });
        ended.collect()
    };
    for (code, said) in run(&nodes, &[]) {
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("keeps its share"), "{said}");
    }
    // Attempts of fewer than three of four are refused before anybody connects, and by the members alone.
    let (code, said) = run(&["a"], &["--attempt", "2", "--without", "c,d"]).remove(0);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("2 of 4 nodes are too few"), "{said}");
    for node in &nodes {
        std::fs::remove_dir_all(site.at(&format!("results/{node}"))).expect("a folder");
    }
    // One that is lost need not stand in a file, and one that takes part must.
    let config = std::fs::read_to_string(site.at("b.toml")).expect("a configuration");
    let cut = |lost: &str| {
        let peers = config
            .split("\n[[peer]]")
            .filter(|peer| !peer.contains(&format!("party = \"{lost}\"\naddress")));
        std::fs::write(
            site.at("b.toml"),
            peers.collect::<Vec<_>>().join("\n[[peer]]"),
        )
        .expect("a configuration");
    };
    cut("c");
    let (code, said) = run(&["b"], &["--attempt", "2", "--without", "d"]).remove(0);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("3 parties in this run, and this file has 2 of them"),
        "{said}"
    );
    cut("d");
    for (code, said) in run(&nodes[..3], &["--attempt", "2", "--without", "d"]) {
        assert_eq!(code, Some(0), "{said}");
    }
    std::fs::write(site.at("b.toml"), &config).expect("a configuration");
    // A node takes part in one attempt of each number.
    let (code, said) = run(&["a"], &["--attempt", "2", "--without", "b"]).remove(0);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("with a b c, and not with a c d"), "{said}");
    let mut files = Vec::new();
    for node in &nodes[..3] {
        let folder = std::fs::read_dir(site.at(&format!("results/{node}"))).expect("a folder");
        let mut paths = folder.map(|e| e.expect("an entry").path());
        let path = paths.find(|p| has_ending(p, "result")).expect("a result");
        let (key, out) = (
            format!("./keys/{node}.seal.key"),
            format!("./{node}.released"),
        );
        let file = path.display().to_string();
        site.ok(&[
            "release",
            &file,
            "--study",
            "./study.toml",
            "--key",
            &key,
            "--to",
            "./keys/institute.pub",
            "-o",
            &out,
        ]);
        files.push(out);
    }
    let said = site.ok(&open(&files));
    assert!(
        said.contains("(3000, 52)") && said.contains("checked: "),
        "{said}"
    );
    // A node that holds less than the others stops all of them before anything of a share is used.
    std::fs::remove_file(&site.files("b", "share")[0]).expect("a share file");
    let ends = run(&nodes, &[]);
    // Whoever hears of it from another node first says so.
    for (code, said) in &ends {
        let own = *code == Some(2) && said.contains("option `shares`: ");
        assert!(own || *code == Some(3), "{said}");
    }
}
