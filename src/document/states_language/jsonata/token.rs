//! Text → tokens.

use crate::document::states_language::jsonata::JsonataError;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Operator(&'static str),
    Name(String),
    Variable(String),
    /// A number, `true`, `false`, `null`.
    Value,
    Text,
    Regex,
    End,
}

impl Token {
    /// As a message shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Operator(sign) => (*sign).to_owned(),
            Self::Name(name) => name.clone(),
            Self::Variable(name) => format!("${name}"),
            Self::Value | Self::Text => "value".to_owned(),
            Self::Regex => "regex".to_owned(),
            Self::End => "(end)".to_owned(),
        }
    }
}

/// The longer ones first.
const OPERATORS: [&str; 33] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+",
    "-", "*", "/", "%", "|", "=", "<", ">", "^", "&",
];
/// Of one character, these end a name too, though they are no operators by themselves.
const LONE: [char; 2] = ['!', '~'];
/// Any other space is a character of a name.
const SPACES: [char; 5] = [' ', '\t', '\n', '\r', '\u{b}'];

pub struct Tokens<'a> {
    text: &'a str,
    pub at: usize,
}

fn problem(message: impl Into<String>, at: usize) -> JsonataError {
    JsonataError { message: message.into(), at }
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> Result<(), JsonataError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(SPACES);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("/*") {
                return Ok(());
            }
            let length = trimmed.find("*/").ok_or_else(|| problem("Comment has no closing tag", self.at))?;
            self.at += length + 2;
        }
    }

    /// The next token; where an operand is wanted, `/` begins a regular expression.
    pub fn next(&mut self, is_operand_wanted: bool) -> Result<(Token, usize), JsonataError> {
        self.skip_space()?;
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start)) };
        if is_operand_wanted && first == '/' {
            return self.regex().map(|token| (token, start));
        }
        if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            self.at += operator.len();
            return Ok((Token::Operator(operator), start));
        }
        let token = match first {
            '"' | '\'' => self.string(first)?,
            '`' => {
                let length = rest[1..]
                    .find('`')
                    .ok_or_else(|| problem("Quoted property name must be terminated with a backquote (`)", start))?;
                self.at += length + 2;
                Token::Name(rest[1..=length].to_owned())
            }
            '0'..='9' => {
                let number = &rest[..number_length(rest)];
                if number.parse().is_ok_and(f64::is_infinite) {
                    return Err(problem(format!("Number out of range: {number}"), start));
                }
                self.at += number.len();
                Token::Value
            }
            '!' | '~' => return Err(problem(format!("The symbol \"{first}\" cannot be used as a unary operator"), start)),
            _ => {
                let is_end = |c: char| {
                    SPACES.contains(&c) || LONE.contains(&c) || OPERATORS.iter().any(|operator| operator.starts_with(c))
                };
                let length = rest.find(is_end).unwrap_or(rest.len());
                self.at += length;
                match &rest[..length] {
                    "or" => Token::Operator("or"),
                    "in" => Token::Operator("in"),
                    "and" => Token::Operator("and"),
                    "true" | "false" | "null" => Token::Value,
                    word => match word.strip_prefix('$') {
                        Some(name) => Token::Variable(name.to_owned()),
                        None => Token::Name(word.to_owned()),
                    },
                }
            }
        };
        Ok((token, start))
    }

    fn string(&mut self, quote: char) -> Result<Token, JsonataError> {
        let start = self.at;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.at = start + at + 1;
                return Ok(Token::Text);
            }
            if character != '\\' {
                continue;
            }
            match characters.next() {
                Some((_, '"' | '\'' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {}
                Some((_, 'u')) => {
                    let digits = characters.by_ref().take(4).filter(|(_, digit)| digit.is_ascii_hexdigit()).count();
                    if digits < 4 {
                        let message = "The escape sequence \\u must be followed by 4 hex digits";
                        return Err(problem(message, start + at));
                    }
                }
                Some((_, other)) => return Err(problem(format!("unsupported escape sequence: \\{other}"), start + at)),
                None => break,
            }
        }
        Err(problem("String literal must be terminated by a matching quote", start))
    }

    fn regex(&mut self) -> Result<Token, JsonataError> {
        let start = self.at;
        let (mut depth, mut is_escaped) = (0i32, false);
        for (at, character) in self.rest().char_indices().skip(1) {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '/' if depth == 0 => {
                    if at == 1 {
                        return Err(problem("Empty regular expressions are not allowed", start));
                    }
                    let after = start + at + 1;
                    let flags = self.text[after..].chars().take_while(|flag| matches!(flag, 'i' | 'm')).count();
                    self.at = after + flags;
                    return Ok(Token::Regex);
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        Err(problem("No terminating / in regular expression", start))
    }
}

/// Of a number: digits, a fraction, an exponent. A `.` without a digit behind it is an operator.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    // JSON has no leading zeros; what follows one is a token of its own.
    let mut length = if bytes[0] == b'0' { 1 } else { digits(0) };
    if bytes.get(length) == Some(&b'.') {
        match digits(length + 1) {
            0 => return length,
            count => length += 1 + count,
        }
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let count = bytes.get(length + 1 + sign..).map_or(0, |_| digits(length + 1 + sign));
        if count > 0 {
            length += 1 + sign + count;
        }
    }
    length
}
