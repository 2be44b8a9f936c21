//! Round trips and refusals of the text form.

use super::*;
use crate::ir::build::Builder;
use crate::ir::print::print;

fn sample() -> Ir {
    let mut b = Builder::new(3);
    b.span = Span {
        file: FileId(1),
        start: 7,
        end: 9,
    };
    let i8 = Scalar::signed(8);
    let x = b.input_leaf(InputLeaf {
        party: 2,
        path: "rows[].\"age\"\n".into(),
        scalar: i8,
        lanes: 4,
        public: false,
        drawn: false,
        range: Some(((-3).into(), 120.into())),
    });
    let idx = b.constant(
        Scalar::USIZE,
        ConstVec::Affine {
            start: 1,
            dims: vec![(2, 2), (2, Word::MAX)],
        },
    );
    let table = b.constant(i8, ConstVec::Table(vec![1, 2, 255, 0]));
    let y = b.gather(x, idx, 1);
    let y = b.word(WordOp::Add, &[y, table]);
    let n = b.index(3);
    let zs = b.run_time_counted(n, &[y], |b, i, carried| {
        let one = b.gather(carried[0], i, 1);
        b.counted(0, &[], |_, _, _| vec![]);
        vec![b.scatter(carried[0], i, one, 1)]
    });
    let cond = b.splat(Scalar::Bool, 1, 1);
    let picked = b.branch(cond, |_| vec![zs[0]], |_| vec![y]);
    let best = b.reduce_region(&[picked[0]], 2, |b, l, r| {
        vec![b.word(WordOp::Max, &[l[0], r[0]])]
    });
    let circuit = Circuit::from_parts(
        "of \"gates\"".into(),
        vec![Port {
            scalar: i8,
            block: 2,
        }],
        vec![Port {
            scalar: Scalar::Bool,
            block: 3,
        }],
        Template::new(
            "of \"gates\"",
            vec![8, 8],
            vec![
                Gate::And(Lit::of(1), !Lit::of(9)),
                Gate::Xor(Lit::of(17), Lit::TRUE),
            ],
            vec![vec![Lit::of(18)], vec![!Lit::of(16)], vec![Lit::FALSE]],
        ),
    )
    .unwrap();
    let bools = Ty {
        scalar: Scalar::Bool,
        lanes: 6,
        secret: true,
    };
    let op = Op::Circuit {
        circuit: Arc::new(circuit),
        calls: 2,
    };
    b.emit(op, vec![x], bools);
    b.assert(cond, Some("a \"reason\""));
    b.assert(cond, None);
    b.output(best[0], &[0, 2]);
    let mut ir = b.finish();
    ir.params.push(ParamShape {
        name: "rows".into(),
        party: 2,
        shape: Shape(vec![
            ShapeNode::Array(None),
            ShapeNode::Struct {
                name: String::new(),
                fields: vec!["age".into(), "b".into()],
            },
            ShapeNode::Scalar {
                scalar: i8,
                form: Form::Fixed(7),
                range: Some(((-3).into(), 120.into())),
            },
            ShapeNode::Enum {
                name: "E".into(),
                optional: false,
                slots: 1,
                variants: vec![
                    ShapeVariant {
                        name: "A B".into(),
                        tuple: true,
                        fields: vec!["0".into(), "1".into()],
                    },
                    ShapeVariant {
                        name: "C".into(),
                        tuple: false,
                        fields: Vec::new(),
                    },
                ],
            },
            ShapeNode::Scalar {
                scalar: Scalar::unsigned(1),
                form: Form::Plain,
                range: Some((0.into(), 1.into())),
            },
            ShapeNode::Tuple(0),
            ShapeNode::Tuple(0),
            ShapeNode::Shared {
                scalar: Scalar::signed(32),
                form: Form::Date,
                range: None,
                leaf: 1,
            },
        ]),
        leaves: vec![InputId(0)],
    });
    ir.values.push(Value {
        ty: Ty {
            scalar: Scalar::Bool,
            lanes: 0,
            secret: true,
        },
        range: None,
    });
    ir
}

#[test]
fn the_text_form_round_trips() {
    let ir = sample();
    let text = print(&ir);
    let back = parse(&text).unwrap();
    assert_eq!(back, ir, "{text}");
    assert_eq!(print(&back), text);
}

#[test]
fn errors_name_the_line_and_nothing_panics() {
    let text = print(&sample());
    let broken = text.replace("reduce region", "reduce median");
    let error = parse(&broken).unwrap_err();
    assert!(error.contains("median"), "{error}");
    for end in 0..text.len() {
        if text.is_char_boundary(end) {
            let _ = parse(&text[..end]);
        }
    }
    assert!(parse("parties 2\nv4294967295: u8 x1 = const 1 x1 @0:0..0").is_err());
}
