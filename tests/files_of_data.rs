//! The data sets that the crate ships against facts of the raw files, and files that are damaged.
//!
//! Counted with `zcat`, `grep` and `awk`.

use std::io::Write;

use candle_core::{Device, Result};
use candle_noise::data::{
    DIGIT_SHAPE, Dataset, SPEAKERS, Sequences, digits, japanese_vowels, read_digits, read_sequences,
};

fn counts(labels: impl Iterator<Item = u32>, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels.for_each(|label| counts[label as usize] += 1);
    counts
}

#[test]
fn the_digits_are_those_of_the_file() -> Result<()> {
    let data = digits()?;
    assert_eq!((data.len(), data.width()), (1797, 64));
    let expected = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
    assert_eq!(counts(data.rows().map(|(_, label)| label), 10), expected);
    let (first, label) = data.rows().next().unwrap();
    assert_eq!(first[..8], [0., 0., 5. / 16., 13. / 16., 9. / 16., 1. / 16., 0., 0.]);
    assert_eq!(label, 0);
    assert_eq!(data.rows().last().unwrap().1, 8);
    Ok(())
}

#[test]
fn digits_become_images_and_ranges_keep_the_order() -> Result<()> {
    let data = digits()?;
    let test = data.range(797..1797)?;
    assert!(test.rows().eq(data.rows().skip(797)));
    let (xs, ys) = test.to_samples(&DIGIT_SHAPE, &Device::Cpu)?.range(0, 1000)?;
    assert_eq!((xs.dims(), ys.dims()), (&[1000, 1, 8, 8][..], &[1, 1000][..]));
    let (row, label) = data.rows().nth(797 + 3).unwrap();
    let pixel = xs.get(3)?.get(0)?.get(5)?.get(2)?.to_scalar::<f32>()?;
    assert_eq!(pixel, row[5 * 8 + 2] as f32);
    assert_eq!(ys.get(0)?.get(3)?.to_scalar::<f32>()?, label as f32);
    let error = test.to_samples(&[1, 8, 9], &Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("rows of 64 features, received the shape [1, 8, 9]"), "{error}");
    for (start, end) in [(3, 3), (0, 1001)] {
        let error = test.range(start..end).unwrap_err().to_string();
        assert!(error.contains(&format!("within 0..1000, received {start}..{end}")), "{error}");
    }
    Ok(())
}

#[test]
fn the_vowels_are_those_of_the_files() -> Result<()> {
    let (train, test) = japanese_vowels()?;
    assert_eq!((train.len(), train.channels(), test.len(), test.channels()), (270, 12, 370, 12));
    let classes = |data: &Sequences| counts(data.rows().map(|(_, label)| label), SPEAKERS);
    assert_eq!(classes(&train), [30; 9]);
    assert_eq!(classes(&test), [31, 35, 88, 44, 29, 24, 40, 50, 29]);
    let lengths = |data: &Sequences| {
        let lengths = data.lengths();
        (data.lengths().min().unwrap(), data.lengths().max().unwrap(), lengths.sum::<usize>())
    };
    assert_eq!((lengths(&train), lengths(&test)), ((7, 26, 4274), (7, 29, 5687)));
    let (first, label) = train.rows().next().unwrap();
    assert_eq!((first.len(), label), (20 * 12, 0));
    // Step by step: channel 1 at step 1, channel 2 at step 1; channel 1 at step 2.
    assert_eq!((first[0], first[1], first[12]), (1.860936, -0.207383, 1.891651));
    let (last, label) = test.rows().last().unwrap();
    assert_eq!((*last.last().unwrap(), label), (0.224688, 8));
    Ok(())
}

#[test]
fn sequences_are_padded_behind_and_the_last_channel_is_the_mask() -> Result<()> {
    let data = Sequences::new(2, vec![vec![1., 2., 3., 4.], vec![5., 6.]], vec![1, 0])?;
    let (xs, ys) = data.to_samples(None, &Device::Cpu)?.range(0, 2)?;
    let expected = [[[1., 2., 1.], [3., 4., 1.]], [[5., 6., 1.], [0., 0., 0.]]];
    assert_eq!(xs.to_vec3::<f32>()?, expected);
    assert_eq!(ys.to_vec2::<f32>()?, [[1., 0.]]);
    let (longer, _) = data.to_samples(Some(4), &Device::Cpu)?.range(0, 2)?;
    assert_eq!(longer.dims(), [2, 4, 3]);
    assert_eq!(longer.narrow(1, 0, 2)?.to_vec3::<f32>()?, expected);
    assert_eq!(longer.narrow(1, 2, 2)?.abs()?.sum_all()?.to_scalar::<f32>()?, 0.);
    let error = data.to_samples(Some(1), &Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("2 steps or more") && error.contains("received 1"), "{error}");
    let error = Sequences::new(2, vec![vec![]], vec![0]).unwrap_err().to_string();
    assert!(error.contains("1 or more steps of 2 values, received 0 values"), "{error}");
    assert!(Sequences::new(2, vec![vec![1.; 3]], vec![0]).is_err(), "half a step");
    assert!(Sequences::new(1, vec![vec![1.]], vec![]).is_err(), "no label");
    Ok(())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A digit's line: 64 pixels, one of them as given, and a label.
fn digit_line(pixel: &str, label: &str) -> String {
    format!("{}{pixel},{label}\n", "0,".repeat(63))
}

#[test]
fn damaged_digits_are_named_with_file_and_line() {
    let good = digit_line("16", "7");
    let read = |text: &str| read_digits(text.as_bytes(), "own.csv");
    assert_eq!(read(&good).unwrap(), read_digits(&gzip(&good), "own.csv.gz").unwrap());
    let error = |data: Result<Dataset>| data.unwrap_err().to_string();
    for (line, expected) in [
        (digit_line("16.5", "7"), "own.csv, line 3: expected pixels from 0 to 16, received 16.5"),
        (digit_line("-1", "7"), "own.csv, line 3: expected pixels from 0 to 16, received -1"),
        (digit_line("NaN", "7"), "own.csv, line 3: expected a finite number, received \"NaN\""),
        (digit_line("x", "7"), "own.csv, line 3: expected a finite number, received \"x\""),
        (digit_line("1", "10"), "own.csv, line 3: expected a digit as the label, received \"10\""),
        (
            digit_line("1", "1.5"),
            "own.csv, line 3: expected a digit as the label, received \"1.5\"",
        ),
        (
            digit_line("1,1", "7"),
            "own.csv, line 3: expected an image of 64 pixels and a label, received 66 fields",
        ),
        (
            "5,3\n".to_string(),
            "own.csv, line 3: expected an image of 64 pixels and a label, received 2 fields",
        ),
    ] {
        assert_eq!(error(read(&format!("{good}\n{line}"))), expected);
    }
    assert!(error(read("\n")).starts_with("own.csv: expected lines of 64 pixels"));
    assert!(error(read_digits(&[0xff, 0xfe], "own.csv")).contains("own.csv: expected UTF-8"));
    let mut packed = gzip(&good.repeat(50));
    let cut = error(read_digits(&packed[..packed.len() / 2], "own.gz"));
    assert!(cut.starts_with("own.gz: damaged or truncated gzip file"), "{cut}");
    let checksum = packed.len() - 6;
    packed[checksum] ^= 1;
    let wrong = error(read_digits(&packed, "own.gz"));
    assert!(wrong.starts_with("own.gz: damaged or truncated gzip file"), "{wrong}");
}

const HEADER: &str = "# A comment\n@dimensions 2\n@classLabel true a b\n@data\n";

#[test]
fn sequences_are_read_step_by_step_and_classes_are_numbered() {
    let text = format!("{HEADER}1,2:3,4:b\n\n5:6:a\n");
    let expected = Sequences::new(2, vec![vec![1., 3., 2., 4.], vec![5., 6.]], vec![1, 0]).unwrap();
    assert_eq!(read_sequences(text.as_bytes(), "own.ts").unwrap(), expected);
    assert_eq!(read_sequences(&gzip(&text), "own.ts.gz").unwrap(), expected);
}

#[test]
fn damaged_sequences_are_named_with_file_and_line() {
    let error = |text: &str| read_sequences(text.as_bytes(), "own.ts").unwrap_err().to_string();
    for (line, expected) in [
        (
            "1,2:3:a",
            "expected channels of one length, received 2 steps in channel 1 and 1 in channel 2",
        ),
        (":3:a", "channel 1 has no steps"),
        ("1,?:3,?:a", "expected a finite number, received \"?\""),
        ("NaN:NaN:a", "expected a finite number, received \"NaN\""),
        ("1,inf:3,4:a", "expected a finite number, received \"inf\""),
        ("1,2:3,:a", "expected a finite number, received \"\""),
        ("1:2:c", "expected a class of [\"a\", \"b\"], received \"c\""),
        ("1:2", "expected 2 channels and a class parted by colons, received 2 fields"),
        ("1:2:3:a", "expected 2 channels and a class parted by colons, received 4 fields"),
    ] {
        let found = error(&format!("{HEADER}1:2:a\n{line}\n"));
        assert!(found.starts_with(&format!("own.ts, line 6: {expected}")), "{found}");
    }
    for (text, expected) in [
        ("@dimensions 0\n", "own.ts, line 1: expected \"@dimensions\" and a number from 1"),
        ("@classLabel false\n", "own.ts, line 1: expected \"@classLabel true\" and the classes"),
        ("@data\n", "own.ts, line 1: expected @dimensions and @classLabel before @data"),
        ("1:2:a\n", "own.ts, line 1: expected \"@data\" before the first sequence"),
        (HEADER, "own.ts: expected sequences behind a line \"@data\", received none"),
    ] {
        assert_eq!(error(text), expected);
    }
}

/// A header may declare more channels than memory holds, and name a class for each line. Searching
/// the names would take 5e9 steps.
#[test]
fn reading_sequences_costs_what_the_lines_cost() {
    let header = HEADER.replace("dimensions 2", "dimensions 1000000000000");
    let error = read_sequences(format!("{header}1:2:a\n").as_bytes(), "own.ts").unwrap_err();
    assert!(error.to_string().contains("expected 1000000000000 channels"), "{error}");

    let names: Vec<String> = (0..100_000).map(|class| format!("c{class}")).collect();
    let header = format!("@dimensions 1\n@classLabel true {}\n@data\n", names.join(" "));
    let lines: String = names.iter().map(|name| format!("1:{name}\n")).collect();
    let read = read_sequences(format!("{header}{lines}").as_bytes(), "own.ts").unwrap();
    assert!(read.rows().map(|(_, label)| label).eq(0..100_000));
    let error = read_sequences(format!("{header}1:c\n").as_bytes(), "own.ts").unwrap_err();
    assert!(error.to_string().ends_with("\"c19\"] and 99980 more, received \"c\""), "{error}");
}

#[test]
fn samples_that_no_memory_holds_are_an_error() {
    let sequences = Sequences::new(1, vec![vec![1.]], vec![0]).unwrap();
    for steps in [usize::MAX, usize::MAX / 2, usize::MAX / 64] {
        let error = sequences.to_samples(Some(steps), &Device::Cpu).unwrap_err().to_string();
        assert!(error.contains("expected samples that fit into memory"), "{error}");
    }
}
