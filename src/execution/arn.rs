//! Which execution an ARN names.

/// `arn:aws:states:eu-central-1:123456789012:execution:MACHINE:NAME`, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionArn {
    pub text: String,
    pub partition: String,
    pub region: String,
    pub account_id: String,
    /// The machine's name; with `/LABEL` behind it, of an execution that a distributed map started.
    pub machine: String,
    pub name: String,
    /// Of an express machine. AWS keeps no history of it.
    pub is_express: bool,
}

impl ExecutionArn {
    /// Reads an ARN; none of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(8, ':').collect();
        let ["arn", partition, "states", region, account_id, kind, machine, name] = parts.as_slice() else { return None };
        let is_express = *kind == "express";
        if !(is_express || *kind == "execution") || [region, account_id, machine, name].iter().any(|part| part.is_empty()) {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            partition: (*partition).to_owned(),
            region: (*region).to_owned(),
            account_id: (*account_id).to_owned(),
            machine: (*machine).to_owned(),
            name: (*name).to_owned(),
            is_express,
        })
    }

    /// The execution `name` of the machine whose ARN is `machine_arn`.
    pub fn of_machine(machine_arn: &str, name: &str) -> Option<Self> {
        let (place, machine) = machine_arn.split_once(":stateMachine:")?;
        Self::parse(&format!("{place}:execution:{machine}:{name}"))
    }

    /// Where the console shows it.
    pub fn console_url(&self) -> String {
        let (domain, region) = (domain(&self.partition), &self.region);
        format!("https://{region}.{domain}/states/home?region={region}#/v2/executions/details/{}", self.text)
    }

    /// Where the console shows a task of `cluster`, both by their ARNs.
    pub fn task_console_url(task_arn: &str) -> Option<String> {
        let parts: Vec<&str> = task_arn.splitn(6, ':').collect();
        let ["arn", partition, "ecs", region, _, resource] = parts.as_slice() else { return None };
        let (cluster, id) = resource.strip_prefix("task/")?.split_once('/')?;
        Some(format!("https://{region}.{}/ecs/v2/clusters/{cluster}/tasks/{id}?region={region}", domain(partition)))
    }
}

fn domain(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_by_their_arn() {
        let arn = ExecutionArn::parse("arn:aws:states:eu-central-1:123456789012:execution:nightly:one").expect("an ARN");
        assert_eq!((arn.machine.as_str(), arn.name.as_str(), arn.is_express), ("nightly", "one", false));
        assert_eq!(ExecutionArn::of_machine("arn:aws:states:eu-central-1:123456789012:stateMachine:nightly", "one"), Some(arn));
        let express = ExecutionArn::parse("arn:aws:states:r:1:express:m:name:3b6f").expect("an ARN");
        assert!(express.is_express && express.name == "name:3b6f");
        for wrong in
            ["", "one", "arn:aws:states:r:1:stateMachine:m", "arn:aws:states:r:1:execution:m:", "arn:aws:ecs:r:1:execution:m:n"]
        {
            assert_eq!(ExecutionArn::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_console() {
        let arn = ExecutionArn::parse("arn:aws-cn:states:cn-north-1:1:execution:m:n").expect("an ARN");
        assert_eq!(
            arn.console_url(),
            "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/v2/executions/details/arn:aws-cn:states:cn-north-1:1:execution:m:n"
        );
        assert_eq!(
            ExecutionArn::task_console_url("arn:aws:ecs:r:1:task/main/ab").as_deref(),
            Some("https://r.console.aws.amazon.com/ecs/v2/clusters/main/tasks/ab?region=r")
        );
    }
}
