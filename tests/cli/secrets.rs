//! The value of a sensitive variable stands in the requests to AWS and nowhere else.

use std::path::Path;

use serde_json::json;

use crate::support::World;
use crate::support::world::Outcome;

/// Fit for a tag, which takes few characters.
const PASSWORD: &str = "s3cr3t+Zq9x/=@7";
/// With everything that somebody may have to escape.
const PHRASE: &str = "kJ7w \"quoted\" <é>'\n& 100% ${x} \\end";
/// What takes their places later.
const OTHER_PASSWORD: &str = "n3w-p4ss+Wb2k/=";
const OTHER_PHRASE: &str = "Tz5u \"other\" <ü>\n${y}";
/// What somebody else puts in their place in AWS.
const FOREIGN: &str = "f0r31gn-Lm4v";

/// Every secret there is, and pieces of them that no escape touches.
const SECRETS: &[&str] =
    &[PASSWORD, PHRASE, OTHER_PASSWORD, OTHER_PHRASE, FOREIGN, "s3cr3t", "Zq9x", "kJ7w", "n3w-p4ss", "Wb2k", "Tz5u", "Lm4v"];

/// A number that is sensitive, as it would be shown. Without what stands around it, it could be a part of any time.
const PORTS: [&str; 5] = ["= 47613", ": 47613", ":47613", "\"47613\"", "[47613]"];

/// A sensitive value in every kind of place.
const STACK: &str = r#"
[stack]
name   = "discreet"
region = "eu-central-1"
tags   = { inherited = "${var.password}" }

[variables]
password = { sensitive = true }
phrase   = { sensitive = true }
port     = { sensitive = true, default = 47613 }
size     = { default = "64" }

[cluster.main]
tags = { mixed = "${role.task.unique_id}${var.password}" }

[role.task]
description = "knows ${var.password}"
tags        = { hint = "${var.password}", mixed = "${var.password}@${cluster.other.name}" }

[role.task.assume_role_policy_document]
Version   = "2012-10-17"
Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "sts:ExternalId" = "${var.password}" } } }]

[role.task.inline_policies.read]
Version   = "2012-10-17"
Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = ["arn:aws:s3:::bucket/${var.password}", "arn:aws:s3:::bucket/${var.password}/${role.workflow.unique_id}"] }]

[cluster.other]
tags = { hint = "${var.password}" }

[role.workflow]
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }

[task_definition.report]
tags = { hint = "${var.password}", mixed = "${role.task.unique_id}.${var.password}" }

[[task_definition.report.container_definitions]]
name         = "report"
image        = "busybox"
memory       = "${var.size}"
command      = ["--phrase=${var.phrase}", "${var.phrase}@${role.task.unique_id}"]
environment  = [
  { name = "PHRASE", value = "${var.phrase}" },
  { name = "MIXED", value = "${role.task.unique_id}:${var.phrase}:${var.password}" },
]
port_mappings = [{ container_port = "${var.port}" }]

[state_machine.inline]
role_arn   = "${role.workflow.arn}"
definition = { StartAt = "Say", States = { Say = { Type = "Pass", Result = { Phrase = "${var.phrase}", Mixed = "${var.phrase}-${task_definition.report.revision}" }, End = true } } }

[state_machine.text]
role_arn   = "${role.workflow.arn}"
definition = '{ "StartAt": "Say", "States": { "Say": { "Type": "Pass", "Comment": "${var.phrase}", "Result": "${var.password} at ${task_definition.report.arn}", "End": true } } }'

[state_machine.file]
role_arn   = "${role.workflow.arn}"
definition = { file = "machine.asl.json" }

[outputs]
password = { value = "${var.password}", sensitive = true }
mixed    = { value = "${var.phrase} of ${task_definition.report.arn}", sensitive = true }
port     = { value = "${var.port}", sensitive = true }
"#;

const MACHINE: &str = r#"{ "StartAt": "Say", "States": { "Say": { "Type": "Pass", "Comment": "${var.phrase}", "Result": "${var.phrase}${task_definition.report.revision}", "End": true } } }"#;

/// The files that may hold secrets, since the user wrote them there.
const INPUTS: &[&str] = &["stack.toml", "old.toml", "new.toml"];

struct Discreet(World);

impl Discreet {
    fn new() -> Self {
        let world = World::new();
        world.write("stack.toml", STACK);
        world.write("machine.asl.json", MACHINE);
        let values = |password: &str, phrase: &str| format!("password = {}\nphrase = {}\n", json!(password), json!(phrase));
        world.write("old.toml", &values(PASSWORD, PHRASE));
        world.write("new.toml", &values(OTHER_PASSWORD, OTHER_PHRASE));
        Self(world)
    }

    /// Runs it with the most talkative log there is, and searches all that it wrote.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.0.stepwright_with(arguments, &[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")]);
        let mut written = vec![("stdout".to_owned(), outcome.stdout.clone()), ("stderr".to_owned(), outcome.stderr.clone())];
        files_below(&self.0.path("."), &mut written);
        assert!(!outcome.stderr.contains('\x1b'), "a log in a file has no color codes: {outcome}");
        for (name, text) in written.iter().filter(|(name, _)| !INPUTS.iter().any(|input| name.ends_with(input))) {
            for spelling in SECRETS.iter().flat_map(|secret| spellings(secret)).chain(PORTS.map(str::to_owned)) {
                let at = text.find(&spelling).map(|at| text.get(at.saturating_sub(300)..at + 100).unwrap_or(text));
                assert!(at.is_none(), "`{}` has left {spelling:?} in {name}: … {} …", outcome.command, at.unwrap_or_default());
            }
        }
        if arguments.iter().any(|argument| ["apply", "destroy"].contains(argument)) && outcome.code == Some(0) {
            assert!(LEVELS.iter().any(|level| outcome.stderr.contains(level)), "there is a log: {outcome}");
        }
        without_log(outcome)
    }
}

/// Without the lines of the log, which would hide what a failed test has to tell.
fn without_log(outcome: Outcome) -> Outcome {
    let is_told = |line: &&str| !LEVELS.iter().any(|level| line.get(..60).unwrap_or(line).contains(level));
    let stderr = outcome.stderr.lines().filter(is_told).collect::<Vec<_>>().join("\n");
    Outcome { stderr, ..outcome }
}

const LEVELS: &[&str] = &["Z TRACE ", "Z DEBUG ", "Z  INFO ", "Z  WARN "];

/// `secret` as it may be written.
fn spellings(secret: &str) -> Vec<String> {
    let json = json!(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let percent = secret.bytes().map(|byte| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-_.~".contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    });
    let percent: String = percent.collect();
    // Of a short piece it would be found in any request id.
    let base64 = Some(base64(secret)).filter(|digits| digits.len() >= 8);
    [secret.to_owned(), json.replace('\\', "\\\\"), json, percent].into_iter().chain(base64).collect()
}

/// All but the last digits, which depend on what follows.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.as_bytes().chunks_exact(3).flat_map(|bytes| {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(number >> shift & 63) as usize]))
    });
    digits.collect()
}

fn files_below(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

const OLD: &[&str] = &["stack.toml", "--var-file", "old.toml"];
const NEW: &[&str] = &["stack.toml", "--var-file", "new.toml"];

fn with<'a>(command: &[&'a str], stack: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, stack, more].concat()
}

#[test]
fn nowhere_in_the_life_of_a_stack() {
    let discreet = Discreet::new();
    let world = &discreet.0;
    let run = |command: &[&str], stack: &[&str], more: &[&str]| discreet.run(&with(command, stack, more));
    run(&["validate"], OLD, &[]).expect(0);
    run(&["graph"], OLD, &[]).expect(0);
    run(&["plan"], OLD, &["--out", "saved.plan"]).expect(0);
    run(&["plan"], OLD, &["--format", "json"]).expect(0);
    run(&["apply"], &["saved.plan"], &["--format", "json"]).expect(0);
    let account = world.endpoint.account("show").to_string();
    assert!(account.contains(PASSWORD) && account.contains("kJ7w"), "AWS has them: {account}");

    // Nothing differs, in whichever place they stand.
    run(&["plan"], OLD, &["--detailed-exitcode"]).expect(0);
    run(&["drift"], OLD, &[]).expect(0);
    for address in ["role.task", "task_definition.report", "state_machine.inline", "state_machine.text", "cluster.main"] {
        run(&["state", "show"], &[address, "stack.toml"], &[]).expect(0);
        run(&["state", "show"], &[address, "stack.toml"], &["--format", "json"]).expect(0);
    }
    run(&["state", "history"], &["stack.toml"], &[]).expect(0);

    // Other values of theirs: only that they change is shown.
    for format in ["human", "json"] {
        run(&["plan"], NEW, &["--detailed-exitcode", "--format", format]).expect(2);
    }
    run(&["apply"], NEW, &["--yes"]).expect(0);
    run(&["plan"], NEW, &["--detailed-exitcode"]).expect(0);

    // What stands in AWS now is no secret that is known here, and yet in the place of one.
    let arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/discreet-other";
    world.call("ecs", "tag_resource", json!({ "resourceArn": arn, "tags": [{ "key": "hint", "value": FOREIGN }] }));
    world.call("iam", "update_role", json!({ "RoleName": "discreet-task", "Description": format!("knows {FOREIGN}") }));
    let statement =
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::bucket/{FOREIGN}") }]);
    let policy = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    world.call("iam", "put_role_policy", json!({ "RoleName": "discreet-task", "PolicyName": "read", "PolicyDocument": policy }));
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:discreet-inline";
    let say = json!({ "Type": "Pass", "Result": { "Phrase": FOREIGN, "Mixed": FOREIGN }, "End": true });
    let definition = json!({ "StartAt": "Say", "States": { "Say": say } }).to_string();
    world.call("stepfunctions", "update_state_machine", json!({ "stateMachineArn": machine, "definition": definition }));
    for format in ["human", "json"] {
        run(&["drift"], NEW, &["--format", format]).expect(2);
        run(&["plan"], NEW, &["--format", format]).expect(0);
    }
    // Fields that are no longer declared, and variables that are no longer sensitive, keep what they were to themselves.
    let stack = world.read("stack.toml");
    world.edit("stack.toml", "description = \"knows ${var.password}\"\n", "");
    world.edit("stack.toml", "tags = { hint = \"${var.password}\" }\n", "");
    world.edit("stack.toml", "Phrase = \"${var.phrase}\", ", "");
    run(&["plan"], NEW, &[]).expect(0);
    run(&["plan"], NEW, &["--format", "json"]).expect(0);
    world.write("stack.toml", &stack);
    run(&["apply"], NEW, &["--refresh-only", "--yes"]).expect(0);
    run(&["apply"], NEW, &["--yes", "--format", "json"]).expect(0);
    run(&["plan"], NEW, &["--detailed-exitcode"]).expect(0);

    // A lost state is made anew of what AWS tells in clear.
    std::fs::remove_dir_all(world.path("state")).expect("a folder");
    run(&["state", "rebuild"], NEW, &["--yes"]).expect(0);
    run(&["plan"], NEW, &["--detailed-exitcode"]).expect(0);
    run(&["destroy"], NEW, &["--yes"]).expect(0);
    assert!(world.in_account().is_empty(), "{:?}", world.in_account());
}

#[test]
fn not_in_what_aws_refuses() {
    let refuse = |discreet: &Discreet, action: &str| {
        let fault = format!("error,action={action},code=ValidationException,message=not_this,quote=1");
        discreet.0.endpoint.set_faults(&[&fault]);
    };
    for action in ["CreateCluster", "CreateRole", "PutRolePolicy", "RegisterTaskDefinition", "CreateStateMachine"] {
        let discreet = Discreet::new();
        refuse(&discreet, action);
        discreet.run(&with(&["apply"], OLD, &["--yes"])).expect(1).says(&["not this", "(sensitive value)"]);
        discreet.run(&with(&["apply"], OLD, &["--yes", "--format", "json"])).expect(1).says(&["not this"]);
    }
    for action in ["TagResource", "TagRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateStateMachine"] {
        let discreet = Discreet::new();
        discreet.run(&with(&["apply"], OLD, &["--yes"])).expect(0);
        refuse(&discreet, action);
        discreet.run(&with(&["apply"], NEW, &["--yes"])).expect(1).says(&["not this"]);
    }
}

#[test]
fn not_in_what_a_killed_run_leaves() {
    for action in ["CreateRole", "PutRolePolicy", "RegisterTaskDefinition", "CreateStateMachine"] {
        let discreet = Discreet::new();
        let world = &discreet.0;
        world.endpoint.set_faults(&[&format!("kill-after,comm=stepwright,action={action},nth=1")]);
        let killed = discreet.run(&with(&["apply"], OLD, &["--yes"]));
        assert_eq!(killed.code, None, "{killed}");
        world.endpoint.set_faults(&[]);
        discreet.run(&with(&["apply"], OLD, &["--yes"])).expect(0);
        discreet.run(&with(&["plan"], OLD, &["--detailed-exitcode"])).expect(0);
    }
}

#[test]
fn not_in_the_excerpt_of_a_mistake() {
    let discreet = Discreet::new();
    let world = &discreet.0;
    world.write("old.toml", &format!("password = [\"{PASSWORD}\"]\n"));
    let says = ["the sensitive variable `password` must be a string, a number or a boolean"];
    discreet.run(&with(&["validate"], OLD, &[])).expect(1).says(&says);
    for line in [
        "password = \"PASSWORD",
        "passwrod = \"PASSWORD\"",
        "password = \"PASSWORD\"\npassword = \"PASSWORD\"",
        "password PASSWORD",
        "password = \"\"\"\nPASSWORD\nPASSWORD==\n\"\" = \"\"\"",
        "password = { a = \"PASSWORD\" ]",
    ] {
        world.write("old.toml", &format!("{}\n", line.replace("PASSWORD", PASSWORD)));
        discreet.run(&with(&["validate"], OLD, &[])).expect(1);
    }
    world.write("old.toml", "phrase = \"x\"\n");
    for line in [
        "password = { sensitive = true, default = \"PASSWORD\", type = \"nothing\" }",
        "password = { sensitve = true, default = \"PASSWORD\" }",
        "password = { sensitive = \"yes\", default = \"PASSWORD\" }",
        "password = { sensitive = true, default = [\"PASSWORD\"] }",
        "password = { sensitive = true, default = \"PASSWORD }",
        "password = { sensitive = true, type = \"number\", default = \"PASSWORD\" }",
        "password = { sensitive = true, default = \"${PASSWORD}\" }",
    ] {
        let stack = STACK.replace("password = { sensitive = true }", line);
        world.write("stack.toml", &stack.replace("PASSWORD", PASSWORD));
        discreet.run(&with(&["validate"], OLD, &[])).expect(1);
        discreet.run(&with(&["apply"], OLD, &["--yes"])).expect(1);
    }
}

#[test]
fn not_in_a_mistake_of_the_command_line() {
    let discreet = Discreet::new();
    let assignment = format!("password={PASSWORD}");
    let (as_one, misspelt, nameless) = (format!("--var={assignment}"), format!("--vra={assignment}"), format!("1{assignment}"));
    for arguments in [
        &["plan", "stack.toml", "--var", &assignment, "--bogus"][..],
        &["plan", "stack.toml", &assignment],
        &["plan", "stack.toml", "--var", PASSWORD],
        &["plan", "stack.toml", "--var", &nameless],
        &["plan", "stack.toml", "--var", "password", "--", &assignment],
        &["plan", "stack.toml", &as_one, "--refresh=maybe"],
        &["plan", "stack.toml", &misspelt],
        &["plan", "stack.toml", "--var", &assignment, "--target", &assignment],
        &[&assignment],
        &["apply", "stack.toml", "--yes", "--var", &assignment],
    ] {
        discreet.run(arguments).expect(1);
    }
}

#[test]
fn what_is_shown_everywhere_is_made_of_none() {
    let world = World::new();
    let check = |line: &str, says: &[&str]| {
        let stack =
            "[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n[variables]\np = { sensitive = true, default = \"abc\" }\n";
        world.write("stack.toml", &format!("{stack}{line}\n"));
        let outcome = world.stepwright(&["validate", "stack.toml"]).expect(1);
        outcome.says(says);
        assert!(outcome.stderr.contains(" --> stack.toml:") && !outcome.stderr.contains("abc"), "{outcome}");
        outcome.stderr
    };
    let name = "a physical name is shown everywhere, so `name` can't be made from the sensitive variable `p`";
    let told = check("[cluster.a]\nname = \"x-${var.p}\"", &[name, "use a variable that is not sensitive"]);
    assert!(told.contains("|           ^^^^^^^^\n"), "the reference alone is underlined: {told}");
    check("[cluster.a]\nname = \"${var.p}-${account.id}\"", &[name]);
    check("[task_definition.a]\nfamily = \"${var.p}\"\ncontainer_definitions = []", &["so `family` can't be made from"]);
    let role = "assume_role_policy_document = { Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { Service = \"ecs-tasks.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] }";
    check(
        &format!("[role.a]\npath = \"/${{var.p}}/\"\n{role}"),
        &["a part of an ARN is shown everywhere, so `path` can't be made from"],
    );
    check("[cluster.a]\n[import]\ncluster.a = \"x-${var.p}-${account.id}\"", &["the id of cluster.a is shown everywhere"]);
    check("[data.cluster.a]\nname = \"${var.p}${account.id}\"", &["`name` is shown everywhere"]);
    let document = "[state_machine.a]\nrole_arn = \"arn:aws:iam::123456789012:role/x\"\ndefinition = \"${var.p}\"";
    check(document, &["a whole document can't be the sensitive variable `p`"]);
    check("[outputs]\nx = \"${var.p}\"", &["the output `x` is made from the sensitive variable `p`", "sensitive = true"]);
    check("[outputs]\nx = { value = \"${var.p}${account.id}\", sensitive = false }", &["the output `x` is made from"]);
}

#[test]
fn a_variable_becomes_sensitive_and_is_so_no_longer() {
    let discreet = Discreet::new();
    let world = &discreet.0;
    let stack = "[stack]\nname = \"turncoat\"\nregion = \"eu-central-1\"\n[variables]\np = { sensitive = true }\n\
                 [cluster.c]\ntags = { p = \"${var.p}\", q = \"q ${var.p}\" }\n\
                 [task_definition.t]\ncontainer_definitions = [{ name = \"t\", image = \"busybox\", memory = 64, command = [\"a\", \"${var.p}\"] }]\n";
    let in_clear = stack.replace("{ sensitive = true }", "{}");
    let given = format!("p={PASSWORD}");
    let arguments =
        |command| [&[command, "stack.toml", "--var", given.as_str()][..], &["--yes"][..usize::from(command == "apply")]].concat();

    world.write("stack.toml", &in_clear);
    world.stepwright(&arguments("apply")).expect(0);
    assert!(world.read("state/turncoat.json").contains(PASSWORD));
    // What is recorded is sealed, though in AWS nothing changes.
    world.write("stack.toml", stack);
    world.endpoint.forget_calls();
    world.stepwright(&arguments("drift")).expect(0);
    let applied = world.stepwright(&arguments("apply")).expect(0);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "{applied}");
    std::fs::remove_dir_all(world.path("state/turncoat.json.history")).expect("the earlier state");
    discreet.run(&arguments("plan")).expect(0);
    discreet.run(&arguments("apply")).expect(0);

    // And back again.
    world.write("stack.toml", &in_clear);
    // What it was is a secret as long as it is recorded as one.
    let planned = world.stepwright(&["plan", "stack.toml", "--var", "p=public"]).expect(0);
    assert!(!planned.stdout.contains("s3cr3t"), "{planned}");
    world.endpoint.forget_calls();
    world.stepwright(&arguments("drift")).expect(0);
    world.stepwright(&[&arguments("plan")[..], &["--detailed-exitcode"]].concat()).expect(0);
    world.stepwright(&arguments("apply")).expect(0);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "nothing differs in AWS");
}
