//! Base transfers from an extension the other way: who was the receiver of an extension starts as the sender of one, without another group
//! operation.
//!
//! - **Functionality**: that of [`super::base`], 128 at once: the sender of the extension gets two random keys of each transfer, its
//!   receiver the one that its choice bit names.
//! - **Adversary**: malicious, either party: endemic security, as of [`super::base`].
//! - **Source**: Beaver, "Precomputing oblivious transfer" (CRYPTO 1995), for choices that are fixed after random ones; Ishai, Kilian, Nissim,
//!   Petrank, "Extending oblivious transfers efficiently" (CRYPTO 2003), for keys that are hashed from correlated transfers.
//! - **Assumptions**: those of [`super::softspoken::checked`]; SHA-256 as a random oracle.
//! - **Cost**: one message of the extension's receiver, [`len`] bytes.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: those of the extension. A receiver that tells other corrections has chosen other bits.

use zeroize::Zeroizing;

use super::base::{ReceivedKeys, SentKeys};
use super::softspoken::{Fields, Receiver, Sender};
use super::{Context, SECURITY};
use crate::block::{LABEL_LEN, Label};
use crate::error::Error;
use crate::mask::Mask;
use crate::protocols::Malicious;

/// Bytes of the corrections: a bit for each transfer.
const CORRECTIONS: usize = SECURITY / 8;

/// Bytes of the message.
pub const fn len(fields: Fields) -> usize {
    fields.checked_len(SECURITY) + CORRECTIONS
}

/// The key of a transfer, from a row of the extension.
fn key(context: &Context, i: usize, row: Label) -> Label {
    let mut t = context.transcript("smpcc/ot/reversed/key");
    t.number(i as u64).bytes(&row.to_bytes());
    let digest = Zeroizing::new(t.finish().0);
    let mut half = [0; LABEL_LEN];
    half.copy_from_slice(&digest[..LABEL_LEN]);
    Label::from_bytes(half)
}

/// Chooses, as the receiver of an extension; appends the message for its sender. `context` is that of these transfers.
///
/// # Errors
/// A bug.
pub fn choose(
    context: &Context,
    receiver: &mut Receiver<Malicious>,
    choices: &[u64; SECURITY / 64],
    message: &mut Vec<u8>,
) -> Result<ReceivedKeys<Malicious>, Error> {
    let mut rows = Zeroizing::new([Label::ZERO; SECURITY]);
    let mut random = Zeroizing::new(Vec::with_capacity(choices.len()));
    receiver.extend_checked(&mut rows[..], &mut random, message)?;
    for (random, choice) in random.iter().zip(choices) {
        message.extend_from_slice(&(random ^ choice).to_le_bytes());
    }
    let keys = rows.iter().enumerate();
    let keys = keys.map(|(i, &row)| key(context, i, row)).collect();
    Ok(ReceivedKeys::new(
        Zeroizing::new(choices.to_vec()),
        Zeroizing::new(keys),
    ))
}

/// Takes the message, as the sender of the extension.
///
/// # Errors
/// The receiver's fault: another length, or what does not pass the extension's check.
pub fn answer(
    context: &Context,
    sender: &mut Sender<Malicious>,
    message: &[u8],
) -> Result<SentKeys<Malicious>, Error> {
    let (extension, corrections) = message
        .split_at_checked(message.len().saturating_sub(CORRECTIONS))
        .unwrap_or_default();
    let mut rows = Zeroizing::new([Label::ZERO; SECURITY]);
    sender.extend_checked(&mut rows[..], extension)?;
    let delta = Zeroizing::new(sender.delta());
    let pair = |(i, &row): (usize, &Label)| {
        // The receiver's row is this one, plus Δ where its random bit was one: that is its choice and the correction together.
        let correction = corrections[i / 8] >> (i % 8);
        let corrected = Mask::lowest(correction.into());
        let zero = row ^ delta.select(corrected);
        [zero, zero ^ *delta].map(|row| key(context, i, row))
    };
    let pairs = Zeroizing::new(rows.iter().enumerate().map(pair).collect());
    Ok(SentKeys::new(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::PartyId;
    use crate::prg::OsEntropy;
    use crate::protocols::ot::Instance;
    use crate::protocols::ot::base::endemic;

    /// The receiver has the key that it chose, and the sender both; a spoilt extension is found.
    #[test]
    fn keys_are_those_that_were_chosen() {
        let (mut entropy, fields) = (OsEntropy, Fields::DEFAULT);
        let party = PartyId::new;
        let context = Context::new(&[3; 32], party(0), party(1), Instance::Macs);
        let other = Context::new(&[3; 32], party(1), party(0), Instance::Macs);
        let reversed = context.reversed();
        let bits = fields.base_choices(Label(u128::MAX / 7));
        let (receiver, ours) = endemic::Receiver::new(&reversed, SECURITY, &bits, &mut entropy)
            .unwrap_or_else(|e| panic!("{e}"));
        let (sender, theirs) = endemic::Sender::new(&reversed, SECURITY, &mut entropy)
            .unwrap_or_else(|e| panic!("{e}"));
        let received = receiver.finish(&theirs).unwrap_or_else(|e| panic!("{e}"));
        let sent = sender.finish(&ours).unwrap_or_else(|e| panic!("{e}"));
        let (mut receiver, trees) = Receiver::checked(&context, fields, sent, &mut entropy)
            .unwrap_or_else(|e| panic!("{e}"));
        let mut sender =
            Sender::checked(&context, fields, received, &trees).unwrap_or_else(|e| panic!("{e}"));

        let choices = [0x0123_4567_89ab_cdef, 0xfedc_ba98_0000_ffff];
        let mut message = Vec::new();
        let chosen =
            choose(&other, &mut receiver, &choices, &mut message).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(message.len(), len(fields));
        let both = answer(&other, &mut sender, &message).unwrap_or_else(|e| panic!("{e}"));
        for (i, (key, pair)) in chosen.keys.iter().zip(both.pairs.iter()).enumerate() {
            let bit = (choices[i / 64] >> (i % 64) & 1) as usize;
            assert!(*key == pair[bit] && *key != pair[1 - bit], "{i}");
        }
        message.clear();
        assert!(choose(&other, &mut receiver, &choices, &mut message).is_ok());
        message[3] ^= 1;
        assert!(answer(&other, &mut sender, &message).is_err());
        assert!(answer(&other, &mut sender, &message[..7]).is_err());
    }
}
