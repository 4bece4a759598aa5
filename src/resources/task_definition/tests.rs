//! What AWS makes of a task definition, and what it would refuse.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::resource;
use crate::schema::wire;

fn value(toml: &str) -> Value {
    let json: serde_json::Value = toml::from_str(toml).expect("the test's TOML parses");
    Value::from(json)
}

fn normal(toml: &str) -> Value {
    resource::normalise(&TaskDefinition, &value(toml))
}

/// A container that has all it needs.
const CONTAINER: &str = "[[container_definitions]]\nname = 'a'\nimage = 'i'\nmemory = 64\n";

#[test]
fn every_member_of_the_model_is_there() {
    let model: Vec<&str> = include_str!("../../../tests/fixtures/model/task_definition.txt").lines().collect();
    let ours = ecs::leaves(schema());
    assert_eq!(ours, model);
    assert_eq!(ours.len(), 129);
}

#[test]
fn every_field_but_tags_forces_a_new_revision_and_is_documented() {
    for (key, field) in schema().fields() {
        assert_eq!(field.rules.replace, key != "tags", "{key}");
    }
    fn walk(field: &Field, path: &str) {
        for (key, member) in field.fields().chain(field.item().into_iter().flat_map(Field::fields)) {
            assert!(!member.documentation.is_empty(), "{path}.{key} has no documentation");
            walk(member, &format!("{path}.{key}"));
        }
    }
    walk(schema(), "");
}

#[test]
fn the_same_by_other_words() {
    let same = [
        ("cpu = '1 vCPU'", "cpu = 1024"),
        ("cpu = '.25 vcpu'", "cpu = '256'"),
        ("memory = '0.5GB'", "memory = '512'"),
        ("network_mode = 'bridge'", ""),
        ("requires_compatibilities = ['EC2', 'FARGATE']", "requires_compatibilities = ['FARGATE', 'EC2']"),
        ("enable_fault_injection = false", ""),
        ("trusted_execution_configuration = { isolation_mode = 'SHARED' }", ""),
        ("volumes = [{ name = 'v', host = {} }]", "volumes = [{ name = 'v' }]"),
        (
            "volumes = [{ name = 'v', docker_volume_configuration = { scope = 'task' } }]",
            "volumes = [{ name = 'v', docker_volume_configuration = { driver = 'local', autoprovision = false } }]",
        ),
        (
            "volumes = [{ name = 'v', efs_volume_configuration = { file_system_id = 'f', root_directory = '/' } }]",
            "volumes = [{ name = 'v', efs_volume_configuration = { file_system_id = 'f', transit_encryption = 'DISABLED' } }]",
        ),
        ("tags = {}", ""),
    ];
    for (a, b) in same {
        assert_eq!(normal(a), normal(b), "{a}  |  {b}");
    }
    let same_in_container = [
        ("cpu = 0\nessential = true\nprivileged = false", ""),
        (
            "environment = [{ name = 'B' }, { name = 'A', value = '1' }]",
            "environment = [{ name = 'A', value = '1' }, { name = 'B', value = '' }]",
        ),
        ("environment = []\nmount_points = []\nport_mappings = [{}]", ""),
        (
            "health_check = { command = ['CMD', 'x'], interval = 30, timeout = 5, retries = 3 }",
            "health_check = { command = ['CMD', 'x'] }",
        ),
        (
            "port_mappings = [{ container_port = 80, host_port = 0, protocol = 'tcp' }]",
            "port_mappings = [{ container_port = 80 }]",
        ),
        (
            "log_configuration = { log_driver = 'awslogs', options = {}, secret_options = [] }",
            "log_configuration = { log_driver = 'awslogs' }",
        ),
        ("restart_policy = { enabled = true, restart_attempt_period = 300 }", "restart_policy = { enabled = true }"),
        ("version_consistency = 'enabled'", ""),
    ];
    for (a, b) in same_in_container {
        assert_eq!(normal(&format!("{CONTAINER}{a}")), normal(&format!("{CONTAINER}{b}")), "{a}  |  {b}");
    }
    let ports = |mode: &str, host: &str| {
        normal(&format!("network_mode = '{mode}'\n{CONTAINER}port_mappings = [{{ container_port = 80{host} }}]"))
    };
    assert_eq!(ports("awsvpc", ", host_port = 80"), ports("awsvpc", ""));
    assert_eq!(ports("host", ", host_port = 80"), ports("host", ""));
    assert_ne!(ports("bridge", ", host_port = 80"), ports("bridge", ""));
}

#[test]
fn not_the_same() {
    let different = [
        ("command = ['a', 'b']", "command = ['b', 'a']"),
        ("dns_servers = ['1.1.1.1', '8.8.8.8']", "dns_servers = ['8.8.8.8', '1.1.1.1']"),
        ("essential = false", ""),
        ("linux_parameters = { max_swap = 0 }", ""),
        ("linux_parameters = { swappiness = 0 }", ""),
        ("environment = [{ name = 'A', value = '1' }]", "environment = [{ name = 'A', value = '2' }]"),
    ];
    for (a, b) in different {
        assert_ne!(normal(&format!("{CONTAINER}{a}")), normal(&format!("{CONTAINER}{b}")), "{a}  |  {b}");
    }
    let docker = "volumes = [{ name = 'v', docker_volume_configuration = { driver = 'local', scope = 'task' } }]";
    assert_ne!(normal(docker), normal("volumes = [{ name = 'v' }]"), "a Docker volume with defaults is no bind mount");
}

#[test]
fn a_short_role_name_waits_for_the_account() {
    let place = Place { partition: Some("aws".into()), region: Some("r".into()), account_id: Some("123456789012".into()) };
    let spec = normal("task_role_arn = 'worker'").resolve(&|reference| place.lookup(reference), &|_| String::new());
    assert_eq!(spec.text("task_role_arn"), Some("arn:aws:iam::123456789012:role/worker"));
    let unchanged = normal("task_role_arn = 'arn:aws:iam::123456789012:role/worker'");
    assert_eq!(unchanged, spec);
}

#[test]
fn the_wire_form_goes_there_and_back() {
    let spec = normal(
        "ephemeral_storage = { size_in_gib = 30 }\nvolumes = [{ name = 'v', s3files_volume_configuration = { file_system_arn = 'f' } }]",
    );
    let json = wire::to_wire(schema(), &spec).expect("nothing is pending");
    expect![[
        r#"{"volumes":[{"name":"v","s3filesVolumeConfiguration":{"fileSystemArn":"f"}}],"ephemeralStorage":{"sizeInGiB":30}}"#
    ]]
    .assert_eq(&json.to_string());
    assert_eq!(wire::from_wire(schema(), &json), spec);
}

#[test]
fn ids_of_families_and_revisions() {
    let place = Place { partition: Some("aws".into()), region: Some("r".into()), account_id: Some("1".into()) };
    let id = |text: &str| TaskDefinition.id(text, &place).unwrap_or_default();
    assert_eq!(id("report"), "arn:aws:ecs:r:1:task-definition/report");
    assert_eq!(id("report:7"), "arn:aws:ecs:r:1:task-definition/report:7");
    assert_eq!(id("arn:x"), "arn:x");
    assert_eq!(TaskDefinition.id("report", &Place::default()), None);
}

fn check(toml: &str, expected: Expect) {
    let findings = TaskDefinition.validate(&value(toml));
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let replacement = finding.replacement.as_ref().map(|text| format!(" → {text}")).unwrap_or_default();
            let help: String = finding.help.iter().map(|help| format!("\n    {help}")).collect();
            format!("{}: {}{replacement}{help}\n", finding.path, finding.message)
        })
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn nothing_wrong() {
    check(CONTAINER, expect![""]);
    check(
        r#"
        requires_compatibilities = ["FARGATE"]
        network_mode = "awsvpc"
        cpu = "1 vCPU"
        memory = "2 GB"
        execution_role_arn = "arn:aws:iam::123456789012:role/e"
        [[container_definitions]]
        name = "a"
        image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"
        log_configuration = { log_driver = "awslogs", options = { awslogs-group = "g", awslogs-region = "r", awslogs-stream-prefix = "p" } }
        "#,
        expect![""],
    );
}

#[test]
fn what_is_pending_is_not_judged() {
    let mut spec = value(&format!("requires_compatibilities = ['FARGATE']\ncpu = '256'\n{CONTAINER}"));
    let pending = Value::Pending(crate::template::Template::parse("${data.cluster.a.name}").expect("a template"));
    if let Some(map) = spec.as_map_mut() {
        map.insert("network_mode".into(), pending.clone());
        map.insert("memory".into(), pending.clone());
        map.insert("execution_role_arn".into(), pending);
    }
    assert_eq!(TaskDefinition.validate(&spec), []);
}

#[test]
fn fargate() {
    check(
        r#"
        requires_compatibilities = ["EC2", "FARGATE"]
        cpu = "256"
        memory = "4GB"
        pid_mode = "host"
        volumes = [{ name = "v", host = { source_path = "/x" } }, { name = "w", docker_volume_configuration = { scope = "task" } }]
        placement_constraints = [{ type = "memberOf", expression = "x" }]
        [[container_definitions]]
        name = "a"
        image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"
        privileged = true
        stop_timeout = 300
        log_configuration = { log_driver = "awslogs", options = { awslogs-group = "g", awslogs-region = "r" } }
        linux_parameters = { shared_memory_size = 1, capabilities = { add = ["SYS_ADMIN"] } }
        "#,
        expect![[r#"
            requires_compatibilities[1]: Fargate needs the network mode `awsvpc`, and the default is `bridge`
                set `network_mode = "awsvpc"`
            memory: Fargate has no 4096 MiB of memory with 256 units of CPU → 2048
                with cpu = "256" memory is 512 to 2048 MiB (512, 1024 or 2048); nearest is 2048
                memory = "4096" goes with cpu = "512"
            placement_constraints: Fargate has no `placement_constraints`
            pid_mode: on Fargate `pid_mode` can only be `task` → task
            volumes[0].host.source_path: Fargate has no directories of the host
                leave `source_path` out
            volumes[1].docker_volume_configuration: Fargate has no Docker volumes
            container_definitions[0].privileged: no container on Fargate can be `privileged`
            container_definitions[0].linux_parameters.shared_memory_size: Fargate has no `shared_memory_size`
            container_definitions[0].linux_parameters.capabilities.add[0]: Fargate adds no capability but `SYS_PTRACE`
            container_definitions[0].log_configuration.options: on Fargate the log driver `awslogs` needs the option awslogs-stream-prefix
                for example awslogs-stream-prefix = "ecs"
            container_definitions[0].log_configuration.log_driver: on Fargate the log driver `awslogs` needs an `execution_role_arn`
                ECS writes the logs by that role
            container_definitions[0].image: on Fargate an image in ECR needs an `execution_role_arn`
                ECS pulls the image by that role
            container_definitions[0].stop_timeout: on Fargate `stop_timeout` is 2 to 120 seconds
        "#]],
    );
    check(
        "requires_compatibilities = ['FARGATE']\nnetwork_mode = 'host'\ncpu = '300'\nmemory = '512'",
        expect![[r#"
            network_mode: Fargate has no network mode `host` → awsvpc
                set `network_mode = "awsvpc"`
            cpu: Fargate has no 300 units of CPU → 256
                choose one of 256, 512, 1024, 2048, 4096, 8192, 16384
        "#]],
    );
    check(
        "requires_compatibilities = ['FARGATE']\nnetwork_mode = 'awsvpc'",
        expect![[r#"
            requires_compatibilities[0]: Fargate needs `cpu` of the task
                for example cpu = "256"
            requires_compatibilities[0]: Fargate needs `memory` of the task
                for example memory = "512"
        "#]],
    );
    check(
        "requires_compatibilities = ['FARGATE']\nnetwork_mode = 'awsvpc'\ncpu = '8192'\nmemory = '17GB'",
        expect![[r#"
            memory: Fargate has no 17408 MiB of memory with 8192 units of CPU → 16384
                with cpu = "8192" memory is 16384 to 61440 MiB in steps of 4096; nearest is 16384
                memory = "17408" goes with cpu = "4096"
        "#]],
    );
}

#[test]
fn containers() {
    check(
        r#"
        network_mode = "awsvpc"
        memory = "100"
        execution_role_arn = "my-role"
        volumes = [{ name = "data" }, { name = "data" }]
        proxy_configuration = { container_name = "prxy" }
        [[container_definitions]]
        name = "web"
        image = "my image"
        essential = false
        memory = 64
        memory_reservation = 64
        links = ["db"]
        environment = [{ name = "A", value = "1" }, { name = "A", value = "2" }, { name = "B" }]
        secrets = [{ name = "B", value_from = "s" }]
        port_mappings = [{ container_port = 80, host_port = 8080 }, { name = "none" }]
        mount_points = [{ source_volume = "dta", container_path = "/data" }]
        volumes_from = [{ source_container = "wbe" }]
        depends_on = [{ container_name = "db", condition = "HEALTHY" }, { container_name = "xyz", condition = "START" }]
        log_configuration = { log_driver = "awslogs" }
        health_check = { command = ["curl localhost"] }
        [[container_definitions]]
        name = "db"
        image = "postgres"
        essential = false
        memory = 64
        depends_on = [{ container_name = "web", condition = "START" }]
        resource_requirements = [{ type = "NeuronDevice", sharing_strategy = { nvidia_mps = { memory = 1 } } }]
        [[container_definitions]]
        name = "db"
        image = "postgres"
        essential = false
        "#,
        expect![[r#"
            memory: the containers ask for 128 of memory together, more than the task's 100
            execution_role_arn: `my-role` is not the ARN of a role
                refer to a role of this stack as ${role.NAME.arn}, or write arn:aws:iam::${account.id}:role/NAME
            container_definitions[0].essential: no container is essential
                a task ends when an essential container ends: at least one needs `essential = true`, the default
            container_definitions[0].image: ' ' can't be in the name of an image
                an image is REPOSITORY:TAG or REPOSITORY@sha256:DIGEST
            container_definitions[0].memory_reservation: `memory_reservation` (64) must be less than `memory` (64)
            container_definitions[0].environment[1].name: `A` is in `environment` twice
                AWS would keep one of them and drop the other
            container_definitions[0].secrets[0].name: `B` is both in `environment` and in `secrets`
            container_definitions[0].port_mappings[0].host_port: with this network mode the host port is the container's, 80 → 80
                leave `host_port` out
            container_definitions[0].port_mappings[1]: a port mapping has either a `container_port` or a `container_port_range`
            container_definitions[0].links: links do not work with the network mode `awsvpc`
                with awsvpc and host, containers of one task reach each other at localhost
            container_definitions[0].mount_points[0].source_volume: there is no volume called `dta` → data
                volumes here: data, data
            container_definitions[0].volumes_from[0].source_container: there is no container called `wbe` → web
                containers here: web, db, db
            container_definitions[0].depends_on[0].condition: `db` has no `health_check`, so it never is `HEALTHY`
                give `db` a `health_check`, or wait for `START`
            container_definitions[0].depends_on[1].container_name: there is no container called `xyz`
                containers here: web, db, db
            container_definitions[0].log_configuration.log_driver: the log driver `awslogs` needs the option awslogs-group and awslogs-region
                options = { awslogs-group = "…", awslogs-region = "${stack.region}", awslogs-stream-prefix = "…" }
            container_definitions[0].health_check.command: the command of a health check begins with `CMD` or `CMD-SHELL`
                ["CMD-SHELL", "curl localhost"] runs it in a shell
            container_definitions[1].resource_requirements[0].sharing_strategy: only a GPU can be shared
            container_definitions[2].name: there are two containers called `db`
            container_definitions[0].depends_on: containers wait for each other: web → db → web
            volumes[1].name: there are two volumes called `data`
            proxy_configuration.container_name: there is no container called `prxy`
                containers here: web, db, db
        "#]],
    );
    check(
        "cpu = 'much'\n[[container_definitions]]\nname = 'a'\nimage = 'i'\nsecrets = [{ name = 'S', value_from = 's' }]",
        expect![[r#"
            cpu: `much` is no amount of cpu
                write "1024" or "1 vCPU"
            container_definitions[0].name: no memory is set for the container `a`
                set `memory` of the task, or `memory` or `memory_reservation` of the container
            container_definitions[0].secrets: secrets need an `execution_role_arn`
                ECS reads them by that role; set `execution_role_arn` of the task definition
        "#]],
    );
    check(
        "memory = '512'\n[[container_definitions]]\nname = 'a'\nimage = 'i'\n[[container_definitions]]\nname = 'b'\nimage = 'i'\ndepends_on = [{ container_name = 'a', condition = 'SUCCESS' }]",
        expect![[r#"
            container_definitions[1].depends_on[0].condition: `a` is essential, so the task ends with it and nothing can wait for `SUCCESS`
                set `essential = false` on `a`
        "#]],
    );
}

#[test]
fn volumes_and_tags() {
    check(
        &format!(
            r#"
            volumes = [
              {{ name = "a", efs_volume_configuration = {{ file_system_id = "f", root_directory = "/x", authorization_config = {{ access_point_id = "p" }} }} }},
              {{ name = "b", s3files_volume_configuration = {{ file_system_arn = "f", root_directory = "/x", access_point_arn = "p" }} }},
              {{ name = "c", configured_at_launch = true, host = {{ source_path = "/c" }}, docker_volume_configuration = {{ scope = "task" }} }},
              {{ name = "d", configured_at_launch = true }},
            ]
            trusted_execution_configuration = {{ isolation_mode = "CONFIDENTIAL_SANDBOX" }}
            tags = {{ "aws:x" = "1", "stepwright:stack" = "2" }}
            {CONTAINER}
            "#
        ),
        expect![[r#"
            volumes[0].efs_volume_configuration.root_directory: with an access point the root directory can't be `/x` → /
                the access point decides the directory: leave `root_directory` out, or make it "/"
            volumes[0].efs_volume_configuration.authorization_config: an access point and IAM authorisation need transit encryption
                set `transit_encryption = "ENABLED"`
            volumes[1].s3files_volume_configuration.root_directory: with an access point the root directory can't be `/x` → /
                the access point decides the directory: leave `root_directory` out, or make it "/"
            volumes[2].docker_volume_configuration: a volume is of one kind, and this one has `host` already
            volumes[3].configured_at_launch: only one volume can be configured at launch
            trusted_execution_configuration.isolation_mode: `CONFIDENTIAL_SANDBOX` needs an `attestation_policy`
        "#]],
    );
}

/// Any value that fits a field, well or badly.
fn any_of(field: &Field) -> BoxedStrategy<Value> {
    use crate::schema::Shape;
    match &field.shape {
        Shape::String { values, .. } if !values.is_empty() => {
            proptest::sample::select(values.clone()).prop_map(Value::String).boxed()
        }
        Shape::String { .. } => {
            proptest::sample::select(vec!["", "a", "b", "/", "1 vCPU", "2GB", "local", "512"]).prop_map(Value::from).boxed()
        }
        Shape::Integer { .. } | Shape::Number => proptest::sample::select(vec![0_i64, 1, 30, 80]).prop_map(Value::from).boxed(),
        Shape::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Shape::List { item, .. } => proptest::collection::vec(any_of(item), 0..3).prop_map(Value::List).boxed(),
        Shape::Map { item } => proptest::collection::vec((proptest::sample::select(vec!["k", "l"]), any_of(item)), 0..3)
            .prop_map(|entries| Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
            .boxed(),
        Shape::Object { fields, .. } => {
            let members: Vec<_> = fields
                .iter()
                .map(|(key, member)| {
                    let key = key.clone();
                    proptest::option::weighted(0.3, any_of(member)).prop_map(move |value| value.map(|value| (key.clone(), value)))
                })
                .collect();
            members.prop_map(|members| Value::Map(members.into_iter().flatten().collect())).boxed()
        }
        Shape::Document(_) => Just(Value::Null).boxed(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn normalising_twice_changes_nothing(spec in any_of(schema())) {
        let once = resource::normalise(&TaskDefinition, &spec);
        prop_assert_eq!(resource::normalise(&TaskDefinition, &once), once);
    }

    #[test]
    fn validation_never_panics(spec in any_of(schema())) {
        TaskDefinition.validate(&spec);
    }
}

#[test]
fn names_that_are_used_twice() {
    check(
        r#"
        volumes = [{ name = "v" }]
        execution_role_arn = "arn:aws:iam::123456789012:role/e"
        [[container_definitions]]
        name = "a"
        image = "i"
        memory = 8
        ulimits = [{ name = "core", soft_limit = 1, hard_limit = 1 }, { name = "core", soft_limit = 2, hard_limit = 2 }]
        system_controls = [{ namespace = "n", value = "1" }, { namespace = "n", value = "2" }]
        mount_points = [{ source_volume = "v", container_path = "/x" }, { source_volume = "v", container_path = "/x" }]
        log_configuration = { log_driver = "syslog", secret_options = [{ name = "o", value_from = "a" }, { name = "o", value_from = "b" }] }
        port_mappings = [{ container_port = 80, name = "web" }, { container_port = 81 }, {}]
        [[container_definitions]]
        name = "b"
        image = "i"
        memory = 8
        port_mappings = [{ container_port = 82, name = "web" }]
        "#,
        expect![[r#"
            container_definitions[0].ulimits[1].name: `core` is in `ulimits` twice
            container_definitions[0].system_controls[1].namespace: `n` is in `system_controls` twice
            container_definitions[0].mount_points[1].container_path: `/x` is in `mount_points` twice
            container_definitions[0].log_configuration.secret_options[1].name: `o` is in `secret_options` twice
            container_definitions[1].port_mappings[0].name: there are two ports called `web`
        "#]],
    );
}

#[test]
fn networks_that_do_not_fit() {
    let container = |more: &str| format!("container_definitions = [{{ name = 'a', image = 'i', memory = 8, {more} }}]");
    check(
        &format!("network_mode = 'awsvpc'\nrequires_compatibilities = ['EC2', 'EXTERNAL']\n{}", container("hostname = 'h'")),
        expect![[r#"
            container_definitions[0].hostname: `hostname` does not go with the network mode `awsvpc`
            network_mode: external instances have no network mode `awsvpc`
                choose bridge, host or none, or leave EXTERNAL out of `requires_compatibilities`
        "#]],
    );
    check(
        &format!("network_mode = 'none'\n{}", container("port_mappings = [{ container_port = 80 }]")),
        expect!["container_definitions[0].port_mappings: `port_mappings` does not go with the network mode `none`\n"],
    );
}
