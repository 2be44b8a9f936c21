//! The words, signs and texts of the text form, and taking them one by one.

use super::{Parsed, Parser};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// Letters, digits and `_`; numbers too (with a leading `-` for negative ones).
    Word(&'t str),
    Text(String),
    Sign(&'t str),
}

/// Tokens with their lines.
pub(super) fn tokens(text: &str) -> Result<Vec<(u32, Token<'_>)>, String> {
    let mut out = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let len;
            if is_word(first)
                || (first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
            {
                len = 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1);
                out.push((number, Token::Word(&rest[..len])));
            } else if first == '"' {
                let (string, used) =
                    quoted(rest).ok_or_else(|| format!("line {number}: an unclosed string"))?;
                len = used;
                out.push((number, Token::Text(string)));
            } else {
                len = ["..=", ".."]
                    .into_iter()
                    .find(|sign| rest.starts_with(sign))
                    .map_or(first.len_utf8(), str::len);
                out.push((number, Token::Sign(&rest[..len])));
            }
            rest = rest[len..].trim_start();
        }
    }
    Ok(out)
}

/// A string as Rust's `Debug` writes it, and how many bytes it took.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, at + 1)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '0' => out.push('\0'),
                'u' => {
                    let mut code = String::new();
                    loop {
                        match chars.next()?.1 {
                            '{' => {}
                            '}' => break,
                            digit => code.push(digit),
                        }
                    }
                    out.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                }
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

impl<'t> Parser<'t> {
    pub(super) fn ids<T>(&mut self, prefix: &str, make: fn(u32) -> T) -> Parsed<Vec<T>> {
        let mut ids = Vec::new();
        while self.peek_word().is_some_and(|word| {
            word.strip_prefix(prefix)
                .is_some_and(|n| n.parse::<u32>().is_ok())
        }) {
            ids.push(make(self.id(prefix)?));
        }
        Ok(ids)
    }

    pub(super) fn id(&mut self, prefix: &str) -> Parsed<u32> {
        let word = self.any_word()?;
        word.strip_prefix(prefix)
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| format!("expected {prefix}…, found {word}"))
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Parsed<N> {
        let word = self.any_word()?;
        word.parse()
            .map_err(|_| format!("expected a number, found {word}"))
    }

    pub(super) fn texts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some((_, Token::Text(text))) = self.tokens.get(self.at) {
            texts.push(text.clone());
            self.at += 1;
        }
        texts
    }

    pub(super) fn text(&mut self) -> Parsed<String> {
        match self.tokens.get(self.at) {
            Some((_, Token::Text(text))) => {
                self.at += 1;
                Ok(text.clone())
            }
            other => Err(format!("expected a string, found {other:?}")),
        }
    }

    pub(super) fn any_word(&mut self) -> Parsed<&'t str> {
        match self.tokens.get(self.at) {
            Some((_, Token::Word(word))) => {
                self.at += 1;
                Ok(word)
            }
            Some((_, other)) => Err(format!("expected a word, found {other:?}")),
            None => Err("unexpected end".into()),
        }
    }

    pub(super) fn word_is(&mut self, expected: &str) -> Parsed<()> {
        let found = self.any_word()?;
        if found == expected {
            Ok(())
        } else {
            Err(format!("expected {expected}, found {found}"))
        }
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == Some(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn peek_word(&self) -> Option<&'t str> {
        self.peek_word_at(0)
    }

    pub(super) fn peek_word_at(&self, ahead: usize) -> Option<&'t str> {
        match self.tokens.get(self.at + ahead) {
            Some((_, Token::Word(word))) => Some(word),
            _ => None,
        }
    }

    pub(super) fn sign_at(&self, ahead: usize) -> Option<&'t str> {
        match self.tokens.get(self.at + ahead) {
            Some((_, Token::Sign(sign))) => Some(sign),
            _ => None,
        }
    }

    pub(super) fn eat(&mut self, sign: &str) -> bool {
        let found = self.sign_at(0) == Some(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn sign(&mut self, expected: &str) -> Parsed<()> {
        if self.eat(expected) {
            Ok(())
        } else {
            Err(format!(
                "expected `{expected}`, found {:?}",
                self.tokens.get(self.at).map(|token| &token.1)
            ))
        }
    }
}
