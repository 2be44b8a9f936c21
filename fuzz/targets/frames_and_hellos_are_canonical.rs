//! Bytes as what a peer sends before anything else is known of it: see `smpcc_runtime::robust`.
#![no_main]

use smpcc_runtime::robust::{read_header, read_hello, read_notice};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read_header(bytes);
    read_notice(bytes);
    read_hello(bytes);
});
