//! Tokens with the comments before them, and the brackets that they form.

use super::space::{self, Role};
use crate::lexer::{self, Kind};
use crate::parser::Marks;
use crate::span::FileId;
use std::borrow::Cow;

/// A comment.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// Its text without white space at the ends of lines of our own.
    pub text: Cow<'a, str>,
    /// Where it stands.
    pub place: Place,
    /// Whether a blank line is before it.
    pub blank: bool,
}

/// Where a comment stands among the tokens around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the end of the line of the token before it.
    Trailing,
    /// On lines of its own.
    Own,
    /// In the line of the token after it.
    Inline,
}

/// A token that is no comment.
#[derive(Clone, Debug)]
pub struct Word<'a> {
    /// What it is; `>>` and `>>=` are one token here, and of the kinds of `<<` and `<<=`.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// What it does.
    pub role: Role,
    /// Whether it is the `secret` or `public` of a type.
    pub starts_type: bool,
    /// The comments between the token before it and this one.
    pub notes: Vec<Note<'a>>,
    /// Whether a blank line is directly before it.
    pub blank: bool,
}

/// What a bracket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `(…)`
    Paren,
    /// `[…]`
    Bracket,
    /// `<…>` of type arguments
    Angle,
    /// `|…|` of a closure
    Bars,
    /// `{…}` with statements
    Block,
    /// `{…}` with fields or variants
    Fields,
    /// `{…}` of a `use`
    Names,
    /// `{…}` of a `match`
    Arms,
}

/// A bracket with what is in it.
#[derive(Clone, Debug)]
pub struct Group {
    /// The word that opens it.
    pub open: usize,
    /// The word that closes it.
    pub close: usize,
    /// What it holds.
    pub shape: Shape,
    /// Whether it is the body of `if`, `for` and the like.
    pub body: bool,
    /// Whether it ends an item of the file.
    pub ends: bool,
    /// What is in it.
    pub nodes: Vec<Node>,
}

/// A token or a bracket.
#[derive(Clone, Debug)]
pub enum Node {
    /// The word with this index.
    Word(usize),
    /// A bracket.
    Group(Box<Group>),
}

impl Node {
    /// Its first word.
    pub fn first(&self) -> usize {
        match self {
            Self::Word(at) => *at,
            Self::Group(group) => group.open,
        }
    }

    /// Its last word.
    pub fn last(&self) -> usize {
        match self {
            Self::Word(at) => *at,
            Self::Group(group) => group.close,
        }
    }

    /// The bracket, if it is one.
    pub fn group(&self) -> Option<&Group> {
        match self {
            Self::Word(_) => None,
            Self::Group(group) => Some(group),
        }
    }
}

/// A comment as it is printed: without white space at its end, with plain line ends.
pub fn comment_text(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The words of a text, and the comments after the last one.
pub fn words<'a>(file: FileId, text: &'a str, marks: &Marks) -> (Vec<Word<'a>>, Vec<Note<'a>>) {
    let (tokens, _) = lexer::lex(file, text);
    let mut words: Vec<Word<'a>> = Vec::with_capacity(tokens.len());
    // Comments with whether line ends stand before them, and whether two do.
    let mut pending: Vec<(Kind, &'a str, usize)> = Vec::new();
    let mut end = 0;
    // The last `>`, by where it ends, if it may be the first half of `>>`.
    let mut joint = None;
    for token in &tokens {
        let (from, to) = (token.span.start as usize, token.span.end as usize);
        let slice = text.get(from..to).unwrap_or("");
        let gap = text.get(end..from).unwrap_or("");
        let n_ends = gap.bytes().filter(|b| *b == b'\n').count();
        end = to;
        if matches!(
            token.kind,
            Kind::Comment | Kind::BlockComment | Kind::DocComment | Kind::ModuleDoc
        ) {
            pending.push((token.kind, slice, n_ends));
            continue;
        }
        let closes =
            token.kind == Kind::Gt && marks.closers.binary_search(&token.span.start).is_ok();
        if joint == Some(from)
            && matches!(token.kind, Kind::Gt | Kind::Ge)
            && !closes
            && let Some(last) = words.last_mut()
        {
            last.text = text.get(from - 1..to).unwrap_or("");
            (last.kind, last.role) = if token.kind == Kind::Gt {
                (Kind::Shl, Role::Binary(5))
            } else {
                (Kind::ShlEq, Role::Assign)
            };
            joint = None;
            continue;
        }
        joint = (token.kind == Kind::Gt && !closes).then_some(to);
        let role = if closes {
            Role::CloseAngle
        } else {
            space::role(token.kind, words.last())
        };
        let notes = place(&mut pending, words.is_empty(), n_ends);
        words.push(Word {
            kind: token.kind,
            text: slice,
            role,
            starts_type: marks.types.binary_search(&token.span.start).is_ok(),
            notes,
            blank: n_ends > 1,
        });
    }
    let notes = place(&mut pending, words.is_empty(), 1);
    (words, notes)
}

/// The comments between two tokens, with their places; `n_ends` line ends stand after the last of them.
fn place<'a>(
    pending: &mut Vec<(Kind, &'a str, usize)>,
    first: bool,
    n_ends: usize,
) -> Vec<Note<'a>> {
    let pending = std::mem::take(pending);
    let breaks: Vec<usize> = pending.iter().map(|p| p.2).chain([n_ends]).collect();
    let mut notes = Vec::with_capacity(pending.len());
    for (at, (kind, text, _)) in pending.into_iter().enumerate() {
        let before = breaks.iter().take(at + 1).any(|n| *n > 0) || first;
        let after = breaks.iter().skip(at + 1).any(|n| *n > 0);
        let documents = matches!(kind, Kind::DocComment | Kind::ModuleDoc);
        notes.push(Note {
            text: comment_text(text),
            place: match (before, after) {
                _ if documents => Place::Own,
                (true, true) => Place::Own,
                (false, true) => Place::Trailing,
                (_, false) => Place::Inline,
            },
            blank: breaks.get(at).is_some_and(|n| *n > 1),
        });
    }
    notes
}

/// A bracket that is open, or the file.
struct Frame {
    open: usize,
    shape: Shape,
    body: bool,
    nodes: Vec<Node>,
    /// Words that wait for their `{`.
    waiting: Vec<Kind>,
    /// In the file: the word that says what the item is.
    item: Option<Kind>,
}

impl Frame {
    const fn new(open: usize, shape: Shape, body: bool) -> Self {
        Self {
            open,
            shape,
            body,
            nodes: Vec::new(),
            waiting: Vec::new(),
            item: None,
        }
    }
}

/// The brackets of the words; nothing if they do not match, as they do in every text that parses.
pub fn nodes(mut words: Vec<Word<'_>>) -> Option<(Vec<Word<'_>>, Vec<Node>)> {
    open_angles(&mut words)?;
    let mut frames = vec![Frame::new(0, Shape::Block, false)];
    for at in 0..words.len() {
        let is_root = frames.len() == 1;
        let top = frames.last_mut()?;
        let (kind, role) = (words[at].kind, words[at].role);
        if is_root && top.item.is_none() && !matches!(kind, Kind::Hash | Kind::LBracket | Kind::Pub)
        {
            top.item = Some(kind);
        }
        let before = at.checked_sub(1).map(|i| &words[i]);
        match kind {
            Kind::LParen => frames.push(Frame::new(at, Shape::Paren, false)),
            Kind::LBracket => frames.push(Frame::new(at, Shape::Bracket, false)),
            Kind::LBrace => {
                let (shape, body) = brace(top, is_root, before, &words[at + 1..]);
                frames.push(Frame::new(at, shape, body));
            }
            Kind::Lt if role == Role::OpenAngle => {
                frames.push(Frame::new(at, Shape::Angle, false));
            }
            // In the file itself and in types there are no closures.
            Kind::Or if top.shape == Shape::Bars => {
                words[at].role = Role::CloseBar;
                close(&mut frames, at)?;
            }
            Kind::Or if !before.is_some_and(space::ends_operand) => {
                words[at].role = Role::OpenBar;
                frames.push(Frame::new(at, Shape::Bars, false));
            }
            Kind::RParen | Kind::RBracket | Kind::RBrace => close(&mut frames, at)?,
            Kind::Gt if role == Role::CloseAngle => close(&mut frames, at)?,
            _ => {
                match kind {
                    _ if space::has_body(kind) => top.waiting.push(kind),
                    // What has had no body until here gets none: a condition of an arm, for one.
                    Kind::Semi | Kind::Comma | Kind::FatArrow => top.waiting.clear(),
                    _ => {}
                }
                if kind == Kind::Semi {
                    top.item = None;
                }
                top.nodes.push(Node::Word(at));
            }
        }
    }
    let root = frames.pop()?;
    frames.is_empty().then_some((words, root.nodes))
}

/// Closes the innermost bracket.
fn close(frames: &mut Vec<Frame>, at: usize) -> Option<()> {
    let frame = frames.pop()?;
    let in_file = frames.len() == 1;
    let parent = frames.last_mut()?;
    let ends = in_file
        && match frame.shape {
            Shape::Block => ends_item(parent),
            // `-> { … }` is not the end of a function.
            Shape::Fields => ends_item(parent) && parent.item != Some(Kind::Fn),
            _ => false,
        };
    if ends {
        parent.item = None;
    }
    parent.nodes.push(Node::Group(Box::new(Group {
        open: frame.open,
        close: at,
        shape: frame.shape,
        body: frame.body,
        ends,
        nodes: frame.nodes,
    })));
    Some(())
}

/// Whether the item that a file is at ends with a brace.
fn ends_item(root: &Frame) -> bool {
    !matches!(
        root.item,
        Some(Kind::Const | Kind::Use | Kind::Circuit | Kind::Type | Kind::Party)
    )
}

/// What a `{` opens, and whether that is a body.
fn brace(
    top: &mut Frame,
    is_root: bool,
    before: Option<&Word<'_>>,
    after: &[Word<'_>],
) -> (Shape, bool) {
    let kind = before.map(|b| b.kind);
    match kind {
        Some(Kind::PathSep) => return (Shape::Names, false),
        Some(Kind::Arrow) => return (Shape::Fields, false),
        Some(Kind::Else) => return (Shape::Block, true),
        _ => {}
    }
    if let Some(word) = top.waiting.pop() {
        let shape = if word == Kind::Match {
            Shape::Arms
        } else {
            Shape::Block
        };
        return (shape, true);
    }
    if is_root {
        match top.item {
            Some(Kind::Struct | Kind::Enum) => return (Shape::Fields, false),
            Some(Kind::Fn | Kind::Test) => return (Shape::Block, false),
            _ => {}
        }
    }
    let follows_name = before.is_some_and(|b| {
        b.role == Role::CloseAngle
            || space::ends_operand(b)
                && !matches!(
                    b.kind,
                    Kind::RParen | Kind::RBracket | Kind::RBrace | Kind::Int | Kind::Str
                )
    });
    let bare = matches!(after, [name, mark, ..]
        if space::ends_operand(name) && matches!(mark.kind, Kind::Comma | Kind::Colon));
    if (follows_name || bare) && !has_statements(after) {
        (Shape::Fields, false)
    } else {
        (Shape::Block, false)
    }
}

/// Whether a `;` stands directly in the brace that has just been opened.
fn has_statements(after: &[Word<'_>]) -> bool {
    let mut depth = 0usize;
    for word in after {
        match word.kind {
            Kind::LParen | Kind::LBracket | Kind::LBrace => depth += 1,
            Kind::RParen | Kind::RBracket | Kind::RBrace if depth == 0 => return false,
            Kind::RParen | Kind::RBracket | Kind::RBrace => depth -= 1,
            Kind::Semi if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Finds the `<` of each `>` that closes type arguments: the last one in the same bracket that has none.
fn open_angles(words: &mut [Word<'_>]) -> Option<()> {
    let mut levels: Vec<Vec<usize>> = vec![Vec::new()];
    for at in 0..words.len() {
        match words[at].kind {
            Kind::LParen | Kind::LBracket | Kind::LBrace => levels.push(Vec::new()),
            Kind::RParen | Kind::RBracket | Kind::RBrace => {
                levels.pop();
            }
            Kind::Lt => levels.last_mut()?.push(at),
            Kind::Gt if words[at].role == Role::CloseAngle => {
                let open = levels.last_mut()?.pop()?;
                words[open].role = Role::OpenAngle;
            }
            _ => {}
        }
    }
    Some(())
}
