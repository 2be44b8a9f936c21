//! `smpcc playground`: the page with the compiler in it, served to browsers of this machine, or written to a file.
//!
//! One page at one address, for whoever asks on the loopback interface under a name of it: a page of somebody else's that has its name lead
//! here is refused. One request is answered after the other, each within a time limit.

use crate::args::PlaygroundArgs;
use crate::files::{self, Kind};
use crate::load::Style;
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::playground::site;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// The module's file name.
const MODULE: &str = "smpcc.wasm";

/// Longest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// How long a browser may take for a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until it is interrupted.
pub fn playground(args: &PlaygroundArgs, style: Style) -> Outcome {
    let path = module(args)?;
    let module = std::fs::read(&path)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    if !module.starts_with(b"\0asm") {
        return Err(Failure::usage(format!(
            "{} is not a WebAssembly module",
            path.display()
        )));
    }
    let page = site::html(&module);
    if let Some(output) = &args.output {
        return files::write(output, Kind::Page, &[path], args.force, page.as_bytes());
    }
    let failed =
        |e: std::io::Error| Failure::usage(format!("cannot serve on port {}: {e}", args.port));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    out::product(&format!("http://{address}/\n"));
    if !style.quiet {
        out::note("for browsers of this machine; Ctrl+C ends it");
    }
    for stream in listener.incoming().flatten() {
        // Who hangs up is no reason to stop.
        let _ = answer(stream, page.as_bytes(), address.port());
    }
    Ok(())
}

/// The module: as asked for, beside the binary as packages have it, or where a checkout builds it.
fn module(args: &PlaygroundArgs) -> Outcome<PathBuf> {
    if let Some(path) = &args.module {
        return Ok(path.clone());
    }
    let binary = std::env::current_exe().ok();
    let beside = binary.as_deref().and_then(|b| b.parent()).map(|folder| {
        let packaged = folder.join("../share/smpcc").join(MODULE);
        [packaged, folder.join("../playground").join(MODULE)]
    });
    let built = [PathBuf::from("target/playground").join(MODULE)];
    let places = beside.into_iter().flatten().chain(built);
    places.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Failure::usage(
            "the compiler as WebAssembly is not here: `playground/build` in a checkout makes it, and `--module FILE.wasm` says where it is",
        )
    })
}

fn answer(mut stream: TcpStream, page: &[u8], port: u16) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        match stream.read(&mut part)? {
            0 => break,
            n => head.extend_from_slice(&part[..n]),
        }
    }
    let (status, body) = match asked(&String::from_utf8_lossy(&head), port) {
        Asked::Page => ("200 OK", page),
        Asked::Other => ("404 Not Found", &b"there is one page here: /\n"[..]),
        Asked::Foreign => (
            "403 Forbidden",
            &b"this is for browsers of this machine\n"[..],
        ),
    };
    let kind = match status.starts_with("200") {
        true => "text/html",
        false => "text/plain",
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    stream.flush()
}

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Page,
    Other,
    Foreign,
}

fn asked(head: &str, port: u16) -> Asked {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or("");
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let known = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    if !host.is_some_and(|host| known.iter().any(|name| name == host)) {
        return Asked::Foreign;
    }
    match first.split(' ').collect::<Vec<_>>()[..] {
        ["GET", "/", _] => Asked::Page,
        _ => Asked::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_for_browsers_of_this_machine() {
        let of = |first: &str, host: &str| {
            asked(&format!("{first}\r\nAccept: */*\r\n{host}\r\n\r\n"), 80)
        };
        assert_eq!(of("GET / HTTP/1.1", "Host: localhost:80"), Asked::Page);
        assert_eq!(of("GET / HTTP/1.1", "host: 127.0.0.1:80"), Asked::Page);
        assert_eq!(of("GET /etc HTTP/1.1", "Host: localhost:80"), Asked::Other);
        assert_eq!(of("POST / HTTP/1.1", "Host: localhost:80"), Asked::Other);
        for host in ["Host: evil.example:80", "Host: localhost:81", "X: y"] {
            assert_eq!(of("GET / HTTP/1.1", host), Asked::Foreign, "{host}");
        }
        assert_eq!(asked("", 80), Asked::Foreign);
    }
}
