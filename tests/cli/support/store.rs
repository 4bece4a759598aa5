//! Where the states of the tests' stacks are: in files, or where `STEPWRIGHT_TEST_STORE` says.
//!
//! | it says | the states are |
//! |---|---|
//! | nothing | in files below the test's folder |
//! | `s3` | in S3 as moto has it |
//! | `s3s` | in S3 as s3s has it, in this process |
//!
//! Neither is behind the proxy: what a test does to the calls of AWS is not to hit the store as well.

use std::sync::OnceLock;

use serde_json::json;

use super::endpoint::Borrowed;
use super::s3_server::{BUCKET, S3Server};

/// What a stack file must say of it, or nothing.
pub fn state_table(endpoint: &Borrowed) -> String {
    let unique = uuid::Uuid::new_v4();
    let (url, bucket, key) = match std::env::var("STEPWRIGHT_TEST_STORE").as_deref() {
        Ok("s3") => {
            // The accounts are used again, and not emptied of buckets.
            let bucket = format!("states-{unique}");
            let place = json!({ "Bucket": bucket, "CreateBucketConfiguration": { "LocationConstraint": "eu-central-1" } });
            endpoint.account(&format!("call s3 create_bucket {place}"));
            (endpoint.direct_url.clone(), bucket, "state.json".to_owned())
        }
        Ok("s3s") => return s3s_table(&format!("{unique}.json")),
        Ok(other) => panic!("STEPWRIGHT_TEST_STORE={other} is neither s3 nor s3s"),
        Err(_) => return String::new(),
    };
    table(&bucket, &key, &url)
}

/// What a stack file must say to have its state at `key` in the store of this process.
pub fn s3s_table(key: &str) -> String {
    static SERVER: OnceLock<S3Server> = OnceLock::new();
    table(BUCKET, key, &SERVER.get_or_init(S3Server::start).url())
}

fn table(bucket: &str, key: &str, url: &str) -> String {
    format!("\n[state.s3]\nbucket = \"{bucket}\"\nkey = \"{key}\"\nendpoint = \"{url}\"\nregion = \"eu-central-1\"\n")
}
