//! Diagnostics for programs, in the shape in which Step Functions tells its own.

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Severity, has_errors};
use crate::value::{Path, Segment};

/// `{"result": "FAIL", "diagnostics": [...]}`, as `ValidateStateMachineDefinition` answers, and of each the place in the user's file.
pub fn diagnostics(diagnostics: &[Diagnostic]) -> Json {
    json!({
        "result": if has_errors(diagnostics) { "FAIL" } else { "OK" },
        "diagnostics": diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

fn diagnostic(diagnostic: &Diagnostic) -> Json {
    let place = diagnostic.location.as_ref().map(|location| (location, location.line_and_column()));
    json!({
        "severity": match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "location": diagnostic.path.as_ref().map(|path| location(path, diagnostic.is_of_parent)),
        "pointer": diagnostic.path.as_ref().map(Path::json_pointer),
        "file": place.as_ref().map(|(location, _)| &location.source.name),
        "line": place.as_ref().map(|(_, (line, _))| line),
        "column": place.as_ref().map(|(_, (_, column))| column),
        "help": diagnostic.help,
        "replacement": diagnostic.replacement,
    })
}

/// As AWS writes it: `/States/A/Choices[0]/Next`.
fn location(path: &Path, is_of_parent: bool) -> String {
    let mut told = String::new();
    let length = path.0.len().saturating_sub(usize::from(is_of_parent));
    for segment in &path.0[..length] {
        match segment {
            Segment::Key(key) | Segment::Element(key) => {
                told.push('/');
                told.push_str(key);
            }
            Segment::Index(index) => told.push_str(&format!("[{index}]")),
        }
    }
    if told.is_empty() { "/".to_owned() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_with_a_path() {
        let path = Path::key("States").join_key("A/b").join_key("Choices").join(Segment::Index(0));
        let found = Diagnostic { path: Some(path), code: Some("X"), ..Diagnostic::warning("w") };
        let told = diagnostics(&[found]);
        assert_eq!(told["result"], "OK");
        assert_eq!(told["diagnostics"][0]["location"], "/States/A/b/Choices[0]");
        assert_eq!(told["diagnostics"][0]["pointer"], "/States/A~1b/Choices/0");
        assert_eq!(told["diagnostics"][0]["line"], Json::Null);
        let of_parent =
            Diagnostic { path: Some(Path::key("States").join_key("A")), is_of_parent: true, ..Diagnostic::error("e") };
        let told = diagnostics(&[of_parent]);
        assert_eq!(told["diagnostics"][0]["location"], "/States");
        assert_eq!(told["diagnostics"][0]["pointer"], "/States/A");
        assert_eq!(diagnostics(&[Diagnostic::error("e")])["result"], "FAIL");
    }
}
