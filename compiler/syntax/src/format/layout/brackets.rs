//! What stands between brackets other than those of blocks.

use super::Layout;
use crate::format::document::{Doc, Element, List, Style};
use crate::format::space::{self, Role};
use crate::format::tree::{Group, Node, Place, Shape};
use crate::lexer::Kind;

impl<'a> Layout<'a> {
    pub(super) fn group(&mut self, group: &Group) -> Doc<'a> {
        match group.shape {
            Shape::Block => self.block(group, group.ends),
            Shape::Arms => self.arms(group),
            Shape::Angle | Shape::Bars => self.in_line(group, Kind::Comma),
            Shape::Bracket
                if self.is_index(group) && !self.has(group, Kind::Comma)
                    || self.has(group, Kind::Semi) =>
            {
                self.in_line(group, Kind::Semi)
            }
            Shape::Paren | Shape::Bracket | Shape::Fields | Shape::Names => self.list(group),
        }
    }

    pub(super) fn has(&self, group: &Group, kind: Kind) -> bool {
        group.nodes.iter().any(|n| self.kind(Some(n)) == Some(kind))
    }

    /// Parts and the marks after them.
    pub(super) fn parts<'n>(
        &self,
        group: &'n Group,
        mark: Kind,
    ) -> Vec<(&'n [Node], Option<usize>)> {
        // Several receivers of one result have commas between them, and no `:` after their names.
        let is_result = group.shape == Shape::Fields
            && group
                .open
                .checked_sub(1)
                .is_some_and(|before| self.words[before].kind == Kind::Arrow);
        let parts = self.cut(&group.nodes, |layout, at| {
            layout.kind(group.nodes.get(at)) == Some(mark)
                && (!is_result
                    || at + 1 == group.nodes.len()
                    || layout.kind(group.nodes.get(at + 2)) == Some(Kind::Colon))
        });
        let split = |part: &'n [Node]| match part.split_last() {
            Some((Node::Word(at), rest)) if self.words[*at].kind == mark => (rest, Some(*at)),
            _ => (part, None),
        };
        parts.into_iter().map(split).collect()
    }

    /// A bracket in which no line ends of itself.
    pub(super) fn in_line(&mut self, group: &Group, mark: Kind) -> Doc<'a> {
        let mut docs = vec![self.word(group.open)];
        let parts = self.parts(group, mark);
        let n_parts = parts.len();
        for (i, (part, mark)) in parts.into_iter().enumerate() {
            docs.push(self.expression_or_default(part));
            let Some(at) = mark else {
                continue;
            };
            if i + 1 < n_parts || self.words[at].kind == Kind::Semi {
                docs.push(Doc::text(self.words[at].text));
                docs.push(self.rest_of(Some(at)));
                docs.push(Doc::space());
            } else {
                docs.push(self.rest_of(Some(at)));
            }
        }
        docs.push(self.word(group.close));
        Doc::seq(docs)
    }

    /// As an element, but `=` stays in its line.
    pub(super) fn expression_or_default(&mut self, nodes: &[Node]) -> Doc<'a> {
        if self
            .first(nodes, |word| word.role == Role::Assign)
            .is_some()
        {
            self.sequence(nodes)
        } else {
            self.expression(nodes)
        }
    }

    /// A bracket with elements between commas.
    pub(super) fn list(&mut self, group: &Group) -> Doc<'a> {
        let attached = group
            .open
            .checked_sub(1)
            .is_some_and(|before| space::attached(&self.words[before]));
        let mut open = vec![self.word(group.open)];
        let first = group.nodes.first().map_or(group.close, Node::first);
        open.push(self.trailing(Some(first)));
        let parts = self.parts(group, Kind::Comma);
        let n_parts = parts.len();
        let style = self.style(group, &parts);
        let ends_with_comma = parts.last().is_some_and(|(_, mark)| mark.is_some());
        let mut items = Vec::with_capacity(n_parts);
        for (i, (part, mark)) in parts.iter().enumerate() {
            let blank = part.first().is_some_and(|n| self.blank_before(n.first()));
            let notes = part.first().map(|n| self.rest_of(Some(n.first())));
            let notes = notes.unwrap_or_else(Doc::nothing);
            let mut doc = Doc::seq(vec![notes, self.element(part)]);
            let mut after = Vec::new();
            if let Some(at) = mark {
                let (inline, rest) = self.around(*at);
                doc = Doc::seq(vec![doc, inline]);
                after.push(rest);
            }
            let next = parts.get(i + 1).and_then(|(next, _)| next.first());
            after.push(self.trailing(Some(next.map_or(group.close, Node::first))));
            items.push(Element {
                doc,
                after: Doc::seq(after),
                blank,
            });
        }
        let inline = self.words[group.close]
            .notes
            .first()
            .is_some_and(|n| n.place == Place::Inline);
        let rest = self.closing_notes(group.close);
        let tail = if inline && n_parts > 0 {
            Doc::seq(vec![Doc::space(), rest])
        } else {
            rest
        };
        let close = Doc::text(self.words[group.close].text);
        if items.is_empty() && !tail.is_forced() && !open.iter().any(Doc::is_forced) {
            open.extend([tail, close]);
            return Doc::seq(open);
        }
        Doc::list(List {
            open: Doc::seq(open),
            items,
            tail,
            close,
            padded: group.shape == Shape::Fields,
            // A value in parentheses is no tuple, and `secret(x)` takes no comma.
            comma: n_parts > 1 || group.shape == Shape::Fields && n_parts > 0,
            always_comma: group.shape == Shape::Paren
                && n_parts == 1
                && ends_with_comma
                && !attached,
            // Named results stand on lines of their own, as fields do.
            before: matches!(
                self.words.get(group.close + 1..group.close + 3),
                Some([arrow, result]) if arrow.kind == Kind::Arrow && result.kind != Kind::LBrace
            ),
            style,
        })
    }

    /// The comments before a bracket that closes; the space after one that stands before it in the line is not wanted.
    pub(super) fn closing_notes(&mut self, at: usize) -> Doc<'a> {
        let notes = std::mem::take(&mut self.words[at].notes);
        let mut docs = Vec::with_capacity(2 * notes.len());
        for (i, note) in notes.into_iter().enumerate() {
            match note.place {
                Place::Own => docs.push(Doc::hard()),
                Place::Inline if i > 0 => docs.push(Doc::space()),
                Place::Inline | Place::Trailing => {}
            }
            docs.push(Doc::note(note));
        }
        Doc::seq(docs)
    }

    /// The comments before a `}` that stands on a line of its own.
    pub(super) fn before_brace(&mut self, at: usize) -> Doc<'a> {
        let mut here = Place::Trailing;
        for note in &mut self.words[at].notes {
            if note.place == Place::Inline {
                note.place = here;
            } else {
                here = Place::Own;
            }
        }
        self.end_of(Some(at))
    }

    /// How a list may break.
    pub(super) fn style(&self, group: &Group, parts: &[(&[Node], Option<usize>)]) -> Style {
        let short = |part: &[Node]| match part {
            [Node::Word(at)] => self.words[*at].text.len() <= 20,
            [Node::Word(sign), Node::Word(at)] => {
                self.words[*sign].role == Role::Prefix && self.words[*at].text.len() <= 20
            }
            _ => false,
        };
        if group.shape == Shape::Bracket && parts.len() > 3 && parts.iter().all(|(p, _)| short(p)) {
            return Style::Fill;
        }
        let ends_braced = match parts.last().and_then(|(part, _)| part.split_last()) {
            Some((Node::Group(last), rest)) => match last.shape {
                Shape::Block | Shape::Fields | Shape::Arms => true,
                Shape::Bracket => rest.is_empty() && parts.len() == 1,
                _ => false,
            },
            _ => false,
        };
        // Of several alike none stands out.
        let is_alike = |(part, _): &(&[Node], Option<usize>)| matches!(part.last(), Some(Node::Group(g)) if matches!(g.shape, Shape::Block | Shape::Fields | Shape::Arms));
        let alone = !parts.iter().rev().skip(1).any(is_alike);
        let is_value = matches!(group.shape, Shape::Paren | Shape::Bracket);
        if ends_braced && alone && is_value {
            Style::Last
        } else {
            Style::Plain
        }
    }

    pub(super) fn is_nothing(&self, doc: &Doc<'a>, head: &[Doc<'a>]) -> bool {
        doc.is_empty() && head.iter().skip(1).all(Doc::is_empty)
    }
}
