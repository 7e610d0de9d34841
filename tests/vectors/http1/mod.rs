//! Vectors of HTTP/1.1 messages. The shape of what comes out differs from the original's, so each side brings the record into ours: [`reading::meant`] and [`writing::meant`] say what is moved,
//! joined or left out.

pub(crate) mod reading;
mod streams;
pub(crate) mod writing;

use serde_json::Value;

fn kind(event: &Value) -> &str {
    event["t"].as_str().unwrap_or_default()
}
