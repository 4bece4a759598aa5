//! What a state asks of ECS by `runTask`, held against the task definition that it runs and the cluster that it runs on.
//!
//! ECS refuses all of this, but only when the state runs. What is known only then is not judged.

use crate::address::Address;
use crate::diagnostic::{Finding, nearest};
use crate::document::permissions::{Given, given};
use crate::document::states_language::model::{State, StateKind};
use crate::resource::Around;
use crate::resources::task_definition::{Unit, fargate_memories, units};
use crate::value::{Path, Segment, Value};

/// What is wrong with what `state` asks for, by paths that begin at the definition; nothing if it runs no task.
pub fn validate(state: &State<'_>, around: &dyn Around) -> Vec<Finding> {
    let runs_task = state.kind == Some(StateKind::Task)
        && state.integration().is_some_and(|it| matches!(it.call.as_str(), "ecs:runTask" | "aws-sdk:ecs:runTask"));
    let Some(arguments) = state.arguments().filter(|arguments| runs_task && arguments.value.as_map().is_some()) else {
        return Vec::new();
    };
    let named = |argument: &str, resource_type| match given(Some(arguments.value), argument) {
        Given::Known(name) => {
            let neighbour = around.named(resource_type, &name)?;
            Some(Known { address: neighbour.address, spec: neighbour.spec? })
        }
        Given::Dynamic | Given::Absent => None,
    };
    let mut call = Call {
        path: arguments.path,
        arguments: arguments.value,
        task: named("TaskDefinition", "task_definition"),
        cluster: named("Cluster", "cluster"),
        findings: Vec::new(),
    };
    call.launch();
    call.providers();
    call.network();
    call.placement();
    call.containers();
    call.size();
    call.execute_command();
    call.findings
}

/// Something that is named, and of which it is known what it is.
#[derive(Clone, Copy)]
struct Known<'a> {
    address: Option<&'a Address>,
    spec: &'a Value,
}

struct Call<'a> {
    path: Path,
    arguments: &'a Value,
    task: Option<Known<'a>>,
    cluster: Option<Known<'a>>,
    findings: Vec<Finding>,
}

/// Whether a task runs on Fargate, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fargate {
    Yes,
    No,
    Unknown,
}

const AWSVPC: &str = "NetworkConfiguration.AwsvpcConfiguration";
const MOST_SUBNETS: usize = 16;
const MOST_GROUPS: usize = 5;
const FARGATE: &str = "FARGATE";
const LAUNCH_TYPES: [&str; 4] = ["EC2", FARGATE, "EXTERNAL", "MANAGED_INSTANCES"];

impl<'a> Call<'a> {
    fn given(&self, argument: &str) -> Given {
        given(Some(self.arguments), argument)
    }

    /// The text of an argument, if it is known.
    fn text(&self, argument: &str) -> Option<String> {
        match self.given(argument) {
            Given::Known(template) => template.as_literal().map(str::to_owned),
            Given::Dynamic | Given::Absent => None,
        }
    }

    /// Whether an argument is given, be its value known or not.
    fn has(&self, argument: &str) -> bool {
        self.arguments.get(argument).is_some() || self.arguments.get(&format!("{argument}.$")).is_some()
    }

    fn member(&self, argument: &str) -> Path {
        argument.split('.').fold(self.path.clone(), |path, member| path.join_key(member))
    }

    /// What stands in the text for an argument, with dots between its members.
    fn value(&self, argument: &str) -> Option<&'a Value> {
        argument.split('.').try_fold(self.arguments, |value, member| value.get(member))
    }

    /// The elements of a list that stands in the text, with their paths.
    fn elements(&self, argument: &str) -> Vec<(Path, &'a Value)> {
        let path = self.member(argument);
        let items = self.value(argument).map(Value::items).unwrap_or_default().iter().enumerate();
        items.map(|(index, item)| (path.join(Segment::Index(index)), item)).collect()
    }

    fn error(&mut self, path: Path, message: String) -> &mut Finding {
        self.findings.push(Finding::error(path, message));
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    fn error_on_key(&mut self, argument: &str, message: String) -> &mut Finding {
        let path = self.member(argument);
        let finding = self.error(path, message);
        finding.on_key = true;
        finding
    }

    /// A field of the task definition's spec.
    fn of_task(&self, field: &str) -> Option<&'a Value> {
        self.task?.spec.get(field)
    }

    /// What the task definition is called in messages.
    fn task_name(&self) -> String {
        match self.task.and_then(|task| task.address) {
            Some(address) => address.to_string(),
            None => "the task definition".to_owned(),
        }
    }

    /// What the task definition is made for; none if it does not say, or not yet.
    fn compatibilities(&self) -> Option<Vec<&'a str>> {
        let list = self.of_task("requires_compatibilities")?.items();
        list.iter().map(Value::as_str).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty())
    }

    /// The network mode of the task definition; none if that is not known here.
    fn network_mode(&self) -> Option<&'a str> {
        match self.task?.spec.get("network_mode") {
            None | Some(Value::Null) => Some("bridge"),
            Some(mode) => mode.as_str(),
        }
    }

    fn fargate(&self) -> Fargate {
        let providers: Vec<&str> =
            self.elements("CapacityProviderStrategy").iter().filter_map(|(_, item)| item.text("CapacityProvider")).collect();
        match self.text("LaunchType").as_deref() {
            Some(FARGATE) => return Fargate::Yes,
            Some(_) => return Fargate::No,
            None => {}
        }
        if !providers.is_empty() {
            return if providers.iter().any(|provider| provider.starts_with(FARGATE)) { Fargate::Yes } else { Fargate::No };
        }
        match self.compatibilities().as_deref() {
            Some([FARGATE]) => Fargate::Yes,
            Some(list) if !list.contains(&FARGATE) => Fargate::No,
            _ => Fargate::Unknown,
        }
    }

    fn launch(&mut self) {
        if self.has("LaunchType") && self.has("CapacityProviderStrategy") {
            let finding =
                self.error_on_key("LaunchType", "`LaunchType` and `CapacityProviderStrategy` exclude each other".to_owned());
            finding.help.push("take one of them out: the strategy says what a task is launched on".to_owned());
        }
        let task = self.task_name();
        let made_for = self.compatibilities();
        if let Some(launch_type) = self.text("LaunchType") {
            let path = self.member("LaunchType");
            if !LAUNCH_TYPES.contains(&launch_type.as_str()) {
                let right = nearest(&launch_type, LAUNCH_TYPES).map(str::to_owned);
                self.error(path, format!("`LaunchType` is one of {}, not `{launch_type}`", LAUNCH_TYPES.join(", ")))
                    .replacement = right;
                return;
            }
            match made_for {
                Some(made_for) if !made_for.contains(&launch_type.as_str()) => {
                    let message = format!("`LaunchType` is {launch_type}, and {task} is made for {}", made_for.join(" and "));
                    let finding = self.error(path, message);
                    finding.replacement = made_for.first().map(|it| (*it).to_owned()).filter(|_| made_for.len() == 1);
                    finding.help.push(format!("or add \"{launch_type}\" to its requires_compatibilities"));
                }
                Some(_) => {}
                None => {
                    if let Some(mode) = self.network_mode().filter(|mode| launch_type == FARGATE && *mode != "awsvpc") {
                        let message = format!("Fargate needs the network mode awsvpc, and that of {task} is {mode}");
                        self.error(path, message).help.push(format!("set network_mode = \"awsvpc\" in {task}"));
                    }
                }
            }
        } else if !self.has("LaunchType") && !self.has("CapacityProviderStrategy") && made_for.as_deref() == Some(&[FARGATE]) {
            // Of a cluster that is only looked up or named, the default strategy is known as well.
            let is_without_strategy = self
                .cluster
                .is_some_and(|cluster| cluster.spec.get("default_capacity_provider_strategy").is_none_or(Value::is_empty));
            if is_without_strategy {
                let message = format!("there is no `LaunchType`: ECS takes EC2 then, and {task} is made for FARGATE");
                let path = self.path.clone();
                let finding = self.error(path, message);
                finding.on_key = true;
                finding.help.push("add \"LaunchType\": \"FARGATE\"".to_owned());
            }
        }
    }

    fn providers(&mut self) {
        let items = self.elements("CapacityProviderStrategy");
        if items.is_empty() {
            return;
        }
        let made_for = self.compatibilities();
        let task = self.task_name();
        let of_cluster = self.cluster.and_then(|cluster| {
            let known = cluster.spec.get("capacity_providers")?.items().iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
            Some((cluster.address.map_or_else(|| "the cluster".to_owned(), ToString::to_string), known))
        });
        let (mut on_fargate, mut elsewhere) = (false, false);
        for (path, item) in &items {
            let Some(provider) = item.text("CapacityProvider") else { continue };
            let is_fargate = matches!(provider, FARGATE | "FARGATE_SPOT");
            (on_fargate, elsewhere) = (on_fargate || is_fargate, elsewhere || !is_fargate);
            let path = path.join_key("CapacityProvider");
            if let Some((cluster, known)) = of_cluster.as_ref().filter(|(_, known)| !known.contains(&provider)) {
                let right = nearest(provider, known.iter().copied()).map(str::to_owned);
                let finding = self.error(path.clone(), format!("{cluster} has no capacity provider `{provider}`"));
                finding.replacement = right;
                finding.help.push(format!(
                    "its capacity_providers: {}",
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                ));
            }
            let fits = |made_for: &Vec<&str>| {
                if is_fargate { made_for.contains(&FARGATE) } else { made_for.iter().any(|it| *it != FARGATE) }
            };
            if let Some(made_for) = made_for.as_ref().filter(|made_for| !fits(made_for)) {
                self.error(path, format!("{task} is made for {}, and can't run on `{provider}`", made_for.join(" and ")));
            }
        }
        if on_fargate && elsewhere {
            self.error_on_key("CapacityProviderStrategy", "Fargate and other capacity providers can't be mixed".to_owned());
        }
        let numbers = |key: &str| items.iter().map(|(_, item)| item.get(key).and_then(Value::as_i64)).collect::<Vec<_>>();
        // A weight that is left out is 0 where another has one, and 1 where none has.
        if numbers("Weight").iter().all(|weight| *weight == Some(0)) {
            self.error_on_key("CapacityProviderStrategy", "one of the weights must be more than 0".to_owned());
        }
        if numbers("Base").iter().filter(|base| base.is_some_and(|base| base > 0)).count() > 1 {
            self.error_on_key("CapacityProviderStrategy", "only one capacity provider can have a `Base`".to_owned());
        }
    }

    fn network(&mut self) {
        let task = self.task_name();
        let has_configuration = self.has("NetworkConfiguration");
        let mode = match self.network_mode() {
            // Nothing else runs there.
            None if self.text("LaunchType").as_deref() == Some(FARGATE) => Some("awsvpc"),
            mode => mode,
        };
        match mode {
            Some("awsvpc") if !has_configuration => {
                let message = match self.task {
                    Some(_) => format!("{task} has the network mode awsvpc, so `NetworkConfiguration` is needed"),
                    None => "Fargate needs `NetworkConfiguration`".to_owned(),
                };
                let path = self.path.clone();
                let finding = self.error(path, message);
                finding.on_key = true;
                finding.help.push(
                    "add \"NetworkConfiguration\": { \"AwsvpcConfiguration\": { \"Subnets\": [\"subnet-…\"] } }".to_owned(),
                );
            }
            Some(mode) if mode != "awsvpc" && has_configuration => {
                let message = format!("`NetworkConfiguration` is for the network mode awsvpc, and that of {task} is {mode}");
                self.error_on_key("NetworkConfiguration", message).help.push("take it out, or change the mode".to_owned());
            }
            _ => {}
        }
        if self.value(AWSVPC).is_some_and(|it| it.as_map().is_some()) {
            self.awsvpc();
        }
    }

    fn awsvpc(&mut self) {
        let subnets = format!("{AWSVPC}.Subnets");
        match self.value(&subnets) {
            None if self.given(&subnets) == Given::Absent => {
                self.error_on_key(AWSVPC, "`AwsvpcConfiguration` has no `Subnets`".to_owned());
            }
            Some(Value::List(list)) if list.is_empty() => {
                self.error_on_key(&subnets, "`Subnets` is empty".to_owned());
            }
            Some(Value::List(list)) if list.len() > MOST_SUBNETS => {
                let message = format!("there are {} subnets, and at most {MOST_SUBNETS} can be given", list.len());
                self.error_on_key(&subnets, message);
            }
            _ => {}
        }
        let groups = format!("{AWSVPC}.SecurityGroups");
        let count = self.elements(&groups).len();
        if count > MOST_GROUPS {
            self.error_on_key(&groups, format!("there are {count} security groups, and at most {MOST_GROUPS} can be given"));
        }
        let public = format!("{AWSVPC}.AssignPublicIp");
        match self.text(&public).as_deref() {
            Some("ENABLED") if self.fargate() == Fargate::No => {
                let path = self.member(&public);
                self.error(path, "only tasks on Fargate can have a public IP".to_owned()).replacement =
                    Some("DISABLED".to_owned());
            }
            None | Some("ENABLED" | "DISABLED") => {}
            Some(other) => {
                let (path, message) = (self.member(&public), format!("`AssignPublicIp` is ENABLED or DISABLED, not `{other}`"));
                self.error(path, message);
            }
        }
    }

    fn placement(&mut self) {
        let fargate = self.fargate();
        for argument in ["PlacementConstraints", "PlacementStrategy"] {
            if fargate == Fargate::Yes && self.has(argument) {
                self.error_on_key(argument, format!("on Fargate there is no `{argument}`"));
            }
        }
        if fargate == Fargate::No && self.has("PlatformVersion") {
            self.error_on_key("PlatformVersion", "only Fargate has a `PlatformVersion`".to_owned());
        }
    }

    fn containers(&mut self) {
        let containers = self.of_task("container_definitions").map(Value::items);
        let names: Option<Vec<&str>> = containers.and_then(|list| list.iter().map(|container| container.text("name")).collect());
        let task = self.task_name();
        for (path, item) in self.elements("Overrides.ContainerOverrides") {
            if item.as_map().is_none() {
                continue;
            }
            match (item.get("Name"), &names) {
                (Some(Value::String(name)), Some(names)) if !name.starts_with("{%") && !names.contains(&name.as_str()) => {
                    let finding = self.error(path.join_key("Name"), format!("{task} has no container `{name}`"));
                    finding.replacement = nearest(name, names.iter().copied()).map(str::to_owned);
                    finding.help.push(format!("its containers: {}", names.join(", ")));
                }
                (None, _) if item.get("Name.$").is_none() => {
                    self.error(path, "the override does not say by `Name` which container it is for".to_owned());
                }
                _ => {}
            }
        }
    }

    fn size(&mut self) {
        if self.fargate() != Fargate::Yes {
            return;
        }
        let size = |argument: &str, field: &str, unit| match self.given(argument) {
            Given::Absent => self.of_task(field).and_then(Value::as_str).and_then(|text| units(text, unit)),
            Given::Known(template) => template.as_literal().and_then(|text| units(text, unit)),
            Given::Dynamic => None,
        };
        let cpu = size("Overrides.Cpu", "cpu", Unit::Cpu);
        let Some(memory) = size("Overrides.Memory", "memory", Unit::Memory) else { return };
        let overridden = ["Overrides.Memory", "Overrides.Cpu"].into_iter().find(|it| self.given(it) != Given::Absent);
        if let (Some(cpu), Some(argument)) = (cpu, overridden) {
            let choices = fargate_memories(cpu);
            if !choices.contains(&memory) {
                let path = self.member(argument);
                let finding = self.error(path, format!("Fargate has no {memory} MiB of memory with {cpu} units of CPU"));
                if let (Some(first), Some(last)) = (choices.first(), choices.last()) {
                    finding.help.push(format!("with {cpu} units of CPU it is {first} to {last} MiB"));
                }
            }
        }
        for (path, item) in self.elements("Overrides.ContainerOverrides") {
            for key in ["Memory", "MemoryReservation"] {
                if let Some(asked) = item.get(key).and_then(Value::as_i64).and_then(|asked| u64::try_from(asked).ok())
                    && asked > memory
                {
                    let message = format!("the container asks for {asked} MiB, and the task has {memory} MiB");
                    self.error(path.join_key(key), message);
                }
            }
        }
    }

    /// What runs commands in a container takes the role of the task for it.
    fn execute_command(&mut self) {
        let is_on = self.arguments.get("EnableExecuteCommand").and_then(Value::as_bool) == Some(true);
        let has_role = |task: Known<'_>| task.spec.get("task_role_arn").is_some();
        let is_overridden = self.given("Overrides.TaskRoleArn") != Given::Absent;
        if let (true, false, Some(false)) = (is_on, is_overridden, self.task.map(has_role)) {
            let task = self.task_name();
            self.error_on_key("EnableExecuteCommand", format!("ECS Exec takes the task's role, and {task} has no task_role_arn"));
        }
    }
}
