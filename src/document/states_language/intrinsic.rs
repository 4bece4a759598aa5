//! Calls of intrinsic functions: `States.Format('Hello {}', $.name)`.

use crate::document::states_language::json_path::{JsonPath, JsonPathError, balanced};

/// The functions there are, with the least and the most arguments each takes.
pub const FUNCTIONS: [(&str, usize, usize); 18] = [
    ("States.Format", 1, usize::MAX),
    ("States.StringToJson", 1, 1),
    ("States.JsonToString", 1, 1),
    ("States.Array", 0, usize::MAX),
    ("States.ArrayPartition", 2, 2),
    ("States.ArrayContains", 2, 2),
    ("States.ArrayRange", 3, 3),
    ("States.ArrayGetItem", 2, 2),
    ("States.ArrayLength", 1, 1),
    ("States.ArrayUnique", 1, 1),
    ("States.Base64Encode", 1, 1),
    ("States.Base64Decode", 1, 1),
    ("States.Hash", 2, 2),
    ("States.JsonMerge", 3, 3),
    ("States.MathRandom", 2, 3),
    ("States.MathAdd", 2, 2),
    ("States.StringSplit", 2, 2),
    ("States.UUID", 0, 0),
];

/// What AWS takes at most within each other.
const DEEPEST: usize = 10;

/// A call that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'a> {
    pub name: &'a str,
    pub arguments: Vec<Argument<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Argument<'a> {
    /// As it is spelt between its quotes.
    Text(&'a str),
    Number(f64),
    /// `true`, `false` or `null`.
    Word(&'a str),
    Path(JsonPath<'a>),
    Call(Call<'a>),
}

/// Why a text is no call.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntrinsicError {
    #[error("there is no intrinsic function `{0}`")]
    Unknown(String),
    #[error("`{name}` takes {}, not {given}", wanted(*.least, *.most))]
    Arguments { name: String, least: usize, most: usize, given: usize },
    #[error("`{name}` takes numbers and paths, not the text '{text}'")]
    NotANumber { name: String, text: String },
    #[error("`(` should follow the name of the function")]
    NoBracket,
    #[error("`(` without its `)`")]
    Unclosed,
    #[error("a text without its closing `'`")]
    UnclosedText,
    #[error("a double quote takes no `\\` here")]
    EscapedQuote,
    #[error("`{0}` is no text in single quotes, no number, no path and no call")]
    BadArgument(String),
    #[error("`{0}`: {1}")]
    BadPath(String, JsonPathError),
    #[error("`{0}` follows the call")]
    Rest(String),
    #[error("more than {DEEPEST} calls within each other")]
    TooDeep,
}

fn wanted(least: usize, most: usize) -> String {
    let plural = |count: usize| if count == 1 { "argument" } else { "arguments" };
    match (least, most) {
        (least, usize::MAX) => format!("at least {least} {}", plural(least)),
        (least, most) if least == most => format!("{least} {}", plural(least)),
        (least, most) => format!("{least} to {most} arguments"),
    }
}

impl<'a> Call<'a> {
    pub fn parse(text: &'a str) -> Result<Self, IntrinsicError> {
        let (call, rest) = call(text.trim(), 1)?;
        match rest.trim() {
            "" => Ok(call),
            rest => Err(IntrinsicError::Rest(short(rest))),
        }
    }

    /// It and every call among its arguments.
    pub fn all(&self) -> Vec<&Call<'a>> {
        let inner = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Call(call) => Some(call.all()),
            _ => None,
        });
        std::iter::once(self).chain(inner.flatten()).collect()
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn call(text: &str, depth: usize) -> Result<(Call<'_>, &str), IntrinsicError> {
    if depth > DEEPEST {
        return Err(IntrinsicError::TooDeep);
    }
    let length = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let Some(&(_, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        return Err(IntrinsicError::Unknown(short(name)));
    };
    let mut rest = rest.trim_start().strip_prefix('(').ok_or(IntrinsicError::NoBracket)?.trim_start();
    let mut arguments = Vec::new();
    if let Some(after) = rest.strip_prefix(')') {
        rest = after;
    } else {
        loop {
            let (argument, after) = argument(rest.trim_start(), depth)?;
            arguments.push(argument);
            let after = after.trim_start();
            if let Some(after) = after.strip_prefix(')') {
                rest = after;
                break;
            }
            rest = match after.strip_prefix(',') {
                Some(after) => after,
                None if after.is_empty() => return Err(IntrinsicError::Unclosed),
                None => return Err(IntrinsicError::BadArgument(short(after))),
            };
        }
    }
    if !(least..=most).contains(&arguments.len()) {
        return Err(IntrinsicError::Arguments { name: name.to_owned(), least, most, given: arguments.len() });
    }
    if matches!(name, "States.MathAdd" | "States.ArrayRange")
        && let Some(Argument::Text(text)) = arguments.iter().find(|argument| matches!(argument, Argument::Text(_)))
    {
        return Err(IntrinsicError::NotANumber { name: name.to_owned(), text: short(text) });
    }
    Ok((Call { name, arguments }, rest))
}

fn argument(text: &str, depth: usize) -> Result<(Argument<'_>, &str), IntrinsicError> {
    if let Some(inside) = text.strip_prefix('\'') {
        let mut is_escaped = false;
        for (at, character) in inside.char_indices() {
            match character {
                // Of other escapes it is not certain that AWS refuses them.
                '"' if is_escaped => return Err(IntrinsicError::EscapedQuote),
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '\'' => return Ok((Argument::Text(&inside[..at]), &inside[at + 1..])),
                _ => {}
            }
        }
        return Err(IntrinsicError::UnclosedText);
    }
    if text.starts_with('$') {
        let (path, rest) = text.split_at(path_length(text));
        let path = path.trim_end();
        return match JsonPath::parse(path) {
            Ok(path) => Ok((Argument::Path(path), rest)),
            Err(error) => Err(IntrinsicError::BadPath(short(path), error)),
        };
    }
    if text.starts_with("States.") {
        return call(text, depth + 1).map(|(call, rest)| (Argument::Call(call), rest));
    }
    let length = text.find(|c: char| c == ',' || c == ')' || c.is_whitespace()).unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    if matches!(word, "true" | "false" | "null") {
        return Ok((Argument::Word(word), rest));
    }
    let begins_as_number = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    match word.parse::<f64>().ok().filter(|_| begins_as_number) {
        Some(number) => Ok((Argument::Number(number), rest)),
        None => Err(IntrinsicError::BadArgument(short(if word.is_empty() { text } else { word }))),
    }
}

/// How far a path goes among arguments: to the `,` or `)` that is outside of its own brackets.
fn path_length(text: &str) -> usize {
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        at += match character {
            ',' | ')' => return at,
            '[' => balanced(&text[at..], '[', ']').unwrap_or(text.len() - at),
            '(' => balanced(&text[at..], '(', ')').unwrap_or(text.len() - at),
            other => other.len_utf8(),
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls() {
        for text in [
            "States.UUID()",
            "States.Array()",
            "States.Array('Foo', 2020, $.json, null, true, -1.5)",
            r"States.Format('Welcome to {} {}\'s list (a, b).', $.first, $$.Execution.Id)",
            "States.Format($.template, States.JsonToString($.a[?(@.b == 'x,y)')]), $name)",
            "States.ArrayGetItem($.a[?(@.b == c)].d, 0)",
            " States.MathAdd( $.a , -1 ) ",
            "States.MathRandom(1, 9, $.seed)",
        ] {
            assert!(Call::parse(text).is_ok(), "{text}: {:?}", Call::parse(text));
        }
        let nested = Call::parse("States.Array(States.UUID(), States.Array(States.UUID()))").expect("a call");
        assert_eq!(nested.all().len(), 4);
    }

    #[test]
    fn what_is_no_call() {
        fn told(text: &str) -> String {
            Call::parse(text).map_err(|error| error.to_string()).expect_err(text)
        }
        assert_eq!(told("States.Formt('a')"), "there is no intrinsic function `States.Formt`");
        assert_eq!(told("States.MathAdd(1,'-1')"), "`States.MathAdd` takes numbers and paths, not the text '-1'");
        assert_eq!(told("States.ArrayLength($.a, $.b)"), "`States.ArrayLength` takes 1 argument, not 2");
        assert_eq!(told("States.MathRandom(1)"), "`States.MathRandom` takes 2 to 3 arguments, not 1");
        assert_eq!(told("States.Format('a"), "a text without its closing `'`");
        assert_eq!(told(r#"States.Format('say \"a\"')"#), "a double quote takes no `\\` here");
        assert_eq!(told("States.Format('a', b)"), "`b` is no text in single quotes, no number, no path and no call");
        assert_eq!(told("States.Format('a', $.)"), "`$.`: a name should follow the `.`");
        assert_eq!(told("States.Format('a'"), "`(` without its `)`");
        assert_eq!(told("States.UUID() x"), "`x` follows the call");
        assert_eq!(told("States.UUID"), "`(` should follow the name of the function");
        assert_eq!(told(&"States.Array(".repeat(10_000)), "more than 10 calls within each other");
    }
}
