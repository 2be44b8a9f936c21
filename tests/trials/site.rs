//! What a trial is made with: a deployment in a folder of its own, its parties as processes, and how each of them ended.

use std::fmt;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds without a sign of life after which a party is given up.
pub(super) const DEADLINE: u64 = 2;

/// Seconds after which a run ends in which all are alive and nobody gets on, because a frame is missing.
pub(super) const LIMIT: u64 = 15;

/// A program whose length is its argument, and what it gives for the inputs of [`Site`].
pub(super) const PROGRAM: &str = "\
fn main(x: secret u32 from each, steps: u32) -> u32 {
    let mut a = x[0];
    for i in 0..steps {
        if a < x[1] { a = a * 3 + 1; } else { a = a - x[1]; }
    }
    a
}
";

pub(super) fn expected(steps: u32) -> u32 {
    let (mut a, b) = (input(0), input(1));
    for _ in 0..steps {
        a = if a < b {
            a.wrapping_mul(3).wrapping_add(1)
        } else {
            a - b
        };
    }
    a
}

pub(super) fn input(party: usize) -> u32 {
    1_000_003 * (party as u32 + 1)
}

/// Suite, domain and number of parties.
pub(super) const SETTINGS: [(&str, &str, usize); 6] = [
    ("two-party", "boolean", 2),
    ("two-party", "yao", 2),
    ("rep3", "boolean", 3),
    ("rep3", "yao", 3),
    ("gmw", "boolean", 3),
    ("bgw", "auto", 4),
];

/// Everything that a deployment needs, in a folder of its own.
pub(super) struct Site {
    pub(super) folder: tempfile::TempDir,
    pub(super) steps: u32,
}

impl Site {
    /// `proxies` says what a party dials in place of another.
    pub(super) fn new(
        (suite, protocol, n): (&str, &str, usize),
        steps: u32,
        mut instead: impl FnMut(usize, usize, &str) -> Option<String>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listeners: Vec<TcpListener> = (0..n)
            .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
            .collect();
        let ports: Vec<u16> = listeners
            .iter()
            .map(|l| l.local_addr().expect("an address").port())
            .collect();
        drop(listeners);
        let write = |name: String, text: String| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("long.smpc".into(), PROGRAM.into());
        for party in 0..n {
            let name = format!("p{party}");
            let identity = smpcc_runtime::keys::Identity::ephemeral(&name).expect("a key pair");
            identity.write(folder.path(), &name).expect("written");
            write(
                format!("{party}.json"),
                format!("{{\"x\": {}}}", input(party)),
            );
            let mut text = format!(
                "program = \"long.smpc\"\nparty = {party}\nlisten = \"127.0.0.1:{}\"\nkey = \"p{party}.key\"\ncert = \"p{party}.crt\"\ninputs = \"{party}.json\"\nsuite = \"{suite}\"\nprotocol = \"{protocol}\"\nconnect_s = 4\ndeadline_s = {DEADLINE}\nrun_s = {LIMIT}\n[args]\nsteps = \"{steps}\"\n",
                ports[party]
            );
            for other in (0..n).filter(|o| *o != party) {
                let direct = format!("127.0.0.1:{}", ports[other]);
                let address = instead(party, other, &direct).unwrap_or(direct);
                text.push_str(&format!(
                    "[[peer]]\nparty = {other}\naddress = \"{address}\"\ncert = \"p{other}.crt\"\n"
                ));
            }
            write(format!("{party}.toml"), text);
        }
        Self { folder, steps }
    }

    /// Changes a line of a party's configuration.
    pub(super) fn replace(&self, party: usize, line: &str, with: &str) {
        let config = self.config(party);
        let text = std::fs::read_to_string(&config).expect("a configuration");
        assert!(text.contains(line), "{text}");
        std::fs::write(config, text.replace(line, with)).expect("written");
    }

    pub(super) fn config(&self, party: usize) -> PathBuf {
        self.folder.path().join(format!("{party}.toml"))
    }

    /// Starts a party that says nothing but what goes wrong.
    pub(super) fn start(&self, party: usize) -> Running {
        self.start_with(party, &["--quiet"])
    }

    pub(super) fn start_with(&self, party: usize, options: &[&str]) -> Running {
        let child = smpcc()
            .args(["party", "--format", "json"])
            .args(options)
            .arg(self.config(party))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("smpcc starts");
        Running {
            child: Some(child),
            party,
        }
    }

    /// What stands in the folder.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut files: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
        files.sort();
        files
    }
}

pub(super) fn smpcc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smpcc"));
    command.env("NO_COLOR", "1");
    command
}

/// A party's process; ended when dropped.
pub(super) struct Running {
    pub(super) child: Option<Child>,
    pub(super) party: usize,
}

impl Running {
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().map_or(0, Child::id);
        signal(pid, name);
    }

    /// What it says, when it ends within a time.
    pub(super) fn end(mut self, within: Duration) -> Result<Ended, String> {
        let until = Instant::now() + within;
        let mut child = self.child.take().ok_or("it has ended already")?;
        loop {
            match child.try_wait() {
                Ok(Some(_)) => break,
                _ if Instant::now() >= until => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("party {} does not end", self.party));
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        let output = child.wait_with_output().map_err(|e| e.to_string())?;
        Ok(Ended {
            party: self.party,
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(super) fn signal(pid: u32, name: &str) {
    let done = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .stderr(Stdio::null())
        .status();
    assert!(done.is_ok());
}

/// How a party ended.
pub(super) struct Ended {
    pub(super) party: usize,
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    /// Whether it ended as a party may that keeps to the protocol: with the right result, or with none and one of these codes,
    /// naming one of these parties.
    pub(super) fn check(
        &self,
        steps: u32,
        codes: &[i32],
        culprits: &[usize],
    ) -> Result<(), String> {
        if self.code == Some(0) {
            let report: serde_json::Value =
                serde_json::from_str(&self.out).map_err(|e| format!("{self}: {e}"))?;
            let result = &report["outputs"][self.party.to_string()];
            return if *result == expected(steps) {
                Ok(())
            } else {
                Err(format!("a wrong result: {self}"))
            };
        }
        let known = self.code.is_some_and(|code| codes.contains(&code));
        let named = culprits
            .iter()
            .any(|p| self.err.contains(&format!("party {p}")));
        // Who is alive and does not get on is found out when the run reaches its limit, by whoever looks first.
        let limited = self.err.contains("the limit of the run");
        if (known && named || limited) && self.out.is_empty() && !self.err.contains("panic") {
            Ok(())
        } else {
            Err(format!(
                "not one of {codes:?} that names {culprits:?}: {self}"
            ))
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "party {} ended with {:?}; stdout {:?}, stderr {:?}",
            self.party, self.code, self.out, self.err
        )
    }
}
