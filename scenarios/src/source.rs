//! Texts and positions in them.

/// One of the texts a scenario is made of: the file, an override, a preset, an incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SourceId(pub(crate) usize);

/// A stretch of a text, in bytes. Ordered by text, then position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Extent {
    pub(crate) source: SourceId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Extent {
    /// The part of this stretch from `start` to `end` bytes into it, clipped to it.
    pub(crate) fn part(self, start: usize, end: usize) -> Extent {
        let clip = |offset: usize| (self.start + offset).min(self.end);
        Extent { source: self.source, start: clip(start), end: clip(end) }
    }
}

/// A text and the name it is shown under.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All texts of one loading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.0.push(Source { name: name.into(), text: text.into() });
        SourceId(self.0.len() - 1)
    }

    pub(crate) fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0]
    }

    /// Line and column, both from 1 and the column in characters, of a byte of a text.
    pub(crate) fn line_column(&self, id: SourceId, byte: usize) -> (usize, usize) {
        let text = &self.get(id).text;
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut sources = Sources::default();
        let id = sources.add("a", "é: 1\nßx: 2");
        assert_eq!(sources.line_column(id, 8), (2, 2));
        assert_eq!(sources.line_column(id, 999), (2, 6));
    }
}
