//! The keys of three parties each, once before all else.
//!
//! - **Functionality**: for each party a key that all others know and it does not.
//! - **Adversary**: one of four parties, semi-honest or malicious, with abort.
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 3.2, where keys are given.
//! - **Assumptions**: SHA-256 is a random oracle; links are private and authenticated.
//! - **Cost**: one round, 96 bytes from each party; against a malicious one another round and 192 bytes.
//! - **Departures from the paper**: ours: each holder tells the two others a seed, and the key follows from all three. Each two holders compare a hash
//!   that follows from the seeds by another way than the key.
//! - **Leakage and failure**: a corrupt holder may know the key before the others and choose it within limits: it hides nothing from a holder. Who
//!   tells two parties different seeds makes them stop.

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::{Adversary, N, Rep4, component_of, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::{Digest, Transcript, derive};
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::{Machine, Outcome, Step, Stepped};

/// Bytes of what a holder adds to a key, and of the hash that is compared.
const SEED: usize = 16;
const CHECK: usize = 32;

/// By component and party.
type Seeds = [[Zeroizing<[u8; SEED]>; N]; N];

/// Where the setup stands.
enum Setup {
    Begins,
    /// Own seeds have been sent, and stand where they belong.
    Seeds(Box<Seeds>),
    /// Hashes have been sent; those that are to come, by part.
    Hashes([Zeroizing<[u8; CHECK]>; 3]),
}

/// Makes this party's keys.
pub(super) fn machine<T: Adversary + Send + Sync + 'static>() -> Box<dyn Machine<Rep4<T>>> {
    Box::new(Setup::Begins)
}

/// The two other holders of a component that a party holds.
fn others(me: usize, component: usize) -> impl Iterator<Item = usize> {
    (0..N).filter(move |&p| p != me && p != component)
}

/// All components that a party holds, in the order of its parts.
fn components(me: usize) -> impl Iterator<Item = usize> {
    (0..3).map(move |part| component_of(me, part))
}

/// In the order of components, so that both ends of a link agree on it.
fn in_order(me: usize) -> impl Iterator<Item = usize> {
    (0..N).filter(move |&c| c != me)
}

fn done<T: Adversary + Send + Sync + 'static>(rounds: u32) -> Stepped<Rep4<T>> {
    Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(rounds))
}

impl Setup {
    fn begin<T: Adversary>(suite: &Rep4<T>, wire: &mut Exchange<'_>) -> Result<Box<Seeds>, Error> {
        let mut seeds = Box::<Seeds>::default();
        for component in in_order(suite.me) {
            let own = OsEntropy.bytes::<SEED>()?;
            for other in others(suite.me, component) {
                wire.send(party(other), |out| out.extend_from_slice(&own[..]))?;
                wire.expect(party(other), SEED)?;
            }
            seeds[component][suite.me] = own;
        }
        Ok(seeds)
    }

    /// Takes the others' seeds and makes keys; what is compared, by part.
    fn keys<T: Adversary>(
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
        seeds: &mut Seeds,
    ) -> Result<[Zeroizing<[u8; CHECK]>; 3], Error> {
        let me = suite.me;
        for component in in_order(me) {
            for other in others(me, component) {
                let bytes = wire.take(party(other), SEED)?;
                let seed = &mut seeds[component][other];
                seed.iter_mut().zip(bytes).for_each(|(to, b)| *to = *b);
            }
        }
        let mut checks: [Zeroizing<[u8; CHECK]>; 3] = Default::default();
        suite.keys.clear();
        for (component, check) in components(me).zip(&mut checks) {
            let mut t = Transcript::new("smpcc/rep4/seeds");
            t.bytes(&suite.session.0).number(component as u64);
            for holder in (0..N).filter(|&p| p != component) {
                t.bytes(&seeds[component][holder][..]);
            }
            let Digest(mut secret) = t.finish();
            let of = |what| derive(&secret, Transcript::new(what));
            let mut key = [0; 16];
            key.iter_mut()
                .zip(of("smpcc/rep4/key").iter())
                .for_each(|(to, b)| *to = *b);
            *check = of("smpcc/rep4/check");
            suite.keys.push(Prg::once(&PrgKey::from_bytes(key)));
            zeroize::Zeroize::zeroize(&mut secret);
            zeroize::Zeroize::zeroize(&mut key);
        }
        Ok(checks)
    }
}

impl<T: Adversary + Send + Sync + 'static> Machine<Rep4<T>> for Setup {
    fn step(
        &mut self,
        suite: &mut Rep4<T>,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Rep4<T>>, Error> {
        let me = suite.me;
        match self {
            Self::Begins => *self = Self::Seeds(Self::begin(suite, wire)?),
            Self::Seeds(seeds) => {
                let checks = Self::keys(suite, wire, seeds)?;
                if !T::DEVIATES {
                    return Ok(done::<T>(1));
                }
                for component in in_order(me) {
                    let part = components(me).position(|c| c == component);
                    let check = part.and_then(|part| checks.get(part));
                    let check = check.ok_or_else(|| Error::bug("a key is missing"))?;
                    for other in others(me, component) {
                        wire.send(party(other), |out| out.extend_from_slice(&check[..]))?;
                        wire.expect(party(other), CHECK)?;
                    }
                }
                *self = Self::Hashes(checks);
            }
            Self::Hashes(checks) => {
                for component in in_order(me) {
                    let part = components(me).position(|c| c == component);
                    let check = part.and_then(|part| checks.get(part));
                    for other in others(me, component) {
                        let said = wire.take(party(other), CHECK)?;
                        if check.is_none_or(|check| check[..] != *said) {
                            let third = others(me, component).find(|&p| p != other);
                            return Err(Error::cheating(
                                [party(other), party(third.unwrap_or(other))],
                                "they do not say the same of a key that they have in common",
                            ));
                        }
                    }
                }
                return Ok(done::<T>(2));
            }
        }
        Ok(Step::Waiting)
    }
}
