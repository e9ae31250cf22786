use std::{collections::BTreeMap, fs};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    templates: BTreeMap<String, String>,
    bos_token: String,
    eos_token: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    conversation: String,
    messages: Vec<ChatMessage>,
    text: Option<String>,
    error: Option<String>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chat/chat.json");
    serde_json::from_slice(&fs::read(path).expect("there")).expect("json")
}

fn tokens(bos: &str, eos: &str) -> SpecialTokens {
    let config = serde_json::json!({ "bos_token": bos, "eos_token": { "content": eos, "special": true } });
    serde_json::from_value(config).expect("tokens")
}

fn template(source: &str) -> Result<ChatTemplate, ModelError> {
    ChatTemplate::new("folder/chat_template.jinja".as_ref(), source, tokens("<s>", "</s>"))
}

fn messages(contents: &[&str]) -> Vec<ChatMessage> {
    contents.iter().map(|text| ChatMessage { role: "user".to_owned(), content: (*text).to_owned() }).collect()
}

fn refused(source: &str, contents: &[&str]) -> String {
    match template(source).expect("compiles").render(&messages(contents), SystemTime::UNIX_EPOCH) {
        Err(ModelError::ChatRefused { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn texts_are_hugging_faces() {
    let golden = golden();
    let mut rendered = 0;
    for case in &golden.cases {
        let name = format!("{} {}", case.template, case.conversation);
        let tokens = tokens(&golden.bos_token, &golden.eos_token);
        let template = ChatTemplate::new("x".as_ref(), &golden.templates[&case.template], tokens).expect("compiles");
        match (template.render(&case.messages, SystemTime::UNIX_EPOCH), &case.text, &case.error) {
            (Ok(text), Some(expected), None) => assert_eq!(text, *expected, "{name}"),
            (Err(ModelError::ChatRefused { reason }), None, Some(expected)) => assert_eq!(reason, *expected, "{name}"),
            (other, ..) => panic!("{name}: {other:?}"),
        }
        rendered += 1;
    }
    assert_eq!(rendered, 63);
}

#[test]
fn what_can_not_be_used_is_said_when_it_is_loaded() {
    for (source, reason) in [
        ("{% for m in messages %}", "syntax error"),
        ("{{ messages | nosuch }}", "unknown filter"),
        ("{{ nosuch() }}", "unknown function"),
        ("{% if messages is nosuch %}{% endif %}", "unknown test"),
        ("{{ messages[0].content.nosuch() }}", "unknown method"),
        ("{% include 'other' %}", "syntax error"),
    ] {
        let error = template(source).expect_err(source);
        assert!(error.to_string().starts_with("folder/chat_template.jinja is no chat template"), "{error}");
        let cause = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(cause.contains(reason), "{source}: {cause}");
    }
}

#[test]
fn a_template_that_refuses_hello_is_still_one() {
    let template = template("{% if messages|length < 2 %}{{ raise_exception('two, please') }}{% endif %}ok");
    let template = template.expect("compiles");
    let two = messages(&["a", "b"]);
    assert_eq!(template.render(&two, SystemTime::UNIX_EPOCH).expect("rendered"), "ok");
    let error = template.render(&two[..1], SystemTime::UNIX_EPOCH).expect_err("refused");
    assert_eq!(error.to_string(), "the model's chat template refuses the conversation: two, please");
}

#[test]
fn a_template_that_fails_is_not_the_clients_fault() {
    let template = template("{{ messages[1].content }}").expect("compiles");
    let error = template.render(&messages(&["a"]), SystemTime::UNIX_EPOCH).expect_err("fails");
    assert!(matches!(error, ModelError::ChatTemplate { .. }), "{error}");
}

#[test]
fn nothing_runs_for_ever_or_grows_without_end() {
    let endless = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    assert_eq!(refused(endless, &["a"]), "it is too long");
    let doubling = "{% set ns = namespace(t=messages[0].content) %}\
                    {% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}";
    assert_eq!(refused(doubling, &["ab"]), "it is too long");
    let printing = "{% for i in range(30) %}{{ messages[0].content }}{% endfor %}";
    assert_eq!(refused(printing, &[&"x".repeat(1 << 16)]), "it is too long");
    let long = format!("{{{{ raise_exception('{}') }}}}", "é".repeat(5_000));
    assert_eq!(refused(&long, &["a"]).chars().count(), MAX_REASON_CHARS);
    let deep = template("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}").expect("compiles");
    assert!(deep.render(&messages(&["a"]), SystemTime::UNIX_EPOCH).is_err());
}

#[test]
fn the_longest_conversation_has_room() {
    let many = vec![ChatMessage { role: "user".to_owned(), content: "x".repeat(64) }; 1_024];
    let golden = golden();
    for name in ["headers", "thinking", "marked"] {
        let template = template(&golden.templates[name]).expect("compiles");
        let text = template.render(&many, SystemTime::UNIX_EPOCH).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.len() > 64 * 1_024);
    }
}

#[test]
fn content_is_text_and_never_a_template() {
    let template = template("{{ messages[0].content }}").expect("compiles");
    let text = "{{ bos_token }}{% raise %} <b>";
    assert_eq!(template.render(&messages(&[text]), SystemTime::UNIX_EPOCH).expect("rendered"), text);
}

#[test]
fn dates_are_the_callers() {
    let template = template("{{ strftime_now('%d %b %Y') }}").expect("compiles");
    let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_764_288_000);
    assert_eq!(template.render(&messages(&["a"]), now).expect("rendered"), "28 Nov 2025");
}

#[test]
fn named_templates_need_a_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |value: serde_json::Value| {
        fs::write(folder.path().join(CONFIG), value.to_string()).expect("written");
    };
    let read = || ChatTemplate::read(&mut Folder::open(folder.path()).expect("open"));
    let text = |template: Result<Option<ChatTemplate>, ModelError>| {
        let template = template.expect("reads").expect("is there");
        template.render(&messages(&["a"]), SystemTime::UNIX_EPOCH).expect("rendered")
    };
    assert!(read().expect("reads").is_none());
    write(serde_json::json!({ "bos_token": null, "model_max_length": 1e30 }));
    assert!(read().expect("reads").is_none());
    let named = |name: &str| serde_json::json!({ "name": name, "template": name });
    write(serde_json::json!({ "chat_template": [named("tool_use"), named("default")] }));
    assert_eq!(text(read()), "default");
    write(serde_json::json!({ "chat_template": [named("tool_use"), named("rag")] }));
    let error = read().expect_err("refused");
    assert!(error.to_string().contains("without a default (tool_use, rag)"), "{error}");
    write(serde_json::json!({ "chat_template": 7 }));
    assert!(matches!(read(), Err(ModelError::Config { .. })));
    write(serde_json::json!({ "chat_template": "older {{ bos_token }}", "bos_token": "B" }));
    assert_eq!(text(read()), "older B");
    fs::write(folder.path().join(FILE), "newer {{ bos_token }}").expect("written");
    assert_eq!(text(read()), "newer B");
    fs::write(folder.path().join(FILE), [0xff]).expect("written");
    assert!(matches!(read(), Err(ModelError::ChatTemplate { .. })));
}
