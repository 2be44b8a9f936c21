//! What functions do beside giving a value, and who calls whom.
//!
//! `reveal` and `assert` must not happen under a secret condition, also not through calls and closures. Each body
//! lists its effects, its calls, and which calls stand under a secret condition; when all bodies are checked, effects
//! are carried along the graph of calls, which must have no cycle.

use super::Checker;
use super::body::Condition;
use crate::diagnostic;
use crate::hir::{self, FnId};
use crate::source::Span;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

/// Something that everybody sees happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub what: &'static str,
    pub span: Span,
    /// For a call: the effect happens if the function called here has one.
    pub callee: Option<FnId>,
    /// For a call of a callable parameter: the effect happens if the argument has one.
    pub param: Option<u32>,
}

/// A call and the secret condition that it stands under.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub callee: FnId,
    pub span: Span,
    pub under: Option<Condition>,
}

/// What the rest of the program must know of a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub effects: Vec<Effect>,
    pub calls: Vec<Call>,
    /// Callable parameters that are called under a secret condition, and where.
    pub callables_under_secret: Vec<(u32, Span)>,
    /// Callables with effects that were passed on: to which function, as which parameter, what they do.
    pub passed: Vec<(FnId, u32, Effect, Span)>,
    /// Own callable parameters that are passed on: which, to which function, as which parameter, where.
    pub forwarded: Vec<(u32, FnId, u32, Span)>,
}

/// How much a summary held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark([usize; 5]);

impl Summary {
    /// How much it holds now. Summaries only grow, so this is all that is needed to go back.
    pub fn mark(&self) -> Mark {
        Mark([
            self.effects.len(),
            self.calls.len(),
            self.callables_under_secret.len(),
            self.passed.len(),
            self.forwarded.len(),
        ])
    }

    /// Forgets what came after a mark.
    pub fn rewind(&mut self, Mark([effects, calls, callables, passed, forwarded]): Mark) {
        self.effects.truncate(effects);
        self.calls.truncate(calls);
        self.callables_under_secret.truncate(callables);
        self.passed.truncate(passed);
        self.forwarded.truncate(forwarded);
    }
}

impl Checker<'_> {
    /// Checks what concerns calls: no cycles, no effects under secret conditions.
    pub fn check_calls(&mut self, fns: &[hir::Fn]) {
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let nodes: Vec<_> = self.summaries.iter().map(|_| graph.add_node(())).collect();
        // The last function that was seen to call each.
        let mut caller = vec![None; nodes.len()];
        for (at, summary) in self.summaries.iter().enumerate() {
            for call in &summary.calls {
                let callee = call.callee.index();
                if let Some(&to) = nodes.get(callee)
                    && caller[callee].replace(at) != Some(at)
                {
                    graph.add_edge(nodes[at], to, ());
                }
            }
        }
        let mut first_effect: Vec<Option<Effect>> = vec![None; nodes.len()];
        let mut errors = Vec::new();
        // Components come with callees before callers.
        for component in tarjan_scc(&graph) {
            let members: Vec<usize> = component.iter().map(|n| n.index()).collect();
            let calls_itself = |&m: &usize| {
                self.summaries[m]
                    .calls
                    .iter()
                    .any(|c| c.callee.index() == m)
            };
            if members.len() > 1 || members.iter().any(calls_itself) {
                errors.push(self.cycle_error(&members, fns));
            }
            for &at in &members {
                let direct = |e: &&Effect| e.param.is_none();
                let own = self.summaries[at].effects.iter().find(direct).cloned();
                let called = || {
                    let of = |c: &Call| first_effect.get(c.callee.index()).cloned().flatten();
                    self.summaries[at].calls.iter().find_map(of)
                };
                first_effect[at] = own.or_else(called);
                let under = |callee: FnId, param: u32| {
                    let callee = self.summaries.get(callee.index())?;
                    callee
                        .callables_under_secret
                        .iter()
                        .find(|(p, _)| *p == param)
                        .map(|(_, span)| *span)
                };
                let more: Vec<(u32, Span)> = self.summaries[at]
                    .forwarded
                    .iter()
                    .filter_map(|(own, callee, param, _)| {
                        under(*callee, *param).map(|span| (*own, span))
                    })
                    .collect();
                self.summaries[at].callables_under_secret.extend(more);
            }
        }
        let name = |id: FnId| fns.get(id.index()).map_or("?", |f| f.name.as_str());
        for summary in &self.summaries {
            for call in &summary.calls {
                let effect = first_effect.get(call.callee.index()).cloned().flatten();
                let (Some(condition), Some(effect)) = (&call.under, effect) else {
                    continue;
                };
                let name = name(call.callee);
                errors.push(
                    diagnostic!(
                        E3003,
                        call.span,
                        "`{name}` would {} under a secret condition",
                        effect.what
                    )
                    .here("whether this happens would tell the condition")
                    .because(condition.span, "this condition is secret")
                    .because(effect.span, format!("`{name}` does it here"))
                    .help("call it outside of the `if`, and select among the results"),
                );
            }
            for (callee, param, effect, span) in &summary.passed {
                let effect = match effect.callee {
                    Some(inner) => first_effect.get(inner.index()).cloned().flatten(),
                    None => Some(effect.clone()),
                };
                let uses = self
                    .summaries
                    .get(callee.index())
                    .map_or(&[][..], |s| &s.callables_under_secret);
                let under = uses.iter().find(|(p, _)| p == param);
                let (Some(effect), Some((_, under))) = (effect, under) else {
                    continue;
                };
                let name = name(*callee);
                let what = effect.what;
                errors.push(
                    diagnostic!(
                        E3003,
                        *span,
                        "`{name}` calls this under a secret condition, and it would {what}"
                    )
                    .here("passed here")
                    .because(*under, "called under a secret condition here")
                    .because(effect.span, "it does it here")
                    .help("do it outside of the closure"),
                );
            }
        }
        self.out.append(&mut errors);
        self.warn_idle(&first_effect);
    }

    /// The shortest circle through the first of these functions that is on one.
    fn cycle_error(&self, members: &[usize], fns: &[hir::Fn]) -> crate::diagnostic::Diagnostic {
        let start = members.iter().copied().min().unwrap_or(0);
        let name = |at: usize| fns.get(at).map_or("?", |f| f.name.as_str());
        // Breadth first from `start`, remembering through which call each function was reached.
        let mut reached: Vec<(usize, usize, Span)> = vec![(start, start, Span::default())];
        let mut next = 0;
        let mut steps: Vec<(usize, Span)> = Vec::new();
        while let Some(&(at, _, _)) = reached.get(next) {
            next += 1;
            let calls = &self.summaries[at].calls;
            if let Some(back) = calls.iter().find(|c| c.callee.index() == start) {
                let mut end = (at, back.span);
                loop {
                    steps.push(end);
                    if end.0 == start {
                        break;
                    }
                    let Some(&(_, from, span)) = reached.iter().find(|(to, _, _)| *to == end.0)
                    else {
                        break;
                    };
                    end = (from, span);
                }
                break;
            }
            for call in calls {
                let to = call.callee.index();
                if members.contains(&to) && reached.iter().all(|(seen, _, _)| *seen != to) {
                    reached.push((to, at, call.span));
                }
            }
        }
        steps.reverse();
        let mut names: Vec<&str> = steps.iter().map(|(at, _)| name(*at)).collect();
        names.push(name(start));
        let span = fns.get(start).map_or(Span::default(), |f| f.span);
        let mut error = diagnostic!(
            E2008,
            span,
            "functions call each other in a circle: {}",
            names.join(" → ")
        )
        .here("this function reaches itself");
        for (caller, span) in steps.iter().take(6) {
            error = error.because(*span, format!("`{}` calls here", name(*caller)));
        }
        error.help("there is no recursion: use a loop over a public range")
    }
}
