//! Values as the canonical ABI lays them out in a guest's memory, so that guests of these tests can
//! answer with anything, whether it makes sense or not.

/// A guest's memory under construction.
#[derive(Debug)]
pub(super) struct Memory {
    /// Address of the first byte.
    pub(super) base: usize,
    /// What stands there.
    pub(super) bytes: Vec<u8>,
}

impl Memory {
    /// Places a value and gives its address.
    pub(super) fn place<T: Laid>(&mut self, value: &T) -> usize {
        let at = self.reserve(T::layout());
        value.store(self, at);
        at
    }

    fn reserve(&mut self, (size, align): (usize, usize)) -> usize {
        let at = (self.base + self.bytes.len()).next_multiple_of(align);
        self.bytes.resize(at + size - self.base, 0);
        at
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at - self.base..][..bytes.len()].copy_from_slice(bytes);
    }

    /// The end of what stands there.
    pub(super) fn end(&self) -> usize {
        self.base + self.bytes.len()
    }
}

/// A value with a layout.
pub(super) trait Laid {
    /// Size and alignment.
    fn layout() -> (usize, usize);
    /// The length of a list of so many: numbers cross as bytes.
    fn entries(count: usize) -> usize {
        count
    }
    /// Writes the value at an address that was reserved for it.
    fn store(&self, memory: &mut Memory, at: usize);
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Laid for $number {
            fn layout() -> (usize, usize) {
                (size_of::<$number>(), size_of::<$number>())
            }

            fn entries(count: usize) -> usize {
                count * size_of::<$number>()
            }

            fn store(&self, memory: &mut Memory, at: usize) {
                memory.write(at, &self.to_le_bytes());
            }
        }
    )*};
}

numbers!(u8, u32, i32, i64);

impl<T: Laid> Laid for Vec<T> {
    fn layout() -> (usize, usize) {
        (8, 4)
    }

    fn store(&self, memory: &mut Memory, at: usize) {
        let (size, align) = T::layout();
        let items = memory.reserve((size * self.len(), align));
        for (index, item) in self.iter().enumerate() {
            item.store(memory, items + index * size);
        }
        (items as u32).store(memory, at);
        (T::entries(self.len()) as u32).store(memory, at + 4);
    }
}

impl Laid for String {
    fn layout() -> (usize, usize) {
        (8, 4)
    }

    fn store(&self, memory: &mut Memory, at: usize) {
        self.as_bytes().to_vec().store(memory, at);
    }
}

impl<T: Laid> Laid for Option<T> {
    fn layout() -> (usize, usize) {
        let (size, align) = T::layout();
        ((align + size).next_multiple_of(align), align)
    }

    fn store(&self, memory: &mut Memory, at: usize) {
        u8::from(self.is_some()).store(memory, at);
        if let Some(value) = self {
            value.store(memory, at + T::layout().1);
        }
    }
}

macro_rules! records {
    ($($field:ident $index:tt),*) => {
        impl<$($field: Laid),*> Laid for ($($field,)*) {
            fn layout() -> (usize, usize) {
                let (mut size, mut largest) = (0_usize, 1);
                $(
                    let (field, align) = $field::layout();
                    size = size.next_multiple_of(align) + field;
                    largest = align.max(largest);
                )*
                (size.next_multiple_of(largest), largest)
            }

            fn store(&self, memory: &mut Memory, at: usize) {
                let mut offset = 0_usize;
                $(
                    let (field, align) = $field::layout();
                    offset = offset.next_multiple_of(align);
                    self.$index.store(memory, at + offset);
                    offset += field;
                )*
                debug_assert!(offset > 0);
            }
        }
    };
}

records!(A 0, B 1);
records!(A 0, B 1, C 2);
records!(A 0, B 1, C 2, D 3);
records!(A 0, B 1, C 2, D 3, E 4);
records!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
records!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);

/// `bytes-column`.
pub(super) type Bytes = (Vec<u32>, Vec<u8>, Option<Vec<u8>>);
/// `headers-column`.
pub(super) type Headers = (Vec<u32>, Vec<u32>, Bytes, Bytes);
/// `topics-column`.
pub(super) type Topics = (Vec<u32>, Vec<String>);
/// A patch of a column.
pub(super) type Patch<C> = (Vec<u32>, C);
/// `drops`.
pub(super) type Drops = (Vec<u32>, Vec<u32>, Vec<String>);
/// `parameter`.
pub(super) type Parameter = (String, u8, u8, Option<String>, String);
/// `description`.
pub(super) type Description = (String, String, String, u8, u8, (u8, u32), Vec<Parameter>);

/// `answer`.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) selection: Option<Vec<u32>>,
    pub(super) keys: Option<Patch<Bytes>>,
    pub(super) values: Option<Patch<Bytes>>,
    pub(super) headers: Option<Patch<Headers>>,
    pub(super) timestamps: Option<Patch<Vec<i64>>>,
    pub(super) topics: Option<Patch<Topics>>,
    pub(super) partitions: Option<Patch<Vec<i32>>>,
    pub(super) drops: Option<Drops>,
    pub(super) rejected: Vec<(u32, String)>,
}

type AnswerRecord = (
    Option<Vec<u32>>,
    Option<Patch<Bytes>>,
    Option<Patch<Bytes>>,
    Option<Patch<Headers>>,
    Option<Patch<Vec<i64>>>,
    Option<Patch<Topics>>,
    Option<Patch<Vec<i32>>>,
    Option<Drops>,
    Vec<(u32, String)>,
);

impl Answer {
    /// This answer as `result<answer, string>`.
    pub(super) fn ok(self) -> (u8, AnswerRecord) {
        let Self { selection, keys, values, headers, timestamps, topics, partitions, drops, rejected } = self;
        (0, (selection, keys, values, headers, timestamps, topics, partitions, drops, rejected))
    }
}

/// A column of values that are all there.
pub(super) fn bytes(values: &[&str]) -> Bytes {
    let mut offsets = vec![0];
    let mut data = Vec::new();
    for value in values {
        data.extend_from_slice(value.as_bytes());
        offsets.push(data.len() as u32);
    }
    (offsets, data, None)
}
