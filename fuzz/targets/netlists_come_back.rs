//! Text as a netlist: see `smpcc_circuit::robust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| smpcc_circuit::robust::read_netlist(text));
