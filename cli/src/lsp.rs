//! `smpcc lsp`: a server of the Language Server Protocol on stdin and stdout.
//!
//! One thread reads messages, one answers them in order. A whole program is checked anew when its text has changed, and only when
//! something asks for it or no message is waiting: keys that are pressed faster than programs are checked cost nothing. What goes wrong in
//! one request is that request's error, and nothing else's.

mod answers;
mod documents;
mod edits;
mod notes;
mod places;
mod wire;

use crate::out;
use documents::Documents;
use serde_json::{Value, json};
use smpcc::exit::{Failure, Outcome};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

/// Why a request has no result, in the protocol's numbers.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: i64,
    message: String,
}

impl Refusal {
    /// A request that is not as the protocol has it.
    fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// What was asked for cannot be done here.
    fn failed(message: impl Into<String>) -> Self {
        Self::new(-32803, message)
    }

    /// Nothing is known of such requests.
    fn unknown(method: &str) -> Self {
        Self::new(-32601, format!("there is no {method}"))
    }

    fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Serves until the client says `exit` or is gone.
pub fn serve() -> Outcome {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .spawn(move || wire::read_all(&mut std::io::stdin().lock(), &sender))
        .map_err(|e| Failure::usage(format!("cannot start a thread: {e}")))?;
    // A request that fails is answered with an error; where it failed is of no use to an editor's user.
    std::panic::set_hook(Box::new(|_| {}));
    let mut server = Server::default();
    let mut waiting = VecDeque::new();
    loop {
        waiting.extend(receiver.try_iter());
        let Some(message) = waiting.pop_front() else {
            server.settle();
            match receiver.recv() {
                Ok(message) => waiting.push_back(message),
                // Gone without a word.
                Err(_) => return Err(Failure::interrupted()),
            }
            continue;
        };
        match server.take(&message, &waiting) {
            Next::Go => {}
            Next::Exit if server.shut_down => return Ok(()),
            Next::Exit => return Err(Failure::reported()),
        }
    }
}

enum Next {
    Go,
    Exit,
}

#[derive(Default)]
struct Server {
    documents: Documents,
    initialized: bool,
    shut_down: bool,
}

impl Server {
    fn take(&mut self, message: &wire::Incoming, waiting: &VecDeque<wire::Incoming>) -> Next {
        let message = match message {
            wire::Incoming::Message(message) => message,
            wire::Incoming::Malformed(why) => {
                respond(&Value::Null, Err(Refusal::new(-32700, why.clone())));
                return Next::Go;
            }
        };
        let method = message["method"].as_str();
        let (Some(method), id) = (method, &message["id"]) else {
            // An answer to nothing that was asked.
            return Next::Go;
        };
        if method == "exit" {
            return Next::Exit;
        }
        if id.is_null() {
            // Nobody waits for an answer, and nobody is told what went wrong.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                self.notified(method, &message["params"])
            }));
            return Next::Go;
        }
        let cancelled = waiting.iter().any(|later| match later {
            wire::Incoming::Message(m) => {
                m["method"] == "$/cancelRequest" && m["params"]["id"] == *id
            }
            wire::Incoming::Malformed(_) => false,
        });
        let result = if cancelled {
            Err(Refusal::new(-32800, "cancelled"))
        } else {
            catch_unwind(AssertUnwindSafe(|| self.asked(method, &message["params"])))
                .unwrap_or_else(|_| Err(Refusal::new(-32603, "a bug in smpcc")))
        };
        respond(id, result);
        Next::Go
    }

    fn asked(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        match method {
            "initialize" => {
                self.initialized = true;
                let encodings = &params["capabilities"]["general"]["positionEncodings"];
                let utf8 = encodings
                    .as_array()
                    .is_some_and(|e| e.contains(&json!("utf-8")));
                self.documents.utf8 = utf8;
                Ok(answers::capabilities(utf8))
            }
            _ if !self.initialized => Err(Refusal::new(-32002, "not initialized")),
            "shutdown" => {
                self.shut_down = true;
                Ok(Value::Null)
            }
            _ if self.shut_down => Err(Refusal::new(-32600, "shut down")),
            _ => {
                self.settle();
                answers::answer(&mut self.documents, method, params)
            }
        }
    }

    fn notified(&mut self, method: &str, params: &Value) {
        let document = &params["textDocument"];
        let Some(uri) = document["uri"].as_str() else {
            return;
        };
        match method {
            "textDocument/didOpen" => {
                let text = document["text"].as_str().unwrap_or("");
                self.documents.open(uri, text, document["version"].as_i64());
            }
            "textDocument/didChange" => {
                let changes = params["contentChanges"].as_array();
                let version = document["version"].as_i64();
                for change in changes.into_iter().flatten() {
                    self.documents.change(uri, change, version);
                }
            }
            "textDocument/didClose" if self.documents.close(uri) => {
                notes::publish(uri, None, &[]);
            }
            "textDocument/didSave" => self.documents.touch(),
            _ => {}
        }
    }

    /// Checks what has changed and says what is wrong with it.
    fn settle(&mut self) {
        for uri in self.documents.changed() {
            let checked = catch_unwind(AssertUnwindSafe(|| self.documents.check(&uri)));
            if let Ok(Some((version, diagnostics))) = checked {
                notes::publish(&uri, version, &diagnostics);
            }
        }
    }
}

fn respond(id: &Value, result: Result<Value, Refusal>) {
    let message = match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(Refusal { code, message }) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
        }
    };
    out::message(&message.to_string());
}
