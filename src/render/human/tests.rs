use expect_test::{Expect, expect, expect_file};
use serde_json::json;

use super::*;
use crate::render::fixture::{change, drift as drifted, plan as plan_of, representative, spec, written};
use crate::value::Path;

const PLAIN: Style = Style { color: false, width: 100 };

fn check(plan: &Plan, expected: Expect) {
    expected.assert_eq(&written(|out| super::plan(out, plan, PLAIN)));
}

#[test]
fn a_plan_of_everything() {
    expect_file!["testdata/everything.txt"].assert_eq(&written(|out| super::plan(out, &representative(), PLAIN)));
}

#[test]
fn a_plan_of_everything_in_colour() {
    let style = Style { color: true, width: 100 };
    let text = written(|out| super::plan(out, &representative(), style));
    expect_file!["testdata/everything_in_colour.txt"].assert_eq(&text.replace('\u{1b}', "␛"));
}

#[test]
fn nothing_to_do() {
    let same = spec(json!({ "name": "same" }));
    check(&plan_of(vec![change("same", Action::NoOp, Some(same.clone()), Some(same))]), expect![""]);
}
