//! What parties say to each other is what the version of the protocol stands for: a digest of every message of every suite.
//!
//! With known randomness a run sends the same bytes every time. If they change, parties of the old build and of the new one would
//! compute nonsense together, and only the numbers of their sources keep them apart; so another version has to say it, and the
//! digests here have to be those of that version.

use super::programs::{data, everything};
use super::views::repeatable;
use super::{SETTINGS, Setting};
use crate::hash::Transcript;
use crate::party::PartyId;
use crate::session::PROTOCOL_VERSION;

/// The version, and the first bytes of the digest of what is sent among up to five parties, in the order of the settings.
const GOLDEN: (u32, &[&str]) = (
    2,
    &[
        "84ea1647276c6b4f",
        "73f84b0eb2ad3cb7",
        "ae895c5e2a19de95",
        "315f5d749307a81c",
        "343ccc1ae23c8d5a",
        "ab7c8fa35c23c3d8",
        "9695cef8fd4b6ad2",
        "d929abef210d8c0d",
        "697c963695fbe0c3",
        "3a1cff0582c01c80",
        "c162e6352e3c7484",
        "65ceb23b4f5df19c",
        "8c1146f848530f8d",
        "459fb7da7bdf68ff",
        "425d6970d21ad150",
    ],
);

/// A run's messages, with their headers.
fn digest(setting: Setting) -> String {
    let (lanes, width) = setting.size;
    let program = everything(setting, lanes, width);
    let inputs = data(lanes, width, 40);
    let mut t = Transcript::new("smpcc/golden");
    for recording in &repeatable(&program, &inputs) {
        for to in PartyId::all(setting.n as usize) {
            let frames = recording.sent_to(to);
            let data: Vec<_> = frames.iter().filter(|frame| frame.is_data).collect();
            t.list(data.len());
            for frame in data {
                t.bytes(&frame.bytes);
            }
        }
    }
    t.finish().to_string()["sha256:".len()..][..16].to_owned()
}

#[test]
fn what_is_sent_changes_with_the_version_only() {
    let few = || SETTINGS.into_iter().filter(|setting| setting.n <= 5);
    let digests: Vec<String> = few().map(digest).collect();
    assert!(
        GOLDEN.0 == PROTOCOL_VERSION && GOLDEN.1 == digests,
        "what parties send has changed since version {}: if that version was released, raise `session::PROTOCOL_VERSION`; then the digests here are {digests:?}",
        GOLDEN.0
    );
}
