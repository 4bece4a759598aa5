//! From the SDK's own configuration chain (profiles, SSO, web identity, `AWS_REGION`, `AWS_ENDPOINT_URL`, …) to clients.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use crate::aws::{Aws, ChangedRoles, Error, ErrorKind, Permit};
use crate::place::Place;

/// What the environment leads to.
#[derive(Debug)]
pub enum Connection {
    /// Credentials that AWS takes.
    Ready(Box<Aws>),
    /// No credentials at all; of the place, the region may be known.
    Offline { place: Place, reason: String },
}

/// Throttling and passing failures are tried again by the SDK itself, with growing, jittered pauses.
const ATTEMPTS: u32 = 12;
/// The first call of all: a wrong endpoint, region or network is to be told in seconds.
const FIRST_CALL_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A call that AWS has not answered by then is given up and tried again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to AWS in `region`, or in the region that the environment names.
///
/// # Errors
/// Credentials that exist but are refused, or an endpoint that can't be reached. That there are no
/// credentials at all is not an error: much can be said without them.
pub async fn connect(region: Option<&str>) -> Result<Connection, Error> {
    let config = configuration(region).await;
    let region = config.region().map(ToString::to_string);
    if let Some(reason) = missing_credentials(&config).await? {
        return Ok(Connection::Offline { place: Place { region, ..Place::default() }, reason });
    }
    let Some(region) = region else {
        return Err(Error::new("sts:GetCallerIdentity", ErrorKind::Refused, "no region is set")
            .help("set `region` in [stack], AWS_REGION, or `region` in the AWS profile"));
    };
    let first_call = aws_sdk_sts::config::Builder::from(&config).retry_config(first_call_retries()).build();
    let identity = aws_sdk_sts::Client::from_conf(first_call).get_caller_identity().send().await;
    let identity = identity.map_err(|error| Error::from_sdk("sts:GetCallerIdentity", error))?;
    let (Some(account), Some(arn)) = (identity.account(), identity.arn()) else {
        return Err(Error::new("sts:GetCallerIdentity", ErrorKind::Bug, "AWS did not say whose credentials these are"));
    };
    let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
    let permit = Permit::default();
    let ecs = aws_sdk_ecs::config::Builder::from(&config).interceptor(permit.clone()).build();
    let iam = aws_sdk_iam::config::Builder::from(&config).interceptor(permit.clone()).build();
    let sfn = aws_sdk_sfn::config::Builder::from(&config).interceptor(permit.clone()).build();
    let logs = aws_sdk_cloudwatchlogs::config::Builder::from(&config).interceptor(permit.clone()).build();
    Ok(Connection::Ready(Box::new(Aws {
        ecs: aws_sdk_ecs::Client::from_conf(ecs),
        iam: aws_sdk_iam::Client::from_conf(iam),
        sfn: aws_sdk_sfn::Client::from_conf(sfn),
        logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs),
        place: Place { partition: Some(partition), region: Some(region), account_id: Some(account.to_owned()) },
        changed_roles: ChangedRoles::default(),
        permit,
    })))
}

/// The configuration of this process, for `region` or for the one that the environment names.
pub async fn configuration(region: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).retry_config(retries(ATTEMPTS)).timeout_config(
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).connect_timeout(CONNECT_TIMEOUT).build(),
    );
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// How often a call is tried that a run begins with.
pub fn first_call_retries() -> RetryConfig {
    retries(FIRST_CALL_ATTEMPTS)
}

fn retries(attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
}

/// Why there are no credentials, if there are none.
pub async fn missing_credentials(config: &SdkConfig) -> Result<Option<String>, Error> {
    let Some(provider) = config.credentials_provider() else {
        return Ok(Some("no credentials are configured".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(None),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(Some("no AWS credentials were found".to_owned())),
        Err(error) => {
            let mut message = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                message = format!("{message}: {cause}");
                source = cause.source();
            }
            // The last place of the chain, tried where nothing else is set: no instance, no credentials.
            if message.contains("IMDS") {
                return Ok(Some(format!("no AWS credentials were found, and there is no instance to ask: {message}")));
            }
            Err(Error::new("sts:GetCallerIdentity", ErrorKind::Credentials, message)
                .help("check AWS_PROFILE and the AWS configuration files, or log in again (`aws sso login`)"))
        }
    }
}
