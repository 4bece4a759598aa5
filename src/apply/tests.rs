//! Random stacks, random drift, random faults and kills: whatever happens, the next runs converge, and nothing is lost.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc::unbounded_channel;

use crate::apply::{ApplyOptions, Event, Summary, Work, apply, settle};
use crate::aws::Aws;
use crate::observe::{Look, observe};
use crate::plan::tests::{PLACE_TEXT, stack};
use crate::plan::{Inputs, Options, Plan, PlanError, moved, plan};
use crate::resource::ResourceType;
use crate::resources::fake::{Cloud, Fault};
use crate::resources::stand_in::{Reply, StandIn};
use crate::stack::Stack;
use crate::state::{FileStore, Session, State};
use crate::value::Value;

fn aws() -> Aws {
    static AWS: OnceLock<Aws> = OnceLock::new();
    AWS.get_or_init(|| StandIn::start(|_, _| Reply::Hangup).aws()).clone()
}

/// A generator that gives the same for the same seed (SplitMix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A cloud, a state file, and a stack to be made of them.
struct World {
    cloud: Cloud,
    kinds: Vec<&'static dyn ResourceType>,
    folder: tempfile::TempDir,
    text: String,
}

/// How a run ended.
#[derive(Debug)]
enum End {
    Done(Box<Summary>),
    Killed,
    NoPlan(Vec<PlanError>),
}

impl World {
    fn new() -> Self {
        let cloud = Cloud::default();
        let folder = tempfile::tempdir().expect("a folder");
        Self { kinds: cloud.kinds(), cloud, folder, text: "[stack]\nname = \"s\"\n".to_owned() }
    }

    fn session(&self) -> Session {
        let store = FileStore::new(self.folder.path().join("s.json")).expect("a store");
        let initial = State { digest_key: "k".into(), lineage: "l".into(), ..State::new("s") };
        Session::open(store, Some(initial), "apply", Duration::ZERO).expect("a session")
    }

    async fn settled(&self) -> Session {
        let mut session = self.session();
        for settled in settle(&aws(), &self.kinds, session.state()).await.expect("an answer") {
            session.record(&settled.entries).expect("a disk");
        }
        session.compact().expect("a disk");
        session
    }

    /// Plans twice, and both must be the same.
    async fn plan(&self, stack: Option<&Stack>, state: &State) -> Result<(Plan, crate::plan::Observed), Vec<PlanError>> {
        let look = Look { aws: &aws(), kinds: &self.kinds, refresh: true, only: None, parallelism: 4 };
        let (state, moves) = moved(stack, state)?;
        let state = state.as_ref();
        let observed = observe(look, stack, state).await.expect("an answer");
        let (place, options) = (aws().place, Options::default());
        let inputs =
            Inputs { kinds: &self.kinds, stack, state, moves: &moves, place: &place, observed: &observed, options: &options };
        let (one, other) = (plan(inputs), plan(inputs));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        let plan = one?;
        for (index, step) in plan.steps.iter().enumerate() {
            assert!(step.waits_for.iter().all(|wait| wait.step < index), "{}: {step:?}", self.text);
        }
        Ok((plan, observed))
    }

    /// One run of the program.
    async fn run(&self, is_destroy: bool) -> End {
        let mut session = self.settled().await;
        let stack = stack(&self.text, &self.kinds, &session.state().digest_key);
        let (plan, observed) = match self.plan((!is_destroy).then_some(&stack), session.state()).await {
            Ok(planned) => planned,
            Err(errors) => return End::NoPlan(errors),
        };
        let (_interrupt, interrupts) = unbounded_channel();
        let aws = aws();
        let work = Work { plan: &plan, aws: &aws, observed: &observed, running: &[] };
        let mut report = |_: &Event| {};
        // A run that two calls killed at once has told so twice.
        let _ = self.cloud.killed.notified().now_or_never();
        tokio::select! {
            () = self.cloud.killed.notified() => End::Killed,
            summary = apply(work, &mut session, ApplyOptions { parallelism: 3, drain: None }, interrupts, &mut report) => {
                let summary = summary.expect("a disk");
                session.finish().expect("a disk");
                End::Done(Box::new(summary))
            }
        }
    }

    /// Runs without faults until all is done, then checks that nothing is lost, doubled or left.
    async fn converge(&self, is_destroy: bool) {
        self.cloud.contents().faults = None;
        let end = self.run(is_destroy).await;
        assert!(matches!(&end, End::Done(summary) if summary.is_success()), "{end:?}\n{}", self.text);
        let session = self.settled().await;
        let state = session.state();
        let stack = stack(&self.text, &self.kinds, &state.digest_key);
        let again = self.plan((!is_destroy).then_some(&stack), state).await.expect("a plan").0;
        assert!(!again.has_changes() && again.steps.is_empty(), "{again:#?}\n{}", self.text);
        assert!(state.deposed.is_empty() && state.interrupted.is_empty(), "{state:#?}");
        let recorded: Vec<&String> = state.resources.values().map(|record| &record.id).collect();
        let contents = self.cloud.contents();
        let mut there: Vec<&String> = contents.things.keys().collect();
        there.retain(|id| !id.contains("stranger"));
        let mut sorted = recorded.clone();
        sorted.sort();
        assert_eq!(sorted, there, "{}", self.text);
        let wanted = if is_destroy { 0 } else { stack.resources.len() };
        assert_eq!(state.resources.len(), wanted);
        assert!(state.resources.values().all(|record| !record.incomplete));
    }
}

/// A stack of some of six addresses, each referring only to those before it in a random order.
fn random_stack(random: &mut Random) -> String {
    let mut order: Vec<usize> = (0..6).collect();
    order.sort_by_key(|_| random.next());
    let mut text = "[stack]\nname = \"s\"\n".to_owned();
    let mut moves = String::new();
    let mut before: Vec<(String, bool)> = Vec::new();
    let mut names: Vec<u64> = (0..6).collect();
    for index in order {
        if random.chance(25) {
            continue;
        }
        let is_image = index < 2;
        let kind = if is_image { "image" } else { "disk" };
        // What it was called before is where it has moved from.
        let (letter, other) = if !is_image && random.chance(40) { ('m', 'r') } else { ('r', 'm') };
        let address = format!("{kind}.{letter}{index}");
        let _ = writeln!(moves, "[[moved]]\nfrom = \"{kind}.{other}{index}\"\nto = \"{address}\"");
        let _ = writeln!(text, "[{address}]");
        let mut uses = Vec::new();
        for (address, is_image) in &before {
            if random.chance(35) {
                let attributes: &[&str] = if *is_image { &["arn", "family"] } else { &["arn", "serial", "version", "name"] };
                uses.push(format!("\"${{{address}.{}}}\"", attributes[random.below(attributes.len() as u64) as usize]));
            }
        }
        let _ = writeln!(text, "uses = [{}]", uses.join(", "));
        if is_image {
            let _ = writeln!(text, "content = \"c{}\"", random.below(3));
        } else {
            if random.chance(50) {
                let name = names.swap_remove(random.below(names.len() as u64) as usize);
                let _ = writeln!(text, "name = \"n{name}\"");
            } else {
                let _ = writeln!(text, "# unnamed s-r{index} #");
            }
            let _ = writeln!(text, "size = {}\nzone = \"z{}\"", random.below(3), random.below(2));
            if random.chance(30) {
                let _ = writeln!(text, "note = \"{}\"", random.below(2));
            }
            if random.chance(10) {
                let _ = writeln!(text, "lifecycle = {{ create_before_destroy = true }}");
            }
        }
        before.push((address, is_image));
    }
    let _ = writeln!(text, "[outputs]");
    for (address, is_image) in &before {
        let _ =
            writeln!(text, "{} = \"${{{address}.{}}}\"", address.replace('.', "_"), if *is_image { "arn" } else { "version" });
    }
    text + &moves
}

/// Somebody changes or deletes something by hand.
fn drift(cloud: &Cloud, random: &mut Random) {
    let mut contents = cloud.contents();
    let ids: Vec<String> = contents.things.keys().cloned().collect();
    for id in ids {
        match random.below(12) {
            0 => drop(contents.things.remove(&id)),
            1 | 2 if id.contains("disk") => {
                if let Some(map) = contents.things.get_mut(&id).and_then(|thing| thing.spec.as_map_mut()) {
                    map.insert("size".to_owned(), Value::from(7));
                    map.insert("owner".to_owned(), Value::from("somebody"));
                }
            }
            3 if id.contains("disk") => {
                if let Some(thing) = contents.things.get_mut(&id) {
                    thing.ownership = None;
                }
            }
            _ => {}
        }
    }
}

fn faults(random: &mut Random) -> Box<dyn FnMut() -> Fault + Send> {
    let mut random = Random(random.next());
    Box::new(move || match random.below(24) {
        0 => Fault::Refused,
        1 => Fault::LostBefore,
        2 => Fault::LostAfter,
        3 => Fault::KilledBefore,
        4 => Fault::KilledAfter,
        5 => Fault::Half,
        _ => Fault::None,
    })
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime").block_on(future);
}

const UNNAMED: &str = "# unnamed ";

/// The stack with all names given, and with no order of replacements asked for.
fn without_conflicts(text: &str) -> String {
    let text = text.replace("lifecycle = { create_before_destroy = true }\n", "");
    text.replace(UNNAMED, "name = \"").replace(" #\n", "\"\n")
}

async fn live_through(seed: u64) {
    let mut random = Random(seed);
    let mut world = World::new();
    for _ in 0..4 {
        world.text = random_stack(&mut random);
        drift(&world.cloud, &mut random);
        for _ in 0..=random.below(3) {
            world.cloud.contents().faults = Some(faults(&mut random));
            if let End::NoPlan(errors) = world.run(false).await {
                // A name that is exchanged or kept while both are to exist: no order of steps does that. One that is
                // left out is kept, too.
                let is_expected = |error: &PlanError| match error {
                    PlanError::SameName { .. } | PlanError::Tangled { .. } => true,
                    PlanError::NameTaken { .. } => world.text.contains(UNNAMED),
                    _ => false,
                };
                assert!(errors.iter().all(is_expected), "{errors:?}\n{}", world.text);
                world.text = without_conflicts(&world.text);
            }
        }
        world.text = without_conflicts(&world.text);
        world.converge(false).await;
    }
    for _ in 0..2 {
        world.cloud.contents().faults = Some(faults(&mut random));
        world.run(true).await;
    }
    world.converge(true).await;
}

#[test]
fn whatever_happens_nothing_is_lost() {
    assert!(PLACE_TEXT.contains("eu-west-1"));
    let seeds = std::env::var("STEPWRIGHT_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    let first = std::env::var("STEPWRIGHT_FIRST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        let outcome = std::panic::catch_unwind(|| block_on(live_through(seed)));
        assert!(outcome.is_ok(), "with seed {seed}");
    }
}

#[test]
fn a_step_that_panics_ends_the_run_and_is_settled() {
    block_on(async {
        let mut world = World::new();
        world.text = "[stack]\nname = \"s\"\n[disk.a]\nsize = 1\n".to_owned();
        let mut faults = vec![Fault::Panic].into_iter();
        world.cloud.contents().faults = Some(Box::new(move || faults.next().unwrap_or(Fault::None)));
        let end = world.run(false).await;
        assert!(matches!(&end, End::Done(summary) if summary.failed.len() == 1), "{end:?}");
        world.converge(false).await;
    });
}

#[test]
fn interrupts_drain_and_then_abort() {
    block_on(async {
        let mut world = World::new();
        world.text = "[stack]\nname = \"s\"\n[disk.a]\n[disk.b]\nuses = [\"${disk.a.arn}\"]\n".to_owned();
        // The first call takes effect and never ends.
        world.cloud.contents().faults = Some(Box::new(|| Fault::KilledAfter));
        let mut session = world.settled().await;
        let stack = stack(&world.text, &world.kinds, &session.state().digest_key);
        let (plan, observed) = world.plan(Some(&stack), session.state()).await.expect("a plan");
        let (interrupt, interrupts) = unbounded_channel();
        let (aws, mut events) = (aws(), Vec::new());
        let work = Work { plan: &plan, aws: &aws, observed: &observed, running: &[] };
        let mut report = |event: &Event| events.push(format!("{event:?}"));
        let options = ApplyOptions { parallelism: 3, drain: None };
        let interruption = async {
            world.cloud.killed.notified().await;
            interrupt.send(()).and_then(|()| interrupt.send(())).expect("somebody listens");
        };
        let (summary, ()) = tokio::join!(apply(work, &mut session, options, interrupts, &mut report), interruption);
        let summary = summary.expect("a disk");
        assert!(summary.interrupted && summary.done.is_empty() && summary.failed.is_empty());
        assert_eq!(summary.not_tried.len(), 1);
        assert!(events.iter().any(|event| event.starts_with("Draining")));
        assert!(events.iter().any(|event| event.starts_with("Aborted")));
        assert_eq!(session.finish().expect("a disk").interrupted.len(), 1);
        world.converge(false).await;
    });
}

#[test]
fn many_new_resources_are_looked_for_together() {
    block_on(async {
        let mut world = World::new();
        for index in 0..1000 {
            let _ = writeln!(world.text, "[disk.d{index}]\nsize = 1");
        }
        let session = world.session();
        let stack = stack(&world.text, &world.kinds, "k");
        world.plan(Some(&stack), session.state()).await.expect("a plan");
        assert_eq!(world.cloud.contents().reads, 1);
    });
}
