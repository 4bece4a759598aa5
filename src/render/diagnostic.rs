//! Diagnostics with their source, the offending token underlined.
//!
//! ```text
//! error: unknown key `memroy`
//!  --> stack.toml:7:1
//!   |
//! 7 | memroy = 512
//!   | ^^^^^^
//!   |
//! help: write it so
//!   |
//! 7 - memroy = 512
//! 7 + memory = 512
//! ```

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::secret::SENSITIVE_VALUE;

/// Writes each of `diagnostics`, a blank line after each.
pub fn write(output: &mut (impl Write + ?Sized), diagnostics: &[Diagnostic], color: bool) -> io::Result<()> {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    for diagnostic in diagnostics {
        let excerpt = diagnostic.location.as_ref().map(|location| Excerpt::of(location, &diagnostic.concealed));
        let report = report(diagnostic, excerpt.as_ref());
        writeln!(output, "{}\n", renderer.render(&report))?;
    }
    Ok(())
}

/// `3 errors, 1 warning`; empty if there are none.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let counted =
        [(Severity::Error, "error"), (Severity::Warning, "warning")].into_iter().filter_map(|(severity, word)| match diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
        {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        });
    counted.collect::<Vec<_>>().join(", ")
}

fn report<'a>(diagnostic: &'a Diagnostic, excerpt: Option<&'a Excerpt>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut title = level.primary_title(neutralise(&diagnostic.message));
    if let Some(code) = diagnostic.code {
        title = title.id(code);
    }
    let mut group = title.elements(Vec::<Snippet<'_, Patch<'_>>>::new());
    if let Some(excerpt) = excerpt {
        let label = diagnostic.label.as_deref().map(neutralise);
        let annotation = AnnotationKind::Primary.span(excerpt.range.clone()).label(label);
        let snippet = Snippet::source(excerpt.text.as_str()).line_start(excerpt.line).fold(false).annotation(annotation);
        group = if excerpt.is_cut {
            let origin = Origin::path(excerpt.name.as_str()).line(excerpt.line).char_column(excerpt.column);
            group.element(origin).element(snippet)
        } else {
            group.element(snippet.path(excerpt.name.as_str()))
        };
    }
    group = group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(neutralise(help))));
    let mut groups = vec![group];
    if let (Some(replacement), Some(excerpt)) = (&diagnostic.replacement, excerpt) {
        let replacement = neutralise(replacement);
        if excerpt.is_cut || excerpt.is_concealed || excerpt.text.contains('\n') {
            // A patch of what is not shown says nothing; one of a cut line or of several lines would show more of the text than of the change.
            let help = Level::HELP.message(format!("write `{replacement}` in its place"));
            groups[0] = std::mem::replace(&mut groups[0], Group::with_level(Level::HELP)).element(help);
        } else {
            let patch = Patch::new(excerpt.range.clone(), replacement);
            let snippet = Snippet::source(excerpt.text.as_str()).line_start(excerpt.line).patch(patch);
            groups.push(Level::HELP.secondary_title("write it so").element(snippet));
        }
    }
    groups
}

/// The lines around a token, in a form that can't command a terminal.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The token in `text`.
    range: Range<usize>,
    /// Of the token's start, from 1.
    line: usize,
    column: usize,
    /// Whether the line is shown in part, or is longer or shorter than it was before the token.
    is_cut: bool,
    /// Whether something in the token is not to be shown.
    is_concealed: bool,
}

/// Tokens of more lines than this are underlined in their first line.
const MOST_LINES: usize = 5;

/// Of a longer line, this much is shown before and after the start of the token.
const MARGIN: usize = 100;
const LONGEST_LINE: usize = 300;

impl Excerpt {
    fn of(location: &Location, concealed: &[Range<usize>]) -> Self {
        let text = location.source.text.as_str();
        let start = text.floor_char_boundary(location.range.start.min(text.len()));
        let mut end = text.ceil_char_boundary(location.range.end.clamp(start, text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |found| found + 1);
        let first_end = text[start..].find('\n').map_or(text.len(), |found| start + found);
        if text[start..end].matches('\n').count() >= MOST_LINES {
            end = first_end;
        }
        let line_end = text[end..].find('\n').map_or(text.len(), |found| end + found);
        let (line, column) = location.line_and_column();
        let is_cut = line_end - line_start > LONGEST_LINE;
        let (shown_start, shown_end) = if is_cut {
            end = end.min(first_end).min(text.ceil_char_boundary((start + MARGIN).min(text.len())));
            let after = text.ceil_char_boundary((end + MARGIN).min(line_end));
            (text.floor_char_boundary(start.saturating_sub(MARGIN).max(line_start)), after.min(first_end).max(end))
        } else {
            (line_start, line_end)
        };
        let holds_concealed = |part: Range<usize>| concealed.iter().any(|it| it.start < part.end && part.start < it.end);
        let (is_moved, is_concealed) = (holds_concealed(line_start..start), holds_concealed(start..end));
        let mut shown = discreet(text, shown_start..start, concealed);
        // What is concealed around the start of the token stands for the token as well.
        let token = match discreet(text, start..end, concealed) {
            token if token.is_empty() && is_moved && shown.ends_with(SENSITIVE_VALUE) => {
                shown.truncate(shown.len() - SENSITIVE_VALUE.len());
                SENSITIVE_VALUE.to_owned()
            }
            token => token,
        };
        let range = shown.len()..shown.len() + token.len();
        shown.push_str(&token);
        let rest = text[end..shown_end].trim_end_matches('\r');
        shown.push_str(&discreet(text, end..end + rest.len(), concealed));
        let is_cut = is_cut || is_moved;
        Self { name: neutralise(&location.source.name), text: shown, range, line, column, is_cut, is_concealed }
    }
}

/// The `part` of `text`, harmless, and without what is concealed: in its place, where it begins, stands a word for it.
fn discreet(text: &str, part: Range<usize>, concealed: &[Range<usize>]) -> String {
    let mut ranges: Vec<&Range<usize>> = concealed.iter().collect();
    ranges.sort_by_key(|range| range.start);
    let mut shown = String::new();
    let mut at = part.start;
    for range in ranges {
        if range.start >= part.end || range.end <= at {
            continue;
        }
        shown.push_str(&neutralise(&text[at..range.start.max(at)]));
        if range.start >= at {
            shown.push_str(SENSITIVE_VALUE);
        }
        at = range.end.min(part.end);
    }
    shown.push_str(&neutralise(&text[at..part.end]));
    shown
}

/// `text` with every character that a terminal obeys, or that reorders what stands around it, made visible.
pub fn neutralise(text: &str) -> String {
    let mut neutral = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // Tabs are spread out by the renderer, which then still counts them as one column.
            '\n' | '\t' => neutral.push(character),
            // A line may end in CR LF; anywhere else a CR goes back over what is written.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\0'..='\u{1f}' => neutral.extend(char::from_u32(0x2400 + u32::from(character))),
            '\u{7f}' => neutral.push('\u{2421}'),
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => neutral.push('\u{fffd}'),
            other => neutral.push(other),
        }
    }
    neutral
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::Source;

    fn rendered(text: &str, token: &str, change: impl Fn(Diagnostic) -> Diagnostic) -> String {
        let start = text.find(token).expect("the token is in the text");
        let source = Arc::new(Source { name: "stack.toml".into(), text: text.into() });
        let location = Location { source, range: start..start + token.len() };
        let mut output = Vec::new();
        write(&mut output, &[change(Diagnostic::error("something is wrong").at(location))], false).expect("it is written");
        String::from_utf8(output).expect("UTF-8")
    }

    fn check(actual: &str, expected: Expect) {
        expected.assert_eq(actual);
    }

    #[test]
    fn a_token_with_its_replacement() {
        let change = |diagnostic: Diagnostic| diagnostic.label("here").help("do this").help("or that").replacement("memory");
        check(
            &rendered("[a]\nüber = 1\nmemroy = 512\n", "memroy", change),
            expect![[r#"
            error: something is wrong
             --> stack.toml:3:1
              |
            3 | memroy = 512
              | ^^^^^^ here
              |
              = help: do this
              = help: or that
            help: write it so
              |
            3 - memroy = 512
            3 + memory = 512
              |

        "#]],
        );
    }

    #[test]
    fn what_is_concealed_is_not_shown() {
        let text = "p = { sensitve = true, default = \"hunter2\" } # ü\n";
        let secret = text.find("\"hunter2\"").map(|start| start..start + 9).expect("it is there");
        let conceal = |token: &str| {
            let concealed = vec![secret.clone()];
            let output = rendered(text, token, |found| Diagnostic { concealed: concealed.clone(), ..found.replacement("x") });
            assert!(!output.contains("hunter"), "{output}");
            output
        };
        check(
            &conceal("sensitve"),
            expect![[r#"
                error: something is wrong
                 --> stack.toml:1:7
                  |
                1 | p = { sensitve = true, default = (sensitive value) } # ü
                  |       ^^^^^^^^
                  |
                help: write it so
                  |
                1 - p = { sensitve = true, default = (sensitive value) } # ü
                1 + p = { x = true, default = (sensitive value) } # ü
                  |

            "#]],
        );
        check(
            &conceal("# ü"),
            expect![[r#"
                error: something is wrong
                 --> stack.toml:1:46
                  |
                 ::: 
                1 | p = { sensitve = true, default = (sensitive value) } # ü
                  |                                                      ^^^
                  |
                  = help: write `x` in its place

            "#]],
        );
        check(
            &conceal("hunter2"),
            expect![[r#"
                error: something is wrong
                 --> stack.toml:1:35
                  |
                 ::: 
                1 | p = { sensitve = true, default = (sensitive value) } # ü
                  |                                  ^^^^^^^^^^^^^^^^^
                  |
                  = help: write `x` in its place

            "#]],
        );
    }

    #[test]
    fn hostile_characters_are_harmless() {
        let output = rendered("a = \"\u{1b}[31m\u{9b}2J\0\u{202e}x\"\r\n", "x", |diagnostic| {
            diagnostic.help("\u{1b}]0;owned\u{7}").label("\u{8}").replacement("\u{1b}[2J")
        });
        assert!(!output.contains(['\u{1b}', '\u{9b}', '\0', '\u{202e}', '\u{7}', '\u{8}', '\r']), "{output:?}");
        check(
            &output,
            expect![[r#"
                error: something is wrong
                 --> stack.toml:1:16
                  |
                1 | a = "␛[31m�2J␀�x"
                  |                ^ ␈
                  |
                  = help: ␛]0;owned␇
                help: write it so
                  |
                1 - a = "␛[31m�2J␀�x"
                1 + a = "␛[31m�2J␀�␛[2J"
                  |

            "#]],
        );
    }

    #[test]
    fn a_long_line_is_cut_and_its_column_right() {
        let text = format!("key = \"{}TOKEN{}\"", "x".repeat(100_000), "y".repeat(100_000));
        check(
            &rendered(&text, "TOKEN", |diagnostic| diagnostic.replacement("other")),
            expect![[r#"
            error: something is wrong
             --> stack.toml:1:100008
              |
             ::: 
            1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxTOKENyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
              |                                                                                                     ^^^^^
              |
              = help: write `other` in its place

        "#]],
        );
    }

    #[test]
    fn a_token_of_many_lines() {
        check(
            &rendered("a = [\n1,\n2,\n3,\n4,\n5,\n6]\n", "[\n1,\n2,\n3,\n4,\n5,\n6]", |it| it),
            expect![[r#"
            error: something is wrong
             --> stack.toml:1:5
              |
            1 | a = [
              |     ^

        "#]],
        );
        check(
            &rendered("a = [\n1]\n", "[\n1]", |it| it),
            expect![[r#"
            error: something is wrong
             --> stack.toml:1:5
              |
            1 |   a = [
              |  _____^
            2 | | 1]
              | |__^

        "#]],
        );
    }

    #[test]
    fn ranges_outside_the_text() {
        let source = Arc::new(Source { name: "\u{1b}".into(), text: "ü".into() });
        for range in [0..0, 1..1, 1..5, 7..9, 2..2] {
            let location = Location { source: source.clone(), range };
            let diagnostics = [Diagnostic::warning("w").at(location)];
            assert!(write(&mut Vec::new(), &diagnostics, true).is_ok());
            assert_eq!(count(&diagnostics), "1 warning");
        }
    }
}
