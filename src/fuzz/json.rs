//! Readers of what a grid keeps.

use crate::cli::run_grid::Asked;
use crate::experiment::store::file::{Body, Content, FORMAT, parse};
use crate::experiment::{Outcome, Seconds, Store};
use crate::files::sha256;
use crate::report;

/// A file of finished runs, as it is and with the checksum and the names that its runs have. It is
/// written as the same bytes.
pub fn store_file(bytes: &[u8]) -> bool {
    let parts = bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    let [_, line, ..] = parts[..] else { return is_whole(bytes) };
    let head = format!("{{\"format\":{FORMAT},\"sha256\":\"{}\"}}\n", sha256(line));
    let sealed = [head.as_bytes(), line, b"\n"].concat();
    let named = serde_json::from_slice::<Body>(line).ok().and_then(|body| {
        let trials = body.names().collect::<Option<_>>()?;
        Body { trials, ..body }.encode().ok()
    });
    // A body of this version with the right names is whole.
    named.inspect(|bytes| assert!(is_whole(bytes))).is_some() | is_whole(&sealed) | is_whole(bytes)
}

fn is_whole(bytes: &[u8]) -> bool {
    let Ok(Content::Whole(body)) = parse(bytes) else { return false };
    let written = body.encode().unwrap();
    let body = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').nth(1).map(<[u8]>::to_vec);
    assert_eq!(body(&written), body(bytes));
    true
}

/// A file of the last requested grid. It is written as the same bytes, and a report without a
/// finished run can be made of it.
pub fn grid_file(bytes: &[u8]) -> bool {
    const FEW: usize = 1000;
    let Ok(asked) = Asked::parse(bytes) else { return false };
    assert_eq!(serde_json::to_vec(&asked).unwrap(), bytes);
    if asked.plan.runs() > FEW {
        return true;
    }
    let store = Store::in_memory(asked.basis);
    if let Ok(outcome) = Outcome::of(&asked.plan, &store, &asked.device, Seconds::default()) {
        report::grid_text(&outcome);
        report::grid_json(&outcome).unwrap();
        report::cells_csv(&outcome).unwrap();
        report::report_html(&outcome, &[]).unwrap();
    }
    true
}
