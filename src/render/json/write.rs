//! JSON as text. Characters that a terminal would obey are written as escapes, also those that JSON itself lets pass.

use std::io::{Result, Write};

use serde_json::Value as Json;

/// Over several lines, for people and files.
pub fn write_pretty(out: &mut dyn Write, json: &Json) -> Result<()> {
    write_harmless(out, &serde_json::to_string_pretty(json)?)
}

/// On one line, for streams.
pub fn write_line(out: &mut dyn Write, json: &Json) -> Result<()> {
    write_harmless(out, &serde_json::to_string(json)?)
}

fn write_harmless(out: &mut dyn Write, text: &str) -> Result<()> {
    let mut harmless = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        // Beyond ASCII a character can only stand inside a string, where every one may be escaped.
        if character > '~' && character.escape_debug().next() == Some('\\') {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                harmless.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            harmless.push(character);
        }
    }
    harmless.push('\n');
    out.write_all(harmless.as_bytes())
}
