//! `stepwright export`: a stack file for what is live already.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use crate::aws::Aws;
use crate::cli::context::{connect_to, require};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::diagnostic::Diagnostic;
use crate::export::terraform::{self, Taken, Takeover};
use crate::export::{DiscoverError, Discovery, ExportError, Request, Selection, discover, stack_file, stack_name};
use crate::render;
use crate::resources;
use crate::stack::load::read_source;

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
    #[arg(long, value_name = "NAME", value_parser = name)]
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

fn name(text: &str) -> Result<String, String> {
    match crate::stack::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("a letter, then at most 63 letters, digits and `-`".to_owned()),
    }
}

impl Export {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        if let Some(path) = self.out.as_ref().filter(|path| !self.force && path.exists()) {
            return Err(taken(path));
        }
        let takeover = self.from_terraform.as_deref().map(read_terraform).transpose()?;
        if self.selected.0.is_empty() && !self.all && takeover.is_none() {
            return Err(CliError::message("there is nothing to export")
                .help("name it: --state-machine NAME, --cluster NAME, …; or take everything with --all"));
        }
        let region = self.region.clone().or_else(|| takeover.as_ref()?.region());
        let aws = require(connect_to(region.as_deref(), &[]).await?)?;
        let selection = self.selection(&aws, takeover.as_ref(), ui)?;
        let kinds = resources::ALL;
        let Discovery { found, left_out } = discover(&aws, kinds, &selection).await.map_err(undiscovered)?;
        if found.is_empty() {
            return Err(CliError::message("there is nothing to export in this account and region")
                .help("check the account and the region; what other stacks own stays theirs"));
        }
        let name = self.name.clone().unwrap_or_else(|| stack_name(&found));
        let (text, refused) = match stack_file(&found, &name, &aws.place, kinds) {
            Ok(file) => (file.text, Vec::new()),
            Err(ExportError::Refused { text, diagnostics }) => (text, diagnostics),
            Err(error) => return Err(CliError::message(error.to_string()).help("nothing was written; please report it")),
        };
        match &self.out {
            Some(path) => write(path, &text, self.force)?,
            None => ui.out(|writer, _| writer.write_all(text.as_bytes()))?,
        }
        for left in &left_out {
            ui.note(&format!("Left out: {} {}: {}", left.resource_type, left.id, left.reason));
        }
        if let Some(takeover) = &takeover {
            note_terraform(takeover, ui);
        }
        if !refused.is_empty() {
            ui.err(|writer, style| render::diagnostic::write(writer, &refused, style.color));
            return Err(CliError::message("AWS accepts what is live, and Stepwright would refuse to make it so")
                .help("the stack file was written as it is live; mend there what is shown above, then plan"));
        }
        self.note_next(&name, found.len(), ui);
        Ok(exit_code::SUCCESS)
    }

    fn selection(&self, aws: &Aws, takeover: Option<&Takeover>, ui: Ui) -> Result<Selection, CliError> {
        let mut requests = self.selected.0.clone();
        for taken in takeover.iter().flat_map(|takeover| &takeover.resources) {
            let part = |at: usize| taken.id.split(':').nth(at).unwrap_or_default();
            let (region, account) = (part(3), part(4));
            let here = &aws.place;
            if !account.is_empty() && here.account_id.as_deref() != Some(account) {
                let here = here.account_id.as_deref().unwrap_or("another one");
                return Err(CliError::message(format!("{} is of account {account}", taken.terraform_address))
                    .help(format!("the credentials are of account {here}; use those of {account}")));
            }
            if !region.is_empty() && here.region.as_deref() != Some(region) {
                let address = &taken.terraform_address;
                ui.note(&format!("Left with Terraform: {address}: it is in {region}, for which there is --region"));
                continue;
            }
            let Taken { kind, id, local_name, .. } = taken.clone();
            requests.push(Request { kind, name_or_arn: id, local_name: Some(local_name) });
        }
        Ok(Selection { requests, everything: self.all, follow: takeover.is_none(), stack: self.name.clone() })
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

fn taken(path: &Path) -> CliError {
    CliError::message(format!("there is a file {} already", path.display()))
        .help("write another one, or overwrite it with --force")
}

/// Writes it whole or not at all, and over nothing that was there.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file("written", path, error);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(public()).tempfile_in(folder).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    let result = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => Err(failed(&error.error)),
    }
}

/// A stack file is to be shared; what the user's umask forbids, it forbids here too.
fn public() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// Reads the Terraform state at `path`.
pub fn read_terraform(path: &Path) -> Result<Takeover, CliError> {
    let source = read_source(path)?;
    let takeover = terraform::read(&source.text, resources::ALL)
        .map_err(|error| CliError::message(format!("{}: {error}", path.display())).help(error.help()))?;
    if takeover.resources.is_empty() {
        let names: Vec<&str> = resources::ALL.iter().filter_map(|kind| Some(kind.terraform()?.resource)).collect();
        return Err(CliError::message(format!("{} holds nothing that can be taken over", path.display()))
            .help(format!("that would be: {}", names.join(", "))));
    }
    Ok(takeover)
}

fn note_terraform(takeover: &Takeover, ui: Ui) {
    for part in &takeover.parts {
        ui.note(&format!("Part of what is taken over: {part}"));
    }
    for address in &takeover.staying {
        ui.note(&format!("Stays with Terraform: {address}"));
    }
    ui.note("Once the stack is applied, let Terraform forget what is the stack's now:");
    let quoted = takeover.forgotten().map(|address| format!(" '{address}'"));
    ui.note(&format!("  terraform state rm{}", quoted.collect::<String>()));
}

fn undiscovered(errors: Vec<DiscoverError>) -> CliError {
    let diagnostic = |error: DiscoverError| Diagnostic { help: error.help(), ..Diagnostic::error(error.to_string()) };
    CliError::Diagnostics(errors.into_iter().map(diagnostic).collect())
}
