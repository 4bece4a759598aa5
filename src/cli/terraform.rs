//! A Terraform state on the command line: read, compared with where the credentials are, and told of.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::ui::Ui;
use crate::export::Request;
use crate::export::terraform::{self, Taken, Takeover};
use crate::place::Place;
use crate::resources;
use crate::stack::load::read_source;

/// Reads the Terraform state at `path`.
pub fn read(path: &Path) -> Result<Takeover, CliError> {
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

/// What of `takeover` is at `place`.
///
/// # Errors
/// If something is of another account than the credentials.
pub fn taken_at<'a>(place: &Place, takeover: &'a Takeover) -> Result<Vec<&'a Taken>, CliError> {
    for taken in &takeover.resources {
        let account = part(&taken.id, ACCOUNT);
        if !account.is_empty() && place.account_id.as_deref() != Some(account) {
            let ours = place.account_id.as_deref().unwrap_or("another one");
            return Err(CliError::message(format!("{} is of account {account}", taken.terraform_address))
                .help(format!("the credentials are of account {ours}; use those of {account}")));
        }
    }
    Ok(takeover.resources.iter().filter(|taken| is_in_region(taken, place)).collect())
}

const REGION: usize = 3;
const ACCOUNT: usize = 4;

fn part(arn: &str, at: usize) -> &str {
    arn.split(':').nth(at).unwrap_or_default()
}

fn is_in_region(taken: &Taken, place: &Place) -> bool {
    let region = part(&taken.id, REGION);
    region.is_empty() || place.region.as_deref() == Some(region)
}

/// Requests for these, by Terraform's names for them.
pub fn requests(taken: &[&Taken]) -> Vec<Request> {
    let request = |taken: &&Taken| {
        let Taken { kind, id, local_name, .. } = (*taken).clone();
        Request { kind, name_or_arn: id, local_name: Some(local_name) }
    };
    taken.iter().map(request).collect()
}

/// Says what is to be done in Terraform `when` the resources `taken` of `takeover` are the stack's, and what stays there.
pub fn note(takeover: &Takeover, taken: &[&Taken], (when, place): (&str, &Place), ui: Ui) {
    for taken in takeover.resources.iter().filter(|taken| !is_in_region(taken, place)) {
        let (address, region) = (&taken.terraform_address, part(&taken.id, REGION));
        ui.note(&format!("Stays with Terraform: {address}: it is in {region}, for which another stack is needed"));
    }
    for address in &takeover.staying {
        ui.note(&format!("Stays with Terraform: {address}"));
    }
    ui.note(&format!("{when}, let Terraform forget what is the stack's now, its parts with it:"));
    let quoted = takeover.forgotten(taken).into_iter().map(|address| format!(" '{address}'"));
    ui.note(&format!("  terraform state rm{}", quoted.collect::<String>()));
}
