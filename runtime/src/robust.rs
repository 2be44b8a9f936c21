//! Whatever bytes a peer sends as a frame's header, as the reason for a stop or as its hello: they are read or refused without a panic,
//! and what is read has no other encoding. The bodies are public so that fuzz targets outside the workspace share them.

use crate::error::Cause;
use crate::net::{Header, decode_notice, encode_notice};
use crate::party::{PartyId, PartyNames};
use crate::session::Hello;

/// The header of a frame.
pub fn read_header(bytes: &[u8]) {
    if let Ok(header) = Header::decode(bytes) {
        assert_eq!(header.encode()[..], *bytes);
    }
}

/// Why a peer stops.
pub fn read_notice(bytes: &[u8]) {
    let names = PartyNames::plain(3);
    if let Ok(notice) = decode_notice(bytes, &names)
        && !matches!(notice.cause, Cause::Own(_))
    {
        assert_eq!(encode_notice(&notice), bytes);
    }
}

/// What party 1 of 3 wants to run.
pub fn read_hello(bytes: &[u8]) {
    if let Ok(hello) = Hello::decode(bytes, PartyId::new(1), 3) {
        assert_eq!(hello.encode().ok().as_deref(), Some(bytes));
    }
}
