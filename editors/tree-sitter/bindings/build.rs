//! Compiles the parser, which is C.

fn main() {
    let parser = ["src/parser.c", "src/scanner.c"];
    for file in parser {
        println!("cargo:rerun-if-changed={file}");
    }
    // A table of transitions is as fast without optimisation, and takes seconds with it.
    cc::Build::new()
        .include("src")
        .std("c11")
        .opt_level(0)
        .warnings(false)
        .files(parser)
        .compile("tree-sitter-smpc");
}
