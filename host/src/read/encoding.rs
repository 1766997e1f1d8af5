//! Bytes written as text: base64 and hexadecimal.
//!
//! Base64 is RFC 4648's, in the standard or the URL-safe alphabet, with padding or without. Nothing is
//! skipped: white space, foreign letters and bits left over are errors, because a value that decodes to
//! almost the right bytes is worse than none.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::job::Encoding;

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, EITHER_PADDING);

/// The bytes that `text` stands for. They are borrowed from `text` where it is the bytes, else from
/// `buffer`, whose content is replaced.
///
/// # Errors
/// Says what is wrong with the text and what to set, without file and row, which the caller knows.
pub fn decode<'a>(text: &'a [u8], encoding: Encoding, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], String> {
    match encoding {
        Encoding::Text => return Ok(text),
        Encoding::Base64 => {
            buffer.clear();
            let url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
            let engine = if url_safe { &BASE64_URL } else { &BASE64 };
            engine.decode_vec(text, buffer).map_err(|error| format!("not base64: {}", lower(&error.to_string())))?;
        }
        Encoding::Hex => {
            buffer.resize(text.len() / 2, 0);
            hex::decode_to_slice(text, buffer)
                .map_err(|error| format!("not hexadecimal: {}", lower(&error.to_string())))?;
        }
    }
    Ok(buffer)
}

/// The encoding as a job and a native file write it.
pub fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Text => "text",
        Encoding::Base64 => "base64",
        Encoding::Hex => "hex",
    }
}

/// The encoding of this name.
pub fn by_name(name: &str) -> Option<Encoding> {
    [Encoding::Text, Encoding::Base64, Encoding::Hex].into_iter().find(|encoding| self::name(*encoding) == name)
}

/// Messages begin in lower case and have no full stop; those of the libraries do.
fn lower(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn decoded(text: &str, encoding: Encoding) -> Result<Vec<u8>, String> {
        decode(text.as_bytes(), encoding, &mut Vec::new()).map(<[u8]>::to_vec)
    }

    #[test]
    fn both_alphabets_and_either_padding_are_base64() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decoded(text, Encoding::Base64).unwrap(), [0xfb, 0xff], "{text}");
        }
        assert_eq!(decoded("", Encoding::Base64).unwrap(), b"");
    }

    #[test]
    fn hexadecimal_is_of_either_case() {
        assert_eq!(decoded("00fFAb", Encoding::Hex).unwrap(), [0, 0xff, 0xab]);
    }

    #[test]
    fn what_is_not_the_encoding_is_an_error() {
        insta::assert_snapshot!(decoded("a b=", Encoding::Base64).unwrap_err(), @"not base64: invalid symbol 32, offset 1");
        insta::assert_snapshot!(decoded("+_==", Encoding::Base64).unwrap_err(), @"not base64: invalid symbol 43, offset 0");
        insta::assert_snapshot!(decoded("abc", Encoding::Hex).unwrap_err(), @"not hexadecimal: odd number of digits");
        insta::assert_snapshot!(decoded("zz", Encoding::Hex).unwrap_err(), @"not hexadecimal: invalid character 'z' at position 0");
    }

    proptest::proptest! {
        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
            proptest::prop_assert_eq!(&decoded(&BASE64_STANDARD.encode(&bytes), Encoding::Base64).unwrap(), &bytes);
            proptest::prop_assert_eq!(&decoded(&BASE64_URL_SAFE_NO_PAD.encode(&bytes), Encoding::Base64).unwrap(), &bytes);
            proptest::prop_assert_eq!(&decoded(&hex::encode(&bytes), Encoding::Hex).unwrap(), &bytes);
        }
    }
}
