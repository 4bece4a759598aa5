//! The example stacks as fixtures.

/// One stack of stacks/, and what is to come of it.
#[derive(Debug)]
pub struct Fixture {
    pub file: &'static str,
    /// `[stack] name`.
    pub stack: &'static str,
    /// Whether it looks things up that account.py must prepare.
    pub looks_up: bool,
    /// Its addresses, sorted.
    pub addresses: &'static [&'static str],
    /// What its ARNs end with, sorted by ARN; what it looks up comes on top.
    pub arns: &'static [&'static str],
    /// Options that change it.
    pub change: &'static [&'static str],
    /// What that changes, and how, by address.
    pub changes: &'static [(&'static str, &'static [&'static str])],
}

pub const FIXTURES: &[Fixture] = &[ECS_TASK, EXISTING_CLUSTER, EC2_LAUNCH];

pub const ECS_TASK: Fixture = Fixture {
    file: "ecs-task.toml",
    stack: "nightly-report",
    looks_up: false,
    addresses: &[
        "cluster.main",
        "log_group.report",
        "role.task",
        "role.task_execution",
        "role.workflow",
        "state_machine.nightly",
        "task_definition.report",
    ],
    arns: &[
        ":cluster/nightly-report-main",
        ":task-definition/nightly-report-report:",
        ":role/nightly-report-task",
        ":role/nightly-report-task_execution",
        ":role/nightly-report-workflow",
        ":log-group:nightly-report-report",
        ":stateMachine:nightly-report-nightly",
    ],
    change: &["--var", "image=public.ecr.aws/docker/library/busybox:1.38"],
    changes: &[("state_machine.nightly", &["update"]), ("task_definition.report", &["create", "delete"])],
};

pub const EXISTING_CLUSTER: Fixture = Fixture {
    file: "existing-cluster.toml",
    stack: "nightly-report-elsewhere",
    looks_up: true,
    addresses: &["role.workflow", "state_machine.nightly"],
    arns: &[":role/nightly-report-elsewhere-workflow", ":stateMachine:nightly-report-elsewhere-nightly"],
    change: &["--var", "subnet=subnet-11111111111111111"],
    changes: &[("state_machine.nightly", &["update"])],
};

pub const EC2_LAUNCH: Fixture = Fixture {
    file: "ec2-launch.toml",
    stack: "nightly-batch",
    looks_up: false,
    addresses: &["cluster.batch", "role.workflow", "state_machine.batch", "task_definition.batch"],
    arns: &[
        ":cluster/nightly-batch",
        ":task-definition/nightly-batch-batch:",
        ":role/nightly/nightly-batch-workflow",
        ":stateMachine:nightly-batch-batch",
    ],
    change: &["--var", "image=public.ecr.aws/docker/library/busybox:1.38"],
    changes: &[("state_machine.batch", &["update"]), ("task_definition.batch", &["create", "delete"])],
};

/// What the account holds beside a fixture that looks things up.
pub const LOOKED_UP: &[&str] = &[":cluster/shared", ":task-definition/report:1"];

impl Fixture {
    /// Fails unless the account holds exactly what the fixture declares, each once, and what it looks up.
    #[track_caller]
    pub fn assert_is_all(&self, in_account: &[String]) {
        let looked_up = if self.looks_up { LOOKED_UP } else { &[] };
        let wanted: Vec<&str> = self.arns.iter().chain(looked_up).copied().collect();
        for end in &wanted {
            let found = in_account.iter().filter(|arn| matches_end(arn, end)).count();
            assert_eq!(found, 1, "{end} is there {found} times: {in_account:#?}");
        }
        assert_eq!(in_account.len(), wanted.len(), "there is more than the stack declares: {in_account:#?}");
    }

    /// Fails unless nothing of the fixture is left.
    #[track_caller]
    pub fn assert_is_gone(&self, in_account: &[String]) {
        let looked_up = if self.looks_up { LOOKED_UP } else { &[] };
        assert_eq!(in_account.len(), looked_up.len(), "something is left, or gone that is not ours: {in_account:#?}");
    }
}

/// `:task-definition/FAMILY:` stands for any revision.
fn matches_end(arn: &str, end: &str) -> bool {
    if end.ends_with(':') { arn.contains(end) } else { arn.ends_with(end) }
}
