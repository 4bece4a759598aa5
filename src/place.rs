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

impl Place {
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
