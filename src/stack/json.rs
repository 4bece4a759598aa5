//! JSON with places: documents beside the stack file, and JSON inside TOML strings.
//!
//! `serde_json` knows neither where a value stood nor that a key stood twice, hence a reader of our own.

use std::collections::HashMap;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::diagnostic::{Diagnostic, Location};
use crate::stack::node::{Content, DEEPEST, Entry, Node};
use crate::stack::text::{Run, Text};

/// The tree of the JSON in `text`. Repeated keys are reported, as is the first syntax error, for which there is no tree.
pub fn read(text: &Text, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    if let Some(diagnostic) = percent_encoded(text) {
        diagnostics.push(diagnostic);
        return None;
    }
    // A byte order mark is no part of JSON, but editors leave it there.
    let start = if text.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at: start, diagnostics };
    let node = reader.value(0).and_then(|node| {
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.unexpected("the end of the document")),
        }
    });
    match node {
        Ok(node) => Some(node),
        Err(problem) => {
            let mut diagnostic = Diagnostic::error(format!("JSON syntax: {}", problem.message)).at(text.locate(problem.range));
            diagnostic.help.extend(problem.help.map(str::to_owned));
            diagnostics.push(diagnostic);
            None
        }
    }
}

/// Says so, if `text` is an object as IAM's API hands it out: `%7B%22Version%22…`.
pub fn percent_encoded(text: &Text) -> Option<Diagnostic> {
    let encoded = text.text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
    if !encoded.starts_with('%') || !percent_decode_str(encoded).decode_utf8_lossy().trim_start().starts_with('{') {
        return None;
    }
    let start = text.text.len() - encoded.len();
    let diagnostic = Diagnostic::error("the document is percent-encoded, as IAM's API returns policies");
    let diagnostic = diagnostic.at(text.locate(start..start + "%7B".len()));
    Some(diagnostic.help("decode it first, so that it begins with `{`; the AWS CLI prints policies decoded"))
}

struct Problem {
    message: String,
    range: Range<usize>,
    help: Option<&'static str>,
}

struct Reader<'a> {
    text: &'a Text,
    at: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.text.get(self.at..)?.chars().next()
    }

    fn skip_space(&mut self) {
        while let Some(' ' | '\t' | '\r' | '\n') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `character`, if it is next.
    fn take(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.at += character.len_utf8();
        }
        found
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let Some(found) = self.peek() else {
            return Problem {
                message: format!("the text ends where {wanted} should stand"),
                range: self.at..self.at,
                help: None,
            };
        };
        let help = match found {
            '$' => {
                Some("a reference stands inside a string, as in \"${var.seconds}\"; alone in it, it takes the value's own type")
            }
            '\'' => Some("JSON strings stand in double quotes"),
            '/' | '#' => Some("JSON has no comments"),
            '}' | ']' => Some("JSON takes no comma after the last element"),
            _ => None,
        };
        Problem {
            message: format!("found `{}` where {wanted} should stand", found.escape_debug()),
            range: self.at..self.at + found.len_utf8(),
            help,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        self.skip_space();
        let start = self.at;
        if depth > DEEPEST {
            let message = format!("more than {DEEPEST} objects and arrays within each other");
            return Err(Problem { message, range: start..start, help: None });
        }
        let content = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Content::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('t') if self.word("true") => Content::Boolean(true),
            Some('f') if self.word("false") => Content::Boolean(false),
            Some('n') if self.word("null") => Content::Null,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { location: self.text.locate(start..self.at), content })
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn object(&mut self, depth: usize) -> Result<Content, Problem> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<String, Location> = HashMap::new();
        self.skip_space();
        if self.take('}') {
            return Ok(Content::Table(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some('"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(':') {
                return Err(self.unexpected("`:`"));
            }
            let value = self.value(depth + 1)?;
            if let Some(first) = known.get(&key.text) {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{}` is written twice in one object", key.text))
                        .at(key.location())
                        .help(format!("it stands in line {} already; keep one of them", first.line_and_column().0)),
                );
            } else {
                known.insert(key.text.clone(), key.location());
                entries.push(Entry { key_location: key.location(), key: key.text, value });
            }
            self.skip_space();
            if self.take('}') {
                return Ok(Content::Table(entries));
            }
            if !self.take(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Content, Problem> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(']') {
            return Ok(Content::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(']') {
                return Ok(Content::List(items));
            }
            if !self.take(',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn number(&mut self) -> Result<Content, Problem> {
        let rest = &self.text.text[self.at..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let range = self.at..self.at + length;
        let parsed = serde_json::from_str::<serde_json::Number>(&rest[..length]);
        self.at = range.end;
        parsed.map(Content::Number).map_err(|_| {
            let written: String = self.text.text[range.clone()].chars().take(40).collect();
            Problem { message: format!("`{written}` is not a number of JSON"), range, help: None }
        })
    }

    fn string(&mut self) -> Result<Text, Problem> {
        let opening = self.at;
        self.at += 1;
        let mut said = String::new();
        let mut runs = vec![Run { said: 0, spelt: self.at }];
        loop {
            let start = self.at;
            match self.peek() {
                None => {
                    let message = "a string without its closing quote".to_owned();
                    return Err(Problem { message, range: opening..opening + 1, help: None });
                }
                Some('"') => break,
                Some('\\') => {
                    runs.push(Run { said: said.len(), spelt: start });
                    said.push(self.escape()?);
                    runs.push(Run { said: said.len(), spelt: self.at });
                }
                Some(character) if character < ' ' => {
                    let help = Some("write a line break as \\n and a tab as \\t");
                    let message = "a control character inside a string".to_owned();
                    return Err(Problem { message, range: start..start + 1, help });
                }
                Some(character) => {
                    said.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
        self.at += 1;
        Ok(self.text.inner(opening..self.at, said, &runs))
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let start = self.at;
        self.at += 1;
        let simple = match self.peek() {
            Some(character @ ('"' | '\\' | '/')) => Some(character),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            _ => None,
        };
        if let Some(character) = simple {
            self.at += 1;
            return Ok(character);
        }
        let high = self.code_unit();
        let code = match high {
            // Two halves make one character beyond the first plane.
            Some(high @ 0xD800..0xDC00) if self.text.text[self.at..].starts_with('\\') => {
                self.at += 1;
                self.code_unit()
                    .filter(|low| (0xDC00..0xE000).contains(low))
                    .map(|low| 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            }
            other => other,
        };
        code.and_then(char::from_u32).ok_or_else(|| {
            let end = self.text.text.ceil_char_boundary(self.at.max(start + 2).min(self.text.text.len()));
            Problem { message: "an escape that JSON does not know".to_owned(), range: start..end, help: None }
        })
    }

    /// The code unit whose four hexadecimal digits stand here behind a `u`; `None`, and nothing is read, if they do not.
    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.text.text.get(self.at..self.at + 5)?.strip_prefix('u')?;
        let code = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?;
        self.at += 5;
        code
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn problems(json: &str) -> Vec<String> {
        let source = Arc::new(Source { name: "d.json".into(), text: json.into() });
        let mut diagnostics = Vec::new();
        read(&Text::of_source(&source), &mut diagnostics);
        let place = |found: &Diagnostic| found.location.as_ref().map(|at| at.range.clone()).unwrap_or_default();
        diagnostics.iter().map(|found| format!("{:?} {}", place(found), found.message)).collect()
    }

    #[test]
    fn places_of_mistakes() {
        assert_eq!(problems("{\"a\": [1, -2.5e3, null, true, \"\\u00e9\\ud83d\\ude00\"]}\n"), Vec::<String>::new());
        assert_eq!(problems("{\"a\": 1, \"a\": 2}"), ["9..12 `a` is written twice in one object"]);
        assert_eq!(problems("{\"a\": 1,}"), ["8..9 JSON syntax: found `}` where a key in double quotes should stand"]);
        assert_eq!(problems("[1 2]"), ["3..4 JSON syntax: found `2` where `,` or `]` should stand"]);
        assert_eq!(problems(""), ["0..0 JSON syntax: the text ends where a value should stand"]);
        assert_eq!(problems("[01]"), ["1..3 JSON syntax: `01` is not a number of JSON"]);
        assert_eq!(problems("\"\\x\""), ["1..3 JSON syntax: an escape that JSON does not know"]);
        assert_eq!(problems(&"[".repeat(100_000)).len(), 1);
    }
}
