//! `stepwright run`: starts an execution and follows it to its end.

use std::path::Path;

use clap::Args;

use crate::aws::{Error, ErrorKind};
use crate::cli::context::{inputs, open_project_with};
use crate::cli::error::CliError;
use crate::cli::executions::{Target, executions, title};
use crate::cli::exit_code;
use crate::cli::follow::{FollowOptions, follow};
use crate::cli::machine::{applied_machine, machine_of};
use crate::cli::options::{Format, StackOptions};
use crate::cli::output_file;
use crate::cli::ui::Ui;
use crate::execution::ExecutionArn;
use crate::render;
use crate::stack::load;

/// Starts an execution of a state machine and follows it to its end.
///
/// On a terminal the flow of the machine is drawn, with how each state stands; elsewhere each event is a line. Ctrl-C
/// asks whether to leave the execution alone or to stop it; without a terminal, and the second time, it is left alone.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright run stacks/ecs-task.toml nightly
  stepwright run stacks/ecs-task.toml nightly --input '{\"day\": \"2026-01-31\"}' --logs
  stepwright run stacks/ecs-task.toml nightly --input @day.json --name 2026-01-31 --timeout 30m
  stepwright run stacks/ecs-task.toml nightly --html report.html
  stepwright run stacks/ecs-task.toml nightly --detach             prints the execution's ARN

Exit codes: 0 succeeded, 1 error, 3 failed, 4 timed out, 5 stopped, 6 still running when --timeout was over,
130 interrupted and still running.")]
pub struct Run {
    #[command(flatten)]
    stack: StackOptions,
    /// The state machine: its NAME in [state_machine.NAME], or its whole address.
    #[arg(value_name = "MACHINE")]
    machine: String,
    /// The input: JSON, @FILE, or - for standard input.
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}", allow_hyphen_values = true)]
    input: String,
    /// What to call the execution. Of one machine AWS takes each name once in 90 days.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Starts an alias of the machine instead of what was applied last.
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    /// Only starts it, and prints its ARN.
    #[arg(long, conflicts_with_all = ["timeout", "logs", "html"])]
    detach: bool,
    #[command(flatten)]
    follow: FollowOptions,
}

/// AWS takes no more, in bytes of UTF-8.
const LONGEST_INPUT: usize = 262_144;
/// And of a name, in characters.
const LONGEST_NAME: usize = 80;

impl Run {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let input = read_input(&self.input)?;
        if let Some(path) = &self.follow.html {
            output_file::check(path)?;
        }
        if let Some(name) = &self.name {
            check_name(name)?;
        }
        let inputs = inputs(&self.stack.variables)?;
        let stack = (self.stack.stack.as_path(), &inputs, self.stack.variables.allow_documents_outside);
        let project = open_project_with(stack, &self.stack.state, |_| None, ui)?;
        let machine = applied_machine(&project, &self.machine)?;
        if machine.is_express && !self.detach {
            return Err(CliError::message(format!(
                "{} is an express machine, of whose executions AWS keeps no history",
                machine.address
            ))
            .help("start it and leave it alone: --detach")
            .help("or have its result: aws stepfunctions start-sync-execution --state-machine-arn ARN"));
        }
        let region = machine.arn.split(':').nth(3).unwrap_or_default().to_owned();
        let executions = executions(&region, Some(&project)).await?;
        let qualified = match &self.alias {
            Some(alias) => format!("{}:{alias}", machine.arn),
            None => machine.arn.clone(),
        };
        let started = executions.start(&qualified, self.name.as_deref(), &input).await;
        let arn = started.map_err(|error| not_started(error, self.name.as_deref()))?;
        let title = title(&machine, &project);
        if self.detach {
            return self.detached(&arn, &title, ui);
        }
        let arn = ExecutionArn::parse(&arn).ok_or_else(|| {
            CliError::message(format!("AWS calls the execution `{}`, which is no ARN of one", render::clean(&arn)))
        })?;
        // Without the permission to ask for the definition that the execution runs by, the stack's is at hand.
        let definition = machine_of(&project.stack, &self.machine).ok().map(|machine| machine.definition.clone());
        follow(&Target { arn, title, executions }, definition, 0, &self.follow, ui).await
    }

    fn detached(&self, arn: &str, title: &str, ui: Ui) -> Result<u8, CliError> {
        match self.follow.format {
            Format::Human => {
                ui.note(&format!("Started an execution of {title}. To follow it: stepwright show {arn} --follow"));
                ui.out(|writer, _| writeln!(writer, "{}", render::clean(arn)))?;
            }
            Format::Json => {
                let now = jiff::Timestamp::now();
                let json = render::execution::tells_json("execution_started", "the execution has started", arn, now);
                ui.out(|writer, _| render::json::write_line(writer, &json))?;
            }
        }
        Ok(exit_code::SUCCESS)
    }
}

/// The input as JSON text. What it says is the user's and not repeated.
fn read_input(argument: &str) -> Result<String, CliError> {
    let (origin, text) = match argument {
        "-" => ("<stdin>".to_owned(), load::read_stdin()?.text.clone()),
        _ => match argument.strip_prefix('@') {
            Some(path) => (path.to_owned(), load::read_source(Path::new(path))?.text.clone()),
            None => ("--input".to_owned(), argument.to_owned()),
        },
    };
    let origin = render::clean(&origin);
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        return Err(CliError::message(format!("{origin}:{}:{}: the input is not JSON: {what}", error.line(), error.column()))
            .help("write JSON, for example '{\"day\": \"2026-01-31\"}'; a text needs its quotes: '\"text\"'")
            .help("@FILE reads a file, - reads standard input"));
    }
    if text.len() > LONGEST_INPUT {
        return Err(CliError::message(format!(
            "{origin}: the input is {} bytes long, and AWS takes {LONGEST_INPUT}",
            text.len()
        ))
        .help("put it into S3 and give its place"));
    }
    Ok(text)
}

fn check_name(name: &str) -> Result<(), CliError> {
    let is_refused = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    let refused: Option<char> = name.chars().find(|c| is_refused(*c));
    let length = name.chars().count();
    let why = match refused {
        Some(character) => format!("it has {character:?} in it"),
        None if length == 0 => "it is empty".to_owned(),
        None if length > LONGEST_NAME => format!("it has {length} characters, and AWS takes {LONGEST_NAME}"),
        None => return Ok(()),
    };
    Err(CliError::message(format!("`{}` can't be the name of an execution: {why}", render::clean(name)))
        .help("take letters, digits, `-` and `_`, 80 at most"))
}

fn not_started(error: Error, name: Option<&str>) -> CliError {
    let already = error.kind == ErrorKind::AlreadyExists;
    let missing = error.kind == ErrorKind::NotFound;
    let told = CliError::from(error);
    match (already, name) {
        (true, Some(name)) => told
            .help(format!(
                "AWS knows an execution `{}` of this machine, with another input or ended already",
                render::clean(name)
            ))
            .help("AWS remembers a name for 90 days: take another one, or leave --name out"),
        _ if missing => told.help("is it gone? `stepwright drift STACK` tells; `stepwright apply STACK` makes it anew"),
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_takes() {
        for name in ["one", "2026-01-31_a.b", "é", &"x".repeat(80)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a/b", "a:b", "a\u{1b}", "a\"", &"x".repeat(81)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn inputs_that_are_json() {
        assert_eq!(read_input("{\"a\": 1}").ok().as_deref(), Some("{\"a\": 1}"));
        assert_eq!(read_input("null").ok().as_deref(), Some("null"));
        for (input, place) in [("{\"a\": hunter2}", "--input:1:7:"), ("", "--input:1:0:"), ("{}\n}", "--input:2:1:")] {
            let Err(CliError::Message { message, .. }) = read_input(input) else { panic!("{input} was taken") };
            assert!(message.starts_with(place) && !message.contains("hunter2"), "{message}");
        }
        let long = format!("\"{}\"", "x".repeat(LONGEST_INPUT));
        let Err(CliError::Message { message, .. }) = read_input(&long) else { panic!("it was taken") };
        assert!(message.contains("262146 bytes"), "{message}");
    }
}
