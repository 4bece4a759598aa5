//! A store that speaks S3 and is not AWS's: s3s over a folder, in this process, with faults on demand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;

pub const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub const SECRET_ACCESS_KEY: &str = "test";
pub const BUCKET: &str = "states";

/// A running server with one empty bucket.
pub struct S3Server {
    address: SocketAddr,
    faults: Arc<Mutex<Faults>>,
    _runtime: tokio::runtime::Runtime,
    _folder: TempDir,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    Nothing,
    /// The request takes effect, and the connection ends before its answer.
    Lost,
    /// The connection ends before the request takes effect.
    Refused,
    /// Conditions are passed over, as by a store that does not know them.
    Unconditional,
}

#[derive(Debug, Default)]
struct Faults {
    fault: Fault,
    /// The writes that it happens to, from this one on, and how many.
    at: usize,
    count: usize,
    writes: usize,
}

impl S3Server {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a file system"));
        let (service, faults) = (builder.build(), Arc::new(Mutex::new(Faults::default())));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(serve(listener, service, faults.clone()));
        Self { address, faults, _runtime: runtime, _folder: folder }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From the write `at` on (the next one is 0), `count` writes meet `fault`.
    pub fn set_fault(&self, fault: Fault, at: usize, count: usize) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Faults { fault, at, count, writes: 0 };
    }

    /// How many writes there were since the fault was set.
    pub fn writes(&self) -> usize {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).writes
    }
}

async fn serve(listener: tokio::net::TcpListener, service: S3Service, faults: Arc<Mutex<Faults>>) {
    // s3s-fs looks at the condition first and writes then: S3 does both at once.
    let one_at_a_time = Arc::new(tokio::sync::Mutex::new(()));
    while let Ok((socket, _)) = listener.accept().await {
        let (service, faults, one_at_a_time) = (service.clone(), faults.clone(), one_at_a_time.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                answer(request, service.clone(), faults.clone(), one_at_a_time.clone())
            });
            // A connection that a fault has ended is what the test wants.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

async fn answer(
    mut request: Request<Incoming>,
    service: S3Service,
    faults: Arc<Mutex<Faults>>,
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
) -> Result<Response<s3s::Body>, std::io::Error> {
    let fault = if request.method() == Method::PUT { next_write(&faults) } else { Fault::Nothing };
    if fault == Fault::Refused {
        return Err(std::io::Error::other("a fault"));
    }
    // Without the conditions the signature would not fit, and who calls is no question here.
    request.headers_mut().remove("authorization");
    if fault == Fault::Unconditional {
        request.headers_mut().remove("if-none-match");
        request.headers_mut().remove("if-match");
    }
    let alone = one_at_a_time.lock().await;
    let response = service.call(request.map(s3s::Body::from)).await;
    drop(alone);
    let response = response.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
    if fault == Fault::Lost { Err(std::io::Error::other("a fault")) } else { Ok(response) }
}

fn next_write(faults: &Mutex<Faults>) -> Fault {
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    let index = faults.writes;
    faults.writes += 1;
    if index >= faults.at && index - faults.at < faults.count { faults.fault } else { Fault::Nothing }
}
