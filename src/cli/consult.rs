//! What `plan` and `apply` ask AWS about the stack before anything is made.

use crate::aws::Connection;
use crate::cli::context::Seen;
use crate::cli::error::CliError;
use crate::cli::options::PlanOptions;
use crate::cli::ui::Ui;
use crate::consult::{Consultation, consult};
use crate::diagnostic::has_errors;
use crate::plan::Plan;
use crate::render;
use crate::resources;
use crate::stack::Stack;

/// Tells what AWS knows of it. With `--refresh=false`, or without credentials, it is not asked.
///
/// # Errors
/// What is certain to fail.
pub async fn advise(
    (connection, options): (&Connection, &PlanOptions),
    stack: &Stack,
    (seen, plan): (&Seen, &Plan),
    ui: Ui,
) -> Result<(), CliError> {
    let Connection::Ready(aws) = connection else { return Ok(()) };
    if !options.refresh || plan.is_refresh_only {
        return Ok(());
    }
    let consultation = Consultation { aws, kinds: resources::ALL, parallelism: options.parallelism };
    let advice = consult(consultation, stack, &seen.observed.data, plan).await;
    for notice in &advice.notices {
        ui.note(&format!("notice: {notice}"));
    }
    if has_errors(&advice.diagnostics) {
        return Err(CliError::Diagnostics(advice.diagnostics));
    }
    ui.err(|writer, style| render::diagnostic::write(writer, &advice.diagnostics, style.color));
    Ok(())
}
