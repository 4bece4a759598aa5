//! What is no longer in the stack, and what is destroyed.

use super::*;

#[test]
fn removed_and_destroyed() {
    let world = World::new()
        .disk(
            "disk.a",
            json!({ "name": "a", "labels": { "x": "1" } }),
            json!({ "name": "a", "labels": { "x": "1", "y": "2" } }),
            &[],
        )
        .disk("disk.b", json!({ "name": "b", "uses": ["s1"] }), AS_RECORDED, &["disk.a"])
        .disk("disk.c", json!({ "name": "c" }), json!(false), &["disk.b"])
        .deposed("disk.b", &format!("{PLACE_TEXT}disk/old"), json!({ "name": "old" }), &["disk.a"]);
    world.check(
        "",
        expect![[r#"
        disk.a: Delete [RemovedFromStack]  drift: labels.y
        disk.b: Delete [RemovedFromStack]
        disk.c: Forget [Missing, RemovedFromStack]
        disk.b (deposed): Delete [Deposed]
          0 delete disk.b
          1 forget disk.c
          2 delete deposed disk.b
          3 delete disk.a after 0 Gone, 2 Gone
    "#]],
    );
    world.check_destroy(expect![[r#"
        disk.a: Delete [Destroy]  drift: labels.y
        disk.b: Delete [Destroy]
        disk.c: Forget [Missing, Destroy]
        disk.b (deposed): Delete [Deposed]
          0 delete disk.b
          1 forget disk.c
          2 delete deposed disk.b
          3 delete disk.a after 0 Gone, 2 Gone
    "#]]);
    world.check(
        "[disk.b]\nname = \"b\"",
        expect![[r#"
        disk.b: Update [changed uses]
        disk.a: Delete [RemovedFromStack]  drift: labels.y
        disk.c: Forget [Missing, RemovedFromStack]
        disk.b (deposed): Delete [Deposed]
          0 update disk.b
          1 forget disk.c
          2 delete deposed disk.b after 0 Ready
          3 delete disk.a after 0 Ready, 2 Gone
    "#]],
    );
    let mut outputs = world.target("disk.a");
    outputs.state.outputs.insert("o".into(), RecordedOutput { value: Value::from("v"), sensitive: false });
    outputs.check_destroy(expect![[r#"
        disk.a: Delete [Destroy]  drift: labels.y
        disk.b: Delete [Destroy]
        disk.c: Forget [Missing, Destroy]
        disk.b (deposed): Delete [Deposed]
          0 delete disk.b
          1 forget disk.c
          2 delete deposed disk.b
          3 delete disk.a after 0 Gone, 2 Gone
    "#]]);
    outputs.check(
        "",
        expect![[r#"
        disk.a: Delete [RemovedFromStack]  drift: labels.y
        disk.b: Delete [RemovedFromStack]
        disk.c: Forget [Missing, RemovedFromStack]
        disk.b (deposed): Delete [Deposed]
        output o: Some(String("v")) -> None
          0 delete disk.b
          1 forget disk.c
          2 delete deposed disk.b
          3 delete disk.a after 0 Gone, 2 Gone
    "#]],
    );
    outputs.change("disk.b", |record| record.lifecycle.prevent_destroy = true).check_destroy(expect![[r#"
        error: disk.b would be destroyed, and its lifecycle says prevent_destroy
    "#]]);
}
