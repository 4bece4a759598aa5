//! JSONata expressions: whether one can be read, and what it refers to.
//!
//! The crates that evaluate JSONata bring clocks, chance and regular expressions of their own, tell no place of
//! an error, and recurse as deep as their input. A definition is only read here, so this is a reader and nothing
//! more: the tokens and the precedences of the reference implementation, with its words for what is wrong, as
//! AWS repeats them.
//!
//! | file | holds |
//! |---|---|
//! | `token.rs` | text → tokens |
//! | `parser.rs` | tokens → whether they make an expression, and its references |

mod functions;
mod parser;
mod token;

pub use functions::FUNCTIONS;

/// What an expression refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression {
    /// Names and `$`, `$$` that read the context item, of which a state's expression has none: `phone`.
    pub context: Vec<String>,
    /// Variables that the expression neither binds nor takes as a parameter, each with the field that is read of it.
    pub variables: Vec<VariableUse>,
}

/// `$states.input` is the variable `states` and the field `input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    pub name: String,
    pub field: Option<String>,
    /// Whether it is called: `$count(…)`.
    pub is_call: bool,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonataError {
    /// In the words of the reference implementation.
    pub message: String,
    /// Bytes of the expression.
    pub at: usize,
}

impl Expression {
    /// Reads `text`, which stands without its `{% %}`. None for what nests deeper than anybody writes, which is
    /// left for AWS to judge.
    pub fn parse(text: &str) -> Result<Option<Self>, JsonataError> {
        parser::parse(text)
    }
}

#[cfg(test)]
mod tests;
