//! Who contributes as what: several roles in one study, and the page that each of them fills in.

use crate::later;
use crate::site::{self, Site};
use smpcc_node::steward::Phase;
use smpcc_node::store::State;
use smpcc_study::contribution;
use smpcc_study::id::ContributionId;
use smpcc_study::signature::SigningKey;
use smpcc_study::study::Time;

/// Who contributes as what follows from the key: each role has values, numbers and a page of its own.
#[test]
fn several_roles_contribute() {
    let clinic = |key: &SigningKey| {
        format!(
            "[[contributors]]\nrole = \"registry\"\nleast = 1\nmost = 1\nkeys = [\"{}\"]\n\n\
             [[contributors.input]]\nname = \"dead\"\ntype = \"[u32; _]\"\nlabel = \"Who died\"\n\n",
            key.public()
        )
    };
    let site = Site::with_more(4, later(), &["a", "b", "c"], "rep3", "u32", clinic);
    let nodes = site.start_all();
    let study = site.study.id();
    let registry = &site.people[3];
    let of_registry = |whose: &str| site.dealt_as(whose, "dead", "[u32; _]", &[vec![5, 7]]);
    let send = |key: &SigningKey, (id, dealt): &(ContributionId, Vec<_>)| -> Vec<u16> {
        let bodies = site.signed(key, dealt);
        (0..3)
            .map(|node| site.send(node, id, &bodies).status)
            .collect()
    };
    for person in 0..2 {
        assert_eq!(
            send(&site.people[person], &site.dealt(1000)),
            [200, 200, 200]
        );
    }
    // Nobody gives what another role gives, or as another role.
    assert_eq!(send(&site.people[2], &of_registry("registry")), [400; 3]);
    assert_eq!(send(&site.people[2], &of_registry("person")), [400; 3]);
    assert_eq!(send(registry, &site.dealt(1000)), [400; 3]);
    let late = Time(site.study.terms().window.1.0 + 1);
    let status = |node: usize| {
        let json = site.ask(node, "GET", "/v1/studies/STUDY", b"").text();
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON")["roles"].clone()
    };
    assert_eq!(send(registry, &of_registry("registry")), [200; 3]);
    assert_eq!(
        status(1),
        serde_json::json!([
            {"role": "person", "contributions": 2, "members": 0},
            {"role": "registry", "contributions": 1, "members": 0}
        ])
    );
    // Each role has a page; that of the study leads to them.
    let page = |path: &str| site.ask(0, "GET", &format!("/v1/studies/STUDY/{path}"), b"");
    let links = page("form").text();
    for role in ["person", "registry"] {
        assert!(links.contains(&format!("href=\"form/{role}\"")), "{links}");
        let html = page(&format!("form/{role}"));
        let hash = smpcc_runtime::hash::sha256(&html.body).to_string();
        let told = page(&format!("form/{role}/sha256")).text();
        assert!(told.starts_with(&hash["sha256:".len()..]), "{told} {hash}");
        assert_eq!(html.text().contains("Who died</label>"), role == "registry");
    }
    assert_eq!(page("form/nobody").status, 404);
    // A registry that withdraws leaves too few, however many others there are.
    let path = |id: &ContributionId| format!("/v1/studies/STUDY/contributions/{id}/withdrawal");
    let id = nodes[0]
        .office
        .ask_here(move |_, change| change.contributions(&study, State::Stored))
        .expect("rows")
        .into_iter()
        .find(|row| row.key == registry.public())
        .expect("a row")
        .id;
    let text = contribution::withdrawal(&study, &id, registry);
    for node in 0..3 {
        assert_eq!(
            site.ask(node, "POST", &path(&id), text.as_bytes()).status,
            200
        );
    }
    for _ in 0..3 {
        for node in &nodes {
            node.look(&study, late).expect("looked");
        }
    }
    for node in &nodes {
        assert_eq!(
            node.look(&study, late),
            Ok(Phase::TooFew("registry".into(), 0))
        );
    }
    nodes.into_iter().for_each(site::Running::stop);
}

/// What the page's script fills in makes the header of a share file, byte for byte; how it deals and seals is tried in a browser
/// (`tests/form.sh`).
#[test]
fn the_page_is_one_file_that_makes_share_files() {
    for (names, suite) in [
        (&["a", "b", "c"][..], "rep3"),
        (&["a", "b", "c", "d"], "rep4"),
        (&["a", "b", "c", "d", "e"], "bgw"),
    ] {
        page_of(&Site::of(1, later(), names, suite), "u32", &[vec![5]]);
    }
    // Rows of several columns, as many as somebody gives.
    let ty = "[Row { age: u8 in 0..=120, at: [(bool, Option<i4>); 2], ward: enum Ward { North, South } }; _]";
    let site = Site::typed(1, later(), &["a", "b", "c"], "rep3", ty);
    let words = [3, 6, 6, 6, 3].map(|lanes| vec![1; lanes]);
    page_of(&site, ty, &words);
}

fn page_of(site: &Site, ty: &str, words: &[Vec<u128>]) {
    let page = smpcc_node::form::of_study(&site.study).expect("a page");
    let json = page
        .html
        .split("id=\"study\">")
        .nth(1)
        .and_then(|rest| rest.split("</script>").next());
    let json: serde_json::Value = serde_json::from_str(json.expect("data")).expect("JSON");
    let (id, dealt) = site.dealt_words(ty, words);
    let rows = words[0].len() as u64;
    let place = |name: &str| json["at"][name].as_u64().expect("a place") as usize;
    let nodes = json["nodes"].as_array().expect("nodes");
    for (node, of_node) in nodes.iter().zip(&dealt) {
        let digits = node["header"].as_str().expect("a header");
        let pairs = (0..digits.len()).step_by(2);
        let mut bytes: Vec<u8> = pairs
            .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).expect("hex"))
            .collect();
        bytes[place("id")..][..16].copy_from_slice(&id.0);
        bytes[place("made")..][..8].copy_from_slice(&of_node.header.made.to_be_bytes());
        for (i, commitment) in of_node.header.manifest.iter().enumerate() {
            bytes[place("manifest") + 32 * i..][..32].copy_from_slice(&commitment.0);
        }
        for length in json["inputs"][0]["lengths"].as_array().expect("lengths") {
            let (at, times) = (length["at"].as_u64(), length["times"].as_u64());
            let lanes = times.expect("a factor") * rows;
            bytes[at.expect("a place") as usize..][..8].copy_from_slice(&lanes.to_be_bytes());
        }
        assert!(bytes == of_node.header.to_bytes());
    }
    assert!(!page.html.contains("src=") && !page.html.contains("http://"));
    let addresses = site
        .study
        .terms()
        .nodes
        .iter()
        .map(|n| format!("https://{}", n.address));
    let connect = page.policy.split("connect-src ").nth(1).expect("a policy");
    assert_eq!(
        connect.split(' ').collect::<Vec<_>>(),
        addresses.collect::<Vec<_>>()
    );
    let node = site.start("a");
    let told = site
        .ask(0, "GET", "/v1/studies/STUDY/form.sha256", b"")
        .text();
    let hash = smpcc_runtime::hash::sha256(&site.ask(0, "GET", "/v1/studies/STUDY/form", b"").body)
        .to_string();
    assert!(told.starts_with(&hash["sha256:".len()..]), "{told} {hash}");
    node.stop();
}
