//! What is written to disk, sealed: every file is a file of age, which `age -d -i KEY FILE` opens as well.
//!
//! | file | holds |
//! |---|---|
//! | `cipher.rs` | [`Cipher`]: seals and opens, as the stack file says and the keys at hand allow |
//! | `identities.rs` | the secret keys of age, from the environment |
//! | `kms.rs` | a stanza of our own, by which age's file key is sealed with a data key of KMS |
//! | `error.rs` | why something can't be sealed or opened |
//!
//! ```text
//! state, history, plan   -----BEGIN AGE ENCRYPTED FILE----- …          the whole file
//! journal                {"c":"5f1c09aa","x":"YWdlLWVuY3J5cHRpb24…"}   each line by itself, so that it can be appended to
//! ```
//!
//! A file tells by itself whether and how it is sealed. What the stack file says is for writing, and for refusing: in
//! clear where it should be sealed, and to write in clear what was sealed. `state encrypt` and `state decrypt` are the
//! way from one to the other ([`super::reseal`]).
//!
//! With KMS, the data key is asked for before a run changes anything ([`Cipher::prepare`]), and those that what is on
//! disk was sealed with when it is read. From then on nothing here needs a network.

mod cipher;
mod error;
mod identities;
mod kms;
#[cfg(test)]
pub(in crate::state) mod tests;

pub use cipher::{Cipher, is_sealed};
pub use error::EncryptionError;
pub use identities::{Identities, KEY_FILE_VARIABLE, KEY_VARIABLE};
