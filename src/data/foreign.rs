//! Files that are no text, by their first bytes.

/// Returns what a file is that is no UTF-8 text: `start` are its first bytes, unpacked and as far as
/// they were read.
pub fn foreign(start: &[u8]) -> Option<&'static str> {
    const BEGINNINGS: [(&[u8], &str); 12] = [
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
        (b"\x1f\x8b", "a gzip file within a gzip file"),
        (b"\xd0\xcf\x11\xe0", "an Excel workbook (XLS)"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"PAR1", "a Parquet file"),
        (b"%PDF-", "a PDF file"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"SQLite format 3\0", "an SQLite database"),
    ];
    if start.starts_with(b"PK\x03\x04") {
        return Some(archive(start));
    }
    let found = BEGINNINGS.iter().find(|(bytes, _)| start.starts_with(bytes));
    found.map(|(_, what)| *what).or_else(|| {
        let is_wide = matches!(start, [_, 0, _, 0, ..] | [0, _, 0, _, ..]);
        (is_wide.then_some("UTF-16 text")).or_else(|| is_page(start).then_some("an HTML page"))
    })
}

/// Zip archives are told apart by the names of the files in them.
fn archive(start: &[u8]) -> &'static str {
    let holds = |name: &str| start.windows(name.len()).any(|bytes| bytes == name.as_bytes());
    if holds("[Content_Types].xml") || holds("xl/") {
        "an Excel workbook (XLSX)"
    } else if holds("opendocument") {
        "an OpenDocument spreadsheet"
    } else {
        "a zip archive"
    }
}

fn is_page(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|tag| {
        start.get(..tag.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_text_are_named() {
        for (start, what) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], Some("an Excel workbook (XLSX)")),
            (b"PK\x03\x04....data.csv", Some("a zip archive")),
            (b"a\0,\0b\0", Some("UTF-16 text")),
            (b"\0a\0,\0b", Some("UTF-16 text")),
            (b"\n <!DOCTYPE HTML><body>", Some("an HTML page")),
            (b"a,b\n1,2\n", None),
            (b"", None),
        ] {
            assert_eq!(foreign(start), what);
        }
    }
}
