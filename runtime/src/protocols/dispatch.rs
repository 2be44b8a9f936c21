//! From the operations of a program to the protocols of a suite: the one place where an operation's operands and results are looked
//! at, and where what does not fit is refused.
//!
//! What a suite is asked for stands in [`Protocols`]. What is linear in a value (`sharing`), published inputs (`publish`) and calls on
//! labels (`garbled`) need no suite at all.

use smpcc_circuit::cost::Demand;
use smpcc_circuit::ids::OutputId;
use smpcc_circuit::program::{Domain, Node, Op, Program, ValueInfo};
use smpcc_circuit::value::Scalar;
use zeroize::Zeroizing;

use super::garbled::call;
use super::interface::{Change, Clear, Opening, Owned, Products, Protocols, Site};
use super::operands::{bits_of, in_ring, info, n_lanes, nth};
use super::publish::{self, Telling};
use super::sharing::{self, Held, Share, arithmetic, boolean, done};
use super::shuffle::Columns;
use super::stored;
use super::{Adversary, Batch, Begun, Check, Opened, Outcome, Preparation, Suite, Value};
use crate::bits::Bits;
use crate::error::Error;
use crate::io::Secret;
use crate::ring::Elements;

impl<P: Protocols> Suite for P {
    type Share = Share;
    /// Shares alone: nothing speaks for what they add up to.
    type Evidence = ();

    fn deviates(&self) -> bool {
        P::Threat::DEVIATES
    }

    fn waits(&self) -> bool {
        P::WAITS
    }

    fn cut(share: &Share, from: usize, lanes: usize) -> Share {
        sharing::cut(share, from, lanes)
    }

    fn put(whole: Option<Share>, lanes: usize, from: usize, block: &Share) -> Result<Share, Error> {
        sharing::put(whole, lanes, from, block)
    }

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Protocols::check(self, batch)
    }

    fn settle(&mut self, all: bool) -> Result<Preparation<Self>, Error> {
        Protocols::settle(self, all)
    }

    fn sealed(&mut self) -> Result<(), Error> {
        Protocols::sealed(self)
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        Protocols::setup(self, program)
    }

    fn prepare(&mut self, _program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        Protocols::prepare(self, demand)
    }

    fn fold(&mut self, args: &[Held]) -> Result<Share, Error> {
        Protocols::fold(self, &nth(args, 0)?, &nth(args, 1)?)
    }

    fn unfold(&mut self, program: &Program, node: &Node, sum: Share) -> Result<Begun<Self>, Error> {
        match sum {
            Share::Arithmetic(sum) => Protocols::unfold(self, Site { program, node }, sum),
            Share::Boolean(_) | Share::Yao(_) => Err(Error::bug("a sum of bits or labels")),
        }
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        mut args: Vec<Held>,
        input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        let sharing = self.sharing().clone();
        let local = sharing.local(program, node, &mut args, &mut |width, value| {
            Ok(match P::HOLDS_LABELS {
                true => Some(self.garbling()?.public(width, value)),
                false => None,
            })
        })?;
        if let Some(share) = local {
            return done(vec![share]);
        }
        let site = Site { program, node };
        let result = || info(program, &node.results, 0);
        match &node.op {
            Op::Input(id) if program.is_held(*id) => {
                let input = input.map(Zeroizing::new);
                let words = input.ok_or_else(|| Error::bug("a stored share is missing"))?;
                let width = bits_of(result()?) as usize;
                let share = stored::held(width, sharing.parts(), &words)?;
                done(vec![Share::Boolean(share)])
            }
            Op::Input(id) => {
                let leaf = program.inputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an input is missing"))?;
                let owned = Owned {
                    owner: leaf.party as usize,
                    bits: bits_of(result()?),
                    lanes: n_lanes(result()?)?,
                };
                let value = input.map(Zeroizing::new);
                deal(self, owned, leaf.scalar, result()?.domain, value.as_deref())
            }
            Op::Share => {
                let known = info(program, &node.args, 0)?;
                let owned = Owned {
                    owner: owner(known)?,
                    bits: bits_of(result()?),
                    lanes: n_lanes(result()?)?,
                };
                let value = nth(&args, 0)?;
                let value = own(&value)?;
                deal(self, owned, known.scalar, result()?.domain, value)
            }
            Op::Mul => {
                let n = arithmetic(&*nth(&args, 0)?)?.lanes();
                product(self, site, &args, n)
            }
            Op::Dot { segments } => {
                let n = usize::try_from(*segments);
                let n = n.map_err(|_| Error::machine("a value is larger than memory"))?;
                product(self, site, &args, n)
            }
            Op::Call(id) => {
                let lanes = n_lanes(result()?)?;
                match result()?.domain {
                    Domain::Boolean => {
                        let circuit = self.circuits().get(program, id.index())?;
                        self.circuit(site, circuit, args, lanes)
                    }
                    Domain::Yao if P::HOLDS_LABELS => {
                        call::call(self, program, id.index(), args, lanes)
                    }
                    Domain::Yao => self.garbled(site, id.index(), args, lanes),
                    Domain::Public | Domain::Arithmetic { .. } | Domain::Local { .. } => {
                        Err(Error::bug("a circuit runs on Boolean shares or labels"))
                    }
                }
            }
            Op::Decompose => {
                let (value, width) = (nth(&args, 0)?, bits_of(result()?) as usize);
                match result()?.domain {
                    Domain::Yao => self.yao(Change::Parts(value, width)),
                    Domain::Boolean => self.decompose(&value, width),
                    Domain::Public | Domain::Arithmetic { .. } | Domain::Local { .. } => {
                        Err(Error::bug("parts are Boolean shares or labels"))
                    }
                }
            }
            Op::RandomParts => self.random_parts(bits_of(result()?) as usize, n_lanes(result()?)?),
            Op::Compose => {
                let ring = bits_of(result()?);
                let lanes = boolean(&*nth(&args, 0)?)?.lanes();
                for arg in &args {
                    if (boolean(arg)?.width(), boolean(arg)?.lanes()) != (ring as usize, lanes) {
                        return Err(Error::bug("operands of different shapes"));
                    }
                }
                self.compose(args, ring)
            }
            Op::InjectBit => {
                let bits = nth(&args, 0)?;
                if boolean(&bits)?.width() != 1 {
                    return Err(Error::bug("more than a bit is injected"));
                }
                self.inject(site, bits, bits_of(result()?))
            }
            Op::Reveal if is_owned(program, node) => {
                let (_, n) = self.seat();
                tell(self, site, &*nth(&args, 0)?, vec![true; n], Telling::Reveal)
            }
            Op::Reveal | Op::RevealShuffled => {
                let width = result()?.scalar.width();
                let (_, n) = self.seat();
                open(self, site, nth(&args, 0)?, width, vec![true; n], None)
            }
            // In the phase of an opening: all that it follows from is proven.
            Op::Output(id) if program.is_stored(*id) => {
                let share = stored::kept(boolean(&*nth(&args, 0)?)?);
                Ok(Begun::Done(Outcome::Output(*id, Some(Opened::new(share)))))
            }
            Op::Output(id) => {
                let leaf = program.outputs.get(id.index());
                let leaf = leaf.ok_or_else(|| Error::bug("an output is missing"))?;
                let (_, n) = self.seat();
                let receives = (0..n).map(|p| leaf.receivers.contains(&(p as u32)));
                if is_owned(program, node) {
                    let telling = Telling::Output(*id);
                    return tell(self, site, &*nth(&args, 0)?, receives.collect(), telling);
                }
                let (value, width) = (nth(&args, 0)?, leaf.scalar.width());
                open(self, site, value, width, receives.collect(), Some(*id))
            }
            Op::Shuffle => self.shuffle(site, Columns::new(args)?),
            Op::BooleanToYao => self.yao(Change::ToLabels(nth(&args, 0)?)),
            Op::YaoToBoolean => self.yao(Change::ToBits(nth(&args, 0)?)),
            Op::FromPublic
            | Op::Gather { .. }
            | Op::Scatter { .. }
            | Op::Concat
            | Op::Linear { .. }
            | Op::MulPublic
            | Op::SumLanes { .. }
            | Op::RunningSums
            | Op::LowerRing
            | Op::Const(_)
            | Op::Word(_)
            | Op::Reduce { .. }
            | Op::Scan { .. }
            | Op::Read { .. }
            | Op::Write { .. }
            | Op::Assert(_)
            | Op::Loop { .. }
            | Op::While { .. }
            | Op::If { .. } => Err(sharing::misplaced()),
        }
    }
}

/// Whether an operation's operand is known to one party alone.
fn is_owned(program: &Program, node: &Node) -> bool {
    info(program, &node.args, 0).is_ok_and(|v| owner(v).is_ok())
}

fn owner(value: ValueInfo) -> Result<usize, Error> {
    match value.domain {
        Domain::Local { owner } => Ok(owner as usize),
        Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => {
            Err(Error::bug("a value that nobody owns"))
        }
    }
}

/// What this party has of a value that one party knows.
fn own(value: &Value<Share>) -> Result<Option<&Elements>, Error> {
    match value {
        Value::Local(own) => Ok(own.as_ref().map(Secret::expose)),
        Value::Public(_) | Value::Shared(_) => Err(Error::bug("a value that nobody owns")),
    }
}

/// Tells a value that one party knows to those who are to learn it.
fn tell<P: Protocols>(
    suite: &mut P,
    Site { program, node }: Site<'_>,
    value: &Value<Share>,
    told: Vec<bool>,
    telling: Telling,
) -> Result<Begun<P>, Error> {
    let known = info(program, &node.args, 0)?;
    let owned = Owned {
        owner: owner(known)?,
        bits: bits_of(known),
        lanes: n_lanes(known)?,
    };
    let value = own(value)?;
    check_own(suite, &owned, value)?;
    publish::begin(suite.seat().0, &owned, value, told, telling)
}

/// A value is there at its owner, and nowhere else.
fn check_own<P: Protocols>(
    suite: &P,
    owned: &Owned,
    value: Option<&Elements>,
) -> Result<(), Error> {
    match (value, owned.owner == suite.seat().0) {
        (Some(v), true) if v.lanes() == owned.lanes => Ok(()),
        (None, false) => Ok(()),
        (_, _) => Err(Error::bug("a value is given twice, or by the wrong party")),
    }
}

/// Shares (or publishes) what its owner gives.
fn deal<P: Protocols>(
    suite: &mut P,
    owned: Owned,
    scalar: Scalar,
    to: Domain,
    value: Option<&Elements>,
) -> Result<Begun<P>, Error> {
    check_own(suite, &owned, value)?;
    match to {
        Domain::Public => {
            let (me, n) = suite.seat();
            publish::begin(me, &owned, value, vec![true; n], Telling::Input)
        }
        Domain::Arithmetic { .. } => {
            let value = value.map(|v| Zeroizing::new(in_ring(v, scalar, owned.bits)));
            suite.input(owned, Clear::Integers(value))
        }
        Domain::Boolean => {
            let width = owned.bits as usize;
            let value = value.map(|v| Zeroizing::new(Bits::from_elements(width, v)));
            suite.input(owned, Clear::Bits(value))
        }
        Domain::Yao | Domain::Local { .. } => Err(Error::bug(
            "inputs become neither labels nor stay where they are",
        )),
    }
}

/// `n` sums of products.
fn product<P: Protocols>(
    suite: &mut P,
    site: Site<'_>,
    args: &[Held],
    n: usize,
) -> Result<Begun<P>, Error> {
    let (x, y) = (nth(args, 0)?, nth(args, 1)?);
    let (ring, lanes) = (arithmetic(&x)?.ring, arithmetic(&x)?.lanes());
    if arithmetic(&y)?.ring != ring || arithmetic(&y)?.lanes() != lanes {
        return Err(Error::bug("factors of different shapes"));
    }
    let products = Products {
        x,
        y,
        ring,
        lanes,
        n,
        run: lanes.checked_div(n).unwrap_or(0),
    };
    suite.product(site, products)
}

/// Opens a value to those who receive it, for an output leaf or (`None`) for all.
fn open<P: Protocols>(
    suite: &mut P,
    site: Site<'_>,
    value: Held,
    width: u32,
    receives: Vec<bool>,
    output: Option<OutputId>,
) -> Result<Begun<P>, Error> {
    let mine = receives.get(suite.seat().0).copied().unwrap_or(false);
    let (lanes, width) = match (&*value, output) {
        (Value::Shared(Share::Arithmetic(a)), _) => (a.lanes(), width),
        (Value::Shared(Share::Boolean(b)), _) => (b.lanes(), b.width() as u32),
        (Value::Public(known), Some(id)) => {
            let known = mine.then(|| Opened::new(known.clone()));
            return Ok(Begun::Done(Outcome::Output(id, known)));
        }
        (Value::Shared(Share::Yao(_)) | Value::Public(_) | Value::Local(_), _) => {
            return Err(Error::bug("only arithmetic and Boolean shares are opened"));
        }
    };
    let opening = Opening {
        value,
        lanes: if receives.contains(&true) { lanes } else { 0 },
        width,
        receives,
        mine,
        output,
    };
    suite.open(site, opening)
}
