//! What several tests share: settings, examples compiled in this process, and parties with links in memory.

use smpcc_circuit::cost::Costs;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Domain, Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::stats::{Link, milliseconds};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::diagnostic::Diagnostic;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline::{self, Compiled};
use smpcc_compiler::session::{
    LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice, Session,
};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{front, schema};
use smpcc_runtime::io::{Inputs, Secret};

/// Name, public arguments, length of open inputs.
pub type Example = (&'static str, &'static [(&'static str, &'static str)], u64);

/// All examples.
pub const EXAMPLES: [Example; 15] = [
    ("avg", &[], 0),
    ("auction", &[], 0),
    ("vote", &[], 0),
    ("hospital", &[("level", "6")], 5),
    ("histogram", &[], 4),
    ("intersection", &[], 4),
    ("dot", &[], 6),
    ("risk", &[], 0),
    ("score", &[("limit", "79")], 3),
    ("millionaires", &[], 0),
    ("fraud", &[], 5),
    ("runoff", &[], 4),
    ("payments", &[], 6),
    ("salaries", &[], 5),
    ("noisy", &[], 3),
];

/// Who computes, and who of them may be corrupt together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The family of protocols.
    pub suite: Suite,
    /// Number of parties.
    pub n_parties: u32,
    /// How many may be corrupt.
    pub threshold: u32,
    /// What these may do.
    pub threat: Threat,
}

/// Three parties and replicated shares.
pub const REP3: Setting = setting(Suite::Rep3, 3, 1);

/// A suite among so many parties, so many of them corrupt.
pub const fn setting(suite: Suite, n_parties: u32, threshold: u32) -> Setting {
    Setting {
        suite,
        n_parties,
        threshold,
        threat: Threat::SemiHonest,
    }
}

/// The same where a corrupt party may send what it likes.
const fn malicious(setting: Setting) -> Setting {
    Setting {
        threat: Threat::Malicious,
        ..setting
    }
}

/// Two parties and bits with MACs.
pub const AUTHENTICATED: Setting = malicious(setting(Suite::TwoParty, 2, 1));

/// Every suite, at numbers of parties that make a difference to it.
pub const SETTINGS: [Setting; 16] = [
    setting(Suite::TwoParty, 2, 1),
    setting(Suite::Rep3, 3, 1),
    setting(Suite::Gmw, 2, 1),
    setting(Suite::Gmw, 3, 2),
    setting(Suite::Gmw, 5, 4),
    setting(Suite::Gmw, 16, 15),
    setting(Suite::Bgw, 3, 1),
    setting(Suite::Bgw, 4, 1),
    setting(Suite::Bgw, 5, 1),
    setting(Suite::Bgw, 5, 2),
    setting(Suite::Bgw, 7, 3),
    setting(Suite::Bgw, 16, 1),
    setting(Suite::Bgw, 16, 7),
    malicious(REP3),
    AUTHENTICATED,
    malicious(setting(Suite::Rep4, 4, 1)),
];

impl Setting {
    /// Whether a run takes so little that every example can have one: each pair of parties of `gmw` makes base transfers of
    /// its own, so there one domain stands for the others.
    pub fn is_affordable(self, protocol: ProtocolChoice) -> bool {
        self.n_parties <= 3 || protocol == ProtocolChoice::Auto
    }

    /// Domains that can be asked for, the compiler's choice first.
    pub fn protocols(self) -> Vec<ProtocolChoice> {
        let mut all = vec![ProtocolChoice::Auto, ProtocolChoice::Boolean];
        let offers = |domain| self.suite.offers(self.threat, domain);
        if offers(Domain::Arithmetic { ring: 64 }) {
            all.push(ProtocolChoice::Arithmetic);
        }
        if offers(Domain::Yao) {
            all.push(ProtocolChoice::Yao);
        }
        all
    }
}

/// What the compiler is asked for.
pub fn options(setting: Setting, protocol: ProtocolChoice, network: Network) -> Options {
    Options {
        suite: setting.suite,
        threat: setting.threat,
        threshold: setting.threshold,
        protocol,
        local: LocalChoice::Auto,
        objective: ObjectiveChoice::Auto,
        network,
        costs: Costs::SHIPPED,
        opt: 2,
    }
}

/// No forced domain may make a plan that is estimated to be faster than that of the compiler's choice. Whether there is an
/// estimate: there is none where revealed values steer.
pub fn expect_the_best(
    what: &str,
    setting: Setting,
    plan: impl Fn(&Options) -> Option<Verified>,
) -> bool {
    let mut estimated = false;
    for (network, link) in [(Network::LAN, Link::LAN), (Network::WAN, Link::WAN)] {
        let estimate = |protocol| {
            let program = plan(&options(setting, protocol, network))?;
            milliseconds(&program, link, &Costs::SHIPPED)
        };
        let Some(chosen) = estimate(ProtocolChoice::Auto) else {
            continue;
        };
        estimated = true;
        for protocol in setting.protocols() {
            let Some(forced) = estimate(protocol) else {
                continue;
            };
            assert!(
                chosen <= forced,
                "{setting:?} {link:?}: {chosen} ms, {forced} by {protocol:?}\n{what}"
            );
        }
    }
    estimated
}

/// A session of one party a role, without arguments and inputs of open length.
pub fn session(role_counts: &[u32]) -> Session {
    Session {
        n_parties: role_counts.iter().sum(),
        role_counts: role_counts.to_vec(),
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    }
}

/// A text with no error, beside other files.
pub fn checked(text: &str, files: &[(&str, &str)]) -> (SourceSet, Hir) {
    let mut sources = SourceSet::new();
    for (name, text) in files {
        sources.add(*name, *text);
    }
    let root = sources.add("program.smpc", text);
    let (hir, diagnostics) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| panic!("{text}: {diagnostics:?}"));
    (sources, hir)
}

/// The plan of a text for a session; what the session refuses are diagnostics.
pub fn compile_beside(
    files: &[(&str, &str)],
    text: &str,
    session: &Session,
    options: &Options,
) -> Result<Compiled, Vec<Diagnostic>> {
    let (sources, hir) = checked(text, files);
    pipeline::compile(&hir, &sources, "program", session, options, &mut |_, _| {})
}

/// The plan of a text that the session does not refuse.
pub fn compile(text: &str, session: &Session, options: &Options) -> Compiled {
    compile_beside(&[], text, session, options).unwrap_or_else(|d| panic!("{text}: {d:?}"))
}

/// An example checked, with a session; `None` where it is not for so many parties.
pub fn example((name, args, len): Example, n_parties: u32) -> Option<(SourceSet, Hir, Session)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(format!("{name}.smpc"));
    let mut sources = SourceSet::new();
    let text = std::fs::read_to_string(&path).expect("the example");
    for file in front::needed_circuits(&text) {
        let text = std::fs::read_to_string(path.with_file_name(&file)).expect("the circuit");
        sources.add(file, text);
    }
    let root = sources.add(format!("{name}.smpc"), text);
    let hir = front::check(&sources, root).0.expect("a program");
    let role_counts = schema::assign_roles(&hir, n_parties).ok()?;
    let mut lens = SortedMap::new();
    for param in schema::schema(&hir).params {
        for owner in param.owners(&role_counts) {
            for (_, key) in param.len_keys() {
                lens.insert((key, owner), len);
            }
        }
    }
    let args = args
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let session = Session {
        n_parties,
        role_counts,
        args,
        lens,
        seating: None,
    };
    Some((sources, hir, session))
}

/// The inputs of all leaves, by party.
pub fn by_party(program: &Verified, inputs: &[Vec<Word>]) -> Vec<Inputs> {
    let mut all: Vec<Inputs> = (0..program.n_parties).map(|_| Inputs::new()).collect();
    for ((id, leaf), words) in (0u32..).zip(&program.inputs).zip(inputs) {
        let words = words.iter().map(|w| leaf.scalar.wrap(*w));
        all[leaf.party as usize].insert(InputId(id), Secret::of(words));
    }
    all
}
