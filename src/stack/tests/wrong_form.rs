//! Files and tables that are not what they must be.

use super::*;

#[test]
fn tables_of_a_wrong_form() {
    let text = r#"
outputs = 3
top = 1
[stack]
name = "s"
region = "${var.region}"
tags = { "aws:x" = "a", ok = 3 }
[variables]
plain = "x"
"a b" = { default = "y" }
listed = { default = ["a"] }
deep = { default = "${stack.name}" }
[widget]
count = 3
enabled = true
[[widget.listed]]
[widget."a b"]
[widget.other]
tags = { "stepwright:stack" = "x", owner = "${aws:username}" }
peer = "x-${var.listed}"
target = "${widgets.a.arn} ${data.widget.other.arn} ${widget.other}"
document = { file = 3, x = 1 }
lifecycle = { ignore_changes = ["document.States", "nothing.here", "parts[a].size"] }
[data.widget.one]
name = "${widget.other.name}"
[data.widgt.two]
[data.widget.three]
"#;
    check(
        text,
        "",
        expect![[r#"
            stack.toml:2:11 "3"
              `outputs` must be a table, not an integer
            stack.toml:3:1 "top"
              nothing at the top of a stack file is called `top`
                known here: widget, stack, state, variables, data, outputs, import, moved
            stack.toml:6:11 "${var.region}"
              `region` can't refer to anything
                write the value itself
            stack.toml:7:10 "\"aws:x\""
              `aws:x`: tags that begin with `aws:` are AWS's own
                choose another key
            stack.toml:7:30 "3"
              `ok` must be a string, not an integer
            stack.toml:9:9 "\"x\"" ⇒ { default = "x" }
              the variable `plain` must be a table, not a string
            stack.toml:10:1 "\"a b\""
              `a b` can't be the name of a variable
                a letter or `_`, then letters, digits, `_` and `-`
            stack.toml:12:21 "${stack.name}"
              `default` can't refer to anything
                write the value itself
            stack.toml:13:2 "widget"
              a widget needs a name of its own
                write [widget.NAME] above its keys
            stack.toml:16:10 "listed"
              widget.listed must be one table, not a list
                write [widget.listed] with single brackets
            stack.toml:17:9 "\"a b\""
              `a b` can't be the name of a resource
                a letter or `_`, then letters, digits, `_` and `-`; the name in AWS may be another: `name`
            stack.toml:19:10 "\"stepwright:stack\""
              `stepwright:stack`: tags that begin with `stepwright:` are Stepwright's own
                choose another key
            stack.toml:19:45 "${aws:username}" ⇒ $${aws:username}
              `${aws:username}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition
                for a `${` that IAM is to see, write `$${`
            stack.toml:20:11 "${var.listed}"
              the variable `listed` is a list or a table and can't stand inside a longer string
                let the string be this reference and nothing else
            stack.toml:21:13 "widgets" ⇒ widget
              there is no resource type `widgets`
            stack.toml:21:42 "other"
              there is no data.widget.other in this stack
                widget.other is there: write ${widget.other.arn}
            stack.toml:21:53 "${widget.other}"
              `${widget.other}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition
                where widget.other is a resource, its attribute is missing, as in ${widget.other.arn}
            stack.toml:22:21 "3"
              `file` must be a path, not an integer
                for example { file = "a.json" }
            stack.toml:22:24 "x"
              `x` can't stand beside `file`
                the file is the whole document
            stack.toml:23:43 "States"
              a document can be ignored only as a whole
                end the path at the document's own key
            stack.toml:23:53 "nothing"
              `nothing.here` names no field: there is no `nothing`
                a path is fields with dots between, lists with [ELEMENT]: container_definitions[report].image
            stack.toml:25:9 "${widget.other.name}"
              a look-up can't refer to widget.other, which this stack makes
                what is looked up comes first; it may refer to variables, the stack and the account
            stack.toml:26:7 "widgt" ⇒ widget
              there is no resource type `widgt`
            stack.toml:27:14 "three"
              [data.widget.three] does not say what to look up
                add name = "..." or arn = "..."
        "#]],
    );
}

#[test]
fn files_that_are_nothing() {
    check(
        "",
        "",
        expect![[r#"
        stack.toml:1:1 ""
          the table [stack] is missing
            begin the file with:
        [stack]
        name = "my-stack"
    "#]],
    );
    check(
        "\u{feff}",
        "",
        expect![[r#"
        stack.toml:1:1 ""
          the table [stack] is missing
            begin the file with:
        [stack]
        name = "my-stack"
    "#]],
    );
    check(
        "\0\u{1b}[31m",
        "",
        expect![[r#"
        stack.toml:1:1 "\0\u{1b}"
          TOML syntax: invalid unquoted key, expected letters, numbers, `-`, `_`
        stack.toml:1:3 ""
          TOML syntax: key with no value, expected `=`
    "#]],
    );
}
