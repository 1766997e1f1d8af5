//! The codecs of a block, each with a bound on what it may grow to.

use std::io::Read;

use arrow_avro::compression::CompressionCodec;

use crate::batch::Limits;

/// How blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl TryFrom<Option<CompressionCodec>> for Codec {
    type Error = String;

    fn try_from(codec: Option<CompressionCodec>) -> Result<Self, String> {
        Ok(match codec {
            None => Self::Null,
            Some(CompressionCodec::Deflate) => Self::Deflate,
            Some(CompressionCodec::Snappy) => Self::Snappy,
            Some(CompressionCodec::ZStandard) => Self::Zstandard,
            Some(CompressionCodec::Bzip2) => return Err("codec bzip2 is not read".to_owned()),
            Some(CompressionCodec::Xz) => return Err("codec xz is not read".to_owned()),
        })
    }
}

/// Decompresses a block into `out`, whose content is replaced.
pub(super) fn decompress(codec: Codec, block: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    out.clear();
    match codec {
        Codec::Null => out.extend_from_slice(block),
        Codec::Deflate => bounded(flate2::bufread::DeflateDecoder::new(block), out)?,
        Codec::Zstandard => {
            let decoder = zstd::Decoder::with_buffer(block).map_err(|error| error.to_string())?;
            bounded(decoder, out)?;
        }
        Codec::Snappy => snappy(block, out)?,
    }
    Ok(())
}

fn bounded(decoder: impl Read, out: &mut Vec<u8>) -> Result<(), String> {
    let limit = Limits::RECORD as u64;
    let read = decoder.take(limit + 1).read_to_end(out).map_err(|error| error.to_string())?;
    if read as u64 > limit { Err(too_large()) } else { Ok(()) }
}

/// Raw snappy, then the CRC-32 of the content in big-endian order (Avro specification, "snappy").
fn snappy(block: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let (block, checksum) = block.split_last_chunk::<4>().ok_or("it is too short for snappy")?;
    let length = snap::raw::decompress_len(block).map_err(|error| error.to_string())?;
    if length > Limits::RECORD {
        return Err(too_large());
    }
    out.resize(length, 0);
    let written = snap::raw::Decoder::new().decompress(block, out).map_err(|error| error.to_string())?;
    out.truncate(written);
    if crc32fast::hash(out) == u32::from_be_bytes(*checksum) { Ok(()) } else { Err("its checksum is wrong".to_owned()) }
}

fn too_large() -> String {
    format!("it is larger than {} MiB decompressed", Limits::RECORD >> 20)
}
