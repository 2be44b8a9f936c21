//! Bytes as a compiled program: see `smpcc_circuit::robust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| smpcc_circuit::robust::read_program(bytes));
