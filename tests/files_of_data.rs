//! The data sets that the crate ships against facts of the raw files, and files that are damaged.
//!
//! Counted with `zcat`, `grep` and `awk`.

use std::io::Write;

use candle_core::{Device, Result};
use candle_noise::data::{
    DIGIT_SHAPE, Images, SPEAKERS, Sequences, digits, japanese_vowels, read_images, read_sequences,
    read_test_sequences,
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
fn sequences_are_padded_at_the_end_and_the_last_channel_is_the_mask() -> Result<()> {
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

fn images(text: &str) -> Result<Images> {
    read_images(text.as_bytes(), "own.csv", None)
}

fn pixels(images: &Images) -> Vec<Vec<f64>> {
    images.pixels.rows().map(|(row, _)| row.to_vec()).collect()
}

fn labels(images: &Images) -> Vec<u32> {
    images.pixels.rows().map(|(_, label)| label).collect()
}

#[test]
fn images_are_read_with_their_shape_and_classes_by_name() {
    let read = images(
        "pixel 1,b,c,d,\"class, by name\"\n\n0,1,2,16,\"dog, small\"\n 4 ,8,\"12\",16,cat\n",
    )
    .unwrap();
    assert_eq!((read.shape, read.white), ([2, 2], 16.));
    assert_eq!(pixels(&read), [[0., 0.0625, 0.125, 1.], [0.25, 0.5, 0.75, 1.]]);
    assert_eq!(labels(&read), [1, 0]);
    assert_eq!(read.classes, ["cat", "dog, small"]);
    let wide = read_images(b"1,2,3,4,5,6,x\n", "own.csv", Some([2, 3])).unwrap();
    assert_eq!((wide.shape, wide.pixels.width()), ([2, 3], 6));
    let bom = images("\u{feff}0,1,2,16,dog\r\n4,8,12,16,cat\r\n").unwrap();
    assert_eq!((bom.pixels.rows().len(), bom.shape), (2, [2, 2]));
    let packed = read_images(&gzip("0,1,2,16,dog\n"), "own.gz", None).unwrap();
    assert_eq!(packed, images("0,1,2,16,dog\n").unwrap());
}

/// Numbers in numerical order, and as NumPy writes them.
#[test]
fn classes_that_are_numbers_are_in_their_order() {
    let read = images("0,10\n0,9\n0,1.0000e+01\n0,-1\n0,0.5\n").unwrap();
    assert_eq!(read.classes, ["-1", "0.5", "9", "10"]);
    assert_eq!(labels(&read), [3, 2, 3, 0, 1]);
}

#[test]
fn pixels_are_divided_by_the_usual_white_above_the_largest() {
    for (largest, white) in [
        ("1", 1.),
        ("0.25", 1.),
        ("0", 1.),
        ("2", 16.),
        ("16", 16.),
        ("16.5", 255.),
        ("255", 255.),
        ("256", 65535.),
        ("70000", 70000.),
    ] {
        let read = images(&format!("0,{largest},0,0,a\n")).unwrap();
        let scaled = largest.parse::<f64>().unwrap() / white;
        assert_eq!((read.white, pixels(&read)), (white, vec![vec![0., scaled, 0., 0.]]));
    }
}

/// As pandas writes columns without names, and as people name them.
#[test]
fn a_header_is_passed_over() {
    let counted = |first: u32| {
        let numbers: Vec<String> = (first..first + 16).map(|i| i.to_string()).collect();
        numbers.join(",")
    };
    for header in [
        "a,b,c,label".to_string(),
        "\"p,1\",\"p,2\",\"x\"".to_string(),
        format!("{},16", counted(0)),
        format!("{},label", counted(0)),
        format!("{},class", counted(1)),
    ] {
        let read = images(&format!("{header}\n{0}0,x\n{0}1,y\n", "0,".repeat(15))).unwrap();
        assert_eq!(labels(&read), [0, 1], "{header}");
    }
    let counting = format!("{},x\n{},y\n", counted(2), counted(0));
    assert_eq!(images(&counting).unwrap().pixels.len(), 2);
    assert_eq!(images("0,1,2,3,x\n0,0,1,1,y\n").unwrap().pixels.len(), 2);
}

#[test]
fn damaged_images_are_named_with_file_line_and_column() {
    let good = "0,1,2,3,dog\n";
    for (line, expected) in [
        ("0,1,-2,3,dog", "line 3, column 3: expected a pixel of at least 0, received \"-2\""),
        ("0,x,2,3,dog", "line 3, column 2: expected a finite number, received \"x\""),
        ("inf,1,2,3,dog", "line 3, column 1: expected a finite number, received \"inf\""),
        (
            "0,1,,3,dog",
            "line 3, column 3: expected a finite number, received \"\"; missing values are not supported",
        ),
        ("0,1,2,3,4,dog", "line 3: expected an image of 2×2 pixels and a class, received 6 fields"),
        ("0,1", "line 3: expected an image of 2×2 pixels and a class, received 2 fields"),
        ("0 1 2 3 4", "line 3: expected pixels and a class separated by commas, received 1 field"),
        ("0,1,2,3,", "line 3: expected a class in the last column, received nothing"),
        ("0,1,2,3,\" \"", "line 3: expected a class in the last column, received nothing"),
    ] {
        let error = images(&format!("{good}\n{line}\n")).unwrap_err().to_string();
        assert_eq!(error, format!("own.csv, {expected}"));
    }
    for (text, expected) in [
        ("\n", "own.csv: expected lines of pixels and a class, received none"),
        ("a,b\n", "own.csv: expected lines of pixels and a class, received none"),
        (
            "0,1,2,dog\n",
            "own.csv, line 1: expected a square number of pixels and a class, or the shape of the \
             images (--shape HxW), received 3 pixels",
        ),
    ] {
        assert_eq!(images(text).unwrap_err().to_string(), expected);
    }
    let wide = read_images(b"0,1,2,x\n", "own.csv", Some([usize::MAX, 3])).unwrap_err().to_string();
    assert!(wide.starts_with("own.csv, line 1: expected an image of"), "{wide}");
}

#[test]
fn files_that_are_no_text_are_named() {
    let mut packed = gzip(&"0,1,2,3,dog\n".repeat(50));
    let error = |bytes: &[u8]| {
        let errors = [
            read_images(bytes, "own", None).unwrap_err().to_string(),
            read_sequences(bytes, "own").unwrap_err().to_string(),
        ];
        assert_eq!(errors[0], errors[1]);
        errors[0].clone()
    };
    assert_eq!(error(b"\xff\xfe0\0"), "own: expected UTF-8 text, received UTF-16 text");
    assert_eq!(error(b"PK\x03\x04 a.ts"), "own: expected UTF-8 text, received a zip archive");
    assert!(error(b"0,\xe9\n").starts_with("own: expected UTF-8 text: invalid"));
    let cut = error(&packed[..packed.len() / 2]);
    assert!(cut.starts_with("own: damaged or truncated gzip file"), "{cut}");
    let checksum = packed.len() - 6;
    packed[checksum] ^= 1;
    let wrong = error(&packed);
    assert!(wrong.starts_with("own: damaged or truncated gzip file"), "{wrong}");
}

const HEADER: &str = "# A comment\n@dimensions 2\n@classLabel true a b\n@data\n";

fn sequences(text: &str) -> (Sequences, Vec<String>) {
    let read = read_sequences(text.as_bytes(), "own.ts").unwrap();
    (read.sequences, read.classes)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn sequences_are_read_step_by_step_and_classes_are_numbered() {
    let text = format!("\u{feff}{HEADER}1,2:3,4:b\n% Another\n\n5:6:a\n");
    let expected = Sequences::new(2, vec![vec![1., 3., 2., 4.], vec![5., 6.]], vec![1, 0]).unwrap();
    assert_eq!(sequences(&text), (expected.clone(), names(&["a", "b"])));
    assert_eq!(read_sequences(&gzip(&text), "own.ts.gz").unwrap().sequences, expected);
}

/// The first line decides what the header does not say, and classes are numbered in the header's order.
#[test]
fn headers_as_published_are_read() {
    let one = Sequences::new(1, vec![vec![1., 2.], vec![3.]], vec![1, 0]).unwrap();
    for header in [
        "@problemName x\n@timeStamps false\n@missing false\n@univariate true\n@equalLength false\n@classLabel true a b\n@data",
        "@UNIVARIATE TRUE\n@ClassLabel TRUE a b c\n@DATA",
        "@classlabel true\n@data",
        "@dimension 1\n@equalLength true\n@seriesLength 24\n@classLabel true a b\n@data",
    ] {
        let read = sequences(&format!("{header}\n1,2:b\n3:a\n"));
        assert_eq!(read, (one.clone(), names(&["a", "b"])), "{header}");
    }
    let (read, classes) = sequences("@classLabel true z a\n@data\n1:2:a\n3:4:z\n");
    assert_eq!((read.channels(), classes), (2, names(&["z", "a"])));
    let (_, classes) = sequences("@classLabel true\n@data\n1:10\n3:9\n");
    assert_eq!(classes, names(&["9", "10"]));
}

#[test]
fn classes_of_a_test_file_are_matched_by_name() {
    let train = read_sequences(format!("{HEADER}1:2:a\n3:4:b\n").as_bytes(), "train.ts").unwrap();
    let read = |header: &str, lines: &str| {
        let text = format!("{header}\n@data\n{lines}\n");
        read_test_sequences(text.as_bytes(), "test.ts", &train)
    };
    for header in ["@classLabel true b a", "@classLabel true", "@classLabel true c b a"] {
        let test = read(header, "5:6:b\n7:8:a").unwrap();
        let labels: Vec<u32> = test.rows().map(|(_, label)| label).collect();
        assert_eq!(labels, [1, 0], "{header}");
    }
    for (header, lines, expected) in [
        (
            "@classLabel true a b c",
            "5:6:a\n7:8:c",
            "test.ts, line 4: expected a class that the training file has (a, b), received \"c\"",
        ),
        (
            "@classLabel true a b",
            "5:a",
            "test.ts, line 3: expected sequences of 2 channels as in the training file, received 1",
        ),
    ] {
        assert_eq!(read(header, lines).unwrap_err().to_string(), expected);
    }
}

#[test]
fn damaged_sequences_are_named_with_file_and_line() {
    let error = |text: &str| read_sequences(text.as_bytes(), "own.ts").unwrap_err().to_string();
    let missing = "; missing values are not supported";
    for (line, expected) in [
        (
            "1,2:3:a",
            ": expected channels of one length, received 2 steps in channel 1 and 1 in channel 2",
        ),
        (":3:a", ", channel 1: expected steps, received none"),
        (
            "1,?:3,?:a",
            &format!(", channel 1, step 2: expected a finite number, received \"?\"{missing}"),
        ),
        (
            "1:NaN:a",
            &format!(", channel 2, step 1: expected a finite number, received \"NaN\"{missing}"),
        ),
        ("1,inf:3,4:a", ", channel 1, step 2: expected a finite number, received \"inf\""),
        (
            "1,2:3,:a",
            &format!(", channel 2, step 2: expected a finite number, received \"\"{missing}"),
        ),
        ("1:2:c", ": expected a class of a, b, received \"c\""),
        ("1:2:", ": expected a class after the last colon, received nothing"),
        ("1:2", ": expected 2 channels and a class separated by colons, received 2 fields"),
        ("1:2:3:a", ": expected 2 channels and a class separated by colons, received 4 fields"),
        ("1", ": expected channels and a class separated by colons, received 1 field"),
    ] {
        assert_eq!(error(&format!("{HEADER}1:2:a\n{line}\n")), format!("own.ts, line 6{expected}"));
    }
    for (text, expected) in [
        ("@dimensions 0\n", "own.ts, line 1: expected \"@dimensions\" and a number from 1"),
        ("@classLabel false\n", "own.ts, line 1: expected \"@classLabel true\" and the classes"),
        ("@data\n", "own.ts, line 1: expected \"@classLabel true\" before \"@data\""),
        ("1:2:a\n", "own.ts, line 1: expected \"@data\" before the first sequence"),
        (
            "@relation x\n",
            "own.ts, line 1: expected a file in the .ts format, received an ARFF file",
        ),
        (HEADER, "own.ts: expected sequences after a line \"@data\", received none"),
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
    let (read, _) = sequences(&format!("{header}{lines}"));
    assert!(read.rows().map(|(_, label)| label).eq(0..100_000));
    let error = read_sequences(format!("{header}1:c\n").as_bytes(), "own.ts").unwrap_err();
    assert!(error.to_string().ends_with(", c19 and 99980 more, received \"c\""), "{error}");
}

/// The files are described beside them.
#[test]
fn published_files_are_read_or_refused_with_the_reason() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ts");
    let bytes = |name: &str| std::fs::read(format!("{folder}/{name}")).unwrap();
    let train = "PickupGestureWiimoteZ_TRAIN.ts.gz";
    let train = read_sequences(&bytes(train), train).unwrap();
    let test = "PickupGestureWiimoteZ_TEST.ts.gz";
    let test = read_test_sequences(&bytes(test), test, &train).unwrap();
    assert_eq!(train.classes, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    for set in [&train.sequences, &test] {
        assert_eq!((set.len(), set.channels()), (50, 1));
        assert_eq!(counts(set.rows().map(|(_, label)| label), 10), [5; 10]);
    }
    let lengths = |set: &Sequences| [set.lengths().min(), set.lengths().max()];
    assert_eq!(lengths(&train.sequences), [Some(29), Some(361)]);
    assert_eq!(lengths(&test), [Some(37), Some(324)]);
    for (name, expected) in [
        ("UnitTestTimeStamps_TRAIN.ts", ", line 5: expected \"@timeStamps false\""),
        (
            "CardanoSentiment_TRAIN.ts",
            ", line 6: expected \"@classLabel true\": the targets of this file are numbers to predict",
        ),
    ] {
        let error = read_sequences(&bytes(name), name).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}{expected}")), "{error}");
    }
}

#[test]
fn samples_that_no_memory_holds_are_an_error() {
    let sequences = Sequences::new(1, vec![vec![1.]], vec![0]).unwrap();
    for steps in [usize::MAX, usize::MAX / 2, usize::MAX / 64] {
        let error = sequences.to_samples(Some(steps), &Device::Cpu).unwrap_err().to_string();
        assert!(error.contains("expected samples that fit into memory"), "{error}");
    }
}
