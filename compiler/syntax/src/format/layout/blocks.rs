//! Blocks, and what has them as bodies: `if`, `for`, `while`, `loop`, `match`.

use super::Layout;
use crate::format::document::Doc;
use crate::format::space::{self};
use crate::format::tree::{Group, Node, Shape};
use crate::lexer::Kind;

impl<'a> Layout<'a> {
    /// `{ … }` with statements; `hard` if it takes lines of its own even if it could stand in one.
    pub(super) fn block(&mut self, group: &Group, hard: bool) -> Doc<'a> {
        if !hard && self.is_simple(group) {
            let docs = self.simple_block(group);
            return Doc::group(docs).enclosed();
        }
        let mut docs = vec![self.word(group.open)];
        let first = group.nodes.first().map_or(group.close, Node::first);
        docs.push(self.trailing(Some(first)));
        let parts = self.statements(&group.nodes);
        let mut inside = vec![Doc::hard()];
        inside.extend(self.lines(&parts, Self::statement));
        let before_close = self.before_brace(group.close);
        if group.nodes.is_empty() && self.is_nothing(&before_close, &docs) {
            return Doc::seq(vec![docs.swap_remove(0), Doc::text("}")]).enclosed();
        }
        inside.push(before_close);
        docs.push(Doc::indent(Doc::seq(inside)));
        docs.push(Doc::hard());
        docs.push(Doc::text(self.words[group.close].text));
        Doc::seq(docs).enclosed()
    }

    /// The parts of a block that may stand in one line, for a group around it.
    pub(super) fn simple_block(&mut self, group: &Group) -> Vec<Doc<'a>> {
        let open = self.word(group.open);
        let first = group.nodes.first().map_or(group.close, Node::first);
        let head = self.trailing(Some(first));
        let value = self.element(&group.nodes);
        let mut tail = self.closing_notes(group.close);
        if !tail.is_empty() {
            tail = Doc::seq(vec![Doc::space(), tail]);
        }
        vec![
            open,
            head,
            Doc::indent(Doc::seq(vec![Doc::line(), value, tail])),
            Doc::line(),
            Doc::text(self.words[group.close].text),
        ]
    }

    /// Whether a block holds one value and nothing else.
    pub(super) fn is_simple(&self, group: &Group) -> bool {
        let nodes = &group.nodes;
        let opens = |node: &Node| matches!(node, Node::Group(g) if matches!(g.shape, Shape::Block | Shape::Arms) && g.body);
        !nodes.is_empty()
            && !nodes
                .iter()
                .any(|n| self.kind(Some(n)) == Some(Kind::Semi) || opens(n))
            && !matches!(nodes.first(), Some(Node::Group(g)) if g.shape == Shape::Block)
    }

    /// Where `if … { … } else { … }` and the like that begin at `at` end.
    pub(super) fn compound_end(&self, nodes: &[Node], at: usize) -> Option<usize> {
        let is_body = |node: &Node| node.group().is_some_and(|g| g.body);
        let mut at = at;
        loop {
            if !self.kind(nodes.get(at)).is_some_and(space::has_body) {
                return None;
            }
            let body = self.body_of(nodes, at)?;
            at = body + 1;
            if self.kind(nodes.get(at)) != Some(Kind::Else) {
                return Some(at);
            }
            at += 1;
            if nodes.get(at).is_some_and(is_body) {
                return Some(at + 1);
            }
        }
    }

    /// The body of the word at `at`, past the bodies of those in its condition.
    pub(super) fn body_of(&self, nodes: &[Node], at: usize) -> Option<usize> {
        let mut waiting = 0usize;
        for (i, node) in nodes.iter().enumerate().skip(at) {
            match node {
                Node::Group(group) if group.body => {
                    let is_else = i.checked_sub(1).and_then(|b| nodes.get(b));
                    if self.kind(is_else) == Some(Kind::Else) {
                        continue;
                    }
                    waiting = waiting.checked_sub(1)?;
                    if waiting == 0 {
                        return Some(i);
                    }
                }
                Node::Word(_) => {
                    if self.kind(Some(node)).is_some_and(space::has_body) {
                        waiting += 1;
                    }
                }
                Node::Group(_) => {}
            }
        }
        None
    }

    /// The nodes are exactly one such construct. `hard` if its bodies take lines of their own.
    pub(super) fn compound(&mut self, nodes: &[Node], hard: bool) -> Doc<'a> {
        let bodies: Vec<&Group> = self.bodies(nodes);
        let flat = !hard
            && bodies.len() == 2
            && self.kind(nodes.first()) == Some(Kind::If)
            && bodies.iter().all(|body| self.is_simple(body));
        let mut docs = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            let Some(Node::Word(keyword)) = nodes.get(at) else {
                break;
            };
            if at > 0 {
                docs.push(self.gap(*keyword));
            }
            docs.push(self.word(*keyword));
            at += 1;
            if self.words[*keyword].kind == Kind::Else {
                if self.kind(nodes.get(at)) == Some(Kind::If) {
                    continue;
                }
                if let Some(body) = nodes.get(at) {
                    docs.push(self.gap(body.first()));
                }
            } else {
                let Some(body) = self.body_of(nodes, at - 1) else {
                    break;
                };
                let head = docs.pop().unwrap_or_else(Doc::nothing);
                let open = nodes[body].first();
                docs.push(self.header(head, &nodes[at..body], open));
                at = body;
            }
            let Some(body) = nodes.get(at).and_then(Node::group) else {
                break;
            };
            match body.shape {
                Shape::Arms => docs.push(self.arms(body)),
                _ if flat => docs.extend(self.simple_block(body)),
                _ => docs.push(self.block(body, true)),
            }
            at += 1;
        }
        if flat {
            Doc::group(docs).enclosed()
        } else {
            Doc::seq(docs)
        }
    }

    /// The bodies of the construct, those in its conditions left out.
    pub(super) fn bodies<'n>(&self, nodes: &'n [Node]) -> Vec<&'n Group> {
        let mut bodies = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            let Some(body) = self.body_of(nodes, at) else {
                break;
            };
            bodies.extend(nodes[body].group());
            at = body + 1;
            if self.kind(nodes.get(at)) == Some(Kind::Else) {
                at += 1;
                if let Some(group) = nodes.get(at).and_then(Node::group) {
                    bodies.push(group);
                    at += 1;
                }
            }
        }
        bodies
    }

    /// The word, what it asks for, and what is between that and the body.
    pub(super) fn header(&mut self, word: Doc<'a>, nodes: &[Node], body: usize) -> Doc<'a> {
        if nodes.is_empty() {
            return Doc::seq(vec![word, self.gap(body)]);
        }
        let mut docs = vec![word, Doc::space()];
        if let Some(parts) = self.operation(nodes) {
            docs.extend(parts);
            // The body stands below a condition of several lines.
            docs.push(if self.interrupted(body) {
                self.gap(body)
            } else {
                Doc::line()
            });
            return Doc::absorbing(docs);
        }
        docs.push(self.expression(nodes));
        docs.push(self.gap(body));
        Doc::seq(docs)
    }

    /// The arms of a `match`, each on lines of its own.
    pub(super) fn arms(&mut self, group: &Group) -> Doc<'a> {
        let mut docs = vec![self.word(group.open)];
        let first = group.nodes.first().map_or(group.close, Node::first);
        docs.push(self.trailing(Some(first)));
        let parts = self.split_arms(&group.nodes);
        let n_parts = parts.len();
        let mut inside = vec![Doc::hard()];
        let mut i = 0;
        inside.extend(self.lines(&parts, |layout, part, _| {
            i += 1;
            match part.split_last() {
                Some((Node::Word(at), rest)) if layout.words[*at].kind == Kind::Comma => {
                    let arm = layout.element(rest);
                    Doc::seq(vec![arm, layout.word(*at)])
                }
                _ => {
                    let is_braced = matches!(part.last(), Some(Node::Group(g))
                        if matches!(g.shape, Shape::Block | Shape::Arms));
                    let arm = layout.element(part);
                    let comma = i == n_parts && !is_braced;
                    Doc::seq(vec![arm, Doc::text(if comma { "," } else { "" })])
                }
            }
        }));
        inside.push(self.before_brace(group.close));
        docs.push(Doc::indent(Doc::seq(inside)));
        if !group.nodes.is_empty() || docs.iter().any(Doc::is_forced) {
            docs.push(Doc::hard());
        }
        docs.push(Doc::text(self.words[group.close].text));
        Doc::seq(docs).enclosed()
    }

    /// Arms with their commas.
    pub(super) fn split_arms<'n>(&self, nodes: &'n [Node]) -> Vec<&'n [Node]> {
        // Where the arm ends that is being read, if its value is a block.
        let mut end = None;
        self.cut(nodes, |layout, at| {
            let kind = layout.kind(nodes.get(at));
            if kind == Some(Kind::FatArrow) {
                end = match nodes.get(at + 1) {
                    Some(Node::Group(g)) if g.shape == Shape::Block => Some(at + 1),
                    _ => layout.compound_end(nodes, at + 1).map(|end| end - 1),
                };
            }
            let next = layout.kind(nodes.get(at + 1));
            let done = end == Some(at)
                && !next.is_some_and(|k| matches!(k, Kind::Comma | Kind::Dot | Kind::As));
            done || kind == Some(Kind::Comma)
        })
    }
}
