//! The standard library's sources, carried in the compiler so that a program needs no files of ours.

/// Every module of the library: its name after `std::` and its text.
pub const MODULES: &[(&str, &str)] = &[
    ("auction", include_str!("../../../stdlib/auction.smpc")),
    ("date", include_str!("../../../stdlib/date.smpc")),
    ("dp", include_str!("../../../stdlib/dp.smpc")),
    ("float", include_str!("../../../stdlib/float.smpc")),
    ("inference", include_str!("../../../stdlib/inference.smpc")),
    ("linear", include_str!("../../../stdlib/linear.smpc")),
    ("math", include_str!("../../../stdlib/math.smpc")),
    ("ml", include_str!("../../../stdlib/ml.smpc")),
    ("prelude", include_str!("../../../stdlib/prelude.smpc")),
    ("stats", include_str!("../../../stdlib/stats.smpc")),
    ("survival", include_str!("../../../stdlib/survival.smpc")),
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

/// The name under which messages show a module of a package. `within` is the package whose file asks for it, if one does:
/// packages have packages of their own.
pub fn package_file(within: &str, package: &str, module: &str) -> String {
    let package = package_name(within, package);
    format!("<{package}>/{module}.smpc")
}

/// A package as files of `within` name it.
pub fn package_name(within: &str, package: &str) -> String {
    if within.is_empty() {
        package.to_owned()
    } else {
        format!("{within}/{package}")
    }
}

/// The package that a file with this name belongs to; none for files of the program itself and of the library.
pub fn package_of(file: &str) -> &str {
    let package = file
        .strip_prefix('<')
        .and_then(|rest| rest.split_once(">/"));
    match package {
        Some((package, _)) if package != "std" => package,
        _ => "",
    }
}

/// Whether a file is a module of the library: those are the first files of every source set.
pub fn owns(file: crate::span::FileId) -> bool {
    (file.0 as usize) < MODULES.len()
}
