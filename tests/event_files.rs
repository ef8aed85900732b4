//! A reader of TensorBoard's event files, for tests. It leaves checksums to the tests of the writer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::files;

/// The event files below a folder, by their paths from it.
pub fn event_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for cell in files(folder) {
        for run in files(&folder.join(&cell)) {
            let own: PathBuf = folder.join(&cell).join(&run);
            let [name] = &files(&own)[..] else { panic!("expected one file in {}", own.display()) };
            assert!(name.starts_with("events.out.tfevents."), "{name}");
            found.insert(format!("{cell}/{run}"), fs::read(own.join(name)).unwrap());
        }
    }
    found
}

/// Reads a varint and advances past it.
fn variable(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// The fields of a message: their numbers, and their bytes or their values.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = variable(&mut bytes);
        let length = match key & 7 {
            0 => {
                found.push((key >> 3, variable(&mut bytes).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => variable(&mut bytes) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = bytes.split_at(length);
        found.push((key >> 3, value.to_vec()));
        bytes = rest;
    }
    found
}

/// The figures in an event file by tag and epoch.
pub fn figures(mut file: &[u8]) -> BTreeMap<(String, u64), f32> {
    let mut found = BTreeMap::new();
    while !file.is_empty() {
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let event = fields(&file[12..12 + length]);
        file = &file[12 + length + 4..];
        let Some((_, step)) = event.iter().find(|(field, _)| *field == 2) else { continue };
        let step = u64::from_le_bytes(step[..].try_into().unwrap());
        let (_, summary) = event.iter().find(|(field, _)| *field == 5).unwrap();
        for (_, value) in fields(summary) {
            let own = fields(&value);
            let tag = String::from_utf8(own[0].1.clone()).unwrap();
            found.insert((tag, step), f32::from_le_bytes(own[1].1[..].try_into().unwrap()));
        }
    }
    found
}
