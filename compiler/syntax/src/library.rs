//! The standard library's sources, carried in the compiler so that a program needs no files of ours.

/// Every module of the library: its name after `std::` and its text.
pub const MODULES: &[(&str, &str)] = &[
    ("auction", include_str!("../../../stdlib/auction.smpc")),
    ("linear", include_str!("../../../stdlib/linear.smpc")),
    ("prelude", include_str!("../../../stdlib/prelude.smpc")),
    ("stats", include_str!("../../../stdlib/stats.smpc")),
    ("table", include_str!("../../../stdlib/table.smpc")),
    ("text", include_str!("../../../stdlib/text.smpc")),
    ("vote", include_str!("../../../stdlib/vote.smpc")),
    ("sort", include_str!("../../../stdlib/sort.smpc")),
    ("crypto", include_str!("../../../stdlib/crypto.smpc")),
    ("set", include_str!("../../../stdlib/set.smpc")),
];

/// The name under which messages show a library module.
pub fn file_name(module: &str) -> String {
    format!("<std>/{module}.smpc")
}

/// Whether a file is a module of the library: those are the first files of every source set.
pub fn owns(file: crate::span::FileId) -> bool {
    (file.0 as usize) < MODULES.len()
}
