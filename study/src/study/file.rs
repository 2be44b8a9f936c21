//! The file of a study, from bytes to terms. Every key is known, every value is of one form, and nothing is filled in.

use super::consistent;
use super::{
    Contributors, Input, MAX_LEN, Node, Owner, Program, Receiver, Retention, Runs, Terms, Time,
};
use crate::Error;
use crate::id::{read_hex, unhex};
use crate::schema;
use crate::seal::SealingPublic;
use crate::signature::SigningPublic;
use crate::types;
use serde::Deserialize;
use smpcc_circuit::calendar;
use smpcc_circuit::program::{Suite, Threat};
use smpcc_circuit::sorted::{SortedMap, SortedSet};

/// What the first line says.
const FORMAT: &str = "smpcc study 1";

/// The most bytes of one node's part of a contribution that a study may allow.
const MAX_PART: u64 = 64 << 20;

/// Bytes of a part where a study does not say.
const USUAL_PART: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    name: String,
    purpose: String,
    suite: String,
    threat: String,
    threshold: u32,
    opens: toml::value::Datetime,
    closes: toml::value::Datetime,
    program: ProgramTable,
    contributors: Vec<ContributorsTable>,
    runs: RunsTable,
    retention: RetentionTable,
    node: Vec<NodeTable>,
    receiver: Vec<ReceiverTable>,
    #[serde(default)]
    owner: Vec<OwnerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    file: String,
    sha256: String,
    #[serde(default)]
    module: Vec<ModuleTable>,
    #[serde(default)]
    arguments: SortedMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleTable {
    file: String,
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContributorsTable {
    role: String,
    least: u64,
    most: u64,
    #[serde(default)]
    max_bytes: Option<u64>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    invitations: Vec<String>,
    input: Vec<InputTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputTable {
    name: String,
    #[serde(rename = "type")]
    scalar: String,
    label: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    least: Option<Number>,
    #[serde(default)]
    most: Option<Number>,
    #[serde(default)]
    layout: Option<String>,
}

/// A number as TOML has it, or in quotes where it has no such integers.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a number, in quotes where it is no integer of 64 bits"
)]
enum Number {
    Small(i64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsTable {
    most: u32,
    start: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionTable {
    contributions_days: u32,
    results_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeTable {
    name: String,
    #[serde(default)]
    role: Option<String>,
    address: String,
    party_address: String,
    certificate: String,
    sign: String,
    seal: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiverTable {
    name: String,
    role: String,
    sign: String,
    seal: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerTable {
    name: String,
    sign: String,
}

/// The terms that a file's bytes say.
pub(super) fn terms(bytes: &[u8]) -> Result<Terms, Error> {
    let text = text(bytes)?;
    // Values may spell as escapes what the text does not hold.
    let table: toml::Table = toml::from_str(text).map_err(|e| syntax(text, &e))?;
    table
        .iter()
        .try_for_each(|(key, value)| plain(key, value))?;
    for list in ["contributors", "node", "receiver", "owner"] {
        if table.get(list).is_some_and(toml::Value::is_table) {
            return refuse(format!(
                "there may be several of `{list}`, each a table of its own: write [[{list}]] in place of [{list}]"
            ));
        }
    }
    let file: File = toml::from_str(text).map_err(|e| syntax(text, &e))?;
    if file.format != FORMAT {
        return refuse(format!(
            "format is `{}`, and this release reads `{FORMAT}`",
            file.format
        ));
    }
    let terms = Terms {
        name: name("name", file.name)?,
        purpose: file.purpose,
        suite: Suite::named(&file.suite)
            .ok_or_else(|| Error::new(format!("there is no suite `{}`", file.suite)))?,
        threat: Threat::named(&file.threat)
            .ok_or_else(|| Error::new(format!("there is no threat `{}`", file.threat)))?,
        threshold: file.threshold,
        window: (time("opens", &file.opens)?, time("closes", &file.closes)?),
        program: program(file.program)?,
        contributors: file
            .contributors
            .into_iter()
            .map(contributors)
            .collect::<Result<_, _>>()?,
        runs: runs(&file.runs)?,
        retention: Retention {
            contributions_days: file.retention.contributions_days,
            results_days: file.retention.results_days,
        },
        nodes: file.node.into_iter().map(node).collect::<Result<_, _>>()?,
        receivers: file
            .receiver
            .into_iter()
            .map(receiver)
            .collect::<Result<_, _>>()?,
        owners: file
            .owner
            .into_iter()
            .map(owner)
            .collect::<Result<_, _>>()?,
    };
    consistent::check(&terms)?;
    Ok(terms)
}

fn refuse<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(what))
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > MAX_LEN {
        return refuse(format!("a study has at most {MAX_LEN} bytes"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse("a study is UTF-8 text");
    };
    if text.starts_with('\u{feff}') {
        return refuse("it begins with a byte order mark, which people do not see: take it out");
    }
    for (i, line) in text.split('\n').enumerate() {
        if line.ends_with('\r') {
            return refuse(format!(
                "line {} ends with the control character \\u{{d}}: save the file with the line ends of Unix, LF alone",
                i + 1
            ));
        }
        if let Some(c) = line.chars().find(|c| unseen(*c)) {
            return refuse(format!(
                "line {}: the control character {}: take it out",
                i + 1,
                c.escape_unicode()
            ));
        }
    }
    Ok(text)
}

/// What people do not see as it is: controls, and what turns the direction of writing or has no width.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

fn plain(key: &str, value: &toml::Value) -> Result<(), Error> {
    match value {
        toml::Value::String(text) if text.contains(unseen) => {
            refuse(format!("{key}: a control character in a text"))
        }
        toml::Value::Array(list) => list.iter().try_for_each(|v| plain(key, v)),
        toml::Value::Table(table) => table
            .iter()
            .try_for_each(|(k, v)| match k.contains(unseen) {
                true => refuse(format!("{key}: a control character in a key")),
                false => plain(k, v),
            }),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => Ok(()),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    let place = before.map_or_else(String::new, |before| {
        format!("line {}: ", before.matches('\n').count() + 1)
    });
    Error::new(format!("{place}{}", error.message()))
}

fn name(key: &str, text: String) -> Result<String, Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.chars().all(good) {
        return refuse(format!(
            "{key}: `{text}`: up to 64 letters (a to z, A to Z), digits, `-`, `_` and `.`"
        ));
    }
    Ok(text)
}

/// A role, or a party of it: `analyst`, `clinic[2]`.
fn role(key: &str, text: String) -> Result<String, Error> {
    let (word, rest) = text.split_at(text.find('[').unwrap_or(text.len()));
    let index = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']'));
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let indexed = index.is_some_and(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_digit()));
    if word.is_empty()
        || word.len() > 64
        || !word.chars().all(good)
        || !(rest.is_empty() || indexed)
    {
        return refuse(format!("{key}: `{text}` is no role of a program"));
    }
    Ok(text)
}

fn digest(key: &str, text: &str) -> Result<[u8; 32], Error> {
    read_hex(text).map_err(|_| {
        Error::new(format!(
            "{key}: expected 64 lower-case hexadecimal digits, as `sha256sum` prints them"
        ))
    })
}

fn key(place: &str, text: &str) -> Result<SigningPublic, Error> {
    text.parse()
        .map_err(|e: Error| Error::new(format!("{place}: {e}")))
}

fn seal(place: &str, text: &str) -> Result<SealingPublic, Error> {
    text.parse()
        .map_err(|e: Error| Error::new(format!("{place}: {e}")))
}

fn keys(place: &str, texts: &[String]) -> Result<SortedSet<SigningPublic>, Error> {
    let mut all = SortedSet::new();
    for text in texts {
        if !all.insert(key(place, text)?) {
            return refuse(format!("{place}: `{text}` stands twice"));
        }
    }
    Ok(all)
}

fn time(key: &str, moment: &toml::value::Datetime) -> Result<Time, Error> {
    let utc = matches!(moment.offset, Some(toml::value::Offset::Z));
    let seconds = (utc && moment.date.is_some())
        .then(|| calendar::datetime(&moment.to_string()))
        .flatten();
    match seconds.and_then(|s| u64::try_from(s).ok()) {
        Some(seconds) => Ok(Time(seconds)),
        None => refuse(format!(
            "{key}: expected a moment in UTC, to the second, such as 2027-01-31T12:00:00Z"
        )),
    }
}

/// A file beside the study.
fn beside(key: &str, text: String) -> Result<String, Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let steps = |text: &str| {
        text.split('/')
            .all(|s| !s.is_empty() && !s.starts_with('.'))
    };
    if text.len() > 256 || !text.chars().all(good) || !steps(&text) {
        return refuse(format!(
            "{key}: `{text}`: a file beside the study or in a folder beside it, of letters (a to z, A to Z), digits, `-`, `_`, `.` and `/`"
        ));
    }
    Ok(text)
}

fn program(table: ProgramTable) -> Result<Program, Error> {
    let mut modules = SortedMap::new();
    for module in table.module {
        let file = beside("program.module.file", module.file)?;
        let hash = digest("program.module.sha256", &module.sha256)?;
        if file == table.file || modules.insert(file.clone(), hash).is_some() {
            return refuse(format!("program.module: `{file}` stands twice"));
        }
    }
    for argument in table.arguments.keys() {
        role("program.arguments", argument.clone())?;
    }
    Ok(Program {
        root: (
            beside("program.file", table.file)?,
            digest("program.sha256", &table.sha256)?,
        ),
        modules,
        arguments: table.arguments,
    })
}

fn contributors(table: ContributorsTable) -> Result<Contributors, Error> {
    let ContributorsTable { least, most, .. } = table;
    let role = role("contributors.role", table.role)?;
    if role.contains('[') {
        return refuse(format!(
            "contributors.role: `{role}`: all who play a role contribute to it, so it has no number"
        ));
    }
    if least == 0 || least > most || most > 10_000_000 {
        return refuse(format!(
            "contributors `{role}`: least is at least 1 and at most as much as most, which is at most 10000000"
        ));
    }
    let max_bytes = table.max_bytes.unwrap_or(USUAL_PART);
    if max_bytes == 0 || max_bytes > MAX_PART {
        return refuse(format!("contributors.max_bytes: from 1 to {MAX_PART}"));
    }
    let mut inputs: Vec<Input> = Vec::new();
    for input in table.input {
        let input = self::input(input)?;
        if inputs.iter().any(|i| i.name == input.name) {
            return refuse(format!("contributors.input: `{}` stands twice", input.name));
        }
        inputs.push(input);
    }
    Ok(Contributors {
        role,
        least,
        most,
        max_bytes,
        keys: keys("contributors.keys", &table.keys)?,
        invitations: keys("contributors.invitations", &table.invitations)?,
        inputs,
    })
}

fn input(table: InputTable) -> Result<Input, Error> {
    let place = format!("contributors.input `{}`", table.name);
    if table.label.trim().is_empty() {
        return refuse(format!("{place}: label: what people read beside the field"));
    }
    let number = |key: &str, value: Option<Number>| match value {
        None => Ok(None),
        Some(Number::Small(n)) => Ok(Some(n.to_string())),
        Some(Number::Text(text)) => {
            let digits = text.strip_prefix('-').unwrap_or(&text);
            let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
            let all = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            match all(whole) && all(part) && text.len() <= 64 {
                true => Ok(Some(text)),
                false => refuse(format!("{place}: {key}: `{text}` is no decimal number")),
            }
        }
    };
    let single = types::read(&table.scalar).is_some_and(|shape| shape.0.len() == 1);
    if !single && (table.least.is_some() || table.most.is_some()) {
        return refuse(format!(
            "{place}: least and most are for single values; those of `{}` stand in its type",
            table.scalar
        ));
    }
    let layout = match &table.layout {
        None => None,
        Some(digits) => match unhex(digits).and_then(|bytes| schema::from_bytes(&bytes)) {
            Ok(shape) if types::text(&shape) == table.scalar => Some(shape),
            Ok(_) | Err(_) => {
                return refuse(format!("{place}: layout: it is not one of its type"));
            }
        },
    };
    Ok(Input {
        name: role("contributors.input.name", table.name.clone())?,
        least: number("least", table.least)?,
        most: number("most", table.most)?,
        layout,
        scalar: table.scalar,
        label: table.label,
        help: table.help,
    })
}

fn runs(table: &RunsTable) -> Result<Runs, Error> {
    if table.most == 0 {
        return refuse("runs.most is at least 1");
    }
    let when_closed = match table.start.as_str() {
        "when closed" => true,
        "by command" => false,
        _ => return refuse("runs.start is \"when closed\" or \"by command\""),
    };
    Ok(Runs {
        most: table.most,
        when_closed,
    })
}

/// `HOST:PORT`.
fn address(key: &str, text: String) -> Result<String, Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none_or(|p| p == 0) || !text.chars().all(good) || text.len() > 300 {
        return refuse(format!("{key}: the address `{text}` is not HOST:PORT"));
    }
    Ok(text)
}

fn node(table: NodeTable) -> Result<Node, Error> {
    let Some(hash) = table.certificate.strip_prefix("sha256:") else {
        return refuse(
            "node.certificate: `sha256:` and the fingerprint that `smpcc keygen` printed",
        );
    };
    Ok(Node {
        name: name("node.name", table.name)?,
        role: table.role.map(|r| role("node.role", r)).transpose()?,
        address: address("node.address", table.address)?,
        party_address: address("node.party_address", table.party_address)?,
        certificate: digest("node.certificate", hash)?,
        sign: key("node.sign", &table.sign)?,
        seal: seal("node.seal", &table.seal)?,
    })
}

fn receiver(table: ReceiverTable) -> Result<Receiver, Error> {
    Ok(Receiver {
        name: name("receiver.name", table.name)?,
        role: role("receiver.role", table.role)?,
        sign: key("receiver.sign", &table.sign)?,
        seal: seal("receiver.seal", &table.seal)?,
    })
}

fn owner(table: OwnerTable) -> Result<Owner, Error> {
    Ok(Owner {
        name: name("owner.name", table.name)?,
        sign: key("owner.sign", &table.sign)?,
    })
}
