//! A module uses only modules of its own floor or below.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: [&[&str]; 8] = [
    &["rng", "files", "simd"],
    &["ops"],
    &["noise", "nn", "loss", "metric", "optim"],
    &["data", "model"],
    &["train"],
    &["experiment"],
    &["report"],
    &["cli"],
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

/// The modules named as `crate::module` or in `crate::{module, …}` in a source text.
fn used(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let behind = code.flat_map(|line| line.split("crate::").skip(1));
    let names = behind.flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split(',').map(str::trim).collect(),
        None => vec![rest],
    });
    let word = |name: &str| name.find(|c: char| !c.is_alphanumeric() && c != '_');
    names.map(|name| &name[..word(name).unwrap_or(name.len())]).collect()
}

#[test]
fn no_module_uses_a_floor_above_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 30, "only {} sources found", files.len());
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = floor(module).unwrap_or_else(|| panic!("{module} stands on no floor"));
        for other in used(&fs::read_to_string(&file).unwrap()) {
            let other_floor = floor(other)
                .unwrap_or_else(|| panic!("{}: crate::{other} is no module", file.display()));
            assert!(other_floor <= own, "{} uses {other}, a floor above", file.display());
        }
    }
}

#[test]
fn the_search_finds_uses() {
    assert_eq!(
        used("use crate::train::fit;\n// crate::cli\nlet x = crate::rng::f();"),
        ["train", "rng"]
    );
}
