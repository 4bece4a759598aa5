//! A text inside a source that knows which bytes of the source it came from.
//!
//! What a string token says and how it is spelt differ by its escapes. A diagnostic about a reference
//! in the middle of a string, or about a comma in JSON inside a string, has to underline the spelling:
//!
//! ```text
//! source   command = "say \"${var.imge}\""
//! text                say "${var.imge}"        locate(9..13) ──► `imge` in the source
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Location, Source};

/// A text and where it stands.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says, escapes undone.
    pub text: String,
    source: Arc<Source>,
    /// The token in the source, quotes included.
    token: Range<usize>,
    /// From each of these offsets of `text` on, the source is verbatim. Empty where the spelling is not understood.
    runs: Vec<Run>,
}

/// From the offset `said` of the text on, the source reads the same from `spelt` on.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub said: usize,
    pub spelt: usize,
}

impl Text {
    /// The whole of a source.
    pub fn of_source(source: &Arc<Source>) -> Self {
        Self {
            text: source.text.clone(),
            source: source.clone(),
            token: 0..source.text.len(),
            runs: vec![Run { said: 0, spelt: 0 }],
        }
    }

    /// A text that the user did not write: the whole of `location` stands for it.
    pub fn unwritten(location: &Location, text: &str) -> Self {
        Self { text: text.to_owned(), source: location.source.clone(), token: location.range.clone(), runs: Vec::new() }
    }

    /// The string token of a TOML source that says `text`.
    pub fn of_toml(source: &Arc<Source>, token: Range<usize>, text: &str) -> Self {
        let spelling = source.text.get(token.clone()).unwrap_or_default();
        let runs = match decode_toml(spelling) {
            Some((decoded, mut runs)) if decoded == text => {
                runs.iter_mut().for_each(|run| run.spelt += token.start);
                runs
            }
            _ => Vec::new(),
        };
        Self { text: text.to_owned(), source: source.clone(), token, runs }
    }

    /// A string token inside this text, as in JSON; `token` and `runs` are offsets of this text.
    pub fn inner(&self, token: Range<usize>, text: String, runs: &[Run]) -> Self {
        let mut mapped = Vec::new();
        if !self.runs.is_empty() {
            for (position, run) in runs.iter().enumerate() {
                let end = runs.get(position + 1).map_or(text.len(), |next| next.said);
                mapped.push(Run { said: run.said, spelt: self.position(run.spelt) });
                // What is verbatim here need not be so one level further out.
                if self.runs.len() > 1 {
                    let rest = text.get(run.said..end).unwrap_or_default();
                    mapped.extend(
                        rest.char_indices()
                            .skip(1)
                            .map(|(at, _)| Run { said: run.said + at, spelt: self.position(run.spelt + at) }),
                    );
                }
            }
        }
        Self { token: self.locate(token).range, text, source: self.source.clone(), runs: mapped }
    }

    /// The whole token.
    pub fn location(&self) -> Location {
        Location { source: self.source.clone(), range: self.token.clone() }
    }

    /// The bytes of the source that spell `range` of the text; the whole token where that can't be told.
    pub fn locate(&self, range: Range<usize>) -> Location {
        if self.runs.is_empty() {
            return self.location();
        }
        let start = self.position(range.start);
        Location { source: self.source.clone(), range: start..self.position(range.end).max(start) }
    }

    fn position(&self, offset: usize) -> usize {
        let after = self.runs.partition_point(|run| run.said <= offset);
        let Some(run) = after.checked_sub(1).and_then(|at| self.runs.get(at)) else { return self.token.start };
        let limit = self.runs.get(after).map_or(self.token.end, |next| next.spelt);
        (run.spelt + (offset - run.said)).min(limit)
    }
}

/// Undoes the escapes of a TOML string token. `None` for what is not one.
fn decode_toml(spelling: &str) -> Option<(String, Vec<Run>)> {
    let (quote, is_basic) = match spelling.as_bytes().first()? {
        b'"' => ("\"\"\"", true),
        b'\'' => ("'''", false),
        _ => return None,
    };
    let is_multi_line = spelling.len() >= 6 && spelling.starts_with(quote) && spelling.ends_with(quote);
    let width = if is_multi_line { 3 } else { 1 };
    let end = spelling.len().checked_sub(width)?;
    let mut at = width;
    if is_multi_line {
        // A line break right after the opening quotes is no part of the text.
        at += match spelling.get(at..)? {
            rest if rest.starts_with("\r\n") => 2,
            rest if rest.starts_with('\n') => 1,
            _ => 0,
        };
    }
    let mut decoded = String::new();
    let mut runs = vec![Run { said: 0, spelt: at }];
    while at < end {
        let rest = spelling.get(at..end)?;
        let character = rest.chars().next()?;
        if character != '\\' || !is_basic {
            decoded.push(character);
            at += character.len_utf8();
            continue;
        }
        runs.push(Run { said: decoded.len(), spelt: at });
        let (replacement, length) = decode_escape(rest)?;
        decoded.extend(replacement);
        at += length;
        runs.push(Run { said: decoded.len(), spelt: at });
    }
    Some((decoded, runs))
}

/// What the escape at the start of `rest` stands for, and its length. A line continuation stands for nothing.
fn decode_escape(rest: &str) -> Option<(Option<char>, usize)> {
    let hexadecimal = |digits: usize| {
        let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    match rest.as_bytes().get(1)? {
        b'b' => Some((Some('\u{8}'), 2)),
        b't' => Some((Some('\t'), 2)),
        b'n' => Some((Some('\n'), 2)),
        b'f' => Some((Some('\u{c}'), 2)),
        b'r' => Some((Some('\r'), 2)),
        b'e' => Some((Some('\u{1b}'), 2)),
        b'"' => Some((Some('"'), 2)),
        b'\\' => Some((Some('\\'), 2)),
        b'x' => hexadecimal(2),
        b'u' => hexadecimal(4),
        b'U' => hexadecimal(8),
        b' ' | b'\t' | b'\r' | b'\n' => {
            let tail = rest.get(1..)?;
            Some((None, 1 + tail.len() - tail.trim_start_matches([' ', '\t', '\r', '\n']).len()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling_of(token: &str, text: &str, part: &str) -> String {
        let source = Arc::new(Source { name: "s".into(), text: format!("key = {token}") });
        let found = Text::of_toml(&source, 6..source.text.len(), text);
        let start = text.find(part).expect("the part is in the text");
        let location = found.locate(start..start + part.len());
        source.text[location.range].to_owned()
    }

    #[test]
    fn finds_the_spelling_behind_escapes() {
        assert_eq!(spelling_of(r#""plain text""#, "plain text", "text"), "text");
        assert_eq!(spelling_of(r#""a\"b\u00e9c${x}""#, "a\"béc${x}", "${x}"), "${x}");
        assert_eq!(spelling_of(r#""a\"b""#, "a\"b", "\""), "\\\"");
        assert_eq!(spelling_of("'''\na\nbc'''", "a\nbc", "bc"), "bc");
        assert_eq!(spelling_of("\"\"\"a \\\n   b\"\"\"", "a b", "b"), "b");
    }

    #[test]
    fn falls_back_to_the_whole_token() {
        assert_eq!(spelling_of("\"x\"", "something else", "else"), "\"x\"");
    }
}
