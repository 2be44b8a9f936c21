//! The table of all codes, each with its title and the page that `smpcc explain` shows.
//!
//! E1 is text and syntax, E2 names, E3 types and secrecy, E4 what depends on a session (number of parties, lengths,
//! public arguments) and is found after the front end, E9 bugs of the compiler, W0 warnings. A code is never given a new meaning. A code
//! without its page under `docs/errors/` does not compile.

use super::Severity;
use std::fmt;

macro_rules! codes {
    ($($code:ident $title:literal,)+) => {
        /// The code of a diagnostic.
        #[allow(missing_docs, reason = "the title beside each code in the table is its documentation")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($code,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$code,)+];

            /// `E3002`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)+ }
            }

            /// The rule that was broken, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$code => $title,)+ }
            }

            /// The page of the code, Markdown: what it means, a wrong example and a right one.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$code => include_str!(concat!("../../../../docs/errors/", stringify!($code), ".md")),)+
                }
            }
        }
    };
}

codes! {
    E1001 "a character that no token begins with",
    E1002 "a comment that is never closed",
    E1003 "a string that is never closed",
    E1004 "a malformed number",
    E1005 "unexpected token",
    E1006 "an unbalanced bracket",
    E1007 "nested too deeply",
    E1008 "the file is too large",
    E1009 "not yet available",
    E1010 "a malformed attribute",
    E1011 "an unknown escape in a string",
    E1012 "a character that reorders text",

    E2001 "unknown name",
    E2002 "unknown type",
    E2003 "defined twice",
    E2004 "unknown field",
    E2005 "unknown module or item",
    E2006 "a private item",
    E2007 "unknown role",
    E2008 "functions call each other in a circle",
    E2009 "a definition that needs itself",
    E2010 "a circuit's file is missing",
    E2011 "a malformed circuit file",
    E2020 "an unknown variant",

    E3001 "the types differ",
    E3002 "a secret flows where only public values may",
    E3003 "not allowed under a secret condition",
    E3004 "assignment to a public variable under a secret condition",
    E3005 "a literal does not fit its type",
    E3006 "the type does not have this operation",
    E3007 "wrong number of arguments",
    E3008 "not a function",
    E3009 "assignment to something that cannot change",
    E3010 "a type that cannot be inferred",
    E3011 "missing, unknown or repeated fields",
    E3012 "a cast that does not exist",
    E3013 "a bound is not met",
    E3014 "a parameter of `main` that says too little or too much",
    E3015 "receivers that do not fit the result",
    E3016 "a constant is needed",
    E3017 "an index outside the array",
    E3018 "a function that ends without its result",
    E3019 "a closure used as a run-time value",
    E3020 "no loop to leave",
    E3021 "only in tests",
    E3022 "a type that is not allowed here",
    E3023 "a malformed range of values",
    E3024 "a malformed declaration of parties",
    E3025 "the types do not fit the circuit",
    E3026 "read before it has a value",
    E3030 "a pattern that leaves values out",
    E3031 "a decimal number needs a type",
    E3032 "what cannot be drawn",

    E4001 "the number of parties does not fit the program",
    E4002 "the lengths do not fit the program",
    E4003 "an index outside the array, for this session",
    E4004 "the program grows without bound for this session",
    E4005 "a constant that cannot be computed for this session",
    E4006 "a public argument is missing or malformed",
    E4007 "an assertion that does not hold for this session",
    E4008 "no arithmetic form",
    E4009 "a form that this suite does not have",
    E4010 "draws whose number is not known before the run",
    E4011 "noise beyond the privacy budget",

    E9001 "a bug in smpcc",

    W0001 "an unused variable",
    W0002 "code that is never reached",
    W0003 "a result that nobody uses",
    W0004 "an overflow is reachable",
    W0005 "a loop that never ends",
    W0006 "one draw, repeated",
    W0007 "a name that is brought in and not used",
    W0008 "a statement without effect",
    W0009 "a constant that a cast cuts off",
    W0010 "rows that are not kept are counted",
}

/// Who can mend what a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Who wrote the program.
    Program,
    /// Who runs it: its session does not fit.
    Caller,
    /// We.
    Compiler,
}

impl Code {
    /// Codes with `E` are errors, codes with `W` warnings.
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('W') {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// Who can mend what the code says.
    pub fn blame(self) -> Blame {
        match self {
            // Parties, lengths, arguments and a forced protocol.
            Code::E4001 | Code::E4002 | Code::E4006 | Code::E4008 | Code::E4009 => Blame::Caller,
            Code::E9001 => Blame::Compiler,
            // All others speak of the program's text.
            _ => Blame::Program,
        }
    }

    /// The code that is written like this, in either case, with its letter or without.
    pub fn parse(text: &str) -> Option<Code> {
        let text = text.trim();
        Code::ALL.iter().copied().find(|code| {
            let whole = code.as_str();
            whole.eq_ignore_ascii_case(text) || whole.get(1..) == Some(text)
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_its_code_and_shows_right_beside_wrong() {
        for &code in Code::ALL {
            let page = code.page();
            assert!(
                page.starts_with(&format!("# {code}: {}\n", code.title())),
                "{code}: the page's first line"
            );
            let fences = page.matches("```").count();
            // A bug of ours has no wrong program.
            let is_ours = code.as_str().starts_with("E9");
            assert!(
                fences >= 4 || is_ours,
                "{code}: a wrong and a right example"
            );
            assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(code));
            assert_eq!(Code::parse(&code.as_str()[1..]), Some(code));
        }
        assert_eq!(Code::parse("E9999"), None);
    }
}
