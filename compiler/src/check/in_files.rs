//! What files call the fields and variants of a program: their names, or what `#[name("…")]` before them says.
//!
//! Columns of sheets, keys of JSON and categories are called as their owners call them, which is often no name of a program:
//! `Age (years)`, `1st_dose`. Two parts of one type are never called alike, so that files say which of them they mean.

use super::Checker;
use crate::ast::{Attribute, Name};
use crate::diagnostic;
use crate::source::Span;

/// What has names in files.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Named {
    /// A field of a struct, of a variant or of a result.
    #[default]
    Field,
    /// A variant of an enum.
    Variant,
}

impl Named {
    const fn word(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Variant => "variant",
        }
    }
}

/// What the parts of one type are called in files.
#[derive(Default)]
pub struct Texts {
    of: Named,
    all: Vec<(String, Span)>,
    /// By position, what is not called as it is in the program.
    other: Vec<Option<String>>,
}

impl Texts {
    /// Names of such parts.
    pub const fn of(of: Named) -> Self {
        Self {
            of,
            all: Vec::new(),
            other: Vec::new(),
        }
    }

    /// What files call the next part; two that are called alike are an error.
    pub fn push(&mut self, ck: &mut Checker<'_>, name: &Name, attributes: &[Attribute]) -> String {
        let text = self.text(ck, name, attributes);
        if let Some((_, first)) = self.all.iter().find(|(other, _)| *other == text) {
            let noun = self.of.word();
            let error = diagnostic!(E2003, name.span, "two {noun}s are called `{text}` in files")
                .here("called so again here")
                .because(*first, "first called so here");
            ck.report(error.help("give them different names"));
        }
        self.all.push((text.clone(), name.span));
        self.other
            .push(Some(text.clone()).filter(|text| *text != name.text));
        text
    }

    /// What each part is called, where that is not its name.
    pub fn finish(self) -> Vec<Option<String>> {
        self.other
    }

    /// The name of a part, or what `#[name("…")]` says.
    fn text(&self, ck: &mut Checker<'_>, name: &Name, attributes: &[Attribute]) -> String {
        let mut text = name.text.clone();
        let noun = self.of.word();
        for attribute in attributes {
            match (&attribute.text, attribute.name.text.as_str()) {
                (Some(said), "name") if !said.text.trim().is_empty() => {
                    said.text.trim().clone_into(&mut text);
                }
                (Some(_), "name") => {
                    let error =
                        diagnostic!(E1010, attribute.span, "the text of `#[name]` is empty");
                    let help = match self.of {
                        Named::Variant => {
                            "files need a word for each variant; what may be missing is an `Option`, whose empty cells are `None`"
                        }
                        Named::Field => "write the column's name as it stands in the header",
                    };
                    ck.report(error.here("nothing stands here").help(help));
                }
                _ => {
                    let error = diagnostic!(
                        E1010,
                        attribute.span,
                        "`#[{}]` does not go with a {noun}",
                        attribute.name.text
                    );
                    let help =
                        format!("write `#[name(\"…\")]`: what the {noun} is called in files");
                    ck.report(error.here("not here").help(help));
                }
            }
        }
        text
    }
}
