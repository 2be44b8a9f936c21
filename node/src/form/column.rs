//! What one control or one cell of a page holds: its kind, its range, and when there is something in it.

use smpcc_circuit::value::{Form, Integer, Scalar, mask};

/// What one control or one cell holds.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is called among others; empty if there are none.
    pub name: String,
    /// Its type.
    pub scalar: Scalar,
    /// How it is written.
    pub form: Form,
    /// Smallest and largest value, as they are written.
    pub range: (String, String),
    /// Where one of a few names is chosen, these.
    pub choices: Vec<String>,
    /// Whether something has to be there.
    pub presence: Presence,
    /// It is filled in only if each of these columns, which come before it, has this choice.
    pub when: Vec<(usize, usize)>,
}

/// Whether something has to be in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A value.
    Always,
    /// A value or nothing.
    Optional,
    /// It says whether the columns that depend on it are filled in.
    Asked,
    /// The same, and nobody says it: it follows from whether they are.
    Seen,
}

impl Column {
    /// Of a scalar, filled in if these columns have these choices.
    pub fn new(
        name: &str,
        scalar: Scalar,
        form: Form,
        range: Option<(Integer, Integer)>,
        when: &[(usize, usize)],
    ) -> Self {
        let (low, high) = match scalar.is_signed() {
            false => (0, mask(scalar.width())),
            true => {
                let half = 1 << (scalar.width() - 1);
                (half, half - 1)
            }
        };
        let range = match range.filter(|_| form == Form::Plain) {
            Some((low, high)) => (low.to_string(), high.to_string()),
            None => (form.display(scalar, low), form.display(scalar, high)),
        };
        Self {
            name: name.to_owned(),
            scalar,
            form,
            range,
            choices: Vec::new(),
            presence: Presence::Always,
            when: when.to_vec(),
        }
    }

    /// The kind of value, by the word that the page's script has for it.
    pub fn kind(&self) -> &'static str {
        match (self.scalar, self.form, self.presence) {
            (_, _, Presence::Asked | Presence::Seen) => "given",
            _ if !self.choices.is_empty() => "choice",
            (Scalar::Bool, _, _) => "bool",
            (_, Form::Date, _) => "date",
            (_, Form::Datetime, _) => "datetime",
            (_, Form::Text, _) => "text",
            (_, Form::Fixed(_), _) => "fixed",
            (_, Form::Float, _) => "float",
            (_, Form::Plain, _) => "integer",
        }
    }

    /// What may be typed, for people.
    pub fn takes(&self) -> String {
        let (least, most) = &self.range;
        let takes = match self.kind() {
            "given" => "yes or no".into(),
            "choice" => format!("one of {}", self.choices.join(", ")),
            "bool" => "yes or no".into(),
            "date" => "a date as 2024-02-29".into(),
            "datetime" => "a date and time in UTC as 2024-02-29T23:59:59".into(),
            "text" => format!("at most {} bytes of text", self.scalar.width() / 8),
            "fixed" => format!("a decimal number from {least} to {most}"),
            "float" => "a decimal number".into(),
            _ => format!("a whole number from {least} to {most}"),
        };
        match self.presence {
            Presence::Optional => takes + ", or nothing",
            Presence::Always | Presence::Asked | Presence::Seen => takes,
        }
    }
}
