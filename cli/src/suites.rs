//! Which family of protocols a run uses, and what it protects against: for messages and reports in plain words.
//!
//! What there is comes from [`Suite`] alone, so that a refusal always names what is really there.

use crate::exit::{Failure, Outcome};
use smpcc_circuit::program::{MAX_PARTIES, Suite, Threat};

/// Whom a run trusts with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The family of protocols.
    pub suite: Suite,
    /// What corrupt parties may do.
    pub threat: Threat,
    /// How many of them may be corrupt together.
    pub threshold: u32,
}

/// The suite for what is asked, `auto` being the usual one for the number of parties, or with a threshold the first that
/// stands it.
pub fn choose(suite: &str, threat: &str, threshold: Option<u32>, n_parties: u32) -> Outcome<Trust> {
    let refuse = |what: String| Err(Failure::usage(format!("{what}; {}", there(n_parties))));
    let Some(threat) = Threat::named(threat) else {
        return refuse(format!(
            "no suite protects against {} parties",
            threat.escape_debug()
        ));
    };
    let against = threat.name();
    let Some(usual) = Suite::usual(n_parties, threat) else {
        return refuse(match Suite::usual(n_parties, Threat::SemiHonest) {
            None => format!("no suite runs among {n_parties} parties"),
            Some(_) => {
                format!("no suite protects against {against} parties among {n_parties}")
            }
        });
    };
    let fits = |s: &Suite| threshold.is_none_or(|t| s.thresholds(n_parties).contains(&t));
    let serves = |s: &Suite| s.parties().contains(&n_parties) && s.stands(threat);
    let found = if suite == "auto" {
        let all = [usual].into_iter().chain(Suite::ALL);
        let Some(found) = all.filter(serves).find(fits) else {
            return refuse(format!(
                "no suite stands {} corrupt parties among {n_parties}",
                threshold.unwrap_or(0)
            ));
        };
        found
    } else {
        let Some(found) = Suite::named(suite) else {
            return refuse(format!("there is no suite `{}`", suite.escape_debug()));
        };
        if !found.stands(threat) {
            return refuse(format!(
                "`{suite}` does not protect against {against} parties"
            ));
        }
        if !serves(&found) {
            return refuse(format!(
                "`{suite}` does not run among {n_parties} parties but {}",
                parties(found)
            ));
        }
        if !fits(&found) {
            return refuse(format!(
                "`{suite}` does not stand {} corrupt parties among {n_parties} but {}",
                threshold.unwrap_or(0),
                range(
                    *found.thresholds(n_parties).start(),
                    *found.thresholds(n_parties).end()
                )
            ));
        }
        found
    };
    Ok(Trust {
        suite: found,
        threat,
        threshold: threshold.unwrap_or(*found.thresholds(n_parties).end()),
    })
}

/// What there is among so many parties, or at all.
fn there(n_parties: u32) -> String {
    let serves = |s: &Suite| s.parties().contains(&n_parties);
    let here = Suite::ALL.iter().any(serves);
    let one = |s: Suite| match here {
        true => {
            let stands = s.thresholds(n_parties);
            let corrupt = range(*stands.start(), *stands.end());
            format!("`{}` ({corrupt} corrupt)", s.name())
        }
        false => format!("`{}` ({})", s.name(), parties(s)),
    };
    let against: Vec<String> = Threat::ALL
        .into_iter()
        .filter_map(|threat| {
            let all = Suite::ALL.into_iter();
            let all = all.filter(|s| s.stands(threat) && (!here || serves(s)));
            let all: Vec<String> = all.map(one).collect();
            (!all.is_empty()).then(|| format!("{} {}", threat.name(), all.join(", ")))
        })
        .collect();
    let among = match here {
        true => format!("among {n_parties} parties "),
        false => String::new(),
    };
    format!("{among}there is: {}", against.join("; "))
}

fn parties(suite: Suite) -> String {
    let (least, most) = (*suite.parties().start(), *suite.parties().end());
    if most == MAX_PARTIES || least != most {
        format!("{least} to {most} parties")
    } else {
        format!("{least} parties")
    }
}

fn range(least: u32, most: u32) -> String {
    if least == most {
        least.to_string()
    } else {
        format!("{least} to {most}")
    }
}

/// What a run protects against, in one plain line.
pub fn protection(suite: &str, threat: &str, n_parties: usize, threshold: u32) -> String {
    let deviates = Threat::named(threat).is_some_and(Threat::deviates);
    let (who, their) = match threshold {
        1 => ("none of them alone".to_owned(), "its"),
        _ => (format!("no {threshold} of them together"), "their"),
    };
    let learn = if threshold == 1 { "learns" } else { "learn" };
    let secrecy = format!("{who} {learn} anything beyond {their} own inputs and results");
    let how = match deviates {
        false => format!("as long as all follow the protocol ({threat})"),
        true => format!(
            "or makes others take wrong results, whatever it sends; it can make the run stop, and keep results from others that it has seen ({threat}, with abort)"
        ),
    };
    format!("protected by {suite} among {n_parties} parties: {secrecy}, {how}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_parties_has_a_usual_suite() {
        for (n, suite, threshold) in [
            (2, Suite::TwoParty, 1),
            (3, Suite::Rep3, 1),
            (4, Suite::Bgw, 1),
            (5, Suite::Bgw, 2),
            (7, Suite::Bgw, 3),
            (16, Suite::Bgw, 7),
        ] {
            let found = choose("auto", "semi-honest", None, n).ok();
            let wanted = Trust {
                suite,
                threat: Threat::SemiHonest,
                threshold,
            };
            assert_eq!(found, Some(wanted));
        }
    }

    #[test]
    fn two_and_three_parties_stand_a_malicious_one() {
        for (n, suite) in [(2, Suite::TwoParty), (3, Suite::Rep3)] {
            let found = choose("auto", "malicious", None, n).ok();
            let wanted = Trust {
                suite,
                threat: Threat::Malicious,
                threshold: 1,
            };
            assert_eq!(found, Some(wanted));
        }
        let line = protection("rep3", "malicious", 3, 1);
        assert!(line.contains("whatever it sends") && line.contains("abort"));
    }

    #[test]
    fn four_parties_stand_a_malicious_one() {
        let found = choose("auto", "malicious", None, 4).ok();
        let suite = Suite::Rep4;
        let wanted = Trust {
            suite,
            threat: Threat::Malicious,
            threshold: 1,
        };
        assert_eq!(found, Some(wanted));
        let asked = choose("rep4", "semi-honest", None, 4).ok();
        let threat = Threat::SemiHonest;
        assert_eq!(asked, Some(Trust { threat, ..wanted }));
    }

    #[test]
    fn a_threshold_alone_chooses_who_stands_it() {
        let suite = |t, n| {
            choose("auto", "semi-honest", Some(t), n)
                .map(|t| t.suite)
                .ok()
        };
        assert_eq!(suite(3, 4), Some(Suite::Gmw));
        assert_eq!(suite(1, 7), Some(Suite::Bgw));
        assert_eq!(suite(2, 4), None);
        assert_eq!(suite(0, 3), None);
    }

    #[test]
    fn refusals_name_what_there_is() {
        let message = |suite, threat, t, n| choose(suite, threat, t, n).map_err(|f| f.message);
        for (wrong, parts) in [
            (
                message("rep3", "semi-honest", None, 4),
                ["`rep3` does not run", "`bgw` (1 corrupt)"],
            ),
            (
                message("bgw", "semi-honest", Some(3), 5),
                ["but 1 to 2", "`gmw` (4 corrupt)"],
            ),
            (
                message("auto", "malicious", None, 5),
                ["malicious parties among 5", "`bgw` (1 to 2 corrupt)"],
            ),
            (
                message("bgw", "malicious", None, 3),
                ["`bgw` does not protect", "malicious `rep3` (1 corrupt)"],
            ),
            (
                message("auto", "covert", None, 3),
                ["covert", "semi-honest `rep3` (1 corrupt)"],
            ),
            (
                message("auto", "semi-honest", None, 1),
                ["among 1", "`gmw` (2 to 16 parties)"],
            ),
            (
                message("auto", "semi-honest", None, 17),
                ["among 17", "`bgw` (3 to 16 parties)"],
            ),
            (
                message("shamir", "semi-honest", None, 3),
                ["`shamir`", "`bgw` (1 corrupt)"],
            ),
        ] {
            let message = wrong.expect_err("refused");
            assert!(parts.iter().all(|p| message.contains(p)), "{message}");
        }
    }
}
