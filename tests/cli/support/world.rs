//! A folder with stack files, an AWS account, and `stepwright` between them.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::endpoint::{self, Borrowed};
use super::fixture::Fixture;
use super::store;

/// Longer than any run takes that is not stuck.
const TIMEOUT: Duration = Duration::from_secs(180);

pub struct World {
    pub endpoint: Borrowed,
    folder: TempDir,
    /// What each stack file says of where its state is: nothing, or what `STEPWRIGHT_TEST_STORE` wants.
    state_table: String,
}

/// How a run of `stepwright` ended.
#[derive(Debug)]
pub struct Outcome {
    pub command: String,
    /// Absent: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl World {
    /// An empty account and an empty folder.
    pub fn new() -> Self {
        let endpoint = endpoint::borrow();
        let state_table = store::state_table(&endpoint);
        Self { endpoint, folder: tempfile::tempdir().expect("a temporary folder"), state_table }
    }

    /// The example stacks beside an account in which what they look up is there.
    pub fn of(fixture: &Fixture) -> Self {
        let world = Self::new();
        for entry in std::fs::read_dir(endpoint::root().join("stacks")).expect("stacks/ is there") {
            let path = entry.expect("a folder entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            world.write(name, &std::fs::read_to_string(&path).expect("a file of stacks/"));
        }
        if fixture.looks_up {
            world.endpoint.account("prepare");
            world.endpoint.forget_calls();
        }
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let is_stack = name.ends_with(".toml") && text.contains("[stack]") && !text.contains("[state.");
        let table = if is_stack { self.state_table.as_str() } else { "" };
        std::fs::write(self.path(name), format!("{text}{table}")).expect(name);
    }

    /// Replaces `old`, which must be there, in a file.
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has no {old:?}");
        self.write(name, &text.replace(old, new));
    }

    /// Runs `stepwright` in the folder, without a terminal, with this account's credentials.
    pub fn stepwright(&self, arguments: &[&str]) -> Outcome {
        self.run(arguments, &self.endpoint.environment)
    }

    /// The same with more in the environment.
    pub fn stepwright_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Outcome {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Vec<_> = self.endpoint.environment.iter().cloned().chain(more).collect();
        self.run(arguments, &environment)
    }

    /// The same with no credentials at all, and nowhere to get some.
    pub fn stepwright_without_credentials(&self, arguments: &[&str]) -> Outcome {
        let kept = |(name, _): &&(String, String)| !name.contains("KEY") && !name.contains("ENDPOINT");
        let environment: Vec<_> = self.endpoint.environment.iter().filter(kept).cloned().collect();
        self.run(arguments, &environment)
    }

    fn run(&self, arguments: &[&str], environment: &[(String, String)]) -> Outcome {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_stepwright"));
        command.current_dir(self.folder.path()).args(arguments).env_clear().timeout(TIMEOUT);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        command.envs(environment.iter().cloned());
        let started = Instant::now();
        let output = command.output().expect("stepwright starts");
        let elapsed = started.elapsed();
        let command = format!("stepwright {}", arguments.join(" "));
        assert!(elapsed < TIMEOUT, "{command} was still running after {elapsed:?}");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome { command, code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), elapsed }
    }

    /// Starts `stepwright` and does not wait for its end.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &[])
    }

    /// The same with more in the environment.
    pub fn start_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Running {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stepwright"));
        command.current_dir(self.folder.path()).args(arguments).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        command.envs(self.endpoint.environment.iter().cloned()).envs(more.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running {
            command: format!("stepwright {}", arguments.join(" ")),
            started: Instant::now(),
            child: command.spawn().expect("stepwright starts"),
        }
    }

    /// Plans, and tells for each address what would be done.
    pub fn planned(&self, arguments: &[&str]) -> Vec<(String, Vec<String>)> {
        let arguments = [&["plan"], arguments, &["--format", "json"]].concat();
        let plan = self.stepwright(&arguments).expect(0).json();
        let changes = plan["resource_changes"].as_array().expect("resource_changes");
        let mut planned: Vec<(String, Vec<String>)> = changes
            .iter()
            .map(|change| {
                let actions = change["change"]["actions"].as_array().expect("actions");
                let actions = actions.iter().map(|action| action.as_str().expect("an action").to_owned()).collect();
                (change["address"].as_str().expect("an address").to_owned(), actions)
            })
            .filter(|(_, actions): &(String, Vec<String>)| actions != &["no-op"] && actions != &["read"])
            .collect();
        planned.sort();
        planned
    }

    /// Calls AWS as somebody else would: an operation of boto3. What the endpoint refuses fails the test.
    pub fn call(&self, service: &str, operation: &str, parameters: Json) -> Json {
        self.endpoint.account(&format!("call {service} {operation} {parameters}"))
    }

    /// The ARNs of all that is in the account.
    pub fn in_account(&self) -> Vec<String> {
        let arns = self.endpoint.account("leftovers");
        arns.as_array().expect("a list").iter().map(|arn| arn.as_str().expect("an ARN").to_owned()).collect()
    }

    /// Fails if the state of `stack` still holds anything.
    pub fn assert_state_is_empty(&self, fixture: &Fixture) {
        let listed = self.stepwright(&["state", "list", fixture.file]).expect(0);
        assert_eq!(listed.stdout.trim(), "", "the state is not empty");
    }
}

/// A `stepwright` that runs.
pub struct Running {
    command: String,
    started: Instant,
    child: Child,
}

impl Running {
    /// As Ctrl-C does.
    pub fn interrupt(&self) {
        let killed = std::process::Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status();
        assert!(killed.expect("kill is there").success(), "{} had ended already", self.command);
    }

    /// Its end.
    pub fn wait(self) -> Outcome {
        let output = self.child.wait_with_output().expect("its output");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Outcome { command: self.command, code: output.status.code(), stdout, stderr, elapsed: self.started.elapsed() }
    }
}

impl Outcome {
    /// Holds it to an exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Its standard output, which must be JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {self}"))
    }

    /// Whether all of these stand somewhere in its output.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stdout.contains(word) || self.stderr.contains(word), "it does not say {word:?}: {self}");
        }
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr, elapsed } = self;
        write!(f, "`{command}` ended with {code:?} after {elapsed:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
