//! A run of a study at this node: its share files laid out, `smpcc party` started on them, and what is left of it afterwards.
//!
//! What computes is the same program that parties start by hand, in a process of its own: it reads the shares of those contributions
//! that take part, sealed to this node, and leaves this node's shares of results, sealed to it as well. The inputs are removed when it
//! has ended, however it ended. A node that was stopped in the middle has lost nothing but the attempt. Before the run a session of its own
//! opens one bit for each contribution, whether it is as the program declares; those that are not are left out, and the run goes on.

use crate::Error;
use crate::agreement::List;
use crate::config::Config;
use crate::hosted::Hosted;
use crate::office::Office;
use crate::store::State;
use smpcc_circuit::sorted::SortedSet;
use smpcc_study::https;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::Event;
use smpcc_study::open::Held;
use smpcc_study::seal::{SealingKey, SealingPublic};
use smpcc_study::share_file::{self, Key, SealTo};
use smpcc_study::store::{read, write_whole};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds for which the others may take to connect: all have signed on, and look again within twenty.
const CONNECT_S: u64 = 60;

/// The exit status of a run that lost somebody, or was interrupted.
pub const LOST: i32 = 4;

/// What a run needs of the node's configuration.
pub struct Tools {
    /// The program that computes.
    pub smpcc: PathBuf,
    /// The node's certificate and key for links to other nodes.
    pub cert: PathBuf,
    /// See there.
    pub key: PathBuf,
    /// The key that opens what is sealed to the node.
    pub seal_file: PathBuf,
    /// Its public half.
    pub seal: SealingPublic,
    /// Where runs listen, if not at the study's address.
    pub party_listen: Option<String>,
}

impl Tools {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            smpcc: config.smpcc.clone(),
            cert: config.files.0.clone(),
            key: config.files.1.clone(),
            seal_file: config.files.2.clone(),
            seal: config.seal.public(),
            party_listen: config.party_listen.clone(),
        }
    }
}

/// The folder of a run.
pub fn folder(office: &Office, study: &StudyId, run: u32) -> PathBuf {
    office.folder(study).join("runs").join(run.to_string())
}

/// Computes, and returns with which status that ended.
///
/// # Errors
/// This machine, or a node that is gone; nothing has been computed then.
pub fn play(
    office: &Office,
    tools: &Tools,
    hosted: &Hosted,
    (run, list): (u32, &List),
    stopped: &dyn Fn() -> bool,
) -> Result<i32, Error> {
    let study = hosted.study.id();
    let folder = folder(office, &study, run);
    let inputs = folder.join("inputs");
    let failed = |e: std::io::Error| Error::machine("the folder of a run", e);
    // What an attempt that was interrupted left.
    let _ = fs::remove_dir_all(&inputs);
    fs::create_dir_all(&inputs).map_err(failed)?;
    fs::create_dir_all(folder.join("outputs")).map_err(failed)?;
    let ended = lay_out(office, tools, &study, &inputs)
        .and_then(|()| configure(tools, hosted, list, &folder))
        .and_then(|config| {
            let attempt = attempt(hosted, list);
            let with = |options: &[&str]| -> Vec<String> {
                let options = options.iter().map(|option| (*option).to_owned());
                attempt.iter().cloned().chain(options).collect()
            };
            let validate = with(&["--validate", "--format", "human"]);
            match session(tools, &config, &validate, "validity.txt", stopped)? {
                0 => leave_out(office, &study, run, &folder)?,
                exit => return Ok(exit),
            }
            let report = folder.join("report.json").display().to_string();
            let compute = with(&["--format", "json", "--report", &report]);
            session(tools, &config, &compute, "output.json", stopped)
        });
    fs::remove_dir_all(&inputs).map_err(failed)?;
    ended
}

/// The shares of a run's result that a receiver of this role is to learn, from the node's files.
///
/// # Errors
/// There are none, or they are damaged.
pub fn result(
    office: &Office,
    seal: &SealingKey,
    hosted: &Hosted,
    run: u32,
    role: &str,
) -> Result<Held, Error> {
    let folder = folder(office, &hosted.study.id(), run).join("outputs");
    let absent = || Error::Absent(format!("run {run} has kept nothing for `{role}`"));
    for entry in fs::read_dir(folder).map_err(|_| absent())? {
        let path = entry.map_err(|e| Error::machine("results", e))?.path();
        if path.extension().is_none_or(|e| e != "result") {
            continue;
        }
        let bytes = read(&path, u64::MAX >> 1).map_err(|e| Error::Machine(e.to_string()))?;
        let held = share_file::open(&bytes, &Key::Node(seal))
            .map_err(|e| Error::Machine(e.to_string()))?;
        // A role that one party plays is that party.
        let whose = held.0.whose.trim_end_matches("[0]");
        if held.0.study == hosted.study.id() && whose == role.trim_end_matches("[0]") {
            return Ok(held);
        }
    }
    Err(absent())
}

/// Removes what a run left.
///
/// # Errors
/// Files that cannot be removed.
pub fn forget(office: &Office, study: &StudyId, run: u32) -> Result<(), Error> {
    match fs::remove_dir_all(folder(office, study, run)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::machine("results", e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes the shares of all that takes part, sealed to this node.
fn lay_out(office: &Office, tools: &Tools, study: &StudyId, inputs: &Path) -> Result<(), Error> {
    let study = *study;
    let members = office.ask_here(move |_, change| {
        let members = change.members(&study)?;
        // One whose shares are gone cannot take part, and without it nothing runs.
        let stored = change.contributions(&study, State::Stored)?;
        let stored: SortedSet<ContributionId> = stored.iter().map(|row| row.id).collect();
        match members.iter().all(|id| stored.contains(id)) {
            true => Ok(members),
            false => Err(Error::Machine(
                "shares of what takes part have been deleted".into(),
            )),
        }
    })?;
    for id in members {
        let (header, parts) = office.ask_here(move |keeper, _| keeper.shares(&study, &id))?;
        let bytes = share_file::write(&header, &parts, &SealTo::Node(&tools.seal))?;
        write_whole(&inputs.join(format!("{id}.share")), &bytes)
            .map_err(|e| Error::Machine(e.to_string()))?;
    }
    Ok(())
}

/// Which attempt it is, and who takes no part in it.
fn attempt(hosted: &Hosted, list: &List) -> Vec<String> {
    let mut options = vec!["--attempt".to_owned(), list.attempt.to_string()];
    let nodes = hosted.study.terms().nodes.iter().map(|node| &*node.name);
    let without: Vec<&str> = nodes
        .filter(|name| !list.members.iter().any(|m| m == name))
        .collect();
    if !without.is_empty() {
        options.extend(["--without".to_owned(), without.join(",")]);
    }
    options
}

/// Writes the configuration of the party.
fn configure(tools: &Tools, hosted: &Hosted, list: &List, folder: &Path) -> Result<PathBuf, Error> {
    let terms = hosted.study.terms();
    let me = &terms.nodes[hosted.me];
    let real = |path: &Path| {
        let path =
            fs::canonicalize(path).map_err(|e| Error::machine(&path.display().to_string(), e))?;
        Ok::<_, Error>(path.display().to_string())
    };
    let beside = hosted.file.parent().unwrap_or(Path::new(""));
    let listen = tools.party_listen.as_ref().unwrap_or(&me.party_address);
    let mut text = format!(
        "program = {:?}\nparty = {:?}\nlisten = {listen:?}\nkey = {:?}\ncert = {:?}\nconnect_s = {CONNECT_S}\nstudy = {:?}\nseal = {:?}\n",
        real(&beside.join(&terms.program.root.0))?,
        me.name,
        real(&tools.key)?,
        real(&tools.cert)?,
        real(&hosted.file)?,
        real(&tools.seal_file)?,
    );
    text += "\n[shares]\ninputs = \"inputs\"\noutputs = \"outputs\"\n";
    let others = terms.nodes.iter().filter(|node| node.name != me.name);
    for node in others.filter(|node| list.members.contains(&node.name)) {
        let certificate = https::certificate((node.address.as_str(), &node.certificate))?;
        let file = format!("{}.crt", node.name);
        write(&folder.join(&file), pem(&certificate).as_bytes())?;
        let _ = write!(
            text,
            "\n[[peer]]\nparty = {:?}\naddress = {:?}\ncert = {file:?}\n",
            node.name, node.party_address
        );
    }
    let config = folder.join("party.toml");
    write(&config, text.as_bytes())?;
    Ok(config)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_whole(path, bytes).map_err(|e| Error::Machine(e.to_string()))
}

fn pem(der: &[u8]) -> String {
    let digits = crate::form::base64(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in digits.as_bytes().chunks(64) {
        text += &String::from_utf8_lossy(line);
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// Computes with the other nodes once, and returns with which status that ended.
fn session(
    tools: &Tools,
    config: &Path,
    options: &[String],
    output: &str,
    stopped: &dyn Fn() -> bool,
) -> Result<i32, Error> {
    let failed =
        |e: std::io::Error| Error::machine(&format!("starting {}", tools.smpcc.display()), e);
    let folder = config.parent().unwrap_or(Path::new(""));
    let create = |name: &str| fs::File::create(folder.join(name)).map_err(failed);
    let child = Command::new(&tools.smpcc)
        .arg("party")
        .arg(config)
        .arg("--yes")
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::from(create(output)?))
        .stderr(Stdio::from(create("messages.txt")?))
        .spawn()
        .map_err(failed)?;
    fs::write(folder.join("pid"), child.id().to_string()).map_err(failed)?;
    wait(child, stopped)
}

/// Takes out of a run what all nodes found to be out of its declared ranges or not shared as it should be: whoever gives that would stop
/// it for everybody.
fn leave_out(office: &Office, study: &StudyId, run: u32, folder: &Path) -> Result<(), Error> {
    let failed = |e: std::io::Error| Error::machine("the folder of a run", e);
    let found = fs::read_to_string(folder.join("validity.txt")).map_err(failed)?;
    let invalid = found.lines().filter_map(|line| {
        let why = [
            " is out of its declared ranges",
            " is not shared as it should be",
        ];
        let id = why.iter().find_map(|why| line.strip_suffix(why))?;
        id.parse::<ContributionId>().ok()
    });
    let study = *study;
    for id in invalid {
        fs::remove_file(folder.join("inputs").join(format!("{id}.share"))).map_err(failed)?;
        office
            .ask_here(move |keeper, change| keeper.note(change, &Event::LeftOut(study, id, run)))?;
    }
    Ok(())
}

/// What became of a run that this node was stopped in. What computes is a process of its own: if it went on without the node, its end
/// is waited for, and if it left a report all is well.
pub fn rejoin(office: &Office, study: &StudyId, run: u32, stopped: &dyn Fn() -> bool) -> i32 {
    let folder = folder(office, study, run);
    let config = folder.join("party.toml").display().to_string();
    let pid = fs::read_to_string(folder.join("pid")).unwrap_or_default();
    let computes = || {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        // Another process may have that number by now.
        !pid.is_empty() && String::from_utf8_lossy(&line).contains(&config)
    };
    while computes() && !stopped() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let _ = fs::remove_dir_all(folder.join("inputs"));
    let report = fs::metadata(folder.join("report.json"));
    match report.is_ok_and(|report| report.len() > 0) {
        true => 0,
        false => LOST,
    }
}

fn wait(mut child: Child, stopped: &dyn Fn() -> bool) -> Result<i32, Error> {
    let mut asked = None;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code().unwrap_or(LOST)),
            Ok(None) => {}
            Err(e) => return Err(Error::machine("waiting for a run", e)),
        }
        if stopped() {
            let since = *asked.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_secs(5) {
                let _ = child.kill();
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
