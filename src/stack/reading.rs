//! Tree → value: strings become templates, documents are fetched, and the place of everything is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Source};
use crate::schema::{Field, Shape};
use crate::stack::document::DocumentError;
use crate::stack::node::{Content, Entry, Node};
use crate::stack::text::Text;
use crate::stack::{MemberLocation, json};
use crate::template::{Reference, Template, TemplateErrorKind};
use crate::value::{Map, Path, Segment, Value};

/// What every reading shares.
pub struct Session<'a> {
    pub read_document: &'a mut dyn FnMut(&str) -> Result<Arc<Source>, DocumentError>,
    /// Each document that was read, in order.
    pub documents: Vec<Arc<Source>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// One value of the user's, read.
#[derive(Debug)]
pub struct Reading {
    /// With every reference still pending.
    pub value: Value,
    pub members: BTreeMap<Path, MemberLocation>,
    pub references: Vec<FoundReference>,
    /// What was reported already; nothing more is said about it.
    pub broken: Vec<Path>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { value: Value::Null, members: BTreeMap::new(), references: Vec::new(), broken: Vec::new() }
    }
}

/// A reference and its places.
#[derive(Clone, Debug)]
pub struct FoundReference {
    pub reference: Reference,
    /// Of the value that it stands in.
    pub path: Path,
    /// Whether the string is this reference and nothing else, so that it can take any type.
    pub is_alone: bool,
    /// `${...}`.
    pub location: Location,
    /// Of each part between the dots.
    pub parts: Vec<Location>,
}

/// Reads `entries` as a table of `field`.
pub fn read_table<'a>(session: &mut Session<'_>, entries: impl Iterator<Item = &'a Entry>, field: &Field) -> Reading {
    let mut reading = Reading::default();
    let mut reader = Reader { session, reading: &mut reading };
    let value = reader.table(entries, Some(field), &Path::default());
    reading.value = value;
    reading
}

/// Reads `node` as a value without a schema.
pub fn read_value(session: &mut Session<'_>, node: &Node) -> Reading {
    let mut reading = Reading::default();
    let mut reader = Reader { session, reading: &mut reading };
    let value = reader.node(node, None, &Path::default());
    reading.value = value;
    reading
}

struct Reader<'a, 'b> {
    session: &'a mut Session<'b>,
    reading: &'a mut Reading,
}

impl Reader<'_, '_> {
    fn table<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>, field: Option<&Field>, path: &Path) -> Value {
        let mut map = Map::new();
        for entry in entries {
            let at = path.join_key(&entry.key);
            let value = self.node(&entry.value, field.and_then(|field| field.member(&entry.key)), &at);
            // A document from a file has its members' places there, its own place here.
            let location = MemberLocation { key: Some(entry.key_location.clone()), value: entry.value.location.clone() };
            self.reading.members.insert(at, location);
            map.insert(entry.key.clone(), value);
        }
        Value::Map(map)
    }

    fn node(&mut self, node: &Node, field: Option<&Field>, path: &Path) -> Value {
        if let Some(Field { shape: Shape::Document(_), .. }) = field {
            return self.document(node, path);
        }
        match &node.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => self.template(text, path),
            Content::List(items) => {
                let item = field.and_then(Field::item);
                let values = items.iter().enumerate().map(|(index, element)| {
                    let at = path.join(Segment::Index(index));
                    let value = self.node(element, item, &at);
                    self.reading.members.insert(at, MemberLocation { key: None, value: element.location.clone() });
                    value
                });
                Value::List(values.collect())
            }
            Content::Table(entries) => self.table(entries.iter(), field, path),
            Content::Broken => self.broken(path),
        }
    }

    fn broken(&mut self, path: &Path) -> Value {
        self.reading.broken.push(path.clone());
        Value::Null
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.session.diagnostics.push(diagnostic);
    }

    fn document(&mut self, node: &Node, path: &Path) -> Value {
        match &node.content {
            Content::Text(text) => match Template::parse(&text.text) {
                // A reference alone: the document is what it leads to.
                Ok(template) if template.references().count() == 1 && template.parts().len() == 1 => self.template(text, path),
                _ => self.json(text, path),
            },
            Content::Table(entries) if entries.iter().any(|entry| entry.key == "file") => {
                for other in entries.iter().filter(|entry| entry.key != "file") {
                    let message = format!("`{}` can't stand beside `file`", other.key);
                    self.report(Diagnostic::error(message).at(other.key_location.clone()).help("the file is the whole document"));
                }
                match entries.iter().find(|entry| entry.key == "file").map(|entry| &entry.value) {
                    Some(Node { content: Content::Text(name), .. }) => self.file(name, path),
                    Some(other) => {
                        let message = format!("`file` must be a path, not {}", other.describe());
                        self.report(
                            Diagnostic::error(message).at(other.location.clone()).help("for example { file = \"a.json\" }"),
                        );
                        self.broken(path)
                    }
                    None => self.broken(path),
                }
            }
            Content::Table(_) => self.node(node, None, path),
            // What is no document at all is for the schema's check to say.
            _ => self.node(node, None, path),
        }
    }

    fn file(&mut self, name: &Text, path: &Path) -> Value {
        match (self.session.read_document)(&name.text) {
            Ok(source) => {
                self.session.documents.push(source.clone());
                let lower = source.name.to_lowercase();
                if lower.ends_with(".yaml") || lower.ends_with(".yml") {
                    let diagnostic = Diagnostic::error("documents are read as JSON, not as YAML").at(name.location());
                    self.report(diagnostic.help("convert it, for example: yq -o json FILE"));
                    return self.broken(path);
                }
                self.json(&Text::of_source(&source), path)
            }
            Err(error) => {
                let mut diagnostic = Diagnostic::error(error.to_string()).at(name.location());
                diagnostic.help.extend(error.help());
                self.report(diagnostic);
                self.broken(path)
            }
        }
    }

    fn json(&mut self, text: &Text, path: &Path) -> Value {
        match json::read(text, &mut self.session.diagnostics) {
            Some(node) if node.entries().is_some() => self.node(&node, None, path),
            Some(Node { content: Content::Text(text), .. }) if json::percent_encoded(&text).is_some() => {
                self.session.diagnostics.extend(json::percent_encoded(&text));
                self.broken(path)
            }
            Some(node) => {
                let message = format!("a document must be a JSON object, not {}", node.describe());
                self.report(Diagnostic::error(message).at(node.location));
                self.broken(path)
            }
            None => self.broken(path),
        }
    }

    fn template(&mut self, text: &Text, path: &Path) -> Value {
        let mut whole = true;
        let mut offset = 0;
        // Each `${...}` on its own, so that two bad ones in one string are two problems.
        while let Err(error) = Template::parse(&text.text[offset..]) {
            whole = false;
            let range = offset + error.range.start..offset + error.range.end;
            self.report(describe(&error.kind, &text.text[range.clone()]).at(text.locate(range.clone())));
            self.references(text, offset..range.start, path);
            offset = range.end.max(offset + 1);
        }
        self.references(text, offset..text.text.len(), path);
        if !whole {
            return self.broken(path);
        }
        match Template::parse(&text.text) {
            Ok(template) => match template.as_literal() {
                Some(literal) => Value::string(literal),
                None => Value::Pending(template),
            },
            Err(_) => self.broken(path),
        }
    }

    /// Notes each reference in `range` of `text`, all of which are well formed.
    fn references(&mut self, text: &Text, range: std::ops::Range<usize>, path: &Path) {
        let mut at = range.start;
        while let Some(found) = text.text.get(at..range.end).and_then(|rest| rest.find("${")) {
            let start = at + found;
            let is_escaped = text.text[at..start].ends_with('$');
            let Some(length) = text.text[start..range.end].find('}') else { return };
            if is_escaped {
                at = start + 2;
                continue;
            }
            at = start + length + 1;
            let token = &text.text[start..at];
            let template = Template::parse(token).ok();
            let Some(reference) = template.as_ref().and_then(|template| template.references().next()) else { continue };
            let inside = token[2..token.len() - 1].trim_start();
            let mut part_start = start + 2 + (token.len() - 3 - inside.len());
            let mut parts = Vec::new();
            for part in inside.trim_end().split('.') {
                parts.push(text.locate(part_start..part_start + part.len()));
                part_start += part.len() + 1;
            }
            let found = FoundReference {
                reference: reference.clone(),
                path: path.clone(),
                is_alone: token.len() == text.text.len(),
                location: text.locate(start..at),
                parts,
            };
            self.reading.references.push(found);
        }
    }
}

fn describe(kind: &TemplateErrorKind, token: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(kind.to_string());
    match kind {
        TemplateErrorKind::Unclosed => diagnostic.help("close it with `}`, or write `$${` for a literal `${`"),
        // IAM has variables of its own: ${aws:username}.
        TemplateErrorKind::NotAReference(text) if text.contains(':') => {
            diagnostic.help("for a `${` that IAM is to see, write `$${`").replacement(format!("${token}"))
        }
        TemplateErrorKind::NotAReference(text) if text.split('.').count() == 2 && !text.starts_with(['.', '$']) => {
            diagnostic.help(format!("where {text} is a resource, its attribute is missing, as in ${{{text}.arn}}"))
        }
        TemplateErrorKind::NotAReference(_) => diagnostic.help("for a literal `${`, write `$${`"),
    }
}

#[cfg(test)]
mod tests;
