//! Pages for a browser: each one file, with its data, its style and its script in it, and nothing from elsewhere. Light and dark.
//!
//! A page's data is a JSON document in it; what is drawn, moved and folded is the script's affair. Nothing in the data can end the
//! element that it stands in.

pub mod graph;
#[cfg(feature = "parties")]
pub mod trace;

use serde_json::Value;

const STYLE: &str = include_str!("pages/style.css");

/// What differs between pages.
pub(crate) struct Parts<'a> {
    /// The page's name; plain text.
    pub title: &'a str,
    /// The rest of its style.
    pub style: &'a str,
    /// Beside its title: buttons and what colours mean; HTML.
    pub head: &'a str,
    /// Its contents before the script has run; HTML.
    pub body: &'a str,
    /// Its script, which reads the data from the element `data`.
    pub script: &'a str,
    /// Its data.
    pub data: &'a Value,
}

/// The page as an HTML document.
fn page(parts: &Parts<'_>) -> String {
    page_under("", parts)
}

/// The page under a policy of what a browser may do for it (Content Security Policy); none if that is empty.
pub(crate) fn page_under(policy: &str, parts: &Parts<'_>) -> String {
    let Parts {
        title,
        style,
        head,
        body,
        script,
        data,
    } = parts;
    let title = escaped(title);
    let policy = match policy.is_empty() {
        true => String::new(),
        false => {
            format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n")
        }
    };
    // Inside of strings, where alone they stand, these are the same characters.
    let data = data.to_string().replace('<', "\\u003c");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         {policy}<title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n<header><h1>{title}</h1>{head}</header>\n<main>{body}</main>\n\
         <div id=\"tip\"></div>\n<script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{script}</script>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// What the colours of domains mean, of those that there are.
fn legend(letters: &str) -> String {
    let names = [
        ('A', "arithmetic"),
        ('B', "Boolean"),
        ('Y', "garbled"),
        ('L', "one party alone"),
        ('P', "in the clear"),
    ];
    let shown = names.into_iter().filter(|(l, _)| letters.contains(*l));
    let items = shown.map(|(l, name)| {
        format!("<span><i style=\"background:var(--{l});border-color:var(--{l}-line)\"></i>{l} {name}</span>")
    });
    format!("<div class=\"legend\">{}</div>", items.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_in_titles_or_data_is_markup() {
        let data = json!({"text": "</script><b>\u{2028}&"});
        let html = page(&Parts {
            title: "<a & \"b\">",
            style: "",
            head: "",
            body: "",
            script: "",
            data: &data,
        });
        assert!(!html.contains("<b>") && !html.contains("<a &"));
        let from = html.find("id=\"data\">").expect("data") + "id=\"data\">".len();
        let text = &html[from..from + html[from..].find("</script>").expect("its end")];
        assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), data);
    }
}
