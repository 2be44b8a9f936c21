//! Counts of what the protocols hand to the transport: payload bytes and messages per link, from the agreement on.
//!
//! Headers, heartbeats, the agreement and TLS are left out, so that the counts equal those that the plan predicts.

use crate::party::PartyId;

/// The traffic of one link as one party sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkTraffic {
    /// Payload bytes handed to the transport.
    pub bytes_sent: u64,
    /// Payload bytes taken from the transport.
    pub bytes_received: u64,
    /// Messages handed to the transport.
    pub messages_sent: u64,
    /// Messages taken from the transport.
    pub messages_received: u64,
}

/// The traffic of one party with each other one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficReport {
    links: Vec<LinkTraffic>,
}

impl TrafficReport {
    pub(crate) fn new(n_parties: usize) -> Self {
        Self {
            links: vec![LinkTraffic::default(); n_parties],
        }
    }

    pub(crate) fn sent(&mut self, to: PartyId, len: usize) {
        if let Some(link) = self.links.get_mut(to.index()) {
            link.bytes_sent += len as u64;
            link.messages_sent += 1;
        }
    }

    pub(crate) fn received(&mut self, from: PartyId, len: usize) {
        if let Some(link) = self.links.get_mut(from.index()) {
            link.bytes_received += len as u64;
            link.messages_received += 1;
        }
    }

    /// The traffic with one party; nothing with oneself.
    pub fn link(&self, with: PartyId) -> LinkTraffic {
        self.links.get(with.index()).copied().unwrap_or_default()
    }

    /// Payload bytes sent to all parties.
    pub fn bytes_sent(&self) -> u64 {
        self.links.iter().map(|link| link.bytes_sent).sum()
    }

    /// Payload bytes received from all parties.
    pub fn bytes_received(&self) -> u64 {
        self.links.iter().map(|link| link.bytes_received).sum()
    }
}
