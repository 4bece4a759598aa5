//! Whole stack files, right and wrong.

use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Source};
use crate::schema::Phase;
use crate::stack::fixture::{KINDS, read};
use crate::stack::{Dependency, Inputs, Stack, schema_document};
use crate::value::{Path, Segment, Value};

mod wrong_form;

fn line(diagnostic: &Diagnostic) -> String {
    let Some(location) = &diagnostic.location else { return format!("{}\n    {:?}\n", diagnostic.message, diagnostic.help) };
    let (line, column) = location.line_and_column();
    let token: String = location.source.text[location.range.clone()].chars().take(40).collect();
    let instead = diagnostic.replacement.as_ref().map(|text| format!(" ⇒ {text}")).unwrap_or_default();
    let help = diagnostic.help.iter().map(|help| format!("    {help}\n")).collect::<String>();
    format!("{}:{line}:{column} {token:?}{instead}\n  {}\n{help}", location.source.name, diagnostic.message)
}

fn check(text: &str, document: &str, expected: Expect) {
    let (stack, diagnostics) = read(text, document, &Inputs::default());
    assert!(stack.is_none());
    expected.assert_eq(&diagnostics.iter().map(line).collect::<String>());
}

fn good(text: &str, inputs: &Inputs) -> Stack {
    let (stack, diagnostics) = read(text, "{ \"Who\": \"${widget.a.arn} ${var.who}\" }", inputs);
    stack.unwrap_or_else(|| panic!("{}", diagnostics.iter().map(line).collect::<String>()))
}

#[test]
fn twenty_mistakes_in_one_run() {
    let text = r#"
[stack]
name = "my_stack"
regoin = "eu-central-1"
allowed_account_ids = ["123"]

[variables]
image = { defualt = "x" }
size = { type = "numbr", default = 3 }

[widgt.first]

[widget.second]
name = ""
count = 11
enabled = "true"
mode = "fast"
target = "${widget.third.arnn}"
peer = "${var.iamge}"
parts = [{ name = "a", sise = 3 }, { size = 1.5 }]
subnets = ["a", 2, "${widget.forth.arn"]
lifecycle = { prevent_destory = true, ignore_changes = ["parts[a].siez"] }

[widget.third]
name = "${nonsense}"
document = { file = "d.json" }
count = 1979-05-27

[data.widget.found]
name = "a"
arn = "b"

[outputs]
who = { valeu = "${data.widget.fuond.arn}" }
"#;
    check(
        text,
        "{\"a\": 1,\n \"a\": \"${widget.thrid.arn}\"}",
        expect![[r#"
            stack.toml:3:8 "\"my_stack\""
              `my_stack` can't be the name of a stack
                a letter, then at most 63 letters, digits and `-`: it becomes part of AWS names
            stack.toml:4:1 "regoin" ⇒ region
              unknown key `regoin`
            stack.toml:5:24 "\"123\""
              `123` is not an account id
                an account id is twelve digits, in quotes
            stack.toml:8:11 "defualt" ⇒ default
              unknown key `defualt`
            stack.toml:9:17 "\"numbr\"" ⇒ "number"
              there is no type `numbr`
            stack.toml:11:2 "widgt" ⇒ widget
              there is no resource type `widgt`
            stack.toml:14:8 "\"\""
              `name` must not be empty
            stack.toml:15:9 "11"
              `count` is 11 and must be at most 10
            stack.toml:16:11 "\"true\"" ⇒ true
              `enabled` must be true or false, not a string
            stack.toml:17:8 "\"fast\"" ⇒ "FAST"
              `mode` can't be `fast`
                one of: FAST, SLOW
            stack.toml:18:26 "arnn" ⇒ arn
              a widget has no attribute `arnn`
            stack.toml:19:15 "iamge" ⇒ image
              there is no variable `iamge`
            stack.toml:20:24 "sise" ⇒ size
              unknown key `sise`
            stack.toml:20:36 "{ size = 1.5 }"
              `name` is missing in `parts[1]`
                add `name`, a string
            stack.toml:20:45 "1.5"
              `parts[1].size` must be an integer, not a float
            stack.toml:21:17 "2" ⇒ "2"
              `subnets[1]` must be a string, not an integer
            stack.toml:21:21 "${widget.forth.arn"
              `${` without its `}`
                close it with `}`, or write `$${` for a literal `${`
            stack.toml:22:15 "prevent_destory" ⇒ prevent_destroy
              unknown key `prevent_destory`
            stack.toml:22:67 "siez" ⇒ size
              `parts[a].siez` names no field: there is no `siez`
            stack.toml:25:9 "${nonsense}"
              `${nonsense}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition
                for a literal `${`, write `$${`
            stack.toml:27:9 "1979-05-27"
              a date is not a value that AWS takes here
                put it in quotes, which makes it a string
            stack.toml:31:1 "arn"
              `name` and `arn` both say what to look up
                keep one of them
            stack.toml:34:9 "valeu" ⇒ value
              unknown key `valeu`
            d.json:2:2 "\"a\""
              `a` is written twice in one object
                it stands in line 1 already; keep one of them
        "#]],
    );
}

#[test]
fn syntax_errors_and_other_errors_together() {
    let text = "[stack]\nname = \"s\"\n[widget.a]\ncount = \nmod = \"FAST\"\n[widget.b\ncount = 99\n[widget.c]\npeer = \"${widget.b.arn}\"\ncont = 3\n";
    check(
        text,
        "",
        expect![[r#"
            stack.toml:4:9 ""
              TOML syntax: a value is missing after `=`
            stack.toml:5:1 "mod" ⇒ mode
              unknown key `mod`
            stack.toml:6:10 ""
              TOML syntax: unclosed table, expected `]`
            stack.toml:10:1 "cont" ⇒ count
              unknown key `cont`
        "#]],
    );
}

#[test]
fn rings_are_named_whole() {
    let text = r#"
[stack]
name = "s"
[widget.a]
peer = "${widget.b.arn}"
[widget.b]
subnets = ["x", "y ${widget.c.arn}"]
[widget.c]
document = { Deep = [{ Er = "${widget.a.name}" }] }
[widget.d]
peer = "${widget.d.arn}"
"#;
    check(
        text,
        "",
        expect![[r#"
        stack.toml:5:9 "${widget.b.arn}"
          these need each other: widget.a → widget.b → widget.c → widget.a
            widget.a refers to widget.b at stack.toml:5:9: ${widget.b.arn}
            widget.b refers to widget.c at stack.toml:7:20: ${widget.c.arn}
            widget.c refers to widget.a at stack.toml:9:30: ${widget.a.name}
            take one of these references out
        stack.toml:11:9 "${widget.d.arn}"
          these need each other: widget.d → widget.d
            widget.d refers to widget.d at stack.toml:11:9: ${widget.d.arn}
            take one of these references out
    "#]],
    );
}

#[test]
fn names_that_meet() {
    let text = "[stack]\nname = \"s\"\n[widget.a_b]\n[widget.c]\nname = \"S-a_B\"\n[widget.with_a_very_long_name]\n";
    check(
        text,
        "",
        expect![[r#"
            stack.toml:5:8 "\"S-a_B\""
              the name `S-a_B` is taken by widget.a_b in line 3 (case does not tell names apart)
                give widget.c another `name`
            stack.toml:6:9 "with_a_very_long_name"
              `name` has 23 characters and may have 20
                left out, the name is made of the stack's and the resource's: s-with_a_very_long_name
        "#]],
    );
}

#[test]
fn documents_inside_strings() {
    let text = "[stack]\nname = \"s\"\n[widget.a]\ndocument = \"{ \\\"a\\\": [1, }\"\n[widget.b]\ndocument = '''\n{\n  \"a\": \"${widget.zz.arn}\"\n}'''\n[widget.c]\ndocument = { file = \"x.json\" }\n[widget.d]\ndocument = \"[]\"\n";
    check(
        text,
        "",
        expect![[r#"
        stack.toml:4:26 "}"
          JSON syntax: found `}` where a value should stand
            JSON takes no comma after the last element
        stack.toml:8:18 "zz"
          there is no widget.zz in this stack
            declare it: [widget.zz]
        stack.toml:11:21 "\"x.json\""
          there is no file `x.json`
            the path is relative to the stack file
        stack.toml:13:13 "[]"
          a document must be a JSON object, not a list
    "#]],
    );
}

#[test]
fn values_from_outside() {
    let text = "[stack]\nname = \"s\"\n[variables]\nwho = { sensitive = true }\ncount = { default = 3 }\nname = {}\nmany = { type = \"list\", default = [] }\n[widget.a]\nname = \"${var.name}\"\ncount = \"${var.count}\"\nsubnets = \"${var.many}\"\n";
    let file = |text: &str| Arc::new(Source { name: "v.toml".into(), text: text.into() });
    let inputs = Inputs {
        arguments: vec![("count".into(), "4".into())],
        files: vec![file("count = 7\nname = \"one\""), file("name = \"two\"")],
        environment: [("who".to_owned(), "secret".to_owned()), ("other".to_owned(), "x".to_owned())].into(),
    };
    let stack = good(text, &inputs);
    assert_eq!(stack.variables["count"].value, Value::from(4));
    assert!(stack.variables["who"].sensitive && !format!("{stack:?}").contains("\"secret\""));
    let spec = &stack.resources[0].spec;
    assert_eq!((spec.text("name"), spec.get("count")), (Some("two"), Some(&Value::from(4))));

    let inputs = Inputs {
        arguments: vec![("nmae".into(), "4".into()), ("many".into(), "x".into()), ("count".into(), "40".into())],
        files: vec![file("cuont = 7")],
        environment: Default::default(),
    };
    let (_, diagnostics) = read(text, "", &inputs);
    expect![[r#"
        --var nmae=...: the stack has no variable `nmae`
            ["did you mean --var name=...?"]
        --var many=...: the variable `many` must be a list
            []
        stack.toml:4:1 "who"
          the variable `who` has no value
            give it one: --var who=..., --var-file FILE, or STEPWRIGHT_VAR_who in the environment
            or give it a default here
        stack.toml:6:1 "name"
          the variable `name` has no value
            give it one: --var name=..., --var-file FILE, or STEPWRIGHT_VAR_name in the environment
            or give it a default here
        stack.toml:10:9 "\"${var.count}\""
          `count` is 40 and must be at most 10
            the value comes from ${var.count}
        v.toml:1:1 "cuont" ⇒ count
          the stack has no variable `cuont`
    "#]]
    .assert_eq(&diagnostics.iter().map(line).collect::<String>());
}

#[test]
fn a_stack_as_it_is_read() {
    let text = r#"
[stack]
name = "nightly"
region = "eu-central-1"
tags = { team = "a", stage = "${var.who}" }
[variables]
who = { default = "x" }
[widget.z_last]
document = { file = "d.json" }
target = "${widget.a.arn} in ${stack.region}"
peer = "${widget.a.name} ${data.widget.found.arn}"
tags = { team = "b" }
parts = [{ name = "q" }, { name = "b", size = 3 }]
[widget.a]
lifecycle = { prevent_destroy = true, ignore_changes = ["parts[q].size", "tags.team"] }
[data.widget.found]
name = "x-${account.id}"
[outputs]
arn = "${widget.a.arn}"
"#;
    let stack = good(text, &Inputs::default());
    let resource = &stack.resources[&Address::managed("widget", "z_last")];
    assert_eq!(stack.resources.keys().map(Address::to_string).collect::<Vec<_>>(), ["widget.z_last", "widget.a"]);
    assert_eq!(resource.dependencies, [Dependency { address: Address::managed("widget", "a"), needs: Phase::Ready }]);
    let element = Path::key("parts").join(Segment::Element("q".into())).join_key("name");
    assert_eq!(resource.locations.of(&element, false).line_and_column(), (13, 19));
    assert_eq!(stack.digest.len(), 64);
    expect![[r#"
        {
          "name": "nightly-z_last",
          "target": {
            "$pending": "${widget.a.arn} in eu-central-1"
          },
          "peer": {
            "$pending": "${widget.a.name} ${data.widget.found.arn}"
          },
          "parts": [
            {
              "name": "b",
              "size": 3
            },
            {
              "name": "q"
            }
          ],
          "tags": {
            "stage": "x",
            "team": "b"
          },
          "document": {
            "Who": {
              "$pending": "${widget.a.arn} x"
            }
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&resource.spec).expect("JSON"));
}

#[test]
fn a_type_has_its_own_say_under_the_users_order() {
    let text = "[stack]\nname = \"s\"\n[[widget.a.parts]]\nname = \"z\"\n[[widget.a.parts]]\nname = \"odd\"\n";
    check(
        text,
        "",
        expect![[r#"
        stack.toml:6:8 "\"odd\""
          a part can't be odd
    "#]],
    );
}

#[test]
fn the_schema_knows_every_table() {
    let schema = schema_document(KINDS);
    let keys = |path: &str| schema.pointer(path).and_then(|it| it.as_object()).map(|it| it.keys().cloned().collect::<Vec<_>>());
    assert_eq!(
        keys("/properties").unwrap_or_default(),
        ["stack", "state", "variables", "widget", "data", "outputs", "import", "moved"]
    );
    assert!(keys("/properties/widget/additionalProperties/properties").unwrap_or_default().contains(&"lifecycle".to_owned()));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        render(&text, &text);
    }

    #[test]
    fn no_mixture_makes_it_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text: String = pieces.concat();
        render(&format!("[stack]\nname = \"s\"\n{text}"), &text);
        render(&text, &text.replace('\n', ""));
    }
}

const PIECES: &[&str] = &[
    "\n",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "=",
    ",",
    ".",
    "${",
    "}",
    "widget",
    ".a",
    "[widget.a]\n",
    "[[widget.b.parts]]\n",
    "name = ",
    "\"x\"",
    "document = ",
    "\"{\\\"a\\\":",
    "${widget.a.arn}",
    "${var.é}",
    "[variables]\n",
    "[outputs]\n",
    "[data.widget.c]\n",
    "é",
    "\u{1f600}",
    "\\u00e9",
    "\r\n",
    "\0",
    "1979-05-27",
    "1e999",
    "-",
    "#",
    "{ file = \"d.json\" }",
    "peer = \"${widget.b.name}\"\n",
    "tags = {}\n",
    "lifecycle = { ignore_changes = [\"parts[\"] }\n",
    "\\uD800",
    "$${",
    "\u{feff}",
];

fn render(text: &str, document: &str) {
    let (_, diagnostics) = read(text, document, &Inputs::default());
    for diagnostic in &diagnostics {
        if let Some(location) = &diagnostic.location {
            assert!(location.source.text.get(location.range.clone()).is_some(), "{diagnostic:?}");
        }
    }
}
