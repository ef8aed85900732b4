//! A module uses only modules of its own floor or below; inside `experiment` the order is strict.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: [&[&str]; 11] = [
    &["rng", "simd"],
    &["ops"],
    &["noise", "nn", "loss", "objective", "metric", "optim"],
    &["data", "model"],
    &["train"],
    &["stats", "simple", "files", "bundle", "task", "checkpoint"],
    &["robust"],
    &["experiment"],
    &["report"],
    &["cli"],
    &["fuzz"],
];

/// The files and folders of `experiment`: each uses those before it only.
const ORDER: [&str; 16] = [
    "trial",
    "plan",
    "references",
    "basis",
    "record",
    "store",
    "run",
    "units",
    "compare",
    "conclude",
    "until",
    "bundling",
    "outcome",
    "sentences",
    "robustness",
    "builder",
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The names that follow a path such as `crate::` in a source text, also in `path::{a, b::c}`.
fn used<'a>(text: &'a str, path: &str) -> Vec<&'a str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = code.flat_map(|line| line.split(path).skip(1));
    let names = after.flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split(',').map(str::trim).collect(),
        None => vec![rest],
    });
    let word = |name: &str| name.find(|c: char| !c.is_alphanumeric() && c != '_');
    names.map(|name| &name[..word(name).unwrap_or(name.len())]).collect()
}

fn source_files() -> (PathBuf, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 30, "only {} sources found", files.len());
    (root, files)
}

/// The modules of a file below the root, from the outermost.
fn modules(root: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    relative.iter().map(|name| name.to_str().unwrap().to_string()).collect()
}

#[test]
fn no_module_uses_a_floor_above_its_own() {
    let (root, files) = source_files();
    for file in files {
        let module = modules(&root, &file).swap_remove(0);
        if module == "lib" {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{module} stands on no floor"));
        for other in used(&fs::read_to_string(&file).unwrap(), "crate::") {
            let other_floor = floor(other)
                .unwrap_or_else(|| panic!("{}: crate::{other} is no module", file.display()));
            assert!(other_floor <= own, "{} uses {other}, a floor above", file.display());
        }
    }
}

/// `super` is the folder in a file of `experiment` itself, and a module of it further down.
#[test]
fn the_files_of_experiment_have_an_order() {
    let (root, files) = source_files();
    let place = |module: &str| ORDER.iter().position(|own| *own == module);
    let mut seen = Vec::new();
    for file in files {
        let modules = modules(&root, &file);
        if modules[0] != "experiment" || modules[1] == "mod" {
            continue;
        }
        let own = place(&modules[1]).unwrap_or_else(|| panic!("{} has no place", modules[1]));
        seen.push(own);
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let mut others = used(text, "crate::experiment::");
        let depth = modules.len() - usize::from(modules.last().unwrap() == "mod");
        if depth == 2 {
            others.extend(used(text, "super::"));
        }
        for other in others.into_iter().filter_map(place) {
            assert!(other <= own, "{} uses {}, which comes later", file.display(), ORDER[other]);
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), ORDER.len(), "every place of the order has a file");
}

#[test]
fn the_search_finds_uses() {
    assert_eq!(
        used("use crate::train::fit;\n// crate::cli\nlet x = crate::rng::f();", "crate::"),
        ["train", "rng"]
    );
    assert_eq!(used("use super::plan::{Cell, Plan};\n", "super::"), ["plan"]);
}
