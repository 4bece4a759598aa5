//! What AWS calls what is wrong: the codes of `ValidateStateMachineDefinition`, which `CreateStateMachine` repeats.

/// Anything wrong with a member: missing, unknown, of the wrong type or out of range.
pub const SCHEMA_VALIDATION_FAILED: &str = "SCHEMA_VALIDATION_FAILED";
/// The text is no JSON.
pub const INVALID_JSON_DESCRIPTION: &str = "INVALID_JSON_DESCRIPTION";
/// There is no text.
pub const MISSING_DESCRIPTION: &str = "MISSING_DESCRIPTION";
/// A state that is led to does not exist, or one that exists is not led to.
pub const MISSING_TRANSITION_TARGET: &str = "MISSING_TRANSITION_TARGET";
/// The flow never ends.
pub const MISSING_END_STATE: &str = "MISSING_END_STATE";
pub const DUPLICATE_STATE_NAME: &str = "DUPLICATE_STATE_NAME";
pub const INVALID_STATE_NAME: &str = "INVALID_STATE_NAME";
pub const DUPLICATE_LABEL_NAME: &str = "DUPLICATE_LABEL_NAME";
pub const INVALID_LABEL_NAME: &str = "INVALID_LABEL_NAME";
/// A JSONata expression that can't be read.
pub const INVALID_JSONATA_EXPRESSION: &str = "INVALID_JSONATA_EXPRESSION";
/// A JSONata expression that reads what is not there.
pub const UNSUPPORTED_JSONATA_EXPRESSION: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
pub const INVALID_VARIABLE_NAME: &str = "INVALID_VARIABLE_NAME";
pub const RESERVED_VARIABLE_NAME: &str = "RESERVED_VARIABLE_NAME";
pub const TOO_DEEPLY_NESTED: &str = "TOO_DEEPLY_NESTED";
/// A warning: a value that looks like a path, under a key without `.$`.
pub const NO_DOLLAR: &str = "NO_DOLLAR";
/// A warning: a value that looks like a path, in a field that takes none.
pub const NO_PATH: &str = "NO_PATH";
/// A warning: a path in the `Result` of a `Pass`, where it is only text.
pub const PASS_RESULT_IS_STATIC: &str = "PASS_RESULT_IS_STATIC";

/// The same code among those above.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().copied().find(|code| *code == name)
}

const ALL: [&str; 17] = [
    SCHEMA_VALIDATION_FAILED,
    INVALID_JSON_DESCRIPTION,
    MISSING_DESCRIPTION,
    MISSING_TRANSITION_TARGET,
    MISSING_END_STATE,
    DUPLICATE_STATE_NAME,
    INVALID_STATE_NAME,
    DUPLICATE_LABEL_NAME,
    INVALID_LABEL_NAME,
    INVALID_JSONATA_EXPRESSION,
    UNSUPPORTED_JSONATA_EXPRESSION,
    INVALID_VARIABLE_NAME,
    RESERVED_VARIABLE_NAME,
    TOO_DEEPLY_NESTED,
    NO_DOLLAR,
    NO_PATH,
    PASS_RESULT_IS_STATIC,
];
