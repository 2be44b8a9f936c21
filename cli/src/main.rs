//! The `smpcc` command line.
fn main() {}
