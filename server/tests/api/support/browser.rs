//! A browser without JavaScript: pages, forms, cookies, redirects it is told to follow.

use http::{HeaderMap, HeaderName, StatusCode};
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use url::Url;

/// Somebody's browser.
pub struct Browser {
    client: Client,
    base: Url,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Browser {
    pub fn new(base: Url) -> Self {
        let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        Self { client, base, cookies: Mutex::default() }
    }

    pub async fn get(&self, path: &str) -> Page {
        let request = self.client.get(self.url(path)).header("accept", "text/html").header("sec-fetch-site", "none");
        self.send(request).await
    }

    /// Follows redirects to the page they end at.
    pub async fn visit(&self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _ in 0..5 {
            let Some(location) = page.location() else { return page };
            page = self.get(&location).await;
        }
        panic!("{path} redirects in circles");
    }

    /// Fills in the form of a page whose action contains `action`, and submits it as the page would.
    pub async fn submit(&self, page_path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.visit(page_path).await;
        let form = Form::find(&page.text, action);
        let mut values: Vec<(String, String)> = form.hidden;
        for (name, value) in fields {
            assert!(form.names.iter().any(|n| n == name), "the form {action} has no field {name}: {:?}", form.names);
            values.retain(|(present, _)| present != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.post_form(page_path, &form.action, &values).await
    }

    /// Submits a form without looking at the page.
    pub async fn post_form(&self, page_path: &str, action: &str, values: &[(String, String)]) -> Page {
        let request = self
            .client
            .post(self.url(action))
            .header("accept", "text/html")
            .header("referer", self.url(page_path).as_str())
            .header("origin", self.base.origin().ascii_serialization())
            .header("sec-fetch-site", "same-origin")
            .form(values);
        self.send(request).await
    }

    /// Any request, with this browser's cookies.
    pub async fn request(
        &self,
        method: http::Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Page {
        let mut request = self.client.request(method, self.url(path)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        self.send(request).await
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    async fn send(&self, request: RequestBuilder) -> Page {
        let line: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if line.is_empty() { request } else { request.header("cookie", line.join("; ")) };
        let response = request.send().await.unwrap();
        self.keep_cookies(&response);
        let (status, headers) = (response.status(), response.headers().clone());
        Page { status, headers, text: response.text().await.unwrap() }
    }

    fn keep_cookies(&self, response: &Response) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    pub fn location(&self) -> Option<String> {
        self.status.is_redirection().then(|| self.headers["location"].to_str().unwrap().to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: serde_json::Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["requestId"], self.header("x-request-id"));
        problem["code"].as_str().unwrap().to_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

struct Form {
    action: String,
    names: Vec<String>,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn find(html: &str, action: &str) -> Self {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let head = form.split('>').next().unwrap();
            let Some(target) = attribute(head, "action").filter(|target| target.contains(action)) else { continue };
            let inputs: Vec<&str> = form.split('<').filter(|tag| is_field(tag)).collect();
            let hidden = inputs.iter().filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
            return Self {
                action: target,
                names: inputs.iter().filter_map(|tag| attribute(tag, "name")).collect(),
                hidden: hidden.collect(),
            };
        }
        panic!("the page has no form {action}: {html}");
    }
}

fn is_field(tag: &str) -> bool {
    ["input", "textarea", "button", "select"].iter().any(|name| tag.starts_with(name))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&").replace("&quot;", "\""))
}
