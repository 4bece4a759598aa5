//! Whether a text names what it should: an ARN whole, of the right kind, and of the place of the stack.
//!
//! ```text
//! arn:aws:ecs:ap-southeast-1:XXXXXXXXXX:task-definition//report:3
//!                            └───┬────┘ └──────┬───────┘      └┬┘
//!                       no account: 12 digits  an empty part   pinned
//! ```

use std::ops::Range;

use crate::diagnostic::{Finding, Severity, nearest};
use crate::document::naming::{Expected, Named};
use crate::document::warning::{PINNED_REVISION, SPELLED_BY_HAND};
use crate::place::{Place, is_region};
use crate::template::Reference;
use crate::value::Path;

/// What a stack declares or looks up, and the text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// `task_definition.report`.
    pub address: String,
    /// What to write in its place: `${task_definition.report.arn}`.
    pub reference: String,
}

/// One thing that is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub severity: Severity,
    pub code: Option<&'static str>,
    pub message: String,
    pub help: Vec<String>,
    /// The whole text as it should read.
    pub corrected: Option<String>,
}

impl Mistake {
    fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code: None, message: message.into(), help: Vec::new(), corrected: None }
    }

    fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, code: Some(code), ..Self::error(message) }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The same about the member at `path`. Only within a stack is it certain enough to refuse.
    pub fn into_finding(self, path: Path, is_in_stack: bool) -> Finding {
        let severity = if is_in_stack { self.severity } else { Severity::Warning };
        Finding { severity, code: self.code, help: self.help, replacement: self.corrected, ..Finding::error(path, self.message) }
    }
}

/// Everything that is wrong with what `named` says, in a stack of this place, or in none. Each mistake carries the same correction,
/// with which none of them is left.
pub fn check(named: &Named, place: Option<&Place>, own: Option<&Own>) -> Vec<Mistake> {
    let written = named.text.as_literal().map_or_else(|| named.text.to_string(), str::to_owned);
    let nowhere = Place::default();
    let mut check = Check { named, place: place.unwrap_or(&nowhere), text: Text::new(written), mistakes: Vec::new() };
    let Expected::Resource { service, prefix } = named.expected else {
        check.url();
        return check.mistakes;
    };
    if check.text.masked.starts_with("arn:") {
        check.arn(service, prefix);
    } else if service == "ecs" {
        check.name(&check.text.masked.clone(), prefix);
    }
    if let Some(own) = own {
        check.own(own);
    }
    if prefix == TASK_DEFINITION {
        check.revision(own);
    }
    let corrected = match own {
        Some(own) => Some(own.reference.clone()),
        None => check.text.corrected(place.is_some()).filter(|corrected| *corrected != check.text.original),
    };
    let told = check.mistakes.into_iter().map(|mistake| match (mistake.code, own) {
        // The right text would pin the revision as well: only a look-up heals that.
        (Some(PINNED_REVISION), None) => mistake,
        _ => Mistake { corrected: corrected.clone(), ..mistake },
    });
    told.collect()
}

/// Stands for each byte of what is not known yet.
const OPEN: char = '\u{1}';

/// A text, and how it should read.
struct Text {
    original: String,
    /// The same, byte for byte, with [`OPEN`] in the place of references.
    masked: String,
    /// Better texts for some of its parts, and whether they are references of a stack.
    better: Vec<(Range<usize>, String, bool)>,
}

impl Text {
    fn new(original: String) -> Self {
        let mut masked = String::with_capacity(original.len());
        let mut rest = original.as_str();
        while let Some(start) = rest.find("${") {
            let end = rest.get(start..).and_then(|from| from.find('}')).map_or(rest.len(), |end| start + end + 1);
            masked.push_str(&rest[..start]);
            masked.extend(std::iter::repeat_n(OPEN, end - start));
            rest = &rest[end..];
        }
        masked.push_str(rest);
        Self { original, masked, better: Vec::new() }
    }

    /// The colon-separated parts, as an ARN has them.
    fn parts(&self) -> Vec<Range<usize>> {
        let mut at = 0;
        let parts = self.masked.splitn(6, ':').map(|part| {
            let range = at..at + part.len();
            at = range.end + 1;
            range
        });
        parts.collect()
    }

    fn corrected(&self, with_references: bool) -> Option<String> {
        let mut better: Vec<_> = self.better.iter().collect();
        if better.iter().any(|(_, _, is_reference)| *is_reference && !with_references) {
            return None;
        }
        better.sort_by_key(|(range, _, _)| std::cmp::Reverse(range.start));
        let mut text = self.original.clone();
        for (range, replacement, _) in better {
            text.replace_range(range.clone(), replacement);
        }
        Some(text)
    }
}

const CLUSTER: &str = "cluster/";
const TASK_DEFINITION: &str = "task-definition/";

/// One name under examination.
struct Check<'a> {
    named: &'a Named,
    place: &'a Place,
    text: Text,
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn arn(&mut self, service: &str, prefix: &str) {
        let parts = self.text.parts();
        let texts: Vec<String> =
            parts.iter().map(|range| self.text.masked.get(range.clone()).unwrap_or_default().to_owned()).collect();
        let ([_, partition, of, region, account, resource], [_, partition_at, _, region_at, account_at, resource_at]) =
            (texts.as_slice(), parts.as_slice())
        else {
            if self.text.masked.contains(OPEN) {
                return;
            }
            let message = format!("`{}` is no whole ARN: it has {} of six parts", self.named.argument, parts.len());
            let example = format!("an ARN reads arn:PARTITION:{service}:REGION:ACCOUNT:{prefix}NAME");
            self.mistakes.push(Mistake::error(message).help(example));
            return;
        };
        let is_known = |part: &String| !part.contains(OPEN);
        if is_known(partition) {
            self.partition(partition, partition_at);
        }
        if is_known(of) && of != service {
            let argument = &self.named.argument;
            let message = format!("`{argument}` names something of `{of}`, and {} should stand here", article(service, prefix));
            self.mistakes.push(Mistake::error(message));
            return;
        }
        if is_known(region) && !GLOBAL.contains(&service) {
            self.region(region, region_at);
        }
        if is_known(account) && service != "s3" {
            self.account(account, account_at, service);
        }
        self.resource(resource, resource_at, prefix);
    }

    fn partition(&mut self, part: &str, range: &Range<usize>) {
        let right = self.place.partition.as_deref();
        if !PARTITIONS.contains(&part) {
            let message = format!("there is no partition `{part}`");
            self.mistakes.push(Mistake::error(message).help("most regions are in the partition `aws`"));
            if let Some(right) = right.or(nearest(part, PARTITIONS)) {
                self.text.better.push((range.clone(), right.to_owned(), false));
            }
        } else if let Some(right) = right.filter(|right| *right != part) {
            self.mistakes.push(Mistake::error(format!("the partition is `{part}`, and that of the stack is `{right}`")));
            self.text.better.push((range.clone(), "${account.partition}".to_owned(), true));
        }
    }

    fn region(&mut self, part: &str, range: &Range<usize>) {
        let message = match &self.place.region {
            _ if part.is_empty() => "the region is missing in the ARN".to_owned(),
            _ if !is_region(part) => format!("`{part}` is no region"),
            Some(region) if part != region && !self.named.is_elsewhere => {
                let argument = &self.named.argument;
                format!("`{argument}` is in {part}, and the stack in {region}: a state reaches its own region only")
            }
            _ => return,
        };
        self.mistakes.push(Mistake::error(message).help("refer to the region of the stack: ${stack.region}"));
        self.text.better.push((range.clone(), "${stack.region}".to_owned(), true));
    }

    fn account(&mut self, part: &str, range: &Range<usize>, service: &str) {
        // The policies and roles of AWS itself.
        let is_of_aws = service == "iam" && part == "aws";
        let is_account = part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
        let message = match &self.place.account_id {
            _ if is_of_aws => return,
            _ if part.is_empty() => "the account is missing in the ARN".to_owned(),
            _ if !is_account => format!("`{part}` is no account: an account id has 12 digits"),
            // Others let themselves be used from another account, where their policies say so.
            Some(account) if part != account && matches!(service, "ecs" | "iam") && !self.named.is_elsewhere => {
                format!("`{}` is in the account {part}, and the stack in {account}", self.named.argument)
            }
            _ => return,
        };
        self.mistakes.push(Mistake::error(message).help("refer to the account of the stack: ${account.id}"));
        self.text.better.push((range.clone(), "${account.id}".to_owned(), true));
    }

    fn resource(&mut self, part: &str, range: &Range<usize>, prefix: &str) {
        let original = self.text.original.get(range.clone()).unwrap_or_default().to_owned();
        if part.is_empty() {
            self.mistakes.push(Mistake::error(format!("the ARN ends where {prefix}NAME should stand")));
            return;
        }
        // What is open may hold the prefix, and more.
        let Some(name) = part.strip_prefix(prefix) else {
            if !part.get(..prefix.len()).unwrap_or(part).contains(OPEN) {
                let message =
                    format!("`{}` names `{original}`, and {} should stand here", self.named.argument, article("", prefix));
                self.mistakes.push(Mistake::error(message).help(format!("such an ARN ends in {prefix}NAME")));
            }
            return;
        };
        if let Some(at) = part.find("//") {
            let length = part[at..].find(|character| character != '/').unwrap_or(part.len() - at);
            self.mistakes.push(
                Mistake::error(format!("there is an empty part in `{original}`"))
                    .help(format!("AWS looks for a name that begins with `{}`", original.get(at + 1..).unwrap_or_default())),
            );
            self.text.better.push((range.start + at..range.start + at + length, "/".to_owned(), false));
        } else if name.is_empty() {
            self.mistakes.push(Mistake::error(format!("the name is missing behind `{original}`")));
        } else {
            self.name(name, prefix);
        }
    }

    /// The name of a cluster, or a family with or without a revision.
    fn name(&mut self, text: &str, prefix: &str) {
        let (name, revision, what) = match prefix {
            TASK_DEFINITION => {
                let (name, revision) = text.split_once(':').map_or((text, None), |(name, revision)| (name, Some(revision)));
                (name, revision, "family")
            }
            CLUSTER => (text, None, "cluster"),
            _ => return,
        };
        let argument = &self.named.argument;
        let is_allowed = |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character) || *character == OPEN;
        if let Some(bad) = name.chars().find(|character| !is_allowed(character)) {
            let message = format!("`{argument}`: the name of a {what} can't hold `{}`", bad.escape_debug());
            self.mistakes.push(Mistake::error(message).help("ECS allows letters, digits, `-` and `_`"));
        }
        // What is open may hold all of it.
        let revision = revision.filter(|revision| !revision.contains(OPEN));
        let is_number = |text: &str| !text.is_empty() && !text.starts_with('0') && text.bytes().all(|it| it.is_ascii_digit());
        if let Some(revision) = revision.filter(|revision| !is_number(revision)) {
            let message = format!("`{argument}`: `{revision}` is no revision of a task definition");
            self.mistakes.push(Mistake::error(message).help("a revision is a number from 1; without one, the latest is run"));
        }
    }

    /// Whether no part of it is a reference to another resource.
    fn is_by_hand(&self) -> bool {
        !self.named.text.references().any(|reference| matches!(reference, Reference::Attribute { .. }))
    }

    fn own(&mut self, own: &Own) {
        if self.is_by_hand() {
            let message = format!("`{}` is {}, spelt by hand", self.named.argument, own.address);
            let help = format!("refer to it: {}; then it is made first, and can change its name", own.reference);
            self.mistakes.push(Mistake::warning(SPELLED_BY_HAND, message).help(help));
        }
    }

    fn revision(&mut self, own: Option<&Own>) {
        let resource = match self.text.masked.rsplit_once('/') {
            Some((_, resource)) => resource,
            None if self.text.masked.starts_with("arn:") => return,
            None => &self.text.masked,
        };
        let revision = resource.rsplit_once(':').map(|(_, revision)| revision.to_owned());
        let is_number = |it: &String| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
        let Some(revision) = revision.filter(is_number).filter(|_| self.is_by_hand()) else { return };
        let help = match own {
            Some(own) => format!("refer to it: {}, which is always the latest", own.reference),
            None => "look it up with [data.task_definition.NAME], and refer to it: ${data.task_definition.NAME.arn}".to_owned(),
        };
        let message = format!("revision {revision} is pinned: once it is deregistered, the state fails");
        self.mistakes.push(Mistake::warning(PINNED_REVISION, message).help(help));
    }

    /// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    fn url(&mut self) {
        let masked = self.text.masked.clone();
        if masked.starts_with("arn:") {
            let help = "a queue is named by its URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME";
            self.mistakes.push(Mistake::error("this is the ARN of a queue, and its URL should stand here").help(help));
        }
        let Some((host, rest)) = masked.strip_prefix("https://sqs.").and_then(|rest| rest.split_once('/')) else { return };
        let region = host.split('.').next().unwrap_or_default();
        let own = self.place.region.as_deref().filter(|_| !self.named.is_elsewhere && !region.contains(OPEN));
        if let Some(own) = own.filter(|own| *own != region) {
            let message = format!("the queue is in {region}, and the stack in {own}: a state reaches its own region only");
            self.mistakes.push(Mistake::error(message));
        }
        let account = rest.split('/').next().unwrap_or_default();
        if !account.contains(OPEN) && (account.len() != 12 || account.bytes().any(|byte| !byte.is_ascii_digit())) {
            self.mistakes.push(Mistake::error(format!("`{account}` is no account: an account id has 12 digits")));
        }
    }
}

/// Services whose ARNs have no region.
const GLOBAL: [&str; 3] = ["iam", "s3", "route53"];

const PARTITIONS: [&str; 8] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// What an ARN of the service and with this prefix names, as people call it.
fn article(service: &str, prefix: &str) -> String {
    match prefix.trim_end_matches(['/', ':']).trim_start_matches('/') {
        "" => format!("something of `{service}`"),
        "task-definition" => "a task definition".to_owned(),
        "stateMachine" => "a state machine".to_owned(),
        "activity" => "an activity".to_owned(),
        other => format!("a {}", other.replace('-', " ")),
    }
}
