//! A stand-in for AWS that answers the calls of a test as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use serde_json::Value as Json;

use crate::aws::{Aws, ChangedRoles};
use crate::place::Place;

pub enum Reply {
    Json(u16, Json),
    Xml(u16, &'static str),
    /// The connection is closed without an answer.
    Hangup,
}

pub struct StandIn {
    url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// Answers each call by `reply(action, body)`, until the test's process ends.
    pub fn start(mut reply: impl FnMut(&str, &Json) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some((action, body)) = read(&stream) {
                    heard.lock().expect("no other thread has panicked").push(action.clone());
                    write(stream, reply(&action, &body));
                }
            }
        });
        Self { url, calls }
    }

    /// The actions called so far.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("no other thread has panicked").clone()
    }

    pub fn aws(&self) -> Aws {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::Config::builder()
                        .behavior_version_latest()
                        .endpoint_url(&self.url)
                        .region($sdk::config::Region::new("eu-west-1"))
                        .credentials_provider(credentials.clone())
                        .build(),
                )
            };
        }
        let place = Place {
            partition: Some("aws".to_owned()),
            region: Some("eu-west-1".to_owned()),
            account_id: Some("123456789012".to_owned()),
        };
        Aws {
            ecs: client!(aws_sdk_ecs),
            iam: client!(aws_sdk_iam),
            sfn: client!(aws_sdk_sfn),
            logs: client!(aws_sdk_cloudwatchlogs),
            place,
            changed_roles: ChangedRoles::default(),
            permit: crate::aws::Permit::default(),
        }
    }
}

/// The action, by the header of the JSON protocols or the form of IAM's, and the body.
fn read(stream: &TcpStream) -> Option<(String, Json)> {
    let mut reader = BufReader::new(stream);
    let (mut action, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name.to_lowercase().as_str() {
            "x-amz-target" => action = value.rsplit('.').next().map(str::to_owned),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8_lossy(&body);
    let form = || text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    Some((action.or_else(form)?, serde_json::from_slice(&body).unwrap_or_default()))
}

fn write(mut stream: TcpStream, reply: Reply) {
    let (status, kind, body) = match reply {
        Reply::Json(status, body) => (status, "application/x-amz-json-1.1", body.to_string()),
        Reply::Xml(status, body) => (status, "text/xml", body.to_owned()),
        Reply::Hangup => return,
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // A test whose client has gone has failed already.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}
