//! Readers of data files.

use std::fmt::Write;

use candle_core::Device;

use crate::data::table::{
    Cells, Decimal, Format, ReadOptions, Reading, Rows, Schema, Separator, Table, TargetValues,
};
use crate::data::{
    ImageFormat, Images, NamedSequences, SequenceFormat, read_images, read_images_as,
    read_sequences, read_sequences_as,
};

/// A file of images. They, written as a plain file, are read as the same images, and so are they in
/// their format.
pub fn digits(bytes: &[u8]) -> bool {
    let Ok(read) = read_images(bytes, "digits.csv", None) else { return false };
    let text = images_text(&read);
    let again = read_images(text.as_bytes(), "again", Some(read.shape)).unwrap();
    let new = read_images_as(text.as_bytes(), "new", &ImageFormat::of(&again)).unwrap();
    let pixels = read.pixels.rows().map(|(pixels, _)| pixels);
    let labels: Vec<u32> = read.pixels.rows().map(|(_, label)| label).collect();
    assert!(new.rows().eq(pixels) && new.labels() == Some(&labels[..]));
    assert_eq!((again.pixels, again.classes), (read.pixels, read.classes));
    true
}

/// Writes images with a header, without which the first one might be taken for one.
fn images_text(images: &Images) -> String {
    let mut text = "pixel,class\n".to_string();
    for (pixels, label) in images.pixels.rows() {
        pixels.iter().for_each(|pixel| write!(text, "{pixel},").unwrap());
        let class = images.classes[label as usize].replace('"', "\"\"");
        writeln!(text, "\"{class}\"").unwrap();
    }
    text
}

/// A file of sequences. They, written as a plain file, are read as the same sequences, and so are they
/// in their format; the mask of their samples has a 1 for each step.
pub fn sequences(bytes: &[u8]) -> bool {
    let Ok(read) = read_sequences(bytes, "sequences.ts") else { return false };
    let text = sequences_text(&read);
    assert_eq!(read_sequences(text.as_bytes(), "again").unwrap(), read);
    let new = read_sequences_as(text.as_bytes(), "new", &SequenceFormat::of(&read)).unwrap();
    assert!(new.rows().eq(read.sequences.rows().map(|(row, _)| row)));
    let read = read.sequences;
    let samples = read.to_samples(None, &Device::Cpu).unwrap();
    let (xs, _) = samples.range(0, read.len()).unwrap(); // (N, T, C + 1)
    let mask = xs.narrow(2, read.channels(), 1).unwrap();
    let steps = mask.sum_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(steps as usize, read.lengths().sum::<usize>());
    true
}

fn sequences_text(NamedSequences { sequences, classes, .. }: &NamedSequences) -> String {
    let channels = sequences.channels();
    let mut text = format!("@dimensions {channels}\n@classLabel true");
    // Names that are not listed may have spaces; they are sorted then.
    if classes.iter().all(|class| !class.contains(char::is_whitespace)) {
        classes.iter().for_each(|class| write!(text, " {class}").unwrap());
    }
    text.push_str("\n@data\n");
    for (row, label) in sequences.rows() {
        for channel in 0..channels {
            let steps = row.iter().skip(channel).step_by(channels);
            let steps: Vec<String> = steps.map(f64::to_string).collect();
            write!(text, "{}:", steps.join(",")).unwrap();
        }
        writeln!(text, "{}", classes[label as usize]).unwrap();
    }
    text
}

/// A table, first without a target, then with its last column as one. What is read, written with
/// commas and points, is read as the same table.
pub fn table(bytes: &[u8]) -> bool {
    let options = ReadOptions::default();
    let Ok((table, reading)) = Table::from_bytes(bytes, "table.csv", &options) else {
        return false;
    };
    check_table(table, &reading);
    let last = &reading.columns.last().unwrap().name;
    if let Ok((table, reading)) = Table::from_bytes(bytes, "table.csv", &options.target(last)) {
        check_table(table, &reading);
    }
    true
}

fn check_table(mut table: Table, reading: &Reading) {
    assert_eq!((table.rows.len(), table.rows.is_sorted()), (reading.rows, true));
    // A header of numbers would not be known as one.
    table.columns.iter_mut().for_each(|column| column.name.insert(0, 'n'));
    table.target.iter_mut().for_each(|target| target.name.insert(0, 'n'));
    let text = table_text(&table);
    let format = Format { decimal: Some(Decimal::Point), ..Format::default() };
    let format = format.separator(",".parse::<Separator>().unwrap());
    let schema = Schema::of(&table);
    let (again, _) = Table::from_bytes_as(&text, "again", &schema, Rows::All, &format).unwrap();
    assert_eq!(String::from_utf8(table_text(&again)), String::from_utf8(text));
}

fn table_text(table: &Table) -> Vec<u8> {
    let mut text = csv::Writer::from_writer(Vec::new());
    let names = table.columns.iter().map(|column| &column.name);
    text.write_record(names.chain(table.target.iter().map(|target| &target.name))).unwrap();
    for row in 0..table.rows.len() {
        let inputs = table.columns.iter().map(|column| match &column.cells {
            Cells::Numbers(numbers) if numbers[row].is_nan() => String::new(),
            Cells::Numbers(numbers) => numbers[row].to_string(),
            Cells::Categories { names, codes } => {
                codes[row].map_or(String::new(), |code| names[code as usize].clone())
            }
        });
        let target = table.target.iter().map(|target| match &target.values {
            TargetValues::Numbers(numbers) => numbers[row].to_string(),
            TargetValues::Classes { names, labels } => names[labels[row] as usize].clone(),
        });
        text.write_record(inputs.chain(target)).unwrap();
    }
    text.into_inner().unwrap()
}
