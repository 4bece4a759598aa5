//! Who holds a lock: for the message to those who find it locked, and to see whether they still live.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::Run;

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells this lock from every other; empty in the instant in which a holder has not yet written its name.
    #[serde(default)]
    pub id: String,
    pub run: Option<Run>,
    pub host: Option<String>,
    pub user: Option<String>,
    /// Where its process number counts: this start of this machine, the name space of its processes, and the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// When its process began, by the kernel's clock: a process number is used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_begin: Option<u64>,
    /// Whether it stays until it is unlocked by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_kept: bool,
}

impl Holder {
    /// This process, for `run`, under a new id.
    pub fn of(run: &Run) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            run: Some(run.clone()),
            host: host(),
            user: user(),
            machine: machine(),
            process_begin: process_begin(run.process),
            is_kept: false,
        }
    }

    /// Whether its process is known to be gone. On another machine that can't be known.
    pub fn is_dead(&self) -> bool {
        let (Some(run), Some(machine)) = (&self.run, &self.machine) else { return false };
        self.machine == crate::state::holder::machine()
            && !machine.is_empty()
            && (self.process_begin.is_some() && process_begin(run.process) != self.process_begin)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(run) = &self.run else { return f.write_str("another process") };
        write!(f, "`stepwright {}` (process {}", run.command, run.process)?;
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(user) = &self.user {
            write!(f, ", user {user}")?;
        }
        write!(f, ", since {:.0}; lock {})", run.started_at, self.id)
    }
}

fn host() -> Option<String> {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty())
}

fn machine() -> Option<String> {
    let start = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let processes = std::fs::read_link("/proc/self/ns/pid").ok()?;
    // Of another user's process the system may hide even that it lives.
    let user = user_number()?;
    Some(format!("{}/{}/{user}", start.trim(), processes.display()))
}

#[cfg(unix)]
fn user_number() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|found| std::os::unix::fs::MetadataExt::uid(&found))
}

#[cfg(not(unix))]
fn user_number() -> Option<u32> {
    None
}

/// The time of its begin, of a process that lives; see proc_pid_stat(5).
fn process_begin(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; after it come the state, the third field, and at last the begin, the 22nd.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    match fields.first() {
        Some(&("Z" | "X")) | None => None,
        Some(_) => fields.get(19)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_one_that_has_ended_does_not() {
        let mut run = Run::now("apply");
        assert!(!Holder::of(&run).is_dead());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a process");
        run.process = child.id();
        let holder = Holder::of(&run);
        assert!(!holder.is_dead());
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        assert!(holder.is_dead());
        let elsewhere = Holder { machine: Some("another".to_owned()), ..holder };
        assert!(!elsewhere.is_dead());
    }
}
