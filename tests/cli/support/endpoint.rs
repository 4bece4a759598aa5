//! AWS accounts to test against. Starting one takes two seconds, so they are used again, emptied in between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Each is a process of about 200 MB.
const AT_MOST: usize = 3;

/// A running tests/endpoint/endpoint.py. It ends by itself when the test binary does.
pub struct Endpoint {
    process: Child,
    host: String,
    log: PathBuf,
    /// Past the proxy.
    pub direct_url: String,
    /// What a client must have in its environment to find this account and nothing else.
    pub environment: Vec<(String, String)>,
    account: Mutex<Account>,
}

/// A running `account.py serve`: loading its libraries for each question would take longer than the tests.
struct Account {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Account {
    fn start(environment: &[(String, String)], url: &str) -> Self {
        let mut process = Command::new(python())
            .args([root().join("tests/endpoint/account.py"), "serve".into()])
            .envs(environment.iter().cloned())
            .env("AWS_ENDPOINT_URL", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let questions = process.stdin.take().expect("standard input is piped");
        let answers = BufReader::new(process.stdout.take().expect("standard output is piped"));
        Self { process, questions, answers }
    }

    fn ask(&mut self, question: &str) -> Json {
        writeln!(self.questions, "{question}").expect("account.py reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("account.py answers");
        let answer: Json = serde_json::from_str(&line).expect("account.py prints JSON");
        assert!(answer.get("error").is_none(), "account.py {question}: {answer}");
        answer
    }
}

/// One AWS call that arrived.
#[derive(Debug)]
pub struct Call {
    pub service: String,
    pub action: String,
    pub request: Json,
    /// What the endpoint did to it instead of only answering.
    pub fault: Option<String>,
}

impl Call {
    /// Whether it can change anything.
    pub fn is_change(&self) -> bool {
        let reads = ["Get", "List", "Describe", "Validate", "Simulate"];
        !reads.iter().any(|read| self.action.starts_with(read))
    }
}

impl Endpoint {
    fn start() -> Self {
        let mut process = Command::new(python())
            .arg(root().join("tests/endpoint/endpoint.py"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the endpoint starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("the endpoint says where it is");
        let told: Json = serde_json::from_str(&line).expect("the endpoint printed JSON; is .venv up to date? run `make venv`");
        let environment = told["environment"].as_object().expect("an environment");
        let environment: Vec<(String, String)> =
            environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        // Past the proxy: what the tests themselves ask is neither disturbed nor logged.
        let direct_url = told["direct_url"].as_str().expect("a URL").to_owned();
        let account = Account::start(&environment, &direct_url);
        Self {
            direct_url,
            process,
            host: told["url"].as_str().expect("a URL").trim_start_matches("http://").to_owned(),
            log: PathBuf::from(told["log"].as_str().expect("a log")),
            environment,
            account: Mutex::new(account),
        }
    }

    /// Faults, as tests/endpoint/proxy.py describes them; they replace those before, and counting starts anew.
    pub fn set_faults(&self, faults: &[&str]) {
        self.post("/_proxy", &json!({ "faults": faults, "reset": true }));
    }

    /// Propagation lags, as tests/endpoint/strictness.py describes them.
    pub fn set_knobs(&self, knobs: &Json) {
        self.post("/_strict", knobs);
    }

    /// How long each call takes.
    pub fn set_latency_ms(&self, latency_ms: u32) {
        self.post("/_proxy", &json!({ "latency_ms": latency_ms }));
    }

    /// From now on, until the account is emptied, started executions really run. Machines that were made before are not there.
    pub fn execute_state_machines(&self) {
        self.configure(true);
    }

    fn configure(&self, executes: bool) {
        self.post("/moto-api/config", &json!({ "stepfunctions": { "execute_state_machine": executes } }));
    }

    /// Waits until a call of this action has arrived.
    pub fn wait_for_call(&self, action: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.calls().iter().any(|call| call.action == action) {
            assert!(Instant::now() < deadline, "no {action} within a minute");
        }
    }

    /// Waits until a call has met a fault, and returns the first that did.
    pub fn wait_for_fault(&self) -> Call {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(call) = self.calls().into_iter().find(|call| call.fault.is_some()) {
                return call;
            }
            assert!(Instant::now() < deadline, "no fault within a minute");
        }
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.post("/_proxy", &json!({ "truncate_log": true }));
    }

    /// The calls since then, in order.
    pub fn calls(&self) -> Vec<Call> {
        let log = self.log.to_str().expect("a path of ours");
        let calls = self.account(&format!("calls {log}"));
        let text = |call: &Json, key: &str| call[key].as_str().map(str::to_owned);
        calls
            .as_array()
            .expect("a list of calls")
            .iter()
            .map(|call| Call {
                service: text(call, "service").unwrap_or_default(),
                action: text(call, "action").unwrap_or_default(),
                request: call["request"].clone(),
                fault: text(call, "fault"),
            })
            .collect()
    }

    /// What account.py says.
    pub fn account(&self, command: &str) -> Json {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).ask(command)
    }

    fn empty(&self) {
        self.post("/_proxy", &json!({ "faults": [], "rates": [], "latency_ms": 0, "reset": true }));
        self.post("/_strict/reset", &json!({}));
        self.configure(false);
        self.forget_calls();
    }

    fn post(&self, path: &str, body: &Json) {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.host).expect("the endpoint listens");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).expect("the endpoint reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the endpoint answers");
        assert!(answer.starts_with("HTTP/1.1 20"), "POST {path} {body}: {answer}");
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Where it is gone already there is nothing to do.
        let account = self.account.get_mut().unwrap_or_else(PoisonError::into_inner);
        for process in [&mut self.process, &mut account.process] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// An endpoint for the time of one test.
pub struct Borrowed(Option<Endpoint>);

impl Deref for Borrowed {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        self.0.as_ref().expect("present until it is dropped")
    }
}

struct Pool {
    idle: Vec<Endpoint>,
    started: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: Vec::new(), started: 0 });
static RETURNED: Condvar = Condvar::new();

/// An empty account.
pub fn borrow() -> Borrowed {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let endpoint = loop {
        if let Some(endpoint) = pool.idle.pop() {
            break endpoint;
        }
        if pool.started < AT_MOST {
            pool.started += 1;
            drop(pool);
            let slot = Slot;
            let endpoint = Endpoint::start();
            std::mem::forget(slot);
            break endpoint;
        }
        pool = RETURNED.wait(pool).unwrap_or_else(PoisonError::into_inner);
    };
    endpoint.empty();
    Borrowed(Some(endpoint))
}

/// A place in the pool, given back if its endpoint does not start: or those who wait would wait for ever.
struct Slot;

impl Drop for Slot {
    fn drop(&mut self) {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).started -= 1;
        RETURNED.notify_one();
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(endpoint) = self.0.take() {
            POOL.lock().unwrap_or_else(PoisonError::into_inner).idle.push(endpoint);
            RETURNED.notify_one();
        }
    }
}

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> PathBuf {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "the tests need an AWS stand-in, and {} is not there: run `make venv`", python.display());
    python
}
