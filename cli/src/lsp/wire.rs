//! Messages as they come: a header with a length, and JSON.

use serde_json::Value;
use std::io::{BufRead, Read};

/// Longest message that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The header that says how long a message is.
const LENGTH: &str = "content-length:";

/// A message, or what was in its place.
pub enum Incoming {
    /// JSON of some form.
    Message(Value),
    /// No JSON.
    Malformed(String),
}

/// Reads messages until there are no more, until none can be told from what comes, or until nobody takes them.
pub fn read_all(from: &mut impl BufRead, mut take: impl FnMut(Incoming) -> bool) {
    while let Some(message) = read(from) {
        if !take(message) {
            return;
        }
    }
}

fn read(from: &mut impl BufRead) -> Option<Incoming> {
    let mut length = None;
    loop {
        let mut line = String::new();
        let n_read = from.by_ref().take(4096).read_line(&mut line).ok()?;
        if n_read == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        // What stands before it is the body of a message whose length nobody knows.
        if let Some(at) = line.to_ascii_lowercase().rfind(LENGTH) {
            length = Some(line[at + LENGTH.len()..].trim().parse::<u64>());
        }
    }
    let length = match length {
        Some(Ok(length)) => length,
        // The next message begins where there is a length again.
        Some(Err(error)) => return Some(Incoming::Malformed(error.to_string())),
        None => return Some(Incoming::Malformed("a header without a length".into())),
    };
    if length > MAX_BYTES {
        return None;
    }
    let mut body = Vec::new();
    from.by_ref().take(length).read_to_end(&mut body).ok()?;
    if (body.len() as u64) < length {
        return None;
    }
    Some(match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Option<Value>> {
        let mut all = Vec::new();
        read_all(&mut text.as_bytes(), |message| {
            all.push(match message {
                Incoming::Message(value) => Some(value),
                Incoming::Malformed(_) => None,
            });
            true
        });
        all
    }

    #[test]
    fn messages_are_told_apart() {
        let text = "Content-Length: 2\r\n\r\n{}content-length: 3\r\nContent-Type: x\r\n\r\n[1]";
        assert_eq!(
            all(text),
            [Some(serde_json::json!({})), Some(serde_json::json!([1]))]
        );
        assert_eq!(
            all("Content-Length: 2\r\n\r\n{]Content-Length: 1\r\n\r\n1").len(),
            2
        );
        // One that says no length keeps none of those behind it.
        let after = "Content-Length: x\r\n\r\n{\"a\": 1}Content-Length: 1\r\n\r\n1\r\n";
        let one = Some(serde_json::json!(1));
        assert_eq!(all(after), [None, one.clone(), None]);
        assert_eq!(all("\r\nContent-Length: 1\r\n\r\n1"), [None, one]);
        for text in [
            "",
            "Content-Length: 9\r\n\r\n{}",
            "Content-Length: 99999999999\r\n\r\n{}",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }
}
