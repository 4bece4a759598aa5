//! `stepwright permissions`: the least policy of whoever runs Stepwright, or of a role.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::address::Address;
use crate::aws::{self, Connection};
use crate::cli::context::{connect_to, inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{Format, VariableOptions};
use crate::cli::ui::Ui;
use crate::diagnostic::nearest;
use crate::document::permissions::{Need, Statement, policy_document, statements};
use crate::place::Place;
use crate::render;
use crate::resources;
use crate::stack::{self, OperatorCommand, Stack};

/// A managed policy, which a policy for an operator best is.
const LONGEST_MANAGED: usize = 6_144;
/// All inline policies of a user together.
const LONGEST_OF_A_USER: usize = 2_048;
/// All inline policies of a role together.
const LONGEST_OF_A_ROLE: usize = 10_240;

/// Prints the least IAM policy that plan, apply and destroy of a stack need, or that a role of it needs.
///
/// Without ADDRESS, it is the policy of whoever runs Stepwright: each call to AWS on the ARN that it is made on, the
/// roles that are handed to services, what is looked up, the state in S3, and keys of KMS. With the ADDRESS of a state
/// machine, or of a task definition, it is the policy of the role that this names. stdout holds the policy alone;
/// --format human tells each statement with its reasons. Works without credentials.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright permissions stacks/ecs-task.toml > policy.json
  stepwright permissions stacks/ecs-task.toml --for plan --account 123456789012
  stepwright permissions stacks/ecs-task.toml --format human
  stepwright permissions stacks/ecs-task.toml state_machine.nightly --format human")]
pub struct Permissions {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    /// What uses the role whose policy is wanted: state_machine.NAME, or task_definition.NAME for its execution role.
    #[arg(value_name = "ADDRESS")]
    address: Option<Address>,
    #[command(flatten)]
    variables: VariableOptions,
    /// What is to be allowed. May be repeated [default: all three].
    #[arg(long = "for", value_name = "COMMAND", value_enum, conflicts_with = "address")]
    commands: Vec<CommandOption>,
    /// The account, so that AWS need not be asked for it.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: Option<String>,
    /// Names what begins with the stack's name as STACK-*, which is shorter and allows more.
    #[arg(long, conflicts_with = "address")]
    compact: bool,
    /// json is the policy, as IAM takes it; human tells the reasons.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum CommandOption {
    /// `plan`, and all that only reads.
    Plan,
    /// `apply`, as far as it creates and changes: where it deletes, it needs what destroy needs as well.
    Apply,
    /// `destroy`.
    Destroy,
}

impl Permissions {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let inputs = inputs(&self.variables)?;
        let (stack, warnings) = read_stack(&self.stack, &inputs, self.variables.allow_documents_outside, "")?;
        let wanted = self.wanted(&stack)?;
        ui.err(|writer, style| render::diagnostic::write(writer, &warnings, style.color));
        let place = self.place(&stack, ui).await?;
        let mut needs = stack::in_texts(&stack, &wanted.needs, &place);
        if self.compact {
            needs = stack::by_prefix(&stack, &needs);
            ui.note(&format!("note: --compact allows the same on everything whose name begins with {}-", stack.name));
        }
        let statements = statements(&needs);
        match self.format {
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &document(&statements)))?,
            Format::Human => {
                ui.out(|writer, style| render::permissions::human(writer, &wanted.title, &statements, style))?;
            }
        }
        self.tell_limits(&statements, ui);
        Ok(exit_code::SUCCESS)
    }

    fn wanted(&self, stack: &Stack) -> Result<Wanted, CliError> {
        if let Some(address) = &self.address {
            return of_role(stack, address);
        }
        let all = [
            (CommandOption::Plan, OperatorCommand::Plan),
            (CommandOption::Apply, OperatorCommand::Apply),
            (CommandOption::Destroy, OperatorCommand::Destroy),
        ];
        let wanted = all.into_iter().filter(|(option, _)| self.commands.is_empty() || self.commands.contains(option));
        let (mut needs, mut names): (Vec<Need>, Vec<String>) = (Vec::new(), Vec::new());
        for (option, command) in wanted {
            for need in stack::operator_needs(stack, resources::ALL, command) {
                if !needs.contains(&need) {
                    needs.push(need);
                }
            }
            names.extend(option.to_possible_value().map(|value| value.get_name().to_owned()));
        }
        let title = format!("What whoever runs {} of {} must be allowed to do", names.join(", "), stack.name);
        Ok(Wanted { title, needs })
    }

    /// Where it is to hold. Without credentials it holds in every account.
    async fn place(&self, stack: &Stack, ui: Ui) -> Result<Place, CliError> {
        let mut place = match &self.account {
            Some(account) => {
                let region = aws::configuration(stack.region.as_deref()).await.region().map(ToString::to_string);
                Place { account_id: Some(account.clone()), region, partition: None }
            }
            None => match connect_to(stack.region.as_deref(), &stack.allowed_account_ids).await? {
                Connection::Ready(aws) => aws.place,
                Connection::Offline { place, reason } => {
                    ui.note(&format!(
                        "note: {reason}, so `*` stands for the account: give --account ID, or credentials of the account"
                    ));
                    place
                }
            },
        };
        place.region = stack.region.clone().or(place.region);
        match &place.region {
            Some(region) => place.partition = place.partition.or_else(|| Some(partition_of(region).to_owned())),
            None => ui.note("note: no region is known, so `*` stands for it: set `region` in [stack], or AWS_REGION"),
        }
        Ok(place)
    }

    /// What does not fit, and what is not covered.
    fn tell_limits(&self, statements: &[Statement], ui: Ui) {
        let length = document(statements).to_string().chars().filter(|character| !character.is_whitespace()).count();
        let is_of_a_role = self.address.is_some();
        if is_of_a_role && length > LONGEST_OF_A_ROLE {
            ui.note(&format!(
                "note: it has {length} characters; IAM allows {LONGEST_OF_A_ROLE} in all inline policies of a role"
            ));
        } else if length > LONGEST_MANAGED {
            let remedy = if is_of_a_role || self.compact { "split it by its statements" } else { "--compact makes it shorter" };
            ui.note(&format!("note: it has {length} characters; IAM allows {LONGEST_MANAGED} in a managed policy: {remedy}"));
        } else if !is_of_a_role && length > LONGEST_OF_A_USER {
            ui.note(&format!(
                "note: it has {length} characters: make it a managed policy, as IAM allows {LONGEST_OF_A_USER} in all inline policies of a user"
            ));
        }
        if self.commands.contains(&CommandOption::Apply) && !self.commands.contains(&CommandOption::Destroy) {
            ui.note("note: an apply that replaces or removes a resource needs --for destroy as well");
        }
        let wide = statements.iter().filter(|statement| !statement.wide.is_empty()).count();
        if wide > 0 && self.format == Format::Json {
            let these = if wide == 1 { "1 statement names".to_owned() } else { format!("{wide} statements name") };
            ui.note(&format!("note: {these} no resource but `*`; --format human tells why, and what each statement is for"));
        }
    }
}

struct Wanted {
    title: String,
    needs: Vec<Need>,
}

/// What the role needs that `address` uses.
fn of_role(stack: &Stack, address: &Address) -> Result<Wanted, CliError> {
    let addresses: Vec<String> = stack.resources.keys().map(ToString::to_string).collect();
    let name = address.to_string();
    if !stack.resources.contains_key(address) {
        let error = CliError::message(format!("the stack {} has no {name}", stack.name));
        return Err(match nearest(&name, addresses.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("it declares: {}", addresses.join(", "))),
        });
    }
    let uses = stack::role_needs(stack, address);
    if uses.is_empty() {
        return Err(CliError::message(format!("{name} tells nothing of what its role must be allowed to do"))
            .help("name a state machine, or a task definition for its execution role"));
    }
    let fields: Vec<&str> = uses.iter().map(|role_use| role_use.field).collect();
    let title = format!("What the {} of {name} must be allowed to do", fields.join(" and the "));
    Ok(Wanted { title, needs: uses.into_iter().flat_map(|role_use| role_use.needs).collect() })
}

fn document(statements: &[Statement]) -> serde_json::Value {
    // After `in_texts` nothing in it is pending.
    policy_document(statements).to_plain().unwrap_or_default()
}

/// The partition of a region, as the names of regions tell it.
fn partition_of(region: &str) -> &'static str {
    [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")]
        .into_iter()
        .find_map(|(start, partition)| region.starts_with(start).then_some(partition))
        .unwrap_or("aws")
}

fn account_id(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account has twelve digits".to_owned()),
    }
}
