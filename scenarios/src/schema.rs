//! The JSON Schema of the scenario file, from the same tables that check it.

use crate::render;
use crate::shape::{Field, Need, Record, Shape, Word};
use crate::source::SourceId;
use crate::vocabulary::SCENARIO;
use crate::{shipped, yaml};
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12, for editors. It is a little laxer than the loader, which also knows what names refer to.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut root = record_body(&SCENARIO, true, &mut definitions);
    root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".into(), json!("Seawall scenario, format 1"));
    root.insert(
        "patternProperties".into(),
        json!({"^x-": {"description": "Ignored: a place for YAML anchors."}}),
    );
    root.insert("$defs".into(), Value::Object(definitions));
    Value::Object(root)
}

type Definitions = Map<String, Value>;

fn of_shape(shape: &Shape, definitions: &mut Definitions) -> Value {
    match shape {
        Shape::Text => json!({"type": ["string", "number"]}),
        Shape::Expectation => {
            json!({"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]})
        }
        Shape::Reference(what) => reference(what),
        Shape::Endpoint => reference(crate::shape::ENDPOINT),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Choice(words) => json!({"enum": known(words)}),
        Shape::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Shape::Count(least, most) => count(*least, *most),
        Shape::List(item, least) => {
            json!({"type": "array", "minItems": least, "items": of_shape(item, definitions)})
        }
        Shape::Map(_, value) => map(NAME, value, definitions),
        Shape::Paths(_, value) => map(PATH, value, definitions),
        Shape::Record(record) => defined(record, true, definitions),
        Shape::Partial(Shape::Record(record)) => defined(record, false, definitions),
        Shape::Partial(shape) => of_shape(shape, definitions),
        Shape::Either(shapes) => {
            json!({"anyOf": shapes.iter().map(|shape| of_shape(shape, definitions)).collect::<Vec<_>>()})
        }
        quantity => of_quantity(quantity),
    }
}

const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9-]*$";
const PATH: &str = "^[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*)*$";

fn of_quantity(shape: &Shape) -> Value {
    let (pattern, examples) = match shape {
        Shape::Duration(..) | Shape::TimeOfDay => {
            (r"^(\d+(\.\d+)? *(ns|us|ms|s|m|h|d|w|mo|y))+$", json!(["30s", "5m", "90d", "2y"]))
        }
        Shape::SignedDuration => {
            (r"^[+-]?(\d+(\.\d+)? *(ns|us|ms|s|m|h|d|w|mo|y))+$", json!(["+2h", "-5h30m"]))
        }
        Shape::Share { .. } | Shape::Percent => (r"^\d+(\.\d+)? *%$|^\d+ */ *\d+$", json!(["10%", "99.95%"])),
        Shape::Rate { .. } => {
            (r"^\d+(\.\d+)? *[a-zA-Z/]", json!(["4000 rps", "2 per minute", "1 duty/slot"]))
        }
        Shape::Distance => (r"^[+-]?\d+(\.\d+)? *km$", json!(["500 km"])),
        _ => (r"^\d+ of \d+( [a-z]+)?$", json!(["3 of 5", "4 of 7 sites"])),
    };
    json!({"type": "string", "pattern": pattern, "examples": examples})
}

/// A name; of presets and incidents, editors are offered those that ship.
fn reference(what: &str) -> Value {
    let shipped = |files: &[shipped::Shipped]| files.iter().map(|file| file.name).collect::<Vec<_>>();
    match what {
        "a preset's name" => json!({"type": "string", "examples": shipped(shipped::presets())}),
        "an incident's name" => json!({"type": "string", "examples": shipped(shipped::incidents())}),
        // YAML takes a name such as `7` for a number.
        _ => json!({"type": ["string", "integer"]}),
    }
}

fn count(least: u64, most: u64) -> Value {
    json!({"anyOf": [
        {"type": "integer", "minimum": least, "maximum": most},
        {"type": "string", "pattern": r"^\d+(\.\d+)? *[a-zA-Z]+( [a-z]+)?$", "examples": ["1000000 keys", "1M keys"]},
    ]})
}

fn known(words: &[Word]) -> Vec<&'static str> {
    words.iter().filter(|word| !word.later).map(|word| word.word).collect()
}

fn map(names: &str, value: &Shape, definitions: &mut Definitions) -> Value {
    json!({
        "type": "object",
        "propertyNames": {"pattern": names},
        "additionalProperties": of_shape(value, definitions),
    })
}

/// A reference to a record's definition, which is made where it is met first.
fn defined(record: &Record, whole: bool, definitions: &mut Definitions) -> Value {
    let name = definition_name(record, whole);
    if !definitions.contains_key(&name) {
        // The name is taken first, because a record may contain itself.
        definitions.insert(name.clone(), Value::Null);
        let body = record_body(record, whole, definitions);
        definitions.insert(name.clone(), Value::Object(body));
    }
    json!({"$ref": format!("#/$defs/{name}")})
}

fn definition_name(record: &Record, whole: bool) -> String {
    let bare = record.what.trim_start_matches("a ").trim_start_matches("an ");
    let name: String =
        bare.chars().filter(|c| *c != '`' && *c != '\'').map(|c| if c == ' ' { '-' } else { c }).collect();
    if whole { name } else { format!("{name}-defaults") }
}

fn record_body(record: &Record, whole: bool, definitions: &mut Definitions) -> Map<String, Value> {
    let present = || record.fields.iter().filter(|field| field.need != Need::Later);
    let properties: Map<String, Value> =
        present().map(|field| (field.key.to_owned(), property(field, definitions))).collect();
    let required: Vec<&str> =
        present().filter(|field| whole && field.need == Need::Required).map(|field| field.key).collect();
    let mut body = Map::new();
    // A key without a value is a map without keys, unless something is required.
    let kinds = if record.at_least_one { json!("object") } else { json!(["object", "null"]) };
    body.insert("type".into(), kinds);
    body.insert("additionalProperties".into(), json!(false));
    body.insert("properties".into(), Value::Object(properties));
    // A preset may supply what is required.
    if !required.is_empty() && !record.fields.iter().any(|field| field.key == "preset") {
        body.insert("required".into(), json!(required));
    }
    if record.at_least_one {
        body.insert("minProperties".into(), json!(1));
    }
    body
}

fn property(field: &Field, definitions: &mut Definitions) -> Value {
    let mut schema = of_shape(&field.shape, definitions);
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".into(), json!(field.about));
        if let Need::Default(text) = field.need {
            schema.insert("default".into(), default(text));
        }
    }
    schema
}

/// A default as editors insert it.
fn default(text: &str) -> Value {
    match yaml::parse(text, SourceId(0)) {
        Ok(document) if document.root.text().is_none() => render::json(&document.root),
        _ => text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{self, Node};

    #[test]
    fn the_committed_schema_is_current() {
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        snapbox::assert_data_eq!(text, snapbox::file!["../schema/seawall.schema.json"].raw());
    }

    #[test]
    fn no_two_records_share_a_definition() {
        let names: Vec<String> =
            SCENARIO.all_below().into_iter().map(|record| definition_name(record, true)).collect();
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_schema_takes_every_scenario_of_the_library() {
        let schema = schema();
        for file in shipped::library() {
            let root = yaml::parse(file.text, SourceId(0)).unwrap().root;
            validate(&core_json(&root), &schema, &schema)
                .unwrap_or_else(|problem| panic!("{}: {problem}", file.name));
        }
    }

    #[test]
    fn the_schema_refuses_unknown_keys_missing_units_and_unknown_words() {
        let schema = schema();
        for wrong in [
            "{scenario: 1, name: x, sites: {}, sties: {}}",
            "{scenario: 1, name: x, sites: {}, run: {horizon: 1}}",
            "{scenario: 1, name: x, sites: {}, run: {start: cold}}",
            "{scenario: 1, name: x}",
            "{scenario: 1, name: x, sites: {}, operations: {}}",
        ] {
            let root = yaml::parse(wrong, SourceId(0)).unwrap().root;
            assert!(validate(&core_json(&root), &schema, &schema).is_err(), "{wrong}");
        }
    }

    /// A tree as JSON by the core schema of YAML 1.2, which editors use.
    fn core_json(node: &Node) -> Value {
        match &node.value {
            tree::Value::List(items) => Value::Array(items.iter().map(core_json).collect()),
            tree::Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), core_json(&entry.node))).collect()
            }
            tree::Value::Scalar { .. } if node.is_null() => Value::Null,
            tree::Value::Scalar { text, plain: true } => serde_json::from_str(text)
                .ok()
                .filter(|value: &Value| value.is_number() || value.is_boolean())
                .unwrap_or_else(|| json!(text)),
            tree::Value::Scalar { text, .. } => json!(text),
        }
    }

    /// As much of a validator as our schema needs; patterns aside.
    fn validate(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return validate(value, root.pointer(&name[1..]).ok_or(name)?, root);
        }
        if let Some(schemas) = schema.get("anyOf").and_then(Value::as_array) {
            let tries: Vec<_> = schemas.iter().map(|schema| validate(value, schema, root)).collect();
            return if tries.iter().any(Result::is_ok) { Ok(()) } else { Err(format!("{value}: {tries:?}")) };
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return if words.contains(value) { Ok(()) } else { Err(format!("{value} is none of {words:?}")) };
        }
        let kind = schema.get("type").ok_or("no type")?;
        let kinds: Vec<&str> = kind
            .as_array()
            .map_or(vec![kind], |kinds| kinds.iter().collect())
            .into_iter()
            .filter_map(Value::as_str)
            .collect();
        let fits = |kind: &&str| match *kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            _ => value.is_null(),
        };
        if !kinds.iter().any(fits) {
            return Err(format!("{value} is not {kind}"));
        }
        for item in value.as_array().into_iter().flatten() {
            validate(item, &schema["items"], root)?;
        }
        let none = Map::new();
        let entries = value.as_object().unwrap_or(&none);
        for key in
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            entries.get(key).ok_or(format!("{key} is missing"))?;
        }
        for (key, value) in entries {
            match schema
                .get("properties")
                .and_then(|properties| properties.get(key))
                .or(schema.get("additionalProperties"))
            {
                None | Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) => return Err(format!("unknown key {key}")),
                Some(schema) => {
                    validate(value, schema, root).map_err(|problem| format!("{key}: {problem}"))?
                }
            }
        }
        Ok(())
    }
}
