//! `stepwright import --from-terraform`: takes over what a Terraform state holds.

use std::path::{Path, PathBuf};

use crate::address::Address;
use crate::cli::context::{Project, connect_to, require};
use crate::cli::error::CliError;
use crate::cli::export::{Exported, export, unacceptable};
use crate::cli::import::{Ids, Import};
use crate::cli::options::Format;
use crate::cli::ui::Ui;
use crate::cli::{exit_code, output_file, terraform};
use crate::export::Selection;
use crate::export::terraform::{Taken, Takeover};
use crate::place::Place;
use crate::stack::Stack;

pub async fn run(import: &Import, file: &Path, ui: Ui) -> Result<u8, CliError> {
    let takeover = terraform::read(file)?;
    let stack = match &import.stack {
        Some(stack) if stack.exists() => {
            if import.name.is_some() {
                let error = CliError::message(format!("{} is there, and has a name", stack.display()));
                return Err(error.help("leave out --name, or name a file that is to be written"));
            }
            stack.clone()
        }
        _ => write_stack(import, &takeover, ui).await?,
    };
    let project = import.open(&stack, ui)?;
    let aws = import.connect(&project).await?;
    let taken = terraform::taken_at(&aws.place, &takeover)?;
    let Matched { ids, ours, undeclared } = matched(&taken, &project, &aws.place);
    for taken in undeclared {
        let address = &taken.terraform_address;
        ui.note(&format!("Stays with Terraform: {address}: {} declares nothing of its name", stack.display()));
    }
    let code = if ids.is_empty() {
        if ours.is_empty() {
            return Err(CliError::message(format!("{} declares nothing of what {} holds", stack.display(), file.display()))
                .help("give the stack's resources the names that they have in AWS, or name a file that is to be written"));
        }
        ui.note("There is nothing to import: everything is recorded already.");
        exit_code::SUCCESS
    } else {
        let command = format!("import --from-terraform {} {}", file.display(), stack.display());
        import.import(project, &ids, &aws, &command, ui).await?
    };
    if code == exit_code::SUCCESS && import.format == Format::Human {
        terraform::note(&takeover, &ours, ("Now", &aws.place), ui);
    }
    import.note_next(code, &stack, ui);
    Ok(code)
}

/// Writes the stack file of everything that can be taken over.
async fn write_stack(import: &Import, takeover: &Takeover, ui: Ui) -> Result<PathBuf, CliError> {
    let aws = require(connect_to(takeover.region().as_deref(), &[]).await?)?;
    let taken = terraform::taken_at(&aws.place, takeover)?;
    let requests = terraform::requests(&taken);
    let selection = Selection { requests, everything: false, follow: false, stack: import.name.clone() };
    let Exported { name, text, refused, .. } = export(&aws, &selection, ui).await?;
    let path = import.stack.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.toml")));
    output_file::write(&path, &text, false)
        .map_err(|error| error.help("name another one that is to be written, or name this one to take over into it"))?;
    ui.note(&format!("Wrote the stack {name} to {}.", path.display()));
    if refused.is_empty() { Ok(path) } else { Err(unacceptable(&refused, ui)) }
}

/// What of a Terraform state the stack declares.
struct Matched<'a> {
    ids: Ids,
    /// What it declares, be it recorded already or not.
    ours: Vec<&'a Taken>,
    undeclared: Vec<&'a Taken>,
}

fn matched<'a>(taken: &[&'a Taken], project: &Project, place: &Place) -> Matched<'a> {
    let mut matched = Matched { ids: Ids::new(), ours: Vec::new(), undeclared: Vec::new() };
    for taken in taken {
        match declared(taken, &project.stack, place) {
            Some(address) => {
                matched.ours.push(taken);
                if !project.state.resources.contains_key(address) {
                    matched.ids.insert(address.clone(), taken.id.clone());
                }
            }
            None => matched.undeclared.push(taken),
        }
    }
    matched
}

/// The resource of the stack that has its name in AWS; or, where the stack leaves the name open, its name in Terraform.
fn declared<'a>(taken: &Taken, stack: &'a Stack, place: &Place) -> Option<&'a Address> {
    let resources = || stack.resources.values();
    let same = resources().find(|resource| taken.is_described_by(resource.kind, &resource.spec, place));
    let named = || {
        let address = Address::managed(taken.kind.description().name, &taken.local_name);
        resources().find(|resource| resource.address == address && resource.is_named_by_default)
    };
    same.or_else(named).map(|resource| &resource.address)
}
