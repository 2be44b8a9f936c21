//! Arrays by secret index: trees of selections over lanes for reading, a decoded index for writing.
//!
//! Small arrays are unrolled into one circuit over values of one lane per element, which fuses with its surroundings.
//! Large ones stay lanes: a read halves the array once per index bit, a write doubles the decoded index once per bit, so
//! that the program has a size of log n. A constant table is a polynomial in the index bits, which needs fewer products than it
//! has elements.

use super::frame::Logic;
use super::{Emitter, TooLarge};
use crate::forms::is_looked_up;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;

/// Most elements, and most bits of all lanes, of an unrolled access.
const UNROLL: u64 = 256;
const UNROLL_GATES: u64 = 1 << 16;

impl Emitter<'_> {
    /// Reads `groups` arrays at `queries` places each.
    pub(super) fn read_secret(
        &mut self,
        home: Domain,
        src: ValueId,
        idx: ValueId,
        block: u64,
        groups: u64,
    ) -> ValueId {
        let domain = bits(home);
        let (from, at) = (self.info(src), self.info(idx));
        let n = from.lanes.checked_div(groups * block).unwrap_or(0);
        let queries = at.lanes.checked_div(groups).unwrap_or(0);
        let lanes = at.lanes * block;
        if n == 0 || lanes == 0 {
            let zero = self.splat(from.scalar, lanes, 0);
            return self.to(zero, domain);
        }
        let ty = from.scalar;
        let wide = self.gather_affine(idx, 0, &[(at.lanes, 1), (block, 0)]);
        if let Some(table) = self.known[src.index()].constant.clone()
            && groups == 1
            && is_looked_up(n, block, ty.width())
        {
            return self.read_table(domain, &table, ty, idx, block);
        }
        if n.checked_mul(lanes).is_none_or(|all| all > MAX_LANES) {
            let refused = TooLarge {
                span: self.span,
                elements: n,
                reads: lanes,
            };
            self.too_large.get_or_insert(refused);
            let zero = self.splat(ty, lanes, 0);
            return self.to(zero, domain);
        }
        let src = self.to(src, domain);
        // Lane (group, query, t) of element e.
        let element = |s: &mut Self, e: u64, count: u64| {
            s.gather_affine(
                src,
                e * block,
                &[
                    (count, block),
                    (groups, n * block),
                    (queries, 0),
                    (block, 1),
                ],
            )
        };
        if n <= UNROLL && n * u64::from(ty.width()) <= UNROLL_GATES && n * lanes <= 16 * UNROLL {
            let mut args: Vec<_> = (0..n).map(|e| element(self, e, 1)).collect();
            args.push(wide);
            return self.logic1(domain, Logic::ReadArray, &args, ty);
        }
        let mut array = element(self, 0, n);
        let mut len = n;
        let mut bit = 0;
        while len > 1 && bit < at.scalar.width() {
            let b = self.logic1(domain, Logic::Bit(bit), &[wide], Scalar::Bool);
            let m = len / 2;
            let even = self.gather_affine(array, 0, &[(m, 2 * lanes), (lanes, 1)]);
            let odd = self.gather_affine(array, lanes, &[(m, 2 * lanes), (lanes, 1)]);
            let many = self.gather_affine(b, 0, &[(m, 0), (lanes, 1)]);
            let mut next = self.word(domain, WordOp::Select, ty, ty, &[many, odd, even]);
            if len % 2 == 1 {
                let last = self.slice(array, (len - 1) * lanes, lanes);
                let last = self.logic1(domain, Logic::Unless, &[last, b], ty);
                next = self.concat(&[next, last]);
            }
            array = next;
            len = len.div_ceil(2);
            bit += 1;
        }
        if bit < at.scalar.width() {
            let high = self.logic1(domain, Logic::AnyFrom(bit), &[wide], Scalar::Bool);
            return self.logic1(domain, Logic::Unless, &[array, high], ty);
        }
        // An index too narrow to reach every element.
        self.slice(array, 0, lanes)
    }

    /// Reads a constant table of blocks: one decoding of the index serves all bits of all lanes of a block.
    fn read_table(
        &mut self,
        domain: Domain,
        table: &ConstVec,
        ty: Scalar,
        idx: ValueId,
        block: u64,
    ) -> ValueId {
        let words: Vec<_> = table.words().map(|w| ty.wrap(w)).collect();
        let columns: Vec<Vec<Word>> = (0..block as usize)
            .map(|t| {
                words
                    .iter()
                    .skip(t)
                    .step_by(block as usize)
                    .copied()
                    .collect()
            })
            .collect();
        let queries = self.info(idx).lanes;
        let types = vec![ty; columns.len()];
        let found = self.logic(domain, Logic::Lookup(columns), &[idx], &types);
        if let [one] = found[..] {
            return one;
        }
        let joined = self.concat(&found);
        self.gather_affine(joined, 0, &[(queries, 1), (block, queries)])
    }

    /// Writes one element of each of `groups` arrays.
    pub(super) fn write_secret(
        &mut self,
        home: Domain,
        dst: ValueId,
        idx: ValueId,
        val: ValueId,
        block: u64,
        groups: u64,
    ) -> ValueId {
        let domain = bits(home);
        let (to, at) = (self.info(dst), self.info(idx));
        let n = to.lanes.checked_div(groups * block).unwrap_or(0);
        let dst = self.to(dst, domain);
        if n == 0 {
            return dst;
        }
        if at.lanes != groups {
            // A plan that no search chooses: writes after each other.
            let refused = TooLarge {
                span: self.span,
                elements: n,
                reads: at.lanes,
            };
            self.too_large.get_or_insert(refused);
            return dst;
        }
        let ty = to.scalar;
        let lanes = groups * block;
        if n <= UNROLL && n * u64::from(ty.width()) <= UNROLL_GATES && n * lanes <= UNROLL {
            let mut args: Vec<_> = (0..n)
                .map(|e| self.gather_affine(dst, e * block, &[(groups, n * block), (block, 1)]))
                .collect();
            args.push(self.gather_affine(idx, 0, &[(groups, 1), (block, 0)]));
            args.push(val);
            let elements = self.logic(domain, Logic::WriteArray, &args, &vec![ty; n as usize]);
            let joined = self.concat(&elements);
            return self.gather_affine(joined, 0, &[(groups, block), (n, lanes), (block, 1)]);
        }
        // Lane (element, group): whether that element is written.
        let idx = self.to(idx, domain);
        let yes = self.splat(Scalar::Bool, groups, 1);
        let mut here = self.to(yes, domain);
        let mut len = 1;
        let mut bit = 0;
        while len < n && bit < at.scalar.width() {
            let b = self.logic1(domain, Logic::Bit(bit), &[idx], Scalar::Bool);
            let many = self.gather_affine(b, 0, &[(len, 0), (groups, 1)]);
            let one = self.logic1(domain, Logic::When, &[here, many], Scalar::Bool);
            let zero = self.word(
                domain,
                WordOp::Xor,
                Scalar::Bool,
                Scalar::Bool,
                &[here, one],
            );
            here = self.concat(&[zero, one]);
            len *= 2;
            bit += 1;
        }
        if bit < at.scalar.width() {
            let high = self.logic1(domain, Logic::AnyFrom(bit), &[idx], Scalar::Bool);
            let high = self.gather_affine(high, 0, &[(len, 0), (groups, 1)]);
            here = self.logic1(domain, Logic::Unless, &[here, high], Scalar::Bool);
        }
        let reach = len.min(n);
        let kept = n - reach;
        if kept > 0 {
            let no = self.splat(Scalar::Bool, kept * groups, 0);
            let no = self.to(no, domain);
            here = self.concat(&[here, no]);
        }
        let when = self.gather_affine(here, 0, &[(groups, 1), (n, groups), (block, 0)]);
        let new = self.gather_affine(val, 0, &[(groups, block), (n, 0), (block, 1)]);
        self.word(domain, WordOp::Select, ty, ty, &[when, new, dst])
    }
}

/// Where an access by secret index is computed.
pub(super) fn bits(home: Domain) -> Domain {
    match home {
        Domain::Yao => Domain::Yao,
        Domain::Boolean | Domain::Arithmetic { .. } | Domain::Public | Domain::Local { .. } => {
            Domain::Boolean
        }
    }
}
