//! Where a stack lives: partition, region and account.

use crate::template::Reference;
use crate::value::Value;

/// What is known of it. Without credentials the account is unknown, and everything made from it pending.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: Option<String>,
    /// For example `eu-central-1`.
    pub region: Option<String>,
    /// Twelve digits.
    pub account_id: Option<String>,
}

/// How the regions of each partition begin; all others are of `aws`.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

impl Place {
    /// What follows from a region, and from the accounts that are allowed, if that is one.
    pub fn of_region(region: Option<&str>, accounts: &[String]) -> Self {
        let partition = |region: &str| PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |it| it.1);
        Self {
            partition: region.map(partition).map(str::to_owned),
            region: region.map(str::to_owned),
            account_id: if let [account] = accounts { Some(account.clone()) } else { None },
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, if all of it is known.
    pub fn arn(&self, service: &str, resource: &str) -> Option<String> {
        let (partition, region) = (self.partition.as_ref()?, self.region.as_ref()?);
        Some(format!("arn:{partition}:{service}:{region}:{}:{resource}", self.account_id.as_ref()?))
    }

    /// The same for a service without regions, as IAM is.
    pub fn global_arn(&self, service: &str, resource: &str) -> Option<String> {
        Some(format!("arn:{}:{service}::{}:{resource}", self.partition.as_ref()?, self.account_id.as_ref()?))
    }

    /// The value of `${account.id}` and its like, where known.
    pub fn lookup(&self, reference: &Reference) -> Option<Value> {
        let text = match reference {
            Reference::AccountId => self.account_id.as_ref(),
            Reference::AccountPartition => self.partition.as_ref(),
            Reference::StackRegion => self.region.as_ref(),
            _ => None,
        };
        text.map(Value::string)
    }
}

/// `eu-central-1`, `us-gov-west-1`, …: the form alone, since AWS adds regions.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
