//! Which neighbouring tokens stand apart, and what a token does where it stands.

use super::tree::Word;
use crate::lexer::Kind;

/// What a token does in its place, as far as its kind leaves that open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What its kind says.
    Plain,
    /// An operator before its only operand.
    Prefix,
    /// An operator between two operands; those with the larger number bind less.
    Binary(u8),
    /// `=` and the like.
    Assign,
    /// `<` of type arguments.
    OpenAngle,
    /// `>` of type arguments.
    CloseAngle,
    /// `|` before the parameters of a closure.
    OpenBar,
    /// `|` after them.
    CloseBar,
    /// `||` of a closure without parameters.
    NoParameters,
}

/// The role of a token that is no bracket, by the token before it.
pub fn role(kind: Kind, before: Option<&Word<'_>>) -> Role {
    let after_operand = before.is_some_and(ends_operand);
    if let Some(level) = level(kind) {
        return match kind {
            _ if after_operand => Role::Binary(level),
            Kind::Minus | Kind::Star | Kind::And => Role::Prefix,
            Kind::OrOr => Role::NoParameters,
            _ => Role::Binary(level),
        };
    }
    match kind {
        Kind::Bang => Role::Prefix,
        Kind::Eq
        | Kind::PlusEq
        | Kind::MinusEq
        | Kind::StarEq
        | Kind::SlashEq
        | Kind::PercentEq
        | Kind::AndEq
        | Kind::OrEq
        | Kind::CaretEq
        | Kind::ShlEq => Role::Assign,
        _ => Role::Plain,
    }
}

/// How little an operator binds, as in the grammar.
const fn level(kind: Kind) -> Option<u8> {
    Some(match kind {
        Kind::Star | Kind::Slash | Kind::Percent => 3,
        Kind::Plus | Kind::Minus => 4,
        Kind::Shl => 5,
        Kind::And => 6,
        Kind::Caret => 7,
        Kind::Or => 8,
        Kind::EqEq | Kind::Ne | Kind::Lt | Kind::Le | Kind::Gt | Kind::Ge => 9,
        Kind::AndAnd => 10,
        Kind::OrOr => 11,
        _ => return None,
    })
}

/// Whether a value may end with this token.
pub fn ends_operand(word: &Word<'_>) -> bool {
    !word.starts_type
        && matches!(
            word.kind,
            Kind::Ident
                | Kind::Int
                | Kind::Float
                | Kind::Str
                | Kind::True
                | Kind::False
                | Kind::RParen
                | Kind::RBracket
                | Kind::RBrace
                | Kind::Underscore
                | Kind::Crate
                | Kind::All
                | Kind::Circuit
                | Kind::Each
                | Kind::From
                | Kind::Party
                | Kind::Public
                | Kind::Test
                | Kind::To
                | Kind::Type
        )
}

/// Whether a `(` after a token of this kind may be that of a call or of parameters.
pub const fn may_be_called(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Ident
            | Kind::RParen
            | Kind::RBracket
            | Kind::RBrace
            | Kind::Gt
            | Kind::Reveal
            | Kind::Secret
            | Kind::Assert
            | Kind::Fn
            | Kind::All
            | Kind::Circuit
            | Kind::Each
            | Kind::From
            | Kind::Party
            | Kind::Public
            | Kind::Test
            | Kind::To
            | Kind::Type
    )
}

/// Whether a `(` or `[` belongs to the token before it: a call, an index, parameters, an attribute.
pub fn attached(before: &Word<'_>) -> bool {
    match before.kind {
        Kind::Hash => true,
        Kind::Gt => before.role == Role::CloseAngle,
        Kind::Int | Kind::Float | Kind::Str | Kind::True | Kind::False | Kind::Underscore => true,
        kind => may_be_called(kind) && !before.starts_type,
    }
}

/// Whether a space stands between two tokens of one line.
pub fn apart(before: &Word<'_>, after: &Word<'_>) -> bool {
    let tight_before = match after.kind {
        Kind::Comma
        | Kind::Semi
        | Kind::RParen
        | Kind::RBracket
        | Kind::Dot
        | Kind::PathSep
        | Kind::Colon => true,
        Kind::DotDot | Kind::DotDotEq => ends_operand(before),
        Kind::LParen | Kind::LBracket => attached(before),
        _ => matches!(
            after.role,
            Role::OpenAngle | Role::CloseAngle | Role::CloseBar
        ),
    };
    let tight_after = matches!(
        before.kind,
        Kind::LParen
            | Kind::LBracket
            | Kind::Dot
            | Kind::DotDot
            | Kind::DotDotEq
            | Kind::PathSep
            | Kind::Hash
    ) || matches!(before.role, Role::Prefix | Role::OpenAngle | Role::OpenBar);
    !tight_before && !tight_after
}

/// Whether a `{` further on is the body of what the word begins.
pub const fn has_body(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::If | Kind::While | Kind::For | Kind::Loop | Kind::Match
    )
}
