//! The command line: one file per command. A command reads its inputs at the edges, calls the
//! pure middle, and hands what it got to a renderer.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

mod apply;
mod assignment;
mod completions;
mod consult;
mod context;
mod destroy;
mod drift;
mod error;
mod execute;
mod executions;
pub mod exit_code;
mod explain;
mod export;
mod follow;
mod graph;
mod import;
mod live;
mod machine;
mod options;
mod output_file;
mod permissions;
mod plan;
mod plan_file;
mod redrive;
mod run;
mod runs;
mod schema;
mod show;
mod state;
mod stop;
mod store;
mod terraform;
mod ui;
mod validate;

use error::CliError;
use ui::Ui;

const EXAMPLES: &str = "\
Examples:
  stepwright validate stacks/ecs-task.toml           what is wrong with it, without asking AWS
  stepwright plan stacks/ecs-task.toml               what would change, and why
  stepwright apply stacks/ecs-task.toml              show it, ask, do it
  stepwright plan stacks/ecs-task.toml --out plan.json && stepwright apply plan.json
  stepwright drift stacks/ecs-task.toml              what somebody changed in AWS since
  stepwright run stacks/ecs-task.toml nightly        start the state machine and follow it to its end
  stepwright destroy stacks/ecs-task.toml            take everything down again

Credentials and region come from where the AWS CLI has them: AWS_PROFILE, AWS_REGION, SSO, AWS_ENDPOINT_URL.

Exit codes: 0 done, 1 error, 2 there are changes (plan --detailed-exitcode) or drift (drift), 130 interrupted;
of an execution that is followed: 3 failed, 4 timed out, 5 stopped, 6 still running.";

/// Options that every command takes.
const EVERYWHERE: &str = "Global options";

/// Provisions AWS Step Functions workflows that run ECS tasks, from one TOML stack file.
#[derive(Debug, Parser)]
#[command(name = "stepwright", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// When to color the output. NO_COLOR and CLICOLOR are honoured too.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE)]
    color: clap::ColorChoice,
    /// Tells on stderr what goes on underneath; twice tells more. RUST_LOG chooses finer.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Validate),
    Plan(plan::PlanCommand),
    Apply(apply::Apply),
    Destroy(destroy::Destroy),
    Drift(drift::Drift),
    Import(import::Import),
    Export(export::Export),
    #[command(subcommand)]
    State(state::StateCommand),
    Graph(graph::Graph),
    Explain(explain::Explain),
    Permissions(permissions::Permissions),
    Run(run::Run),
    Runs(runs::Runs),
    Show(show::Show),
    Stop(stop::Stop),
    Redrive(redrive::Redrive),
    Schema(schema::Schema),
    Completions(completions::Completions),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let ui = Ui::new(match arguments.color {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    });
    start_log(arguments.verbose, ui);
    std::panic::set_hook(Box::new(move |panic| ui.note(&told_of_panic(panic))));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.note(&format!("error: no threads to work with: {error}"));
            return ExitCode::from(exit_code::ERROR);
        }
    };
    let result = runtime.block_on(run(arguments.command, ui));
    // What is still in flight after a second Ctrl-C is left: the next run settles it.
    runtime.shutdown_background();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            error.report(ui);
            ExitCode::from(exit_code::ERROR)
        }
    }
}

/// The command line itself, for completions and the reference.
pub fn command() -> clap::Command {
    Arguments::command()
}

async fn run(command: Command, ui: Ui) -> Result<u8, CliError> {
    match command {
        Command::Validate(validate) => validate.run(ui),
        Command::Plan(plan) => plan.run(ui).await,
        Command::Apply(apply) => apply.run(ui).await,
        Command::Destroy(destroy) => destroy.run(ui).await,
        Command::Drift(drift) => drift.run(ui).await,
        Command::Import(import) => import.run(ui).await,
        Command::Export(export) => export.run(ui).await,
        Command::State(state) => state.run(ui).await,
        Command::Graph(graph) => graph.run(ui),
        Command::Explain(explain) => explain.run(ui),
        Command::Permissions(permissions) => permissions.run(ui).await,
        Command::Run(run) => run.run(ui).await,
        Command::Runs(runs) => runs.run(ui).await,
        Command::Show(show) => show.run(ui).await,
        Command::Stop(stop) => stop.run(ui).await,
        Command::Redrive(redrive) => redrive.run(ui).await,
        Command::Schema(schema) => schema.run(ui),
        Command::Completions(completions) => completions.run(ui),
    }
}

/// Help and version are no mistakes. A mistake exits with 1, as 2 means "there are changes".
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_err() { ExitCode::from(exit_code::ERROR) } else { ExitCode::SUCCESS };
    }
    Ui::new(anstream::ColorChoice::Auto).err(|writer, style| {
        let text = if style.color { error.render().ansi().to_string() } else { error.render().to_string() };
        write!(writer, "{}", assignment::without_values(&text))
    });
    ExitCode::from(exit_code::ERROR)
}

/// What a panic says, without what it quotes: the standard library quotes the texts that it was given.
fn told_of_panic(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|location| format!(" at {}:{}", location.file(), location.line())).unwrap_or_default();
    let said = panic.payload_as_str().unwrap_or_default();
    let said = said.split([':', '`', '"', '\'']).next().unwrap_or_default().trim();
    format!("error: this is a bug of Stepwright, please report it: panicked{place}: {said}")
}

/// What others write at this level holds whole requests and answers, and with them the secrets in both.
const TELLS_BODIES: tracing::Level = tracing::Level::TRACE;

fn start_log(verbose: u8, ui: Ui) {
    let level = match verbose {
        0 => "off",
        1 => "stepwright=debug,aws_config=info",
        _ => "stepwright=trace,aws_config=debug,aws_smithy_runtime=debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| level.into());
    let is_fit_to_show = |metadata: &tracing::Metadata<'_>| {
        *metadata.level() != TELLS_BODIES || metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(ui.err_style().color);
    let lines = lines.with_filter(tracing_subscriber::filter::filter_fn(is_fit_to_show));
    // A second initialisation can't happen in one process.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
