//! Trials: runs of every suite in which something goes wrong at a random moment.
//!
//! A proxy spoils what travels, a hostile peer that holds a party's key spoils its frames inside TLS, and processes are killed or
//! stopped. Whatever happens, each party that keeps to the protocol ends in time, with a result that is right or with the exit code and
//! the culprit that belong to the trial, and leaves nothing behind. `cargo test` makes a few trials of each kind;
//! `tests/trials.sh` makes them for as long as it is told and says what came of them.

mod site;

use site::{DEADLINE, Ended, PROGRAM, Running, SETTINGS, Site, input, signal, smpcc};
use smpcc::deployment::{Deployment, party_id};
use smpcc::play::{self, Party};
use smpcc::source;
use smpcc::work::Work;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_runtime::net::faulty::{self, Spoil};
use smpcc_runtime::net::proxy::{Fault, Hit, Proxy};
use smpcc_runtime::net::{Mesh, Options, tcp, tls};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a busy machine may add to every bound: other tests run at the same time.
const SLACK: Duration = Duration::from_secs(8);

/// The longest that a run may take in which nothing stands still.
const RUN: Duration = Duration::from_secs(60);

/// One trial of a kind: what was done, and whether all ended as they may.
type Trial = fn(&mut SplitMix) -> (String, Result<Outcome, String>);

/// How a trial ended that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// With the right result at every party that stayed.
    Result,
    /// With an error at some.
    Stopped,
}

/// A setting and a number of steps: from runs that are over at once to runs of seconds.
fn drawn(random: &mut SplitMix) -> ((&'static str, &'static str, usize), u32) {
    let setting = SETTINGS[below(random, SETTINGS.len())];
    (setting, 1 << below(random, 12))
}

fn below(random: &mut SplitMix, n: usize) -> usize {
    random.below(n as u64) as usize
}

/// A number below some thousands, small ones as likely as large ones.
fn skewed(random: &mut SplitMix) -> usize {
    let most = 1 << below(random, 12);
    below(random, most)
}

/// The outcome of parties that should end as [`Ended::check`] says, and of the folder they ran in.
fn judge(
    site: &Site,
    before: &[PathBuf],
    running: Vec<Running>,
    within: Duration,
    codes: &[i32],
    culprits: &[usize],
) -> Result<Outcome, String> {
    let until = Instant::now() + within;
    let ended: Vec<Ended> = running
        .into_iter()
        .map(|party| party.end(until.saturating_duration_since(Instant::now())))
        .collect::<Result<_, _>>()?;
    for party in &ended {
        party.check(site.steps, codes, culprits)?;
    }
    if site.files() != before {
        return Err(format!("files are left behind: {:?}", site.files()));
    }
    let stopped = ended.iter().any(|e| e.code != Some(0));
    Ok(if stopped {
        Outcome::Stopped
    } else {
        Outcome::Result
    })
}

/// A proxy spoils what two parties send each other.
fn proxied(random: &mut SplitMix) -> (String, Result<Outcome, String>) {
    let (setting, steps) = drawn(random);
    let n = setting.2;
    let low = below(random, n - 1);
    let high = low + 1 + below(random, n - 1 - low);
    let faults = [
        Fault::Cut,
        Fault::CutWithin,
        Fault::Stall,
        Fault::Trickle(50, 20_000),
        Fault::Flip(below(random, 1 << 20)),
        Fault::Flip(below(random, 40)),
        Fault::Repeat,
        Fault::Swap,
        Fault::Drop,
    ];
    let hit = Hit {
        fault: faults[below(random, faults.len())],
        record: skewed(random),
        forth: below(random, 2) == 0,
    };
    let mut proxy = None;
    let site = Site::new(setting, steps, |from, to, direct| {
        (from == low && to == high).then(|| {
            let started = Proxy::start(direct, hit).expect("a proxy");
            proxy.insert(started).address()
        })
    });
    let before = site.files();
    let what = format!("{setting:?}, {steps} steps, {hit:?} between {low} and {high}");
    let running: Vec<Running> = (0..n).map(|p| site.start(p)).collect();
    (
        what,
        judge(&site, &before, running, RUN + SLACK, &[4], &[low, high]),
    )
}

/// A party that holds its key and speaks the protocol spoils a frame of its own.
fn hostile(random: &mut SplitMix) -> (String, Result<Outcome, String>) {
    let (setting, steps) = drawn(random);
    let n = setting.2;
    let who = below(random, n);
    let victim = (who + 1 + below(random, n - 1)) % n;
    let frame = skewed(random);
    let spoils = [
        Spoil::FlipBit(below(random, 36 * 8)),
        Spoil::Cut,
        Spoil::CutWithin(below(random, 2000)),
        Spoil::Repeat,
        Spoil::Drop,
        Spoil::Swap,
        Spoil::Stall,
        Spoil::Replace(vec![random.draw() as u8; below(random, 3000)]),
        Spoil::Lengthen(1 + below(random, 1000)),
        Spoil::Shorten(1 + below(random, 1000)),
        Spoil::ClaimLength(random.draw() as u32),
    ];
    let spoil = spoils[below(random, spoils.len())].clone();
    let site = Site::new(setting, steps, |_, _, _| None);
    let before = site.files();
    let what =
        format!("{setting:?}, {steps} steps, frame {frame} from {who} to {victim}: {spoil:?}");
    let running: Vec<Running> = (0..n)
        .filter(|p| *p != who)
        .map(|p| site.start(p))
        .collect();
    let config = site.config(who);
    let plays = std::thread::spawn(move || {
        play_spoiled(&config, |to, link| {
            if to.index() == victim {
                faulty::wrap(link, frame, spoil.clone())
            } else {
                link
            }
        })
    });
    let judged = judge(&site, &before, running, RUN + SLACK, &[2, 3, 4], &[who]);
    let played = plays.join();
    if played.is_err() {
        return (what, Err("the hostile party panicked".into()));
    }
    (what, judged)
}

/// Plays the party of a configuration in this process, with its links changed; whether it came to an end that it takes for good.
fn play_spoiled(
    config: &Path,
    wrap: impl FnMut(
        smpcc_runtime::party::PartyId,
        smpcc_runtime::net::Link,
    ) -> smpcc_runtime::net::Link,
) -> bool {
    let played = || -> Option<bool> {
        let deployment = Deployment::read(config).ok()?;
        let source = source::read(&deployment.program()).ok()?;
        let hir = Box::new(source.check().0?);
        let work = Arc::new(Work::Text { source, hir });
        let choices = deployment.choices(&work, None).ok()?;
        let seats = work.seats(&choices).ok()?;
        let me = deployment.me(&seats.names).ok()?;
        let inputs = deployment.inputs(&seats, me).ok()?;
        let links = tls::connect(tls::Config {
            me: party_id(me),
            names: play::names(&seats.names),
            identity: deployment.identity().ok()?,
            listener: tcp::listen(deployment.listen()).ok()?,
            peers: deployment.peers(&seats.names, me, &[]).ok()?,
            connect: deployment.connect(),
        })
        .ok()?;
        let options = Options {
            deadline: deployment.deadline(),
            ..Options::default()
        };
        let mesh = Mesh::new(links.wrap_all(wrap), play::names(&seats.names), options).ok()?;
        let party = Party {
            work: work.clone(),
            choices: &choices,
            inputs,
            limits: deployment.limits().ok()?,
            confirm: play::unasked,
            began: Instant::now(),
            trace: false,
        };
        Some(play::play(party, mesh, &mut |_| {}).is_ok())
    };
    played().unwrap_or(false)
}

/// A party's process is killed, or stopped for good, in the middle of a run that would last for minutes.
fn struck(random: &mut SplitMix) -> (String, Result<Outcome, String>) {
    let (setting, _) = drawn(random);
    let n = setting.2;
    let who = below(random, n);
    let name = heard(["KILL", "STOP", "TERM", "INT"][below(random, 4)]);
    let wait = Duration::from_millis(random.draw() % 2500);
    let site = Site::new(setting, u32::MAX >> 8, |_, _, _| None);
    let before = site.files();
    let what = format!("{setting:?}, SIG{name} at party {who} after {wait:?}");
    let mut running: Vec<Running> = (0..n).map(|p| site.start(p)).collect();
    std::thread::sleep(wait);
    let victim = running.remove(who);
    victim.signal(name);
    let within = Duration::from_secs(4 + DEADLINE + 2) + SLACK;
    let judged = judge(&site, &before, running, within, &[3, 4], &[who]);
    drop(victim);
    (what, judged)
}

/// The parent or a child of `smpcc run` is killed or stopped.
fn family(random: &mut SplitMix) -> (String, Result<Outcome, String>) {
    let ((suite, protocol, n), _) = drawn(random);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("long.smpc"), PROGRAM).expect("written");
    let inputs: BTreeMap<String, serde_json::Value> = (0..n)
        .map(|p| (p.to_string(), serde_json::json!({ "x": input(p) })))
        .collect();
    let inputs = serde_json::to_string(&inputs).expect("JSON");
    std::fs::write(folder.path().join("inputs.json"), inputs).expect("written");
    let parent = smpcc()
        .current_dir(folder.path())
        .args(["run", "long.smpc", "--quiet", "--format", "json"])
        .args(["--inputs", "inputs.json", "--arg", "steps=16777215"])
        .args(["--parties", &n.to_string(), "--suite", suite])
        .args(["--protocol", protocol, "--deadline", &DEADLINE.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smpcc starts");
    let parent = Running {
        child: Some(parent),
        party: n,
    };
    let pid = parent.child.as_ref().map_or(0, Child::id);
    std::thread::sleep(Duration::from_millis(500 + random.draw() % 2500));
    let children = children_of(pid);
    let whole = below(random, 2) == 0;
    let name = heard(["KILL", "INT", "TERM", "STOP"][below(random, if whole { 3 } else { 4 })]);
    let target = match children.get(below(random, n)) {
        Some(child) if !whole => *child,
        _ => pid,
    };
    let whose = if target == pid {
        "the parent"
    } else {
        "a child"
    };
    let what = format!("{suite} {protocol} among {n}, SIG{name} at {whose}");
    signal(target, name);
    let began = Instant::now();
    let ended = parent.end(Duration::from_secs(2 * DEADLINE + 8) + SLACK);
    let gone = (Duration::from_secs(1) + SLACK).saturating_sub(if target == pid {
        began.elapsed()
    } else {
        Duration::ZERO
    });
    let until = Instant::now() + gone;
    let alive = |pid: &u32| is_alive(*pid);
    while children.iter().any(alive) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left: Vec<&u32> = children.iter().filter(|pid| alive(pid)).collect();
    for pid in &left {
        signal(**pid, "KILL");
    }
    let judged = match ended {
        Err(why) => Err(why),
        Ok(_) if !left.is_empty() => Err(format!("children are left behind: {left:?}")),
        Ok(e) if !e.out.is_empty() => Err(format!("a result of a run that was struck: {e}")),
        Ok(e) if target != pid && !matches!(e.code, Some(3 | 4)) => Err(e.to_string()),
        Ok(_) => Ok(Outcome::Stopped),
    };
    (what, judged)
}

/// A signal that processes started from here hear: what a shell runs in the background ignores interrupts, and so does all that
/// it starts.
fn heard(name: &'static str) -> &'static str {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match name {
        "INT" if ignored.is_some_and(|mask| mask & 0b10 != 0) => "TERM",
        _ => name,
    }
}

/// The processes whose parent a process is.
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| status(*pid).is_some_and(|(ppid, _)| ppid == parent))
        .collect()
}

fn is_alive(pid: u32) -> bool {
    status(pid).is_some_and(|(_, state)| !matches!(state, 'Z' | 'X'))
}

/// A process's parent and state, where the system tells.
fn status(pid: u32) -> Option<(u32, char)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((words.next()?.parse().ok()?, state))
}

/// Makes trials of a kind: a few, or for as many seconds as `SMPCC_TRIALS` says. The seed of each is printed when it fails.
fn trials(kind: &str, few: u64, trial: Trial) {
    let seconds: u64 = std::env::var("SMPCC_TRIALS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let began = Instant::now();
    let first = match seconds {
        0 => 0,
        _ => std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |t| t.as_secs() << 20),
    };
    let mut failed = Vec::new();
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    let mut made = 0;
    while made < few || began.elapsed() < Duration::from_secs(seconds) {
        let seed = first + made;
        let (what, outcome) = trial(&mut SplitMix::new(seed));
        match outcome {
            Ok(outcome) => *counts.entry(outcome).or_default() += 1,
            Err(why) => failed.push(format!("seed {seed}, {what}: {why}")),
        }
        made += 1;
    }
    let count = |outcome| counts.get(&outcome).copied().unwrap_or(0);
    let said = format!(
        "{kind}: {made} trials in {} s; {} gave the right result, {} stopped as they may, {} failed",
        began.elapsed().as_secs(),
        count(Outcome::Result),
        count(Outcome::Stopped),
        failed.len()
    );
    assert!(failed.is_empty(), "{said}\n{}", failed.join("\n"));
    // Shown by `--nocapture`, which the script asks for.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{said}\n").as_bytes());
}

#[test]
fn what_a_proxy_spoils_gives_no_wrong_result() {
    trials("a bad network", 4, proxied);
}

#[test]
fn what_a_hostile_peer_sends_gives_no_wrong_result() {
    trials("a hostile peer", 4, hostile);
}

#[test]
fn a_party_that_is_killed_or_stopped_ends_the_run() {
    trials("a party struck", 2, struck);
}

/// In a garbled section under `rep3` party 1 garbles and sends nothing: it looks at its links all the same.
#[test]
fn a_garbler_that_only_computes_hears_that_the_evaluator_is_gone() {
    let site = Site::new(("rep3", "yao", 3), u32::MAX >> 8, |_, _, _| None);
    let before = site.files();
    let mut running: Vec<Running> = (0..3).map(|p| site.start(p)).collect();
    std::thread::sleep(Duration::from_millis(2500));
    let evaluator = running.pop();
    evaluator.iter().for_each(|e| e.signal("KILL"));
    let judged = judge(
        &site,
        &before,
        running,
        Duration::from_secs(2) + SLACK,
        &[3, 4],
        &[2],
    );
    assert!(judged.is_ok(), "{judged:?}");
}

/// A run ends at its limit, which was said before it began.
#[test]
fn a_run_ends_at_its_limit() {
    let site = Site::new(("rep3", "boolean", 3), u32::MAX >> 8, |_, _, _| None);
    for party in 0..3 {
        site.replace(party, "run_s = 15", "run_s = 3");
    }
    let running: Vec<Running> = (0..3).map(|p| site.start_with(p, &[])).collect();
    for party in running {
        let ended = party.end(Duration::from_secs(10) + SLACK);
        let ended = ended.unwrap_or_else(|e| panic!("{e}"));
        assert!(matches!(ended.code, Some(2..=4)), "{ended}");
        assert!(ended.out.is_empty(), "{ended}");
        assert!(ended.err.contains("ends the run after 3 s"), "{ended}");
    }
}

/// Lengths of time that no clock can count are lengths of time, and none at all is refused.
#[test]
fn every_length_of_time_is_taken_or_refused() {
    let longest = i64::MAX.to_string();
    for (line, code) in [
        (format!("run_s = {longest}"), Some(0)),
        ("run_s = 0".to_owned(), Some(2)),
    ] {
        let site = Site::new(("two-party", "boolean", 2), 4, |_, _, _| None);
        for party in 0..2 {
            site.replace(party, "connect_s = 4", &format!("connect_s = {longest}"));
            site.replace(party, "deadline_s = 2", &format!("deadline_s = {longest}"));
            site.replace(party, "run_s = 15", &line);
        }
        let running: Vec<Running> = (0..2).map(|p| site.start(p)).collect();
        for party in running {
            let ended = party.end(RUN);
            let ended = ended.unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(ended.code, code, "{ended}");
        }
    }
}

#[test]
fn a_run_whose_parent_or_child_is_struck_leaves_nothing_behind() {
    trials("a family struck", 2, family);
}
