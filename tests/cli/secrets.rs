//! The value of a sensitive variable stands in the requests to AWS and nowhere else.

use super::support::World;

const SECRET: &str = "s3cr3t-Zq9x";
const STACK: &str = r#"
[stack]
name   = "discreet"
region = "us-east-1"

[variables]
password = { sensitive = true }

[role.task]
description = "knows ${var.password}"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }] }
tags = { hint = "${var.password}" }

[task_definition.report]
container_definitions = [{ name = "report", image = "busybox", memory = 64, command = ["--password=${var.password}"], environment = [{ name = "PASSWORD", value = "${var.password}" }] }]

[outputs]
password = { value = "${var.password}", sensitive = true }
"#;

#[test]
fn not_in_the_most_talkative_log_nor_on_disk() {
    let world = World::new();
    world.write("stack.toml", STACK);
    let environment = [("STEPWRIGHT_VAR_password", SECRET), ("RUST_LOG", "trace")];
    for arguments in
        [&["plan", "stack.toml", "--out", "plan.json"][..], &["apply", "stack.toml", "--yes"], &["plan", "stack.toml"]]
    {
        let outcome = world.stepwright_with(arguments, &environment).expect(0);
        assert!(outcome.stderr.contains("DEBUG"), "there is a log: {outcome}");
        assert!(!outcome.stderr.contains('\x1b'), "a log in a file has no color codes: {outcome}");
        assert!(!outcome.stderr.contains(SECRET) && !outcome.stdout.contains(SECRET), "{}", outcome.command);
    }
    for file in ["plan.json", "state/discreet.json"] {
        assert!(!world.read(file).contains(SECRET), "{file}");
    }
}

#[test]
fn not_in_the_excerpt_of_a_mistake() {
    let world = World::new();
    world.write("stack.toml", STACK);
    world.write("values.toml", &format!("password = [\"{SECRET}\"]\n"));
    let outcome = world.stepwright(&["validate", "stack.toml", "--var-file", "values.toml"]).expect(1);
    outcome.says(&["the sensitive variable `password` must be a string, a number or a boolean"]);
    assert!(!outcome.stderr.contains(SECRET), "{outcome}");
}
