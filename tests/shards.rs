//! Shards: a study's contributions worked on in several sessions, whose results stay shared until a last one puts them together.

use crate::cli::{command, text};
use crate::shares::{RUN, Site, open};
use std::process::Stdio;

/// What `docs/src/shards.md` has, with fewer groups.
const PROGRAM: &str = "party analyst;
party part[0..];
party person[0..];

struct Row { amount: u32, group: u8 in 0..=2 }
struct Totals { rows: u64, sum: u64, groups: [u64; 3] }

fn main(rows: [secret Row; _] from each person, done: secret Totals from each part) -> Totals to analyst {
    let all = rows.flatten();
    let mut t = Totals { rows: all.len() as u64, sum: all.map(|r| r.amount as u64).sum() as u64, groups: [0; 3] };
    for g in 0..3 { t.groups[g] = all.map(|r| (r.group == g as u8) as u64).sum() as u64; }
    for p in done {
        t.rows += p.rows;
        t.sum += p.sum;
        for g in 0..3 { t.groups[g] += p.groups[g]; }
    }
    t
}
";
const NODES: [&str; 3] = ["a", "b", "c"];
const ALL: &str = "rows: 9, sum: 19000000045, groups: [2, 6, 1]";

/// Five contributions of nine rows in all.
fn site(program: &str, options: &[&str]) -> Site {
    let site = Site::new(program, &NODES, options);
    let mut i = 0u64;
    for n in [3u64, 1, 2, 1, 2] {
        let rows = (0..n).map(|_| {
            i += 1;
            let amount = i + if i.is_multiple_of(2) {
                4_000_000_000
            } else {
                600_000_000
            };
            format!(
                "{{\"amount\": {amount}, \"group\": {}}}",
                (i * i) % 3 % 2 + u64::from(i > 7)
            )
        });
        let rows: Vec<String> = rows.collect();
        site.contribute(&format!("[{}]", rows.join(", ")));
    }
    site
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&RUN[..], &["--in-process"], more].concat()
}

#[test]
fn shards_add_up_to_the_whole() {
    for options in [&[][..], &["--threat", "malicious"]] {
        let site = site(PROGRAM, options);
        let whole = site.ok(&with(&["--keep", "./whole"]));
        assert!(
            whole.contains("keeps its share of what `analyst`"),
            "{whole}"
        );
        for shard in ["0/3", "1/3", "2/3"] {
            let said = site.ok(&with(&["--shard", shard]));
            let part = format!(
                "keeps its share of what `part[{}]` is to learn",
                &shard[..1]
            );
            assert!(said.contains(&part), "{said}");
        }
        // A task that is started again leaves one result.
        site.ok(&with(&["--shard", "1/3"]));
        assert_eq!(site.files("b", "result").len(), 3);
        // Shares of a part are handed to nobody.
        let part = site.files("a", "result")[0].display().to_string();
        let key = [
            "--key",
            "./keys/a.seal.key",
            "--to",
            "./keys/institute.pub",
            "-o",
            "./x",
        ];
        site.refused(
            &[&["release", &part, "--study", "./study.toml"][..], &key].concat(),
            "the study names no such receiver",
        );
        site.refused(
            &with(&["--combine", "4"]),
            "there is no share file of what `part[3]` gives",
        );
        // What was left of another cut is not taken for a part of this one.
        site.ok(&with(&["--shard", "1/4"]));
        site.refused(
            &with(&["--combine", "3"]),
            "what is kept of `part[1]` is not of the 5 contributions that are there now, cut into 3 shards",
        );
        site.ok(&with(&["--shard", "1/3"]));
        let said = site.ok(&with(&["--combine", "3"]));
        assert!(said.contains("keeps its share of what `analyst`"), "{said}");
        let mut shares = Vec::new();
        for node in NODES {
            for path in site.files(node, "result") {
                let header = site.at(&format!("{node}.released"));
                let (path, out) = (path.display().to_string(), header.display().to_string());
                let key = format!("./keys/{node}.seal.key");
                let to = ["--to", "./keys/institute.pub", "-o", &out];
                let args = [
                    &["release", &path, "--study", "./study.toml", "--key", &key][..],
                    &to,
                ];
                let (code, _) = site.run(&args.concat());
                if code == Some(0) {
                    shares.push(out);
                }
            }
        }
        assert_eq!(shares.len(), 3);
        let said = site.ok(&open(&shares));
        assert!(said.contains(ALL) && said.contains("checked: "), "{said}");
    }
}

/// A shard has some of what each role contributes.
#[test]
fn shards_of_several_roles_add_up() {
    let program = "party analyst;
party part[0..];
party person[0..];
party clinic[0..];

fn main(a: secret u32 from each person, b: secret u32 from each clinic, done: secret u64 from each part) -> u64 to analyst {
    a.sum() + b.sum() * 1000 + done.sum() as u64
}
";
    let roles = ["--contributors", "person", "--contributors", "clinic"];
    let site = Site::new(program, &NODES, &roles);
    for (role, name, values) in [("person", "a", &[1, 2, 3, 4][..]), ("clinic", "b", &[5, 6])] {
        for value in values {
            let inputs = format!("{{\"{name}\": {value}}}");
            site.ok(&site.sharing(&inputs, &["--role", role]));
        }
    }
    site.refused(
        &with(&["--shard", "2/3"]),
        "shard 2 of 3 has none of the 2 contributions as `clinic`: take fewer shards",
    );
    for shard in ["0/2", "1/2"] {
        site.ok(&with(&["--shard", shard]));
    }
    site.ok(&with(&["--combine", "2", "--keep", "./whole"]));
    let shares = NODES.map(|node| {
        let mut files = std::fs::read_dir(site.at(&format!("whole/{node}"))).expect("a folder");
        let file = files.next().expect("a result").expect("a file").path();
        let (file, out) = (file.display().to_string(), format!("./{node}.released"));
        let key = format!("./keys/{node}.seal.key");
        let to = ["--key", &key, "--to", "./keys/institute.pub", "-o", &out];
        site.ok(&[&["release", &file, "--study", "./study.toml"][..], &to].concat());
        out
    });
    let said = site.ok(&open(&shares));
    assert!(said.contains("`analyst` learns 11010"), "{said}");
}

#[test]
fn shards_that_tell_of_a_part_are_refused() {
    let site = site(
        &PROGRAM.replace("    t\n}", "    assert(reveal(t.sum) > 0);\n    t\n}"),
        &[],
    );
    site.refused(&with(&["--shard", "0/2"]), "a shard opens nothing");
    site.ok(&with(&[]));
    let none = PROGRAM
        .replace("party part[0..];\n", "")
        .replace(", done: secret Totals from each part", "");
    let none = none.replace(
        &none[none.find("    for p in done").expect("a loop")
            ..none.find("    t\n}").expect("the end")],
        "",
    );
    let without = self::site(&none, &[]);
    without.refused(
        &with(&["--shard", "0/2"]),
        "no role that gives the results of shards",
    );
    without.refused(
        &with(&["--shard", "0/2", "--combine", "2"]),
        "cannot be used with",
    );
    without.refused(&with(&["--shard", "2/2"]), "there is no shard 2 of 2");
    without.refused(
        &["run", "./pay.smpc", "--shard", "0/2"],
        "shards are of a study",
    );
    self::site(PROGRAM, &[]).refused(&with(&["--shard", "5/6"]), "take fewer shards");
}

#[test]
fn parts_are_of_one_set_of_contributions() {
    let site = site(PROGRAM, &[]);
    site.ok(&with(&["--shard", "0/2"]));
    site.contribute("[{\"amount\": 1, \"group\": 0}]");
    site.ok(&with(&["--shard", "1/2"]));
    site.refused(
        &with(&["--combine", "2"]),
        "is not of the 6 contributions that are there now, cut into 2 shards",
    );
    site.ok(&with(&["--shard", "0/2"]));
    site.ok(&with(&["--combine", "2", "--keep", "./whole"]));
    // One that is withdrawn is still in what its shard has given.
    let shares = |node| site.files(node, "share");
    let last = shares("a").pop().expect("a contribution");
    for node in NODES {
        let path = last
            .file_name()
            .map(|name| site.at("shares").join(node).join(name));
        std::fs::remove_file(path.expect("a name")).expect("a share");
    }
    site.refused(
        &with(&["--combine", "2"]),
        "is not of the 5 contributions that are there now, cut into 2 shards",
    );
}

/// The nodes as they are deployed: each task is told its number by what started it, and meets the others' at ports of its own.
#[test]
fn tasks_of_an_engine_are_shards_of_a_node() {
    let site = site(PROGRAM, &[]);
    // Ports of which the next one is free as well.
    let mut ports: Vec<u16> = Vec::new();
    let mut held = Vec::new();
    while ports.len() < NODES.len() {
        let one = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = one.local_addr().expect("an address").port();
        if let Ok(next) = std::net::TcpListener::bind(("127.0.0.1", port + 1)) {
            ports.push(port);
            held.push((one, next));
        }
    }
    drop(held);
    for (node, port) in NODES.iter().zip(&ports) {
        let mut config = format!(
            "program = \"pay.smpc\"\nparty = \"{node}\"\nlisten = \"127.0.0.1:{port}\"\nkey = \"keys/{node}.key\"\ncert = \"keys/{node}.crt\"\n\
             study = \"study.toml\"\nseal = \"keys/{node}.seal.key\"\ndeadline_s = 30\n\n[shares]\ninputs = \"shares/{node}\"\n"
        );
        for (other, port) in NODES.iter().zip(&ports).filter(|(other, _)| *other != node) {
            config += &format!(
                "\n[[peer]]\nparty = \"{other}\"\naddress = \"127.0.0.1:{port}\"\ncert = \"keys/{other}.crt\"\n"
            );
        }
        std::fs::write(site.at(&format!("{node}.toml")), config).expect("a configuration");
    }
    // Both shards at the same time.
    let mut tasks = Vec::new();
    for shard in ["0", "1"] {
        for node in NODES {
            let config = site.at(&format!("{node}.toml")).display().to_string();
            let mut task = command(&["party", &config, "--shard", "env/2"]);
            task.env("JOB_COMPLETION_INDEX", shard);
            task.stdout(Stdio::piped()).stderr(Stdio::piped());
            tasks.push((shard, task.spawn().expect("a process")));
        }
    }
    for (shard, task) in tasks {
        let output = task.wait_with_output().expect("its end");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains(&format!("`part[{shard}]` is to learn")),
            "{said}"
        );
    }
    let said = site.ok(&with(&["--combine", "2", "--keep", "./whole"]));
    assert!(said.contains("keeps its share of what `analyst`"), "{said}");
    // A task that is not told anything says so, before it connects.
    let config = site.at("a.toml").display().to_string();
    let output = command(&["party", &config, "--shard", "env"])
        .env_remove("JOB_COMPLETION_INDEX")
        .output()
        .expect("a process");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("SLURM_ARRAY_TASK_ID"));
}
