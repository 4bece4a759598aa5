//! What becomes the stack's, what has another address, and what only the state is to learn.

use expect_test::expect;
use serde_json::json;

use super::{AS_RECORDED, World, address};
use crate::plan::{ImportOptions, Options};
use crate::resource::Ownership;
use crate::value::Value;

impl World {
    /// `[import]` leads to this.
    fn imported(mut self, at: &str, name: &str, owner: Option<(&str, &str)>, spec: serde_json::Value) -> Self {
        self = self.found(at, name, owner, spec);
        let live = self.observed.found.remove(&address(at)).expect("it was put there");
        self.observed.imports.insert(address(at), live);
        self
    }

    /// What is live at `at` carries these tags of ours.
    fn marked(mut self, at: &str, owner: Option<(&str, &str)>) -> Self {
        let live = self.observed.resources.get_mut(&address(at)).and_then(Option::as_mut).expect("it is live");
        live.ownership = owner.map(|(stack, at)| Ownership { stack: stack.into(), address: at.into(), token: None });
        self
    }

    fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

fn refresh_only() -> Options {
    Options { refresh_only: true, ..Options::default() }
}

#[test]
fn a_move_is_no_replacement() {
    // b has never been called anything but by default, and keeps its name; c follows it, wherever the entries stand.
    World::new()
        .disk("disk.a", json!({ "name": "s-a", "size": 1 }), AS_RECORDED, &[])
        .disk("disk.user", json!({ "name": "s-user", "uses": ["s-a"] }), AS_RECORDED, &["disk.a"])
        .move_observed("disk.a", "disk.c")
        .check(
            "[disk.c]\nsize = 1\n[disk.user]\nuses = [\"${disk.c.name}\"]\n\
             [[moved]]\nfrom = \"disk.b\"\nto = \"disk.c\"\n[[moved]]\nfrom = \"disk.a\"\nto = \"disk.b\"",
            expect![[r#"
                moved: disk.a -> disk.b
                moved: disk.b -> disk.c
                disk.c: Update [Moved(Address { is_data: false, resource_type: "disk", name: "a" })]
                  0 update disk.c
            "#]],
        );
}

#[test]
fn a_move_to_a_taken_address() {
    World::new()
        .disk("disk.a", json!({ "name": "s-a" }), AS_RECORDED, &[])
        .disk("disk.b", json!({ "name": "s-b" }), AS_RECORDED, &[])
        .check(
            "[disk.b]\n[[moved]]\nfrom = \"disk.a\"\nto = \"disk.b\"",
            expect![[r#"
                error: disk.a has moved to disk.b, and both are recorded
            "#]],
        );
}

#[test]
fn a_move_that_was_made_says_nothing() {
    World::new()
        .disk("disk.b", json!({ "name": "s-a" }), AS_RECORDED, &[])
        .check("[disk.b]\n[[moved]]\nfrom = \"disk.a\"\nto = \"disk.b\"", expect![[""]]);
}

#[test]
fn a_name_that_nobody_gave_is_kept() {
    let world = World::new().disk("disk.a", json!({ "name": "old" }), AS_RECORDED, &[]);
    world.check("[disk.a]", expect![[""]]);
    world.check(
        "[disk.a]\nname = \"new\"",
        expect![[r#"
            disk.a: Replace(DeleteThenCreate) [changed name, must replace name]
              0 delete disk.a
              1 create disk.a after 0 Gone
        "#]],
    );
}

#[test]
fn imports() {
    let stack = "[disk.a]\nsize = 2\n[disk.b]\nuses = [\"${disk.a.serial}\"]";
    let found = json!({ "name": "theirs", "size": 2 });
    World::new().imported("disk.a", "theirs", None, found.clone()).check(
        stack,
        expect![[r#"
            disk.a: Import [Imported]
            disk.b: Create [New]
              0 import disk.a
              1 create disk.b after 0 Exists
        "#]],
    );
    // Changed in place, or anew.
    World::new().imported("disk.a", "theirs", None, json!({ "name": "theirs", "size": 1 })).check(
        "[disk.a]\nsize = 2",
        expect![[r#"
            disk.a: Import [Imported, changed size]
              0 import disk.a
        "#]],
    );
    World::new().imported("disk.a", "theirs", None, json!({ "name": "theirs", "zone": "x" })).check(
        "[disk.a]\nzone = \"y\"",
        expect![[r#"
            disk.a: Replace(DeleteThenCreate) [Imported, changed zone, must replace zone]
              0 record disk.a silently
              1 delete disk.a after 0 Ready
              2 create disk.a after 0 Ready, 1 Gone
        "#]],
    );
    // As it is, whatever the stack says.
    let as_is = ImportOptions { as_is: true, take_over: false };
    World::new()
        .imported("disk.a", "theirs", None, json!({ "name": "theirs", "zone": "x" }))
        .options(Options { import: as_is, only: Some([address("disk.a")].into()), ..Options::default() })
        .check(
            "[disk.a]\nzone = \"y\"\n[disk.b]\n[outputs]\nx = \"1\"",
            expect![[r#"
                disk.a: Import [Imported]
                  0 import disk.a
            "#]],
        );
}

#[test]
fn imports_of_what_is_somebodys() {
    let found = json!({ "name": "theirs" });
    let world = World::new().imported("disk.a", "theirs", Some(("other", "disk.x")), found.clone());
    world.check(
        "[disk.a]",
        expect![[r#"
            error: disk.a can't be imported: arn:aws:fake:eu-west-1:123456789012:disk/theirs belongs to disk.x of the stack other
        "#]],
    );
    world.options(Options { import: ImportOptions { as_is: false, take_over: true }, ..Options::default() }).check(
        "[disk.a]",
        expect![[r#"
            disk.a: Import [Imported]
              0 import disk.a
        "#]],
    );
    World::new()
        .disk("disk.b", json!({ "name": "theirs" }), AS_RECORDED, &[])
        .imported("disk.a", "theirs", Some(("s", "disk.b")), found)
        .check(
            "[disk.a]\n[disk.b]",
            expect![[r#"
                error: disk.a can't be imported: arn:aws:fake:eu-west-1:123456789012:disk/theirs is managed already, as disk.b
            "#]],
        );
}

#[test]
fn one_resource_at_two_addresses() {
    let theirs = || json!({ "name": "theirs" });
    World::new().imported("disk.a", "theirs", None, theirs()).imported("disk.b", "theirs", None, theirs()).check(
        "[disk.a]\n[disk.b]",
        expect![[r#"
            error: disk.b and disk.a would both be arn:aws:fake:eu-west-1:123456789012:disk/theirs
        "#]],
    );
    // Deleting the one would delete the other.
    World::new().disk("disk.a", theirs(), AS_RECORDED, &[]).disk("disk.b", theirs(), AS_RECORDED, &[]).check(
        "[disk.a]",
        expect![[r#"
            error: disk.b and disk.a would both be arn:aws:fake:eu-west-1:123456789012:disk/theirs
        "#]],
    );
}

#[test]
fn changed_marks_are_drift() {
    let world = || World::new().disk("disk.a", json!({ "name": "s-a" }), AS_RECORDED, &[]);
    world().marked("disk.a", Some(("s", "disk.z"))).check(
        "[disk.a]",
        expect![[r#"
            disk.a: Update [drifted tags["stepwright:address"]]  drift: tags["stepwright:address"]
              0 update disk.a
        "#]],
    );
    world().marked("disk.a", Some(("other", "disk.a"))).options(refresh_only()).check(
        "[disk.a]",
        expect![[r#"
            disk.a: Refresh []  drift: tags["stepwright:stack"]
              0 refresh disk.a
        "#]],
    );
    // Nothing of another stack's is deleted.
    world().marked("disk.a", Some(("other", "disk.a"))).check(
        "",
        expect![[r#"
        disk.a: Forget [MarkedAsAnothers(Ownership { stack: "other", address: "disk.a", token: None }), RemovedFromStack]
          0 forget disk.a
    "#]],
    );
}

#[test]
fn lost_marks_are_drift() {
    let world = World::new().disk("disk.a", json!({ "name": "s-a" }), AS_RECORDED, &[]);
    world.marked("disk.a", None).check(
        "[disk.a]",
        expect![[r#"
            disk.a: Update [drifted tags["stepwright:stack"], drifted tags["stepwright:address"]]  drift: tags["stepwright:stack"], tags["stepwright:address"]
              0 update disk.a
        "#]],
    );
}

#[test]
fn a_refresh_changes_nothing_but_the_state() {
    let world = World::new()
        .disk("disk.a", json!({ "name": "s-a", "size": 1 }), json!({ "name": "s-a", "size": 3, "owner": "x" }), &[])
        .disk("disk.b", json!({ "name": "s-b", "size": 1 }), json!({ "name": "s-b", "size": 3 }), &[])
        .disk("disk.gone", json!({ "name": "s-gone" }), json!(false), &[])
        .disk("disk.same", json!({ "name": "s-same" }), AS_RECORDED, &[])
        .disk("disk.old", json!({ "name": "s-old" }), AS_RECORDED, &[])
        .options(refresh_only());
    let stack = "[disk.a]\nsize = 9\n[disk.b]\nsize = 1\nlifecycle = { ignore_changes = [\"size\"] }\n[disk.gone]\n[disk.same]\n[disk.new]\n[outputs]\nx = \"1\"";
    world.check(
        stack,
        expect![[r#"
            disk.a: Refresh []  drift: size  left alone: owner (Unmanaged)
            disk.b: Refresh []  left alone: size (Ignored)
            disk.gone: Forget [Missing]
              0 refresh disk.a
              1 refresh disk.b
              2 forget disk.gone
        "#]],
    );
}

#[test]
fn a_saved_plan_decides_on_what_it_touches_alone() {
    let world = World::new()
        .disk("disk.a", json!({ "name": "s-a", "size": 1 }), AS_RECORDED, &[])
        .disk("disk.b", json!({ "name": "s-b", "size": 1 }), json!({ "name": "s-b", "size": 7 }), &["disk.a"])
        .with("image.i", Value::from(json!({ "family": "s-i", "content": "1" })), AS_RECORDED, &[])
        .disk("disk.user", json!({ "name": "s-user", "uses": ["s-i"] }), AS_RECORDED, &["image.i"])
        .options(Options { only: Some([address("disk.a"), address("image.i")].into()), ..Options::default() });
    // What an unchanged user refers to does not keep the predecessor, as --target would.
    world.check(
        "[disk.a]\nsize = 2\n[disk.b]\nsize = 1\n[image.i]\ncontent = \"2\"\n[disk.user]\nuses = [\"${image.i.family}\"]",
        expect![[r#"
            disk.a: Update [changed size]
            image.i: Replace(CreateThenDelete) [changed content, must replace content]
              0 update disk.a
              1 create image.i
              2 delete deposed image.i after 1 Ready
        "#]],
    );
}

#[test]
fn what_another_resource_has_become_is_not_deleted() {
    // `gone` was deleted outside, and `heir` was made under its name by a run that did not get further.
    let name = json!({ "name": "s-x" });
    let world = World::new()
        .disk("disk.heir", name.clone(), AS_RECORDED, &[])
        .disk("disk.gone", name, AS_RECORDED, &[])
        .marked("disk.gone", Some(("s", "disk.heir")));
    world.check(
        "[disk.heir]",
        expect![[r#"
            disk.gone: Forget [Missing, RemovedFromStack]
              0 forget disk.gone
        "#]],
    );
}
