//! The vocabulary of the files as data. In: tables of [`Key`]s; out: a JSON Schema for editors. Invariant:
//! the reader refuses exactly the keys that these tables do not name, so schema and parser cannot differ.

use serde_json::{Map, Value, json};

/// One key of a map with a fixed vocabulary.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand behind it.
    pub kind: Type,
    /// What it does, for editors: one sentence.
    pub about: &'static str,
}

/// A map with a fixed vocabulary.
#[derive(Debug)]
pub struct Shape {
    /// What it is called in messages: "a step".
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Keys that must be there.
    pub required: &'static [&'static str],
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A quantity with its unit, with an example: `500ms`.
    Quantity(&'static str),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Type),
    /// A map with free keys.
    MapOf(&'static Type),
    /// A map with a fixed vocabulary.
    Object(&'static Shape),
    /// Any of these.
    Either(&'static [Type]),
    /// Any YAML value (JSON bodies).
    Anything,
    /// Nothing behind the key.
    Nothing,
}

/// The JSON Schema (draft-07, what editors understand best) of a file whose root is `shape`.
pub fn json_schema(shape: &'static Shape, title: &str) -> Value {
    let mut definitions = Map::new();
    let Value::Object(mut root) = object(shape, &mut definitions) else {
        return Value::Null;
    };
    root.insert(
        "$schema".into(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    // What must be there may stand in an included file.
    if shape.keys.iter().any(|key| key.name == "include")
        && let Some(required) = root.remove("required")
    {
        let either = json!([{ "required": required }, { "required": ["include"] }]);
        root.insert("anyOf".into(), either);
    }
    root.insert("title".into(), json!(title));
    root.insert("definitions".into(), Value::Object(definitions));
    Value::Object(root)
}

fn object(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut schema = of(key.kind, definitions);
        if let Value::Object(fields) = &mut schema {
            if fields.contains_key("$ref") {
                // Draft-07 ignores what stands beside a $ref.
                schema = json!({ "allOf": [schema], "description": key.about });
            } else {
                fields.insert("description".into(), json!(key.about));
            }
        }
        properties.insert(key.name.into(), schema);
    }
    let mut out =
        json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !shape.required.is_empty() {
        out["required"] = json!(shape.required);
    }
    out
}

fn of(kind: Type, definitions: &mut Map<String, Value>) -> Value {
    match kind {
        Type::Text => json!({ "type": ["string", "number", "boolean"] }),
        Type::Integer => or_variable(&json!({ "type": "integer", "minimum": 0 })),
        Type::Boolean => or_variable(&json!({ "type": "boolean" })),
        Type::Quantity(example) => json!({ "type": "string", "examples": [example] }),
        Type::Words(words) => or_variable(&json!({ "enum": spelt(words) })),
        Type::List(item) => json!({ "type": "array", "items": of(*item, definitions) }),
        Type::MapOf(item) => {
            json!({ "type": "object", "additionalProperties": of(*item, definitions) })
        }
        Type::Object(shape) => {
            if !definitions.contains_key(shape.name) {
                definitions.insert(shape.name.into(), Value::Null);
                let schema = object(shape, definitions);
                definitions.insert(shape.name.into(), schema);
            }
            json!({ "$ref": format!("#/definitions/{}", shape.name.replace(' ', "%20")) })
        }
        Type::Either(kinds) => {
            json!({ "anyOf": kinds.iter().map(|k| of(*k, definitions)).collect::<Vec<_>>() })
        }
        Type::Anything => json!({}),
        Type::Nothing => json!({ "type": "null" }),
    }
}

/// The same, or a variable of the environment in its place: `${HTTP:-auto}`.
fn or_variable(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{[^}]+\\}" }] })
}

/// Words, and the numbers that some of them are to YAML readers.
fn spelt(words: &[&str]) -> Vec<Value> {
    let numbers = words.iter().filter_map(|word| word.parse::<f64>().ok());
    let words = words.iter().map(|word| json!(word));
    words.chain(numbers.map(|number| json!(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static STEP: Shape = Shape {
        name: "step",
        required: &["get"],
        keys: &[
            Key {
                name: "get",
                kind: Type::Text,
                about: "A path.",
            },
            Key {
                name: "steps",
                kind: Type::List(&Type::Object(&STEP)),
                about: "Recursive.",
            },
        ],
    };

    #[test]
    fn shapes_become_definitions_once_even_when_recursive() {
        let schema = json_schema(&STEP, "a test");
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"][0], "get");
        assert_eq!(
            schema["properties"]["steps"]["items"]["$ref"],
            "#/definitions/step"
        );
        assert_eq!(
            schema["definitions"]["step"]["properties"]["get"]["description"],
            "A path."
        );
    }
}
