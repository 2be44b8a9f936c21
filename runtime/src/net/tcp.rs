//! Listening and dialling: TCP sockets with deadlines and errors that name the address.
//!
//! Nothing is sent over these sockets in the clear; `tls` is their only user.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::error::Error;

/// Opens a listener; port 0 lets the system choose one, which `local_addr` then tells.
pub fn listen(address: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).map_err(|e| {
        let why = match e.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses this port; stop it or choose another port".to_owned()
            }
            io::ErrorKind::AddrNotAvailable => "this machine does not have this address".to_owned(),
            _ => e.to_string(),
        };
        Error::machine(format!("cannot listen on {address}: {why}"))
    })
}

/// Whether an address can be dialled as it is written: an address that cannot would be tried until time is up. An error
/// says what is wrong with it.
pub(crate) fn check_address(address: &str) -> Result<(), &'static str> {
    let (host, port) = address.rsplit_once(':').ok_or("has no port")?;
    if host.is_empty() {
        return Err("has no host");
    }
    match port.parse::<u16>() {
        Ok(0) => Err("has the port 0, at which nobody can listen"),
        Ok(_) => Ok(()),
        Err(_) => Err("has a port that is not a number from 1 to 65535"),
    }
}

/// Connects once, trying each address that the name stands for; ready for small messages without delay.
pub(crate) fn dial(address: &str, until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for resolved in address.to_socket_addrs()? {
        match dial_one(&resolved, until) {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn dial_one(address: &SocketAddr, until: Instant) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, remaining(until)?)?;
    // The system may connect a socket to itself while the port has no listener.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    prepare(&stream)?;
    Ok(stream)
}

/// Sets what every connection needs: blocking, and no waiting for more bytes before a packet leaves.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)
}

/// The time left, which sockets want to be more than zero.
pub(crate) fn remaining(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for good in ["127.0.0.1:5000", "[::1]:80", "bank.example:65535"] {
            assert_eq!(check_address(good), Ok(()));
        }
        for bad in [
            "bank.example",
            "",
            ":5000",
            "a:",
            "a:0",
            "a:65536",
            "a:http",
            "a:-1",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first = listen("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap().to_string();
        let error = listen(&address).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(&address), "{error}");
        assert!(error.to_string().contains("another program"), "{error}");
        assert_eq!(listen("256.0.0.1:x").unwrap_err().exit_code(), 2);
    }
}
