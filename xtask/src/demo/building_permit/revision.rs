//! Another revision of a connector: the same code in a file with other bytes. A revision is a digest, so the
//! host installs, compiles and activates it as it would a rebuilt one, and its attempts are told apart.

/// The id of a custom section, which every reader of WebAssembly passes over.
const CUSTOM_SECTION: u8 = 0;

const NAME: &[u8] = b"sluse-demo";
const CONTENT: &[u8] = b"second revision";

/// The component with a custom section more.
pub(super) fn second(component: &[u8]) -> Vec<u8> {
    let mut second = component.to_vec();
    second.push(CUSTOM_SECTION);
    second.push(short(1 + NAME.len() + CONTENT.len()));
    second.push(short(NAME.len()));
    second.extend(NAME);
    second.extend(CONTENT);
    second
}

/// A length in LEB128 is one byte up to here.
fn short(length: usize) -> u8 {
    u8::try_from(length).ok().filter(|length| *length < 0x80).expect("the constants above are short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_revision_is_a_component_with_other_bytes() {
        let component = [b"\0asm".as_slice(), &[0x0d, 0, 1, 0]].concat();
        let second = second(&component);
        assert_ne!(second, component);
        let unreadable = wit_component::decode(&second).err();
        assert!(unreadable.is_none(), "{unreadable:?}");
    }
}
