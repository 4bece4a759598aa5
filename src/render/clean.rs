//! Text that may come from anywhere, made harmless for a terminal.

/// `text` with everything that does not print (escape sequences, line breaks, direction marks) written as an escape.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for piece in text.split_inclusive(['\'', '"', '\\']) {
        // `escape_debug` would escape these three as well, which only a quoted string needs.
        let (printable, mark) = match piece.char_indices().last() {
            Some((at, mark @ ('\'' | '"' | '\\'))) => (&piece[..at], Some(mark)),
            _ => (piece, None),
        };
        cleaned.extend(printable.escape_debug());
        cleaned.extend(mark);
    }
    cleaned
}

/// `text` as a string of TOML and JSON would be written, and harmless.
pub(crate) fn quoted(text: &str) -> String {
    let pieces: Vec<String> = text.split('\'').map(|piece| piece.escape_debug().to_string()).collect();
    format!("\"{}\"", pieces.join("'"))
}

/// How many columns `text` takes on a terminal: letters of East Asia take two, marks that combine take none.
pub(crate) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// The beginning of `text` that takes at most so many columns.
pub(crate) fn beginning(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let mut buffer = [0; 4];
    let end = text.char_indices().find(|(_, character)| {
        taken += width(character.encode_utf8(&mut buffer));
        taken > columns
    });
    end.map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\nc\u{9b}31m\u{202e}\u{7}'\"\\é";
        assert_eq!(clean(hostile), "a\\u{1b}[2Jb\\r\\nc\\u{9b}31m\\u{202e}\\u{7}'\"\\é");
        assert_eq!(width("日本é"), 5);
        assert_eq!(["日本é", "a日本"].map(|text| beginning(text, 4)), ["日本", "a日"]);
        assert_eq!(quoted(hostile), "\"a\\u{1b}[2Jb\\r\\nc\\u{9b}31m\\u{202e}\\u{7}'\\\"\\\\é\"");
    }
}
