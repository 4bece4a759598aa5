use super::*;

fn pending(text: &str) -> Value {
    Value::Pending(Template::parse(text).expect("a template"))
}

#[test]
fn disk_form_round_trips() {
    let value = Value::Map(Map::from([
        ("$pending".to_owned(), Value::from("mine")),
        ("plain".to_owned(), Value::List(vec![Value::Null, Value::Bool(true), Value::from(3)])),
        ("later".to_owned(), pending("x${role.a.arn}")),
        ("hidden".to_owned(), Value::Secret(Secret::new("hunter2".into(), "d1".into()))),
    ]));
    let text = serde_json::to_string(&value).expect("it serialises");
    assert!(!text.contains("hunter2"));
    assert_eq!(serde_json::from_str::<Value>(&text).expect("it parses"), value);
}

#[test]
fn a_whole_reference_keeps_its_type_and_a_secret_spreads() {
    let lookup = |reference: &Reference| match reference {
        Reference::Variable(name) if name == "count" => Some(Value::from(3)),
        Reference::Variable(name) if name == "password" => Some(Value::Secret(Secret::new("p".into(), "d".into()))),
        _ => None,
    };
    let digest = |text: &str| format!("digest of {text}");
    assert_eq!(pending("${var.count}").resolve(&lookup, &digest), Value::from(3));
    assert_eq!(pending("n=${var.count}").resolve(&lookup, &digest), Value::from("n=3"));
    assert_eq!(pending("p=${var.password}").resolve(&lookup, &digest), Value::Secret(Secret::sealed("digest of p=p".into())));
}

mod templates_with_secrets {
    use proptest::prelude::*;

    use super::*;
    use crate::address::Address;

    const SECRET: &str = "hunter2 \"ü\" ${x}";

    fn digest(text: &str) -> String {
        format!("digest of {} bytes, {}", text.len(), text.matches("later").count())
    }

    fn attribute() -> Reference {
        Reference::Attribute { address: Address::managed("role", "a"), attribute: "arn".to_owned() }
    }

    /// What is known of references; `role.a.arn` only where an apply `is_over`.
    fn lookup(is_over: bool) -> impl Fn(&Reference) -> Option<Value> {
        move |reference: &Reference| match reference {
            Reference::Variable(name) if name == "password" => {
                Some(Value::Secret(Secret::new(SECRET.to_owned(), digest(SECRET))))
            }
            Reference::Variable(_) => Some(Value::from("public")),
            Reference::Attribute { .. } if is_over => Some(Value::from("later")),
            _ => None,
        }
    }

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            "[a-z {}\"]{1,4}".prop_map(Part::Literal),
            Just(Part::Reference(Reference::Variable("password".to_owned()))),
            Just(Part::Reference(Reference::Variable("image".to_owned()))),
            Just(Part::Reference(attribute())),
        ]
    }

    fn text_of(part: &Part) -> &str {
        match part {
            Part::Literal(text) => text,
            Part::Reference(Reference::Variable(name)) if name == "password" => SECRET,
            Part::Reference(Reference::Variable(_)) => "public",
            Part::Reference(_) | Part::Secret { .. } => "later",
        }
    }

    /// Everything that a value says of itself.
    fn told(value: &Value) -> String {
        let plain = value.to_plain().err().map(|error| format!("{error} {error:?}"));
        let disk = serde_json::to_string(value).expect("it serialises");
        let template = if let Value::Pending(template) = value { template.to_string() } else { String::new() };
        format!("{value:?} {template} {disk} {plain:?}")
    }

    proptest! {
        #[test]
        fn tell_them_to_nobody_and_make_secrets(parts in prop::collection::vec(part(), 1..6)) {
            let template = Template::from_parts(parts);
            let text: String = template.parts().iter().map(text_of).collect();
            let is_secret = text.contains(SECRET);
            let written = Value::Map(Map::from([("a".to_owned(), Value::Pending(template.clone()))]));

            // As the plan has it.
            let planned = written.resolve(&lookup(false), &digest);
            prop_assert!(!told(&planned).contains("hunter2"), "{}", told(&planned));
            prop_assert_eq!(planned.has_secret(), is_secret);
            prop_assert_eq!(planned.is_pending(), template.references().any(|reference| *reference == attribute()));
            let disk = serde_json::to_string(&planned).expect("it serialises");
            let read: Value = serde_json::from_str(&disk).expect("it parses");
            prop_assert_eq!(serde_json::to_string(&read).expect("it serialises"), disk);
            prop_assert_eq!(&read, &planned);

            // What was read back has digests alone, and so can't become a text.
            let sealed = read.resolve(&lookup(true), &digest);
            prop_assert!(!told(&sealed).contains("hunter2"));
            prop_assert_eq!(sealed.to_plain().is_err(), is_secret);

            // As the apply has it.
            let made = planned.resolve(&lookup(true), &digest);
            prop_assert!(!told(&made).contains("hunter2"), "{}", told(&made));
            let leaf = made.get("a").expect("it is there");
            match leaf {
                Value::Secret(secret) => {
                    prop_assert!(is_secret);
                    prop_assert_eq!(secret.reveal(), Some(text.as_str()));
                    let quoted = format!("{text:?} {SECRET} {}", serde_json::json!({ "a": text }));
                    let shown = crate::secret::without(&quoted, [secret]);
                    prop_assert!(!shown.contains("hunter2"), "{}", shown);
                }
                leaf => prop_assert_eq!(leaf, &Value::string(text.clone())),
            }
            // Resolving at once, or first in part, is the same.
            prop_assert_eq!(&written.resolve(&lookup(true), &digest), &made);
        }
    }

    #[test]
    fn a_changed_secret_is_a_changed_template() {
        let pending = |secret: &str| {
            let secret = Secret::new(secret.to_owned(), secret.len().to_string());
            let reference = Reference::Variable("password".to_owned());
            Value::Pending(Template::from_parts([Part::Secret { reference, secret }, Part::Reference(attribute())]))
        };
        assert_eq!(pending("a"), pending("b"));
        assert_ne!(pending("a"), pending("ab"));
        let text = serde_json::to_string(&pending("ab")).expect("it serialises");
        assert_eq!(text, r#"{"$pending":"${var.password}${role.a.arn}","$secrets":{"var.password":"2"}}"#);
    }
}
