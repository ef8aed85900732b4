//! What the fuzzer calls: one function per reader of files or of text, compiled for `cargo fuzz`
//! and for tests only. `fuzz/README.md` shows how to run one.
//!
//! Each takes any bytes and returns whether the reader accepted them. It panics if the reader does,
//! or if an accepted value does not survive being written and read again. The reader's memory and
//! time must be bounded by the length of the bytes, which the limits of the fuzzer check.

mod data;
mod json;
mod tensors;
mod text;

pub use data::{digits, sequences, table};
pub use json::{grid_file, store_file};
pub use tensors::{checkpoint, noise_map, optimizer_state};
pub use text::{noise_row, noise_spec, scheduler, seeds};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    type Target = fn(&[u8]) -> bool;

    const TARGETS: [(&str, Target); 12] = [
        ("checkpoint", checkpoint),
        ("digits", digits),
        ("grid_file", grid_file),
        ("noise_map", noise_map),
        ("noise_row", noise_row),
        ("noise_spec", noise_spec),
        ("optimizer_state", optimizer_state),
        ("scheduler", scheduler),
        ("seeds", seeds),
        ("sequences", sequences),
        ("store_file", store_file),
        ("table", table),
    ];

    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// A corpus without an accepted file explores nothing but refusals: after a change of a format it
    /// needs a file of the new one.
    #[test]
    fn every_corpus_passes_its_target_and_has_an_accepted_file() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS {
            let files = entries(&corpus.join(name));
            let accepted = files.iter().filter(|file| {
                println!("{}", file.display());
                target(&fs::read(file).unwrap())
            });
            let accepted = accepted.count();
            assert!(accepted > 0, "{name}: expected an accepted file among {}", files.len());
        }
    }

    #[test]
    fn every_target_is_a_program_of_the_fuzzer() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let expected: BTreeSet<String> = TARGETS.map(|(name, _)| name.to_string()).into();
        for folder in ["corpus", "fuzz_targets"] {
            let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_string();
            let found: BTreeSet<String> =
                entries(&root.join(folder)).into_iter().map(stem).collect();
            assert_eq!(found, expected, "{folder}");
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        for name in expected {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "Cargo.toml lacks {name}");
        }
    }
}
