//! What a process tells by its exit code. Scripts depend on these numbers: they never change.

/// Done; with `plan --detailed-exitcode`, also: no changes.
pub const SUCCESS: u8 = 0;
/// Something is wrong, and was said on stderr. Also a mistake on the command line, since 2 means something else.
pub const ERROR: u8 = 1;
/// `plan --detailed-exitcode`: there are changes. `drift`: there is drift.
pub const CHANGES: u8 = 2;
/// `run`, `redrive`, `show --follow`: the execution failed.
pub const EXECUTION_FAILED: u8 = 3;
/// The same: it ran into the timeout of its machine.
pub const EXECUTION_TIMED_OUT: u8 = 4;
/// The same: it was stopped.
pub const EXECUTION_ABORTED: u8 = 5;
/// The same: it still runs, and `--timeout` was over.
pub const EXECUTION_RUNNING: u8 = 6;
/// Interrupted by the user (128 + SIGINT). The state is true; what was in flight is settled by the next run.
/// An execution that was followed goes on.
pub const INTERRUPTED: u8 = 130;
