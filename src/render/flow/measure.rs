//! How wide a text is in a font that is not known: the sans-serif of whoever looks. Rather too wide than too narrow.

/// The widths of one em of 100, in the widest of the usual fonts.
fn advance(character: char) -> f64 {
    let hundredths = match character {
        'i' | 'j' | 'l' | '\'' | '|' | '!' | '.' | ',' | ':' | ';' | ' ' => 34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '\\' | 'I' | '-' => 42,
        'm' | 'M' | 'W' | '@' | '%' => 100,
        'w' | '<' | '>' | '=' | '+' | '→' | '×' => 84,
        'A'..='Z' | '_' | '&' | '#' => 76,
        ' '..='~' => 64,
        '\u{300}'..='\u{36f}' => 0,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' => 105,
        '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'.. => 140,
        _ => 72,
    };
    f64::from(hundredths) / 100.0
}

/// In pixels, at a font of `size` pixels.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// `text` in at most `most` lines that are no wider than `width`, broken where words end, else within them. What
/// is too much becomes `…`.
pub fn wrap(text: &str, size: f64, width: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let fits = |word: &str| text_width(word.trim_end(), size) <= width;
    let words = text.split_inclusive(' ').flat_map(|word| if fits(word) { vec![word] } else { parts(word) });
    for word in words {
        if !line.is_empty() && text_width(&line, size) + text_width(word.trim_end(), size) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for character in word.chars() {
            if !line.is_empty() && text_width(&line, size) + advance(character) * size > width && character != ' ' {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push(character);
        }
        if lines.len() > most {
            break;
        }
    }
    if !line.trim_end().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while text_width(last, size) + size > width && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}

/// Where a word that is too long may be broken: after a dash, an underscore, a dot and their like, and before a
/// capital that follows a small letter.
fn parts(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let is_hump = before.is_lowercase() && character.is_uppercase();
        if at > start && (is_hump || matches!(before, '-' | '_' | '/' | ':' | '.')) {
            words.extend(text.get(start..at));
            start = at;
        }
        before = character;
    }
    words.extend(text.get(start..));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped() {
        assert_eq!(wrap("RunTheNightlyReport", 13.0, 100.0, 2), ["RunThe", "NightlyReport"]);
        assert_eq!(wrap("short", 13.0, 100.0, 2), ["short"]);
        assert_eq!(wrap("", 13.0, 100.0, 2), Vec::<String>::new());
        let long = wrap(&"x".repeat(80), 13.0, 100.0, 2);
        assert_eq!(long.len(), 2);
        assert!(long[1].ends_with('…') && long.iter().all(|line| text_width(line, 13.0) <= 101.0), "{long:?}");
    }
}
