//! The page that is signed before data goes into a program: who gives what, who learns what, what that tells, and how it is protected.
//!
//! A [`Page`] is titled blocks of sentences and tables. It is shown as text, and as one HTML file that needs nothing else and
//! prints on two sheets. The JSON form has the same things as data.

mod html;

use crate::claims;
use crate::lens::{self, Lens};
use crate::suites::protection;
use crate::words::{self, label};
use smpcc_circuit::ids::InputId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_compiler::audit::{Audit, Example, Finding, Leakage, Origin};
use smpcc_compiler::ir::{Ir, Tag, Tags};
use smpcc_compiler::library;
use smpcc_compiler::lower::Privacy;
use smpcc_compiler::reveals::{self, Disclosure, DisclosureKind};
use smpcc_compiler::session::Options;
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::span::Span;
use std::fmt::Write as _;

/// All that an audit of one program says.
pub struct Subject<'a> {
    /// The program's name.
    pub name: String,
    /// The name of its file.
    pub file: String,
    /// Its first paragraph of documentation.
    pub about: String,
    /// SHA-256 of the source: the text of all its files.
    pub source: String,
    /// SHA-256 of the compiled program.
    pub plan: String,
    /// The compiler's version.
    pub version: &'static str,
    /// The program for the session that was looked at.
    pub ir: &'a Ir,
    /// Its files.
    pub files: &'a SourceSet,
    /// What the parties agree on.
    pub options: &'a Options,
    /// The rows that were tried, where the program leaves their number open.
    pub lens: &'a Lens,
    /// Public arguments.
    pub args: Vec<(String, String)>,
    /// What leaves secrecy.
    pub reveals: &'a [Disclosure],
    /// What is claimed of noise.
    pub privacy: &'a Privacy,
    /// What was tried.
    pub audit: &'a Audit,
}

/// Titled blocks.
pub struct Page {
    /// The heading.
    pub title: String,
    /// What stands below it.
    pub blocks: Vec<Block>,
}

/// A part of a page.
pub struct Block {
    /// Its heading.
    pub title: String,
    /// Its contents, in order.
    pub parts: Vec<Part>,
}

/// Contents.
pub enum Part {
    /// A paragraph.
    Text(String),
    /// A finding: whether it is a leak, its heading, its sentences.
    Finding(bool, String, Vec<String>),
    /// A table with a heading for each column.
    Table(Vec<&'static str>, Vec<Vec<String>>),
}

/// Puts the page together.
pub fn page(s: &Subject<'_>) -> Page {
    let n = s.ir.n_parties;
    let threshold = s.options.threshold;
    let mut blocks = vec![Block {
        title: "The program".into(),
        parts: vec![
            Part::Text(s.about.clone()),
            Part::Table(
                vec!["", ""],
                vec![
                    vec!["file".into(), s.file.clone()],
                    vec!["source, SHA-256".into(), s.source.clone()],
                    vec!["compiled for this page, SHA-256".into(), s.plan.clone()],
                    vec!["compiler".into(), format!("smpcc {}", s.version)],
                ],
            ),
        ],
    }];
    blocks.push(gives(s));
    blocks.push(learns(s));
    blocks.extend(draws(s));
    blocks.push(tells(s));
    let what = protection(
        s.options.suite.name(),
        s.options.threat.name(),
        n as usize,
        threshold,
    );
    blocks.push(Block {
        title: "How inputs are protected".into(),
        parts: vec![
            Part::Text(format!("{}.", capital(&what))),
            Part::Text(format!(
                "Parties that exceed this number{} can learn everything. \
                 All parties but one can always take their own inputs out of a result and see what is left. \
                 {}Results are not protected: whoever receives one can pass it on.",
                match s.options.threat.deviates() {
                    true => "",
                    false => ", or a party whose machine or program was altered,",
                },
                match s.options.threat.deviates() {
                    true => "A party that deviates may see its own results and keep the others from theirs. ",
                    false => "",
                },
            )),
        ],
    });
    blocks.push(Block {
        title: "Agreed to".into(),
        parts: vec![Part::Table(
            vec!["party", "name", "date", "signature"],
            (0..n)
                .map(|p| {
                    vec![
                        label(p, &s.ir.party_names),
                        String::new(),
                        String::new(),
                        String::new(),
                    ]
                })
                .collect(),
        )],
    });
    Page {
        title: format!("What {} computes, and what that tells", s.name),
        blocks,
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}

/// Who gives what.
fn gives(s: &Subject<'_>) -> Block {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let forms = s.ir.forms();
    let tags = Tags::of(s.ir);
    let given = s.ir.inputs.iter().enumerate();
    for (id, leaf) in given.filter(|(_, leaf)| !leaf.drawn) {
        let form = forms.input(InputId::new(id));
        let tag = tags.input(InputId::new(id));
        let mut ty = tag.map_or_else(|| form.name(leaf.scalar), Tag::text);
        if let (Some((lo, hi)), None) = (&leaf.range, tag) {
            let show = |i: &smpcc_circuit::value::Integer| form.display(leaf.scalar, i.word());
            let _ = write!(ty, " in {}..={}", show(lo), show(hi));
        }
        let how = match leaf.public {
            true => "published to all",
            false => "secret",
        };
        let row = [leaf.path.clone(), ty, how.to_owned()];
        let who = label(leaf.party, &s.ir.party_names);
        match rows.iter_mut().find(|r| r[1..] == row) {
            Some(known) if !known[0].split(", ").any(|w| w == who) => {
                let _ = write!(known[0], ", {who}");
            }
            Some(_) => {}
            None => rows.push([vec![who], row.to_vec()].concat()),
        }
    }
    let mut parts = vec![Part::Table(vec!["party", "input", "type", ""], rows)];
    if !s.args.is_empty() {
        let args: Vec<String> = s.args.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        parts.push(Part::Text(format!(
            "Public arguments that all agree on: {}.",
            args.join(", ")
        )));
    }
    Block {
        title: "Who gives what".into(),
        parts,
    }
}

fn kind(d: &Disclosure) -> &'static str {
    match d.kind {
        DisclosureKind::PublicInput => "published input",
        DisclosureKind::Reveal => "revealed on the way",
        DisclosureKind::Assert => "outcome of an assertion",
        DisclosureKind::Output => "result",
    }
}

/// What is drawn, and what the program claims of its noise.
fn draws(s: &Subject<'_>) -> Option<Block> {
    let drawn = reveals::draws(s.ir);
    if drawn.is_empty() {
        return None;
    }
    let bits = |d: &reveals::Draw| d.lanes.saturating_mul(d.scalar.width().into());
    let bits: u64 = drawn.iter().map(bits).fold(0, u64::saturating_add);
    let mut parts = vec![Part::Text(format!(
        "The parties draw {bits} bits together, at {}. Nobody knows them, and nobody can choose them. Results that depend on them are others in each run.",
        match drawn.len() {
            1 => "one place of the program".to_owned(),
            n => format!("{n} places of the program"),
        }
    ))];
    if !s.privacy.claims.is_empty() {
        let rows = s.privacy.claims.iter();
        let rows = rows.map(|c| vec![s.files.place(c.span), claims::words(c)]);
        parts.push(Part::Table(vec!["where", "noise"], rows.collect()));
        parts.push(Part::Text(format!(
            "{}.",
            capital(&claims::total(s.privacy))
        )));
    }
    Some(Block {
        title: "Randomness".into(),
        parts,
    })
}

/// Who learns what, and by what way.
fn learns(s: &Subject<'_>) -> Block {
    let mut rows = Vec::new();
    for d in s.reveals {
        let to = people(&d.receivers, s.ir);
        let mut what = match d.label.is_empty() {
            true => source_text(s, d.span),
            false => format!("`{}`", d.label),
        };
        let _ = match d.lanes {
            1 => write!(what, ", {}", d.type_name()),
            n => write!(what, ", {n} × {}", d.type_name()),
        };
        if d.repeated {
            what.push_str(", any number of times");
        }
        let mut inputs: Vec<(String, Vec<u32>)> = Vec::new();
        for source in &d.sources {
            match inputs.iter_mut().find(|(path, _)| *path == source.path) {
                Some((_, parties)) => parties.push(source.party),
                None => inputs.push((source.path.clone(), vec![source.party])),
            }
        }
        let from: Vec<String> = inputs
            .iter()
            .map(|(path, parties)| format!("`{path}` of {}", people(parties, s.ir)))
            .collect();
        let from = match from.is_empty() {
            true => "no secret".to_owned(),
            false => from.join("; "),
        };
        rows.push(vec![kind(d).to_owned(), what, to, from, way(s, d)]);
    }
    let parts = match rows.is_empty() {
        true => vec![Part::Text("Nothing leaves secrecy.".into())],
        false => vec![
            Part::Text("Nothing else leaves the computation.".into()),
            Part::Table(vec!["", "what", "to", "depends on", "by way of"], rows),
        ],
    };
    Block {
        title: "Who learns what".into(),
        parts,
    }
}

/// The path of a disclosure in the words of the source; from each input by itself where there are several.
fn way(s: &Subject<'_>, d: &Disclosure) -> String {
    if d.ways.len() < 2 {
        return steps(s, &d.path);
    }
    let mut ways: Vec<(Vec<String>, String)> = Vec::new();
    for way in &d.ways {
        let input = format!("`{}`", way.input);
        let text = steps(s, &way.places);
        match ways.iter_mut().find(|(_, known)| *known == text) {
            Some((inputs, _)) => inputs.push(input),
            None => ways.push((vec![input], text)),
        }
    }
    let one = |(inputs, text): &(Vec<String>, String)| format!("{}: {text}", inputs.join(", "));
    let all: Vec<String> = ways.iter().map(one).collect();
    all.join("; ")
}

/// Places of the source as steps.
fn steps(s: &Subject<'_>, places: &[Span]) -> String {
    let mut steps: Vec<String> = Vec::new();
    for span in places {
        let text = format!("{} ({})", source_text(s, *span), line(s, *span));
        if steps.last() != Some(&text) {
            steps.push(text);
        }
    }
    if steps.len() > 6 {
        let left = steps.len() - 5;
        steps.splice(3..3 + left, [format!("{left} more steps")]);
    }
    steps.join(" → ")
}

/// The line of a place, with its file where that is another than the program's first.
fn line(s: &Subject<'_>, span: Span) -> String {
    let n = s.files.line_col(span).0;
    match s.files.get(span.file) {
        // The library's files come first, and then the program's own.
        Some(file) if span.file.0 as usize != library::MODULES.len() => {
            let name = file.name.strip_suffix(".smpc").unwrap_or(&file.name);
            let module = name.replace("<std>/", "std::");
            format!("line {n} of {module}")
        }
        _ => format!("line {n}"),
    }
}

/// A place's first line of source, cut to what fits.
fn source_text(s: &Subject<'_>, span: Span) -> String {
    let text = s.files.text(span);
    let line = text.lines().next().unwrap_or("").trim();
    let line = line.trim_end_matches('{').trim_end();
    let cut: String = line.chars().take(48).collect();
    match cut.len() < line.len() || text.lines().nth(1).is_some() {
        true => format!("`{cut} …`"),
        false => format!("`{cut}`"),
    }
}

fn people(parties: &[u32], ir: &Ir) -> String {
    if parties.len() == ir.n_parties as usize && parties.len() > 1 {
        return "all parties".into();
    }
    let names: Vec<String> = parties.iter().map(|p| label(*p, &ir.party_names)).collect();
    names.join(", ")
}

/// What a view is called: a result's path, or what is revealed.
pub fn origin(s: &Subject<'_>, origin: Origin) -> String {
    match origin {
        Origin::Output(id) => {
            let path = s.ir.outputs.get(id.index()).map_or("result", |l| &l.path);
            format!("`{path}`")
        }
        Origin::Reveal(span) => format!("{} ({})", source_text(s, span), line(s, span)),
        Origin::Stopped(span) => format!("that the run stops at {}", line(s, span)),
    }
}

/// One sentence: who learns which number from what.
fn sentence(s: &Subject<'_>, f: &Finding) -> String {
    use smpcc_compiler::audit::Kind as K;
    let who = people(&f.coalition, s.ir);
    let who = match f.coalition.len() {
        1 => who,
        _ => format!("{who} together"),
    };
    let from: Vec<String> = f.origins.iter().map(|o| origin(s, *o)).collect();
    let from = from.join(" and ");
    let owner = label(f.owner, &s.ir.party_names);
    let about = &f.about;
    match f.kind {
        K::Determined if f.unordered => format!(
            "From {from} {who} can work out the numbers of several others, here `{about}` of {owner} among them, though not which of them is whose."
        ),
        K::Determined if f.origins.len() > 1 => format!(
            "From {from} together {who} can work out `{about}` of {owner}, whatever the inputs are. Each by itself does not tell it; their difference does."
        ),
        K::Determined => {
            format!("From {from} {who} can work out `{about}` of {owner}, whatever the inputs are.")
        }
        K::Sometimes if f.unordered => format!(
            "From {from} {who} can work out the numbers of several others for some inputs, here `{about}` of {owner} among them, though not which of them is whose."
        ),
        K::Sometimes => {
            format!("From {from} {who} can work out `{about}` of {owner} for some inputs.")
        }
        K::OneOfMany | K::SmallGroup if f.origins.len() > 1 => format!(
            "Each of {from} counts several records, but their sum or difference is one single record's number: here `{about}` of {owner}. {} learns it.",
            capital(&who)
        ),
        K::OneOfMany => format!(
            "{} is the number of one single record, as a minimum, a maximum or a median is: here `{about}` of {owner}. {} learns it exactly.",
            capital(&from),
            capital(&who)
        ),
        K::SmallGroup if f.of_two => format!(
            "When only two records count, {from} follows these two, here `{about}` of {owner} and one more: who is one of them, or knows one, learns the other from what {who} learns."
        ),
        K::SmallGroup => format!(
            "When only one record counts that {who} does not know already, {from} gives its number away: here `{about}` of {owner}."
        ),
        K::Guessed => {
            let by = f.guess.as_ref().map_or("", |guess| &guess.by);
            let any = f.guess.as_ref().is_some_and(|guess| guess.any);
            let exact = f.guess.as_ref().is_some_and(|guess| guess.exact);
            let whose = match any {
                true => format!("a number like `{about}` of {owner}"),
                false => format!("`{about}` of {owner}"),
            };
            let is = match exact {
                true => "is just",
                false => "is near",
            };
            format!(
                "{} says whether {whose} {is} the `{by}` that {who} gives. Who guesses, or chooses `{by}`, learns the number where it is so, and rules one out where it is not.",
                capital(&from)
            )
        }
        K::Linked => format!(
            "The rows of {from} come out in an order that nobody knows, but each has the numbers of one record side by side, here `{about}` of {owner}: \
             who knows one of a row's numbers learns the others. {} learns them.",
            capital(&who)
        ),
        K::PerRecord if f.among => format!(
            "{} comes out for each record: one of its values says where `{about}` of {owner} stands among all. {} learns it.",
            capital(&from),
            capital(&who)
        ),
        K::PerRecord => format!(
            "{} comes out for each record by itself: `{about}` of {owner} alone decides one of its values.",
            capital(&from)
        ),
        K::Nearly => format!(
            "{} can work out `{about}` of {owner} from {from} up to close neighbours: what is rounded or drawn hides it from no others.",
            capital(&who)
        ),
        K::Partly => format!(
            "A part of {from}, as a sign, a digit or a bit, or all of it, follows from a part of `{about}` of {owner} alone, whatever the others give: {who} learns it.",
        ),
        K::StepByStep => format!(
            "{} comes out again and again while records are added: from where it changes {who} learns of the records that were added just then, and not of all together.",
            capital(&from)
        ),
        K::CountOfOne => format!(
            "{} counts groups, and a group can have a single member: a count of one says that there is just one such record.",
            capital(&from)
        ),
    }
}

fn example(s: &Subject<'_>, e: &Example) -> String {
    let mut given: Vec<_> = e.inputs.iter().collect();
    given.sort_by_key(|(party, _, _)| *party);
    let inputs: Vec<String> = (given.iter().enumerate())
        .map(|(at, (party, path, values))| {
            // Each party is named once.
            match at > 0 && given[at - 1].0 == *party {
                true => format!("{path} = {values}"),
                false => format!("{}: {path} = {values}", label(*party, &s.ir.party_names)),
            }
        })
        .collect();
    let view: Vec<String> = e
        .view
        .iter()
        .map(|(o, values)| format!("{} = {values}", origin(s, *o)))
        .collect();
    format!(
        "For example, with {}: {}.",
        inputs.join("; "),
        view.join("; ")
    )
}

/// What else is given away so, and to whom.
fn more(s: &Subject<'_>, f: &Finding) -> String {
    let mut text = String::new();
    if !f.also.is_empty() {
        let also: Vec<String> = (f.also.iter())
            .map(|(owner, about)| format!("`{about}` of {}", label(*owner, &s.ir.party_names)))
            .collect();
        let _ = write!(text, " In the same way: {}.", some(&also, "others"));
    }
    if !f.alike.is_empty() {
        let alike: Vec<String> = f.alike.iter().map(|who| people(who, s.ir)).collect();
        let together = if f.coalition.len() > 1 {
            " together"
        } else {
            ""
        };
        let _ = write!(
            text,
            " The same kind of thing comes out to {}{together}.",
            some(&alike, "others")
        );
    }
    text
}

/// Some of a list, and how many there are besides.
fn some(all: &[String], rest: &str) -> String {
    match all.len() {
        0..=NAMED => all.join(", "),
        n => format!("{} and {} {rest}", all[..NAMED].join(", "), n - NAMED),
    }
}

/// What is named one by one, at most.
const NAMED: usize = 6;

/// What was tried and found.
fn tells(s: &Subject<'_>) -> Block {
    let mut parts = Vec::new();
    for f in &s.audit.findings {
        let heading = match f.kind.is_leak() {
            true => format!("Leak: {}", f.kind.name()),
            false => format!("To be thought about: {}", f.kind.name()),
        };
        let how_often = match f.share {
            share if share >= 0.995 => String::new(),
            share => format!(" It was so in {:.0} % of the inputs tried.", share * 100.0),
        };
        parts.push(Part::Finding(
            f.kind.is_leak(),
            heading,
            vec![
                sentence(s, f) + &more(s, f) + &how_often,
                example(s, &f.example),
                format!("What usually helps: {}.", f.kind.remedy()),
            ],
        ));
    }
    if s.audit.findings.is_empty() {
        parts.push(Part::Text(
            "No result was found from which a party can tell a single record's number.".into(),
        ));
    }
    let unvaried = unvaried(s);
    if !unvaried.is_empty() {
        let names: Vec<String> = unvaried.iter().map(|path| format!("`{path}`")).collect();
        let (verb, it) = match names.len() {
            1 => ("was", "it"),
            _ => ("were", "them"),
        };
        let more = match s.lens.is_empty() {
            true => "",
            false => ": try more rows (`--rows N`)",
        };
        parts.push(Part::Text(format!(
            "{} {verb} the same in every run tried, so that nothing was learnt about what parties learn from {it}{more}.",
            names.join(", ")
        )));
    }
    let rows = leakage(s);
    if !rows.is_empty() {
        parts.push(Part::Text(
            "How much a party learns of another's record on average, when all numbers of others are one of a few values spread evenly over \
             their ranges, all equally likely, and its own are those, of some choices, that tell most:"
                .into(),
        ));
        parts.push(Part::Table(vec!["who", "learns of", "bits"], rows));
    }
    let rest = match s.audit.complete {
        true => "",
        false => " Not all that was planned was run: the program takes long in the clear.",
    };
    parts.push(Part::Text(format!(
        "Found by {} runs in the clear on inputs at random{}. What is listed is so for the inputs shown; that nothing is listed proves nothing.{rest}",
        s.audit.runs,
        rows_tried(s)
    )));
    Block {
        title: "What that tells".into(),
        parts,
    }
}

/// How many rows were tried.
fn rows_tried(s: &Subject<'_>) -> String {
    let all: SortedSet<u64> = s.lens.values().copied().collect();
    let all: Vec<u64> = all.into_iter().collect();
    match all.as_slice() {
        [] => String::new(),
        [rows] => format!(", with {} of each party", words::rows(*rows)),
        _ => format!(
            ", with {}",
            lens::shown(s.lens, &s.ir.party_names).join("; ")
        ),
    }
}

/// The paths of results that were the same in every run, each once.
fn unvaried<'a>(s: &'a Subject<'_>) -> Vec<&'a str> {
    let mut paths: Vec<&str> = Vec::new();
    for id in &s.audit.unvaried {
        if let Some(leaf) = s.ir.outputs.get(id.index())
            && !paths.contains(&leaf.path.as_str())
        {
            paths.push(&leaf.path);
        }
    }
    paths
}

fn about_whom(s: &Subject<'_>, l: &Leakage) -> String {
    let owner = label(l.owner, &s.ir.party_names);
    match l.record.is_empty() {
        true => format!("what {owner} gives"),
        false => format!("{} of {owner}", l.record),
    }
}

/// As numbers are written.
fn two_digits(bits: f64) -> String {
    match bits {
        some if some > 0.0 && some < 0.005 => "less than 0.01".to_owned(),
        some => format!("{some:.2}"),
    }
}

/// How many bits are learned, of those who learn as much: one number, or between which two.
fn bits(all: &[&Leakage]) -> String {
    let Some(first) = all.first() else {
        return String::new();
    };
    let how = match (first.bits.exact, first.bits.exhaustive) {
        (true, _) => "exact",
        (false, true) => "all combinations",
        (false, false) => "sampled",
    };
    let learned = || all.iter().map(|l| l.bits.learned);
    let least = learned().fold(f64::INFINITY, f64::min);
    let most = learned().fold(0.0, f64::max);
    let mean = learned().sum::<f64>() / all.len() as f64;
    let error = all.iter().map(|l| l.bits.error).fold(0.0, f64::max);
    let error = error.max(most - mean).max(mean - least);
    let of = two_digits(first.bits.of);
    match error < 0.005 && first.bits.exhaustive {
        true => format!("{} of {of} ({how})", two_digits(mean)),
        false => format!("{mean:.2} ± {error:.2} of {of} ({how})"),
    }
}

/// How far apart numbers of bits are that are shown as one.
const AS_MUCH: f64 = 0.03;

/// The table of bits: sets of as many parties that learn as much are one row.
fn leakage(s: &Subject<'_>) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<&Leakage>> = Vec::new();
    let rows = |l: &Leakage| l.record.is_empty();
    for l in &s.audit.leakage {
        let like = |group: &&mut Vec<&Leakage>| {
            group.first().is_some_and(|first| {
                first.coalition.len() == l.coalition.len()
                    && rows(first) == rows(l)
                    && (first.bits.exact, first.bits.exhaustive)
                        == (l.bits.exact, l.bits.exhaustive)
                    && (first.bits.of - l.bits.of).abs() < AS_MUCH
                    && (first.bits.learned - l.bits.learned).abs() < AS_MUCH
            })
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(l),
            None => groups.push(vec![l]),
        }
    }
    let row = |group: &Vec<&Leakage>| {
        let list = |names: SortedSet<String>| -> String {
            let names: Vec<String> = names.into_iter().collect();
            some(&names, "others")
        };
        let size = group.first().map_or(0, |l| l.coalition.len());
        let all = || s.audit.leakage.iter().filter(|l| l.coalition.len() == size);
        let sets = |group: &mut dyn Iterator<Item = &Leakage>| -> SortedSet<Vec<u32>> {
            group.map(|l| l.coalition.clone()).collect()
        };
        let (here, everywhere) = (sets(&mut group.iter().copied()), sets(&mut all()));
        let who = match (here.len(), size) {
            (1, _) => people(&group[0].coalition, s.ir),
            (n, 1) if n == everywhere.len() => "each of them".to_owned(),
            (n, _) if n == everywhere.len() => format!("any {size} of them together"),
            _ => list(here.iter().map(|c| people(c, s.ir)).collect()),
        };
        let owners: SortedSet<u32> = group.iter().map(|l| l.owner).collect();
        let whom = match owners.len() {
            1 => about_whom(s, group[0]),
            n if n == s.ir.n_parties as usize && here.len() > 1 => match rows(group[0]) {
                true => "what another gives".to_owned(),
                false => format!("{} of another", group[0].record),
            },
            _ => list(group.iter().map(|l| about_whom(s, l)).collect()),
        };
        vec![who, whom, bits(group)]
    };
    groups.iter().map(row).collect()
}

/// The page as text.
pub fn text(page: &Page) -> String {
    let mut out = format!("{}\n", page.title);
    for block in page.blocks.iter().filter(|b| b.title != "Agreed to") {
        let _ = write!(out, "\n{}\n", block.title);
        for part in &block.parts {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => out.push_str(&wrapped(text, 2)),
                Part::Finding(_, heading, sentences) => {
                    let _ = writeln!(out, "  {heading}");
                    for sentence in sentences {
                        out.push_str(&wrapped(sentence, 4));
                    }
                }
                Part::Table(_, rows) => {
                    for row in rows {
                        let cells: Vec<&str> = row
                            .iter()
                            .map(String::as_str)
                            .filter(|c| !c.is_empty())
                            .collect();
                        out.push_str(&wrapped(&cells.join(" · "), 2));
                    }
                }
            }
        }
    }
    out
}

/// Lines of at most 110 columns.
fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut line = " ".repeat(indent);
    let mut used = 0;
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if used > 0 && indent + used + 1 + len > 110 {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent + 2);
            used = 2;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += len;
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

/// The page as one HTML file.
pub fn html(page: &Page) -> String {
    html::html(page)
}

/// The same as data.
pub fn json(s: &Subject<'_>) -> serde_json::Value {
    let finding = |f: &Finding| {
        serde_json::json!({
            "kind": f.kind.name(),
            "severity": if f.kind.is_leak() { "leak" } else { "note" },
            "coalition": f.coalition,
            "from": f.origins.iter().map(|o| origin(s, *o)).collect::<Vec<_>>(),
            "about": f.about,
            "owner": f.owner,
            "also": f.also.iter().map(|(owner, about)| {
                serde_json::json!({"owner": owner, "about": about})
            }).collect::<Vec<_>>(),
            "alike": f.alike,
            "guess": f.guess.as_ref().map(|guess| {
                serde_json::json!({"by": guess.by, "any": guess.any, "exact": guess.exact})
            }),
            "share": f.share,
            "reason": sentence(s, f),
            "example": {
                "inputs": f.example.inputs.iter().map(|(party, path, values)| {
                    serde_json::json!({"party": party, "input": path, "values": values})
                }).collect::<Vec<_>>(),
                "view": f.example.view.iter().map(|(o, values)| {
                    serde_json::json!({"from": origin(s, *o), "values": values})
                }).collect::<Vec<_>>(),
            },
            "remedy": f.kind.remedy(),
        })
    };
    let forms = s.ir.forms();
    let given = s.ir.inputs.iter().enumerate();
    let inputs = given.filter(|(_, leaf)| !leaf.drawn).map(|(id, leaf)| {
        serde_json::json!({
            "party": leaf.party,
            "path": leaf.path,
            "type": forms.input(InputId::new(id)).name(leaf.scalar),
            "public": leaf.public,
        })
    });
    let disclosures = s.reveals.iter().map(|d| {
        serde_json::json!({
            "kind": kind(d),
            "label": d.label,
            "type": d.type_name(),
            "lanes": d.lanes,
            "repeated": d.repeated,
            "to": d.receivers,
            "depends_on": d.sources.iter().map(|x| serde_json::json!({"party": x.party, "input": x.path})).collect::<Vec<_>>(),
            "place": s.files.place(d.span),
            "way": steps(s, &d.path),
            "ways": d.ways.iter().map(|way| {
                serde_json::json!({"input": way.input, "way": steps(s, &way.places)})
            }).collect::<Vec<_>>(),
        })
    });
    let leakage = s.audit.leakage.iter().map(|l| {
        serde_json::json!({
            "coalition": l.coalition,
            "owner": l.owner,
            "record": l.record,
            "bits": l.bits.learned,
            "of": l.bits.of,
            "error": l.bits.error,
            "exhaustive": l.bits.exhaustive,
            "exact": l.bits.exact,
        })
    });
    serde_json::json!({
        "program": s.name,
        "source": s.source,
        "plan": s.plan,
        "parties": s.ir.party_names,
        "suite": s.options.suite.name(),
        "threat": s.options.threat.name(),
        "threshold": s.options.threshold,
        "arguments": s.args.iter().cloned().collect::<smpcc_circuit::sorted::SortedMap<_, _>>(),
        "inputs": inputs.collect::<Vec<_>>(),
        "learns": disclosures.collect::<Vec<_>>(),
        "findings": s.audit.findings.iter().map(finding).collect::<Vec<_>>(),
        "leakage": leakage.collect::<Vec<_>>(),
        "privacy": claims::json(s.privacy, s.files),
        "rows": s.lens.iter().map(|((input, party), rows)| {
            serde_json::json!({"input": input, "party": party, "rows": rows})
        }).collect::<Vec<_>>(),
        "unvaried": unvaried(s),
        "runs": s.audit.runs,
        "complete": s.audit.complete,
    })
}
