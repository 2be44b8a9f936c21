//! What a compiled private computation is.
