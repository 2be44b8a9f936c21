//! `smpcc party` as institutions deploy it: three configurations on loopback, and what goes wrong there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

struct Site {
    folder: tempfile::TempDir,
    ports: [u16; 3],
    deadline_s: u32,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let avg = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/avg.smpc");
        std::fs::copy(avg, folder.path().join("avg.smpc")).expect("the program");
        let site = Self {
            folder,
            ports: free_ports(),
            deadline_s: 20,
        };
        for party in 0..3 {
            let made = smpcc()
                .args(["keygen", "--name", &format!("p{party}"), "--out"])
                .arg(site.path())
                .output()
                .expect("keygen");
            assert!(made.status.success());
            std::fs::write(
                site.path().join(format!("{party}.json")),
                format!("{{\"salary\": {}}}", 5000 + 300 * party),
            )
            .expect("inputs");
        }
        for party in 0..3 {
            site.configure(party, "avg.smpc", "");
        }
        site
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn configure(&self, party: usize, program: &str, extra: &str) {
        let mut text = format!(
            "program = \"{program}\"\nparty = {party}\nlisten = \"127.0.0.1:{}\"\nkey = \"p{party}.key\"\ncert = \"p{party}.crt\"\ninputs = \"{party}.json\"\nsuite = \"rep3\"\ndeadline_s = {}\n{extra}\n",
            self.ports[party], self.deadline_s
        );
        for other in (0..3).filter(|o| *o != party) {
            text.push_str(&format!(
                "[[peer]]\nparty = {other}\naddress = \"127.0.0.1:{}\"\ncert = \"p{other}.crt\"\n",
                self.ports[other]
            ));
        }
        std::fs::write(self.config(party), text).expect("a configuration");
    }

    fn config(&self, party: usize) -> PathBuf {
        self.path().join(format!("{party}.toml"))
    }

    /// Where a party notes when what took place.
    fn trace(&self, party: usize) -> PathBuf {
        let ending = if party == 0 { "html" } else { "json" };
        self.path().join(format!("trace-{party}.{ending}"))
    }

    fn start(&self, party: usize) -> Child {
        smpcc()
            .args(["party", "--format", "json"])
            .arg(self.config(party))
            .arg("--trace")
            .arg(self.trace(party))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("smpcc starts")
    }

    fn run(&self, parties: &[usize]) -> Vec<Output> {
        let children: Vec<Child> = parties.iter().map(|p| self.start(*p)).collect();
        children
            .into_iter()
            .map(|c| c.wait_with_output().expect("an end"))
            .collect()
    }
}

fn smpcc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smpcc"));
    command.env("NO_COLOR", "1");
    command
}

fn free_ports() -> [u16; 3] {
    let listeners: [TcpListener; 3] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|l| l.local_addr().expect("an address").port())
}

/// Each party has a copy of the program, a module and a circuit in a folder of its own and names it in its own way: the copies are one
/// program, and messages name the files as they are called where they are read.
#[test]
fn copies_in_different_folders_are_one_program() {
    let site = Site::new();
    let main = "use crate::steps::half;\nfn main(salary: secret u32 from each) -> u32 {\n    let s = reveal(salary[0] < 9999);\n    assert(s);\n    half(salary[0] + salary[1])\n}\n";
    let steps = "pub fn half(x: secret u32) -> secret u32 { x >> 1 }\n";
    let folders = ["", "deep/er/", "other name/"];
    for folder in folders {
        let at = site.path().join(folder);
        std::fs::create_dir_all(&at).expect("a folder");
        std::fs::write(at.join("copy.smpc"), main).expect("the program");
        std::fs::write(at.join("steps.smpc"), steps).expect("a module");
    }
    site.configure(0, "./copy.smpc", "");
    site.configure(1, "deep/er/copy.smpc", "");
    let absolute = site.path().join("other name/copy.smpc");
    site.configure(2, &absolute.display().to_string(), "");
    let mut hashes = Vec::new();
    for (party, output) in site.run(&[0, 1, 2]).iter().enumerate() {
        assert!(output.status.success(), "party {party}: {}", err(output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["outputs"][party.to_string()], (5000 + 5300) / 2);
        hashes.push(report["program"].clone());
    }
    assert!(hashes.iter().all(|h| *h == hashes[0]), "{hashes:?}");

    std::fs::write(site.path().join("0.json"), "{\"salary\": 10000}").expect("inputs");
    let ends = site.run(&[0, 1, 2]);
    let said = ends.iter().zip(folders).filter(|(output, folder)| {
        output.status.code() == Some(1) && err(output).contains(&format!("{folder}copy.smpc:4:"))
    });
    assert!(
        said.count() > 0,
        "{}",
        ends.iter().map(err).collect::<String>()
    );
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn three_parties_compute_the_mean() {
    let site = Site::new();
    for (party, output) in site.run(&[0, 1, 2]).iter().enumerate() {
        assert!(output.status.success(), "party {party}: {}", err(output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["outputs"][party.to_string()], 5300);
        assert_eq!(report["parties"], 3);
        assert_eq!(report["key_exchange"], "X25519MLKEM768");
        let trace = std::fs::read_to_string(site.trace(party)).expect("a trace");
        match party {
            0 => assert!(trace.starts_with("<!doctype html>") && trace.contains("avg.smpc:")),
            _ => assert!(trace.contains(&format!("\"name\":\"party {party}\""))),
        }
    }
}

#[test]
fn different_programs_and_arguments_are_named_and_nothing_is_computed() {
    let site = Site::new();
    let other = "use std::stats::mean;\nfn main(salary: secret u32 from each) -> u32 { mean(salary) + 1 }\n";
    std::fs::write(site.path().join("other.smpc"), other).expect("written");
    std::fs::rename(site.path().join("other.smpc"), site.path().join("sub.smpc")).expect("renamed");
    site.configure(2, "sub.smpc", "");
    for output in site.run(&[0, 1, 2]) {
        assert_eq!(
            output.status.code().filter(|c| [2, 3].contains(c)),
            output.status.code(),
            "{}",
            err(&output)
        );
        assert!(output.stdout.is_empty());
    }
    let outputs = site.run(&[0, 1, 2]);
    assert!(
        outputs
            .iter()
            .any(|o| o.status.code() == Some(2) && err(o).contains("source")),
        "{}",
        err(&outputs[0])
    );
    site.configure(2, "avg.smpc", "threshold = 2");
    let outputs = site.run(&[2]);
    assert_eq!(outputs[0].status.code(), Some(2));
    assert!(
        err(&outputs[0]).contains("`rep3` does not stand 2"),
        "{}",
        err(&outputs[0])
    );
    std::fs::write(site.path().join("fast.toml"), "[rep3]\nand_ps = 1\n").expect("a table");
    site.configure(2, "avg.smpc", "costs = \"fast.toml\"");
    let outputs = site.run(&[0, 1, 2]);
    assert!(
        outputs
            .iter()
            .any(|o| o.status.code() == Some(2) && err(o).contains("the cost model")),
        "{}",
        err(&outputs[0])
    );
    site.configure(2, "avg.smpc", "protocol = \"yao\"");
    let outputs = site.run(&[0, 1, 2]);
    assert!(
        outputs
            .iter()
            .any(|o| o.status.code() == Some(2) && err(o).contains("protocol")),
        "{}",
        err(&outputs[0])
    );
}

#[test]
fn a_wrong_certificate_is_refused() {
    let site = Site::new();
    let made = smpcc()
        .args(["keygen", "--name", "stranger", "--out"])
        .arg(site.path())
        .output()
        .expect("keygen");
    assert!(made.status.success());
    for ending in ["key", "crt"] {
        std::fs::rename(
            site.path().join(format!("stranger.{ending}")),
            site.path().join(format!("q2.{ending}")),
        )
        .expect("renamed");
    }
    let text = std::fs::read_to_string(site.config(2))
        .expect("a configuration")
        .replace("\"p2.key\"", "\"q2.key\"")
        .replace("\"p2.crt\"", "\"q2.crt\"");
    std::fs::write(
        site.config(2),
        text.replace("deadline_s = 20", "deadline_s = 3"),
    )
    .expect("written");
    for party in [0, 1] {
        let text = std::fs::read_to_string(site.config(party)).expect("a configuration");
        std::fs::write(
            site.config(party),
            text.replace("deadline_s = 20", "deadline_s = 3"),
        )
        .expect("written");
    }
    for output in site.run(&[0, 1, 2]) {
        assert!(
            matches!(output.status.code(), Some(2..=4)),
            "{:?}: {}",
            output.status.code(),
            err(&output)
        );
        assert!(output.stdout.is_empty());
        assert!(err(&output).contains("party"), "{}", err(&output));
    }
}

#[test]
fn a_party_that_never_comes_is_named() {
    let mut site = Site::new();
    site.deadline_s = 2;
    for party in 0..3 {
        site.configure(party, "avg.smpc", "");
    }
    let began = Instant::now();
    for output in site.run(&[0, 1]) {
        assert_eq!(output.status.code(), Some(4), "{}", err(&output));
        assert!(err(&output).contains("party 2"), "{}", err(&output));
    }
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_port_in_use_is_said() {
    let site = Site::new();
    let taken = TcpListener::bind(("127.0.0.1", site.ports[0])).expect("the port");
    let output = site.start(0).wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(
        err(&output).contains(&site.ports[0].to_string()),
        "{}",
        err(&output)
    );
    drop(taken);
}

#[test]
fn a_killed_party_stops_the_others_and_is_named() {
    let mut site = Site::new();
    site.deadline_s = 5;
    // Long enough to be interrupted: half a million dependent comparisons.
    let program = "fn main(salary: secret u32 from each) -> u32 {\n    let mut a = salary[0];\n    for i in 0..500000 {\n        if a < salary[1] { a = a * 3 + 1; }\n    }\n    a\n}\n";
    std::fs::write(site.path().join("long.smpc"), program).expect("written");
    for party in 0..3 {
        site.configure(party, "long.smpc", "");
    }
    let mut children: Vec<Child> = (0..3).map(|p| site.start(p)).collect();
    std::thread::sleep(Duration::from_millis(1500));
    children[2].kill().expect("killed");
    let began = Instant::now();
    let outputs: Vec<Output> = children
        .into_iter()
        .map(|c| c.wait_with_output().expect("an end"))
        .collect();
    assert!(began.elapsed() < Duration::from_secs(20));
    for output in &outputs[..2] {
        assert!(
            matches!(output.status.code(), Some(3 | 4)),
            "{:?}: {}",
            output.status.code(),
            err(output)
        );
        assert!(output.stdout.is_empty());
        assert!(err(output).contains("party 2"), "{}", err(output));
    }
}

#[test]
fn a_peer_that_sends_garbage_is_no_danger() {
    use std::io::Write;
    let mut site = Site::new();
    site.deadline_s = 2;
    for party in 0..3 {
        site.configure(party, "avg.smpc", "");
    }
    let child = site.start(1);
    std::thread::sleep(Duration::from_millis(300));
    for noise in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 4096],
        &[0x16, 3, 1, 0xff, 0xff],
    ] {
        if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", site.ports[1])) {
            let _ = stream.write_all(noise);
        }
    }
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(
        output.stdout.is_empty() && !err(&output).contains("panic"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_file_of_secrets_is_not_quoted_whatever_it_is_taken_for() {
    let site = Site::new();
    let secrets = [
        ("0.json", "{\"salary\": 4711471}\n"),
        ("s.csv", "salary\n4711471\n"),
        ("s.toml", "salary = 4711471\nname = \"hunter2\"\n"),
        ("s.env", "PASSWORD=hunter2\nPIN=4711471\n"),
        ("t.toml", "[rep3]\nand_ps = \"hunter2\"\nx = 4711471\n"),
        ("u.toml", "program = 4711471\nparty = \"hunter2\"\n"),
    ];
    for (name, text) in secrets {
        let path = site.path().join(name);
        std::fs::write(&path, text).expect("written");
        let as_config = smpcc().arg("party").arg(&path).output().expect("smpcc");
        let avg = site.path().join("avg.smpc");
        let as_costs = smpcc()
            .arg("stats")
            .arg(&avg)
            .args(["--parties", "3", "--costs"])
            .arg(&path)
            .output()
            .expect("smpcc");
        for output in [as_config, as_costs] {
            let message = err(&output);
            assert_eq!(output.status.code(), Some(2), "{message}");
            assert!(message.contains(name), "{message}");
            assert!(
                !message.contains("hunter2") && !message.contains("4711471"),
                "{message}"
            );
        }
    }
}

/// A program of a list of each party, and an argument.
const LIST: &str =
    "fn main(level: u64, xs: [secret u32; _] from each) -> u64 { level + xs.flatten().sum() }\n";

fn list_site(extra: impl Fn(usize) -> &'static str) -> Site {
    let site = Site::new();
    std::fs::write(site.path().join("list.smpc"), LIST).expect("written");
    for party in 0..3 {
        let rows: Vec<String> = (0..=party).map(|i| i.to_string()).collect();
        let inputs = format!("{{\"xs\": [{}]}}", rows.join(", "));
        std::fs::write(site.path().join(format!("{party}.json")), inputs).expect("inputs");
        site.configure(party, "list.smpc", extra(party));
        let config = std::fs::read_to_string(site.config(party)).expect("a configuration");
        let config = config + "[args]\nlevel = 5\n";
        std::fs::write(site.config(party), config).expect("written");
    }
    site
}

#[test]
fn parties_are_told_how_much_the_others_give() {
    let site = list_site(|_| "");
    for (party, output) in site.run(&[0, 1, 2]).iter().enumerate() {
        let message = err(output);
        assert!(output.status.success(), "{message}");
        for other in (0..3).filter(|o| *o != party) {
            let rows = ["1 row", "2 rows", "3 rows"][other];
            let line = format!("party {other} gives {rows} of `xs`");
            assert!(message.contains(&line), "{message}");
        }
    }
}

#[test]
fn a_claim_beyond_the_limit_is_named_before_anything_is_computed() {
    let site = list_site(|party| if party == 0 { "max_rows = 2" } else { "" });
    let outputs = site.run(&[0, 1, 2]);
    let message = err(&outputs[0]);
    assert_eq!(outputs[0].status.code(), Some(2), "{message}");
    assert!(
        message.contains("party 2 claims to give 3 rows of `xs`"),
        "{message}"
    );
    assert!(
        outputs
            .iter()
            .all(|o| o.stdout.is_empty() && !o.status.success())
    );
    let site = list_site(|party| if party == 1 { "memory = \"1\"" } else { "" });
    let outputs = site.run(&[0, 1, 2]);
    let message = err(&outputs[1]);
    assert_eq!(outputs[1].status.code(), Some(2), "{message}");
    assert!(
        message.contains("memory") && message.contains("party 2"),
        "{message}"
    );
    assert!(
        outputs
            .iter()
            .all(|o| o.stdout.is_empty() && !o.status.success())
    );
}

#[test]
fn arguments_are_looked_at_before_anybody_is_connected_to() {
    let site = list_site(|_| "");
    let config = std::fs::read_to_string(site.config(0)).expect("a configuration");
    for (args, why) in [
        ("", "`level` is missing"),
        ("[args]\nlevle = 5\n", "did you mean `level`"),
    ] {
        std::fs::write(site.config(0), config.replace("[args]\nlevel = 5\n", args))
            .expect("written");
        let began = Instant::now();
        let output = site.run(&[0]).remove(0);
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(why), "{}", err(&output));
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
