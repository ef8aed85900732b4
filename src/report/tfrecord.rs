//! TFRecord files: the framing of their records, with checksums, and the fields of the protocol buffers in
//! them.

/// Appends a record: its length, the checksum of the length, the data, and their checksum.
pub(super) fn record(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(crc32c(&length)).to_le_bytes());
    file.extend(data);
    file.extend(masked(crc32c(data)).to_le_bytes());
}

/// Masks a checksum as TFRecord files do.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Returns the CRC-32C (Castagnoli) of some bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78; // reflected
    const TABLE: [u32; 256] = {
        let (mut table, mut byte) = ([0; 256], 0);
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| (crc >> 8) ^ TABLE[(crc as u8 ^ byte) as usize])
}

/// Encodes an integer field.
pub(super) fn varint(field: u64, value: u64) -> Vec<u8> {
    [variable(field << 3), variable(value)].concat()
}

/// Encodes a double field.
pub(super) fn double(field: u64, value: f64) -> Vec<u8> {
    [variable(field << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

/// Encodes a field of bytes, a string or a message.
pub(super) fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [variable(field << 3 | 2), variable(value.len() as u64), value.to_vec()].concat()
}

/// Encodes a float field.
pub(super) fn fixed32(field: u64, value: f32) -> Vec<u8> {
    [variable(field << 3 | 5), value.to_le_bytes().to_vec()].concat()
}

/// Encodes an integer as seven bits a byte, the lowest first; all bytes but the last have the top bit.
fn variable(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of RFC 3720, appendix B.4, and of the catalogue of parametrised CRC algorithms.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!([crc32c(&[0; 32]), crc32c(&[0xff; 32])], [0x8a91_36aa, 0x62a8_ab43]);
    }

    /// 300 is the example of the documentation of protocol buffers.
    #[test]
    fn integers_have_seven_bits_a_byte() {
        assert_eq!(variable(300), [0b1010_1100, 0b0000_0010]);
        assert_eq!(
            (variable(0), variable(127), variable(u64::MAX).len()),
            (vec![0], vec![127], 10)
        );
    }
}
