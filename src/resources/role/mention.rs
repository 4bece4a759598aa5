//! Roles where others name them.

use crate::arn;
use crate::place::Place;
use crate::resource::{Mention, Piece, TerraformNames};
use crate::resources::role::name_of;

pub static TERRAFORM: TerraformNames = TerraformNames {
    resource: "aws_iam_role",
    parts: &[
        ("aws_iam_role_policy", "role"),
        ("aws_iam_role_policy_attachment", "role"),
        ("aws_iam_role_policies_exclusive", "role_name"),
        ("aws_iam_role_policy_attachments_exclusive", "role_name"),
        ("aws_iam_policy_attachment", "roles"),
    ],
};

/// Roles that AWS makes and keeps for its own services.
const SERVICE_LINKED: &str = "aws-service-role/";

/// The roles that `text` names by ARN. Those of AWS's own services are nobody's to manage.
pub fn mentions(text: &str, place: &Place) -> Vec<Mention> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-/".contains(character);
    let mut found = Vec::new();
    for arn in arn::find(text).iter().filter(|arn| arn.is_of("iam", Some(""), place)) {
        let Some(named) = arn.name_after("role/", is_allowed).filter(|named| arn::ends_at(text, named.end)) else { continue };
        let path_and_name = arn.part(&named);
        let Some(id) = place.global_arn("iam", &format!("role/{path_and_name}")) else { continue };
        if !name_of(path_and_name).is_empty() && !path_and_name.starts_with(SERVICE_LINKED) {
            // The whole or nothing: in another path, the same name would be no role at all.
            found.push(Mention { id, pieces: vec![Piece { range: arn.start()..named.end, attribute: "arn" }] });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_in_texts() {
        let place =
            Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) };
        let named = |text: &str| -> Vec<String> { mentions(text, &place).into_iter().map(|mention| mention.id).collect() };
        let a = "arn:aws:iam::123456789012:role/a";
        let b = "arn:aws:iam::123456789012:role/p/b.c";
        assert_eq!(named(&format!("{a},{b}")), [a, b]);
        for text in [
            "arn:aws:iam::210987654321:role/a",
            "arn:aws:iam::123456789012:role/a-*",
            "arn:aws:iam::123456789012:role/a-${aws:username}",
            "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::aws:policy/a",
        ] {
            assert_eq!(named(text), Vec::<String>::new(), "{text}");
        }
    }
}
