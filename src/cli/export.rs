//! `stepwright export`: a stack file for what is live already.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use crate::aws::Aws;
use crate::cli::context::{connect_to, require};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::stack_name;
use crate::cli::ui::Ui;
use crate::cli::{output_file, terraform};
use crate::diagnostic::Diagnostic;
use crate::export::{DiscoverError, Discovery, ExportError, Request, Selection, discover, stack_file};
use crate::render;
use crate::resources;

/// Writes a stack file for resources that exist, with everything they refer to.
///
/// What is named is read from AWS, and what it refers to with it: of a state machine its role, and the clusters and
/// task definitions of its definition, with their roles in turn. ARNs among them become references. The stack file
/// has an [import] table, so that its first plan takes everything over and changes nothing. Nothing is changed in AWS.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright export --state-machine nightly-report                    it, and all it needs, on stdout
  stepwright export --state-machine nightly-report --out nightly.toml && stepwright plan nightly.toml
  stepwright export --cluster shared --task-definition report:3 --name reports
  stepwright export --all --name everything --out everything.toml
  stepwright export --from-terraform terraform.tfstate --out report.toml")]
pub struct Export {
    #[command(flatten)]
    selected: Selected,
    /// Everything in the region that no stack owns, with the roles it refers to.
    #[arg(long)]
    all: bool,
    /// What this Terraform state holds, and nothing else. A terraform.tfstate, or what `terraform show -json` prints.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    from_terraform: Option<PathBuf>,
    /// The name of the stack [default: made of the names of the resources].
    #[arg(long, value_name = "NAME", value_parser = stack_name)]
    name: Option<String>,
    /// The region [default: AWS_REGION, or that of the AWS profile].
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Where to write the stack file [default: stdout].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrites the file of --out.
    #[arg(long, requires = "out")]
    force: bool,
}

/// What is named on the command line: an option for each resource type.
#[derive(Debug, Default)]
struct Selected(Vec<Request>);

impl Args for Selected {
    fn augment_args(command: clap::Command) -> clap::Command {
        resources::ALL.iter().fold(command, |command, kind| {
            let description = kind.description();
            let value = format!("{}|ARN", description.name_field.to_uppercase());
            let what = description.name.replace('_', " ");
            let option = Arg::new(description.name)
                .long(description.name.replace('_', "-"))
                .value_name(value)
                .action(ArgAction::Append)
                .help(format!("Exports this {what}, and what it refers to. May be repeated"));
            command.arg(option)
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Selected {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let of_kind = |kind: &&'static dyn crate::resource::ResourceType| {
            let kind = *kind;
            let values = matches.get_many::<String>(kind.description().name).unwrap_or_default();
            values.map(|value| Request { kind, name_or_arn: value.clone(), local_name: None }).collect::<Vec<_>>()
        };
        Ok(Self(resources::ALL.iter().flat_map(of_kind).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Export {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        if let Some(path) = self.out.as_ref().filter(|path| !self.force && path.exists()) {
            return Err(output_file::taken(path).help("write another one, or overwrite it with --force"));
        }
        let takeover = self.from_terraform.as_deref().map(terraform::read).transpose()?;
        if self.selected.0.is_empty() && !self.all && takeover.is_none() {
            return Err(CliError::message("there is nothing to export")
                .help("name it: --state-machine NAME, --cluster NAME, …; or take everything with --all"));
        }
        let region = self.region.clone().or_else(|| takeover.as_ref()?.region());
        let aws = require(connect_to(region.as_deref(), &[]).await?)?;
        let taken = takeover.as_ref().map(|takeover| terraform::taken_at(&aws.place, takeover)).transpose()?;
        let from_terraform = taken.as_deref().map(terraform::requests).unwrap_or_default();
        let requests = self.selected.0.iter().cloned().chain(from_terraform).collect();
        let selection = Selection { requests, everything: self.all, follow: takeover.is_none(), stack: self.name.clone() };
        let Exported { name, count, text, refused } = export(&aws, &selection, ui).await?;
        match &self.out {
            Some(path) => output_file::write(path, &text, self.force)?,
            None => ui.out(|writer, _| writer.write_all(text.as_bytes()))?,
        }
        if let Some((takeover, taken)) = takeover.as_ref().zip(taken.as_deref()) {
            terraform::note(takeover, taken, ("Once the stack is applied", &aws.place), ui);
        }
        if !refused.is_empty() {
            return Err(unacceptable(&refused, ui));
        }
        self.note_next(&name, count, ui);
        Ok(exit_code::SUCCESS)
    }

    fn note_next(&self, name: &str, count: usize, ui: Ui) {
        let resources = if count == 1 { "resource" } else { "resources" };
        let file = match &self.out {
            Some(path) => {
                ui.note(&format!("Wrote the stack {name} with {count} {resources} to {}.", path.display()));
                path.display().to_string()
            }
            None => {
                ui.note(&format!("This is the stack {name} with {count} {resources}. Save it, for example as {name}.toml."));
                format!("{name}.toml")
            }
        };
        ui.note("To take over what is live, without any change to it:");
        ui.note(&format!("  stepwright plan {file}"));
        ui.note(&format!("  stepwright apply {file}"));
    }
}

/// What `export` makes of what is live.
pub struct Exported {
    /// The stack's name.
    pub name: String,
    /// How many resources it has.
    pub count: usize,
    pub text: String,
    /// What of it a stack file may not say, though AWS has it so.
    pub refused: Vec<Diagnostic>,
}

/// Finds what is selected and writes the stack file of it. Of what is left out there is a note.
pub async fn export(aws: &Aws, selection: &Selection, ui: Ui) -> Result<Exported, CliError> {
    let kinds = resources::ALL;
    let Discovery { found, left_out } = discover(aws, kinds, selection).await.map_err(undiscovered)?;
    if found.is_empty() {
        return Err(CliError::message("there is nothing to export in this account and region")
            .help("check the account and the region; what other stacks own stays theirs"));
    }
    let name = selection.stack.clone().unwrap_or_else(|| crate::export::stack_name(&found));
    let (text, refused) = match stack_file(&found, &name, &aws.place, kinds) {
        Ok(file) => (file.text, Vec::new()),
        Err(ExportError::Refused { text, diagnostics }) => (text, diagnostics),
        Err(error) => return Err(CliError::message(error.to_string()).help("nothing was written; please report it")),
    };
    for left in &left_out {
        ui.note(&format!("Left out: {} {}: {}", left.resource_type, left.id, left.reason));
    }
    Ok(Exported { name, count: found.len(), text, refused })
}

/// The error of a stack file that says what is live, and may not.
pub fn unacceptable(refused: &[Diagnostic], ui: Ui) -> CliError {
    ui.err(|writer, style| render::diagnostic::write(writer, refused, style.color));
    CliError::message("AWS accepts what is live, and Stepwright would refuse to make it so")
        .help("the stack file was written as it is live; mend there what is shown above, then plan")
}

fn undiscovered(errors: Vec<DiscoverError>) -> CliError {
    let diagnostic = |error: DiscoverError| Diagnostic { help: error.help(), ..Diagnostic::error(error.to_string()) };
    CliError::Diagnostics(errors.into_iter().map(diagnostic).collect())
}
