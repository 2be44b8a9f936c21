//! `smpcc lsp`: a server of the Language Server Protocol on stdin and stdout.
//!
//! One thread reads messages, one answers them in order. A whole program is checked anew when its text has changed, and only when
//! something asks for it or no message is waiting: keys that are pressed faster than programs are checked cost nothing. What programs
//! cost is found on a third thread; a request that needs it is answered when it is known, or refused when the text changes before. What
//! goes wrong in one request is that request's error, and nothing else's.

mod across;
mod answers;
mod documents;
mod edits;
mod figures;
mod lenses;
mod notes;
mod opened;
mod places;
mod shelf;
mod snippets;
mod wire;

use crate::args::{PlanArgs, Planned};
use crate::out;
use clap::Parser;
use documents::Documents;
use figures::{Done, Job, Worker};
use serde_json::{Value, json};
use smpcc::exit::{Failure, Outcome};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
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

    /// Nobody wants the answer any more.
    fn cancelled() -> Self {
        Self::new(-32800, "cancelled")
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

/// What the server waits for.
enum Event {
    /// A message of the client.
    Message(wire::Incoming),
    /// The client is gone without a word.
    Gone,
    /// What a program costs.
    Counted(Box<Done>),
}

/// Serves until the client says `exit` or is gone.
pub fn serve() -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let counted = sender.clone();
    let worker = Worker::start(move |done| counted.send(Event::Counted(Box::new(done))).is_ok())?;
    std::thread::Builder::new()
        .spawn(move || {
            wire::read_all(&mut std::io::stdin().lock(), |message| {
                sender.send(Event::Message(message)).is_ok()
            });
            let _ = sender.send(Event::Gone);
        })
        .map_err(|e| Failure::usage(format!("cannot start a thread: {e}")))?;
    // A request that fails is answered with an error; where it failed is of no use to an editor's user.
    std::panic::set_hook(Box::new(|_| {}));
    let mut server = Server::new(worker);
    let mut waiting = VecDeque::new();
    loop {
        waiting.extend(receiver.try_iter());
        let Some(event) = waiting.pop_front() else {
            server.settle();
            match receiver.recv() {
                Ok(event) => waiting.push_back(event),
                Err(_) => return Err(Failure::interrupted()),
            }
            continue;
        };
        let next = match event {
            Event::Message(message) => server.take(&message, &waiting),
            Event::Counted(done) => server.counted(done),
            Event::Gone => return Err(Failure::interrupted()),
        };
        match next {
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

struct Server {
    documents: Documents,
    worker: Worker,
    /// What sessions are planned for.
    plan: PlanArgs,
    /// Requests for lenses that wait for figures: their ids and parameters.
    late: Vec<(Value, Value)>,
    /// What the client can do.
    can: Can,
    initialized: bool,
    shut_down: bool,
}

/// What a client can do that the server makes use of.
#[derive(Default)]
struct Can {
    watch: bool,
    refresh_lenses: bool,
    refresh_hints: bool,
}

impl Server {
    fn new(worker: Worker) -> Self {
        Self {
            documents: Documents::default(),
            worker,
            plan: Planned::parse_from::<_, &str>([]).plan,
            late: Vec::new(),
            can: Can::default(),
            initialized: false,
            shut_down: false,
        }
    }

    fn take(&mut self, message: &wire::Incoming, waiting: &VecDeque<Event>) -> Next {
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
            let before = self.documents.generation;
            let _ = catch_unwind(AssertUnwindSafe(|| {
                self.notified(method, &message["params"])
            }));
            if self.documents.generation != before {
                self.worker.changed(self.documents.generation);
                let uri = &message["params"]["textDocument"]["uri"];
                self.renew_late(uri, method == "textDocument/didChange");
            }
            return Next::Go;
        }
        let cancelled = waiting.iter().any(|later| match later {
            Event::Message(wire::Incoming::Message(m)) => {
                m["method"] == "$/cancelRequest" && m["params"]["id"] == *id
            }
            Event::Message(wire::Incoming::Malformed(_)) | Event::Counted(_) | Event::Gone => false,
        });
        let params = &message["params"];
        let result = if cancelled {
            Some(Err(Refusal::cancelled()))
        } else {
            catch_unwind(AssertUnwindSafe(|| self.asked(method, params).transpose()))
                .unwrap_or_else(|_| Some(Err(Refusal::new(-32603, "a bug in smpcc"))))
        };
        match result {
            Some(result) => respond(id, result),
            None => self.late.push((id.clone(), params.clone())),
        }
        Next::Go
    }

    /// The answer to a request; none yet where it waits for figures.
    fn asked(&mut self, method: &str, params: &Value) -> Result<Option<Value>, Refusal> {
        match method {
            "initialize" => {
                self.initialized = true;
                let encodings = &params["capabilities"]["general"]["positionEncodings"];
                let utf8 = encodings
                    .as_array()
                    .is_some_and(|e| e.contains(&json!("utf-8")));
                self.documents.utf8 = utf8;
                self.documents.roots = folders(params);
                let shown = &params["capabilities"]["textDocument"]["publishDiagnostics"];
                self.documents.links = shown["codeDescriptionSupport"] == true;
                let workspace = &params["capabilities"]["workspace"];
                self.can = Can {
                    watch: workspace["didChangeWatchedFiles"]["dynamicRegistration"] == true,
                    refresh_lenses: workspace["codeLens"]["refreshSupport"] == true,
                    refresh_hints: workspace["inlayHint"]["refreshSupport"] == true,
                };
                let options = &params["initializationOptions"];
                let completion = &params["capabilities"]["textDocument"]["completion"];
                self.documents.snippets = completion["completionItem"]["snippetSupport"] == true
                    && options["snippets"] != false;
                self.configure(options);
                Ok(Some(answers::capabilities(utf8)))
            }
            _ if !self.initialized => Err(Refusal::new(-32002, "not initialized")),
            "shutdown" => {
                self.shut_down = true;
                self.refuse_late(&Refusal::cancelled());
                Ok(Some(Value::Null))
            }
            _ if self.shut_down => Err(Refusal::new(-32600, "shut down")),
            "textDocument/codeLens" => {
                self.settle();
                self.lenses(params)
            }
            _ => {
                self.settle();
                if matches!(method, "textDocument/hover" | "textDocument/inlayHint") {
                    // Known when it is asked for again.
                    self.count(params);
                }
                answers::answer(&mut self.documents, method, params).map(Some)
            }
        }
    }

    /// What sessions are planned for, in the words of the command line.
    fn configure(&mut self, settings: &Value) {
        let options = settings["options"].as_array();
        let options = options.into_iter().flatten().filter_map(Value::as_str);
        match Planned::try_parse_from(options) {
            Ok(planned) => self.plan = planned.plan,
            Err(error) => notes::show(&format!("smpcc: the setting `options`: {error}")),
        }
    }

    /// The lenses of a document; none yet while its figures are on their way.
    fn lenses(&mut self, params: &Value) -> Result<Option<Value>, Refusal> {
        let found = self.documents.find(params)?;
        let uri = params["textDocument"]["uri"].as_str().unwrap_or("");
        if !found.is_program() {
            return Ok(Some(lenses::lenses(&found, uri, None)));
        }
        if let Some(figures) = &found.figures {
            return Ok(Some(lenses::lenses(&found, uri, Some(figures))));
        }
        self.count(params);
        Ok(None)
    }

    /// Has the figures of a document found, if it is a program and they are neither known nor on their way.
    fn count(&mut self, params: &Value) {
        let Ok(found) = self.documents.find(params) else {
            return;
        };
        let uri = params["textDocument"]["uri"].as_str().unwrap_or("");
        if found.figures.is_none()
            && found.is_program()
            && let Some(path) = self.documents.begin_to_count(uri)
        {
            self.worker.ask(Job {
                uri: uri.to_owned(),
                generation: self.documents.generation,
                path,
                open: self.documents.texts(),
                plan: self.plan.clone(),
            });
        }
    }

    /// Keeps what a program costs, and answers who waited for it.
    fn counted(&mut self, done: Box<Done>) -> Next {
        if done.generation != self.documents.generation {
            return Next::Go;
        }
        self.documents.keep(&done.uri, done.result);
        if self.can.refresh_hints {
            // Ranges are among them.
            request("hints", "workspace/inlayHint/refresh", &Value::Null);
        }
        let (here, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(_, params)| params["textDocument"]["uri"] == *done.uri);
        self.late = others;
        for (id, params) in here {
            let lenses = catch_unwind(AssertUnwindSafe(|| self.lenses(&params)));
            let result = lenses.unwrap_or_else(|_| Err(Refusal::new(-32603, "a bug in smpcc")));
            respond(&id, result.map(|lenses| lenses.unwrap_or(Value::Null)));
        }
        Next::Go
    }

    /// Files have changed, among them `uri`: who waits for figures of a text that is no more hears so, and those of other documents are
    /// found anew.
    fn renew_late(&mut self, uri: &Value, changed: bool) {
        for (id, params) in std::mem::take(&mut self.late) {
            if changed && params["textDocument"]["uri"] == *uri {
                respond(&id, Err(Refusal::new(-32801, "the text has changed")));
                continue;
            }
            let renewed = catch_unwind(AssertUnwindSafe(|| {
                self.settle();
                self.lenses(&params)
            }));
            match renewed.unwrap_or_else(|_| Err(Refusal::new(-32603, "a bug in smpcc"))) {
                Ok(None) => self.late.push((id, params)),
                Ok(Some(lenses)) => respond(&id, Ok(lenses)),
                Err(refusal) => respond(&id, Err(refusal)),
            }
        }
    }

    /// Answers all who wait for figures that there will be none.
    fn refuse_late(&mut self, refusal: &Refusal) {
        for (id, _) in std::mem::take(&mut self.late) {
            respond(&id, Err(refusal.clone()));
        }
    }

    fn notified(&mut self, method: &str, params: &Value) {
        if method == "$/cancelRequest" {
            let cancelled = |(id, _): &(Value, Value)| *id == params["id"];
            if let Some(at) = self.late.iter().position(cancelled) {
                respond(&self.late.remove(at).0, Err(Refusal::cancelled()));
            }
        }
        if method == "workspace/didChangeConfiguration" && params["settings"]["smpcc"].is_object() {
            self.configure(&params["settings"]["smpcc"]);
            self.documents.touch();
        }
        match method {
            "initialized" if self.can.watch => watch(),
            // Inputs and settings beside a program, and modules that no editor has open.
            "workspace/didChangeWatchedFiles" => {
                self.documents.touch();
                if self.can.refresh_lenses {
                    request("refresh", "workspace/codeLens/refresh", &Value::Null);
                }
            }
            _ => {}
        }
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

/// The folders of the workspace, in the newer way to say so or the older.
fn folders(params: &Value) -> Vec<PathBuf> {
    let listed = params["workspaceFolders"].as_array();
    let listed = listed.into_iter().flatten().map(|folder| &folder["uri"]);
    let listed: Vec<PathBuf> = listed
        .filter_map(|uri| places::path(uri.as_str()?))
        .collect();
    match listed.is_empty() {
        true => params["rootUri"]
            .as_str()
            .and_then(places::path)
            .into_iter()
            .collect(),
        false => listed,
    }
}

/// Has the client say when files change that programs are made of or run with.
fn watch() {
    let watchers = json!([{"globPattern": "**/*.{smpc,json,csv,toml,txt}"}]);
    let registration = json!({
        "id": "files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": watchers},
    });
    let all = json!({"registrations": [registration]});
    request("watch", "client/registerCapability", &all);
}

/// Asks the client for something; what it answers changes nothing.
fn request(id: &str, method: &str, params: &Value) {
    let mut message = json!({"jsonrpc": "2.0", "id": format!("smpcc/{id}"), "method": method});
    if !params.is_null() {
        message["params"] = params.clone();
    }
    out::message(&message.to_string());
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
