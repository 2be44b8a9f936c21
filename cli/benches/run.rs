//! Whole processes, from source to result: what a user waits for.

use criterion::{Criterion, criterion_group, criterion_main};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn smpcc(name: &str, args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(format!("{name}.smpc"));
    let status = Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .args(args)
        .arg(path)
        .args(["--parties", "3"])
        .stdout(Stdio::null())
        .status()
        .expect("smpcc starts");
    assert!(status.success());
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("from source to result, three processes");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(5));
    for name in ["avg", "auction", "dot"] {
        group.bench_function(name, |b| b.iter(|| smpcc(name, &["run"])));
    }
    group.finish();
    let mut group = c.benchmark_group("compile only");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(3));
    let plan = tempfile::NamedTempFile::new().expect("a file");
    let plan = plan.path().to_str().expect("a path of letters");
    for name in ["avg", "fraud", "survival", "risk_model"] {
        group.bench_function(name, |b| b.iter(|| smpcc(name, &["build", "-o", plan])));
    }
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
