//! Each launch names a kernel and gives it as many arguments as it takes, which no compiler checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The texts of all files with this ending below a folder.
fn texts(folder: &Path, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
    found
}

/// What stands between a word and the next closing text, split at commas.
fn lists<'a>(text: &'a str, word: &str, close: &str) -> Vec<Vec<&'a str>> {
    let list = |rest: &'a str| rest[..rest.find(close).unwrap()].split(',').map(str::trim);
    text.split(word).skip(1).map(|rest| list(rest).collect()).collect()
}

#[test]
fn launches_fit_the_kernels() {
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut kernels = BTreeMap::new();
    for text in texts(&ops, ".cu") {
        for list in lists(&text, "__global__ void ", ")") {
            let (name, _) = list[0].split_once('(').unwrap();
            kernels.insert(name.to_string(), list.len());
        }
    }
    let mut launched = Vec::new();
    for text in texts(&ops, "cuda.rs") {
        for list in lists(&text, "launch!(", ");") {
            // The device, the name, the number of tasks, which is the first argument, and the others.
            let list: Vec<&str> = list.into_iter().filter(|item| !item.is_empty()).collect();
            let name = list[1].trim_matches('"');
            assert_eq!(kernels.get(name), Some(&(list.len() - 2)), "{list:?}");
            launched.push(name.to_string());
        }
    }
    launched.sort();
    launched.dedup();
    assert!(kernels.keys().eq(&launched), "{kernels:?} {launched:?}");
}
