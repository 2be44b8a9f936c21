//! Networks that were found before, per thread: a program has few kinds of adders and many of each.
//!
//! A network is a function of its profile, so remembering one changes the time that the compiler takes and nothing else.

use super::{Profile, tables};
use crate::mix::Mix;
use smpcc_circuit::template::Template;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// So many networks are kept before all are forgotten; one has a few kilobytes.
const MOST: usize = 1 << 12;

thread_local! {
    static KNOWN: RefCell<HashMap<Profile, Option<Rc<Template>>, Mix>> = RefCell::default();
}

/// [`tables::solve`], or what it said about this profile before.
pub(super) fn network(profile: Profile) -> Option<Rc<Template>> {
    KNOWN.with_borrow_mut(|known| {
        if let Some(network) = known.get(&profile) {
            return network.clone();
        }
        if known.len() >= MOST {
            known.clear();
        }
        let network = tables::solve(&profile).map(Rc::new);
        known.insert(profile, network.clone());
        network
    })
}
