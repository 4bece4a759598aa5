//! Log groups where others name them: by an ARN, with `:*` behind it or a stream, or by the bare name.

use std::ops::Range;

use crate::arn;
use crate::place::Place;
use crate::resource::{Mention, Piece, ResourceType, TerraformNames};
use crate::resources::log_group::LogGroup;

pub static TERRAFORM: TerraformNames = TerraformNames { resource: "aws_cloudwatch_log_group", parts: &[] };

/// The log groups that `text` names by ARN.
pub fn mentions(text: &str, place: &Place) -> Vec<Mention> {
    let arns = arn::find(text).into_iter().filter(|arn| arn.is_of("logs", place.region.as_deref(), place));
    let mention = |arn: arn::Arn<'_>| {
        let name = arn.name_after("log-group:", is_allowed).filter(|name| arn::ends_or_goes_on(text, name.end, ':'))?;
        let whole = Piece { range: arn.start()..name.end, attribute: "arn" };
        mention(text, name, place, vec![whole])
    };
    arns.filter_map(mention).collect()
}

/// The log group that `name` is the name of.
pub fn by_name(name: &str, place: &Place) -> Option<Mention> {
    let is_name = !name.is_empty() && name.chars().all(is_allowed);
    is_name.then(|| mention(name, 0..name.len(), place, Vec::new())).flatten()
}

fn mention(text: &str, name: Range<usize>, place: &Place, mut pieces: Vec<Piece>) -> Option<Mention> {
    let id = LogGroup.id(text.get(name.clone())?, place)?;
    pieces.push(Piece { range: name, attribute: "name" });
    Some(Mention { id, pieces })
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._/#-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_groups_in_texts() {
        let place =
            Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) };
        let named = |text: &str| -> Vec<String> { mentions(text, &place).into_iter().map(|mention| mention.id).collect() };
        let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/a/b.c#d";
        for text in [arn, &format!("{arn}:*"), &format!("{arn}:log-stream:x/y"), &format!("\"{arn}:*\"")] {
            assert_eq!(named(text), [arn], "{text}");
        }
        for text in [
            "arn:aws:logs:eu-west-1:123456789012:log-group:/a",
            "arn:aws:logs:eu-central-1:210987654321:log-group:/a:*",
            "arn:aws:logs:eu-central-1:123456789012:log-group:/a*",
            "arn:aws:logs:eu-central-1:123456789012:log-group:*",
            "arn:aws:logs:eu-central-1:123456789012:destination:a",
        ] {
            assert_eq!(named(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(by_name("/a/b.c#d", &place).map(|mention| mention.id).as_deref(), Some(arn));
        assert_eq!(by_name("a b", &place), None);
        // What is around the ARN stays as it is written.
        let whole = format!("{arn}:*");
        let pieces = mentions(&whole, &place).remove(0).pieces;
        assert_eq!(whole.get(pieces[0].range.clone()), Some(arn));
    }
}
