//! Text as a program in source: see `smpcc_compiler::robust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| smpcc_compiler::robust::survive(text));
