//! Lowering of checked programs that are built by hand: the shapes of the emitted graph.

use super::*;

mod flat;
mod harness;
mod programs;
mod sessions;

use crate::hir::*;
use crate::ir::Op;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

fn int(width: u8, secret: bool) -> Type {
    Type::Scalar(Scalar::unsigned(width), secret)
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr {
        kind,
        ty,
        span: Span::default(),
    }
}

fn local(n: u32, ty: Type) -> Expr {
    expr(ExprKind::Local(LocalId(n)), ty)
}

fn lit(n: u128, ty: Type) -> Expr {
    expr(ExprKind::Lit(n), ty)
}

fn program(locals: Vec<Type>, n_params: u32, ret: Type, body: Expr) -> Hir {
    let element = match &locals[0] {
        Type::Array(e, _) => (**e).clone(),
        other => other.clone(),
    };
    Hir {
        roles: vec![Role {
            name: "party".into(),
            is_array: true,
            min: 1,
            max: None,
            span: Span::default(),
        }],
        structs: Vec::new(),
        fns: vec![Fn {
            name: "main".into(),
            generics: Vec::new(),
            locals: locals
                .into_iter()
                .map(|ty| Local {
                    name: "x".into(),
                    ty,
                    mutable: true,
                    span: Span::default(),
                })
                .collect(),
            n_params,
            ret,
            protocol: None,
            flushes: false,
            body,
            span: Span::default(),
        }],
        consts: Vec::new(),
        circuits: Vec::new(),
        main: Some(Main {
            function: FnId(0),
            params: vec![MainParam {
                local: LocalId(0),
                name: "x".into(),
                source: ParamSource::Input {
                    secret: true,
                    from: From::Each,
                },
                element,
                range: None,
                span: Span::default(),
            }],
            receivers: Receivers::Whole(vec![To::All]),
        }),
        tests: Vec::new(),
    }
}

fn session(n: u32) -> Session {
    Session {
        n_parties: n,
        role_counts: vec![n],
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    }
}

fn ops(region: &Region) -> Vec<&Op> {
    region.nodes.iter().map(|n| &n.op).collect()
}

#[test]
fn a_mean_is_a_reduction_and_a_division() {
    let xs = Type::Array(Box::new(int(32, true)), Len::Parties(None));
    let sum = expr(
        ExprKind::Builtin(Builtin::Sum, vec![local(0, xs.clone())]),
        Type::Wide(Box::new(int(32, true)), Sum::Terms),
    );
    let mean = expr(
        ExprKind::Binary(
            BinaryOp::Div,
            Box::new(sum),
            Box::new(lit(3, int(64, false))),
        ),
        int(64, true),
    );
    let body = expr(ExprKind::Cast(Box::new(mean)), int(32, true));
    let ir = lower(&program(vec![xs], 1, int(32, true), body), &session(3)).unwrap();
    assert_eq!(ir.inputs.len(), 3);
    assert_eq!(ir.results.len(), 3);
    let seen = ops(&ir.body);
    assert!(matches!(
        seen.as_slice(),
        [
            Op::Input(_),
            Op::Input(_),
            Op::Input(_),
            Op::Concat,
            Op::Word(WordOp::Cast),
            Op::Reduce { .. },
            Op::Const(_),
            Op::Word(WordOp::Div),
            Op::Word(WordOp::Cast),
            Op::Output(_)
        ]
    ));
}

#[test]
fn a_long_loop_stays_a_loop() {
    let xs = Type::Array(Box::new(int(32, true)), Len::Parties(None));
    let acc = || local(1, int(32, true));
    let body = expr(
        ExprKind::Block(
            vec![
                Stmt::Let(LocalId(1), Some(lit(0, int(32, false)))),
                Stmt::ForRange {
                    var: LocalId(2),
                    lo: lit(0, Type::Usize),
                    hi: lit(1_000_000, Type::Usize),
                    inclusive: false,
                    body: expr(
                        ExprKind::Block(
                            vec![Stmt::Assign(
                                Place {
                                    local: LocalId(1),
                                    steps: Vec::new(),
                                },
                                expr(
                                    ExprKind::Binary(
                                        BinaryOp::Add,
                                        Box::new(acc()),
                                        Box::new(expr(
                                            ExprKind::Index(
                                                Box::new(local(0, xs.clone())),
                                                Box::new(lit(1, Type::Usize)),
                                            ),
                                            int(32, true),
                                        )),
                                    ),
                                    int(32, true),
                                ),
                                Span::default(),
                            )],
                            None,
                        ),
                        Type::unit(),
                    ),
                    span: Span::default(),
                },
            ],
            Some(Box::new(acc())),
        ),
        int(32, true),
    );
    let hir = program(vec![xs, int(32, true), Type::Usize], 1, int(32, true), body);
    let ir = lower(&hir, &session(2)).unwrap();
    let node = ir
        .body
        .nodes
        .iter()
        .find(|n| matches!(n.op, Op::Loop { .. }))
        .unwrap();
    assert_eq!(
        node.op,
        Op::Loop {
            count: Some(1_000_000)
        }
    );
    assert_eq!(node.regions[0].params.len(), 2);
    assert_eq!(node.regions[0].nodes.len(), 3);
    assert!(ir.values[node.results[0].index()].ty.secret);
}

#[test]
fn parties_beyond_a_role_are_refused() {
    let xs = Type::Array(Box::new(int(32, true)), Len::Parties(None));
    let mut hir = program(vec![xs.clone()], 1, xs.clone(), local(0, xs));
    hir.roles[0].max = Some(4);
    assert_eq!(schema::assign_roles(&hir, 4), Ok(vec![4]));
    assert_eq!(
        schema::assign_roles(&hir, 5).unwrap_err().code.as_str(),
        "E4001"
    );
    assert_eq!(
        schema::assign_roles(&hir, 0).unwrap_err().code.as_str(),
        "E4001"
    );
    let ir = lower(&hir, &session(4)).unwrap();
    assert_eq!(ir.outputs[0].lanes, 4);
    assert_eq!(ir.party_names[3], "party 3");
}
