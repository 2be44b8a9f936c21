//! Runs that lose nodes: who goes on without whom, and when a run is over. What computes is a script here that ends as it is told.

use crate::later;
use crate::site::{Running, Site};
use smpcc_node::steward::Phase;
use smpcc_study::document::Document;
use smpcc_study::signature::Purpose;
use smpcc_study::study::Time;
use std::os::unix::fs::PermissionsExt;

const NODES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Notes its options, and ends with the status that stands in a file; what ended well leaves a report.
const SCRIPT: &str = "#!/bin/sh
echo \"$@\" >> \"$0.said\"
read -r code < \"$0.exit\"
for last; do :; done
case \"$*\" in *--report*) if [ \"$code\" = 0 ]; then echo done > \"$last\"; fi;; esac
exit \"$code\"
";

/// Five nodes under `bgw` of which two may be lost, with two contributions that all have agreed on and a command to run.
struct Trial {
    site: Site,
    nodes: Vec<Option<Running>>,
    now: u64,
}

impl Trial {
    fn new() -> Self {
        let site = Site::of(2, later(), &NODES, "bgw");
        let nodes = site.start_all();
        for person in 0..2 {
            let (id, bodies) = site.contribution(person, 5);
            (0..5).for_each(|node| assert_eq!(site.send(node, &id, &bodies).status, 200));
        }
        let mut trial = Self {
            now: site.study.terms().window.1.0 + 1,
            nodes: nodes.into_iter().map(Some).collect(),
            site,
        };
        assert!(trial.look().iter().all(|p| *p == Some(Phase::Agreed(2))));
        let study = trial.site.study.id();
        for name in NODES {
            let script = trial.site.at(&format!("smpcc-{name}"));
            std::fs::write(&script, SCRIPT).expect("written");
            std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).expect("set");
            let run = trial.site.at(&format!("data-{name}/studies/{study}/run"));
            std::fs::write(run, "").expect("written");
        }
        trial
    }

    /// How runs end from now on.
    fn end(&self, codes: [i32; 5]) {
        for (name, code) in NODES.iter().zip(codes) {
            let file = self.site.at(&format!("smpcc-{name}.exit"));
            std::fs::write(file, format!("{code}\n")).expect("written");
        }
    }

    /// Lets all nodes that are there look at the study as often as it takes until nothing changes.
    fn look(&mut self) -> Vec<Option<Phase>> {
        let study = self.site.study.id();
        let mut last = Vec::new();
        for _ in 0..12 {
            let looked = |node: &Option<Running>| {
                node.as_ref()
                    .map(|node| node.look(&study, Time(self.now)).expect("looked"))
            };
            let now: Vec<Option<Phase>> = self.nodes.iter().map(looked).collect();
            if now == last {
                break;
            }
            last = now;
        }
        last
    }

    fn stop(&mut self, node: usize) {
        if let Some(running) = self.nodes[node].take() {
            running.stop();
        }
    }

    /// The options of the runs that a node began.
    fn said(&self, node: usize) -> String {
        let file = self.site.at(&format!("smpcc-{}.said", NODES[node]));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// Numbers and endings of a node's runs.
    fn runs(&self, node: usize) -> Vec<(u32, Option<i32>)> {
        let study = self.site.study.id();
        let office = &self.nodes[node].as_ref().expect("there").office;
        let runs = office.ask_here(move |_, change| change.runs(&study));
        let ending = |run: smpcc_node::store::RunRow| (run.number, run.ended.map(|e| e.1));
        runs.expect("runs").into_iter().map(ending).collect()
    }

    /// What a node says to a receiver who asks for the result of a run.
    fn result(&self, node: usize, run: u32) -> String {
        let request = Document::new(Purpose::Request)
            .with("study", self.site.study.id())
            .with("receiver", "institute")
            .with("to", NODES[node])
            .with("run", run)
            .sign(&self.site.analyst.0);
        let path = "/v1/studies/STUDY/results";
        self.site.ask(node, "POST", path, request.as_bytes()).text()
    }

    fn over(mut self) {
        (0..5).for_each(|node| self.stop(node));
    }
}

#[test]
fn nodes_go_on_without_those_that_are_lost() {
    let mut trial = Trial::new();
    // All run once and lose somebody, whom nobody has missed yet. The command is there for later runs too.
    trial.end([4; 5]);
    let study = trial.site.study.id();
    for _ in 0..2 {
        for node in trial.nodes.iter().flatten() {
            node.look(&study, Time(trial.now)).expect("looked");
        }
    }
    assert!((0..4).all(|node| trial.runs(node)[0] == (1, Some(4))));
    trial.stop(3);
    trial.stop(4);
    trial.end([0; 5]);
    let phases = trial.look();
    for node in 0..3 {
        assert_eq!(phases[node], Some(Phase::Done(1)), "{phases:?}");
        let said = trial.said(node);
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("--attempt 2 --without d,e"), "{said}");
        assert!(!trial.result(node, 2).contains("ask again"));
    }
    let log = std::fs::read_to_string(trial.site.at("data-b/audit.log")).expect("a log");
    assert!(log.contains(" 2 a,b,c "), "{log}");
    // One that comes back finds that it was done without it.
    trial.nodes[3] = Some(trial.site.start("d"));
    assert_eq!(trial.look()[3], Some(Phase::Without(2)));
    trial.over();
}

#[test]
fn who_does_not_sign_in_time_is_left_out() {
    let mut trial = Trial::new();
    trial.end([0; 5]);
    trial.stop(4);
    assert_eq!(trial.look()[0], Some(Phase::Waiting(vec!["e".into()])));
    trial.now += 120;
    let phases = trial.look();
    assert!(
        phases[..4].iter().all(|p| *p == Some(Phase::Done(1))),
        "{phases:?}"
    );
    assert_eq!(trial.runs(2), [(1, Some(4)), (2, Some(0))]);
    assert!(trial.said(2).contains("--attempt 1 --without e"));
    // Three of five are enough, two are not.
    trial.over();
}

#[test]
fn two_of_five_do_not_run() {
    let mut trial = Trial::new();
    trial.end([0; 5]);
    (2..5).for_each(|node| trial.stop(node));
    let waiting = Some(Phase::Waiting(["c", "d", "e"].map(String::from).into()));
    assert_eq!(trial.look()[..2], [waiting.clone(), waiting]);
    trial.now += 120;
    let phases = trial.look();
    assert!(matches!(&phases[0], Some(Phase::Waiting(_))), "{phases:?}");
    assert!((0..2).all(|node| trial.said(node).is_empty()));
    trial.over();
}

/// A run that ended well at too few nodes is run again with them; what they kept is deleted, and was not handed out.
#[test]
fn a_result_that_too_few_have_kept_is_made_again() {
    let mut trial = Trial::new();
    trial.end([0, 0, 4, 4, 4]);
    let study = trial.site.study.id();
    let now = Time(trial.now);
    let look = |trial: &Trial, node: usize| {
        let node = trial.nodes[node].as_ref().expect("there");
        node.look(&study, now).expect("looked")
    };
    (0..5).for_each(|node| drop(look(&trial, node)));
    for node in 0..5 {
        while trial.runs(node)[0].1.is_none() {
            look(&trial, node);
        }
    }
    assert!(trial.result(0, 1).contains("ask again"));
    trial.end([0; 5]);
    let phases = trial.look();
    assert!(
        phases.iter().all(|p| *p == Some(Phase::Done(1))),
        "{phases:?}"
    );
    for node in 0..5 {
        assert_eq!(trial.runs(node), [(1, Some(4)), (2, Some(0))]);
        let said = trial.said(node);
        assert!(
            !said.contains("--without") && said.contains("--attempt 2"),
            "{said}"
        );
    }
    assert!(trial.result(0, 1).contains("no run 1"));
    trial.over();
}

/// One that ended well at enough nodes is over for those, too, that were cut off before its end.
#[test]
fn a_result_that_enough_have_kept_is_not_made_again() {
    let mut trial = Trial::new();
    trial.end([0, 0, 0, 4, 4]);
    let phases = trial.look();
    assert!(
        phases.iter().all(|p| *p == Some(Phase::Done(1))),
        "{phases:?}"
    );
    assert_eq!(trial.runs(2), [(1, Some(0))]);
    assert_eq!(trial.runs(3), [(1, Some(-1))]);
    assert!((0..5).all(|node| trial.said(node).lines().count() <= 2));
    trial.over();
}
