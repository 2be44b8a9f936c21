//! What garbling suites have in common that is not seen from outside.

use super::garbled::seat::Garbling;
use crate::block::Label;
use crate::net::{Options, memory};
use crate::party::PartyId;
use crate::session::Session;

/// Where the numbers of half gates start is fresh in each session, the same at all parties, and not the same for different suites.
#[test]
fn garbling_starts_elsewhere_in_each_session() {
    let start = |session: [u8; 32], domain: &str| {
        let starts = memory::meshes(2, &Options::default()).unwrap().into_iter();
        let starts: Vec<Label> = starts
            .map(|mesh| {
                let session = Session::local(mesh, session);
                let delta = (session.me().index() == 0).then_some(Label(1));
                let ends = [0, 1].map(PartyId::new);
                Garbling::new(&session, domain, delta, ends).map(|g| g.start())
            })
            .map(|start| start.unwrap_or_else(|e| panic!("{e}")))
            .collect();
        assert!(starts[0] == starts[1]);
        starts[0]
    };
    let known = start([7; 32], "a");
    assert!(known == start([7; 32], "a"));
    assert!(known != start([8; 32], "a"));
    assert!(known != start([7; 32], "b"));
}
