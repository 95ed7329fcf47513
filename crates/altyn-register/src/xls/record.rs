//! Records of BIFF8: a kind, a length, little-endian fields (MS-XLS 2.1.4).

/// The most bytes that a record has after its kind and length.
pub const BODY_MAX: usize = 8_224;

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// One byte.
    B(u8),
    /// Two bytes.
    W(u16),
    /// Four bytes.
    D(u32),
    /// A binary fraction of eight bytes.
    F(f64),
    /// A text with its length in one byte.
    ShortText(&'a str),
    /// A text with its length in two bytes.
    LongText(&'a str),
}

/// Records one after another.
#[derive(Debug, Default)]
pub struct Records(Vec<u8>);

impl Records {
    /// Adds a record. Only texts of our own and of bounded length are among the fields, so that it
    /// fits.
    pub fn add(&mut self, kind: u16, fields: &[Field<'_>]) {
        let length: usize = fields.iter().map(Field::size).sum();
        self.word(kind);
        self.word(u16::try_from(length).unwrap_or(u16::MAX));
        for field in fields {
            match *field {
                Field::B(byte) => self.0.push(byte),
                Field::W(word) => self.word(word),
                Field::D(double) => self.0.extend(double.to_le_bytes()),
                Field::F(fraction) => self.0.extend(fraction.to_le_bytes()),
                Field::ShortText(text) => {
                    self.0.push(u8::try_from(units(text)).unwrap_or(u8::MAX));
                    self.characters(text);
                }
                Field::LongText(text) => {
                    self.word(u16::try_from(units(text)).unwrap_or(u16::MAX));
                    self.characters(text);
                }
            }
        }
    }

    /// Adds a record whose body is made already.
    pub fn add_raw(&mut self, kind: u16, body: &[u8]) {
        self.word(kind);
        self.word(u16::try_from(body.len()).unwrap_or(u16::MAX));
        self.0.extend(body);
    }

    /// Adds what others are.
    pub fn append(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    /// Every byte so far.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn word(&mut self, word: u16) {
        self.0.extend(word.to_le_bytes());
    }

    fn characters(&mut self, text: &str) {
        self.0.push(WIDE);
        self.0.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
}

/// Two bytes for each unit follow; without it, one.
pub const WIDE: u8 = 1;

impl Field<'_> {
    fn size(&self) -> usize {
        match self {
            Self::B(_) => 1,
            Self::W(_) => 2,
            Self::D(_) => 4,
            Self::F(_) => 8,
            Self::ShortText(text) => 2 + 2 * units(text),
            Self::LongText(text) => 3 + 2 * units(text),
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
