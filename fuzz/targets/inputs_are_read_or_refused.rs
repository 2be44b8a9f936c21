//! Text as inputs in each format: see `smpcc::robust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    for ending in ["csv", "json", "toml"] {
        smpcc::robust::read_inputs(ending, text);
    }
});
