//! Numbers as they cross: bytes, little-endian, one after another.
//!
//! ```
//! use anabranch_plugin::columns::numbers;
//!
//! let rows = numbers::pack(&[0_u32, 3]);
//! assert_eq!(rows, [0, 0, 0, 0, 3, 0, 0, 0]);
//! assert_eq!(numbers::at::<u32>(&rows, 1), 3);
//! assert_eq!(numbers::iter::<u32>(&rows).max(), Some(3));
//! ```

/// A number of a fixed width: `u32`, `i32` or `i64`.
pub trait Number: Copy + sealed::Number {}

mod sealed {
    pub trait Number: Sized {
        const BYTES: usize;
        fn read(bytes: &[u8]) -> Self;
        fn write(self, bytes: &mut [u8]);
    }
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Number for $number {}

        impl sealed::Number for $number {
            const BYTES: usize = size_of::<$number>();

            #[inline(always)]
            fn read(bytes: &[u8]) -> Self {
                let mut number = [0; size_of::<$number>()];
                number.copy_from_slice(bytes);
                Self::from_le_bytes(number)
            }

            #[inline(always)]
            fn write(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

number!(u32, i32, i64);

/// The numbers as bytes.
pub fn pack<T: Number>(numbers: &[T]) -> Vec<u8> {
    let mut bytes = vec![0; numbers.len() * T::BYTES];
    bytes.chunks_exact_mut(T::BYTES).zip(numbers).for_each(|(bytes, number)| number.write(bytes));
    bytes
}

/// How many numbers there are; bytes behind the last whole one do not count.
pub fn count<T: Number>(bytes: &[u8]) -> usize {
    bytes.len() / T::BYTES
}

/// The number at `index`.
///
/// # Panics
/// If there is none.
#[inline]
pub fn at<T: Number>(bytes: &[u8], index: usize) -> T {
    T::read(&bytes[index * T::BYTES..][..T::BYTES])
}

/// The numbers in order.
#[inline]
pub fn iter<T: Number>(bytes: &[u8]) -> Numbers<'_, T> {
    Numbers { bytes: bytes.chunks_exact(T::BYTES), number: std::marker::PhantomData }
}

/// Numbers in order; see [`iter`].
#[derive(Clone, Debug)]
pub struct Numbers<'a, T> {
    bytes: std::slice::ChunksExact<'a, u8>,
    number: std::marker::PhantomData<T>,
}

impl<T: Number> Iterator for Numbers<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.bytes.next().map(T::read)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.bytes.size_hint()
    }
}

impl<T: Number> ExactSizeIterator for Numbers<'_, T> {}
