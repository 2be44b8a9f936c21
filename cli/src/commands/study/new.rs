//! `smpcc study new`: a study for a program, complete and ready to be changed, and the invitations to it.

use crate::args::StudyNewArgs;
use crate::files::{self, Kind};
use crate::load::{self, Style};
use crate::out;
use serde::Deserialize;
use smpcc::exit::{Failure, Outcome};
use smpcc::{arguments, reading, source, studies, suites, toml_file};
use smpcc_circuit::program::ShapeNode;
use smpcc_circuit::value::Form;
use smpcc_compiler::schema::{self, ParamSchema, Schema};
use smpcc_runtime::hash::sha256;
use smpcc_study::id::hex;
use smpcc_study::schema as stored_schema;
use smpcc_study::signature::SigningKey;
use smpcc_study::study::{Study, Time};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The most invitations of one role.
const MAX_INVITATIONS: u32 = 20_000;

/// What `keygen --study` writes for others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Public {
    name: String,
    certificate: String,
    sign: String,
    seal: String,
}

/// Writes the study; nothing that is there is touched.
pub fn new(args: &StudyNewArgs, style: Style) -> Outcome {
    let folder = args.program.parent().unwrap_or(Path::new(""));
    let output = args.output.clone();
    let output = output.unwrap_or_else(|| folder.join("study.toml"));
    let beside = output.parent().unwrap_or(Path::new(""));
    let (text, program) = program(args, beside, style)?;
    let mut text = header(args, &program)? + &text;
    let invited = (args.contributors.iter())
        .map(|asked| Invited::of(asked, args.invitations, &program.schema))
        .collect::<Outcome<Vec<_>>>()?;
    for role in &invited {
        contributors(role, &mut text);
    }
    text += "\n[runs]\nmost = 1\nstart = \"when closed\"      # or \"by command\"\n\
             \n[retention]\ncontributions_days = 30     # after the study closes\nresults_days = 90           # after a run\n";
    members(args, &mut text)?;
    let study = Study::read(text.as_bytes())
        .map_err(|e| Failure::usage(format!("this makes no study: {e}")))?;
    let hir = load::check(&program.source, style)?;
    studies::contributed(&study, &hir)?;
    files::write(&output, Kind::Source, &[], false, text.as_bytes())?;
    let mut said = format!(
        "{}  read it, change it, then: smpcc study check {0}\n",
        output.display()
    );
    let folder = args.invitations_out.clone();
    let folder = folder.unwrap_or_else(|| beside.join("invitations"));
    for role in invited.iter().filter(|role| !role.keys.is_empty()) {
        let folder = match invited.len() {
            1 => folder.clone(),
            _ => folder.join(&role.name),
        };
        write_invitations(&folder, &role.keys)?;
        let _ = writeln!(
            said,
            "{}  {} invitations of `{}`: give each contributor one file, and keep none",
            folder.display(),
            role.keys.len(),
            role.name
        );
    }
    out::product(&said);
    Ok(())
}

struct Found {
    source: source::Source,
    schema: Schema,
}

/// Those who give as one role.
struct Invited {
    name: String,
    /// How many the program takes.
    takes: (u32, Option<u32>),
    given: Vec<ParamSchema>,
    keys: Vec<SigningKey>,
}

impl Invited {
    /// `ROLE` or `ROLE=N`.
    fn of(asked: &str, usual: u32, schema: &Schema) -> Outcome<Self> {
        let (name, n) = match asked.split_once('=') {
            Some((name, n)) => (name, n.parse().ok().filter(|n| *n <= MAX_INVITATIONS)),
            None => (asked, Some(usual)),
        };
        let n = n.ok_or_else(|| {
            Failure::usage(format!(
                "--contributors `{asked}`: it is ROLE or ROLE=N, with at most {MAX_INVITATIONS} invitations"
            ))
        })?;
        let role = schema.roles.iter().find(|r| r.name == name);
        let (Some(role), Some(given)) = (role, studies::given_by(schema, name)) else {
            return Err(Failure::usage(format!("the program has no role `{name}`")));
        };
        if given.is_empty() {
            return Err(Failure::usage(format!(
                "the program takes nothing from `{name}`"
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            takes: (role.min, role.max),
            given,
            keys: invitations(n)?,
        })
    }

    /// The least and the most number of contributions that a new study says.
    fn numbers(&self) -> (u32, u32) {
        let (min, max) = self.takes;
        let (min, max) = (min.max(1), max.unwrap_or(u32::MAX).max(1));
        let n = self.keys.len() as u32;
        let most = n.max(1000).clamp(min, max);
        (n.clamp(2, 20).clamp(min, most), most)
    }
}

/// `[program]`, and what it takes from whom.
fn program(args: &StudyNewArgs, beside: &Path, style: Style) -> Outcome<(String, Found)> {
    let source = source::read(&args.program)?;
    let hir = load::check(&source, style)?;
    let schema = schema::schema(&hir);
    let relative = |name: &str| {
        let path = Path::new(name);
        let inside = path.strip_prefix(beside).unwrap_or(path);
        inside.to_string_lossy().replace('\\', "/")
    };
    let hash = |text: &str| sha256(text.as_bytes()).to_string()["sha256:".len()..].to_owned();
    let mut text = String::from("\n[program]\n");
    let mut modules = String::new();
    for (i, (name, file)) in source.own_files().iter().enumerate() {
        // Where a package lies is said by a file that nobody signs.
        if name.starts_with('<') {
            return Err(Failure::usage(format!(
                "the program uses {name}, and the program of a study has no packages: copy the module beside it, and take it from `crate::`"
            )));
        }
        let entry = format!("file = {:?}\nsha256 = {:?}\n", relative(name), hash(file));
        match i {
            0 => text += &entry,
            _ => modules += &format!("\n[[program.module]]\n{entry}"),
        }
    }
    let arguments = arguments::options(&args.args)?;
    if !arguments.is_empty() {
        text += "\n[program.arguments]\n";
        for (name, value) in arguments {
            let _ = writeln!(text, "{name} = {value:?}");
        }
    }
    Ok((text + &modules, Found { source, schema }))
}

fn header(args: &StudyNewArgs, program: &Found) -> Outcome<String> {
    let n = u32::try_from(args.nodes.len()).unwrap_or(u32::MAX);
    let trust = suites::choose(&args.suite, &args.threat, args.threshold, n)?;
    let name = args.name.clone().unwrap_or_else(|| program.source.name());
    let now = Time::now();
    Ok(format!(
        "# What everybody agrees on. Whoever signs, signs the exact bytes of this file.\n\
         format = \"smpcc study 1\"\nname = {name:?}\npurpose = \"Say here in plain words what the study is for.\"\n\
         suite = {:?}\nthreat = {:?}\nthreshold = {}\nopens = {now}\ncloses = {}\n",
        trust.suite.name(),
        trust.threat.name(),
        trust.threshold,
        now.after_days(args.days)
    ))
}

fn contributors(role: &Invited, text: &mut String) {
    let (least, most) = role.numbers();
    let _ = write!(
        text,
        "\n[[contributors]]\nrole = {:?}\nleast = {least}                  # nothing runs with fewer\nmost = {most}\nkeys = []\ninvitations = [",
        role.name
    );
    for key in &role.keys {
        let _ = write!(text, "\n  \"{}\",", key.public());
    }
    text.push_str(if role.keys.is_empty() { "]\n" } else { "\n]\n" });
    for param in &role.given {
        // Ranges of what is made of several parts stand in its type.
        let alone = param.shape.0.len() == 1;
        let _ = write!(
            text,
            "\n[[contributors.input]]\nname = {0:?}\ntype = {1:?}\nlabel = {0:?}            # what people read in a form\nhelp = \"\"\n",
            param.name,
            studies::type_name(param)
        );
        if let Some(layout) = studies::layout(&param.shape) {
            let _ = writeln!(
                text,
                "layout = \"{}\" # how its variants are stored",
                hex(&stored_schema::to_bytes(&layout))
            );
        }
        if let Some(ShapeNode::Scalar {
            range: Some((least, most)),
            form: Form::Plain,
            ..
        }) = param.shape.0.first().filter(|_| alone)
        {
            let _ = writeln!(text, "least = \"{least}\"\nmost = \"{most}\"");
        }
    }
}

/// Nodes, receivers and owners.
fn members(args: &StudyNewArgs, text: &mut String) -> Outcome {
    for node in &args.nodes {
        let wrong = || Failure::usage(format!("--node `{node}`: it is FILE.pub@HOST:PORT"));
        let (file, address) = node.rsplit_once('@').ok_or_else(wrong)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let port: u16 = port.parse().map_err(|_| wrong())?;
        let public = public(Path::new(file))?;
        let next = port.checked_add(1).ok_or_else(wrong)?;
        let _ = write!(
            text,
            "\n[[node]]\nname = {:?}\naddress = \"{host}:{port}\"\nparty_address = \"{host}:{next}\"\ncertificate = {:?}\nsign = {:?}\nseal = {:?}\n",
            public.name, public.certificate, public.sign, public.seal
        );
    }
    for receiver in &args.receivers {
        let wrong = || Failure::usage(format!("--receiver `{receiver}`: it is ROLE=FILE.pub"));
        let (role, file) = receiver.split_once('=').ok_or_else(wrong)?;
        let public = public(Path::new(file))?;
        let _ = write!(
            text,
            "\n[[receiver]]\nname = {:?}\nrole = {role:?}\nsign = {:?}\nseal = {:?}\n",
            public.name, public.sign, public.seal
        );
    }
    for file in &args.owners {
        let public = public(file)?;
        let _ = write!(
            text,
            "\n[[owner]]\nname = {:?}\nsign = {:?}\n",
            public.name, public.sign
        );
    }
    Ok(())
}

fn public(path: &Path) -> Outcome<Public> {
    let shown = path.display();
    let text = reading::text(path, reading::BY_HAND)
        .map_err(|e| Failure::usage(format!("cannot read {shown}: {e}")))?;
    toml_file::parse(&text).map_err(|e| Failure::usage(format!("{shown}: {e}")))
}

fn invitations(n: u32) -> Outcome<Vec<SigningKey>> {
    let fresh = |_| SigningKey::fresh().map_err(|e| Failure::usage(e.to_string()));
    (0..n).map(fresh).collect()
}

fn write_invitations(folder: &Path, invitations: &[SigningKey]) -> Outcome {
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::usage(format!("cannot make {}: {e}", folder.display())))?;
    for (i, key) in invitations.iter().enumerate() {
        let path: PathBuf = folder.join(format!("{:05}.invitation", i + 1));
        smpcc_runtime::keys::write_secret(&path, key.to_text().as_bytes())
            .map_err(smpcc::play::failure)?;
    }
    Ok(())
}
