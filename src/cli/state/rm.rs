//! `stepwright state rm`.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::execute::finish;
use crate::cli::exit_code;
use crate::cli::state::{Changed, parse_address, stack_first, unknown};
use crate::cli::ui::Ui;
use crate::state::{Entry, State};

/// Forgets what is recorded of resources. They stay in AWS, and are managed no longer.
///
/// Take them out of the stack file too: one that is still in it, and still carries the stack's tags, is taken over
/// again by the next apply.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state rm [OPTIONS] [STACK] <ADDRESS>...",
    after_help = "Examples:\n  stepwright state rm stacks/ecs-task.toml role.workflow cluster.main\n  stepwright state rm arn:aws:ecs:eu-central-1:123456789012:task-definition/report:3     what a replacement left"
)]
pub struct Rm {
    /// The stack file, of which only the name is used, and which resources: TYPE.NAME, or the ARN of what a
    /// replacement left.
    #[arg(value_names = ["STACK", "ADDRESS"], num_args = 1.., required = true)]
    what: Vec<String>,
    #[command(flatten)]
    changed: Changed,
}

impl Rm {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, words) = stack_first(&self.what);
        if words.is_empty() {
            return Err(CliError::message("name what is to be forgotten: TYPE.NAME"));
        }
        let mut session = self.changed.open(stack, &format!("state rm {}", words.join(" ")))?;
        let forgotten = words.iter().map(|word| forget(session.state(), word)).collect::<Result<Vec<_>, _>>()?;
        let (entries, told): (Vec<Entry>, Vec<String>) = forgotten.into_iter().unzip();
        session.record(&entries)?;
        finish(session, ui)?;
        for told in told {
            ui.note(&format!("Forgot {told}. It stays in AWS."));
        }
        Ok(exit_code::SUCCESS)
    }
}

/// What forgets the resource that `word` names, and what that is.
fn forget(state: &State, word: &str) -> Result<(Entry, String), CliError> {
    if word.starts_with("arn:") {
        let Some(deposed) = state.deposed.iter().find(|deposed| deposed.record.id == word) else {
            return Err(CliError::message(format!("no replacement has left {word}"))
                .help("`stepwright state list` shows what it has; a resource is named by its address"));
        };
        let told = format!("{} (deposed {word})", deposed.address);
        return Ok((Entry::ForgetDeposed { id: word.to_owned() }, told));
    }
    let address = parse_address(word)?;
    let record = state.resources.get(&address).ok_or_else(|| unknown(state, &address))?;
    let told = format!("{address} [id={}]", record.id);
    Ok((Entry::Forget { address }, told))
}
