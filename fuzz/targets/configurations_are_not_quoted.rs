//! Text as the configuration of a deployment and as a table of times: see `smpcc::robust`. A line that nobody writes must not
//! come back in what is said about it.
#![no_main]

const SECRET: &str = "k3y9zq7w";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let with = format!("{text}\n{SECRET}\n{text}");
    for said in smpcc::robust::read_configuration(&with) {
        assert!(!said.contains(SECRET), "{said}");
    }
});
