use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Extensions, HeaderValue};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};
use sha1::Sha1;

/// The signature of a request, as base64.
pub fn signature(secret_key: &str, method: &str, path: &str, date: &str) -> String {
    let message = format!("{}\n{path}\n{date}", method.to_uppercase());
    let mut mac = Hmac::<Sha1>::new_from_slice(secret_key.trim().as_bytes())
        .expect("a key may have any length");
    mac.update(message.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Signs requests: the last middleware of a client.
pub struct Signer {
    pub public_key: String,
    pub secret_key: String,
}

#[async_trait::async_trait]
impl Middleware for Signer {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        // The generated code writes a space as a plus sign, and a plus sign as %2B.
        let path = request.url().path().replace('+', "%20");
        request.url_mut().set_path(&path);

        let date = httpdate::fmt_http_date(SystemTime::now());
        let signed = signature(&self.secret_key, request.method().as_str(), &path, &date);
        let authorization = format!("VSHMAC {}:{signed}", self.public_key);
        for (name, value) in [
            ("Date", date.as_str()),
            ("Authorization", &authorization),
            ("X-Visualsnoop-Client-Version", "my-client/1.0"),
        ] {
            let value = HeaderValue::from_str(value)
                .map_err(|error| reqwest_middleware::Error::middleware(error))?;
            request.headers_mut().insert(name, value);
        }
        next.run(request, extensions).await
    }
}
