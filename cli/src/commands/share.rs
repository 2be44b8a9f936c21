//! `smpcc share`, `smpcc release` and `smpcc open`: a contribution to share files, a node's share to a receiver, shares to a result.

use crate::args::{Format, OpenArgs, ReleaseArgs, ShareArgs};
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::given;
use smpcc::reading;
use smpcc::render;
use smpcc::seats::Seats;
use smpcc::stored::shelf::{self, file_name, of_file};
use smpcc::stored::{is_program_of, node_names, role_of, scheme, stores, with_lens};
use smpcc::studies;
use smpcc::types;
use smpcc::work::Work;
use smpcc_circuit::program::ShapeNode;
use smpcc_compiler::schema;
use smpcc_runtime::ring::Elements;
use smpcc_study::deal::{ForNode, Giver, deal};
use smpcc_study::open::{Held, open as open_shares};
use smpcc_study::schema::Value;
use smpcc_study::seal::{SealingKey, SealingPublic};
use smpcc_study::share_file::{self, Header, Kind, SealTo, Wanted};
use smpcc_study::store;
use smpcc_study::study::{Study, Time};
use std::path::Path;

fn failed(error: smpcc_study::Error) -> Failure {
    Failure::usage(error.to_string())
}

/// Deals one contribution: a sealed file for each node.
pub fn share(args: &ShareArgs, style: Style) -> Outcome {
    let study = studies::read(&args.study)?;
    let terms = study.terms();
    let role = as_whom(&study, args.role.as_deref())?;
    let dealt = dealt(&args.file, (&study, role), &args.inputs, style)?;
    let mut written = Vec::new();
    for (for_node, node) in dealt.iter().zip(&terms.nodes) {
        let folder = args.out.join(&node.name);
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::usage(format!("cannot make {}: {e}", folder.display())))?;
        let to = SealTo::Node(&node.seal);
        let bytes = share_file::write(&for_node.header, &for_node.parts, &to).map_err(failed)?;
        let path = folder.join(file_name(Kind::Contribution, &for_node.header.id));
        written.push((path, bytes, &node.name));
    }
    let mut text = String::new();
    for (path, bytes, node) in &written {
        store::write_whole(path, bytes).map_err(failed)?;
        text += &format!("{}  for {node}\n", path.display());
    }
    if let Some(first) = dealt.first() {
        text += &format!("contribution {}\n", first.header.id);
    }
    out::product(&text);
    Ok(())
}

/// The role as which somebody contributes: the one that is named, or the only one.
fn as_whom<'s>(study: &'s Study, role: Option<&str>) -> Outcome<&'s str> {
    let who = &study.terms().contributors;
    let roles = || {
        let roles: Vec<String> = who.iter().map(|who| format!("`{}`", who.role)).collect();
        roles.join(", ")
    };
    match (role, &who[..]) {
        (None, [only]) => Ok(&only.role),
        (None, _) => Err(Failure::usage(format!(
            "the study takes contributions as {}: say which with --role",
            roles()
        ))),
        (Some(role), _) => match study.terms().contributing(role) {
            Some(who) => Ok(&who.role),
            None => Err(Failure::usage(format!(
                "nobody contributes as `{role}` to this study, but as {}",
                roles()
            ))),
        },
    }
}

/// Reads what one contributor gives as a role, and deals it: by node.
pub fn dealt(
    program: &Path,
    (study, role): (&Study, &str),
    given_at: &Path,
    style: Style,
) -> Outcome<Vec<ForNode>> {
    let terms = study.terms();
    let work = load::work(program, style)?;
    let Work::Text { source, hir } = &work else {
        return Err(Failure::usage(
            "name the text of the program, by which the study knows it",
        ));
    };
    is_program_of(source, study)?;
    stores(terms)?;
    // One contributor alone: what others give does not matter here.
    let roles = schema::schema(hir).roles;
    let Some(at) = roles.iter().position(|r| r.name == role) else {
        return Err(Failure::usage(format!("the program has no role `{role}`")));
    };
    let counts: Vec<u32> = (0..roles.len()).map(|r| u32::from(r == at)).collect();
    let seats = Seats::of(hir, &counts);
    let place = given_at.display().to_string();
    let source = given::read_party(given_at)?;
    let mut inputs = given::one_party(&seats, 0, &source, &place)?;
    if !style.quiet {
        for note in &inputs.notes {
            out::note(&format!("note: {note}"));
        }
    }
    let mut values = Vec::new();
    for gift in seats.gifts(0) {
        let words: Vec<Elements> = inputs.words.remove(&gift.name).unwrap_or_default();
        let scalars = gift.shape.0.iter().filter_map(|node| match node {
            ShapeNode::Scalar { scalar, .. } => Some(*scalar),
            _ => None,
        });
        let lanes = words.iter().map(|w| w.lanes() as u64);
        let value = Value {
            name: gift.name.clone(),
            shape: with_lens(&gift.shape, &gift.name, &inputs.lens),
            leaves: scalars.zip(lanes).collect(),
        };
        values.push((value, words));
    }
    let giver = Giver {
        study: study.id(),
        scheme: scheme(terms),
        threat: terms.threat,
        whose: role_of(role),
        made: Time::now().0,
    };
    deal(&giver, &values).map_err(failed)
}

/// Seals a node's share of a result anew: to a receiver.
pub fn release(args: &ReleaseArgs) -> Outcome {
    let study = studies::read(&args.study)?;
    let key = shelf::sealing_key(&args.key)?;
    let to = receiver_key(&args.to)?;
    let (header, parts) = read_result(&args.file, &[key], &study)?;
    may_open(&study, &to, &header).map_err(|why| {
        Failure::usage(format!(
            "{}: it is what `{}` is to learn, and {why}",
            args.file.display(),
            header.whose
        ))
    })?;
    let bytes = share_file::write(&header, &parts, &SealTo::Node(&to)).map_err(failed)?;
    store::write_whole(&args.output, &bytes).map_err(failed)?;
    out::product(&format!(
        "{}  for `{}` to open\n",
        args.output.display(),
        header.whose
    ));
    Ok(())
}

/// Whether the study names this key as that of somebody who is to learn a result; why not.
fn may_open(study: &Study, key: &SealingPublic, result: &Header) -> Result<(), &'static str> {
    // A role that one party plays is that party.
    let player = |role: &str| role.trim_end_matches("[0]").to_owned();
    let receivers = &study.terms().receivers;
    let mut entitled = receivers
        .iter()
        .filter(|r| player(&r.role) == player(&result.whose))
        .peekable();
    if entitled.peek().is_none() {
        return Err("the study names no such receiver");
    }
    match entitled.any(|r| r.seal == *key) {
        true => Ok(()),
        false => Err("the study has another key for its receiver"),
    }
}

/// A public key, or the one that stands in a file of `keygen`.
fn receiver_key(text: &str) -> Outcome<SealingPublic> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let file = reading::text(Path::new(text), reading::BY_HAND).map_err(|e| {
        Failure::usage(format!("`{text}` is no public key and no file of one: {e}"))
    })?;
    let words = file.split('"');
    words
        .filter_map(|word| word.parse().ok())
        .next()
        .ok_or_else(|| Failure::usage(format!("{text} has no key to which one seals")))
}

/// A node's share of a result, by any of these keys.
fn read_result(path: &Path, keys: &[SealingKey], study: &Study) -> Outcome<Held> {
    let bytes = store::read(path, 1 << 40).map_err(failed)?;
    let header = share_file::unchecked_header(&bytes).map_err(|e| of_file(path, &e))?;
    let names = node_names(study.terms());
    let wanted = Wanted {
        study: study.id(),
        scheme: scheme(study.terms()),
        threat: study.terms().threat,
        node: header.node,
        names: &names,
        kind: Some(Kind::Result),
        id: None,
    };
    header.check(&wanted).map_err(|e| of_file(path, &e))?;
    let mut opened = keys
        .iter()
        .map(|key| share_file::open(&bytes, &share_file::Key::Node(key)));
    let first = opened.next();
    let found = opened.find(Result::is_ok).or(first);
    let found = found.ok_or_else(|| Failure::usage("a key is missing"))?;
    found.map_err(|e| of_file(path, &e))
}

/// Opens a stored result from the shares of its nodes.
pub fn open(args: &OpenArgs) -> Outcome {
    let study = studies::read(&args.study)?;
    let keys = args
        .keys
        .iter()
        .map(|path| shelf::sealing_key(path))
        .collect::<Outcome<Vec<_>>>()?;
    let held = args
        .files
        .iter()
        .map(|path| read_result(path, &keys, &study))
        .collect::<Outcome<Vec<_>>>()?;
    let names = node_names(study.terms());
    let opened = open_shares(&held, &names).map_err(failed)?;
    let (Some((value, words)), Some((header, _))) = (opened.values.first(), held.first()) else {
        return Err(Failure::usage("there is nothing in these files"));
    };
    let leaves = shelf::shown(words);
    let checked = match (opened.checked, scheme(study.terms()).least() == names.len()) {
        (true, _) => format!(
            "checked: the shares of all {} nodes fit together",
            held.len()
        ),
        (false, true) => {
            "not checked against a cheating node: in this suite all shares are needed".into()
        }
        (false, false) => {
            "not checked against a cheating node: give the share of one more node".into()
        }
    };
    match args.format {
        Format::Json => out::json(&format!(
            "{{\"output\": {}, \"type\": {}, \"receiver\": {}, \"session\": {}, \"result\": \"{}\", \"nodes\": {}, \"checked\": {}}}\n",
            render::json(&value.shape, &leaves),
            types::json(&value.shape),
            render::json_string(&header.whose),
            render::json_string(&header.session),
            header.id,
            held.len(),
            opened.checked
        )),
        Format::Human => out::product(&format!(
            "`{}` learns {}\n{checked}\n",
            header.whose,
            render::human(&value.shape, &leaves)
        )),
    }
    Ok(())
}
