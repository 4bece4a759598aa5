//! Seals what is written and opens what is read.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::x25519::{self, Identity};
use age::{DecryptError, Decryptor, Encryptor, Recipient};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::EncryptionError;
use super::identities::Identities;
use super::kms::{KmsIdentity, KmsRecipient};
use crate::aws::kms::{DataKey, KeyService, PlainKey, WrappedKey};
use crate::stack::EncryptionSettings;
use crate::state::StateError;

/// Seals and opens, by what a stack file says and what keys are at hand. Clones share what they have learnt.
#[derive(Clone, Debug)]
pub struct Cipher {
    shared: Arc<Shared>,
    /// Whether to take what is in clear though it should be sealed, to seal it.
    takes_plain: bool,
}

#[derive(Debug)]
struct Shared {
    seal: Seal,
    identities: Identities,
    keys: Option<Arc<dyn KeyService>>,
    data_keys: Mutex<DataKeys>,
    /// Whether something sealed was read.
    has_met_sealed: AtomicBool,
}

/// For whom to seal.
#[derive(Debug)]
enum Seal {
    /// For nobody: in clear.
    Nothing,
    Recipients(Vec<String>),
    Kms {
        key_id: String,
        stack: String,
    },
}

#[derive(Debug, Default)]
struct DataKeys {
    /// What this run seals with.
    own: Option<Arc<DataKey>>,
    /// What was opened.
    opened: HashMap<WrappedKey, Arc<PlainKey>>,
}

/// How an armored and how a binary file of age begin.
const BEGINNINGS: [&[u8]; 2] = [b"-----BEGIN AGE ENCRYPTED FILE-----", b"age-encryption.org/"];

/// Whether these are the bytes of a file of age.
pub fn is_sealed(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| bytes.trim_ascii_start().starts_with(beginning))
}

impl Cipher {
    /// Seals as `settings` say, for the stack called `stack`; without them, not at all.
    pub fn new(
        settings: Option<&EncryptionSettings>,
        stack: &str,
        identities: Identities,
        keys: Option<Arc<dyn KeyService>>,
    ) -> Self {
        let seal = match settings {
            None => Seal::Nothing,
            Some(EncryptionSettings { kms_key_id: Some(key_id), .. }) => {
                Seal::Kms { key_id: key_id.clone(), stack: stack.to_owned() }
            }
            Some(EncryptionSettings { recipients, .. }) => Seal::Recipients(recipients.clone()),
        };
        let shared = Shared { seal, identities, keys, data_keys: Mutex::default(), has_met_sealed: AtomicBool::new(false) };
        Self { shared: Arc::new(shared), takes_plain: false }
    }

    /// Seals nothing, and opens nothing that is sealed.
    pub fn plain() -> Self {
        Self::new(None, "", Identities::Given(Vec::new()), None)
    }

    /// The same, which also takes what is in clear and should be sealed.
    #[must_use]
    pub fn taking_plain(&self) -> Self {
        Self { takes_plain: true, ..self.clone() }
    }

    /// Whether what is written is sealed.
    pub fn seals(&self) -> bool {
        !matches!(self.shared.seal, Seal::Nothing)
    }

    /// Makes sure, before anything else is done, that what will be written can be sealed, without a network, and
    /// opened again.
    pub fn prepare(&self) -> Result<(), EncryptionError> {
        match &self.shared.seal {
            Seal::Nothing => self.require_nothing_sealed(),
            Seal::Kms { .. } => self.own_data_key().map(|_| ()),
            Seal::Recipients(recipients) => {
                let probe = self.encrypt(b"probe", Format::Binary)?;
                self.decrypt(&probe).map(|_| ()).map_err(|error| match error {
                    EncryptionError::NoIdentity { .. } | EncryptionError::OtherIdentity { .. } => {
                        EncryptionError::NoWayBack { recipients: recipients.clone() }
                    }
                    other => other,
                })
            }
        }
    }

    /// `plain` as the content of a file.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        if self.seals() {
            return self.encrypt(plain, Format::AsciiArmor);
        }
        self.require_nothing_sealed()?;
        Ok(plain.to_vec())
    }

    /// What `bytes`, the content of a file, say.
    pub fn open(&self, bytes: Vec<u8>) -> Result<Vec<u8>, EncryptionError> {
        if is_sealed(&bytes) {
            self.shared.has_met_sealed.store(true, Ordering::Relaxed);
            return self.decrypt(&bytes);
        }
        // Everything that is written in clear is a JSON object. What is neither is damaged, which its reader says better.
        if bytes.trim_ascii_start().starts_with(b"{") {
            self.require_plain_taken()?;
        }
        Ok(bytes)
    }

    /// [`Self::seal`] for what is kept at `path`, which its error names.
    pub(in crate::state) fn seal_at(&self, plain: &[u8], path: &Path) -> Result<Vec<u8>, StateError> {
        self.seal(plain).map_err(|source| StateError::Sealed { path: path.to_owned(), source })
    }

    /// [`Self::open`] of what is kept at `path`, which its error names.
    pub(in crate::state) fn open_at(&self, bytes: Vec<u8>, path: &Path) -> Result<Vec<u8>, StateError> {
        self.open(bytes).map_err(|source| match source {
            EncryptionError::Damaged(detail) => StateError::SealDamaged { path: path.to_owned(), detail },
            source => StateError::Sealed { path: path.to_owned(), source },
        })
    }

    /// `plain` as one line without its line break; `None` where it is to stand in clear.
    pub fn seal_line(&self, plain: &str) -> Result<Option<String>, EncryptionError> {
        if self.seals() {
            return Ok(Some(STANDARD.encode(self.encrypt(plain.as_bytes(), Format::Binary)?)));
        }
        self.require_nothing_sealed()?;
        Ok(None)
    }

    /// What [`Self::seal_line`] has sealed.
    pub fn open_line(&self, line: &str) -> Result<String, EncryptionError> {
        self.shared.has_met_sealed.store(true, Ordering::Relaxed);
        let bytes = STANDARD.decode(line).map_err(|error| EncryptionError::Damaged(error.to_string()))?;
        let plain = self.decrypt(&bytes)?;
        String::from_utf8(plain).map_err(|_| EncryptionError::Damaged("it holds no text".to_owned()))
    }

    /// Whether a line or a file may stand in clear.
    pub fn require_plain_taken(&self) -> Result<(), EncryptionError> {
        if self.seals() && !self.takes_plain { Err(EncryptionError::Plain) } else { Ok(()) }
    }

    fn require_nothing_sealed(&self) -> Result<(), EncryptionError> {
        if self.shared.has_met_sealed.load(Ordering::Relaxed) { Err(EncryptionError::WouldBePlain) } else { Ok(()) }
    }

    fn encrypt(&self, plain: &[u8], format: Format) -> Result<Vec<u8>, EncryptionError> {
        match &self.shared.seal {
            Seal::Nothing => Ok(plain.to_vec()),
            Seal::Kms { .. } => encrypt_for(&[&KmsRecipient(&*self.own_data_key()?)], plain, format),
            Seal::Recipients(texts) => {
                let parse = |recipient: &String| {
                    recipient
                        .parse::<x25519::Recipient>()
                        .map_err(|reason| EncryptionError::BadRecipient { recipient: recipient.clone(), reason })
                };
                let recipients = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
                let recipients: Vec<&dyn Recipient> = recipients.iter().map(|recipient| recipient as &dyn Recipient).collect();
                encrypt_for(&recipients, plain, format)
            }
        }
    }

    fn decrypt(&self, bytes: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| damaged(&error))?;
        let open = |wrapped: &WrappedKey| self.open_data_key(wrapped);
        let kms = KmsIdentity::new(&open);
        // The keys of age are read only for what age's keys have sealed.
        let own = match decryptor.decrypt(std::iter::once(&kms as &dyn age::Identity)) {
            Err(DecryptError::NoMatchingKeys) => None,
            outcome => Some(outcome),
        };
        let (outcome, identities) = match own {
            Some(outcome) => (outcome, Vec::new()),
            None => {
                let identities = self.shared.identities.read()?;
                let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| damaged(&error))?;
                (decryptor.decrypt(identities.iter().map(|identity| identity as &dyn age::Identity)), identities)
            }
        };
        let mut reader = match outcome {
            Ok(reader) => reader,
            Err(DecryptError::NoMatchingKeys) => return Err(self.no_match(&identities)),
            Err(error) => return Err(kms.into_refusal().unwrap_or_else(|| damaged(&error))),
        };
        let mut plain = Vec::new();
        reader.read_to_end(&mut plain).map_err(|error| EncryptionError::Damaged(error.to_string()))?;
        Ok(plain)
    }

    fn no_match(&self, identities: &[Identity]) -> EncryptionError {
        let recipients = match &self.shared.seal {
            Seal::Recipients(recipients) => recipients.clone(),
            _ => Vec::new(),
        };
        if identities.is_empty() {
            return EncryptionError::NoIdentity { recipients };
        }
        let identities = identities.iter().map(|identity| identity.to_public().to_string()).collect();
        EncryptionError::OtherIdentity { recipients, identities }
    }

    /// What this run seals with, asked for once.
    fn own_data_key(&self) -> Result<Arc<DataKey>, EncryptionError> {
        let Seal::Kms { key_id, stack } = &self.shared.seal else {
            return Err(EncryptionError::Unsealable("it is not sealed with KMS".to_owned()));
        };
        let mut data_keys = self.shared.data_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = &data_keys.own {
            return Ok(own.clone());
        }
        let keys = self.shared.keys.as_ref().ok_or_else(|| EncryptionError::NoKeyService { key_arn: key_id.clone() })?;
        let own = Arc::new(keys.new_data_key(key_id, stack)?);
        data_keys.own = Some(own.clone());
        Ok(own)
    }

    fn open_data_key(&self, wrapped: &WrappedKey) -> Result<OpenedKey, EncryptionError> {
        let mut data_keys = self.shared.data_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = data_keys.own.as_ref().filter(|own| own.wrapped == *wrapped) {
            return Ok(OpenedKey::Own(own.clone()));
        }
        if let Some(opened) = data_keys.opened.get(wrapped) {
            return Ok(OpenedKey::Opened(opened.clone()));
        }
        let no_service = || EncryptionError::NoKeyService { key_arn: wrapped.key_arn.clone() };
        let keys = self.shared.keys.as_ref().ok_or_else(no_service)?;
        let opened = keys.open_data_key(wrapped).map_err(|error| {
            // The wrapped key itself was changed, or the stack's name beside it.
            if error.has_code("InvalidCiphertextException") {
                return EncryptionError::Damaged("KMS does not know its data key".to_owned());
            }
            error.into()
        })?;
        let opened = Arc::new(opened);
        data_keys.opened.insert(wrapped.clone(), opened.clone());
        Ok(OpenedKey::Opened(opened))
    }
}

/// A data key in one of its two places.
enum OpenedKey {
    Own(Arc<DataKey>),
    Opened(Arc<PlainKey>),
}

impl AsRef<PlainKey> for OpenedKey {
    fn as_ref(&self) -> &PlainKey {
        match self {
            Self::Own(own) => &own.plain,
            Self::Opened(opened) => opened,
        }
    }
}

fn encrypt_for(recipients: &[&dyn Recipient], plain: &[u8], format: Format) -> Result<Vec<u8>, EncryptionError> {
    let encryptor =
        Encryptor::with_recipients(recipients.iter().copied()).map_err(|error| EncryptionError::Unsealable(error.to_string()))?;
    let write = || -> io::Result<Vec<u8>> {
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format)?)?;
        writer.write_all(plain)?;
        writer.finish()?.finish()
    };
    write().map_err(|error| EncryptionError::Unsealable(error.to_string()))
}

fn damaged(error: &DecryptError) -> EncryptionError {
    EncryptionError::Damaged(match error {
        // What age says of these is for who opens a file by hand.
        DecryptError::InvalidMac | DecryptError::DecryptionFailed => "its seal is broken".to_owned(),
        other => other.to_string(),
    })
}
