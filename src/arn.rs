//! ARNs inside strings.
//!
//! ```text
//! run arn:aws:ecs:eu-central-1:123456789012:task-definition/report:* now
//!     └┬┘ └┬┘ └┬┘ └────┬─────┘ └────┬─────┘ └──────────┬─────────┘
//!         partition  region      account            resource, to be read by the type it belongs to
//!            service
//! ```

use std::ops::Range;

use crate::place::Place;

/// One ARN and the places of its parts in the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    text: &'a str,
    pub partition: Range<usize>,
    pub service: Range<usize>,
    pub region: Range<usize>,
    pub account: Range<usize>,
    /// What follows, to the next ARN or the end of the text: only a type knows where its names end.
    pub rest: Range<usize>,
}

impl<'a> Arn<'a> {
    /// Where it begins.
    pub fn start(&self) -> usize {
        self.partition.start - PREFIX.len()
    }

    /// The text of one of its parts.
    pub fn part(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Whether it is of this service and place. A wildcard stands for this place too.
    pub fn is_of(&self, service: &str, region: Option<&str>, place: &Place) -> bool {
        let fits = |range: &Range<usize>, wanted: Option<&str>| {
            let part = self.part(range);
            part == "*" || Some(part) == wanted
        };
        self.part(&self.service) == service
            && fits(&self.partition, place.partition.as_deref())
            && fits(&self.region, region)
            && fits(&self.account, place.account_id.as_deref())
    }

    /// The name that follows `prefix` in the resource part, made of `allowed` characters, and where it stands.
    pub fn name_after(&self, prefix: &str, allowed: impl Fn(char) -> bool) -> Option<Range<usize>> {
        let after = self.part(&self.rest).strip_prefix(prefix)?;
        let length = after.find(|character| !allowed(character)).unwrap_or(after.len());
        // In a list of ARNs the comma between two is part of neither.
        let name = after.get(..length)?.trim_end_matches(',');
        let start = self.rest.start + prefix.len();
        (!name.is_empty()).then_some(start..start + name.len())
    }
}

const PREFIX: &str = "arn:";

/// Every ARN in `text`, in order.
pub fn find(text: &str) -> Vec<Arn<'_>> {
    let starts: Vec<usize> = text.match_indices(PREFIX).map(|(at, _)| at).filter(|at| can_begin_at(text, *at)).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| read(text, *start, end)).collect()
}

/// Whether a name that ends at `end` is a whole one there: `report` in `report"`, but not in `report*` or `report${x}`.
pub fn ends_at(text: &str, end: usize) -> bool {
    let next = text.get(end..).and_then(|rest| rest.chars().next());
    next.is_none_or(|next| next.is_whitespace() || "\"'`,;)]}>|\\".contains(next))
}

/// The same, or another part follows: `report` in `report:3`.
pub fn ends_or_goes_on(text: &str, end: usize, separator: char) -> bool {
    ends_at(text, end) || text.get(end..).is_some_and(|rest| rest.starts_with(separator))
}

fn can_begin_at(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    // After a `$`, a reference would be read as an escaped one.
    before.is_none_or(|before| !before.is_alphanumeric() && !"-_$".contains(before))
}

fn read(text: &str, start: usize, end: usize) -> Option<Arn<'_>> {
    let mut at = start + PREFIX.len();
    let mut part = || {
        let length = text.get(at..end)?.find(':')?;
        let range = at..at + length;
        at = range.end + 1;
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-*?".contains(character);
        text.get(range.clone())?.chars().all(is_plain).then_some(range)
    };
    let (partition, service, region, account) = (part()?, part()?, part()?, part()?);
    Some(Arn { text, partition, service, region, account, rest: at..end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_in_texts() {
        let text =
            "a arn:aws:ecs:r:1:cluster/x,arn:aws:iam::1:role/p/y. xarn:aws:ecs:r:1:z $arn:a:b:c:d:e arn:a:${b:c}:d:e:f arn:";
        let found: Vec<(&str, &str)> =
            find(text).iter().map(|arn| (arn.part(&arn.service), arn.part(&(arn.start()..arn.rest.end)))).collect();
        assert_eq!(found[0], ("ecs", "arn:aws:ecs:r:1:cluster/x,"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].1.starts_with("arn:aws:iam::1:role/p/y."));
    }

    #[test]
    fn names_end_where_the_text_says_so() {
        let text = "arn:aws:ecs:r:1:cluster/x,arn:aws:ecs:r:1:cluster/y*";
        let names: Vec<_> = find(text).iter().filter_map(|arn| arn.name_after("cluster/", char::is_alphanumeric)).collect();
        assert_eq!(names.iter().map(|name| &text[name.clone()]).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(names.iter().map(|name| ends_at(text, name.end)).collect::<Vec<_>>(), [true, false]);
    }
}
