//! What can't be changed in place: its order, its followers, its name, and one that was interrupted.

use super::*;

#[test]
fn a_replacement_and_what_follows() {
    let world = World::new().with("image.i", Value::from(json!({ "family": "i", "content": "1" })), AS_RECORDED, &[]).disk(
        "disk.u",
        json!({ "name": "u", "uses": [format!("{PLACE_TEXT}image/i:1")] }),
        AS_RECORDED,
        &["image.i"],
    );
    let text = "[image.i]\nfamily = \"i\"\ncontent = \"2\"\n[disk.u]\nname = \"u\"\nuses = [\"${image.i.arn}\"]";
    world.check(
        text,
        expect![[r#"
        image.i: Replace(CreateThenDelete) [changed content, must replace content]
        disk.u: Update [upstream image.i]
          0 create image.i
          1 update disk.u after 0 Exists
          2 delete deposed image.i after 0 Ready, 1 Ready
    "#]],
    );
    // Left out by --target, the user still uses the old one, which stays for a later plan.
    world.target("image.i").check(
        text,
        expect![[r#"
        image.i: Replace(CreateThenDelete) [changed content, must replace content]
          0 create image.i
    "#]],
    );
    // Deleted by hand it is made again, and its old record goes.
    World::new()
        .with("image.i", Value::from(json!({ "family": "i", "content": "2" })), json!(false), &[])
        .disk("disk.u", json!({ "name": "u", "uses": [format!("{PLACE_TEXT}image/i:1")] }), AS_RECORDED, &["image.i"])
        .check(
            text,
            expect![[r#"
            image.i: Create [Missing]
            disk.u: Update [upstream image.i]
              0 forget image.i silently
              1 create image.i after 0 Gone
              2 update disk.u after 1 Exists
        "#]],
        );
}

#[test]
fn deleted_before_it_is_made_again() {
    let world = World::new().disk("disk.a", json!({ "name": "a", "zone": "x" }), AS_RECORDED, &[]).disk(
        "disk.b",
        json!({ "name": "b", "uses": ["s1"] }),
        AS_RECORDED,
        &["disk.a"],
    );
    world.check(
        "[disk.a]\nname = \"a\"\nzone = \"y\"\n[disk.b]\nname = \"b\"\nuses = [\"${disk.a.serial}\"]",
        expect![[r#"
        disk.a: Replace(DeleteThenCreate) [changed zone, must replace zone]
        disk.b: Update [upstream disk.a]
          0 delete disk.a
          1 create disk.a after 0 Gone
          2 update disk.b after 1 Exists
    "#]],
    );
    world.check(
        "[disk.a]\nname = \"a\"\nzone = \"y\"\nlifecycle = { create_before_destroy = true }\n[disk.b]\nname = \"b\"",
        expect![[r#"
            error: disk.a can't be created before its predecessor is destroyed: both are called a
        "#]],
    );
    world.check(
        "[disk.a]\nname = \"a\"\nzone = \"y\"\nlifecycle = { prevent_destroy = true }\n[disk.b]\nname = \"b\"",
        expect![[r#"
            error: disk.a would be destroyed, and its lifecycle says prevent_destroy
        "#]],
    );
}

#[test]
fn a_rename_takes_the_name_over() {
    // Everything is renamed at once, and disk.u moves over to the new addresses.
    let old = World::new()
        .disk("disk.a", json!({ "name": "x" }), AS_RECORDED, &[])
        .with("image.a", Value::from(json!({ "family": "f", "uses": [format!("{PLACE_TEXT}disk/x")] })), AS_RECORDED, &["disk.a"])
        .disk("disk.u", json!({ "name": "u", "uses": [format!("{PLACE_TEXT}image/f:1")] }), AS_RECORDED, &["image.a"])
        .found("disk.b", "x", Some(("s", "disk.a")), json!({ "name": "x" }));
    let text = "[disk.b]\nname = \"x\"\n[image.b]\nfamily = \"f\"\nuses = [\"${disk.b.arn}\"]\n\
                [disk.u]\nname = \"u\"\nuses = [\"${image.b.arn}\"]";
    old.check(
        text,
        expect![[r#"
        disk.b: Create [New]
        image.b: Create [New]
        disk.u: Update [changed uses]
        disk.a: Delete [RemovedFromStack]
        image.a: Delete [RemovedFromStack]
          0 delete image.a
          1 delete disk.a after 0 Gone
          2 create disk.b after 1 Gone
          3 create image.b after 2 Exists
          4 update disk.u after 3 Exists
    "#]],
    );
    // Two names exchanged.
    World::new()
        .disk("disk.a", json!({ "name": "x" }), AS_RECORDED, &[])
        .disk("disk.b", json!({ "name": "y" }), AS_RECORDED, &[])
        .found("disk.a", "y", Some(("s", "disk.b")), json!({ "name": "y" }))
        .found("disk.b", "x", Some(("s", "disk.a")), json!({ "name": "x" }))
        .check(
            "[disk.a]\nname = \"y\"\n[disk.b]\nname = \"x\"",
            expect![[r#"
            disk.a: Replace(DeleteThenCreate) [changed name, must replace name]
            disk.b: Replace(DeleteThenCreate) [changed name, must replace name]
              0 delete disk.a
              1 delete disk.b
              2 create disk.a after 0 Gone, 1 Gone
              3 create disk.b after 0 Gone, 1 Gone
        "#]],
        );
}

#[test]
fn interrupted_replacements() {
    // The predecessor of an earlier one, together with a new one.
    let world = World::new()
        .with("image.i", Value::from(json!({ "family": "i", "content": "2" })), AS_RECORDED, &[])
        .disk("disk.u", json!({ "name": "u", "uses": ["x"] }), AS_RECORDED, &["image.i"])
        .deposed("image.i", &format!("{PLACE_TEXT}image/i:0"), json!({ "family": "i", "content": "1" }), &[]);
    world.check(
        "[image.i]\nfamily = \"i\"\ncontent = \"3\"\n[disk.u]\nname = \"u\"\nuses = [\"${image.i.arn}\"]",
        expect![[r#"
        image.i: Replace(CreateThenDelete) [changed content, must replace content]
        disk.u: Update [changed uses, upstream image.i]
        image.i (deposed): Delete [Deposed]
          0 create image.i
          1 update disk.u after 0 Exists
          2 delete deposed image.i after 0 Ready, 1 Ready
          3 delete deposed image.i after 0 Ready, 1 Ready
    "#]],
    );
    // Back to the name of a predecessor that is still there.
    World::new()
        .disk("disk.a", json!({ "name": "y" }), AS_RECORDED, &[])
        .deposed("disk.a", &format!("{PLACE_TEXT}disk/x"), json!({ "name": "x" }), &[])
        .found("disk.a", "x", Some(("s", "disk.a")), json!({ "name": "x" }))
        .check(
            "[disk.a]\nname = \"x\"\nlifecycle = { create_before_destroy = true }",
            expect![[r#"
            disk.a: Replace(CreateThenDelete) [changed name, must replace name]
            disk.a (deposed): Delete [Deposed]
              0 delete deposed disk.a
              1 create disk.a after 0 Gone
              2 delete deposed disk.a after 1 Ready
        "#]],
        );
    // Created by half.
    let half = World::new()
        .disk("disk.a", json!({ "name": "a", "size": 1 }), json!({ "name": "a" }), &[])
        .change("disk.a", |record| record.incomplete = true);
    half.check(
        "[disk.a]\nname = \"a\"\nsize = 1",
        expect![[r#"
        disk.a: Update [Interrupted]
          0 update disk.a
    "#]],
    );
    // Not looked at, it is not taken for complete.
    let unseen = World { observed: Observed::default(), ..half };
    unseen.check("[disk.a]\nname = \"a\"\nsize = 1", expect![]);
}
