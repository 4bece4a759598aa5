//! The changed fields of a resource, as sections.
//!
//! Differences are put into a tree by their paths. A table in which a single thing changed is folded into
//! its parent's line (`container report: image = …`); one with more gets a header of its own.

use crate::document::DocumentKind;
use crate::plan::{Action, Change, Reason};
use crate::render::Style;
use crate::render::attributes;
use crate::render::clean::width;
use crate::render::human::section::{BlockLine, Body, Entry, Note, Section, Symbol};
use crate::render::human::{document, text_diff, whole};
use crate::render::literal;
use crate::render::mask::{Mask, locate, mask};
use crate::render::style::Ink;
use crate::render::words::Words;
use crate::schema::Difference;
use crate::value::{Path, Segment, Value};

/// What changes: for a creation all there will be, for a deletion what identifies it, else the differences.
pub(super) fn section(change: &Change, style: Style) -> Section {
    let mut root = Section::new(Symbol::of(change.action), Words::default());
    match (change.action, &change.after) {
        (Action::Create, Some(after)) => {
            attribute_entries(&mut root, change);
            let masked = mask(Some(change.kind.schema()), after, change.before.as_ref());
            let map = masked.as_map().cloned().unwrap_or_default();
            let table = whole::table(Words::default(), Some(change.kind.schema()), &map, Symbol::Add, style);
            root.entries.extend(table.entries);
            root.sections = table.sections;
        }
        (Action::Delete | Action::Forget, _) => removed(&mut root, change),
        _ => {
            if change.action == Action::Import {
                imported(&mut root, change);
            }
            attribute_entries(&mut root, change);
            differences(&mut root, change, &change.differences, style);
        }
    }
    root
}

/// What changed outside of Stepwright.
pub(super) fn drift_section(change: &Change, style: Style) -> Section {
    let mut root = Section::new(Symbol::Change, Words::default());
    differences(&mut root, change, &change.drift, style);
    for note in root.entries.iter_mut().chain(root.sections.iter_mut().flat_map(|section| section.entries.iter_mut())) {
        note.note = None;
    }
    root
}

/// What is imported is known by its ARN.
fn imported(root: &mut Section, change: &Change) {
    if let Some(arn) = change.before_attributes.get("arn") {
        let body = Body::Inline(literal::inline(&mask(None, arn, None)));
        root.entries.push(Entry { symbol: Symbol::Import, key: "arn".to_owned(), body, note: None });
    }
}

/// The attributes that are not fields of the spec and get another value.
fn attribute_entries(root: &mut Section, change: &Change) {
    for (name, after) in attributes::after(change) {
        let before = change.before_attributes.get(&name).filter(|_| change.action != Action::Create);
        let is_a_field = change.kind.schema().member(&name).is_some();
        if is_a_field || before == Some(&after) {
            continue;
        }
        let shown = literal::inline(&mask(None, &after, before));
        let (symbol, body) = match before {
            Some(before) => (Symbol::Change, Body::Moved(literal::inline(&mask(None, before, Some(&after))), shown)),
            None => (Symbol::Add, Body::Inline(shown)),
        };
        root.entries.push(Entry { symbol, key: literal::key(&name), body, note: None });
    }
}

/// Enough to know it by; the rest is counted.
fn removed(root: &mut Section, change: &Change) {
    let symbol = Symbol::of(change.action);
    let mut put = |name: &str, value: &Value, opposite: Option<&Value>| {
        let body = Body::Inline(literal::inline(&mask(change.kind.schema().member(name), value, opposite)));
        root.entries.push(Entry { symbol, key: literal::key(name), body, note: None });
    };
    if let Some(arn) = change.before_attributes.get("arn") {
        put("arn", arn, None);
    }
    let name_field = change.kind.description().name_field;
    let fields = change.before.as_ref().and_then(Value::as_map);
    if let Some(name) = fields.and_then(|fields| fields.get(name_field)) {
        put(name_field, name, None);
    }
    let more = fields.map_or(0, |fields| fields.keys().filter(|key| *key != name_field).count());
    if more > 0 {
        root.remark = Some(format!("(… {more} more {})", if more == 1 { "field" } else { "fields" }));
    }
}

/// One place on the way to differences.
#[derive(Default)]
struct Node<'a> {
    here: Vec<&'a Difference>,
    below: Vec<(Segment, Node<'a>)>,
}

impl<'a> Node<'a> {
    fn insert(&mut self, path: &[Segment], difference: &'a Difference) {
        let Some((first, rest)) = path.split_first() else {
            self.here.push(difference);
            return;
        };
        let at = self.below.iter().position(|(segment, _)| segment == first).unwrap_or_else(|| {
            self.below.push((first.clone(), Node::default()));
            self.below.len() - 1
        });
        self.below[at].1.insert(rest, difference);
    }

    fn count(&self) -> usize {
        self.here.len() + self.below.iter().map(|(_, node)| node.count()).sum::<usize>()
    }
}

/// What every step down the tree needs to know.
struct Context<'a> {
    change: &'a Change,
    mask: Mask<'a>,
    style: Style,
}

fn differences(root: &mut Section, change: &Change, differences: &[Difference], style: Style) {
    let mut tree = Node::default();
    for difference in differences {
        tree.insert(&difference.path.0, difference);
    }
    let context = Context { change, mask: Mask::of_change(change), style };
    tables(root, &tree, &Path::default(), &context);
}

/// Puts all below `node` into `section`, whose place is `path`.
fn tables(section: &mut Section, node: &Node<'_>, path: &Path, context: &Context<'_>) {
    for (segment, child) in &node.below {
        let at = path.join(segment.clone());
        place(section, child, &at, path.0.len(), context);
    }
}

/// Puts `node` at `path` into `section`, whose own path is the first `depth` segments.
fn place(section: &mut Section, node: &Node<'_>, path: &Path, depth: usize, context: &Context<'_>) {
    if is_set(node, path, context) {
        section.entries.push(set(node, path, depth, context));
        return;
    }
    if is_named_list(node, path, context) {
        for (segment, element) in &node.below {
            place(section, element, &path.join(segment.clone()), depth, context);
        }
        return;
    }
    if node.count() == 1
        && let [(segment, only)] = node.below.as_slice()
    {
        return place(section, only, &path.join(segment.clone()), depth, context);
    }
    for difference in &node.here {
        leaf(section, difference, path, depth, context);
    }
    if !node.below.is_empty() {
        let mut table = Section::new(Symbol::Change, words(path, 0, context));
        tables(&mut table, node, path, context);
        section.sections.push(table);
    }
}

/// Whether the differences below `node` are members of a set, told apart by nothing but themselves.
fn is_set(node: &Node<'_>, path: &Path, context: &Context<'_>) -> bool {
    let field = locate(context.change.kind.schema(), path).0;
    let is_member = |(segment, node): &(Segment, Node<'_>)| matches!(segment, Segment::Element(_)) && !node.here.is_empty();
    field.is_some_and(|field| field.rules.identity.is_none()) && !node.below.is_empty() && node.below.iter().all(is_member)
}

/// Whether the differences below `node` are of elements that have a word of their own, and so need no header of their list.
fn is_named_list(node: &Node<'_>, path: &Path, context: &Context<'_>) -> bool {
    let field = locate(context.change.kind.schema(), path).0;
    let is_element = |(segment, _): &(Segment, Node<'_>)| matches!(segment, Segment::Element(_));
    field.is_some_and(|field| field.rules.element.is_some()) && node.here.is_empty() && node.below.iter().all(is_element)
}

/// Members of a set that came or went.
fn set(node: &Node<'_>, path: &Path, depth: usize, context: &Context<'_>) -> Entry {
    let members: Vec<&Difference> = node.below.iter().flat_map(|(_, node)| node.here.iter().copied()).collect();
    let mut lines = Vec::new();
    for difference in &members {
        let (old, new) = context.mask.difference(difference);
        for (symbol, ink, value) in [(Symbol::Remove, Ink::Removed, old), (Symbol::Add, Ink::Added, new)] {
            let text = value.map(|value| format!("{},", literal::inline(&value)));
            lines.extend(text.map(|text| BlockLine { symbol, spans: vec![(ink, text)] }));
        }
    }
    let body = Body::Block { open: "[", lines, close: "]" };
    let note = members.iter().find_map(|difference| note(difference, context));
    Entry { symbol: Symbol::Change, key: key(path, depth, context), body, note }
}

/// One difference, on a line or as a block.
fn leaf(section: &mut Section, difference: &Difference, path: &Path, depth: usize, context: &Context<'_>) {
    let (old, new) = context.mask.difference(difference);
    let field = locate(context.change.kind.schema(), path).0;
    let note = note(difference, context);
    let (symbol, only) = match (&old, &new) {
        (Some(old), Some(new)) => {
            let key = key(path, depth, context);
            let body = moved(&key, old, new, difference.document, context.style);
            section.entries.push(Entry { symbol: Symbol::Change, key, body, note });
            return;
        }
        (None, Some(new)) => (Symbol::Add, new),
        (Some(old), None) => (Symbol::Remove, old),
        (None, None) => return,
    };
    // A value that came or went stands as in a creation, under the path that leads to it.
    let surroundings = context.mask.path(&Path(path.0[..depth].to_vec()));
    let mut whole = Section::new(symbol, Words::of(context.change.kind.schema(), &surroundings));
    whole::put(&mut whole, field, &words(path, depth, context), only, symbol, context.style);
    for mut entry in whole.entries {
        entry.note = note;
        section.entries.push(entry);
    }
    for mut table in whole.sections {
        // Notes stand on lines, and a table has none of its own: its first line carries it.
        if let Some(first) = table.entries.first_mut() {
            first.note = note;
        }
        section.sections.push(table);
    }
}

/// `OLD -> NEW`, or the changed lines where the two are long.
fn moved(key: &str, old: &Value, new: &Value, kind: Option<DocumentKind>, style: Style) -> Body {
    if let Some(body) = kind.and_then(|kind| document::body(kind, old, new, style)) {
        return body;
    }
    let (old_line, new_line) = (literal::inline(old), literal::inline(new));
    match (old, new) {
        (Value::String(old), Value::String(new)) if old.trim_end().contains('\n') || new.trim_end().contains('\n') => {
            let split = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let lines = text_diff::lines(&split(old), &split(new), "line");
            Body::Block { open: "", lines, close: "" }
        }
        (Value::List(old), Value::List(new)) if width(key) + width(&old_line) + width(&new_line) + 11 > style.width => {
            Body::Block { open: "[", lines: elements(old, new), close: "]" }
        }
        (Value::Secret(_), Value::Secret(_)) => Body::Inline(new_line),
        _ => Body::Moved(shortened(old, old_line, style), shortened(new, new_line, style)),
    }
}

/// A long table or list that gives way to something else is not shown in full.
fn shortened(value: &Value, line: String, style: Style) -> String {
    match value {
        Value::Map(_) if width(&line) > style.width / 2 => "{ … }".to_owned(),
        Value::List(_) if width(&line) > style.width / 2 => "[ … ]".to_owned(),
        _ => line,
    }
}

/// All elements of two lists, those that came and went marked.
fn elements(old: &[Value], new: &[Value]) -> Vec<BlockLine> {
    let show = |items: &[Value]| items.iter().map(|item| format!("{},", literal::inline(item))).collect::<Vec<_>>();
    let (old, new) = (show(old), show(new));
    let lines = text_diff::lines(&old, &new, "element");
    // Two lists of secrets may look the same though they differ.
    if lines.iter().any(|line| line.symbol != Symbol::None) {
        return lines;
    }
    vec![BlockLine { symbol: Symbol::Change, spans: vec![(Ink::Dim, literal::SENSITIVE_VALUE.to_owned())] }]
}

fn words(path: &Path, depth: usize, context: &Context<'_>) -> Words {
    Words::below(context.change.kind.schema(), &context.mask.path(path), depth)
}

fn key(path: &Path, depth: usize, context: &Context<'_>) -> String {
    words(path, depth, context).to_string()
}

fn note(difference: &Difference, context: &Context<'_>) -> Option<Note> {
    let touches = |path: &Path| difference.path.starts_with(path) || path.starts_with(&difference.path);
    let is_outside = context.change.reasons.iter().any(|reason| matches!(reason, Reason::Drifted(path) if touches(path)));
    let forces = difference.replace && matches!(context.change.action, Action::Replace(_));
    match (is_outside, forces) {
        (true, true) => Some(Note::ChangedOutsideForcesReplacement),
        (true, false) => Some(Note::ChangedOutside),
        (false, true) => Some(Note::ForcesReplacement),
        (false, false) => None,
    }
}
