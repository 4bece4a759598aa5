//! Sealed and opened, by whom it may be, and what else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use age::secrecy::{ExposeSecret as _, SecretBox};
use age::x25519::Identity;
use proptest::prelude::*;

use super::{Cipher, EncryptionError, Identities, is_sealed};
use crate::aws::kms::{DataKey, KeyService, PlainKey, WrappedKey};
use crate::aws::{Error, ErrorKind};
use crate::stack::EncryptionSettings;

/// A KMS that wraps by turning the bytes round, and that can be taken away.
#[derive(Debug, Default)]
pub struct FakeKeys {
    pub is_away: AtomicBool,
    pub made: AtomicUsize,
    pub opened: AtomicUsize,
}

impl FakeKeys {
    fn require(&self) -> Result<(), Error> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Error::new("kms:Decrypt", ErrorKind::Unanswered, "connection refused"));
        }
        Ok(())
    }
}

impl KeyService for FakeKeys {
    fn new_data_key(&self, key_id: &str, stack: &str) -> Result<DataKey, Error> {
        self.require()?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let plain: [u8; 32] = std::array::from_fn(|index| u8::try_from(index + number).unwrap_or_default());
        let bytes = [plain.iter().rev().copied().collect::<Vec<u8>>(), stack.as_bytes().to_vec()].concat();
        let wrapped = WrappedKey { key_arn: key_id.to_owned(), stack: stack.to_owned(), bytes };
        Ok(DataKey { plain: SecretBox::new(Box::new(plain)), wrapped })
    }

    fn open_data_key(&self, wrapped: &WrappedKey) -> Result<PlainKey, Error> {
        self.require()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let refused =
            || Error { code: Some("InvalidCiphertextException".into()), ..Error::new("kms:Decrypt", ErrorKind::Refused, "") };
        let (key, stack) = wrapped.bytes.split_at_checked(32).ok_or_else(refused)?;
        if stack != wrapped.stack.as_bytes() {
            return Err(refused());
        }
        let plain: Vec<u8> = key.iter().rev().copied().collect();
        Ok(SecretBox::new(Box::new(plain.try_into().map_err(|_| refused())?)))
    }
}

/// Seals for the owners of `recipients`, and opens with the keys `identities`.
pub fn age_cipher(recipients: &[&Identity], identities: &[&Identity]) -> Cipher {
    Cipher::new(Some(&settings_of(recipients)), "nightly", given(identities), None)
}

pub fn settings_of(recipients: &[&Identity]) -> EncryptionSettings {
    let recipients = recipients.iter().map(|identity| identity.to_public().to_string()).collect();
    EncryptionSettings { recipients, kms_key_id: None }
}

pub fn given(identities: &[&Identity]) -> Identities {
    Identities::Given(identities.iter().map(|identity| (*identity).clone()).collect())
}

/// Seals with a data key of `keys`, and opens with `identities` as well.
pub fn kms_cipher(keys: &Arc<FakeKeys>, identities: &[&Identity]) -> Cipher {
    let settings = EncryptionSettings { recipients: Vec::new(), kms_key_id: Some("arn:aws:kms:r:a:key/k".to_owned()) };
    Cipher::new(Some(&settings), "nightly", given(identities), Some(keys.clone()))
}

/// Seals nothing, and opens with `identities` and `keys`.
pub fn reader(identities: &[&Identity], keys: &Arc<FakeKeys>) -> Cipher {
    Cipher::new(None, "", given(identities), Some(keys.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_sealed_is_opened_as_it_was(plain in proptest::collection::vec(any::<u8>(), 0..3000), text in ".{0,300}") {
        let one = Identity::generate();
        for cipher in [age_cipher(&[&one], &[&one]), kms_cipher(&Arc::default(), &[])] {
            let sealed = cipher.seal(&plain).expect("it seals");
            prop_assert!(is_sealed(&sealed));
            prop_assert_eq!(cipher.open(sealed).expect("it opens"), plain.clone());
            let line = cipher.seal_line(&text).expect("it seals").expect("sealed");
            prop_assert!(!line.contains(['"', '\n']));
            prop_assert_eq!(cipher.open_line(&line).expect("it opens"), text.clone());
        }
    }
}

#[test]
fn each_recipient_can_open_it_and_nobody_else() {
    let (one, other, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
    let sealed = age_cipher(&[&one, &other], &[&one]).seal(b"state").expect("it seals");
    for identities in [&[&one][..], &[&other], &[&stranger, &other]] {
        assert_eq!(reader(identities, &Arc::default()).open(sealed.clone()).expect("it opens"), b"state");
    }
    let cipher = age_cipher(&[&one, &other], &[&stranger]);
    let error = cipher.open(sealed.clone()).expect_err("a stranger");
    assert!(matches!(error, EncryptionError::OtherIdentity { .. }), "{error:?}");
    let told = error.to_string();
    for word in [one.to_public().to_string(), stranger.to_public().to_string(), "STEPWRIGHT_AGE_KEY_FILE".to_owned()] {
        assert!(told.contains(&word), "{told}");
    }
    assert!(!told.contains("SECRET"), "{told} {:?}", stranger.to_string().expose_secret().len());
    let error = age_cipher(&[&one], &[]).open(sealed).expect_err("no key");
    assert!(matches!(&error, EncryptionError::NoIdentity { recipients } if recipients.len() == 1), "{error:?}");
}

#[test]
fn what_could_not_be_opened_again_is_not_sealed() {
    let (one, other) = (Identity::generate(), Identity::generate());
    age_cipher(&[&one, &other], &[&other]).prepare().expect("a way back");
    for identities in [&[][..], &[&other]] {
        let error = age_cipher(&[&one], identities).prepare().expect_err("no way back");
        assert!(error.to_string().contains(&one.to_public().to_string()), "{error}");
    }
}

#[test]
fn clear_and_sealed_do_not_mix() {
    let one = Identity::generate();
    let cipher = age_cipher(&[&one], &[&one]);
    assert!(matches!(cipher.open(b"{}".to_vec()), Err(EncryptionError::Plain)));
    assert!(matches!(cipher.require_plain_taken(), Err(EncryptionError::Plain)));
    assert_eq!(cipher.taking_plain().open(b"{}".to_vec()).expect("to seal it"), b"{}");
    // What is neither is for its reader to tell.
    assert_eq!(cipher.open(b"-----BEGI".to_vec()).expect("passed on"), b"-----BEGI");
    assert_eq!(cipher.open(Vec::new()).expect("passed on"), b"");

    let plain = reader(&[&one], &Arc::default());
    assert_eq!(plain.seal(b"{}").expect("nothing was sealed yet"), b"{}");
    plain.open(cipher.seal(b"{}").expect("it seals")).expect("it opens");
    assert!(matches!(plain.seal(b"{}"), Err(EncryptionError::WouldBePlain)));
    assert!(matches!(plain.seal_line("{}"), Err(EncryptionError::WouldBePlain)));
    assert!(matches!(plain.prepare(), Err(EncryptionError::WouldBePlain)));
}

#[test]
fn every_flipped_bit_is_seen_and_every_cut() {
    let one = Identity::generate();
    for cipher in [age_cipher(&[&one], &[&one]), kms_cipher(&Arc::default(), &[])] {
        let sealed = cipher.seal(b"{\"serial\": 1}").expect("it seals");
        // One bit of each byte: what is flipped in base64 is another byte in the end.
        for position in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[position] ^= 1 << (position % 7);
            let opened = cipher.open(flipped);
            assert!(opened.is_err() || opened.is_ok_and(|bytes| !bytes.starts_with(b"{")), "byte {position}");
        }
        for length in 0..sealed.len() - 1 {
            let opened = cipher.open(sealed[..length].to_vec());
            assert!(opened.is_err() || opened.is_ok_and(|bytes| !bytes.starts_with(b"{")), "cut at {length}");
        }
    }
}

#[test]
fn a_data_key_is_asked_for_once() {
    let keys = Arc::new(FakeKeys::default());
    let earlier = kms_cipher(&keys, &[]).seal(b"earlier").expect("it seals");
    let cipher = kms_cipher(&keys, &[]);
    cipher.prepare().expect("a data key");
    assert_eq!(cipher.open(earlier.clone()).expect("it opens"), b"earlier");
    keys.is_away.store(true, Ordering::Relaxed);
    let sealed = cipher.seal(b"later").expect("no network is needed");
    for _ in 0..3 {
        assert_eq!(cipher.clone().open(sealed.clone()).expect("nor for this"), b"later");
        assert_eq!(cipher.open(earlier.clone()).expect("nor for this"), b"earlier");
    }
    assert_eq!((keys.made.load(Ordering::Relaxed), keys.opened.load(Ordering::Relaxed)), (2, 1));
    let error = kms_cipher(&keys, &[]).open(sealed).expect_err("it is away");
    assert!(matches!(error, EncryptionError::Kms(_)) && error.to_string().contains("connection refused"), "{error}");
    assert!(matches!(kms_cipher(&keys, &[]).prepare(), Err(EncryptionError::Kms(_))));
}

#[test]
fn a_file_of_age_is_a_file_of_age() {
    let one = Identity::generate();
    let sealed = age_cipher(&[&one], &[&one]).seal(b"state").expect("it seals");
    assert_eq!(age::decrypt(&one, &sealed).expect("anybody's reader opens it"), b"state");
    // And the other way round, in binary too.
    let foreign = age::encrypt(&one.to_public(), b"state").expect("it seals");
    assert_eq!(age_cipher(&[&one], &[&one]).open(foreign).expect("it opens"), b"state");
}
