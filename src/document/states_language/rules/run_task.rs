//! The arguments of `ecs:runTask` by their names. Step Functions refuses a definition that has others.

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::model::State;
use crate::document::states_language::rules::Report;
use crate::document::states_language::rules::code::SCHEMA_VALIDATION_FAILED;
use crate::value::{Path, Segment, Value};

/// What may stand at some place of the arguments.
#[derive(Debug)]
enum Shape {
    /// Anything.
    Leaf,
    Table(&'static [(&'static str, Shape)]),
    List(&'static [(&'static str, Shape)]),
}

use Shape::{Leaf, List, Table};

const TAGS: Shape = List(&[("Key", Leaf), ("Value", Leaf)]);

/// The members of RunTask, of its model of 2014-11-13, as Step Functions spells them.
const MEMBERS: &[(&str, Shape)] = &[
    ("CapacityProviderStrategy", List(&[("CapacityProvider", Leaf), ("Weight", Leaf), ("Base", Leaf)])),
    ("ClientToken", Leaf),
    ("Cluster", Leaf),
    ("Count", Leaf),
    ("EnableECSManagedTags", Leaf),
    ("EnableExecuteCommand", Leaf),
    ("Group", Leaf),
    ("LaunchType", Leaf),
    (
        "NetworkConfiguration",
        Table(&[("AwsvpcConfiguration", Table(&[("Subnets", Leaf), ("SecurityGroups", Leaf), ("AssignPublicIp", Leaf)]))]),
    ),
    (
        "Overrides",
        Table(&[
            (
                "ContainerOverrides",
                List(&[
                    ("Name", Leaf),
                    ("Command", Leaf),
                    ("Environment", List(&[("Name", Leaf), ("Value", Leaf)])),
                    ("EnvironmentFiles", List(&[("Value", Leaf), ("Type", Leaf)])),
                    ("Cpu", Leaf),
                    ("Memory", Leaf),
                    ("MemoryReservation", Leaf),
                    ("ResourceRequirements", List(&[("Value", Leaf), ("Type", Leaf)])),
                ]),
            ),
            ("Cpu", Leaf),
            ("EphemeralStorage", Table(&[("SizeInGiB", Leaf)])),
            ("ExecutionRoleArn", Leaf),
            ("InferenceAcceleratorOverrides", List(&[("DeviceName", Leaf), ("DeviceType", Leaf)])),
            ("Memory", Leaf),
            ("TaskRoleArn", Leaf),
        ]),
    ),
    ("PlacementConstraints", List(&[("Type", Leaf), ("Expression", Leaf)])),
    ("PlacementStrategy", List(&[("Type", Leaf), ("Field", Leaf)])),
    ("PlatformVersion", Leaf),
    ("PropagateTags", Leaf),
    ("ReferenceId", Leaf),
    ("StartedBy", Leaf),
    ("Tags", TAGS),
    ("TaskDefinition", Leaf),
    ("VolumeConfigurations", List(&[("Name", Leaf), ("ManagedEBSVolume", Leaf)])),
];

/// Members of the arguments of `state`, which runs a task, that RunTask does not have.
pub fn check(state: &State<'_>, report: &mut Report) {
    if let Some(arguments) = state.arguments() {
        check_table(arguments.value, MEMBERS, &arguments.path, report);
    }
}

fn check_table(value: &Value, members: &[(&str, Shape)], path: &Path, report: &mut Report) {
    for (key, value) in value.as_map().into_iter().flatten() {
        // What ends so is made when the state runs, whatever it will be.
        let (name, is_dynamic) = key.strip_suffix(".$").map_or((key.as_str(), false), |name| (name, true));
        let path = path.join_key(key);
        match members.iter().find(|(member, _)| *member == name) {
            Some(_) if is_dynamic => {}
            Some((_, Leaf)) => {}
            Some((_, Table(members))) => check_table(value, members, &path, report),
            Some((_, List(members))) => {
                for (index, item) in value.items().iter().enumerate() {
                    check_table(item, members, &path.join(Segment::Index(index)), report);
                }
            }
            None => {
                let names = || members.iter().map(|(member, _)| *member);
                let mut finding = Finding::error(path, format!("`{name}` is no argument of ecs:runTask here"))
                    .code(SCHEMA_VALIDATION_FAILED)
                    .on_key()
                    .help(format!("known are {}", names().collect::<Vec<_>>().join(", ")));
                // Only the first letter tells most wrong ones from right ones.
                let same = names().find(|member| member.eq_ignore_ascii_case(name));
                let right = same.or_else(|| nearest(name, names()));
                finding.replacement = right.map(|right| if is_dynamic { format!("{right}.$") } else { right.to_owned() });
                report.push(finding);
            }
        }
    }
}
