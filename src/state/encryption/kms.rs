//! A stanza of age by which a data key of KMS seals the key of the file.
//!
//! ```text
//! -> stepwright-kms KEY_ARN STACK WRAPPED_DATA_KEY
//! SALT (16 bytes), then the file key under HKDF-SHA256(data key, salt), with ChaCha20-Poly1305
//! ```
//!
//! The wrapped data key is what KMS gave and takes back; it is in base64. One data key seals many files, so each has a
//! salt, and with it a key of its own.

use std::cell::RefCell;
use std::collections::HashSet;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError, Identity, Recipient};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::EncryptionError;
use crate::aws::kms::{DataKey, PlainKey, WrappedKey};

/// The stanza's first word.
const TAG: &str = "stepwright-kms";
const LABEL: &[u8] = b"stepwright/v1/kms";
const SALT_BYTES: usize = 16;

/// Seals for a data key.
pub(super) struct KmsRecipient<'a>(pub &'a DataKey);

impl Recipient for KmsRecipient<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let WrappedKey { key_arn, stack, bytes } = &self.0.wrapped;
        let salt = *uuid::Uuid::new_v4().as_bytes();
        let key = key_of(&self.0.plain, &salt);
        let body = [salt.as_slice(), &aead_encrypt(&key, file_key.expose_secret())].concat();
        let args = vec![key_arn.clone(), stack.clone(), STANDARD_NO_PAD.encode(bytes)];
        Ok((vec![Stanza { tag: TAG.to_owned(), args, body }], HashSet::new()))
    }
}

/// Opens what data keys have sealed. `open` gives a data key.
pub(super) struct KmsIdentity<'a, T> {
    open: &'a dyn Fn(&WrappedKey) -> Result<T, EncryptionError>,
    /// Why `open` had none: age has no place for it in its own error.
    refusal: RefCell<Option<EncryptionError>>,
}

impl<'a, T> KmsIdentity<'a, T> {
    pub fn new(open: &'a dyn Fn(&WrappedKey) -> Result<T, EncryptionError>) -> Self {
        Self { open, refusal: RefCell::new(None) }
    }

    pub fn into_refusal(self) -> Option<EncryptionError> {
        self.refusal.into_inner()
    }
}

impl<T: AsRef<PlainKey>> Identity for KmsIdentity<'_, T> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let Some((wrapped, salt, sealed)) = parse(stanza) else { return Some(Err(DecryptError::InvalidHeader)) };
        let data_key = match (self.open)(&wrapped) {
            Ok(key) => key,
            Err(error) => {
                self.refusal.replace(Some(error));
                return Some(Err(DecryptError::KeyDecryptionFailed));
            }
        };
        let key = key_of(data_key.as_ref(), salt);
        let Ok(mut plain) = aead_decrypt(&key, FILE_KEY_BYTES, sealed) else {
            return Some(Err(DecryptError::DecryptionFailed));
        };
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&plain);
            plain.zeroize();
        })))
    }
}

fn parse(stanza: &Stanza) -> Option<(WrappedKey, &[u8], &[u8])> {
    let [key_arn, stack, bytes] = stanza.args.as_slice() else { return None };
    let bytes = STANDARD_NO_PAD.decode(bytes).ok()?;
    let (salt, sealed) = stanza.body.split_at_checked(SALT_BYTES)?;
    Some((WrappedKey { key_arn: key_arn.clone(), stack: stack.clone(), bytes }, salt, sealed))
}

fn key_of(data_key: &PlainKey, salt: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hkdf(salt, LABEL, data_key.expose_secret()))
}
