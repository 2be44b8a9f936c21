//! TOML files as typed values, with errors that say where and what is expected and never quote the file.
//!
//! The path of a configuration may name a file of secrets by mistake, and messages end up in logs.

use smpcc_compiler::diagnostic::suggestion;

/// Reads a TOML document.
///
/// # Errors
/// The line and what is wrong there.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    // Syntax first: its messages are fixed texts, while those of a wrong type show the value.
    let syntax = toml::from_str::<toml::Table>(text).map(|_| ());
    let error = match syntax {
        Err(error) => {
            let place = place(text, &error);
            return Err(if too_large(text, &error) {
                format!("{place}an integer of more than 64 bits: write it in quotes")
            } else {
                format!("not TOML: {place}{}", error.message())
            });
        }
        Ok(()) => match toml::from_str::<T>(text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        },
    };
    Err(format!(
        "{}{}",
        place(text, &error),
        without_content(error.message())
    ))
}

/// `line 3: `, where the parser knows it.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| {
        format!("line {}: ", before.matches('\n').count() + 1)
    })
}

/// Whether the parser stopped at an integer that only its size makes wrong.
fn too_large(text: &str, error: &toml::de::Error) -> bool {
    let at = error.span().and_then(|span| text.get(span));
    at.is_some_and(|at| {
        let digits = at.trim_start_matches(['+', '-']);
        digits.len() > 18 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    })
}

/// What a message says of the types, without what it says of the text. Names of keys are shown only when they are a slip
/// away from one that is meant.
fn without_content(message: &str) -> String {
    let expected = message.rsplit_once(", expected ").map(|(_, rest)| rest);
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let name = rest.split('`').next().unwrap_or_default();
        let known: Vec<&str> = expected
            .unwrap_or_default()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        unknown("key", name, &known)
    } else if let Some(expected) = expected {
        format!("expected {expected}")
    } else if message.starts_with("missing field `") || message.starts_with("expected ") {
        message.to_owned()
    } else {
        "this is not what stands here".to_owned()
    }
}

/// That a file names something that does not exist, and what does.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match suggestion(name, known.iter().copied()) {
        Some(near) => format!(
            "unknown {what} `{}`; did you mean `{near}`?",
            name.escape_debug()
        ),
        None => format!("an unknown {what}; there is {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[allow(dead_code, reason = "only read")]
        program: String,
        #[allow(dead_code, reason = "only read")]
        party: Option<u32>,
    }

    fn error(text: &str) -> String {
        parse::<File>(text).expect_err(text)
    }

    #[test]
    fn errors_say_where_and_never_what_stands_there() {
        for (text, parts) in [
            (
                "program = \"x\"\nparty = \"hunter2\"\n",
                ["line 2", "expected"],
            ),
            ("program = \"x\"\nparty = 4711.5\n", ["line 2", "expected"]),
            ("program = 4711\n", ["line 1", "expected a string"]),
            ("program = \"x\"\nhunter2 = 4711\n", ["line 2", "program"]),
            ("hunter2\n", ["line 1", "not TOML"]),
            ("a = 1\nhunter2 = hunter2\n", ["line 2", "not TOML"]),
            (
                "a = 1\nhunter2 = 1\nhunter2 = 4711\n",
                ["line 3", "duplicate"],
            ),
            ("party = 1\n", ["missing", "program"]),
            ("[\"hunter2\nparty = 1\n", ["line 1", "not TOML"]),
        ] {
            let message = error(text);
            for part in parts {
                assert!(message.contains(part), "{text}: {message}");
            }
            for secret in ["hunter2", "4711"] {
                assert!(!message.contains(secret), "{text}: {message}");
            }
        }
        assert!(error("progam = \"x\"").contains("did you mean `program`"));
        let large = error("program = \"x\"\nparty = 9223372036854775808\n");
        assert!(
            large.contains("line 2") && large.contains("in quotes"),
            "{large}"
        );
        assert!(!large.contains("9223"), "{large}");
    }
}
