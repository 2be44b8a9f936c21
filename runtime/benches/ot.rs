//! Speed of oblivious transfer and what is made of it: the work of each side on one core, messages in memory.
//!
//! A run needs both sides; where they have a core each, the slower one counts.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use smpcc_runtime::party::PartyId;
use smpcc_runtime::prg::OsEntropy;
use smpcc_runtime::protocols::SemiHonest;
use smpcc_runtime::protocols::ot::base::{endemic, semi_honest};
use smpcc_runtime::protocols::ot::softspoken::{self, Fields};
use smpcc_runtime::protocols::ot::{Context, Instance, SECURITY, labels, products, random};
use smpcc_runtime::ring::Elements;

/// OTs in a batch.
const BATCH: usize = 1 << 18;

fn context() -> Context {
    Context::new(&[1; 32], PartyId::new(0), PartyId::new(1), Instance::Hashed)
}

type Extension = (
    softspoken::Sender<SemiHonest>,
    softspoken::Receiver<SemiHonest>,
);

fn extension(fields: Fields) -> Extension {
    let (context, mut entropy) = (context(), OsEntropy);
    let reversed = context.reversed();
    let delta = labels::fresh_delta(&mut entropy).expect("randomness");
    let choices = fields.base_choices(*delta);
    let (r, from_r) = semi_honest::Receiver::new(&reversed, SECURITY, &choices, &mut entropy)
        .expect("randomness");
    let (s, from_s) =
        semi_honest::Sender::new(&reversed, SECURITY, &mut entropy).expect("randomness");
    let sent = s.finish(&from_r).expect("points");
    let (receiver, corrections) = softspoken::Receiver::new(&context, fields, sent).expect("OTs");
    let received = r.finish(&from_s).expect("points");
    let sender = softspoken::Sender::new(&context, fields, received, &corrections).expect("OTs");
    (sender, receiver)
}

fn group<'c>(c: &'c mut Criterion, n: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group("ot");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(n as u64));
    group
}

macro_rules! base_transfers {
    ($c:expr, $protocol:ident) => {{
        let (context, mut entropy) = (context(), OsEntropy);
        let receiver = |entropy: &mut OsEntropy| {
            $protocol::Receiver::new(&context, SECURITY, &[5; 2], entropy).expect("bits")
        };
        let sender = |entropy: &mut OsEntropy| {
            $protocol::Sender::new(&context, SECURITY, entropy).expect("bits")
        };
        let ((_, from_r), (_, from_s)) = (receiver(&mut entropy), sender(&mut entropy));
        let mut group = group($c, SECURITY);
        let name = |side| format!("128 base OTs, {}, {side}", stringify!($protocol));
        group.bench_function(name("receiver"), |b| {
            b.iter(|| {
                let (r, message) = receiver(&mut entropy);
                black_box(message);
                r.finish(&from_s).expect("points")
            });
        });
        group.bench_function(name("sender"), |b| {
            b.iter(|| {
                let (s, message) = sender(&mut entropy);
                black_box(message);
                s.finish(&from_r).expect("points")
            });
        });
        group.finish();
    }};
}

fn base_transfers(c: &mut Criterion) {
    base_transfers!(c, semi_honest);
    base_transfers!(c, endemic);
}

fn correlated(c: &mut Criterion) {
    for k in [2, 4, 8] {
        let fields = Fields::new(k).expect("a size");
        let (mut sender, mut receiver) = extension(fields);
        let mut message = Vec::new();
        let mut group = group(c, BATCH);
        group.bench_function(format!("correlated, k = {k}, receiver"), |b| {
            b.iter(|| {
                message.clear();
                let taken = receiver.extend(BATCH, None, &mut message, |chunk| {
                    black_box(chunk.rows);
                });
                taken.expect("numbers");
            });
        });
        group.bench_function(format!("correlated, k = {k}, sender"), |b| {
            b.iter(|| {
                let taken = sender.extend(BATCH, false, &message, |chunk| {
                    black_box(chunk.rows);
                });
                taken.expect("numbers");
            });
        });
        group.finish();
    }
}

fn hashed(c: &mut Criterion) {
    let (sender, receiver) = extension(Fields::DEFAULT);
    let mut sender = random::Sender::many(&context(), sender);
    let mut receiver = random::Receiver::many(&context(), receiver);
    let mut message = Vec::new();
    let mut group = group(c, BATCH);
    group.bench_function("random, k = 4, receiver", |b| {
        b.iter(|| {
            message.clear();
            let asked = receiver.ask(BATCH, None, &mut message, |chunk| {
                black_box(chunk.strings);
            });
            asked.expect("numbers");
        });
    });
    group.bench_function("random, k = 4, sender", |b| {
        b.iter(|| {
            let answered = sender.answer(BATCH, false, &message, |chunk| {
                black_box(chunk.strings);
            });
            answered.expect("numbers");
        });
    });
    group.bench_function("products of bits, receiver", |b| {
        b.iter(|| {
            message.clear();
            products::receive_bits(&mut receiver, BATCH, None, &mut message).expect("numbers")
        });
    });
    group.bench_function("products of bits, sender", |b| {
        b.iter(|| products::send_bits(&mut sender, BATCH, false, &message).expect("numbers"));
    });
    group.finish();

    let n = BATCH / 64;
    let factors = Elements::of_words(64, (0..n as u128).map(|i| i << 40 | 77));
    let mut reply = Vec::new();
    let mut group = self::group(c, n);
    group.bench_function("64-bit products, sender", |b| {
        b.iter(|| {
            reply.clear();
            products::send_products(&mut sender, 64, &factors, false, &message, &mut reply)
                .expect("numbers")
        });
    });
    group.bench_function("64-bit products, receiver", |b| {
        b.iter(|| {
            message.clear();
            let begun = products::receive_products(&mut receiver, 64, n, None, &mut message);
            begun.expect("numbers").finish(&reply).expect("a length")
        });
    });
    group.finish();
}

criterion_group!(benches, base_transfers, correlated, hashed);
criterion_main!(benches);
