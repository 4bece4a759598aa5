//! The text of a stack file, as a person would write it.
//!
//! | file | writes |
//! |---|---|
//! | `string.rs` | keys and strings |
//! | `inline.rs` | values on one line; documents that TOML can't carry |
//! | `table.rs` | tables and their headers |

use crate::export::references::Written;
use crate::place::Place;
use crate::value::Value;

mod inline;
mod string;
mod table;
#[cfg(test)]
mod tests;

/// The whole file.
pub fn stack(name: &str, place: &Place, resources: &[Written]) -> String {
    let known = |part: &Option<String>| part.clone().unwrap_or_default();
    let (region, account) = (known(&place.region), known(&place.account_id));
    let mut text = format!(
        "# What was live in account {account}, {region}, as `stepwright export` found it.\n\n\
         [stack]\nname   = {}\nregion = {}\n\n\
         # What is taken over: the next plan shows it, the next apply does it. An entry that is done may stay.\n[import]\n",
        string::string(name),
        string::string(&region),
    );
    let entries: Vec<(String, String)> = resources
        .iter()
        .map(|it| (string::string(&it.named.address.to_string()), string::string(&import_of(it, place))))
        .collect();
    let width = entries.iter().map(|(address, _)| address.len()).max().unwrap_or_default();
    for (address, import) in entries {
        text.push_str(&format!("{address:width$} = {import}\n"));
    }
    for Written { named, spec } in resources {
        let path = [named.address.resource_type.clone(), named.address.name.clone()];
        if let Value::Map(map) = spec {
            table::table(&mut text, &path, map, Some(named.kind.schema()));
        }
    }
    text
}

/// What names a resource for good: its name, or where that is not enough, its ARN.
fn import_of(written: &Written, place: &Place) -> String {
    let live = &written.named.live;
    let name = live.spec.text(written.named.kind.description().name_field);
    let is_enough = |name: &&str| written.named.kind.id(name, place).as_ref() == Some(&live.id);
    name.filter(is_enough).unwrap_or(&live.id).replace("${", "$${")
}
