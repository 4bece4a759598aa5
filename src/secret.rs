//! Sensitive texts, and how to take them out of what others say.
//!
//! A refusal quotes what it refuses in whichever form it got it: as it is, as a string of JSON inside a request,
//! percent-encoded by IAM, escaped for HTML or XML. [`without`] knows these forms:
//!
//! ```text
//! said     {"Password":"a\"b"} is not allowed, see ?password=a%22b
//! shown    {"Password":"(sensitive value)"} is not allowed, see ?password=(sensitive value)
//! ```

use std::collections::BTreeSet;
use std::fmt;

/// What stands in the place of a sensitive text.
pub const SENSITIVE_VALUE: &str = "(sensitive value)";

/// A sensitive text. Its digest is written down; its clear text only ever travels to AWS.
#[derive(Clone)]
pub struct Secret {
    /// The text, absent where the secret was read back from a state file.
    clear: Option<String>,
    /// A keyed digest: equal digests under one key mean equal texts.
    digest: String,
    /// The sensitive texts that the text was made of, where it is more than one of them: AWS may quote them alone.
    sources: Vec<String>,
}

impl Secret {
    pub fn new(clear: String, digest: String) -> Self {
        Self { clear: Some(clear), digest, sources: Vec::new() }
    }

    /// A secret of which only the digest is known.
    pub fn sealed(digest: String) -> Self {
        Self { clear: None, digest, sources: Vec::new() }
    }

    /// A longer text with other secrets in it.
    pub fn made_of<'a>(clear: String, digest: String, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let sources = secrets.into_iter().flat_map(Secret::texts).map(str::to_owned).collect();
        Self { clear: Some(clear), digest, sources }
    }

    /// The text. For requests to AWS alone.
    pub fn reveal(&self) -> Option<&str> {
        self.clear.as_deref()
    }

    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Everything that must not be shown: the text and what it was made of.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.clear.iter().chain(&self.sources).map(String::as_str)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Secret {}

/// What is shorter than this would be found in any text, and is no secret.
const SHORTEST: usize = 3;

/// A line of a longer secret, as of a private key, is looked for by itself from this length on.
const SHORTEST_LINE: usize = 8;

/// `text` without any of `secrets`, in whichever form it tells them.
pub fn without<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    Veil::of(secrets).hide(text)
}

/// The forms of some secrets, for many texts.
#[derive(Clone, Default)]
pub struct Veil(Vec<String>);

impl Veil {
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut forms = BTreeSet::new();
        for secret in secrets.into_iter().flat_map(Secret::texts) {
            let lines = secret.lines().filter(|line| line.trim().len() >= SHORTEST_LINE);
            // AWS takes white space off both ends of some texts.
            for text in [secret, secret.trim()].into_iter().chain(lines.map(str::trim)) {
                forms.extend(forms_of(text));
            }
        }
        // A longer one may hold a shorter one.
        let mut forms: Vec<String> = forms.into_iter().filter(|form| form.len() >= SHORTEST).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    /// `text` without any of them.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| text.replace(form, SENSITIVE_VALUE))
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil")
    }
}

/// `secret` as others may write it: in a document or not, and that in one of the spellings of the message around it.
fn forms_of(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for text in [secret.to_owned(), json(secret, false), json(secret, true)] {
        forms.extend([json(&text, false), json(&text, true)].into_iter().flat_map(|json| {
            let python = json.replace("\\\"", "\"");
            [json.replace('/', "\\/"), python.replace('\'', "\\'"), python, json]
        }));
        forms.extend([text.escape_debug().to_string(), text.escape_default().to_string()]);
        forms.extend(["&#39;", "&#x27;", "&apos;"].map(|apostrophe| html(&text, apostrophe)));
        for kept in ["-_.~", "-_.~/", "-_.!~*'()"] {
            let encoded = percent(&text, kept);
            forms.extend([encoded.replace("%20", "+"), lower_digits(&encoded), encoded]);
        }
        forms.push(base64(text.as_bytes()));
        forms.extend((0..3).map(|before| inside_base64(&text, before)).filter(|form| form.len() >= SHORTEST_LINE));
        forms.push(text);
    }
    forms
}

/// The inside of a JSON string; with `is_ascii`, as the encoders write it that escape all else.
fn json(text: &str, is_ascii: bool) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if !is_ascii {
        return inside.to_owned();
    }
    let mut escaped = String::new();
    for character in inside.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

/// Percent-encoded, letters, digits and `kept` apart.
fn percent(text: &str, kept: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match char::from(byte) {
            plain if plain.is_ascii_alphanumeric() || kept.contains(plain) => encoded.push(plain),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// `%3D` as `%3d`.
fn lower_digits(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let (digits, rest) = piece.split_at(piece.len().min(2));
        format!("{text}%{}{rest}", digits.to_lowercase())
    })
}

fn html(text: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', apostrophe)
}

/// What of the base64 of a longer text is certain, where `before` bytes and any number of threes stand before `text`.
fn inside_base64(text: &str, before: usize) -> String {
    let bytes = [&[0].repeat(before), text.as_bytes()].concat();
    let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    base64(&bytes).get(first..last).unwrap_or_default().to_owned()
}

/// Without padding, which a longer text would not have.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for bytes in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(bytes.get(at).copied().unwrap_or_default()));
        for digit in 0..=bytes.len() {
            let index = (number >> (18 - 6 * digit)) & 63;
            encoded.extend(DIGITS.get(index as usize).map(|digit| char::from(*digit)));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: &str = "p\"ä s/<w>'\n& 100%=x";

    fn masked(text: &str) -> String {
        let secret = Secret::new(AWKWARD.to_owned(), "digest".to_owned());
        without(text, [&secret])
    }

    #[test]
    fn every_form_is_known() {
        for form in [
            AWKWARD,
            "p\\\"ä s/<w>'\\n& 100%=x",
            "p\\\\\\\"ä s/<w>'\\\\n& 100%=x",
            "p\\\"\\u00e4 s/<w>'\\n& 100%=x",
            "p\\\"ä s\\/<w>'\\n& 100%=x",
            "p\"ä s/<w>\\'\\n& 100%=x",
            "p\\\\\\\"\\\\u00e4 s/<w>'\\\\n& 100%=x",
            "p%22%C3%A4%20s%2F%3Cw%3E%27%0A%26%20100%25%3Dx",
            "p%22%c3%a4%20s%2f%3cw%3e%27%0a%26%20100%25%3dx",
            "p%22%C3%A4+s%2F%3Cw%3E%27%0A%26+100%25%3Dx",
            "p&quot;ä s/&lt;w&gt;&#39;\n&amp; 100%=x",
            "cCLDpCBzLzx3PicKJiAxMDAlPXg",
        ] {
            assert_eq!(masked(&format!("[{form}]")), format!("[{SENSITIVE_VALUE}]"), "{form}");
        }
    }

    #[test]
    fn base64_of_a_longer_text_is_known() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            let shown = masked(&base64(format!("{before}{AWKWARD}yz").as_bytes()));
            assert!(shown.contains(SENSITIVE_VALUE) && shown.len() < SENSITIVE_VALUE.len() + 12, "{shown}");
        }
    }

    #[test]
    fn what_it_was_made_of_is_hidden_too() {
        let part = Secret::new("hunter2".to_owned(), "a".to_owned());
        let whole = Secret::made_of("postgres://hunter2@host".to_owned(), "b".to_owned(), [&part]);
        assert_eq!(without("hunter2: postgres://hunter2@host", [&whole]), "(sensitive value): (sensitive value)");
        let key = Secret::new("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nx\n".to_owned(), "c".to_owned());
        assert_eq!(without("line MIIEpAIBAAKCAQEA of x", [&key]), "line (sensitive value) of x");
    }

    #[test]
    fn what_is_too_short_is_no_secret() {
        assert_eq!(without("an apple", [&Secret::new("a".to_owned(), "d".to_owned())]), "an apple");
    }

    #[test]
    fn debug_tells_nothing() {
        let part = Secret::new("hunter2".to_owned(), "a".to_owned());
        assert_eq!(format!("{:?}", Secret::made_of("x-hunter2".to_owned(), "b".to_owned(), [&part])), "(sensitive)");
    }
}
