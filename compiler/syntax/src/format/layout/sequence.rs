//! Sequences, taken apart by what binds least.

use super::Layout;
use crate::format::document::Doc;
use crate::format::space::{self, Role};
use crate::format::tree::{Group, Node, Place, Shape, Word};
use crate::lexer::Kind;

impl<'a> Layout<'a> {
    /// A sequence: an item, a statement, an element of a list.
    pub(super) fn element(&mut self, nodes: &[Node]) -> Doc<'a> {
        let (attributes, nodes) = nodes.split_at(self.after_attributes(nodes));
        let mut docs = self.attributes(attributes);
        let arrow = self.first(nodes, |word| word.kind == Kind::FatArrow);
        let mark = arrow.or_else(|| self.first(nodes, |word| word.role == Role::Assign));
        let Some(at) = mark else {
            docs.push(self.expression(nodes));
            return Doc::seq(docs);
        };
        let (left, right) = (&nodes[..at], &nodes[at + 1..]);
        docs.push(self.expression(left));
        docs.push(Doc::space());
        docs.push(self.word(nodes[at].first()));
        docs.push(self.value(right));
        Doc::seq(docs)
    }

    /// The first word of the sequence itself, in no construct and no closure, of which `is` says so.
    pub(super) fn first(&self, nodes: &[Node], is: impl Fn(&Word<'a>) -> bool) -> Option<usize> {
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            match node {
                Node::Group(group) if group.shape == Shape::Bars => return None,
                Node::Word(word) if self.words[*word].role == Role::NoParameters => return None,
                Node::Word(word) if is(&self.words[*word]) => return Some(at),
                _ => at = self.compound_end(nodes, at).unwrap_or(at + 1),
            }
        }
        None
    }

    /// What stands after `=` or `=>`, with what is between.
    pub(super) fn value(&mut self, nodes: &[Node]) -> Doc<'a> {
        let Some(first) = nodes.first().map(Node::first) else {
            return Doc::nothing();
        };
        if self.words[first]
            .notes
            .iter()
            .any(|n| n.place != Place::Inline)
        {
            let after = self.trailing(Some(first));
            let below = Doc::seq(vec![Doc::hard(), self.expression(nodes)]);
            return Doc::seq(vec![after, Doc::indent(below)]);
        }
        let stays = match nodes.last() {
            Some(Node::Group(group)) => self.operator(nodes).is_none() && !self.is_index(group),
            _ => false,
        };
        Doc::value(self.expression(nodes), stays)
    }

    pub(super) fn is_index(&self, group: &Group) -> bool {
        group.shape == Shape::Bracket
            && group
                .open
                .checked_sub(1)
                .is_some_and(|before| space::attached(&self.words[before]))
    }

    /// The operators of the sequence that bind least, none in closures and constructs.
    pub(super) fn operator(&self, nodes: &[Node]) -> Option<u8> {
        let mut least = None;
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            match node {
                Node::Group(group) if group.shape == Shape::Bars => break,
                Node::Word(word) => {
                    match self.words[*word].role {
                        Role::NoParameters => break,
                        Role::Binary(level) => least = least.max(Some(level)),
                        _ => {}
                    }
                    at = self.compound_end(nodes, at).unwrap_or(at + 1);
                }
                Node::Group(_) => at += 1,
            }
        }
        least
    }

    /// Operands with the operators between them, for a group around them.
    pub(super) fn operation(&mut self, nodes: &[Node]) -> Option<Vec<Doc<'a>>> {
        let level = self.operator(nodes)?;
        let mut docs = Vec::new();
        let mut rest = nodes;
        let mut operator = None;
        loop {
            let at = self.first(rest, |word| word.role == Role::Binary(level));
            let operand = &rest[..at.unwrap_or(rest.len())];
            match operator {
                None => docs.push(self.expression(operand)),
                Some(operator) => {
                    let operator = self.word(operator);
                    // An operand does not break because a comment stands before it.
                    let notes = self.rest_of(operand.first().map(Node::first));
                    let operand = self.expression(operand);
                    docs.push(Doc::indent(Doc::seq(vec![
                        Doc::line(),
                        operator,
                        Doc::space(),
                        notes,
                        operand,
                    ])));
                }
            }
            let Some(at) = at else {
                return Some(docs);
            };
            operator = Some(rest[at].first());
            rest = &rest[at + 1..];
        }
    }

    pub(super) fn expression(&mut self, nodes: &[Node]) -> Doc<'a> {
        match self.operation(nodes) {
            Some(parts) => Doc::absorbing(parts),
            None => self.sequence(nodes),
        }
    }

    /// Nodes one after another, with breaks before the calls of methods if there are several.
    pub(super) fn sequence(&mut self, nodes: &[Node]) -> Doc<'a> {
        let calls = self.calls(nodes);
        let mut head: Vec<Doc<'a>> = Vec::new();
        let mut chain: Vec<Doc<'a>> = Vec::new();
        let mut before: Option<usize> = None;
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let end = self.compound_end(nodes, at);
            let docs = if calls.is_empty() || at < calls[0] {
                &mut head
            } else {
                &mut chain
            };
            let noted =
                |word: &Word<'_>| word.notes.first().is_some_and(|n| n.place == Place::Inline);
            if let Some(before) = before
                && (space::apart(&self.words[before], &self.words[node.first()])
                    || noted(&self.words[node.first()]))
            {
                docs.push(Doc::space());
            }
            // A short name in front of the first call would stand alone on its line.
            let short = calls.first() == Some(&at)
                && at == 1
                && self.words[nodes[0].first()].text.len() <= 4;
            if calls.contains(&at) && !short {
                docs.push(Doc::soft());
            }
            let (doc, next) = match (end, node) {
                (Some(end), _) => (self.compound(&nodes[at..end], false), end),
                (None, Node::Word(word)) => (self.word(*word), at + 1),
                (None, Node::Group(group)) => {
                    let inner = self.group(group);
                    (inner, at + 1)
                }
            };
            let docs = if calls.is_empty() || at < calls[0] {
                &mut head
            } else {
                &mut chain
            };
            docs.push(doc);
            before = nodes.get(next - 1).map(Node::last);
            at = next;
            let closure = match node {
                Node::Group(group) => group.shape == Shape::Bars,
                Node::Word(word) => self.words[*word].role == Role::NoParameters,
            };
            if closure {
                // All that follows is its value.
                docs.push(Doc::space());
                docs.push(self.expression(&nodes[next..]));
                break;
            }
        }
        if chain.is_empty() {
            return Doc::seq(head);
        }
        head.push(Doc::indent(Doc::seq(chain)));
        Doc::absorbing(head)
    }

    /// Where the calls of methods begin, if there is more than one.
    pub(super) fn calls(&self, nodes: &[Node]) -> Vec<usize> {
        let mut calls = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            if let Node::Group(group) = &nodes[at]
                && group.shape == Shape::Bars
            {
                break;
            }
            let is_call = self.kind(nodes.get(at)) == Some(Kind::Dot)
                && match nodes.get(at + 2) {
                    Some(Node::Group(group)) => group.shape == Shape::Paren,
                    Some(Node::Word(word)) => self.words[*word].kind == Kind::PathSep,
                    None => false,
                };
            if is_call {
                calls.push(at);
            }
            at = self.compound_end(nodes, at).unwrap_or(at + 1);
        }
        if calls.len() < 2 {
            calls.clear();
        }
        calls
    }
}
