//! Why there is no plan.

use crate::address::Address;
use crate::place::Place;
use crate::resource::Ownership;

/// Something that no plan may do. All of them are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("{address} can't be created: {id} is there already and {}", owner_text(.owner.as_ref()))]
    NameTaken { address: Address, id: String, owner: Option<Ownership>, stack: String },
    #[error("{address} can't be imported: {id} is managed already, as {owner}")]
    ManagedAlready { address: Address, id: String, owner: Address },
    #[error("{address} and {other} would both be {id}")]
    SameResource { address: Address, other: Address, id: String },
    #[error("{address} is recorded, and {id} is marked as {} of the stack {}", .owner.address, .owner.stack)]
    MarkedAsAnothers { address: Address, id: String, owner: Ownership },
    #[error("{address} can't be imported: {id} belongs to {} of the stack {}", .owner.address, .owner.stack)]
    OwnedByAnother { address: Address, id: String, owner: Ownership },
    #[error("{from} has moved to {to}, and both are recorded")]
    Occupied { from: Address, to: Address },
    #[error("{address} would be destroyed, and its lifecycle says prevent_destroy")]
    PreventDestroy { address: Address },
    #[error("{address} can't be created before its predecessor is destroyed: both are called {name}")]
    SameName { address: Address, name: String },
    #[error("{option} {address}: neither the stack nor the state has it")]
    UnknownAddress { option: &'static str, address: Address },
    #[error("the state is of a stack in {}, and this plan is for {}", place_text(.recorded), place_text(.wanted))]
    Moved { recorded: Place, wanted: Place },
    #[error("the state is of the stack {recorded}, and this stack file is of {wanted}")]
    OtherStack { recorded: String, wanted: String },
    #[error("the steps for {} would wait for each other", .addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Tangled { addresses: Vec<Address> },
    #[error("{address}: this version of Stepwright knows no resource type {}", .address.resource_type)]
    UnknownType { address: Address },
}

impl PlanError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NameTaken { owner: Some(owner), stack, .. } if owner.stack == *stack => {
                format!("choose another name, or give {} one: a name that is left out stays what it is", owner.address)
            }
            Self::NameTaken { owner: Some(owner), .. } => {
                format!("choose another name, or destroy it from the stack {} first", owner.stack)
            }
            Self::NameTaken { address, id, .. } => {
                format!("choose another name, or take it over: [import] \"{address}\" = \"{id}\"")
            }
            Self::ManagedAlready { owner, .. } => {
                format!("to give it another address, write [[moved]] from = \"{owner}\", or use `stepwright state mv`")
            }
            Self::SameResource { address, .. } => format!(
                "leave one of them out of the stack; what is recorded twice can be forgotten once: stepwright state rm STACK {address}"
            ),
            Self::MarkedAsAnothers { address, id, .. } => format!(
                "if it is this stack's: stepwright state rm STACK {address}, then stepwright import STACK {address} {id} \
                 --take-over; if it is not: give {address} another name"
            ),
            Self::OwnedByAnother { owner, .. } => {
                format!("take it out of the stack {} first (`stepwright state rm`), then import it with --take-over", owner.stack)
            }
            Self::Occupied { to, .. } => {
                format!("take the [[moved]] entry out, or have one of them forgotten: stepwright state rm STACK {to}")
            }
            Self::PreventDestroy { .. } => {
                "take prevent_destroy out of its lifecycle and apply that first, or undo the change that would destroy it".to_owned()
            }
            Self::SameName { .. } => "give it another name, or leave create_before_destroy out".to_owned(),
            Self::UnknownAddress { .. } => "an address is TYPE.NAME; `stepwright state list` shows those of the state".to_owned(),
            Self::Moved { .. } => {
                "use the credentials and region it was made with; to move it, destroy it there and apply it here with another --state"
                    .to_owned()
            }
            Self::OtherStack { .. } => "name the right file with --state, or give the stack its name back".to_owned(),
            Self::Tangled { .. } => "apply in two goes: first what is removed, then what is new (--target)".to_owned(),
            Self::UnknownType { .. } => "use the newer version of Stepwright that made this state".to_owned(),
        }
    }
}

fn owner_text(owner: Option<&Ownership>) -> String {
    match owner {
        Some(owner) => format!("belongs to {} of the stack {}", owner.address, owner.stack),
        None => "was not made by Stepwright".to_owned(),
    }
}

fn place_text(place: &Place) -> String {
    let known = |text: &Option<String>, what: &str| text.clone().unwrap_or_else(|| format!("an unknown {what}"));
    format!("{} of account {}", known(&place.region, "region"), known(&place.account_id, "account"))
}
