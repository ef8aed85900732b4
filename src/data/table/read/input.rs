//! Where a table's text comes from: a file, standard input or memory, plain or packed by gzip.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::fault::Fault;
use crate::data::foreign::foreign;

/// The bytes of a file, which can be read again.
pub struct Source<'a> {
    /// What messages call it.
    pub name: String,
    bytes: Box<dyn Bytes + 'a>,
}

trait Bytes: Read + Seek {}

impl<T: Read + Seek> Bytes for T {}

impl<'a> Source<'a> {
    /// Opens a file, or standard input for the path "-". What cannot be read twice, such as standard
    /// input or a pipe, is copied to a temporary file without a name.
    pub fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let name = "standard input".to_string();
            let bytes = copy(&mut io::stdin().lock()).context("cannot read standard input")?;
            return Ok(Self { name, bytes: Box::new(bytes) });
        }
        let name = path.display().to_string();
        let open = || -> io::Result<File> {
            let mut file = File::open(path)?;
            if fs::metadata(path)?.is_file() { Ok(file) } else { copy(&mut file) }
        };
        if path.is_dir() {
            bail!("cannot read {name}: expected a file, received a folder")
        }
        let file = open().with_context(|| format!("cannot read {name}"))?;
        Ok(Self { name, bytes: Box::new(file) })
    }

    /// Takes bytes in memory.
    pub fn memory(bytes: &'a [u8], name: &str) -> Self {
        Self { name: name.into(), bytes: Box::new(Cursor::new(bytes)) }
    }

    /// Returns the text from its start.
    pub fn text(&mut self) -> Result<Text<'_>, Fault> {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        self.bytes.seek(SeekFrom::Start(0))?;
        let mut magic = Vec::new();
        (&mut self.bytes).take(2).read_to_end(&mut magic)?;
        self.bytes.seek(SeekFrom::Start(0))?;
        let packed = Packed { bytes: &mut *self.bytes, hash: Sha256::new() };
        let unpacked = match magic == GZIP {
            true => Unpacked::Gzip(MultiGzDecoder::new(packed)),
            false => Unpacked::Plain(packed),
        };
        Text::new(unpacked)
    }

    /// Returns the lines that records stand in which begin at these bytes, in ascending order.
    pub fn lines(&mut self, bytes: &[u64]) -> Result<Vec<u64>, Fault> {
        let mut text = self.text()?;
        let (mut line, mut at, mut last) = (1, 0, b'\n');
        let mut lines = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while lines.len() < bytes.len() {
            let count = text.read_unchecked(&mut buffer)?;
            if count == 0 {
                break;
            }
            for &byte in &buffer[..count] {
                match byte {
                    b'\n' if last == b'\r' && at > 0 => {}
                    b'\n' | b'\r' => line += 1,
                    // A record begins after the ends of lines before it.
                    _ => {
                        while bytes.get(lines.len()).is_some_and(|byte| *byte <= at) {
                            lines.push(line);
                        }
                    }
                }
                (last, at) = (byte, at + 1);
            }
        }
        lines.resize(bytes.len(), line);
        Ok(lines)
    }
}

fn copy(from: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(file)
}

/// The bytes of a file on their way to the decoder, with their checksum.
struct Packed<'a> {
    bytes: &'a mut dyn Bytes,
    hash: Sha256,
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

enum Unpacked<'a> {
    Plain(Packed<'a>),
    Gzip(MultiGzDecoder<Packed<'a>>),
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Gzip(bytes) => bytes.read(buffer).map_err(|error| {
                let what = format!("damaged or truncated gzip file: {error}");
                io::Error::other(Fault::File(what))
            }),
        }
    }
}

/// The text of a file after its byte order mark. Read to its end, it has one more line: [`END`].
pub struct Text<'a> {
    unpacked: Unpacked<'a>,
    start: Vec<u8>,
    is_whole: bool,
    /// How many bytes were read, [`ENDING`] included.
    at: usize,
    ended: usize,
}

/// The record after the last one. If it is part of another record, a quote was not closed.
pub const END: &str = "\0";
const ENDING: &[u8] = b"\n\0";

impl<'a> Text<'a> {
    /// The bytes that are looked at before anything is read.
    const START: u64 = 1 << 20;

    fn new(mut unpacked: Unpacked<'a>) -> Result<Self, Fault> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let mut start = Vec::new();
        let count = (&mut unpacked).take(Self::START).read_to_end(&mut start)?;
        if start.starts_with(BYTE_ORDER_MARK) {
            start.drain(..BYTE_ORDER_MARK.len());
        }
        if let Some(what) = foreign(&start) {
            return Err(Fault::File(format!("expected text in UTF-8, received {what}")));
        }
        Ok(Self { unpacked, start, is_whole: (count as u64) < Self::START, at: 0, ended: 0 })
    }

    /// Returns the first bytes, and whether these are all.
    pub fn sample(&self) -> Result<(&[u8], bool), Fault> {
        refuse_null(&self.start, 0)?;
        Ok((&self.start, self.is_whole))
    }

    /// Reads what is left and returns the checksum of the file.
    pub fn sha256(self) -> Result<String, Fault> {
        let mut packed = match self.unpacked {
            Unpacked::Plain(packed) => packed,
            Unpacked::Gzip(decoder) => decoder.into_inner(),
        };
        io::copy(&mut packed, &mut io::sink())?;
        Ok(format!("{:x}", packed.hash.finalize()))
    }

    fn read_unchecked(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.start.get(self.at..) {
            Some(mut start) if !start.is_empty() => start.read(buffer)?,
            _ => self.unpacked.read(buffer)?,
        };
        self.at += count;
        Ok(count)
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.at;
        let count = self.read_unchecked(buffer)?;
        refuse_null(&buffer[..count], at).map_err(io::Error::other)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        let mut ending = &ENDING[self.ended..];
        let count = ending.read(buffer)?;
        self.ended += count;
        Ok(count)
    }
}

fn refuse_null(bytes: &[u8], at: usize) -> Result<(), Fault> {
    match bytes.contains(&0).then(|| bytes.iter().position(|byte| *byte == 0)).flatten() {
        Some(i) => Err(Fault::at((at + i) as u64, "expected text, received a NUL byte")),
        None => Ok(()),
    }
}
