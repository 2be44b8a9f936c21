//! Frames: what travels on a link.
//!
//! A frame has a header of fixed size and a payload of at most [`FRAME_CAP`] bytes, so that a reader never allocates
//! more than that on a peer's word. A message is cut into frames of exactly the cap, the last one shorter; the
//! receiver knows the message's length and therefore every frame's.

use crate::error::{Cause, LinkTrouble, Notice, StopReason};
use crate::message::{Malformed, Reader, Writer};
use crate::party::PartyNames;

/// Bytes of a frame's header.
pub const HEADER_LEN: usize = 36;

/// The most payload bytes in one frame.
pub const FRAME_CAP: usize = 256 * 1024;

/// The run tag of frames before the parties have agreed on a session.
pub(crate) const UNBOUND_TAG: [u8; 8] = *b"smpcc/02";

/// The most payload bytes in a frame that is not data.
const CONTROL_CAP: u32 = 64;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of a message of the protocol.
    Data,
    /// A sign of life; its number is the sender's progress.
    Heartbeat,
    /// The sender stops; the payload is a [`Notice`].
    Abort,
    /// The sender's run is over, and nothing follows.
    Goodbye,
    /// The answer to `Goodbye`: everything before it has arrived.
    Received,
    /// The first frame of each side, unless it stops at once; its number is the sender's deadline in milliseconds.
    Terms,
}

/// A frame's header, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tag: [u8; 8],
    pub(crate) kind: Kind,
    pub(crate) sender: u16,
    pub(crate) receiver: u16,
    pub(crate) step: u64,
    pub(crate) seq: u64,
    pub(crate) len: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        let kind = match self.kind {
            Kind::Data => 0,
            Kind::Heartbeat => 1,
            Kind::Abort => 2,
            Kind::Goodbye => 3,
            Kind::Received => 4,
            Kind::Terms => 5,
        };
        out[..8].copy_from_slice(&self.tag);
        out[8] = kind;
        out[10..12].copy_from_slice(&self.sender.to_le_bytes());
        out[12..14].copy_from_slice(&self.receiver.to_le_bytes());
        out[16..24].copy_from_slice(&self.step.to_le_bytes());
        out[24..32].copy_from_slice(&self.seq.to_le_bytes());
        out[32..36].copy_from_slice(&self.len.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let tag = r.array("a frame's run tag")?;
        let kind = match r.u8("a frame's kind")? {
            0 => Kind::Data,
            1 => Kind::Heartbeat,
            2 => Kind::Abort,
            3 => Kind::Goodbye,
            4 => Kind::Received,
            5 => Kind::Terms,
            _ => return Err(Malformed("a frame's kind")),
        };
        let reserved = r.u8("a frame's header")?;
        let sender = r.u16("a frame's sender")?;
        let receiver = r.u16("a frame's receiver")?;
        let also_reserved = r.u16("a frame's header")?;
        let step = r.u64("a frame's step")?;
        let seq = r.u64("a frame's number")?;
        let len = r.u32("a frame's length")?;
        r.finish()?;
        let unused = match kind {
            Kind::Data => 0,
            Kind::Heartbeat | Kind::Terms => step,
            Kind::Abort | Kind::Goodbye | Kind::Received => step | seq,
        };
        if reserved != 0 || also_reserved != 0 || unused != 0 {
            return Err(Malformed("a frame's header"));
        }
        let cap = match kind {
            Kind::Data => FRAME_CAP as u32,
            Kind::Abort => CONTROL_CAP,
            Kind::Heartbeat | Kind::Goodbye | Kind::Received | Kind::Terms => 0,
        };
        if len > cap {
            return Err(Malformed("a frame's length"));
        }
        Ok(Self {
            tag,
            kind,
            sender,
            receiver,
            step,
            seq,
            len,
        })
    }
}

/// The number of frames of a message of `len` bytes; an empty message has one.
pub(crate) fn n_frames(len: usize) -> u64 {
    len.div_ceil(FRAME_CAP).max(1) as u64
}

/// The payload of an abort frame.
pub(crate) fn encode_notice(notice: &Notice) -> Vec<u8> {
    let mut w = Writer::default();
    w.u16(notice.origin.number());
    match notice.cause {
        Cause::Link(party, trouble) => {
            let code = match trouble {
                LinkTrouble::NotConnected => 0,
                LinkTrouble::Closed => 1,
                LinkTrouble::Silent => 2,
                LinkTrouble::Altered => 3,
            };
            w.u8(0).u8(code).u16(party.number());
        }
        Cause::Peer(party) => {
            w.u8(1).u8(0).u16(party.number());
        }
        Cause::Cheating([one, other]) => {
            // There are at most 16 parties.
            w.u8(3).u8(one.number() as u8).u16(other.number());
        }
        Cause::Own(reason) => {
            let code = match reason {
                StopReason::Program => 0,
                StopReason::Usage => 1,
                StopReason::Machine => 2,
                StopReason::Bug => 3,
                StopReason::Unknown => 4,
            };
            w.u8(2).u8(code).u16(0);
        }
    }
    w.finish()
}

/// Reads the payload of an abort frame.
pub(crate) fn decode_notice(bytes: &[u8], names: &PartyNames) -> Result<Notice, Malformed> {
    const WHAT: &str = "the reason for its stop";
    let mut r = Reader::new(bytes);
    let origin = names.checked(r.u16(WHAT)?).ok_or(Malformed(WHAT))?;
    let (class, code, party) = (r.u8(WHAT)?, r.u8(WHAT)?, r.u16(WHAT)?);
    r.finish()?;
    let party = names.checked(party).ok_or(Malformed(WHAT))?;
    let cause = match (class, code) {
        (0, 0) => Cause::Link(party, LinkTrouble::NotConnected),
        (0, 1) => Cause::Link(party, LinkTrouble::Closed),
        (0, 2) => Cause::Link(party, LinkTrouble::Silent),
        (0, 3) => Cause::Link(party, LinkTrouble::Altered),
        (1, 0) => Cause::Peer(party),
        (3, one) => {
            let one = names.checked(one.into()).ok_or(Malformed(WHAT))?;
            Cause::Cheating([one, party])
        }
        (2, 0) => Cause::Own(StopReason::Program),
        (2, 1) => Cause::Own(StopReason::Usage),
        (2, 2) => Cause::Own(StopReason::Machine),
        (2, 3) => Cause::Own(StopReason::Bug),
        (2, 4) => Cause::Own(StopReason::Unknown),
        _ => return Err(Malformed(WHAT)),
    };
    Ok(Notice { origin, cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::PartyId;
    use proptest::prelude::*;

    proptest! {
        /// What decodes has one encoding, and nothing panics.
        #[test]
        fn headers_are_canonical(bytes in prop::collection::vec(any::<u8>(), 0..48), kind in 0u8..7) {
            let mut bytes = bytes;
            for i in [8, 9, 14, 15, 34, 35] {
                if let Some(b) = bytes.get_mut(i) { *b = if i == 8 { kind } else { *b & 1 } }
            }
            if let Ok(header) = Header::decode(&bytes) {
                prop_assert_eq!(&header.encode()[..], &bytes[..]);
            }
        }

        #[test]
        fn notices_are_canonical(bytes in prop::collection::vec(0u8..5, 0..10)) {
            let names = PartyNames::plain(3);
            if let Ok(notice) = decode_notice(&bytes, &names)
                && !matches!(notice.cause, Cause::Own(_))
            {
                prop_assert_eq!(encode_notice(&notice), bytes);
            }
        }
    }

    #[test]
    fn every_notice_comes_back() {
        let (a, b) = (PartyId::new(1), PartyId::new(2));
        let names = PartyNames::plain(3);
        for cause in [
            Cause::Link(b, LinkTrouble::NotConnected),
            Cause::Link(b, LinkTrouble::Closed),
            Cause::Link(b, LinkTrouble::Silent),
            Cause::Link(b, LinkTrouble::Altered),
            Cause::Peer(b),
            Cause::Cheating([a, b]),
            Cause::Own(StopReason::Program),
            Cause::Own(StopReason::Usage),
            Cause::Own(StopReason::Machine),
            Cause::Own(StopReason::Bug),
            Cause::Own(StopReason::Unknown),
        ] {
            let notice = Notice { origin: a, cause };
            assert_eq!(decode_notice(&encode_notice(&notice), &names), Ok(notice));
        }
        let beyond = encode_notice(&Notice {
            origin: a,
            cause: Cause::Peer(PartyId::new(3)),
        });
        assert!(decode_notice(&beyond, &names).is_err());
    }

    #[test]
    fn lengths_beyond_the_cap_are_refused() {
        let header = Header {
            tag: UNBOUND_TAG,
            kind: Kind::Data,
            sender: 0,
            receiver: 1,
            step: 9,
            seq: 3,
            len: FRAME_CAP as u32,
        };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        let over = Header {
            len: FRAME_CAP as u32 + 1,
            ..header
        };
        assert!(Header::decode(&over.encode()).is_err());
        let heavy = Header {
            kind: Kind::Heartbeat,
            ..header
        };
        assert!(Header::decode(&heavy.encode()).is_err());
    }
}
