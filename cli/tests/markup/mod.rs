//! Whether a page is whole.

/// Every element is closed in its order, but for those that HTML never closes.
pub fn is_balanced(html: &str) -> bool {
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match tag.as_bytes() {
            [b'!', ..] | [.., b'/'] => {}
            [b'/', ..] if open.pop() != Some(name.clone()) => return false,
            [b'/', ..] => {}
            _ if name == "meta" => {}
            _ => open.push(name),
        }
        if text.contains('>') {
            return false;
        }
    }
    open.is_empty()
}

/// A page that needs nothing from elsewhere, runs nothing, and takes its colours from its own two themes.
pub fn check(html: &str, pictures: usize) {
    assert!(is_balanced(html) && html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(!is_balanced("<p><b>no</p></b>") && !is_balanced("<p>"));
    assert_eq!((html.matches("<svg ").count(), html.matches("role=\"img\"").count()), (pictures, pictures));
    assert_eq!((html.matches("<desc>").count(), html.matches("</desc>").count()), (pictures, pictures));
    assert!(html.contains("prefers-color-scheme: dark"));
    for foreign in ["<script", "http://", "https://", "url(", "@import", "=\"#0"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
}
