//! How an execution stands, as a picture: what is drawn and drawn again on a terminal.

use crate::document::states_language::model::{ScopeRole, StateKind};
use crate::execution::{EntryStatus, NodeStatus, Progress};
use crate::flow::{FlowGraph, NodeKind};
use crate::render::clean::{clean, width};
use crate::render::execution::{View, status};
use crate::render::flow::{Line, Mark, marked, shortened};
use crate::render::style::{Ink, Style};

/// Tasks that are told below the picture.
const TASKS_TOLD: usize = 4;
/// The line of a state that is tried again takes so many columns, that of one in a map less, that of any other less still.
const RETRY_COLUMNS: usize = 42;
const ITERATION_COLUMNS: usize = 32;
const STATUS_COLUMNS: usize = 26;

/// A heading, the picture in at most `rows` lines all in all, and the tasks that run.
pub fn frame(view: View<'_>, rows: usize, style: Style) -> Vec<String> {
    let told = status::of_execution(view.execution.status);
    let is_running = !view.execution.status.is_ended();
    let seconds = status::elapsed(view.seconds(), is_running);
    let name = shortened(&clean(&view.arn.name), style.width.saturating_sub(width(&seconds) + 14).max(8));
    let heading = format!(
        "{} {}  {}",
        style.paint(told.ink, told.sign),
        style.paint(Ink::Bold, &name),
        style.paint(told.ink, &format!("{} {seconds}", told.word))
    );
    let tasks = tasks(view, style);
    let around = 3 + tasks.len() + usize::from(!tasks.is_empty());
    let mut lines = vec![heading, String::new()];
    lines.extend(picture(view, Some(rows.saturating_sub(around)), style));
    if !tasks.is_empty() {
        lines.push(String::new());
        lines.extend(tasks);
    }
    // Higher than the terminal, it would scroll at each drawing.
    lines.truncate(rows.max(1));
    lines
}

/// The picture of the machine if it fits into so many lines, else the list of its states.
pub fn picture(view: View<'_>, rows: Option<usize>, style: Style) -> Vec<String> {
    let fits = |lines: &[Line]| lines.iter().all(|line| line.width <= style.width) && rows.is_none_or(|rows| lines.len() <= rows);
    let (Some((graph, _)), Some(progress)) = (view.machine, view.progress()) else {
        return cut(entered(view, style), rows);
    };
    let mark = |node: usize| mark(graph, &progress, node);
    let drawn = marked(graph, style, &mark);
    match fits(&drawn) {
        true => drawn.into_iter().map(|line| line.text.trim_end().to_owned()).collect(),
        false => cut(states(graph, &progress, style), rows),
    }
}

fn mark(graph: &FlowGraph, progress: &Progress, index: usize) -> Option<Mark> {
    let (node, progress) = (graph.nodes.get(index)?, progress.nodes.get(index)?);
    let told = status::of_node(&progress.status);
    // A box does not grow when its state begins: a picture that moves can't be read.
    let has_more = !node.retries.is_empty() || matches!(node.kind, NodeKind::State(Some(StateKind::Map)));
    let role = graph.groups.get(node.group).map(|group| group.role);
    let columns = match role {
        _ if has_more => RETRY_COLUMNS,
        Some(ScopeRole::Inline | ScopeRole::Distributed) => ITERATION_COLUMNS,
        _ => STATUS_COLUMNS,
    };
    Some(Mark { sign: told.sign, text: status::node(progress), width: columns, ink: told.ink })
}

/// A line, and how much it matters where not all of them have room.
type Ranked = (u8, String);

/// The states of the machine, one a line, those within others indented.
fn states(graph: &FlowGraph, progress: &Progress, style: Style) -> Vec<Ranked> {
    let within = |group: usize, depth: usize| {
        let nodes = graph.groups.get(group).map(|group| group.nodes.as_slice()).unwrap_or_default();
        nodes.iter().rev().map(move |node| (*node, depth))
    };
    let mut lines = Vec::new();
    let mut open: Vec<(usize, usize)> = within(0, 0).collect();
    while let Some((node, depth)) = open.pop() {
        if matches!(graph.nodes[node].kind, NodeKind::State(_)) {
            lines.push(state(graph, progress, (node, depth), style));
        }
        open.extend(graph.nodes[node].groups.iter().rev().flat_map(|group| within(*group, depth + 1)));
    }
    lines
}

fn state(graph: &FlowGraph, progress: &Progress, (node, depth): (usize, usize), style: Style) -> Ranked {
    let at = &progress.nodes[node];
    let told = status::of_node(&at.status);
    let rank = match at.status {
        NodeStatus::Running | NodeStatus::Retrying(_) | NodeStatus::Failed => 0,
        NodeStatus::Caught | NodeStatus::Aborted => 1,
        NodeStatus::Succeeded => 2,
        NodeStatus::Waiting => 3,
    };
    let indent = "  ".repeat(depth.min(10));
    (rank, row(style, &indent, told, &graph.nodes[node].name, &status::node(at)))
}

/// What was entered, where the machine is not known.
fn entered(view: View<'_>, style: Style) -> Vec<Ranked> {
    let entries = view.execution.entries.iter();
    entries
        .map(|entry| {
            let told = status::of_entry(entry.status, false);
            let stopped = entry.stopped.unwrap_or(view.now);
            let seconds = stopped.duration_since(entry.entered).as_secs_f64();
            let text = format!("{} {}", told.word, status::elapsed(seconds, entry.stopped.is_none()));
            let rank = match entry.status {
                EntryStatus::Running | EntryStatus::Failed => 0,
                EntryStatus::Caught | EntryStatus::Aborted => 1,
                EntryStatus::Succeeded => 2,
            };
            (rank, row(style, "", told, &view.execution.path(entry), &text))
        })
        .collect()
}

fn row(style: Style, indent: &str, told: status::Told, name: &str, text: &str) -> String {
    let room = style.width.saturating_sub(width(indent) + 4);
    let name = shortened(&clean(name), (room / 2).max(8));
    let padding = " ".repeat(28_usize.saturating_sub(width(indent) + width(&name)).max(1));
    let text = shortened(text, room.saturating_sub(width(&name) + width(&padding)).max(8));
    let sign = style.paint(told.ink, told.sign);
    format!("{indent}{sign} {}{padding} {}", style.paint(Ink::Bold, &name), style.paint(told.ink, &text))
}

/// At most so many lines: those that matter least go.
fn cut(lines: Vec<Ranked>, rows: Option<usize>) -> Vec<String> {
    let Some(rows) = rows.map(|rows| rows.max(2)).filter(|rows| lines.len() > *rows) else {
        return lines.into_iter().map(|(_, line)| line).collect();
    };
    let mut order: Vec<usize> = (0..lines.len()).collect();
    // Of those that matter alike, the latest ones are kept.
    order.sort_by_key(|index| (lines[*index].0, std::cmp::Reverse(*index)));
    let kept = order.get(..rows - 1).unwrap_or_default();
    let missing = lines.len() - kept.len();
    let mut shown: Vec<String> =
        lines.iter().enumerate().filter(|(index, _)| kept.contains(index)).map(|(_, (_, line))| line.clone()).collect();
    shown.push(format!("… {missing} more states"));
    shown
}

fn tasks(view: View<'_>, style: Style) -> Vec<String> {
    let running: Vec<_> = view.execution.tasks(true).collect();
    let mut lines: Vec<String> = running
        .iter()
        .take(TASKS_TOLD)
        .map(|(entry, task)| {
            let text = format!("{}  {}", clean(&task.arn), status::task(task));
            let path = clean(&view.execution.path(entry));
            let name = shortened(&path, (style.width / 4).max(8));
            format!("{} {}", style.paint(Ink::Bold, &name), shortened(&text, style.width.saturating_sub(width(&name) + 1).max(8)))
        })
        .collect();
    if running.len() > TASKS_TOLD {
        lines.push(format!("… {} more tasks", running.len() - TASKS_TOLD));
    }
    lines
}
