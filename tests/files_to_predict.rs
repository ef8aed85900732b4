//! New files of images and sequences, read with the format of the training file.

use candle_core::{Device, Result};
use candle_noise::data::{
    ImageFormat, NamedSequences, NewImages, NewSequences, SequenceFormat, read_images,
    read_images_as, read_sequences, read_sequences_as,
};

/// The images that a model was trained on: 2×2 pixels, white 16.
fn format() -> ImageFormat {
    ImageFormat::of(&read_images(b"0,1,2,16,10\n4,8,12,16,3\n", "train.csv", None).unwrap())
}

fn images(text: &str) -> Result<NewImages> {
    read_images_as(text.as_bytes(), "new.csv", &format())
}

#[test]
fn images_are_read_with_and_without_classes() -> Result<()> {
    let rows = [vec![0.25, 0.5, 0.75, 1.], vec![0., 0.0625, 0.125, 2.]];
    for (text, labels) in [
        ("4,8,12,16\n0,1,2,32\n", None),
        // 3.0 is 3, and NumPy writes 10 like this.
        ("4,8,12,16,3.0\n0,1,2,32,1.0000e+01\n", Some(&[0, 1][..])),
        ("\u{feff}\n4,8,12,16,\"3\"\r\n\r\n0,1, 2,32, 10 \r\n", Some(&[0, 1])),
        ("a,b,c,d\n4,8,12,16\n0,1,2,32", None),
        ("a,b,c,d,class\n4,8,12,16\n0,1,2,32", None),
        ("pixel,class\n4,8,12,16,10\n0,1,2,32,10", Some(&[1, 1])),
    ] {
        let read = images(text)?;
        assert_eq!((read.len(), read.is_empty(), read.labels()), (2, false, labels), "{text:?}");
        // The darker file keeps the training file's white, and what is brighter ends above 1.
        assert!(read.rows().eq(rows.iter().map(Vec::as_slice)), "{text:?}");
    }
    let xs = images("4,8,12,16\n0,1,2,32\n")?.to_tensor(&Device::Cpu)?;
    assert_eq!(xs.dims(), [2, 1, 2, 2]);
    assert_eq!(xs.get(1)?.get(0)?.to_vec2::<f32>()?, [[0., 0.0625], [0.125, 2.]]);
    Ok(())
}

/// The names of a format that was not read from a file are compared the same way.
#[test]
fn classes_of_a_format_that_are_numbers_are_compared_by_value() -> Result<()> {
    let mut format = format();
    format.classes = vec!["3.0".into(), "x".into()];
    let read = read_images_as(b"0,0,0,0,x\n0,0,0,0,3\n", "new.csv", &format)?;
    assert_eq!(read.labels(), Some(&[1, 0][..]));
    Ok(())
}

/// The numbers of the columns above 16 pixels are a header, with a class or without.
#[test]
fn a_header_of_numbers_is_passed_over() -> Result<()> {
    let pixels = "0,".repeat(16);
    let train = format!("{pixels}a\n{pixels}b\n");
    let format = ImageFormat::of(&read_images(train.as_bytes(), "train.csv", None)?);
    let counted =
        |first: u32, last: u32| (first..=last).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let unlabelled = pixels.trim_end_matches(',');
    for (text, labels) in [
        (format!("{}\n{unlabelled}\n", counted(0, 15)), None),
        (format!("{}\n{unlabelled}\n", counted(1, 16)), None),
        (format!("{}\n{pixels}b\n", counted(0, 16)), Some(&[1][..])),
        (format!("{},class\n{pixels}b\n", counted(1, 16)), Some(&[1])),
    ] {
        let read = read_images_as(text.as_bytes(), "new.csv", &format)?;
        assert_eq!((read.len(), read.labels()), (1, labels), "{text}");
    }
    // Pixels that count from 2 are an image.
    let text = format!("{}\n{unlabelled}\n", counted(2, 17));
    assert_eq!(read_images_as(text.as_bytes(), "new.csv", &format)?.len(), 2);
    Ok(())
}

#[test]
fn images_of_another_format_are_refused() {
    for (text, expected) in [
        ("", ": expected lines of pixels, received none"),
        ("a,b,c,d\n\n", ": expected lines of pixels, received none"),
        (
            "0,1,2,3\n0,1,2\n",
            ", line 2: expected an image of 2×2 pixels, with a class or without, received 3 fields",
        ),
        (
            "0,1,2,3,3,3\n",
            ", line 1: expected an image of 2×2 pixels, with a class or without, received 6 fields",
        ),
        (
            "0,1,2,3,3\n\n0,1,2,3\n",
            ", line 3: expected 4 pixels and a class as in the lines above, received 4 fields",
        ),
        (
            "0,1,2,3\n0,1,2,3,3\n",
            ", line 2: expected 4 pixels without a class as in the lines above, received 5 fields",
        ),
        (
            "0,1,2,3,10\n0,1,2,3,4.0\n",
            ", line 2: expected a class that the model has (3, 10), received \"4\"",
        ),
        ("0,1,2,3,\n", ", line 1: expected a class in the last column, received nothing"),
        ("0,-1,2,3\n", ", line 1, column 2: expected a pixel of at least 0, received \"-1\""),
        ("0,1,x,3\n", ", line 1, column 3: expected a finite number, received \"x\""),
    ] {
        assert_eq!(images(text).unwrap_err().to_string(), format!("new.csv{expected}"));
    }
    for (shape, white) in [
        ([0, 2], 16.),
        ([usize::MAX, 2], 16.),
        ([2, 2], 0.),
        ([2, 2], f64::NAN),
        ([2, 2], f64::INFINITY),
    ] {
        let mut format = format();
        (format.shape, format.white) = (shape, white);
        let error = read_images_as(b"0,1,2,3\n", "new.csv", &format).unwrap_err().to_string();
        assert!(error.contains("a finite white above 0, received"), "{error}");
    }
}

/// The sequences that a model was trained on: 2 channels, classes b and a.
fn train() -> NamedSequences {
    read_sequences(b"@classLabel true b a\n@data\n1:2:a\n3:4:b\n", "train.ts").unwrap()
}

fn sequences(text: &str) -> Result<NewSequences> {
    read_sequences_as(text.as_bytes(), "new.ts", &SequenceFormat::of(&train()))
}

#[test]
fn sequences_are_read_with_and_without_classes() -> Result<()> {
    for (header, classes, labels) in [
        ("@classLabel false", ["", ""], None),
        ("@dimensions 2\n@CLASSLABEL False", ["", ""], None),
        ("@classLabel true", [":a", ":b"], Some(&[1, 0][..])),
        // In another order, and with a class that no sequence has.
        ("@classLabel true c a b", [":a", ":b"], Some(&[1, 0])),
    ] {
        let read =
            sequences(&format!("{header}\n@data\n1,2:3,4{}\n5:6{}\n", classes[0], classes[1]))?;
        assert_eq!((read.len(), read.is_empty(), read.labels()), (2, false, labels), "{header}");
        assert!(read.rows().eq([&[1., 3., 2., 4.][..], &[5., 6.]]), "{header}");
        let expected = [[[1., 3., 1.], [2., 4., 1.]], [[5., 6., 1.], [0., 0., 0.]]];
        assert_eq!(read.to_tensor(&Device::Cpu)?.to_vec3::<f32>()?, expected, "{header}");
    }
    Ok(())
}

#[test]
fn sequences_of_another_format_are_refused() {
    let (unlabelled, labelled) = ("@classLabel false\n@data\n", "@classLabel true\n@data\n");
    for (text, expected) in [
        ("", ": expected sequences after a line \"@data\", received none"),
        (unlabelled, ": expected sequences after a line \"@data\", received none"),
        (
            "@dimensions 2\n@data\n",
            ", line 2: expected \"@classLabel false\" or \"@classLabel true\" before \"@data\"",
        ),
        (
            "@classLabel maybe\n",
            ", line 1: expected \"@classLabel false\" or \"@classLabel true\" and the classes",
        ),
        (
            &format!("{labelled}1:2:a\n1:2:c\n"),
            ", line 4: expected a class that the model has (b, a), received \"c\"",
        ),
        ("@classLabel true a\n@data\n1:2:b\n", ", line 3: expected a class of a, received \"b\""),
        (
            &format!("{unlabelled}1\n"),
            ", line 3: expected sequences of 2 channels as in the model, received 1",
        ),
        // A class, where the header says that there are none.
        (
            &format!("{unlabelled}1:2\n1:2:a\n"),
            ", line 4: expected 2 channels without a class separated by colons, received 3 fields",
        ),
        (
            &format!("{labelled}1:2:a\n1:2\n"),
            ", line 4: expected 2 channels and a class separated by colons, received 2 fields",
        ),
        (
            &format!("@dimensions 3\n{unlabelled}1:2:3\n"),
            ", line 4: expected sequences of 2 channels as in the model, received 3",
        ),
        (&format!("{unlabelled}1:\n"), ", line 3, channel 2: expected steps, received none"),
    ] {
        assert_eq!(sequences(text).unwrap_err().to_string(), format!("new.ts{expected}"));
    }
}
