//! Stacks made at random, valid by AWS's rules: the same seed, the same stack.

use serde_json::{Map, Value as Json, json};

/// Where chance comes from (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }

    /// Some of `from`, in any order.
    fn some<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        let mut left = from.to_vec();
        let count = self.roll(from.len() + 1);
        (0..count).map(|_| left.swap_remove(self.roll(left.len()))).collect()
    }

    /// Puts the member there, as often as not.
    fn perhaps(&mut self, into: &mut Json, key: &str, value: impl FnOnce(&mut Self) -> Json) {
        if self.roll(2) == 0 {
            into[key] = value(self);
        }
    }
}

/// A whole stack as JSON: some of each type.
pub fn stack(seed: u64) -> Json {
    let dice = &mut Dice::new(seed);
    let of = |count: usize, make: &mut dyn FnMut() -> Json| -> Json {
        Json::Object((0..count).map(|number| (format!("r{number}"), make())).collect::<Map<_, _>>())
    };
    let task_definitions = of(8, &mut || task_definition(dice));
    let has_network = task_definitions["r0"]["network_mode"] == "awsvpc";
    json!({
        "stack": { "name": format!("random-{seed}"), "region": "eu-central-1", "tags": { "owner": "random" } },
        "cluster": of(3, &mut || cluster(dice)),
        "role": of(4, &mut || role(dice)),
        "log_group": of(3, &mut || log_group(dice)),
        "task_definition": task_definitions,
        "state_machine": of(4, &mut || state_machine(dice, has_network)),
    })
}

fn tags(dice: &mut Dice) -> Json {
    let keys = dice.some(&["team", "Stage", "cost center", "a:b/c", "ümläut"]);
    Json::Object(keys.into_iter().map(|key| (key.to_owned(), json!(dice.pick(&["", "1", "a b", "x=y@z", "é"])))).collect())
}

fn cluster(dice: &mut Dice) -> Json {
    let mut it = json!({});
    dice.perhaps(&mut it, "tags", tags);
    dice.perhaps(
        &mut it,
        "settings",
        |dice| json!([{ "name": "containerInsights", "value": dice.pick(&["enhanced", "enabled", "disabled"]) }]),
    );
    dice.perhaps(&mut it, "configuration", |dice| {
        let mut it = json!({ "execute_command_configuration": { "logging": dice.pick(&["NONE", "DEFAULT"]) } });
        dice.perhaps(&mut it, "managed_storage_configuration", |_| json!({ "kms_key_id": "key-2" }));
        it
    });
    let providers = dice.some(&["FARGATE", "FARGATE_SPOT"]);
    if !providers.is_empty() {
        let strategy =
            |(at, name): (usize, &&str)| json!({ "capacity_provider": name, "weight": at + 1, "base": usize::from(at == 0) });
        it["default_capacity_provider_strategy"] = providers.iter().enumerate().map(strategy).collect();
    }
    it["capacity_providers"] = json!(providers);
    it
}

fn log_group(dice: &mut Dice) -> Json {
    let mut it = json!({});
    dice.perhaps(&mut it, "tags", tags);
    dice.perhaps(&mut it, "retention_in_days", |dice| json!(dice.pick(&[1, 30, 3653])));
    dice.perhaps(&mut it, "log_group_class", |dice| json!(dice.pick(&["STANDARD", "INFREQUENT_ACCESS"])));
    dice.perhaps(&mut it, "kms_key_id", |_| json!("arn:aws:kms:eu-central-1:123456789012:key/1234"));
    dice.perhaps(&mut it, "deletion_protection_enabled", |_| json!(false));
    it
}

fn policy(dice: &mut Dice) -> Json {
    let mut statements = Vec::new();
    for number in 0..=dice.roll(3) {
        let actions = ["ecs:RunTask", "ecs:StopTask", "s3:Get*", "logs:PutLogEvents", "iam:PassRole"];
        let mut it = json!({ "Effect": dice.pick(&["Allow", "Deny"]) });
        let some = dice.some(&actions);
        let key = dice.pick(&["Action", "NotAction"]);
        it[key] = if some.len() < 2 { json!(dice.pick(&actions)) } else { json!(some) };
        it["Resource"] = dice.pick(&[json!("*"), json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b"]), json!(["*"])]);
        dice.perhaps(&mut it, "Sid", |_| json!(format!("Statement{number}")));
        dice.perhaps(&mut it, "Condition", |dice| {
            // IAM takes a JSON boolean or number here as well; moto refuses them.
            let (secure, most) = (dice.pick(&["true", "false"]), dice.pick(&["10", "20"]));
            dice.pick(&[
                json!({ "StringEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] } }),
                json!({ "Bool": { "aws:SecureTransport": secure } }),
                json!({ "NumericLessThan": { "s3:max-keys": most }, "Null": { "aws:TokenIssueTime": "false" } }),
            ])
        });
        statements.push(it);
    }
    let alone = statements.len() == 1 && dice.roll(2) == 0;
    json!({ "Version": "2012-10-17", "Statement": if alone { statements.remove(0) } else { json!(statements) } })
}

fn role(dice: &mut Dice) -> Json {
    let principal = dice.pick(&[
        json!({ "Service": "ecs-tasks.amazonaws.com" }),
        json!({ "Service": ["states.amazonaws.com", "ecs-tasks.amazonaws.com"] }),
        json!({ "AWS": "123456789012", "Service": "states.amazonaws.com" }),
        json!({ "AWS": ["arn:aws:iam::123456789012:root"], "Service": ["states.amazonaws.com"] }),
    ]);
    let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": dice.pick(&[json!("sts:AssumeRole"), json!(["sts:AssumeRole"])]) });
    let mut it = json!({ "assume_role_policy_document": { "Version": "2012-10-17", "Statement": [statement] } });
    dice.perhaps(&mut it, "tags", tags);
    dice.perhaps(&mut it, "description", |dice| json!(dice.pick(&["One line", "é, ü: \"quoted\"", "two\nlines"])));
    dice.perhaps(&mut it, "max_session_duration", |dice| json!(dice.pick(&[3600, 7200, 43200])));
    dice.perhaps(&mut it, "path", |dice| json!(dice.pick(&["/", "/batch/", "/a/b/"])));
    dice.perhaps(&mut it, "permissions_boundary", |_| json!("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    let managed = ["AmazonS3ReadOnlyAccess", "ReadOnlyAccess", "service-role/AmazonECSTaskExecutionRolePolicy"];
    dice.perhaps(&mut it, "managed_policy_arns", |dice| {
        dice.some(&managed).into_iter().map(|name| json!(format!("arn:aws:iam::aws:policy/{name}"))).collect()
    });
    dice.perhaps(&mut it, "inline_policies", |dice| {
        let names = dice.some(&["read", "write.all", "a+b=c,d@e-f_g"]);
        Json::Object(names.into_iter().map(|name| (name.to_owned(), policy(dice))).collect())
    });
    it
}

fn task_definition(dice: &mut Dice) -> Json {
    let is_fargate = dice.roll(2) == 0;
    let mut it = if is_fargate {
        let (cpu, memory) = dice.pick(&[("256", "512"), ("1 vCPU", "2 GB"), (".5 vCPU", "1GB"), ("1024", "8192")]);
        json!({ "requires_compatibilities": ["FARGATE"], "network_mode": "awsvpc", "cpu": cpu, "memory": memory })
    } else {
        json!({ "network_mode": dice.pick(&["bridge", "host", "none"]) })
    };
    let network = it["network_mode"].clone();
    it["execution_role_arn"] = json!("${role.all.arn}");
    dice.perhaps(&mut it, "tags", tags);
    dice.perhaps(&mut it, "task_role_arn", |_| json!("${role.all.arn}"));
    if is_fargate {
        dice.perhaps(&mut it, "ephemeral_storage", |_| json!({ "size_in_gib": 30 }));
        dice.perhaps(
            &mut it,
            "runtime_platform",
            |dice| json!({ "operating_system_family": "LINUX", "cpu_architecture": dice.pick(&["X86_64", "ARM64"]) }),
        );
    }
    it["volumes"] =
        json!([{ "name": "scratch" }, { "name": "files", "efs_volume_configuration": { "file_system_id": "fs-12345678" } }]);
    let count = 1 + dice.roll(3);
    let containers = (0..count).map(|number| container(dice, number, is_fargate, network == "bridge" || network == "awsvpc"));
    it["container_definitions"] = containers.collect();
    it
}

fn container(dice: &mut Dice, number: usize, is_fargate: bool, has_ports: bool) -> Json {
    let mut it = json!({ "name": format!("c{number}"), "image": dice.pick(&["busybox", "busybox:1.37", "public.ecr.aws/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]) });
    it["memory"] = json!(128);
    if number > 0 {
        dice.perhaps(&mut it, "essential", |dice| json!(dice.roll(2) == 0));
        dice.perhaps(&mut it, "depends_on", |_| json!([{ "container_name": "c0", "condition": "START" }]));
        dice.perhaps(&mut it, "volumes_from", |_| json!([{ "source_container": "c0", "read_only": false }]));
    }
    let lists: [(&str, &[Json]); 7] = [
        (
            "environment",
            &[
                json!({ "name": "B", "value": "1" }),
                json!({ "name": "A", "value": "" }),
                json!({ "name": "c_d", "value": "x y" }),
            ],
        ),
        (
            "secrets",
            &[
                json!({ "name": "S1", "value_from": "arn:aws:ssm:eu-central-1:123456789012:parameter/a" }),
                json!({ "name": "S0", "value_from": "arn:aws:ssm:eu-central-1:123456789012:parameter/b" }),
            ],
        ),
        (
            "mount_points",
            &[
                json!({ "source_volume": "scratch", "container_path": "/b" }),
                json!({ "source_volume": "files", "container_path": "/a", "read_only": true }),
            ],
        ),
        ("ulimits", &[json!({ "name": "nofile", "soft_limit": 1024, "hard_limit": 4096 })]),
        ("command", &[json!("sh"), json!("-c"), json!("true"), json!("")]),
        ("entry_point", &[json!("/bin/sh"), json!("-e")]),
        ("credential_specs", &[]),
    ];
    for (key, elements) in lists {
        dice.perhaps(&mut it, key, |dice| json!(dice.some(elements)));
    }
    if has_ports {
        let base = 8000 + 10 * number;
        let ports = [
            json!({ "container_port": base }),
            json!({ "container_port": base + 1, "protocol": "udp" }),
            json!({ "container_port": base + 2, "protocol": "tcp" }),
        ];
        dice.perhaps(&mut it, "port_mappings", |dice| json!(dice.some(&ports)));
    }
    let numbers: [(&str, &[u64]); 3] = [("cpu", &[0, 10]), ("memory_reservation", &[64, 100]), ("stop_timeout", &[2, 30, 120])];
    for (key, values) in numbers {
        dice.perhaps(&mut it, key, |dice| json!(dice.pick(values)));
    }
    for key in ["readonly_root_filesystem", "interactive", "pseudo_terminal"] {
        dice.perhaps(&mut it, key, |dice| json!(dice.roll(2) == 0));
    }
    dice.perhaps(&mut it, "user", |dice| json!(dice.pick(&["root", "1000:1000"])));
    dice.perhaps(&mut it, "working_directory", |_| json!("/work"));
    dice.perhaps(&mut it, "docker_labels", |_| json!({ "b": "1", "a": "" }));
    dice.perhaps(&mut it, "log_configuration", |dice| {
        let group = dice.pick(&["g", "${log_group.r0.name}"]);
        json!({ "log_driver": "awslogs", "options": { "awslogs-region": "eu-central-1", "awslogs-group": group, "awslogs-stream-prefix": "p" } })
    });
    dice.perhaps(&mut it, "health_check", |dice| {
        let mut it = json!({ "command": ["CMD-SHELL", "exit 0"] });
        dice.perhaps(&mut it, "interval", |dice| json!(dice.pick(&[30, 60])));
        dice.perhaps(&mut it, "retries", |dice| json!(dice.pick(&[3, 5])));
        dice.perhaps(&mut it, "start_period", |dice| json!(dice.pick(&[0, 20])));
        it
    });
    dice.perhaps(&mut it, "linux_parameters", |dice| {
        let mut it = json!({ "init_process_enabled": dice.roll(2) == 0 });
        let drop = dice.some(&["NET_RAW", "MKNOD", "CHOWN"]);
        let add = if is_fargate { vec!["SYS_PTRACE"] } else { dice.some(&["SYS_ADMIN", "NET_ADMIN"]) };
        dice.perhaps(&mut it, "capabilities", |_| json!({ "add": add, "drop": drop }));
        it
    });
    dice.perhaps(&mut it, "restart_policy", |dice| json!({ "enabled": true, "ignored_exit_codes": dice.some(&[3, 1, 2]) }));
    it
}

/// It runs `task_definition.r0`, which may have a network of its own.
fn state_machine(dice: &mut Dice, has_network: bool) -> Json {
    let retry = json!([{ "ErrorEquals": ["States.TaskFailed", "States.Timeout"], "MaxAttempts": dice.roll(4), "BackoffRate": dice.pick(&[json!(2), json!(2.0), json!(1.5)]) }]);
    let mut task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Parameters": { "Cluster": "${cluster.r0.arn}", "TaskDefinition": "${task_definition.r0.arn}", "LaunchType": if has_network { "FARGATE" } else { "EC2" } },
    });
    if has_network {
        let network = json!({ "AwsvpcConfiguration": { "Subnets": ["subnet-00000000000000000"] } });
        task["Parameters"]["NetworkConfiguration"] = network;
    }
    dice.perhaps(&mut task, "Retry", |_| retry);
    dice.perhaps(&mut task, "TimeoutSeconds", |_| json!(3600));
    task["Catch"] = json!([{ "ErrorEquals": [dice.pick(&["States.ALL", "States.TaskFailed"])], "Next": "Failed" }]);
    let mut definition = json!({
        "StartAt": "Begin",
        "States": {
            "Begin": { "Type": "Pass", "Result": { "n": dice.pick(&[json!(1), json!(1.5), json!(-0.25), json!(true), json!("é \" \\")]), "list": [1, "2", {}] }, "Next": "Run" },
            "Run": task,
            "Failed": { "Type": "Fail", "Error": "Failed", "Cause": "It did." },
        },
    });
    dice.perhaps(&mut definition, "Comment", |_| json!("Made at random"));
    let text = dice.roll(2) == 0;
    let mut it = json!({ "role_arn": "${role.all.arn}" });
    it["definition"] = if text { json!(serde_json::to_string_pretty(&definition).expect("JSON")) } else { definition };
    dice.perhaps(&mut it, "tags", tags);
    dice.perhaps(&mut it, "tracing_configuration", |dice| json!({ "enabled": dice.roll(2) == 0 }));
    dice.perhaps(&mut it, "type", |_| json!("STANDARD"));
    dice.perhaps(&mut it, "logging_configuration", |dice| {
        let arn = dice.pick(&["${log_group.r1.arn}", "${log_group.r1.arn}:*"]);
        json!({ "level": dice.pick(&["ALL", "ERROR"]), "destinations": [{ "cloud_watch_logs_log_group": { "log_group_arn": arn } }] })
    });
    it
}

/// The role `role.all` that everything else is given.
pub fn role_of_all() -> Json {
    json!({
        "assume_role_policy_document": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": ["states.amazonaws.com", "ecs-tasks.amazonaws.com"] }, "Action": "sts:AssumeRole" } },
        "inline_policies": { "all": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": ["ecs:*", "iam:PassRole", "events:*", "logs:*", "xray:*"], "Resource": "*" } } },
    })
}
