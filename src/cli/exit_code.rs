//! What a process tells by its exit code. Scripts depend on these numbers: they never change.

/// Done; with `plan --detailed-exitcode`, also: no changes.
pub const SUCCESS: u8 = 0;
/// Something is wrong, and was said on stderr. Also a mistake on the command line, since 2 means something else.
pub const ERROR: u8 = 1;
/// `plan --detailed-exitcode`: there are changes. `drift`: there is drift.
pub const CHANGES: u8 = 2;
/// Interrupted by the user (128 + SIGINT). The state is true; what was in flight is settled by the next run.
pub const INTERRUPTED: u8 = 130;
