//! Digests of sensitive values: enough to see that a value changed, too little to guess it without the key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// `hmac-sha256:HEX` of `text` under the state's `digest_key`.
pub fn digest(key: &str, text: &str) -> String {
    // HMAC takes a key of any length, so the error can't happen; without a key there would be no digest to write.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    format!("hmac-sha256:{}", hexadecimal(&mac.finalize().into_bytes()))
}

/// 32 random bytes, in hex. Three random UUIDs hold 366 random bits; their SHA-256 spreads them over 256.
pub(super) fn new_key() -> String {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(uuid::Uuid::new_v4().as_bytes());
    }
    hexadecimal(&hash.finalize())
}

/// SHA-256 of `parts` in a row, in hex.
pub(super) fn sha256(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hmac_sha256() {
        // RFC 4231, test case 2.
        assert_eq!(
            digest("Jefe", "what do ya want for nothing?"),
            "hmac-sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn keys_are_32_bytes_and_differ() {
        let (one, other) = (new_key(), new_key());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
