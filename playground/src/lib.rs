//! The compiler and the clear interpreter for a browser: questions and answers of `smpcc::playground` as bytes in the module's memory.
//!
//! Three functions and no generated bindings. A page writes a question's JSON into memory that it has asked for, and reads the answer's
//! until it asks the next question. A panic ends the module; the page starts another one.

use serde_json::{Value, json};
use std::sync::Mutex;

/// What a page has written, and what it reads.
static BYTES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Memory for a question of so many bytes; its address.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: usize) -> *mut u8 {
    held(|bytes| {
        *bytes = vec![0; len];
        bytes.as_mut_ptr()
    })
}

/// Answers the question that was written there; the length of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    held(|bytes| {
        let question: Result<Value, _> = serde_json::from_slice(bytes);
        let answer = match question {
            Ok(question) => smpcc::playground::answer(&question),
            Err(e) => json!({ "wrong": format!("not a question: {e}") }),
        };
        *bytes = answer.to_string().into_bytes();
        bytes.len()
    })
}

/// The address of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn answered() -> *const u8 {
    held(|bytes| bytes.as_ptr())
}

fn held<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut bytes = BYTES
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    work(&mut bytes)
}
