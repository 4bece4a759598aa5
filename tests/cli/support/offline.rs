//! `stepwright` where nothing but files is needed: no account, no credentials.

use std::path::Path;
use std::time::{Duration, Instant};

use super::world::Outcome;

/// Longer than anything takes that asks nobody.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs `stepwright` in `folder`.
pub fn stepwright(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_stepwright"));
    command.current_dir(folder).args(arguments).env_clear().env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    let started = Instant::now();
    let output = command.timeout(TIMEOUT).output().expect("stepwright starts");
    let elapsed = started.elapsed();
    let command = format!("stepwright {}", arguments.join(" "));
    assert!(elapsed < TIMEOUT, "{command} was still running after {elapsed:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome { command, code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), elapsed }
}
