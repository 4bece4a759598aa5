//! JSONPath as Step Functions takes it: how a path begins, and whether it is a reference path.
//!
//! | begins with | reads |
//! |---|---|
//! | `$` | the state's input |
//! | `$$` | the context object |
//! | `$name` | a variable |
//!
//! A *reference path* leads to one place: no wildcard, filter, slice, union or `..` in it. What stands inside a
//! filter is not read further than to its end, as AWS's own reader is lenient there.

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    Input,
    Context,
    Variable(&'a str),
}

/// A path that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonPath<'a> {
    pub root: Root<'a>,
    /// Whether it leads to one place.
    pub is_reference: bool,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPathError {
    #[error("a path begins with `$`")]
    NoRoot,
    #[error("a name should follow the `.`")]
    NoName,
    #[error("`[` without its `]`")]
    Unclosed,
    #[error("`[{0}]` is no position, no name in quotes, no slice and no filter")]
    BadBrackets(String),
    #[error("`{0}` can't stand here")]
    Unexpected(char),
}

impl<'a> JsonPath<'a> {
    pub fn parse(text: &'a str) -> Result<Self, JsonPathError> {
        let rest = text.strip_prefix('$').ok_or(JsonPathError::NoRoot)?;
        let (root, mut rest) = if let Some(rest) = rest.strip_prefix('$') {
            (Root::Context, rest)
        } else {
            let length = rest.find(|c: char| !is_identifier_part(c)).unwrap_or(rest.len());
            match rest.split_at(length) {
                ("", rest) => (Root::Input, rest),
                (name, rest) => (Root::Variable(name), rest),
            }
        };
        let mut is_reference = true;
        while let Some(first) = rest.chars().next() {
            rest = match first {
                '.' => {
                    let after = &rest[1..];
                    let is_deep = after.starts_with('.');
                    is_reference &= !is_deep;
                    let after = after.strip_prefix('.').unwrap_or(after);
                    if after.starts_with('[') {
                        after
                    } else if let Some(after) = after.strip_prefix('*') {
                        is_reference = false;
                        after
                    } else {
                        let length = after.find(is_end_of_name).unwrap_or(after.len());
                        let after = after.get(length..).filter(|_| length > 0).ok_or(JsonPathError::NoName)?;
                        match after.starts_with('(') {
                            true => {
                                is_reference = false;
                                after.get(balanced(after, '(', ')').ok_or(JsonPathError::Unexpected('('))?..).unwrap_or_default()
                            }
                            false => after,
                        }
                    }
                }
                '[' => {
                    let length = balanced(rest, '[', ']').ok_or(JsonPathError::Unclosed)?;
                    let inside = rest[1..length - 1].trim();
                    is_reference &=
                        brackets(inside).ok_or_else(|| JsonPathError::BadBrackets(inside.chars().take(40).collect()))?;
                    &rest[length..]
                }
                other => return Err(JsonPathError::Unexpected(other)),
            };
        }
        Ok(Self { root, is_reference })
    }
}

/// Of the name of a variable. Hyphens are none, as in JSONata.
fn is_identifier_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_end_of_name(character: char) -> bool {
    matches!(character, '.' | '[' | ']' | '(' | ')' | ',' | '\'' | '"' | '*') || character.is_whitespace()
}

/// The length of what begins with `open`, up to the `close` that belongs to it, both included. Quoted text counts for nothing.
pub(super) fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let (mut depth, mut quote, mut is_escaped) = (0usize, None, false);
    for (at, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            is_escaped = quote.is_some();
        } else if let Some(quoted) = quote {
            quote = (character != quoted).then_some(quoted);
        } else if matches!(character, '\'' | '"') {
            quote = Some(character);
        } else if character == open {
            depth += 1;
        } else if character == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at + character.len_utf8());
            }
        }
    }
    None
}

/// Whether what stands in brackets leads to one place; none if it can't stand there.
fn brackets(inside: &str) -> Option<bool> {
    if inside == "*" {
        return Some(false);
    }
    if let Some(filter) = inside.strip_prefix('?').map(str::trim) {
        return (filter.starts_with('(') && filter.ends_with(')')).then_some(false);
    }
    if inside.starts_with('(') && inside.ends_with(')') {
        return Some(false);
    }
    let parts: Vec<&str> = split_unquoted(inside);
    let is_quoted =
        |part: &str| part.len() >= 2 && ["'", "\""].iter().any(|quote| part.starts_with(quote) && part.ends_with(quote));
    let is_number = |part: &str| {
        let digits = part.strip_prefix('-').unwrap_or(part);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_slice = |part: &str| {
        let ends: Vec<&str> = part.split(':').map(str::trim).collect();
        (2..=3).contains(&ends.len()) && ends.iter().all(|end| end.is_empty() || is_number(end))
    };
    if parts.iter().all(|part| is_quoted(part) || is_number(part)) {
        return Some(parts.len() == 1);
    }
    (parts.len() == 1 && is_slice(inside)).then_some(false)
}

fn split_unquoted(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, character) in text.char_indices() {
        match quote {
            Some(quoted) if quoted == character => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if character == ',' => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            None => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let parse = |text| JsonPath::parse(text).map(|path| (path.root, path.is_reference));
        for text in
            ["$", "$.a", "$.a.b[0]", "$['a b'][\"c\"]", "$.a-b_c", "$.store\u{fc}", "$[0][1]", "$.a[-1]", "$.a$b", "$.@timestamp"]
        {
            assert_eq!(parse(text), Ok((Root::Input, true)), "{text}");
        }
        for text in [
            "$.*",
            "$..a",
            "$.a[*]",
            "$.a[1:3]",
            "$.a[3:]",
            "$.a[:2]",
            "$.a['b','c']",
            "$.a[0,1]",
            "$..[0]",
            "$.a.length()",
            "$.a[?(@.b == 'x)]')].c",
            "$.a[?(@.b > 1 && @.c)]",
            "$.a[(@.length-1)]",
            "$.[?(@.year < 1999)].name",
            "$..*",
        ] {
            assert_eq!(parse(text), Ok((Root::Input, false)), "{text}");
        }
        assert_eq!(parse("$$.Execution.Id"), Ok((Root::Context, true)));
        assert_eq!(parse("$$"), Ok((Root::Context, true)));
        assert_eq!(parse("$order.items[0]"), Ok((Root::Variable("order"), true)));
    }

    #[test]
    fn what_is_no_path() {
        for text in [
            "", "a", ".guid", "..guid", "()", "$...", "$.", "$.a.", "$[", "$.a[", "$.a[]", "$.a[b]", "$.a b", "$.a]", "$$$",
            "bug$.a", "$.a[0", "$.a[?]",
        ] {
            assert!(JsonPath::parse(text).is_err(), "{text}");
        }
    }
}
