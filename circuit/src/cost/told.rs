//! What one party tells others in the clear, whatever the suite: an input that it publishes, and what it alone knows where that is
//! opened. What it keeps for itself is the case of nobody being told.

use crate::ids::ValueId;
use crate::program::{Domain, Node, Op, Program, ValueInfo};
use crate::suite::told_len;

/// The bytes of every party; `None` where the suite's protocols have a part.
pub(super) fn sent(program: &Program, node: &Node) -> Option<Vec<u64>> {
    let (owner, n_told, value) = told(program, node)?;
    // Where it matters, each of those who are told tells the others of them what it heard.
    let echo = echo_len(program, &value);
    let echoes = echo.saturating_mul(n_told.saturating_sub(1));
    let mut sent = vec![echoes; program.n_parties as usize];
    *sent.get_mut(owner as usize)? = told_len(&value).saturating_mul(n_told);
    Some(sent)
}

/// The rounds of telling it; `None` where the suite's protocols have a part.
pub(super) fn rounds(program: &Program, node: &Node) -> Option<u32> {
    let (_, n_told, value) = told(program, node)?;
    Some(1 + u32::from(n_told > 1 && echo_len(program, &value) > 0))
}

/// What one of those who are told a value tells another one of them.
fn echo_len(program: &Program, value: &ValueInfo) -> u64 {
    match told_len(value) {
        0 => 0,
        _ => program.model().echo_len(value.lanes),
    }
}

/// Who tells how many others what.
fn told(program: &Program, node: &Node) -> Option<(u32, u64, ValueInfo)> {
    let info = |v: Option<&ValueId>| v.and_then(|v| program.values.get(v.index())).copied();
    let others = u64::from(program.n_parties.saturating_sub(1));
    let owned = || {
        let value = info(node.args.first())?;
        match value.domain {
            Domain::Local { owner } => Some((owner, value)),
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => None,
        }
    };
    match node.op {
        Op::Input(id) => {
            let (leaf, value) = (program.inputs.get(id.index())?, info(node.results.first())?);
            match value.domain {
                Domain::Public => Some((leaf.party, others, value)),
                Domain::Local { .. } => Some((leaf.party, 0, value)),
                Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => None,
            }
        }
        Op::Reveal => owned().map(|(owner, value)| (owner, others, value)),
        Op::Output(id) => {
            let (owner, value) = owned()?;
            let receivers = &program.outputs.get(id.index())?.receivers;
            let told = receivers.iter().filter(|&&party| party != owner);
            Some((owner, told.count() as u64, value))
        }
        _ => None,
    }
}
