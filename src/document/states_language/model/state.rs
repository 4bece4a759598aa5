//! One state.

use crate::document::states_language::Integration;
use crate::document::states_language::model::{Catcher, ChoiceRule, Part, QueryLanguage, Retrier, query_language_of};
use crate::value::{Path, Value};

/// What a state does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateKind {
    Task,
    Pass,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateKind {
    pub const ALL: [Self; 8] =
        [Self::Task, Self::Pass, Self::Choice, Self::Wait, Self::Succeed, Self::Fail, Self::Parallel, Self::Map];

    /// As `Type` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Pass => "Pass",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the flow always ends with it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeed | Self::Fail)
    }
}

/// One state and its place in the definition.
#[derive(Clone, Debug)]
pub struct State<'a> {
    pub path: Path,
    pub name: &'a str,
    pub value: &'a Value,
    /// Its `Type`, if it is known.
    pub kind: Option<StateKind>,
    /// Its own, else that of the machine: the state around it has no say.
    pub query_language: QueryLanguage,
    pub next: Option<Part<'a>>,
    /// Whether it says `End`.
    pub is_end: bool,
    /// Of a `Choice`: where to go if no rule holds.
    pub default: Option<Part<'a>>,
    pub choices: Vec<ChoiceRule<'a>>,
    pub retriers: Vec<Retrier<'a>>,
    pub catchers: Vec<Catcher<'a>>,
    /// The scopes within it, by their position in `StateMachine::scopes`.
    pub scopes: Vec<usize>,
}

impl<'a> State<'a> {
    pub(super) fn parse(name: &'a str, value: &'a Value, path: Path, inherited: QueryLanguage) -> Self {
        let items = |key: &str| Part::items_of(value, key, &path).into_iter();
        Self {
            name,
            value,
            kind: value.text("Type").and_then(StateKind::of_name),
            query_language: query_language_of(value, inherited),
            next: Part::of(value, "Next", &path),
            is_end: value.get("End").and_then(Value::as_bool) == Some(true),
            default: Part::of(value, "Default", &path),
            choices: items("Choices").map(ChoiceRule::parse).collect(),
            retriers: items("Retry").map(Retrier::parse).collect(),
            catchers: items("Catch").map(Catcher::parse).collect(),
            scopes: Vec::new(),
            path,
        }
    }

    /// The member `key`.
    pub fn part(&self, key: &str) -> Option<Part<'a>> {
        Part::of(self.value, key, &self.path)
    }

    pub fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    /// The `Resource` of a task, if it is known.
    pub fn resource(&self) -> Option<&'a str> {
        self.value.text("Resource")
    }

    /// The service that a task calls; none for a function's own ARN or an activity.
    pub fn integration(&self) -> Option<Integration> {
        Integration::parse(self.resource()?)
    }

    /// What a task hands to the service: `Parameters`, in JSONata `Arguments`.
    pub fn arguments(&self) -> Option<Part<'a>> {
        match self.query_language {
            QueryLanguage::JsonPath => self.part("Parameters"),
            QueryLanguage::Jsonata => self.part("Arguments"),
        }
    }

    /// Every place that names a state which this one may lead to.
    pub fn targets(&self) -> impl Iterator<Item = &Part<'a>> {
        let rules = self.choices.iter().filter_map(|rule| rule.next.as_ref());
        let catchers = self.catchers.iter().filter_map(|catcher| catcher.next.as_ref());
        self.next.iter().chain(rules).chain(&self.default).chain(catchers)
    }
}
