//! Errors of a run, sorted by whose fault they are.
//!
//! The fault decides the process's exit code and what the other parties are told, so it is part of the
//! error's type; the message is prose for a person. A message may name parties, addresses and files of
//! this machine and never holds a secret. What goes to other parties when a run stops is the [`Notice`],
//! which has no prose at all.

use crate::party::PartyId;

/// Why a run failed: whose fault it is, and a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    fault: Fault,
    message: String,
    reported_by: Option<PartyId>,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The `.smpc` program.
    Program,
    /// The invocation: options, inputs, configuration, or parties that were started differently.
    Usage,
    /// This machine: files, ports, entropy.
    Machine,
    /// The link between two parties; either end may be the cause.
    Network {
        /// The party that noticed.
        noticed_by: PartyId,
        /// The party at the other end.
        other: PartyId,
        /// What happened to the link.
        trouble: LinkTrouble,
    },
    /// A peer that did not keep to the protocol.
    Peer(PartyId),
    /// One of these did not keep to the protocol; which one, nobody can tell.
    Cheating([PartyId; 2]),
    /// A peer that stopped for a reason of its own.
    Stopped {
        /// The party that stopped.
        party: PartyId,
        /// The reason that it gave.
        reason: StopReason,
    },
    /// A bug in this implementation.
    Bug,
}

/// What happened to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkTrouble {
    /// No connection within the deadline.
    NotConnected,
    /// The connection closed before the run was over.
    Closed,
    /// Nothing was heard for the length of the deadline, or nothing that goes on for longer than patience lasts.
    Silent,
    /// What arrived is not what was sent: bytes were changed, lost, repeated or put in another order on the way.
    Altered,
}

/// Why a peer stopped, as far as others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// An error of the program.
    Program,
    /// Its invocation or inputs.
    Usage,
    /// Its machine.
    Machine,
    /// A bug.
    Bug,
    /// It did not say.
    Unknown,
}

/// What a stopping party tells the others: the class of the failure and the link or party concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The party at which the failure was first noticed.
    pub origin: PartyId,
    /// The failure.
    pub cause: Cause,
}

/// The failure in a [`Notice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The link between `origin` and this party failed.
    Link(PartyId, LinkTrouble),
    /// This party did not keep to the protocol.
    Peer(PartyId),
    /// One of these did not keep to the protocol.
    Cheating([PartyId; 2]),
    /// `origin` stopped for a reason of its own.
    Own(StopReason),
}

impl Error {
    fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            reported_by: None,
        }
    }

    /// The program is at fault.
    pub fn program(message: impl Into<String>) -> Self {
        Self::new(Fault::Program, message)
    }

    /// The invocation, an input or the configuration is at fault.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Fault::Usage, message)
    }

    /// This machine is at fault.
    pub fn machine(message: impl Into<String>) -> Self {
        Self::new(Fault::Machine, message)
    }

    /// The link between this party and another is at fault.
    pub fn network(
        noticed_by: PartyId,
        other: PartyId,
        trouble: LinkTrouble,
        message: impl Into<String>,
    ) -> Self {
        Self::new(
            Fault::Network {
                noticed_by,
                other,
                trouble,
            },
            message,
        )
    }

    /// A peer did not keep to the protocol.
    pub fn peer(party: PartyId, message: impl Into<String>) -> Self {
        Self::new(Fault::Peer(party), message)
    }

    /// One of two others did not keep to the protocol: what they say does not go together.
    pub fn cheating(among: [PartyId; 2], what: &str) -> Self {
        let [one, other] = among;
        let message = format!("{one} or {other} did not keep to the protocol: {what}");
        Self::new(Fault::Cheating(among), message)
    }

    /// We are at fault.
    pub fn bug(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Fault::Bug, format!("a bug in smpcc: {message}"))
    }

    /// The failure that another party reported; `label` is how messages call a party.
    pub fn reported(notice: Notice, label: impl Fn(PartyId) -> String) -> Self {
        let Notice { origin, cause } = notice;
        let who = label(origin);
        let (fault, message) = match cause {
            Cause::Link(other, trouble) => {
                let end = label(other);
                let what = match trouble {
                    LinkTrouble::NotConnected => format!("could not connect to {end}"),
                    LinkTrouble::Closed => format!("lost its connection to {end}"),
                    LinkTrouble::Silent => format!("heard nothing from {end} any more"),
                    LinkTrouble::Altered => {
                        format!("received what was changed on its way from {end}")
                    }
                };
                let fault = Fault::Network {
                    noticed_by: origin,
                    other,
                    trouble,
                };
                (fault, format!("{who} {what}, so the run stopped"))
            }
            Cause::Peer(party) => (
                Fault::Peer(party),
                format!(
                    "{who} found that {} did not keep to the protocol, so the run stopped",
                    label(party)
                ),
            ),
            Cause::Cheating([one, other]) => (
                Fault::Cheating([one, other]),
                format!(
                    "{who} found that {} or {} did not keep to the protocol, so the run stopped",
                    label(one),
                    label(other)
                ),
            ),
            Cause::Own(reason) => {
                let what = match reason {
                    StopReason::Program => "because of an error in the program",
                    StopReason::Usage => "because of how it was started or of its inputs",
                    StopReason::Machine => "because of a problem on its machine",
                    StopReason::Bug => "because of a bug in smpcc",
                    StopReason::Unknown => "without saying why",
                };
                let fault = Fault::Stopped {
                    party: origin,
                    reason,
                };
                (
                    fault,
                    format!("{who} stopped {what}; see what it reports there"),
                )
            }
        };
        Self {
            fault,
            message,
            reported_by: Some(origin),
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The party that told us, when the failure was first noticed elsewhere.
    pub fn reported_by(&self) -> Option<PartyId> {
        self.reported_by
    }

    /// The process's exit code for this failure.
    pub fn exit_code(&self) -> u8 {
        match self.fault {
            Fault::Program => 1,
            Fault::Usage | Fault::Machine => 2,
            Fault::Peer(_) | Fault::Cheating(_) | Fault::Stopped { .. } => 3,
            Fault::Network { .. } => 4,
            Fault::Bug => 101,
        }
    }

    /// What the other parties are told by `me`; a failure reported by another party is passed on as it came.
    pub fn notice(&self, me: PartyId) -> Notice {
        let origin = self.reported_by.unwrap_or(me);
        let cause = match self.fault {
            Fault::Program => Cause::Own(StopReason::Program),
            Fault::Usage => Cause::Own(StopReason::Usage),
            Fault::Machine => Cause::Own(StopReason::Machine),
            Fault::Bug => Cause::Own(StopReason::Bug),
            Fault::Network { other, trouble, .. } => Cause::Link(other, trouble),
            Fault::Peer(party) => Cause::Peer(party),
            Fault::Cheating(among) => Cause::Cheating(among),
            Fault::Stopped { reason, .. } => Cause::Own(reason),
        };
        Notice { origin, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_the_fault() {
        let (a, b) = (PartyId::new(0), PartyId::new(1));
        assert_eq!(Error::program("x").exit_code(), 1);
        assert_eq!(Error::usage("x").exit_code(), 2);
        assert_eq!(Error::machine("x").exit_code(), 2);
        assert_eq!(Error::peer(b, "x").exit_code(), 3);
        assert_eq!(Error::cheating([a, b], "x").exit_code(), 3);
        assert_eq!(
            Error::network(a, b, LinkTrouble::Closed, "x").exit_code(),
            4
        );
        assert_eq!(Error::bug("x").exit_code(), 101);
    }

    #[test]
    fn a_report_is_passed_on_unchanged() {
        let (a, b, c) = (PartyId::new(0), PartyId::new(1), PartyId::new(2));
        let first = Error::network(b, c, LinkTrouble::Silent, "x").notice(b);
        let second = Error::reported(first, |p| p.to_string());
        assert_eq!(second.exit_code(), 4);
        assert_eq!(second.reported_by(), Some(b));
        assert_eq!(second.notice(a), first);
        assert_eq!(
            second.to_string(),
            "party 1 heard nothing from party 2 any more, so the run stopped"
        );
        let own = Error::usage("no input").notice(b);
        assert_eq!(Error::reported(own, |p| p.to_string()).exit_code(), 3);
    }
}
