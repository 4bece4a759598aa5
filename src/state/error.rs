//! What can go wrong with a state, each with the file it is about and what to do.

use std::path::PathBuf;

use crate::state::Holder;
use crate::state::encryption::EncryptionError;
use crate::state::entry::EntryError;

/// Why a state can't be read or written. No error here ever means "nothing exists".
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("can't {action} {}: {source}", .path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("the state file {} is empty; {RESTORE}", .path.display())]
    Empty { path: PathBuf },
    #[error("the state file {} ends in the middle, after line {lines}; {RESTORE}", .path.display())]
    Truncated { path: PathBuf, lines: usize },
    #[error("the state file {} is not JSON: {detail}; {RESTORE}", .path.display())]
    NotJson { path: PathBuf, detail: String },
    #[error(
        "{} is in format {found}, and this stepwright reads formats up to {known}; use the version of stepwright that wrote it, or a later one",
        .path.display()
    )]
    NewerFormat { path: PathBuf, found: u64, known: u64 },
    #[error("the state file {} has no `{key}`; {RESTORE}", .path.display())]
    MissingKey { path: PathBuf, key: &'static str },
    #[error("the state file {} was damaged or edited: its checksum does not fit its content; {RESTORE}", .path.display())]
    Checksum { path: PathBuf },
    #[error("the state file {} is not a state: {detail}; {RESTORE}", .path.display())]
    Malformed { path: PathBuf, detail: String },
    #[error("{}: {source}", .path.display())]
    Sealed { path: PathBuf, source: EncryptionError },
    #[error("the state file {} is sealed, and was damaged or changed since: {detail}; {RESTORE}", .path.display())]
    SealDamaged { path: PathBuf, detail: String },
    #[error(
        "the state file {} is missing, but {} continues it from serial {serial}; {RESTORE}",
        .path.display(), .journal.display()
    )]
    Missing { path: PathBuf, journal: PathBuf, serial: u64 },

    #[error(
        "the journal {} is damaged in line {line}: {detail}. It says what an interrupted run did: without it, resources may exist that the state does not know. Put back an undamaged copy of it; or `stepwright state rebuild STACK` makes the state anew from the tags of the resources, and keeps the journal aside",
        .path.display()
    )]
    JournalDamaged { path: PathBuf, line: usize, detail: String },
    #[error(
        "the journal {} continues lineage {journal_lineage}, but the state file beside it is of lineage {state_lineage}: they belong to different states; put the state file and the journal of one run together again; or `stepwright state rebuild STACK` makes the state anew from the tags of the resources, and keeps both aside",
        .path.display()
    )]
    JournalOfOther { path: PathBuf, journal_lineage: String, state_lineage: String },
    #[error(
        "the journal {} continues serial {journal_serial}, but the state file beside it is older: serial {state_serial}; put back the state file of serial {journal_serial}: `stepwright state restore STACK {journal_serial}`, if `stepwright state history STACK` has it",
        .path.display()
    )]
    JournalAhead { path: PathBuf, journal_serial: u64, state_serial: u64 },
    #[error(
        "another process has taken over the journal {}, so that this run must not go on: somebody removed the lock's file while it was held. Run the command again",
        .path.display()
    )]
    JournalTaken { path: PathBuf },

    #[error(
        "the state file {} is of the stack {found:?}, and not of {wanted:?}; give the state file of {wanted:?} with --state, or a path that is free",
        .path.display()
    )]
    OtherStack { path: PathBuf, found: String, wanted: String },
    #[error("there is no state at {}; give the path of the state file with --state", .path.display())]
    Absent { path: PathBuf },
    #[error(
        "{} is locked by {holder}; {}", .path.display(),
        if .holder.is_kept { format!("unlock it: `stepwright state unlock STACK {}`", .holder.id) }
        else { "wait for it to end, then try again; --lock-timeout 5m waits".to_owned() }
    )]
    Locked { path: PathBuf, holder: Box<Holder> },
    #[error(
        "{} is not locked under the id {id:?}; {}", .path.display(),
        .holder.as_ref().map_or_else(|| "it is not locked".to_owned(), |holder| format!("it is locked by {holder}"))
    )]
    OtherLock { path: PathBuf, id: String, holder: Option<Box<Holder>> },
    #[error("{} is locked by {holder}, which is at work; its lock ends with it", .path.display())]
    HolderLives { path: PathBuf, holder: Box<Holder> },
    #[error(
        "the lock of {} was lost: {why}; another run may have begun, so that this one must not go on. Run the command again: what was in flight is settled first",
        .path.display()
    )]
    LockLost { path: PathBuf, why: String },
    #[error(
        "another run, `stepwright {by}`, has written to {}, so that this one must not go on; nothing of that was changed. Run the command again",
        .path.display()
    )]
    Overtaken { path: PathBuf, by: String },

    #[error("can't {action} {}: {source}", .path.display())]
    Remote { action: &'static str, path: PathBuf, source: Box<crate::aws::Error> },
    #[error(
        "the store of {} does not keep the conditions If-None-Match and If-Match of a write ({detail}): two runs at once would lose each other's resources, so no state is kept there; use AWS S3, or a store that has conditional writes",
        .path.display()
    )]
    Unconditional { path: PathBuf, detail: String },
    #[error(
        "{} names {}, which is not there; {RESTORE}", .path.display(), .part.display()
    )]
    PartMissing { path: PathBuf, part: PathBuf },
    #[error(
        "{} has changed while it was locked: it is now at serial {found} of lineage {lineage}, where serial {wanted} was expected; nothing was written to it. See who changed it, then run the command again",
        .path.display()
    )]
    Moved { path: PathBuf, wanted: u64, found: u64, lineage: String },
    #[error(
        "{count} operations on {} have no known outcome yet, so that its journal can't be closed; run the command again to settle them",
        .path.display()
    )]
    Unsettled { path: PathBuf, count: usize },
    #[error(
        "it is not certain whether the state file {} was written, so that nothing more can be recorded in this run; what is there is whole. Run the command again",
        .path.display()
    )]
    Uncertain { path: PathBuf },
    #[error("the history of {} has no serial {serial}; {known}", .path.display())]
    NoSuchSerial { path: PathBuf, serial: u64, known: String },
    #[error(
        "{} is of lineage {found}, and the state that it would be put in the place of is of {wanted}: it is the record of other resources, and is not put back. `stepwright state rebuild STACK` makes a state from the tags of the resources",
        .path.display()
    )]
    OtherLineage { path: PathBuf, found: String, wanted: String },
    #[error("an entry for {} does not fit its state: {source}; this is a bug in stepwright", .path.display())]
    Entry { path: PathBuf, source: EntryError },
    #[error(
        "what is to be written to {} could not be read again: {detail}; nothing was written. A document that is nested too deeply does this",
        .path.display()
    )]
    Unwritable { path: PathBuf, detail: String },
}

impl StateError {
    /// Whether it says that what is there can't be used, and not that it could not be read, or must not be.
    pub fn is_about_damage(&self) -> bool {
        matches!(
            self,
            Self::Empty { .. }
                | Self::Truncated { .. }
                | Self::NotJson { .. }
                | Self::MissingKey { .. }
                | Self::Checksum { .. }
                | Self::Malformed { .. }
                | Self::SealDamaged { .. }
                | Self::Missing { .. }
                | Self::PartMissing { .. }
                | Self::JournalDamaged { .. }
                | Self::JournalOfOther { .. }
                | Self::JournalAhead { .. }
        )
    }
}

const RESTORE: &str = "put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed";
