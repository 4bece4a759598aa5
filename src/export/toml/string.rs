//! Keys and strings of TOML.

/// `key` bare where TOML allows it, else in quotes.
pub fn key(key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_bare { key.to_owned() } else { string(key) }
}

/// `text` on one line: as it is between single quotes where that spares escapes, else with escapes.
pub fn string(text: &str) -> String {
    let is_literal = text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(must_be_escaped);
    if is_literal {
        return format!("'{text}'");
    }
    let mut escaped = String::with_capacity(text.len() + 2);
    escaped.push('"');
    text.chars().for_each(|character| push_escaped(&mut escaped, character));
    escaped.push('"');
    escaped
}

/// `text` over several lines as it reads, if it has several and none that would be hard to see or to read back.
pub fn lines(text: &str) -> Option<String> {
    // The reader takes a line of so many dots for a key that is too deep.
    const MOST_DOTS: usize = 16;
    let is_plain = |line: &str| !line.ends_with([' ', '\t', '\r']) && line.matches('.').count() <= MOST_DOTS;
    if !text.contains('\n') || !text.split('\n').all(is_plain) {
        return None;
    }
    let mut written = String::from("\"\"\"\n");
    let mut quotes = 0;
    for character in text.chars() {
        quotes = if character == '"' { quotes + 1 } else { 0 };
        match character {
            '\n' => written.push('\n'),
            // Three in a row would end the string.
            '"' if quotes < 3 => written.push('"'),
            '"' => {
                quotes = 0;
                written.push_str("\\\"");
            }
            other => push_escaped(&mut written, other),
        }
    }
    if written.ends_with('"') && !written.ends_with("\\\"") && !text.is_empty() && text.ends_with('"') {
        written.pop();
        written.push_str("\\\"");
    }
    written.push_str("\"\"\"");
    Some(written)
}

fn push_escaped(written: &mut String, character: char) {
    match character {
        '"' => written.push_str("\\\""),
        '\\' => written.push_str("\\\\"),
        '\n' => written.push_str("\\n"),
        '\r' => written.push_str("\\r"),
        '\t' => written.push_str("\\t"),
        other if must_be_escaped(other) => {
            let code = u32::from(other);
            written.push_str(&if code > 0xffff { format!("\\U{code:08X}") } else { format!("\\u{code:04X}") });
        }
        other => written.push(other),
    }
}

/// What TOML can't hold as it is, and what an editor would show wrongly: controls, marks of direction, a byte order mark.
fn must_be_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
