//! From `.smpc` source to a compiled program.
