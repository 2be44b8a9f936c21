//! A document with places at which lines may break, and the printer that decides which of them do (after Wadler, "A
//! prettier printer", with lists that may let their last element break alone).
//!
//! Line ends and spaces are owed until the next text comes, so that no line ends with white space and comments can ask
//! for what they need wherever they stand.

use super::WIDTH;
use super::tree::{Note, Place};

/// Columns of one step of indentation.
const STEP: usize = 4;

/// A document.
#[derive(Clone, Debug)]
pub struct Doc<'a> {
    kind: DocKind<'a>,
    /// Whether it cannot stand on one line.
    forced: bool,
    /// The same, but for what lists and blocks inside of it force.
    open_forced: bool,
}

#[derive(Clone, Debug)]
enum DocKind<'a> {
    Text(&'a str),
    Space,
    /// A line end, or this much of a space.
    Line(bool),
    Hard,
    /// A space, or a line end if what follows has no room.
    Fill,
    /// A blank line where a line ends.
    Blank,
    Seq(Vec<Doc<'a>>),
    Indent(Box<Doc<'a>>),
    /// All lines of it break, or none does. `absorbs` says that what lists and blocks force does not count.
    Group {
        doc: Box<Doc<'a>>,
        absorbs: bool,
    },
    Note(Note<'a>),
    List(Box<List<'a>>),
    /// What stands after `=`; `stays` says that it can break inside better than before.
    Value {
        doc: Box<Doc<'a>>,
        stays: bool,
    },
}

/// Elements between brackets.
#[derive(Clone, Debug)]
pub struct List<'a> {
    /// The bracket, with comments directly after it.
    pub open: Doc<'a>,
    /// The elements.
    pub items: Vec<Element<'a>>,
    /// Comments before the closing bracket.
    pub tail: Doc<'a>,
    /// The bracket that closes.
    pub close: Doc<'a>,
    /// Whether spaces stand inside of the brackets.
    pub padded: bool,
    /// Whether a comma ends the list when it breaks.
    pub comma: bool,
    /// Whether a comma always ends it.
    pub always_comma: bool,
    /// Whether it breaks before what follows on its line does, as parameters do before a result.
    pub before: bool,
    /// How it may break, other than one element per line.
    pub style: Style,
}

/// An element of a list.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    /// The element.
    pub doc: Doc<'a>,
    /// Comments after its comma.
    pub after: Doc<'a>,
    /// Whether a blank line is before it.
    pub blank: bool,
}

/// How a list may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One element per line.
    Plain,
    /// Only inside of its last element, if that is enough.
    Last,
    /// As many elements per line as there is room for.
    Fill,
}

impl<'a> Doc<'a> {
    const fn new(kind: DocKind<'a>, forced: bool) -> Self {
        Self {
            kind,
            forced,
            open_forced: forced,
        }
    }

    /// Text of one line.
    pub const fn text(text: &'a str) -> Self {
        Self::new(DocKind::Text(text), false)
    }

    /// Nothing.
    pub const fn nothing() -> Self {
        Self::text("")
    }

    /// A space.
    pub const fn space() -> Self {
        Self::new(DocKind::Space, false)
    }

    /// A space, or a line end when the group breaks.
    pub const fn line() -> Self {
        Self::new(DocKind::Line(true), false)
    }

    /// Nothing, or a line end when the group breaks.
    pub const fn soft() -> Self {
        Self::new(DocKind::Line(false), false)
    }

    /// A line end.
    pub const fn hard() -> Self {
        Self::new(DocKind::Hard, true)
    }

    /// A blank line, where a line ends and something stands before and after it.
    pub const fn blank() -> Self {
        Self::new(DocKind::Blank, false)
    }

    /// One after another.
    pub fn seq(docs: Vec<Self>) -> Self {
        let forced = docs.iter().any(|d| d.forced);
        let open_forced = docs.iter().any(|d| d.open_forced);
        Self {
            kind: DocKind::Seq(docs),
            forced,
            open_forced,
        }
    }

    /// Lines in it are indented one step more.
    pub fn indent(doc: Self) -> Self {
        let (forced, open_forced) = (doc.forced, doc.open_forced);
        Self {
            kind: DocKind::Indent(Box::new(doc)),
            forced,
            open_forced,
        }
    }

    /// Breaks as a whole or not at all.
    pub fn group(docs: Vec<Self>) -> Self {
        Self::grouped(docs, false)
    }

    /// The same, but it stands for what it is although a list or a block inside of it breaks.
    pub fn absorbing(docs: Vec<Self>) -> Self {
        Self::grouped(docs, true)
    }

    fn grouped(docs: Vec<Self>, absorbs: bool) -> Self {
        let doc = Box::new(Self::seq(docs));
        let (forced, open_forced) = (doc.forced, doc.open_forced);
        Self {
            kind: DocKind::Group { doc, absorbs },
            forced,
            open_forced,
        }
    }

    /// What is closed by a bracket: breaking in it does not break what is around it.
    pub fn enclosed(mut self) -> Self {
        self.open_forced = false;
        self
    }

    /// Whether it cannot stand on one line.
    pub const fn is_forced(&self) -> bool {
        self.forced
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        match &self.kind {
            DocKind::Text(text) => text.is_empty(),
            DocKind::Seq(docs) => docs.iter().all(Self::is_empty),
            _ => false,
        }
    }

    /// A comment.
    pub fn note(note: Note<'a>) -> Self {
        let forced = note.place != Place::Inline || note.text.contains('\n');
        Self::new(DocKind::Note(note), forced)
    }

    /// A list.
    pub fn list(list: List<'a>) -> Self {
        let inside = list.items.iter().any(|i| i.doc.forced || i.after.forced);
        Self {
            forced: list.open.forced || inside || list.tail.forced,
            open_forced: false,
            kind: DocKind::List(Box::new(list)),
        }
    }

    /// What stands after `=`, with the space before it.
    pub fn value(doc: Self, stays: bool) -> Self {
        let (forced, open_forced) = (doc.forced, doc.open_forced);
        Self {
            kind: DocKind::Value {
                doc: Box::new(doc),
                stays,
            },
            forced,
            open_forced,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All of it is on one line.
    Flat,
    /// Its own lines do not break; what is in it decides for itself.
    Loose,
    /// Its own lines break.
    Break,
}

/// What is still to be printed: at which indentation, and whether on one line.
type Step<'d, 'a> = (usize, Mode, &'d Doc<'a>);

/// Prints a document, with a line end at its end if there is any text.
pub fn print(doc: &Doc<'_>) -> String {
    let mut printer = Printer::default();
    let mut steps: Vec<Step<'_, '_>> = vec![(0, Mode::Break, doc)];
    while let Some(step) = steps.pop() {
        printer.step(step, &mut steps);
    }
    let mut out = printer.out;
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

static COMMA: Doc<'static> = Doc::text(",");
static SPACE: Doc<'static> = Doc::space();
static HARD: Doc<'static> = Doc::hard();
static BLANK: Doc<'static> = Doc::blank();
static FILL: Doc<'static> = Doc::new(DocKind::Fill, false);

/// Whether a document breaks wherever it stands.
fn breaks(doc: &Doc<'_>) -> bool {
    match doc.kind {
        DocKind::Group { absorbs: true, .. } => doc.open_forced,
        _ => doc.forced,
    }
}

#[derive(Default)]
struct Printer {
    out: String,
    /// The column, in characters.
    column: usize,
    /// Line ends that are owed: none, one, or two with a blank line between.
    owed: usize,
    /// The indentation of the line that is owed.
    indent: usize,
    /// Whether a space is owed.
    space: bool,
    /// Whether the line that ends is one that a comment ends.
    after_note: bool,
    /// Whether the last text opened a bracket, after which there is no blank line.
    opened: bool,
}

impl Printer {
    fn step<'d, 'a>(&mut self, (indent, mode, doc): Step<'d, 'a>, steps: &mut Vec<Step<'d, 'a>>) {
        match &doc.kind {
            DocKind::Text(text) => self.text(text),
            DocKind::Space => self.space = true,
            DocKind::Line(space) if mode != Mode::Break => self.space |= space,
            DocKind::Line(_) | DocKind::Hard => self.newline(indent),
            DocKind::Fill => {
                let room = self.room();
                let next = steps.last().map(|(_, _, next)| (Mode::Flat, *next));
                let next: Vec<_> = [(Mode::Flat, &COMMA)].into_iter().chain(next).collect();
                if fits(room - 1, next, &[]) {
                    self.space = true;
                } else {
                    self.newline(indent);
                }
            }
            DocKind::Blank => {
                if self.owed > 0 && !self.opened && !self.out.is_empty() {
                    self.owed = 2;
                }
            }
            DocKind::Seq(docs) => steps.extend(docs.iter().rev().map(|d| (indent, mode, d))),
            DocKind::Indent(doc) => steps.push((indent + STEP, mode, doc)),
            DocKind::Group { doc: inner, .. } => {
                let flat = !breaks(doc)
                    && (mode == Mode::Flat || fits(self.room(), vec![(Mode::Flat, inner)], steps));
                let mode = match (flat, doc.forced) {
                    (true, false) => Mode::Flat,
                    (true, true) => Mode::Loose,
                    (false, _) => Mode::Break,
                };
                steps.push((indent, mode, inner));
            }
            DocKind::Note(note) => self.note(note, indent),
            DocKind::List(list) => {
                let here = vec![(Mode::Flat, doc)];
                let rest = if list.before {
                    Rest::Whole
                } else {
                    Rest::AsPlanned
                };
                let flat = !doc.forced
                    && (mode == Mode::Flat || fits_before(self.room(), here, steps, rest));
                if flat {
                    steps.extend(on_a_line(list, Mode::Flat).map(|(m, d)| (indent, m, d)));
                } else if list.style == Style::Last
                    && !list.items.iter().rev().skip(1).any(|i| i.doc.forced)
                    && !list.open.forced
                    && !list.tail.forced
                    && !list.items.iter().any(|i| i.after.forced)
                    && fits(self.room(), on_a_line(list, Mode::Break).collect(), steps)
                {
                    steps.extend(on_a_line(list, Mode::Break).map(|(m, d)| (indent, m, d)));
                } else {
                    in_lines(list, indent, steps);
                }
            }
            DocKind::Value { doc: inner, stays } => {
                let here = vec![(Mode::Flat, inner.as_ref()), (Mode::Flat, &SPACE)];
                let below = WIDTH as isize - (indent + STEP) as isize;
                if !breaks(inner) && (mode == Mode::Flat || fits(self.room(), here, steps)) {
                    self.space = true;
                    steps.push((indent, Mode::Flat, inner));
                } else if *stays || inner.forced || !fits(below, vec![(Mode::Flat, inner)], steps) {
                    self.space = true;
                    steps.push((indent, Mode::Break, inner));
                } else {
                    self.newline(indent + STEP);
                    steps.push((indent + STEP, Mode::Flat, inner));
                }
            }
        }
    }

    /// The columns that are left on the line.
    fn room(&self) -> isize {
        let column = if self.owed > 0 {
            self.indent
        } else {
            self.column
        };
        WIDTH as isize - column as isize - isize::from(self.space && self.owed == 0)
    }

    fn newline(&mut self, indent: usize) {
        self.owed = self.owed.max(1);
        self.indent = indent;
        self.space = false;
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.owed > 0 && !self.out.is_empty() {
            let closes = matches!(text, ")" | "]" | "}");
            for _ in 0..if closes { 1 } else { self.owed } {
                self.out.push('\n');
            }
        }
        if self.owed > 0 {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
        } else if self.space && !self.out.is_empty() {
            self.out.push(' ');
            self.column += 1;
        }
        (self.owed, self.space, self.after_note) = (0, false, false);
        self.out.push_str(text);
        self.column = match text.rfind('\n') {
            Some(at) => width(&text[at + 1..]),
            None => self.column + width(text),
        };
        self.opened = matches!(text, "(" | "[" | "{");
    }

    fn note(&mut self, note: &Note<'_>, indent: usize) {
        match note.place {
            Place::Inline => self.text(&note.text),
            Place::Own => {
                self.hang(indent);
                if note.blank && !self.opened && !self.out.is_empty() {
                    self.owed = 2;
                }
                let indent = self.indent;
                self.text(&note.text);
                self.newline(indent);
                self.after_note = true;
            }
            Place::Trailing => {
                let owed = self.owed;
                self.hang(indent);
                let indent = self.indent;
                if owed == 0 || !self.after_note {
                    (self.owed, self.space) = (0, true);
                }
                let opened = self.opened;
                self.text(&note.text);
                self.newline(indent);
                // A blank line at the beginning of what has been opened goes, comment or not.
                self.opened = opened;
                self.after_note = true;
            }
        }
    }

    /// Ends the line, unless one ends already: what goes on after a comment is indented, lest it look like a beginning.
    fn hang(&mut self, indent: usize) {
        if self.owed == 0 {
            let begins = self.out.is_empty();
            self.newline(if begins { 0 } else { indent + STEP });
        }
    }
}

/// The characters of a text.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// The parts of a list on one line, the last one first; `last` is how its last element stands.
fn on_a_line<'d, 'a>(list: &'d List<'a>, last: Mode) -> impl Iterator<Item = (Mode, &'d Doc<'a>)> {
    let n_items = list.items.len();
    let mut parts = Vec::with_capacity(4 * n_items + 4);
    parts.push((Mode::Flat, &list.open));
    if list.padded {
        parts.push((Mode::Flat, &SPACE));
    }
    for (at, item) in list.items.iter().enumerate() {
        let is_last = at + 1 == n_items;
        parts.push((if is_last { last } else { Mode::Flat }, &item.doc));
        if !is_last || list.always_comma {
            parts.push((Mode::Flat, &COMMA));
        }
        parts.push((Mode::Flat, &item.after));
        if !is_last {
            parts.push((Mode::Flat, &SPACE));
        }
    }
    parts.push((Mode::Flat, &list.tail));
    if list.padded {
        parts.push((Mode::Flat, &SPACE));
    }
    parts.push((Mode::Flat, &list.close));
    parts.into_iter().rev()
}

/// Plans the parts of a list whose elements stand on lines of their own.
fn in_lines<'d, 'a>(list: &'d List<'a>, indent: usize, steps: &mut Vec<Step<'d, 'a>>) {
    let inner = indent + STEP;
    let n_items = list.items.len();
    let separator = if list.style == Style::Fill {
        &FILL
    } else {
        &HARD
    };
    let mut parts: Vec<Step<'d, 'a>> = Vec::with_capacity(5 * n_items + 4);
    parts.push((indent, Mode::Break, &list.open));
    parts.push((inner, Mode::Break, &HARD));
    for (at, item) in list.items.iter().enumerate() {
        let is_last = at + 1 == n_items;
        if item.blank && at > 0 {
            parts.push((inner, Mode::Break, &BLANK));
        }
        parts.push((inner, Mode::Break, &item.doc));
        if !is_last || list.comma || list.always_comma {
            parts.push((inner, Mode::Break, &COMMA));
        }
        parts.push((inner, Mode::Break, &item.after));
        if !is_last {
            parts.push((inner, Mode::Break, separator));
        }
    }
    parts.push((inner, Mode::Break, &list.tail));
    parts.push((indent, Mode::Break, &HARD));
    parts.push((indent, Mode::Break, &list.close));
    steps.extend(parts.into_iter().rev());
}

/// Whether what follows on a line may break.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Where it is planned to.
    AsPlanned,
    /// Only where it must.
    Whole,
}

/// Whether `first`, the first part last, and what follows has room up to the next place where a line may end.
fn fits<'d, 'a>(room: isize, first: Vec<(Mode, &'d Doc<'a>)>, rest: &[Step<'d, 'a>]) -> bool {
    fits_before(room, first, rest, Rest::AsPlanned)
}

/// The same, where what follows breaks as `follows` says.
fn fits_before<'d, 'a>(
    room: isize,
    first: Vec<(Mode, &'d Doc<'a>)>,
    rest: &[Step<'d, 'a>],
    follows: Rest,
) -> bool {
    let mut room = room;
    let mut todo = first;
    let mut rest = rest.iter().rev().map(|(_, mode, doc)| match follows {
        Rest::AsPlanned => (*mode, *doc),
        Rest::Whole => (Mode::Loose, *doc),
    });
    let mut space = false;
    while room >= 0 {
        let Some((mode, doc)) = todo.pop().or_else(|| rest.next()) else {
            return true;
        };
        match &doc.kind {
            DocKind::Text("") | DocKind::Blank => {}
            DocKind::Text(text) => {
                room -= isize::from(std::mem::take(&mut space));
                room -= width(text) as isize;
            }
            DocKind::Space => space = true,
            DocKind::Line(gap) if mode != Mode::Break => space |= gap,
            DocKind::Fill if mode != Mode::Break => space = true,
            DocKind::Line(_) | DocKind::Fill | DocKind::Hard => return true,
            DocKind::Seq(docs) => todo.extend(docs.iter().rev().map(|d| (mode, d))),
            DocKind::Indent(inner) => todo.push((mode, inner)),
            DocKind::Group { doc: inner, .. } => {
                let flat = mode != Mode::Break && !breaks(doc);
                todo.push((if flat { Mode::Flat } else { Mode::Break }, inner));
            }
            DocKind::Note(note) => match note.place {
                Place::Own | Place::Trailing => return true,
                Place::Inline => {
                    let mut lines = note.text.lines();
                    room -= isize::from(std::mem::take(&mut space));
                    room -= width(lines.next().unwrap_or("")) as isize;
                    if lines.next().is_some() {
                        return room >= 0;
                    }
                }
            },
            DocKind::List(list) => {
                if mode != Mode::Break && !doc.forced {
                    todo.extend(on_a_line(list, Mode::Flat));
                } else {
                    // A line may end after the bracket.
                    todo.push((Mode::Break, &HARD));
                    todo.push((Mode::Break, &list.open));
                }
            }
            DocKind::Value { doc: inner, .. } => {
                if mode == Mode::Break {
                    return true;
                }
                todo.push((mode, inner));
                todo.push((mode, &SPACE));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests;
