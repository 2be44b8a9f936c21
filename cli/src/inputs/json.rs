//! JSON as a [`Tree`]: exact integers, no duplicate keys, a limit on nesting.

mod plain;

use super::{List, Tree, number};
use serde::Deserializer;
use serde::de::{Deserialize, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smpcc_circuit::sorted::SortedSet;
use std::fmt;

/// Deepest nesting; shapes of programs are far shallower.
const MAX_DEPTH: usize = 64;

/// Reads one JSON value.
///
/// # Errors
/// What is wrong, with line and column where the text is not JSON.
pub fn parse(text: &str) -> Result<Tree, String> {
    match plain::parse(text) {
        Some(tree) => Ok(tree),
        None => careful(text),
    }
}

/// The same for any text, with what is wrong.
fn careful(text: &str) -> Result<Tree, String> {
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|e| format!("not JSON: {}", without_values(&e)))?;
    tree(raw, 0)
}

fn tree(raw: &RawValue, depth: usize) -> Result<Tree, String> {
    let text = raw.get();
    if depth > MAX_DEPTH {
        return Err(format!("more than {MAX_DEPTH} levels of nesting"));
    }
    match text.as_bytes().first() {
        Some(b'n') => Ok(Tree::Null),
        Some(b't') => Ok(Tree::Bool(true)),
        Some(b'f') => Ok(Tree::Bool(false)),
        Some(b'"') => serde_json::from_str::<String>(text)
            .map(Tree::Text)
            .map_err(|e| without_values(&e)),
        Some(b'[') => {
            let mut wrong = None;
            let items = Items {
                depth: depth + 1,
                wrong: &mut wrong,
            };
            let list = serde_json::Deserializer::from_str(text).deserialize_seq(items);
            match (wrong, list) {
                (Some(wrong), _) => Err(wrong),
                (None, Ok(list)) => Ok(Tree::List(list)),
                (None, Err(e)) => Err(without_values(&e)),
            }
        }
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(text).map_err(|e| without_values(&e))?;
            Ok(Tree::Map(
                entries
                    .into_iter()
                    .map(|(key, item)| Ok((key, tree(item, depth + 1)?)))
                    .collect::<Result<_, String>>()?,
            ))
        }
        _ => Ok(number(text)),
    }
}

/// The parser's message; it describes what it expected and where, never the data.
fn without_values(e: &serde_json::Error) -> String {
    e.to_string()
}

/// Items one by one: their texts are not listed first.
struct Items<'a> {
    depth: usize,
    /// What is wrong with an item.
    wrong: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = List;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while let Some(item) = items.next_element::<&'de RawValue>()? {
            match tree(item, self.depth) {
                Ok(item) => list.push(item),
                Err(wrong) => {
                    *self.wrong = Some(wrong);
                    return Err(A::Error::custom("an item"));
                }
            }
        }
        Ok(list)
    }
}

struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(String, &'de RawValue)> = Vec::new();
                let mut seen = SortedSet::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format!(
                            "key `{}` stands twice",
                            key.escape_debug()
                        )));
                    }
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_take_no_longer_each_than_few() {
        let object = |n: u32| {
            let keys: Vec<String> = (0..n).map(|i| format!("\"key number {i}\": {i}")).collect();
            format!("{{{}}}", keys.join(", "))
        };
        // A comparison of each key with each other one would take minutes.
        let began = std::time::Instant::now();
        let tree = parse(&object(400_000)).unwrap_or(Tree::Null);
        assert!(matches!(&tree, Tree::Map(entries) if entries.len() == 400_000));
        assert!(began.elapsed() < std::time::Duration::from_secs(10));
    }

    /// A tree as text, with tables as lists.
    fn shown(tree: &Tree) -> String {
        match tree {
            Tree::Null => "null".into(),
            Tree::Bool(b) => b.to_string(),
            Tree::Int(negative, n) => format!("{}{n}", if *negative { "-" } else { "" }),
            Tree::Decimal(text) => format!("d{text}"),
            Tree::Text(text) => format!("{text:?}"),
            Tree::List(items) => {
                let items: Vec<String> = items.iter().map(|t| shown(&t)).collect();
                format!("[{}]", items.join(","))
            }
            Tree::Table(table) => {
                let rows: Vec<String> = (0..table.rows).map(|r| shown(&table.row(r))).collect();
                format!("[{}]", rows.join(","))
            }
            Tree::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(k, v)| format!("{k:?}:{}", shown(v)))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    /// Holds the quick reader to the careful one; whether it read the text.
    fn same(text: &str) -> bool {
        match (plain::parse(text), careful(text)) {
            (Some(quick), Ok(slow)) => {
                assert_eq!(shown(&quick), shown(&slow), "{text}");
                true
            }
            (Some(_), Err(e)) => panic!("{text}: {e}"),
            (None, _) => false,
        }
    }

    #[test]
    fn both_readers_read_the_same() {
        for text in [
            "[1, 2 ,3]",
            " [] ",
            "{}",
            "[{}, {}]",
            r#"{"0": {"a": [1.50, -2e3, 18446744073709551616, -0, 0]}}"#,
            r#"[{"a": 1, "b": "x"}, {"a": -2, "b": null}, {"a": [3], "b": true}]"#,
            r#"[{"a": 1, "b": 2}, {"b": 1, "a": 2}, 7, {"a": 3}]"#,
            r#"[{"a": 1, "b": 2}, {"a": 1}]"#,
            r#"[{"a": 1}, {"a": 1, "c": [{"é": 2}, {"é": 3}]}]"#,
            r#"[{"a": 1}, {"a": 1}, 4]"#,
            r#"[{"a": 1}, {}]"#,
            r#"[{}, {"a": 1}]"#,
        ] {
            assert!(same(text), "{text}");
        }
        for text in [
            "",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "1e",
            "tru",
            "nul",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "[1]x",
            "\"a\nb\"",
            "[{\"a\":1},]",
            "[{\"a\":1}{\"a\":1}]",
            "[{\"a\":1},{\"a\":1 \"b\":1}]",
            "[{\"a\":1},{\"a\":1,\"a\":1}]",
            "[{\"a\":1},{\"a\":1,}]",
            "[{\"a\":1},{,\"a\":1}]",
            "[{\"a\":1,\"b\":1},{\"a\":1,,\"b\":1}]",
        ] {
            assert!(!same(text) && careful(text).is_err(), "{text}");
        }
        assert!(!same(r#"["\u0041"]"#) && careful(r#"["\u0041"]"#).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn both_readers_read_the_same_whatever_it_is(
            pieces in proptest::collection::vec(proptest::sample::select(&[
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "-2", "0.5", "1e3", "null", "true",
                " ", "\n", "{\"a\":1}", "{\"a\":1,\"b\":2}", ",{\"a\":2", "\"a\":", "0",
            ][..]), 0..14)
        ) {
            same(&pieces.concat());
            same(&format!("[{{\"a\":1}},{}]", pieces.concat()));
        }
    }

    #[test]
    fn duplicates_and_garbage_are_refused() {
        assert!(parse(r#"{"a": 1, "a": 2}"#).is_err_and(|e| e.contains("stands twice")));
        assert!(parse("[1, 2").is_err_and(|e| e.contains("line 1")));
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse("").is_err());
    }
}
