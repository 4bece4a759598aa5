//! The event loop of an apply.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::apply::schedule::Schedule;
use crate::apply::settle::left_incomplete;
use crate::apply::step::{self, Message, Prepared, Setting};
use crate::apply::{Event, Summary};
use crate::aws::{Aws, Error, ErrorKind};
use crate::plan::{Moved, Observed, OutputChange, Plan, sealed_if};
use crate::resource::{Live, Running, Teardown};
use crate::schema::Phase;
use crate::state::{Entry, IntentOperation, Outcome, RecordedOutput, Session, StateError};

/// How an apply is to go about it.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions {
    /// How many steps run at a time.
    pub parallelism: usize,
    /// How long what runs in a resource that is to be deleted may take to end by itself; absent, it is stopped at once.
    pub drain: Option<Duration>,
}

/// What is to be carried out, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    pub plan: &'a Plan,
    pub aws: &'a Aws,
    /// What the look-ups of the plan saw.
    pub observed: &'a Observed,
    /// What runs in what is to be deleted, with the ids of these.
    pub running: &'a [(String, Running)],
}

/// Carries a plan out. Each message on `interrupts` is a Ctrl-C.
///
/// # Errors
/// If the state can't be written: then nothing more is started, and what was in flight is settled by the next run.
pub async fn apply(
    work: Work<'_>,
    session: &mut Session,
    options: ApplyOptions,
    mut interrupts: UnboundedReceiver<()>,
    report: &mut (dyn FnMut(&Event) + Send),
) -> Result<Summary, StateError> {
    let Work { plan, aws, .. } = work;
    let begun = Instant::now();
    note_recent_changes(aws, session);
    let moves = plan.moves.iter().map(Moved::entry);
    let place = (session.state().place != plan.place).then(|| Entry::Place(plan.place.clone()));
    session.record(&moves.chain(place).collect::<Vec<_>>())?;
    report(&Event::Started { steps: plan.steps.iter().filter(|step| !step.is_silent).count() });
    let (sender, mut messages) = unbounded_channel();
    let teardown = Teardown {
        drain_until: options.drain.map(|drain| begun + drain),
        owned: session.state().ids(),
        running: work.running.to_vec(),
    };
    let setting = Arc::new(Setting { aws: aws.clone(), stack: plan.stack.clone(), teardown });
    let mut run = Run {
        work,
        setting,
        session,
        report,
        schedule: Schedule::new(&plan.steps),
        tasks: JoinSet::new(),
        running: HashMap::new(),
        summary: Summary::default(),
        unwritten: Vec::new(),
        state_error: None,
        is_stopping: false,
    };
    loop {
        if !run.is_stopping {
            run.start(options.parallelism.max(1), &sender);
        }
        if run.running.is_empty() {
            break;
        }
        tokio::select! {
            Some(message) = messages.recv() => run.receive(batch(Some(message), &mut messages)),
            Some(joined) = run.tasks.join_next_with_id() => run.joined(joined.map(|_| ()), &mut messages),
            Some(()) = interrupts.recv() => {
                if run.summary.interrupted {
                    // What is here already need not be looked up by the next run.
                    run.receive(batch(None, &mut messages));
                    run.abort();
                    break;
                }
                run.drain();
            }
        }
    }
    run.record(Vec::new());
    let name = |index: usize| (plan.steps[index].address.clone(), plan.steps[index].name);
    run.summary.not_tried = run.schedule.not_started().filter(|&index| !plan.steps[index].is_silent).map(name).collect();
    if run.summary.is_success() && run.state_error.is_none() {
        run.record_outputs();
    }
    run.summary.elapsed = begun.elapsed();
    let Run { summary, state_error, report, .. } = run;
    report(&Event::Finished(summary.clone()));
    state_error.map_or(Ok(summary), Err)
}

/// `first` and what else has come in the meantime: it shares one fsync.
fn batch(first: Option<Message>, messages: &mut UnboundedReceiver<Message>) -> Vec<Message> {
    let mut batch: Vec<Message> = first.into_iter().collect();
    while let Ok(message) = messages.try_recv() {
        batch.push(message);
    }
    batch
}

/// What an earlier run changed a moment ago may still be on its way through AWS.
fn note_recent_changes(aws: &Aws, session: &Session) {
    let now = Timestamp::now();
    for record in session.state().resources.values() {
        let age = Duration::try_from(now.duration_since(record.changed_at)).unwrap_or_default();
        aws.changed_roles.note(&record.id, age);
    }
}

struct Run<'a> {
    work: Work<'a>,
    setting: Arc<Setting>,
    session: &'a mut Session,
    report: &'a mut (dyn FnMut(&Event) + Send),
    schedule: Schedule,
    tasks: JoinSet<()>,
    running: HashMap<usize, InFlight>,
    summary: Summary,
    /// The first failure to write the state. What is in flight may still finish, and is written if that works again.
    state_error: Option<StateError>,
    /// What could not be written when it happened. It is tried again before anything that came later.
    unwritten: Vec<Entry>,
    /// Something failed, or the user interrupted: nothing new starts.
    is_stopping: bool,
}

struct InFlight {
    prepared: Prepared,
    task: tokio::task::Id,
    since: Instant,
    exists: bool,
}

impl Run<'_> {
    /// Starts what may start. The intents of all of it are durable, with one fsync, before the first call.
    fn start(&mut self, parallelism: usize, sender: &UnboundedSender<Message>) {
        let mut batch = Vec::new();
        while self.running.len() + batch.len() < parallelism
            && let Some(index) = self.schedule.start_next()
        {
            match step::prepare(&self.work.plan.steps[index], self.work.aws, self.session.state(), self.work.observed) {
                Ok(prepared) => batch.push((index, prepared)),
                Err(error) => {
                    self.fail(index, error, Duration::ZERO);
                    break;
                }
            }
        }
        let intents: Vec<Entry> = batch.iter().map(|(_, prepared)| Entry::Intent(prepared.intent.clone())).collect();
        if !self.record_intents(&intents) {
            batch.iter().for_each(|(index, _)| self.schedule.give_back(*index));
            return;
        }
        for (index, prepared) in batch {
            let operation = &prepared.step.operation;
            if !prepared.step.is_silent {
                (self.report)(&Event::StepStarted {
                    step: index,
                    address: prepared.step.address.clone(),
                    operation: prepared.step.name,
                    id: step::id_of(operation).map(str::to_owned),
                });
            }
            let (task, setting, sender) = (prepared.clone(), self.setting.clone(), sender.clone());
            let handle = self.tasks.spawn(async move {
                let result = step::run(index, &task, &setting, sender.clone()).await;
                // The loop is gone only when the whole run is being given up.
                let _ = sender.send(Message::Finished { step: index, result });
            });
            self.running.insert(index, InFlight { prepared, task: handle.id(), since: Instant::now(), exists: false });
        }
    }

    /// A task has ended. One that has told how needs no more; one that panicked has not told.
    fn joined(&mut self, joined: Result<(), JoinError>, messages: &mut UnboundedReceiver<Message>) {
        let Err(error) = joined else { return };
        self.receive(batch(None, messages));
        let Some(step) = self.running.iter().find(|(_, running)| running.task == error.id()).map(|(step, _)| *step) else {
            return;
        };
        let bug = Error::new("stepwright:Step", ErrorKind::Bug, "the step broke down")
            .help("this is a bug of Stepwright: please report it");
        self.receive(vec![Message::Finished { step, result: Err(bug) }]);
    }

    /// Writes down what the messages tell, all at once, then acts on it.
    fn receive(&mut self, messages: Vec<Message>) {
        for message in &messages {
            if let Message::Exists { step, .. } = message
                && let Some(running) = self.running.get_mut(step)
            {
                running.exists = true;
            }
        }
        let entries: Vec<Entry> = messages.iter().flat_map(|message| self.entries(message)).collect();
        self.record(entries);
        for message in messages {
            self.act_on(message);
        }
    }

    /// What the state is to hold of a message.
    fn entries(&self, message: &Message) -> Vec<Entry> {
        let (Message::Exists { step, .. } | Message::Waiting { step, .. } | Message::Finished { step, .. }) = message;
        let Some(running) = self.running.get(step) else { return Vec::new() };
        let (prepared, token) = (&running.prepared, running.prepared.intent.token.clone());
        match message {
            Message::Waiting { .. } => Vec::new(),
            Message::Exists { live, .. } => {
                let record = Box::new(step::record(prepared, live, true));
                vec![Entry::Exists { token, record }]
            }
            Message::Finished { result: Ok(Some(live)), .. } => {
                let outcome = Outcome::Put(Box::new(step::record(prepared, live, false)));
                vec![Entry::Done { token, outcome }]
            }
            Message::Finished { result: Ok(None), .. } => vec![Entry::Done { token, outcome: Outcome::Removed }],
            Message::Finished { result: Err(error), .. } if running.may_have_happened(error) => Vec::new(),
            Message::Finished { result: Err(error), .. } => {
                let left = left_incomplete(self.session.state(), &prepared.intent);
                left.into_iter().chain([Entry::Failed { token, message: error.to_string() }]).collect()
            }
        }
    }

    fn act_on(&mut self, message: Message) {
        match message {
            Message::Exists { step, live } => {
                let address = self.work.plan.steps[step].address.clone();
                (self.report)(&Event::StepExists { step, address, id: live.id });
                self.schedule.reach(step, Phase::Exists);
            }
            Message::Waiting { step, what, at_most } => {
                let address = self.work.plan.steps[step].address.clone();
                (self.report)(&Event::StepWaiting { step, address, what, at_most });
            }
            Message::Finished { step, result } => {
                let Some(running) = self.running.remove(&step) else { return };
                let elapsed = running.since.elapsed();
                match result {
                    Ok(live) => self.finish(step, &running.prepared, live, elapsed),
                    Err(error) => self.fail(step, error, elapsed),
                }
            }
        }
    }

    fn finish(&mut self, step: usize, prepared: &Prepared, live: Option<Live>, elapsed: Duration) {
        self.schedule.reach(step, if live.is_some() { Phase::Ready } else { Phase::Gone });
        if prepared.step.is_silent {
            return;
        }
        let (address, operation) = (prepared.step.address.clone(), prepared.step.name);
        let id = live.map(|live| live.id).or_else(|| prepared.intent.id.clone());
        self.summary.done.push((address.clone(), operation));
        (self.report)(&Event::StepDone { step, address, operation, id, elapsed });
    }

    fn fail(&mut self, step: usize, error: Error, elapsed: Duration) {
        let planned = &self.work.plan.steps[step];
        self.is_stopping = true;
        self.summary.failed.push(planned.address.clone());
        let (address, operation) = (planned.address.clone(), planned.name);
        (self.report)(&Event::StepFailed { step, address, operation, error, elapsed });
    }

    /// Makes entries durable and true, after what could not be written before; what can't be written now is kept.
    fn record(&mut self, entries: Vec<Entry>) {
        self.unwritten.extend(entries);
        match self.session.record(&self.unwritten) {
            Ok(()) => self.unwritten.clear(),
            Err(error) => self.give_up(error),
        }
    }

    /// Makes intents durable; whether that worked. If not, nothing of them may be tried, now or later.
    fn record_intents(&mut self, intents: &[Entry]) -> bool {
        self.record(Vec::new());
        if self.unwritten.is_empty()
            && let Err(error) = self.session.record(intents)
        {
            self.give_up(error);
        }
        self.state_error.is_none()
    }

    fn give_up(&mut self, error: StateError) {
        self.is_stopping = true;
        self.state_error.get_or_insert(error);
    }

    fn drain(&mut self) {
        self.is_stopping = true;
        self.summary.interrupted = true;
        (self.report)(&Event::Draining { running: self.running.len() });
    }

    fn abort(&mut self) {
        self.tasks.abort_all();
        (self.report)(&Event::Aborted { running: self.running.len() });
    }

    /// Outputs as far as they are known by now.
    fn record_outputs(&mut self) {
        let state = self.session.state();
        let mut outputs: BTreeMap<String, RecordedOutput> = BTreeMap::new();
        for OutputChange { name, before, after, sensitive } in &self.work.plan.outputs {
            let digest = |text: &str| state.digest(text);
            let value = after
                .as_ref()
                .map(|after| sealed_if(*sensitive, &step::resolve(after, self.work.aws, state, self.work.observed), &digest));
            // What is not known, since the apply did not get that far, stays as it was.
            let kept = value.filter(|value| !value.is_pending()).or_else(|| before.clone().filter(|_| after.is_some()));
            if let Some(value) = kept {
                outputs.insert(name.clone(), RecordedOutput { value, sensitive: *sensitive });
            }
        }
        if outputs != state.outputs {
            self.record(vec![Entry::Outputs(outputs)]);
        }
    }
}

impl InFlight {
    /// A creation that AWS did not answer, or not as it must, may have taken effect: its intent stays open, and the next run looks.
    fn may_have_happened(&self, error: &Error) -> bool {
        let is_creation = self.prepared.intent.operation == IntentOperation::Create;
        is_creation && !self.exists && matches!(error.kind, ErrorKind::Unanswered | ErrorKind::TimedOut | ErrorKind::Bug)
    }
}
