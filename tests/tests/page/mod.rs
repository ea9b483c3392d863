//! Reads a page as a browser does, strictly: whatever it would have to mend is a failure.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use serde_json::Value as Json;

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// A page.
pub(crate) struct Page {
    elements: Vec<Element>,
}

/// An element, with the text that is directly in it.
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    /// When it isn't well-formed.
    #[track_caller]
    pub(crate) fn read(html: &str) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Token::StartTag(tag) => {
                    let attributes =
                        tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
                    let name = text(&tag.name);
                    if !VOID.contains(&name.as_str()) && !tag.self_closing {
                        open.push(elements.len());
                    }
                    elements.push(Element { name, attributes, text: String::new() });
                }
                Token::EndTag(tag) => {
                    let last = open.pop().map(|at| elements[at].name.clone());
                    assert_eq!(last, Some(text(&tag.name)), "elements end in order");
                }
                Token::String(string) => {
                    let string = text(&string);
                    match open.last() {
                        Some(at) => elements[*at].text += &string,
                        None => assert_eq!(string.trim(), "", "text outside of the page"),
                    }
                }
                Token::Error(error) => panic!("{error:?}"),
                Token::Comment(_) => panic!("the page has no comments"),
                Token::Doctype(_) => {}
            }
        }
        assert_eq!(open, [0; 0], "elements that don't end");
        Self { elements }
    }

    /// The only element of a name.
    #[track_caller]
    pub(crate) fn the(&self, name: &str) -> &Element {
        let mut found = self.elements.iter().filter(|element| element.name == name);
        let element = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "more than one {name}");
        element
    }

    /// All elements.
    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The element of an id.
    #[track_caller]
    pub(crate) fn with_id(&self, id: &str) -> &Element {
        let found = self.elements.iter().find(|element| element.attribute("id") == Some(id));
        found.unwrap_or_else(|| panic!("no #{id}"))
    }

    /// What the picture is drawn from.
    pub(crate) fn data(&self) -> Json {
        serde_json::from_str(&self.with_id("data").text).unwrap()
    }
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
