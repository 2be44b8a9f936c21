//! `random()`: it draws what is expected, and says so where nothing is, or where that cannot be drawn.

use super::Bounds;
use super::body::{Body, Typed};
use crate::diagnostic;
use crate::hir::{Builtin, ExprKind as H};
use crate::source::Span;
use crate::types::Ty;
use smpcc_circuit::value::Scalar;

impl Body<'_, '_> {
    /// A draw of the type that is expected; secret, whatever is expected.
    pub(super) fn random(&mut self, want: Option<&Ty>, span: Span) -> Option<Typed> {
        let Some(want) = want.filter(|ty| !ty.is_never()) else {
            let error = diagnostic!(E3032, span, "nothing says what `random()` draws here");
            self.report(
                error
                    .here("of which type?")
                    .help("give the type: `let r: secret u32 = random();`"),
            );
            return None;
        };
        if let Some(what) = self.not_drawn(want) {
            let shown = self.show(want);
            let error = diagnostic!(E3032, span, "`random()` draws no `{shown}`")
                .here(format!("this would be `{shown}`"));
            self.report(error.help(what));
            return None;
        }
        let ty = want.clone().unopened();
        Some(Typed::new(
            H::Builtin(Builtin::Random, Vec::new()),
            ty,
            span,
        ))
    }

    /// What to write in place of a draw of a type that has no uniform words.
    fn not_drawn(&self, ty: &Ty) -> Option<&'static str> {
        let int = Bounds {
            int: true,
            ..Bounds::default()
        };
        match ty {
            Ty::Scalar(Scalar::Bool | Scalar::Int { .. }, _) => None,
            Ty::Array(item, _) => self.not_drawn(item),
            Ty::Param { .. } if self.ck.meets(ty, int, &self.generics) => None,
            Ty::Param { .. } => Some("the type parameter needs the bound `Int`"),
            Ty::Usize => Some("a `usize` is public: draw a `secret u64`"),
            Ty::Real(..) => Some(
                "it draws integers, `bool`s and arrays of them: draw an integer and convert it, as `(bits as fixed<64, 16>) / 65536.0` does",
            ),
            _ => Some("it draws integers, `bool`s and arrays of them: draw each field"),
        }
    }

    /// Warns of `[random(); N]`, where one draw stands in all places.
    pub(super) fn warn_repeated(&mut self, item: &Typed) {
        if matches!(item.kind, H::Builtin(Builtin::Random, _)) {
            let warning = diagnostic!(W0006, item.span, "this draws once, and repeats it")
                .here("the same in all places");
            let help = "`random()` draws a whole array: `let rs: [secret u32; 10] = random();`";
            self.report(warning.help(help));
        }
    }
}
