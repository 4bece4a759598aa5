//! A cloud in memory with two small types, for the tests of the engine.
//!
//! | type | its name | replaced | like |
//! |---|---|---|---|
//! | `disk` | one of each | delete, then create | a cluster, a role |
//! | `image` | a family of revisions, told apart by token | create, then delete | a task definition |

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::aws::{Aws, Error, ErrorKind};
use crate::place::Place;
use crate::resource::{self, Attribute, Attributes, Description, Live, Operation, Ownership, Replacement, ResourceType, Sought};
use crate::schema::{Difference, Field};
use crate::value::{Map, Value};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Nothing happens.
    Refused,
    /// Nothing happens, and nobody says so.
    LostBefore,
    /// It happens, and nobody says so.
    LostAfter,
    /// The process is killed before it happens.
    KilledBefore,
    /// The process is killed after it happened.
    KilledAfter,
    /// It happens by half, and the rest is refused.
    Half,
    Panic,
}

/// One thing in the cloud.
#[derive(Clone, Debug)]
pub struct Thing {
    pub spec: Value,
    pub ownership: Option<Ownership>,
    pub serial: u64,
    pub version: u64,
}

#[derive(Default)]
pub struct Contents {
    /// By id.
    pub things: BTreeMap<String, Thing>,
    pub serial: u64,
    /// Every call that changes something, as it begins.
    pub calls: Vec<String>,
    /// How often something was read.
    pub reads: usize,
    /// What goes wrong with the next calls.
    pub faults: Option<Box<dyn FnMut() -> Fault + Send>>,
}

/// The cloud, shared by its types and its test.
#[derive(Clone, Default)]
pub struct Cloud {
    contents: Arc<Mutex<Contents>>,
    /// Told when a call kills the process.
    pub killed: Arc<Notify>,
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The types that live in it. They last as long as the test's process.
    pub fn kinds(&self) -> Vec<&'static dyn ResourceType> {
        let disk: &'static Kind = Box::leak(Box::new(Kind { is_image: false, cloud: self.clone() }));
        let image: &'static Kind = Box::leak(Box::new(Kind { is_image: true, cloud: self.clone() }));
        vec![disk, image]
    }

    /// What the call does: `effect` makes the change, or half of it.
    async fn call(&self, what: String, effect: impl Fn(&mut Contents, bool)) -> Result<(), Error> {
        // Other steps may run meanwhile.
        tokio::task::yield_now().await;
        let fault = {
            let mut contents = self.contents();
            contents.calls.push(what);
            let fault = contents.faults.as_mut().map_or(Fault::None, |faults| faults());
            match fault {
                Fault::None | Fault::LostAfter | Fault::KilledAfter => effect(&mut contents, true),
                Fault::Half => effect(&mut contents, false),
                _ => {}
            }
            fault
        };
        tokio::task::yield_now().await;
        match fault {
            Fault::None => Ok(()),
            Fault::Refused | Fault::Half => Err(Error::new("fake:Call", ErrorKind::Refused, "no")),
            Fault::LostBefore | Fault::LostAfter => Err(Error::new("fake:Call", ErrorKind::Unanswered, "silence")),
            Fault::KilledBefore | Fault::KilledAfter => {
                self.killed.notify_one();
                std::future::pending().await
            }
            Fault::Panic => panic!("as the test wants"),
        }
    }
}

#[expect(dead_code, reason = "only its schema is read")]
#[derive(Deserialize, JsonSchema)]
struct DiskSpec {
    name: Option<String>,
    size: Option<i64>,
    #[schemars(extend("x-replace" = true))]
    zone: Option<String>,
    uses: Option<Vec<String>>,
    #[schemars(extend("x-needs" = "ready"))]
    lead: Option<String>,
    #[schemars(extend("x-unmanaged" = true))]
    owner: Option<String>,
    #[schemars(extend("x-write-only" = true))]
    note: Option<String>,
    password: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    #[schemars(extend("x-identity" = "name", "x-unordered" = true))]
    parts: Option<Vec<Part>>,
    tags: Option<BTreeMap<String, String>>,
}

#[expect(dead_code, reason = "only its schema is read")]
#[derive(Deserialize, JsonSchema)]
struct Part {
    name: String,
    value: Option<String>,
}

#[expect(dead_code, reason = "only its schema is read")]
#[derive(Deserialize, JsonSchema)]
struct ImageSpec {
    #[schemars(extend("x-replace" = true))]
    family: Option<String>,
    #[schemars(extend("x-replace" = true))]
    content: Option<String>,
    #[schemars(extend("x-replace" = true))]
    uses: Option<Vec<String>>,
}

static DISK_FIELD: LazyLock<Field> = LazyLock::new(|| {
    let mut field = Field::of::<DiskSpec>();
    if let crate::schema::Shape::Object { fields, .. } = &mut field.shape {
        fields["name"].rules.replace = true;
    }
    field
});
static IMAGE_FIELD: LazyLock<Field> = LazyLock::new(Field::of::<ImageSpec>);

const fn attribute(name: &'static str, survives_update: bool) -> Attribute {
    Attribute { name, summary: "", survives_update }
}

static DISK: Description = Description {
    name: "disk",
    summary: "A disk.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: true,
    attributes: &[attribute("arn", true), attribute("name", true), attribute("serial", true), attribute("version", false)],
    replacement: Replacement::DeleteThenCreate,
};

static IMAGE: Description = Description {
    name: "image",
    summary: "An image.",
    name_field: "family",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[attribute("arn", true), attribute("family", true)],
    replacement: Replacement::CreateThenDelete,
};

#[derive(Debug)]
struct Kind {
    is_image: bool,
    cloud: Cloud,
}

impl Kind {
    fn live(&self, id: &str, thing: &Thing) -> Live {
        let mut spec = resource::normalise(self, &Value::from(thing.spec.to_plain().unwrap_or_default()));
        if let Some(map) = spec.as_map_mut() {
            map.shift_remove("note");
        }
        let name_field = self.description().name_field;
        let name = Value::string(spec.text(name_field).unwrap_or_default());
        let mut attributes = Attributes::from([("arn".to_owned(), Value::string(id)), (name_field.to_owned(), name)]);
        if !self.is_image {
            attributes.insert("serial".to_owned(), Value::String(format!("s{}", thing.serial)));
            attributes.insert("version".to_owned(), Value::String(format!("v{}", thing.version)));
        }
        Live { id: id.to_owned(), spec, attributes, ownership: thing.ownership.clone() }
    }

    fn look(&self, id: &str) -> Option<Live> {
        self.cloud.contents().things.get(id).map(|thing| self.live(id, thing))
    }

    /// The id that a creation gives: that of the same creation before, or a new one.
    fn new_id(&self, contents: &Contents, spec: &Value, operation: Operation<'_>) -> Option<String> {
        let name = spec.text(self.description().name_field).unwrap_or_default();
        let base = self.id(name, &operation.aws.place)?;
        if !self.is_image {
            return Some(base);
        }
        let same = contents.things.iter().find(|(id, thing)| {
            id.starts_with(&format!("{base}:"))
                && thing.ownership.as_ref().and_then(|owner| owner.token.as_ref()) == operation.ownership.token.as_ref()
        });
        Some(same.map_or_else(|| format!("{base}:{}", contents.serial + 1), |(id, _)| id.clone()))
    }
}

#[async_trait]
impl ResourceType for Kind {
    fn description(&self) -> &'static Description {
        if self.is_image { &IMAGE } else { &DISK }
    }

    fn schema(&self) -> &'static Field {
        if self.is_image { &IMAGE_FIELD } else { &DISK_FIELD }
    }

    fn predict(&self, spec: &Value, place: &Place) -> Attributes {
        let name_field = self.description().name_field;
        let Some(name) = spec.text(name_field) else { return Attributes::new() };
        let arn = self.id(name, place).filter(|_| !self.is_image).map(|arn| ("arn".to_owned(), Value::String(arn)));
        arn.into_iter().chain([(name_field.to_owned(), Value::string(name))]).collect()
    }

    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        if name_or_arn.starts_with("arn:") {
            return Some(name_or_arn.to_owned());
        }
        place.arn("fake", &format!("{}/{name_or_arn}", self.description().name))
    }

    async fn read_many(&self, _aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        self.cloud.contents().reads += 1;
        ids.iter().map(|id| Ok(self.look(id))).collect()
    }

    async fn find_many(&self, aws: &Aws, sought: &[Sought]) -> Vec<Result<Option<Live>, Error>> {
        if !self.is_image {
            let ids = sought.iter().map(|sought| self.id(sought.spec.text("name")?, &aws.place));
            self.cloud.contents().reads += 1;
            return ids.map(|id| Ok(id.and_then(|id| self.look(&id)))).collect();
        }
        let contents = self.cloud.contents();
        let newest = |sought: &Sought| {
            let base = self.id(sought.spec.text("family")?, &aws.place)?;
            let mine = contents.things.iter().filter(|(id, thing)| {
                let owner = thing.ownership.as_ref();
                id.starts_with(&format!("{base}:"))
                    && owner.is_some_and(|owner| {
                        let is_same_token = sought.ownership.token.is_none() || owner.token == sought.ownership.token;
                        owner.address == sought.ownership.address && owner.stack == sought.ownership.stack && is_same_token
                    })
            });
            mine.max_by_key(|(_, thing)| thing.serial).map(|(id, thing)| self.live(id, thing))
        };
        sought.iter().map(|sought| Ok(newest(sought))).collect()
    }

    async fn create(&self, operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
        let refused = |message: &str| Error::new("fake:Create", ErrorKind::Bug, message);
        let plain = Value::from(spec.to_plain().map_err(|error| refused(&error.to_string()))?);
        let id = self.new_id(&self.cloud.contents(), spec, operation).ok_or_else(|| refused("no name"))?;
        let owner = self.look(&id).and_then(|live| live.ownership);
        if self.look(&id).is_some() && owner.as_ref().map(|owner| &owner.address) != Some(&operation.ownership.address) {
            return Err(Error::new("fake:Create", ErrorKind::AlreadyExists, format!("{id} is there")));
        }
        let name_field = self.description().name_field;
        self.cloud
            .call(format!("create {}", operation.ownership.address), |contents, is_whole| {
                // A refusal means that nothing was made.
                if !is_whole {
                    return;
                }
                contents.serial += 1;
                let serial = contents.serial;
                // It is there at once; what else it is to be comes after.
                let first = if self.is_image {
                    plain.clone()
                } else {
                    let name = plain.get(name_field).cloned().unwrap_or(Value::Null);
                    Value::Map(Map::from_iter([(name_field.to_owned(), name)]))
                };
                let thing = Thing { spec: first, ownership: Some(operation.ownership.clone()), serial, version: serial };
                contents.things.entry(id.clone()).or_insert(thing);
            })
            .await?;
        if let Some(live) = self.look(&id) {
            operation.progress.exists(&live);
        }
        if !self.is_image {
            self.cloud
                .call(format!("complete {}", operation.ownership.address), |contents, is_whole| {
                    if let Some(thing) = contents.things.get_mut(&id).filter(|_| is_whole) {
                        thing.spec = plain.clone();
                    }
                })
                .await?;
        }
        self.look(&id).ok_or_else(|| refused("it vanished"))
    }

    async fn update(&self, operation: Operation<'_>, live: &Live, spec: &Value, _: &[Difference]) -> Result<Live, Error> {
        let refused = |message: &str| Error::new("fake:Update", ErrorKind::Bug, message);
        let plain = Value::from(spec.to_plain().map_err(|error| refused(&error.to_string()))?);
        self.cloud
            .call(format!("update {}", operation.ownership.address), |contents, is_whole| {
                contents.serial += 1;
                let serial = contents.serial;
                if let Some(thing) = contents.things.get_mut(&live.id) {
                    let size = thing.spec.get("size").cloned();
                    thing.spec = plain.clone();
                    thing.version = serial;
                    let token = thing.ownership.take().and_then(|owner| owner.token);
                    thing.ownership = Some(Ownership { token, ..operation.ownership.clone() });
                    if let (false, Some(map)) = (is_whole, thing.spec.as_map_mut()) {
                        map.shift_remove("size");
                        map.extend(size.map(|size| ("size".to_owned(), size)));
                    }
                }
            })
            .await?;
        self.look(&live.id).ok_or_else(|| refused("it vanished"))
    }

    async fn delete(&self, operation: Operation<'_>, id: &str, _spec: &Value) -> Result<(), Error> {
        self.cloud
            .call(format!("delete {}", operation.ownership.address), |contents, is_whole| {
                if is_whole {
                    contents.things.remove(id);
                }
            })
            .await
    }
}
