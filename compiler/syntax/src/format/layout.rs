//! From words and brackets to a document.
//!
//! A sequence of nodes is a list element, a statement or an item. It is taken apart by what binds least: `=>`, `=`,
//! operators by their precedence, calls of methods; what is left stands in one line, spaced by the rules for
//! neighbours. Nothing here knows what a construct means, so that a new one is laid out as a sequence like any other.

mod blocks;
mod brackets;
mod sequence;

use super::document::Doc;
use super::space::Role;
use super::tree::{Node, Note, Place, Shape, Word};
use crate::lexer::Kind;
use std::borrow::Cow;

/// The document of a file; `end` are the comments after its last word.
pub fn file<'a>(words: Vec<Word<'a>>, nodes: &[Node], end: Vec<Note<'a>>) -> Doc<'a> {
    let mut layout = Layout { words, end };
    let items = layout.items(nodes);
    let mut docs = layout.lines(&items, |layout, item, _| layout.item(item));
    docs.push(layout.end_of(None));
    Doc::seq(docs)
}

struct Layout<'a> {
    /// Comments are taken out of them as they are laid out.
    words: Vec<Word<'a>>,
    end: Vec<Note<'a>>,
}

impl<'a> Layout<'a> {
    fn kind(&self, node: Option<&Node>) -> Option<Kind> {
        match node {
            Some(Node::Word(at)) => Some(self.words[*at].kind),
            _ => None,
        }
    }

    fn notes(&mut self, at: Option<usize>) -> &mut Vec<Note<'a>> {
        match at {
            Some(at) => &mut self.words[at].notes,
            None => &mut self.end,
        }
    }

    /// The comments before a word (or the end of the file) that belong to the line before it.
    fn trailing(&mut self, at: Option<usize>) -> Doc<'a> {
        if self.notes(at).is_empty() {
            return Doc::nothing();
        }
        let notes = self.notes(at);
        let n = notes
            .iter()
            .take_while(|n| n.place == Place::Trailing)
            .count();
        // Several on one line stay there together.
        let merged = notes.drain(..n).reduce(|mut all, note| {
            all.text = Cow::Owned(format!("{} {}", all.text, note.text));
            all
        });
        merged.map_or_else(Doc::nothing, Doc::note)
    }

    /// All comments that are left before a word (or the end of the file).
    fn rest_of(&mut self, at: Option<usize>) -> Doc<'a> {
        if self.notes(at).is_empty() {
            return Doc::nothing();
        }
        let mut docs = vec![self.trailing(at)];
        let notes = std::mem::take(self.notes(at));
        let blank = at.is_some_and(|at| self.words[at].blank);
        let ends_line = notes.last().is_some_and(|n| n.place == Place::Own);
        for note in notes {
            let inline = note.place == Place::Inline;
            docs.push(Doc::note(note));
            if inline {
                docs.push(Doc::space());
            }
        }
        if ends_line && blank {
            docs.push(Doc::blank());
        }
        Doc::seq(docs)
    }

    /// The comments before what stands on a line of its own, such as a `}`.
    fn end_of(&mut self, at: Option<usize>) -> Doc<'a> {
        let trailing = self.trailing(at);
        if self.notes(at).is_empty() {
            return trailing;
        }
        Doc::seq(vec![trailing, Doc::hard(), self.rest_of(at)])
    }

    /// Whether comments before a word end lines.
    fn interrupted(&self, at: usize) -> bool {
        let notes = &self.words[at].notes;
        notes.iter().any(|note| note.place != Place::Inline)
    }

    /// What is before a word that goes on with a line: a space, or a line end if comments are between.
    fn gap(&mut self, at: usize) -> Doc<'a> {
        if self.interrupted(at) {
            let trailing = self.trailing(Some(at));
            Doc::seq(vec![trailing, Doc::hard()])
        } else {
            Doc::space()
        }
    }

    /// A word with the comments before it.
    fn word(&mut self, at: usize) -> Doc<'a> {
        let text = Doc::text(self.words[at].text);
        if self.words[at].notes.is_empty() {
            return text;
        }
        let word = &self.words[at];
        if matches!(word.kind, Kind::RParen | Kind::RBracket)
            || matches!(word.role, Role::CloseAngle | Role::CloseBar)
        {
            return Doc::seq(vec![Doc::space(), self.closing_notes(at), text]);
        }
        if !matches!(word.kind, Kind::Comma | Kind::Semi) {
            return Doc::seq(vec![self.rest_of(Some(at)), text]);
        }
        // A comment at the end of a line before the mark stands after it.
        let (inline, after) = self.around(at);
        Doc::seq(vec![inline, text, after])
    }

    /// The comments that stay before a `,` or `;`, and those that stand after it.
    fn around(&mut self, at: usize) -> (Doc<'a>, Doc<'a>) {
        let notes = &mut self.words[at].notes;
        let mut before = Vec::new();
        if notes.iter().all(|n| n.place == Place::Inline) {
            for note in notes.drain(..) {
                before.push(Doc::space());
                before.push(Doc::note(note));
            }
        }
        (Doc::seq(before), self.end_of(Some(at)))
    }

    /// Whether a blank line is before a word with its comments.
    fn blank_before(&self, at: usize) -> bool {
        let word = &self.words[at];
        word.notes.first().map_or(word.blank, |note| note.blank)
    }

    /// Sequences on lines of their own, with the comments between them.
    fn lines<'n>(
        &mut self,
        parts: &[&'n [Node]],
        mut doc: impl FnMut(&mut Self, &'n [Node], bool) -> Doc<'a>,
    ) -> Vec<Doc<'a>> {
        let mut docs = Vec::with_capacity(4 * parts.len());
        for (i, part) in parts.iter().enumerate() {
            let Some(first) = part.first().map(Node::first) else {
                continue;
            };
            // `;` alone, after a block.
            let empty = self.kind(part.first()) == Some(Kind::Semi);
            if i > 0 && empty && self.words[first].notes.is_empty() {
                docs.push(self.word(first));
                continue;
            }
            if i > 0 {
                docs.push(self.trailing(Some(first)));
                docs.push(Doc::hard());
                if self.blank_before(first) {
                    docs.push(Doc::blank());
                }
            }
            // What is commented does not break because of that.
            docs.push(self.rest_of(Some(first)));
            docs.push(doc(self, part, i + 1 == parts.len()));
        }
        docs
    }

    // Items and statements

    /// The items of the file.
    fn items<'n>(&self, nodes: &'n [Node]) -> Vec<&'n [Node]> {
        self.cut(nodes, |layout, at| match &nodes[at] {
            Node::Group(group) => group.ends,
            word @ Node::Word(_) => layout.kind(Some(word)) == Some(Kind::Semi),
        })
    }

    /// The parts that end with the nodes of which `ends` says so.
    fn cut<'n>(
        &self,
        nodes: &'n [Node],
        mut ends: impl FnMut(&Self, usize) -> bool,
    ) -> Vec<&'n [Node]> {
        let mut parts = Vec::new();
        let mut from = 0;
        for at in 0..nodes.len() {
            if ends(self, at) {
                parts.push(&nodes[from..=at]);
                from = at + 1;
            }
        }
        if from < nodes.len() {
            parts.push(&nodes[from..]);
        }
        parts
    }

    fn item(&mut self, nodes: &[Node]) -> Doc<'a> {
        self.terminated(nodes, Self::element)
    }

    /// What may end with `;`.
    fn terminated(
        &mut self,
        nodes: &[Node],
        doc: impl FnOnce(&mut Self, &[Node]) -> Doc<'a>,
    ) -> Doc<'a> {
        match nodes.split_last() {
            Some((Node::Word(at), rest)) if self.words[*at].kind == Kind::Semi => {
                let doc = doc(self, rest);
                Doc::seq(vec![doc, self.word(*at)])
            }
            _ => doc(self, nodes),
        }
    }

    /// The statements of a block.
    fn statements<'n>(&self, nodes: &'n [Node]) -> Vec<&'n [Node]> {
        let mut parts = Vec::new();
        let mut rest = nodes;
        while !rest.is_empty() {
            let n = self.statement_length(rest);
            let (part, after) = rest.split_at(n);
            parts.push(part);
            rest = after;
        }
        parts
    }

    /// How many nodes the first statement has.
    fn statement_length(&self, nodes: &[Node]) -> usize {
        let start = self.after_attributes(nodes);
        let after = match nodes.get(start) {
            Some(Node::Group(group)) if group.shape == Shape::Block => Some(start + 1),
            _ => self.compound_end(nodes, start),
        };
        if let Some(end) = after
            && self.kind(nodes.get(end)) != Some(Kind::Dot)
        {
            return end;
        }
        let semi = (0..nodes.len()).find(|at| self.kind(nodes.get(*at)) == Some(Kind::Semi));
        semi.map_or(nodes.len(), |at| at + 1)
    }

    fn statement(&mut self, nodes: &[Node], last: bool) -> Doc<'a> {
        let (attributes, rest) = nodes.split_at(self.after_attributes(nodes));
        if let [Node::Group(group)] = rest
            && group.shape == Shape::Block
        {
            let mut docs = self.attributes(attributes);
            docs.push(self.block(group, true));
            return Doc::seq(docs);
        }
        if attributes.is_empty() && self.compound_end(nodes, 0) == Some(nodes.len()) {
            return self.compound(nodes, !last);
        }
        self.terminated(nodes, Self::element)
    }

    /// `#[…]`, each on a line of its own.
    fn attributes(&mut self, nodes: &[Node]) -> Vec<Doc<'a>> {
        let mut docs = Vec::new();
        for pair in nodes.chunks(2) {
            docs.push(self.sequence(pair));
            docs.push(Doc::hard());
        }
        docs
    }

    /// Where what stands after `#[…]` begins.
    fn after_attributes(&self, nodes: &[Node]) -> usize {
        let mut at = 0;
        while self.kind(nodes.get(at)) == Some(Kind::Hash)
            && nodes.get(at + 1).is_some_and(|n| n.group().is_some())
        {
            at += 2;
        }
        at
    }
}
