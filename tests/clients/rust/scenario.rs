//! The client that OpenAPI Generator makes plays the scenario of the contract.
//!
//! Arguments: endpoint, public key, secret key, folder of the contract, scenario.

#[path = "../signer.rs"]
mod signer;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};
use signer::Signer;
use visualsnoop::apis::configuration::Configuration;
use visualsnoop::apis::{Error, collection_api, duplicates_api, images_api, search_api};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, public_key, secret_key, spec, scenario] = arguments.as_slice() else {
        panic!("five arguments are needed");
    };
    let mut report = Report::default();
    for vector in read(&format!("{spec}/signing-vectors.json"))
        .as_array()
        .unwrap()
    {
        let text = |name: &str| vector[name].as_str().unwrap();
        let url = reqwest::Url::parse(text("url")).unwrap();
        let signed =
            signer::signature(text("secret_key"), text("method"), url.path(), text("date"));
        let mut differences = vec![];
        compare(
            &vector["signature"],
            &json!(signed),
            "signature",
            &mut differences,
        );
        report.add(text("name"), differences);
    }

    let mut saved = Map::new();
    for step in read(scenario)["calls"].as_array().unwrap() {
        let configuration = Configuration {
            base_path: endpoint.clone(),
            client: reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
                .with(Signer {
                    public_key: public_key.clone(),
                    secret_key: step["secret_key"].as_str().unwrap_or(secret_key).to_owned(),
                })
                .build(),
            ..Configuration::default()
        };
        let pictures = Path::new(spec).join("pictures");
        let (status, answer) = call(
            step,
            &filled(&step["parameters"], &saved),
            &pictures,
            &configuration,
        )
        .await;

        let mut expected = step["answer"].as_object().cloned().unwrap_or_default();
        expected.insert("status".to_owned(), step["status"].clone());
        let mut differences = vec![];
        compare(
            &step["status"],
            &json!(status),
            "HTTP status",
            &mut differences,
        );
        compare(
            &filled(&Value::Object(expected), &saved),
            &answer,
            "answer",
            &mut differences,
        );
        report.add(step["name"].as_str().unwrap(), differences);
        for (name, field) in step["save"].as_object().unwrap_or(&Map::new()) {
            saved.insert(name.clone(), answer[field.as_str().unwrap()].clone());
        }
    }
    println!("{} passed, {} failed", report.passed, report.failed);
    std::process::exit(if report.failed > 0 { 1 } else { 0 });
}

/// Make a call; its HTTP status, and what came back as JSON.
async fn call(
    step: &Value,
    parameters: &Value,
    pictures: &Path,
    configuration: &Configuration,
) -> (u16, Value) {
    let image_id = parameters["image_id"].as_str().unwrap_or_default();
    let other_id = parameters["other_id"].as_str().unwrap_or_default();
    let count = parameters["count"].as_i64().map(|number| number as i32);
    let offset = parameters["offset"].as_i64().map(|number| number as i32);
    let min_score = parameters["min_score"].as_f64();
    let picture: PathBuf = pictures.join(step["picture"].as_str().unwrap_or_default());
    let to = configuration;
    match step["operation"].as_str().unwrap() {
        "getCollection" => {
            answer(collection_api::get_collection(to, parameters["session"].as_str()).await)
        }
        "addImage" => answer(images_api::add_image(to, picture).await),
        "addImageWithId" => answer(images_api::add_image_with_id(to, image_id, picture).await),
        "addOrReplaceImage" => {
            answer(images_api::add_or_replace_image(to, image_id, picture).await)
        }
        "getImage" => answer(images_api::get_image(to, image_id).await),
        // What it gives is the file, which is none of the answers that are JSON.
        "getThumbnail" => answer(images_api::get_thumbnail(to, image_id).await.map(drop)),
        "deleteImage" => answer(images_api::delete_image(to, image_id).await),
        "listImages" => {
            answer(images_api::list_images(to, parameters["start"].as_str(), count).await)
        }
        "searchImages" => {
            answer(search_api::search_images(to, picture, count, min_score, offset, None).await)
        }
        "searchImagesById" => {
            answer(search_api::search_images_by_id(to, image_id, count, min_score, offset).await)
        }
        "compareImage" => answer(search_api::compare_image(to, image_id, picture).await),
        "compareImagesById" => {
            answer(search_api::compare_images_by_id(to, image_id, other_id).await)
        }
        "listDuplicates" => {
            answer(duplicates_api::list_duplicates(to, min_score, count, offset).await)
        }
        "setNotDuplicates" => {
            answer(duplicates_api::set_not_duplicates(to, image_id, other_id).await)
        }
        "unsetNotDuplicates" => {
            answer(duplicates_api::unset_not_duplicates(to, image_id, other_id).await)
        }
        operation => panic!("no operation {operation}"),
    }
}

/// The status of a success is not to be had from the client but by the field of the answer.
fn answer<T: Serialize, E: Serialize>(result: Result<T, Error<E>>) -> (u16, Value) {
    match result {
        Ok(model) => {
            let answer = json!(model);
            (answer["status"].as_u64().unwrap() as u16, answer)
        }
        Err(Error::ResponseError(response)) => (response.status.as_u16(), json!(response.entity)),
        Err(Error::Reqwest(error)) => panic!("{error:?}"),
        Err(Error::ReqwestMiddleware(error)) => panic!("{error:?}"),
        Err(Error::Serde(error)) => panic!("{error:?}"),
        Err(Error::Io(error)) => panic!("{error:?}"),
    }
}

/// A value of the scenario with what was saved in it.
fn filled(value: &Value, saved: &Map<String, Value>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| filled(item, saved)).collect(),
        Value::Object(fields) => match fields.get("$saved") {
            Some(name) => saved[name.as_str().unwrap()].clone(),
            None => fields
                .iter()
                .map(|(name, field)| (name.clone(), filled(field, saved)))
                .collect(),
        },
        _ => value.clone(),
    }
}

/// Tell where a value has not at least the fields, and exactly the items, that are expected.
fn compare(expected: &Value, actual: &Value, place: &str, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(fields), _) if fields.contains_key("$at_least") => {
            if !(actual.as_f64() >= fields["$at_least"].as_f64()) {
                differences.push(format!("{place} is {actual}"));
            }
        }
        (Value::Object(fields), Value::Object(_)) => {
            for (name, field) in fields {
                compare(
                    field,
                    &actual[name],
                    &format!("{place}.{name}"),
                    differences,
                );
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (number, item) in items.iter().enumerate() {
                compare(
                    item,
                    &others[number],
                    &format!("{place}[{number}]"),
                    differences,
                );
            }
        }
        _ if expected != actual => {
            differences.push(format!("{place} is {actual}, not {expected}"));
        }
        _ => {}
    }
}

#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    fn add(&mut self, name: &str, differences: Vec<String>) {
        if differences.is_empty() {
            self.passed += 1;
        } else {
            self.failed += 1;
            println!("FAILED  {name}: {}", differences.join("; "));
        }
    }
}

fn read(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}
